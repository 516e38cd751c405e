"""Findings as lines of text in sheet order, the common source of pages, copies and tables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from kejistats.forms.feedback.visible_text import make_visible, severity_word
from kejistats.reading import grid

_MAX_VALUE, _MAX_TEXT = 40, 200


@dataclass(frozen=True)
class Line:
    """One finding as shown to people.

    Parameters
    ----------
    severity, word
        error or warning, and the Chinese word: 错误 or 提示.
    file, sheet, cell
        File, sheet and cell address of the finding.
    about
        Names of district and indicator (as received where they are unknown), and level.
    value
        The figure as received.
    wrong, right
        What is wrong, and what to do about it.
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


def cell_position(cell: str) -> tuple[int, int] | None:
    """Return the row and column of a cell address, counted from 1; None where it is no address.

    Examples
    --------
    >>> cell_position("D12"), cell_position("AA1"), cell_position("第3行"), cell_position("XFE1")
    ((12, 4), (1, 27), None, None)
    """
    try:
        row, column = grid.parse_address(cell)
    except ValueError:
        return None
    return (row + 1, column + 1) if 0 <= row < 2**20 and column < 2**14 else None


def finding_lines(findings: pl.DataFrame, names: Mapping[str, str] | None = None) -> list[Line]:
    """Return findings as lines: files and sheets in the given order, within a sheet by cell.

    Parameters
    ----------
    findings
        The Finding table.
    names
        Names of districts and indicators by code and id; see `display_names`.
    """
    sheet_order = {pair: n for n, pair in enumerate(findings.select("file", "sheet").unique(
        maintain_order=True).iter_rows())}  # fmt: skip
    lines = [_finding_line(row, names or {}) for row in findings.iter_rows(named=True)]
    return sorted(
        lines,
        key=lambda line: (sheet_order[line.file, line.sheet], cell_position(line.cell) or (0, 0)),
    )


def _finding_line(row: dict[str, str | None], names: Mapping[str, str]) -> Line:
    received = json.loads(row["row"] or "{}")
    about = [str(received.get(c) or row[c] or "") for c in ("district", "indicator", "level")]
    return Line(
        str(row["severity"]),
        severity_word(str(row["severity"])),
        str(row["file"]),
        str(row["sheet"]),
        make_visible(str(row["cell"]), _MAX_VALUE),
        make_visible(" ".join(names.get(text, text) for text in about if text), 2 * _MAX_VALUE),
        make_visible(str(received.get("value") or ""), _MAX_VALUE),
        make_visible(str(row["wrong"]), _MAX_TEXT),
        make_visible(str(row["right"]), _MAX_TEXT),
    )


def count_severities(findings: pl.DataFrame) -> tuple[int, int]:
    """Return the number of errors and of warnings."""
    errors = findings.filter(pl.col("severity") == "error").height
    return errors, findings.height - errors
