"""Read ``.xlsx``: values by fastexcel, and from the XML what fastexcel does not report."""

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
    check_extent,
    column_letter,
    is_percent_format,
    parse_address,
    percent_text,
)
from kejistats.reading.zip_limits import Package, build_zip

_WORKBOOK_PART = "xl/workbook.xml"
_BASE_PARTS = ("[Content_Types].xml", "_rels/.rels", _WORKBOOK_PART, "xl/_rels/workbook.xml.rels")
_SHARED_PARTS = ("xl/styles.xml", "xl/sharedStrings.xml")
# 9 and 10 are the built-in formats 0% and 0.00%.
_BUILT_IN_PERCENT = {"9", "10"}

_ROW = rb"<row\b"
_REF = rb"<c\b[^>]*?\br=[\"']([A-Z]+)(\d+)[\"']"
_FILLED = re.compile(_REF + rb"[^>]*(?<!/)>(?!\s*</c>)")
_END_OF_CONTENT = (b"</v>", b"</is>", b"</f>", b"<f ", b"<f>", b"<f/>")
_MISSING_REF = re.compile(rb"<(?:row|c)(?![^>]*\sr=)(?=[\s/>])")
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

    A formula gives its stored result, or `UNCALCULATED` where it has none. A cell in error gives
    the name of its error, and a percent cell the percentage as displayed.

    Parameters
    ----------
    package
        The unpacked file.

    Raises
    ------
    UsageError
        For macros, links to other workbooks, and cells too far apart.
    Exception
        Any other, when the file is not a valid workbook.
    """
    import fastexcel

    package.refuse_macros("xl/macrosheets/")
    package.refuse_links([n for n in package.parts_in("xl/externalLinks/") if n.endswith(".xml")])
    parts = {name: package.read_xml(name) for name in _BASE_PARTS if name in package.names}
    worksheets = _worksheets(parts)
    parts |= {name: package.read_xml(name) for name in _SHARED_PARTS if name in package.names}
    sheets = {sheet.part: _normalised(package.read_xml(sheet.part)) for sheet in worksheets}
    for content in (*sheets.values(), parts.get(_SHARED_PARTS[1])):
        if content is not None:
            _require_regular(content)
    for sheet in worksheets:
        check_extent(sheet.name, *_extent(sheets[sheet.part]))
    book = fastexcel.read_excel(build_zip(parts | sheets))
    percents = _percent_styles(parts.get(_SHARED_PARTS[0], b""))
    grids = []
    for sheet in worksheets:
        content = sheets[sheet.part]
        cells = _with_texts(_values(book, sheet.name), _corrected_texts(content, percents))
        merged = tuple(_range(ref.decode()) for ref in _MERGED.findall(content))
        hidden = frozenset(int(row) for row in _HIDDEN.findall(content))
        grids.append(Grid(sheet.name, cells, merged, hidden, sheet.visible))
    return grids


def _require_regular(content: bytes) -> None:
    """Refuse XML that fastexcel would misread instead of rejecting it.

    It accepts truncated and overlapping XML, and reads the digits before a comment as the whole
    number.
    """
    if b"<!--" in content or b"<![CDATA[" in content:
        raise zipfile.BadZipFile("there are comments among its cells")
    expat.ParserCreate().Parse(content, True)


def _worksheets(parts: dict[str, bytes]) -> list[_Part]:
    links = {}
    for link in ET.fromstring(parts[_BASE_PARTS[3]]):  # noqa: S314 - without entities
        if str(link.get("Type")).endswith("/worksheet"):
            links[link.get("Id")] = str(link.get("Target"))
    worksheets = []
    for sheet in ET.fromstring(parts[_WORKBOOK_PART]).iter():  # noqa: S314 - without entities
        if sheet.tag.rpartition("}")[2] != "sheet":
            continue
        ids = [v for k, v in sheet.items() if k.rpartition("}")[2] == "id"]
        target = links.get(ids[0]) if ids else None
        if target is None:
            continue  # a chart sheet
        part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        worksheets.append(
            _Part(str(sheet.get("name")), part, sheet.get("state") in (None, "visible"))
        )
    return worksheets


def _normalised(content: bytes) -> bytes:
    """Rewrite rarer variants of sheet XML: no prefixes, no blank rows at the end, every cell named."""
    if b"<sheetData" not in content:
        content = re.sub(rb"<(/?)[A-Za-z]\w*:", rb"<\1", content)
    content = _without_blank_end(content)
    return _with_references(content) if _MISSING_REF.search(content) else content


def _with_references(content: bytes) -> bytes:
    """Add the missing cell references to rows and cells, which are optional in the format."""
    row = column = 0

    def add_reference(match: re.Match[bytes]) -> bytes:
        nonlocal row, column
        given = re.search(rb"\sr=[\"']([A-Z]*)(\d+)[\"']", match[2])
        if match[1] == b"row":
            row, column = (int(given[2]) if given else row + 1), 0
            return match[0] if given else b'<row r="%d"%s' % (row, match[2])
        column = parse_address(given[0][4:-1].decode())[1] + 1 if given and given[1] else column + 1
        return (
            match[0]
            if given
            else b'<c r="%s%d"%s' % (column_letter(column - 1).encode(), row, match[2])
        )

    return re.sub(rb"<(row|c)((?:\s[^>]*)?/?>)", add_reference, content)


def _without_blank_end(content: bytes) -> bytes:
    """Cut off the blank rows at the end, of which there can be a million."""
    end = content.rfind(b"</sheetData>")
    last = max(content.rfind(tag, 0, max(end, 0)) for tag in _END_OF_CONTENT)
    start = content.find(b"</row>", last, end) + 6 if last >= 0 else content.find(b"<row")
    return content[:start] + content[end:] if 6 <= start < end else content


def _extent(content: bytes) -> tuple[int, int]:
    """Return the number of rows and columns from A1 to the last filled cell."""
    cells = _FILLED.findall(content)
    columns = {parse_address(f"{column.decode()}1")[1] for column in {c for c, _ in cells}}
    return max((int(r) for r in {r for _, r in cells}), default=0), max(columns, default=-1) + 1


def _range(ref: str) -> tuple[int, int, int, int]:
    first, last = ref.split(":")
    return (*parse_address(first), *parse_address(last))


def _values(book: object, name: str) -> pl.DataFrame:
    """Load a sheet as text from A1 on; fastexcel leaves out blank columns on the left."""
    sheet = book.load_sheet(name, header_row=None, skip_rows=0, dtypes="string")  # type: ignore[attr-defined]
    rows: pl.DataFrame = sheet.to_polars()
    columns = sheet.available_columns()
    left = columns[0].absolute_index if columns else 0
    for i in range(left):
        rows.insert_column(i, pl.Series(f"left{i}", [None] * rows.height, dtype=pl.String))
    return rows


def _corrected_texts(content: bytes, percents: set[bytes]) -> dict[tuple[int, int], str]:
    """Return the texts of cells that fastexcel leaves blank or converts, by row and column."""
    texts = {}
    if b't="e"' in content or b't="b"' in content or b"'" in content:
        for kind, column, row, body in _TYPED.findall(content):
            if value := _VALUE.search(body):
                text = unescape(value[1].decode())
                boolean = {"1": "TRUE", "0": "FALSE"}.get(text, text)
                texts[column, row] = boolean if kind == b"b" else f"#{text.lstrip('#')}"
    if b"<f" in content:
        for kind, column, row, value in _FORMULA.findall(content):
            # The text result of a formula may be empty; a numeric result may not.
            if not (kind == b"str" and value):
                texts[column, row] = UNCALCULATED
    if percents:
        styles = b"|".join(sorted(percents))
        cell = rb"(?=<c\b[^>]*\bs=[\"'](?:" + styles + rb")[\"'])(?!<c\b[^>]*\bt=[\"'][^n])"
        for column, row, body in re.findall(cell + _REF + _BODY, content, re.DOTALL):
            if value := _VALUE.search(body):
                texts[column, row] = percent_text(value[1].decode().strip())
    return {parse_address((column + row).decode()): text for (column, row), text in texts.items()}


def _with_texts(cells: pl.DataFrame, texts: dict[tuple[int, int], str]) -> pl.DataFrame:
    """Write texts by row and column index, extending the frame where they lie beyond it."""
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
        column_values = series
        if column_values.len() < height:
            column_values = column_values.extend_constant(None, height - column_values.len())
        if replacements := by_column.get(i):
            column_values = column_values.clone().scatter(
                list(replacements), list(replacements.values())
            )
        columns[i] = column_values.alias(f"c{i}")
    return pl.DataFrame(columns)


def _percent_styles(styles: bytes) -> set[bytes]:
    """Return the indexes of the cell styles whose number format shows percentages."""
    if b"%" not in styles and not re.search(rb'numFmtId=["\'](?:9|10)["\']', styles):
        return set()
    root = ET.fromstring(styles)  # noqa: S314 - without entities
    tags: dict[str, list[ET.Element]] = {}
    for element in root.iter():
        tags.setdefault(element.tag.rpartition("}")[2], []).append(element)
    formats = {
        str(f.get("numFmtId"))
        for f in tags.get("numFmt", [])
        if is_percent_format(str(f.get("formatCode")))
    }
    cells = next(iter(tags.get("cellXfs", [])), ET.Element("none"))
    return {
        str(i).encode()
        for i, style in enumerate(cells)
        if style.get("numFmtId") in formats | _BUILT_IN_PERCENT
    }
