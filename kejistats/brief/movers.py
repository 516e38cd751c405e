"""Movers: the greatest changes of rank, and the highest and lowest growth per indicator."""

from __future__ import annotations

from dataclasses import replace

from kejistats.brief.fragments import Fragment, render
from kejistats.brief.matrices import cell, matrix, row
from kejistats.brief.overview_data import OverviewData
from kejistats.brief.sentences import join_names
from kejistats.brief.view import View
from kejistats.model.numbers import format_percent

# The most rises of rank, and the most falls, that are listed.
MAX_CHANGES = 5
# The most names listed where several share first or last rank; the others are only counted.
_MAX_NAMES = 3


def movers(data: OverviewData) -> Fragment:
    """Return the greatest changes of rank and of growth; empty where ranks are switched off."""
    if not data.settings["ranks"]:
        return Fragment("")
    texts = _rank_changes(data)
    table = _growth_table(data)
    if not texts and not table.html:
        return Fragment("")
    html = render("lines.html", texts=texts, numbered=False)
    return Fragment("\n".join(filter(None, [html, table.html])), "\n".join([*texts, table.text]))


def _rank_changes(data: OverviewData) -> list[str]:
    """Say which ranks rose and fell most; known only among the same peers (definitions §8)."""
    moved = [
        (unit["name"], view)
        for unit in data.units
        for view in data.main_indicators(unit["code"])
        if view.shows_rank and view["rank_change"]
    ]
    texts = []
    for key, sign in (("risen", 1), ("fallen", -1)):
        changes = [(name, v) for name, v in moved if sign * v["rank_change"] > 0]
        changes.sort(key=lambda pair: -abs(pair[1]["rank_change"]))
        shown, rest = _split_at_limit(changes)
        if not changes:
            continue
        parts = [_rank_change(data, name, view) for name, view in shown]
        text = data.say(key, parts="；".join(parts)) if parts else ""
        if rest:
            most = abs(rest[0][1]["rank_change"])
            word = "rest" if most > 1 else "rest_one"
            text += data.say(f"{key}_{word}", n=len(rest), k=most)
        texts.append(text.lstrip("；") + "。")
    return texts


def _split_at_limit(
    changes: list[tuple[str, View]],
) -> tuple[list[tuple[str, View]], list[tuple[str, View]]]:
    """Return the greatest changes and the rest; equal changes are never split between the two."""
    if len(changes) <= MAX_CHANGES:
        return changes, []
    edge = abs(changes[MAX_CHANGES][1]["rank_change"])
    shown = [pair for pair in changes[:MAX_CHANGES] if abs(pair[1]["rank_change"]) > edge]
    return shown, changes[len(shown) :]


def _rank_change(data: OverviewData, name: str, view: View) -> str:
    now = view["rank"]
    before = now + view["rank_change"]
    direction = "up" if view["rank_change"] > 0 else "down"
    tied = data.say("tied") if view["tied"] else ""
    return data.say(f"rank_{direction}", district=name, indicator=view.short, a=before, b=now,
                    tied=tied, k=abs(view["rank_change"]))  # fmt: skip


def _growth_table(data: OverviewData) -> Fragment:
    """Return highest and lowest growth per indicator, of one kind of growth (definitions §8)."""
    least = data.settings["thresholds"]["rank_coverage"]
    names = {u["code"]: u["name"] for u in data.units}
    rows = []
    for column in data.headline:
        for key, group in _growth_groups(data, column).items():
            ranked = [v for v in group if v["yoy_ranked"] >= least * v["peers"]]
            if len(ranked) < 2:
                continue
            first = min(v["yoy_rank"] for v in ranked)
            last = max(v["yoy_rank"] for v in ranked)
            if first == last:
                continue
            ends = [
                cell(_names([names[v["district"]] for v in tied]), _ranked_growth(tied[0]))
                for rank in (first, last)
                if (tied := [v for v in ranked if v["yoy_rank"] == rank])
            ]
            kind = data.say(f"growth_{ranked[0]['yoy_rank_kind']}")
            among = cell(f"{ranked[0]['yoy_ranked']}/{ranked[0]['peers']}", kind)
            order = data.say("ascending") if column.indicator["direction"] == "down" else ""
            rows.append(row(f"{column.short}{order}{key}", [*ends, among]))
    share = format_percent(least, 0)
    return matrix(
        data.say("growth_ends"),
        [data.say(f"growth_{key}") for key in ("first", "last", "among")],
        {"": rows},
        remarks=[data.say("growth_limits", share=share)] if rows else [],
        kind="list",
        first=data.say("indicator"),
        texts=(0, 1),
    )


def _growth_groups(data: OverviewData, column: View) -> dict[str, list[View]]:
    """Return the views with a rank of growth by the suffix that names their peer group."""
    groups: dict[str, list[View]] = {}
    for name, units in data.peer_groups.items():
        column_views = [v for u in units if (v := data.view(u["code"], column.id))]
        ranked = [v for v in column_views if v["yoy_rank"] is not None]
        # Growth is ranked within one grade of data: take the grade that most districts have.
        grades = [v["grade"] for v in ranked]
        most = max(grades, key=grades.count, default=None)
        groups[f"（{name}）" if name else ""] = [v for v in ranked if v["grade"] == most]
    return {key if len([g for g in groups.values() if len(g) > 1]) > 1 else "": group
            for key, group in groups.items() if len(group) > 1}  # fmt: skip


def _ranked_growth(view: View) -> str:
    """Print the growth that was ranked, whether computed or published."""
    if view["yoy_rank_kind"] == "published":
        return view.growth_number()
    return replace(view, row=view.row | {"published_growth": None}).growth_number()


def _names(names: list[str]) -> str:
    if len(names) <= _MAX_NAMES:
        return join_names(names)
    return f"{join_names(names[:_MAX_NAMES])}等{len(names)}个"
