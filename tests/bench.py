"""Measure what the house costs against the bare work, within one run.

Run with ``python -m nox -s bench``. Times differ from machine to machine; the ratios hardly do.
"""

from __future__ import annotations

import io
import resource
import shutil
import statistics
import sys
import tempfile
import time
import timeit
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import fastexcel
import nbformat
import polars as pl
import xlsxwriter
from deltalake import write_deltalake
from matplotlib.figure import Figure

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from kejistats.api import Desk  # noqa: E402
from kejistats.brief import Brief, Bundle  # noqa: E402
from kejistats.intake import inbox_files, ingest  # noqa: E402
from kejistats.metrics import metric_table  # noqa: E402
from kejistats.model.period import Checkpoint  # noqa: E402
from kejistats.model.tables import District, Observation  # noqa: E402
from kejistats.pages.exporter import KejistatsExporter  # noqa: E402
from kejistats.run import planning  # noqa: E402
from kejistats.store import Store  # noqa: E402
from tests import bench_briefs, bench_mail, bench_metrics  # noqa: E402
from tests.factory import ROOT, registry, targets  # noqa: E402
from tests.workspaces import make_workspace  # noqa: E402

DISTRICTS, CHECKPOINTS, AT = 300, 20, Checkpoint(2025, 6)
RUNS = 5
BOOKS, BOOK_ROWS = 1000, 120
CSV_ROWS = 5_000_000


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


def apart(work: Callable[..., object], *given: object) -> tuple[float, float]:
    """Time some work in a process of its own; return seconds and the peak of its memory in MB.

    The memory is what the work adds to a process that has loaded all it needs.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_measured, work, *given).result()


def _measured(work: Callable[..., object], *given: object) -> tuple[float, float]:
    before = _peak()
    start = time.perf_counter()
    work(*given)
    return time.perf_counter() - start, _peak() - before


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def intake(folder: Path) -> None:
    """Intake of the demo city against the bare reading of its files."""
    source = ROOT / "data" / "demo-city"
    left_out = shutil.ignore_patterns("store", "__pycache__")
    shutil.copytree(source, folder / "demo-city", ignore=left_out)
    dataset = Desk(folder / "demo-city")
    files = inbox_files(dataset)

    def take() -> None:
        shutil.rmtree(dataset.path / "store", ignore_errors=True)
        dataset.forget_store()
        ingest(dataset, files)

    work, bare = median(take), median(lambda: _read(files))
    rows = Store(dataset.path / "store").receipts()["rows"].sum()
    report(f"intake of {len(files)} files, {rows} rows", work, "bare reading", bare)


def _read(files: list[Path]) -> None:
    for file in files:
        if file.suffix == ".csv":
            pl.read_csv(file, infer_schema=False)
        else:
            fastexcel.read_excel(file).load_sheet(0, dtypes="string").to_polars()


def _city(folder: Path, count: int) -> list[str]:
    """Make a data set of so many districts; return their codes."""
    (folder / "inbox").mkdir(parents=True)
    (folder / "dataset.toml").write_text('title = "示例"\nparent = "800000"\n', encoding="utf-8")
    codes = [f"8{n:05d}" for n in range(1, count + 1)]
    names = ["全市", *(f"第{n}区" for n in range(1, count + 1))]
    rows = {"code": ["800000", *codes], "name": names, "parent": [None, *["800000"] * count]}
    pl.DataFrame(rows).write_csv(folder / "districts.csv")
    return codes


def _figures(codes: list[str], checkpoints: list[str]) -> pl.DataFrame:
    """Made figures in the long form: every indicator that is reported, at every checkpoint.

    Each series grows by some 6 % a year, with 45 % of a year in its first half, so that nothing
    is wrong with them and every comparison is made to the end.
    """
    parts = registry()["parts"].explode().drop_nulls()
    asked = registry().filter(
        pl.col("numerator").is_null(),
        pl.col("maximum").is_null(),
        ~pl.col("id").is_in(parts.implode()),
    )
    frame = pl.DataFrame({"district": codes}).join(
        asked.select(indicator="name", unit="unit"), how="cross"
    )
    at = pl.DataFrame({"checkpoint": checkpoints}).with_columns(
        year=pl.col("checkpoint").str.slice(0, 4).cast(pl.Int64),
        share=pl.when(pl.col("checkpoint").str.ends_with("H1")).then(0.45).otherwise(1.0),
    )
    frame = frame.with_row_index("n").join(at, how="cross")
    first = 1000 + pl.col("n").cast(pl.Int64) * 7919 % 100_003
    rate = 1.06 + pl.col("n").cast(pl.Int64) % 11 / 1000
    number = (first * rate.pow(pl.col("year") - 2000) * pl.col("share")).round().cast(pl.Int64)
    return frame.with_columns(value=number.cast(pl.String)).select(
        "district", "indicator", "checkpoint", "value", "unit"
    )


def _take(folder: Path, names: list[str]) -> None:
    dataset = Desk(folder)
    ingest(dataset, [folder / "inbox" / name for name in names])


def workbooks(folder: Path) -> None:
    """A thousand districts' workbooks checked and stored, against reading them."""
    codes = _city(folder / "books", BOOKS)
    figures = _figures(codes, ["2024H1", "2024H2", "2025H1"])
    files = []
    for code, rows in figures.partition_by("district", as_dict=True).items():
        files.append(folder / "books" / "inbox" / f"{code[0]}.xlsx")
        with xlsxwriter.Workbook(str(files[-1])) as book:
            sheet = book.add_worksheet("数据")
            sheet.write_row(0, 0, rows.columns)
            for y, row in enumerate(rows.head(BOOK_ROWS).iter_rows(), 1):
                sheet.write_row(y, 0, [*row[:3], float(row[3]), row[4]])
    work, _ = apart(_take, folder / "books", [file.name for file in files])
    bare = median(lambda: _read(files), 3)
    each = (work - bare) / BOOKS * 1000
    report(
        f"{BOOKS} workbooks of {BOOK_ROWS} rows, {each:.1f} ms each beyond reading",
        work, "bare reading", bare,
    )  # fmt: skip


