"""The totals of an assessment: what is sure, what is open, and who stands where."""

from __future__ import annotations

import polars as pl

from kejistats.assessment.declaration import Rules
from kejistats.assessment.scores import DIGITS
from kejistats.model.tables import Assessment
from kejistats.model.tables.score import SCORED

_AT = ["district", "year", "month"]


def totals(scores: pl.DataFrame, units: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Add up the parts of every district.

    The items are summed, and multiplied by total / (total − weights left out) where a district
    has items left out by ``reweight``; the bonuses are added, capped together; a red line that is
    crossed caps the sum, one that is open may. A total is a score only where both ends agree. A
    rank (1, 2, 2, 4) is over all peers, and stands only where no figure that is open can change
    it; else the best and the worst that the ranges of all allow.

    Parameters
    ----------
    scores
        Score table.
    units
        Rows of the District table that are assessed, with `_group` (who is whose peer).
    rules
        The assessment.

    Returns
    -------
    polars.DataFrame
        The Assessment table, in the order of the units.
    """
    item, bonus, line = (pl.col("part") == part for part in ("item", "bonus", "red_line"))
    left_out = pl.col("weight").filter(item & (pl.col("status") == "reweighted")).sum()
    crossed = line & (pl.col("status") == "crossed")
    threatened = line & pl.col("status").is_in(["crossed", "open"])
    rest = rules.total - pl.col("_left_out").round(DIGITS)
    most = sum(one.rule.most for one in rules.items)
    table = (
        scores.group_by(_AT, maintain_order=True)
        .agg(
            left_out.alias("_left_out"),
            *(
                pl.col(c).filter(item).sum().alias(f"_items_{c}")
                for c in ("low", "high", "maximum")
            ),
            *(
                pl.col(c).filter(bonus).sum().clip(0.0, rules.bonus_cap).alias(f"bonus_{c}")
                for c in ("low", "high")
            ),
            limit=pl.col("maximum").filter(crossed).min(),
            _threat=pl.col("maximum").filter(threatened).min(),
            scored=(~line & pl.col("status").is_in(SCORED)).sum().cast(pl.Int64),
            parts=(~line).sum().cast(pl.Int64),
        )
        .with_columns(factor=pl.when(rest > 0).then(rules.total / rest))
        # With every item left out nothing is known of what it would have scored.
        .with_columns(
            items_low=(pl.col("_items_low") * pl.col("factor")).fill_null(0.0),
            items_high=(pl.col("_items_high") * pl.col("factor")).fill_null(most),
        )
        .with_columns(
            low=pl.min_horizontal(pl.col("items_low") + pl.col("bonus_low"), "_threat"),
            high=pl.min_horizontal(pl.col("items_high") + pl.col("bonus_high"), "limit"),
            # What may give more than its weight gives more still where it stands for others.
            maximum=(pl.col("_items_maximum") * pl.col("factor")).fill_null(most) + rules.bonus_cap,
        )
    )
    same = pl.col("low").round(DIGITS) == pl.col("high").round(DIGITS)
    capped = pl.col("items_low") + pl.col("bonus_low") > pl.col("limit")
    fails = [one.name for one in rules.red_lines if one.fail]
    failed = (
        scores.filter(pl.col("status") == "crossed", pl.col("item").is_in(fails))["district"]
        .unique()
        .to_list()
    )
    table = table.with_columns(
        high=pl.when(same).then("low").otherwise("high"),
        score=pl.when(same).then("low"),
        outcome=pl.when(pl.col("district").is_in(failed))
        .then(pl.lit("failed"))
        .when(capped)
        .then(pl.lit("capped"))
        .when(same)
        .then(pl.lit("complete"))
        .otherwise(pl.lit("open")),
    )
    groups = units.select(pl.col("code").alias("district"), "_group")
    return Assessment.conform(_ranked(table.join(groups, on="district")))


def _ranked(table: pl.DataFrame) -> pl.DataFrame:
    """Add the ranks among peers that the ranges of all totals allow."""
    ends = table.select("_group", pl.col("low", "high").round(DIGITS))
    best, worst = [], []
    for group, own_low, own_high in ends.iter_rows():
        peers = ends.filter(pl.col("_group") == group)
        best.append(1 + peers.filter(pl.col("low") > own_high).height)
        # Oneself is never ahead of oneself, however wide the range.
        before = peers.filter(pl.col("high") > own_low).height
        worst.append(1 + before - int(own_high > own_low))
    table = table.with_columns(
        rank_best=pl.Series(best, dtype=pl.Int64),
        rank_worst=pl.Series(worst, dtype=pl.Int64),
        ranked=pl.col("score").count().over("_group").cast(pl.Int64),
        peers=pl.len().over("_group").cast(pl.Int64),
    ).with_columns(rank=pl.when(pl.col("rank_best") == pl.col("rank_worst")).then("rank_best"))
    return table.with_columns(
        tied=(pl.len().over("_group", "rank") > 1) & pl.col("rank").is_not_null()
    )
