"""Findings as people see them: pages, fragments, marked copies of workbooks."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import zipfile
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import polars as pl
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from kejistats.dataset import Dataset
from kejistats.forms.feedback import (
    FileReport,
    display_names,
    findings_fragment,
    findings_page,
    status_page,
    status_tables,
    write_marked_copy,
)
from kejistats.forms.feedback.marked_copy import FILLS
from kejistats.forms.feedback.naming import copy_names, file_labels
from kejistats.forms.feedback.visible_text import make_visible
from kejistats.model.errors import UsageError
from kejistats.pages.self_contained import external_parts
from kejistats.reading.form_mark import MARK_SHEET, RETURN_SHEET
from tests.factory import (
    CITY,
    DISTRICT,
    MONEY,
)
from tests.forms.factory import (
    BOOK,
    SHEET,
    finding_table,
    load_workbook,
    make_finding,
    two_district_status,
)
from tests.pages.factory import parse, parse_fragment, words_of

HOSTILE = "<script>alert(1)</script>\"'&amp;\x00\x1b\u202e\ud800\n=1+1"


def cells(page: Element, kind: str = "lines") -> list[list[str]]:
    """The texts of the body rows of all tables of a class."""
    return [
        [words_of(cell) for cell in row]
        for table in page.iter("table")
        if table.get("class") == kind
        for body in table.iter("tbody")
        for row in body
    ]


# Pages

FINDINGS = finding_table(
    make_finding("AA3"),
    make_finding("D12", "warning", wrong="累计数低于上期", right="应为不低于上期的数"),
    make_finding("D5", wrong="单位不能换算"),
    make_finding("B2", file="乙.csv", sheet="", row="", right=""),
)
FILES = [
    FileReport(BOOK, 120, 118, FINDINGS.filter(file=BOOK)),
    FileReport("乙.csv", 9, 8, FINDINGS.filter(file="乙.csv")),
    FileReport("丙.ods", 5, 5, finding_table()),
]


def test_the_page_lists_findings_by_file_sheet_and_cell() -> None:
    page = parse(findings_page("某市数据校核", FILES, sample=False))

    assert cells(page) == [
        ["AA3", "错误", "第1区 专利授权量", "许多", "“许多”不是数值", "请填数值"],
        ["D5", "错误", "第1区 专利授权量", "许多", "单位不能换算", "请填数值"],
        ["D12", "提示", "第1区 专利授权量", "许多", "累计数低于上期", "应为不低于上期的数"],
        ["B2", "错误", "", "", "“许多”不是数值", ""],
    ]
    captions = [words_of(c) for c in page.iter("caption")][1:]
    assert captions == [f"{BOOK}　工作表“{SHEET}”：错误2处，提示1处", "乙.csv：错误1处，提示0处"]


def test_the_page_sums_up_all_files() -> None:
    page = parse(findings_page("某市数据校核", FILES, sample=True))

    text = words_of(page)
    assert "3个文件，错误3处，提示1处。" in text
    assert "示例数据" in text
    assert cells(page, "files") == [
        [BOOK, "120", "118", "2", "1"], ["乙.csv", "9", "8", "1", "0"], ["丙.ods", "5", "5", "0", "0"],
    ]  # fmt: skip


def test_files_of_one_name_are_distinguished_on_the_page() -> None:
    first, second = (
        finding_table(make_finding("D3")),
        finding_table(make_finding("D4"), make_finding("D5", "warning")),
    )
    files = [FileReport(f"{name}/{BOOK}", 9, 8, findings) for name, findings in
             (("甲", first), ("乙", second), ("丙", finding_table()))]  # fmt: skip

    page = parse(findings_page("某市", files, sample=False))

    assert cells(page, "files") == [
        [f"甲/{BOOK}", "9", "8", "1", "0"], [f"乙/{BOOK}", "9", "8", "1", "1"],
        [f"丙/{BOOK}", "9", "8", "0", "0"],
    ]  # fmt: skip
    captions = [words_of(c) for c in page.iter("caption")][1:]
    assert captions == [
        f"甲/{BOOK}　工作表“{SHEET}”：错误1处，提示0处",
        f"乙/{BOOK}　工作表“{SHEET}”：错误1处，提示1处",
    ]
    assert [row[0] for row in cells(page)] == ["D3", "D4", "D5"]


@given(
    st.lists(
        st.builds(
            lambda folder, stem, kind: Path(folder, f"{stem}.{kind}"),
            st.sampled_from(["甲", "乙", "丙/甲"]),
            st.sampled_from(["报表", "报表-2", "报表-退回", "甲-报表", "A", "a"]),
            st.sampled_from(["csv", "xlsx", "XLSX"]),
        )
    )
)
def test_no_marked_copy_takes_the_name_of_another(paths: list[Path]) -> None:
    names = copy_names(paths)

    assert len(names) == len(paths) == len(file_labels(paths))
    assert len({name.casefold() for name in names}) == len(names)
    assert all(name.endswith("-退回.xlsx") and "/" not in name for name in names)


def coded() -> pl.DataFrame:
    """Findings with codes and ids as forms give them, one id unknown."""
    return finding_table(
        *(
            make_finding(
                cell, row=json.dumps({"district": DISTRICT, "indicator": name, "level": level})
            )
            for cell, name, level in (("D3", MONEY, "省"), ("D4", "unknown_id", None))
        )
    )


@pytest.mark.parametrize("shown", ["page", "fragment", "status", "terminal", "workbook"])
def test_codes_and_ids_are_shown_as_names(shown: str, tmp_path: Path, city: Path) -> None:
    names = display_names(Dataset(city))
    match shown:
        case "page":
            file = FileReport(BOOK, 2, 0, coded())
            rows = cells(parse(findings_page("某市", [file], sample=False, names=names)))
        case "fragment":
            rows = cells(parse_fragment(findings_fragment(coded(), names)))
        case "status":
            rows = cells(
                parse(status_page("某市", two_district_status(coded()), sample=False, names=names))
            )
        case "terminal":
            console = Console(width=200, file=io.StringIO())
            console.print(status_tables(two_district_status(coded()), names)[-1])
            rows = [[console.file.getvalue()]]  # type: ignore[attr-defined]
        case _:
            copy = write_marked_copy(
                workbook(tmp_path / BOOK), coded(), tmp_path / "copy.xlsx", names
            )
            rows = [[str(c.value) for c in row] for row in load_workbook(copy)[RETURN_SHEET]]

    text = "\n".join(" ".join(row) for row in rows)
    assert "第1区 技术合同登记成交额 省" in text
    assert "第1区 unknown_id" in text
    assert DISTRICT not in text


def test_districts_of_one_name_are_shown_by_their_codes(city: Path) -> None:
    dataset = Dataset(city)
    same_name = pl.when(pl.col("code") == CITY).then("name").otherwise(pl.lit("城区"))
    dataset.__dict__["districts"] = dataset.districts.with_columns(name=same_name)

    names = display_names(dataset)

    assert names[CITY] == "某市"
    assert DISTRICT not in names


def test_a_page_without_findings_says_so() -> None:
    text = words_of(parse(findings_page("某市", FILES[2:], sample=False)))

    assert "未发现问题。" in text
    assert "示例数据" not in text


def test_a_page_of_many_findings_says_how_many_it_leaves_out() -> None:
    findings = finding_table(*[make_finding(f"D{n}") for n in range(2, 2103)])
    files = [
        FileReport(BOOK, 9, 0, part)
        for part in (findings[:1500], findings[1500:2050], findings[2050:])
    ]

    page = parse(findings_page("某市", files, sample=False))

    assert len(cells(page)) == 2000
    assert "共2101处，以上为前2000处；改正后重新校核，可见其余101处。" in words_of(page)
    assert "错误2101处" in words_of(page)


def hostile_findings() -> pl.DataFrame:
    """Findings in which every text tries to break the page."""
    row = json.dumps(dict.fromkeys(("district", "indicator", "value"), HOSTILE))
    safe = HOSTILE.replace("\ud800", "")
    return finding_table(
        make_finding(
            row=row, file=safe, sheet=safe, cell=safe, wrong=safe + "长" * 40000, right=safe
        )
    )


@pytest.mark.parametrize("kind", ["page", "fragment", "status"])
def test_hostile_texts_stay_texts_and_are_shortened(kind: str) -> None:
    findings = hostile_findings()
    match kind:
        case "page":
            html = findings_page(HOSTILE, [FileReport(HOSTILE, 1, 0, findings)], sample=False)
        case "status":
            html = status_page(
                HOSTILE, two_district_status(findings, name="<b>某区</b>"), sample=False
            )
        case _:
            html = findings_fragment(findings)

    page = (parse_fragment if kind == "fragment" else parse)(html)

    assert external_parts(html) == []
    assert html.encode("utf-8").count(b"<script") == 0
    assert not set("\x00\x1b\u202e") & set(html)
    assert "<script>alert(1)</script>\"'&amp;〈U+0000〉〈U+001B〉〈U+202E〉" in words_of(page)
    assert max(len(cell) for row in cells(page) for cell in row[1:]) < 400


@pytest.mark.parametrize("kind", ["page", "status"])
def test_a_page_is_complete_and_its_tables_have_captions_and_heads(kind: str) -> None:
    html = (
        findings_page("某市", FILES, sample=True)
        if kind == "page"
        else status_page("某市", two_district_status(FINDINGS), sample=True)
    )

    page = parse(html)

    assert page.get("lang") == "zh-CN"
    assert external_parts(html) == []
    for table in page.iter("table"):
        assert table.find("caption") is not None
        assert {th.get("scope") for th in table.find("thead").iter("th")} == {"col"}  # type: ignore[union-attr]
        for row in table.find("tbody"):  # type: ignore[union-attr]
            assert row[0].get("scope") == "row"


def test_a_fragment_has_its_own_style_and_affects_nothing_else() -> None:
    html = findings_fragment(FINDINGS)

    page = parse_fragment(html)

    assert "错误3处，提示1处" in words_of(page)
    assert len(cells(page)) == 4
    style = next(iter(page.iter("style"))).text or ""
    rules = [line for line in style.splitlines() if line.strip()]
    assert all(line.startswith(".kejistats-findings") for line in rules)
    assert "<html" not in html


@given(st.text(), st.integers(2, 40))
def test_visible_text_is_short_and_can_be_written_anywhere(text: str, limit: int) -> None:
    shown = make_visible(text, limit)

    shown.encode("utf-8")
    assert all(c.isprintable() or c == "\u3000" or not c.isascii() for c in shown)
    assert len(shown) <= limit * len("〈U+10FFFF〉")
    if text.isascii() and text.isprintable() and len(text) <= limit:
        assert shown == text


# The reporting status


def test_the_status_page_lists_overdue_units_first_and_what_is_missing() -> None:
    page = parse(status_page("某市", two_district_status(FINDINGS), sample=False))

    rows = cells(page, "units")
    assert [row[:4] for row in rows] == [
        ["第2区", "逾期未报", "5天", "0/2"],
        ["第1区", "逾期未报齐", "5天", "1/2"],
    ]
    text = words_of(page)
    assert "应报单位2个：逾期未报1个，逾期未报齐1个；应报指标4项次，已报1项次。" in text
    assert "第2区：全部2项" in text
    assert "第1区：技术合同登记成交额" in text
    assert "截至2025年7月20日　应报日期：2025年7月15日" in text
    assert cells(page, "matrix") == [["第2区", "0/1", "0/1"], ["第1区", "1/1", "0/1"]]
    assert len(cells(page)) == 4


def test_a_checkpoint_without_figures_due_has_a_page_too() -> None:
    empty = two_district_status(finding_table())
    empty = dataclasses.replace(
        empty,
        cells=empty.cells.clear(),
        districts=empty.districts.clear(),
        coverage=empty.coverage.clear(),
    )

    text = words_of(parse(status_page("某市", empty, sample=False)))

    assert "本期没有应报单位。" in text
    assert "没有未处理的问题。" in text


def test_the_terminal_shows_the_same_and_no_markup_of_received_names() -> None:
    console = Console(width=160, file=io.StringIO())

    for part in status_tables(two_district_status(FINDINGS, name="[red]某区[/red]")):
        console.print(part)

    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "[red]某区[/red]" in text
    assert "逾期未报齐" in text
    assert "0/1" in text
    assert "未处理的问题4处" in text


# Workbooks


def workbook(path: Path) -> Path:
    """A form: protected, with validation, a formula, a comment, merged cells and a hidden sheet."""
    with xlsxwriter.Workbook(str(path)) as book:
        sheet, mark = book.add_worksheet(SHEET), book.add_worksheet(MARK_SHEET)
        unlocked = book.add_format({"locked": False, "num_format": "0.0", "bg_color": "#FFFFE0"})
        sheet.merge_range("A1:D1", "2025年上半年")
        sheet.write_row("A2", ["指标", "单位", "上年同期", "本期数"])
        sheet.write_row("A3", ["专利授权量", "件", 80])
        sheet.write("D3", "许多", unlocked)
        sheet.write("D4", 12, unlocked)
        sheet.write_formula("D5", "=D4*2", unlocked, 24)
        sheet.write_string("E3", "=HYPERLINK(1)", unlocked)
        sheet.write_comment("D4", "区里的批注", {"author": "区里"})
        sheet.set_column("A:A", 33)
        sheet.freeze_panes(2, 1)
        sheet.data_validation("D3:D9", {"validate": "decimal", "criteria": ">=", "value": 0})
        sheet.protect("secret", {"format_cells": True})
        mark.write_row("A1", ["district", "900101"])
        mark.very_hidden()
    return path


def mark_copy(path: Path, findings: pl.DataFrame, folder: Path) -> Path:
    """Write a marked copy under its usual name."""
    return write_marked_copy(path, findings, folder / copy_names([path])[0])


def fill(cell: Any) -> str:
    """The fill colour of a cell; empty where it has none."""
    return str(cell.fill.fgColor.rgb) if cell.fill.fill_type else ""


def test_faulty_cells_are_filled_and_commented(tmp_path: Path) -> None:
    path = workbook(tmp_path / BOOK)
    findings = finding_table(
        make_finding("D3", "warning", wrong="累计数低于上期", right="应为不低于上期的数"),
        make_finding("D3"),
        make_finding("D4", "warning", wrong="疑误用单位", right=""),
        make_finding("D9", file="别的.xlsx"),
    )

    copy = mark_copy(path, findings, tmp_path)

    sheet = load_workbook(copy)[SHEET]
    assert copy.name == "甲区-退回.xlsx"
    assert fill(sheet["D3"]) == FILLS["error"]
    assert fill(sheet["D4"]) == FILLS["warning"]
    assert sheet["D3"].comment.text == (
        "【提示】累计数低于上期\n改正要求：应为不低于上期的数\n【错误】“许多”不是数值\n改正要求：请填数值"
    )
    assert sheet["D3"].comment.author == "kejistats"
    assert sheet["D4"].comment.text == "【提示】疑误用单位\n原批注：区里的批注"
    assert sheet["D9"].comment is None
    assert sheet["D3"].value == "许多"


def test_the_rest_of_the_workbook_is_unchanged(tmp_path: Path) -> None:
    path = workbook(tmp_path / BOOK)

    book = load_workbook(mark_copy(path, finding_table(make_finding()), tmp_path))

    sheet, before = book[SHEET], load_workbook(path)[SHEET]
    assert book.sheetnames == [RETURN_SHEET, SHEET, MARK_SHEET]
    assert book[MARK_SHEET].sheet_state == "veryHidden"
    assert [c.value for c in book[MARK_SHEET][1]] == ["district", "900101"]
    assert sheet.protection.sheet
    assert sheet.protection.password == before.protection.password
    assert not sheet["D3"].protection.locked
    assert sheet["C3"].protection.locked
    assert str(sheet.data_validations.dataValidation[0].sqref) == "D3:D9"
    assert sheet.column_dimensions["A"].width == before.column_dimensions["A"].width
    assert sheet.freeze_panes == "B3"
    assert [str(r) for r in sheet.merged_cells.ranges] == ["A1:D1"]
    assert sheet["D4"].number_format == "0.0"
    assert fill(sheet["D5"]) == fill(before["D5"]) != ""
    assert (sheet["D5"].value, sheet["D5"].data_type) == ("=D4*2", "f")
    assert (sheet["E3"].value, sheet["E3"].data_type) == ("=HYPERLINK(1)", "s")


def test_the_first_sheet_lists_all_findings_with_links(tmp_path: Path) -> None:
    path = workbook(tmp_path / BOOK)
    formula = make_finding("D4", "warning", wrong="=1+1", right="@x")
    on_unknown_sheet = make_finding("D4", sheet="没有的表")

    book = load_workbook(
        mark_copy(path, finding_table(make_finding(), formula, on_unknown_sheet), tmp_path)
    )

    sheet = book[RETURN_SHEET]
    assert book.active is sheet
    assert [s.sheet_view.tabSelected for s in book.worksheets] == [True, False, False]
    assert "错误2处（红色单元格）、提示1处（黄色单元格）" in sheet["A2"].value
    rows = [[c.value for c in row] for row in sheet.iter_rows(min_row=6)]
    assert rows == [
        [1, "错误", SHEET, "D3", "第1区 专利授权量", "许多", "“许多”不是数值", "请填数值"],
        [2, "提示", SHEET, "D4", "第1区 专利授权量", "许多", "=1+1", "@x"],
        [3, "错误", "没有的表", "D4", "第1区 专利授权量", "许多", "“许多”不是数值", "请填数值"],
    ]
    links = [row[3].hyperlink for row in sheet.iter_rows(min_row=6)]
    assert [link and link.location for link in links] == [f"'{SHEET}'!D3", f"'{SHEET}'!D4", None]
    assert sheet["G7"].data_type == "s"
    assert sheet["G7"].quotePrefix


@pytest.mark.parametrize("author", ["kejistats", " "], ids=["as written", "saved by LibreOffice"])
def test_a_copy_that_is_marked_again_carries_only_the_new_marks(
    tmp_path: Path, author: str
) -> None:
    path = workbook(tmp_path / BOOK)
    (tmp_path / "again").mkdir()
    first = mark_copy(
        path, finding_table(make_finding("D3"), make_finding("D4", "warning")), tmp_path
    )
    returned = load_workbook(first)
    for cell in ("D3", "D4"):
        returned[SHEET][cell].comment.author = author
    returned.save(first)
    findings = finding_table(make_finding("D5", file=first.name))

    second = mark_copy(first, findings, tmp_path / "again")

    book = load_workbook(second)
    sheet = book[SHEET]
    assert second.name == first.name
    assert book.sheetnames == [RETURN_SHEET, SHEET, MARK_SHEET]
    assert [c.value for c in book[RETURN_SHEET]["D"]][5:] == ["D5"]
    assert (fill(sheet["D3"]), fill(sheet["D4"])) == ("", "")
    assert sheet["D3"].comment is None
    assert sheet["D4"].comment.text == "区里的批注"
    assert fill(sheet["D5"]) == FILLS["error"]


@pytest.mark.parametrize("cell", ["", "第3行", "D0", "XFE1", "D1048577", "d3", "D3:D4", "C" * 400])
def test_an_address_that_is_no_cell_is_only_listed(tmp_path: Path, cell: str) -> None:
    path = workbook(tmp_path / BOOK)

    book = load_workbook(mark_copy(path, finding_table(make_finding(cell)), tmp_path))

    sheet = book[SHEET]
    assert book[RETURN_SHEET]["G6"].value == "“许多”不是数值"
    assert book[RETURN_SHEET]["D6"].hyperlink is None
    assert {c.coordinate for row in sheet.iter_rows() for c in row if c.comment} == {"D4"}


def test_of_merged_cells_the_first_is_marked(tmp_path: Path) -> None:
    path = workbook(tmp_path / BOOK)

    sheet = load_workbook(mark_copy(path, finding_table(make_finding("C1")), tmp_path))[SHEET]

    assert sheet["A1"].comment is not None


def write_csv_file(path: Path, encoding: str, separator: str) -> Path:
    """Write a CSV file in an encoding, with a separator."""
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=separator).writerows(PLAIN)
    return path


PLAIN = [
    ["2025年上半年"],
    [],
    ["district", "indicator", "value", "note"],
    ["000101", "patent_granted", "许多", "=cmd()"],
    ["000102", "patent_granted", "1,234", "-5"],
]


@pytest.mark.parametrize(
    ("encoding", "separator"),
    [("utf-8", ","), ("utf-8-sig", ";"), ("gb18030", ","), ("utf-16", "\t")],
)
def test_a_csv_file_is_copied_to_a_workbook_of_its_texts(
    tmp_path: Path, encoding: str, separator: str
) -> None:
    path = write_csv_file(tmp_path / "甲区.csv", encoding, separator)
    findings = finding_table(
        make_finding("C4", file=path.name, sheet=""), make_finding("D9", file=path.name, sheet="")
    )

    book = load_workbook(mark_copy(path, findings, tmp_path))

    sheet = book["数据"]
    assert book.sheetnames == [RETURN_SHEET, "数据"]
    values = [[c.value for c in row if c.value is not None] for row in sheet.iter_rows(max_row=5)]
    assert values == PLAIN
    assert {c.data_type for row in sheet.iter_rows(max_row=5) for c in row if c.value} == {"s"}
    assert sheet["D4"].quotePrefix
    assert fill(sheet["C4"]) == fill(sheet["D9"]) == FILLS["error"]


def test_control_characters_become_visible_in_the_copy(tmp_path: Path) -> None:
    path = tmp_path / "甲区.csv"
    path.write_text("district,value\n甲\x02\x1b区,1\t2\n", encoding="utf-8")
    findings = finding_table(make_finding("B2", file=path.name, sheet="", wrong="含有\x07"))

    book = load_workbook(mark_copy(path, findings, tmp_path))

    assert book["数据"]["A2"].value == "甲〈U+0002〉〈U+001B〉区"
    assert book["数据"]["B2"].value == "1\t2"
    assert "含有〈U+0007〉" in book["数据"]["B2"].comment.text


ODS = """<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2">
<office:body><office:spreadsheet><table:table table:name="1/2月">
<table:table-row table:number-rows-repeated="2"><table:table-cell/></table:table-row>
<table:table-row><table:table-cell/><table:table-cell office:value-type="string"
><text:p>许多</text:p></table:table-cell><table:table-cell office:value-type="float"
 office:value="12.5"><text:p>12.5</text:p></table:table-cell></table:table-row>
