"""Tables of district × indicator: by status as a heat table, and figures with growth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from kejistats.brief.fragments import Fragment, render
from kejistats.brief.overview_data import OverviewData, Unit
from kejistats.brief.sentences import listed
from kejistats.brief.view import View
from kejistats.model.numbers import percent, signed
from kejistats.model.tables.metric import PROGRESS

Cell = dict[str, str]
# Marks of a bound where there is little room.
BOUND_MARKS = {"about": "约", "at_least": "≥", "more_than": ">", "at_most": "≤", "less_than": "<"}

_UNKNOWN = {"masked": "※", "missing": "×"}


def cell(text: str, small: str = "", code: str = "") -> Cell:
    """Return one cell: its text, what stands small below it, and the class of its status."""
    return {"text": text, "small": small, "code": code}


NONE = cell("—")


def row(name: str, cells: Sequence[Cell], href: str = "") -> dict[str, Any]:
    """Return one row of a table: who it is of, the page of that, and its cells."""
    return {"name": name, "href": href, "cells": cells}


def matrix(
    caption: str,
    columns: Sequence[str | tuple[str, str]],
    groups: dict[str, list[dict[str, Any]]],
    *,
    remarks: Sequence[str] = (),
    foot: dict[str, Any] | None = None,
    kind: str = "matrix",
    first: str = "地区",
    texts: Sequence[int] = (),
) -> Fragment:
    """Return a table of rows and columns; empty without either.

    Parameters
    ----------
    caption
        What it shows.
    columns
        Names, or names with what stands small below them.
    groups
        Rows by the name of their group, which is empty where there is but one.
    remarks
        What is to be said below.
    foot
        One more row, of sums.
    kind
        Class of the table.
    first
        Head of the first column.
    texts
        Places of the columns that hold words, not numbers.
    """
    if not columns or not any(groups.values()):
        return Fragment("")
    heads = [(name, "") if isinstance(name, str) else name for name in columns]
    html = render(
        "matrix.html",
        caption=caption,
        columns=[
            {"name": name, "small": small, "n": n not in texts}
            for n, (name, small) in enumerate(heads)
        ],
        groups=groups,
        remarks=remarks,
        foot=foot,
        kind=kind,
        first=first,
    )
    lines = [
        f"{one['name']} " + " ".join(f"{c['text']}{c['small']}" for c in one["cells"])
        for some in groups.values()
        for one in some
    ]
    return Fragment(html, "\n".join([*lines, *remarks]))


def by_district(
    city: OverviewData, columns: list[View], shown: Callable[[View], Cell]
) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of a table of district × indicator, in the order of the districts."""

    def cells(unit: Unit) -> list[Cell]:
        found = [city.view(unit["code"], column.id) for column in columns]
        return [shown(view) if view else NONE for view in found]

    return {"": [row(u["name"], cells(u), city.href(u)) for u in city.units]}


def heat(city: OverviewData) -> Fragment:
    """Return district × main indicator by status; empty where no target is judged.

    The last row counts the districts that reach their target, of those judged.
    """
    columns = city.judged
    counted = [[city.view(u["code"], c.id) for u in city.counted] for c in columns]
    counts = [[v for v in some if v and v.assessed] for some in counted]
    return matrix(
        city.say("heat"),
        [c.short for c in columns],
        by_district(city, columns, _status),
        remarks=[_legend(city, columns), city.say("heat_numbers")],
        foot=row(
            city.say("heat_foot"),
            [cell(str(sum(v.reached for v in some)), f"/{len(some)}") for some in counts],
        ),
        kind="heat",
    )


def _status(view: View) -> Cell:
    if not view.assessed:
        return cell(_mark(view))
    return cell(view.mark, _number(view), view["progress"])


def _mark(view: View) -> str:
    """Return the mark of a status; masked and missing are told apart without a word."""
    return view.mark if view.assessed else _UNKNOWN.get(view["status"], view.mark)


def _number(view: View) -> str:
    """Print the rate of completion, or the difference where there is none, without its unit."""
    if view["attainment"] is not None:
        # A number as whole as the cell is narrow; the brief of the district has its decimal.
        rate = percent(view["attainment"], 0, below=1).removesuffix("%")
        return f"{BOUND_MARKS.get(view['bound'], '')}{rate}"
    text = view.pace_number().removesuffix("点")
    if text == "—":
        # Without a pace: what the target is short of or exceeded by; a ceiling the other way.
        over, under = view["surplus"], view["gap"]
        if view["target_kind"] == "ceiling":
            over, under = under, over
        apart = over if over is not None else -under if under is not None else 0
        text = signed(apart, view.indicator["decimals"])
    just_under = view.not_reached and not any(digit in text for digit in "123456789")
    return view.say("overview", "just_under") if just_under else text


def _legend(city: OverviewData, columns: list[View]) -> str:
    """Give each mark of the table its words, the best first."""
    shown = [v for c in columns for v in city.column(c.id)]
    by_mark: dict[str, list[str]] = {}
    for view in sorted(shown, key=lambda v: PROGRESS.index(v["progress"])):
        words = by_mark.setdefault(_mark(view), [])
        word = status_word(view)
        if word not in words:
            words.append(word)
    return "；".join(f"{mark} {listed(words)}" for mark, words in by_mark.items()) + "。"


def status_word(view: View) -> str:
    """Return the word of a status; at the year's end one that tells ▼ and ■ apart."""
    if view.status_key == "december_behind":
        return view.say("overview", "far_status", word=view.status)
    return view.status


def figures(city: OverviewData) -> Fragment:
    """Return district × main indicator: figure and growth."""

    def shown(view: View) -> Cell:
        growth = view.growth_number() if view.reported else "—"
        return cell(view.figure(trim=False), "" if growth == "—" else growth)

    columns = [c.short for c in city.headline]
    return matrix(city.say("figures"), columns, by_district(city, city.headline, shown))
