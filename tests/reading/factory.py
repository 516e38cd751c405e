"""Workbooks, CSV files and zip packages for the tests of reading, and helpers that read them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from kejistats.model.settings import Wide
from kejistats.reading.read_file import read_sheets
from kejistats.reading.sheet import ROW, Sheet

HEADER = ["district", "indicator", "checkpoint", "value"]
LINE = ["900101", "patent_granted", "2025H1", 90]
PACKAGE_PARTS = {
    "[Content_Types].xml": (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default '
        'Extension="xml" ContentType="application/xml"/></Types>'
    ),
    "_rels/.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
        'relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r='
        '"http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>'
        '<sheet name="表" sheetId="1" r:id="r1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
        'relationships/worksheet" Target="/xl/worksheets/sheet1.xml"/></Relationships>'
    ),
}
SHEET_START = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
)
SHEET_ROWS = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>indicator</t></is></c>'
    '<c r="B1" t="inlineStr"><is><t>value</t></is></c></row>'
    '<row r="3" hidden="1"><c r="A3" t="inlineStr"><is><t>x</t></is></c><c r="B3"><v>7</v></c></row>'
)
SHEET_END = "</sheetData></worksheet>"


def is_header(titles: Collection[str]) -> bool:
    """Whether a row is the header of a long table, by column names or Chinese titles."""
    return {"indicator", "value"} <= set(titles) or {"指标", "数值"} <= set(titles)


def read_all(path: Path, *wide: Wide) -> list[Sheet]:
    """Read all sheets of a file."""
    return read_sheets(path, wide, is_header)


def read_one(path: Path, *wide: Wide) -> Sheet:
    """Read the only sheet of a file."""
    [sheet] = read_all(path, *wide)
    return sheet


def row_texts(sheet: Sheet) -> list[tuple[Any, ...]]:
    """The rows of a sheet without their row numbers."""
    return sheet.rows.drop(ROW).rows()


def write_workbook(path: Path, **tables: Sequence[Sequence[Any]]) -> Path:
    """Write sheets of cells; None leaves a cell blank."""
    with xlsxwriter.Workbook(str(path)) as workbook:
        for name, rows in tables.items():
            sheet = workbook.add_worksheet(name)
            for y, row in enumerate(rows):
                for x, cell in enumerate(row):
                    if cell is not None:
                        sheet.write(y, x, cell)
    return path


def write_lines(path: Path, *content: str, encoding: str = "utf-8") -> Path:
    """Write lines of text to a file."""
    path.write_bytes("\n".join(content).encode(encoding))
    return path


def write_package(path: Path, sheet: str) -> Path:
    """Write a workbook with one sheet of this XML."""
    with zipfile.ZipFile(path, "w") as workbook:
        for name, content in PACKAGE_PARTS.items():
            workbook.writestr(name, content)
        workbook.writestr("xl/worksheets/sheet1.xml", sheet)
    return path


def replace_parts(raw: bytes, **parts: bytes | None) -> bytes:
    """The same zip with parts added, replaced or, for None, left out."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as source, zipfile.ZipFile(buffer, "w", 8) as target:
        for name in [*source.namelist(), *(n for n in parts if n not in source.namelist())]:
            content = parts[name] if name in parts else source.read(name)
            if content is not None:
                target.writestr(name, content)
    return buffer.getvalue()


def read_part(raw: bytes, name: str) -> bytes:
    """Read one part of a zip package."""
    with zipfile.ZipFile(io.BytesIO(raw)) as package:
        return package.read(name)
