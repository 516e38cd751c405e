"""Which target is judged, and where a figure stands against it (semantics §5, §6)."""

from __future__ import annotations

import polars as pl

from kejistats.period import Checkpoint
from kejistats.schema.target import STRENGTHS, TARGET_KEY

# Each has a place of its own, so that the choice never depends on the order of rows.
_KIND_ORDER = {
    "total": 0, "level": 1, "ceiling": 2, "range": 3, "net": 4, "growth": 5, "multi_year": 6,
}  # fmt: skip
INCREASE = ["level", "net", "multi_year"]


def judged_targets(targets: pl.LazyFrame, checkpoint: Checkpoint) -> pl.LazyFrame:
    """Return the one target that each district's indicator is judged on at a checkpoint.

    Of the year's targets: the latest received of each, the one in effect by ``valid_from``,
    assigned before aspired before implied, total and level before net before growth; a
    multi_year target counts from its base year on.

    Parameters
    ----------
    targets
        Target table with all vintages.
    checkpoint
        The checkpoint.

    Returns
    -------
    polars.LazyFrame
        district, indicator, target, target_upper, target_original (the first value of one
        revised in the year), target_kind, target_strength, target_source, comparison,
        start_month, target_start, own_nodes, target_year, base_year.
    """
    year = pl.col("year")
    multi = pl.col("kind") == "multi_year"
    in_force = (
        pl.when(multi)
        .then((pl.col("base_year") < checkpoint.year) & (year >= checkpoint.year))
        .otherwise(year == checkpoint.year)
    )
    effective = pl.col("valid_from").is_null() | (pl.col("valid_from") <= checkpoint.end)
    order = [
        pl.col("strength").replace_strict(STRENGTHS, [0, 1, 2], return_dtype=pl.Int64),
        pl.col("kind").replace_strict(_KIND_ORDER, return_dtype=pl.Int64),
        year,
    ]
    return (
        targets.filter(in_force, effective)
        .sort("valid_from", "received", nulls_last=False)
        .with_columns(_first=pl.col("value").first().over(TARGET_KEY))
        .unique(TARGET_KEY, keep="last", maintain_order=True)
        .sort(order, maintain_order=True)
        .unique(["district", "indicator"], keep="first", maintain_order=True)
        .select(
            "district",
            "indicator",
            pl.col("value").alias("target"),
            pl.col("value_upper").alias("target_upper"),
            pl.when(pl.col("_first") != pl.col("value"))
            .then(pl.col("_first"))
            .alias("target_original"),
            pl.col("kind").alias("target_kind"),
            pl.col("strength").alias("target_strength"),
            pl.col("source").alias("target_source"),
            "comparison",
            "start_month",
            pl.col("start_month").alias("target_start"),
            pl.col("nodes").alias("own_nodes"),
            year.alias("target_year"),
            pl.coalesce(pl.when(multi).then(pl.col("base_year")), checkpoint.year - 1).alias(
                "base_year"
            ),
        )
    )


def against_target(rows: pl.LazyFrame, checkpoint: Checkpoint) -> pl.LazyFrame:
    """Add attainment, what is due, the gap and what the rest of the year requires.

    Formulas of semantics §5 and §6, with A the figure, T the target and, for level, net and
    multi_year targets, both counted from ``target_base``: attainment = A / T; due = p·T;
    pace_gap = A − due; pace_gap_points = (A/T − p)·100; pace_ratio = A / due; gap = T − A;
    required_per_month = gap / months left; required_growth = (T − A) / (B_year − B) − 1. A
    growth target has only pace_gap_points = growth − target; a ceiling has its gap and surplus
    the other way round; a ratio has points to go and no attainment.

    Parameters
    ----------
    rows
        Metric rows with their target, growth, share_due, target_base (the December the
        increase is counted from), last_year (last year's December), measure and _growth
        (percent or points).
    checkpoint
        The checkpoint.

    Returns
    -------
    polars.LazyFrame
        Columns added: attainment, due, pace_gap, pace_gap_points, pace_ratio, gap, surplus,
        required_per_month, required_multiple, required_growth.
    """
    a, t, kind = pl.col("value"), pl.col("target"), pl.col("target_kind")
    ratio = pl.col("measure") == "ratio"
    increase = kind.is_in(INCREASE)
    own = pl.when(increase).then(a - pl.col("target_base")).otherwise(a)
    goal = pl.when(kind.is_in(["level", "multi_year"])).then(t - pl.col("target_base")).otherwise(t)
    growing = kind == "growth"
    ceiling = kind == "ceiling"
    flow = pl.col("measure") == "flow"
    rows = rows.with_columns(
        _own=pl.when(~growing).then(own), _goal=pl.when(~growing & (goal > 0)).then(goal)
    )
    own, goal, p = pl.col("_own"), pl.col("_goal"), pl.col("share_due")
    # A negative net increase is printed as a decrease and has no rate.
    rated = ~ceiling & ~ratio & ~((kind == "net") & (own < 0))
    distance = pl.when(ceiling).then(a - t).when(kind == "net").then(t - own).otherwise(t - a)
    distance = pl.when(~growing).then(distance)
    in_points = pl.col("_growth") == "points"
    growth_gap = pl.coalesce(
        pl.col("published_growth") * pl.when(in_points).then(1).otherwise(100),
        pl.col("yoy") * 100,
        pl.col("yoy_points"),
    )
    rows = rows.with_columns(
        attainment=pl.when(rated).then(own / goal),
        due=pl.when(~ceiling | flow).then(p * goal),
        _distance=distance,
        _growth_gap=pl.when(growing).then(growth_gap - t),
    ).with_columns(
        pace_gap=own - pl.col("due"),
        pace_ratio=pl.when(pl.col("due") > 0).then(own / pl.col("due")),
        pace_gap_points=pl.coalesce(
            pl.when(~ratio & ~ceiling).then((own / goal - p) * 100), pl.col("_growth_gap")
        ),
        gap=pl.when(pl.col("_distance").round(9) > 0).then(pl.col("_distance")),
        surplus=pl.when(pl.col("_distance").round(9) <= 0).then(-pl.col("_distance")),
    )
    left = checkpoint.remaining
    within = (pl.col("target_year") == checkpoint.year) & ~ceiling & (left > 0)
    required = pl.when(within).then(pl.col("gap") / max(left, 1))
    aim = pl.when(growing).then(pl.col("last_year") * (1 + t / 100)).otherwise(t)
    remainder = pl.col("last_year") - pl.col("base")
    needed = aim - a
    comparable = pl.col("yoy_reason").ne_missing("break")
    has_growth = (flow & comparable & (growing | (kind == "total")) & (pl.lit(left) > 0)) & (
        (remainder > 0) & (needed > 0)
    )
    return rows.with_columns(required_per_month=required).with_columns(
        required_multiple=pl.when((own > 0) & (pl.col("pace_rule") != "seasonal")).then(
            required / (own / checkpoint.month)
        ),
        required_growth=pl.when(has_growth).then(needed / remainder - 1),
    )
