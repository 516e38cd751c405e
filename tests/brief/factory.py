"""Bundles, views and figures for tests of briefs, made from small tables."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import polars as pl
from PIL import Image

from kejistats.brief import Bundle
from kejistats.brief.charts.canvas import Chart
from kejistats.brief.view import View, views
from kejistats.model.registry import read_words
from kejistats.model.settings import Settings
from tests.factory import (
    CITY,
    DISTRICT,
    districts,
    indicators,
    metrics,
    observation,
    registry,
)

# The registry with one more indicator, which may be negative.
NET = "net_inflow"
KNOWN = indicators({"id": NET, "name": "净流入", "unit": "亿元", "decimals": 1, "negative": True})


@dataclass(frozen=True)
class Case:
    """Figures and targets of one indicator, and the texts expected of them.

    Parameters
    ----------
    figures
        The figures; the first is of the indicator under test.
    text
        The expected sentence.
    targets
        Its targets.
    at
        The checkpoint.
    rest
        The expected clause on what is still needed.
    status
        The expected mark and word of the status.
    """

    figures: list[dict[str, Any]]
    text: str
    targets: list[dict[str, Any]] = field(default_factory=list)
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
    """Return the bundle of one district's Metric rows; `settings` replace the defaults."""
    known = registry() if known is None else known
    units = districts() if units is None else units
    code = table["district"][0]
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
            "districts": units.filter(pl.col("code") == code).to_dicts(),
            # Dates as text, as in a bundle file.
            "metrics": json.loads(json.dumps(table.to_dicts(), default=str)),
            "indicators": used.to_dicts(),
            "series": [],
            "revisions": [dict(r) for r in revisions],
            "peers": dict(peers or {}),
        }
    )


def district_bundle(
    figures: Iterable[Mapping[str, Any]],
    targets: Iterable[Mapping[str, Any]] = (),
    at: str = "2025H1",
    *,
    district: str = DISTRICT,
    units: pl.DataFrame | None = None,
    known: pl.DataFrame | None = None,
    **more: Any,
) -> Bundle:
    """Return one district's bundle from figures and targets; `more` as for `bundle_of`."""
    table = metrics(figures, targets, at, units, known).filter(pl.col("district") == district)
    return bundle_of(table, at, units=units, known=known, **more)


def views_of(*args: Any, **more: Any) -> dict[str, View]:
    """Return a district's views by indicator; arguments as for `district_bundle`."""
    return {v.id: v for v in views(district_bundle(*args, **more))}


def view_of(*args: Any, **more: Any) -> View:
    """Return the only view of figures that are all of one indicator."""
    [view] = views_of(*args, **more).values()
    return view


def with_base(
    indicator: str, current: float | None, base: float | None = 100, **more: Any
) -> list[dict[str, Any]]:
    """Return a figure of June 2025 and that of a year earlier; `more` are columns of the former."""
    return [observation(indicator, current, **more), observation(indicator, base, 2024)]


def renamed_view(template: View, name: str, **columns: Any) -> View:
    """Return a copy of a view under another indicator's name, with some columns replaced."""
    return replace(
        template,
        row=template.row | columns,
        indicator=template.indicator | {"id": name, "name": name, "short": name},
    )


class Cases:
    """The views of many cases by name; each case gets its own district, so one table has all."""

    def __init__(self, cases: Mapping[str, Case]) -> None:
        self.views: dict[str, View] = {}
        by_checkpoint: dict[str, dict[str, Case]] = {}
        for name, case in cases.items():
            by_checkpoint.setdefault(case.at, {})[name] = case
        for at, same_checkpoint in by_checkpoint.items():
            self.views |= self._views(at, same_checkpoint)

    @staticmethod
    def _views(at: str, cases: Mapping[str, Case]) -> dict[str, View]:
        codes = {name: f"91{number:04d}" for number, name in enumerate(cases, 1)}
        # Without a parent no district has peers, so there are no ranks and shares.
        units = districts(0, *({"code": c, "parent": None} for c in codes.values()))
        figures = [f | {"district": codes[n]} for n, c in cases.items() for f in c.figures]
        targets = [t | {"district": codes[n]} for n, c in cases.items() for t in c.targets]
        table = metrics(figures, targets, at, units, KNOWN)
        by_name = {}
        for name, case in cases.items():
            rows = table.filter(
                pl.col("district") == codes[name],
                pl.col("indicator") == case.figures[0]["indicator"],
            )
            [by_name[name]] = views(bundle_of(rows, at, known=KNOWN, units=units))
        return by_name


def open_chart(chart: Chart | None) -> Image.Image:
    """The image of a chart, read in full."""
    assert chart is not None
    image = Image.open(io.BytesIO(chart.png))
    image.load()
    return image
