"""The files of one intake, read and checked together, nothing stored."""

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
from kejistats.intake.columns import FORMS, Form, is_header, recognise
from kejistats.intake.context import in_context
from kejistats.intake.finished_rows import finished
from kejistats.intake.origin import check_origin
from kejistats.intake.target_context import goals_in_context
from kejistats.model.errors import UsageError
from kejistats.model.period import this_day
from kejistats.model.tables import Finding
from kejistats.reading import read_sheets
from kejistats.reading.sheet import AT
from kejistats.store import Store


@dataclass(frozen=True)
class Checked:
    """One file, read and checked but not stored.

    Parameters
    ----------
    path
        The file.
    sha256
        Hash of its bytes.
    table
        observations or targets.
    rows
        Rows received.
    skipped
        Rows of notes and totals among them that carry no figure of their own.
    form
        Which fill-in workbook it is, 900101-2025H1 or all-2025H1; for other files of one district
        its code and the name, since every district may call its file the same; else None.
    figures
        The rows that may be stored, in short types.
    places
        File, sheet and letters by sheet.
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
    places: pl.DataFrame
    findings: pl.DataFrame
    dataset: Dataset = field(repr=False)

    @cached_property
    def accepted(self) -> pl.DataFrame:
        """Rows of the model that may be stored; ``intake_id`` still null."""
        return finished(self.figures, self.table, self.places)

    @property
    def errors(self) -> int:
        """Findings that keep a row out."""
        return self.findings.filter(pl.col("severity") == "error").height

    @property
    def warnings(self) -> int:
        """Findings that let their row in."""
        return self.findings.height - self.errors


@dataclass(frozen=True)
class _File:
    path: Path
    sha256: str
    forms: list[Form]

    @property
    def form(self) -> str | None:
        mark = self.forms[0].sheet.mark
        return f"{mark.district or 'all'}-{mark.checkpoint}" if mark else None


def sha256(path: Path) -> str:
    """Return the hash of a file's bytes; empty where there is no file."""
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
    """Read files and check them: each row, rows against each other and against the store.

    Parameters
    ----------
    dataset
        The data set.
    paths
        Files in the order received.
    progress
        Called with each file's name when it has been read.
    today
        The day on which figures without a date of publication came in; default: today.
    hashes
        Hashes of the files' bytes, where they are known already.

    Raises
    ------
    UsageError
        When a file cannot be read or its header is neither form's; all such files are named.
    """
    files, wrong = [], []
    # Malformed, they are told before any file is read.
    districts, indicators, _ = dataset.districts, dataset.indicators, dataset.declared_chains
    for path in paths:
        try:
            files.append(_read(dataset, path, (hashes or {}).get(path)))
            progress(path.name)
        except UsageError as error:
            wrong.append(error)
    if len(wrong) == 1:
        raise wrong[0]
    if wrong:
        raise UsageError(
            f"{len(wrong)} files cannot be taken in: " + "; ".join(e.message for e in wrong),
            "; ".join(dict.fromkeys(e.remedy for e in wrong)),
        )
    today = today or this_day()
    checked: dict[int, Checked] = {}
    observed: tuple[Received, pl.DataFrame] | None = None
    for table in FORMS:
        chosen = {n: f for n, f in enumerate(files) if f.forms[0].table == table}
        if chosen:
            received = _received(table, chosen)
            figures, faults = check_rows(received, list(FORMS[table]), districts, indicators)
            if table == "observations":
                figures, more = in_context(dataset, received, figures, faults, today)
                observed = received, figures
            else:
                more = goals_in_context(dataset, received, figures, observed)
            faults = pl.concat([faults, more], how="diagonal")
            checked |= _checked(dataset, received, chosen, figures, faults)
    return [checked[n] for n in range(len(files))]


def check_file(dataset: Dataset, path: Path, today: date | None = None) -> Checked:
    """Read and check one file; nothing is stored.

    Raises
    ------
    UsageError
        When the file cannot be read or its header is neither form's.
    """
    return check_files(dataset, [path], today=today)[0]


def _read(dataset: Dataset, path: Path, known: str | None) -> _File:
    sheets = read_sheets(path, dataset.settings.wide, is_header)
    forms = check_origin(dataset, [recognise(sheet) for sheet in sheets])
    if len({form.table for form in forms}) > 1:
        raise UsageError(
            f"{path.name} mixes observations and targets", "put each in a file of its own"
        )
    return _File(path, known or sha256(path), forms)


