"""Tables with cells of two lines, and the overview's tables of districts and indicators."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from kejistats.brief.fragments import Fragment, render
from kejistats.brief.overview_data import OverviewData, Unit
from kejistats.brief.sentences import join_names
from kejistats.brief.view import View
from kejistats.model.numbers import format_percent, format_signed
from kejistats.model.tables.metric import PROGRESS

Cell = dict[str, str]
# Marks of bounds for narrow cells.
BOUND_MARKS = {"about": "约", "at_least": "≥", "more_than": ">", "at_most": "≤", "less_than": "<"}

_UNKNOWN = {"masked": "※", "missing": "×"}


def cell(text: str, small: str = "", code: str = "") -> Cell:
    """Return a cell: its text, a small second line, and the CSS class of its status."""
    return {"text": text, "small": small, "code": code}


EMPTY = cell("—")


def row(name: str, cells: Sequence[Cell], href: str = "") -> dict[str, Any]:
    """Return a row: the name in its first cell, the link of that name, and the other cells."""
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
    """Render a table; empty without columns or rows.

    Parameters
    ----------
    caption
        The table's caption.
    columns
        Heads of the columns: names, or names with a small second line.
    groups
        Rows by the name of their group; the name is empty if there is only one group.
    remarks
        Lines below the table.
    foot
        A last row, such as of sums.
    kind
        CSS class of the table.
    first
        Head of the first column.
    texts
        Indices of the columns that hold words, not numbers.
    """
    if not columns or not any(groups.values()):
        return Fragment("")
    heads = [(name, "") if isinstance(name, str) else name for name in columns]
    html = render(
        "matrix.html",
        caption=caption,
        columns=[
            {"name": name, "small": small, "n": index not in texts}
            for index, (name, small) in enumerate(heads)
        ],
        groups=groups,
        remarks=remarks,
        foot=foot,
        kind=kind,
        first=first,
    )
    lines = [
        f"{line['name']} " + " ".join(f"{c['text']}{c['small']}" for c in line["cells"])
        for group in groups.values()
        for line in group
    ]
    return Fragment(html, "\n".join([*lines, *remarks]))


def rows_by_district(
    data: OverviewData, columns: list[View], make_cell: Callable[[View], Cell]
) -> dict[str, list[dict[str, Any]]]:
    """Return a row for each district, with a cell of each indicator."""

    def cells(unit: Unit) -> list[Cell]:
        views = [data.view(unit["code"], column.id) for column in columns]
        return [make_cell(view) if view else EMPTY for view in views]

    return {"": [row(u["name"], cells(u), data.href(u)) for u in data.units]}


def heat_table(data: OverviewData) -> Fragment:
    """Return the heat table: the status of each main indicator in each district.

    The last row counts the districts that reach their target, of those judged. Empty where no
    target is judged.
    """
    columns = data.judged_indicators
    tallied = [[data.view(u["code"], c.id) for u in data.tallied_units] for c in columns]
    judged = [[v for v in views if v and v.assessed] for views in tallied]
    return matrix(
        data.say("heat"),
        [c.short for c in columns],
        rows_by_district(data, columns, _status),
        remarks=[_legend(data, columns), data.say("heat_numbers")],
        foot=row(
            data.say("heat_foot"),
            [cell(str(sum(v.reached for v in views)), f"/{len(views)}") for views in judged],
        ),
        kind="heat",
    )


def _status(view: View) -> Cell:
    if not view.assessed:
        return cell(_mark(view))
    return cell(view.mark, _number(view), view["progress"])


def _mark(view: View) -> str:
    """Return the mark of a status; masked and missing have marks of their own."""
    return view.mark if view.assessed else _UNKNOWN.get(view["status"], view.mark)


def _number(view: View) -> str:
    """Print the rate of completion without %, or else the distance to the pace or target."""
    if view["attainment"] is not None:
        # Without decimals, for the narrow cell; the district's brief has one decimal.
        rate = format_percent(view["attainment"], 0, below=1).removesuffix("%")
        return f"{BOUND_MARKS.get(view['bound'], '')}{rate}"
    text = view.pace_number().removesuffix("点")
    if text == "—":
        # Without a pace: the surplus over the target or the gap to it; reversed for a ceiling.
        over, under = view["surplus"], view["gap"]
        if view["target_kind"] == "ceiling":
            over, under = under, over
        distance = over if over is not None else -under if under is not None else 0
        text = format_signed(distance, view.indicator["decimals"])
    just_under = view.not_reached and not any(digit in text for digit in "123456789")
    return view.say("overview", "just_under") if just_under else text


def _legend(data: OverviewData, columns: list[View]) -> str:
    """Explain each mark of the table by its words, the best status first."""
    shown = [v for c in columns for v in data.column(c.id)]
    by_mark: dict[str, list[str]] = {}
    for view in sorted(shown, key=lambda v: PROGRESS.index(v["progress"])):
        words = by_mark.setdefault(_mark(view), [])
        word = status_word(view)
        if word not in words:
            words.append(word)
    return "；".join(f"{mark} {join_names(words)}" for mark, words in by_mark.items()) + "。"


def status_word(view: View) -> str:
    """Return the word of a status; at the year's end ▼ and ■ get different words."""
    if view.status_key == "december_behind":
        return view.say("overview", "far_status", word=view.status)
    return view.status


def figure_table(data: OverviewData) -> Fragment:
    """Return a table of each main indicator's figure and growth in each district."""

    def make_cell(view: View) -> Cell:
        growth = view.growth_number() if view.reported else "—"
        return cell(view.figure(trim=False), "" if growth == "—" else growth)

    columns = [c.short for c in data.headline]
    return matrix(data.say("figures"), columns, rows_by_district(data, data.headline, make_cell))
