"""Measure what the house costs against the bare work, within one run.

Run with ``python -m nox -s bench``. Times differ from machine to machine; the ratios hardly do.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import fastexcel
import polars as pl

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from factory import ROOT, registry, targets  # noqa: E402
from workspaces import make_workspace  # noqa: E402

from kejistats import batch  # noqa: E402
from kejistats.brief import Brief, Bundle  # noqa: E402
from kejistats.dataset import Dataset  # noqa: E402
from kejistats.intake import inbox_files, take_in  # noqa: E402
from kejistats.metrics import metric_table  # noqa: E402
from kejistats.period import Checkpoint  # noqa: E402
from kejistats.schema import District, Finding, Observation  # noqa: E402
from kejistats.store import Receipt, Store  # noqa: E402

DISTRICTS, CHECKPOINTS, AT = 300, 20, Checkpoint(2025, 6)
RUNS = 5


def median(work: Callable[[], object], runs: int = RUNS) -> float:
    """The median time of several runs in seconds, after one that is not counted."""
    work()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def report(what: str, work: float, bare_name: str, bare: float) -> None:
    """Print one line."""
    print(f"{what}: {work:.3f} s; {bare_name}: {bare:.3f} s; ratio {work / bare:.1f}", flush=True)


def intake(folder: Path) -> None:
    """Intake of the demo city against the bare reading of its files."""
    source = ROOT / "data" / "demo-city"
    left_out = shutil.ignore_patterns("store", "__pycache__")
    shutil.copytree(source, folder / "demo-city", ignore=left_out)
    dataset = Dataset(folder / "demo-city")
    files = inbox_files(dataset)

    def take() -> None:
        shutil.rmtree(dataset.path / "store", ignore_errors=True)
        dataset.forget_store()
        take_in(dataset, files)

    def read() -> None:
        for file in files:
            if file.suffix == ".csv":
                pl.read_csv(file, infer_schema=False)
            else:
                fastexcel.read_excel(file).load_sheet(0, dtypes="string").to_polars()

    work, bare = median(take), median(read)
    rows = sum(receipt.rows for receipt in Store(dataset.path / "store").receipts())
    report(f"intake of {len(files)} files, {rows} rows", work, "bare reading", bare)


def many() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Made districts and their figures of every indicator of the registry."""
    units = pl.DataFrame(
        {
            "code": ["800000", *(f"8{n:05d}" for n in range(1, DISTRICTS + 1))],
            "name": ["全市", *(f"第{n}区" for n in range(1, DISTRICTS + 1))],
            "parent": [None, *["800000"] * DISTRICTS],
            "kind": ["total", *["district"] * DISTRICTS],
        }
    )
    at = pl.DataFrame(
        {
            "year": [AT.year - n // 2 for n in range(CHECKPOINTS)],
            "month": [6 if n % 2 == 0 else 12 for n in range(CHECKPOINTS)],
        }
    )
    # 2016H1 … 2025H1 and the December of each year before.
    at = at.with_columns(year=pl.col("year") - (pl.col("month") == 12).cast(pl.Int64))
    figures = (
        units.filter(pl.col("kind") == "district")
        .select(district="code")
        .join(registry().select(indicator="id"), how="cross")
        .join(at, how="cross")
        .with_row_index("n")
        .with_columns(
            level=pl.lit(""),
            value=50.0 + (pl.col("n") * 7919 % 100_003).cast(pl.Float64) / 100,
            status=pl.lit("reported"),
            grade=pl.lit("preliminary"),
            bound=pl.lit("exact"),
            reported=pl.lit("made"),
            source=pl.format("made.csv#D{}", "n"),
            received=pl.lit("000001-00000000"),
        )
        .drop("n")
    )
    return District.conform(units), Observation.conform(figures)


def metrics(folder: Path) -> None:
    """The Metric table of many districts against reading their figures."""
    units, figures = many()
    store = Store(folder / "store")
    receipt = Receipt(
        id="000001-00000000", file="made.csv", sha256="", table="observations",
        rows=figures.height, accepted=figures.height, unchanged=0, errors=0, warnings=0,
        who="", when="",
    )  # fmt: skip
    store.append(figures, Finding.empty(), receipt)
    goals = targets(
        {
            "district": code, "indicator": "patent_granted", "year": AT.year, "kind": "total",
            "value": 900.0, "comparison": ">=", "strength": "assigned", "start_month": 0,
            "reported": "900", "source": "made.csv#E2", "received": "000002-00000000",
        }
        for code in units["code"]
    )  # fmt: skip
    indicators = registry()
    work = median(lambda: metric_table(figures, goals, units, indicators, AT))
    report(
        f"metrics of {DISTRICTS} districts x {indicators.height} indicators x {CHECKPOINTS} "
        f"checkpoints, {figures.height} rows",
        work,
        "reading the rows",
        median(store.observations),
    )


def brief(folder: Path) -> None:
    """One brief by a notebook and a kernel of its own against the same work in plain Python."""
    root = make_workspace(folder / "workspace", "demo-city")
    dataset = Dataset(root / "data" / "demo-city")
    _, [job], _ = batch.plan(dataset, AT, ["900101"], folder / "out")

    def by_notebook() -> None:
        result = batch.make(job)
        if result.error:
            raise SystemExit(result.error)

    def plain() -> None:
        made = Brief(Bundle.read(job.bundle))
        parts = (made.head, made.table(), made.review, made.problems, made.plan, made.notes)
        charts = (made.chart_attainment(), made.chart_growth(), made.chart_position())
        "".join([*(part.html for part in parts), *(str(chart) for chart in charts)])

    work, bare = median(by_notebook), median(plain)
    report("one brief by papermill, a new kernel and export", work, "plain Python", bare)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        intake(Path(name))
        metrics(Path(name))
        brief(Path(name))
