"""The command ``briefs``: what is told before, while and after pages are made."""

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
class Asked:
    """What the command line asks for.

    Parameters
    ----------
    checkpoint, districts
        As typed.
    out
        Folder of outputs; None for the one in the workspace.
    options
        How to go about it.
    as_json
        Print one JSON document and nothing else.
    """

    checkpoint: str
    districts: list[str]
    out: Path | None
    options: Options
    as_json: bool

    def opened(self, dataset: str) -> tuple[Dataset, Checkpoint, list[str]]:
        """Open the data set; return it, the checkpoint and the districts' codes."""
        from kejistats.api import Desk

        found = Desk(dataset)
        at = found.checkpoint(self.checkpoint)
        return found, at, [found.district(d) for d in self.districts]


def tell_plan(dataset: str, asked: Asked) -> None:
    """Say what would be made and why; nothing is written."""
    from kejistats.run.manifest import Manifest
    from kejistats.run.planning import folder_of, plan_incremental

    opened, at, codes = asked.opened(dataset)
    folder = folder_of(opened, at, asked.out)
    manifest = Manifest(folder, readonly=True)
    try:
        options = asked.options
        plan = plan_incremental(
            opened, at, codes, folder, manifest, forms=options.forms, force=options.force
        )
    finally:
        manifest.close()
    if asked.as_json:
        shown = [{"name": j.name, "page": str(j.page), "why": j.why} for j in plan.jobs]
        told = {"make": shown, "unchanged": len(plan.unchanged)}
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    if plan.jobs:
        _show(["name", "page", "why"], [[j.name, j.page.name, j.why] for j in plan.jobs])
    for result in plan.failed:
        typer.echo(f"nothing to show: {result.name}: {result.error}", err=True)
    typer.echo(f"{len(plan.jobs)} pages to make, {len(plan.unchanged)} unchanged in {folder}")


def make(dataset: str, asked: Asked, pool: Pool | None) -> None:
    """Make what must be made, show how it goes, and tell what became of it.

    Raises
    ------
    typer.Exit
        With 1 when a page could not be made, 130 or 143 when the run was interrupted.
    """
    from kejistats.run.batch import make_briefs

    made: list[Result] = []
    with ExitStack() as stack:
        if pool:
            stack.enter_context(pool)
        stack.enter_context(_interruptible(made))
        opened, at, codes = asked.opened(dataset)
        if not asked.as_json:
            _warn_pending(opened)

        def planned(plan: Plan) -> Callable[[Result], None]:
            total = len(plan.jobs)
            tick = stack.enter_context(progress(total, str(at), quiet=asked.as_json or not total))
            start = time.monotonic()

            def told(result: Result) -> None:
                made.append(result)
                tick(_line(result, len(made), total, time.monotonic() - start))

            return told

        report = make_briefs(
            opened, at, codes, asked.out, asked.options, pool=pool, planned=planned,
            waiting=lambda: typer.echo(
                "another run is at work on the same folder; waiting for it", err=True
            ),
        )  # fmt: skip
    _tell(report, asked, report.folder if codes else report.folder / "index.html")


def _line(result: Result, done: int, total: int, seconds: float) -> str:
    """Return a line of progress: the page, its time, the rate and the time left."""
    rate = done / seconds if seconds else 0.0
    left = (total - done) / rate if rate else 0.0
    mark = " failed" if result.error else ""
    return f"{result.name} {result.seconds:.1f} s; {rate:.1f}/s, {left:.0f} s left{mark}"


def _tell(report: Report, asked: Asked, where: Path) -> None:
    if asked.as_json:
        typer.echo(json.dumps({"open": str(where), **report.plain()}, ensure_ascii=False))
    else:
        rows = report.table("failed")
        if len(rows) > 1:
            _show(["failed", "state", "seconds", "MB", "error"], rows)
        for text in (text for result in report.results for text in result.warnings):
            typer.echo(f"warning: {text}", err=True)
        for page in report.leftover:
            typer.echo(
                f"warning: {page} is of an earlier run and has nothing to show now", err=True
            )
        for result in report.failed:
            typer.echo(f"failed: {result.name}: {result.error}", err=True)
        counts = report.counts
        typer.echo(
            f"{counts['made']} pages made, {counts['unchanged']} unchanged, "
            f"{counts['failed']} failed in {report.seconds:.1f} s, "
            f"{report.memory:.0f} MB a worker; report {report.folder / 'work' / 'report.html'}"
        )
        typer.echo(f"open {where}")
    if report.failed:
        raise typer.Exit(1)


def _show(columns: list[str], rows: list[list[str]]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns)
    for row in rows:
        table.add_row(*map(Text, row))  # a name with brackets is no markup
    console().print(table)


@contextmanager
def _interruptible(made: list[Result]) -> Iterator[None]:
    """End in good order on SIGINT and SIGTERM: what is made counts, the rest is for next time."""
    code = _INTERRUPTED

    def terminate(*_: Any) -> None:
        nonlocal code
        code = _TERMINATED
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    except KeyboardInterrupt:
        count = sum(not result.error for result in made)
        typer.echo(f"interrupted: {count} pages made; run the command again for the rest", err=True)
        sys.exit(code)
    finally:
        signal.signal(signal.SIGTERM, before)


def _warn_pending(dataset: Dataset) -> None:
    from kejistats.intake import pending

    new = pending(dataset)
    if new:
        typer.echo(
            f"warning: not taken in yet: {', '.join(new)}; run: kejistats intake {dataset.path}",
            err=True,
        )
