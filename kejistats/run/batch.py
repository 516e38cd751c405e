"""Run a batch: make the pages that need it, one run at a time per folder, and write a report."""

from __future__ import annotations

import logging
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
from kejistats.model.logs import log_to_file
from kejistats.model.version import __version__
from kejistats.run.job import Job, Result
from kejistats.run.pool import Limits, Pool
from kejistats.run.run_report import Report, write_report

if TYPE_CHECKING:
    from kejistats.dataset import Dataset
    from kejistats.model.period import Checkpoint
    from kejistats.run.manifest import Manifest
    from kejistats.run.planning import Plan

Progress = Callable[[Result], None]
# Beside the report of the run.
LOG_FILE = "run.log"

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """Options of a run.

    Parameters
    ----------
    workers
        Number of worker processes; the number of processors by default.
    limits
        Time and memory limits of a brief and of a worker.
    formats
        Further formats of each page: ``pdf``, ``docx``.
    force
        Make pages again even if they are up to date.
    fail_fast
        Start no further page after the first failure.
    """

    workers: int | None = None
    limits: Limits = field(default_factory=Limits)
    formats: tuple[str, ...] = ()
    force: bool = False
    fail_fast: bool = False

    def worker_count(self, districts: Sequence[str]) -> int | None:
        """Return how many workers are worth starting for these districts; empty means all."""
        return _worker_count(self.workers, len(districts)) if districts else self.workers


def run(
    jobs: Sequence[Job], workers: int | None = None, progress: Progress = lambda _: None
) -> list[Result]:
    """Make all pages, whether or not they are up to date; return results in the order of `jobs`.

    Parameters
    ----------
    jobs
        From `kejistats.run.plan`.
    workers
        Number of processes; the number of processors by default.
    progress
        Called with each result as it arrives.
    """
    if not jobs:
        return []
    with Pool(_worker_count(workers, len(jobs))) as pool:
        return pool.run(jobs, progress)


def make_briefs(
    dataset: Dataset,
    checkpoint: Checkpoint,
    districts: Sequence[str] = (),
    out: Path | None = None,
    options: Options | None = None,
    *,
    pool: Pool | None = None,
    on_planned: Callable[[Plan], Progress] = lambda _: lambda _: None,
    on_waiting: Callable[[], object] = lambda: None,
) -> Report:
    """Make the pages that are out of date, and the index; leave all other pages untouched.

    Parameters
    ----------
    dataset
        The data set.
    checkpoint
        The checkpoint.
    districts
        Codes; empty means all districts that are not totals, and the overview.
    out
        Folder of outputs; ``out`` in the workspace by default.
    options
        Options of the run; the defaults of `Options` otherwise.
    pool
        Workers that have been started already.
    on_planned
        Called with the plan; returns the function to call with each result as it arrives.
    on_waiting
        Called before waiting for another run on the same folder.

    Raises
    ------
    KejistatsError
        When the disk is full, or no worker can start.
    """
    from kejistats.run.planning import output_folder, plan_incremental

    chosen = options or Options()
    folder = output_folder(dataset, checkpoint, out)
    start = time.monotonic()
    pools = [pool] if pool else []

    def start_pool() -> None:
        # Workers load their libraries while the metrics are computed.
        if not pools:
            pools.append(Pool(chosen.worker_count(districts), chosen.limits))

    with (
        _explain_full_disk(folder),
        _exclusive(folder, on_waiting) as manifest,
        log_to_file(folder / "work" / LOG_FILE),
    ):
        _LOG.info(
            "kejistats %s: run of %s %s for %s",
            __version__, dataset.name, checkpoint, ", ".join(districts) or "all districts",
        )  # fmt: skip
        try:
            plan = plan_incremental(
                dataset, checkpoint, districts, folder, manifest,
                formats=chosen.formats, force=chosen.force, on_compute=start_pool,
            )  # fmt: skip
            progress = on_planned(plan)
            _LOG.info(
                "%d pages to make, %d unchanged, %d without data",
                len(plan.jobs), len(plan.unchanged), len(plan.failed),
            )  # fmt: skip
            for job in plan.jobs:
                _LOG.info("to make: %s (%s)", job.stem, job.why or "new")
            plan.write_bundles()
            made: list[Result] = []
            if plan.jobs:
                start_pool()

                def record(job: Job, result: Result, hashes: dict[str, str]) -> None:
                    manifest.record(job, plan.sources[job.stem], result, hashes)

                made = pools[0].run(plan.jobs, progress, record, fail_fast=chosen.fail_fast)
        except Exception:
            _LOG.exception("the run ended early")
            raise
        finally:
            for started in pools:
                started.__exit__(None, None, None)
        results = [*_in_index_order(plan, made), *plan.failed]
        stats = pools[0].stats if pools else None
        leftover = () if districts else _leftover_pages(dataset, checkpoint, folder, plan, manifest)
        report = Report(folder, results, time.monotonic() - start, stats, leftover)
        if not districts:
            write_index(dataset, checkpoint, folder, results)
        write_report(report, dataset.settings.title, checkpoint)
        counts = ", ".join(f"{number} {state}" for state, number in report.counts.items())
        _LOG.info("run done after %.1f s: %s", report.seconds, counts)
    return report


