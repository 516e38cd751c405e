"""Copy the cells of a CSV file or an older workbook as texts into a new workbook."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from openpyxl.utils import get_column_letter
from openpyxl.workbook import Workbook

from kejistats.forms.feedback.visible_text import make_visible
from kejistats.intake.columns import is_header
from kejistats.model.errors import UsageError
from kejistats.reading import read_grids

# A text that begins like this becomes a formula when the cell is edited, unless marked as text.
_FORMULA_STARTS = ("=", "+", "-", "@")
# Characters that XML cannot hold.
_FORBIDDEN_CHARACTERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MAX_ROWS = 200_000
_MIN_WIDTH, _MAX_WIDTH = 8, 40


def plain_workbook(path: Path) -> Workbook:
    """Return a workbook with the texts of a file's cells at the same addresses.

    Nothing becomes a number or a formula.

    Raises
    ------
    UsageError
        When the file does not exist or cannot be read, or has too many rows to correct by hand.
    """
    book = Workbook()
    book.remove(book.active)
    if not path.is_file():
        raise UsageError(f"there is no file {path}", "name a received file")
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
            if y > _MAX_ROWS:
                raise UsageError(
                    f"{path.name} has more than {_MAX_ROWS} rows, too many to mark one by one",
                    "send the page of findings instead",
                )
            for x, text in enumerate(row, 1):
                if text:
                    write_text(sheet.cell(y, x), text)
                    widths[x] = max(
                        widths.get(x, 0), sum(1 + (c > "\xff") for c in text[:_MAX_WIDTH])
                    )
        for x, width in widths.items():
            fitted = min(max(width + 2, _MIN_WIDTH), _MAX_WIDTH)
            sheet.column_dimensions[get_column_letter(x)].width = fitted
    return book


def write_text(cell: Any, text: str) -> None:
    """Write a text so that it stays text, whatever it begins with."""
    cell.value = _FORBIDDEN_CHARACTERS.sub(lambda match: make_visible(match[0]), text)
    cell.data_type = "s"
    if text.startswith(_FORMULA_STARTS):
        cell.quotePrefix = True


def sheet_name(name: str) -> str:
    """Return a sheet name without the characters that a workbook forbids.

    Examples
    --------
    >>> sheet_name("1/2月"), sheet_name("")
    ('1_2月', '数据')
    """
    return re.sub(r"[\[\]:*?/\\]", "_", make_visible(name))[:31].strip("'") or "数据"
