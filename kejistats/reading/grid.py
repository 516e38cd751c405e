"""The raw cells of one sheet as text, and the helpers that every reader and message needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import zip_longest

import polars as pl

from kejistats.model.errors import UsageError

# Rows × columns from A1 to the last filled cell; each cell costs some 60 bytes while it is read.
MAX_CELLS = 10_000_000
UNCALCULATED = "#公式未计算"

_INVISIBLE = "\u200b-\u200f\u2060\ufeff"
_CONTROL = "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069"
# Spreadsheets store a date as a date and time.
_MIDNIGHT = " 00:00:00"
_NEEDS_CLEANING = rf"^\s|\s$|{_MIDNIGHT}$|[{_CONTROL}{_INVISIBLE}]"
_BLANK_SUFFIX = "?"
_ADDRESS = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_CHINESE = re.compile("[\u4e00-\u9fff]")


@dataclass(frozen=True)
class Grid:
    """One sheet as received.

    Parameters
    ----------
    name
        Sheet name, empty for CSV.
    cells
        Text columns; row n and column n are those of the sheet, null where blank.
    merged
        First row, first column, last row and last column of each merged range, counted from 0.
    hidden
        Row numbers (from 1, as a spreadsheet shows them) of hidden rows.
    visible
        Whether the sheet itself is visible.
    """

    name: str
    cells: pl.DataFrame
    merged: tuple[tuple[int, int, int, int], ...] = ()
    hidden: frozenset[int] = frozenset()
    visible: bool = True


def column_letter(index: int) -> str:
    """Return the letters of a column, given its index from 0.

    Examples
    --------
    >>> column_letter(0), column_letter(25), column_letter(26)
    ('A', 'Z', 'AA')
    """
    letters = ""
    while index >= 0:
        letters = chr(65 + index % 26) + letters
        index = index // 26 - 1
    return letters


def parse_address(address: str) -> tuple[int, int]:
    """Return the row and column index, both from 0, of a cell address.

    Raises
    ------
    ValueError
        When the text is not a cell address.

    Examples
    --------
    >>> parse_address("A1"), parse_address("AB12")
    ((0, 0), (11, 27))
    """
    match = _ADDRESS.fullmatch(address.replace("$", ""))
    if match is None:
        raise ValueError(f"{printable(address)} is not a cell address")
    column = 0
    for character in match[1]:
        column = column * 26 + ord(character) - 64
    return int(match[2]) - 1, column - 1


def check_extent(name: str, rows: int, columns: int) -> None:
    """Refuse a sheet whose filled cells lie so far apart that it would not fit into memory.

    Raises
    ------
    UsageError
        When the block from A1 to the last filled cell has more than `MAX_CELLS` cells.
    """
    if rows * max(columns, 1) > MAX_CELLS:
        raise UsageError(
            f"sheet {printable(name)} has filled cells as far as {column_letter(columns - 1)}{rows}",
            "delete stray cells far from the table; send a table of that size as CSV",
        )


def text_frame(rows: Sequence[Sequence[str | None]]) -> pl.DataFrame:
    """Return rows of unequal length as a frame of text columns."""
    columns = zip_longest(*rows)
    return pl.DataFrame({f"c{i}": pl.Series(c, dtype=pl.String) for i, c in enumerate(columns)})


def clean_cells(cells: pl.DataFrame) -> pl.DataFrame:
    """Strip all texts, make empty ones null and neutralise control characters.

    Invisible characters such as zero-width spaces are removed. A control character becomes
    ``\ufffd``, because what it stood for cannot be known.
    """
    if cells.is_empty():
        return cells
    # Most columns need no cleaning, and testing is far cheaper than rewriting.
    dirty, blank = pl.all().str.contains(_NEEDS_CLEANING), pl.all() == ""
    needs = cells.select(dirty.any(), blank.any().name.suffix(_BLANK_SUFFIX)).row(0, named=True)
    rewritten = [
        pl.col(name)
        .str.replace_all(f"[{_INVISIBLE}]", "")
        .str.replace_all(f"[{_CONTROL}]", "\ufffd")
        .str.strip_chars()
        .str.strip_suffix(_MIDNIGHT)
        .replace({"": None})
        for name in cells.columns
        if needs[name]
    ]
    rewritten += [
        pl.col(name).replace({"": None})
        for name in cells.columns
        if needs[name + _BLANK_SUFFIX] and not needs[name]
    ]
    return cells.with_columns(rewritten) if rewritten else cells


def percent_text(text: str) -> str:
    """Return a stored fraction as a percent cell shows it, to the 15 digits a double holds.

    Examples
    --------
    >>> percent_text("0.123"), percent_text("0.07200000000000001"), percent_text("x")
    ('12.3%', '7.2%', 'x')
    """
    try:
        return f"{Decimal(f'{Decimal(text) * 100:.15g}').normalize():f}%"
    except InvalidOperation:
        return text


def is_percent_format(number_format: str) -> bool:
    """Tell whether a number format shows percentages; quoted and escaped % signs do not count.

    Examples
    --------
    >>> is_percent_format("0.0%"), is_percent_format('0.0" %"')
    (True, False)
    """
    return "%" in re.sub(r'"[^"]*"|\\.', "", number_format)


def header_text(text: str) -> str:
    r"""Return the text of a header cell on one line; in Chinese text spaces are dropped.

    Examples
    --------
    >>> header_text("公布\n增 速"), header_text("published  growth")
    ('公布增速', 'published growth')
    """
    return ("" if _CHINESE.search(text) else " ").join(text.split())


def printable(text: str, limit: int = 40) -> str:
    r"""Return received text fit for a message: one short line without control characters.

    Examples
    --------
    >>> printable("a\x07\nb" + "x" * 99)
    'a bxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…'
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= limit else line[:limit] + "…"


def join_items(items: Iterable[str], limit: int = 5) -> str:
    """Join the first items for a message; add the total number when some are left out.

    Examples
    --------
    >>> join_items("abc"), join_items("abcdefg")
    ('a, b, c', 'a, b, c, d, e … (7)')
    """
    texts = [printable(item) for item in items]
    return ", ".join(texts[:limit]) + (f" … ({len(texts)})" if len(texts) > limit else "")
