"""Check accepted figures in context: against the checkpoint of their file, the store, each other."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from kejistats.dataset import Dataset
from kejistats.intake.check_rows import FILE, ROW_INDEX, Received, fault_rows
from kejistats.intake.columns import file_checkpoint
from kejistats.intake.comparisons import compare
from kejistats.intake.typed_text import checkpoint_number, read_checkpoint
from kejistats.model.period import Checkpoint
from kejistats.model.tables import Observation
from kejistats.model.tables.observation import KEY
from kejistats.store import Store, current

# A file without a checkpoint in name or mark gets that of its rows, if at least this share of
# them and at least this many agree.
_MIN_SHARE, _MIN_ROWS = 0.8, 5


def check_in_context(
    dataset: Dataset,
    received: Received,
    figures: pl.DataFrame,
    faults: pl.DataFrame,
    today: date,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Reject figures of a checkpoint that is not their file's, and compare the rest.

    Parameters
    ----------
    dataset
        The data set, with its store before the intake.
    received, figures, faults
        The input and the two results of `check_rows`.
    today
        The day of the intake.

    Returns
    -------
    figures, faults : polars.DataFrame
        The figures without those of a wrong checkpoint, and the additional faults.
    """
    stored = current(Store(dataset.path / "store").observations().lazy()).collect()
    figures, stray_faults = _without_strays(figures, received, stored)
    # A figure with a finding is not used to judge other figures, nor is the one it would replace.
    doubtful = faults.filter((pl.col("column") == "value") | (pl.col("severity") == "error"))
    sound = figures
    if doubtful.height:
        sound = figures.join(
            doubtful.select(ROW_INDEX), on=ROW_INDEX, how="anti", maintain_order="left"
        )
        stored = stored.join(doubtful.select(_KEY).drop_nulls(), on=KEY, how="anti")
    fresh = sound.select(
        ROW_INDEX,
        *_ENUM_COLUMNS,
        *(
            (pl.col(c) if c in sound.columns else pl.lit(None)).cast(t).alias(c)
            for c, t in _COMPARED_TYPES.items()
        ),
    )
    comparison_faults = compare(
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
    keys = figures.join(comparison_faults.select(ROW_INDEX), on=ROW_INDEX, how="semi").select(
        ROW_INDEX, *_KEY
    )
    comparison_faults = comparison_faults.with_columns(severity=pl.lit("warning")).join(
        keys, on=ROW_INDEX, how="left"
    )
    return figures, pl.concat([stray_faults, comparison_faults], how="diagonal")


_KEY = [pl.col(c).cast(t) for c, t in Observation.dtypes().items() if c in KEY]
# The types in which figures are compared; the enum columns keep theirs.
_COMPARED_TYPES: dict[str, Any] = {
    "year": pl.Int32,
    "month": pl.Int32,
    "published": pl.Date,
    **dict.fromkeys(("value", "published_growth"), pl.Float64),
    **dict.fromkeys(("printed_attainment", "printed_share", "printed_rank"), pl.Float64),
    **dict.fromkeys(("reported", "growth_basis", "break_id"), pl.String),
    **dict.fromkeys(("_growth_text", "_attainment_text", "_share_text"), pl.String),
}
_ENUM_COLUMNS = ("district", "indicator", "level", "status", "grade", "bound")


def _without_strays(
    figures: pl.DataFrame, received: Received, stored: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Drop rows of another checkpoint than their file's, and return a fault for each.

    Allowed are corrections of figures that the store has, and bases restated for a new
    definition (with a break_id).
    """
    at = pl.col("year").cast(pl.Int32) * 100 + pl.col("month")
    counts = figures.select(FILE, at.alias("at")).group_by(FILE, "at").len("rows")
    counts = counts.with_columns(share=pl.col("rows") / pl.col("rows").sum().over(FILE))
    stated = {
        n: checkpoint_number(read_checkpoint(mark) if mark else file_checkpoint(name))
        for n, name, mark in received.sheets.select(FILE, "file", "at").iter_rows()
    }
    counts = counts.with_columns(
        named=pl.col(FILE).replace_strict(stated, default=None, return_dtype=pl.Int32)
    )
    dominant = (pl.col("share") >= _MIN_SHARE) & (pl.col("rows") >= _MIN_ROWS)
    majority = pl.when(dominant).then(pl.col("at")).max().over(FILE)
    counts = counts.with_columns(_own=pl.coalesce("named", majority))
    other_checkpoints = counts.filter(pl.col("at") != pl.col("_own"))
    if other_checkpoints.is_empty():
        return figures, figures.clear().select(ROW_INDEX)
    strays = figures.with_columns(at.alias("at")).join(
        other_checkpoints.select(FILE, "at", "_own"),
        on=[FILE, "at"],
        how="inner",
        maintain_order="left",
    )
    if "break_id" in strays.columns:
        strays = strays.filter(pl.col("break_id").is_null())
    strays = strays.with_columns(_KEY)
    earlier = figures.join(other_checkpoints.select(FILE), on=FILE, how="anti").select(_KEY)
    for allowed in (stored, earlier):
        strays = strays.join(allowed, on=KEY, how="anti", maintain_order="left")
    file_label, label = (
        pl.col(c).map_elements(_label, return_dtype=pl.String) for c in ("_own", "at")
    )
    faults = fault_rows(
        strays, "checkpoint_not_files", "error", "checkpoint",
        pl.format("期别{}与本文件的期别{}不一致", label, file_label),
        pl.format("应为{}；如为往期补报，请单独成文件", file_label),
    )  # fmt: skip
    return figures.join(
        strays.select(ROW_INDEX), on=ROW_INDEX, how="anti", maintain_order="left"
    ), faults


def _label(months: int) -> str:
    return Checkpoint(months // 100, months % 100).label
