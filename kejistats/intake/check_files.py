"""Read and check the files of one intake together, without storing anything."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from kejistats.dataset import Dataset
from kejistats.intake.check_rows import FILE, SHEET, Received, as_findings, check_rows
from kejistats.intake.columns import TABLE_COLUMNS, RecognisedSheet, is_header, recognise
from kejistats.intake.context import check_in_context
from kejistats.intake.finished_rows import to_table_rows
from kejistats.intake.origin import check_origin
from kejistats.intake.target_context import check_targets_in_context
from kejistats.model.errors import UsageError
from kejistats.model.period import local_today
from kejistats.model.tables import Finding
from kejistats.reading import read_sheets
from kejistats.reading.sheet import LETTER_OF
from kejistats.store import Store


@dataclass(frozen=True)
class Checked:
    """One file, read and checked but not stored.

    Parameters
    ----------
    path
        The file.
    sha256
        Hash of its content.
    table
        observations or targets.
    rows
        Number of data rows received.
    skipped
        Number of rows left out as notes, totals or repeated headers.
    form
        Id of the fill-in workbook, such as 900101-2025H1 or all-2025H1; for any other file with a
        single district, the district code and file name, because districts may use the same
        names; else None.
    figures
        The accepted rows, in compact types.
    sheets
        File name, sheet name and column letters by sheet; see `Received`.
    findings
        The Finding table.
    dataset
        The data set it was checked against.
    """

    path: Path
    sha256: str
    table: str
    rows: int
    skipped: int
    form: str | None
    figures: pl.DataFrame
    sheets: pl.DataFrame
    findings: pl.DataFrame
    dataset: Dataset = field(repr=False)

    @cached_property
    def accepted(self) -> pl.DataFrame:
        """Accepted rows of Observation or Target; ``intake_id`` is still null."""
        return to_table_rows(self.figures, self.table, self.sheets)

    @property
    def errors(self) -> int:
        """Number of findings that reject a row."""
        return self.findings.filter(pl.col("severity") == "error").height

    @property
    def warnings(self) -> int:
        """Number of findings that accept their row."""
        return self.findings.height - self.errors


@dataclass(frozen=True)
class _File:
    path: Path
    sha256: str
    sheets: list[RecognisedSheet]

    @property
    def form(self) -> str | None:
        """Id of the fill-in workbook, or None."""
        mark = self.sheets[0].sheet.mark
        return f"{mark.district or 'all'}-{mark.checkpoint}" if mark else None


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's content, or an empty text if there is no such file."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_files(
    dataset: Dataset,
    paths: Iterable[Path],
    progress: Callable[[str], None] = lambda _: None,
    today: date | None = None,
    hashes: Mapping[Path, str] | None = None,
) -> list[Checked]:
    """Read and check files: each row by itself, against the other rows and against the store.

    Parameters
    ----------
    dataset
        The data set.
    paths
        Files in the order received.
    progress
        Called with each file's name when it has been read.
    today
        The day of the intake, for figures without a date of publication; default: today.
    hashes
        Content hashes already known.

    Raises
    ------
    UsageError
        When a file cannot be read or its header fits no table; the message names all such files.
    """
    files, errors = [], []
    # Read first, so that malformed declarations are reported before any file is read.
    districts, indicators, _ = dataset.districts, dataset.indicators, dataset.declared_chains
    for path in paths:
        try:
            files.append(_read(dataset, path, (hashes or {}).get(path)))
            progress(path.name)
        except UsageError as error:
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise UsageError(
            f"{len(errors)} files cannot be read: " + "; ".join(e.message for e in errors),
            "; ".join(dict.fromkeys(e.remedy for e in errors)),
        )
    today = today or local_today()
    checked: dict[int, Checked] = {}
    observed: tuple[Received, pl.DataFrame] | None = None
    for table in TABLE_COLUMNS:
        table_files = {n: f for n, f in enumerate(files) if f.sheets[0].table == table}
        if table_files:
            received = _gather_rows(table, table_files)
            figures, faults = check_rows(
                received, list(TABLE_COLUMNS[table]), districts, indicators
            )
            if table == "observations":
                figures, context_faults = check_in_context(
                    dataset, received, figures, faults, today
                )
                observed = received, figures
            else:
                context_faults = check_targets_in_context(dataset, received, figures, observed)
            faults = pl.concat([faults, context_faults], how="diagonal")
            checked |= _checked(dataset, received, table_files, figures, faults)
    return [checked[n] for n in range(len(files))]


def check_file(dataset: Dataset, path: Path, today: date | None = None) -> Checked:
    """Read and check one file without storing anything.

    Raises
    ------
    UsageError
        When the file cannot be read or its header fits no table.
    """
    return check_files(dataset, [path], today=today)[0]


def _read(dataset: Dataset, path: Path, known_hash: str | None) -> _File:
    sheets = read_sheets(path, dataset.settings.wide, is_header)
    recognised_sheets = check_origin(dataset, [recognise(sheet) for sheet in sheets])
    if len({recognised.table for recognised in recognised_sheets}) > 1:
        raise UsageError(
            f"{path.name} mixes observations and targets", "put each in a separate file"
        )
    return _File(path, known_hash or sha256(path), recognised_sheets)


def _checked(
    dataset: Dataset,
    received: Received,
    files: dict[int, _File],
    figures: pl.DataFrame,
    faults: pl.DataFrame,
) -> dict[int, Checked]:
    """Split checked figures and findings by file."""
    findings = pl.concat([_remarks(files), as_findings(faults, received)])
    findings = findings.with_columns(intake_id=pl.lit(None, dtype=pl.String))
    figures_by_file = figures.partition_by(FILE, as_dict=True) if len(files) > 1 else {}
    findings_by_file = findings.partition_by(FILE, as_dict=True, include_key=False)
    checked = {}
    for n, file in files.items():
        file_figures = figures_by_file.get((n,), figures.clear()) if len(files) > 1 else figures
        file_findings = findings_by_file.get((n,), Finding.no_rows()).select(Finding.columns())
        checked[n] = Checked(
            path=file.path,
            sha256=file.sha256,
            table=received.table,
            rows=sum(recognised.sheet.rows.height for recognised in file.sheets),
            skipped=sum(recognised.sheet.skipped for recognised in file.sheets),
            form=file.form or _district_and_name(file.path.name, file_figures, file_findings),
            figures=file_figures,
            sheets=received.sheets,
            findings=file_findings,
            dataset=dataset,
        )
    return checked


def _district_and_name(name: str, figures: pl.DataFrame, findings: pl.DataFrame) -> str | None:
    codes = set(figures["district"].unique().cast(pl.String)) | set(findings["district"].unique())
    codes.discard(None)
    return f"{codes.pop()} {name}" if len(codes) == 1 else None


def _gather_rows(table: str, files: dict[int, _File]) -> Received:
    """Concatenate the rows of all sheets of all files."""
    rows: list[pl.DataFrame] = []
    sheets: list[dict[str, Any]] = []
    for n, file in files.items():
        for recognised in file.sheets:
            sheet_number = pl.lit(len(sheets), dtype=pl.UInt32).alias(SHEET)
            rows.append(
                recognised.sheet.rows.with_columns(
                    sheet_number, pl.lit(n, dtype=pl.UInt32).alias(FILE)
                )
            )
            letters = {
                f"{LETTER_OF}{column}": letter
                for column, letter in recognised.sheet.letters.items()
            }
            checkpoint = recognised.sheet.mark.checkpoint if recognised.sheet.mark else ""
            sheets.append(
                {
                    SHEET: len(sheets),
                    FILE: n,
                    "file": file.path.name,
                    "sheet": recognised.sheet.name,
                    "at": checkpoint,
                }
                | letters
            )
    sheet_table = pl.DataFrame(
        sheets, schema_overrides={SHEET: pl.UInt32, FILE: pl.UInt32}, infer_schema_length=None
    )
    all_rows = rows[0] if len(rows) == 1 else pl.concat(rows, how="diagonal", rechunk=False)
    return Received(table, all_rows, sheet_table)


def _remarks(files: dict[int, _File]) -> pl.DataFrame:
    """Return the remarks of the reader as findings."""
    findings = [
        {
            FILE: n, "rule": remark.rule, "severity": remark.severity, "file": file.path.name,
            "sheet": remark.sheet or recognised.sheet.name, "cell": remark.cell, "row": "",
            "wrong": remark.wrong, "right": remark.right,
        }
        for n, file in files.items() for recognised in file.sheets for remark in recognised.sheet.remarks
    ]  # fmt: skip
    columns: dict[str, Any] = {FILE: pl.UInt32} | Finding.dtypes()
    return pl.DataFrame(findings, schema=columns).drop("intake_id")


def inbox_files(dataset: Dataset) -> list[Path]:
    """Return the files in the inbox of a data set, in the order of intake: by name."""
    from kejistats.reading import SUFFIXES

    inbox = dataset.path / "inbox"
    if not inbox.is_dir():
        raise UsageError(
            f"there is no folder {inbox}",
            f"create it and put the received files there: {', '.join(SUFFIXES)}",
        )
    files = [p for p in inbox.iterdir() if p.suffix.lower() in SUFFIXES and p.name[0] not in ".~"]
    return sorted(files, key=lambda p: p.name)


def pending(dataset: Dataset) -> list[str]:
    """Return the names of inbox files whose content has not been ingested."""
    if not (dataset.path / "inbox").is_dir():
        return []
    ingested = set(Store(dataset.path / "store").active()["sha256"])
    return [path.name for path in inbox_files(dataset) if sha256(path) not in ingested]
