"""Measure many briefs: against the stock tools, against plain Python, again, and over time."""

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


def country(root: Path, count: int) -> Dataset:
    """Make a data set of so many districts, each with the figures of one of the demo city's.

    They are scaled, so that no two districts have the same, and belong to cities of twenty.
    """
    demo = Dataset(root / "data" / "demo-city")
    folder = root / "data" / f"country-{count}"
    folder.mkdir(parents=True)
    shutil.copy(demo.path / "dataset.toml", folder)
    units = demo.districts.filter(pl.col("kind") == "district")["code"].to_list()
    parent = demo.settings.parent
    made = pl.DataFrame({"code": [f"8{n:05d}" for n in range(1, count + 1)]}).with_row_index("n")
    made = made.with_columns(
        like=pl.Series([units[n % len(units)] for n in range(count)]),
        scale=1 + pl.col("n") / count,
    )
    lines = ["code,name,parent,kind", f"{parent},示例国,,total"]
    lines += [f"7{n:05d},示例{n}市,{parent},total" for n in range(count // PER_CITY)]
    lines += [
        f"{code},示例{n}区,7{n // PER_CITY:05d},district" for n, code, _, _ in made.iter_rows()
    ]
    (folder / "districts.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    source = Store(demo.path / "store")
    tables = {
        name: [_scaled(rows, made)]
        for name, rows in (("observations", source.observations()), ("targets", source.targets()))
    }
    store = Store(folder / "store")
    with store.writing():
        store.append(tables | {"receipts": [source.receipts()]})
    return Dataset(folder)


def _scaled(rows: pl.DataFrame, made: pl.DataFrame) -> pl.DataFrame:
    columns = rows.columns
    return (
        rows.rename({"district": "like"})
        .join(made.select("like", "scale", district="code"), on="like")
        .with_columns(pl.col("value") * pl.col("scale"))
        .select(columns)
    )


def timed(work: Callable[[], object]) -> float:
    """Seconds that some work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def call(*command: str | Path, cwd: Path) -> float:
    """Seconds that a program takes; it must end well."""
    path = os.pathsep.join([str(BIN), os.environ["PATH"]])

    def run() -> None:
        done = subprocess.run(
            [str(part) for part in command], cwd=cwd, env=os.environ | {"PATH": path},
            capture_output=True, encoding="utf-8", check=False,
        )  # fmt: skip
        if done.returncode:
            raise SystemExit(done.stderr)

    return timed(run)


def say(what: str, work: float, bare_name: str, bare: float, limit: str) -> None:
    """Print one line: both times, how often one goes into the other, and what is asked."""
    low, high = sorted((work, bare))
    print(
        f"{what}: {work:.3f} s; {bare_name}: {bare:.3f} s; ratio {high / low:.2f} ({limit})",
        flush=True,
    )


def briefs(folder: Path) -> None:
    """Many briefs by warm workers against the stock tools, again, and over time."""
    root = make_workspace(folder / "workspace", "demo-city")
    os.chdir(root)
    many = country(root, MANY)
    bundle = speed(root, many)
    plain_work(root, bundle)
    again(root)
    memory(root, bundle)
    start_up(root)


def speed(root: Path, many: Dataset) -> Path:
    """Two workers' briefs against a shell loop, and against papermill with a kernel each."""
    options = Options(workers=WORKERS)
    start = time.perf_counter()
    report = batch.make_briefs(many, AT, (), root / "out", options)
    each = (time.perf_counter() - start) / len(report.results)
    if report.failed:
        raise SystemExit(report.failed[0].error)
    codes = many.districts["code"].to_list()[-SAMPLE:]
    _, jobs, _ = planning.plan(many, AT, codes, root / "x")
    loop = []
    for job in jobs:
        made = root / "loop.ipynb"
        loop.append(
            call("papermill", job.notebook, made, "-p", "bundle", job.bundle, cwd=root)
            + call("jupyter", "nbconvert", "--to", "kejistats", made, cwd=root)
        )
    title = f"a brief of {MANY}, {WORKERS} workers, all told"
    say(title, each, "papermill and nbconvert in a shell", statistics.mean(loop), "at least 25")
    kernels = statistics.mean(by_kernel(job) for job in jobs)
    say(title, each, "papermill in process, a kernel each", kernels, "at least 8")
    return jobs[0].bundle


def by_kernel(job: Job) -> float:
    """Seconds of one brief by papermill as it comes, and export, in this process."""
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


def plain_work(root: Path, bundle: Path) -> None:
    """A worker's time for a brief against the same parts in plain Python without a notebook.

    Side by side, a run of one after a run of the other, so that both have the same machine.
    """
    notebook = ROOT / "notebooks" / "brief.ipynb"
    job = Job("", bundle, notebook, root / "y" / "work" / "y.ipynb", root / "y" / "y.html")
    parts = shown(notebook)
    bare: list[float] = []
    work: list[float] = []
    with Pool(1) as pool:
        for _ in range(12):
            [result] = pool.run([job])
            if result.error:
                raise SystemExit(result.error)
            work.append(result.seconds)
            bare.append(timed(lambda: bare_page(bundle, parts, root / "z.html")))
    # The first ones load what is loaded late.
    worker, plain = statistics.median(work[2:]), statistics.median(bare[2:])
    more = f"{1000 * (worker - plain):.0f} ms more; at most 1.35 or 40 ms more"
    say("a worker's brief", worker, "the same in plain Python", plain, more)


def shown(notebook: Path) -> list[str]:
    """The expressions that the notebook shows, such as ``brief.head``."""
    cells = nbformat.read(notebook, 4).cells
    return [c.source for c in cells if c.cell_type == "code" and not c.metadata.get("tags")]


def bare_page(bundle: Path, parts: list[str], page: Path) -> None:
    """Write what the notebook shows without a notebook."""
    brief = Brief(Bundle.read(bundle))
    written = []
    for part in parts:
        found = eval(part, {"brief": brief})
        if found is None:
            continue
        data, _ = found._repr_mimebundle_()
        image = data.get("image/png")
        written.append(
            f'<figure><img alt="{data["text/plain"]}" '
            f'src="data:image/png;base64,{base64.b64encode(image).decode("ascii")}"></figure>'
            if image
            else data["text/html"]
        )
    page.write_text("\n".join(written), encoding="utf-8")


def again(root: Path) -> None:
    """A thousand briefs again: unchanged, and with one district's figure changed."""
    from kejistats.run.manifest import Manifest
    from kejistats.run.planning import folder_of, plan_incremental

    dataset = country(root, ALL)
    folder = folder_of(dataset, AT, root / "out")
    manifest = Manifest(folder)
    first = timed(lambda: pretend(plan_incremental(dataset, AT, (), folder, manifest), manifest))
    manifest.close()
    command = ("kejistats", "briefs", dataset.path, "-c", str(AT), "--out", root / "out")
    unchanged = call(*command, cwd=root)
    print(f"the plan of {ALL} briefs: {first:.2f} s")
    print(f"{ALL} unchanged briefs again: {unchanged:.2f} s (at most 3)", flush=True)
    one = dataset.observations.filter(
        pl.col("year") == AT.year, pl.col("month") == AT.month, pl.col("status") == "reported",
        pl.col("indicator") == "contracts_value",
    ).head(1)  # fmt: skip
    store = Store(dataset.path / "store")
    with store.writing():
        later = one.with_columns(pl.col("value") * 1.0001, intake_id=pl.lit("999999-00000000"))
        store.append({"observations": [later]})
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


def pretend(plan: Plan, manifest: object) -> None:
    """Let it seem as if all pages had been made: to make them would take minutes."""
    from kejistats.run.fingerprints import content_hash
    from kejistats.run.manifest import Manifest

    assert isinstance(manifest, Manifest)
    plan.write_bundles()
    for job in plan.jobs:
        job.page.write_text(job.name * 20_000, encoding="utf-8")
        result = Result(job.name, job.page, 0.1, text="")
        hashes = {job.page.name: content_hash(job.page)}
        manifest.record(job, plan.sources[job.stem], result, hashes)


def memory(root: Path, bundle: Path) -> None:
    """What a worker holds after so many briefs."""
    from kejistats.run.worker_process import Inbox, Worker

    notebook = ROOT / "notebooks" / "brief.ipynb"
    job = {
        "bundle": str(bundle), "notebook": str(notebook), "page": "y.html", "executed": "y.ipynb",
        "forms": [],
    }  # fmt: skip
    inbox: Inbox = SimpleQueue()
    worker = Worker(inbox, threads=1)
    held = {}
    (root / "y").mkdir(exist_ok=True)
    for number in range(1, LATE + 1):
        worker.send({"job": job, "folder": str(root / "y")})
        while "done" not in (inbox.get()[1] or {"done": 0}):
            pass
        if number in (EARLY, LATE):
            held[number] = worker.memory()
    worker.close()
    growth = held[LATE] / held[EARLY] - 1
    print(
        f"a worker after {EARLY} briefs: {held[EARLY]:.0f} MB; after {LATE}: {held[LATE]:.0f} MB, "
        f"{growth:+.1%} (at most 10 % and 450 MB)",
        flush=True,
    )


def start_up(root: Path) -> None:
    """How soon help appears, and the first brief."""
    help_ = min(call("kejistats", "--help", cwd=root) for _ in range(5))
    polars = min(call(sys.executable, "-c", "import polars", cwd=root) for _ in range(5))
    say("kejistats --help", help_, "importing polars", polars, "at most 1.3")
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
