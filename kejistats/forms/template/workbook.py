"""Build one form as bytes: the cover, a sheet per domain, and the hidden mark."""

from __future__ import annotations

import io
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, time
from functools import partial
from itertools import groupby
from typing import Any

from kejistats.forms.template.cell_rules import (
    basis_check,
    date_check,
    grade_check,
    growth_check,
    truncate,
    value_check,
)
from kejistats.forms.template.cover import Cover, write_cover
from kejistats.forms.template.formats import Formats, row_height
from kejistats.forms.template.lines import FormLine, release_month
from kejistats.model.period import Checkpoint
from kejistats.reading.form_mark import COVER_SHEET, MARK_SHEET, Mark

_HEADER_ROW = 1  # below the title
_FORBIDDEN_CHARACTERS = re.compile(r"[\[\]:*?/\\\x00-\x1f\x7f]")
_PERMISSIONS = {"format_columns": True, "select_locked_cells": True, "select_unlocked_cells": True}
_WORKBOOK_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}


@dataclass(frozen=True)
class Column:
    """One column of a domain's sheet.

    Parameters
    ----------
    title
        Its title, one of those in `kejistats.reading.form_mark`.
    width
        In characters.
    style
        Name of its cell format.
    text
        Returns the text of a row; None for input columns.
    """

    title: str
    width: float
    style: str
    text: Callable[[FormLine], str] | None = None


def _columns(cover: Cover, *, with_district: bool) -> list[Column]:
    def definition(line: FormLine) -> str:
        if line.level:
            return ""
        release = release_month(line.indicator, cover.at)
        late_note = f"（{release.year}年{release.month}月后补报）"
        return str(line.indicator["definition"]) + (late_note if release > cover.due else "")

    district_column = (
        [Column("地区", 12, "text", lambda line: line.district_name)] if with_district else []
    )
    return [
        Column("标识", 12, "text", lambda line: str(line.indicator["id"])),
        *district_column,
        Column("指标", 26, "text", _indicator_name),
        Column("级别", 6, "middle", lambda line: line.level),
        Column("单位", 8, "middle", lambda line: str(line.indicator["unit"])),
        Column("定义", 36, "small", definition),
        Column("上年同期", 14, "right", lambda line: line.last_year),
        Column("年度目标", 18, "right", lambda line: line.target),
        Column("本期数", 13, "number"),
        Column("公布增速", 9, "number"),
        Column("增速口径", 9, "pick"),
        Column("数据级别", 9, "pick"),
        Column("截止日期", 12, "day"),
        Column("备注", 16, "remark"),
    ]


def _indicator_name(line: FormLine) -> str:
    return f"其中：{line.level}级" if line.level else str(line.indicator["name"])


def build_workbook(cover: Cover, mark: Mark, lines: Sequence[FormLine]) -> bytes:
    """Return the workbook as bytes; the same input gives the same bytes.

    Parameters
    ----------
    cover
        Content of the cover.
    mark
        Content of the hidden sheet; without a district, each row names its own.
    lines
        The rows, ordered by indicator.
    """
    import xlsxwriter

    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, _WORKBOOK_OPTIONS) as book:
        book.set_properties(
            # The checkpoint's last day instead of the current time, for reproducible bytes.
            {
                "title": f"{cover.at.label}科技统计数据填报表",
                "created": datetime.combine(cover.at.end, time()),
            }
        )
        formats = Formats(book)
        cover_sheet = book.add_worksheet(COVER_SHEET)
        columns = _columns(cover, with_district=not mark.district)
        domains: dict[str, list[FormLine]] = defaultdict(list)
        for line in lines:
            domains[line.indicator["domain"]].append(line)
        names = sheet_names(
            domain_lines[0].indicator["domain_name"] for domain_lines in domains.values()
        )
        entries = []
        for name, domain_lines in zip(names, domains.values(), strict=True):
            _write_sheet(book.add_worksheet(name), formats, cover, name, columns, domain_lines)
            entries.append(
                (name, len({line.indicator["id"] for line in domain_lines}), len(domain_lines))
            )
        write_cover(cover_sheet, formats, cover, entries)
        _finish_sheet(cover_sheet, cover, landscape=False)
        mark_sheet = book.add_worksheet(MARK_SHEET)
        for row, pair in enumerate([("key", "value"), *asdict(mark).items()]):
            for column, text in enumerate(pair):
                mark_sheet.write_string(row, column, text)
        mark_sheet.protect("", _PERMISSIONS)
        mark_sheet.very_hidden()
    return buffer.getvalue()