def _checked(
    dataset: Dataset,
    received: Received,
    files: dict[int, _File],
    figures: pl.DataFrame,
    faults: pl.DataFrame,
) -> dict[int, Checked]:
    """Give each file what is its own."""
    findings = pl.concat([_remarks(files), as_findings(faults, received)])
    findings = findings.with_columns(intake_id=pl.lit(None, dtype=pl.String))
    by_file = figures.partition_by(FILE, as_dict=True) if len(files) > 1 else {}
    told = findings.partition_by(FILE, as_dict=True, include_key=False)
    checked = {}
    for n, file in files.items():
        own = by_file.get((n,), figures.clear()) if len(files) > 1 else figures
        mine = told.get((n,), Finding.no_rows()).select(Finding.columns())
        checked[n] = Checked(
            path=file.path,
            sha256=file.sha256,
            table=received.table,
            rows=sum(form.sheet.rows.height for form in file.forms),
            skipped=sum(form.sheet.skipped for form in file.forms),
            form=file.form or _of_one_district(file.path.name, own, mine),
            figures=own,
            places=received.places,
            findings=mine,
            dataset=dataset,
        )
    return checked


def _of_one_district(name: str, figures: pl.DataFrame, findings: pl.DataFrame) -> str | None:
    codes = set(figures["district"].unique().cast(pl.String)) | set(findings["district"].unique())
    codes.discard(None)
    return f"{codes.pop()} {name}" if len(codes) == 1 else None


def _received(table: str, files: dict[int, _File]) -> Received:
    """Put the rows of all sheets of all files below each other."""
    rows: list[pl.DataFrame] = []
    places: list[dict[str, Any]] = []
    for n, file in files.items():
        for form in file.forms:
            where = pl.lit(len(places), dtype=pl.UInt32).alias(SHEET)
            rows.append(form.sheet.rows.with_columns(where, pl.lit(n, dtype=pl.UInt32).alias(FILE)))
            letters = {f"{AT}{column}": letter for column, letter in form.sheet.letters.items()}
            at = form.sheet.mark.checkpoint if form.sheet.mark else ""
            places.append(
                {
                    SHEET: len(places),
                    FILE: n,
                    "file": file.path.name,
                    "sheet": form.sheet.name,
                    "at": at,
                }
                | letters
            )
    table_of_places = pl.DataFrame(
        places, schema_overrides={SHEET: pl.UInt32, FILE: pl.UInt32}, infer_schema_length=None
    )
    together = rows[0] if len(rows) == 1 else pl.concat(rows, how="diagonal", rechunk=False)
    return Received(table, together, table_of_places)


def _remarks(files: dict[int, _File]) -> pl.DataFrame:
    """Return what the reader noticed, as findings of whole sheets."""
    found = [
        {
            FILE: n, "rule": remark.rule, "severity": remark.severity, "file": file.path.name,
            "sheet": remark.sheet or form.sheet.name, "cell": remark.cell, "row": "",
            "wrong": remark.wrong, "right": remark.right,
        }
        for n, file in files.items() for form in file.forms for remark in form.sheet.remarks
    ]  # fmt: skip
    columns: dict[str, Any] = {FILE: pl.UInt32} | Finding.dtypes()
    return pl.DataFrame(found, schema=columns).drop("intake_id")


def inbox_files(dataset: Dataset) -> list[Path]:
    """Return the data set's received files in the order they are taken in: by name."""
    from kejistats.reading import SUFFIXES

    inbox = dataset.path / "inbox"
    if not inbox.is_dir():
        raise UsageError(
            f"{inbox} is missing", f"put the received files there: {', '.join(SUFFIXES)}"
        )
    found = [p for p in inbox.iterdir() if p.suffix.lower() in SUFFIXES and p.name[0] not in ".~"]
    return sorted(found, key=lambda p: p.name)


def pending(dataset: Dataset) -> list[str]:
    """Return the names of inbox files whose content was never taken in."""
    if not (dataset.path / "inbox").is_dir():
        return []
    known = set(Store(dataset.path / "store").active()["sha256"])
    return [path.name for path in inbox_files(dataset) if sha256(path) not in known]
