"""Percentages that add up to 100, and intervals of printed figures."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kejistats.model.errors import UsageError
from kejistats.model.intervals import (
    UNBOUNDED,
    Printed,
    difference_ends,
    difference_interval,
    growth_interval,
    is_consistent,
    quotient_ends,
    share_interval,
)
from kejistats.model.numbers import balanced_percentages

PARTS = st.lists(
    st.one_of(st.integers(0, 10**6).map(float), st.floats(0, 1e6)), min_size=1, max_size=12
).filter(any)
DECIMALS = st.integers(0, 3)


@pytest.mark.parametrize(
    ("parts", "decimals", "expected"),
    [
        ([13, 27], 0, ["33", "67"]),
        ([27, 13], 0, ["68", "32"]),
        ([1, 1, 1], 0, ["34", "33", "33"]),
        ([1, 1, 1], 1, ["33.4", "33.3", "33.3"]),
        ([1, 1, 1, 1, 1, 1], 0, ["17", "17", "17", "17", "16", "16"]),
        ([0, 5, 0], 1, ["0.0", "100.0", "0.0"]),
        ([7], 2, ["100.00"]),
        ([1, 999], 0, ["0", "100"]),
        ([2259.1, 3661.5, 27436.5], 1, ["6.8", "11.0", "82.2"]),
        # 0.1 + 0.2 counts as 0.3: among equal parts the first gets the missing unit.
        ([0.3, 0.1 + 0.2, 0.3], 0, ["34", "33", "33"]),
        ([0.1 + 0.2, 0.3, 0.3], 0, ["34", "33", "33"]),
        ([1e300, 1e300], 0, ["50", "50"]),
        ([5e-324, 5e-324], 0, ["50", "50"]),
    ],
)
def test_balanced_percentages(parts: list[float], decimals: int, expected: list[str]) -> None:
    assert [str(share) for share in balanced_percentages(parts, decimals)] == expected


@given(PARTS, DECIMALS)
def test_balanced_percentages_add_up_and_stay_within_one_unit(
    parts: list[float], decimals: int
) -> None:
    unit = Decimal(1).scaleb(-decimals)

    shares = balanced_percentages(parts, decimals)

    assert sum(shares) == 100
    total = math.fsum(parts)
    for part, share in zip(parts, shares, strict=True):
        assert share == share.quantize(unit)
        assert abs(float(share) - part / total * 100) < float(unit) * (1 + 1e-6)
        assert part or share == 0


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=9).filter(any), DECIMALS)
def test_a_larger_part_never_has_the_smaller_share(parts: list[int], decimals: int) -> None:
    shares = balanced_percentages(parts, decimals)

    # Among equal parts the first listed has the larger share.
    ordered = sorted(
        zip(parts, shares, range(len(parts)), strict=True), key=lambda item: (item[0], -item[2])
    )
    assert [share for _, share, _ in ordered] == sorted(shares)


@pytest.mark.parametrize(
    "parts", [[], [0], [0.0, 0.0], [1, -1], [-1], [math.nan, 1], [math.inf, 1], [1, -0.5]]
)
def test_parts_without_percentages_are_refused(parts: list[float]) -> None:
    with pytest.raises(UsageError, match="add up to 100"):
        balanced_percentages(parts)


# Printed figures


@pytest.mark.parametrize(
    ("text", "value", "half"),
    [
        ("2071.8", 2071.8, 0.05),
        ("12", 12, 0.5),
        ("2.40", 2.4, 0.005),
        ("-622.4", -622.4, 0.05),
        ("−0.05", -0.05, 0.005),
        ("15.5%", 15.5, 0.05),
        ("-36.0％", -36, 0.05),
        ("1,279件", 1279, 0.5),
        ("5700万元", 5.7e7, 5000),
        ("3.2万", 32000, 500),
        ("0.0", 0, 0.05),
        ("0", 0, 0.5),
    ],
)
def test_the_rounding_of_a_printed_figure(text: str, value: float, half: float) -> None:
    assert Printed.read(text) == Printed(value, pytest.approx(half))


@pytest.mark.parametrize(
    ("text", "half"), [("215", 0), ("215家", 0), ("0", 0), ("215.5", 0.05), ("3.2万家", 500)]
)
def test_a_whole_count_is_not_rounded(text: str, half: float) -> None:
    assert Printed.read(text, counted=True).half == pytest.approx(half)


@pytest.mark.parametrize(
    "text", ["", "xx", "—", "无", "约12", "超过5亿元", "30%—40%", "十二项", "1.2E-5", "若干"]
)
def test_a_text_without_visible_rounding_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        Printed.read(text)


# Exact figures, and the decimals they are printed with.
EXACT = st.integers(0, 10**9).map(lambda n: Decimal(n).scaleb(-4))
PLACES = st.integers(0, 3)


def as_printed(exact: Decimal, places: int) -> Printed:
    """Return an exact figure rounded as in print."""
    return Printed.read(str(exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)))


@given(EXACT, EXACT, PLACES, PLACES, PLACES)
def test_rates_of_exact_figures_are_consistent_with_the_rounded_figures(
    a: Decimal, b: Decimal, places_a: int, places_b: int, places_rate: int
) -> None:
    now, before = as_printed(a, places_a), as_printed(b, places_b)

    assert is_consistent(as_printed(a - b, places_rate), *difference_interval(now, before))
    if b:
        assert is_consistent(
            as_printed((a / b - 1) * 100, places_rate), *growth_interval(now, before)
        )
        assert is_consistent(as_printed(a / b * 100, places_rate), *share_interval(now, before))


@given(EXACT, EXACT.filter(lambda b: b >= 1), PLACES)
def test_a_rate_beyond_all_rounding_is_not_consistent(a: Decimal, b: Decimal, places: int) -> None:
    now, before = Printed(float(a), 0.05), Printed(float(b), 0.05)
    step = 10.0**-places

    for interval in (growth_interval, difference_interval, share_interval):
        low, high = interval(now, before)

        assert low <= high
        for outside in (low - step * 0.51 - 1e-6 * abs(low), high + step * 0.51 + 1e-6 * abs(high)):
            assert not is_consistent(Printed(outside, step / 2), low, high)


@pytest.mark.parametrize(
    ("printed", "figure", "base", "expected"),
    [
        ("12.5", "22143.6", "19677.9", True),
        ("12.6", "22143.6", "19677.9", False),
        ("7.1", "9669.8", "9018.3", False),
        ("-0.05", "1096.4", "1096.9", True),
        ("100.0", "4", "2", True),
        ("-100.0", "0", "2", True),
    ],
)
def test_printed_growth_is_consistent_with_its_figures(
    printed: str, figure: str, base: str, expected: bool
) -> None:
    interval = growth_interval(Printed.read(figure), Printed.read(base))

    assert is_consistent(Printed.read(printed), *interval) is expected


@pytest.mark.parametrize(("figure", "base"), [("5", "0"), ("5", "-3"), ("-5", "3"), ("0.4", "0.0")])
def test_any_growth_is_consistent_with_a_base_that_may_be_zero(figure: str, base: str) -> None:
    a, b = Printed.read(figure), Printed.read(base)

    assert growth_interval(a, b) == share_interval(a, b) == UNBOUNDED
    assert is_consistent(Printed.read("1234.5"), *growth_interval(a, b))


@given(st.floats(0, 1e6), st.floats(0, 1), st.floats(2, 1e6), st.floats(0, 1))
def test_columns_have_the_same_ends_as_single_figures(
    a: float, half_a: float, b: float, half_b: float
) -> None:
    columns = [pl.lit(x) for x in (a, half_a, b, half_b)]

    for ends in (quotient_ends, difference_ends):
        values = [pl.select(end).item() for end in ends(*columns)]

        assert values == pytest.approx(list(ends(a, half_a, b, half_b)), rel=1e-12, abs=1e-12)
