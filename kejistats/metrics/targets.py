"""Which target is judged, and where a figure stands against it (definitions §5, §6)."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from kejistats.metrics.bounds import combined, opposite, quotient, side
from kejistats.metrics.compound import cagr, cagr_ratio, required_cagr
from kejistats.metrics.pace import elapsed
from kejistats.model.period import Checkpoint
from kejistats.model.tables.target import STRENGTHS, TARGET_KEY

# Each has a place of its own, so that the choice never depends on the order of rows.
_KIND_ORDER = {
    "total": 0, "level": 1, "ceiling": 2, "range": 3, "net": 4, "growth": 5, "multi_year": 6,
}  # fmt: skip
INCREASE = ["level", "net", "multi_year"]
_CELL = ["district", "indicator"]


def judged_targets(
    targets: pl.LazyFrame, checkpoints: Checkpoint | Iterable[Checkpoint]
) -> pl.LazyFrame:
    """Return the one target that each district's indicator is judged on at a checkpoint.

    Of the year's targets: the latest received of each, the one in effect by ``valid_from``,
    assigned before aspired before implied, total and level before net before growth
    (definitions §5); a multi_year target counts from its base year on.

    Parameters
    ----------
    targets
        Target table with all vintages.
    checkpoints
        One checkpoint or several.

    Returns
    -------
    polars.LazyFrame
        district, indicator, year, month (the checkpoint), target, target_upper, target_original
        (the first value of one revised in the year), target_kind, target_strength, target_source,
        comparison, start_month, target_start, own_nodes, target_year, base_year.

    Examples
    --------
    >>> from kejistats.model.tables import Target
    >>> rows = [("total", 160.0, "aspired"), ("total", 150.0, "assigned")]
    >>> frame = Target.conform(pl.DataFrame([
    ...     {"district": "1", "indicator": "i", "year": 2025, "kind": k, "value": v,
    ...      "comparison": ">=", "strength": s, "start_month": 0, "reported": "",
    ...      "source": "t.csv#E2", "intake_id": "000001-00000000"} for k, v, s in rows]))
    >>> judged_targets(frame.lazy(), Checkpoint(2025, 6)).collect()["target"].to_list()
    [150.0]
    """
    asked = [checkpoints] if isinstance(checkpoints, Checkpoint) else list(checkpoints)
    at = pl.LazyFrame(
        {
            "_year": [c.year for c in asked],
            "month": [c.month for c in asked],
            "_end": [c.end for c in asked],
        },
        schema={"_year": pl.Int64, "month": pl.Int64, "_end": pl.Date},
    )
    years = sorted({c.year for c in asked})
    multi = pl.col("kind") == "multi_year"
    ordinary = targets.filter(~multi, pl.col("year").is_in(years))
    # Most stand alone in their year and need not be chosen anew for every month of it.
    alone = (pl.len() == 1).over([*_CELL, "year"]) & pl.col("valid_from").is_null()
    terms = targets.filter(
        multi, pl.col("base_year") < max(years, default=0), pl.col("year") >= min(years, default=0)
    )
    simple = ordinary.filter(alone).join(terms, on=_CELL, how="anti")
    several = ordinary.join(simple, on=[*_CELL, "year"], how="anti")
    candidates = pl.concat([several, terms]).join(at, how="cross")
    in_force = (
        pl.when(multi)
        .then((pl.col("base_year") < pl.col("_year")) & (pl.col("year") >= pl.col("_year")))
        .otherwise(pl.col("year") == pl.col("_year"))
    )
    effective = pl.col("valid_from").is_null() | (pl.col("valid_from") <= pl.col("_end"))
    when = ["_year", "month"]
    order = [
        pl.col("strength").replace_strict(STRENGTHS, [0, 1, 2], return_dtype=pl.Int64),
        pl.col("kind").replace_strict(_KIND_ORDER, return_dtype=pl.Int64),
        "year",
    ]
    chosen = (
        candidates.filter(in_force, effective)
        .sort("valid_from", "intake_id", nulls_last=False)
        .with_columns(_first=pl.col("value").first().over([*TARGET_KEY, *when]))
        .unique([*TARGET_KEY, *when], keep="last", maintain_order=True)
        .sort(order, maintain_order=True)
        .unique([*_CELL, *when], keep="first", maintain_order=True)
    )
    # In the order that checkpoints and keys have, so that they need not be sorted by the row.
    only = at.join(
        simple.sort(_CELL).with_columns(_first="value"),
        left_on="_year",
        right_on="year",
        coalesce=False,
        maintain_order="left_right",
    )
    judged = pl.concat([only.select(chosen.collect_schema().names()), chosen])
    return judged.select(
        *_CELL,
        pl.col("_year").alias("year"),
        "month",
        pl.col("value").alias("target"),
        pl.col("value_upper").alias("target_upper"),
        pl.when(pl.col("_first") != pl.col("value")).then("_first").alias("target_original"),
        pl.col("kind").alias("target_kind"),
        pl.col("strength").alias("target_strength"),
        pl.col("source").alias("target_source"),
        "comparison",
        "start_month",
        pl.col("start_month").alias("target_start"),
        pl.col("nodes").alias("own_nodes"),
        pl.col("year").alias("target_year"),
        pl.coalesce(
            pl.when(pl.col("kind") == "multi_year").then("base_year"), pl.col("_year") - 1
        ).alias("base_year"),
    )


def compare_with_target(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Add attainment, what is due, the gap and what the rest of the year requires.

    Formulas of definitions §5 and §6, with A the figure, T the target and, for level, net and
    multi_year targets, both counted from ``target_base``: attainment = A / T; due = p·T;
    pace_gap = A − due; pace_gap_points = (A/T − p)·100; pace_ratio = A / due; gap = T − A;
    required_per_month = gap / months left; required_growth = (T − A) / (B_year − B) − 1. A
    growth target has only pace_gap_points = growth − target; a ceiling has its gap and surplus
    the other way round; a ratio has points to go and no attainment. Of a multi_year target the
    observed and the required CAGR stand beside it.

    Parameters
    ----------
    rows
        Metric rows with their target, growth, share_due, target_base (the December the
        increase is counted from), year_end (last year's December), measure and _growth
        (percent or points); bounds of the figure and of its bases.

    Returns
    -------
    polars.LazyFrame
        Columns added: attainment (fraction) and attainment_bound; due, pace_gap (units),
        pace_gap_points, pace_ratio; pace_bound, the bound of pace_gap (of points and ratio it is
        that of the attainment, where there is one); gap or surplus
        (units) and gap_bound, that of the one that is set and of what is required;
        required_per_month (units), required_multiple, required_growth (fraction), observed_cagr,
        required_cagr (fractions) and cagr_ratio.

    Examples
    --------
    >>> texts = ["target_base_bound", "yoy_reason", "yoy_bound", "comparison"]
    >>> row = dict.fromkeys(["target_base", "yoy", "yoy_points", "published_growth", "year_end",
    ...     "base", "base_year", *texts])
    >>> row |= {"value": 105.0, "bound": "exact", "target": 205.0, "target_kind": "total",
    ...     "measure": "flow", "_growth": "percent", "share_due": 5 / 12, "pace_rule": "linear",
    ...     "year": 2025, "month": 5, "target_year": 2025, "as_of": None}
    >>> types = {"as_of": pl.Date} | {c: pl.String for c in texts}
    >>> types |= {c: pl.Float64 for c, v in row.items() if v is None and c not in types}
    >>> found = compare_with_target(pl.LazyFrame([row], schema_overrides=types)).collect()
    >>> [round(found[c][0], 4) for c in ("attainment", "due", "pace_ratio", "gap")]
    [0.5122, 85.4167, 1.2293, 100.0]
    """
    a, t, kind = pl.col("value"), pl.col("target"), pl.col("target_kind")
    ratio = pl.col("measure") == "ratio"
    increase = kind.is_in(INCREASE)
    # The flow of part of a year says nothing beside that of the whole base year.
    unfinished = (kind == "multi_year") & (pl.col("measure") == "flow") & (pl.col("month") < 12)
    growing = kind == "growth"
    ceiling = kind == "ceiling"
    own = pl.when(increase).then(a - pl.col("target_base")).otherwise(a)
    goal = pl.when(kind.is_in(["level", "multi_year"])).then(t - pl.col("target_base")).otherwise(t)
    targeted = t.is_not_null() & a.is_not_null()
    own_bound = (
        pl.when(increase)
        .then(quotient("bound", "target_base_bound"))
        .otherwise(combined(side("bound"), pl.lit(0), pl.col("bound")))
    )
    rows = rows.with_columns(
        _own=pl.when(~growing & ~unfinished).then(own),
        _goal=pl.when(~growing & (goal > 0)).then(goal),
        _own_bound=pl.when(targeted & ~growing & ~unfinished).then(own_bound),
        # What is held against the target itself: the increase for net, the figure for all else.
        _reach_bound=pl.when(targeted & ~growing).then(
            pl.when(kind == "net")
            .then(own_bound)
            .otherwise(combined(side("bound"), pl.lit(0), pl.col("bound")))
        ),
    )
    own, goal, p = pl.col("_own"), pl.col("_goal"), pl.col("share_due")
    # A negative net increase is printed as a decrease and has no rate.
    rated = ~ceiling & ~ratio & ~((kind == "net") & (own < 0))
    distance = pl.when(ceiling).then(a - t).when(kind == "net").then(t - own).otherwise(t - a)
    rows = rows.with_columns(
        _attainment_bound=pl.when(
            rated & goal.is_not_null() & targeted & ~growing & ~unfinished
        ).then(_attainment_bound(own / goal)),
        due=pl.when(~ceiling | (pl.col("measure") == "flow")).then(p * goal),
        _distance=pl.when(~growing & pl.col("_reach_bound").is_not_null()).then(distance),
        _growth_gap=pl.when(growing).then(_judged_growth() - t),
    ).with_columns(
        attainment=pl.when(pl.col("_attainment_bound").is_not_null()).then(own / goal),
        attainment_bound="_attainment_bound",
        pace_gap=pl.when(pl.col("_own_bound").is_not_null()).then(own - pl.col("due")),
        pace_ratio=pl.when(pl.col("due") > 0).then(own / pl.col("due")),
        pace_gap_points=pl.coalesce(
            pl.when(~ratio & ~ceiling & pl.col("_own_bound").is_not_null()).then(
                (own / goal - p) * 100
            ),
            pl.col("_growth_gap"),
        ),
        gap=pl.when(pl.col("_distance").round(9) > 0).then("_distance"),
        surplus=pl.when(pl.col("_distance").round(9) <= 0).then((-pl.col("_distance")).clip(0.0)),
    )
    published = pl.col("published_growth").is_not_null()
    gap_is_over = pl.when(ceiling).then(pl.col("gap").is_not_null()).otherwise(
        pl.col("gap").is_null()
    )  # fmt: skip
    rows = rows.with_columns(
        pace_bound=pl.when(growing & pl.col("_growth_gap").is_not_null())
        .then(pl.when(published).then(pl.lit("exact")).otherwise("yoy_bound"))
        .when(pl.col("pace_gap").is_not_null() | pl.col("pace_gap_points").is_not_null())
        .then("_own_bound"),
        # What is over grows with the figure, what is left to do shrinks with it.
        gap_bound=pl.when(pl.col("_distance").is_null())
        .then(None)
        .when(gap_is_over)
        .then("_reach_bound")
        .otherwise(opposite(pl.col("_reach_bound"))),
    )
    return _required(rows)


