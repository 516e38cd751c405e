"""Compare the time of each part with that of the bare work, within one run.

Run with ``python -m nox -s bench``. Times depend on the machine; their ratios hardly do.
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
    """Return the median time of several runs in seconds, after one warm-up run."""
    work()
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def report(description: str, seconds: float, baseline_name: str, baseline: float) -> None:
    """Print one line: seconds, the baseline's seconds and their ratio."""
    print(
        f"{description}: {seconds:.3f} s; {baseline_name}: {baseline:.3f} s; ratio {seconds / baseline:.1f}",
        flush=True,
    )


def in_new_process(work: Callable[..., object], *arguments: object) -> tuple[float, float]:
    """Run work in a new process; return its seconds and its peak memory in MB.

    Memory that the process needs before the work, such as for imports, is not counted.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_measured, work, *arguments).result()


def _measured(work: Callable[..., object], *arguments: object) -> tuple[float, float]:
    before = _peak()
    start = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - start, _peak() - before


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def intake(folder: Path) -> None:
    """Compare the intake of the demo city with reading its files."""
    source = ROOT / "data" / "demo-city"
    ignored = shutil.ignore_patterns("store", "__pycache__")
    shutil.copytree(source, folder / "demo-city", ignore=ignored)
    dataset = Desk(folder / "demo-city")
    files = inbox_files(dataset)

    def ingest_all() -> None:
        shutil.rmtree(dataset.path / "store", ignore_errors=True)
        dataset.forget_store()
        ingest(dataset, files)

    work, baseline = median(ingest_all), median(lambda: _read(files))
    rows = Store(dataset.path / "store").receipts()["rows"].sum()
    report(f"intake of {len(files)} files, {rows} rows", work, "bare reading", baseline)


def _read(files: list[Path]) -> None:
    for file in files:
        if file.suffix == ".csv":
            pl.read_csv(file, infer_schema=False)
        else:
            fastexcel.read_excel(file).load_sheet(0, dtypes="string").to_polars()


def _make_city(folder: Path, count: int) -> list[str]:
    """Write a data set with `count` districts; return their codes."""
    (folder / "inbox").mkdir(parents=True)
    (folder / "dataset.toml").write_text('title = "示例"\nparent = "800000"\n', encoding="utf-8")
    codes = [f"8{n:05d}" for n in range(1, count + 1)]
    names = ["全市", *(f"第{n}区" for n in range(1, count + 1))]
    rows = {"code": ["800000", *codes], "name": names, "parent": [None, *["800000"] * count]}
    pl.DataFrame(rows).write_csv(folder / "districts.csv")
    return codes


def _figures(codes: list[str], checkpoints: list[str]) -> pl.DataFrame:
    """Return generated figures as a long table: every reported indicator, every checkpoint.

    Each series grows by some 6 % a year, with 45 % of a year in its first half, so that there
    are no findings and every comparison runs to its end.
    """
    parts = registry()["parts"].explode().drop_nulls()
    reported_indicators = registry().filter(
        pl.col("numerator").is_null(),
        pl.col("maximum").is_null(),
        ~pl.col("id").is_in(parts.implode()),
    )
    frame = pl.DataFrame({"district": codes}).join(
        reported_indicators.select(indicator="name", unit="unit"), how="cross"
    )
    checkpoint_table = pl.DataFrame({"checkpoint": checkpoints}).with_columns(
        year=pl.col("checkpoint").str.slice(0, 4).cast(pl.Int64),
        share=pl.when(pl.col("checkpoint").str.ends_with("H1")).then(0.45).otherwise(1.0),
    )
    frame = frame.with_row_index("n").join(checkpoint_table, how="cross")
    first = 1000 + pl.col("n").cast(pl.Int64) * 7919 % 100_003
    rate = 1.06 + pl.col("n").cast(pl.Int64) % 11 / 1000
    number = (first * rate.pow(pl.col("year") - 2000) * pl.col("share")).round().cast(pl.Int64)
    return frame.with_columns(value=number.cast(pl.String)).select(
        "district", "indicator", "checkpoint", "value", "unit"
    )


def _ingest(folder: Path, names: list[str]) -> None:
    dataset = Desk(folder)
    ingest(dataset, [folder / "inbox" / name for name in names])


def workbooks(folder: Path) -> None:
    """Compare checking and storing a thousand workbooks with reading them."""
    codes = _make_city(folder / "books", BOOKS)
    figures = _figures(codes, ["2024H1", "2024H2", "2025H1"])
    files = []
    for code, rows in figures.partition_by("district", as_dict=True).items():
        files.append(folder / "books" / "inbox" / f"{code[0]}.xlsx")
        with xlsxwriter.Workbook(str(files[-1])) as book:
            sheet = book.add_worksheet("数据")
            sheet.write_row(0, 0, rows.columns)
            for y, row in enumerate(rows.head(BOOK_ROWS).iter_rows(), 1):
                sheet.write_row(y, 0, [*row[:3], float(row[3]), row[4]])
    work, _ = in_new_process(_ingest, folder / "books", [file.name for file in files])
    baseline = median(lambda: _read(files), 3)
    extra_ms = (work - baseline) / BOOKS * 1000
    report(
        f"{BOOKS} workbooks of {BOOK_ROWS} rows, {extra_ms:.1f} ms each beyond reading",
        work, "bare reading", baseline,
    )  # fmt: skip


def csv(folder: Path) -> None:
    """Compare the intake of a CSV of millions of rows with reading it and writing the result."""
    city = folder / "csv"
    years = [f"{year}H{half}" for year in range(2000, 2025) for half in (1, 2)]
    frame = _figures(_make_city(city, CSV_ROWS // 1900), years).head(CSV_ROWS)
    frame.write_csv(city / "inbox" / "all.csv")
    rows, size = frame.height, frame.estimated_size("mb")
    del frame
    runs = []
    for _ in range(3):
        shutil.rmtree(city / "store", ignore_errors=True)
        runs.append(in_new_process(_ingest, city, ["all.csv"]))
    work, peak = (statistics.median(figures) for figures in zip(*runs, strict=True))
    read = median(lambda: pl.read_csv(city / "inbox" / "all.csv", infer_schema=False), 3)
    stored = Store(city / "store").observations()
    write = median(lambda: write_deltalake(str(city / "bare"), stored, mode="overwrite"), 3)
    report(f"one CSV of {rows} rows", work, "read_csv and the Delta write", read + write)
    stored_size = stored.estimated_size("mb")
    print(
        f"  peak memory {peak:.0f} MB; the frame stored {stored_size:.0f} MB, ratio {peak / stored_size:.1f}; "
        f"the text as read {size:.0f} MB"
    )


def made_tables() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return generated districts and their figures of every indicator of the registry."""
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
    """Compare computing the Metric table of many districts with reading their figures."""
    units, figures = made_tables()
    store = Store(folder / "store")
    with store.writing():
        store.append({"observations": [figures]})
    target_table = targets(
        {
            "district": code, "indicator": "patent_granted", "year": AT.year, "kind": "total",
            "value": 900.0, "comparison": ">=", "strength": "assigned", "start_month": 0,
            "reported": "900", "source": "made.csv#E2", "intake_id": "000002-00000000",
        }
        for code in units["code"]
    )  # fmt: skip
    indicators = registry()
    work = median(lambda: metric_table(figures, target_table, units, indicators, AT))
    report(
        f"metrics of {DISTRICTS} districts x {indicators.height} indicators x {CHECKPOINTS} "
        f"checkpoints, {figures.height} rows",
        work,
        "reading the rows",
        median(store.observations),
    )


