"""A district's own workbook with the faulty cells marked, ready to send back."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill
from openpyxl.workbook import Workbook

from kejistats.forms.feedback.listing import Line, lines, place
from kejistats.forms.feedback.plain_workbook import plain_workbook, sheet_name
from kejistats.forms.feedback.return_sheet import add_return_sheet
from kejistats.model.atomic import replace
from kejistats.model.errors import UsageError
from kejistats.reading.form_mark import RETURN_SHEET
from kejistats.reading.zip_limits import Package

AUTHOR = "kejistats"
# Tints of our own, so that taking off old marks leaves a district's colours alone.
FILLS = {"error": "FFFFC4BF", "warning": "FFFFF0A8"}
_FIRST = ("【错误】", "【提示】")
# What stood in a comment before ours; it comes back when ours goes.
_BEFORE = "\n原批注："
_WIDTH, _LINE, _PER_LINE = 320, 20, 24
_ZIP = b"PK\x03\x04"


def marked_copy(
    path: Path, findings: pl.DataFrame, out: Path, names: Mapping[str, str] | None = None
) -> Path:
    """Write a copy of a received file with its faulty cells filled and commented.

    A first sheet 退回说明 lists all findings with links to their cells. The district corrects in
    place and sends the same file back; intake leaves that sheet out. Marks of an earlier return
    are replaced.

    A copy of an ``.xlsx`` keeps formats, validations, protection and hidden sheets. Lost is what
    openpyxl does not know, such as charts, drawn shapes and validations that only Excel's
    extension lists hold; and the results of formulas, until a spreadsheet program opens the copy
    and saves it. A fill of the district's own under a mark does not come back. Of any other form
    the copy holds the texts of the cells at the same addresses.

    Parameters
    ----------
    path
        The file as received.
    findings
        The Finding table; findings of other files are left out.
    out
        The file to write, ``.xlsx``; see `copy_names`.
    names
        Names of districts and indicators by code and id; see `names_of`.

    Returns
    -------
    Path
        The copy.

    Raises
    ------
    UsageError
        When the folder is missing, the copy would replace the file received, or the file cannot
        be read.
    """
    if out.suffix.lower() != ".xlsx" or not out.parent.is_dir():
        raise UsageError(f"cannot write {out}", "name an .xlsx file in a folder there is")
    if out.resolve() == path.resolve():
        raise UsageError(f"{out} is the file received", "name another folder for the copy")
    book = _loaded(path)
    _unmark(book)
    found = lines(findings.filter(pl.col("file") == path.name), names)
    marked = [(line, _cell_of(book, line)) for line in found]
    by_cell: dict[tuple[str, str], list[Line]] = {}
    for line, cell in marked:
        if cell is not None:
            by_cell.setdefault((cell.parent.title, cell.coordinate), []).append(line)
    for (sheet, address), some in by_cell.items():
        _mark(book[sheet][address], some)
    add_return_sheet(book, marked)
    draft = out.with_name(f".{out.name}.part")
    book.save(draft)
    replace(draft, out)
    return out


def _loaded(path: Path) -> Workbook:
    raw = path.read_bytes() if path.is_file() else b""
    if raw.startswith(_ZIP):
        try:
            Package(raw)  # refuses what would unpack to gigabytes
            with warnings.catch_warnings():
                # openpyxl tells of each thing it does not keep; the docstring above does so once.
                warnings.simplefilter("ignore")
                return openpyxl.load_workbook(io.BytesIO(raw), rich_text=True)
        except Exception:  # noqa: S110
            # It fails in many ways on styles it does not know; the texts can still go back.
            pass
    return plain_workbook(path)


def _cells(sheet: Any) -> Iterator[Any]:
    # Only what is there: `iter_rows` would make every cell of the sheet's rectangle.
    yield from list(sheet._cells.values())


def _unmark(book: Workbook) -> None:
    """Take off the marks of an earlier return."""
    if RETURN_SHEET in book.sheetnames:
        del book[RETURN_SHEET]
    for sheet in book.worksheets:
        for cell in _cells(sheet):
            comment = cell.comment
            # By its first words: LibreOffice drops the author when it saves.
            if comment is not None and comment.text.startswith(_FIRST):
                _, had_one, before = comment.text.partition(_BEFORE)
                cell.comment = Comment(before, " ") if had_one else None
            if cell.fill.fill_type == "solid" and cell.fill.fgColor.rgb in FILLS.values():
                cell.fill = PatternFill()


def _cell_of(book: Workbook, line: Line) -> Any:
    """Return the cell of a finding, of merged cells the first; None where there is none."""
    at = place(line.cell)
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    sheet = sheets.get(line.sheet) or sheets.get(sheet_name(line.sheet))
    if at is None or sheet is None:
        return None
    for area in sheet.merged_cells.ranges:
        if line.cell in area:
            at = (area.min_row, area.min_col)
    return sheet.cell(*at)


def _mark(cell: Any, some: list[Line]) -> None:
    severity = min(line.severity for line in some)  # error before warning
    text = "\n".join(
        f"【{line.word}】{line.wrong}" + (f"\n改正要求：{line.right}" if line.right else "")
        for line in some
    )
    height = sum(1 + len(part) // _PER_LINE for part in text.splitlines()) * _LINE + _LINE
    if cell.comment is not None:
        text += _BEFORE + cell.comment.text
    cell.comment = Comment(text, AUTHOR, width=_WIDTH, height=min(height, 480))
    cell.fill = PatternFill("solid", fgColor=FILLS[severity])
