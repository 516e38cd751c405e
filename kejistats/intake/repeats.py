"""Which rows of a file say something that the file did not say before."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import polars as pl

from kejistats.intake.check_files import Checked
from kejistats.model.tables import Observation
from kejistats.model.tables.observation import KEY
from kejistats.model.tables.target import TARGET_KEY
from kejistats.store import Store
from kejistats.store.open_findings import same_file

# Addresses may move and remarks be reworded; a figure is the same one all the same.
_ASIDE = ("source", "intake_id", "note")


class Past:
    """The store before an intake, each table read once for all files.

    Parameters
    ----------
    store
        The store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    @cached_property
    def active(self) -> pl.DataFrame:
        """Receipts that were not taken back."""
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


def fresh_figures(past: Past, checked: Checked) -> pl.DataFrame:
    """Return the rows of a file that are no repeats.

    A file mended in one cell and sent again must not undo what another file has corrected since:
    a row that stands in its last state is no new version, nor is any row of a content that came
    in before under whatever name.

    Parameters
    ----------
    past
        The store before the intake.
    checked
        The file's rows.

    Returns
    -------
    polars.DataFrame
        Rows of ``checked.figures``, in their order.
    """
    names = past.active.filter(same_file(checked.form, checked.path.name))["id"]
    contents = past.active.filter(pl.col("sha256") == checked.sha256)["id"]
    if names.is_empty() and contents.is_empty():
        return checked.figures
    targets = checked.table == "targets"
    stored = past.targets if targets else past.observations
    key = [*TARGET_KEY, "valid_from"] if targets else KEY
    last = stored.filter(pl.col("intake_id").is_in(names.implode())).unique(
        key, keep="last", maintain_order=True
    )
    same = stored.filter(pl.col("intake_id").is_in(contents.implode()))
    content = [c for c in stored.columns if c not in _ASIDE]
    fresh = checked.accepted.with_row_index("_place").join(
        pl.concat([last, same]), on=content, how="anti", nulls_equal=True
    )
    return checked.figures[fresh["_place"].sort()]


def supersedes(past: Past, checked: Checked) -> bool:
    """Tell whether a file is a later state of one that came in before.

    It is when at least half of what its namesakes spoke of is here again; a blank cell speaks of
    nothing. So a file of next month's corrections does not answer the findings of this month's,
    nor does the half of a form that another section fills in.

    Parameters
    ----------
    past, checked
        As for `fresh_figures`.
    """
    earlier = past.active.filter(same_file(checked.form, checked.path.name))["id"]
    if earlier.is_empty():
        return True
    ids, targets = earlier.implode(), checked.table == "targets"
    key = ["district", "indicator", "year"] if targets else KEY
    stored = past.targets if targets else past.observations
    said = pl.col("status") != "missing" if not targets else pl.lit(value=True)

    def about(rows: pl.DataFrame, findings: pl.DataFrame) -> pl.DataFrame:
        told = findings.drop_nulls(["district", "indicator", "year"])
        types: Any = {c: t for c, t in Observation.dtypes().items() if c in key}
        return pl.concat(
            [rows.filter(said).select(key).cast(types), told.select(key).cast(types)]
        ).unique()

    before = about(
        stored.filter(pl.col("intake_id").is_in(ids)),
        past.findings.filter(pl.col("intake_id").is_in(ids)),
    )
    again = before.join(about(checked.figures, checked.findings), on=key, how="semi")
    return again.height * 2 >= before.height


def to_read_again(receipts: pl.DataFrame, active: pl.DataFrame) -> pl.DataFrame:
    """Return the receipts of files that repeated rows of an earlier state, since taken back.

    Those rows were stored with the earlier state only; they come back when the file is read again.
    """
    gone = receipts.filter(
        pl.col("action") == "intake",
        pl.col("id").is_in(receipts["withdraws"].drop_nulls().implode()),
    ).select(pl.col("id").alias("_gone"), "file", "form")
    leaning = active.filter(pl.col("unchanged") > 0)
    found = [
        leaning.join(gone.drop_nulls(name).select("_gone", name), on=name).filter(
            pl.col("_gone") < pl.col("id")
        )["id"]
        for name in ("file", "form")
    ]
    return active.filter(pl.col("id").is_in(pl.concat(found).implode()))
