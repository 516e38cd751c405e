"""What the command ``briefs`` prints before, during and after a run."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from kejistats.cli.common import console, progress

if TYPE_CHECKING:
    from kejistats.dataset import Dataset
    from kejistats.model.period import Checkpoint
    from kejistats.run.batch import Options
    from kejistats.run.job import Result
    from kejistats.run.planning import Plan
    from kejistats.run.pool import Pool
    from kejistats.run.run_report import Report

_INTERRUPTED, _TERMINATED = 130, 143


@dataclass(frozen=True)
class BriefsRequest:
    """Arguments of the command ``briefs``.

    Parameters
    ----------
    checkpoint, districts
        As typed by the user.
    out
        Folder of outputs; None for the one in the workspace.
    options
        Options of the run.
    as_json
        Print one JSON document and nothing else.
    """

    checkpoint: str
    districts: list[str]
    out: Path | None
    options: Options
    as_json: bool

    def open(self, dataset: str) -> tuple[Dataset, Checkpoint, list[str]]:
        """Open the data set; return it with the checkpoint and the district codes."""
        from kejistats.api import Desk

        desk = Desk(dataset)
        at = desk.checkpoint(self.checkpoint)
        return desk, at, [desk.district(d) for d in self.districts]


def show_plan(dataset: str, request: BriefsRequest) -> None:
    """Print which pages a run would make, and why; write nothing."""
    from kejistats.run.manifest import Manifest
    from kejistats.run.planning import output_folder, plan_incremental

    desk, at, codes = request.open(dataset)
    folder = output_folder(desk, at, request.out)
    manifest = Manifest(folder, readonly=True)
    try:
        options = request.options
        plan = plan_incremental(
            desk, at, codes, folder, manifest, formats=options.formats, force=options.force
        )
    finally:
        manifest.close()
    if request.as_json:
        pages = [{"name": j.name, "page": str(j.page), "why": j.why} for j in plan.jobs]
        document = {"make": pages, "unchanged": len(plan.unchanged)}
        typer.echo(json.dumps(document, ensure_ascii=False))
        return
    if plan.jobs:
        _print_table(["name", "page", "why"], [[j.name, j.page.name, j.why] for j in plan.jobs])
    for result in plan.failed:
        typer.echo(f"nothing to show: {result.name}: {result.error}", err=True)
    typer.echo(f"{len(plan.jobs)} pages to make, {len(plan.unchanged)} unchanged in {folder}")


def run_briefs(dataset: str, request: BriefsRequest, pool: Pool | None) -> None:
    """Make the pages that are not up to date; show the progress and the outcome.

    Raises
    ------
    typer.Exit
        With 1 when a page could not be made, 130 or 143 when the run was interrupted.
    """
    from kejistats.run.batch import make_briefs

    results: list[Result] = []
    with ExitStack() as stack:
        if pool:
            stack.enter_context(pool)
        stack.enter_context(_interruptible(results))
        desk, at, codes = request.open(dataset)
        if not request.as_json:
            _warn_pending(desk)

        def planned(plan: Plan) -> Callable[[Result], None]:
            total = len(plan.jobs)
            tick = stack.enter_context(progress(total, str(at), quiet=request.as_json or not total))
            start = time.monotonic()

            def report_result(result: Result) -> None:
                results.append(result)
                tick(_progress_line(result, len(results), total, time.monotonic() - start))

            return report_result

        report = make_briefs(
            desk, at, codes, request.out, request.options, pool=pool, on_planned=planned,
            on_waiting=lambda: typer.echo(
                "another run is using the same folder; waiting for it to finish", err=True
            ),
        )  # fmt: skip
    _show_report(report, request, report.folder if codes else report.folder / "index.html")


def _progress_line(result: Result, done: int, total: int, seconds: float) -> str:
    """Return one line of progress: page, seconds, pages per second, estimated time left."""
    rate = done / seconds if seconds else 0.0
    left = (total - done) / rate if rate else 0.0
    mark = " failed" if result.error else ""
    return f"{result.name} {result.seconds:.1f} s; {rate:.1f}/s, {left:.0f} s left{mark}"


def _show_report(report: Report, request: BriefsRequest, path: Path) -> None:
    if request.as_json:
        typer.echo(json.dumps({"open": str(path), **report.as_dict()}, ensure_ascii=False))
    else:
        rows = report.table("failed")
        if len(rows) > 1:
            _print_table(["failed", "state", "seconds", "MB", "error"], rows)
        for text in (text for result in report.results for text in result.warnings):
            typer.echo(f"warning: {text}", err=True)
        for page in report.leftover:
            typer.echo(
                f"warning: {page} is left over from an earlier run; there are no data for it now",
                err=True,
            )
        for result in report.failed:
            typer.echo(f"failed: {result.name}: {result.error}", err=True)
        counts = report.counts
        typer.echo(
            f"{counts['made']} pages made, {counts['unchanged']} unchanged, "
            f"{counts['failed']} failed in {report.seconds:.1f} s, "
            f"{report.memory:.0f} MB per worker; report {report.folder / 'work' / 'report.html'}"
        )
        typer.echo(f"open {path}")
    if report.failed:
        raise typer.Exit(1)


def _print_table(columns: list[str], rows: list[list[str]]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns)
    for row in rows:
        table.add_row(*map(Text, row))  # brackets in a name are not markup
    console().print(table)


@contextmanager
def _interruptible(results: list[Result]) -> Iterator[None]:
    """On SIGINT and SIGTERM, say how many pages were made and exit; the next run makes the rest."""
    code = _INTERRUPTED

    def terminate(*_: Any) -> None:
        nonlocal code
        code = _TERMINATED
        raise KeyboardInterrupt

    previous_handler = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    except KeyboardInterrupt:
        count = sum(not result.error for result in results)
        typer.echo(f"interrupted: {count} pages made; run the command again for the rest", err=True)
        sys.exit(code)
    finally:
        signal.signal(signal.SIGTERM, previous_handler)


def _warn_pending(dataset: Dataset) -> None:
    from kejistats.intake import pending

    new = pending(dataset)
    if new:
        typer.echo(
            f"warning: not ingested yet: {', '.join(new)}; run: kejistats intake {dataset.path}",
            err=True,
        )
