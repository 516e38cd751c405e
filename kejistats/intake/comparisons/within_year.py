"""A received figure against the one before it: falling sums and figures that stand still."""

from __future__ import annotations

from typing import Any

import polars as pl

from kejistats.intake.comparisons.figures import STEP, Figures, findings, label, shown
from kejistats.model.intervals import EPS
from kejistats.model.settings import Checks
from kejistats.model.tables.indicator import FREQUENCIES

# A figure that stands still is told where it should have moved by so many of its last digit, as
# far as so many steps of the indicator tell how it moves.
_LAST_DIGITS = 3
_FEWEST_STEPS = 3


def within_year(figures: Figures, checks: Checks) -> pl.DataFrame:
    """Find cumulative figures below an earlier one of the year, and figures that stand still."""
    found = []
    for measure in ("flow", "stock"):
        for block in figures.blocks(figures.places(pl.col("measure") == measure)):
            rows = (
                figures.rows.lazy()
                .select("key", "at", "i", "v", "breaks", "row", "n")
                .filter(pl.col("i").is_in(block), pl.col("v").is_not_null())
                .collect()
            )
            found += _within_year(figures, rows, checks, flow=measure == "flow")
    return pl.concat(found)


def _within_year(
    figures: Figures, rows: pl.DataFrame, checks: Checks, *, flow: bool
) -> list[pl.DataFrame]:
    key = pl.col("key")
    old_key = key.shift(1)
    same_year = key // 12 == old_key // 12
    linked = same_year if flow else (key // STEP == old_key // STEP) & (key - old_key <= 12)
    pairs = rows.with_columns(
        old_v=pl.col("v").shift(1), old_n=pl.col("n").shift(1), old_row=pl.col("row").shift(1),
        old_at=pl.col("at").shift(1), old_breaks=pl.col("breaks").shift(1),
        before=pl.when(key.shift(2) // 12 == key // 12).then(pl.col("v").shift(2)),
        after=pl.when(key.shift(-1) // 12 == key // 12).then(pl.col("v").shift(-1)),
    ).filter(linked, pl.col("breaks") == pl.col("old_breaks"))  # fmt: skip
    fresh = pl.col("n").is_not_null() | pl.col("old_n").is_not_null()
    below = (
        pairs.filter(fresh, pl.col("v") < pl.col("old_v") * (1 - EPS)) if flow else pairs.clear()
    )
    still = pairs.filter(
        pl.col("v") == pl.col("old_v"),
        pl.col("v") >= checks.unchanged_from,
        pl.col("n").is_not_null(),
    )
    return [_below(figures, below), _still(figures, pairs, still)]


def _still(figures: Figures, pairs: pl.DataFrame, still: pl.DataFrame) -> pl.DataFrame:
    """Tell which figures stand still though they should have moved by several of their last digit.

    A flow should have gone on at its pace so far, a stock by the share that the indicator's
    figures usually move; of a small stock, no change at all is nothing to remark.
    """
    change = ((pl.col("v") - pl.col("old_v")) / pl.col("old_v")).abs()
    stocks = pairs.filter(pl.col("i").is_in(still["i"].unique().to_list()), pl.col("old_v") > 0)
    usual = stocks.group_by("i").agg(usual=pl.when(pl.len() >= _FEWEST_STEPS).then(change.median()))
    facts = ("unit", "counted", "decimals", "frequency", "measure")
    still = figures.with_half(figures.with_facts(still.join(usual, on="i"), *facts))
    pace = (pl.col("at") - pl.col("old_at")) / (pl.col("old_at") % 12 + 1)
    share = pl.when(pl.col("measure") == "flow").then(pace).otherwise(pl.col("usual"))
    digit = pl.max_horizontal(2 * pl.col("half"), pl.when("counted").then(1.0).otherwise(0.0))
    expected = (share * pl.col("v") >= _LAST_DIGITS * digit).fill_null(value=True)
    yearly = pl.col("frequency").replace_strict(FREQUENCIES, return_dtype=pl.Int64) == 12
    return findings("unchanged", still.filter(~yearly, expected), _unchanged)


def _below(figures: Figures, pairs: pl.DataFrame) -> pl.DataFrame:
    pairs = figures.with_half(figures.with_facts(pairs, "unit", "counted", "decimals"))
    pairs = figures.with_half(pairs, "old_row", "old_v", "old_half")
    low, high = pl.col("v") + pl.col("half"), pl.col("old_v") - pl.col("old_half")
    pairs = pairs.filter(low < high)
    # The earlier of the two is at fault where the figures around it rise without it.
    peak = (pl.col("after") < pl.col("old_v")) & (pl.col("before") <= pl.col("v")).fill_null(
        value=True
    )
    earlier = pl.col("old_n").is_not_null() & (peak.fill_null(value=False) | pl.col("n").is_null())
    return pl.concat(
        [
            findings("cumulative_below", pairs.filter(~earlier), _lower),
            findings("cumulative_below", pairs.filter(earlier).with_columns(n="old_n"), _higher),
        ]
    )


def _lower(row: dict[str, Any]) -> tuple[str, str]:
    return (
        f"{label(row['at'])}累计{shown(row['v'], row['unit'])}，"
        f"小于{label(row['old_at'])}累计{shown(row['old_v'], row['unit'])}",
        "年内累计数一般不减少，请核对；核减的请在备注中说明",
    )


def _higher(row: dict[str, Any]) -> tuple[str, str]:
    return (
        f"{label(row['old_at'])}累计{shown(row['old_v'], row['unit'])}，"
        f"大于{label(row['at'])}累计{shown(row['v'], row['unit'])}",
        "年内累计数一般不减少，请核对，需要时同时更正以后各期",
    )


def _unchanged(row: dict[str, Any]) -> tuple[str, str]:
    return (
        f"与{label(row['old_at'])}的{shown(row['old_v'], row['unit'])}完全相同",
        "请确认已更新为本期数；确无变化的请在备注中说明",
    )
