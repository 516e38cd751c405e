"""The key table: main indicators, then all others by domain, folded where they are many."""

from __future__ import annotations

import re
from typing import Any

from kejistats.brief.fragments import Fragment, render
from kejistats.brief.view import View

# From so many other indicators on, each domain is folded under its name.
FOLDED_FROM = 9


def key_table(main: list[View], others: list[View], caption: str) -> Fragment:
    """Return the key table as a part of the page.

    Parameters
    ----------
    main
        The main indicators, in order; they come first and are never folded.
    others
        All others; a table for each domain.
    caption
        Caption of the first table.
    """
    rows = [*main, *others]
    groups: dict[str, list[View]] = {}
    for view in others:
        groups.setdefault(view.indicator["domain_name"], []).append(view)
    numbers = {view.id: number for number, view in enumerate(rows, 1)}
    tables = [_table(main, numbers, caption)] if main else []
    tables += [_table(some, numbers, name) for name, some in groups.items()]
    html = render("key_table.html", tables=tables, fold=len(others) >= FOLDED_FROM)
    lines = [f"{v.short} {v.figure()} {v.growth_number()} {v.mark}{v.status}" for v in rows]
    return Fragment(html, "\n".join(lines))


def _table(rows: list[View], numbers: dict[str, int], caption: str) -> dict[str, Any]:
    """Return caption, cells, and which columns have anything to show."""
    return {
        "caption": caption,
        "rows": [_cells(view, numbers[view.id]) for view in rows],
        "targets": any(v["target"] is not None for v in rows),
        "ranks": any(v.ranks for v in rows),
        "shares": any(v.share() for v in rows),
        "sections": any(v.section for v in rows),
    }


def _cells(view: View, number: int) -> dict[str, Any]:
    rank = f"{view['rank']}/{view['ranked']}" if view.ranks else "—"
    return {
        "number": number,
        "short": view.short,
        # Where a narrow cell may break it: 预计|46.05亿元, 16.77件/|万人.
        "pieces": re.split(r"(?<=/)|(?<=[^\W\d])(?=\d)", view.figure(trim=False)),
        "growth": view.growth_number(),
        "target": view.target(),
        "attainment": view.attainment() or "—",
        "pace": view.pace_number(),
        "rank": rank,
        "share": view.share() or "—",
        "code": view["progress"],
        "mark": view.mark,
        "status": view.status,
        "section": view.section,
    }