def nation(folder: Path) -> None:
    """Compare the metrics of 20.5 million figures with a handwritten query for five of them."""
    tables = bench_metrics.nation(folder)
    bench_metrics.write_tables(folder, tables)
    units, _, target_table = tables
    by_hand = min(bench_metrics.by_hand(folder, units, target_table) for _ in range(2))
    one_checkpoint = min(bench_metrics.one_checkpoint(folder) for _ in range(2))
    reading = min(bench_metrics.read_checkpoint(folder) for _ in range(3))
    report("metrics of one checkpoint of the nation", one_checkpoint, "reading its rows", reading)
    reading_inputs = min(bench_metrics.read_metric_inputs(folder) for _ in range(3))
    report("the same", one_checkpoint, "reading the rows it uses", reading_inputs)
    del tables, units, target_table
    work, peak = in_new_process(bench_metrics.all_checkpoints, folder)
    report("metrics of 20.5 million figures", work, "five metrics by hand", by_hand)
    print(f"  peak memory {peak / 1000:.1f} GB")


def brief(folder: Path) -> None:
    """Compare a brief by notebook and new kernel with the same work in plain Python."""
    root = make_workspace(folder / "workspace", "demo-city")
    dataset = Desk(root / "data" / "demo-city")
    _, [job], _ = planning.plan(dataset, AT, ["900101"], folder / "out")

    def by_notebook() -> None:
        bench_briefs.by_kernel(job)

    def plain() -> None:
        made_brief = Brief(Bundle.read(job.bundle))
        parts = _parts(made_brief)
        charts = (
            made_brief.chart_attainment(),
            made_brief.chart_growth(),
            made_brief.chart_position(),
        )
        "".join([*parts, *(str(chart) for chart in charts)])

    work, baseline = median(by_notebook), median(plain)
    report("one brief by papermill, a new kernel and export", work, "plain Python", baseline)
    content = Bundle.read(job.bundle).content
    shown = median(lambda: _parts(Brief(Bundle(content))), 20)
    exporter, notebook = KejistatsExporter(), nbformat.read(job.executed, 4)  # type: ignore[no-untyped-call]
    page = median(lambda: exporter.from_notebook_node(notebook), 20)
    print(f"  selection, sentences, tables and templates {shown * 1000:.1f} ms (limit 15)")
    print(f"  conversion to HTML, exporter reused {page * 1000:.1f} ms (limit 10)", flush=True)


