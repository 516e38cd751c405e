"""The figure each part is scored on, per district: its range, its source, why it is absent."""

from __future__ import annotations

from datetime import date

import polars as pl

from kejistats.assessment.declaration import FIGURES, Item, RedLine
from kejistats.assessment.scoring_rules import RankPoints
from kejistats.metrics.bounds import UNBOUNDED, bound_sign
from kejistats.metrics.progress import unreleased
from kejistats.model.period import Checkpoint
from kejistats.model.tables.indicator import FREQUENCIES

_BEST, _WORST = float("inf"), float("-inf")


def part_figures(
    metrics: pl.DataFrame,
    districts: pl.DataFrame,
    indicators: pl.DataFrame,
    part: Item | RedLine,
    at: Checkpoint,
    as_known: date | None = None,
) -> pl.DataFrame:
    """Return the figure that a part is scored on, one row per district.

    Growth is published growth, else computed growth, in % or points like growth targets; for a
    rule by rank it is the kind of growth the peers are ranked by (definitions §8). A bound allows
    any figure on its open side, an absent figure any at all. A ceiling has no completion rate
    (definitions §5).

    Parameters
    ----------
    metrics
        Metric table of the checkpoint.
    districts
        Rows of the District table that are assessed, with `_group`: districts of one group are
        peers.
    indicators
        Indicator table.
    part
        An item, bonus or red line.
    at
        The checkpoint.
    as_known
        Assess with what was known on this day; a figure not yet released by then is not due.

    Returns
    -------
    polars.DataFrame
        district, _group; value, value_upper, bound, progress, target_kind, target_reason, grade;
        _low and _high, the range of the figure; reason why it is absent (masked, missing,
        not_due, not_applicable, no_target, no_figure, or null); source, and against, the source
        of the target or base; rank columns; _other_growth_kind, whether the growth is not of the
        kind that the peers are ranked by.

    Examples
    --------
    >>> from kejistats.assessment.scoring_rules import Completion
    >>> from kejistats.model.registry import read_registry
    >>> from kejistats.model.tables import Metric
    >>> row = {"district": "1", "indicator": "patent_granted", "level": "", "year": 2025,
    ...     "month": 6, "status": "reported", "value": 60.0, "bound": "at_least",
    ...     "target": 100.0, "target_kind": "total", "attainment": 0.6,
    ...     "attainment_bound": "at_least", "progress": "ahead", "yoy_reason": "base_missing",
    ...     "share_reason": "no_parent", "first_time": False, "tied": False, "rank_shown": False}
    >>> metrics = Metric.conform(pl.DataFrame([row]))
    >>> districts = pl.DataFrame({"code": ["1"], "_group": [1]})
    >>> item = Item("授权", "patent_granted", "", "attainment", Completion(10))
    >>> part_figures(metrics, districts, read_registry(), item, Checkpoint(2025, 6)).select(
    ...     "value", "bound", "_low", "_high", "reason").row(0)
    (0.6, 'at_least', 0.6, inf, None)
    """
    indicator = indicators.row(by_predicate=pl.col("id") == part.indicator, named=True)
    rows = (
        districts.select(pl.col("code").alias("district"), "_group")
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
        .with_columns(
            pl.col("status").fill_null("missing"),
            year=pl.lit(at.year),
            month=pl.lit(at.month),
            release=pl.lit(indicator["release"]),
            # A district without a growth rank is still compared with the peers of its grade.
            _kind=pl.col("yoy_rank_kind").drop_nulls().first().over("_group", "grade"),
        )
    )
    by_rank = isinstance(part, Item) and isinstance(part.rule, RankPoints)
    figure, bound, against = _figure_columns(part.figure, indicator["growth"], by_rank=by_rank)
    needs_target = FIGURES[part.figure]
    ceiling = (pl.col("target_kind") == "ceiling").fill_null(value=False)
    available = pl.col("status") == "reported"
    if needs_target:
        available &= ~ceiling
    interval = pl.col("value_upper").is_not_null()
    status, progress = pl.col("status"), pl.col("progress")
    not_expected = pl.lit(at.month % FREQUENCIES[indicator["frequency"]] != 0) | unreleased(
        as_known
    )
    not_due = pl.when(progress.is_null()).then(not_expected).otherwise(progress == "not_due")
    rows = rows.with_columns(
        _figure=pl.when(available).then(figure), _bound=pl.when(available).then(bound)
    )
    reason = (
        pl.when(status.is_in(["masked", "not_applicable"]))
        .then(status)
        .when(status == "missing")
        .then(pl.when(not_due).then(pl.lit("not_due")).otherwise(pl.lit("missing")))
        .when(pl.lit(needs_target) & pl.col("target").is_null())
        .then(pl.lit("no_target"))
        .when(pl.col("_figure").is_null() & (progress == "not_due"))
        .then(pl.lit("not_due"))
        .when(pl.col("_figure").is_null())
        .then(pl.lit("no_figure"))
    )
    # Rates of an interval are computed from its lower end.
    side_of_bound = pl.when(interval).then(1).otherwise(bound_sign("_bound"))
    upper = pl.when(interval & pl.lit(part.figure == "value")).then("value_upper")
    return rows.select(
        "district",
        "_group",
        value="_figure",
        value_upper=pl.when(pl.col("_figure").is_not_null()).then(upper),
        bound=pl.when(pl.col("_figure").is_not_null()).then(
            pl.when(interval & pl.lit(part.figure != "value"))
            .then(pl.lit("at_least"))
            .otherwise("_bound")
        ),
        progress="progress",
        target_kind="target_kind",
        target_reason="target_reason",
        grade="grade",
        _target="target",
        _other_growth_kind=_other_growth_kind(),
        _reported_bound=pl.when(status == "reported").then("bound"),
        _low=pl.when(side_of_bound < 0).then(_WORST).otherwise(pl.col("_figure").fill_null(_WORST)),
        _high=pl.when(side_of_bound > 0)
        .then(pl.coalesce(upper, pl.lit(_BEST)))
        .otherwise(pl.col("_figure").fill_null(_BEST)),
        reason=reason,
        source="source",
        against=pl.when(pl.col("_figure").is_not_null()).then(against),
        **{name: pl.col(name) for name in ("rank", "yoy_rank", "attainment_rank")},
        **{name: pl.col(name) for name in ("ranked", "yoy_ranked", "attainment_ranked")},
    )


