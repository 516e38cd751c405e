"""Yearly growth over several years, and what a report implies: cases by definition and algebra."""

from __future__ import annotations

import math
from typing import Any

import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kejistats.metrics.compound import cagr, cagr_ratio, directed_cagr, required_cagr
from kejistats.metrics.implied import due_at_multiple, half_year_task, implied_target
from kejistats.model.numbers import balanced_percentages, round_half_up
from tests.factory import read_csv

ARITHMETIC = read_csv("report_arithmetic.csv")
CASES = [
    row
    for row in [*read_csv("target_cases.csv"), *ARITHMETIC]
    if row["quantity"]
    in {
        "cagr_ratio", "required_cagr", "implied_target", "half_year_task_pct", "balanced_share",
        "due_linear_multiple",
    }
]  # fmt: skip


def value(expression: pl.Expr) -> Any:
    return pl.select(expression).item()


def lit(number: Any) -> pl.Expr:
    return pl.lit(None if number is None else float(number), dtype=pl.Float64)


def rate(a: Any, b: Any, years: Any) -> Any:
    return value(cagr(lit(a), lit(b), lit(years)))


def solved(row: dict[str, str]) -> float:
    """Return the result of a case, in the unit the tables print."""
    match row["quantity"]:
        case "implied_target":
            result = implied_target(float(row["actual"]), float(row["completion_pct"]))
        case "half_year_task_pct":
            task = half_year_task(float(row["actual"]), float(row["target"]))
            result = None if task is None else task * 100
        case "balanced_share":
            parts = [r for r in ARITHMETIC if r["quantity"] == "balanced_share"]
            shares = balanced_percentages([float(part["actual"]) for part in parts])
            assert sum(float(part["actual"]) for part in parts) == float(row["base"])
            result = float(shares[parts.index(row)])
        case "due_linear_multiple":
            # 双倍完成序时进度
            result = due_at_multiple(float(row["target"]), int(row["month"]), 2)
        case "required_cagr":
            # A target of twice the base, 36 months on.
            years = lit(int(row["month"]) / 12)
            required = required_cagr(lit(row["base"]), lit(row["actual"]), years)
            result = value(required) * 100
        case "cagr_ratio":
            now, _, end = row["month"].partition(" of ")
            base = lit(row["base"])
            observed = cagr(lit(row["actual"]), base, lit(int(now) / 12))
            required = required_cagr(base, lit(row["target"]), lit(int(end) / 12))
            result = value(cagr_ratio(observed, required))
    assert result is not None
    return float(result)


@pytest.mark.parametrize(
    "row", CASES, ids=lambda row: f"{row['case']} {row['quantity']} of {row['actual']}"
)
def test_the_cases_by_definition(row: dict[str, str]) -> None:
    result = solved(row)

    assert str(round_half_up(result, int(row["decimals"]))) == row["expect"]


def test_there_are_nine_cases() -> None:
    assert len(CASES) == 9


# Compound growth

LEVELS = st.floats(1e-3, 1e9)
SPANS = st.floats(0.25, 20)
RATES = st.floats(-0.9, 3)


@pytest.mark.parametrize(
    ("a", "b", "years", "expected"),
    [
        (121, 100, 2, 0.1),
        (160, 100, 2, 0.26491106),
        (200, 100, 3, 0.25992105),
        (100, 100, 7, 0.0),
        (0, 100, 2, -1.0),
        (110, 100, 1, 0.1),
        (1.5, 1, 0.5, 1.25),
        (-1, 100, 2, None),
        (100, 0, 2, None),
        (100, -5, 2, None),
        (100, 100, 0, None),
        (100, 50, -1, None),
        (None, 100, 2, None),
        (100, None, 2, None),
        (100, 50, None, None),
        (math.nan, 100, 2, None),
        (100, math.nan, 2, None),
        (100, 50, math.nan, None),
        (math.inf, 100, 2, None),
        (1e300, 1e-300, 0.5, None),
    ],
)
def test_compound_growth(a: Any, b: Any, years: Any, expected: float | None) -> None:
    result = rate(a, b, years)

    assert result == (None if expected is None else pytest.approx(expected, abs=1e-8))


@given(*[st.none() | st.floats()] * 4)
def test_no_rate_is_ever_infinite_or_not_a_number(
    a: float | None, b: float | None, years: float | None, target: float | None
) -> None:
    observed = cagr(lit(a), lit(b), lit(years))
    required = required_cagr(lit(b), lit(target), lit(years))

    result = [
        value(observed),
        value(required),
        value(cagr_ratio(observed, required)),
        value(directed_cagr(lit(a), lit(b), lit(years), lit(-1))),
    ]

    assert all(number is None or math.isfinite(number) for number in result)


