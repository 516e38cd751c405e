"""The figure that an item is judged by, for every district: how sure it is, and whence it is."""

from __future__ import annotations

import polars as pl

from kejistats.assessment.model import FIGURES, Item, RedLine
from kejistats.metrics.bounds import FIRM, side
from kejistats.period import Checkpoint
from kejistats.schema.indicator import FREQUENCIES

_BEST, _WORST = float("inf"), float("-inf")


def figures_of(
    metrics: pl.DataFrame,
    units: pl.DataFrame,
    indicators: pl.DataFrame,
    part: Item | RedLine,
    at: Checkpoint,
) -> pl.DataFrame:
    """Return the figure a part is judged by, one row per district.

    Growth is that which is published, else that computed, in % or points as growth targets are.
    A figure that is a bound may lie anywhere beyond it, one that is not there anywhere at all.
    Under a ceiling there is no rate of completion (semantics §5).

    Parameters
    ----------
    metrics
        Metric table of the checkpoint.
    units
        Rows of the District table that are assessed, with `_group` (who is whose peer).
    indicators
        Indicator table.
    part
        The part.
    at
        The checkpoint.

    Returns
    -------
    polars.DataFrame
        district, _group; value, value_upper, bound, progress, target_kind, target_reason, grade;
        _low and _high, between which the figure lies; reason (masked, missing, not_due,
        not_applicable, no_target, no_figure, or null); source, against; rank columns.

    Examples
    --------
    >>> from kejistats.assessment.rules import Completion
    >>> from kejistats.registry import read_registry
    >>> from kejistats.schema import Metric
    >>> row = {"district": "1", "indicator": "patent_granted", "level": "", "year": 2025,
    ...     "month": 6, "status": "reported", "value": 60.0, "bound": "at_least",
    ...     "target": 100.0, "target_kind": "total", "attainment": 0.6,
    ...     "attainment_bound": "at_least", "progress": "ahead", "yoy_reason": "base_missing",
    ...     "share_reason": "no_parent", "first_time": False, "tied": False, "rank_shown": False}
    >>> metrics = Metric.conform(pl.DataFrame([row]))
    >>> units = pl.DataFrame({"code": ["1"], "_group": [1]})
    >>> item = Item("授权", "patent_granted", "", "attainment", Completion(10))
    >>> figures_of(metrics, units, read_registry(), item, Checkpoint(2025, 6)).select(
    ...     "value", "bound", "_low", "_high", "reason").row(0)
    (0.6, 'at_least', 0.6, inf, None)
    """
    facts = indicators.row(by_predicate=pl.col("id") == part.indicator, named=True)
    rows = (
        units.select(pl.col("code").alias("district"), "_group")
        .join(
            metrics.filter(
                pl.col("indicator") == part.indicator,
                pl.col("level") == part.level,
                pl.col("year") == at.year,
                pl.col("month") == at.month,
            ),
            on="district",
            how="left",
            maintain_order="left",
        )
        .with_columns(pl.col("status").fill_null("missing"))
    )
    figure, bound, against = _figure(part.figure, facts["growth"])
    needs_target = FIGURES[part.figure]
    ceiling = (pl.col("target_kind") == "ceiling").fill_null(value=False)
    there = pl.col("status") == "reported"
    if needs_target:
        there &= ~ceiling
    interval = pl.col("value_upper").is_not_null()
    status, progress = pl.col("status"), pl.col("progress")
    off = at.month % FREQUENCIES[facts["frequency"]] != 0
    not_due = pl.when(progress.is_null()).then(pl.lit(off)).otherwise(progress == "not_due")
    rows = rows.with_columns(_x=pl.when(there).then(figure), _bound=pl.when(there).then(bound))
    reason = (
        pl.when(status.is_in(["masked", "not_applicable"]))
        .then(status)
        .when(status == "missing")
        .then(pl.when(not_due).then(pl.lit("not_due")).otherwise(pl.lit("missing")))
        .when(pl.lit(needs_target) & pl.col("target").is_null())
        .then(pl.lit("no_target"))
        .when(pl.col("_x").is_null() & (progress == "not_due"))
        .then(pl.lit("not_due"))
        .when(pl.col("_x").is_null())
        .then(pl.lit("no_figure"))
    )
    # Of an interval the rates follow from its lower end.
    push = pl.when(interval).then(1).otherwise(side("_bound"))
    upper = pl.when(interval & pl.lit(part.figure == "value")).then("value_upper")
    return rows.select(
        "district",
        "_group",
        value="_x",
        value_upper=pl.when(pl.col("_x").is_not_null()).then(upper),
        bound=pl.when(pl.col("_x").is_not_null()).then(
            pl.when(interval & pl.lit(part.figure != "value"))
            .then(pl.lit("at_least"))
            .otherwise("_bound")
        ),
        progress="progress",
        target_kind="target_kind",
        target_reason="target_reason",
        grade="grade",
        _reported_bound=pl.when(status == "reported").then("bound"),
        _low=pl.when(push < 0).then(_WORST).otherwise(pl.col("_x").fill_null(_WORST)),
        _high=pl.when(push > 0)
        .then(pl.coalesce(upper, pl.lit(_BEST)))
        .otherwise(pl.col("_x").fill_null(_BEST)),
        reason=reason,
        source="source",
        against=pl.when(pl.col("_x").is_not_null()).then(against),
        **{name: pl.col(name) for name in ("rank", "yoy_rank", "attainment_rank")},
        **{name: pl.col(name) for name in ("ranked", "yoy_ranked", "attainment_ranked")},
    )


def _figure(name: str, growth: str) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """Return a figure of the Metric table, its bound, and the source it is held against."""
    published = pl.col("published_growth")
    scale = 1.0 if growth == "points" else 100.0
    nothing = pl.lit(None, dtype=pl.String)
    judged = pl.coalesce("attainment_bound", "pace_bound")
    match name:
        case "value":
            return pl.col("value"), pl.col("bound"), nothing
        case "growth":
            figure = pl.coalesce(published * scale, pl.col("yoy") * 100, "yoy_points")
            bound = pl.when(published.is_not_null()).then(pl.lit("exact")).otherwise("yoy_bound")
            against = pl.when(published.is_null()).then("base_source")
            return figure, bound, against
        case "share":
            return pl.col("share"), pl.col("share_bound"), nothing
        case "attainment":
            return pl.col(name), pl.col("attainment_bound"), pl.col("target_source")
        case _:
            return pl.col(name), judged, pl.col("target_source")


def firm() -> pl.Expr:
    """Return where a figure is there and is no bound."""
    single = pl.col("value_upper").is_null()
    return pl.col("value").is_not_null() & single & pl.col("bound").is_in(FIRM)
