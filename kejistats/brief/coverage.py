"""Coverage of reporting: how much of what is expected each district has reported."""

from __future__ import annotations

from typing import Any

from kejistats.brief.fragments import Fragment, render
from kejistats.brief.overview_data import OverviewData
from kejistats.brief.sentences import join_names
from kejistats.model.numbers import format_percent

# Up to so many names are all shown; of a longer list only the first.
_MAX_NAMES = 8
_SHOWN_NAMES = 3


def coverage_table(data: OverviewData) -> Fragment:
    """Return a table of what each district reported of what is expected; empty without districts.

    Masked and not applicable (无此项) count as reported, a blank does not, as in
    ``kejistats status``. Only districts with missing or masked figures have a row.
    """
    if not data.units:
        return Fragment("")
    counts = [(unit, *_reporting_counts(data, unit["code"])) for unit in data.units]
    rows: list[dict[str, Any]] = [
        {
            "name": unit["name"],
            "expected": expected,
            "given": expected - len(late),
            "masked": masked,
            "late": len(late),
            "first": join_names(late[:_SHOWN_NAMES])
            if len(late) > _MAX_NAMES
            else join_names(late),
            "all": join_names(late) if len(late) > _MAX_NAMES else "",
        }
        for unit, expected, masked, late in counts
        if late or masked
    ]
    texts = [
        f"{unit['name']}已报{expected - len(late)}/{expected}项"
        f"（{format_percent(1 - len(late) / expected, 0, below=1)}），未报送：{_short(late)}。"
        for unit, expected, _, late in counts
        if late
    ]
    remark = ""
    if not texts:
        remark = data.say("all_given")
    elif len(rows) < len(counts):
        remark = data.say("others_given", n=len(counts) - len(rows))
    html = render(
        "coverage.html",
        caption=data.say("coverage_caption"),
        rows=rows,
        remark=remark,
        masked=any(row["masked"] for row in rows),
    )
    return Fragment(html, "\n".join(texts or [remark]))


def _short(names: list[str]) -> str:
    return join_names(names[:_MAX_NAMES]) + (f"等{len(names)}项" if len(names) > _MAX_NAMES else "")


def _reporting_counts(data: OverviewData, code: str) -> tuple[int, int, list[str]]:
    """Return how many figures are expected, how many are masked, and the names of missing ones."""
    rows = [v for v in data.rows[code] if v["status"] != "missing" or v["progress"] != "not_due"]
    late = [v.short for v in rows if v["status"] == "missing"]
    # What was reported a year ago but has neither a figure nor a target now has no Metric row.
    names = {row["id"]: row["short"] for row in data.bundle.content["indicators"]}
    absent = [
        names[row["indicator"]]
        for row in data.bundle.content.get("absent", [])
        if row["district"] == code
    ]
    masked = sum(v["status"] == "masked" for v in rows)
    return len(rows) + len(absent), masked, [*late, *absent]
