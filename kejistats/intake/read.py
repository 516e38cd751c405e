"""Read a received file into sheets of text, keeping every row's place."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import polars as pl

from kejistats.errors import UsageError
from kejistats.intake.workbook import Cells, careful_cells
from kejistats.workspace import read_text

ROW = "_row"
SUFFIXES = (".csv", ".xlsx")


@dataclass(frozen=True)
class Sheet:
    """One table of text as received.

    Parameters
    ----------
    file, name
        File name, and sheet name (empty for CSV).
    rows
        Text columns by header, and ``_row``: the row number a spreadsheet shows.
    letters
        Column letter by header.
    nameless
        First filled cell under a blank header, if there is one.
    """

    file: str
    name: str
    rows: pl.DataFrame
    letters: dict[str, str]
    nameless: str = ""

    def cell(self, column: str, row: int) -> str:
        """Return the address of a cell: D12."""
        return f"{self.letters.get(column, 'A')}{row}"

    def source(self, column: str) -> pl.Expr:
        """Return an expression of file#sheet!cell for a column."""
        place = f"{self.file}#{self.name}!" if self.name else f"{self.file}#"
        return pl.concat_str(
            pl.lit(place + self.letters.get(column, "A")), pl.col(ROW).cast(pl.String)
        )


def letter(index: int) -> str:
    """Return the letters of a column counted from 0.

    Examples
    --------
    >>> letter(0), letter(25), letter(26)
    ('A', 'Z', 'AA')
    """
    letters = ""
    while index >= 0:
        letters = chr(65 + index % 26) + letters
        index = index // 26 - 1
    return letters


def read_sheets(path: Path) -> list[Sheet]:
    """Read a CSV file or workbook.

    Parameters
    ----------
    path
        A ``.csv`` (UTF-8, with or without BOM, or GB18030) or ``.xlsx`` file whose first filled
        row is the header.

    Raises
    ------
    UsageError
        When the file is missing, of another form, broken or empty.
    """
    if not path.is_file():
        raise UsageError(f"no file at {path}", "name a .csv or .xlsx file")
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{path.name} is neither .csv nor .xlsx", "save it as one of these")
    tables = _read_csv(path) if path.suffix.lower() == ".csv" else _read_xlsx(path)
    sheets = [sheet for name, rows in tables if (sheet := _sheet(path.name, name, rows))]
    if not sheets:
        raise UsageError(f"{path.name} is empty", "the first row holds the column names")
    return sheets


def _read_csv(path: Path) -> list[tuple[str, pl.DataFrame]]:
    text = read_text(path)
    if not text.strip():
        return []
    lead = re.match(r"(?:[ \t]*\r?\n)*", text)
    blank = lead[0].count("\n") if lead else 0
    try:
        rows = pl.read_csv(io.StringIO(text), has_header=False, infer_schema=False, skip_rows=blank)
    except pl.exceptions.ComputeError as error:
        first = str(error).splitlines()[0]
        raise UsageError(
            f"{path.name} is no regular CSV: {first}",
            "every line needs as many columns as the header",
        ) from None
    above = pl.DataFrame({c: [None] * blank for c in rows.columns}, schema=rows.schema)
    return [("", pl.concat([above, rows]))]


def _read_xlsx(path: Path) -> list[tuple[str, pl.DataFrame]]:
    import fastexcel

    try:
        careful = careful_cells(path)
        _refuse_errors(path.name, careful)
        book = fastexcel.read_excel(path)
        read = [_read_sheet(book, name) for name in book.sheet_names]
    except (fastexcel.FastExcelError, zipfile.BadZipFile, KeyError, ParseError) as error:
        first = str(error).splitlines()[0] if str(error) else "no workbook"
        raise UsageError(
            f"{path.name} cannot be read as a workbook: {first}",
            "open it in a spreadsheet program and save it as .xlsx, without a password",
        ) from None
    return [(n, _as_shown(rows, careful[n]) if n in careful else rows) for n, rows in read]


def _read_sheet(book: Any, name: str) -> tuple[str, pl.DataFrame]:
    """Load a sheet as text from A1 on; the reader leaves out blank columns on the left."""
    sheet = book.load_sheet(name, header_row=None, skip_rows=0, dtypes="string")
    rows = sheet.to_polars()
    columns = sheet.available_columns()
    left = columns[0].absolute_index if columns else 0
    return name, rows.select(
        *(pl.lit(None, dtype=pl.String).alias(f"_left{i}") for i in range(left)), pl.all()
    )


def _refuse_errors(file: str, sheets: dict[str, Cells]) -> None:
    """Refuse cells such as #DIV/0!: the fast reader shows them as blank, which they are not."""
    for name, cells in sheets.items():
        if cells.errors:
            raise UsageError(
                f"{file}, sheet {name}: formula errors in {', '.join(cells.errors[:5])}",
                "replace each by its figure, or leave the cell blank where there is none",
            )


def _as_shown(rows: pl.DataFrame, cells: Cells) -> pl.DataFrame:
    """Write percent cells as they are shown: 0.123 in a cell of format 0.0% reads 12.3%."""
    by_column: dict[str, list[int]] = {}
    for address in cells.percents:
        match = re.fullmatch(r"([A-Z]+)(\d+)", address)
        if match:
            by_column.setdefault(match[1], []).append(int(match[2]) - 1)
    number = pl.int_range(pl.len())
    changed = []
    for place, column in enumerate(rows.columns):
        at = by_column.get(letter(place))
        if at:
            shown = pl.col(column).map_elements(_percent, return_dtype=pl.String)
            changed.append(
                pl.when(number.is_in(at)).then(shown).otherwise(pl.col(column)).alias(column)
            )
    return rows.with_columns(changed)


def _percent(text: str) -> str:
    try:
        return f"{(Decimal(text) * 100).normalize():f}%"
    except InvalidOperation:
        return text


def _sheet(file: str, name: str, rows: pl.DataFrame) -> Sheet | None:
    """Take the first filled row as header and drop blank rows; addresses stay those received."""
    if rows.is_empty():
        return None
    rows = rows.select(pl.all().str.strip_chars().replace("", None)).with_row_index(ROW, offset=1)
    filled = rows.filter(~pl.all_horizontal(pl.exclude(ROW).is_null()))
    if filled.is_empty():
        return None
    head = filled.row(0)[1:]
    names = {f: str(h) for f, h in zip(filled.columns[1:], head, strict=True) if h is not None}
    doubled = sorted({n for n in names.values() if list(names.values()).count(n) > 1})
    if doubled:
        raise UsageError(
            f"{file}: the header has {', '.join(doubled)} twice", "each column name stands once"
        )
    nameless = [f for f in filled.columns[1:] if f not in names]
    letters = {n: letter(filled.columns.index(f) - 1) for f, n in names.items()}
    body = filled.slice(1).select(pl.col(ROW).cast(pl.Int64), *names).rename(names)
    return Sheet(file, name, body, letters, _nameless(filled.slice(1), nameless))


def _nameless(body: pl.DataFrame, columns: list[str]) -> str:
    """Return the first filled cell of columns without a name, whose figures would be lost."""
    for column in columns:
        filled = body.filter(pl.col(column).is_not_null())
        if filled.height:
            return f"{letter(body.columns.index(column) - 1)}{filled[ROW][0]}"
    return ""
