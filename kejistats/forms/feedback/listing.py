"""Findings as lines of text in the order of the sheet: what every showing of them starts from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from kejistats.forms.feedback.visible_text import visible, weight
from kejistats.reading import grid

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
        District and indicator by name, as received where they are unknown, and level.
    value
        The figure as received.
    wrong, right
        What is wrong and what is to be done.
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
    try:
        row, column = grid.place(cell)
    except ValueError:
        return None
    return (row + 1, column + 1) if 0 <= row < 2**20 and column < 2**14 else None


def lines(findings: pl.DataFrame, names: Mapping[str, str] | None = None) -> list[Line]:
    """Return findings by file and sheet as they came, within a sheet by cell.

    Parameters
    ----------
    findings
        The Finding table.
    names
        Names of districts and indicators by code and id; see `names_of`.
    """
    sheets = {pair: n for n, pair in enumerate(findings.select("file", "sheet").unique(
        maintain_order=True).iter_rows())}  # fmt: skip
    found = [_line(row, names or {}) for row in findings.iter_rows(named=True)]
    return sorted(found, key=lambda one: (sheets[one.file, one.sheet], place(one.cell) or (0, 0)))


def _line(row: dict[str, str | None], names: Mapping[str, str]) -> Line:
    received = json.loads(row["row"] or "{}")
    about = [str(received.get(c) or row[c] or "") for c in ("district", "indicator", "level")]
    return Line(
        str(row["severity"]),
        weight(str(row["severity"])),
        str(row["file"]),
        str(row["sheet"]),
        visible(str(row["cell"]), _VALUE),
        visible(" ".join(names.get(text, text) for text in about if text), 2 * _VALUE),
        visible(str(received.get("value") or ""), _VALUE),
        visible(str(row["wrong"]), _TEXT),
        visible(str(row["right"]), _TEXT),
    )


def tally(findings: pl.DataFrame) -> tuple[int, int]:
    """Return the numbers of errors and of warnings."""
    errors = findings.filter(pl.col("severity") == "error").height
    return errors, findings.height - errors
