"""Read a received file into sheets of text, keeping every row's place."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from kejistats.model.errors import UsageError
from kejistats.model.settings import Wide
from kejistats.reading.csvfile import read_csv
from kejistats.reading.form_mark import COVER_SHEET, MARK_SHEET, RETURN_SHEET, Mark
from kejistats.reading.grid import Grid, shown
from kejistats.reading.layout import find_table, has_table, long_sheet
from kejistats.reading.ods import KIND, read_ods
from kejistats.reading.ole import SIGNATURE as OLE
from kejistats.reading.sheet import ROW, Remark, Sheet
from kejistats.reading.wide import is_anchor, wide_for, wide_sheet
from kejistats.reading.xls import read_xls
from kejistats.reading.xlsx import read_xlsx
from kejistats.reading.zip_limits import MOST_BYTES, SAVE, Package

SUFFIXES = (".csv", ".xlsx", ".xls", ".ods")
_WITH_MACROS = (".xlsm", ".xltm", ".xlam")
# Sheets of words in front of a form, which hold no table.
_WORDS = (COVER_SHEET, RETURN_SHEET)
_LONGEST_NAME = 100
_ZIP = b"PK\x03\x04"

IsHeader = Callable[[Collection[str]], bool]


def _none(_: Collection[str]) -> bool:
    return False


def read_sheets(path: Path, wide: Sequence[Wide] = (), is_header: IsHeader = _none) -> list[Sheet]:
    """Read a CSV file or workbook.

    Parameters
    ----------
    path
        A ``.csv``, ``.xlsx``, ``.xls`` or ``.ods`` file; what it is, its content tells.
    wide
        How wide tables are read.
    is_header
        Tells a header by its texts; where no row is one, the first filled row is.

    Returns
    -------
    list of Sheet
        The visible sheets that hold anything, without cover and mark of a fill-in workbook.

    Raises
    ------
    UsageError
        When the file is missing, of another form, broken, hostile or empty.
    """
    name = shown(path.name, _LONGEST_NAME)
    if not path.is_file():
        raise UsageError(f"no file at {path}", f"name a {', '.join(SUFFIXES)} file")
    if path.suffix.lower() in _WITH_MACROS:
        raise UsageError(f"{name} is a workbook with macros", "save it as .xlsx, without them")
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{name} is none of {', '.join(SUFFIXES)}", "save it as one of these")

    def starts_table(texts: Collection[str]) -> bool:
        found = wide_for(path.name, "", wide)
        return is_header(texts) or (found is not None and any(is_anchor(t, found) for t in texts))

    try:
        grids = [_printable(grid) for grid in read_grids(path, starts_table)]
        sheets = _sheets(path.name, grids, wide, is_header)
    except UsageError as error:
        raise UsageError(f"{name}: {error.message}", error.remedy) from None
    if not sheets:
        raise UsageError(f"{name} is empty", "the first row holds the column names")
    return sheets


def read_grids(path: Path, starts_table: IsHeader = _none) -> list[Grid]:
    """Return the cells of a file as texts, read by what its first bytes say it is.

    A hostile file may make the readers below fail in any way, and a Rust panic is not even an
    Exception; whatever it is, the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(512)
        if head.startswith((_ZIP, OLE)):
            return _workbook(path)
        if path.suffix.lower() == ".csv" or not head.strip():
            return read_csv(path, starts_table)
        what = "it is a web page" if b"<html" in head.lower() else "it is no workbook"
        raise ValueError(what)
    except UsageError:
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        first = shown(str(error), 80) or type(error).__name__
        raise UsageError(f"it cannot be read as a workbook: {first}", SAVE) from None


def _printable(grid: Grid) -> Grid:
    """Name a sheet so that its name fits into any message; no spreadsheet program names it else."""
    fine = grid.name.isprintable() and len(grid.name) <= _LONGEST_NAME
    return grid if fine else replace(grid, name=shown(grid.name, _LONGEST_NAME))


def _workbook(path: Path) -> list[Grid]:
    if path.stat().st_size > MOST_BYTES:
        raise UsageError("it is too large for a workbook", "send the table as CSV")
    raw = path.read_bytes()
    if raw.startswith(OLE):
        return read_xls(raw)
    package = Package(raw)
    return read_ods(package) if package.holds("mimetype", KIND) else read_xlsx(package)


def _sheets(file: str, grids: list[Grid], wide: Sequence[Wide], is_header: IsHeader) -> list[Sheet]:
    mark = next((_mark(grid) for grid in grids if grid.name == MARK_SHEET), None)
    sheets: list[Sheet] = []
    remarks = []
    for grid in grids:
        if grid.name == MARK_SHEET or (grid.name in _WORDS and not has_table(grid, is_header)):
            continue
        if not grid.visible:
            remarks += _hidden_sheet(grid, is_header)
            continue
        mapping = wide_for(file, grid.name, wide)
        if mapping:
            sheets.append(_once(wide_sheet(file, grid, mapping), sheets))
        elif table := find_table(grid, is_header):
            sheets.append(_once(long_sheet(file, table), sheets))
    if sheets:
        sheets[0] = replace(sheets[0], remarks=(*sheets[0].remarks, *remarks))
    return [replace(sheet, mark=mark) for sheet in sheets]


def _mark(grid: Grid) -> Mark:
    """Return what the hidden sheet of a fill-in workbook says.

    Raises
    ------
    UsageError
        When it was tampered with: it no longer says whose the workbook is.
    """
    said = {str(row[0]): str(row[1] or "") for row in grid.cells.iter_rows() if len(row) > 1}
    names = ("dataset", "district", "checkpoint", "registry", "form")
    if not all(name in said for name in names):
        raise UsageError(f"its hidden sheet {MARK_SHEET} was changed", "fill in a fresh workbook")
    return Mark(**{name: said[name] for name in names})


def _hidden_sheet(grid: Grid, is_header: IsHeader) -> list[Remark]:
    if not has_table(grid, is_header):
        return []
    return [
        Remark(
            "hidden_sheet",
            "warning",
            "A1",
            f"工作表“{shown(grid.name)}”被隐藏，其中的数据没有读取",
            "应当报送的，请取消隐藏后重新报送；不应报送的，请删除该表",
            grid.name,
        )
    ]


def _once(sheet: Sheet, earlier: Sequence[Sheet]) -> Sheet:
    """Leave out the rows of a sheet that repeats an earlier one: copied, and not changed since."""
    for other in earlier:
        if _alike(sheet.rows, other.rows):
            remark = Remark(
                "duplicate_sheet",
                "error",
                "A1",
                f"与工作表“{shown(other.name)}”内容完全相同，没有重复读取",
                "删除重复的工作表，或填入应报的数据",
            )
            return replace(sheet, rows=sheet.rows.clear(), remarks=(remark,))
    return sheet


def _alike(rows: pl.DataFrame, other: pl.DataFrame) -> bool:
    if rows.columns != other.columns or rows.height != other.height or rows.is_empty():
        return False
    # The first rows differ in nearly every case, and comparing them is quick.
    return rows.row(0)[1:] == other.row(0)[1:] and rows.drop(ROW).equals(other.drop(ROW))
