"""Figures in context: against the checkpoint of their file, the store and each other."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from kejistats.dataset import Dataset
from kejistats.intake.check_rows import FILE, N, Received, found
from kejistats.intake.columns import file_checkpoint
from kejistats.intake.comparisons import compare
from kejistats.intake.typed_text import checkpoint_number, read_checkpoint
from kejistats.model.period import Checkpoint
from kejistats.model.tables import Observation
from kejistats.model.tables.observation import KEY
from kejistats.store import Store, current

# A file whose name and form say nothing speaks of one checkpoint when nearly all of its rows do.
_ALONE, _FEWEST = 0.8, 5


def in_context(
    dataset: Dataset,
    received: Received,
    figures: pl.DataFrame,
    faults: pl.DataFrame,
    today: date,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Compare checked figures with their surroundings.

    Parameters
    ----------
    dataset
        With the store as it is before the intake.
    received, figures, faults
        What `check_rows` took and gave.
    today
        The day of the intake.

    Returns
    -------
    figures, faults : polars.DataFrame
        The figures without those of a wrong checkpoint; and the further faults.
    """
    stored = current(Store(dataset.path / "store").observations().lazy()).collect()
    figures, strays = _without_strays(figures, received, stored)
    # A figure that has a finding of its own explains nothing about another, nor does the one that
    # it would replace.
    told = faults.filter((pl.col("column") == "value") | (pl.col("severity") == "error"))
    sound = figures
    if told.height:
        sound = figures.join(told.select(N), on=N, how="anti", maintain_order="left")
        stored = stored.join(told.select(_KEY).drop_nulls(), on=KEY, how="anti")
    fresh = sound.select(
        N,
        *_WORDS,
        *(
            (pl.col(c) if c in sound.columns else pl.lit(None)).cast(t).alias(c)
            for c, t in _FRESH.items()
        ),
    )
    noticed = compare(
        fresh,
        stored,
        dataset.targets,
        dataset.districts,
        dataset.indicators,
        dataset.settings.checks,
        dataset.settings.scope,
        today,
        dataset.declared_chains,
    )
    keys = figures.join(noticed.select(N), on=N, how="semi").select(N, *_KEY)
    noticed = noticed.with_columns(severity=pl.lit("warning")).join(keys, on=N, how="left")
    return figures, pl.concat([strays, noticed], how="diagonal")


_KEY = [pl.col(c).cast(t) for c, t in Observation.dtypes().items() if c in KEY]
# The types in which figures are compared; names and words stay the numbers they are kept as.
_FRESH: dict[str, Any] = {
    "year": pl.Int32,
    "month": pl.Int32,
    "published": pl.Date,
    **dict.fromkeys(("value", "published_growth"), pl.Float64),
    **dict.fromkeys(("printed_attainment", "printed_share", "printed_rank"), pl.Float64),
    **dict.fromkeys(("reported", "growth_basis", "break_id"), pl.String),
    **dict.fromkeys(("_growth_text", "_attainment_text", "_share_text"), pl.String),
}
_WORDS = ("district", "indicator", "level", "status", "grade", "bound")


def _without_strays(
    figures: pl.DataFrame, received: Received, stored: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Take out rows of another checkpoint than their file's.

    A correction of a figure that the store has, and a base restated for a new definition, stand
    rightly in a later file.
    """
    at = pl.col("year").cast(pl.Int32) * 100 + pl.col("month")
    counted = figures.select(FILE, at.alias("at")).group_by(FILE, "at").len("rows")
    counted = counted.with_columns(share=pl.col("rows") / pl.col("rows").sum().over(FILE))
    named = {
        n: checkpoint_number(read_checkpoint(mark) if mark else file_checkpoint(name))
        for n, name, mark in received.places.select(FILE, "file", "at").iter_rows()
    }
    counted = counted.with_columns(
        named=pl.col(FILE).replace_strict(named, default=None, return_dtype=pl.Int32)
    )
    alone = (pl.col("share") >= _ALONE) & (pl.col("rows") >= _FEWEST)
    majority = pl.when(alone).then(pl.col("at")).max().over(FILE)
    counted = counted.with_columns(_own=pl.coalesce("named", majority))
    others = counted.filter(pl.col("at") != pl.col("_own"))
    if others.is_empty():
        return figures, figures.clear().select(N)
    strays = figures.with_columns(at.alias("at")).join(
        others.select(FILE, "at", "_own"), on=[FILE, "at"], how="inner", maintain_order="left"
    )
    if "break_id" in strays.columns:
        strays = strays.filter(pl.col("break_id").is_null())
    strays = strays.with_columns(_KEY)
    before = figures.join(others.select(FILE), on=FILE, how="anti").select(_KEY)
    for known in (stored, before):
        strays = strays.join(known, on=KEY, how="anti", maintain_order="left")
    own_label, label = (
        pl.col(c).map_elements(_label, return_dtype=pl.String) for c in ("_own", "at")
    )
    told = found(
        strays, "checkpoint_not_files", "error", "checkpoint",
        pl.format("期别{}与本文件的期别{}不一致", label, own_label),
        pl.format("应为{}；如为往期补报，请单独成文件", own_label),
    )  # fmt: skip
    return figures.join(strays.select(N), on=N, how="anti", maintain_order="left"), told


def _label(months: int) -> str:
    return Checkpoint(months // 100, months % 100).label
