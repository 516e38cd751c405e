"""Who stands where: how many targets each district reaches, and ranks per indicator."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import Any

from kejistats.brief.fragments import Fragment
from kejistats.brief.matrices import NONE, Cell, by_district, cell, matrix, row
from kejistats.brief.overview_data import OverviewData, Unit
from kejistats.brief.view import View

# A place among fewer says nothing.
LEAST = 2


def tally(city: OverviewData) -> Fragment:
    """Return how many of the indicators judged each district reaches; empty without any.

    Rates of completion are never averaged: districts are ranked by how many targets they reach
    of those judged, within their group of peers, equal shares sharing a place. Where the city
    shows no ranks, the districts stand in their own order.
    """
    ranks = bool(city.settings["ranks"])
    groups: dict[str, list[dict[str, Any]]] = {}
    for name, units in city.groups.items():
        judged = {u["code"]: [v for v in city.main(u["code"]) if v.assessed] for u in units}
        judged = {code: some for code, some in judged.items() if some}
        shares = {
            code: Fraction(sum(v.reached for v in some), len(some)) for code, some in judged.items()
        }
        known = [u for u in units if u["code"] in judged]
        if ranks:
            known.sort(key=lambda u: -shares[u["code"]])
        held = [*shares.values()]
        rows = []
        for unit in known:
            share = shares[unit["code"]]
            place = sum(s > share for s in held) + 1
            alone = len(held) < LEAST
            at = NONE if alone else _place(city, place, tied=held.count(share) > 1)
            cells = [at] if ranks else []
            cells += _counts(judged[unit["code"]])
            rows.append(row(unit["name"], cells, city.href(unit)))
        groups[name] = rows
    far = "behind_december" if city.checkpoint.month == 12 else "behind"
    columns = [city.say(f"tally_{key}") for key in ("judged", "reached", "missed", far)]
    if ranks:
        columns.insert(0, city.say("tally_place"))
    caption = city.say("tally_ranked" if ranks else "tally_plain")
    return matrix(caption, columns, groups, kind="list")


def _counts(judged: list[View]) -> list[Cell]:
    counts = (
        len(judged),
        sum(v.reached for v in judged),
        sum(v.not_reached for v in judged),
        sum(v["progress"] == "behind" for v in judged),
    )
    return [cell(str(n)) for n in counts]


def _place(city: OverviewData, place: int, *, tied: bool) -> Cell:
    return cell(city.say("place_tied" if tied else "place", r=place))


def ranks(city: OverviewData) -> Fragment:
    """Return the ranks of the main indicators' figures and of their rates of completion.

    Empty where the city shows no ranks. A figure's rank stands only where the table of metrics
    says that it may be shown; a rate's only among at least two (definitions §8).
    """
    if not city.settings["ranks"]:
        return Fragment("")
    parts = [_of_figures(city), _of_rates(city)]
    return Fragment(
        "\n".join(p.html for p in parts if p.html), "\n\n".join(p.text for p in parts if p.text)
    )


def _of_figures(city: OverviewData) -> Fragment:
    columns = [c for c in city.headline if any(v.ranks for v in city.column(c.id))]

    def shown(view: View) -> Cell:
        return _place(city, view["rank"], tied=view["tied"]) if view.ranks else NONE

    def head(column: View) -> tuple[str, str]:
        some = [v for v in city.column(column.id) if v.ranks]
        full = dict.fromkeys(f"{v['ranked']}/{v['peers']}" for v in some)
        way = city.say("ascending") if column.indicator["direction"] == "down" else ""
        return column.short, "、".join(full) + way

    return matrix(city.say("ranks"), [head(c) for c in columns], by_district(city, columns, shown))


def _of_rates(city: OverviewData) -> Fragment:
    units: dict[str, Unit] = {u["code"]: u for u in city.units}

    def among(view: View) -> tuple[Any, ...]:
        unit = units[view["district"]]
        return view.id, city.group(unit), view["target_kind"], view["grade"]

    def takes_part(view: View) -> bool:
        return view.assessed and (view["attainment_ranked"] or 0) >= LEAST

    columns = [c for c in city.judged if any(takes_part(v) for v in city.column(c.id))]
    places = Counter((among(v), v["attainment_rank"]) for c in columns for v in city.column(c.id))

    counts = {
        c.id: {v["attainment_ranked"] for v in city.column(c.id) if takes_part(v)} for c in columns
    }

    def shown(view: View) -> Cell:
        if not takes_part(view):
            return NONE
        place, count = view["attainment_rank"], view["attainment_ranked"]
        found = _place(city, place, tied=places[among(view), place] > 1)
        return cell(found["text"], "" if len(counts[view.id]) == 1 else f"/{count}")

    def head(column: View) -> tuple[str, str]:
        # One count for all stands in the head; several kinds of targets have their own.
        return column.short, f"{min(counts[column.id])}" if len(counts[column.id]) == 1 else ""

    return matrix(city.say("rates"), [head(c) for c in columns], by_district(city, columns, shown))
