"""Units convert within one dimension only."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kejistats.model.units import (
    COUNTS,
    factor,
    is_known_unit,
    money_unit,
    ratio_factor,
    spell_out_signs,
)

DIMENSIONS = [
    ["元", "千元", "万元", "百万元", "亿元", "百亿元", "万亿元"],
    ["平方米", "万平方米"],
    ["亩", "万亩", "公顷", "平方公里"],
    ["人", "万人"],
    ["人次", "万人次"],
    ["件", "万件"],
    ["项", "万项"],
    ["人年", "万人年"],
    ["%", "‰"],
    ["字", "万字"],
    ["户", "百户", "万户"],
]
UNITS = [(number, unit) for number, units in enumerate(DIMENSIONS) for unit in units]
ANY_UNIT = st.sampled_from(UNITS)


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("万元", "亿元", 1e-4),
        ("亿元", "万元", 1e4),
        ("元", "亿元", 1e-8),
        ("万件", "件", 1e4),
        ("公顷", "亩", 15.0),
        ("万平方米", "平方米", 1e4),
        ("亿元/人年", "万元/人年", 1e4),
        ("件/人", "件/万人", 1e4),
        ("家", "家", 1.0),
        ("百万元", "亿元", 0.01),
        ("平方公里", "公顷", 100.0),
        ("平方公里", "平方米", None),
        ("亩", "平方米", None),
        ("‰", "%", 0.1),
        ("万美元", "元", None),
        ("千克", "克", None),
        ("件", "元", None),
        ("家", "户", None),
        ("人", "人次", None),
        ("元/人年", "元", None),
        ("元", "元/人年", None),
        ("元/人/年", "元/人", None),
        ("件/元", "元/件", None),
        ("%", "个百分点", None),
        ("", "元", None),
    ],
)
def test_conversion_factors(source: str, target: str, expected: float | None) -> None:
    assert factor(source, target) == pytest.approx(expected)


def test_the_registry_may_treat_one_counting_unit_as_another() -> None:
    assert factor("户", "家", ("户", "个")) == 1.0
    assert factor("场", "家", ("户", "个")) is None
    assert factor("万户", "家", ("户", "个")) == 1e4
    assert factor("万户", "万家", ("户", "个")) is None


@pytest.mark.parametrize(
    ("numerator", "denominator", "unit", "expected"),
    [
        ("万元", "亿元", "%", 0.01),
        ("亿元", "亿元", "%", 100.0),
        ("件", "件", "%", 100.0),
        ("件", "件", "‰", 1000.0),
        ("亿元", "人年", "万元/人年", 1e4),
        ("件", "人", "件/万人", 1e4),
        ("件", "亿元", "%", None),
        ("亿元", "人年", "亿元", None),
        ("亿元", "件", "万元/人年", None),
    ],
)
def test_the_factor_of_a_ratio(
    numerator: str, denominator: str, unit: str, expected: float | None
) -> None:
    assert ratio_factor(numerator, denominator, unit) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("unit", "expected"),
    [("亿元", True), ("件/万人", True), ("家", True), ("%", True), ("", False), ("瓦", False),
     ("件/", False), ("/万人", False), ("件/瓦", False), ("万户", True), ("千元", True), ("‰", True),
     ("万", False), ("万%", False), ("万万元", False), ("千百元", False)],
)  # fmt: skip
def test_known_units(unit: str, expected: bool) -> None:
    assert is_known_unit(unit) is expected


@given(ANY_UNIT, ANY_UNIT)
def test_only_units_of_one_dimension_convert(
    source: tuple[int, str], target: tuple[int, str]
) -> None:
    result = factor(source[1], target[1])

    assert (result is not None) == (source[0] == target[0])


@given(st.sampled_from(DIMENSIONS).flatmap(lambda d: st.tuples(*[st.sampled_from(d)] * 3)))
def test_conversion_and_back_and_through_a_third_unit(units: tuple[str, str, str]) -> None:
    a, b, c = units
    a_to_b, b_to_a, b_to_c, a_to_c = factor(a, b), factor(b, a), factor(b, c), factor(a, c)

    assert a_to_b * b_to_a == pytest.approx(1.0, rel=1e-15)
    assert a_to_b * b_to_c == pytest.approx(a_to_c, rel=1e-15)


@given(st.sampled_from(sorted(COUNTS)), st.sampled_from(sorted(COUNTS)))
def test_every_counting_unit_is_a_dimension_of_its_own(source: str, target: str) -> None:
    assert factor(source, target) == (1.0 if source == target else None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1200㎡", "1200平方米"), ("万m²", "万平方米"), ("km²", "平方公里"), ("㎢", "平方公里"),
     ("hm²", "公顷"), ("12²", "12²")],
)  # fmt: skip
def test_symbols_of_area_are_spelled_out(text: str, expected: str) -> None:
    assert spell_out_signs(text) == expected


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (1.0, "亿元", "亿元"),
        (0.9999, "亿元", "万元"),
        (0.00009, "亿元", "元"),
        (9999, "万元", "万元"),
        (10000, "万元", "亿元"),
        (-20000, "万元", "亿元"),
        (9999, "元", "元"),
        (0, "万元", "万元"),
    ],
)
def test_the_most_readable_money_unit(value: float, unit: str, expected: str) -> None:
    assert money_unit(value, unit) == expected
