"""Standing among peers: rank and share (semantics §8)."""

from __future__ import annotations

import polars as pl

from kejistats.metrics.bounds import quotient
from kejistats.metrics.totals import month_end, valid_at

PEER_KINDS = ["district", "zone"]


def rank(
    figures: pl.LazyFrame,
    districts: pl.DataFrame,
    indicators: pl.DataFrame,
    coverage: float = 0.8,
) -> pl.LazyFrame:
    """Add ranks among peers: same parent, kind and group, valid, exact figure, same grade.

    Competition ranking (1, 2, 2, 4), 1 = highest, or lowest for ``direction = "down"``; none
    for ``direction = "none"``. Totals, subtotals and residuals have no rank.

    Parameters
    ----------
    figures
        Rows with district, indicator, level, year, month, value, status, bound, grade.
    districts, indicators
        District and Indicator tables.
    coverage
        Share of peers with a figure from which a rank is shown.

    Returns
    -------
    polars.LazyFrame
        Columns added: rank, ranked, peers, tied, rank_shown, and _members (whose ranks these
        are, for comparing years).
    """
    units = districts.lazy().select(
        pl.col("code").alias("district"), "parent", "kind", "group", "valid_from", "valid_to"
    )
    direction = indicators.lazy().select(pl.col("id").alias("indicator"), "direction")
    group = ["parent", "kind", "group"]
    at = figures.select("year", "month").unique()
    valid = units.filter(pl.col("kind").is_in(PEER_KINDS), pl.col("parent").is_not_null())
    peers = (
        valid.join(at, how="cross")
        .filter(valid_at(month_end()))
        .group_by(*group, "year", "month")
        .agg(pl.len().cast(pl.Int64).alias("peers"))
    )
    rows = (
        figures.join(units, on="district", how="left")
        .join(direction, on="indicator", how="left")
        .join(peers, on=[*group, "year", "month"], how="left", nulls_equal=True)
        .with_columns(
            _in=(pl.col("status") == "reported")
            & (pl.col("bound") == "exact")
            & pl.col("peers").is_not_null()
            & (pl.col("direction") != "none")
            & valid_at(month_end())
        )
    )
    over = [*group, "indicator", "level", "year", "month", "grade", "_in"]
    # Twelve digits: figures that print alike must not be told apart by binary noise.
    signed = (
        pl.when(pl.col("direction") == "down").then(-pl.col("value")).otherwise(pl.col("value"))
    )
    key = signed.round_sig_figs(12)
    rows = rows.with_columns(_key=key)
    place = pl.col("_key").rank("min", descending=True).over(over).cast(pl.Int64)
    zeros = (pl.col("value") == 0).sum().over(over)
    ranked = pl.len().over(over).cast(pl.Int64)
    same = pl.len().over([*over, "_key"]) > 1
    inside = pl.col("_in")
    shown = (ranked >= 2) & (ranked / pl.col("peers") >= coverage) & (zeros <= ranked / 2)
    return rows.with_columns(
        rank=pl.when(inside).then(place),
        ranked=pl.when(inside).then(ranked),
        tied=(inside & same).fill_null(value=False),
        rank_shown=(inside & shown).fill_null(value=False),
        _members=pl.when(inside).then(pl.col("district").sort().str.join(",").over(over)),
    ).drop("_in", "_key", "direction", "parent", "kind", "group", "valid_from", "valid_to")


def rank_change(ranked: pl.LazyFrame, before: pl.LazyFrame) -> pl.LazyFrame:
    """Add the places risen (+) or fallen (−) since `before`; only for the same members.

    Parameters
    ----------
    ranked, before
        Results of `rank` at a checkpoint and at an earlier one.
    """
    key = ["district", "indicator", "level"]
    past = before.select(
        *key, pl.col("rank").alias("_rank_before"), pl.col("_members").alias("_members_before")
    )
    same = pl.col("_members") == pl.col("_members_before")
    return (
        ranked.join(past, on=key, how="left")
        .with_columns(rank_change=pl.when(same).then(pl.col("_rank_before") - pl.col("rank")))
        .drop("_rank_before", "_members_before", "_members")
    )


def share(figures: pl.LazyFrame, districts: pl.DataFrame, indicators: pl.DataFrame) -> pl.LazyFrame:
    """Add the share of the parent's figure: own / total, with the bound that follows.

    The parent's row is its own report or, from `totals`, the sum of districts that all
    reported. Exactly one of share and share_reason is set.

    Parameters
    ----------
    figures
        Rows with district, indicator, level, year, month, value, status, bound, grade, break_id.
    districts, indicators
        District and Indicator tables.
    """
    key = ["indicator", "level", "year", "month"]
    units = districts.lazy().select(
        pl.col("code").alias("district"), pl.col("parent").alias("_parent"), "kind"
    )
    additive = indicators.lazy().select(pl.col("id").alias("indicator"), "aggregate")
    whole = figures.select(
        pl.col("district").alias("_parent"),
        *key,
        pl.col("value").alias("_whole"),
        pl.col("status").alias("_whole_status"),
        pl.col("bound").alias("_whole_bound"),
        pl.col("grade").alias("_whole_grade"),
        pl.col("break_id").alias("_whole_break"),
    )
    rows = (
        figures.join(units, on="district", how="left")
        .join(additive, on="indicator", how="left")
        .join(whole, on=["_parent", *key], how="left")
        .with_columns(_share_bound=quotient("bound", "_whole_bound"))
    )
    reason = (
        pl.when(pl.col("kind") == "total")
        .then(pl.lit("is_total"))
        .when(pl.col("_parent").is_null())
        .then(pl.lit("no_parent"))
        .when(pl.col("aggregate") != "sum")
        .then(pl.lit("not_additive"))
        .when(pl.col("status") == "masked")
        .then(pl.lit("figure_masked"))
        .when(pl.col("value").is_null())
        .then(pl.lit("figure_missing"))
        .when(pl.col("_whole_status") == "masked")
        .then(pl.lit("total_masked"))
        .when(pl.col("_whole").is_null())
        .then(pl.lit("total_missing"))
        .when(~pl.col("_whole_break").eq_missing(pl.col("break_id")))
        .then(pl.lit("break"))
        .when(pl.col("_whole_grade") != pl.col("grade"))
        .then(pl.lit("total_grade"))
        .when(pl.col("_whole") <= 0)
        .then(pl.lit("total_zero"))
        .when(pl.col("_share_bound").is_null())
        .then(pl.lit("bound_open"))
    )
    rows = rows.with_columns(share_reason=reason)
    fits = pl.col("share_reason").is_null()
    return rows.with_columns(
        share=pl.when(fits).then(pl.col("value") / pl.col("_whole")),
        share_bound=pl.when(fits).then(pl.col("_share_bound")),
    ).drop(
        "_parent", "kind", "aggregate", "_whole", "_whole_status", "_whole_bound",
        "_whole_grade", "_whole_break", "_share_bound",
    )  # fmt: skip
