"""The index page, which lists the briefs of one run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from kejistats.model.templating import render_template

# Column headings of an entry's counts, and the pairs of which the page shows one: the counts of
# targets where any page has them, else those of growth.
_COUNTS = {"reached": "达到", "missed": "未达到", "improved": "向好", "worsened": "趋弱"}
_COUNT_PAIRS = (("reached", "missed"), ("improved", "worsened"))
# With more entries than this the page begins with links to each of them.
MAX_WITHOUT_ANCHORS = 30


@dataclass(frozen=True)
class Entry:
    """One line of the index.

    Parameters
    ----------
    name
        Name of the district, or 总览.
    href
        File name of the page, in the folder of the index; empty where it could not be made.
    text
        The conclusion, or why there is no page.
    counts
        Number of main indicators reached, missed, improved, worsened; empty where none is counted.
    group
        Name of the parent where there are several; empty for the overview.
    """

    name: str
    href: str
    text: str
    counts: Mapping[str, int] = field(default_factory=dict)
    group: str = ""


def sort_entries(entries: list[Entry], districts: pl.DataFrame) -> list[Entry]:
    """Sort entries in the order of the districts and group them by parent where there are several.

    Parameters
    ----------
    entries
        The entries. One with a page is matched by the code its file name begins with, one without
        by name; of two districts with the same name, the one that has no page.
    districts
        District table.
    """
    names = dict(districts.select("code", "name").iter_rows())
    parents = dict(districts.select("code", "parent").iter_rows())
    order = {code: position for position, code in enumerate(names)}
    several_parents = len({p for p in parents.values() if p}) > 1
    codes_with_page = {e.href.partition("-")[0] for e in entries if e.href}
    codes_without_page: dict[str, list[str]] = {}
    for code, name in names.items():
        if code not in codes_with_page:
            codes_without_page.setdefault(name, []).append(code)
    keyed = []
    for entry in entries:
        code = entry.href.partition("-")[0]
        if not entry.href and codes_without_page.get(entry.name):
            code = codes_without_page[entry.name].pop(0)
        group = names.get(parents.get(code) or "", "") if several_parents else ""
        # The overview, which is no district, comes first.
        keyed.append((order.get(code, -1), replace(entry, group=group)))
    return [entry for _, entry in sorted(keyed, key=lambda pair: pair[0])]


def index_page(title: str, entries: list[Entry], *, sample: bool) -> str:
    """Return the index page as HTML, self-contained like the briefs.

    Parameters
    ----------
    title
        Title of the page.
    entries
        In the order of the page; a group stands where its first entry does.
    sample
        Whether the data are sample data: the page then says 示例数据.
    """
    groups: dict[str, list[tuple[int, Entry]]] = {}
    for number, entry in enumerate(entries, 1):
        groups.setdefault(entry.group, []).append((number, entry))
    shown_pairs = [p for p in _COUNT_PAIRS if any(e.counts.get(key) for e in entries for key in p)][
        :1
    ]
    return render_page(
        "index_page.html",
        title=title,
        groups=groups,
        columns={key: _COUNTS[key] for pair in shown_pairs for key in pair},
        made=sum(bool(e.href) for e in entries),
        missing=[e for e in entries if not e.href],
        anchors=len(entries) > MAX_WITHOUT_ANCHORS,
        sample=sample,
    )


def render_page(template: str, /, **values: Any) -> str:
    """Render a template of ``kejistats/pages/templates``."""
    return render_template(("pages/templates",), template, **values)