def csv(folder: Path) -> None:
    """One CSV of millions of rows against reading it and writing what it becomes."""
    place = folder / "csv"
    years = [f"{year}H{half}" for year in range(2000, 2025) for half in (1, 2)]
    frame = _figures(_city(place, CSV_ROWS // 1900), years).head(CSV_ROWS)
    frame.write_csv(place / "inbox" / "all.csv")
    rows, size = frame.height, frame.estimated_size("mb")
    del frame
    runs = []
    for _ in range(3):
        shutil.rmtree(place / "store", ignore_errors=True)
        runs.append(apart(_take, place, ["all.csv"]))
    work, peak = (statistics.median(figures) for figures in zip(*runs, strict=True))
    read = median(lambda: pl.read_csv(place / "inbox" / "all.csv", infer_schema=False), 3)
    stored = Store(place / "store").observations()
    write = median(lambda: write_deltalake(str(place / "bare"), stored, mode="overwrite"), 3)
    report(f"one CSV of {rows} rows", work, "read_csv and the Delta write", read + write)
    kept = stored.estimated_size("mb")
    print(
        f"  peak memory {peak:.0f} MB; the frame stored {kept:.0f} MB, ratio {peak / kept:.1f}; "
        f"the text as read {size:.0f} MB"
    )


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
            intake_id=pl.lit("000001-00000000"),
        )
        .drop("n")
    )
    return District.conform(units), Observation.conform(figures)


