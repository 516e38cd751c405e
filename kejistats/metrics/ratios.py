"""Ratios computed from numerator and denominator, never averaged (definitions §2)."""

from __future__ import annotations

import polars as pl

from kejistats.metrics.bounds import quotient_bound
from kejistats.metrics.frames import conform, decode_grade, encode_grade, upsert
from kejistats.metrics.lookup import KEY
from kejistats.model.units import ratio_factor

_SAME_CELL = ["district", "level", "year", "month"]


def ratios(observations: pl.LazyFrame, indicators: pl.DataFrame) -> pl.LazyFrame:
    """Add or replace the rows of ratios whose numerator and denominator have rows.

    Parameters
    ----------
    observations
        Observation table, one row per key.
    indicators
        Indicator table; a ratio is computed where it names ``numerator`` and ``denominator``.

    Returns
    -------
    polars.LazyFrame
        The same columns. The source of a computed row is ``分子 ÷ 分母`` with both cells. The row is
        masked or missing where either input is, and not_applicable where the division has no
        result. A reported ratio stays where an input is unknown; a computed one that replaces it
        keeps its printed growth and dates.

    Examples
    --------
    >>> from kejistats.model.registry import read_registry
    >>> from kejistats.model.tables import Observation
    >>> frame = Observation.conform(pl.DataFrame([
    ...     {"district": "1", "indicator": i, "level": "", "year": 2024, "month": 12, "value": v,
    ...      "status": "reported", "grade": "final", "bound": "exact", "reported": str(v),
    ...      "source": "a.csv#D2", "intake_id": "000001-00000000"}
    ...     for i, v in [("fiscal_st", 3.0), ("fiscal_total", 60.0)]]))
    >>> figures = ratios(frame.lazy(), read_registry()).collect()
    >>> figures.filter(pl.col("indicator") == "fiscal_st_share")["value"].to_list()
    [5.0]
    """
    return upsert(observations, ratio_rows(observations, indicators))


def _without_noise() -> pl.Expr:
    """Return the quotient without binary noise: 0.07 / 1 must be within a ceiling of 7 %."""
    return (pl.col("value") / pl.col("value_denominator") * pl.col("_factor")).round_sig_figs(14)


def ratio_rows(observations: pl.LazyFrame, indicators: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that `ratios` adds, or replaces others with."""
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
    columns = ["value", "status", "grade", "bound", "source", "intake_id", "break_id"]
    involved = pairs["_ratio"].append(pairs["numerator"]).append(pairs["denominator"])
    schema = observations.collect_schema()
    observations = (
        observations.filter(pl.col("indicator").is_in(involved.unique().implode())).collect().lazy()
    )
    numerators = observations.select("indicator", *_SAME_CELL, *columns).join(
        table, left_on="indicator", right_on="numerator"
    )
    denominators = observations.select("indicator", *_SAME_CELL, *columns)
    inputs = numerators.join(
        denominators,
        left_on=["denominator", *_SAME_CELL],
        right_on=["indicator", *_SAME_CELL],
        suffix="_denominator",
    )
    known = (pl.col("status") == "reported") & (pl.col("status_denominator") == "reported")
    masked = (pl.col("status") == "masked") | (pl.col("status_denominator") == "masked")
    missing = (pl.col("status") == "missing") | (pl.col("status_denominator") == "missing")
    same_break = pl.col("break_id").eq_missing(pl.col("break_id_denominator"))
    joint_break = pl.format(
        "{}÷{}", pl.col("break_id").fill_null(""), pl.col("break_id_denominator").fill_null("")
    )
    weakest = pl.min_horizontal(encode_grade("grade"), encode_grade("grade_denominator"))
    inputs = inputs.with_columns(_bound=quotient_bound("bound", "bound_denominator"))
    usable = known & (pl.col("value_denominator") > 0) & pl.col("_bound").is_not_null()
    rows = inputs.with_columns(
        indicator=pl.col("_ratio"),
        value=pl.when(usable).then(_without_noise()),
        status=pl.when(usable)
        .then(pl.lit("reported"))
        .when(masked)
        .then(pl.lit("masked"))
        .when(missing)
        .then(pl.lit("missing"))
        .otherwise(pl.lit("not_applicable")),
        grade=decode_grade(weakest),
        bound=pl.when(usable).then(pl.col("_bound")).otherwise(pl.lit("exact")),
        source=pl.concat_str("source", pl.lit(" ÷ "), "source_denominator"),
        intake_id=pl.max_horizontal("intake_id", "intake_id_denominator"),
        break_id=pl.when(same_break).then(pl.col("break_id")).otherwise(joint_break),
        reported=pl.lit(""),
    )
    printed = ["published_growth", "growth_basis", "as_of", "published"]
    rows = rows.join(
        observations.select("indicator", *_SAME_CELL, *printed),
        left_on=["_ratio", *_SAME_CELL],
        right_on=["indicator", *_SAME_CELL],
        how="left",
    )
    rows = conform(rows, schema).collect().lazy()
    # Where an input is unknown, the ratio as reported stays.
    reported = observations.join(rows, on=KEY, how="semi").select(KEY)
    has_figure = pl.col("status") == "reported"
    without_figure = rows.filter(~has_figure).join(reported, on=KEY, how="anti")
    return pl.concat([rows.filter(has_figure), without_figure]).collect()
