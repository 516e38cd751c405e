"""Take files in: read and check all of them first, then append each with its receipt."""

from __future__ import annotations

import getpass
import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from kejistats.dataset import Dataset
from kejistats.errors import UsageError
from kejistats.intake.check import check_form
from kejistats.intake.columns import recognise
from kejistats.intake.read import ROW, SUFFIXES, read_sheets
from kejistats.schema import Finding
from kejistats.store import Receipt, Store


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
    accepted
        Rows of the model that may be stored; ``received`` still null.
    findings
        The Finding table.
    """

    path: Path
    sha256: str
    table: str
    rows: int
    accepted: pl.DataFrame
    findings: pl.DataFrame

    @property
    def errors(self) -> int:
        """Findings that keep a row out."""
        return self.findings.filter(pl.col("severity") == "error").height


def inbox_files(dataset: Dataset) -> list[Path]:
    """Return the data set's received files in the order they are taken in: by name."""
    inbox = dataset.path / "inbox"
    if not inbox.is_dir():
        raise UsageError(f"{inbox} is missing", "put the received .csv and .xlsx files there")
    found = [p for p in inbox.iterdir() if p.suffix.lower() in SUFFIXES and p.name[0] not in ".~"]
    return sorted(found, key=lambda p: p.name)


def untaken(dataset: Dataset) -> list[str]:
    """Return the names of inbox files whose content was never taken in."""
    if not (dataset.path / "inbox").is_dir():
        return []
    known = {receipt.sha256 for receipt in Store(dataset.path / "store").receipts()}
    return [path.name for path in inbox_files(dataset) if _sha256(path) not in known]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def check_file(dataset: Dataset, path: Path) -> Checked:
    """Read and check one file; nothing is stored.

    Raises
    ------
    UsageError
        When the file cannot be read or its header is neither form's.
    """
    sha256 = _sha256(path) if path.is_file() else ""
    forms = [recognise(sheet) for sheet in read_sheets(path)]
    tables = {form.table for form in forms}
    if len(tables) > 1:
        raise UsageError(
            f"{path.name} mixes observations and targets", "put each in a file of its own"
        )
    checked: list[tuple[pl.DataFrame, pl.DataFrame]] = []
    for form in forms:
        before = pl.concat([accepted for accepted, _ in checked]) if checked else None
        checked.append(check_form(form, dataset.districts, dataset.indicators, before))
    return Checked(
        path,
        sha256,
        tables.pop(),
        sum(form.sheet.rows.select(ROW).height for form in forms),
        pl.concat([accepted for accepted, _ in checked]),
        pl.concat([findings for _, findings in checked]),
    )


def take_in(
    dataset: Dataset,
    paths: Iterable[Path],
    progress: Callable[[str], None] = lambda _: None,
) -> list[tuple[Receipt | None, Checked]]:
    """Check files and append each to the store; a file taken in before changes nothing.

    All files are read and checked before the first is stored, so that a file of the wrong form
    leaves the store as it was.

    Parameters
    ----------
    dataset
        The data set.
    paths
        Files in the order received.
    progress
        Called with each file's name when it is done.

    Returns
    -------
    list of (Receipt or None, Checked)
        None where the same content had been taken in before.
    """
    store = Store(dataset.path / "store")
    receipts = store.receipts()
    known = {receipt.sha256 for receipt in receipts}
    names = {receipt.file for receipt in receipts}
    number = len(receipts)
    results: list[tuple[Receipt | None, Checked]] = []
    for checked in [check_file(dataset, path) for path in paths]:
        receipt = None
        if checked.sha256 not in known:
            number += 1
            again = checked.path.name in names
            fresh = _without_repeats(store, checked) if again else checked.accepted
            receipt = _receipt(number, checked, fresh.height)
            mark = pl.lit(receipt.id).alias("received")
            findings = checked.findings.with_columns(mark).select(Finding.columns())
            store.append(fresh.with_columns(mark), findings, receipt)
            known.add(checked.sha256)
            names.add(checked.path.name)
        results.append((receipt, checked))
        progress(checked.path.name)
    dataset.forget_store()
    return results


def _without_repeats(store: Store, checked: Checked) -> pl.DataFrame:
    """Return the rows that an earlier state of the same file did not have already.

    A file mended in one cell and sent again must not undo what another file has corrected
    since: its unchanged rows are no new version. Addresses may have moved, contents count.
    """
    targets = checked.table == "targets"
    stored = store.targets() if targets else store.observations()
    name = re.escape(checked.path.name)
    earlier = stored.filter(pl.col("source").str.contains(f"^{name}#"))
    content = [c for c in checked.accepted.columns if c not in ("source", "received", "note")]
    return checked.accepted.join(earlier, on=content, how="anti", nulls_equal=True)


def _receipt(number: int, checked: Checked, accepted: int) -> Receipt:
    try:
        who = getpass.getuser()
    except (OSError, KeyError, ImportError):
        who = ""
    return Receipt(
        id=f"{number:06d}-{checked.sha256[:8]}",
        file=checked.path.name,
        sha256=checked.sha256,
        table=checked.table,
        rows=checked.rows,
        accepted=accepted,
        unchanged=checked.accepted.height - accepted,
        errors=checked.errors,
        warnings=checked.findings.height - checked.errors,
        who=who,
        when=datetime.now(UTC).isoformat(timespec="seconds"),
    )
