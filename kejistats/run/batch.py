"""A run: one at a time on a folder, what must be made is made, and a report is left."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from kejistats.model.atomic import write_text
from kejistats.model.errors import KejistatsError
from kejistats.run.job import Job, Result
from kejistats.run.pool import Limits, Pool
from kejistats.run.run_report import Report, report_page

if TYPE_CHECKING:
    from kejistats.dataset import Dataset
    from kejistats.model.period import Checkpoint
    from kejistats.run.manifest import Manifest
    from kejistats.run.planning import Plan

Progress = Callable[[Result], None]


@dataclass(frozen=True)
class Options:
    """How a run goes about it.

    Parameters
    ----------
    workers
        Worker processes; the number of processors by default.
    limits
        What a brief and a worker may take.
    forms
        What else to make of each page.
    force
        Make pages again that still hold.
    fail_fast
        Begin no further page after the first that failed.
    """

    workers: int | None = None
    limits: Limits = field(default_factory=Limits)
    forms: tuple[str, ...] = ()
    force: bool = False
    fail_fast: bool = False

    def count(self, districts: Sequence[str]) -> int | None:
        """Return how many workers are worth starting for these districts; empty means all."""
        return _fewest(self.workers, len(districts)) if districts else self.workers


def run(
    jobs: Sequence[Job], workers: int | None = None, progress: Progress = lambda _: None
) -> list[Result]:
    """Make all pages, whatever was made before; results in the order of `jobs`.

    Parameters
    ----------
    jobs
        From `kejistats.run.plan`.
    workers
        Number of processes; the number of processors by default.
    progress
        Called with each result as it comes.
    """
    if not jobs:
        return []
    with Pool(_fewest(workers, len(jobs))) as pool:
        return pool.run(jobs, progress)


def make_briefs(
    dataset: Dataset,
    checkpoint: Checkpoint,
    districts: Sequence[str] = (),
    out: Path | None = None,
    options: Options | None = None,
    *,
    pool: Pool | None = None,
    planned: Callable[[Plan], Progress] = lambda _: lambda _: None,
    waiting: Callable[[], object] = lambda: None,
) -> Report:
    """Make the pages that must be made, and the index; all others are left as they are.

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
    options
        How to go about it.
    pool
        Workers that have been started already.
    planned
        Called with what will be done; returns what is called with each result as it comes.
    waiting
        Called when another run works on the same folder, before waiting for it.

    Raises
    ------
    KejistatsError
        When the disk is full, or no worker can start.
    """
    from kejistats.run.planning import folder_of, plan_incremental

    chosen = options or Options()
    folder = folder_of(dataset, checkpoint, out)
    start = time.monotonic()
    pools = [pool] if pool else []

    def warm() -> None:
        # Their libraries load while the metrics are computed.
        if not pools:
            pools.append(Pool(chosen.count(districts), chosen.limits))

    with _full_disk_told(folder), _exclusive(folder, waiting) as manifest:
        try:
            plan = plan_incremental(
                dataset, checkpoint, districts, folder, manifest,
                forms=chosen.forms, force=chosen.force, computing=warm,
            )  # fmt: skip
            progress = planned(plan)
            plan.write_bundles()
            made: list[Result] = []
            if plan.jobs:
                warm()

                def placed(job: Job, result: Result, hashes: dict[str, str]) -> None:
                    manifest.record(job, plan.sources[job.stem], result, hashes)

                made = pools[0].run(plan.jobs, progress, placed, fail_fast=chosen.fail_fast)
        finally:
            for one in pools:
                one.__exit__(None, None, None)
        results = [*_in_order(plan, made), *plan.failed]
        figures = pools[0].figures if pools else None
        left = () if districts else _leftover(dataset, checkpoint, folder, plan, manifest)
        report = Report(folder, results, time.monotonic() - start, figures, left)
        if not districts:
            write_index(dataset, checkpoint, folder, results)
        report_page(report, dataset.settings.title, checkpoint)
    return report


def write_index(
    dataset: Dataset, checkpoint: Checkpoint, folder: Path, results: Iterable[Result]
) -> Path:
    """Write ``index.html``: every page made, its conclusion, and what could not be made."""
    from kejistats.pages.index import Entry, arranged, index_page

    entries = [
        Entry(r.name, r.page.name, r.text, r.counts) if r.page else Entry(r.name, "", "未生成")
        for r in results
    ]
    entries = arranged(entries, dataset.districts)
    title = f"{dataset.settings.title}{checkpoint.label}科技指标简报"
    file = folder / "index.html"
    write_text(file, index_page(title, entries, sample=dataset.settings.sample))
    return file


def _fewest(workers: int | None, jobs: int) -> int:
    import os

    return max(1, min(workers or os.cpu_count() or 1, jobs))


def _leftover(
    dataset: Dataset, checkpoint: Checkpoint, folder: Path, plan: Plan, manifest: Manifest
) -> tuple[str, ...]:
    """Return the pages made of districts that are gone or have nothing to show any more."""
    # A total's page is made for those who ask for it.
    kinds = dataset.districts.select("code", "kind").iter_rows()
    known = {*plan.order, *(f"{code}-{checkpoint}" for code, kind in kinds if kind == "total")}
    pages = (folder / f"{stem}.html" for stem in sorted(manifest.made()) if stem not in known)
    return tuple(page.name for page in pages if page.is_file())


def _in_order(plan: Plan, made: list[Result]) -> list[Result]:
    """Return the results of this run and of earlier ones in the order of the index."""
    found = {job.stem: result for job, result in zip(plan.jobs, made, strict=True)}
    found |= {r.page.stem: r for r in plan.unchanged if r.page}
    return [found[stem] for stem in plan.order]


@contextmanager
def _exclusive(folder: Path, waiting: Callable[[], object]) -> Iterator[Manifest]:
    """Keep other runs away from the folder; what an interrupted one left is taken off."""
    from filelock import FileLock, Timeout

    from kejistats.run.manifest import Manifest

    work = folder / "work"
    work.mkdir(parents=True, exist_ok=True)
    lock = FileLock(work / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        waiting()
        lock.acquire()
    try:
        shutil.rmtree(work / ".run", ignore_errors=True)
        for draft in [*folder.glob("*.part"), *work.glob("*.part")]:
            draft.unlink(missing_ok=True)
        manifest = Manifest(folder)
        try:
            yield manifest
        finally:
            manifest.close()
            shutil.rmtree(work / ".run", ignore_errors=True)
    finally:
        lock.release()


@contextmanager
def _full_disk_told(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        from kejistats.run.worker import FULL

        if error.errno not in FULL:
            raise
        raise _full(folder, error) from None
    except sqlite3.OperationalError as error:
        if "full" not in str(error):
            raise
        raise _full(folder, error) from None


def _full(folder: Path, error: Exception) -> KejistatsError:
    return KejistatsError(
        f"the disk is full: {folder} ({error})",
        "files that were there are as they were; make room and run the command again",
    )
