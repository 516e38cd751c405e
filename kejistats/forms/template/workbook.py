"""One fill-in workbook as bytes: cover, a sheet per domain, and the hidden mark."""

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
    fitting,
    grade_check,
    growth_check,
    value_check,
)
from kejistats.forms.template.cover import Cover, write_cover
from kejistats.forms.template.formats import Formats, height
from kejistats.forms.template.lines import Line, release_month
from kejistats.model.period import Checkpoint
from kejistats.reading.form_mark import COVER_SHEET, MARK_SHEET, Mark

_HEAD = 1  # row of the header, below the title
_FORBIDDEN = re.compile(r"[\[\]:*?/\\\x00-\x1f\x7f]")
_MAY = {"format_columns": True, "select_locked_cells": True, "select_unlocked_cells": True}
_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}


@dataclass(frozen=True)
class Column:
    """One column of a domain's sheet.

    Parameters
    ----------
    title
        As `kejistats.reading.form_mark` knows it.
    width
        In characters.
    style
        Name of its format.
    text
        What it shows; None where the district writes.
    """

    title: str
    width: float
    style: str
    text: Callable[[Line], str] | None = None


def _columns(cover: Cover, *, with_place: bool) -> list[Column]:
    def meaning(line: Line) -> str:
        if line.level:
            return ""
        release = release_month(line.indicator, cover.at)
        late = f"（{release.year}年{release.month}月后补报）"
        return str(line.indicator["definition"]) + (late if release > cover.due else "")

    place = [Column("地区", 12, "text", lambda line: line.place)] if with_place else []
    return [
        Column("标识", 12, "text", lambda line: str(line.indicator["id"])),
        *place,
        Column("指标", 26, "text", _name),
        Column("级别", 6, "middle", lambda line: line.level),
        Column("单位", 8, "middle", lambda line: str(line.indicator["unit"])),
        Column("定义", 36, "small", meaning),
        Column("上年同期", 14, "right", lambda line: line.last_year),
        Column("年度目标", 18, "right", lambda line: line.target),
        Column("本期数", 13, "number"),
        Column("公布增速", 9, "number"),
        Column("增速口径", 9, "pick"),
        Column("数据级别", 9, "pick"),
        Column("截止日期", 12, "day"),
        Column("备注", 16, "remark"),
    ]


def _name(line: Line) -> str:
    return f"其中：{line.level}级" if line.level else str(line.indicator["name"])


def make_book(cover: Cover, mark: Mark, lines: Sequence[Line]) -> bytes:
    """Return the workbook; the same input gives the same bytes.

    Parameters
    ----------
    cover
        What the cover says.
    mark
        What the hidden sheet says; without a district the rows say themselves whose they are.
    lines
        The rows, ordered by indicator.
    """
    import xlsxwriter

    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, _OPTIONS) as book:
        book.set_properties(
            # The checkpoint's own day, so that the bytes depend on no clock.
            {
                "title": f"{cover.at.label}科技统计数据填报表",
                "created": datetime.combine(cover.at.end, time()),
            }
        )
        formats = Formats(book)
        first = book.add_worksheet(COVER_SHEET)
        columns = _columns(cover, with_place=not mark.district)
        domains: dict[str, list[Line]] = defaultdict(list)
        for line in lines:
            domains[line.indicator["domain"]].append(line)
        names = sheet_names(found[0].indicator["domain_name"] for found in domains.values())
        entries = []
        for name, found in zip(names, domains.values(), strict=True):
            _write_sheet(book.add_worksheet(name), formats, cover, name, columns, found)
            entries.append((name, len({line.indicator["id"] for line in found}), len(found)))
        write_cover(first, formats, cover, entries)
        _finish(first, cover, landscape=False)
        hidden = book.add_worksheet(MARK_SHEET)
        for row, pair in enumerate([("key", "value"), *asdict(mark).items()]):
            for column, text in enumerate(pair):
                hidden.write_string(row, column, text)
        hidden.protect("", _MAY)
        hidden.very_hidden()
    return buffer.getvalue()


