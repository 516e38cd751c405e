"""One series through time: increments, 环比, the two-year average, 较上年末 and the outlook."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from kejistats.metrics import increments
from tests.factory import (
    COUNT,
    MONEY,
    PERCENT,
    RATIO,
    STOCK,
    Case,
    day,
    observation,
    observations,
    registry,
    solve_cases,
)
from tests.metrics.factory import ABOUT, LOWER, MASKED, UPPER, assert_columns, series


def case(name: str, expected: dict[str, Any], indicator: str, *figures: tuple[Any, ...],
         at: str = "2025H1") -> Case:  # fmt: skip
    """Return the case of one series without a target."""
    return Case(name, expected, series(indicator, *figures), at=at)


# Increments inside the year

YEAR = [(1, 10), (2, 25), (3, 45), (4, 60), (5, 58), (6, 100), (9, 150), (12, 260)]


@pytest.mark.parametrize(
    ("months", "expected"),
    [
        (1, {1: 10, 2: 15, 3: 20, 4: 15, 5: -2, 6: 42, 9: None, 12: None}),
        (3, {1: None, 2: None, 3: 45, 4: None, 5: None, 6: 55, 9: 50, 12: 110}),
        (6, {1: None, 2: None, 3: None, 4: None, 5: None, 6: 100, 9: None, 12: 160}),
    ],
)
def test_increments_are_differences_of_cumulative_figures(
    months: int, expected: dict[int, float | None]
) -> None:
    rows = series(COUNT, (2024, 12, 500), *((2025, month, value) for month, value in YEAR))

    result = increments(observations(rows).lazy(), months).collect()

    rows_of_year = result.filter(year=2025).select("month", "increment").rows()
    assert dict(rows_of_year) == expected


@pytest.mark.parametrize(
    ("earlier", "figure", "increment", "bound"),
    [
        ((40,), (100,), 60, "exact"),
        ((40,), (40,), 0, "exact"),
        ((40,), (30,), -10, "exact"),
        ((0,), (30,), 30, "exact"),
        ((40, ABOUT), (100,), 60, "about"),
        ((40,), (100, LOWER), 60, "at_least"),
        ((40,), (100, UPPER), 60, "at_most"),
        ((40, LOWER), (100,), 60, "at_most"),
        ((40, UPPER), (100,), 60, "at_least"),
        ((40, UPPER), (100, LOWER), 60, "at_least"),
        ((40, LOWER), (100, LOWER), None, None),
        ((40, UPPER), (100, UPPER), None, None),
        ((None,), (100,), None, None),
        ((None, MASKED), (100,), None, None),
        ((None, {"status": "not_applicable"}), (100,), None, None),
        ((40,), (None,), None, None),
        ((40,), (None, MASKED), None, None),
        ((40,), (100, {"break_id": "2025"}), None, None),
        ((40, {"break_id": "2024"}), (100,), None, None),
        ((40, {"break_id": "b"}), (100, {"break_id": "b"}), 60, "exact"),
        ((40, {"level": "省"}), (100,), None, None),
        ((40, {"district": "900102"}), (100,), None, None),
    ],
)
def test_an_increment_needs_two_figures_that_compare(
    earlier: tuple[Any, ...], figure: tuple[Any, ...], increment: float | None, bound: str | None
) -> None:
    rows = series(COUNT, (2025, 3, *earlier), (2025, 6, *figure))

    result = increments(observations(rows).lazy(), 3).collect()

    row = result.filter(month=6, district="900101", level="").row(0, named=True)
    assert (row["increment"], row["increment_bound"]) == (increment, bound)


@pytest.mark.parametrize(
    ("figure", "increment", "bound"),
    [
        ((45,), 45, "exact"),
        ((45, LOWER), 45, "at_least"),
        ((0,), 0, "exact"),
        ((None,), None, None),
        ((None, MASKED), None, None),
        ((45, {"break_id": "2025"}), 45, "exact"),
    ],
)
def test_the_first_period_of_a_year_is_its_cumulative_figure(
    figure: tuple[Any, ...], increment: float | None, bound: str | None
) -> None:
    rows = series(COUNT, (2024, 12, 500), (2025, 3, *figure))

    result = increments(observations(rows).lazy(), 3).collect()

    row = result.filter(year=2025).row(0, named=True)
    assert (row["increment"], row["increment_bound"]) == (increment, bound)


def test_a_corrected_figure_corrects_the_increments_on_both_sides() -> None:
    rows = series(COUNT, (2025, 3, 45), (2025, 6, 100), (2025, 9, 150))
    rows.append(observation(COUNT, 90.0, 2025, 6, vintage=2))

    result = increments(observations(rows).lazy(), 3).collect()

    assert dict(result.select("month", "increment").rows()) == {3: 45, 6: 45, 9: 60}


# 环比


def period_values(
    increment: float | None, previous: float | None, rate: float | None
) -> dict[str, Any]:
    return {"increment": increment, "previous": previous, "period_on_period": rate}


HALVES = [(2024, 6, 150), (2024, 12, 250)]
PERIODS = [
    case("half against last year's second half", period_values(120.0, 100.0, 0.2), COUNT, *HALVES,
         (2025, 6, 120)),
    case("second half against the first", period_values(180.0, 120.0, 0.5), COUNT, (2025, 6, 120),
         (2025, 12, 300), at="2025"),
    case("quarter inside the year", period_values(40.0, 50.0, -0.2), COUNT, (2025, 3, 70),
         (2025, 6, 120), (2025, 9, 160), at="2025Q3"),
    case("first quarter", period_values(60.0, 75.0, -0.2), COUNT, (2024, 9, 175), (2024, 12, 250),
         (2025, 3, 60), at="2025Q1"),
    case("month inside the year", period_values(36.0, 30.0, 0.2), COUNT, (2025, 3, 60), (2025, 4, 90),
         (2025, 5, 126), at="2025M05"),
    case("February against January itself", period_values(15.0, 10.0, 0.5), COUNT, (2024, 12, 250),
         (2025, 1, 10), (2025, 2, 25), at="2025M02"),
    case("January against December's increment", period_values(15.0, 20.0, -0.25), COUNT,
         (2024, 11, 230), (2024, 12, 250), (2025, 1, 15), at="2025M01"),
    case("nothing before", period_values(120.0, None, None), COUNT, (2025, 6, 120)),
    case("start of the period before is masked", period_values(120.0, None, None), COUNT,
         (2024, 6, None, MASKED), (2024, 12, 250), (2025, 6, 120)),
    case("figure masked", period_values(None, 100.0, None), COUNT, *HALVES, (2025, 6, None, MASKED)),
    case("figure missing", period_values(None, 100.0, None), COUNT, *HALVES, (2025, 6, None)),
    case("zero before", period_values(120.0, 0.0, None), COUNT, (2024, 6, 250), (2024, 12, 250),
         (2025, 6, 120)),
    case("zero now", period_values(0.0, 100.0, -1.0), COUNT, *HALVES, (2025, 6, 0)),
    case("struck off before", period_values(120.0, -10.0, None), COUNT, (2024, 6, 260),
         (2024, 12, 250), (2025, 6, 120)),
    case("struck off now", period_values(-10.0, 120.0, None), COUNT, (2025, 6, 120), (2025, 12, 110),
         at="2025"),
    case("another definition", period_values(120.0, None, None), COUNT, *HALVES,
         (2025, 6, 120, {"break_id": "2025"})),
    case("definition changed inside the period before", period_values(120.0, None, None), COUNT,
         (2024, 6, 150), (2024, 12, 250, {"break_id": "b"}), (2025, 6, 120, {"break_id": "b"})),
    case("a lower bound", period_values(120.0, 100.0, None), COUNT, *HALVES, (2025, 6, 120, LOWER)),
    case("a bound before", period_values(120.0, None, None), COUNT, (2024, 6, 150),
         (2024, 12, 250, LOWER), (2025, 6, 120)),
    case("about", period_values(120.0, 100.0, 0.2), COUNT, *HALVES, (2025, 6, 120, ABOUT)),
    case("stock over its last level", period_values(None, 600.0, 0.05), STOCK, (2024, 6, 500),
         (2024, 12, 600), (2025, 6, 630)),
    case("stock, quarter", period_values(None, 600.0, -0.1), STOCK, (2025, 6, 600), (2025, 9, 540),
         at="2025Q3"),
    case("points", period_values(None, 2.4, 0.2), PERCENT, (2024, 12, 2.4), (2025, 6, 2.6)),
    case("density", period_values(None, 15.5, -0.5), RATIO, (2024, 12, 15.5), (2025, 6, 15.0)),
]  # fmt: skip

# The two-year average


def printed(growth: float) -> dict[str, Any]:
    return {"published_growth": growth, "growth_basis": "名义"}


def average(value: float | None) -> dict[str, Any]:
    return {"two_year_average": value}


AVERAGES = [
    case("computed twice", average(1.32**0.5 - 1), COUNT, (2023, 6, 100), (2024, 6, 110),
         (2025, 6, 132)),
    case("down and up again", average(-0.1), COUNT, (2023, 6, 100), (2024, 6, 50), (2025, 6, 81)),
    case("down to nothing", average(-1.0), COUNT, (2023, 6, 100), (2024, 6, 50), (2025, 6, 0)),
    case("published now", average(1.331**0.5 - 1), MONEY, (2023, 6, 100), (2024, 6, 121),
         (2025, 6, 150, printed(10))),
    case("published last year", average(0.2), MONEY, (2023, 6, 100), (2024, 6, 120, printed(44)),
         (2025, 6, 120)),
    case("published twice", average(0.2), MONEY, (2023, 6, 100), (2024, 6, 90, printed(-10)),
         (2025, 6, 100, printed(60))),
    case("published last year, no figure before", average(0.2), MONEY, (2024, 6, 100, printed(20)),
         (2025, 6, 120)),
    case("no base", average(None), COUNT, (2023, 6, 100), (2025, 6, 132)),
    case("no figure two years before", average(None), COUNT, (2024, 6, 110), (2025, 6, 132)),
    case("masked two years before", average(None), COUNT, (2023, 6, None, MASKED),
         (2024, 6, 110), (2025, 6, 132)),
    case("zero two years before", average(None), COUNT, (2023, 6, 0), (2024, 6, 110),
         (2025, 6, 132)),
    case("base zero", average(None), COUNT, (2023, 6, 100), (2024, 6, 0), (2025, 6, 132)),
    case("base of a lower bound", average(None), COUNT, (2023, 6, 100), (2024, 6, 110, LOWER),
         (2025, 6, 132)),
    case("lower bound two years before", average(None), COUNT, (2023, 6, 100, LOWER),
         (2024, 6, 110), (2025, 6, 132)),
    case("about two years before", average(1.32**0.5 - 1), COUNT, (2023, 6, 100, ABOUT),
         (2024, 6, 110), (2025, 6, 132)),
    case("another definition two years before", average(None), COUNT,
         (2023, 6, 100, {"break_id": "2023"}), (2024, 6, 110), (2025, 6, 132)),
    case("another definition last year", average(None), COUNT, (2023, 6, 100),
         (2024, 6, 110), (2025, 6, 132, {"break_id": "2025"})),
    case("a weaker grade two years before", average(None), COUNT,
         (2023, 6, 100, {"grade": "forecast"}), (2024, 6, 110), (2025, 6, 132)),
    case("points by half", average(0.25), PERCENT, (2023, 6, 2.0), (2024, 6, 2.3),
         (2025, 6, 2.5)),
    case("points that fell", average(-0.1), PERCENT, (2023, 6, 2.5), (2024, 6, 2.6),
         (2025, 6, 2.3)),
    case("points published", average(0.35), PERCENT, (2023, 6, 2.0), (2024, 6, 2.3),
         (2025, 6, 2.5, printed(0.4))),
    case("points published twice", average(0.45), PERCENT, (2024, 6, 2.3, printed(0.5)),
         (2025, 6, 2.5, printed(0.4))),
    case("points from zero", average(0.3), PERCENT, (2023, 6, 0), (2024, 6, 0.2),
         (2025, 6, 0.6)),
]  # fmt: skip

# Against last December


def since(change: float | None, bound: str | None) -> dict[str, Any]:
    return {"since_year_end": change, "since_year_end_bound": bound}


YEAR_ENDS = [
    case("stock grew", since(40.0, "exact"), STOCK, (2024, 12, 600), (2025, 6, 640)),
    case("stock fell", since(-25.0, "exact"), STOCK, (2024, 12, 600), (2025, 6, 575)),
    case("stock at year end", since(60.0, "exact"), STOCK, (2024, 12, 600), (2025, 6, 640),
         (2025, 12, 660), at="2025"),
    case("stock from zero", since(7.0, "exact"), STOCK, (2024, 12, 0), (2025, 6, 7)),
    case("stock, lower bound", since(40.0, "at_least"), STOCK, (2024, 12, 600),
         (2025, 6, 640, LOWER)),
    case("stock, upper bound", since(40.0, "at_most"), STOCK, (2024, 12, 600),
         (2025, 6, 640, UPPER)),
    case("stock, December a lower bound", since(40.0, "at_most"), STOCK, (2024, 12, 600, LOWER),
         (2025, 6, 640)),
    case("stock, December an upper bound", since(40.0, "at_least"), STOCK,
         (2024, 12, 600, UPPER), (2025, 6, 640)),
    case("stock, bounds that contradict each other", since(None, None), STOCK, (2024, 12, 600, LOWER),
         (2025, 6, 640, LOWER)),
    case("stock about", since(40.0, "about"), STOCK, (2024, 12, 600, ABOUT), (2025, 6, 640)),
    case("stock masked", since(None, None), STOCK, (2024, 12, 600), (2025, 6, None, MASKED)),
    case("stock, December masked", since(None, None), STOCK, (2024, 12, None, MASKED),
         (2025, 6, 640)),
    case("stock without December", since(None, None), STOCK, (2024, 6, 600), (2025, 6, 640)),
    case("flow", since(None, None), COUNT, (2024, 12, 600), (2025, 6, 640)),
]  # fmt: skip

# The outlook


def band(low: float | None, high: float | None, rule: str | None) -> dict[str, Any]:
    return {"outlook_low": low, "outlook_high": high, "outlook_rule": rule}


NONE = band(None, None, None)
PAST = [(2022, 6, 10), (2022, 12, 25), (2023, 6, 15), (2023, 12, 30), (2024, 6, 18),
        (2024, 12, 40)]  # fmt: skip
# The first halves had 40 % and 50 % of a yearly net change of 50.
GROWN = [(2022, 12, 500), (2023, 6, 520), (2023, 12, 550), (2024, 6, 575), (2024, 12, 600)]
EARLY = [(2023, 3, 6), (2023, 12, 30), (2024, 3, 8), (2024, 12, 40)]
OUTLOOKS = [
    case("seasonal band", band(40.0, 50.0, "seasonal"), MONEY, *PAST, (2025, 6, 20)),
    case("seasonal band of two years", band(40.0, 20 / 0.45, "seasonal"), MONEY, *PAST[2:],
         (2025, 6, 20)),
    case("a fourth year back does not count", band(40.0, 50.0, "seasonal"), MONEY, (2021, 6, 30),
         (2021, 12, 40), *PAST, (2025, 6, 20)),
    case("lower bound has the lower end", band(40.0, None, "seasonal"), MONEY, *PAST,
         (2025, 6, 20, LOWER)),
    case("upper bound has the upper end", band(None, 50.0, "seasonal"), MONEY, *PAST,
         (2025, 6, 20, UPPER)),
    case("about has both", band(40.0, 50.0, "seasonal"), MONEY, *PAST, (2025, 6, 20, ABOUT)),
    case("one year is no profile", NONE, MONEY, *PAST[4:], (2025, 6, 20)),
    case("small years are no profile", NONE, MONEY, (2023, 6, 4), (2023, 12, 9), (2024, 6, 4),
         (2024, 12, 9.9), (2025, 6, 5)),
    case("another definition is no profile", NONE, MONEY, *PAST, (2025, 6, 20, {"break_id": "b"})),
    case("a masked figure", NONE, MONEY, *PAST, (2025, 6, None, MASKED)),
    case("from a fifth on", band(50.0, 50.0, "seasonal"), MONEY, *EARLY, (2025, 3, 10),
         at="2025Q1"),
    case("under a fifth", NONE, MONEY, (2023, 3, 5), (2023, 12, 30), *EARLY[2:], (2025, 3, 10),
         at="2025Q1"),
    case("before March", NONE, MONEY, (2023, 2, 15), (2023, 12, 30), (2024, 2, 20),
         (2024, 12, 40), (2025, 2, 20), at="2025M02"),
    case("December", NONE, MONEY, *PAST, (2025, 12, 45), at="2025"),
    case("linear", band(120.0, 120.0, "linear"), COUNT, (2025, 6, 60)),
    case("linear in March", band(120.0, 120.0, "linear"), COUNT, (2025, 3, 30), at="2025Q1"),
    case("linear before March", NONE, COUNT, (2025, 2, 20), at="2025M02"),
    case("linear in December", NONE, COUNT, (2025, 12, 120), at="2025"),
    case("linear through the day described", band(120.0, 120.0, "linear"), COUNT,
         (2025, 6, 50, {"as_of": day("2025-05-31")})),
    case("linear, lower bound", band(120.0, None, "linear"), COUNT, (2025, 6, 60, LOWER)),
    case("linear, upper bound", band(None, 120.0, "linear"), COUNT, (2025, 6, 60, UPPER)),
    case("nodes without a profile", NONE, "hnte_applied", (2025, 6, 60)),
    case("a ratio", NONE, RATIO, (2024, 12, 15.0), (2025, 6, 15.5)),
    case("stock by its net change", band(660.0, 675.0, "seasonal"), STOCK, *GROWN, (2025, 6, 630)),
    case("stock unchanged", band(600.0, 600.0, "seasonal"), STOCK, *GROWN, (2025, 6, 600)),
    case("stock that fell", band(550.0, 560.0, "seasonal"), STOCK, *GROWN, (2025, 6, 580)),
    case("stock, lower end", band(660.0, None, "seasonal"), STOCK, *GROWN, (2025, 6, 630, LOWER)),
    case("stock without a profile", NONE, STOCK, (2024, 12, 600), (2025, 6, 630)),
    case("stock that did not grow in the past", NONE, STOCK, (2022, 12, 500), (2023, 6, 500),
         (2023, 12, 500), (2024, 6, 500), (2024, 12, 500), (2025, 6, 510)),
]  # fmt: skip

# A base restated on another definition


def old_base(base: float | None, yoy: float | None, reason: str | None = None) -> dict[str, Any]:
    return {"base": base, "yoy": yoy, "yoy_reason": reason}


NEW: dict[str, Any] = {"break_id": "2025", "vintage": 2}
RESTATED = [(2024, 6, 80), (2024, 6, 72, NEW)]
RESTATEMENTS = [
    case("figure before the restatement keeps its base", old_base(80.0, 0.125), COUNT, *RESTATED,
         (2025, 6, 90)),
    case("figure on the new definition has the new base", old_base(72.0, 0.25), COUNT, *RESTATED,
         (2025, 6, 90, NEW)),
    case("figure redefined itself", old_base(72.0, 0.375), COUNT, *RESTATED, (2025, 6, 90),
         (2025, 6, 99, NEW)),
    case("new definition without a restated base", {"yoy": None, "yoy_reason": "break"}, COUNT,
         (2024, 6, 80), (2025, 6, 90, NEW)),
    case("third definition", {"yoy": None, "yoy_reason": "break", "change": None}, COUNT,
         *RESTATED, (2025, 6, 90, {"break_id": "2026", "vintage": 3})),
    case("corrected on the same definition", old_base(72.0, 0.25), COUNT, (2024, 6, 80),
         (2024, 6, 72, {"vintage": 2}), (2025, 6, 90)),
    case("old definition corrected before the restatement", old_base(75.0, 0.2), COUNT,
         (2024, 6, 80), (2024, 6, 75, {"vintage": 2}),
         (2024, 6, 72, {"break_id": "2025", "vintage": 3}), (2025, 6, 90)),
    case("average on the old definition", {"two_year_average": 1.5**0.5 - 1}, COUNT,
         (2023, 6, 60), (2024, 6, 72), (2024, 6, 100, NEW), (2025, 6, 90)),
    case("December restated, stock not", {"since_year_end": 40.0}, STOCK, (2024, 12, 600),
         (2024, 12, 550, NEW), (2025, 6, 640)),
    case("December and stock restated", {"since_year_end": 90.0}, STOCK, (2024, 12, 600),
         (2024, 12, 550, NEW), (2025, 6, 640, NEW)),
    case("stock restated, December not", {"since_year_end": None}, STOCK, (2024, 12, 600),
         (2025, 6, 640, NEW)),
]  # fmt: skip

CASES = [*PERIODS, *AVERAGES, *YEAR_ENDS, *OUTLOOKS, *RESTATEMENTS]


@cache
def solved() -> dict[str, dict[str, Any]]:
    return solve_cases(CASES, registry())


@pytest.mark.parametrize("given", PERIODS, ids=lambda c: c.name)
def test_period_on_period_compares_periods_of_one_length(given: Case) -> None:
    assert_columns(solved()[given.name], dict(given.expected))


@pytest.mark.parametrize("given", AVERAGES, ids=lambda c: c.name)
def test_the_two_year_average_takes_published_growth_first(given: Case) -> None:
    assert_columns(solved()[given.name], dict(given.expected))


@pytest.mark.parametrize("given", YEAR_ENDS, ids=lambda c: c.name)
def test_a_stock_against_last_december_carries_its_bounds(given: Case) -> None:
    assert_columns(solved()[given.name], dict(given.expected))


@pytest.mark.parametrize("given", OUTLOOKS, ids=lambda c: c.name)
def test_the_outlook_is_a_band_of_past_years_or_none(given: Case) -> None:
    assert_columns(solved()[given.name], dict(given.expected))


@pytest.mark.parametrize("given", RESTATEMENTS, ids=lambda c: c.name)
def test_growth_stays_on_one_definition_when_a_base_is_restated(given: Case) -> None:
    assert_columns(solved()[given.name], dict(given.expected))
