"""The progress code of a figure against its target and pace (semantics §6)."""

from __future__ import annotations

import polars as pl

from kejistats.metrics.bounds import LOWER, UPPER, quotient
from kejistats.metrics.targets import INCREASE
from kejistats.period import Checkpoint
from kejistats.schema.indicator import FREQUENCIES
from kejistats.settings import Thresholds
from kejistats.units import WHOLE


def progress(
    rows: pl.LazyFrame, checkpoint: Checkpoint, thresholds: Thresholds | None = None
) -> pl.LazyFrame:
    """Add ``progress`` and ``target_reason``.

    Parameters
    ----------
    rows
        Metric rows after `against_target`.
    checkpoint
        The checkpoint; in December a target is only reached or not.
    thresholds
        Limits; those of semantics §6 by default.

    Returns
    -------
    polars.LazyFrame
        progress: done, ahead, on_pace, near, slow, behind, not_due, masked, missing,
        no_target or no_pace. target_reason: why a target could not be applied in full.
    """
    limits = thresholds or Thresholds()
    a, t, kind = pl.col("value"), pl.col("target"), pl.col("target_kind")
    own, p = pl.col("_own"), pl.col("share_due")
    # What is exactly 1.05 or exactly the target on paper must be so here: differences and
    # quotients carry noise of binary fractions in their last digits.
    ratio = pl.col("pace_ratio").round(9)
    final = (
        pl.col("target_year") == checkpoint.year if checkpoint.month == 12 else pl.lit(value=False)
    )
    judged = pl.when(kind == "net").then(own).otherwise(a)
    ahead = (judged - t).round(9)
    more = (pl.col("comparison") == ">") & (pl.col("bound") != "more_than")
    above = (kind == "range") & (a > pl.col("target_upper"))
    reached = pl.when(more).then(ahead > 0).otherwise(ahead >= 0)
    reached &= ~above.fill_null(value=False)

    by_ratio = (
        pl.when(ratio >= limits.ahead)
        .then(pl.lit("ahead"))
        .when(ratio >= limits.on_pace)
        .then(pl.lit("on_pace"))
        .when(_small_count_on_pace(limits))
        .then(pl.lit("on_pace"))
        .when(ratio >= limits.near)
        .then(pl.lit("near"))
        .when(ratio >= limits.slow)
        .then(pl.lit("slow"))
        .otherwise(pl.lit("behind"))
    )
    over = pl.col("_growth_gap").round(9)
    by_growth = (
        pl.when(over.is_null())
        .then(pl.lit("no_pace"))
        .when(final)
        .then(
            pl.when((over > 0) | ((over == 0) & (pl.col("comparison") != ">")))
            .then(pl.lit("done"))
            .otherwise(pl.lit("slow"))
        )
        .when(over >= limits.growth_ahead)
        .then(pl.lit("ahead"))
        .when(over >= limits.growth_on_pace)
        .then(pl.lit("on_pace"))
        .when(over >= limits.growth_near)
        .then(pl.lit("near"))
        .otherwise(pl.lit("slow"))
    )
    flow = pl.col("measure") == "flow"
    within = (a - pl.when(flow & p.is_not_null()).then(p * t).otherwise(t)).round(9) <= 0
    by_ceiling = (
        pl.when(a > t)
        .then(pl.lit("behind"))
        .when(final)
        .then(pl.lit("done"))
        .when(within)
        .then(pl.lit("on_pace"))
        .otherwise(pl.lit("slow"))
    )
    hold = (kind == "level") & (t <= pl.col("target_base"))
    unmet = pl.when(ratio < limits.slow).then(pl.lit("behind")).otherwise(pl.lit("slow"))
    by_total = (
        pl.when(reached)
        .then(pl.lit("done"))
        .when(final)
        .then(unmet)
        .when(hold | above)
        .then(pl.lit("slow"))
        .when(own.is_null() | p.is_null())
        .then(pl.lit("no_pace"))
        .when(p == 0)
        .then(pl.lit("not_due"))
        .when(ratio.is_null())
        .then(pl.lit("no_pace"))
        .otherwise(by_ratio)
    )
    code = (
        pl.when(kind == "growth")
        .then(by_growth)
        .when(kind == "ceiling")
        .then(by_ceiling)
        .otherwise(by_total)
    )
    weaker = _weaker(code, final)
    unsure = _open(kind) & (weaker != code)
    coming = (
        pl.lit(checkpoint.month)
        % pl.col("frequency").replace_strict(FREQUENCIES, return_dtype=pl.Int64)
        != 0
    )
    before_node = t.is_not_null() & (p == 0)
    status = pl.col("status")
    return rows.with_columns(
        progress=pl.when(status == "masked")
        .then(pl.lit("masked"))
        .when((status == "missing") & (coming | before_node))
        .then(pl.lit("not_due"))
        .when(status == "missing")
        .then(pl.lit("missing"))
        .when(t.is_null() | (status == "not_applicable"))
        .then(pl.lit("no_target"))
        .when(unsure)
        .then(weaker)
        .otherwise(code),
        target_reason=pl.when(t.is_null())
        .then(None)
        .when(status == "masked")
        .then(pl.lit("figure_masked"))
        .when(status == "missing")
        .then(pl.lit("figure_missing"))
        .when(status == "not_applicable")
        .then(pl.lit("not_applicable"))
        .when(unsure)
        .then(pl.lit("bound_open"))
        .when((kind == "growth") & over.is_null())
        .then(pl.lit("growth_missing"))
        .when(kind.is_in(["level", "net", "multi_year"]) & pl.col("target_base").is_null())
        .then(pl.lit("base_missing"))
        .when((pl.col("pace_rule") == "seasonal") & p.is_null())
        .then(pl.lit("no_profile"))
        .when((t <= 0) & ~kind.is_in(["growth", "ceiling"]))
        .then(pl.lit("zero_target")),
    )


