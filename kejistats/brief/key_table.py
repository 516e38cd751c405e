"""The key table: the main indicators, then all others by domain, folded if they are many."""

from __future__ import annotations

import re
from typing import Any

from kejistats.brief.fragments import Fragment, render
from kejistats.brief.view import View

# With at least so many other indicators, the table of each domain is folded under its name.
FOLDED_FROM = 9


def key_table(main: list[View], others: list[View], caption: str) -> Fragment:
    """Return the key table of a page.

    Parameters
    ----------
    main
        The main indicators in order; their table comes first and is never folded.
    others
        All others; each domain has its own table.
    caption
        Caption of the first table.
    """
    rows = [*main, *others]
    groups: dict[str, list[View]] = {}
    for view in others:
        groups.setdefault(view.indicator["domain_name"], []).append(view)
    numbers = {view.id: number for number, view in enumerate(rows, 1)}
    tables = [_table(main, numbers, caption)] if main else []
    tables += [_table(group, numbers, name) for name, group in groups.items()]
    html = render("key_table.html", tables=tables, fold=len(others) >= FOLDED_FROM)
    lines = [f"{v.short} {v.figure()} {v.growth_number()} {v.mark}{v.status}" for v in rows]
    return Fragment(html, "\n".join(lines))


def _table(rows: list[View], numbers: dict[str, int], caption: str) -> dict[str, Any]:
    """Return the caption and cells of a table, and which optional columns it has."""
    return {
        "caption": caption,
        "rows": [_cells(view, numbers[view.id]) for view in rows],
        "targets": any(v["target"] is not None for v in rows),
        "ranks": any(v.shows_rank for v in rows),
        "shares": any(v.share() for v in rows),
        "sections": any(v.section for v in rows),
    }


def _cells(view: View, number: int) -> dict[str, Any]:
    rank = f"{view['rank']}/{view['ranked']}" if view.shows_rank else "—"
    return {
        "number": number,
        "short": view.short,
        # Pieces between which a narrow cell may break: 预计|46.05亿元, 16.77件/|万人.
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
