"""Movers: the greatest changes of rank, and who grew most and least per indicator."""

from __future__ import annotations

from dataclasses import replace

from kejistats.brief.fragments import Fragment, render
from kejistats.brief.matrices import cell, matrix, row
from kejistats.brief.overview_data import OverviewData
from kejistats.brief.sentences import listed
from kejistats.brief.view import View
from kejistats.model.numbers import percent

# So many of the greatest rises, and of the greatest falls.
LIMIT = 5
# So many names share a first or last place; more are counted.
_NAMES = 3


def movers(city: OverviewData) -> Fragment:
    """Return the greatest changes of rank and of growth; empty where the city shows no ranks."""
    if not city.settings["ranks"]:
        return Fragment("")
    texts = _changes(city)
    table = _growth(city)
    if not texts and not table.html:
        return Fragment("")
    html = render("lines.html", texts=texts, numbered=False)
    return Fragment("\n".join(filter(None, [html, table.html])), "\n".join([*texts, table.text]))


def _changes(city: OverviewData) -> list[str]:
    """Say which ranks rose and fell most; they are known for the same members only (definitions §8)."""
    moved = [
        (unit["name"], view)
        for unit in city.units
        for view in city.main(unit["code"])
        if view.ranks and view["rank_change"]
    ]
    texts = []
    for key, sign in (("risen", 1), ("fallen", -1)):
        found = [(name, v) for name, v in moved if sign * v["rank_change"] > 0]
        found.sort(key=lambda pair: -abs(pair[1]["rank_change"]))
        shown, rest = _cut(found)
        if not found:
            continue
        parts = [_change(city, name, view) for name, view in shown]
        text = city.say(key, parts="；".join(parts)) if parts else ""
        if rest:
            most = abs(rest[0][1]["rank_change"])
            word = "rest" if most > 1 else "rest_one"
            text += city.say(f"{key}_{word}", n=len(rest), k=most)
        texts.append(text.lstrip("；") + "。")
    return texts


def _cut(
    found: list[tuple[str, View]],
) -> tuple[list[tuple[str, View]], list[tuple[str, View]]]:
    """Return the greatest changes, never some of equal ones without the others; and the rest."""
    if len(found) <= LIMIT:
        return found, []
    edge = abs(found[LIMIT][1]["rank_change"])
    shown = [pair for pair in found[:LIMIT] if abs(pair[1]["rank_change"]) > edge]
    return shown, found[len(shown) :]


def _change(city: OverviewData, name: str, view: View) -> str:
    now = view["rank"]
    before = now + view["rank_change"]
    way = "up" if view["rank_change"] > 0 else "down"
    tied = city.say("tied") if view["tied"] else ""
    return city.say(f"rank_{way}", district=name, indicator=view.short, a=before, b=now, tied=tied,
                    k=abs(view["rank_change"]))  # fmt: skip


def _growth(city: OverviewData) -> Fragment:
    """Return who grew most and least per indicator, of one kind of growth (definitions §8)."""
    least = city.settings["thresholds"]["rank_coverage"]
    names = {u["code"]: u["name"] for u in city.units}
    rows = []
    for column in city.headline:
        for key, group in _grown(city, column).items():
            some = [v for v in group if v["yoy_ranked"] >= least * v["peers"]]
            if len(some) < 2:
                continue
            first = min(v["yoy_rank"] for v in some)
            last = max(v["yoy_rank"] for v in some)
            if first == last:
                continue
            ends = [
                cell(_names([names[v["district"]] for v in at]), _printed(at[0]))
                for place in (first, last)
                if (at := [v for v in some if v["yoy_rank"] == place])
            ]
            kind = city.say(f"growth_{some[0]['yoy_rank_kind']}")
            counted = cell(f"{some[0]['yoy_ranked']}/{some[0]['peers']}", kind)
            way = city.say("ascending") if column.indicator["direction"] == "down" else ""
            rows.append(row(f"{column.short}{way}{key}", [*ends, counted]))
    share = percent(least, 0)
    return matrix(
        city.say("growth_ends"),
        [city.say(f"growth_{key}") for key in ("first", "last", "among")],
        {"": rows},
        remarks=[city.say("growth_limits", share=share)] if rows else [],
        kind="list",
        first=city.say("indicator"),
        texts=(0, 1),
    )


def _grown(city: OverviewData, column: View) -> dict[str, list[View]]:
    """Return the views that have a rank of growth by group of peers, its name as a suffix."""
    found: dict[str, list[View]] = {}
    for name, units in city.groups.items():
        some = [v for u in units if (v := city.view(u["code"], column.id))]
        ranked = [v for v in some if v["yoy_rank"] is not None]
        # Of several grades the one that most districts have.
        grades = [v["grade"] for v in ranked]
        most = max(grades, key=grades.count, default=None)
        found[f"（{name}）" if name else ""] = [v for v in ranked if v["grade"] == most]
    return {key if len([g for g in found.values() if len(g) > 1]) > 1 else "": some
            for key, some in found.items() if len(some) > 1}  # fmt: skip


def _printed(view: View) -> str:
    """Print the growth that was ranked, computed or published."""
    if view["yoy_rank_kind"] == "published":
        return view.growth_number()
    return replace(view, row=view.row | {"published_growth": None}).growth_number()


def _names(names: list[str]) -> str:
    if len(names) <= _NAMES:
        return listed(names)
    return f"{listed(names[:_NAMES])}等{len(names)}个"
