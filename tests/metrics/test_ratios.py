"""Ratios are computed from numerator and denominator, for a total too, and never averaged."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from kejistats.metrics import ratios
from tests.factory import (
    CITY,
    DISTRICT,
    code,
    districts,
    indicators,
    metric_row,
    metrics,
    observation,
    observations,
    registry,
)
from tests.metrics.factory import MASKED

SHARE, PER_HEAD = "fiscal_st_share", "rd_per_fte"


def computed(
    above: dict[str, Any] | None,
    below: dict[str, Any] | None,
    reported: dict[str, Any] | None = None,
    ratio: str = SHARE,
) -> dict[str, Any] | None:
    """Return the ratio's row after `ratios`, if there is one."""
    rows = observations(row for row in (above, below, reported) if row)
    result = ratios(rows.lazy(), registry()).collect()
    assert result.columns == rows.columns
    matches = result.filter(pl.col("indicator") == ratio)
    assert matches.height <= 1
    return matches.row(0, named=True) if matches.height else None


def top(value: float | None, **more: Any) -> dict[str, Any]:
    return observation("fiscal_st", value, **more)


def bottom(value: float | None, **more: Any) -> dict[str, Any]:
    return observation("fiscal_total", value, **more)


def reported_ratio(value: float | None, **more: Any) -> dict[str, Any]:
    return observation(SHARE, value, **more)


@pytest.mark.parametrize(
    ("ratio", "numerator", "denominator", "expected"),
    [
        (SHARE, ("fiscal_st", 12.0), ("fiscal_total", 480.0), 2.5),
        ("rd_basic_share", ("rd_basic", 2212.0), ("rd_expenditure", 33357.1), 6.63127190312946),
        ("invention_granted_share", ("invention_granted", 14.0), ("patent_granted", 40.0), 35.0),
        (PER_HEAD, ("rd_expenditure", 33357.1), ("rd_fte", 7240000.0), 46.07334254143646),
    ],
)
def test_a_ratio_is_in_its_own_unit(
    ratio: str, numerator: tuple[str, float], denominator: tuple[str, float], expected: float
) -> None:
    row = computed(observation(*numerator), observation(*denominator), ratio=ratio)

    assert row is not None
    assert row["value"] == pytest.approx(expected, rel=1e-12)
    assert row["source"].count("÷") == 1
    assert (row["status"], row["bound"], row["grade"]) == ("reported", "exact", "preliminary")


def test_the_computed_ratio_replaces_the_reported_one() -> None:
    row = computed(top(12.0), bottom(480.0), reported_ratio(2.4))

    assert row is not None
    assert row["value"] == 2.5


def test_what_was_printed_with_a_replaced_ratio_stays_with_it() -> None:
    printed = {"published_growth": 0.12, "growth_basis": "同口径"}

    row = computed(top(12.0), bottom(480.0), reported_ratio(2.4, **printed))

    assert row is not None
    assert (row["published_growth"], row["growth_basis"]) == (0.12, "同口径")


@pytest.mark.parametrize(
    ("above", "below", "status"),
    [
        (top(None, **MASKED), bottom(480.0), "masked"),
        (top(12.0), bottom(None, **MASKED), "masked"),
        (top(None), bottom(None, **MASKED), "masked"),
        (top(None), bottom(480.0), "missing"),
        (top(12.0), bottom(None), "missing"),
        (top(None, status="not_applicable"), bottom(480.0), "not_applicable"),
        (top(12.0), bottom(0.0), "not_applicable"),
        (top(12.0, bound="at_least"), bottom(480.0, bound="at_least"), "not_applicable"),
    ],
)
def test_without_both_inputs_there_is_no_ratio_and_a_reported_one_stays(
    above: dict[str, Any], below: dict[str, Any], status: str
) -> None:
    alone, beside = computed(above, below), computed(above, below, reported_ratio(2.4))

    assert alone is not None
    assert beside is not None
    assert (alone["value"], alone["status"]) == (None, status)
    assert (beside["value"], beside["status"]) == (2.4, "reported")


def test_without_an_input_the_reported_ratio_stays() -> None:
    assert computed(top(12.0), None) is None
    row = computed(top(12.0), None, reported_ratio(2.4))
    assert row is not None
    assert row["value"] == 2.4