def sheet_names(names: Iterable[str]) -> list[str]:
    r"""Return names that a workbook allows, each once.

    Examples
    --------
    >>> sheet_names(["平台/载体", "平台载体", "填报说明", "'"])
    ['平台载体', '平台载体2', '填报说明2', '领域']
    """
    taken = {COVER_SHEET, MARK_SHEET.lower(), "history"}
    found = []
    for name in names:
        clean = fitting(_FORBIDDEN.sub("", name).strip(" '"), 31) or "领域"
        number, unique = 1, clean
        while unique.lower() in taken:
            number += 1
            unique = f"{fitting(clean, 31 - len(str(number)))}{number}"
        taken.add(unique.lower())
        found.append(unique)
    return found


def _write_sheet(
    sheet: Any,
    formats: Formats,
    cover: Cover,
    name: str,
    columns: Sequence[Column],
    lines: Sequence[Line],
) -> None:
    at = cover.at
    sample = "（示例数据）" if cover.sample else ""
    indicator_column = next(i for i, c in enumerate(columns) if c.title == "指标")
    sheet.set_row(0, 28)
    sheet.write_string(0, 1, f"{cover.who}　{at.label}　{name}{sample}", formats["title"])
    sheet.set_row(_HEAD, 30)
    for number, column in enumerate(columns):
        hidden = {"hidden": True} if column.title == "标识" else {}
        sheet.set_column(number, number, column.width, None, hidden)
        sheet.write_string(_HEAD, number, column.title, formats["header"])
    for row, line in enumerate(lines, _HEAD + 1):
        shown = []
        for number, column in enumerate(columns):
            part = line.level and number == indicator_column
            style = "part" if part else column.style
            if text := column.text(line) if column.text else "":
                sheet.write_string(row, number, text, formats[style])
            else:
                sheet.write_blank(row, number, None, formats[style])
            if number:
                shown.append((text, column.width, style))
        sheet.set_row(row, height(*shown))
    _validate(sheet, at, columns, lines)
    sheet.freeze_panes(_HEAD + 1, indicator_column + 1)
    sheet.repeat_rows(0, _HEAD)
    _finish(sheet, cover, landscape=True)


def _validate(sheet: Any, at: Checkpoint, columns: Sequence[Column], lines: Sequence[Line]) -> None:
    """Add the checks: by indicator where they depend on it, else one for the whole column."""
    from xlsxwriter.utility import xl_rowcol_to_cell

    place = {column.title: number for number, column in enumerate(columns)}
    start = _HEAD + 1
    end = start + len(lines) - 1

    def add(title: str, first: int, last: int, check: Callable[[str], dict[str, Any]]) -> None:
        column = place[title]
        options = check(xl_rowcol_to_cell(first, column))
        sheet.data_validation(first, column, last, column, options)

    row = start
    for _, group in groupby(lines, key=lambda line: line.indicator["id"]):
        found = list(group)
        last, indicator = row + len(found) - 1, found[0].indicator
        add("本期数", row, last, partial(value_check, indicator, at))
        add("公布增速", row, last, partial(growth_check, indicator))
        row = last + 1
    add("增速口径", start, end, basis_check)
    add("数据级别", start, end, grade_check)
    add("截止日期", start, end, partial(date_check, at))


def _finish(sheet: Any, cover: Cover, *, landscape: bool) -> None:
    """Lock a sheet and set it up for print."""
    sheet.protect("", _MAY)
    sheet.hide_gridlines(2)
    sheet.set_paper(9)  # A4
    if landscape:
        sheet.set_landscape()
    sheet.fit_to_pages(1, 0 if landscape else 1)
    sheet.center_horizontally()
    sheet.set_margins(left=0.4, right=0.4, top=0.8, bottom=0.7)
    sample = "（示例数据）" if cover.sample else ""
    # In headers & begins a code.
    title = fitting(f"{cover.dataset}　{cover.at.label}科技统计数据填报表", 100).replace("&", "&&")
    sheet.set_header(f"&L{title}&R{fitting(cover.who, 60).replace('&', '&&')}{sample}")
    sheet.set_footer("&C第&P页，共&N页")
