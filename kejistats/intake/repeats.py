"""Decide which rows of a file are new, and whether the file replaces an earlier version of it."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import polars as pl

from kejistats.intake.check_files import Checked
from kejistats.model.tables import Observation
from kejistats.model.tables.observation import KEY
from kejistats.model.tables.target import TARGET_KEY
from kejistats.store import Store
from kejistats.store.open_findings import is_same_file

# A figure stays the same when its address moves or its note is reworded.
_NOT_CONTENT = ("source", "intake_id", "note")


class StoreSnapshot:
    """The tables of the store before an intake, each read at most once for all files.

    Parameters
    ----------
    store
        The store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    @cached_property
    def active(self) -> pl.DataFrame:
        """Receipts that were not withdrawn."""
        return self._store.active()

    @cached_property
    def observations(self) -> pl.DataFrame:
        """The Observation table."""
        return self._store.observations()

    @cached_property
    def targets(self) -> pl.DataFrame:
        """The Target table."""
        return self._store.targets()

    @cached_property
    def findings(self) -> pl.DataFrame:
        """The Finding table."""
        return self._store.findings()


def new_figures(past: StoreSnapshot, checked: Checked) -> pl.DataFrame:
    """Return the rows of a file that do not repeat what the same file reported before.

    A file sent again with one cell corrected must not undo corrections that another file made
    in between. So a row is no new version if the last intake of the same file had it already,
    or if the same bytes were ingested before under any name.

    Parameters
    ----------
    past
        The store before the intake.
    checked
        The checked file.

    Returns
    -------
    polars.DataFrame
        Rows of ``checked.figures``, in their order.
    """
    same_file_ids = past.active.filter(is_same_file(checked.form, checked.path.name))["id"]
    same_bytes_ids = past.active.filter(pl.col("sha256") == checked.sha256)["id"]
    if same_file_ids.is_empty() and same_bytes_ids.is_empty():
        return checked.figures
    targets = checked.table == "targets"
    stored = past.targets if targets else past.observations
    key = [*TARGET_KEY, "valid_from"] if targets else KEY
    last_of_file = stored.filter(pl.col("intake_id").is_in(same_file_ids.implode())).unique(
        key, keep="last", maintain_order=True
    )
    same_bytes = stored.filter(pl.col("intake_id").is_in(same_bytes_ids.implode()))
    content = [c for c in stored.columns if c not in _NOT_CONTENT]
    new_rows = checked.accepted.with_row_index("_place").join(
        pl.concat([last_of_file, same_bytes]), on=content, how="anti", nulls_equal=True
    )
    return checked.figures[new_rows["_place"].sort()]


def supersedes(past: StoreSnapshot, checked: Checked) -> bool:
    """Tell whether a file is a new version of one that was ingested before.

    It is when it covers at least half of the keys that earlier files of the same name covered;
    a blank cell does not count. So a file with next month's corrections does not resolve the
    findings of this month, nor does the other half of a workbook that two sections fill in.

    Parameters
    ----------
    past, checked
        As for `new_figures`.
    """
    earlier = past.active.filter(is_same_file(checked.form, checked.path.name))["id"]
    if earlier.is_empty():
        return True
    ids, targets = earlier.implode(), checked.table == "targets"
    key = ["district", "indicator", "year"] if targets else KEY
    stored = past.targets if targets else past.observations
    is_filled = pl.col("status") != "missing" if not targets else pl.lit(value=True)

    def covered_keys(rows: pl.DataFrame, findings: pl.DataFrame) -> pl.DataFrame:
        located = findings.drop_nulls(["district", "indicator", "year"])
        types: Any = {c: t for c, t in Observation.dtypes().items() if c in key}
        return pl.concat(
            [rows.filter(is_filled).select(key).cast(types), located.select(key).cast(types)]
        ).unique()

    covered_before = covered_keys(
        stored.filter(pl.col("intake_id").is_in(ids)),
        past.findings.filter(pl.col("intake_id").is_in(ids)),
    )
    covered_again = covered_before.join(
        covered_keys(checked.figures, checked.findings), on=key, how="semi"
    )
    return covered_again.height * 2 >= covered_before.height


def intakes_to_recheck(receipts: pl.DataFrame, active: pl.DataFrame) -> pl.DataFrame:
    """Return the receipts of files that repeated rows of an earlier version, withdrawn since.

    Those rows were stored with the earlier version only, so the file must be ingested again.
    """
    withdrawn = receipts.filter(
        pl.col("action") == "intake",
        pl.col("id").is_in(receipts["withdraws"].drop_nulls().implode()),
    ).select(pl.col("id").alias("_gone"), "file", "form")
    with_repeats = active.filter(pl.col("unchanged") > 0)
    dependent = [
        with_repeats.join(withdrawn.drop_nulls(name).select("_gone", name), on=name).filter(
            pl.col("_gone") < pl.col("id")
        )["id"]
        for name in ("file", "form")
    ]
    return active.filter(pl.col("id").is_in(pl.concat(dependent).implode()))
