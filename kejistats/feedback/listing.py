"""Findings as lines of text in the order of the sheet: what every showing of them starts from."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import polars as pl

from kejistats.feedback.text import visible, weight

_ADDRESS = re.compile(r"([A-Z]{1,3})([1-9]\d{0,6})")
_VALUE, _TEXT = 40, 200


@dataclass(frozen=True)
class Line:
    """One finding as people read it.

    Parameters
    ----------
    severity, word
        error or warning, and 错误 or 提示.
    file, sheet, cell
        Where it is.
    about
        District, indicator and level as received, joined by a space.
    value
        The figure as received.
    wrong, right
        What is wrong and what would be right.
    """

    severity: str
    word: str
    file: str
    sheet: str
    cell: str
    about: str
    value: str
    wrong: str
    right: str


def place(cell: str) -> tuple[int, int] | None:
    """Return the row and column of an address counted from 1, or None where it is none.

    Examples
    --------
    >>> place("D12"), place("AA1"), place("第3行"), place("XFE1")
    ((12, 4), (1, 27), None, None)
    """
    match = _ADDRESS.fullmatch(cell)
    if match is None:
        return None
    column = 0
    for letter in match[1]:
        column = column * 26 + ord(letter) - 64
    row = int(match[2])
    return (row, column) if row <= 2**20 and column <= 2**14 else None


def lines(findings: pl.DataFrame) -> list[Line]:
    """Return findings by file and sheet as they came, within a sheet by cell.

    Parameters
    ----------
    findings
        The Finding table.
    """
    sheets = {pair: n for n, pair in enumerate(findings.select("file", "sheet").unique(
        maintain_order=True).iter_rows())}  # fmt: skip
    found = [_line(row) for row in findings.iter_rows(named=True)]
    return sorted(found, key=lambda one: (sheets[one.file, one.sheet], place(one.cell) or (0, 0)))


def _line(row: dict[str, str | None]) -> Line:
    received = json.loads(row["row"] or "{}")
    names = [received.get(c) or row[c] or "" for c in ("district", "indicator", "level")]
    return Line(
        str(row["severity"]),
        weight(str(row["severity"])),
        str(row["file"]),
        str(row["sheet"]),
        visible(str(row["cell"]), _VALUE),
        visible(" ".join(str(name) for name in names if name), 2 * _VALUE),
        visible(str(received.get("value") or ""), _VALUE),
        visible(str(row["wrong"]), _TEXT),
        # The words stand before it wherever it is shown.
        visible(str(row["right"]).removeprefix("应为"), _TEXT),
    )


def tally(findings: pl.DataFrame) -> tuple[int, int]:
    """Return the numbers of errors and of warnings."""
    errors = findings.filter(pl.col("severity") == "error").height
    return errors, findings.height - errors
