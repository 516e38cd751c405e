"""Files of every type are read into text tables: each figure as written, with its address."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from kejistats.model.errors import UsageError
from kejistats.model.settings import Wide, WideColumn
from kejistats.reading.form_mark import MARK_SHEET, Mark
from kejistats.reading.read_file import COVER_SHEET
from kejistats.reading.sheet import ROW
from tests.factory import FIXTURES
from tests.reading.factory import (
    HEADER,
    LINE,
    SHEET_END,
    SHEET_ROWS,
    SHEET_START,
    read_all,
    read_one,
    row_texts,
    write_lines,
    write_package,
    write_workbook,
)

# Workbooks


@pytest.mark.parametrize("name", ["received.xls", "received.ods"])
def test_workbooks_of_other_programs_are_read_as_displayed(name: str) -> None:
    sheet = read_one(FIXTURES / name)

    assert sheet.rows.select(pl.exclude("note")).rows() == [
        (3, "900101", "patent_granted", "2025H1", "90", "12.3%", "2025-06-30"),
        (4, "900101", "contracts_value", "2025H1", "5.25", "9.6", "2025-06-30 12:30:00"),
        (5, "900102", "patent_granted", "2025H1", "#DIV/0!", None, None),
        (6, "900103", "patent_granted", "2025H1", "42", None, None),
    ]
    assert sheet.rows["note"][2] == "第一行\n第二行"
    assert sheet.letters["value"] == "D"
    assert sheet.skipped == 2
    assert [(r.rule, r.cell, r.sheet) for r in sheet.remarks] == [
        ("hidden_rows", "A6", ""),
        ("hidden_sheet", "A1", "底稿"),
    ]


@pytest.mark.parametrize(
    ("source", "suffix"), [("received.xls", ".xlsx"), ("received.ods", ".csv")]
)
def test_a_workbook_is_recognised_by_its_content_whatever_its_name(
    tmp_path: Path, source: str, suffix: str
) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes((FIXTURES / source).read_bytes())

    assert row_texts(read_one(path)) == row_texts(read_one(FIXTURES / source))


def test_cells_of_a_workbook_are_read_as_displayed(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as workbook:
        sheet = workbook.add_worksheet()
        built_in, custom = (
            workbook.add_format({"num_format": 10}),
            workbook.add_format({"num_format": "0.0%"}),
        )
        quoted = workbook.add_format({"num_format": '0.0" %"'})
        date = workbook.add_format({"num_format": "yyyy-mm-dd"})
        bold = workbook.add_format({"bold": True})
        sheet.write_row(0, 0, ["indicator", "value"])
        sheet.write(1, 1, -0.031, built_in)
        sheet.write(2, 1, 0.07200000000000001, custom)
        sheet.write(3, 1, 9.6, quoted)
        sheet.write_datetime(4, 1, dt.datetime(2025, 6, 30), date)  # noqa: DTZ001
        sheet.write(5, 1, True)
        sheet.write(6, 1, 90)
        sheet.write(7, 1, 1e-7)
        sheet.write_formula(8, 1, "=45*2", None, 90)
        sheet.write_formula(9, 1, '="约"&3', None, "约3")
        sheet.write_formula(10, 1, "=1/0", None, "#DIV/0!")
        sheet.write_rich_string(11, 1, "约", bold, "3.2万")
        sheet.write_string(12, 1, "-12%", custom)
        sheet.write_formula(13, 1, "=0.5", custom, 0.5)
        sheet.write_column(1, 0, ["x"] * 13)

    assert read_one(path).rows["value"].to_list() == [
        "-3.1%", "7.2%", "9.6", "2025-06-30", "TRUE", "90", "0.0000001", "90", "约3", "#DIV/0!",
        "约3.2万", "-12%", "50%",
    ]  # fmt: skip


def test_a_formula_that_was_never_calculated_is_marked_and_not_blank(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.append(HEADER)
    sheet.append([*LINE[:3], "=45*2"])
    workbook.save(tmp_path / "a.xlsx")

    assert read_one(tmp_path / "a.xlsx").rows["value"].to_list() == ["#公式未计算"]


def test_a_formula_that_gave_an_empty_text_is_blank(tmp_path: Path) -> None:
    cell = '<row r="4"><c r="A4"><v>1</v></c><c r="B4" t="str"><f>""</f><v></v></c></row>'

    result = read_one(
        write_package(tmp_path / "a.xlsx", SHEET_START + SHEET_ROWS + cell + SHEET_END)
    )

    assert result.rows.row(-1) == (4, "1", None)


@pytest.mark.parametrize(
    "sheet",
    [
        SHEET_START + SHEET_ROWS + SHEET_END,
        (SHEET_START + SHEET_ROWS + SHEET_END).replace('"', "'"),
        (SHEET_START + SHEET_ROWS + SHEET_END).replace("<", "<x:").replace("<x:/", "</x:").replace("xmlns", "xmlns:x"),
        SHEET_START + SHEET_ROWS.replace('<row r="1">', "<row>").replace(' r="A1"', "").replace(' r="B3"', "")
        + SHEET_END,
    ],
    ids=["usual", "quotes", "prefixes", "without addresses"],
)  # fmt: skip
def test_a_workbook_is_read_alike_in_all_variants_of_its_xml(tmp_path: Path, sheet: str) -> None:
    result = read_one(write_package(tmp_path / "a.xlsx", sheet))

    assert result.rows.rows() == [(3, "x", "7")]
    assert [r.rule for r in result.remarks] == ["hidden_rows"]


# CSV


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv_is_read_in_every_encoding_and_separator_of_an_export(
    tmp_path: Path, encoding: str, separator: str
) -> None:
    rows = ["某市科技统计表", "地区 指标 数值 备注", "第1区 专利授权量 90 据快报"]
    path = write_lines(
        tmp_path / "a.csv", *(row.replace(" ", separator) for row in rows), encoding=encoding
    )

    sheet = read_one(path)

    assert sheet.rows.rows(named=True) == [
        {ROW: 3, "地区": "第1区", "指标": "专利授权量", "数值": "90", "备注": "据快报"}
    ]
    assert sheet.letters["数值"] == "C"


def test_gb18030_that_appears_only_far_down_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    plain = "".join("x,1\n" for _ in range(100_000))
    path.write_bytes(f"indicator,value\n{plain}专利,2\n".encode("gb18030"))

    assert read_one(path).rows.row(-1) == (100_002, "专利", "2")


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (["indicator,value", "x,1", "y,2,3"], "line 3 has 3 cells, the header has 2: y,2,3"),
        (["title", "indicator,value", "x,1", "y,1,234"], "line 4 has 3 cells"),
        (["indicator,value", 'x,"1'], "line 2: unexpected end of data"),
        (["indicator,value", 'x,"1"2'], "line 2: ',' expected after '\"'"),
    ],
)
def test_an_irregular_csv_names_the_line(tmp_path: Path, content: list[str], wrong: str) -> None:
    with pytest.raises(UsageError, match="not a regular CSV") as caught:
        read_all(write_lines(tmp_path / "a.csv", *content))

    assert wrong in caught.value.message


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('indicator,value\nx,5"\ny,6\n', [(2, "x", '5"'), (3, "y", "6")]),
        ("indicator,value\rx,1\ry,2\r", [(2, "x", "1"), (3, "y", "2")]),
        ('indicator,value\r\n"a\r\nb","1,000"\r\n', [(2, "a\r\nb", "1,000")]),
        ("indicator,value\nx,1,\ny,2\n", [(2, "x", "1"), (3, "y", "2")]),
        ("\n\nindicator,value\n\n ,\nx,\n", [(6, "x", None)]),
    ],
)
def test_csv_of_all_kinds_keeps_texts_and_row_numbers(
    tmp_path: Path, content: str, expected: list[tuple[Any, ...]]
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content.encode())

    assert read_one(path).rows.rows() == expected


TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cf"], include_characters="\n"), max_size=6
)


@settings(max_examples=50)
@given(rows=st.lists(st.tuples(TEXT, TEXT), max_size=8), encoding=st.sampled_from(["utf-8", "gb18030"]))  # fmt: skip
def test_the_texts_of_a_csv_are_read_and_nothing_else(
    tmp_path: Path, rows: list[tuple[str, str]], encoding: str
) -> None:
    import csv

    path = tmp_path / "a.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([("indicator", "value"), *rows])

    result = read_one(path)

    # Notes and totals are recognised in the first column only.
    expected = [b.strip() for a, b in rows if b.strip()]
    assert result.rows["value"].drop_nulls().to_list() == expected or result.skipped


# Around a table


def test_titles_notes_signatures_and_repeated_headers_are_left_out(tmp_path: Path) -> None:
    path = write_workbook(
        tmp_path / "a.xlsx",
        表=[
            ["某区科技统计表"],
            [None, None, None, "2025年7月"],
            HEADER,
            LINE,
            HEADER,
            ["900102", *LINE[1:]],
            [],
            ["注：1．本表数据为快报数。"],
            ["2．以终审为准。"],
            ["填表人：甲", None, "审核人：乙"],
        ],
    )  # fmt: skip

    sheet = read_one(path)

    assert sheet.rows[ROW].to_list() == [4, 6]
    assert sheet.skipped == 4
    assert sheet.nameless == ""


@pytest.mark.parametrize("text", ["注册商标数", "说明书页数", "第3区", "联合实验室数"])
def test_a_row_that_only_begins_like_a_note_stays(tmp_path: Path, text: str) -> None:
    sheet = read_one(write_workbook(tmp_path / "a.xlsx", 表=[HEADER, LINE, [text], LINE]))

    assert sheet.rows["district"].to_list() == ["900101", text, "900101"]
    assert sheet.skipped == 0


def test_a_note_beside_a_figure_is_a_row(tmp_path: Path) -> None:
    sheet = read_one(write_workbook(tmp_path / "a.xlsx", 表=[HEADER, ["注：甲区", *LINE[1:]]]))

    assert sheet.rows.height == 1
    assert sheet.skipped == 0


def test_titles_lose_their_line_breaks_and_their_spaces_inside_chinese(tmp_path: Path) -> None:
    path = write_workbook(
        tmp_path / "a.xlsx", 表=[["地 区", "指标", "数值", " 公布\n增速 "], ["a", "b", 1, 2]]
    )

    assert read_one(path).rows.columns == [ROW, "地区", "指标", "数值", "公布增速"]


def test_without_a_known_header_the_first_filled_row_is_the_header(tmp_path: Path) -> None:
    sheet = read_one(write_lines(tmp_path / "a.csv", "", "colour,size", "red,1"))

    assert sheet.rows.rows(named=True) == [{ROW: 3, "colour": "red", "size": "1"}]


def test_a_figure_under_a_blank_header_is_named(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.csv", "indicator,value,", "x,1,", "y,2,3")

    assert read_one(path).nameless == "C3"


def test_a_title_that_occurs_twice_is_refused(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "a.xlsx", 表=[["indicator", "value", "value"]])

    with pytest.raises(UsageError, match="sheet 表: the header has value twice"):
        read_all(path)


def test_a_merged_district_is_copied_to_all_its_rows_but_a_merged_figure_is_not(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        for row in (1, 2, 3):
            sheet.write_row(row, 1, [f"i{row}", "2025H1"])
        sheet.merge_range(1, 0, 3, 0, "900101")
        sheet.merge_range(1, 3, 3, 3, 90)

    assert row_texts(read_one(path)) == [
        ("900101", "i1", "2025H1", "90"),
        ("900101", "i2", "2025H1", None),
        ("900101", "i3", "2025H1", None),
    ]


@pytest.mark.parametrize(
    ("above", "header", "unit"),
    [
        ("单位：万元", HEADER, "万元"),
        ("表一  计量单位: 亿元", HEADER, "亿元"),
        ("单位：万元、件", HEADER, None),
        ("单位：某某局", HEADER, None),
        ("单位：万元", [*HEADER, "单位"], None),
    ],
)
def test_a_unit_above_the_table_is_each_rows_unit(
    tmp_path: Path, above: str, header: list[str], unit: str | None
) -> None:
    sheet = read_one(write_workbook(tmp_path / "a.xlsx", 表=[[None, None, above], header, LINE]))

    assert sheet.rows.to_dict(as_series=False).get("unit") == (unit and [unit])
    assert sheet.letters.get("unit") == (unit and "C")


# Totals


@pytest.mark.parametrize(
    ("rows", "remarks"),
    [
        ([("甲", "1"), ("乙", "2"), ("合计", "3")], []),
        ([("甲", "1"), ("乙", "2"), ("合 计", "4")], [("D4", "“value”合计4与各行之和3不符")]),
        ([("总计：", "4"), ("甲", "1"), ("乙", "2")], [("D2", "“value”总计4与各行之和3不符")]),
        ([("甲", "1,200"), ("乙", "2"), ("合计", "1202")], []),
        ([("甲", "1.04"), ("乙", "2.04"), ("合计", "3.1")], []),
        ([("甲", "1.0"), ("乙", "2.0"), ("合计", "3.5")], [("D4", "“value”合计3.5与各行之和3.0不符")]),
        ([("甲", "12.5"), ("乙", "10.1"), ("合计", "11.3")], []),
        ([("甲", "xx"), ("乙", "2"), ("合计", "4")], []),
        ([("甲", None), ("乙", "2"), ("合计", "4")], []),
        ([("甲", "约1"), ("乙", "2"), ("合计", "4")], []),
        (
            [("甲", "1"), ("乙", "2"), ("小计", "3"), ("丙", "4"), ("丁", "5"), ("小计", "8"),
             ("合计", "12")],
            [("D7", "“value”小计8与各行之和9不符")],
        ),
    ],
)  # fmt: skip
def test_total_rows_are_left_out_but_must_add_up(
    tmp_path: Path, rows: list[tuple[str, str]], remarks: list[tuple[str, str]]
) -> None:
    content = [[district, "i", "2025H1", value] for district, value in rows]

    sheet = read_one(write_workbook(tmp_path / "a.xlsx", 表=[HEADER, *content]))

    kept = [district for district, _ in rows if "计" not in district]
    assert sheet.rows["district"].to_list() == kept
    assert sheet.skipped == len(rows) - len(kept)
    assert [(r.cell, r.wrong) for r in sheet.remarks] == remarks
    assert {(r.rule, r.severity) for r in sheet.remarks} <= {("total_row_differs", "warning")}


def test_a_total_adds_up_the_rows_of_its_own_indicator(tmp_path: Path) -> None:
    rows = [["甲", "i", "2025H1", 1], ["甲", "j", "2025H1", 10], ["乙", "i", "2025H1", 2],
            ["乙", "j", "2025H1", 20], ["合计", "i", "2025H1", 3], ["合计", "j", "2025H1", 31]]  # fmt: skip

    sheet = read_one(write_workbook(tmp_path / "a.xlsx", 表=[HEADER, *rows]))

    assert [(r.cell, r.wrong) for r in sheet.remarks] == [("D7", "“value”合计31与各行之和30不符")]


def test_an_indicator_named_total_is_no_total(tmp_path: Path) -> None:
    sheet = read_one(
        write_workbook(tmp_path / "a.xlsx", 表=[HEADER, ["900101", "合计", "2025H1", 9]])
    )

    assert sheet.rows["indicator"].to_list() == ["合计"]


# Several sheets


def test_hidden_rows_are_read_and_reported_but_a_hidden_column_is_not_reported(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        for row in range(1, 6):
            sheet.write_row(row, 0, [f"90010{row}", *LINE[1:]])
        for row in (2, 4, 9):
            sheet.set_row(row, None, None, {"hidden": True})
        sheet.set_column(1, 1, None, None, {"hidden": True})

    result = read_one(path)

    assert result.rows.height == 5
    assert [(r.rule, r.severity, r.cell) for r in result.remarks] == [
        ("hidden_rows", "warning", "A3")
    ]
    assert result.remarks[0].wrong.startswith("第3、5行被隐藏")


def test_hidden_sheets_are_not_read_and_those_with_a_table_are_reported(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as workbook:
        for name, content in (("一", HEADER), ("二", HEADER), ("三", ["选项"]), ("四", HEADER)):
            sheet = workbook.add_worksheet(name)
            sheet.write_row(0, 0, content)
            sheet.write_row(1, 0, LINE)
            if name in "二三":
                sheet.hide()
            if name == "四":
                sheet.very_hidden()

    result = read_one(path)

    assert result.name == "一"
    assert [(r.rule, r.sheet) for r in result.remarks] == [
        ("hidden_sheet", "二"), ("hidden_sheet", "四"),
    ]  # fmt: skip


def test_a_copied_sheet_is_left_out_and_reported_once(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "a.xlsx", 甲=[HEADER, LINE], 乙=[HEADER, [*LINE[:3], 91]], 丙=[HEADER, LINE])  # fmt: skip

    first, second, third = read_all(path)

    assert (first.remarks, second.remarks, third.rows.height) == ((), (), 0)
    assert [(r.rule, r.severity, r.cell) for r in third.remarks] == [
        ("duplicate_sheet", "error", "A1")
    ]
    assert "“甲”" in third.remarks[0].wrong


def test_blank_sheets_with_one_header_are_no_copies(tmp_path: Path) -> None:
    result = read_all(write_workbook(tmp_path / "a.xlsx", 甲=[HEADER], 乙=[HEADER], 丙=[]))

    assert [(sheet.name, sheet.remarks) for sheet in result] == [("甲", ()), ("乙", ())]


def test_a_fill_in_workbook_is_read_with_its_mark_and_without_its_cover(tmp_path: Path) -> None:
    mark = {"key": "value", "dataset": "city", "district": "900101", "checkpoint": "2025H1",
            "registry": "0a1b2c3d", "form": "1"}  # fmt: skip
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as workbook:
        workbook.add_worksheet(COVER_SHEET).write(0, 0, "请逐项填写")
        for name in ("知识产权", "技术市场"):
            sheet = workbook.add_worksheet(name)
            sheet.write(0, 0, f"{name}统计表")
            sheet.write_row(1, 0, ["标识", "指标", "数值"])
            sheet.write_row(2, 0, [name, "甲", 1])
            sheet.set_column(0, 0, None, None, {"hidden": True})
        hidden = workbook.add_worksheet(MARK_SHEET)
        for row, pair in enumerate(mark.items()):
            hidden.write_row(row, 0, pair)
        hidden.very_hidden()

    result = read_all(path)

    assert [sheet.name for sheet in result] == ["知识产权", "技术市场"]
    assert {sheet.mark for sheet in result} == {Mark("city", "900101", "2025H1", "0a1b2c3d", "1")}
    assert [row_texts(sheet) for sheet in result] == [
        [("知识产权", "甲", "1")],
        [("技术市场", "甲", "1")],
    ]
    assert not any(sheet.remarks for sheet in result)


def test_a_workbook_whose_mark_was_changed_is_refused(tmp_path: Path) -> None:
    path = write_workbook(
        tmp_path / "a.xlsx", 甲=[HEADER, LINE], **{MARK_SHEET: [["dataset", "city"]]}
    )

    with pytest.raises(UsageError, match="was changed"):
        read_all(path)


# Wide tables

GRANTED = {"indicator": "patent_granted", "unit": "件"}
MONTHLY = Wide(
    "*月报*.xls*",
    "*",
    {"district": "县（市、区）"},
    {"grade": "快报"},
    (
        WideColumn("授权量/1—6月累计", "value", GRANTED),
        WideColumn("授权量/增速（%）", "published_growth", {"indicator": "patent_granted"}),
        WideColumn("有效量", "value", {"indicator": "invention_valid", "unit": "件"}),
    ),
)


def monthly(path: Path, *, merged: bool = True) -> Path:
    """Write a table with a header of two rows, a total and a note."""
    with xlsxwriter.Workbook(str(path)) as workbook:
        sheet = workbook.add_worksheet("表1")
        sheet.merge_range(0, 0, 0, 4, "专利月报")
        if merged:
            sheet.merge_range(2, 1, 3, 1, "县(市、\n区)")
            sheet.merge_range(2, 2, 2, 3, "授权量")
            sheet.merge_range(2, 4, 3, 4, "有效量")
        else:
            sheet.write_row(
                2, 1, ["县（市、区）", "授权量/1—6月累计", "授权量/增速（%）", "有效量"]
            )
        if merged:
            sheet.write_row(3, 2, ["1—6月\n累计", "增速（%）"])
        sheet.write_row(4, 1, ["合计", 30, 5.0, 301])
        sheet.write_row(5, 1, ["甲县", 10, 4.5, 100])
        sheet.write_row(6, 1, ["乙县", 20, 6.5, "xx"])
        sheet.write_row(7, 1, ["注：快报数。"])
    return path


@pytest.mark.parametrize("merged", [True, False])
def test_a_wide_table_unfolds_to_long_rows_with_their_cell_addresses(
    tmp_path: Path, merged: bool
) -> None:
    sheet = read_one(monthly(tmp_path / "6月月报.xlsx", merged=merged), MONTHLY)

    columns = [ROW, "district", "indicator", "unit", "grade", "value", "@value",
               "published_growth", "@published_growth"]  # fmt: skip
    assert sheet.rows.select(columns).rows() == [
        (6, "甲县", "patent_granted", "件", "快报", "10", "C", "4.5", "D"),
        (6, "甲县", "invention_valid", "件", "快报", "100", "E", None, None),
        (7, "乙县", "patent_granted", "件", "快报", "20", "C", "6.5", "D"),
        (7, "乙县", "invention_valid", "件", "快报", "xx", "E", None, None),
    ]
    assert sheet.letters["district"] == "B"
    assert sheet.remarks == ()


def test_the_total_of_a_wide_table_must_add_up(tmp_path: Path) -> None:
    path = monthly(tmp_path / "6月月报.xlsx")
    changed = openpyxl.load_workbook(path)
    changed["表1"]["E7"] = 200
    changed.save(path)

    remarks = read_one(path, MONTHLY).remarks

    assert [(r.cell, r.wrong) for r in remarks] == [("E5", "“有效量”合计301与各行之和300不符")]


def test_indicators_in_rows_and_districts_in_columns_unfold_too(tmp_path: Path) -> None:
    wide = Wide(
        "*",
        "汇总",
        {"indicator": "指标", "unit": "单位"},
        {"checkpoint": "2025H1"},
        tuple(WideColumn(name, "value", {"district": name}) for name in ("甲区", "乙区")),
    )
    path = write_workbook(
        tmp_path / "a.xlsx",
        汇总=[["指标", "单位", "甲区", "乙区"], ["专利授权量", "件", 1, 2]],
        其他=[HEADER, LINE],
    )

    first, second = read_all(path, wide)

    assert first.rows.select("district", "indicator", "unit", "value", "@value").rows() == [
        ("甲区", "专利授权量", "件", "1", "C"),
        ("乙区", "专利授权量", "件", "2", "D"),
    ]
    assert row_texts(second) == [tuple(map(str, LINE))]


def test_a_wide_csv_below_a_title_unfolds(tmp_path: Path) -> None:
    wide = Wide("*.csv", "*", {"district": "地区"}, {}, (WideColumn("有效量", "value", {}),))

    sheet = read_one(write_lines(tmp_path / "a.csv", "表一", "地区,有效量", "甲,5"), wide)

    assert sheet.rows.select(ROW, "district", "value", "@value").rows() == [(3, "甲", "5", "B")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([["地区", "有效量"]], "sheet 表: the header lacks 县（市、区）"),
        ([["县（市、区）", "有效量"]], "the header lacks 授权量/1—6月累计, 授权量/增速（%）"),
        ([["县（市、区）", "有效量", "有效量"]], "the header has 有效量 twice"),
    ],
)
def test_a_wide_table_without_its_headers_is_refused_with_those_present(
    tmp_path: Path, content: list[list[str]], message: str
) -> None:
    path = write_workbook(tmp_path / "6月月报.xlsx", 表=content)

    with pytest.raises(UsageError, match="6月月报") as caught:
        read_all(path, MONTHLY)

    assert message in caught.value.message
    assert "有效量" in str(caught.value)


def test_two_columns_for_one_figure_are_refused(tmp_path: Path) -> None:
    twice = (WideColumn("甲", "value", GRANTED), WideColumn("乙", "value", GRANTED))
    path = write_workbook(tmp_path / "a.xlsx", 表=[["地区", "甲", "乙"], ["x", 1, 2]])

    with pytest.raises(UsageError, match="甲, 乙 would fill one cell"):
        read_all(path, Wide("*", "*", {"district": "地区"}, {}, twice))
