"""One sheet as it lies in the file: texts by place, and what a spreadsheet shows around them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import zip_longest

import polars as pl

from kejistats.model.errors import UsageError

# Rows by columns from A1 to the last filled cell; each costs some 60 bytes while it is read.
MOST_CELLS = 10_000_000
UNCALCULATED = "#公式未计算"

_INVISIBLE = "\u200b-\u200f\u2060\ufeff"
_CONTROL = "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069"
# A date is stored as a moment.
_MIDNIGHT = " 00:00:00"
_SUSPECT = rf"^\s|\s$|{_MIDNIGHT}$|[{_CONTROL}{_INVISIBLE}]"
_BLANK = "?"
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
        Text columns; the n-th row and column are the sheet's, null where blank.
    merged
        First row, first column, last row and last column of each merged range, from 0.
    hidden
        Numbers of hidden rows as a spreadsheet shows them.
    visible
        Whether the sheet itself is shown.
    """

    name: str
    cells: pl.DataFrame
    merged: tuple[tuple[int, int, int, int], ...] = ()
    hidden: frozenset[int] = frozenset()
    visible: bool = True


def letter(index: int) -> str:
    """Return the letters of a column counted from 0.

    Examples
    --------
    >>> letter(0), letter(25), letter(26)
    ('A', 'Z', 'AA')
    """
    letters = ""
    while index >= 0:
        letters = chr(65 + index % 26) + letters
        index = index // 26 - 1
    return letters


def place(address: str) -> tuple[int, int]:
    """Return row and column, from 0, of an address.

    Raises
    ------
    ValueError
        Where it is none.

    Examples
    --------
    >>> place("A1"), place("AB12")
    ((0, 0), (11, 27))
    """
    match = _ADDRESS.fullmatch(address.replace("$", ""))
    if match is None:
        raise ValueError(f"{shown(address)} is no address")
    column = 0
    for character in match[1]:
        column = column * 26 + ord(character) - 64
    return int(match[2]) - 1, column - 1


def fits(name: str, rows: int, columns: int) -> None:
    """Refuse a sheet whose filled cells lie so far apart that it would fill the memory.

    Raises
    ------
    UsageError
        When the block from A1 to the last filled cell is beyond `MOST_CELLS`.
    """
    if rows * max(columns, 1) > MOST_CELLS:
        raise UsageError(
            f"sheet {shown(name)} has filled cells as far as {letter(columns - 1)}{rows}",
            "delete stray cells far from the table; send a table as large as this as CSV",
        )


def frame(rows: Sequence[Sequence[str | None]]) -> pl.DataFrame:
    """Return rows of unequal length as text columns."""
    columns = zip_longest(*rows)
    return pl.DataFrame({f"c{i}": pl.Series(c, dtype=pl.String) for i, c in enumerate(columns)})


def clean(cells: pl.DataFrame) -> pl.DataFrame:
    """Strip all texts and blank the empty ones; no control character goes further.

    Marks that nobody sees, such as zero-width spaces, go; a control character becomes ``\ufffd``,
    for what it was meant to be nobody knows.
    """
    if cells.is_empty():
        return cells
    # Most columns need nothing, and looking costs a fraction of rewriting.
    suspect, blank = pl.all().str.contains(_SUSPECT), pl.all() == ""
    found = cells.select(suspect.any(), blank.any().name.suffix(_BLANK)).row(0, named=True)
    rewritten = [
        pl.col(name)
        .str.replace_all(f"[{_INVISIBLE}]", "")
        .str.replace_all(f"[{_CONTROL}]", "\ufffd")
        .str.strip_chars()
        .str.strip_suffix(_MIDNIGHT)
        .replace({"": None})
        for name in cells.columns
        if found[name]
    ]
    rewritten += [
        pl.col(name).replace({"": None})
        for name in cells.columns
        if found[name + _BLANK] and not found[name]
    ]
    return cells.with_columns(rewritten) if rewritten else cells


def percent(text: str) -> str:
    """Return a stored fraction as a percent cell shows it; 15 digits are all it holds.

    Examples
    --------
    >>> percent("0.123"), percent("0.07200000000000001"), percent("x")
    ('12.3%', '7.2%', 'x')
    """
    try:
        return f"{Decimal(f'{Decimal(text) * 100:.15g}').normalize():f}%"
    except InvalidOperation:
        return text


def shows_percent(shape: str) -> bool:
    """Tell whether a number format shows percent; quoted and escaped signs do not count.

    Examples
    --------
    >>> shows_percent("0.0%"), shows_percent('0.0" %"')
    (True, False)
    """
    return "%" in re.sub(r'"[^"]*"|\\.', "", shape)


def title(text: str) -> str:
    r"""Return a header's text on one line; inside Chinese no space has a meaning.

    Examples
    --------
    >>> title("公布\n增 速"), title("published  growth")
    ('公布增速', 'published growth')
    """
    return ("" if _CHINESE.search(text) else " ").join(text.split())


def shown(text: str, most: int = 40) -> str:
    r"""Return a received text fit for a message: one line, not long, without control characters.

    Examples
    --------
    >>> shown("a\x07\nb" + "x" * 99)
    'a bxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…'
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= most else line[:most] + "…"


def listed(items: Iterable[str], most: int = 5) -> str:
    """Return the first items for a message, and how many there are where there are more.

    Examples
    --------
    >>> listed("abc"), listed("abcdefg")
    ('a, b, c', 'a, b, c, d, e … (7)')
    """
    texts = [shown(item) for item in items]
    return ", ".join(texts[:most]) + (f" … ({len(texts)})" if len(texts) > most else "")