@given(LEVELS, RATES, SPANS)
def test_a_base_that_grows_at_a_rate_has_that_rate(base: float, each: float, years: float) -> None:
    grown = base * (1 + each) ** years

    assert rate(grown, base, years) == pytest.approx(each, rel=1e-6, abs=1e-9)


@given(LEVELS, LEVELS, SPANS, st.floats(1e-3, 1e3))
def test_the_unit_of_both_figures_does_not_matter(
    a: float, b: float, years: float, factor: float
) -> None:
    result, other = rate(a, b, years), rate(a * factor, b * factor, years)

    assume(result is not None and other is not None)
    assert other == pytest.approx(result, rel=1e-9, abs=1e-9)


# Near −100 % a rate loses the digits of the figure, so growth is neither steep nor short here.
@given(*[st.floats(1, 100)] * 3, *[st.floats(2, 20)] * 2)
def test_spans_one_after_another_compound(
    a: float, b: float, c: float, first: float, then: float
) -> None:
    ab, bc, ac = rate(b, a, first), rate(c, b, then), rate(c, a, first + then)

    both = (1 + ab) ** first * (1 + bc) ** then
    assert (1 + ac) ** (first + then) == pytest.approx(both, rel=1e-9)


@given(LEVELS, LEVELS, SPANS)
def test_a_figure_on_its_target_has_just_the_growth_required(
    base: float, target: float, years: float
) -> None:
    assume(abs(target / base - 1) > 1e-6)
    required = required_cagr(lit(base), lit(target), lit(years))

    result = value(cagr_ratio(cagr(lit(target), lit(base), lit(years)), required))

    assert result is None or result == pytest.approx(1)


@given(LEVELS, RATES, SPANS, st.floats(0.1, 1))
def test_a_figure_on_the_way_of_equal_growth_keeps_pace(
    base: float, each: float, years: float, part: float
) -> None:
    assume(abs(each) > 1e-3)
    target, now = base * (1 + each) ** years, base * (1 + each) ** (years * part)

    result = value(
        cagr_ratio(
            cagr(lit(now), lit(base), lit(years * part)),
            required_cagr(lit(base), lit(target), lit(years)),
        )
    )

    assert result == pytest.approx(1, rel=1e-6)


@pytest.mark.parametrize("observed", [None, 0.0, 0.1, -0.1])
@pytest.mark.parametrize("required", [None, 0.0])
def test_where_nothing_is_required_there_is_no_ratio(
    observed: float | None, required: float | None
) -> None:
    assert value(cagr_ratio(lit(observed), lit(required))) is None


@given(LEVELS, LEVELS, SPANS)
def test_the_desired_direction_gives_the_sign(a: float, b: float, years: float) -> None:
    up = value(directed_cagr(lit(a), lit(b), lit(years), lit(1)))
    down = value(directed_cagr(lit(a), lit(b), lit(years), lit(-1)))

    assert up == rate(a, b, years)
    assert (up is None) == (down is None)
    assert up is None or down == -up


def test_whole_columns_are_taken_at_once() -> None:
    frame = pl.LazyFrame({"a": [121, 0, 5, None], "b": [100, 4, 0, 7], "n": [2, 1, 1, 1]})

    result = frame.select(cagr(pl.col("a"), pl.col("b"), pl.col("n")).alias("rate")).collect()

    assert result["rate"].to_list() == [pytest.approx(0.1), -1.0, None, None]


# What reports imply


@pytest.mark.parametrize(
    ("actual", "completion", "expected"),
    [(3, 150, 2), (270, 54, 500), (90, 56.25, 160), (0, 0, None), (0, 50, None), (5, 0, None),
     (-1, 50, None)],
)  # fmt: skip
def test_implied_targets(actual: float, completion: float, expected: float | None) -> None:
    assert implied_target(actual, completion) == expected


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_the_implied_target_gives_the_completion_back(actual: int, completion: int) -> None:
    result = implied_target(actual, completion)

    assert result is not None
    assert actual / result * 100 == pytest.approx(completion)


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_the_half_year_task_is_half_of_the_target_in_every_month(actual: int, target: int) -> None:
    assert half_year_task(actual, target) == pytest.approx(2 * actual / target)
    assert half_year_task(actual, -target) is None


@given(st.integers(0, 10**6), st.integers(1, 12), st.floats(0.1, 5))
def test_a_multiple_of_the_pace_is_due_so_many_times(
    target: int, month: int, multiple: float
) -> None:
    assert due_at_multiple(target, 12, 1) == target
    assert due_at_multiple(target, month, multiple) == pytest.approx(
        multiple * due_at_multiple(target, month, 1)
    )
