"""The target judged at a checkpoint, and each figure compared with it (definitions §5, §6)."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from kejistats.metrics.bounds import bound_sign, combine_bounds, opposite_bound, quotient_bound
from kejistats.metrics.compound import cagr, cagr_ratio, required_cagr
from kejistats.metrics.pace import elapsed_months
from kejistats.model.period import Checkpoint
from kejistats.model.tables.target import STRENGTHS, TARGET_KEY

# Each kind has its own number, so that the choice never depends on the order of rows.
_KIND_ORDER = {
    "total": 0, "level": 1, "ceiling": 2, "range": 3, "net": 4, "growth": 5, "multi_year": 6,
}  # fmt: skip
INCREASE_KINDS = ["level", "net", "multi_year"]
_DISTRICT_INDICATOR = ["district", "indicator"]


def judged_targets(
    targets: pl.LazyFrame, checkpoints: Checkpoint | Iterable[Checkpoint]
) -> pl.LazyFrame:
    """Return the one target by which each district's indicator is judged at a checkpoint.

    Of each target of the year the version in effect by ``valid_from`` counts, in its latest
    vintage. Of several targets, assigned come before aspired before implied, then total and level
    before net before growth (definitions §5). A multi_year target counts in each year after its
    base year, up to its target year.

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
        (the first value, if it was revised within the year), target_kind, target_strength, target_source,
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
    requested = [checkpoints] if isinstance(checkpoints, Checkpoint) else list(checkpoints)
    at = pl.LazyFrame(
        {
            "_year": [c.year for c in requested],
            "month": [c.month for c in requested],
            "_end": [c.end for c in requested],
        },
        schema={"_year": pl.Int64, "month": pl.Int64, "_end": pl.Date},
    )
    years = sorted({c.year for c in requested})
    is_multi_year = pl.col("kind") == "multi_year"
    ordinary = targets.filter(~is_multi_year, pl.col("year").is_in(years))
    # Most targets are the only one of their year, and need no choice at each of its checkpoints.
    is_only = (pl.len() == 1).over([*_DISTRICT_INDICATOR, "year"]) & pl.col("valid_from").is_null()
    multi_year_targets = targets.filter(
        is_multi_year,
        pl.col("base_year") < max(years, default=0),
        pl.col("year") >= min(years, default=0),
    )
    single_targets = ordinary.filter(is_only).join(
        multi_year_targets, on=_DISTRICT_INDICATOR, how="anti"
    )
    rivals = ordinary.join(single_targets, on=[*_DISTRICT_INDICATOR, "year"], how="anti")
    candidates = pl.concat([rivals, multi_year_targets]).join(at, how="cross")
    in_force = (
        pl.when(is_multi_year)
        .then((pl.col("base_year") < pl.col("_year")) & (pl.col("year") >= pl.col("_year")))
        .otherwise(pl.col("year") == pl.col("_year"))
    )
    effective = pl.col("valid_from").is_null() | (pl.col("valid_from") <= pl.col("_end"))
    checkpoint = ["_year", "month"]
    order = [
        pl.col("strength").replace_strict(STRENGTHS, [0, 1, 2], return_dtype=pl.Int64),
        pl.col("kind").replace_strict(_KIND_ORDER, return_dtype=pl.Int64),
        "year",
    ]
    chosen = (
        candidates.filter(in_force, effective)
        .sort("valid_from", "intake_id", nulls_last=False)
        .with_columns(_first=pl.col("value").first().over([*TARGET_KEY, *checkpoint]))
        .unique([*TARGET_KEY, *checkpoint], keep="last", maintain_order=True)
        .sort(order, maintain_order=True)
        .unique([*_DISTRICT_INDICATOR, *checkpoint], keep="first", maintain_order=True)
    )
    # In the order of checkpoints and keys, so that the result need not be sorted row by row.
    single = at.join(
        single_targets.sort(_DISTRICT_INDICATOR).with_columns(_first="value"),
        left_on="_year",
        right_on="year",
        coalesce=False,
        maintain_order="left_right",
    )
    judged = pl.concat([single.select(chosen.collect_schema().names()), chosen])
    return judged.select(
        *_DISTRICT_INDICATOR,
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
    """Add attainment, the amount due, the gap, and the pace required for the rest of the year.

    Formulas of definitions §5 and §6, with A the figure, T the target and p the share due; for
    level, net and multi_year targets A and T are increases over ``target_base`` (a net target
    is one already): attainment = A / T; due = p·T; pace_gap = A − due; pace_gap_points =
    (A/T − p)·100; pace_ratio = A / due; gap = T − A; required_per_month = gap / months left;
    required_growth = (T − A) / (B_year − B) − 1. A growth target has only pace_gap_points =
    growth − target. Under a ceiling gap and surplus are exchanged. A ratio has no attainment and
    its gap is in points. A multi_year target also has its observed and required CAGR.

    Parameters
    ----------
    rows
        Metric rows with their target, growth, share_due, target_base (the December from which an
        increase is counted), year_end (last December), measure and _growth (percent or points),
        and the bounds of the figure and of its bases.

    Returns
    -------
    polars.LazyFrame
        Columns added: attainment (fraction) and attainment_bound; due, pace_gap (units),
        pace_gap_points, pace_ratio; pace_bound, the bound of pace_gap (points and ratio have that
        of the attainment, where there is one); gap or surplus (units) and gap_bound, the bound of
        whichever is set and of the required columns;
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
    >>> result = compare_with_target(pl.LazyFrame([row], schema_overrides=types)).collect()
    >>> [round(result[c][0], 4) for c in ("attainment", "due", "pace_ratio", "gap")]
    [0.5122, 85.4167, 1.2293, 100.0]
    """
    a, t, kind = pl.col("value"), pl.col("target"), pl.col("target_kind")
    ratio = pl.col("measure") == "ratio"
    increase = kind.is_in(INCREASE_KINDS)
    # The flow of part of a year cannot be compared with that of the full base year.
    unfinished = (kind == "multi_year") & (pl.col("measure") == "flow") & (pl.col("month") < 12)
    growing = kind == "growth"
    ceiling = kind == "ceiling"
    achieved = pl.when(increase).then(a - pl.col("target_base")).otherwise(a)
    to_achieve = (
        pl.when(kind.is_in(["level", "multi_year"])).then(t - pl.col("target_base")).otherwise(t)
    )
    targeted = t.is_not_null() & a.is_not_null()
    achieved_bound = (
        pl.when(increase)
        .then(quotient_bound("bound", "target_base_bound"))
        .otherwise(combine_bounds(bound_sign("bound"), pl.lit(0), pl.col("bound")))
    )
    rows = rows.with_columns(
        _achieved=pl.when(~growing & ~unfinished).then(achieved),
        _to_achieve=pl.when(~growing & (to_achieve > 0)).then(to_achieve),
        _achieved_bound=pl.when(targeted & ~growing & ~unfinished).then(achieved_bound),
        # The bound of what is compared with the target itself: a net increase, else the figure.
        _judged_bound=pl.when(targeted & ~growing).then(
            pl.when(kind == "net")
            .then(achieved_bound)
            .otherwise(combine_bounds(bound_sign("bound"), pl.lit(0), pl.col("bound")))
        ),
    )
    achieved, to_achieve, p = pl.col("_achieved"), pl.col("_to_achieve"), pl.col("share_due")
    # A negative net increase is printed as a decrease and has no attainment.
    has_rate = ~ceiling & ~ratio & ~((kind == "net") & (achieved < 0))
    distance = pl.when(ceiling).then(a - t).when(kind == "net").then(t - achieved).otherwise(t - a)
    rows = rows.with_columns(
        _attainment_bound=pl.when(
            has_rate & to_achieve.is_not_null() & targeted & ~growing & ~unfinished
        ).then(_attainment_bound(achieved / to_achieve)),
        due=pl.when(~ceiling | (pl.col("measure") == "flow")).then(p * to_achieve),
        _distance=pl.when(~growing & pl.col("_judged_bound").is_not_null()).then(distance),
        _growth_gap=pl.when(growing).then(_judged_growth() - t),
    ).with_columns(
        attainment=pl.when(pl.col("_attainment_bound").is_not_null()).then(achieved / to_achieve),
        attainment_bound="_attainment_bound",
        pace_gap=pl.when(pl.col("_achieved_bound").is_not_null()).then(achieved - pl.col("due")),
        pace_ratio=pl.when(pl.col("due") > 0).then(achieved / pl.col("due")),
        pace_gap_points=pl.coalesce(
            pl.when(~ratio & ~ceiling & pl.col("_achieved_bound").is_not_null()).then(
                (achieved / to_achieve - p) * 100
            ),
            pl.col("_growth_gap"),
        ),
        gap=pl.when(pl.col("_distance").round(9) > 0).then("_distance"),
        surplus=pl.when(pl.col("_distance").round(9) <= 0).then((-pl.col("_distance")).clip(0.0)),
    )
    published = pl.col("published_growth").is_not_null()
    is_excess = pl.when(ceiling).then(pl.col("gap").is_not_null()).otherwise(
        pl.col("gap").is_null()
    )  # fmt: skip
    rows = rows.with_columns(
        pace_bound=pl.when(growing & pl.col("_growth_gap").is_not_null())
        .then(pl.when(published).then(pl.lit("exact")).otherwise("yoy_bound"))
        .when(pl.col("pace_gap").is_not_null() | pl.col("pace_gap_points").is_not_null())
        .then("_achieved_bound"),
        # An excess grows with the figure, a remaining gap shrinks with it.
        gap_bound=pl.when(pl.col("_distance").is_null())
        .then(None)
        .when(is_excess)
        .then("_judged_bound")
        .otherwise(opposite_bound(pl.col("_judged_bound"))),
    )
    return _with_required(rows)


def _judged_growth() -> pl.Expr:
    """Return the growth compared with a growth target, in % or points; published before computed."""
    scale = pl.when(pl.col("_growth") == "points").then(1.0).otherwise(100.0)
    return pl.coalesce(
        pl.col("published_growth") * scale, pl.col("yoy") * 100, pl.col("yoy_points")
    )


def _attainment_bound(attainment: pl.Expr) -> pl.Expr:
    """Return the bound of A / T, or of (A − base) / (T − base).

    A higher base makes the attainment of an increase smaller while A < T and larger beyond; that
    of a net target it always makes smaller.
    """
    kind = pl.col("target_kind")
    base = bound_sign("target_base_bound")
    push = (
        pl.when(kind == "net")
        .then(-base)
        .when(kind.is_in(INCREASE_KINDS))
        .then(pl.when(attainment < 1).then(-base).otherwise(base))
        .otherwise(0)
    )
    of = pl.when(kind.is_in(INCREASE_KINDS)).then("target_base_bound").otherwise("bound")
    return combine_bounds(bound_sign("bound"), push, pl.col("bound"), of)


def _with_required(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Add the pace required for the rest of the year, and the CAGRs of a multi_year target."""
    a, t, kind = pl.col("value"), pl.col("target"), pl.col("target_kind")
    growing, multi = kind == "growth", kind == "multi_year"
    flow = pl.col("measure") == "flow"
    # By ``as_of``: a figure through an earlier day leaves more months, and took fewer.
    months_left = 12 - elapsed_months()
    before_december = (pl.col("month") < 12) & (months_left > 0)
    within = (pl.col("target_year") == pl.col("year")) & (kind != "ceiling") & before_december
    required = pl.when(within).then(pl.col("gap") / months_left)
    final_target = pl.when(growing).then(pl.col("year_end") * (1 + t / 100)).otherwise(t)
    remainder = pl.col("year_end") - pl.col("base")
    needed = final_target - a
    comparable = pl.col("yoy_reason").ne_missing("break")
    has_growth = (
        flow & comparable & (growing | (kind == "total")) & before_december
        & (remainder > 0) & (needed > 0)
    )  # fmt: skip
    years = pl.col("year") - 1 - pl.col("base_year") + elapsed_months() / 12
    term = pl.col("target_year") - pl.col("base_year")
    base = pl.col("target_base")
    return rows.with_columns(
        required_per_month=required,
        observed_cagr=pl.when(multi & pl.col("_achieved").is_not_null()).then(cagr(a, base, years)),
        required_cagr=pl.when(multi).then(required_cagr(base, t, term)),
    ).with_columns(
        required_multiple=pl.when(
            (pl.col("_achieved") > 0) & (pl.col("pace_rule") != "seasonal")
        ).then(
            pl.col("required_per_month")
            / (pl.col("_achieved") / pl.when(multi).then(years * 12).otherwise(elapsed_months()))
        ),
        required_growth=pl.when(has_growth).then(needed / remainder - 1),
        cagr_ratio=cagr_ratio(pl.col("observed_cagr"), pl.col("required_cagr")),
    )
