"""同比: growth against the same checkpoint one year earlier, or the reason for none (§7)."""

from __future__ import annotations

import polars as pl

from kejistats.metrics.bounds import quotient
from kejistats.metrics.frames import grade_place
from kejistats.store import current

_SERIES = ["district", "indicator", "level"]
_ADDED = [
    "base", "base_bound", "base_source", "change", "yoy", "yoy_points", "yoy_bound", "yoy_reason",
    "first_time", "since_year_end",
]  # fmt: skip


def growth(observations: pl.LazyFrame, indicators: pl.DataFrame) -> pl.LazyFrame:
    """Add the growth of every figure against the same checkpoint of the year before.

    For a percent indicator with B > 0 and A ≥ 0, yoy = (A − B) / B; for a points indicator,
    yoy_points = A − B. The base must have the same break_id and the same or a better grade
    (semantics §7). Where no rate may stand, ``yoy_reason`` says why; exactly one of the three
    is set.

    Parameters
    ----------
    observations
        Observation table; of several vintages the current one is taken.
    indicators
        Indicator table.

    Returns
    -------
    polars.LazyFrame
        Columns added: base, base_bound, base_source, change, yoy (fraction), yoy_points,
        yoy_bound, yoy_reason, first_time, since_year_end (stocks: A − last December).

    Examples
    --------
    >>> from kejistats.registry import read_registry
    >>> from kejistats.schema import Observation
    >>> rows = [("rd_industrial", 2024, 6.11), ("rd_industrial", 2025, 5.92)]
    >>> frame = Observation.conform(pl.DataFrame([
    ...     {"district": "900101", "indicator": i, "level": "", "year": y, "month": 6, "value": v,
    ...      "status": "reported", "grade": "final", "bound": "exact", "reported": str(v),
    ...      "source": "a.csv#D2", "received": "000001-00000000"} for i, y, v in rows]))
    >>> result = frame.lazy().pipe(growth, read_registry()).collect()
    >>> [(r["yoy_reason"], r["yoy"] and round(r["yoy"], 4)) for r in result.iter_rows(named=True)]
    [('base_missing', None), (None, -0.0311)]
    """
    frame = current(observations)
    facts = indicators.lazy().select(
        pl.col("id").alias("indicator"), pl.col("growth").alias("_growth"), "measure"
    )
    bases = frame.select(
        *_SERIES,
        (pl.col("year") + 1).alias("year"),
        "month",
        pl.col("value").alias("base"),
        pl.col("status").alias("_base_status"),
        pl.col("bound").alias("base_bound"),
        pl.col("source").alias("base_source"),
        pl.col("break_id").alias("_base_break"),
        grade_place().alias("_base_grade"),
    )
    decembers = frame.filter(pl.col("month") == 12).select(
        *_SERIES,
        (pl.col("year") + 1).alias("year"),
        pl.col("value").alias("_december"),
        pl.col("break_id").alias("_december_break"),
    )
    # Masked counts as not zero: nobody may say 首次 over a figure that is hidden.
    nonzero = ((pl.col("value") != 0) | (pl.col("status") == "masked")).fill_null(value=False)
    earlier = nonzero.cast(pl.Int64).cum_sum().over(_SERIES, order_by=["year", "month"]) - nonzero
    joined = (
        frame.with_columns(_earlier=earlier, _grade=grade_place())
        .join(facts, on="indicator", how="left", maintain_order="left")
        .join(bases, on=[*_SERIES, "year", "month"], how="left", maintain_order="left")
        .join(decembers, on=[*_SERIES, "year"], how="left", maintain_order="left")
        .with_columns(
            _bound=pl.when(pl.col("base").is_not_null()).then(quotient("bound", "base_bound"))
        )
    )
    a, b = pl.col("value"), pl.col("base")
    points = pl.col("_growth") == "points"
    same = pl.col("break_id").eq_missing(pl.col("_base_break"))
    reason = (
        pl.when(pl.col("status").is_in(["missing", "not_applicable"]))
        .then(pl.lit("figure_missing"))
        .when(pl.col("status") == "masked")
        .then(pl.lit("figure_masked"))
        .when(pl.col("_base_status") == "masked")
        .then(pl.lit("base_masked"))
        .when(b.is_null())
        .then(pl.lit("base_missing"))
        .when(~same)
        .then(pl.lit("break"))
        .when(pl.col("_base_grade") < pl.col("_grade"))
        .then(pl.lit("base_grade"))
        .when(pl.col("_bound").is_null())
        .then(pl.lit("bound_open"))
        .when(points)
        .then(None)
        .when(b == 0)
        .then(pl.lit("base_zero"))
        .when((b < 0) & (a < 0))
        .then(pl.lit("both_negative"))
        .when((b < 0) | (a < 0))
        .then(pl.lit("sign_change"))
    )
    joined = joined.with_columns(yoy_reason=reason)
    rated = pl.col("yoy_reason").is_null()
    comparable = b.is_not_null() & same
    stock = (pl.col("measure") == "stock") & pl.col("break_id").eq_missing(
        pl.col("_december_break")
    )
    added = joined.with_columns(
        change=pl.when(comparable).then(a - b),
        yoy=pl.when(rated & ~points).then((a - b) / b),
        yoy_points=pl.when(rated & points).then(a - b),
        yoy_bound=pl.when(rated).then(pl.col("_bound")),
        first_time=(
            (pl.col("yoy_reason") == "base_zero") & (a > 0) & (pl.col("_earlier") == 0)
        ).fill_null(value=False),
        since_year_end=pl.when(stock).then(a - pl.col("_december")),
    )
    columns = frame.collect_schema().names()
    return added.select(*columns, *_ADDED)
