"""Show what a file would change in the store, before it is ingested."""

from __future__ import annotations

import polars as pl

from kejistats.dataset import Dataset
from kejistats.intake.check_files import Checked
from kejistats.intake.check_rows import ROW_INDEX
from kejistats.intake.repeats import StoreSnapshot, new_figures
from kejistats.model.quantity import WITHDRAWN
from kejistats.model.tables.observation import KEY
from kejistats.model.tables.target import TARGET_KEY
from kejistats.store import Store, current


def diff(dataset: Dataset, checked: Checked) -> pl.DataFrame:
    """Compare a checked file with the current rows of the store.

    Parameters
    ----------
    dataset
        The data set.
    checked
        The checked file; its rows with errors change nothing and are left out.

    Returns
    -------
    polars.DataFrame
        The key; ``change``: new, corrected, withdrawn, unchanged, blank (a blank replaces
        nothing) or superseded (the same file reported it before, and another corrected it since);
        ``before`` and ``after``, the texts as received; ``was`` and ``source``, their cells.
    """
    store = Store(dataset.path / "store")
    targets = checked.table == "targets"
    key = [*TARGET_KEY, "valid_from"] if targets else KEY
    stored = (
        store.targets().unique(key, keep="last", maintain_order=True)
        if targets
        else current(store.observations().lazy()).collect()
    )
    not_content = (*key, "source", "intake_id", "note", "reported")
    content = [c for c in stored.columns if c not in not_content]
    before = stored.select(
        *key, *(pl.col(c).alias(f"_{c}") for c in content), before="reported", was="source"
    )
    rows = checked.accepted.join(
        before, on=key, how="left", nulls_equal=True, maintain_order="left"
    )
    withdrawn = pl.col("reported") == WITHDRAWN
    same = pl.all_horizontal(
        *(pl.col(c).eq_missing(pl.col(f"_{c}")) for c in content),
        withdrawn == (pl.col("before") == WITHDRAWN),
    )
    blank = pl.lit(value=False) if targets else pl.col("status") == "missing"
    is_new = checked.figures[ROW_INDEX].is_in(
        new_figures(StoreSnapshot(store), checked)[ROW_INDEX].implode()
    )
    change = (
        pl.when(same).then(pl.lit("unchanged"))
        .when(~pl.col("_fresh")).then(pl.lit("superseded"))
        .when(withdrawn).then(pl.lit("withdrawn"))
        .when(blank).then(pl.lit("blank"))
        .when(pl.col("before").is_null()).then(pl.lit("new"))
        .otherwise(pl.lit("corrected"))
    )  # fmt: skip
    return (
        rows.with_columns(_fresh=is_new)
        .with_columns(change=change)
        .select(*key, "change", "before", pl.col("reported").alias("after"), "was", "source")
    )