def _open(kind: pl.Expr) -> pl.Expr:
    """Return where the bound of what is judged leaves a worse status open.

    An upper bound (近、不足) does, and under a ceiling a lower one. An increase has the bound of
    the figure over its base, growth that of the rate; where the two contradict each other the
    increase may be anything, and is taken for an upper bound.
    """
    increase = quotient("bound", "target_base_bound").fill_null("at_most")
    growth = pl.when(pl.col("published_growth").is_null()).then(pl.col("yoy_bound"))
    judged = (
        pl.when(kind == "growth")
        .then(growth)
        .when(kind.is_in(INCREASE) & pl.col("target_base").is_not_null())
        .then(increase)
        .otherwise(pl.col("bound"))
    )
    return pl.when(kind == "ceiling").then(judged.is_in(LOWER)).otherwise(judged.is_in(UPPER))


def _weaker(code: pl.Expr, final: pl.Expr) -> pl.Expr:
    """Return the weaker of the two codes that an open comparison lies between (semantics §6).

    A status that says the target is not reached is sure, and stays.
    """
    down = {"done": "ahead", "ahead": "on_pace", "on_pace": "near"}
    ceiling = pl.col("target_kind") == "ceiling"
    return (
        pl.when(code.is_in(["done", "on_pace"]) & (final | ceiling))
        .then(pl.lit("slow"))
        .when((code == "done") & pl.col("pace_ratio").is_null())
        .then(pl.lit("no_pace"))
        .otherwise(code.replace(down))
    )


def _small_count_on_pace(limits: Thresholds) -> pl.Expr:
    """A count with a small target is on pace when it reaches ⌊due⌋ (semantics §6)."""
    small = pl.col("unit").is_in(sorted(WHOLE)) & (pl.col("_goal") < limits.small_count)
    return small & (pl.col("_own") >= pl.col("due").round(9).floor())