def metrics(folder: Path) -> None:
    """The Metric table of many districts against reading their figures."""
    units, figures = many()
    store = Store(folder / "store")
    with store.writing():
        store.append({"observations": [figures]})
    goals = targets(
        {
            "district": code, "indicator": "patent_granted", "year": AT.year, "kind": "total",
            "value": 900.0, "comparison": ">=", "strength": "assigned", "start_month": 0,
            "reported": "900", "source": "made.csv#E2", "intake_id": "000002-00000000",
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


def nation(folder: Path) -> None:
    """The Metric rows of 20.5 million figures against five metrics in one query by hand."""
    tables = bench_metrics.nation(folder)
    bench_metrics.keep(folder, tables)
    units, _, aims = tables
    hand = min(bench_metrics.by_hand(folder, units, aims) for _ in range(2))
    one = min(bench_metrics.one_checkpoint(folder) for _ in range(2))
    rows = min(bench_metrics.rows_of_one(folder) for _ in range(3))
    report("metrics of one checkpoint of the nation", one, "reading its rows", rows)
    looked_at = min(bench_metrics.rows_looked_at(folder) for _ in range(3))
    report("the same", one, "reading the rows it looks at", looked_at)
    del tables, units, aims
    work, peak = apart(bench_metrics.all_checkpoints, folder)
    report("metrics of 20.5 million figures", work, "five metrics by hand", hand)
    print(f"  peak memory {peak / 1000:.1f} GB")


def brief(folder: Path) -> None:
    """One brief by a notebook and a kernel of its own against the same work in plain Python."""
    root = make_workspace(folder / "workspace", "demo-city")
    dataset = Desk(root / "data" / "demo-city")
    _, [job], _ = planning.plan(dataset, AT, ["900101"], folder / "out")

    def by_notebook() -> None:
        bench_briefs.by_kernel(job)

    def plain() -> None:
        made = Brief(Bundle.read(job.bundle))
        parts = _parts(made)
        charts = (made.chart_attainment(), made.chart_growth(), made.chart_position())
        "".join([*parts, *(str(chart) for chart in charts)])

    work, bare = median(by_notebook), median(plain)
    report("one brief by papermill, a new kernel and export", work, "plain Python", bare)
    content = Bundle.read(job.bundle).content
    shown = median(lambda: _parts(Brief(Bundle(content))), 20)
    exporter, notebook = KejistatsExporter(), nbformat.read(job.executed, 4)  # type: ignore[no-untyped-call]
    page = median(lambda: exporter.from_notebook_node(notebook), 20)
    print(f"  selection, sentences, tables and templates {shown * 1000:.1f} ms (limit 15)")
    print(f"  conversion to HTML, exporter reused {page * 1000:.1f} ms (limit 10)", flush=True)


def mail(folder: Path) -> None:
    """Messages built from finished briefs, and sent, against a bare smtplib loop."""
    seconds, work, bare = bench_mail.measure(folder)
    count = bench_mail.MESSAGES
    print(
        f"{count} messages built: {seconds:.1f} s of one processor, {seconds / count * 1000:.1f} ms each"
    )
    report(f"{bench_mail.SENT} messages sent", work, "bare smtplib", bare)


def _parts(made: Brief) -> list[str]:
    """The HTML of all parts of a brief but the charts."""
    parts = (
        made.head,
        made.table(),
        made.review,
        made.problems,
        made.plan,
        made.chains,
        made.notes,
    )
    return [part.html for part in parts]


def charts(folder: Path) -> None:
    """Every chart of a brief, its picture included, against one bare bar chart of matplotlib."""
    root = make_workspace(folder / "charts", "demo-city")
    own = Desk(root / "data" / "demo-city").brief("900101", AT)
    draw = {
        "attainment": own.chart_attainment, "growth": own.chart_growth,
        "position": own.chart_position, "trend": own.chart_trend,
        "seasonality": own.chart_seasonality, "contribution": own.chart_contribution,
        "stages": own.chart_chains,
    }  # fmt: skip
    bare = fastest(_bare_chart)
    for name, chart in draw.items():
        report(f"chart {name}", fastest(lambda chart=chart: chart().png), "a bare chart", bare)


def fastest(work: Callable[[], object], runs: int = 20) -> float:
    """The least time of many short runs in seconds, which other programs disturb least."""
    work()
    return min(timeit.repeat(work, number=1, repeat=runs))


def _bare_chart() -> None:
    figure = Figure(figsize=(4.2, 3.5), dpi=200)
    names = [f"Indicator {n}" for n in range(10)]
    figure.subplots().barh(names, range(10))
    figure.savefig(io.BytesIO(), format="png")


PARTS = {
    f.__name__: f
    for f in (intake, workbooks, csv, metrics, brief, charts, bench_briefs.briefs, nation, mail)
}

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        for part in sys.argv[1:] or PARTS:
            own = Path(name) / part
            own.mkdir()
            PARTS[part](own)
