"""Metric rows put into words for tests: a bundle, and views of it, from small tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import polars as pl

from kejistats.brief import Bundle
from kejistats.brief.view import View, views
from kejistats.model.registry import read_words
from kejistats.model.settings import Settings
from tests.factory import CITY, OWN, districts, indicators, metrics, registry

# The registry, and an indicator that may be negative.
NET = "net_inflow"
KNOWN = indicators({"id": NET, "name": "净流入", "unit": "亿元", "decimals": 1, "negative": True})


@dataclass(frozen=True)
class Case:
    """Figures and targets of one indicator, and what they must read as.

    Parameters
    ----------
    figures
        The first is of the indicator that speaks.
    text
        The sentence expected.
    goals
        Its targets.
    at
        The checkpoint.
    rest
        What the rest of the year requires.
    status
        Mark and word of the table.
    """

    figures: list[dict[str, Any]]
    text: str
    goals: list[dict[str, Any]] = field(default_factory=list)
    at: str = "2025H1"
    rest: str = ""
    status: str = ""


def bundle_of(
    table: pl.DataFrame,
    at: str = "2025H1",
    *,
    known: pl.DataFrame | None = None,
    units: pl.DataFrame | None = None,
    headline: Iterable[str] = (),
    revisions: Iterable[Mapping[str, Any]] = (),
    peers: Mapping[str, list[float]] | None = None,
    **settings: Any,
) -> Bundle:
    """The bundle of one district's metric rows."""
    known = registry() if known is None else known
    units = districts() if units is None else units
    own = table["district"][0]
    used = known.filter(pl.col("id").is_in(table["indicator"].unique().to_list()))
    return Bundle(
        {
            "format": 1,
            "kind": "brief",
            "kejistats": "0.0.0",
            "dataset": "city",
            "checkpoint": at,
            "settings": asdict(Settings(**{"title": "某市", "parent": CITY, **settings})),
            "headline": list(headline) or known["id"].to_list(),
            "words": read_words(),
            "districts": units.filter(pl.col("code") == own).to_dicts(),
            # Dates stand as text, as in a file.
            "metrics": json.loads(json.dumps(table.to_dicts(), default=str)),
            "indicators": used.to_dicts(),
            "series": [],
            "revisions": [dict(r) for r in revisions],
            "peers": dict(peers or {}),
        }
    )


def views_of(
    figures: Iterable[Mapping[str, Any]],
    goals: Iterable[Mapping[str, Any]] = (),
    at: str = "2025H1",
    *,
    units: pl.DataFrame | None = None,
    known: pl.DataFrame | None = None,
    **more: Any,
) -> dict[str, View]:
    """The own district's views by indicator, from figures and targets through the metrics."""
    table = metrics(figures, goals, at, units, known).filter(pl.col("district") == OWN)
    return {v.id: v for v in views(bundle_of(table, at, units=units, known=known, **more))}


def view_of(*args: Any, **more: Any) -> View:
    """The one view of figures that are all of one indicator."""
    found = views_of(*args, **more)
    assert len(found) == 1, f"views of {', '.join(found)}"
    return next(iter(found.values()))


class Cases:
    """Many small cases, each a district of its own, told apart by name; one table for all."""

    def __init__(self, cases: Mapping[str, Case]) -> None:
        self.views: dict[str, View] = {}
        by_checkpoint: dict[str, dict[str, Case]] = {}
        for name, case in cases.items():
            by_checkpoint.setdefault(case.at, {})[name] = case
        for at, some in by_checkpoint.items():
            self.views |= self._views(at, some)

    @staticmethod
    def _views(at: str, cases: Mapping[str, Case]) -> dict[str, View]:
        codes = {name: f"91{place:04d}" for place, name in enumerate(cases, 1)}
        # Without a parent nobody is a peer of anybody: no ranks, no shares.
        units = districts(0, *({"code": c, "parent": None} for c in codes.values()))
        figures = [f | {"district": codes[n]} for n, c in cases.items() for f in c.figures]
        goals = [g | {"district": codes[n]} for n, c in cases.items() for g in c.goals]
        table = metrics(figures, goals, at, units, KNOWN)
        found = {}
        for name, case in cases.items():
            own = table.filter(
                pl.col("district") == codes[name],
                pl.col("indicator") == case.figures[0]["indicator"],
            )
            [found[name]] = views(bundle_of(own, at, known=KNOWN, units=units))
        return found
