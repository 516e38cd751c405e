"""Compare a received figure with the one before it: falling cumulative and unchanged figures."""

from __future__ import annotations

from typing import Any

import polars as pl

from kejistats.intake.comparisons.figures import (
    SERIES_STEP,
    Figures,
    finding_rows,
    format_figure,
    month_label,
)
from kejistats.model.intervals import EPS
from kejistats.model.settings import Checks
from kejistats.model.tables.indicator import FREQUENCIES

# An unchanged figure is reported if it should have changed by this many units of its last digit.
# The usual change of a stock is known from at least this many pairs of figures.
_LAST_DIGITS = 3
_MIN_CHANGES = 3


def within_year(figures: Figures, checks: Checks) -> pl.DataFrame:
    """Find cumulative figures below an earlier one of the year, and unchanged figures."""
    findings = []
    for measure in ("flow", "stock"):
        for block in figures.blocks(figures.indicators_where(pl.col("measure") == measure)):
            rows = (
                figures.rows.lazy()
                .select("key", "at", "i", "v", "breaks", "row", "n")
                .filter(pl.col("i").is_in(block), pl.col("v").is_not_null())
                .collect()
            )
            findings += _within_year(figures, rows, checks, flow=measure == "flow")
    return pl.concat(findings)


def _within_year(
    figures: Figures, rows: pl.DataFrame, checks: Checks, *, flow: bool
) -> list[pl.DataFrame]:
    key = pl.col("key")
    old_key = key.shift(1)
    same_year = key // 12 == old_key // 12
    is_same_series = (
        same_year
        if flow
        else (key // SERIES_STEP == old_key // SERIES_STEP) & (key - old_key <= 12)
    )
    pairs = rows.with_columns(
        old_v=pl.col("v").shift(1), old_n=pl.col("n").shift(1), old_row=pl.col("row").shift(1),
        old_at=pl.col("at").shift(1), old_breaks=pl.col("breaks").shift(1),
        before=pl.when(key.shift(2) // 12 == key // 12).then(pl.col("v").shift(2)),
        after=pl.when(key.shift(-1) // 12 == key // 12).then(pl.col("v").shift(-1)),
    ).filter(is_same_series, pl.col("breaks") == pl.col("old_breaks"))  # fmt: skip
    has_received = pl.col("n").is_not_null() | pl.col("old_n").is_not_null()
    falling = (
        pairs.filter(has_received, pl.col("v") < pl.col("old_v") * (1 - EPS))
        if flow
        else pairs.clear()
    )
    unchanged = pairs.filter(
        pl.col("v") == pl.col("old_v"),
        pl.col("v") >= checks.unchanged_from,
        pl.col("n").is_not_null(),
    )
    return [_falling_findings(figures, falling), _unchanged_findings(figures, pairs, unchanged)]


def _unchanged_findings(
    figures: Figures, pairs: pl.DataFrame, unchanged: pl.DataFrame
) -> pl.DataFrame:
    """Find unchanged figures that should have changed by several units of their last digit.

    A flow is expected to continue at its pace so far, a stock to change by the median relative
    change of the indicator; that a small stock does not change is not reported.
    """
    change = ((pl.col("v") - pl.col("old_v")) / pl.col("old_v")).abs()
    stocks = pairs.filter(pl.col("i").is_in(unchanged["i"].unique().to_list()), pl.col("old_v") > 0)
    usual_change = stocks.group_by("i").agg(
        usual=pl.when(pl.len() >= _MIN_CHANGES).then(change.median())
    )
    facts = ("unit", "counted", "decimals", "frequency", "measure")
    unchanged = figures.with_half(figures.with_facts(unchanged.join(usual_change, on="i"), *facts))
    pace = (pl.col("at") - pl.col("old_at")) / (pl.col("old_at") % 12 + 1)
    expected_share = pl.when(pl.col("measure") == "flow").then(pace).otherwise(pl.col("usual"))
    last_digit = pl.max_horizontal(2 * pl.col("half"), pl.when("counted").then(1.0).otherwise(0.0))
    should_change = (expected_share * pl.col("v") >= _LAST_DIGITS * last_digit).fill_null(
        value=True
    )
    is_yearly = pl.col("frequency").replace_strict(FREQUENCIES, return_dtype=pl.Int64) == 12
    return finding_rows("unchanged", unchanged.filter(~is_yearly, should_change), _unchanged_text)


def _falling_findings(figures: Figures, pairs: pl.DataFrame) -> pl.DataFrame:
    pairs = figures.with_half(figures.with_facts(pairs, "unit", "counted", "decimals"))
    pairs = figures.with_half(pairs, "old_row", "old_v", "old_half")
    low, high = pl.col("v") + pl.col("half"), pl.col("old_v") - pl.col("old_half")
    pairs = pairs.filter(low < high)
    # The earlier of the two is at fault if the figures rise once it is left out.
    is_peak = (pl.col("after") < pl.col("old_v")) & (pl.col("before") <= pl.col("v")).fill_null(
        value=True
    )
    earlier_at_fault = pl.col("old_n").is_not_null() & (
        is_peak.fill_null(value=False) | pl.col("n").is_null()
    )
    return pl.concat(
        [
            finding_rows("cumulative_below", pairs.filter(~earlier_at_fault), _later_is_lower),
            finding_rows(
                "cumulative_below",
                pairs.filter(earlier_at_fault).with_columns(n="old_n"),
                _earlier_is_higher,
            ),
        ]
    )


def _later_is_lower(row: dict[str, Any]) -> tuple[str, str]:
    return (
        f"{month_label(row['at'])}累计{format_figure(row['v'], row['unit'])}，"
        f"小于{month_label(row['old_at'])}累计{format_figure(row['old_v'], row['unit'])}",
        "年内累计数一般不减少，请核对；核减的请在备注中说明",
    )


def _earlier_is_higher(row: dict[str, Any]) -> tuple[str, str]:
    return (
        f"{month_label(row['old_at'])}累计{format_figure(row['old_v'], row['unit'])}，"
        f"大于{month_label(row['at'])}累计{format_figure(row['v'], row['unit'])}",
        "年内累计数一般不减少，请核对，需要时同时更正以后各期",
    )


def _unchanged_text(row: dict[str, Any]) -> tuple[str, str]:
    return (
        f"与{month_label(row['old_at'])}的{format_figure(row['old_v'], row['unit'])}完全相同",
        "请确认已更新为本期数；确无变化的请在备注中说明",
    )
