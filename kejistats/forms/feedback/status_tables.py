"""The reporting status as tables for the terminal."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from kejistats.forms.feedback.listing import finding_lines
from kejistats.forms.feedback.status_page import conclusion, coverage_matrix, overdue_units
from kejistats.forms.feedback.visible_text import make_visible
from kejistats.model.period import format_date
from kejistats.status import STATES, Status

_MAX_LISTED = 20
_STYLES = {"overdue": "bold red", "overdue_part": "red", "late": "yellow", "complete": "green"}


def status_tables(status: Status, names: Mapping[str, str] | None = None) -> list[RenderableType]:
    """Return the reporting status as texts and tables for ``rich.print``, in order.

    Parameters
    ----------
    status
        From `kejistats.status.reporting_status`.
    names
        Names of districts and indicators by code and id; see `display_names`.
    """
    head = f"{status.checkpoint.label}报送情况　截至{format_date(status.today)}　应报日期：{format_date(status.due)}"
    shown: list[RenderableType] = [Text(head, style="bold"), Text(conclusion(status))]
    shown += [_units_table(status), _coverage_table(status)]
    shown += [Text(f"{name}逾期未报：{names}") for name, names in overdue_units(status)]
    if status.findings.height:
        shown.append(_findings_table(status, names))
    return shown


def _table(title: str, left: int, *columns: str) -> Table:
    """Return a table whose first `left` columns hold text; the others hold numbers."""
    table = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        table.add_column(
            Text(column), justify="left" if number < left else "right", overflow="fold"
        )
    return table


def _units_table(status: Status) -> Table:
    table = _table(
        "各单位报送", 2, "单位", "状态", "逾期天数", "应报", "有数", "未公布", "无此项", "空白",
        "缺行", "错误", "提示", "最近入库",
    )  # fmt: skip
    for row in status.districts.iter_rows(named=True):
        counts = ("days", "expected", "reported", "masked", "not_applicable", "blank", "absent",
                  "errors", "warnings", "last")  # fmt: skip
        table.add_row(
            Text(row["name"]),
            Text(STATES[row["state"]], style=_STYLES.get(row["state"], "")),
            *(Text(str(row[count] or "")) for count in counts),
        )
    return table


def _coverage_table(status: Status) -> Table:
    domains, rows = coverage_matrix(status)
    table = _table("分领域报送（已报/应报）", 1, "单位", *domains)
    for name, cells in rows:
        texts = [
            Text(f"{c[0]}/{c[1]}", style="" if c[0] == c[1] else "red") if c else Text("")
            for c in cells
        ]
        table.add_row(Text(name), *texts)
    return table


def _findings_table(status: Status, names: Mapping[str, str] | None) -> Table:
    lines = finding_lines(status.findings, names)
    more = f"，列前{_MAX_LISTED}处" if len(lines) > _MAX_LISTED else ""
    table = _table(
        f"未处理的问题{len(lines)}处{more}", 5, "级别", "位置", "地区和指标", "问题", "改正要求"
    )
    for line in lines[:_MAX_LISTED]:
        location = make_visible("#".join(part for part in (line.file, line.sheet) if part))
        table.add_row(
            *map(Text, (line.word, f"{location} {line.cell}", line.about, line.wrong, line.right))
        )
    return table
