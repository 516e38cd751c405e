"""Read ``.xlsx``: values the fast way, and from the XML what the fast reader does not tell."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from xml.etree import ElementTree as ET
from xml.parsers import expat
from xml.sax.saxutils import unescape

import polars as pl

from kejistats.reading.grid import (
    UNCALCULATED,
    Grid,
    fits,
    letter,
    percent,
    place,
    shows_percent,
)
from kejistats.reading.zip_limits import Package, stored

_WORKBOOK = "xl/workbook.xml"
_BASE = ("[Content_Types].xml", "_rels/.rels", _WORKBOOK, "xl/_rels/workbook.xml.rels")
_SHARED = ("xl/styles.xml", "xl/sharedStrings.xml")
# 9 and 10 are the built-in formats 0% and 0.00%.
_PERCENTS = {"9", "10"}

_ROW = rb"<row\b"
_REF = rb"<c\b[^>]*?\br=[\"']([A-Z]+)(\d+)[\"']"
_FILLED = re.compile(_REF + rb"[^>]*(?<!/)>(?!\s*</c>)")
_LAST_FILLED = (b"</v>", b"</is>", b"</f>", b"<f ", b"<f>", b"<f/>")
_WITHOUT_REF = re.compile(rb"<(?:row|c)(?![^>]*\sr=)(?=[\s/>])")
_HIDDEN = re.compile(
    _ROW + rb"(?=[^>]*\bhidden=[\"'](?:1|true)[\"'])[^>]*\br=[\"'](\d+)[\"'][^>]*(?<!/)>"
)
_MERGED = re.compile(rb"<mergeCell\b[^>]*\bref=[\"']([A-Z]+\d+:[A-Z]+\d+)[\"']")
_BODY = rb"[^>]*(?<!/)>(.*?)</c>"
_TYPED = re.compile(rb"(?=<c\b[^>]*\bt=[\"']([eb])[\"'])" + _REF + _BODY, re.DOTALL)
_FORMULA = re.compile(
    rb"(?=<c\b(?:[^>]*\bt=[\"'](\w+)[\"'])?)" + _REF + rb"[^>]*(?<!/)>\s*"
    rb"<f\b[^>]*(?:/>|>[^<]*</f>)\s*(<v\s*/>|<v>\s*</v>)?\s*</c>"
)  # fmt: skip
_VALUE = re.compile(rb"<v\b[^>]*>([^<]*)</v>")


@dataclass(frozen=True)
class _Part:
    """A worksheet as the workbook lists it."""

    name: str
    part: str
    visible: bool


def read_xlsx(package: Package) -> list[Grid]:
    """Return the worksheets of an ``.xlsx`` workbook.

    Formulas count with the results stored beside them. Cells in error hold their error's name,
    a formula without a result holds `UNCALCULATED`, and a percent cell reads as it is shown.

    Parameters
    ----------
    package
        The file.

    Raises
    ------
    UsageError
        For macros, links to other workbooks, and cells too far apart.
    Exception
        Of any kind when the file is no workbook.
    """
    import fastexcel

    package.refuse_macros("xl/macrosheets/")
    package.refuse_links([n for n in package.under("xl/externalLinks/") if n.endswith(".xml")])
    parts = {name: package.xml(name) for name in _BASE if name in package.names}
    listed = _worksheets(parts)
    parts |= {name: package.xml(name) for name in _SHARED if name in package.names}
    sheets = {sheet.part: _plain(package.xml(sheet.part)) for sheet in listed}
    for content in (*sheets.values(), parts.get(_SHARED[1])):
        if content is not None:
            _require_regular(content)
    for sheet in listed:
        fits(sheet.name, *_extent(sheets[sheet.part]))
    book = fastexcel.read_excel(stored(parts | sheets))
    percents = _percent_styles(parts.get(_SHARED[0], b""))
    grids = []
    for sheet in listed:
        content = sheets[sheet.part]
        cells = _with_texts(_values(book, sheet.name), _special(content, percents))
        merged = tuple(_range(ref.decode()) for ref in _MERGED.findall(content))
        hidden = frozenset(int(row) for row in _HIDDEN.findall(content))
        grids.append(Grid(sheet.name, cells, merged, hidden, sheet.visible))
    return grids


def _require_regular(content: bytes) -> None:
    """Refuse what the fast reader would make something else of, instead of giving up.

    It does not mind XML that breaks off or overlaps, and takes the digits before a comment for
    the whole number.
    """
    if b"<!--" in content or b"<![CDATA[" in content:
        raise zipfile.BadZipFile("comments stand among its cells")
    expat.ParserCreate().Parse(content, True)


def _worksheets(parts: dict[str, bytes]) -> list[_Part]:
    links = {}
    for link in ET.fromstring(parts[_BASE[3]]):  # noqa: S314 - without entities
        if str(link.get("Type")).endswith("/worksheet"):
            links[link.get("Id")] = str(link.get("Target"))
    found = []
    for sheet in ET.fromstring(parts[_WORKBOOK]).iter():  # noqa: S314 - without entities
        if sheet.tag.rpartition("}")[2] != "sheet":
            continue
        ids = [v for k, v in sheet.items() if k.rpartition("}")[2] == "id"]
        target = links.get(ids[0]) if ids else None
        if target is None:
            continue  # a sheet of charts
        part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        found.append(_Part(str(sheet.get("name")), part, sheet.get("state") in (None, "visible")))
    return found


def _plain(content: bytes) -> bytes:
    """Write the rarer forms of a sheet's XML as the usual one: no prefixes, every cell named."""
    if b"<sheetData" not in content:
        content = re.sub(rb"<(/?)[A-Za-z]\w*:", rb"<\1", content)
    content = _trimmed(content)
    return _named(content) if _WITHOUT_REF.search(content) else content


