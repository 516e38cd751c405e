"""Coverage of reporting: what each district was to report, has reported, and still lacks."""

from __future__ import annotations

from typing import Any

from kejistats.brief.fragments import Fragment, render
from kejistats.brief.overview_data import OverviewData
from kejistats.brief.sentences import listed
from kejistats.model.numbers import percent

# So many names stand open; more are folded.
_OPEN = 8
_FIRST = 3


def coverage(city: OverviewData) -> Fragment:
    """Return how much of what was expected each district reported; empty without districts.

    A masked figure and 无此项 count as reported, a blank does not, as in ``kejistats status``.
    Only districts that lack or mask something have a row.
    """
    if not city.units:
        return Fragment("")
    found = [(unit, *_counted(city, unit["code"])) for unit in city.units]
    rows: list[dict[str, Any]] = [
        {
            "name": unit["name"],
            "expected": expected,
            "given": expected - len(late),
            "masked": masked,
            "late": len(late),
            "first": listed(late[:_FIRST]) if len(late) > _OPEN else listed(late),
            "all": listed(late) if len(late) > _OPEN else "",
        }
        for unit, expected, masked, late in found
        if late or masked
    ]
    texts = [
        f"{unit['name']}已报{expected - len(late)}/{expected}项"
        f"（{percent(1 - len(late) / expected, 0, below=1)}），未报送：{_short(late)}。"
        for unit, expected, _, late in found
        if late
    ]
    remark = ""
    if not texts:
        remark = city.say("all_given")
    elif len(rows) < len(found):
        remark = city.say("others_given", n=len(found) - len(rows))
    html = render(
        "coverage.html",
        caption=city.say("coverage_caption"),
        rows=rows,
        remark=remark,
        masked=any(row["masked"] for row in rows),
    )
    return Fragment(html, "\n".join(texts or [remark]))


def _short(names: list[str]) -> str:
    return listed(names[:_OPEN]) + (f"等{len(names)}项" if len(names) > _OPEN else "")


def _counted(city: OverviewData, code: str) -> tuple[int, int, list[str]]:
    """Return how many figures were expected and masked, and the names of those not given."""
    rows = [v for v in city.rows[code] if v["status"] != "missing" or v["progress"] != "not_due"]
    late = [v.short for v in rows if v["status"] == "missing"]
    # Of what a district reported a year ago and neither reports nor aims at now, there is no row.
    names = {row["id"]: row["short"] for row in city.bundle.content["indicators"]}
    absent = [
        names[row["indicator"]]
        for row in city.bundle.content.get("absent", [])
        if row["district"] == code
    ]
    masked = sum(v["status"] == "masked" for v in rows)
    return len(rows) + len(absent), masked, [*late, *absent]
