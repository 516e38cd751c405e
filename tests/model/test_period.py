"""Checkpoints: parsing of all notations, Chinese labels, order and the base of growth."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kejistats.model.errors import UsageError
from kejistats.model.period import Checkpoint

CHECKPOINTS = st.builds(Checkpoint, st.integers(1900, 2999), st.integers(1, 12))


@pytest.mark.parametrize(
    ("text", "year", "month"),
    [
        ("2025H1", 2025, 6),
        ("2025Q2", 2025, 6),
        ("2025M06", 2025, 6),
        ("2025M6", 2025, 6),
        ("2025h1", 2025, 6),
        (" 2025H1 ", 2025, 6),
        ("2025年H1", 2025, 6),
        ("2025H2", 2025, 12),
        ("2025Q4", 2025, 12),
        ("2025M12", 2025, 12),
        ("2025", 2025, 12),
        ("2025年", 2025, 12),
        (2025, 2025, 12),
        ("2025Q1", 2025, 3),
        ("2025Q3", 2025, 9),
        ("2025M05", 2025, 5),
        (Checkpoint(2024, 2), 2024, 2),
    ],
)
def test_a_checkpoint_is_parsed_in_any_notation(text: str | int, year: int, month: int) -> None:
    assert Checkpoint.parse(text) == Checkpoint(year, month)


@pytest.mark.parametrize(
    "text",
    ["", "25H1", "2025H0", "2025H3", "2025Q5", "2025M00", "2025M13", "2025-06", "2025年上半年",
     "H1", "2025H", "２０２５H1", "20250", "1899", "3000H1", "2025M006"],
)  # fmt: skip
def test_an_invalid_checkpoint_is_refused_with_the_allowed_notations(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        Checkpoint.parse(text)

    assert caught.value.exit_code == 2
    assert "H1" in caught.value.remedy


@pytest.mark.parametrize(
    ("month", "word", "months", "rest", "remaining"),
    [
        (1, "1月", "1月", "后11个月", 11),
        (3, "一季度", "1—3月", "后9个月", 9),
        (5, "1—5月", "1—5月", "后7个月", 7),
        (6, "上半年", "1—6月", "下半年", 6),
        (9, "前三季度", "1—9月", "后3个月", 3),
        (11, "1—11月", "1—11月", "后1个月", 1),
        (12, "全年", "1—12月", "下一年度", 0),
    ],
)
def test_labels_of_the_covered_and_the_remaining_months(
    month: int, word: str, months: str, rest: str, remaining: int
) -> None:
    checkpoint = Checkpoint(2025, month)

    assert checkpoint.word == word
    assert checkpoint.label == f"2025年{word}"
    assert checkpoint.months == months
    assert checkpoint.rest == rest
    assert checkpoint.remaining == remaining


@pytest.mark.parametrize(
    ("checkpoint", "end"),
    [
        (Checkpoint(2024, 2), date(2024, 2, 29)),
        (Checkpoint(2025, 2), date(2025, 2, 28)),
        (Checkpoint(2025, 6), date(2025, 6, 30)),
        (Checkpoint(2025, 12), date(2025, 12, 31)),
    ],
)
def test_a_checkpoint_ends_with_its_month(checkpoint: Checkpoint, end: date) -> None:
    assert checkpoint.end == end


@given(CHECKPOINTS)
def test_the_printed_checkpoint_parses_back(checkpoint: Checkpoint) -> None:
    assert Checkpoint.parse(str(checkpoint)) == checkpoint


@given(CHECKPOINTS, CHECKPOINTS)
def test_checkpoints_are_ordered_by_their_last_day(a: Checkpoint, b: Checkpoint) -> None:
    assert (a < b) == (a.end < b.end)
    assert (a == b) == (a.end == b.end)


@given(CHECKPOINTS.filter(lambda checkpoint: checkpoint.year > 1900))
def test_the_base_is_the_same_month_of_the_year_before(checkpoint: Checkpoint) -> None:
    base = checkpoint.previous_year

    assert (base.year, base.month) == (checkpoint.year - 1, checkpoint.month)
