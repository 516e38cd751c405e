"""The progress code of a figure relative to its target and pace (definitions §6)."""

from __future__ import annotations

from datetime import date

import polars as pl

from kejistats.metrics.bounds import LOWER, UPPER, quotient_bound
from kejistats.metrics.categories import decode, encode, first_match
from kejistats.metrics.lookup import TIME
from kejistats.metrics.targets import INCREASE_KINDS
from kejistats.model.settings import Thresholds
from kejistats.model.tables.indicator import FREQUENCIES
from kejistats.model.tables.metric import PROGRESS
from kejistats.model.units import COUNT_UNITS


def progress(
    rows: pl.LazyFrame, thresholds: Thresholds | None = None, as_known: date | None = None
) -> pl.LazyFrame:
    """Add ``progress``, ``target_reason`` and the ``thresholds`` used (definitions §6).

    By pace ratio: ahead from 1.05, on_pace from 1.00, near from 0.95, slow from 0.60, else behind.
    A growth target is judged by growth − target in points, with the limits +1, 0 and −0.5; a
    ceiling by p·T and T. In December of the target year a target is either done or missed.

    Parameters
    ----------
    rows
        Metric rows after `compare_with_target`.
    thresholds
        Limits; those of definitions §6 by default.
    as_known
        The day whose knowledge counts: a missing figure that is released later is not_due. None:
        every figure counts as released.

    Returns
    -------
    polars.LazyFrame
        progress: done, ahead, on_pace, near, slow, behind, not_due, masked, missing,
        no_target or no_pace. target_reason: why a target could not be applied in full.
        thresholds: the limits used, such as ``1.05;1;0.95;0.6``.

    Examples
    --------
    >>> from kejistats.metrics.targets import compare_with_target
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
    >>> progress(compare_with_target(frame)).select("progress", "thresholds").collect().row(0)
    ('ahead', '1.05;1;0.95;0.6')
    """
    limits = thresholds or Thresholds()
    a, t, kind = pl.col("value"), pl.col("target"), pl.col("target_kind")
    achieved, p = pl.col("_achieved"), pl.col("share_due")
    # Differences and quotients are rounded: a ratio of exactly 1.05, or a figure exactly at its
    # target, must not miss the limit by the noise of binary fractions.
    ratio = pl.col("pace_ratio").round(9)
    final = ((pl.col("target_year") == pl.col("year")) & (pl.col("month") == 12)).fill_null(
        value=False
    )
    judged = pl.when(kind == "net").then(achieved).otherwise(a)
    excess = (judged - t).round(9)
    must_exceed = (pl.col("comparison") == ">") & (pl.col("bound") != "more_than")
    above_range = (kind == "range") & ((a - pl.col("target_upper")).round(9) > 0)
    reached = pl.when(must_exceed).then(excess > 0).otherwise(excess >= 0)
    reached &= ~above_range.fill_null(value=False)

    by_ratio = _first_code(
        (ratio >= limits.ahead, "ahead"),
        (ratio >= limits.on_pace, "on_pace"),
        (_small_count_on_pace(limits), "on_pace"),
        (ratio >= limits.near, "near"),
        (ratio >= limits.slow, "slow"),
        otherwise="behind",
    )
    growth_gap = pl.col("_growth_gap").round(9)
    growth_reached = (growth_gap > 0) | ((growth_gap == 0) & (pl.col("comparison") != ">"))
    by_growth = _first_code(
        (growth_gap.is_null(), "no_pace"),
        (final & growth_reached, "done"),
        (final, "slow"),
        (growth_gap >= limits.growth_ahead, "ahead"),
        (growth_gap >= limits.growth_on_pace, "on_pace"),
        (growth_gap >= limits.growth_near, "near"),
        otherwise="slow",
    )
    flow = pl.col("measure") == "flow"
    within = (a - pl.when(flow & p.is_not_null()).then(p * t).otherwise(t)).round(9) <= 0
    by_ceiling = _first_code(
        ((a - t).round(9) > 0, "behind"), (final, "done"), (within, "on_pace"), otherwise="slow"
    )
    at_base = (kind == "level") & ((t - pl.col("target_base")).round(9) <= 0)
    by_total = _first_code(
        (reached, "done"),
        (final & (ratio < limits.slow), "behind"),
        (final | at_base | above_range, "slow"),
        (achieved.is_null() | p.is_null(), "no_pace"),
        (p == 0, "not_due"),
        (ratio.is_null(), "no_pace"),
        otherwise=by_ratio,
    )
    code = (
        pl.when(kind == "growth")
        .then(by_growth)
        .when(kind == "ceiling")
        .then(by_ceiling)
        .otherwise(by_total)
    )
    # Computed as columns once, because several of the columns below use them.
    rows = rows.with_columns(_code=code).with_columns(_weaker=_weaker_code(final))
    code, weaker = pl.col("_code"), pl.col("_weaker")
    uncertain = _bound_leaves_open(kind) & (weaker != code)
    interval = encode(pl.col("frequency"), [*FREQUENCIES], [*FREQUENCIES.values()])
    not_due_yet = (pl.col("month") % interval != 0) | unreleased(as_known)
    before_node = t.is_not_null() & (p == 0)
    status = pl.col("status")
    missing = status == "missing"
    progress = _first_code(
        (status == "masked", "masked"),
        (missing & (not_due_yet | before_node), "not_due"),
        (missing, "missing"),
        (t.is_null() | (status == "not_applicable"), "no_target"),
        otherwise=pl.when(uncertain).then(weaker).otherwise(code),
    )
    reason = first_match(
        (t.is_null(), None),
        (status == "masked", "figure_masked"),
        (missing, "figure_missing"),
        (status == "not_applicable", "not_applicable"),
        (uncertain, "bound_open"),
        (a.is_not_null() & _bounds_contradict(kind) & ~_base_year_unfinished(), "bound_open"),
        ((kind == "growth") & growth_gap.is_null(), "growth_missing"),
        (_base_year_unfinished(), "year_unfinished"),
        (kind.is_in(["level", "net", "multi_year"]) & pl.col("target_base").is_null(),
         "base_missing"),
        ((pl.col("pace_rule") == "seasonal") & p.is_null(), "no_profile"),
        ((t <= 0) & ~kind.is_in(["growth", "ceiling"]), "zero_target"),
    )  # fmt: skip
    limits_used = first_match(
        (t.is_null() | (kind == "ceiling"), None),
        (kind == "growth",
         _format_limits(limits.growth_ahead, limits.growth_on_pace, limits.growth_near)),
        otherwise=_format_limits(limits.ahead, limits.on_pace, limits.near, limits.slow),
    )  # fmt: skip
    return rows.with_columns(
        progress=decode(progress, PROGRESS), target_reason=reason, thresholds=limits_used
    ).drop("_code", "_weaker")


