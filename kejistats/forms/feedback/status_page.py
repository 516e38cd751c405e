"""The reporting status as an HTML page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from kejistats.forms.feedback.findings_page import group_by_sheet
from kejistats.forms.feedback.listing import finding_lines
from kejistats.forms.feedback.page_frame import render_page
from kejistats.forms.feedback.visible_text import make_visible
from kejistats.model.period import format_date
from kejistats.status import STATES, Status

_MAX_LISTED, _MAX_NAMES = 500, 20
# Colours of the briefs' progress codes, from their style sheet.
_COLOURS = {
    "overdue": "behind",
    "overdue_part": "behind",
    "waiting": "not_due",
    "partial": "slow",
    "late": "slow",
    "complete": "on_pace",
}


def conclusion(status: Status) -> str:
    """State in one sentence how many units have reported, and how many figures.

    Parameters
    ----------
    status
        From `kejistats.status.reporting_status`.
    """
    units, states = status.districts, status.districts["state"].to_list()
    if units.is_empty():
        return "本期没有应报单位。"
    parts = [f"{word}{n}个" for code, word in STATES.items() if (n := states.count(code))]
    expected, received = units["expected"].sum(), status.coverage["in_hand"].sum()
    return f"应报单位{units.height}个：{'，'.join(parts)}；应报指标{expected}项次，已报{received}项次。"


def overdue_units(status: Status) -> list[tuple[str, str]]:
    """Return the name of each overdue unit and, as text, the indicators it has not reported."""
    not_reported = pl.col("state").is_in(["blank", "absent"])
    overdue = status.cells.filter(not_reported, pl.col("due") < status.today)
    units = []
    for unit in status.districts.filter(pl.col("overdue") > 0).iter_rows(named=True):
        names = overdue.filter(pl.col("district") == unit["district"])["indicator_name"].to_list()
        suffix = f"等{len(names)}项" if len(names) > _MAX_NAMES else ""
        all_missing = len(names) == unit["expected"]
        units.append(
            (
                unit["name"],
                f"全部{len(names)}项" if all_missing else "、".join(names[:_MAX_NAMES]) + suffix,
            )
        )
    return units


def coverage_matrix(
    status: Status,
) -> tuple[list[str], list[tuple[str, list[tuple[int, int] | None]]]]:
    """Return the domain names and, per unit, the figures received and expected in each domain."""
    domains = dict(status.coverage.select("domain", "domain_name").unique().iter_rows())
    order = status.cells["domain"].unique(maintain_order=True).to_list()
    counts = {
        (district, domain): (n, m)
        for district, domain, n, m in status.coverage.select(
            "district", "domain", "in_hand", "expected"
        ).iter_rows()
    }
    rows = [
        (name, [counts.get((code, domain)) for domain in order])
        for code, name in status.districts.select("district", "name").iter_rows()
    ]
    return [domains[domain] for domain in order], rows


def status_page(
    title: str, status: Status, *, sample: bool, names: Mapping[str, str] | None = None
) -> str:
    """Return the reporting status as one self-contained HTML page, in Chinese.

    Parameters
    ----------
    title
        Name of the data set.
    status
        From `kejistats.status.reporting_status`.
    sample
        Whether the data are sample data: the page then says 示例数据.
    names
        Names of districts and indicators by code and id; see `display_names`.
    """
    domains, rows = coverage_matrix(status)
    return render_page(
        "status.html.j2",
        title=f"{make_visible(title)}{status.checkpoint.label}报送情况",
        sample=sample,
        meta=f"截至{format_date(status.today)}　应报日期：{format_date(status.due)}",
        conclusion=conclusion(status),
        units=[_unit_row(row) for row in status.districts.iter_rows(named=True)],
        missing=overdue_units(status),
        domains=domains,
        rows=rows,
        sheets=group_by_sheet(finding_lines(status.findings.head(_MAX_LISTED), names)),
        rest=max(0, status.findings.height - _MAX_LISTED),
        total=status.findings.height,
    )


def _unit_row(row: dict[str, Any]) -> dict[str, Any]:
    """Add the texts and colours of a unit's line in the table."""
    received = sum(row[state] for state in ("reported", "masked", "not_applicable"))
    return row | {
        "word": STATES[row["state"]],
        "colour": _COLOURS[row["state"]],
        "late": f"{row['days']}天" if row["days"] else "",
        "held": received,
        "first_day": format_date(row["first_day"]) if row["first_day"] else "",
        "last_day": format_date(row["last_day"]) if row["last_day"] else "",
    }
