"""Read a received file of any supported type into sheets of text with their cell addresses."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from kejistats.model.errors import UsageError
from kejistats.model.settings import Wide
from kejistats.reading.csvfile import read_csv
from kejistats.reading.form_mark import COVER_SHEET, MARK_SHEET, RETURN_SHEET, Mark
from kejistats.reading.grid import Grid, printable
from kejistats.reading.layout import find_table, has_table, long_sheet
from kejistats.reading.ods import MIMETYPE, read_ods
from kejistats.reading.ole import SIGNATURE as OLE
from kejistats.reading.sheet import ROW, Remark, Sheet
from kejistats.reading.wide import is_anchor, wide_for, wide_sheet
from kejistats.reading.xls import read_xls
from kejistats.reading.xlsx import read_xlsx
from kejistats.reading.zip_limits import MAX_BYTES, SAVE_AS_XLSX, Package

SUFFIXES = (".csv", ".xlsx", ".xls", ".ods")
_WITH_MACROS = (".xlsm", ".xltm", ".xlam")
# Sheets of instructions and findings in a fill-in workbook, normally without a table.
_TEXT_SHEETS = (COVER_SHEET, RETURN_SHEET)
_MAX_NAME_LENGTH = 100
_ZIP = b"PK\x03\x04"

IsHeader = Callable[[Collection[str]], bool]


def _no_header(_: Collection[str]) -> bool:
    return False


def read_sheets(
    path: Path, wide: Sequence[Wide] = (), is_header: IsHeader = _no_header
) -> list[Sheet]:
    """Read a CSV file or workbook into the tables of its sheets.

    Parameters
    ----------
    path
        A ``.csv``, ``.xlsx``, ``.xls`` or ``.ods`` file; its type is detected from its content.
    wide
        Mappings of wide tables.
    is_header
        Tells whether the texts of a row are those of a header; where no row is a header, the
        first filled row is taken.

    Returns
    -------
    list of Sheet
        The visible sheets with any content, without the cover and the mark of a fill-in workbook.

    Raises
    ------
    UsageError
        When the file is missing, of an unsupported type, broken, hostile or empty.
    """
    name = printable(path.name, _MAX_NAME_LENGTH)
    if not path.is_file():
        raise UsageError(f"there is no file {path}", f"name a {', '.join(SUFFIXES)} file")
    if path.suffix.lower() in _WITH_MACROS:
        raise UsageError(f"{name} is a workbook with macros", "save it as .xlsx, without macros")
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"{name} is not a {', '.join(SUFFIXES)} file", "save it as one of these types"
        )

    def starts_table(texts: Collection[str]) -> bool:
        mapping = wide_for(path.name, "", wide)
        return is_header(texts) or (
            mapping is not None and any(is_anchor(t, mapping) for t in texts)
        )

    try:
        grids = [_with_printable_name(grid) for grid in read_grids(path, starts_table)]
        sheets = _sheets(path.name, grids, wide, is_header)
    except UsageError as error:
        raise UsageError(f"{name}: {error.message}", error.remedy) from None
    if not sheets:
        raise UsageError(
            f"{name} is empty", "put the column names in the first row and the data below"
        )
    return sheets


def read_grids(path: Path, starts_table: IsHeader = _no_header) -> list[Grid]:
    """Return the sheets of a file as text cells; its first bytes decide which reader is used.

    A hostile file can make a reader fail in any way, even with a Rust panic, which is not an
    Exception. All of them are reported as a file that cannot be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(512)
        if head.startswith((_ZIP, OLE)):
            return _workbook(path)
        if path.suffix.lower() == ".csv" or not head.strip():
            return read_csv(path, starts_table)
        reason = "it is a web page" if b"<html" in head.lower() else "it is not a workbook"
        raise ValueError(reason)
    except UsageError:
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        reason = printable(str(error), 80) or type(error).__name__
        raise UsageError(f"it cannot be read as a workbook: {reason}", SAVE_AS_XLSX) from None


def _with_printable_name(grid: Grid) -> Grid:
    """Shorten and clean a sheet name that no spreadsheet program would write, for messages."""
    valid = grid.name.isprintable() and len(grid.name) <= _MAX_NAME_LENGTH
    return grid if valid else replace(grid, name=printable(grid.name, _MAX_NAME_LENGTH))


def _workbook(path: Path) -> list[Grid]:
    if path.stat().st_size > MAX_BYTES:
        raise UsageError("it is too large for a workbook", "send the table as CSV")
    raw = path.read_bytes()
    if raw.startswith(OLE):
        return read_xls(raw)
    package = Package(raw)
    return (
        read_ods(package) if package.part_starts_with("mimetype", MIMETYPE) else read_xlsx(package)
    )


def _sheets(file: str, grids: list[Grid], wide: Sequence[Wide], is_header: IsHeader) -> list[Sheet]:
    mark = next((_mark(grid) for grid in grids if grid.name == MARK_SHEET), None)
    sheets: list[Sheet] = []
    remarks = []
    for grid in grids:
        if grid.name == MARK_SHEET or (
            grid.name in _TEXT_SHEETS and not has_table(grid, is_header)
        ):
            continue
        if not grid.visible:
            remarks += _hidden_sheet(grid, is_header)
            continue
        mapping = wide_for(file, grid.name, wide)
        if mapping:
            sheets.append(_without_duplicate(wide_sheet(file, grid, mapping), sheets))
        elif table := find_table(grid, is_header):
            sheets.append(_without_duplicate(long_sheet(file, table), sheets))
    if sheets:
        sheets[0] = replace(sheets[0], remarks=(*sheets[0].remarks, *remarks))
    return [replace(sheet, mark=mark) for sheet in sheets]


def _mark(grid: Grid) -> Mark:
    """Return the mark in the hidden sheet of a fill-in workbook.

    Raises
    ------
    UsageError
        When the hidden sheet was changed and no longer identifies the workbook.
    """
    values = {str(row[0]): str(row[1] or "") for row in grid.cells.iter_rows() if len(row) > 1}
    names = ("dataset", "district", "checkpoint", "registry", "form")
    if not all(name in values for name in names):
        raise UsageError(f"its hidden sheet {MARK_SHEET} was changed", "fill in a fresh workbook")
    return Mark(**{name: values[name] for name in names})


def _hidden_sheet(grid: Grid, is_header: IsHeader) -> list[Remark]:
    if not has_table(grid, is_header):
        return []
    return [
        Remark(
            "hidden_sheet",
            "warning",
            "A1",
            f"工作表“{printable(grid.name)}”被隐藏，其中的数据没有读取",
            "应当报送的，请取消隐藏后重新报送；不应报送的，请删除该表",
            grid.name,
        )
    ]


def _without_duplicate(sheet: Sheet, earlier: Sequence[Sheet]) -> Sheet:
    """Drop the rows of a sheet that is an unchanged copy of an earlier one, with a remark."""
    for other in earlier:
        if _same_content(sheet.rows, other.rows):
            remark = Remark(
                "duplicate_sheet",
                "error",
                "A1",
                f"与工作表“{printable(other.name)}”内容完全相同，没有重复读取",
                "删除重复的工作表，或填入应报的数据",
            )
            return replace(sheet, rows=sheet.rows.clear(), remarks=(remark,))
    return sheet


def _same_content(rows: pl.DataFrame, other: pl.DataFrame) -> bool:
    if rows.columns != other.columns or rows.height != other.height or rows.is_empty():
        return False
    # In nearly every case the first rows already differ, and comparing them is cheap.
    return rows.row(0)[1:] == other.row(0)[1:] and rows.drop(ROW).equals(other.drop(ROW))
