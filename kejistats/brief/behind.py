"""The main indicators each district does not reach, and by how much they fall short."""

from __future__ import annotations

from kejistats.brief.fragments import Fragment, render
from kejistats.brief.highlights import severity
from kejistats.brief.matrices import status_word
from kejistats.brief.overview_data import OverviewData
from kejistats.brief.sentences import join_names
from kejistats.brief.view import View

# Where a figure is at least so much, what it falls short by is at most so much.
_OPPOSITE_BOUND = {"at_least": "at_most", "more_than": "less_than",
           "at_most": "at_least", "less_than": "more_than"}  # fmt: skip


def behind_table(data: OverviewData) -> Fragment:
    """Return a table of the main indicators that districts miss; empty where none is judged.

    Districts that miss most come first, those with equal numbers in the order of the data set;
    within a district the worst status comes first.
    """
    behind = []
    clear = []
    for unit in data.units:
        judged = [v for v in data.main_indicators(unit["code"]) if v.assessed]
        missed = sorted((v for v in judged if v.not_reached), key=severity)
        if missed:
            behind.append((unit, missed))
        elif judged:
            clear.append(unit["name"])
    if not behind and not clear:
        return Fragment("")
    behind.sort(key=lambda pair: -len(pair[1]))
    rows = [
        {
            "name": u["name"],
            "href": data.href(u),
            "count": len(missed),
            "groups": _by_status(missed),
        }
        for u, missed in behind
    ]
    remarks = [data.say("behind_clear", names=join_names(clear))] if clear else []
    caption = data.say("behind_december" if data.checkpoint.month == 12 else "behind")
    html = render("behind.html", caption=caption, rows=rows, remarks=remarks)
    lines = [
        f"{u['name']}{len(missed)}项："
        + "；".join(f"{g['word']}{g['names']}" for g in _by_status(missed))
        for u, missed in behind
    ]
    return Fragment(html, "\n".join([*lines, *remarks]))


def _by_status(missed: list[View]) -> list[dict[str, str]]:
    """Group the indicators by status, each with its gap."""
    by_status: dict[tuple[str, str, str], list[str]] = {}
    for view in missed:
        gap = gap_text(view)
        name = f"{view.short}（{gap}）" if gap else view.short
        by_status.setdefault((view["progress"], view.mark, status_word(view)), []).append(name)
    return [
        {"code": code, "mark": mark, "word": word, "names": join_names(names)}
        for (code, mark, word), names in by_status.items()
    ]


def gap_text(view: View) -> str:
    """Say how far an indicator is from its pace, at the year's end from its target.

    For a growth target this is the difference in points, for a ceiling the excess over it.
    """
    text = _gap_text(view)
    zero = not any(digit in text for digit in "123456789")
    return view.say("overview", "just_under") if text and zero else text


def _gap_text(view: View) -> str:
    kind = view["target_kind"]
    if kind == "growth":
        return view.say("overview", "gap_growth", d=view.pace_number())
    if kind == "ceiling":
        over = view["gap"]
        return view.say("overview", "gap_over", g=view.distance(over)) if over is not None else ""
    if view.target_period_over or view["pace_gap"] is None:
        if view["gap"] is None:
            return ""
        gap = view.say("bound", view["gap_bound"] or "exact", A=view.distance(view["gap"]))
        return view.say("overview", "gap", g=gap)
    bound = view["pace_bound"] or "exact"
    due = view.say("bound", _OPPOSITE_BOUND.get(bound, bound), A=view.distance(view["pace_gap"]))
    return view.say("overview", "gap_due", g=due)
