"""The first screen of the overview: conclusion, indicators most districts miss, the best."""

from __future__ import annotations

from fractions import Fraction

from kejistats.brief.highlights import MAX_BEST, MAX_WORST, best, movements
from kejistats.brief.overview_data import OverviewData
from kejistats.brief.sentences import sentence
from kejistats.brief.view import View, headline


def conclusion(data: OverviewData) -> str:
    """Say how many targets the districts reach, and how the parent's figures moved."""
    if not data.units:
        return data.say("no_units")
    by_unit = [rows for u in data.tallied_units if (rows := data.main_indicators(u["code"]))]
    counts = [(sum(v.reached for v in rows), sum(v.not_reached for v in rows)) for rows in by_unit]
    reached, missed = sum(r for r, _ in counts), sum(m for _, m in counts)
    parts = []
    if reached + missed:
        all_reached = sum(r > 0 and m == 0 for r, m in counts)
        text = data.say("tally", period=data.checkpoint.word, d=len(counts), n=reached + missed,
                        r=reached, m=missed)  # fmt: skip
        parts.append(text + (data.say("all_reached", k=all_reached) if all_reached else ""))
    moved = [v for v in headline(data.bundle, data.parent_rows) if v.growth_value is not None]
    if moved:
        scope = data.settings["scope"]
        parts.append(data.say("moved", scope=scope, n=len(moved), parts=movements(moved)))
    if not parts:
        parts += _moved_units(data, by_unit)
    return "；".join(parts) + "。" if parts else data.say("none")


def _moved_units(data: OverviewData, by_unit: list[list[View]]) -> list[str]:
    """Say how the districts' figures changed where there are no targets and no parent figures."""
    grown = [[v for v in rows if v.reported and v.growth_value is not None] for rows in by_unit]
    moved = [v for rows in grown for v in rows]
    if not moved:
        return []
    districts = sum(bool(rows) for rows in grown)
    parts = {"period": data.checkpoint.word, "d": districts, "n": len(moved)}
    return [data.say("moved_units", **parts, parts=movements(moved))]


def most_missed(data: OverviewData) -> list[dict[str, str]]:
    """Return the main indicators that more than half the districts miss, at most three.

    Sorted by the share of judged districts that miss it; without any target, by the share of
    comparable ones that moved against the indicator's direction. No district is named.
    """
    candidates = [
        (Fraction(count, of), item)
        for column in data.headline
        for count, of, item in (_missed_item(data, column, judged=bool(data.judged_indicators)),)
        if of and 2 * count > of
    ]
    return [item for _, item in sorted(candidates, key=lambda pair: -pair[0])[:MAX_WORST]]


def _missed_item(
    data: OverviewData, column: View, *, judged: bool
) -> tuple[int, int, dict[str, str]]:
    """Return how many districts miss an indicator, of how many, and the item to show."""
    views = [v for u in data.tallied_units if (v := data.view(u["code"], column.id))]
    if judged:
        counted = [v for v in views if v.assessed]
        missed = sum(v.not_reached for v in counted)
        far = sum(v["progress"] == "behind" for v in counted)
        suffix = "_december" if data.checkpoint.month == 12 else ""
        gap = data.say("judged", n=len(counted), r=len(counted) - missed, m=missed)
        if far:
            gap += data.say(f"far{suffix}", k=far)
        status = data.say(f"missed{suffix}", m=missed)
    else:
        counted = [v for v in views if v.reported and v.growth_value is not None]
        missed = sum(v.worsened for v in counted)
        gap = data.say("comparable", n=len(counted), a=sum(v.improved for v in counted), m=missed)
        status = data.say("worsened", m=missed)
    item = {
        "name": column.short,
        "code": "slow",
        "mark": "▼",
        "status": status,
        "gap": gap,
        "section": column.section,
    }
    return missed, len(counted), item


def best_sentences(data: OverviewData) -> list[str]:
    """Return a sentence for each of the parent's two best main indicators."""
    return [sentence(v) for v in best(headline(data.bundle, data.parent_rows))[:MAX_BEST]]
