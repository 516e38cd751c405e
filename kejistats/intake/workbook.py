"""What the fast reader of workbooks does not tell: error cells and cells shown as percent."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
# 9 and 10 are the built-in formats 0% and 0.00%.
_BUILT_IN = {"9", "10"}
_CELL = re.compile(rb"<c\b[^>]*>")
_ATTRIBUTE = re.compile(rb'\b([rst])="([^"]*)"')


@dataclass(frozen=True)
class Cells:
    """Cells of one sheet that need care.

    Parameters
    ----------
    errors
        Addresses of formula errors such as #DIV/0!, which the fast reader shows as blank.
    percents
        Addresses of numbers shown as percent: 12.3% is stored as 0.123.
    """

    errors: list[str]
    percents: list[str]


def careful_cells(path: Path) -> dict[str, Cells]:
    """Return the cells of each sheet of a workbook that the fast reader would misread.

    Parameters
    ----------
    path
        An ``.xlsx`` file.

    Raises
    ------
    zipfile.BadZipFile, KeyError, xml.etree.ElementTree.ParseError
        When the file is no workbook.
    """
    with zipfile.ZipFile(path) as book:
        shown = _percent_styles(book)
        return {name: _cells(book.read(part), shown) for name, part in _sheets(book).items()}


def _sheets(book: zipfile.ZipFile) -> dict[str, str]:
    """Return the part that holds each worksheet."""
    links = ET.fromstring(book.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
    targets = {link.get("Id"): str(link.get("Target")) for link in links}
    listed = ET.fromstring(book.read("xl/workbook.xml")).iter(f"{_MAIN}sheet")  # noqa: S314
    found = {}
    for sheet in listed:
        target = targets.get(sheet.get(_LINK), "")
        part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        if part in book.namelist():
            found[str(sheet.get("name"))] = part
    return found


def _percent_styles(book: zipfile.ZipFile) -> set[bytes]:
    """Return the numbers of the cell styles whose format has a percent sign."""
    if "xl/styles.xml" not in book.namelist():
        return set()
    styles = ET.fromstring(book.read("xl/styles.xml"))  # noqa: S314
    formats = {
        str(f.get("numFmtId"))
        for f in styles.iter(f"{_MAIN}numFmt")
        if "%" in re.sub(r'"[^"]*"|\\.', "", str(f.get("formatCode")))
    }
    cells = styles.find(f"{_MAIN}cellXfs")
    return {
        str(i).encode()
        for i, style in enumerate(cells if cells is not None else [])
        if style.get("numFmtId") in formats | _BUILT_IN
    }


def _cells(sheet: bytes, shown: set[bytes]) -> Cells:
    errors, percents = [], []
    for tag in _CELL.findall(sheet):
        attributes = dict(_ATTRIBUTE.findall(tag))
        address = attributes.get(b"r", b"").decode("ascii", "replace")
        kind = attributes.get(b"t", b"n")
        if kind == b"e":
            errors.append(address)
        elif kind == b"n" and attributes.get(b"s") in shown:
            percents.append(address)
    return Cells(errors, percents)
