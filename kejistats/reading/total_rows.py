"""Rows of totals: no district of their own, but they must agree with the rows they add up."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import dropwhile, takewhile

import polars as pl

from kejistats.reading.grid import letter, shown
from kejistats.reading.sheet import Remark

TOTAL = r"^((?:合|总|小)\s*计)\s*[:：]?$"
_TOTAL = re.compile(TOTAL)
# A longer table was put together by a program, which adds up right.
_MOST_ROWS = 100_000
_PLAIN = re.compile(r"-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")


_Row = tuple[int, list[str | None], str | None]


@dataclass(frozen=True)
class Roles:
    """What the columns of a table hold, each counted from 0.

    Parameters
    ----------
    districts
        Columns where 合计 means a total.
    keys
        Columns by whose texts rows belong together: indicator, checkpoint, unit.
    values
        Columns with figures that add up.
    """

    districts: tuple[int, ...] = ()
    keys: tuple[int, ...] = ()
    values: tuple[int, ...] = ()


def total_remarks(body: pl.DataFrame, roles: Roles, titles: Mapping[int, str]) -> list[Remark]:
    """Compare each total with the rows above it, or below where it stands first.

    Shares and averages do not add up: a total with decimals that lies among its rows is none.

    Parameters
    ----------
    body
        ``_row`` and the columns of a sheet, totals among them.
    roles
        What the columns hold.
    titles
        Header by column.
    """
    if body.height > _MOST_ROWS:
        return []
    rows = [(number, texts, _word(texts, roles)) for number, *texts in body.iter_rows()]
    remarks = []
    for at, (number, said, word) in enumerate(rows):
        if word is None:
            continue
        parts = [
            texts
            for _, texts, other in _block(rows, at, word)
            if other is None and all(said[i] in (None, texts[i]) for i in roles.keys)
        ]
        if any(len({texts[i] for texts in parts}) > 1 for i in roles.keys):
            continue
        for i in roles.values:
            added = _differs(said[i], [texts[i] for texts in parts])
            if added is not None:
                wrong = f"“{shown(titles.get(i, ''))}”{word}{shown(str(said[i]))}与各行之和{added:f}不符"
                right = "核对合计与各行的数，改正有误的一方"
                cell = f"{letter(i)}{number}"
                remarks.append(Remark("total_row_differs", "warning", cell, wrong, right))
    return remarks


def _word(texts: list[str | None], roles: Roles) -> str | None:
    found = (_TOTAL.match(texts[i] or "") for i in roles.districts)
    return next(("".join(match[1].split()) for match in found if match), None)


def _block(rows: list[_Row], at: int, word: str) -> list[_Row]:
    """Return the rows a total adds up: those back to the last total of its kind."""
    ends = {"小计", "合计", "总计"} if word == "小计" else {"合计", "总计"}
    # Totals of several indicators may follow one another.
    sides = (reversed(rows[:at]), rows[at + 1 :])
    for side in sides:
        rest = dropwhile(lambda row: row[2] is not None, side)
        block = list(takewhile(lambda row: row[2] not in ends, rest))
        if block:
            return block
    return []


def _differs(total: str | None, texts: list[str | None]) -> Decimal | None:
    """Return the sum where all are plain numbers and the total is another, beyond rounding."""
    numbers = list(_numbers([total, *texts]))
    if len(numbers) < len(texts) + 1 or len(texts) < 2:
        return None
    said, *parts = numbers
    added = sum(parts, Decimal(0))
    digits = [-int(number.as_tuple().exponent) for number in numbers]
    if max(digits) > 0 and min(parts) <= said <= max(parts):
        return None
    # Whole numbers are counts; decimals may each be rounded by half their last digit.
    room = sum(Decimal(5).scaleb(-d - 1) for d in digits) if max(digits) > 0 else Decimal(0)
    return None if abs(said - added) <= room else added


def _numbers(texts: list[str | None]) -> Iterator[Decimal]:
    for text in texts:
        if text is not None and len(text) < 40 and _PLAIN.fullmatch(text):
            yield Decimal(text.replace(",", ""))
