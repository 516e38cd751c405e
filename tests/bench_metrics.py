"""Metrics over ten years of a nation's districts, against a handwritten polars query."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl

from kejistats.metrics import metric_table, metric_tables
from kejistats.model.period import Checkpoint
from kejistats.model.tables import District, Observation, Target
from kejistats.store import Store
from tests.factory import registry

DISTRICTS, CITIES, INDICATORS, YEARS = 2843, 31, 60, range(2014, 2024)
_KEY = ["district", "indicator", "year"]
_PEERS = ["parent", "indicator", "year", "month"]


def nation(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Fill a store with 20.5 million figures; return districts, indicators and targets."""
    cities = [f"P{n:02d}" for n in range(CITIES)]
    codes = [f"8{n:05d}" for n in range(DISTRICTS)]
    district_table = District.conform(
        pl.DataFrame(
            {
                "code": [*cities, *codes],
                "name": [*cities, *codes],
                "parent": [*[None] * CITIES, *(cities[n % CITIES] for n in range(DISTRICTS))],
                "kind": [*["total"] * CITIES, *["district"] * DISTRICTS],
            }
        )
    )
    first_indicators = registry().head(INDICATORS)
    inputs = pl.col("numerator").is_null() | pl.col("numerator").is_in(
        first_indicators["id"].implode()
    )
    computable = first_indicators.filter(inputs)
    template = registry().filter(id="patent_granted").to_dicts()[0]
    additional = [
        template | {"id": f"own_{n}", "name": f"own_{n}", "short": f"own_{n}", "aliases": []}
        for n in range(INDICATORS - computable.height)
    ]
    indicators = pl.DataFrame([*computable.to_dicts(), *additional], schema=computable.schema)
    cells = pl.DataFrame({"district": codes}).join(
        indicators.select(indicator="id"), how="cross"
    ).with_row_index("n")  # fmt: skip
    store = Store(folder / "nation")
    with store.writing():
        store.append({"observations": _figures(cells)})
    figures = store.scan_observations()
    target_table = figures.filter(pl.col("month") == 12).select(
        *_KEY,
        kind=pl.lit("total"),
        value=pl.col("value") * 1.1,
        comparison=pl.lit(">="),
        strength=pl.lit("assigned"),
        start_month=pl.lit(0),
        reported=pl.lit(""),
        source=pl.lit("made.csv#E2"),
        intake_id=pl.lit("000001-00000000"),
    )
    return district_table, indicators, Target.conform(target_table.collect())


def _figures(cells: pl.DataFrame) -> Iterator[pl.DataFrame]:
    first = 200 + (pl.col("n").cast(pl.Int64) * 7919 % 100_003).cast(pl.Float64) / 10
    rate = 1.05 + (pl.col("n").cast(pl.Int64) % 11) / 1000
    for year in YEARS:
        for month in range(1, 13):
            at = date(year, month, 1)
            value = (first * rate.pow(year - YEARS[0]) * (month / 12)).round(2)
            yield Observation.conform(
                cells.select(
                    "district",
                    "indicator",
                    level=pl.lit(""),
                    year=pl.lit(year, dtype=pl.Int64),
                    month=pl.lit(month, dtype=pl.Int64),
                    value=value,
                    status=pl.lit("reported"),
                    grade=pl.lit("preliminary"),
                    bound=pl.lit("exact"),
                    reported=value.cast(pl.String),
                    source=pl.format("{}.csv#D{}", pl.lit(f"{at:%Y%m}"), pl.col("n") + 2),
                    intake_id=pl.lit(f"{(year - YEARS[0]) * 12 + month:06d}-00000000"),
                )
            )


def by_hand(folder: Path, units: pl.DataFrame, targets: pl.DataFrame) -> float:
    """Compute five metrics of all figures in one streaming query; return its seconds."""
    figures = Store(folder / "nation").scan_observations()
    figures = figures.select("district", "indicator", "year", "month", "value")
    bases = figures.select(
        "district", "indicator", pl.col("year") + 1, "month", pl.col("value").alias("base")
    )
    a, b = pl.col("value"), pl.col("base")
    query = (
        figures.join(bases, on=[*_KEY, "month"], how="left")
        .join(targets.lazy().select(*_KEY, target="value"), on=_KEY, how="left")
        .join(units.lazy().select(district="code", parent="parent"), on="district", how="left")
        .with_columns(
            yoy=(a - b) / b,
            attainment=a / pl.col("target"),
            rank=a.rank("min", descending=True).over(_PEERS),
            share=a / a.sum().over(_PEERS),
        )
    )
    start = time.perf_counter()
    query.collect(engine="streaming")
    return time.perf_counter() - start


def all_checkpoints(folder: Path) -> None:
    """Compute the Metric rows of all figures, a year at a time."""
    units, indicators, targets = _read(folder)
    figures = Store(folder / "nation").scan_observations()
    checkpoints = [Checkpoint(year, month) for year in YEARS for month in range(1, 13)]
    for _ in metric_tables(figures, targets, units, indicators, checkpoints):
        pass


def one_checkpoint(folder: Path) -> float:
    """Compute the Metric table of one checkpoint; return its seconds without loading."""
    units, indicators, targets = _read(folder)
    start = time.perf_counter()
    figures = Store(folder / "nation").scan_observations()
    metric_table(figures, targets, units, indicators, Checkpoint(YEARS[-1], 6))
    return time.perf_counter() - start


def read_checkpoint(folder: Path) -> float:
    """Read one checkpoint's rows; return its seconds."""
    start = time.perf_counter()
    figures = Store(folder / "nation").scan_observations()
    figures.filter(pl.col("year") == YEARS[-1], pl.col("month") == 6).collect()
    return time.perf_counter() - start


def read_metric_inputs(folder: Path) -> float:
    """Read the rows that one checkpoint's metrics use; return its seconds.

    These are the same month and December of five years: for bases, the year's end and the
    seasonal profile.
    """
    start = time.perf_counter()
    figures = Store(folder / "nation").scan_observations()
    last = YEARS[-1]
    figures.filter(
        pl.col("year").is_in(list(range(last - 4, last + 1))), pl.col("month").is_in([6, 12])
    ).collect()
    return time.perf_counter() - start


def write_tables(folder: Path, tables: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]) -> None:
    """Write the small tables for the processes that measure."""
    for name, table in zip(("units", "indicators", "targets"), tables, strict=True):
        table.write_parquet(folder / f"{name}.parquet")


def _read(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    units, indicators, targets = (
        pl.read_parquet(folder / f"{name}.parquet") for name in ("units", "indicators", "targets")
    )
    return units, indicators, targets
