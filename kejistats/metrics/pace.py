"""序时进度: the share of a year's target that is due at a checkpoint (semantics §6)."""

from __future__ import annotations

import polars as pl

from kejistats.metrics.totals import in_order
from kejistats.period import Checkpoint

YEARS = 3
LEAST_YEARS = 2
LEAST_YEARLY = 10.0


def node_share(nodes: str | None, month: int) -> float | None:
    """Return the share due by steps such as ``6:0.4;12:1``; 0 before the first node.

    Nodes are steps and never interpolated.

    Examples
    --------
    >>> node_share("6:0.4;9:0.8;12:1", 8), node_share("6:0.4;12:1", 5), node_share(None, 6)
    (0.4, 0.0, None)
    """
    if nodes is None:
        return None
    steps = sorted((int(m), float(s)) for m, s in (step.split(":") for step in nodes.split(";")))
    return max((share for at, share in steps if at <= month), default=0.0)


def seasonal_profile(
    observations: pl.LazyFrame, districts: pl.DataFrame, checkpoint: Checkpoint
) -> pl.LazyFrame:
    """Return the share of the year that past years had reached by this month.

    Pooled Σx(m) / ΣX(year) over the last up to three comparable years, needing at least two,
    each with a yearly figure of at least 10; else the profile of the district's parent. Years
    are comparable that carry the break_id of the latest figure.

    Parameters
    ----------
    observations
        Observation table, one row per key.
    districts
        District table.
    checkpoint
        The checkpoint whose share is wanted.

    Returns
    -------
    polars.LazyFrame
        district, indicator, profile (fraction), profile_low, profile_high (lowest and highest
        year), profile_years (text such as ``2022、2023、2024``; the parent's begin with 上级).
    """
    window = pl.col("year").is_between(checkpoint.year - YEARS, checkpoint.year - 1)
    usable = (pl.col("status") == "reported") & (pl.col("level") == "") & window
    key = ["district", "indicator", "year", "break_id"]
    past = observations.filter(usable).select(*key, "month", "value")
    part = past.filter(pl.col("month") == checkpoint.month).select(*key, part=pl.col("value"))
    year = past.filter(pl.col("month") == 12).select(*key, whole=pl.col("value"))
    latest = (
        observations.filter(pl.col("status") == "reported", pl.col("level") == "")
        .sort("year", "month")
        .unique(["district", "indicator"], keep="last", maintain_order=True)
        .select("district", "indicator", "break_id")
    )
    both = (
        part.join(year, on=key, nulls_equal=True)
        .filter(pl.col("whole") >= LEAST_YEARLY, pl.col("part") >= 0)
        .join(latest, on=["district", "indicator", "break_id"], how="semi", nulls_equal=True)
        .sort("year")
    )
    pooled = (
        both.group_by("district", "indicator", maintain_order=True)
        .agg(
            (in_order(pl.col("part"), "year") / in_order(pl.col("whole"), "year")).alias("profile"),
            (pl.col("part") / pl.col("whole")).min().alias("profile_low"),
            (pl.col("part") / pl.col("whole")).max().alias("profile_high"),
            pl.col("year").sort().cast(pl.String).str.join("、").alias("profile_years"),
            pl.len().alias("_years"),
        )
        .filter(pl.col("_years") >= LEAST_YEARS)
        .drop("_years")
    )
    parents = districts.lazy().filter(pl.col("parent").is_not_null())
    inherited = (
        parents.select(pl.col("code").alias("_own"), "parent")
        .join(pooled, left_on="parent", right_on="district")
        .select(
            pl.col("_own").alias("district"),
            "indicator",
            "profile",
            "profile_low",
            "profile_high",
            ("上级" + pl.col("profile_years")).alias("profile_years"),
        )
        .join(pooled, on=["district", "indicator"], how="anti")
    )
    return pl.concat([pooled, inherited])


def share_due(targets: pl.LazyFrame, checkpoint: Checkpoint) -> pl.LazyFrame:
    """Add the rule applied and the share of the target due.

    linear: elapsed months ÷ 12, counted through ``as_of`` where it is given, and from
    ``start_month`` for a target that starts within the year; half: 50 % in June; nodes: steps;
    seasonal: the profile; in December everything is due whatever the rule. A multi_year target
    is paced by the time elapsed between its base and its own December.

    Parameters
    ----------
    targets
        Rows with target_kind, pace (the registry's rule), nodes, own_nodes, start_month,
        target_year, base_year, as_of, profile, profile_low, profile_high and profile_years.

    Returns
    -------
    polars.LazyFrame
        Columns added: pace_rule, share_due, share_due_low, share_due_high, pace_years.
    """
    month = checkpoint.month
    nodes = pl.coalesce("own_nodes", "nodes")
    stepped = nodes.map_elements(lambda n: node_share(n, month), return_dtype=pl.Float64)
    in_year = pl.col("as_of").dt.year() == checkpoint.year
    through = (
        pl.col("as_of").dt.month()
        - 1
        + pl.col("as_of").dt.day() / pl.col("as_of").dt.month_end().dt.day()
    )
    elapsed = pl.when(in_year).then(through).otherwise(float(month))
    start = pl.col("start_month")
    linear = ((elapsed - start) / (12 - start)).clip(0.0, 1.0)
    since_base = (checkpoint.year - pl.col("base_year") - 1) * 12 + elapsed
    term = since_base / ((pl.col("target_year") - pl.col("base_year")) * 12)
    rule = (
        pl.when(pl.col("target").is_null())
        .then(None)
        .when(pl.col("target_kind") == "growth")
        .then(pl.lit("none"))
        .when(pl.col("target_kind") == "multi_year")
        .then(pl.lit("elapsed"))
        .when(pl.col("own_nodes").is_not_null())
        .then(pl.lit("nodes"))
        .otherwise(pl.col("pace"))
    )
    half = 1.0 if month == 12 else 0.5 if month >= 6 else 0.0
    share = (
        pl.when(pl.col("pace_rule") == "elapsed")
        .then(term)
        .when(pl.col("pace_rule").is_null() | (pl.col("target_kind") == "growth"))
        .then(None)
        .when(month == 12)
        .then(1.0)
        .when(pl.col("pace_rule") == "linear")
        .then(linear)
        .when(pl.col("pace_rule") == "half")
        .then(half)
        .when(pl.col("pace_rule") == "nodes")
        .then(stepped)
        .when(pl.col("pace_rule") == "seasonal")
        .then(pl.col("profile"))
    )
    seasonal = (pl.col("pace_rule") == "seasonal") & (month != 12)
    return targets.with_columns(pace_rule=rule).with_columns(
        share_due=share,
        share_due_low=pl.when(seasonal).then(pl.col("profile_low")),
        share_due_high=pl.when(seasonal).then(pl.col("profile_high")),
        pace_years=pl.when(seasonal).then(pl.col("profile_years")),
    )