def sheet_names(names: Iterable[str]) -> list[str]:
    r"""Return unique sheet names without the characters that a workbook forbids.

    Examples
    --------
    >>> sheet_names(["平台/载体", "平台载体", "填报说明", "'"])
    ['平台载体', '平台载体2', '填报说明2', '领域']
    """
    taken = {COVER_SHEET, MARK_SHEET.lower(), "history"}
    unique_names = []
    for name in names:
        base = truncate(_FORBIDDEN_CHARACTERS.sub("", name).strip(" '"), 31) or "领域"
        number, unique = 1, base
        while unique.lower() in taken:
            number += 1
            unique = f"{truncate(base, 31 - len(str(number)))}{number}"
        taken.add(unique.lower())
        unique_names.append(unique)
    return unique_names


def _write_sheet(
    sheet: Any,
    formats: Formats,
    cover: Cover,
    name: str,
    columns: Sequence[Column],
    lines: Sequence[FormLine],
) -> None:
    at = cover.at
    sample = "（示例数据）" if cover.sample else ""
    indicator_column = next(i for i, c in enumerate(columns) if c.title == "指标")
    sheet.set_row(0, 28)
    sheet.write_string(0, 1, f"{cover.unit}　{at.label}　{name}{sample}", formats["title"])
    sheet.set_row(_HEADER_ROW, 30)
    for number, column in enumerate(columns):
        hidden = {"hidden": True} if column.title == "标识" else {}
        sheet.set_column(number, number, column.width, None, hidden)
        sheet.write_string(_HEADER_ROW, number, column.title, formats["header"])
    for row, line in enumerate(lines, _HEADER_ROW + 1):
        texts = []
        for number, column in enumerate(columns):
            is_level = line.level and number == indicator_column
            style = "part" if is_level else column.style
            if text := column.text(line) if column.text else "":
                sheet.write_string(row, number, text, formats[style])
            else:
                sheet.write_blank(row, number, None, formats[style])
            if number:
                texts.append((text, column.width, style))
        sheet.set_row(row, row_height(*texts))
    _add_checks(sheet, at, columns, lines)
    sheet.freeze_panes(_HEADER_ROW + 1, indicator_column + 1)
    sheet.repeat_rows(0, _HEADER_ROW)
    _finish_sheet(sheet, cover, landscape=True)


def _add_checks(
    sheet: Any, at: Checkpoint, columns: Sequence[Column], lines: Sequence[FormLine]
) -> None:
    """Add data validation: per indicator where it depends on it, else for the whole column."""
    from xlsxwriter.utility import xl_rowcol_to_cell

    column_of = {column.title: number for number, column in enumerate(columns)}
    start = _HEADER_ROW + 1
    end = start + len(lines) - 1

    def add(title: str, first: int, last: int, check: Callable[[str], dict[str, Any]]) -> None:
        column = column_of[title]
        options = check(xl_rowcol_to_cell(first, column))
        sheet.data_validation(first, column, last, column, options)

    row = start
    for _, group in groupby(lines, key=lambda line: line.indicator["id"]):
        rows = list(group)
        last, indicator = row + len(rows) - 1, rows[0].indicator
        add("本期数", row, last, partial(value_check, indicator, at))
        add("公布增速", row, last, partial(growth_check, indicator))
        row = last + 1
    add("增速口径", start, end, basis_check)
    add("数据级别", start, end, grade_check)
    add("截止日期", start, end, partial(date_check, at))


def _finish_sheet(sheet: Any, cover: Cover, *, landscape: bool) -> None:
    """Protect a sheet and set it up for printing."""
    sheet.protect("", _PERMISSIONS)
    sheet.hide_gridlines(2)
    sheet.set_paper(9)  # A4
    if landscape:
        sheet.set_landscape()
    sheet.fit_to_pages(1, 0 if landscape else 1)
    sheet.center_horizontally()
    sheet.set_margins(left=0.4, right=0.4, top=0.8, bottom=0.7)
    sample = "（示例数据）" if cover.sample else ""
    # In headers, & starts a format code.
    title = truncate(f"{cover.dataset}　{cover.at.label}科技统计数据填报表", 100).replace("&", "&&")
    sheet.set_header(f"&L{title}&R{truncate(cover.unit, 60).replace('&', '&&')}{sample}")
    sheet.set_footer("&C第&P页，共&N页")
