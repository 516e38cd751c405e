"""Ingest files (check all, then append them to the store in one transaction) and withdraw intakes."""

from __future__ import annotations

import getpass
import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from kejistats.dataset import Dataset
from kejistats.intake.check_files import Checked, check_files, sha256
from kejistats.intake.check_rows import FILE
from kejistats.intake.columns import file_checkpoint
from kejistats.intake.finished_rows import to_table_rows
from kejistats.intake.repeats import StoreSnapshot, intakes_to_recheck, new_figures, supersedes
from kejistats.model.errors import UsageError
from kejistats.model.period import Checkpoint
from kejistats.model.tables import Finding, Receipt
from kejistats.store import Store

# Rows converted for the store at a time.
_CHUNK = 1_000_000
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ingested:
    """The result of ingesting one file.

    Parameters
    ----------
    path
        The file.
    receipt
        Its row of the Receipt table; None if its content had been ingested before.
    checked
        Its rows and findings; None if it was not read again.
    """

    path: Path
    receipt: dict[str, Any] | None
    checked: Checked | None


def ingest(
    dataset: Dataset,
    paths: Iterable[Path],
    progress: Callable[[str], None] = lambda _: None,
    today: date | None = None,
) -> list[Ingested]:
    """Check files and append them to the store: all of them or, on any failure, none.

    A file ingested before changes nothing, unless some of its rows are still rejected: then it
    is checked again, because the registry or the list of districts may have been fixed since.

    Parameters
    ----------
    dataset
        The data set.
    paths
        Files in the order received.
    progress
        Called with each file's name when it has been read.
    today
        The day of the intake; default: today.

    Raises
    ------
    UsageError
        When a file cannot be read or its header fits no table; nothing is stored then.
    KejistatsError
        When another intake is still running.
    """
    store = Store(dataset.path / "store")
    hashes = {path: sha256(path) for path in paths}
    with store.writing():
        active = store.active()
        with_errors = store.open_findings().filter(pl.col("severity") == "error")["intake_id"]
        to_recheck = intakes_to_recheck(store.receipts(), active)["id"]
        settled = active.filter(~pl.col("id").is_in([*with_errors, *to_recheck]))
        # The checkpoint can come from the file name, so the same bytes may mean other rows.
        done_files = {
            (file_hash, file_checkpoint(name))
            for file_hash, name in settled.select("sha256", "file").iter_rows()
        }
        new: dict[tuple[str, Checkpoint | None], Path] = {}
        for path, file_hash in hashes.items():
            identity = (file_hash or str(path), file_checkpoint(path.name))
            if identity not in done_files:
                new.setdefault(identity, path)
        dataset.forget_store()
        checked = check_files(dataset, new.values(), progress, today, hashes)
        ingested = {file.path: file for file in _receipts(store, checked)}
        stored = [file for file in ingested.values() if file.receipt]
        if stored:
            store.append(_tables(stored))
    for receipt in (file.receipt for file in stored):
        _LOG.info(
            "ingested %(file)s as %(id)s: %(accepted)d of %(rows)d rows, %(errors)d errors, "
            "%(warnings)d warnings",
            receipt,
        )
    dataset.forget_store()
    return [ingested.get(path, Ingested(path, None, None)) for path in hashes]


def withdraw(dataset: Dataset, ids: Iterable[str]) -> pl.DataFrame:
    """Withdraw whole intakes: their rows no longer count, but nothing is deleted.

    Parameters
    ----------
    dataset
        The data set.
    ids
        Receipt ids.

    Returns
    -------
    polars.DataFrame
        The new rows of the Receipt table.

    Raises
    ------
    UsageError
        When there is no such receipt, or it was withdrawn before.
    """
    store = Store(dataset.path / "store")
    with store.writing():
        active = store.active()
        number = store.receipts().height
        rows = []
        for intake_id in dict.fromkeys(ids):
            receipt = active.filter(pl.col("id") == intake_id)
            if receipt.is_empty():
                raise UsageError(
                    f"{dataset.name} has no intake {intake_id!r} to withdraw",
                    f"the latest intakes: {', '.join(active['id'].tail(5)) or 'none'}; "
                    "list all with: kejistats status --receipts",
                )
            number += 1
            suffix = hashlib.sha256(intake_id.encode()).hexdigest()[:8]
            rows.append(
                receipt.row(0, named=True)
                | {"id": f"{number:06d}-{suffix}", "action": "withdraw", "withdraws": intake_id}
                | _user_and_time()
            )
        receipts = pl.DataFrame(rows, schema=Receipt.dtypes())
        store.append({"receipts": [receipts]})
    _LOG.info("withdrawn: %s", ", ".join(receipts["withdraws"]))
    dataset.forget_store()
    return receipts


def _receipts(store: Store, checked: list[Checked]) -> Iterator[Ingested]:
    """Yield each file with its receipt, without the rows that the same file reported before."""
    snapshot = StoreSnapshot(store)
    number, hashes = store.receipts().height, set(snapshot.active["sha256"])
    for file in checked:
        figures = new_figures(snapshot, file)
        if file.sha256 in hashes and figures.is_empty():
            yield Ingested(file.path, None, file)
            continue
        number += 1
        receipt = {
            "id": f"{number:06d}-{file.sha256[:8]}",
            "action": "intake",
            "withdraws": None,
            "file": file.path.name,
            "form": file.form,
            "supersedes": supersedes(snapshot, file),
            "sha256": file.sha256,
            "table": file.table,
            "rows": file.rows,
            "accepted": figures.height,
            "unchanged": file.figures.height - figures.height,
            "errors": file.errors,
            "warnings": file.warnings,
        } | _user_and_time()
        yield Ingested(file.path, receipt, replace(file, figures=figures))


def _tables(ingested: list[Ingested]) -> dict[str, Iterable[pl.DataFrame]]:
    """Return the frames to append by table; rows are converted chunk by chunk."""

    def rows(table: str) -> Iterator[pl.DataFrame]:
        files = [t for t in ingested if t.checked and t.checked.table == table]
        if not files:
            return
        ids = [t.receipt["id"] for t in files if t.receipt]
        frames = [
            t.checked.figures.with_columns(pl.lit(n, dtype=pl.UInt32).alias(FILE))
            for n, t in enumerate(files)
            if t.checked
        ]
        figures = pl.concat(frames, how="diagonal", rechunk=False)
        sheets = files[0].checked.sheets if files[0].checked else pl.DataFrame()
        for start in range(0, figures.height, _CHUNK):
            chunk = figures.slice(start, _CHUNK)
            intake_ids = chunk[FILE].replace_strict(range(len(ids)), ids, return_dtype=pl.String)
            yield to_table_rows(chunk, table, sheets).with_columns(intake_id=intake_ids)

    findings = [
        t.checked.findings.with_columns(intake_id=pl.lit(t.receipt["id"]))
        for t in ingested
        if t.checked and t.receipt
    ]
    receipts = pl.DataFrame([t.receipt for t in ingested], schema=Receipt.dtypes())
    return {
        "observations": rows("observations"),
        "targets": rows("targets"),
        "findings": [pl.concat(findings).select(Finding.columns())],
        "receipts": [receipts],
    }


def _user_and_time() -> dict[str, str]:
    try:
        who = getpass.getuser()
    except (OSError, KeyError, ImportError):
        who = ""
    return {"who": who, "created_at": datetime.now(UTC).isoformat(timespec="seconds")}
