"""The state of reporting as one page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from kejistats.forms.feedback.findings_page import by_sheet
from kejistats.forms.feedback.listing import lines
from kejistats.forms.feedback.page_frame import render
from kejistats.forms.feedback.visible_text import visible
from kejistats.model.period import in_words
from kejistats.status import STATES, Status

_LISTED, _NAMES = 500, 20
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
    """Return in one sentence how many units stand where.

    Parameters
    ----------
    status
        From `kejistats.status.reporting_status`.
    """
    units, states = status.districts, status.districts["state"].to_list()
    if units.is_empty():
        return "本期没有应报单位。"
    parts = [f"{word}{n}个" for code, word in STATES.items() if (n := states.count(code))]
    wanted, held = units["expected"].sum(), status.coverage["in_hand"].sum()
    return f"应报单位{units.height}个：{'，'.join(parts)}；应报指标{wanted}项次，已报{held}项次。"


def missing(status: Status) -> list[tuple[str, str]]:
    """Return the name of each late unit and what it has not reported, in words."""
    is_out = pl.col("state").is_in(["blank", "absent"])
    past = status.cells.filter(is_out, pl.col("due") < status.today)
    found = []
    for unit in status.districts.filter(pl.col("overdue") > 0).iter_rows(named=True):
        names = past.filter(pl.col("district") == unit["district"])["indicator_name"].to_list()
        more = f"等{len(names)}项" if len(names) > _NAMES else ""
        every = len(names) == unit["expected"]
        found.append(
            (unit["name"], f"全部{len(names)}项" if every else "、".join(names[:_NAMES]) + more)
        )
    return found


def matrix(status: Status) -> tuple[list[str], list[tuple[str, list[tuple[int, int] | None]]]]:
    """Return the domains, and per unit each domain's figures in hand and expected."""
    domains = dict(status.coverage.select("domain", "domain_name").unique().iter_rows())
    order = status.cells["domain"].unique(maintain_order=True).to_list()
    held = {
        (district, domain): (n, m)
        for district, domain, n, m in status.coverage.select(
            "district", "domain", "in_hand", "expected"
        ).iter_rows()
    }
    rows = [
        (name, [held.get((code, domain)) for domain in order])
        for code, name in status.districts.select("district", "name").iter_rows()
    ]
    return [domains[domain] for domain in order], rows


def status_page(
    title: str, status: Status, *, sample: bool, names: Mapping[str, str] | None = None
) -> str:
    """Return the state of reporting as one self-contained HTML page, in Chinese.

    Parameters
    ----------
    title
        Name of the data set.
    status
        From `kejistats.status.reporting_status`.
    sample
        Whether the data are made: the page then says 示例数据.
    names
        Names of districts and indicators by code and id; see `names_of`.
    """
    domains, rows = matrix(status)
    return render(
        "status.html.j2",
        title=f"{visible(title)}{status.checkpoint.label}报送情况",
        sample=sample,
        meta=f"截至{in_words(status.today)}　应报日期：{in_words(status.due)}",
        conclusion=conclusion(status),
        units=[_unit(row) for row in status.districts.iter_rows(named=True)],
        missing=missing(status),
        domains=domains,
        rows=rows,
        sheets=by_sheet(lines(status.findings.head(_LISTED), names)),
        rest=max(0, status.findings.height - _LISTED),
        total=status.findings.height,
    )


def _unit(row: dict[str, Any]) -> dict[str, Any]:
    held = sum(row[state] for state in ("reported", "masked", "not_applicable"))
    return row | {
        "word": STATES[row["state"]],
        "colour": _COLOURS[row["state"]],
        "late": f"{row['days']}天" if row["days"] else "",
        "held": held,
        "first_day": in_words(row["first_day"]) if row["first_day"] else "",
        "last_day": in_words(row["last_day"]) if row["last_day"] else "",
    }