def mail(folder: Path) -> None:
    """Compare making messages from finished briefs and sending them with a bare smtplib loop."""
    seconds, work, bare = bench_mail.measure(folder)
    count = bench_mail.MESSAGES
    print(
        f"{count} messages built: {seconds:.1f} s of one processor, {seconds / count * 1000:.1f} ms each"
    )
    report(f"{bench_mail.SENT} messages sent", work, "bare smtplib", bare)


def _parts(brief_object: Brief) -> list[str]:
    """Return the HTML of all parts of a brief except the charts."""
    parts = (
        brief_object.head,
        brief_object.table(),
        brief_object.review,
        brief_object.problems,
        brief_object.plan,
        brief_object.chains,
        brief_object.notes,
    )
    return [part.html for part in parts]


def charts(folder: Path) -> None:
    """Compare every chart of a brief, with its image, with a bare bar chart of matplotlib."""
    root = make_workspace(folder / "charts", "demo-city")
    brief_object = Desk(root / "data" / "demo-city").brief("900101", AT)
    draw = {
        "attainment": brief_object.chart_attainment, "growth": brief_object.chart_growth,
        "position": brief_object.chart_position, "trend": brief_object.chart_trend,
        "seasonality": brief_object.chart_seasonality, "contribution": brief_object.chart_contribution,
        "stages": brief_object.chart_chains,
    }  # fmt: skip
    baseline = fastest(_bare_chart)
    for name, chart in draw.items():
        report(f"chart {name}", fastest(lambda chart=chart: chart().png), "a bare chart", baseline)


def fastest(work: Callable[[], object], runs: int = 20) -> float:
    """Return the shortest time of many short runs in seconds, after one warm-up run."""
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
