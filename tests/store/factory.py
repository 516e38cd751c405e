"""Stores filled by hand: intakes on given days, figures and targets with dates of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import strategies as st

from kejistats.api import Desk
from kejistats.metrics import metric_table
from kejistats.model.period import Checkpoint
from kejistats.model.tables import District, Receipt
from kejistats.store import Store
from tests.factory import (
    CITY,
    COUNT,
    MONEY,
    STOCK,
    code,
    day,
    districts,
    observation,
    observations,
    registry,
    target,
    targets,
)

H1 = Checkpoint(2025, 6)
HALF = "2025H1"


def number(n: int) -> str:
    return f"{n:06d}-00000000"


def receipt(n: int, when: str, withdraws: int | None = None) -> pl.DataFrame:
    """The receipt of an intake on a day, at noon in China unless the time is said."""
    row = {
        "id": number(n), "action": "withdraw" if withdraws else "intake",
        "withdraws": number(withdraws) if withdraws else None, "file": f"{n}.csv", "form": None,
        "supersedes": True, "sha256": f"{n:064d}", "table": "observations", "rows": 1,
        "accepted": 1, "unchanged": 0, "errors": 0, "warnings": 0, "who": "",
        "created_at": when if "T" in when else f"{when}T04:00:00+00:00",
    }  # fmt: skip
    return pl.DataFrame([row], schema=Receipt.dtypes())


@dataclass(frozen=True)
class Intake:
    """What one receipt brought, or took back."""

    when: str
    figures: Sequence[Mapping[str, Any]] = ()
    goals: Sequence[Mapping[str, Any]] = ()
    withdraws: int | None = None


def fill(store: Store, *intakes: Intake) -> Store:
    """Append intakes, numbered from 1 on, each in a file of its own."""
    figures, goals, receipts = [], [], []
    for n, one in enumerate(intakes, 1):
        received = {"intake_id": number(n)}
        figures.append(observations([row | received for row in one.figures]))
        goals.append(targets([row | received for row in one.goals]))
        receipts.append(receipt(n, one.when, one.withdraws))
    with store.writing():
        store.append({"observations": figures, "targets": goals, "receipts": [pl.concat(receipts)]})
    return store


def filled(city: Path, *intakes: Intake) -> Desk:
    fill(Store(city / "store"), *intakes)
    return Desk(city)


def figure(value: float | None, published: str | None = None, **more: Any) -> dict[str, Any]:
    given = day(published) if published else None
    return observation(COUNT, value, published=given, **more)


def goal(value: float, issued: str | None = None, **more: Any) -> dict[str, Any]:
    return target(COUNT, "total", value, issued=day(issued) if issued else None, **more)


BASE = figure(20.0, "2024-07-31", year=2024)

DAYS = st.dates(date(2025, 8, 1), date(2025, 12, 31))
KEYS = [
    (district, indicator, year, month)
    for district in (code(1), code(2), code(3), CITY)
    for indicator in (COUNT, MONEY, STOCK)
    for year, month in ((2023, 12), (2024, 6), (2024, 12), (2025, 6))
]
REPORTED = st.one_of(
    st.integers(0, 99).map(lambda v: {"value": v / 4, "status": "reported", "reported": str(v)}),
    st.just({"value": None, "status": "masked", "reported": "xx"}),
    st.just({"value": None, "status": "missing", "reported": ""}),
    st.just({"value": None, "status": "missing", "reported": "撤销"}),
)


@st.composite
def intake(draw: st.DrawFn, least: int = 0) -> Intake:
    """An intake on a day: figures under different keys, some dated by their source, a target."""
    figures = [
        observation(i, None, y, m, district=d)
        | draw(REPORTED)
        | {"published": draw(st.none() | DAYS)}
        for d, i, y, m in draw(
            st.lists(st.sampled_from(KEYS), unique=True, min_size=least, max_size=24)
        )
    ]
    goals = [
        target(COUNT, "total", float(draw(st.integers(1, 50))), district=d)
        | {"issued": draw(st.none() | DAYS)}
        for d in draw(st.lists(st.sampled_from([code(1), code(2), CITY]), unique=True))
    ]
    return Intake(draw(DAYS).isoformat(), figures, goals)


def computed(*states: tuple[Store, date | None]) -> list[pl.DataFrame]:
    """The Metric tables of stores as known on days, None for all they hold.

    Each stands as a city of its own in one table, so that one call makes all of them.
    """

    def placed(n: int, *columns: str) -> list[pl.Expr]:
        return [(pl.lit(f"8{n}") + pl.col(c).str.slice(2)).alias(c) for c in columns]

    units, figures, goals = [], [], []
    for n, (store, at) in enumerate(states):
        units.append(districts().with_columns(placed(n, "code", "parent")))
        figures.append(store.scan_observations(at).with_columns(placed(n, "district")))
        goals.append(store.targets(as_known=at).with_columns(placed(n, "district")))
    known = District.conform(pl.concat(units))
    table = metric_table(pl.concat(figures), pl.concat(goals), known, registry(), H1)
    back = [
        (pl.lit("90") + pl.col(c).str.slice(2)).alias(c) for c in ("district", "leader_district")
    ]
    return [
        table.filter(pl.col("district").str.starts_with(f"8{n}")).with_columns(back)
        for n in range(len(states))
    ]
