"""Stores with intakes on given days, and with figures and targets dated by their sources."""

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


def receipt_id(n: int) -> str:
    """Return the id of the n-th receipt."""
    return f"{n:06d}-00000000"


def receipt(
    n: int, created: str = "2025-07-10", withdraws: int | None = None, **more: Any
) -> pl.DataFrame:
    """Return the n-th receipt, created on a day at noon in China or at a given moment."""
    row = {
        "id": receipt_id(n), "action": "withdraw" if withdraws else "intake",
        "withdraws": receipt_id(withdraws) if withdraws else None, "file": f"{n}.csv", "form": None,
        "supersedes": True, "sha256": f"{n:064d}", "table": "observations", "rows": 1,
        "accepted": 1, "unchanged": 0, "errors": 0, "warnings": 0, "who": "",
        "created_at": created if "T" in created else f"{created}T04:00:00+00:00",
    }  # fmt: skip
    return pl.DataFrame([row | more], schema=Receipt.dtypes())


@dataclass(frozen=True)
class Intake:
    """The figures and targets of one receipt, or the receipt it withdraws."""

    day: str
    figures: Sequence[Mapping[str, Any]] = ()
    targets: Sequence[Mapping[str, Any]] = ()
    withdraws: int | None = None


def fill(store: Store, *intakes: Intake) -> Store:
    """Append intakes, numbered from 1, each as a file of its own; return the store."""
    figure_frames, target_frames, receipts = [], [], []
    for n, intake in enumerate(intakes, 1):
        vintage = {"intake_id": receipt_id(n)}
        figure_frames.append(observations([row | vintage for row in intake.figures]))
        target_frames.append(targets([row | vintage for row in intake.targets]))
        receipts.append(receipt(n, intake.day, intake.withdraws))
    with store.writing():
        store.append(
            {
                "observations": figure_frames,
                "targets": target_frames,
                "receipts": [pl.concat(receipts)],
            }
        )
    return store


def filled_dataset(city: Path, *intakes: Intake) -> Desk:
    """Fill the store of a data set and open it."""
    fill(Store(city / "store"), *intakes)
    return Desk(city)


def count_figure(value: float | None, published: str | None = None, **more: Any) -> dict[str, Any]:
    """Return the row of a count, with its day of publication."""
    published_on = day(published) if published else None
    return observation(COUNT, value, published=published_on, **more)


def count_target(value: float, issued: str | None = None, **more: Any) -> dict[str, Any]:
    """Return the row of a target for the count, with its day of issue."""
    return target(COUNT, "total", value, issued=day(issued) if issued else None, **more)


BASE_FIGURE = count_figure(20.0, "2024-07-31", year=2024)

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
def random_intake(draw: st.DrawFn, least: int = 0) -> Intake:
    """Draw an intake on a day: figures with different keys, and targets, some dated by source."""
    figure_rows = [
        observation(i, None, y, m, district=d)
        | draw(REPORTED)
        | {"published": draw(st.none() | DAYS)}
        for d, i, y, m in draw(
            st.lists(st.sampled_from(KEYS), unique=True, min_size=least, max_size=24)
        )
    ]
    target_rows = [
        target(COUNT, "total", float(draw(st.integers(1, 50))), district=d)
        | {"issued": draw(st.none() | DAYS)}
        for d in draw(st.lists(st.sampled_from([code(1), code(2), CITY]), unique=True))
    ]
    return Intake(draw(DAYS).isoformat(), figure_rows, target_rows)


def metric_tables(*states: tuple[Store, date | None]) -> list[pl.DataFrame]:
    """Return the Metric tables of stores, each as known on a day; None for the whole store.

    Each store becomes a city of its own in one table, so that one call computes all of them.
    """

    def in_city(n: int, *columns: str) -> list[pl.Expr]:
        """Move the district codes of these columns into the n-th city."""
        return [(pl.lit(f"8{n}") + pl.col(c).str.slice(2)).alias(c) for c in columns]

    units, figure_frames, target_frames = [], [], []
    for n, (store, known_day) in enumerate(states):
        units.append(districts().with_columns(in_city(n, "code", "parent")))
        figure_frames.append(
            store.scan_observations(known_day).with_columns(in_city(n, "district"))
        )
        target_frames.append(store.targets(as_known=known_day).with_columns(in_city(n, "district")))
    all_units = District.conform(pl.concat(units))
    table = metric_table(
        pl.concat(figure_frames), pl.concat(target_frames), all_units, registry(), H1
    )
    original_codes = [
        (pl.lit("90") + pl.col(c).str.slice(2)).alias(c) for c in ("district", "leader_district")
    ]
    return [
        table.filter(pl.col("district").str.starts_with(f"8{n}")).with_columns(original_codes)
        for n in range(len(states))
    ]
