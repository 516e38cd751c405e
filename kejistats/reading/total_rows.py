"""Total rows of a table: left out as data, but checked against the rows they add up."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import dropwhile, takewhile

import polars as pl

from kejistats.reading.grid import column_letter, printable
from kejistats.reading.sheet import Remark

TOTAL = r"^((?:合|总|小)\s*计)\s*[:：]?$"
_TOTAL = re.compile(TOTAL)
# A longer table was made by a program, whose totals need no check.
_MAX_ROWS = 100_000
_PLAIN_NUMBER = re.compile(r"-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")

# Row number, texts of all columns, and the word for a total (合计, 总计 or 小计) or None.
_Row = tuple[int, list[str | None], str | None]


@dataclass(frozen=True)
class Roles:
    """What the columns of a table contain, as column indexes from 0.

    Parameters
    ----------
    districts
        Columns where 合计 marks a total row.
    keys
        Columns that a total has in common with its rows: indicator, checkpoint, unit.
    values
        Columns of additive figures.
    """

    districts: tuple[int, ...] = ()
    keys: tuple[int, ...] = ()
    values: tuple[int, ...] = ()


def total_remarks(body: pl.DataFrame, roles: Roles, titles: Mapping[int, str]) -> list[Remark]:
    """Compare each total row with the rows above it, or below it if it comes first.

    Shares and averages do not add up: a decimal total within the range of its rows is skipped.

    Parameters
    ----------
    body
        ``_row`` and the columns of a sheet, total rows included.
    roles
        What the columns contain.
    titles
        Header by column.
    """
    if body.height > _MAX_ROWS:
        return []
    rows = [(number, texts, _total_word(texts, roles)) for number, *texts in body.iter_rows()]
    remarks = []
    for index, (number, total_texts, word) in enumerate(rows):
        if word is None:
            continue
        parts = [
            texts
            for _, texts, other_word in _block(rows, index, word)
            if other_word is None and all(total_texts[i] in (None, texts[i]) for i in roles.keys)
        ]
        if any(len({texts[i] for texts in parts}) > 1 for i in roles.keys):
            continue
        for i in roles.values:
            parts_sum = _different_sum(total_texts[i], [texts[i] for texts in parts])
            if parts_sum is not None:
                wrong = f"“{printable(titles.get(i, ''))}”{word}{printable(str(total_texts[i]))}与各行之和{parts_sum:f}不符"
                right = "核对合计与各行的数，改正有误的一方"
                cell = f"{column_letter(i)}{number}"
                remarks.append(Remark("total_row_differs", "warning", cell, wrong, right))
    return remarks


def _total_word(texts: list[str | None], roles: Roles) -> str | None:
    matches = (_TOTAL.match(texts[i] or "") for i in roles.districts)
    return next(("".join(match[1].split()) for match in matches if match), None)


def _block(rows: list[_Row], index: int, word: str) -> list[_Row]:
    """Return the rows a total adds up: those back to the previous total of its kind."""
    stops = {"小计", "合计", "总计"} if word == "小计" else {"合计", "总计"}
    # Totals of several indicators may follow each other.
    sides = (reversed(rows[:index]), rows[index + 1 :])
    for side in sides:
        rest = dropwhile(lambda row: row[2] is not None, side)
        block = list(takewhile(lambda row: row[2] not in stops, rest))
        if block:
            return block
    return []


def _different_sum(total: str | None, texts: list[str | None]) -> Decimal | None:
    """Return the sum of the parts if it differs from the total by more than rounding, else None."""
    numbers = list(_numbers([total, *texts]))
    if len(numbers) < len(texts) + 1 or len(texts) < 2:
        return None
    total_value, *parts = numbers
    parts_sum = sum(parts, Decimal(0))
    digits = [-int(number.as_tuple().exponent) for number in numbers]
    if max(digits) > 0 and min(parts) <= total_value <= max(parts):
        return None
    # Integers are counts and exact; a decimal may be rounded by half a unit of its last digit.
    tolerance = sum(Decimal(5).scaleb(-d - 1) for d in digits) if max(digits) > 0 else Decimal(0)
    return None if abs(total_value - parts_sum) <= tolerance else parts_sum


def _numbers(texts: list[str | None]) -> Iterator[Decimal]:
    for text in texts:
        if text is not None and len(text) < 40 and _PLAIN_NUMBER.fullmatch(text):
            yield Decimal(text.replace(",", ""))
