"""Units convert inside one dimension, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kejistats.model.units import COUNTS, factor, known, money_unit, ratio_factor, spelled

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
def test_factors(source: str, target: str, expected: float | None) -> None:
    assert factor(source, target) == pytest.approx(expected)


def test_the_registry_may_let_one_word_of_counting_stand_for_another() -> None:
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
    assert known(unit) is expected


@given(ANY_UNIT, ANY_UNIT)
def test_only_units_of_one_dimension_convert(one: tuple[int, str], other: tuple[int, str]) -> None:
    result = factor(one[1], other[1])

    assert (result is not None) == (one[0] == other[0])


@given(st.sampled_from(DIMENSIONS).flatmap(lambda d: st.tuples(*[st.sampled_from(d)] * 3)))
def test_conversion_there_and_back_and_by_a_third_unit(units: tuple[str, str, str]) -> None:
    a, b, c = units
    there, back, on, straight = factor(a, b), factor(b, a), factor(b, c), factor(a, c)

    assert there * back == pytest.approx(1.0, rel=1e-15)
    assert there * on == pytest.approx(straight, rel=1e-15)


@given(st.sampled_from(sorted(COUNTS)), st.sampled_from(sorted(COUNTS)))
def test_words_of_counting_are_dimensions_of_their_own(one: str, other: str) -> None:
    assert factor(one, other) == (1.0 if one == other else None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1200㎡", "1200平方米"), ("万m²", "万平方米"), ("km²", "平方公里"), ("㎢", "平方公里"),
     ("hm²", "公顷"), ("12²", "12²")],
)  # fmt: skip
def test_signs_of_area_are_written_in_words(text: str, expected: str) -> None:
    assert spelled(text) == expected


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
def test_the_unit_of_money_that_reads_best(value: float, unit: str, expected: str) -> None:
    assert money_unit(value, unit) == expected