def _named(content: bytes) -> bytes:
    row = column = 0

    def name(match: re.Match[bytes]) -> bytes:
        nonlocal row, column
        given = re.search(rb"\sr=[\"']([A-Z]*)(\d+)[\"']", match[2])
        if match[1] == b"row":
            row, column = (int(given[2]) if given else row + 1), 0
            return match[0] if given else b'<row r="%d"%s' % (row, match[2])
        column = place(given[0][4:-1].decode())[1] + 1 if given and given[1] else column + 1
        return (
            match[0] if given else b'<c r="%s%d"%s' % (letter(column - 1).encode(), row, match[2])
        )

    return re.sub(rb"<(row|c)((?:\s[^>]*)?/?>)", name, content)


def _trimmed(content: bytes) -> bytes:
    """Cut off the blank rows at the end: there may be a million of them."""
    end = content.rfind(b"</sheetData>")
    last = max(content.rfind(tag, 0, max(end, 0)) for tag in _LAST_FILLED)
    start = content.find(b"</row>", last, end) + 6 if last >= 0 else content.find(b"<row")
    return content[:start] + content[end:] if 6 <= start < end else content


def _extent(content: bytes) -> tuple[int, int]:
    """Return how many rows and columns the block from A1 to the last filled cell has."""
    cells = _FILLED.findall(content)
    columns = {place(f"{column.decode()}1")[1] for column in {c for c, _ in cells}}
    return max((int(r) for r in {r for _, r in cells}), default=0), max(columns, default=-1) + 1


def _range(ref: str) -> tuple[int, int, int, int]:
    first, last = ref.split(":")
    return (*place(first), *place(last))


def _values(book: object, name: str) -> pl.DataFrame:
    """Load a sheet as text from A1 on; the fast reader leaves out blank columns on the left."""
    sheet = book.load_sheet(name, header_row=None, skip_rows=0, dtypes="string")  # type: ignore[attr-defined]
    rows: pl.DataFrame = sheet.to_polars()
    columns = sheet.available_columns()
    left = columns[0].absolute_index if columns else 0
    for i in range(left):
        rows.insert_column(i, pl.Series(f"left{i}", [None] * rows.height, dtype=pl.String))
    return rows


def _special(content: bytes, percents: set[bytes]) -> dict[tuple[int, int], str]:
    """Return the texts of cells that the fast reader leaves blank or shows otherwise."""
    found = {}
    if b't="e"' in content or b't="b"' in content or b"'" in content:
        for kind, column, row, body in _TYPED.findall(content):
            if value := _VALUE.search(body):
                text = unescape(value[1].decode())
                truth = {"1": "TRUE", "0": "FALSE"}.get(text, text)
                found[column, row] = truth if kind == b"b" else f"#{text.lstrip('#')}"
    if b"<f" in content:
        for kind, column, row, value in _FORMULA.findall(content):
            # A text that a formula made may be empty; a number may not.
            if not (kind == b"str" and value):
                found[column, row] = UNCALCULATED
    if percents:
        styles = b"|".join(sorted(percents))
        cell = rb"(?=<c\b[^>]*\bs=[\"'](?:" + styles + rb")[\"'])(?!<c\b[^>]*\bt=[\"'][^n])"
        for column, row, body in re.findall(cell + _REF + _BODY, content, re.DOTALL):
            if value := _VALUE.search(body):
                found[column, row] = percent(value[1].decode().strip())
    return {place((column + row).decode()): text for (column, row), text in found.items()}


def _with_texts(cells: pl.DataFrame, texts: dict[tuple[int, int], str]) -> pl.DataFrame:
    """Put texts in their places, beyond the last row and column too."""
    if not texts:
        return cells
    height = max(cells.height, 1 + max(row for row, _ in texts))
    width = max(cells.width, 1 + max(column for _, column in texts))
    by_column: dict[int, dict[int, str]] = {}
    for (row, column), text in texts.items():
        by_column.setdefault(column, {})[row] = text
    columns = cells.get_columns()
    columns += [pl.Series([], dtype=pl.String)] * (width - cells.width)
    for i, series in enumerate(columns):
        whole = series
        if whole.len() < height:
            whole = whole.extend_constant(None, height - whole.len())
        if own := by_column.get(i):
            whole = whole.clone().scatter(list(own), list(own.values()))
        columns[i] = whole.alias(f"c{i}")
    return pl.DataFrame(columns)


def _percent_styles(styles: bytes) -> set[bytes]:
    """Return the numbers of the cell styles whose format has a percent sign."""
    if b"%" not in styles and not re.search(rb'numFmtId=["\'](?:9|10)["\']', styles):
        return set()
    root = ET.fromstring(styles)  # noqa: S314 - without entities
    tags: dict[str, list[ET.Element]] = {}
    for element in root.iter():
        tags.setdefault(element.tag.rpartition("}")[2], []).append(element)
    formats = {
        str(f.get("numFmtId"))
        for f in tags.get("numFmt", [])
        if shows_percent(str(f.get("formatCode")))
    }
    cells = next(iter(tags.get("cellXfs", [])), ET.Element("none"))
    return {
        str(i).encode()
        for i, style in enumerate(cells)
        if style.get("numFmtId") in formats | _PERCENTS
    }
