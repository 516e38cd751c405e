"""Write the sheet 退回说明, which lists all findings of a workbook with links to their cells."""

from __future__ import annotations

from typing import Any

from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import quote_sheetname
from openpyxl.workbook import Workbook
from openpyxl.worksheet.hyperlink import Hyperlink

from kejistats.forms.feedback.listing import Line
from kejistats.forms.feedback.plain_workbook import write_text
from kejistats.reading.form_mark import RETURN_SHEET

_COLUMNS = {
    "序号": 6,
    "级别": 7,
    "工作表": 16,
    "单元格": 9,
    "地区和指标": 30,
    "原值": 16,
    "问题": 44,
    "改正要求": 34,
}
_HEADER_ROW = 5
_LINK_FONT = Font(color="FF0563C1", underline="single")
_BOTTOM_BORDER = Border(bottom=Side(style="thin", color="FFBFBFBF"))


def add_return_sheet(book: Workbook, marked: list[tuple[Line, Any]]) -> None:
    """Add the sheet in first position and select it.

    Parameters
    ----------
    book
        The workbook, without a sheet of that name.
    marked
        Each finding with its cell, or None where it has none.
    """
    sheet = book.create_sheet(RETURN_SHEET, 0)
    errors = sum(line.severity == "error" for line, _ in marked)
    sheet["A1"] = RETURN_SHEET
    sheet["A1"].font = Font(bold=True, size=16)
    sheet["A2"] = (
        f"本文件有错误{errors}处（红色单元格）、提示{len(marked) - errors}处（黄色单元格），单元格批注写明问题。"
    )
    sheet["A3"] = (
        "有错误的行未入库，请在原单元格改正；有提示的行请核实，有误的改正，无误的在备注栏说明。改好后将本文件原样报回。"
    )
    for column, (title, width) in enumerate(_COLUMNS.items(), 1):
        head = sheet.cell(_HEADER_ROW, column, title)
        head.font = Font(bold=True)
        head.fill = PatternFill("solid", fgColor="FFE7EBEF")
        head.border = _BOTTOM_BORDER
        sheet.column_dimensions[head.column_letter].width = width
    for number, (line, cell) in enumerate(marked, 1):
        _write_row(sheet, number, line, cell)
    sheet.freeze_panes = f"A{_HEADER_ROW + 1}"
    sheet.print_title_rows = f"{_HEADER_ROW}:{_HEADER_ROW}"
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 9
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    book.active = 0
    # With two sheets selected, an edit would change both.
    for other in book.worksheets:
        other.sheet_view.tabSelected = other is sheet
    book.calculation.fullCalcOnLoad = True


def _write_row(sheet: Any, number: int, line: Line, target: Any) -> None:
    row = _HEADER_ROW + number
    sheet.cell(row, 1, number)
    texts = [line.word, line.sheet, line.cell, line.about, line.value, line.wrong, line.right]
    for column, text in enumerate(texts, 2):
        write_text(sheet.cell(row, column), text)
    for cell in sheet[row]:
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        cell.border = _BOTTOM_BORDER
    if target is not None:
        link_cell = sheet.cell(row, 4)
        location = f"{quote_sheetname(target.parent.title)}!{target.coordinate}"
        link_cell.hyperlink = Hyperlink(ref=link_cell.coordinate, location=location)
        link_cell.font = _LINK_FONT
