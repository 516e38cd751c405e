"""Read ``.ods`` workbooks (OpenDocument spreadsheets), whose cells carry their own type."""

from __future__ import annotations

import io
import zipfile
from xml.etree import ElementTree as ET

from kejistats.model.errors import UsageError
from kejistats.reading.grid import UNCALCULATED, Grid, check_extent, percent_text, text_frame
from kejistats.reading.zip_limits import SAVE_AS_XLSX, Package

_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_ERROR = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}value-type"
_CELLS = (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell")
_NOT_CELL_TEXT = (f"{_TEXT}note", f"{_TEXT}ruby-text")
_MANIFEST = "META-INF/manifest.xml"
MIMETYPE = b"application/vnd.oasis.opendocument.spreadsheet"


def read_ods(package: Package) -> list[Grid]:
    """Return the sheets of an OpenDocument spreadsheet.

    Parameters
    ----------
    package
        The unpacked file.

    Raises
    ------
    UsageError
        For passwords, macros, links to other files, and cells too far apart.
    Exception
        Any other, when the file is not a valid spreadsheet.
    """
    manifest = package.read_xml(_MANIFEST) if _MANIFEST in package.names else b""
    if b"encryption-data" in manifest or "encrypted-package" in package.names:
        raise UsageError("it is protected by a password", SAVE_AS_XLSX)
    package.refuse_macros("Basic/", "Scripts/")
    content = package.read_xml("content.xml")
    linked = b"table-source" in content or b"'file:" in content or b"&apos;file:" in content
    package.refuse_links(["content.xml"] if linked else [])
    return _grids(content)


def _grids(content: bytes) -> list[Grid]:
    """Parse element by element, so that a million repeated rows take no memory."""
    grids = []
    hidden_styles: set[str] = set()
    sheet: _SheetBuilder | None = None
    depth = 0
    for event, element in ET.iterparse(io.BytesIO(content), ("start", "end")):  # noqa: S314 - without entities
        tag = element.tag
        if tag == f"{_TABLE}table":
            # A cell may contain a nested table, which is not a sheet.
            depth += 1 if event == "start" else -1
            if event == "start" and depth == 1:
                sheet = _SheetBuilder(element, hidden_styles)
            elif event == "end" and depth == 0 and sheet:
                grids.append(sheet.grid())
                sheet = None
                element.clear()
        elif event == "end" and tag == f"{_STYLE}style" and sheet is None:
            for properties in element.iter(f"{_STYLE}table-properties"):
                if properties.get(f"{_TABLE}display") == "false":
                    hidden_styles.add(str(element.get(f"{_STYLE}name")))
        elif event == "end" and tag == f"{_TABLE}table-row" and sheet and depth == 1:
            sheet.add(element)
            del sheet.table[:]
    return grids


class _SheetBuilder:
    """Collects the rows of one sheet during parsing."""

    def __init__(self, table: ET.Element, hidden_styles: set[str]) -> None:
        self.table = table
        self._name = str(table.get(f"{_TABLE}name", ""))
        self._visible = table.get(f"{_TABLE}style-name") not in hidden_styles
        self._rows: list[list[str | None]] = []
        self._merged: list[tuple[int, int, int, int]] = []
        self._hidden: list[range] = []
        self._next_row = 0

    def add(self, row: ET.Element) -> None:
        texts: list[str | None] = []
        column = 0
        for cell in row:
            if cell.tag not in _CELLS:
                continue
            repeat = _count(cell, "number-columns-repeated")
            text = _text(cell)
            if text is not None:
                check_extent(self._name, self._next_row + 1, column + repeat)
                texts += [None] * (column - len(texts)) + [text] * repeat
            row_span, column_span = (
                _count(cell, f"number-{what}-spanned") for what in ("rows", "columns")
            )
            if row_span > 1 or column_span > 1:
                last = (self._next_row + row_span - 1, column + column_span - 1)
                self._merged.append((self._next_row, column, *last))
            column += repeat
        repeat = _count(row, "number-rows-repeated")
        if row.get(f"{_TABLE}visibility") in ("collapse", "filter"):
            self._hidden.append(range(self._next_row + 1, self._next_row + repeat + 1))
        if texts:
            check_extent(self._name, self._next_row + repeat, len(texts))
            self._rows += [[]] * (self._next_row - len(self._rows)) + [texts] * repeat
        self._next_row += repeat

    def grid(self) -> Grid:
        width = max(map(len, self._rows), default=0)
        check_extent(self._name, len(self._rows), width)
        end = len(self._rows) + 1
        hidden = {row for rows in self._hidden for row in range(rows.start, min(rows.stop, end))}
        cells = text_frame(self._rows)
        return Grid(self._name, cells, tuple(self._merged), frozenset(hidden), self._visible)


def _count(element: ET.Element, name: str) -> int:
    text = element.get(_TABLE + name, "1")
    if not text.isdecimal() or len(text) > 7:
        raise zipfile.BadZipFile(f"{name} is not a number")
    return int(text)


def _text(cell: ET.Element) -> str | None:
    """Return the text of a cell: numbers as stored, percentages and errors as displayed."""
    kind = cell.get(f"{_OFFICE}value-type")
    if cell.get(_ERROR) == "error":
        return f"#{_displayed(cell).lstrip('#')}"
    if kind == "percentage":
        return percent_text(cell.get(f"{_OFFICE}value", ""))
    if kind in ("float", "currency"):
        return cell.get(f"{_OFFICE}value")
    if kind == "date":
        moment = cell.get(f"{_OFFICE}date-value", "").replace("T", " ")
        return moment.removesuffix(" 00:00:00")
    if kind == "boolean":
        return cell.get(f"{_OFFICE}boolean-value", "").upper()
    if kind is None and cell.get(f"{_TABLE}formula"):
        return UNCALCULATED
    return _displayed(cell) or None


def _displayed(cell: ET.Element) -> str:
    """Return the text lines of a cell, without the comments and drawings nested in it."""
    return "\n".join(_line(line) for line in cell.findall(f"{_TEXT}p"))


def _line(element: ET.Element) -> str:
    parts = [element.text or ""]
    for child in element:
        if child.tag == f"{_TEXT}s":
            parts.append(" ")
        elif child.tag in (f"{_TEXT}tab", f"{_TEXT}line-break"):
            parts.append("\n")
        elif child.tag.startswith(_TEXT) and child.tag not in _NOT_CELL_TEXT:
            parts.append(_line(child))
        parts.append(child.tail or "")
    return "".join(parts)
