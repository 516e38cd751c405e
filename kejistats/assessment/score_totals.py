"""Add up the scores of each district and rank the totals, with ranges where figures are open."""

from __future__ import annotations

import polars as pl

from kejistats.assessment.declaration import Rules
from kejistats.assessment.scores import DIGITS
from kejistats.model.tables import Assessment
from kejistats.model.tables.score import SCORED

_AT = ["district", "year", "month"]


def total_scores(scores: pl.DataFrame, districts: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Add up the parts of each district and rank the totals.

    The items are summed, and multiplied by total / (total − weights left out) where ``reweight``
    leaves out items of a district. Bonuses are added up to their common cap. A crossed red line
    caps the sum; an open one may. A district has a score only if the lowest and the highest total
    agree. A rank (1, 2, 2, 4) is among all peers and is set only if no open figure can change it;
    otherwise the best and the worst possible rank are given.

    Parameters
    ----------
    scores
        Score table.
    districts
        Rows of the District table that are assessed, with `_group`: districts of one group are
        peers.
    rules
        The assessment rules.

    Returns
    -------
    polars.DataFrame
        The Assessment table, in the order of the districts.
    """
    item, bonus, line = (pl.col("part") == part for part in ("item", "bonus", "red_line"))
    left_out = pl.col("weight").filter(item & (pl.col("status") == "reweighted")).sum()
    crossed = line & (pl.col("status") == "crossed")
    possibly_crossed = line & pl.col("status").is_in(["crossed", "open"])
    weight_left = rules.total - pl.col("_left_out").round(DIGITS)
    max_items = sum(item.rule.max_points for item in rules.items)
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
            _possible_limit=pl.col("maximum").filter(possibly_crossed).min(),
            scored=(~line & pl.col("status").is_in(SCORED)).sum().cast(pl.Int64),
            parts=(~line).sum().cast(pl.Int64),
        )
        .with_columns(factor=pl.when(weight_left > 0).then(rules.total / weight_left))
        # With every item left out, the items may be worth anything from none to all points.
        .with_columns(
            items_low=(pl.col("_items_low") * pl.col("factor")).fill_null(0.0),
            items_high=(pl.col("_items_high") * pl.col("factor")).fill_null(max_items),
        )
        .with_columns(
            low=pl.min_horizontal(pl.col("items_low") + pl.col("bonus_low"), "_possible_limit"),
            high=pl.min_horizontal(pl.col("items_high") + pl.col("bonus_high"), "limit"),
            # An item that can score above its weight exceeds it further after reweighting.
            maximum=(pl.col("_items_maximum") * pl.col("factor")).fill_null(max_items)
            + rules.bonus_cap,
        )
    )
    same = pl.col("low").round(DIGITS) == pl.col("high").round(DIGITS)
    capped = pl.col("items_low") + pl.col("bonus_low") > pl.col("limit")
    failing_lines = [red_line.name for red_line in rules.red_lines if red_line.fail]
    failed = (
        scores.filter(pl.col("status") == "crossed", pl.col("item").is_in(failing_lines))[
            "district"
        ]
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
    groups = districts.select(pl.col("code").alias("district"), "_group")
    return Assessment.conform(_ranked(table.join(groups, on="district")))


def _ranked(table: pl.DataFrame) -> pl.DataFrame:
    """Add the best and worst rank among peers that the ranges of all totals allow."""
    ends = table.select("_group", pl.col("low", "high").round(DIGITS))
    best, worst = [], []
    for group, low, high in ends.iter_rows():
        peers = ends.filter(pl.col("_group") == group)
        best.append(1 + peers.filter(pl.col("low") > high).height)
        # A district with an open range would otherwise be counted as ahead of itself.
        ahead = peers.filter(pl.col("high") > low).height
        worst.append(1 + ahead - int(high > low))
    table = table.with_columns(
        rank_best=pl.Series(best, dtype=pl.Int64),
        rank_worst=pl.Series(worst, dtype=pl.Int64),
        ranked=pl.col("score").count().over("_group").cast(pl.Int64),
        peers=pl.len().over("_group").cast(pl.Int64),
    ).with_columns(rank=pl.when(pl.col("rank_best") == pl.col("rank_worst")).then("rank_best"))
    return table.with_columns(
        tied=(pl.len().over("_group", "rank") > 1) & pl.col("rank").is_not_null()
    )
