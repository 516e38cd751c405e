"""Read old ``.xls``: values, and what their formats show."""

from __future__ import annotations

import os
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from kejistats.model.errors import UsageError
from kejistats.reading.grid import Grid, fits, frame, percent, shows_percent
from kejistats.reading.ole import workbook_stream
from kejistats.reading.zip_limits import SAVE

_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_MACROS = "_VBA_PROJECT".encode("utf-16-le")


def read_xls(raw: bytes) -> list[Grid]:
    """Return the worksheets of a workbook of Excel 97 to 2003.

    Parameters
    ----------
    raw
        The bytes of the file.

    Raises
    ------
    UsageError
        For passwords, macros and links to other workbooks.
    Exception
        Of any kind when the file is no workbook.
    """
    import xlrd

    if _ENCRYPTED in raw:
        raise UsageError("it is locked by a password", SAVE)
    if _MACROS in raw:
        raise UsageError("it holds macros", "save it as .xlsx, without them")
    # What the reader of old workbooks has to tell about them is for its authors.
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        try:
            book = xlrd.open_workbook(
                logfile=nowhere,
                file_contents=workbook_stream(raw),
                formatting_info=True,
                ragged_rows=True,
            )
        except xlrd.XLRDError as error:
            if "encrypted" in str(error):
                raise UsageError("it is locked by a password", SAVE) from None
            raise
    # The reader knows them and has no public name for it.
    linked = {xlrd.book.SUPBOOK_EXTERNAL, xlrd.book.SUPBOOK_DDEOLE}
    if linked & set(book._supbook_types):
        raise UsageError(
            "it links to other workbooks",
            "break the links so that the cells hold their figures, and save it again",
        )
    return [_grid(book, sheet) for sheet in book.sheets()]


def _grid(book: Any, sheet: Any) -> Grid:
    lengths = [sheet.row_len(row) for row in range(sheet.nrows)]
    fits(sheet.name, sheet.nrows, max(lengths, default=0))
    rows = [[_text(book, cell) for cell in sheet.row(row)] for row in range(sheet.nrows)]
    merged = tuple((r, c, end - 1, right - 1) for r, end, c, right in sheet.merged_cells)
    hidden = frozenset(row + 1 for row, info in sheet.rowinfo_map.items() if info.hidden)
    return Grid(sheet.name, frame(rows), merged, hidden, sheet.visibility == 0)


def _text(book: Any, cell: Any) -> str | None:
    import xlrd

    if cell.ctype == xlrd.XL_CELL_TEXT:
        return str(cell.value)
    if cell.ctype == xlrd.XL_CELL_NUMBER:
        number = f"{Decimal(repr(cell.value)):f}".removesuffix(".0")
        shape = book.format_map[book.xf_list[cell.xf_index].format_key].format_str
        return percent(number) if shows_percent(shape) else number
    if cell.ctype == xlrd.XL_CELL_DATE:
        moment: datetime = xlrd.xldate_as_datetime(cell.value, book.datemode)
        return moment.isoformat(" ").removesuffix(" 00:00:00")
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return "TRUE" if cell.value else "FALSE"
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return f"#{xlrd.error_text_from_code.get(cell.value, '').lstrip('#')}"
    return None
