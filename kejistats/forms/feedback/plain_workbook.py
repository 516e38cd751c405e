"""The cells of a CSV file or an older workbook as texts in a new one, at the same addresses."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from openpyxl.utils import get_column_letter
from openpyxl.workbook import Workbook

from kejistats.forms.feedback.visible_text import visible
from kejistats.intake.columns import is_header
from kejistats.model.errors import UsageError
from kejistats.reading import read_grids

# Taken for a formula once somebody edits the cell, if not marked as text.
_FORMULA = ("=", "+", "-", "@")
# What XML cannot hold.
_REFUSED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ROWS = 200_000
_NARROW, _BROAD = 8, 40


def plain_workbook(path: Path) -> Workbook:
    """Return a workbook with the texts of a file's cells; nothing becomes a number or formula.

    Raises
    ------
    UsageError
        When the file cannot be read, or has more rows than anybody corrects by hand.
    """
    book = Workbook()
    book.remove(book.active)
    if not path.is_file():
        raise UsageError(f"no file at {path}", "name a received file")
    try:
        grids = read_grids(path, is_header)
    except UsageError as error:
        raise UsageError(f"{path.name}: {error.message}", error.remedy) from None
    for grid in grids:
        if not grid.visible:
            continue
        sheet = book.create_sheet(sheet_name(grid.name))
        widths: dict[int, int] = {}
        for y, row in enumerate(grid.cells.iter_rows(), 1):
            if y > _ROWS:
                raise UsageError(
                    f"{path.name} has more than {_ROWS} rows, too many to mark one by one",
                    "send back the page of findings instead",
                )
            for x, text in enumerate(row, 1):
                if text:
                    write_text(sheet.cell(y, x), text)
                    widths[x] = max(widths.get(x, 0), sum(1 + (c > "\xff") for c in text[:_BROAD]))
        for x, width in widths.items():
            fit = min(max(width + 2, _NARROW), _BROAD)
            sheet.column_dimensions[get_column_letter(x)].width = fit
    return book


def write_text(cell: Any, text: str) -> None:
    """Write a text that stays a text, whatever it begins with."""
    cell.value = _REFUSED.sub(lambda match: visible(match[0]), text)
    cell.data_type = "s"
    if text.startswith(_FORMULA):
        cell.quotePrefix = True


def sheet_name(name: str) -> str:
    """Return a sheet's name as a workbook allows it.

    Examples
    --------
    >>> sheet_name("1/2月"), sheet_name("")
    ('1_2月', '数据')
    """
    return re.sub(r"[\[\]:*?/\\]", "_", visible(name))[:31].strip("'") or "数据"
