"""The progress code of a figure against its target and pace (semantics §6)."""

from __future__ import annotations

from datetime import date

import polars as pl

from kejistats.metrics.bounds import LOWER, UPPER, quotient
from kejistats.metrics.targets import INCREASE
from kejistats.schema.indicator import FREQUENCIES
from kejistats.settings import Thresholds
from kejistats.units import WHOLE


def progress(
    rows: pl.LazyFrame, thresholds: Thresholds | None = None, as_known: date | None = None
) -> pl.LazyFrame:
    """Add ``progress``, ``target_reason`` and the ``thresholds`` used (semantics §6).

    ahead from a pace ratio of 1.05 on, on_pace from 1.00, near from 0.95, slow from 0.60, behind
    below; a growth target by growth − g in points: +1, 0, −0.5; a ceiling by p·T and T. In
    December a target is only reached or not.

    Parameters
    ----------
    rows
        Metric rows after `against_target`.
    thresholds
        Limits; those of semantics §6 by default.
    as_known
        The day whose knowledge counts: what is missing before its release is then not_due.

    Returns
    -------
    polars.LazyFrame
        progress: done, ahead, on_pace, near, slow, behind, not_due, masked, missing,
        no_target or no_pace. target_reason: why a target could not be applied in full.
        thresholds: the limits a code was chosen by, such as ``1.05;1;0.95;0.6``.

    Examples
    --------
    >>> from kejistats.metrics.targets import against_target
    >>> texts = ["target_base_bound", "yoy_reason", "yoy_bound"]
    >>> row = dict.fromkeys(["target_base", "yoy", "yoy_points", "published_growth", "year_end",
    ...     "base", "base_year", "target_upper", *texts])
    >>> row |= {"value": 105.0, "bound": "exact", "status": "reported", "target": 205.0,
    ...     "target_kind": "total", "measure": "flow", "_growth": "percent", "unit": "件",
    ...     "share_due": 5 / 12, "pace_rule": "linear", "year": 2025, "month": 5,
    ...     "target_year": 2025, "as_of": None, "comparison": ">=", "frequency": "month",
    ...     "release": 1}
    >>> types = {"as_of": pl.Date} | {c: pl.String for c in texts}
    >>> types |= {c: pl.Float64 for c, v in row.items() if v is None and c not in types}
    >>> frame = pl.LazyFrame([row], schema_overrides=types)
    >>> progress(against_target(frame)).select("progress", "thresholds").collect().row(0)
    ('ahead', '1.05;1;0.95;0.6')
    """
    limits = thresholds or Thresholds()
    a, t, kind = pl.col("value"), pl.col("target"), pl.col("target_kind")
    own, p = pl.col("_own"), pl.col("share_due")
    # What is exactly 1.05 or exactly the target on paper must be so here: differences and
    # quotients carry noise of binary fractions in their last digits.
    ratio = pl.col("pace_ratio").round(9)
    final = ((pl.col("target_year") == pl.col("year")) & (pl.col("month") == 12)).fill_null(
        value=False
    )
    judged = pl.when(kind == "net").then(own).otherwise(a)
    ahead = (judged - t).round(9)
    more = (pl.col("comparison") == ">") & (pl.col("bound") != "more_than")
    above = (kind == "range") & ((a - pl.col("target_upper")).round(9) > 0)
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
        pl.when((a - t).round(9) > 0)
        .then(pl.lit("behind"))
        .when(final)
        .then(pl.lit("done"))
        .when(within)
        .then(pl.lit("on_pace"))
        .otherwise(pl.lit("slow"))
    )
    hold = (kind == "level") & ((t - pl.col("target_base")).round(9) <= 0)
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
        pl.col("month") % pl.col("frequency").replace_strict(FREQUENCIES, return_dtype=pl.Int64)
        != 0
    ) | _unreleased(as_known)
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
        .when(pl.col("value").is_not_null() & _contradicting(kind) & ~_unfinished())
        .then(pl.lit("bound_open"))
        .when((kind == "growth") & over.is_null())
        .then(pl.lit("growth_missing"))
        .when(_unfinished())
        .then(pl.lit("year_unfinished"))
        .when(kind.is_in(["level", "net", "multi_year"]) & pl.col("target_base").is_null())
        .then(pl.lit("base_missing"))
        .when((pl.col("pace_rule") == "seasonal") & p.is_null())
        .then(pl.lit("no_profile"))
        .when((t <= 0) & ~kind.is_in(["growth", "ceiling"]))
        .then(pl.lit("zero_target")),
        thresholds=pl.when(t.is_null())
        .then(None)
        .when(kind == "growth")
        .then(pl.lit(_spelled(limits.growth_ahead, limits.growth_on_pace, limits.growth_near)))
        .when(kind != "ceiling")
        .then(pl.lit(_spelled(limits.ahead, limits.on_pace, limits.near, limits.slow))),
    )


def _unfinished() -> pl.Expr:
    """Return where the part of a year cannot be held against the whole base year of its target."""
    multi = pl.col("target_kind") == "multi_year"
    return multi & (pl.col("measure") == "flow") & (pl.col("month") < 12)


def _spelled(*limits: float) -> str:
    return ";".join(f"{limit:g}" for limit in limits)


def _unreleased(as_known: date | None) -> pl.Expr:
    """Return where no figure can exist yet on a day: its release lies in a later month (§3)."""
    if as_known is None:
        return pl.lit(value=False)
    earliest = pl.col("year") * 12 + pl.col("month") + pl.col("release")
    return earliest > as_known.year * 12 + as_known.month


def _contradicting(kind: pl.Expr) -> pl.Expr:
    """Return where the bounds of a figure and its base leave nothing to be said of the increase."""
    increase = kind.is_in(INCREASE) & pl.col("target_base").is_not_null()
    return increase & pl.col("_own_bound").is_null()


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
