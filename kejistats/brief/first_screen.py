"""The first screen of the overview: the tally, what most districts do not reach, the best."""

from __future__ import annotations

from fractions import Fraction

from kejistats.brief.highlights import BEST, WORST, best, movements
from kejistats.brief.overview_data import OverviewData
from kejistats.brief.sentences import sentence
from kejistats.brief.view import View, headline


def conclusion(city: OverviewData) -> str:
    """Say how many districts reach how much, and how the city's own figures moved."""
    if not city.units:
        return city.say("no_units")
    by_unit = [some for u in city.counted if (some := city.main(u["code"]))]
    figures = [(sum(v.reached for v in s), sum(v.not_reached for v in s)) for s in by_unit]
    reached, missed = sum(r for r, _ in figures), sum(m for _, m in figures)
    parts = []
    if reached + missed:
        all_good = sum(r > 0 and m == 0 for r, m in figures)
        text = city.say("tally", period=city.checkpoint.word, d=len(figures), n=reached + missed,
                        r=reached, m=missed)  # fmt: skip
        parts.append(text + (city.say("all_reached", k=all_good) if all_good else ""))
    moved = [v for v in headline(city.bundle, city.total) if v.growth_value is not None]
    if moved:
        scope = city.settings["scope"]
        parts.append(city.say("moved", scope=scope, n=len(moved), parts=movements(moved)))
    if not parts:
        parts += _moved_units(city, by_unit)
    return "；".join(parts) + "。" if parts else city.say("none")


def _moved_units(city: OverviewData, by_unit: list[list[View]]) -> list[str]:
    """Count how the districts' own figures moved, where nothing else can be said."""
    grown = [[v for v in some if v.reported and v.growth_value is not None] for some in by_unit]
    moved = [v for some in grown for v in some]
    if not moved:
        return []
    places = sum(bool(some) for some in grown)
    parts = {"period": city.checkpoint.word, "d": places, "n": len(moved)}
    return [city.say("moved_units", **parts, parts=movements(moved))]


def attention(city: OverviewData) -> list[dict[str, str]]:
    """Return the main indicators that most districts do not reach, at most three.

    By the share of the districts judged; where nobody is judged, by the share of those that
    moved against the indicator's direction. Nobody is named.
    """
    found = [
        (Fraction(count, of), item)
        for column in city.headline
        for count, of, item in (_item(city, column, judged=bool(city.judged)),)
        if of and 2 * count > of
    ]
    return [item for _, item in sorted(found, key=lambda pair: -pair[0])[:WORST]]


def _item(city: OverviewData, column: View, *, judged: bool) -> tuple[int, int, dict[str, str]]:
    """Return how many do not reach an indicator, of how many, and the words for it."""
    views = [v for u in city.counted if (v := city.view(u["code"], column.id))]
    if judged:
        some = [v for v in views if v.assessed]
        missed = sum(v.not_reached for v in some)
        far = sum(v["progress"] == "behind" for v in some)
        ends = "_december" if city.checkpoint.month == 12 else ""
        gap = city.say("judged", n=len(some), r=len(some) - missed, m=missed)
        if far:
            gap += city.say(f"far{ends}", k=far)
        status = city.say(f"missed{ends}", m=missed)
    else:
        some = [v for v in views if v.reported and v.growth_value is not None]
        missed = sum(v.worsened for v in some)
        gap = city.say("comparable", n=len(some), a=sum(v.improved for v in some), m=missed)
        status = city.say("worsened", m=missed)
    item = {
        "name": column.short,
        "code": "slow",
        "mark": "▼",
        "status": status,
        "gap": gap,
        "section": column.section,
    }
    return missed, len(some), item


def bright(city: OverviewData) -> list[str]:
    """Return sentences on the two best of the city's own main indicators."""
    return [sentence(v) for v in best(headline(city.bundle, city.total))[:BEST]]
