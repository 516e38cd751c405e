"""Hostile and broken files: each is refused with a remedy or read without harm."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter

from kejistats.model.errors import UsageError
from kejistats.reading import zip_limits
from kejistats.reading.read_file import read_sheets
from kejistats.reading.zip_limits import MAX_BYTES
from tests.factory import FIXTURES, write_csv
from tests.reading.factory import (
    HEADER,
    LINE,
    PACKAGE_PARTS,
    SHEET_END,
    SHEET_ROWS,
    SHEET_START,
    is_header,
    read_one,
    read_part,
    replace_parts,
    write_lines,
    write_package,
    write_workbook,
)

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def refused(path: Path) -> UsageError:
    """The error a file is refused with; no file is left beside it."""
    before = sorted(path.parent.rglob("*"))
    with pytest.raises(UsageError) as caught:
        read_sheets(path, (), is_header)
    assert sorted(path.parent.rglob("*")) == before
    assert caught.value.remedy
    assert str(caught.value).replace("\n", "").isprintable()
    assert len(str(caught.value)) < 400
    return caught.value


def valid(folder: Path) -> bytes:
    """The bytes of a valid workbook."""
    return write_workbook(folder / "valid.xlsx", 表=[HEADER, LINE]).read_bytes()


SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".xls", ".ods"])
def test_an_empty_file_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.touch()

    assert "is empty" in refused(path).message


@pytest.mark.parametrize(
    ("name", "content", "wrong"),
    [
        ("a.xlsx", PNG, "it is not a workbook"),
        ("a.ods", PNG, "it is not a workbook"),
        ("a.csv", PNG, "neither UTF-8 nor GB18030"),
        ("a.xls", b"<html><table><tr><td>1</td></tr></table></html>", "it is a web page"),
        ("a.xlsx", b"district,indicator\n", "it is not a workbook"),
        ("a.xlsx", b"PK\x03\x04 not really", "cannot be read as a workbook"),
        ("a.xls", OLE + bytes(600), "cannot be read as a workbook"),
        ("a.xlsm", b"", "workbook with macros"),
        ("a.docx", b"", "not a .csv, .xlsx, .xls, .ods file"),
        ("a.et", b"", "not a .csv"),
    ],
)
def test_a_file_that_is_not_a_workbook_is_refused(
    tmp_path: Path, name: str, content: bytes, wrong: str
) -> None:
    (tmp_path / name).write_bytes(content)

    assert wrong in refused(tmp_path / name).message


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9, 0.99])
@pytest.mark.parametrize("name", ["valid.xlsx", "received.xls", "received.ods"])
def test_a_truncated_workbook_is_refused_unless_all_its_cells_are_left(
    tmp_path: Path, name: str, share: float
) -> None:
    complete = tmp_path / name
    raw = valid(tmp_path) if name == "valid.xlsx" else (FIXTURES / name).read_bytes()
    complete.write_bytes(raw)
    path = tmp_path / f"cut-{name}"
    path.write_bytes(raw[: int(len(raw) * share)])

    # The end of an old workbook may contain only its properties.
    if name == "received.xls" and share == 0.99:
        assert read_one(path).rows.equals(read_one(complete).rows)
    else:
        refused(path)


def test_an_old_workbook_with_a_cyclic_sector_chain_is_refused(tmp_path: Path) -> None:
    raw = bytearray((FIXTURES / "received.xls").read_bytes())
    small_table = 512 * (struct.unpack_from("<i", raw, 60)[0] + 1)
    links = [i for i in range(128) if struct.unpack_from("<i", raw, small_table + 4 * i)[0] == -2]
    for i in links:
        struct.pack_into("<i", raw, small_table + 4 * i, 0)
    path = tmp_path / "a.xls"
    path.write_bytes(raw)

    assert "its sector chain is broken" in refused(path).message


class PanicException(BaseException):
    """A failure that is not an Exception."""


def test_a_reader_that_panics_refuses_the_file_and_an_interruption_goes_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_workbook(tmp_path / "a.xlsx", 表=[HEADER, LINE])

    def fail(error: BaseException) -> None:
        def reader(_: object) -> None:
            raise error

        monkeypatch.setattr("kejistats.reading.read_file.read_xlsx", reader)

    fail(PanicException("index out of bounds"))
    assert "index out of bounds" in refused(path).message
    fail(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        read_sheets(path)


# Passwords, macros, links


def encrypted_xls() -> bytes:
    """The fixture with a record that declares the rest encrypted."""
    raw = bytearray((FIXTURES / "received.xls").read_bytes())
    start = raw.index(b"\x09\x08\x10\x00\x00\x06\x05\x00")
    struct.pack_into("<H", raw, start + 20, 0x2F)
    return bytes(raw)


def encrypted_ods() -> bytes:
    raw = (FIXTURES / "received.ods").read_bytes()
    mark = b"<manifest:encryption-data/></manifest:manifest>"
    manifest = read_part(raw, "META-INF/manifest.xml").replace(b"</manifest:manifest>", mark)
    return replace_parts(raw, **{"META-INF/manifest.xml": manifest, "content.xml": bytes(100)})


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.xlsx", lambda: OLE + bytes(500) + "EncryptedPackage".encode("utf-16-le") + bytes(99)),
        ("a.xls", encrypted_xls),
        ("a.ods", encrypted_ods),
    ],
)
def test_a_workbook_with_a_password_is_refused(
    tmp_path: Path, name: str, content: Callable[[], bytes]
) -> None:
    (tmp_path / name).write_bytes(content())

    error = refused(tmp_path / name)

    assert "protected by a password" in error.message
    assert "without a password" in error.remedy


def test_a_zip_with_a_password_is_refused(tmp_path: Path) -> None:
    raw = bytearray(valid(tmp_path))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(mark) + at] |= 1
    path = tmp_path / "a.xlsx"
    path.write_bytes(raw)

    assert "protected by a password" in refused(path).message


@pytest.mark.parametrize("name", ["xl/vbaProject.bin", "xl/macrosheets/sheet1.xml"])
def test_macros_are_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(replace_parts(valid(tmp_path), **{name: b"x"}))

    assert "it contains macros" in refused(path).message


def test_macros_of_other_programs_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.ods"
    raw = (FIXTURES / "received.ods").read_bytes()
    path.write_bytes(replace_parts(raw, **{"Basic/Standard/Module1.xml": b"<x/>"}))
    old = tmp_path / "a.xls"
    old.write_bytes((FIXTURES / "received.xls").read_bytes() + "_VBA_PROJECT".encode("utf-16-le"))

    assert "it contains macros" in refused(path).message
    assert "it contains macros" in refused(old).message


def test_links_to_other_workbooks_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(
        replace_parts(valid(tmp_path), **{"xl/externalLinks/externalLink1.xml": b"<x/>"})
    )
    raw = (FIXTURES / "received.ods").read_bytes()
    content = read_part(raw, "content.xml").replace(
        b'"of:=', b'"of:=[&apos;file:///a.ods&apos;#$A.A1]+', 1
    )
    other = tmp_path / "a.ods"
    other.write_bytes(replace_parts(raw, **{"content.xml": content}))

    for file in (path, other, FIXTURES / "linked.xls"):
        error = refused(file)
        assert "it links to other workbooks" in error.message
        assert "break the links" in error.remedy


# Bombs


def test_a_zip_bomb_is_refused_before_it_unpacks(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(replace_parts(valid(tmp_path), **{SHEET: bytes(MAX_BYTES)}))

    assert "unpacks to more than 256 MB" in refused(path).message


@pytest.mark.parametrize("size", [1000, 10_000_000])
def test_a_part_that_declares_a_wrong_size_is_refused(tmp_path: Path, size: int) -> None:
    raw = bytearray(replace_parts(valid(tmp_path), **{SHEET: (SHEET_START + SHEET_ROWS + SHEET_END).encode() + b" " * 5_000_000}))  # fmt: skip
    with zipfile.ZipFile(io.BytesIO(raw)) as opened:
        offset = opened.getinfo(SHEET).header_offset
    struct.pack_into("<I", raw, offset + 22, size)
    central = raw.rindex(b"PK\x01\x02", 0, raw.rindex(SHEET.encode()))
    struct.pack_into("<I", raw, central + 24, size)
    path = tmp_path / "a.xlsx"
    path.write_bytes(raw)

    assert "cannot be read as a workbook" in refused(path).message


@pytest.mark.parametrize(
    "entity",
    ['<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">', '<!ENTITY b SYSTEM "file:///etc/hostname">'],
)
@pytest.mark.parametrize(
    "name", [SHEET, STRINGS, "xl/workbook.xml", "xl/styles.xml", "content.xml"]
)
def test_parts_that_declare_entities_are_refused(tmp_path: Path, entity: str, name: str) -> None:
    ods = name == "content.xml"
    raw = (FIXTURES / "received.ods").read_bytes() if ods else valid(tmp_path)
    content = read_part(raw, name)
    head, mark, tail = content.partition(b"?>\n" if b"?>\n" in content else b"?>")
    path = tmp_path / ("a.ods" if ods else "a.xlsx")
    dtd = f"<!DOCTYPE x [{entity}]>".encode()
    path.write_bytes(replace_parts(raw, **{name: head + mark + dtd + tail}))

    assert f"its part {name} is not plain XML" in refused(path).message


def test_a_part_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    raw = valid(tmp_path)
    sheet = read_part(raw, SHEET).decode().replace("UTF-8", "UTF-16").encode("utf-16")
    path.write_bytes(replace_parts(raw, **{SHEET: sheet}))

    assert "is not plain XML" in refused(path).message


@pytest.mark.parametrize("inside", ["<!-- 5 -->", "<![CDATA[5]]>"])
def test_a_number_broken_by_a_comment_is_refused_and_not_cut(tmp_path: Path, inside: str) -> None:
    path = write_package(
        tmp_path / "a.xlsx",
        SHEET_START + SHEET_ROWS.replace("<v>7<", f"<v>1{inside}2<") + SHEET_END,
    )

    assert "there are comments among its cells" in refused(path).message


def test_a_part_that_occurs_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(valid(tmp_path))
    with (
        zipfile.ZipFile(path, "a") as duplicated,
        pytest.warns(UserWarning, match="Duplicate name"),
    ):
        duplicated.writestr(SHEET, SHEET_START + SHEET_ROWS + SHEET_END)

    assert "it contains a part twice" in refused(path).message


def test_too_many_parts_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_limits, "_MAX_PARTS", 3)
    path = write_workbook(tmp_path / "a.xlsx", 表=[HEADER, LINE])

    assert "unpacks to more than" in refused(path).message


def test_shared_strings_without_end_take_no_memory(tmp_path: Path) -> None:
    raw = valid(tmp_path)
    strings = read_part(raw, STRINGS).replace(b"</sst>", b"<si><t/></si>" * 500_000 + b"</sst>")
    path = tmp_path / "a.xlsx"
    path.write_bytes(replace_parts(raw, **{STRINGS: strings}))

    assert read_one(path).rows.height == 1


# Size and addresses


def test_a_million_blank_rows_are_no_rows(tmp_path: Path) -> None:
    blank = "".join(
        f'<row r="{n}" s="1" customFormat="1"><c r="A{n}" s="1"/></row>'
        for n in range(4, 1_000_001)
    )
    bounds = SHEET_START.replace("<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>')

    path = write_package(tmp_path / "a.xlsx", bounds + SHEET_ROWS + blank + SHEET_END)

    assert read_one(path).rows.rows() == [(3, "x", "7")]


def test_a_million_blank_rows_of_other_programs_are_no_rows(tmp_path: Path) -> None:
    raw = (FIXTURES / "received.ods").read_bytes()
    blank = (
        b'<table:table-row table:number-rows-repeated="1048000"><table:table-cell '
        b'table:number-columns-repeated="16384"/></table:table-row></table:table>'
    )
    path = tmp_path / "a.ods"
    path.write_bytes(
        replace_parts(
            raw, **{"content.xml": read_part(raw, "content.xml").replace(b"</table:table>", blank)}
        )
    )

    assert read_one(path).rows.height == 4


def test_one_cell_at_the_far_end_is_refused_with_its_address(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "a.xlsx", 表=[HEADER, LINE])
    with xlsxwriter.Workbook(str(path)) as workbook:
        sheet = workbook.add_worksheet("表")
        sheet.write_row(0, 0, HEADER)
        sheet.write("XFD1048576", 1)

    assert "sheet 表 has filled cells as far as XFD1048576" in refused(path).message


@pytest.mark.parametrize("count", ["1048000", "9999999999", "x", "-1"])
def test_repeated_cells_of_other_programs_are_refused_beyond_reason(
    tmp_path: Path, count: str
) -> None:
    raw = (FIXTURES / "received.ods").read_bytes()
    row = (
        f'<table:table-row table:number-rows-repeated="{count}"><table:table-cell '
        'table:number-columns-repeated="16384" office:value-type="float" office:value="1"/>'
        "</table:table-row></table:table>"
    )
    path = tmp_path / "a.ods"
    content = read_part(raw, "content.xml").replace(b"</table:table>", row.encode())
    path.write_bytes(replace_parts(raw, **{"content.xml": content}))

    refused(path)


@pytest.mark.parametrize("ref", ["ZZZZZ1", "A99999999", "A1048577000"])
def test_addresses_beyond_any_sheet_are_refused(tmp_path: Path, ref: str) -> None:
    refused(
        write_package(
            tmp_path / "a.xlsx", SHEET_START + SHEET_ROWS.replace('"B3"', f'"{ref}"') + SHEET_END
        )
    )


def test_three_hundred_columns_are_read_and_a_list_of_duplicates_is_shortened(
    tmp_path: Path,
) -> None:
    wide = [f"列{n}" for n in range(300)]
    readable = write_workbook(tmp_path / "a.xlsx", 表=[[*HEADER, *wide], [*LINE, *range(300)]])
    duplicated = write_workbook(tmp_path / "b.xlsx", 表=[[*wide, *wide]])

    assert read_one(readable).rows.width == 305
    assert "… (300) twice" in refused(duplicated).message


def test_a_cell_of_32000_characters_is_kept_whole(tmp_path: Path) -> None:
    long = "长" * 32_000
    path = write_workbook(tmp_path / "a.xlsx", 表=[HEADER, [*LINE[:3], long]])
    other = write_csv(tmp_path / "a.csv", [dict(zip(HEADER, [*LINE[:3], long], strict=True))])

    assert (
        read_one(path).rows["value"].to_list() == read_one(other).rows["value"].to_list() == [long]
    )


def test_control_characters_become_visible_and_invisible_ones_are_removed(tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "a.csv",
        "indicator,value,note",
        "\ufeffpatent\u200b,9\x010,\x1b[31m\u202e甲\x07",
    )

    assert read_one(path).rows.row(0) == (2, "patent", "9\ufffd0", "\ufffd[31m\ufffd甲\ufffd")


@pytest.mark.parametrize("name", ["../../出去", "C:\\甲\\乙", "甲\x07\n乙", "=1+1", "x" * 500])
def test_a_sheet_name_with_path_parts_or_control_characters_does_no_harm(
    tmp_path: Path, name: str
) -> None:
    raw = valid(tmp_path)
    safe = name.replace("\x07", "").replace("\n", "&#10;")
    listed = read_part(raw, "xl/workbook.xml").replace('"表"'.encode(), f'"{safe}"'.encode())
    sheet = SHEET_START + SHEET_ROWS.replace("value", "indicator") + SHEET_END
    path = tmp_path / "a.xlsx"
    path.write_bytes(replace_parts(raw, **{"xl/workbook.xml": listed}))
    good = read_one(path)
    path.write_bytes(replace_parts(raw, **{"xl/workbook.xml": listed, SHEET: sheet.encode()}))

    assert good.rows.height == 1
    assert "the header has indicator twice" in refused(path).message


def test_parts_with_path_parts_are_never_written(tmp_path: Path) -> None:
    inner = tmp_path / "inbox"
    inner.mkdir()
    path = inner / "a.xlsx"
    path.write_bytes(
        replace_parts(valid(tmp_path), **{"../../evil.xml": b"<x/>", "/tmp/evil": b"x"})
    )
    before = sorted(tmp_path.rglob("*"))

    assert read_one(path).rows.height == 1
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("missing", sorted(PACKAGE_PARTS))
def test_a_workbook_without_one_of_its_parts_is_refused_or_read(
    tmp_path: Path, missing: str
) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(replace_parts(valid(tmp_path), **{missing: None}))

    if missing == "[Content_Types].xml":
        assert read_one(path).rows.height == 1
    else:
        refused(path)


def test_thousands_of_overlapping_merged_ranges_are_read_quickly(tmp_path: Path) -> None:
    ranges = "".join(f'<mergeCell ref="A{n}:B1048576"/>' for n in range(2, 20_000))
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(4, 2_000))
    end = SHEET_END.replace("</worksheet>", f"<mergeCells>{ranges}</mergeCells></worksheet>")

    sheet = read_one(write_package(tmp_path / "a.xlsx", SHEET_START + SHEET_ROWS + rows + end))

    assert sheet.rows.height == 1_997
    assert sheet.rows["value"].drop_nulls().to_list() == ["7"]