</table:table></office:spreadsheet></office:body></office:document-content>"""

MANIFEST = """<?xml version="1.0" encoding="UTF-8"?>
<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>"""


def test_an_ods_workbook_is_copied_with_its_texts_at_their_addresses(tmp_path: Path) -> None:
    path = tmp_path / "甲区.ods"
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        book.writestr("content.xml", ODS)
        book.writestr("META-INF/manifest.xml", MANIFEST)
    findings = finding_table(make_finding("B3", file=path.name, sheet="1/2月"))

    sheet = load_workbook(mark_copy(path, findings, tmp_path))["1_2月"]

    assert (sheet["B3"].value, sheet["C3"].value) == ("许多", "12.5")
    assert fill(sheet["B3"]) == FILLS["error"]


def test_a_workbook_that_would_unpack_to_gigabytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "炸弹.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/workbook.xml", b"0" * (257 * 2**20))

    with pytest.raises(UsageError, match="unpacks to more than"):
        mark_copy(path, finding_table(make_finding()), tmp_path)


def test_the_received_file_is_never_overwritten(tmp_path: Path) -> None:
    path = workbook(tmp_path / "甲区-退回.xlsx")
    before = path.read_bytes()

    with pytest.raises(UsageError, match="is the received file itself"):
        mark_copy(path, finding_table(make_finding(file=path.name)), tmp_path)

    assert path.read_bytes() == before


def test_a_file_that_cannot_be_copied_is_reported(tmp_path: Path) -> None:
    broken = tmp_path / "坏.xlsx"
    broken.write_bytes(b"PK\x03\x04 no workbook")

    with pytest.raises(UsageError, match="cannot be read"):
        mark_copy(broken, finding_table(make_finding()), tmp_path)
    with pytest.raises(UsageError, match="no file"):
        mark_copy(tmp_path / "没有.csv", finding_table(make_finding()), tmp_path)
    with pytest.raises(UsageError, match="cannot write"):
        mark_copy(broken, finding_table(make_finding()), tmp_path / "没有")
    assert list(tmp_path.glob("*退回*")) == []