def _judged_growth() -> pl.Expr:
    """Return the growth a growth target is held against in % or points: published first (definitions §5)."""
    scale = pl.when(pl.col("_growth") == "points").then(1.0).otherwise(100.0)
    return pl.coalesce(
        pl.col("published_growth") * scale, pl.col("yoy") * 100, pl.col("yoy_points")
    )


def _attainment_bound(attainment: pl.Expr) -> pl.Expr:
    """Return the bound of A / T, or of (A − base) / (T − base).

    A higher base makes the share of the increase smaller while A < T and larger from there on;
    of a net increase it always makes it smaller.
    """
    kind = pl.col("target_kind")
    base = side("target_base_bound")
    push = (
        pl.when(kind == "net")
        .then(-base)
        .when(kind.is_in(INCREASE))
        .then(pl.when(attainment < 1).then(-base).otherwise(base))
        .otherwise(0)
    )
    of = pl.when(kind.is_in(INCREASE)).then("target_base_bound").otherwise("bound")
    return combined(side("bound"), push, pl.col("bound"), of)


def _required(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Add what the rest of the year requires, and the CAGR of a multi_year target (definitions §6, §7)."""
    a, t, kind = pl.col("value"), pl.col("target"), pl.col("target_kind")
    growing, multi = kind == "growth", kind == "multi_year"
    flow = pl.col("measure") == "flow"
    # What is told through an earlier day leaves more of the year, and was reached in less of it.
    left = 12 - elapsed()
    before_december = (pl.col("month") < 12) & (left > 0)
    within = (pl.col("target_year") == pl.col("year")) & (kind != "ceiling") & before_december
    required = pl.when(within).then(pl.col("gap") / left)
    aim = pl.when(growing).then(pl.col("year_end") * (1 + t / 100)).otherwise(t)
    remainder = pl.col("year_end") - pl.col("base")
    needed = aim - a
    comparable = pl.col("yoy_reason").ne_missing("break")
    has_growth = (
        flow & comparable & (growing | (kind == "total")) & before_december
        & (remainder > 0) & (needed > 0)
    )  # fmt: skip
    years = pl.col("year") - 1 - pl.col("base_year") + elapsed() / 12
    term = pl.col("target_year") - pl.col("base_year")
    base = pl.col("target_base")
    return rows.with_columns(
        required_per_month=required,
        observed_cagr=pl.when(multi & pl.col("_own").is_not_null()).then(cagr(a, base, years)),
        required_cagr=pl.when(multi).then(required_cagr(base, t, term)),
    ).with_columns(
        required_multiple=pl.when((pl.col("_own") > 0) & (pl.col("pace_rule") != "seasonal")).then(
            pl.col("required_per_month")
            / (pl.col("_own") / pl.when(multi).then(years * 12).otherwise(elapsed()))
        ),
        required_growth=pl.when(has_growth).then(needed / remainder - 1),
        cagr_ratio=cagr_ratio(pl.col("observed_cagr"), pl.col("required_cagr")),
    )