def _first_code(*cases: tuple[pl.Expr, str], otherwise: str | pl.Expr) -> pl.Expr:
    """Return the number in PROGRESS of the first case whose condition is true."""
    code = _progress_number(otherwise) if isinstance(otherwise, str) else otherwise
    for condition, name in reversed(cases):
        code = pl.when(condition).then(_progress_number(name)).otherwise(code)
    return code


def _progress_number(name: str) -> pl.Expr:
    """Return the number of a progress code in PROGRESS."""
    return pl.lit(PROGRESS.index(name), dtype=pl.Int8)


def _base_year_unfinished() -> pl.Expr:
    """Return whether the flow of part of a year would be compared with that of a full base year."""
    multi = pl.col("target_kind") == "multi_year"
    return multi & (pl.col("measure") == "flow") & (pl.col("month") < 12)


def _format_limits(*limits: float) -> str:
    """Return limits as the column thresholds has them."""
    return ";".join(f"{limit:g}" for limit in limits)


def unreleased(as_known: date | None) -> pl.Expr:
    """Return whether a figure cannot exist yet on a day, its release being later (definitions §3).

    Parameters
    ----------
    as_known
        The day whose knowledge counts; None: every figure counts as released.

    Returns
    -------
    polars.Expr
        Over year, month and release (months from the end of the period to the figure).

    Examples
    --------
    >>> rows = pl.DataFrame({"year": 2025, "month": [6, 5], "release": 1})
    >>> rows.select(unreleased(date(2025, 6, 30))).to_series().to_list()
    [True, False]
    """
    if as_known is None:
        return pl.lit(value=False)
    earliest = TIME + pl.col("release")
    return earliest > as_known.year * 12 + as_known.month


def _bounds_contradict(kind: pl.Expr) -> pl.Expr:
    """Return whether the bounds of a figure and its base leave the increase unknown."""
    increase = kind.is_in(INCREASE_KINDS) & pl.col("target_base").is_not_null()
    return increase & pl.col("_achieved_bound").is_null()


def _bound_leaves_open(kind: pl.Expr) -> pl.Expr:
    """Return whether the bound of the judged amount allows for a worse status.

    An upper bound (近、不足) does, and under a ceiling a lower one. An increase has the bound of
    the figure minus its base, growth that of the rate. An increase of unknown bound, from bounds
    that contradict each other, counts as an upper bound.
    """
    increase = quotient_bound("bound", "target_base_bound").fill_null("at_most")
    growth = pl.when(pl.col("published_growth").is_null()).then(pl.col("yoy_bound"))
    judged = (
        pl.when(kind == "growth")
        .then(growth)
        .when(kind.is_in(INCREASE_KINDS) & pl.col("target_base").is_not_null())
        .then(increase)
        .otherwise(pl.col("bound"))
    )
    return pl.when(kind == "ceiling").then(judged.is_in(LOWER)).otherwise(judged.is_in(UPPER))


def _weaker_code(final: pl.Expr) -> pl.Expr:
    """Return the weaker of the two codes that an uncertain figure lies between (definitions §6).

    A status that says that the target is missed is certain and stays unchanged.
    """
    code = pl.col("_code")
    done, ahead, on_pace = (code == _progress_number(name) for name in ("done", "ahead", "on_pace"))
    ceiling = pl.col("target_kind") == "ceiling"
    return _first_code(
        ((done | on_pace) & (final | ceiling), "slow"),
        (done & pl.col("pace_ratio").is_null(), "no_pace"),
        (done, "ahead"),
        (ahead, "on_pace"),
        (on_pace, "near"),
        otherwise=code,
    )


def _small_count_on_pace(limits: Thresholds) -> pl.Expr:
    """Return whether a count with a small target reaches ⌊due⌋, and so is on pace (definitions §6)."""
    small = pl.col("unit").is_in(sorted(COUNT_UNITS)) & (pl.col("_to_achieve") < limits.small_count)
    return small & (pl.col("_achieved") >= pl.col("due").round(9).floor())
