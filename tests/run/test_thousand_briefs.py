"""No sentence about a thousand generated districts states a number that is not in their metrics."""

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
from tests.brief.read_back import NUMBER, sentences_by_view, unexplained_numbers
from tests.factory import CITY, indicators, metrics, observation, registry, target

COUNTS = {"2025H1": 600, "2024H2": 400}
# Small cities, so that ranks, ties and shares of every kind occur.
PER_CITY = 8
SPECIAL = [0.0, 1.0, 2.0, 9.0, 10.0, 99999.0, 100000.0, 123456.0]
HEADLINE = [*registry().filter("headline")["id"], "patent_granted", NET]
REGISTRY = indicators(
    {"id": NET, "name": "净流入", "unit": "亿元", "decimals": 1, "negative": True},
    **{i: {"headline": i in HEADLINE} for i in registry()["id"]},
)
ROWS = {row["id"]: row for row in REGISTRY.iter_rows(named=True) if row["id"] in HEADLINE}
KINDS = {
    "flow": ["total", "growth", "range", "ceiling", "multi_year", "total", "total"],
    "stock": ["level", "net", "growth", "ceiling", "multi_year", "level"],
    "ratio": ["level", "ceiling", "level"],
}


def random_figure(rng: random.Random, row: dict[str, Any]) -> float:
    """Return a random figure an indicator may have: ordinary, round, zero, tiny, huge or negative."""
    if row["unit"] == "%":
        value = rng.choice([0.0, 0.04, rng.uniform(0, 4), rng.uniform(0, 60)])
    elif rng.random() < 0.3:
        value = rng.choice(SPECIAL)
    else:
        value = 10 ** rng.uniform(-1, 5)
    if row["negative"] and rng.random() < 0.4:
        value = -value
    return round(value, row["decimals"])


def random_observations(
    rng: random.Random, row: dict[str, Any], district: str
) -> Iterator[dict[str, Any]]:
    """Yield observations of three and a half years, with any status, bound and grade."""
    start = random_figure(rng, row)
    for year in (2022, 2023, 2024, 2025):
        for month in (6, 12):
            if (year, month) == (2025, 12) or rng.random() < 0.04:
                continue
            more: dict[str, Any] = {"district": district}
            if rng.random() < 0.08:
                status = rng.choice(["masked", "missing", "not_applicable"])
                yield observation(row["id"], None, year, month, status=status, **more)
                continue
            near = start * (1 if month == 12 else 0.5) * rng.choice([1, 1, 0.8, 1.02, 1.3])
            value = rng.choice([random_figure(rng, row), near, near, near])
            if rng.random() < 0.1:
                more["bound"] = rng.choice(BOUNDS)
            if rng.random() < 0.05:
                more["published_growth"] = round(rng.uniform(-30, 60), 1)
            if rng.random() < 0.1:
                more["grade"] = rng.choice(["forecast", "final"])
            yield observation(row["id"], round(value, row["decimals"]), year, month, **more)


def random_targets(
    rng: random.Random, row: dict[str, Any], district: str
) -> Iterator[dict[str, Any]]:
    """Yield one target of a kind that fits the measure, or none."""
    if rng.random() < 0.25:
        return
    kind = rng.choice(KINDS[row["measure"]])
    more: dict[str, Any] = {"district": district}
    value = abs(random_figure(rng, row)) or 1.0
    if kind == "growth":
        value = rng.choice([8.0, 0.5, 12.5, -3.0])
    if kind == "range":
        more["value_upper"] = value * 2
    if kind == "multi_year":
        more |= {"base_year": 2023}
        yield target(row["id"], kind, value, 2026, **more)
        return
    if rng.random() < 0.1:
        more["strength"] = "aspired"
    yield target(row["id"], kind, value, **more)


@pytest.fixture(scope="module", params=list(COUNTS))
def briefs(request: pytest.FixtureRequest) -> list[Brief]:
    """A brief of each generated district."""
    rng = random.Random(20251)
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
    rows = [(ROWS[i], c) for c in codes for i in rng.sample(HEADLINE, 6)]
    at = request.param
    table = metrics(
        [f for row, c in rows for f in random_observations(rng, row, c)],
        [g for row, c in rows for g in random_targets(rng, row, c)],
        at,
        units,
        REGISTRY,
    )
    shares = share_changes(table, units).partition_by("district", as_dict=True)
    made = []
    for (district,), district_rows in table.partition_by("district", as_dict=True).items():
        if district in cities:
            continue
        bundle = bundle_of(
            district_rows, at, known=REGISTRY, units=units, headline=HEADLINE, parent=CITY
        )
        if (district,) in shares:
            bundle.content["share_changes"] = shares[district,].drop("district").to_dicts()
        made.append(Brief(bundle))
    return made


def test_every_number_is_a_figure_of_its_row(briefs: list[Brief]) -> None:
    checked, strange = 0, []
    for brief in briefs:
        for view, text in sentences_by_view(brief):
            checked += len(NUMBER.findall(text))
            strange += [
                (view["district"], view.id, n, text) for n in unexplained_numbers(view, text)
            ]

    assert strange == []
    assert checked > 10 * len(briefs)


def test_there_are_a_thousand_briefs(briefs: list[Brief]) -> None:
    assert len(briefs) == COUNTS[str(briefs[0].checkpoint)]
    assert sum(COUNTS.values()) == 1000


def test_no_masked_or_missing_figure_is_stated(briefs: list[Brief]) -> None:
    stated = [
        (view["district"], view.id, text)
        for brief in briefs
        for view, text in sentences_by_view(brief)
        if not view.reported and NUMBER.search(text)
    ]

    assert stated == []
