"""Many briefs: metrics once, a bundle each, then notebooks run and exported by workers."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from kejistats.brief import Brief, Overview, make_bundles, make_overview
from kejistats.dataset import Dataset
from kejistats.errors import KejistatsError
from kejistats.period import Checkpoint
from kejistats.render.forms import write_forms
from kejistats.render.index import Entry, arranged, index_page
from kejistats.workspace import home, shared

_STARTS = 3


@dataclass(frozen=True)
class Job:
    """One page to make.

    Parameters
    ----------
    name
        District, or 总览.
    bundle, notebook
        What it is made from.
    executed, page
        Where the executed notebook and the HTML go.
    text
        Conclusion for the index.
    forms
        Forms beside the page: ``docx``, ``pdf``.
    counts
        Main indicators reached, missed, improved, worsened, for the index.
    """

    name: str
    bundle: Path
    notebook: Path
    executed: Path
    page: Path
    text: str
    counts: dict[str, int] = field(default_factory=dict)
    forms: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Result:
    """What became of a job.

    Parameters
    ----------
    name
        District, or 总览.
    page
        The page; None where it could not be made.
    seconds
        Time it took.
    error
        Why there is no page; empty when there is one.
    """

    name: str
    page: Path | None
    seconds: float
    error: str = ""


def plan(
    dataset: Dataset,
    checkpoint: Checkpoint,
    districts: Iterable[str] = (),
    out: Path | None = None,
    forms: frozenset[str] = frozenset(),
) -> tuple[Path, list[Job], list[Result]]:
    """Compute the metrics once and write a bundle for every page.

    Parameters
    ----------
    dataset
        The data set.
    checkpoint
        The checkpoint.
    districts
        Codes; empty means all that are no totals, and the overview.
    out
        Folder of outputs; ``out`` in the workspace by default.
    forms
        Forms to make beside each page: ``docx``, ``pdf``.

    Returns
    -------
    folder, jobs, failed
        The folder of the pages, the jobs, and districts that have nothing to show.
    """
    folder = (out or home() / "out") / dataset.name / str(checkpoint)
    work = folder / "work"
    wanted = list(dict.fromkeys(districts))
    peers = dataset.districts.filter(pl.col("kind") != "total")
    # Who stands alone need not have figures at every checkpoint that another one has.
    related = set(peers.filter(pl.col("parent").is_not_null())["code"])
    codes = wanted or peers["code"].to_list()
    names = dict(dataset.districts.select("code", "name").iter_rows())
    notebooks = {
        kind: shared(f"notebooks/{kind}.ipynb", dataset.path) for kind in ("brief", "overview")
    }

    def job(kind: str, stem: str, name: str, page: Brief | Overview) -> Job:
        file = work / f"{stem}.json"
        page.bundle.write(file)
        places = work / f"{stem}.ipynb", folder / f"{stem}.html"
        return Job(name, file, notebooks[kind], *places, page.conclusion, page.tally, forms)

    bundles = make_bundles(dataset, checkpoint, codes)
    jobs = [
        job("brief", f"{code}-{checkpoint}", names[code], Brief(bundle))
        for code, bundle in bundles.items()
    ]
    failed = [
        Result(names[code], None, 0.0, f"{code} has neither figures nor targets for {checkpoint}")
        for code in codes
        if code not in bundles and (wanted or code in related)
    ]
    if not wanted:
        overview = Overview(make_overview(dataset, checkpoint))
        jobs.insert(0, job("overview", "overview", "总览", overview))
    return folder, jobs, failed


def make(job: Job) -> Result:
    """Run one notebook with papermill and export it; an error becomes a Result.

    The executed notebook is kept, with the error in it if there was one; the page appears by
    an atomic rename or not at all.
    """
    start = time.perf_counter()
    try:
        _execute(job)
        _export(job)
    except KejistatsError as error:
        return Result(job.name, None, time.perf_counter() - start, str(error))
    except Exception as error:
        # One district's fault, whatever it is, must not cost the others their briefs.
        return Result(job.name, None, time.perf_counter() - start, _short(error))
    return Result(job.name, job.page, time.perf_counter() - start)


def _execute(job: Job) -> None:
    import papermill

    for start in range(1, _STARTS + 1):
        try:
            papermill.execute_notebook(
                str(job.notebook),
                str(job.executed),
                parameters={"bundle": str(job.bundle)},
                progress_bar=False,
                cwd=str(job.notebook.parent),
                # A kernel's notice that it listens on the loopback would fill the terminal.
                extra_arguments=["--IPKernelApp.log_level=50"],
            )
            return
        except RuntimeError as error:
            # A port is chosen before the kernel takes it: of two that start at once, one may
            # find its port taken, and dies before it has run anything.
            if "before replying" not in str(error) or start == _STARTS:
                raise


def _export(job: Job) -> None:
    from kejistats.render import KejistatsExporter

    html, _ = KejistatsExporter().from_filename(  # type: ignore[no-untyped-call]
        str(job.executed)
    )
    write_forms(job.page, html, job.forms)
    _place(job.page, html)


def _place(file: Path, html: str) -> None:
    """Write a page so that it appears whole or not at all."""
    draft = file.with_suffix(".part")
    draft.write_text(html, encoding="utf-8", newline="\n")
    draft.replace(file)


def _short(error: Exception) -> str:
    """Name the cell and the error of a failed notebook in one line."""
    from papermill.exceptions import PapermillExecutionError

    if isinstance(error, PapermillExecutionError):
        place, name, text = f"cell {error.exec_count}: ", error.ename, str(error.evalue)
    else:
        place, name, text = "", type(error).__name__, str(error)
    return f"{place}{name}: {text.splitlines()[0] if text else ''}"


def run(
    jobs: list[Job], workers: int | None = None, progress: Callable[[Result], None] = lambda _: None
) -> list[Result]:
    """Make all pages with a pool of spawned processes; results in the order of `jobs`.

    Parameters
    ----------
    jobs
        From `plan`.
    workers
        Number of processes; the number of cores by default.
    progress
        Called with each result as it comes.
    """
    if not jobs:
        return []
    count = max(1, min(workers or os.cpu_count() or 1, len(jobs)))
    results: dict[int, Result] = {}
    # Forking a process that has imported polars can hang: spawn.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=context) as pool:
        futures = {pool.submit(make, job): place for place, job in enumerate(jobs)}
        for place, result in _finished(futures, jobs):
            results[place] = result
            progress(result)
    return [results[place] for place in range(len(jobs))]


def _finished(futures: dict[Future[Result], int], jobs: list[Job]) -> Iterator[tuple[int, Result]]:
    for future in as_completed(futures):
        place = futures[future]
        try:
            yield place, future.result()
        except BrokenProcessPool:
            error = "the worker process died; run the command again"
            yield place, Result(jobs[place].name, None, 0.0, error)


def write_index(
    dataset: Dataset, checkpoint: Checkpoint, folder: Path, jobs: list[Job], results: list[Result]
) -> Path:
    """Write ``index.html``: every page made, its conclusion, and what could not be made."""
    made = {job.page: job for job in jobs}
    entries = [
        Entry(r.name, r.page.name, made[r.page].text, made[r.page].counts)
        if r.page
        else Entry(r.name, "", "未生成")
        for r in results
    ]
    title = f"{dataset.settings.title}{checkpoint.label}科技指标简报"
    file = folder / "index.html"
    lines = arranged(entries, dataset.districts)
    html = index_page(title, lines, sample=dataset.settings.sample)
    _place(file, html)
    return file
