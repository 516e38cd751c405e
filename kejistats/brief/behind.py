"""Who is behind on what, district by district, with the distance that is missing."""

from __future__ import annotations

from kejistats.brief.fragments import Fragment, render
from kejistats.brief.highlights import severity
from kejistats.brief.matrices import status_word
from kejistats.brief.overview_data import OverviewData
from kejistats.brief.sentences import listed
from kejistats.brief.view import View

# What a figure may be at least, its shortage may be at most.
_TURNED = {"at_least": "at_most", "more_than": "less_than",
           "at_most": "at_least", "less_than": "more_than"}  # fmt: skip


def behind(city: OverviewData) -> Fragment:
    """Return the main indicators that districts do not reach; empty where none is judged.

    Districts with the most such indicators come first, equal ones in their own order; within a
    district the worst status comes first.
    """
    found = []
    clear = []
    for unit in city.units:
        judged = [v for v in city.main(unit["code"]) if v.assessed]
        missed = sorted((v for v in judged if v.not_reached), key=severity)
        if missed:
            found.append((unit, missed))
        elif judged:
            clear.append(unit["name"])
    if not found and not clear:
        return Fragment("")
    found.sort(key=lambda pair: -len(pair[1]))
    rows = [
        {"name": u["name"], "href": city.href(u), "count": len(some), "groups": _groups(some)}
        for u, some in found
    ]
    remarks = [city.say("behind_clear", names=listed(clear))] if clear else []
    caption = city.say("behind_december" if city.checkpoint.month == 12 else "behind")
    html = render("behind.html", caption=caption, rows=rows, remarks=remarks)
    lines = [
        f"{u['name']}{len(some)}项：" + "；".join(f"{g['word']}{g['names']}" for g in _groups(some))
        for u, some in found
    ]
    return Fragment(html, "\n".join([*lines, *remarks]))


def _groups(missed: list[View]) -> list[dict[str, str]]:
    """Return the indicators by status, each with what is missing."""
    by_status: dict[tuple[str, str, str], list[str]] = {}
    for view in missed:
        gap = shortage(view)
        name = f"{view.short}（{gap}）" if gap else view.short
        by_status.setdefault((view["progress"], view.mark, status_word(view)), []).append(name)
    return [
        {"code": code, "mark": mark, "word": word, "names": listed(names)}
        for (code, mark, word), names in by_status.items()
    ]


def shortage(view: View) -> str:
    """Say how far an indicator is from its pace, at the year's end from its target.

    Of a growth target it is the difference in points, of a ceiling what lies above it.
    """
    found = _shortage(view)
    zero = not any(digit in found for digit in "123456789")
    return view.say("overview", "just_under") if found and zero else found


def _shortage(view: View) -> str:
    kind = view["target_kind"]
    if kind == "growth":
        return view.say("overview", "gap_growth", d=view.pace_number())
    if kind == "ceiling":
        over = view["gap"]
        return view.say("overview", "gap_over", g=view.distance(over)) if over is not None else ""
    if view.final or view["pace_gap"] is None:
        if view["gap"] is None:
            return ""
        gap = view.say("bound", view["gap_bound"] or "exact", A=view.distance(view["gap"]))
        return view.say("overview", "gap", g=gap)
    bound = view["pace_bound"] or "exact"
    due = view.say("bound", _TURNED.get(bound, bound), A=view.distance(view["pace_gap"]))
    return view.say("overview", "gap_due", g=due)
