"""同比: growth against the same checkpoint one year earlier, or the reason for none (definitions §7)."""

from __future__ import annotations

import polars as pl

from kejistats.metrics.bounds import UNBOUNDED, quotient_bound
from kejistats.metrics.categories import first_match
from kejistats.metrics.frames import encode_grade, with_indicator_columns
from kejistats.metrics.lookup import SERIES, TIME, Figures, lag
from kejistats.metrics.pace import covered_month
from kejistats.store import current, on_other_definitions

_ADDED = [
    "base", "base_bound", "base_source", "change", "change_bound", "yoy", "yoy_points",
    "yoy_bound", "yoy_reason", "two_year_average", "since_year_end", "since_year_end_bound",
    "year_end", "year_end_bound",
]  # fmt: skip


def growth(observations: pl.LazyFrame, indicators: pl.DataFrame) -> pl.LazyFrame:
    """Add the growth of every figure against the same checkpoint of the year before.

    For a percent indicator with B > 0 and A ≥ 0, yoy = (A − B) / B; for a points indicator,
    yoy_points = A − B. The base must have the same break_id and the same or a better grade
    (definitions §7). Where there is no rate, ``yoy_reason`` says why; exactly one of the three
    is set. The two-year average is √((1 + g₁)(1 + g₂)) − 1, of points (g₁ + g₂) / 2, each g from
    published growth where there is one.

    Parameters
    ----------
    observations
        Observation table; the current vintage of each key counts. Where a base was restated on
        another definition, a figure without that break_id keeps its old base.
    indicators
        Indicator table.

    Returns
    -------
    polars.LazyFrame
        Columns added: base, base_bound, base_source, change, change_bound, yoy (fraction),
        yoy_points, yoy_bound, yoy_reason, two_year_average (fraction, or points),
        since_year_end (stocks: A − last December) with its bound, year_end (last December's
        figure on the same definition) with its bound, first_time.

    Examples
    --------
    >>> from kejistats.model.registry import read_registry
    >>> from kejistats.model.tables import Observation
    >>> rows = [("rd_industrial", 2024, 6.11), ("rd_industrial", 2025, 5.92)]
    >>> frame = Observation.conform(pl.DataFrame([
    ...     {"district": "900101", "indicator": i, "level": "", "year": y, "month": 6, "value": v,
    ...      "status": "reported", "grade": "final", "bound": "exact", "reported": str(v),
    ...      "source": "a.csv#D2", "intake_id": "000001-00000000"} for i, y, v in rows]))
    >>> result = frame.lazy().pipe(growth, read_registry()).collect()
    >>> [(r["yoy_reason"], r["yoy"] and round(r["yoy"], 4)) for r in result.iter_rows(named=True)]
    [('base_missing', None), (None, -0.0311)]
    """
    figures = current(observations)
    grown = growth_of(figures, figures, on_other_definitions(observations), indicators)
    return first_time(grown, figures)


def growth_of(
    rows: pl.LazyFrame,
    figures: Figures,
    other_definitions: pl.LazyFrame | None,
    indicators: pl.DataFrame,
) -> pl.LazyFrame:
    """Add growth to some rows, given all figures; see `growth`.

    Parameters
    ----------
    rows
        Rows of the Observation table, one per key.
    figures
        All figures that may be bases, one per key.
    other_definitions
        Figures of those keys on other definitions (`kejistats.store.on_other_definitions`);
        None where there are none.
    indicators
        Indicator table.
    """
    columns = rows.collect_schema().names()
    joined = (
        with_indicator_columns(rows, indicators)
        .pipe(_with_base, figures, other_definitions, 1, "base", rows)
        .pipe(_with_base, figures, other_definitions, 2, "_two_years_before", rows)
        .pipe(_with_year_end, figures, other_definitions, rows)
        .with_columns(
            _bound=pl.when(pl.col("base").is_not_null()).then(
                quotient_bound("bound", "base_bound")
            ),
            _grade=encode_grade(),
        )
    )
    a, b = pl.col("value"), pl.col("base")
    points = pl.col("_growth") == "points"
    same = pl.col("break_id").eq_missing(pl.col("base_break"))
    reason = first_match(
        (pl.col("status").is_in(["missing", "not_applicable"]), "figure_missing"),
        (pl.col("status") == "masked", "figure_masked"),
        (pl.col("base_status") == "masked", "base_masked"),
        (b.is_null(), "base_missing"),
        (~same, "break"),
        (pl.col("base_grade") < pl.col("_grade"), "base_grade"),
        (pl.col("_bound").is_null(), "bound_open"),
        (points, None),
        (b == 0, "base_zero"),
        ((b < 0) & (a < 0), "both_negative"),
        ((b < 0) | (a < 0), "sign_change"),
    )
    joined = joined.with_columns(yoy_reason=reason)
    rated = pl.col("yoy_reason").is_null()
    comparable = b.is_not_null() & same
    stock = pl.col("measure") == "stock"
    joined = joined.with_columns(
        change=pl.when(comparable).then(a - b),
        change_bound=pl.when(comparable & a.is_not_null()).then("_bound"),
        yoy=pl.when(rated & ~points).then((a - b) / b),
        yoy_points=pl.when(rated & points).then(a - b),
        yoy_bound=pl.when(rated).then("_bound"),
        since_year_end_bound=pl.when(stock & a.is_not_null() & pl.col("year_end").is_not_null())
        .then(quotient_bound("bound", "year_end_bound")),
    ).with_columns(
        since_year_end=pl.when(pl.col("since_year_end_bound").is_not_null()).then(
            a - pl.col("year_end")
        ),
        two_year_average=_two_year_average(points),
    )  # fmt: skip
    return joined.select(*columns, *_ADDED)


