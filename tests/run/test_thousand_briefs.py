"""No sentence of a thousand made districts says a number that is not in their metrics."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest

from kejistats.brief import Brief
from kejistats.metrics import share_changes
from kejistats.model.tables import District
from kejistats.model.tables.observation import BOUNDS
from tests.brief.factory import NET, bundle_of
from tests.brief.read_back import NUMBER, sentences_by_view, strange_numbers
from tests.factory import CITY, indicators, metrics, observation, registry, target

COUNTS = {"2025H1": 600, "2024H2": 400}
# Cities of a few districts, so that ranks, ties and shares of every kind occur.
PER_CITY = 8
SPECIAL = [0.0, 1.0, 2.0, 9.0, 10.0, 99999.0, 100000.0, 123456.0]
HEADLINE = [*registry().filter("headline")["id"], "patent_granted", NET]
KNOWN = indicators(
    {"id": NET, "name": "净流入", "unit": "亿元", "decimals": 1, "negative": True},
    **{i: {"headline": i in HEADLINE} for i in registry()["id"]},
)
ROWS = {row["id"]: row for row in KNOWN.iter_rows(named=True) if row["id"] in HEADLINE}
KINDS = {
    "flow": ["total", "growth", "range", "ceiling", "multi_year", "total", "total"],
    "stock": ["level", "net", "growth", "ceiling", "multi_year", "level"],
    "ratio": ["level", "ceiling", "level"],
}


def figure(chance: random.Random, row: dict[str, Any]) -> float:
    """A figure an indicator may have: ordinary, round, zero, tiny, huge, below zero."""
    if row["unit"] == "%":
        value = chance.choice([0.0, 0.04, chance.uniform(0, 4), chance.uniform(0, 60)])
    elif chance.random() < 0.3:
        value = chance.choice(SPECIAL)
    else:
        value = 10 ** chance.uniform(-1, 5)
    if row["negative"] and chance.random() < 0.4:
        value = -value
    return round(value, row["decimals"])


def told(chance: random.Random, row: dict[str, Any], district: str) -> Iterator[dict[str, Any]]:
    """Figures of three years, of any state and bound."""
    start = figure(chance, row)
    for year in (2022, 2023, 2024, 2025):
        for month in (6, 12):
            if (year, month) == (2025, 12) or chance.random() < 0.04:
                continue
            more: dict[str, Any] = {"district": district}
            if chance.random() < 0.08:
                status = chance.choice(["masked", "missing", "not_applicable"])
                yield observation(row["id"], None, year, month, status=status, **more)
                continue
            near = start * (1 if month == 12 else 0.5) * chance.choice([1, 1, 0.8, 1.02, 1.3])
            value = chance.choice([figure(chance, row), near, near, near])
            if chance.random() < 0.1:
                more["bound"] = chance.choice(BOUNDS)
            if chance.random() < 0.05:
                more["published_growth"] = round(chance.uniform(-30, 60), 1)
            if chance.random() < 0.1:
                more["grade"] = chance.choice(["forecast", "final"])
            yield observation(row["id"], round(value, row["decimals"]), year, month, **more)


def goal(chance: random.Random, row: dict[str, Any], district: str) -> Iterator[dict[str, Any]]:
    """No target, or one of a kind that fits the measure."""
    if chance.random() < 0.25:
        return
    kind = chance.choice(KINDS[row["measure"]])
    more: dict[str, Any] = {"district": district}
    value = abs(figure(chance, row)) or 1.0
    if kind == "growth":
        value = chance.choice([8.0, 0.5, 12.5, -3.0])
    if kind == "range":
        more["value_upper"] = value * 2
    if kind == "multi_year":
        more |= {"base_year": 2023}
        yield target(row["id"], kind, value, 2026, **more)
        return
    if chance.random() < 0.1:
        more["strength"] = "aspired"
    yield target(row["id"], kind, value, **more)


@pytest.fixture(scope="module", params=list(COUNTS))
def briefs(request: pytest.FixtureRequest) -> list[Brief]:
    """A brief of each of the made districts."""
    chance = random.Random(20251)
    codes = [f"{n:06d}" for n in range(1, COUNTS[request.param] + 1)]
    cities = [f"9{n:05d}" for n in range(len(codes) // PER_CITY + 1)]
    units = District.conform(
        pl.DataFrame(
            [{"code": c, "name": f"第{c}市", "parent": None, "kind": "total"} for c in cities]
            + [
                {"code": c, "name": f"第{c}区", "parent": cities[n // PER_CITY], "kind": "district"}
                for n, c in enumerate(codes)
            ],
            infer_schema_length=None,
        )
    )
    rows = [(ROWS[i], c) for c in codes for i in chance.sample(HEADLINE, 6)]
    at = request.param
    table = metrics(
        [f for row, c in rows for f in told(chance, row, c)],
        [g for row, c in rows for g in goal(chance, row, c)],
        at,
        units,
        KNOWN,
    )
    shares = share_changes(table, units).partition_by("district", as_dict=True)
    made = []
    for (district,), own in table.partition_by("district", as_dict=True).items():
        if district in cities:
            continue
        bundle = bundle_of(own, at, known=KNOWN, units=units, headline=HEADLINE, parent=CITY)
        if (district,) in shares:
            bundle.content["share_changes"] = shares[district,].drop("district").to_dicts()
        made.append(Brief(bundle))
    return made


def test_every_number_is_a_figure_of_its_row(briefs: list[Brief]) -> None:
    checked, strange = 0, []
    for brief in briefs:
        for view, text in sentences_by_view(brief):
            checked += len(NUMBER.findall(text))
            strange += [(view["district"], view.id, n, text) for n in strange_numbers(view, text)]

    assert strange == []
    assert checked > 10 * len(briefs)


def test_there_are_a_thousand_briefs(briefs: list[Brief]) -> None:
    assert len(briefs) == COUNTS[str(briefs[0].checkpoint)]
    assert sum(COUNTS.values()) == 1000


def test_no_figure_is_said_that_is_masked_or_missing(briefs: list[Brief]) -> None:
    said = [
        (view["district"], view.id, text)
        for brief in briefs
        for view, text in sentences_by_view(brief)
        if not view.reported and NUMBER.search(text)
    ]

    assert said == []
