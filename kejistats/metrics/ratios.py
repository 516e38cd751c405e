"""Ratios recomputed from numerator and denominator, never averaged (definitions §2)."""

from __future__ import annotations

import polars as pl

from kejistats.metrics.bounds import quotient
from kejistats.metrics.frames import conform, grade_at, grade_level, upsert
from kejistats.metrics.lookup import ROW
from kejistats.model.units import ratio_factor

_AT = ["district", "level", "year", "month"]


def ratios(observations: pl.LazyFrame, indicators: pl.DataFrame) -> pl.LazyFrame:
    """Add or replace the rows of ratios whose numerator and denominator are known.

    Parameters
    ----------
    observations
        Observation table, one row per key.
    indicators
        Indicator table; a ratio is recomputed where it names ``numerator`` and ``denominator``.

    Returns
    -------
    polars.LazyFrame
        The same columns. A computed row's source reads ``分子 ÷ 分母`` with both cells; it is
        masked or missing where either side is, and not applicable where the division has no
        result. A reported ratio stays where a side is unknown; one that is replaced leaves its
        printed growth and its dates.

    Examples
    --------
    >>> from kejistats.model.registry import read_registry
    >>> from kejistats.model.tables import Observation
    >>> frame = Observation.conform(pl.DataFrame([
    ...     {"district": "1", "indicator": i, "level": "", "year": 2024, "month": 12, "value": v,
    ...      "status": "reported", "grade": "final", "bound": "exact", "reported": str(v),
    ...      "source": "a.csv#D2", "intake_id": "000001-00000000"}
    ...     for i, v in [("fiscal_st", 3.0), ("fiscal_total", 60.0)]]))
    >>> found = ratios(frame.lazy(), read_registry()).collect()
    >>> found.filter(pl.col("indicator") == "fiscal_st_share")["value"].to_list()
    [5.0]
    """
    return upsert(observations, computed(observations, indicators))


def _clean() -> pl.Expr:
    """Return the quotient without binary noise, so that 0.07 of 1 is within a ceiling of 7 %."""
    return (pl.col("value") / pl.col("value_below") * pl.col("_factor")).round_sig_figs(14)


def computed(observations: pl.LazyFrame, indicators: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that `ratios` adds or puts in the place of others."""
    units = dict(indicators.select("id", "unit").iter_rows())
    pairs = indicators.filter(pl.col("numerator").is_not_null()).select(
        pl.col("id").alias("_ratio"), "numerator", "denominator", "unit"
    )
    if pairs.is_empty():
        return observations.clear().collect()
    factors = [
        ratio_factor(units[n], units[d], u)
        for n, d, u in pairs.select("numerator", "denominator", "unit").iter_rows()
    ]
    table = pairs.with_columns(pl.Series("_factor", factors, dtype=pl.Float64)).lazy()
    fields = ["value", "status", "grade", "bound", "source", "intake_id", "break_id"]
    involved = pairs["_ratio"].append(pairs["numerator"]).append(pairs["denominator"])
    schema = observations.collect_schema()
    observations = (
        observations.filter(pl.col("indicator").is_in(involved.unique().implode())).collect().lazy()
    )
    above = observations.select("indicator", *_AT, *fields).join(
        table, left_on="indicator", right_on="numerator"
    )
    below = observations.select("indicator", *_AT, *fields)
    both = above.join(
        below,
        left_on=["denominator", *_AT],
        right_on=["indicator", *_AT],
        suffix="_below",
    )
    known = (pl.col("status") == "reported") & (pl.col("status_below") == "reported")
    masked = (pl.col("status") == "masked") | (pl.col("status_below") == "masked")
    missing = (pl.col("status") == "missing") | (pl.col("status_below") == "missing")
    same_break = pl.col("break_id").eq_missing(pl.col("break_id_below"))
    both_breaks = pl.format(
        "{}÷{}", pl.col("break_id").fill_null(""), pl.col("break_id_below").fill_null("")
    )
    weakest = pl.min_horizontal(grade_level("grade"), grade_level("grade_below"))
    both = both.with_columns(_bound=quotient("bound", "bound_below"))
    usable = known & (pl.col("value_below") > 0) & pl.col("_bound").is_not_null()
    found = both.with_columns(
        indicator=pl.col("_ratio"),
        value=pl.when(usable).then(_clean()),
        status=pl.when(usable)
        .then(pl.lit("reported"))
        .when(masked)
        .then(pl.lit("masked"))
        .when(missing)
        .then(pl.lit("missing"))
        .otherwise(pl.lit("not_applicable")),
        grade=grade_at(weakest),
        bound=pl.when(usable).then(pl.col("_bound")).otherwise(pl.lit("exact")),
        source=pl.concat_str("source", pl.lit(" ÷ "), "source_below"),
        intake_id=pl.max_horizontal("intake_id", "intake_id_below"),
        break_id=pl.when(same_break).then(pl.col("break_id")).otherwise(both_breaks),
        reported=pl.lit(""),
    )
    printed = ["published_growth", "growth_basis", "as_of", "published"]
    found = found.join(
        observations.select("indicator", *_AT, *printed),
        left_on=["_ratio", *_AT],
        right_on=["indicator", *_AT],
        how="left",
    )
    found = conform(found, schema).collect().lazy()
    # Where a side is unknown, what was reported of the ratio itself stays.
    told = observations.join(found, on=ROW, how="semi").select(ROW)
    has_figure = pl.col("status") == "reported"
    silent = found.filter(~has_figure).join(told, on=ROW, how="anti")
    return pl.concat([found.filter(has_figure), silent]).collect()
