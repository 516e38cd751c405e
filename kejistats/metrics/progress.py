"""The progress code of a figure against its target and pace (definitions §6)."""

from __future__ import annotations

from datetime import date

import polars as pl

from kejistats.metrics.bounds import LOWER, UPPER, quotient
from kejistats.metrics.categories import decode, encode, first_match
from kejistats.metrics.lookup import TIME
from kejistats.metrics.targets import INCREASE
from kejistats.model.settings import Thresholds
from kejistats.model.tables.indicator import FREQUENCIES
from kejistats.model.tables.metric import PROGRESS
from kejistats.model.units import COUNT_UNITS


def progress(
    rows: pl.LazyFrame, thresholds: Thresholds | None = None, as_known: date | None = None
) -> pl.LazyFrame:
    """Add ``progress``, ``target_reason`` and the ``thresholds`` used (definitions §6).

    ahead from a pace ratio of 1.05 on, on_pace from 1.00, near from 0.95, slow from 0.60, behind
    below; a growth target by growth − g in points: +1, 0, −0.5; a ceiling by p·T and T. In
    December a target is only reached or not.

    Parameters
    ----------
    rows
        Metric rows after `compare_with_target`.
    thresholds
        Limits; those of definitions §6 by default.
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

    by_ratio = _code(
        (ratio >= limits.ahead, "ahead"),
        (ratio >= limits.on_pace, "on_pace"),
        (_small_count_on_pace(limits), "on_pace"),
        (ratio >= limits.near, "near"),
        (ratio >= limits.slow, "slow"),
        otherwise="behind",
    )
    over = pl.col("_growth_gap").round(9)
    enough = (over > 0) | ((over == 0) & (pl.col("comparison") != ">"))
    by_growth = _code(
        (over.is_null(), "no_pace"),
        (final & enough, "done"),
        (final, "slow"),
        (over >= limits.growth_ahead, "ahead"),
        (over >= limits.growth_on_pace, "on_pace"),
        (over >= limits.growth_near, "near"),
        otherwise="slow",
    )
    flow = pl.col("measure") == "flow"
    within = (a - pl.when(flow & p.is_not_null()).then(p * t).otherwise(t)).round(9) <= 0
    by_ceiling = _code(
        ((a - t).round(9) > 0, "behind"), (final, "done"), (within, "on_pace"), otherwise="slow"
    )
    hold = (kind == "level") & ((t - pl.col("target_base")).round(9) <= 0)
    by_total = _code(
        (reached, "done"),
        (final & (ratio < limits.slow), "behind"),
        (final | hold | above, "slow"),
        (own.is_null() | p.is_null(), "no_pace"),
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
    # Worked out once and named, for several of the columns below ask for it.
    rows = rows.with_columns(_code=code).with_columns(_weaker=_weaker(final))
    code, weaker = pl.col("_code"), pl.col("_weaker")
    unsure = _open(kind) & (weaker != code)
    every = encode(pl.col("frequency"), [*FREQUENCIES], [*FREQUENCIES.values()])
    coming = (pl.col("month") % every != 0) | unreleased(as_known)
    before_node = t.is_not_null() & (p == 0)
    status = pl.col("status")
    missing = status == "missing"
    progress = _code(
        (status == "masked", "masked"),
        (missing & (coming | before_node), "not_due"),
        (missing, "missing"),
        (t.is_null() | (status == "not_applicable"), "no_target"),
        otherwise=pl.when(unsure).then(weaker).otherwise(code),
    )
    reason = first_match(
        (t.is_null(), None),
        (status == "masked", "figure_masked"),
        (missing, "figure_missing"),
        (status == "not_applicable", "not_applicable"),
        (unsure, "bound_open"),
        (a.is_not_null() & _contradicting(kind) & ~_unfinished(), "bound_open"),
        ((kind == "growth") & over.is_null(), "growth_missing"),
        (_unfinished(), "year_unfinished"),
        (kind.is_in(["level", "net", "multi_year"]) & pl.col("target_base").is_null(),
         "base_missing"),
        ((pl.col("pace_rule") == "seasonal") & p.is_null(), "no_profile"),
        ((t <= 0) & ~kind.is_in(["growth", "ceiling"]), "zero_target"),
    )  # fmt: skip
    used = first_match(
        (t.is_null() | (kind == "ceiling"), None),
        (kind == "growth",
         _spelled(limits.growth_ahead, limits.growth_on_pace, limits.growth_near)),
        otherwise=_spelled(limits.ahead, limits.on_pace, limits.near, limits.slow),
    )  # fmt: skip
    return rows.with_columns(
        progress=decode(progress, PROGRESS), target_reason=reason, thresholds=used
    ).drop("_code", "_weaker")


def _code(*cases: tuple[pl.Expr, str], otherwise: str | pl.Expr) -> pl.Expr:
    """Return the place in PROGRESS of the first case that holds."""
    place = _place(otherwise) if isinstance(otherwise, str) else otherwise
    for condition, name in reversed(cases):
        place = pl.when(condition).then(_place(name)).otherwise(place)
    return place


def _place(name: str) -> pl.Expr:
    return pl.lit(PROGRESS.index(name), dtype=pl.Int8)


def _unfinished() -> pl.Expr:
    """Return where the part of a year cannot be held against the whole base year of its target."""
    multi = pl.col("target_kind") == "multi_year"
    return multi & (pl.col("measure") == "flow") & (pl.col("month") < 12)


def _spelled(*limits: float) -> str:
    return ";".join(f"{limit:g}" for limit in limits)


def unreleased(as_known: date | None) -> pl.Expr:
    """Return where no figure can exist yet on a day: its release lies in a later month (definitions §3).

    Parameters
    ----------
    as_known
        The day whose knowledge counts; None: nothing is held to be still to come.

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


def _weaker(final: pl.Expr) -> pl.Expr:
    """Return the weaker of the two codes that an open comparison lies between (definitions §6).

    A status that says the target is not reached is sure, and stays.
    """
    code = pl.col("_code")
    done, ahead, on_pace = (code == _place(name) for name in ("done", "ahead", "on_pace"))
    ceiling = pl.col("target_kind") == "ceiling"
    return _code(
        ((done | on_pace) & (final | ceiling), "slow"),
        (done & pl.col("pace_ratio").is_null(), "no_pace"),
        (done, "ahead"),
        (ahead, "on_pace"),
        (on_pace, "near"),
        otherwise=code,
    )


def _small_count_on_pace(limits: Thresholds) -> pl.Expr:
    """A count with a small target is on pace when it reaches ⌊due⌋ (definitions §6)."""
    small = pl.col("unit").is_in(sorted(COUNT_UNITS)) & (pl.col("_goal") < limits.small_count)
    return small & (pl.col("_own") >= pl.col("due").round(9).floor())
