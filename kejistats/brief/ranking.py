"""Ranking of districts: by how many targets they reach, and by indicator."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import Any

from kejistats.brief.fragments import Fragment
from kejistats.brief.matrices import EMPTY, Cell, cell, matrix, row, rows_by_district
from kejistats.brief.overview_data import OverviewData, Unit
from kejistats.brief.view import View

# A rank among fewer districts says nothing.
MIN_RANKED = 2


def target_tally(data: OverviewData) -> Fragment:
    """Return a table of how many judged targets each district reaches; empty without any.

    Rates of completion are never averaged: districts are ranked among their peers by the share
    of judged targets they reach, equal shares sharing a rank. With ranks switched off, districts
    keep the order of the data set.
    """
    with_ranks = bool(data.settings["ranks"])
    groups: dict[str, list[dict[str, Any]]] = {}
    for name, units in data.peer_groups.items():
        judged = {
            u["code"]: [v for v in data.main_indicators(u["code"]) if v.assessed] for u in units
        }
        judged = {code: views for code, views in judged.items() if views}
        shares = {
            code: Fraction(sum(v.reached for v in views), len(views))
            for code, views in judged.items()
        }
        districts = [u for u in units if u["code"] in judged]
        if with_ranks:
            districts.sort(key=lambda u: -shares[u["code"]])
        all_shares = [*shares.values()]
        rows = []
        for unit in districts:
            share = shares[unit["code"]]
            rank = sum(s > share for s in all_shares) + 1
            too_few = len(all_shares) < MIN_RANKED
            tied = all_shares.count(share) > 1
            rank_cell = EMPTY if too_few else _rank_cell(data, rank, tied=tied)
            cells = [rank_cell] if with_ranks else []
            cells += _count_cells(judged[unit["code"]])
            rows.append(row(unit["name"], cells, data.href(unit)))
        groups[name] = rows
    far = "behind_december" if data.checkpoint.month == 12 else "behind"
    columns = [data.say(f"tally_{key}") for key in ("judged", "reached", "missed", far)]
    if with_ranks:
        columns.insert(0, data.say("tally_place"))
    caption = data.say("tally_ranked" if with_ranks else "tally_plain")
    return matrix(caption, columns, groups, kind="list")


def _count_cells(judged: list[View]) -> list[Cell]:
    counts = (
        len(judged),
        sum(v.reached for v in judged),
        sum(v.not_reached for v in judged),
        sum(v["progress"] == "behind" for v in judged),
    )
    return [cell(str(n)) for n in counts]


def _rank_cell(data: OverviewData, rank: int, *, tied: bool) -> Cell:
    return cell(data.say("place_tied" if tied else "place", r=rank))


def rank_tables(data: OverviewData) -> Fragment:
    """Return tables of the ranks of main indicators' figures and of their rates of completion.

    Empty with ranks switched off. The rank of a figure is shown only where its Metric row allows
    it (``rank_shown``), that of a rate only among at least two (definitions §8).
    """
    if not data.settings["ranks"]:
        return Fragment("")
    parts = [_figure_ranks(data), _attainment_ranks(data)]
    return Fragment(
        "\n".join(p.html for p in parts if p.html), "\n\n".join(p.text for p in parts if p.text)
    )


def _figure_ranks(data: OverviewData) -> Fragment:
    columns = [c for c in data.headline if any(v.shows_rank for v in data.column(c.id))]

    def make_cell(view: View) -> Cell:
        return _rank_cell(data, view["rank"], tied=view["tied"]) if view.shows_rank else EMPTY

    def head(column: View) -> tuple[str, str]:
        views = [v for v in data.column(column.id) if v.shows_rank]
        counts = dict.fromkeys(f"{v['ranked']}/{v['peers']}" for v in views)
        order = data.say("ascending") if column.indicator["direction"] == "down" else ""
        return column.short, "、".join(counts) + order

    rows = rows_by_district(data, columns, make_cell)
    return matrix(data.say("ranks"), [head(c) for c in columns], rows)


def _attainment_ranks(data: OverviewData) -> Fragment:
    units: dict[str, Unit] = {u["code"]: u for u in data.units}

    def compared_with(view: View) -> tuple[Any, ...]:
        unit = units[view["district"]]
        return view.id, data.peer_group(unit), view["target_kind"], view["grade"]

    def is_ranked(view: View) -> bool:
        return view.assessed and (view["attainment_ranked"] or 0) >= MIN_RANKED

    columns = [c for c in data.judged_indicators if any(is_ranked(v) for v in data.column(c.id))]
    occurrences = Counter(
        (compared_with(v), v["attainment_rank"]) for c in columns for v in data.column(c.id)
    )

    counts = {
        c.id: {v["attainment_ranked"] for v in data.column(c.id) if is_ranked(v)} for c in columns
    }

    def make_cell(view: View) -> Cell:
        if not is_ranked(view):
            return EMPTY
        rank, count = view["attainment_rank"], view["attainment_ranked"]
        rank_cell = _rank_cell(data, rank, tied=occurrences[compared_with(view), rank] > 1)
        return cell(rank_cell["text"], "" if len(counts[view.id]) == 1 else f"/{count}")

    def head(column: View) -> tuple[str, str]:
        # A count common to all is in the head; kinds of targets with their own have it in cells.
        return column.short, f"{min(counts[column.id])}" if len(counts[column.id]) == 1 else ""

    rows = rows_by_district(data, columns, make_cell)
    return matrix(data.say("rates"), [head(c) for c in columns], rows)
