"""Read old ``.xls`` workbooks with xlrd: values, dates and percentages as displayed."""

from __future__ import annotations

import os
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from kejistats.model.errors import UsageError
from kejistats.reading.grid import Grid, check_extent, is_percent_format, percent_text, text_frame
from kejistats.reading.ole import workbook_stream
from kejistats.reading.zip_limits import SAVE_AS_XLSX

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
        Any other, when the file is not a valid workbook.
    """
    import xlrd

    if _ENCRYPTED in raw:
        raise UsageError("it is protected by a password", SAVE_AS_XLSX)
    if _MACROS in raw:
        raise UsageError("it contains macros", "save it as .xlsx, without macros")
    # The log of xlrd is of no use to the sender of a file.
    with Path(os.devnull).open("w", encoding="utf-8") as sink:
        try:
            book = xlrd.open_workbook(
                logfile=sink,
                file_contents=workbook_stream(raw),
                formatting_info=True,
                ragged_rows=True,
            )
        except xlrd.XLRDError as error:
            if "encrypted" in str(error):
                raise UsageError("it is protected by a password", SAVE_AS_XLSX) from None
            raise
    # xlrd has no public name for these record types.
    linked = {xlrd.book.SUPBOOK_EXTERNAL, xlrd.book.SUPBOOK_DDEOLE}
    if linked & set(book._supbook_types):
        raise UsageError(
            "it links to other workbooks",
            "break the links so that the cells hold plain values, and save it again",
        )
    return [_grid(book, sheet) for sheet in book.sheets()]


def _grid(book: Any, sheet: Any) -> Grid:
    lengths = [sheet.row_len(row) for row in range(sheet.nrows)]
    check_extent(sheet.name, sheet.nrows, max(lengths, default=0))
    rows = [[_text(book, cell) for cell in sheet.row(row)] for row in range(sheet.nrows)]
    merged = tuple((r, c, bottom - 1, right - 1) for r, bottom, c, right in sheet.merged_cells)
    hidden = frozenset(row + 1 for row, info in sheet.rowinfo_map.items() if info.hidden)
    return Grid(sheet.name, text_frame(rows), merged, hidden, sheet.visibility == 0)


def _text(book: Any, cell: Any) -> str | None:
    import xlrd

    if cell.ctype == xlrd.XL_CELL_TEXT:
        return str(cell.value)
    if cell.ctype == xlrd.XL_CELL_NUMBER:
        number = f"{Decimal(repr(cell.value)):f}".removesuffix(".0")
        number_format = book.format_map[book.xf_list[cell.xf_index].format_key].format_str
        return percent_text(number) if is_percent_format(number_format) else number
    if cell.ctype == xlrd.XL_CELL_DATE:
        moment: datetime = xlrd.xldate_as_datetime(cell.value, book.datemode)
        return moment.isoformat(" ").removesuffix(" 00:00:00")
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return "TRUE" if cell.value else "FALSE"
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return f"#{xlrd.error_text_from_code.get(cell.value, '').lstrip('#')}"
    return None
