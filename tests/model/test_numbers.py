"""Rounding and formatting: 四舍五入 on the printed decimal."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kejistats.model.numbers import (
    count_up,
    format_amount,
    format_number,
    format_percent,
    round_half_up,
)

# Figures as printed in statistics: at most twelve significant digits.
PRINTED = st.integers(-(10**11), 10**11).flatmap(
    lambda digits: st.integers(0, 9).map(lambda scale: Decimal(digits).scaleb(-scale))
)
DECIMALS = st.integers(0, 6)


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [
        (82.25, 1, "82.3"),
        (0.285, 2, "0.29"),
        (1.005, 2, "1.01"),
        (2.675, 2, "2.68"),
        (0.5, 0, "1"),
        (1.5, 0, "2"),
        (2.5, 0, "3"),
        (-0.5, 0, "-1"),
        (-82.25, 1, "-82.3"),
        (0.1 + 0.2, 1, "0.3"),
        (0.15 - 0.1, 2, "0.05"),
        (105 / 205 * 100, 2, "51.22"),
        (0.49999999999999994, 0, "1"),
        (0.4999, 0, "0"),
        (-0.04, 1, "0.0"),
        (0.0, 2, "0.00"),
        (34390617.24, 1, "34390617.2"),
        (1e22, 6, "10000000000000000000000.000000"),
    ],
)
def test_halves_are_rounded_away_from_zero_on_the_printed_decimal(
    value: float, decimals: int, expected: str
) -> None:
    assert str(round_half_up(value, decimals)) == expected
    assert format_number(value, decimals) == expected


@given(PRINTED, DECIMALS)
def test_rounding_equals_half_up_of_the_exact_decimal(exact: Decimal, decimals: int) -> None:
    expected = exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)

    assert round_half_up(float(exact), decimals) == expected


@given(st.floats(-1e5, 1e5), DECIMALS)
def test_rounding_is_odd_idempotent_and_within_half_a_step(value: float, decimals: int) -> None:
    # The value is first cut to twelve significant digits.
    slack = Decimal(1).scaleb(-decimals) / 2 + abs(Decimal(value)) * Decimal("1e-11")

    result = round_half_up(value, decimals)

    assert round_half_up(-value, decimals) == -result
    assert round_half_up(float(result), decimals) == result
    assert abs(result - Decimal(value)) <= slack


@pytest.mark.parametrize(
    ("fraction", "decimals", "expected"),
    [
        (215 / 350, 1, "61.4%"),
        (0.285, 0, "29%"),
        (0.8225, 1, "82.3%"),
        (1.5, 2, "150.00%"),
        (-0.0311, 2, "-3.11%"),
        (-0.0004, 1, "0.0%"),
        (0.9996, 1, "100.0%"),
    ],
)
def test_percentages(fraction: float, decimals: int, expected: str) -> None:
    assert format_percent(fraction, decimals) == expected


@pytest.mark.parametrize(
    ("fraction", "decimals", "expected"),
    [
        (0.9996, 1, "99.9%"),
        (0.99999999, 1, "99.9%"),
        (0.99999999, 2, "99.99%"),
        (0.996, 0, "99%"),
        (0.999, 1, "99.9%"),
        (1.0, 1, "100.0%"),
        (1.0004, 1, "100.0%"),
        (0.5, 1, "50.0%"),
    ],
)
def test_one_hundred_percent_is_never_printed_below_the_target(
    fraction: float, decimals: int, expected: str
) -> None:
    assert format_percent(fraction, decimals, below=1) == expected


@given(st.integers(1, 10**9).flatmap(lambda t: st.tuples(st.integers(0, 2 * t), st.just(t))))
def test_attainment_prints_as_100_exactly_if_the_target_is_reached(
    pair: tuple[int, int],
) -> None:
    actual, target = pair

    shown = Decimal(format_percent(actual / target, 1, below=1).rstrip("%"))

    assert (shown >= 100) == (actual >= target)


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "expected"),
    [
        (215, "家", 0, "215家"),
        (99999, "件", 0, "99999件"),
        (100000, "件", 0, "10.00万件"),
        (283134, "件", 0, "28.31万件"),
        (-283134, "件", 0, "-28.31万件"),
        (123456.7, "万平方米", 1, "123456.7万平方米"),
        (123456, "件/万人", 2, "123456.00件/万人"),
        (2.65, "%", 2, "2.65%"),
        (0.081681, "亿元", 2, "817万元"),
        (34390617.24, "万元", 0, "3439.06亿元"),
        (5000, "元", 0, "5000元"),
        (52340, "元", 0, "5.23万元"),
        (18.64, "亿元", 2, "18.64亿元"),
        (0, "亿元", 0, "0亿元"),
    ],
)
def test_amounts_are_scaled_to_readable_units(
    value: float, unit: str, decimals: int, expected: str
) -> None:
    assert format_amount(value, unit, decimals) == expected


@given(st.sampled_from(["元", "万元", "亿元"]), st.floats(0.01, 1e7))
def test_scaled_money_means_the_same_amount(unit: str, value: float) -> None:
    in_yuan = {"元": 1.0, "万元": 1e4, "亿元": 1e8}

    shown = format_amount(value, unit, 2)

    match = re.fullmatch(r"([\d.]+)(元|万元|亿元)", shown)
    assert match is not None
    step = in_yuan[match[2]] if "." not in match[1] else in_yuan[match[2]] / 100
    assert float(match[1]) * in_yuan[match[2]] == pytest.approx(
        value * in_yuan[unit], abs=step if match[2] != unit else in_yuan[unit] / 100
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [(100 / 7, 15), (14.0, 14), (14.000001, 15), (2.0000000000001, 2), (0.1, 1), (0.0, 0)],
)
def test_required_counts_are_rounded_up(value: float, expected: int) -> None:
    assert count_up(value) == expected


@given(st.integers(0, 10**6), st.integers(1, 11))
def test_the_rounded_up_monthly_count_suffices_and_one_less_does_not(gap: int, months: int) -> None:
    assume(gap > 0)

    needed = count_up(gap / months)

    assert needed * months >= gap
    assert (needed - 1) * months < gap
