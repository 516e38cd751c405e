"""Mutated files are read or refused with a remedy, and no figure is invented."""

from __future__ import annotations

import re
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree as ET

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kejistats.model.errors import UsageError
from kejistats.reading.read_file import read_sheets
from kejistats.reading.sheet import ROW, Sheet
from tests.factory import FIXTURES
from tests.reading.factory import (
    HEADER,
    LINE,
    is_header,
    read_part,
    replace_parts,
    write_workbook,
)

NAMES = ["received.xlsx", "received.xls", "received.ods"]
FEW, MANY = 40, 700


@cache
def source(name: str) -> bytes:
    if not name.endswith("x"):
        return (FIXTURES / name).read_bytes()
    with TemporaryDirectory() as folder:
        return write_workbook(
            Path(folder) / name,
            表=[["统计表"], HEADER, LINE, ["900102", *LINE[1:3], "约3.2万"], ["合计", *LINE[1:]]],
            底=[HEADER, [*LINE[:3], 1234.5]],
        ).read_bytes()


def read(raw: bytes, name: str) -> list[Sheet] | None:
    """The sheets, or None where the file was refused with a remedy."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(raw)
        sheets, error = None, None
        try:
            sheets = read_sheets(path, (), is_header)
        except UsageError as refused:
            error = refused
        assert [entry.name for entry in Path(folder).iterdir()] == [name]
    if error:
        assert error.remedy
        assert str(error).replace("\n", "").isprintable()
    for sheet in sheets or []:
        assert sheet.rows.columns[0] == ROW
        assert set(sheet.letters) == set(sheet.rows.columns[1:])
        assert all(isinstance(dtype, pl.String) for dtype in sheet.rows.dtypes[1:])
        assert sheet.rows[ROW].is_sorted()
    return sheets


def mutate(data: st.DataObject, raw: bytes, max_changes: int = 6) -> bytes:
    """Flip, delete, insert or repeat a few ranges of bytes."""
    mutated = bytearray(raw)
    for _ in range(data.draw(st.integers(1, max_changes))):
        at = data.draw(st.integers(0, max(len(mutated) - 1, 0)))
        length = data.draw(st.sampled_from([1, 1, 2, 4, 30, 500]))
        kind = data.draw(st.sampled_from(["flip", "flip", "delete", "insert", "repeat"]))
        if kind == "flip" and mutated:
            mutated[at] ^= 1 << data.draw(st.integers(0, 7))
        elif kind == "delete":
            del mutated[at : at + length]
        elif kind == "insert":
            mutated[at:at] = data.draw(st.binary(min_size=1, max_size=8))
        else:
            mutated[at:at] = mutated[at : at + length]
    return bytes(mutated)


def mutated_bytes(data: st.DataObject, name: str) -> None:
    read(mutate(data, source(name)), name)


PIECES = [
    "<v>", "</v>", "<c>", "</c>", '<c r="B3">', "<row>", "</row>", '<row r="7" hidden="1">', "<f>1</f>",
    ' t="s"', ' t="e"', ' t="b"', ' t="str"', ' s="1"', ' r="XFD1048576"', ' r="A0"', "&lt;", "&#0;",
    "&amp;", "&x;", '"', "'", "<", ">", "9", "-", ".", "e9", "%", "</sheetData>", "<!---->", "\x00", "\x07",
    '<table:table-row table:number-rows-repeated="1048576">', ' table:number-columns-repeated="16384"',
    "</table:table-cell>", "<text:p>", ' office:value-type="percentage"', ' office:value="0.5"',
]  # fmt: skip
XML = {
    "received.xlsx": [
        "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml", "xl/workbook.xml",
        "xl/_rels/workbook.xml.rels",
    ],
    "received.ods": ["content.xml", "META-INF/manifest.xml"],
}  # fmt: skip
CELLS = {
    "received.xlsx": [*XML["received.xlsx"][:2], "xl/worksheets/sheet2.xml"],
    "received.ods": ["content.xml"],
}
OFFICE_VALUE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}value"
FIGURE = re.compile(r"-?\d{1,12}(?:\.\d+)?")


def written(parts: list[bytes]) -> tuple[set[Decimal], set[str]]:
    """The numbers and the texts in the XML of sheets and shared strings."""
    numbers, texts = set(), set()
    for element in (e for p in parts for e in ET.fromstring(p).iter()):
        for text in (element.text, element.get(OFFICE_VALUE)):
            texts.add((text or "").strip())
            with suppress(InvalidOperation):
                numbers.add(Decimal(text or ""))
        if element.tag.endswith("}si"):
            texts.add("".join(element.itertext()).strip())
    return numbers, texts


def mutated_xml(data: st.DataObject, name: str) -> None:
    raw = source(name)
    part_name = data.draw(st.sampled_from(XML[name]))
    content = read_part(raw, part_name).decode()
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content)))
        length = data.draw(st.sampled_from([0, 0, 1, 3, 20, 200]))
        piece = data.draw(st.sampled_from([*PIECES, ""]))
        content = content[:at] + piece + content[at + length :]

    sheets = read(replace_parts(raw, **{part_name: content.encode()}), name)

    if sheets is None:
        return
    parts = [
        content.encode() if cells == part_name else read_part(raw, cells) for cells in CELLS[name]
    ]
    numbers, texts = written(parts)
    for text in (t for sheet in sheets for c in sheet.letters for t in sheet.rows[c].drop_nulls()):
        assert not FIGURE.fullmatch(text) or text in texts or Decimal(text) in numbers


BY_BYTES = pytest.mark.parametrize("name", NAMES)
BY_XML = pytest.mark.parametrize("name", XML)


@pytest.mark.parametrize("name", NAMES)
def test_the_files_to_mutate_can_be_read(name: str) -> None:
    sheets = read(source(name), name)

    assert sheets
    assert sheets[0].rows.height >= 2


@BY_BYTES
@settings(max_examples=FEW)
@given(data=st.data())
def test_a_workbook_of_changed_bytes_is_read_or_refused(data: st.DataObject, name: str) -> None:
    mutated_bytes(data, name)


@BY_XML
@settings(max_examples=FEW)
@given(data=st.data())
def test_a_workbook_of_changed_xml_is_read_or_refused_and_invents_nothing(
    data: st.DataObject, name: str
) -> None:
    mutated_xml(data, name)


@settings(max_examples=FEW)
@given(raw=st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
@pytest.mark.parametrize("name", ["a.csv", "a.xlsx", "a.ods"])
def test_any_bytes_are_read_or_refused(raw: bytes, name: str) -> None:
    read(raw, name)


@pytest.mark.long
@BY_BYTES
@settings(max_examples=MANY)
@given(data=st.data())
def test_many_workbooks_of_changed_bytes_are_read_or_refused(
    data: st.DataObject, name: str
) -> None:
    mutated_bytes(data, name)


@pytest.mark.long
@BY_XML
@settings(max_examples=MANY)
@given(data=st.data())
def test_many_workbooks_of_changed_xml_are_read_or_refused_and_invent_nothing(
    data: st.DataObject, name: str
) -> None:
    mutated_xml(data, name)