def _figure_columns(
    name: str, growth: str, *, by_rank: bool = False
) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """Return the expressions of a figure, its bound, and the source of its target or base."""
    published = pl.col("published_growth")
    if by_rank:  # print the growth that was ranked
        ranked = (pl.col("_kind") == "computed").fill_null(value=False) & ~_other_growth_kind()
        published = pl.when(~ranked).then(published)
    scale = 1.0 if growth == "points" else 100.0
    none = pl.lit(None, dtype=pl.String)
    target_bound = pl.coalesce("attainment_bound", "pace_bound")
    match name:
        case "value":
            return pl.col("value"), pl.col("bound"), none
        case "growth":
            figure = pl.coalesce(published * scale, pl.col("yoy") * 100, "yoy_points")
            bound = pl.when(published.is_not_null()).then(pl.lit("exact")).otherwise("yoy_bound")
            against = pl.when(published.is_null()).then("base_source")
            return figure, bound, against
        case "share":
            return pl.col("share"), pl.col("share_bound"), none
        case "attainment":
            return pl.col(name), pl.col("attainment_bound"), pl.col("target_source")
        case _:
            return pl.col(name), target_bound, pl.col("target_source")


def _other_growth_kind() -> pl.Expr:
    """Return whether a row lacks growth of the kind that its peers are ranked by."""
    published = pl.when(pl.col("_kind") == "published").then("published_growth")
    computed = pl.when(pl.col("_kind") == "computed").then(pl.coalesce("yoy", "yoy_points"))
    return pl.col("_kind").is_not_null() & pl.coalesce(published, computed).is_null()


def is_firm() -> pl.Expr:
    """Return whether a row has a figure that is not a bound."""
    single = pl.col("value_upper").is_null()
    return pl.col("value").is_not_null() & single & pl.col("bound").is_in(UNBOUNDED)
