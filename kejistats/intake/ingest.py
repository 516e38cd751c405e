"""Take files in: check all of them, then append them to the store in one step."""

from __future__ import annotations

import getpass
import hashlib
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
from kejistats.intake.finished_rows import finished
from kejistats.intake.repeats import Past, fresh_figures, supersedes, to_read_again
from kejistats.model.errors import UsageError
from kejistats.model.period import Checkpoint
from kejistats.model.tables import Finding, Receipt
from kejistats.store import Store

# Rows made ready for the store at a time.
_PIECE = 1_000_000


@dataclass(frozen=True)
class Ingested:
    """What became of one file.

    Parameters
    ----------
    path
        The file.
    receipt
        Its row of the Receipt table; None where its content had been taken in before.
    checked
        Its rows and findings; None where it was not read again.
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
    """Check files and append them to the store: all of them, or on any failure none.

    A file taken in before changes nothing; one of whose rows some are still kept out is checked
    again, for the registry or the list of districts may have been mended since.

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
        When a file cannot be read or its header is neither form's; nothing is stored then.
    KejistatsError
        When another intake still runs.
    """
    store = Store(dataset.path / "store")
    hashes = {path: sha256(path) for path in paths}
    with store.writing():
        active = store.active()
        kept_out = store.open_findings().filter(pl.col("severity") == "error")["intake_id"]
        leaning = to_read_again(store.receipts(), active)["id"]
        settled = active.filter(~pl.col("id").is_in([*kept_out, *leaning]))
        # A name may say the checkpoint of rows that do not.
        done = {
            (sha, file_checkpoint(name))
            for sha, name in settled.select("sha256", "file").iter_rows()
        }
        new: dict[tuple[str, Checkpoint | None], Path] = {}
        for path, content in hashes.items():
            one = (content or str(path), file_checkpoint(path.name))
            if one not in done:
                new.setdefault(one, path)
        dataset.forget_store()
        checked = check_files(dataset, new.values(), progress, today, hashes)
        taken = {one.path: one for one in _receipts(store, checked)}
        fresh = [one for one in taken.values() if one.receipt]
        if fresh:
            store.append(_tables(fresh))
    dataset.forget_store()
    return [taken.get(path, Ingested(path, None, None)) for path in hashes]


def withdraw(dataset: Dataset, ids: Iterable[str]) -> pl.DataFrame:
    """Take whole intakes back; nothing is erased, their rows no longer count.

    Parameters
    ----------
    dataset
        The data set.
    ids
        Ids of receipts.

    Returns
    -------
    polars.DataFrame
        The new rows of the Receipt table.

    Raises
    ------
    UsageError
        When there is no such receipt, or it was taken back before.
    """
    store = Store(dataset.path / "store")
    with store.writing():
        active = store.active()
        number = store.receipts().height
        rows = []
        for one in dict.fromkeys(ids):
            found = active.filter(pl.col("id") == one)
            if found.is_empty():
                raise UsageError(
                    f"{dataset.name} has no intake {one!r} that could be taken back",
                    f"the latest: {', '.join(active['id'].tail(5)) or 'none'}; "
                    "kejistats status --receipts lists them",
                )
            number += 1
            mark = hashlib.sha256(one.encode()).hexdigest()[:8]
            rows.append(
                found.row(0, named=True)
                | {"id": f"{number:06d}-{mark}", "action": "withdraw", "withdraws": one}
                | _by_whom()
            )
        receipts = pl.DataFrame(rows, schema=Receipt.dtypes())
        store.append({"receipts": [receipts]})
    dataset.forget_store()
    return receipts


def _receipts(store: Store, checked: list[Checked]) -> Iterator[Ingested]:
    """Give each file its receipt, and leave out rows that the same file brought before."""
    past = Past(store)
    number, hashes = store.receipts().height, set(past.active["sha256"])
    for one in checked:
        figures = fresh_figures(past, one)
        if one.sha256 in hashes and figures.is_empty():
            yield Ingested(one.path, None, one)
            continue
        number += 1
        receipt = {
            "id": f"{number:06d}-{one.sha256[:8]}",
            "action": "intake",
            "withdraws": None,
            "file": one.path.name,
            "form": one.form,
            "supersedes": supersedes(past, one),
            "sha256": one.sha256,
            "table": one.table,
            "rows": one.rows,
            "accepted": figures.height,
            "unchanged": one.figures.height - figures.height,
            "errors": one.errors,
            "warnings": one.warnings,
        } | _by_whom()
        yield Ingested(one.path, receipt, replace(one, figures=figures))


def _tables(taken: list[Ingested]) -> dict[str, Iterable[pl.DataFrame]]:
    """Return what the store appends; rows are made ready piece by piece."""

    def rows(table: str) -> Iterator[pl.DataFrame]:
        chosen = [t for t in taken if t.checked and t.checked.table == table]
        if not chosen:
            return
        ids = [t.receipt["id"] for t in chosen if t.receipt]
        frames = [
            t.checked.figures.with_columns(pl.lit(n, dtype=pl.UInt32).alias(FILE))
            for n, t in enumerate(chosen)
            if t.checked
        ]
        together = pl.concat(frames, how="diagonal", rechunk=False)
        places = chosen[0].checked.places if chosen[0].checked else pl.DataFrame()
        for start in range(0, together.height, _PIECE):
            piece = together.slice(start, _PIECE)
            received = piece[FILE].replace_strict(range(len(ids)), ids, return_dtype=pl.String)
            yield finished(piece, table, places).with_columns(intake_id=received)

    findings = [
        t.checked.findings.with_columns(intake_id=pl.lit(t.receipt["id"]))
        for t in taken
        if t.checked and t.receipt
    ]
    receipts = pl.DataFrame([t.receipt for t in taken], schema=Receipt.dtypes())
    return {
        "observations": rows("observations"),
        "targets": rows("targets"),
        "findings": [pl.concat(findings).select(Finding.columns())],
        "receipts": [receipts],
    }


def _by_whom() -> dict[str, str]:
    try:
        who = getpass.getuser()
    except (OSError, KeyError, ImportError):
        who = ""
    return {"who": who, "created_at": datetime.now(UTC).isoformat(timespec="seconds")}
