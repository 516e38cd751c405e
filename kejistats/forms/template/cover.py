"""The cover sheet: whose form it is, how to fill it in, and what it contains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from kejistats.forms.template.formats import Formats, row_height
from kejistats.model.period import Checkpoint, format_date

_COLUMN_WIDTHS = (2, 22, 24, 24, 24)
_LAST_COLUMN = len(_COLUMN_WIDTHS) - 1
_INSTRUCTIONS = (
    "只填黄色单元格；其余单元格已锁定。请勿增删行列、改动工作表名称，也不要另存为其他格式。",
    "“本期数”照原文填写，不推算、不折算。当期累计指标填1月1日以来的累计数，期末指标填期末数，"
    "各指标填什么，选中单元格时有提示。",
    "单位以“单位”栏为准；原文用其他单位的，连同单位填写，如“5700万元”。",
    "“公布增速”只填来源已经公布的增速，12.3%填“12.3”，并在“增速口径”中选名义、同口径或可比价。",
    "“数据级别”选预计、快报或年报，留空按快报；数据不是截至期末的，在“截止日期”中写明日期。",
    "“上年同期”“年度目标”供核对；与实际不符的，请在“备注”中说明。",
)
_SPECIAL_CASES = (
    ("来源未公布", "xx", "不论原数有几位，一律填“xx”"),
    ("本期未发生", "0", "零是数值，不要留空"),
    ("本地区无此项", "无", "没有这项业务或这类机构"),
    ("尚未取得数据", "（留空）", "不影响以往已报的数，取得后补报"),
    ("概数", "约3.2万", "也可写“近300”“500以上”；金额连同单位写，如“约3.2亿元”"),
    ("区间", "30%—40%", "由低到高"),
    ("撤回已报的数", "撤销", "更正则直接填更正后的数"),
)


@dataclass(frozen=True)
class Cover:
    """The content of the cover.

    Parameters
    ----------
    unit
        Name of the reporting unit, or 各地区.
    code
        Its code; empty for the workbook of all units.
    dataset
        Title of the data set.
    at
        The checkpoint.
    due
        Last day for reporting.
    today
        Day the form is made.
    sample
        Whether the data are sample data.
    """

    unit: str
    code: str
    dataset: str
    at: Checkpoint
    due: date
    today: date
    sample: bool


def write_cover(
    sheet: Any, formats: Formats, cover: Cover, sheets: Sequence[tuple[str, int, int]]
) -> None:
    """Write the cover sheet.

    Parameters
    ----------
    sheet
        An empty worksheet.
    formats
        Formats of the workbook.
    cover
        Its content.
    sheets
        Name, number of indicators and number of rows of each sheet that follows.
    """
    for column, width in enumerate(_COLUMN_WIDTHS):
        sheet.set_column(column, column, width)
    writer = _RowWriter(sheet, formats)
    at = cover.at
    writer.line("科技统计数据填报表", "cover_title", 36)
    period = at.label if at.months in at.label else f"{at.label}（{at.months}）"
    writer.line(f"{cover.unit}　{period}", "subtitle", 22)
    if cover.sample:
        writer.line("示例数据", "sample", 20)
    writer.section("基本情况")
    facts = {
        "报送地区": f"{cover.unit}（{cover.code}）" if cover.code else cover.unit,
        "报告期": f"{period}，数据截至{at.cut_off}",
        "数据集": cover.dataset,
        "报送时限": f"{format_date(cover.due)}前（含当日）",
        "返回单位": f"“{cover.dataset}”数据汇总单位，按收到本表的途径原样返回",
        "制表日期": format_date(cover.today),
    }
    for label, text in facts.items():
        writer.cells(("label", label), ("text", text))
    writer.section("填报方法")
    for number, text in enumerate(_INSTRUCTIONS, 1):
        writer.line(
            f"{number}. {text}",
            "plain",
            row_height((f"{number}. {text}", sum(_COLUMN_WIDTHS[1:]), "plain")),
        )
    writer.section("特殊情况的填法")
    writer.cells(("header", "情况"), ("header", "填写"), ("header", "说明"))
    for case, answer, remark in _SPECIAL_CASES:
        writer.cells(("text", case), ("middle", answer), ("text", remark))
    writer.section("颜色")
    writer.cells(("yellow", ""), ("text", "黄色：由报送地区填写，填错时有提示"))
    writer.cells(("label", ""), ("text", "其他：已锁定，不需填写"))
    writer.section("工作表")
    writer.cells(("header", "工作表"), ("header", "指标数（个）"), ("header", "填报行数（行）"))
    for name, indicators, rows in sheets:
        writer.cells(("text", name), ("middle", str(indicators)), ("middle", str(rows)))
    totals = [str(sum(entry[i] for entry in sheets)) for i in (1, 2)]  # type: ignore[misc]
    writer.cells(("label", "合计"), ("middle", totals[0]), ("middle", totals[1]))


class _RowWriter:
    """Writes a sheet row by row; the last cell of a row is merged up to the right edge."""

    def __init__(self, sheet: Any, formats: Formats) -> None:
        self._sheet, self._formats, self._row = sheet, formats, 0

    def line(self, text: str, style: str, points: float) -> None:
        self._sheet.set_row(self._row, points)
        self._write_merged(1, text, style)
        self._row += 1

    def section(self, text: str) -> None:
        self._row += 1
        self.line(text, "section", 22)

    def cells(self, *cells: tuple[str, str]) -> None:
        widths: Mapping[int, float] = dict(enumerate(_COLUMN_WIDTHS[1 : len(cells)]))
        last = sum(_COLUMN_WIDTHS[len(cells) :])
        texts = [(text, widths.get(i, last), style) for i, (style, text) in enumerate(cells)]
        self._sheet.set_row(self._row, row_height(*texts))
        for column, (style, text) in enumerate(cells[:-1], 1):
            self._sheet.write_string(self._row, column, text, self._formats[style])
        self._write_merged(len(cells), cells[-1][1], cells[-1][0])
        self._row += 1

    def _write_merged(self, column: int, text: str, style: str) -> None:
        cell_format = self._formats[style]
        if column < _LAST_COLUMN:
            self._sheet.merge_range(self._row, column, self._row, _LAST_COLUMN, "", cell_format)
        self._sheet.write_string(self._row, column, text, cell_format)
