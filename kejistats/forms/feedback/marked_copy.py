"""Copy a received file with its faulty cells marked, ready to send back."""

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

from kejistats.forms.feedback.listing import Line, cell_position, finding_lines
from kejistats.forms.feedback.plain_workbook import plain_workbook, sheet_name
from kejistats.forms.feedback.return_sheet import add_return_sheet
from kejistats.model.atomic import replace
from kejistats.model.errors import UsageError
from kejistats.reading.form_mark import RETURN_SHEET
from kejistats.reading.zip_limits import Package

AUTHOR = "kejistats"
# Unusual tints, so that removing old marks does not touch a district's own colours.
FILLS = {"error": "FFFFC4BF", "warning": "FFFFF0A8"}
_COMMENT_STARTS = ("【错误】", "【提示】")
# Separates our comment from the district's own, which is restored when ours is removed.
_ORIGINAL_COMMENT = "\n原批注："
_COMMENT_WIDTH, _LINE_HEIGHT, _CHARACTERS_PER_LINE = 320, 20, 24
_ZIP_START = b"PK\x03\x04"


def write_marked_copy(
    path: Path, findings: pl.DataFrame, out: Path, names: Mapping[str, str] | None = None
) -> Path:
    """Write a copy of a received file with its faulty cells filled and commented.

    A first sheet 退回说明 lists all findings with links to their cells. The district corrects the
    cells and sends the same file back; intake skips that sheet. Marks of an earlier return are
    replaced.

    A copy of an ``.xlsx`` keeps formats, validations, protection and hidden sheets. It loses what
    openpyxl cannot read, such as charts, drawn shapes and validations stored only in Excel's
    extension lists, and the results of formulas until a spreadsheet program opens and saves it. A
    district's own fill under a mark is not restored. For other file formats the copy holds the
    texts of the cells at the same addresses.

    Parameters
    ----------
    path
        The file as received.
    findings
        The Finding table; findings of other files are ignored.
    out
        The file to write, ``.xlsx``; see `copy_names`.
    names
        Names of districts and indicators by code and id; see `display_names`.

    Returns
    -------
    Path
        The copy.

    Raises
    ------
    UsageError
        When the folder does not exist, the copy would replace the received file, or the file
        cannot be read.
    """
    if out.suffix.lower() != ".xlsx" or not out.parent.is_dir():
        raise UsageError(f"cannot write {out}", "name an .xlsx file in an existing folder")
    if out.resolve() == path.resolve():
        raise UsageError(f"{out} is the received file itself", "name another folder for the copy")
    book = _load_workbook(path)
    _remove_marks(book)
    lines = finding_lines(findings.filter(pl.col("file") == path.name), names)
    marked = [(line, _cell_of(book, line)) for line in lines]
    by_cell: dict[tuple[str, str], list[Line]] = {}
    for line, cell in marked:
        if cell is not None:
            by_cell.setdefault((cell.parent.title, cell.coordinate), []).append(line)
    for (sheet, address), cell_lines in by_cell.items():
        _mark_cell(book[sheet][address], cell_lines)
    add_return_sheet(book, marked)
    draft = out.with_name(f".{out.name}.part")
    book.save(draft)
    replace(draft, out)
    return out


def _load_workbook(path: Path) -> Workbook:
    """Load a workbook to be marked, or build one from the texts of a file in another format."""
    raw = path.read_bytes() if path.is_file() else b""
    if raw.startswith(_ZIP_START):
        try:
            Package(raw)  # refuses archives that would unpack to gigabytes
            with warnings.catch_warnings():
                # openpyxl warns of everything it drops; write_marked_copy's docstring lists it.
                warnings.simplefilter("ignore")
                return openpyxl.load_workbook(io.BytesIO(raw), rich_text=True)
        except Exception:  # noqa: S110
            # openpyxl fails in many ways on unknown styles; a copy of the texts still works.
            pass
    return plain_workbook(path)


def _existing_cells(sheet: Any) -> Iterator[Any]:
    # Only existing cells: `iter_rows` would create every cell of the sheet's used range.
    yield from list(sheet._cells.values())


def _remove_marks(book: Workbook) -> None:
    """Remove the marks of an earlier return."""
    if RETURN_SHEET in book.sheetnames:
        del book[RETURN_SHEET]
    for sheet in book.worksheets:
        for cell in _existing_cells(sheet):
            comment = cell.comment
            # Recognised by its first words, as LibreOffice drops the author when saving.
            if comment is not None and comment.text.startswith(_COMMENT_STARTS):
                _, has_original, original = comment.text.partition(_ORIGINAL_COMMENT)
                cell.comment = Comment(original, " ") if has_original else None
            if cell.fill.fill_type == "solid" and cell.fill.fgColor.rgb in FILLS.values():
                cell.fill = PatternFill()


def _cell_of(book: Workbook, line: Line) -> Any:
    """Return the cell of a finding (of merged cells the first), or None where it has none."""
    position = cell_position(line.cell)
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    sheet = sheets.get(line.sheet) or sheets.get(sheet_name(line.sheet))
    if position is None or sheet is None:
        return None
    for area in sheet.merged_cells.ranges:
        if line.cell in area:
            position = (area.min_row, area.min_col)
    return sheet.cell(*position)


def _mark_cell(cell: Any, lines: list[Line]) -> None:
    """Fill a cell by severity and write its findings into the comment."""
    severity = min(line.severity for line in lines)  # error before warning
    text = "\n".join(
        f"【{line.word}】{line.wrong}" + (f"\n改正要求：{line.right}" if line.right else "")
        for line in lines
    )
    height = (
        sum(1 + len(part) // _CHARACTERS_PER_LINE for part in text.splitlines()) * _LINE_HEIGHT
        + _LINE_HEIGHT
    )
    if cell.comment is not None:
        text += _ORIGINAL_COMMENT + cell.comment.text
    cell.comment = Comment(text, AUTHOR, width=_COMMENT_WIDTH, height=min(height, 480))
    cell.fill = PatternFill("solid", fgColor=FILLS[severity])
