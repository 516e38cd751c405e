"""The index page that finds a brief."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from kejistats.model.templating import fill

# Heads of the counts that an entry may have, and which of them the page shows: those of targets,
# where any page has them, else those of growth.
_COUNTS = {"reached": "达到", "missed": "未达到", "improved": "向好", "worsened": "趋弱"}
_PAIRS = (("reached", "missed"), ("improved", "worsened"))
# From so many entries on, a list of names leads to their lines.
MANY = 30


@dataclass(frozen=True)
class Entry:
    """One line of the index.

    Parameters
    ----------
    name
        District, or 总览.
    href
        File beside the index; empty where the page could not be made.
    text
        The conclusion, or why there is no page.
    counts
        Main indicators reached, missed, improved, worsened; empty where nothing was counted.
    group
        What it stands under: the parent where there are several; empty for the overview.
    """

    name: str
    href: str
    text: str
    counts: Mapping[str, int] = field(default_factory=dict)
    group: str = ""


def arranged(entries: list[Entry], districts: pl.DataFrame) -> list[Entry]:
    """Return entries in the order of the districts, under their parents where there are several.

    Parameters
    ----------
    entries
        Known by the code that their page's name begins with; without a page, by name alone, of
        two districts of one name the one that has no page.
    districts
        District table.
    """
    names = dict(districts.select("code", "name").iter_rows())
    parents = dict(districts.select("code", "parent").iter_rows())
    order = {code: place for place, code in enumerate(names)}
    several = len({p for p in parents.values() if p}) > 1
    paged = {e.href.partition("-")[0] for e in entries if e.href}
    free: dict[str, list[str]] = {}
    for code, name in names.items():
        if code not in paged:
            free.setdefault(name, []).append(code)
    found = []
    for entry in entries:
        code = entry.href.partition("-")[0]
        if not entry.href and free.get(entry.name):
            code = free[entry.name].pop(0)
        group = names.get(parents.get(code) or "", "") if several else ""
        # What is no district, the overview, comes first.
        found.append((order.get(code, -1), replace(entry, group=group)))
    return [entry for _, entry in sorted(found, key=lambda pair: pair[0])]


def index_page(title: str, entries: list[Entry], *, sample: bool) -> str:
    """Return the index page as HTML, self-contained like the briefs.

    Parameters
    ----------
    title
        Title of the page.
    entries
        In the order of the page; those of one group are put together where the first stands.
    sample
        Whether the data is made.
    """
    groups: dict[str, list[tuple[int, Entry]]] = {}
    for place, entry in enumerate(entries, 1):
        groups.setdefault(entry.group, []).append((place, entry))
    shown = [p for p in _PAIRS if any(e.counts.get(key) for e in entries for key in p)][:1]
    return page(
        "index_page.html",
        title=title,
        groups=groups,
        columns={key: _COUNTS[key] for pair in shown for key in pair},
        made=sum(bool(e.href) for e in entries),
        missing=[e for e in entries if not e.href],
        anchors=len(entries) > MANY,
        sample=sample,
    )


def page(template: str, /, **values: Any) -> str:
    """Fill in one of the pages in ``kejistats/pages/templates``."""
    return fill(("pages/templates",), template, **values)
