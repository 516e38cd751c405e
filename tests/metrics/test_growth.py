"""同比: growth against the same checkpoint one year earlier, or the reason for none."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kejistats.metrics import growth
from kejistats.model.tables.metric import GROWTH_REASONS
from tests.factory import (
    COUNT,
    MONEY,
    PERCENT,
    RATIO,
    STOCK,
    metric_row,
    metrics,
    observation,
    observations,
    target,
)
from tests.factory import registry as shipped
from tests.metrics.factory import MASKED


def grown(*rows: dict[str, Any], indicator: str = COUNT) -> dict[str, Any]:
    """Return the row of 2025H1 after `growth`."""
    result = growth(observations(rows).lazy(), shipped()).collect()
    matches = result.filter(
        pl.col("year") == 2025, pl.col("month") == 6, pl.col("indicator") == indicator
    )
    assert matches.height == 1
    return matches.row(0, named=True)


def pair(
    base: float | None, figure: float | None, indicator: str = COUNT, **more: Any
) -> dict[str, Any]:
    """Return the growth of a figure over a base; keywords with base_ set columns of the base."""
    columns = {k: v for k, v in more.items() if not k.startswith("base_")}
    base_columns = {k.removeprefix("base_"): v for k, v in more.items() if k.startswith("base_")}
    return grown(
        observation(indicator, base, 2024, **base_columns),
        observation(indicator, figure, **columns),
        indicator=indicator,
    )


BASE_MASKED = {"base_status": "masked", "base_reported": "xx"}


@pytest.mark.parametrize(
    ("base", "figure", "yoy"),
    [
        (180, 215, 35 / 180),
        (6.11, 5.92, -0.19 / 6.11),
        (14, 23, 9 / 14),
        (80, 80, 0.0),
        (80, 0, -1.0),
        (0.1, 100, 999.0),
    ],
)
def test_a_rate_over_a_positive_base(base: float, figure: float, yoy: float) -> None:
    row = pair(base, figure)

    assert row["yoy"] == pytest.approx(yoy, rel=1e-12)
    assert (row["yoy_points"], row["yoy_reason"], row["yoy_bound"]) == (None, None, "exact")
    assert (row["base"], row["change"]) == (base, pytest.approx(figure - base))


@pytest.mark.parametrize("indicator", [PERCENT, RATIO, "hitech_va_growth"])
@pytest.mark.parametrize(
    ("base", "figure"), [(2.41, 2.65), (2.65, 2.41), (0.0, 0.5), (-1.5, 2.0), (-1.0, -3.0)]
)
def test_percentages_and_densities_change_in_points(
    indicator: str, base: float, figure: float
) -> None:
    row = pair(base, figure, indicator)

    assert row["yoy_points"] == pytest.approx(figure - base)
    assert (row["yoy"], row["yoy_reason"]) == (None, None)


@pytest.mark.parametrize(
    ("base", "figure", "more", "reason", "change"),
    [
        (None, 9.0, {}, "base_missing", None),
        (None, 9.0, {"base_status": "not_applicable"}, "base_missing", None),
        (None, 9.0, BASE_MASKED, "base_masked", None),
        (0.0, 9.0, {}, "base_zero", 9.0),
        (0.0, 0.0, {}, "base_zero", 0.0),
        (-5.0, 3.0, {}, "sign_change", 8.0),
        (-5.0, 0.0, {}, "sign_change", 5.0),
        (5.0, -3.0, {}, "sign_change", -8.0),
        (-5.0, -3.0, {}, "both_negative", 2.0),
        (-5.0, -8.0, {}, "both_negative", -3.0),
        (80.0, None, {}, "figure_missing", None),
        (80.0, None, {"status": "not_applicable"}, "figure_missing", None),
        (80.0, None, MASKED, "figure_masked", None),
        (None, None, MASKED | BASE_MASKED, "figure_masked", None),
        (80.0, 90.0, {"break_id": "2025"}, "break", None),
        (80.0, 90.0, {"base_break_id": "2023"}, "break", None),
        (0.0, 90.0, {"break_id": "2025"}, "break", None),
        (80.0, 90.0, {"grade": "final"}, "base_grade", 10.0),
        (80.0, 90.0, {"base_grade": "forecast"}, "base_grade", 10.0),
        (80.0, 90.0, {"bound": "at_least", "base_bound": "at_least"}, "bound_open", 10.0),
        (80.0, 90.0, {"bound": "less_than", "base_bound": "at_most"}, "bound_open", 10.0),
    ],
)
def test_where_there_is_no_rate_a_reason_says_why(
    base: float | None, figure: float | None, more: dict[str, Any], reason: str,
    change: float | None,
) -> None:  # fmt: skip
    row = pair(base, figure, **more)

    assert (row["yoy"], row["yoy_points"], row["yoy_reason"]) == (None, None, reason)
    assert row["change"] == change
    assert row["yoy_bound"] is None


def test_every_reason_has_a_case() -> None:
    [table] = [
        mark.args[1]
        for mark in test_where_there_is_no_rate_a_reason_says_why.pytestmark
        if mark.name == "parametrize"
    ]

    assert {case[3] for case in table} == set(GROWTH_REASONS)


@pytest.mark.parametrize(
    ("more", "comparable"),
    [
        ({"break_id": "a", "base_break_id": "a"}, True),
        ({"break_id": "a", "base_break_id": "b"}, False),
        ({"grade": "preliminary", "base_grade": "final"}, True),
        ({"grade": "forecast", "base_grade": "preliminary"}, True),
        ({"grade": "final", "base_grade": "final"}, True),
        ({"grade": "final", "base_grade": "preliminary"}, False),
    ],
)
def test_a_base_has_the_same_definition_and_the_same_or_a_better_grade(
    more: dict[str, Any], comparable: bool
) -> None:
    row = pair(80.0, 90.0, **more)

    assert (row["yoy"] is not None) is comparable


def test_points_need_the_same_definition_and_grade_too() -> None:
    assert pair(2.4, 2.6, PERCENT, break_id="2025")["yoy_reason"] == "break"
    assert pair(2.4, 2.6, PERCENT, grade="final")["yoy_reason"] == "base_grade"
    assert pair(None, 2.6, PERCENT)["yoy_reason"] == "base_missing"


def test_a_base_of_another_month_or_level_is_no_base() -> None:
    row = grown(
        observation(COUNT, 80.0, 2024, 5),
        observation(COUNT, 80.0, 2023, 6),
        observation(COUNT, 80.0, 2024, 6, level="省"),
        observation(COUNT, 80.0, 2024, 6, district="900102"),
        observation(COUNT, 90.0),
    )

    assert row["yoy_reason"] == "base_missing"


APRIL, MAY_20 = date(2025, 4, 30), date(2025, 5, 20)


@pytest.mark.parametrize("through_table", [False, True])
@pytest.mark.parametrize(
    ("as_of", "base", "yoy", "reason"),
    [
        (None, 40.0, -0.5, None),
        (date(2025, 6, 30), 40.0, -0.5, None),
        (APRIL, 25.0, -0.2, None),
        (date(2024, 4, 30), 40.0, -0.5, None),  # of another year: says nothing of this one
        (MAY_20, None, None, "base_missing"),
    ],
)
def test_a_figure_through_an_earlier_month_is_compared_with_that_month(
    through_table: bool, as_of: date | None, base: float | None, yoy: float | None,
    reason: str | None,
) -> None:  # fmt: skip
    rows = [
        observation(MONEY, 25.0, 2024, 4, as_of=None),
        observation(MONEY, 40.0, 2024, 6, as_of=None),
        observation(MONEY, 20.0, as_of=as_of),
    ]

    row = metric_row(metrics(rows), MONEY) if through_table else grown(*rows, indicator=MONEY)

    assert (row["base"], row["yoy"], row["yoy_reason"]) == (base, pytest.approx(yoy), reason)


def test_seasonal_pace_is_that_of_the_month_a_figure_covers() -> None:
    past = [
        observation(MONEY, value, year, month, as_of=None)
        for year in (2022, 2023, 2024)
        for month, value in ((4, 20.0), (6, 40.0), (12, 100.0))
    ]

    def row_through(as_of: date | None) -> dict[str, Any]:
        rows = [*past, observation(MONEY, 20.0, as_of=as_of)]
        return metric_row(metrics(rows, [target(MONEY, "total", 100.0)]), MONEY)

    assert (row_through(APRIL)["share_due"], row_through(APRIL)["progress"]) == (0.2, "on_pace")
    assert (row_through(None)["share_due"], row_through(None)["progress"]) == (0.4, "behind")
    assert (row_through(MAY_20)["share_due"], row_through(MAY_20)["target_reason"]) == (
        None,
        "no_profile",
    )
    assert row_through(APRIL)["required_growth"] == pytest.approx(0.0)


def test_a_corrected_base_counts_in_its_current_version() -> None:
    row = grown(
        observation(COUNT, 80.0, 2024),
        observation(COUNT, 60.0, 2024, vintage=2),
        observation(COUNT, 90.0),
    )

    assert (row["base"], row["yoy"]) == (60.0, 0.5)


@pytest.mark.parametrize(
    ("earlier", "figure", "first"),
    [
        ([(2023, 6, 0.0), (2024, 6, 0.0)], 3.0, True),
        ([(2024, 6, 0.0)], 3.0, True),
        ([(2024, 6, 0.0), (2025, 5, 0.0)], 3.0, True),
        ([(2024, 6, 0.0), (2024, 12, None)], 3.0, True),
        ([(2023, 12, 1.0), (2024, 6, 0.0)], 3.0, False),
        ([(2024, 6, 0.0), (2024, 12, 2.0)], 3.0, False),
        ([(2024, 6, 0.0), (2025, 5, 1.0)], 3.0, False),
        ([(2023, 6, "masked"), (2024, 6, 0.0)], 3.0, False),
        ([(2024, 6, 0.0)], 0.0, False),
        ([(2024, 6, 1.0)], 3.0, False),
        ([], 3.0, False),
    ],
)
def test_zero_is_first_broken_only_when_every_earlier_figure_is_zero(
    earlier: list[tuple[int, int, Any]], figure: float, first: bool
) -> None:
    rows = [
        observation(COUNT, None, year, month, **MASKED)
        if value == "masked"
        else observation(COUNT, value, year, month)
        for year, month, value in earlier
    ]

    row = grown(*rows, observation(COUNT, figure))

    assert row["first_time"] is first


@pytest.mark.parametrize(
    ("bound", "base_bound", "expected"),
    [
        ("exact", "exact", "exact"),
        ("about", "exact", "about"),
        ("exact", "about", "about"),
        ("at_least", "exact", "at_least"),
        ("more_than", "exact", "at_least"),
        ("at_most", "exact", "at_most"),
        ("less_than", "exact", "at_most"),
        ("exact", "at_least", "at_most"),
        ("exact", "less_than", "at_least"),
        ("at_least", "at_most", "at_least"),
        ("less_than", "more_than", "at_most"),
        ("at_least", "about", "at_least"),
        ("about", "at_most", "at_least"),
    ],
)
@pytest.mark.parametrize("indicator", [COUNT, PERCENT])
def test_bounds_carry_through(indicator: str, bound: str, base_bound: str, expected: str) -> None:
    row = pair(80.0, 90.0, indicator, bound=bound, base_bound=base_bound)

    assert row["yoy_bound"] == expected
    assert row["base_bound"] == base_bound


def test_a_stock_is_also_compared_with_last_december() -> None:
    rows = [observation(STOCK, 600.0, 2024, 12), observation(STOCK, 640.0)]

    assert grown(*rows, indicator=STOCK)["since_year_end"] == 40.0


@pytest.mark.parametrize(
    ("indicator", "more"), [(COUNT, {}), (STOCK, {"break_id": "2025"}), (RATIO, {})]
)
def test_flows_ratios_and_broken_stocks_are_not(indicator: str, more: dict[str, Any]) -> None:
    rows = [observation(indicator, 600.0, 2024, 12), observation(indicator, 640.0, **more)]

    assert grown(*rows, indicator=indicator)["since_year_end"] is None


@pytest.mark.parametrize(
    ("indicator", "printed", "expected"), [(MONEY, 12.3, 0.123), (PERCENT, 0.24, 0.24)]
)
def test_published_growth_is_a_fraction_and_points_stay_points(
    indicator: str, printed: float, expected: float
) -> None:
    rows = [observation(indicator, 9.0, published_growth=printed, growth_basis="名义")]

    row = metric_row(metrics(rows), indicator)

    assert row["published_growth"] == pytest.approx(expected)
    assert (row["growth_basis"], row["yoy_reason"]) == ("名义", "base_missing")


FIGURES = st.one_of(st.none(), st.just("masked"), st.just(0.0), st.floats(-1e6, 1e6, width=32))
CELLS = st.tuples(
    FIGURES,
    st.sampled_from(["exact", "about", "at_least", "less_than"]),
    st.sampled_from(["preliminary", "final"]),
    st.sampled_from([None, "b"]),
)


@settings(max_examples=60)
@given(st.lists(CELLS, min_size=6, max_size=6), st.sampled_from([COUNT, PERCENT, STOCK]))
def test_any_series_gives_exactly_one_of_rate_points_and_reason_and_no_infinity(
    cells: list[tuple[Any, str, str, str | None]], indicator: str
) -> None:
    times = [(year, month) for year in (2023, 2024, 2025) for month in (6, 12)]
    rows = [
        observation(indicator, None, *time, grade=grade, break_id=broken, **MASKED)
        if value == "masked"
        else observation(indicator, value, *time, grade=grade, break_id=broken,
                         bound="exact" if value is None else bound)
        for time, (value, bound, grade, broken) in zip(times, cells, strict=True)
    ]  # fmt: skip

    result = growth(observations(rows).lazy(), shipped()).collect()

    assert result.height == 6
    for row in result.iter_rows(named=True):
        given = [row[c] is not None for c in ("yoy", "yoy_points", "yoy_reason")]
        assert sum(given) == 1
        assert row["yoy_reason"] is None or row["yoy_reason"] in GROWTH_REASONS
        if row["yoy"] is not None:
            assert row["base"] > 0
            assert row["value"] >= 0
            assert row["yoy"] >= -1
            assert row["base"] * (1 + row["yoy"]) == pytest.approx(row["value"], abs=1e-6)
    finite = result.select(pl.col(pl.Float64).is_finite().fill_null(value=True).all())
    assert all(finite.row(0))


def test_rows_stay_in_the_order_of_the_table() -> None:
    rows = observations(
        observation(COUNT, 1.0 + n, 2025 - n % 3, district=f"9001{n:02d}") for n in range(60)
    )

    result = growth(rows.lazy(), shipped()).collect()

    assert result["source"].to_list() == rows["source"].to_list()
