"""Totals that were not reported, summed from the districts where that is allowed (semantics §8)."""

from __future__ import annotations

import polars as pl

from kejistats.metrics.bounds import LOWER, UPPER
from kejistats.metrics.frames import grade_at, grade_place, shaped

DERIVED_TOTAL = "各区合计"
_AT = ["indicator", "level", "year", "month"]


def valid_at(end: pl.Expr) -> pl.Expr:
    """Return whether a district exists on a day, by ``valid_from`` and ``valid_to``."""
    return (pl.col("valid_from").is_null() | (pl.col("valid_from") <= end)) & (
        pl.col("valid_to").is_null() | (pl.col("valid_to") >= end)
    )


def month_end() -> pl.Expr:
    """Return the last day of ``year`` and ``month``."""
    return pl.date(pl.col("year"), pl.col("month"), 1).dt.month_end()


def in_order(figures: pl.Expr, by: str) -> pl.Expr:
    """Return a group's sum, added up in one order so that its last digit is always the same.

    In a group, polars drops the order before ``sum``; the sum of a list keeps it.
    """
    return figures.sort_by(by).implode().list.sum()


def totals(
    observations: pl.LazyFrame, districts: pl.DataFrame, indicators: pl.DataFrame
) -> pl.LazyFrame:
    """Add the row of a parent where it reported none and every district did.

    A reported total wins, a masked one too. Only ``aggregate = "sum"`` indicators are summed,
    over districts, residuals and lower totals, never over zones or subtotals;
    ``not_applicable`` counts as covered. The sum carries the weakest grade and bound of its
    parts.

    Parameters
    ----------
    observations
        Observation table, one row per key.
    districts, indicators
        District and Indicator tables.

    Returns
    -------
    polars.LazyFrame
        The same columns, with rows whose source reads 各区合计.
    """
    additive = indicators.filter(pl.col("aggregate") == "sum").select("id").lazy()
    members = districts.filter(
        pl.col("kind").is_in(["district", "residual", "total"]), pl.col("parent").is_not_null()
    ).lazy()
    members = members.select(pl.col("code").alias("district"), "parent", "valid_from", "valid_to")
    parts = (
        observations.join(additive, left_on="indicator", right_on="id")
        .join(members, on="district")
        .filter(valid_at(month_end()))
    )
    # Peers are counted at each checkpoint, for districts come and go.
    at = observations.select("year", "month").unique()
    due = (
        members.join(at, how="cross")
        .filter(valid_at(month_end()))
        .group_by("parent", "year", "month")
        .agg(pl.len().alias("_due"))
    )
    has_figure = pl.col("status") == "reported"
    lower = pl.col("bound").is_in(LOWER)
    upper = pl.col("bound").is_in(UPPER)
    sums = (
        parts.group_by("parent", *_AT)
        .agg(
            # In one order and without binary noise, so that 2.3 + 0.1 reaches a target of 2.4.
            in_order(pl.col("value"), "district").round_sig_figs(14),
            (has_figure | (pl.col("status") == "not_applicable")).sum().alias("_covered"),
            has_figure.any().alias("_any"),
            grade_place().filter(has_figure).min().alias("_grade"),
            (lower & has_figure).any().alias("_lower"),
            (upper & has_figure).any().alias("_upper"),
            (pl.col("bound") == "about").any().alias("_about"),
            pl.col("received").max(),
            pl.col("break_id").first(),
            pl.col("break_id").n_unique().alias("_breaks"),
        )
        .join(due, on=["parent", "year", "month"])
        .filter(
            pl.col("_covered") == pl.col("_due"),
            pl.col("_any"),
            pl.col("_breaks") == 1,
            ~(pl.col("_lower") & pl.col("_upper")),
        )
        .rename({"parent": "district"})
    )
    known = observations.filter(pl.col("status") != "missing").select("district", *_AT)
    sums = sums.join(known, on=["district", *_AT], how="anti").with_columns(
        status=pl.lit("reported"),
        grade=grade_at(pl.col("_grade")),
        bound=pl.when("_lower")
        .then(pl.lit("at_least"))
        .when("_upper")
        .then(pl.lit("at_most"))
        .when("_about")
        .then(pl.lit("about"))
        .otherwise(pl.lit("exact")),
        source=pl.lit(DERIVED_TOTAL),
        reported=pl.lit(""),
    )
    sums = shaped(sums, observations.collect_schema())
    replaced = observations.join(sums, on=["district", *_AT], how="anti")
    return pl.concat([replaced, sums])