def write_index(
    dataset: Dataset, checkpoint: Checkpoint, folder: Path, results: Iterable[Result]
) -> Path:
    """Write ``index.html``: every page with its conclusion, and the pages that failed."""
    from kejistats.pages.index import Entry, index_page, sort_entries

    entries = [
        Entry(r.name, r.page.name, r.text, r.counts) if r.page else Entry(r.name, "", "未生成")
        for r in results
    ]
    entries = sort_entries(entries, dataset.districts)
    title = f"{dataset.settings.title}{checkpoint.label}科技指标简报"
    file = folder / "index.html"
    write_text(file, index_page(title, entries, sample=dataset.settings.sample))
    return file


def _worker_count(workers: int | None, jobs: int) -> int:
    """Return the number of workers to start: no more than there are jobs, and at least one."""
    import os

    return max(1, min(workers or os.cpu_count() or 1, jobs))


def _leftover_pages(
    dataset: Dataset, checkpoint: Checkpoint, folder: Path, plan: Plan, manifest: Manifest
) -> tuple[str, ...]:
    """Return earlier pages of districts that no longer exist or no longer have data."""
    # A total's page is made only on request, so its absence from the plan means nothing.
    kinds = dataset.districts.select("code", "kind").iter_rows()
    current = {*plan.order, *(f"{code}-{checkpoint}" for code, kind in kinds if kind == "total")}
    stems = sorted(manifest.page_records())
    pages = (folder / f"{stem}.html" for stem in stems if stem not in current)
    return tuple(page.name for page in pages if page.is_file())


def _in_index_order(plan: Plan, made: list[Result]) -> list[Result]:
    """Return the results of this run and the unchanged pages in the order of the index."""
    by_stem = {job.stem: result for job, result in zip(plan.jobs, made, strict=True)}
    by_stem |= {r.page.stem: r for r in plan.unchanged if r.page}
    return [by_stem[stem] for stem in plan.order]


@contextmanager
def _exclusive(folder: Path, on_waiting: Callable[[], object]) -> Iterator[Manifest]:
    """Lock the folder against other runs and remove what an interrupted run left behind."""
    from filelock import FileLock, Timeout

    from kejistats.run.manifest import Manifest

    work = folder / "work"
    work.mkdir(parents=True, exist_ok=True)
    lock = FileLock(work / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        on_waiting()
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
def _explain_full_disk(folder: Path) -> Iterator[None]:
    """Turn errors of a full disk into one that says what to do."""
    try:
        yield
    except OSError as error:
        from kejistats.run.worker import DISK_FULL

        if error.errno not in DISK_FULL:
            raise
        raise _disk_full_error(folder, error) from None
    except sqlite3.OperationalError as error:
        if "full" not in str(error):
            raise
        raise _disk_full_error(folder, error) from None


def _disk_full_error(folder: Path, error: Exception) -> KejistatsError:
    return KejistatsError(
        f"the disk is full: {folder} ({error})",
        "existing files are unchanged; free some space and run the command again",
    )
