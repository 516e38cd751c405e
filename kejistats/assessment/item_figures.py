"""The figure that an item is judged by, for every district: how sure it is, and whence it is."""

from __future__ import annotations

from datetime import date

import polars as pl

from kejistats.assessment.declaration import FIGURES, Item, RedLine
from kejistats.assessment.scoring_rules import Places
from kejistats.metrics.bounds import FIRM, side
from kejistats.metrics.progress import unreleased
from kejistats.model.period import Checkpoint
from kejistats.model.tables.indicator import FREQUENCIES

_BEST, _WORST = float("inf"), float("-inf")


def figures_of(
    metrics: pl.DataFrame,
    units: pl.DataFrame,
    indicators: pl.DataFrame,
    part: Item | RedLine,
    at: Checkpoint,
    as_known: date | None = None,
) -> pl.DataFrame:
    """Return the figure a part is judged by, one row per district.

    Growth is that which is published, else that computed, in % or points as growth targets are;
    where a place is judged, it is the kind that the peers are ranked by (definitions §8).
    A figure that is a bound may lie anywhere beyond it, one that is not there anywhere at all.
    Under a ceiling there is no rate of completion (definitions §5).

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
    as_known
        The day whose knowledge counts: what is not there before its release is then not due.

    Returns
    -------
    polars.DataFrame
        district, _group; value, value_upper, bound, progress, target_kind, target_reason, grade;
        _low and _high, between which the figure lies; reason (masked, missing, not_due,
        not_applicable, no_target, no_figure, or null); source, against; rank columns;
        _off_kind, where the growth is not of the kind that the peers are ranked by.

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
        .with_columns(
            pl.col("status").fill_null("missing"),
            year=pl.lit(at.year),
            month=pl.lit(at.month),
            release=pl.lit(facts["release"]),
            # Whose growth has no rank is still held against the peers of its grade.
            _kind=pl.col("yoy_rank_kind").drop_nulls().first().over("_group", "grade"),
        )
    )
    by_place = isinstance(part, Item) and isinstance(part.rule, Places)
    figure, bound, against = _figure(part.figure, facts["growth"], by_place=by_place)
    needs_target = FIGURES[part.figure]
    ceiling = (pl.col("target_kind") == "ceiling").fill_null(value=False)
    there = pl.col("status") == "reported"
    if needs_target:
        there &= ~ceiling
    interval = pl.col("value_upper").is_not_null()
    status, progress = pl.col("status"), pl.col("progress")
    off = pl.lit(at.month % FREQUENCIES[facts["frequency"]] != 0) | unreleased(as_known)
    not_due = pl.when(progress.is_null()).then(off).otherwise(progress == "not_due")
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
        _target="target",
        _off_kind=_off_kind(),
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


def _figure(name: str, growth: str, *, by_place: bool = False) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """Return a figure of the Metric table, its bound, and the source it is held against."""
    published = pl.col("published_growth")
    if by_place:  # what is printed beside a place is what was ranked
        ranked = (pl.col("_kind") == "computed").fill_null(value=False) & ~_off_kind()
        published = pl.when(~ranked).then(published)
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


def _off_kind() -> pl.Expr:
    """Return where there is no growth of the kind that the peers are ranked by."""
    own = pl.when(pl.col("_kind") == "published").then("published_growth")
    computed = pl.when(pl.col("_kind") == "computed").then(pl.coalesce("yoy", "yoy_points"))
    return pl.col("_kind").is_not_null() & pl.coalesce(own, computed).is_null()


def firm() -> pl.Expr:
    """Return where a figure is there and is no bound."""
    single = pl.col("value_upper").is_null()
    return pl.col("value").is_not_null() & single & pl.col("bound").is_in(FIRM)