@pytest.mark.parametrize(
    ("above", "below", "grade", "bound"),
    [
        ({"grade": "final"}, {}, "preliminary", "exact"),
        ({"grade": "forecast"}, {"grade": "final"}, "forecast", "exact"),
        ({"bound": "at_least"}, {}, "preliminary", "at_least"),
        ({}, {"bound": "more_than"}, "preliminary", "at_most"),
        ({"bound": "about"}, {}, "preliminary", "about"),
    ],
)
def test_a_ratio_has_the_weaker_grade_and_the_bound_that_follows(
    above: dict[str, Any], below: dict[str, Any], grade: str, bound: str
) -> None:
    row = computed(top(12.0, **above), bottom(480.0, **below))

    assert row is not None
    assert (row["grade"], row["bound"]) == (grade, bound)


@pytest.mark.parametrize(
    ("above", "below", "reason"),
    [
        ({}, {}, None),
        ({"break_id": "2025"}, {"break_id": "2025"}, "break"),
        ({"break_id": "2025"}, {}, "break"),
        ({}, {"break_id": "2025"}, "break"),
    ],
)
def test_a_new_definition_of_either_side_breaks_the_series(
    above: dict[str, Any], below: dict[str, Any], reason: str | None
) -> None:
    table = metrics(
        [top(10.0, year=2024), bottom(400.0, year=2024), top(12.0, **above), bottom(480.0, **below)]
    )

    assert metric_row(table, SHARE)["yoy_reason"] == reason


def test_a_citys_ratio_comes_from_sums_and_is_no_mean() -> None:
    rows = [
        *(top(v, district=code(n)) for n, v in enumerate((10.0, 1.0, 1.0), 1)),
        *(bottom(v, district=code(n)) for n, v in enumerate((100.0, 50.0, 50.0), 1)),
    ]

    table = metrics(rows)

    assert [metric_row(table, SHARE, code(n))["value"] for n in (1, 2, 3)] == [10.0, 2.0, 2.0]
    assert metric_row(table, SHARE, CITY)["value"] == 6.0
    assert metric_row(table, SHARE, CITY)["source"] == "各区合计 ÷ 各区合计"
    assert metric_row(table, SHARE)["share_reason"] == "not_additive"
    assert [metric_row(table, SHARE, code(n))["rank"] for n in (1, 2, 3)] == [1, 2, 2]


def test_a_city_with_a_silent_district_has_no_ratio() -> None:
    rows = [
        *(top(v, district=code(n)) for n, v in enumerate((10.0, 1.0), 1)),
        *(bottom(v, district=code(n)) for n, v in enumerate((100.0, 50.0), 1)),
    ]

    table = metrics(rows)

    assert table.filter(pl.col("district") == CITY).height == 0
    assert metric_row(table, SHARE, code(3))["status"] == "missing"


def test_growth_of_ratios_is_in_points_or_percent_as_declared() -> None:
    rows = [
        top(10.0, year=2024), bottom(400.0, year=2024), top(12.0), bottom(400.0),
        observation("rd_expenditure", 10.0, 2024), observation("rd_fte", 100.0, 2024),
        observation("rd_expenditure", 11.0), observation("rd_fte", 100.0),
    ]  # fmt: skip

    table = metrics(rows)

    assert metric_row(table, SHARE)["yoy_points"] == pytest.approx(0.5)
    assert metric_row(table, PER_HEAD)["yoy"] == pytest.approx(0.1)


def test_levels_and_checkpoints_divide_apart() -> None:
    rows = [
        top(12.0), bottom(480.0), top(6.0, level="省"), bottom(60.0, level="省"),
        top(1.0, year=2024), bottom(100.0, year=2024), top(5.0, month=5),
    ]  # fmt: skip

    result = ratios(observations(rows).lazy(), registry()).collect()

    shares = result.filter(pl.col("indicator") == SHARE, pl.col("district") == DISTRICT)
    assert sorted(shares["value"]) == [1.0, 2.5, 10.0]


def test_a_registry_without_ratios_changes_nothing() -> None:
    known = indicators().filter(pl.col("numerator").is_null())
    rows = observations([top(12.0), bottom(480.0)])

    assert ratios(rows.lazy(), known).collect().equals(rows)
    assert metrics(rows, known=known, units=districts()).height == 6
