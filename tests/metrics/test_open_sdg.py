"""The Canadian Indicator Framework's progress values, by the method of Open SDG."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from kejistats.metrics.compound import cagr, cagr_ratio, directed_cagr, required_cagr
from tests.factory import read_csv

ROWS = read_csv("open_sdg_progress.csv")
BASE, NOW, TARGET, DIRECTION = (pl.col(c) for c in ("base", "current", "target", "direction"))
YEARS = pl.col("current_year") - pl.col("base_year")
YEARS_TO_TARGET = pl.col("target_year") - pl.col("base_year")

# The base lies on the far side of the target, seen in the direction declared: where less is
# desired the target is above it, where more is desired below. The plain ratio then has the other
# sign; Open SDG takes the sign from the direction and divides by the size of what is required.
BEYOND_TARGET = {"3-13-1", "9-7-1", "14-2-1 / Percentage", "15-5-1"}
# One figure only so far: the base year is the current one.
ONE_FIGURE = {
    "13-3-1 / Canada / Active transportation assets / All municipalities",
    "13-3-1 / Canada / Social and affordable housing / All municipalities",
    "16-7-1",
    "3-2-1",
    "5-1-1 / Intimate partner / Women",
    "5-2-1",
}
NO_FIGURE = {"13-3-1 / Canada / Shelters and homeless services assets / All municipalities"}


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    """Return the series with progress by cagr_ratio, and by the formula of Open SDG."""
    numbers = pl.DataFrame(ROWS).with_columns(
        pl.when(pl.col(c) != "").then(pl.col(c)).cast(pl.Float64)
        for c in ROWS[0]
        if c != "series"
    )  # fmt: skip
    required = required_cagr(BASE, TARGET, YEARS_TO_TARGET)
    directed = directed_cagr(NOW, BASE, YEARS, DIRECTION)
    return numbers.with_columns(
        plain=pl.when(TARGET.is_null())
        .then(directed)
        .otherwise(cagr_ratio(cagr(NOW, BASE, YEARS), required)),
        by_direction=pl.when(TARGET.is_null())
        .then(directed)
        .otherwise(cagr_ratio(directed, required.abs())),
    )


def close(column: str) -> pl.Expr:
    return (pl.col(column) - pl.col("progress")).abs() <= 1e-6


def series(table: pl.DataFrame, condition: pl.Expr) -> set[str]:
    return set(table.filter(condition)["series"])


def test_progress_follows_in_all_series_but_four(table: pl.DataFrame) -> None:
    published = table.filter(pl.col("progress").is_not_null())

    reproduced = published.filter(close("plain"))

    assert (published.height, reproduced.height) == (125, 121)
    assert series(published, ~close("plain")) == BEYOND_TARGET
    assert reproduced["target"].is_null().sum() == 86


def test_the_four_differ_in_their_sign_alone(table: pl.DataFrame) -> None:
    four = table.filter(pl.col("series").is_in(BEYOND_TARGET))

    assert (four["plain"] + four["progress"]).abs().max() == pytest.approx(0, abs=1e-6)


def test_exactly_the_four_have_their_base_beyond_the_target(table: pl.DataFrame) -> None:
    beyond = (TARGET - BASE) * DIRECTION < 0

    assert series(table, beyond) == BEYOND_TARGET


def test_with_the_sign_of_the_direction_all_follow(table: pl.DataFrame) -> None:
    published = table.filter(pl.col("progress").is_not_null())

    assert published.filter(close("by_direction")).height == 125


def test_without_two_figures_there_is_no_progress(table: pl.DataFrame) -> None:
    assert series(table, pl.col("progress").is_null()) == ONE_FIGURE | NO_FIGURE
    assert series(table, pl.col("plain").is_null()) == ONE_FIGURE | NO_FIGURE
    assert series(table, YEARS == 0) == ONE_FIGURE
    assert series(table, NOW.is_null()) == NO_FIGURE


def test_a_constant_figure_is_zero_progress_and_not_missing(table: pl.DataFrame) -> None:
    still: list[dict[str, Any]] = table.filter(NOW == BASE, YEARS > 0).to_dicts()

    assert {row["series"] for row in still} == {"12-4-1", "16-1-1"}
    assert all(row["plain"] == row["progress"] == 0 for row in still)