def first_time(rows: pl.LazyFrame, history: pl.LazyFrame) -> pl.LazyFrame:
    """Add first_time, whether a figure is the first above zero: 实现零的突破 (definitions §7).

    The base and every earlier figure must be zero. A masked figure counts as not zero: 首次 must
    not be claimed where an earlier figure is hidden.

    Parameters
    ----------
    rows
        Rows after `growth_of`.
    history
        All figures of these series, one per key.
    """
    rose = (pl.col("yoy_reason") == "base_zero") & (pl.col("value") > 0)
    nonzero = (pl.col("value") != 0) | (pl.col("status") == "masked")
    times = history.filter(nonzero).select(*SERIES, _first_nonzero=TIME)
    first_nonzero = times.group_by(SERIES).agg(pl.col("_first_nonzero").min())
    return (
        rows.join(first_nonzero, on=SERIES, how="left", maintain_order="left")
        .with_columns(first_time=(rose & (pl.col("_first_nonzero") >= TIME)).fill_null(value=False))
        .drop("_first_nonzero")
    )


def _with_base(
    rows: pl.LazyFrame,
    figures: Figures,
    other_definitions: pl.LazyFrame | None,
    years: int,
    name: str,
    checkpoints: pl.LazyFrame,
) -> pl.LazyFrame:
    """Add the figure of the same month so many years earlier, with status, bound, grade and source.

    A figure that covers the year only through an earlier month is compared with that month.
    """
    columns = {
        name: pl.col("value"),
        f"{name}_status": pl.col("status"),
        f"{name}_bound": pl.col("bound"),
        f"{name}_source": pl.col("source"),
        f"{name}_break": pl.col("break_id"),
        f"{name}_growth": pl.col("published_growth"),
        f"{name}_grade": encode_grade(),
    }
    months = 12 * years + pl.col("month") - covered_month(rows)
    return _lag_own_definition(rows, figures, other_definitions, columns, months, checkpoints)


def _with_year_end(
    rows: pl.LazyFrame,
    figures: Figures,
    other_definitions: pl.LazyFrame | None,
    checkpoints: pl.LazyFrame,
) -> pl.LazyFrame:
    """Add last December's figure where it is on the same definition."""
    columns = {
        "year_end": pl.col("value"),
        "year_end_bound": pl.col("bound"),
        "_december_break": pl.col("break_id"),
    }
    months = pl.col("month")
    rows = _lag_own_definition(rows, figures, other_definitions, columns, months, checkpoints)
    same = pl.col("break_id").eq_missing(pl.col("_december_break"))
    return rows.with_columns(
        year_end=pl.when(same).then("year_end"),
        year_end_bound=pl.when(same).then("year_end_bound"),
    )


def _lag_own_definition(
    rows: pl.LazyFrame,
    figures: Figures,
    other_definitions: pl.LazyFrame | None,
    columns: dict[str, pl.Expr],
    months: pl.Expr,
    checkpoints: pl.LazyFrame,
) -> pl.LazyFrame:
    """Join earlier figures; where there are several, the one on the row's own definition."""
    rows = lag(rows, figures, columns, months, checkpoints=checkpoints)
    if other_definitions is None:
        return rows
    old = {f"_old_{name}": expression for name, expression in columns.items()}
    old["_has_old"] = pl.lit(value=True)
    rows = lag(rows, other_definitions, old, months, ["break_id"], checkpoints)
    has_old = pl.col("_has_old").fill_null(value=False)
    return rows.with_columns(
        pl.when(has_old).then(f"_old_{c}").otherwise(c).alias(c) for c in columns
    ).drop(old)


def _two_year_average(points: pl.Expr) -> pl.Expr:
    """Return √((1 + g₁)(1 + g₂)) − 1, of points (g₁ + g₂) / 2; null where a figure is a bound."""
    b, c = pl.col("base"), pl.col("_two_years_before")
    same = pl.col("break_id").eq_missing(pl.col("base_break"))
    comparable = (
        same
        & pl.col("_two_years_before_break").eq_missing(pl.col("base_break"))
        & (pl.col("_two_years_before_grade") >= pl.col("base_grade"))
        & pl.col("base_bound").is_in(UNBOUNDED)
        & pl.col("_two_years_before_bound").is_in(UNBOUNDED)
    )
    scale = pl.when(points).then(1.0).otherwise(100.0)
    unbounded = pl.col("yoy_bound").is_in(UNBOUNDED)
    first = pl.coalesce(
        pl.col("published_growth") / scale,
        pl.when(unbounded).then(pl.coalesce("yoy", "yoy_points")),
    )
    base_growth = pl.when(points).then(b - c).when((c > 0) & (b >= 0)).then((b - c) / c)
    second = pl.coalesce(
        pl.when(same).then(pl.col("base_growth") / scale), pl.when(comparable).then(base_growth)
    )
    possible = (first >= -1) & (second >= -1)
    return (
        pl.when(pl.col("value").is_null())
        .then(None)
        .when(points)
        .then((first + second) / 2)
        .when(possible)
        .then(((1 + first) * (1 + second)).sqrt() - 1)
    )
