"""Measure many briefs: against standard tools and plain Python, unchanged, and over time."""

from __future__ import annotations

import base64
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue

import nbformat
import polars as pl

from kejistats.brief import Brief, Bundle
from kejistats.dataset import Dataset
from kejistats.model.period import Checkpoint
from kejistats.run import batch, planning
from kejistats.run.batch import Options
from kejistats.run.job import Job, Result
from kejistats.run.planning import Plan
from kejistats.run.pool import Pool
from kejistats.store import Store
from tests.factory import ROOT
from tests.workspaces import BIN, make_workspace

AT = Checkpoint(2025, 6)
MANY, ALL, SAMPLE, WORKERS, PER_CITY = 200, 1000, 5, 2, 20
EARLY, LATE = 50, 500


def make_country(root: Path, count: int) -> Dataset:
    """Write a data set with `count` districts, each with scaled figures of a demo district.

    Scales differ, so that no two districts have the same figures; a city has twenty districts.
    """
    demo = Dataset(root / "data" / "demo-city")
    folder = root / "data" / f"country-{count}"
    folder.mkdir(parents=True)
    shutil.copy(demo.path / "dataset.toml", folder)
    codes = demo.districts.filter(pl.col("kind") == "district")["code"].to_list()
    parent = demo.settings.parent
    scaled_districts = pl.DataFrame(
        {"code": [f"8{n:05d}" for n in range(1, count + 1)]}
    ).with_row_index("n")
    scaled_districts = scaled_districts.with_columns(
        like=pl.Series([codes[n % len(codes)] for n in range(count)]),
        scale=1 + pl.col("n") / count,
    )
    lines = ["code,name,parent,kind", f"{parent},示例国,,total"]
    lines += [f"7{n:05d},示例{n}市,{parent},total" for n in range(count // PER_CITY)]
    lines += [
        f"{code},示例{n}区,7{n // PER_CITY:05d},district"
        for n, code, _, _ in scaled_districts.iter_rows()
    ]
    (folder / "districts.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    source = Store(demo.path / "store")
    tables = {
        name: [_scaled_rows(rows, scaled_districts)]
        for name, rows in (("observations", source.observations()), ("targets", source.targets()))
    }
    store = Store(folder / "store")
    with store.writing():
        store.append(tables | {"receipts": [source.receipts()]})
    return Dataset(folder)


def _scaled_rows(rows: pl.DataFrame, scaled_districts: pl.DataFrame) -> pl.DataFrame:
    columns = rows.columns
    return (
        rows.rename({"district": "like"})
        .join(scaled_districts.select("like", "scale", district="code"), on="like")
        .with_columns(pl.col("value") * pl.col("scale"))
        .select(columns)
    )


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that `work` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def call(*command: str | Path, cwd: Path) -> float:
    """Return the seconds that a program takes; exit if it fails."""
    path = os.pathsep.join([str(BIN), os.environ["PATH"]])

    def run() -> None:
        done = subprocess.run(
            [str(part) for part in command], cwd=cwd, env=os.environ | {"PATH": path},
            capture_output=True, encoding="utf-8", check=False,
        )  # fmt: skip
        if done.returncode:
            raise SystemExit(done.stderr)

    return timed(run)


def print_ratio(
    description: str, seconds: float, baseline_name: str, baseline: float, limit: str
) -> None:
    """Print both times, their ratio and the limit."""
    low, high = sorted((seconds, baseline))
    print(
        f"{description}: {seconds:.3f} s; {baseline_name}: {baseline:.3f} s; "
        f"ratio {high / low:.2f} ({limit})",
        flush=True,
    )


def briefs(folder: Path) -> None:
    """Measure many briefs by warm workers in all the ways of this module."""
    root = make_workspace(folder / "workspace", "demo-city")
    os.chdir(root)
    many = make_country(root, MANY)
    bundle = compare_with_stock_tools(root, many)
    compare_with_plain_python(root, bundle)
    measure_unchanged(root)
    measure_memory(root, bundle)
    measure_start_up(root)


def compare_with_stock_tools(root: Path, dataset: Dataset) -> Path:
    """Compare two workers with a shell loop and with papermill in this process; return a bundle."""
    options = Options(workers=WORKERS)
    start = time.perf_counter()
    report = batch.make_briefs(dataset, AT, (), root / "out", options)
    seconds_per_brief = (time.perf_counter() - start) / len(report.results)
    if report.failed:
        raise SystemExit(report.failed[0].error)
    codes = dataset.districts["code"].to_list()[-SAMPLE:]
    _, jobs, _ = planning.plan(dataset, AT, codes, root / "x")
    shell_seconds = []
    for job in jobs:
        notebook = root / "loop.ipynb"
        shell_seconds.append(
            call("papermill", job.notebook, notebook, "-p", "bundle", job.bundle, cwd=root)
            + call("jupyter", "nbconvert", "--to", "kejistats", notebook, cwd=root)
        )
    title = f"a brief of {MANY}, {WORKERS} workers, everything included"
    print_ratio(
        title,
        seconds_per_brief,
        "papermill and nbconvert in a shell",
        statistics.mean(shell_seconds),
        "at least 25",
    )
    kernels = statistics.mean(by_kernel(job) for job in jobs)
    print_ratio(
        title, seconds_per_brief, "papermill in process, a kernel each", kernels, "at least 8"
    )
    return jobs[0].bundle


def by_kernel(job: Job) -> float:
    """Return the seconds of one brief by plain papermill and export, in this process."""
    import papermill

    from kejistats.pages.exporter import KejistatsExporter

    def work() -> None:
        papermill.execute_notebook(
            str(job.notebook), str(job.executed), parameters={"bundle": str(job.bundle)},
            progress_bar=False, cwd=str(job.notebook.parent),
            extra_arguments=["--IPKernelApp.log_level=50"],
        )  # fmt: skip
        html, _ = KejistatsExporter().from_filename(str(job.executed))
        job.page.write_text(html, encoding="utf-8")

    return timed(work)


def compare_with_plain_python(root: Path, bundle: Path) -> None:
    """Compare a worker's time for a brief with the same parts in plain Python, no notebook.

    Runs alternate, so that both have the same conditions.
    """
    notebook = ROOT / "notebooks" / "brief.ipynb"
    job = Job("", bundle, notebook, root / "y" / "work" / "y.ipynb", root / "y" / "y.html")
    parts = shown_expressions(notebook)
    plain_seconds: list[float] = []
    worker_seconds: list[float] = []
    with Pool(1) as pool:
        for _ in range(12):
            [result] = pool.run([job])
            if result.error:
                raise SystemExit(result.error)
            worker_seconds.append(result.seconds)
            plain_seconds.append(timed(lambda: write_plain_page(bundle, parts, root / "z.html")))
    # The first two include late imports.
    worker, plain = statistics.median(worker_seconds[2:]), statistics.median(plain_seconds[2:])
    more = f"{1000 * (worker - plain):.0f} ms more; at most 1.35 or 40 ms more"
    print_ratio("a worker's brief", worker, "the same in plain Python", plain, more)


def shown_expressions(notebook: Path) -> list[str]:
    """Return the expressions that the notebook shows, such as ``brief.head``."""
    cells = nbformat.read(notebook, 4).cells
    return [c.source for c in cells if c.cell_type == "code" and not c.metadata.get("tags")]


def write_plain_page(bundle: Path, parts: list[str], page: Path) -> None:
    """Write the same parts as the notebook, without a notebook."""
    brief = Brief(Bundle.read(bundle))
    html_parts = []
    for part in parts:
        output = eval(part, {"brief": brief})
        if output is None:
            continue
        data, _ = output._repr_mimebundle_()
        image = data.get("image/png")
        html_parts.append(
            f'<figure><img alt="{data["text/plain"]}" '
            f'src="data:image/png;base64,{base64.b64encode(image).decode("ascii")}"></figure>'
            if image
            else data["text/html"]
        )
    page.write_text("\n".join(html_parts), encoding="utf-8")


def measure_unchanged(root: Path) -> None:
    """Time a second run of a thousand briefs: unchanged, and with one figure changed."""
    from kejistats.run.manifest import Manifest
    from kejistats.run.planning import output_folder, plan_incremental

    dataset = make_country(root, ALL)
    folder = output_folder(dataset, AT, root / "out")
    manifest = Manifest(folder)
    first = timed(
        lambda: pretend_made(plan_incremental(dataset, AT, (), folder, manifest), manifest)
    )
    manifest.close()
    command = ("kejistats", "briefs", dataset.path, "-c", str(AT), "--out", root / "out")
    unchanged = call(*command, cwd=root)
    print(f"the plan of {ALL} briefs: {first:.2f} s")
    print(f"{ALL} unchanged briefs again: {unchanged:.2f} s (at most 3)", flush=True)
    row = dataset.observations.filter(
        pl.col("year") == AT.year, pl.col("month") == AT.month, pl.col("status") == "reported",
        pl.col("indicator") == "contracts_value",
    ).head(1)  # fmt: skip
    store = Store(dataset.path / "store")
    with store.writing():
        corrected = row.with_columns(pl.col("value") * 1.0001, intake_id=pl.lit("999999-00000000"))
        store.append({"observations": [corrected]})
    changed = Dataset(dataset.path)
    start = time.perf_counter()
    manifest = Manifest(folder, readonly=True)
    plan = plan_incremental(changed, changed.checkpoint(str(AT)), (), folder, manifest)
    planning = time.perf_counter() - start
    manifest.close()
    print(
        f"one figure changed among {ALL}: {planning:.2f} s until the {len(plan.jobs)} pages to "
        "make are known (at most 5)",
        flush=True,
    )


def pretend_made(plan: Plan, manifest: object) -> None:
    """Record all pages as made without making them, which would take minutes."""
    from kejistats.run.fingerprints import content_hash
    from kejistats.run.manifest import Manifest

    assert isinstance(manifest, Manifest)
    plan.write_bundles()
    for job in plan.jobs:
        job.page.write_text(job.name * 20_000, encoding="utf-8")
        result = Result(job.name, job.page, 0.1, text="")
        hashes = {job.page.name: content_hash(job.page)}
        manifest.record(job, plan.sources[job.stem], result, hashes)


def measure_memory(root: Path, bundle: Path) -> None:
    """Measure the memory of a worker after many briefs."""
    from kejistats.run.worker_process import Inbox, Worker

    notebook = ROOT / "notebooks" / "brief.ipynb"
    job = {
        "bundle": str(bundle), "notebook": str(notebook), "page": "y.html", "executed": "y.ipynb",
        "forms": [],
    }  # fmt: skip
    inbox: Inbox = SimpleQueue()
    worker = Worker(inbox, threads=1)
    memory_mb = {}
    (root / "y").mkdir(exist_ok=True)
    for number in range(1, LATE + 1):
        worker.send({"job": job, "folder": str(root / "y")})
        while "done" not in (inbox.get()[1] or {"done": 0}):
            pass
        if number in (EARLY, LATE):
            memory_mb[number] = worker.memory()
    worker.close()
    growth = memory_mb[LATE] / memory_mb[EARLY] - 1
    print(
        f"a worker after {EARLY} briefs: {memory_mb[EARLY]:.0f} MB; "
        f"after {LATE}: {memory_mb[LATE]:.0f} MB, "
        f"{growth:+.1%} (at most 10 % and 450 MB)",
        flush=True,
    )


def measure_start_up(root: Path) -> None:
    """Measure how soon the help and the first brief appear."""
    help_ = min(call("kejistats", "--help", cwd=root) for _ in range(5))
    polars = min(call(sys.executable, "-c", "import polars", cwd=root) for _ in range(5))
    print_ratio("kejistats --help", help_, "importing polars", polars, "at most 1.3")
    command = ["kejistats", "briefs", "data/demo-city", "-c", str(AT), "-j", str(WORKERS)]
    path = os.pathsep.join([str(BIN), os.environ["PATH"]])
    start = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=root, env=os.environ | {"PATH": path}, stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL, encoding="utf-8",
    )  # fmt: skip
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("[1/"):
            print(f"the first brief: {time.perf_counter() - start:.1f} s (at most 6)", flush=True)
    process.wait()
