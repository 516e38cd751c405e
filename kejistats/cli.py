"""The command line: ``kejistats intake``, ``check``, ``metrics``, ``briefs``."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kejistats.errors import KejistatsError

if TYPE_CHECKING:
    import polars as pl

    from kejistats.dataset import Dataset


app = typer.Typer(
    name="kejistats",
    help="Half-year reports of science and technology bureaus: from workbooks to briefs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

DatasetArgument = Annotated[
    str, typer.Argument(metavar="DATASET", help="Folder of the data set, from the workspace root.")
]
CheckpointOption = Annotated[
    str,
    typer.Option(
        "--checkpoint", "-c", help="2025H1, 2025Q3, 2025M05 or 2025; default: the latest."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document for machines.")]


def main() -> None:
    """Run the command line; errors are told, not thrown."""
    for stream in (sys.stdout, sys.stderr):
        # Chinese names must print wherever the output goes, a Windows pipe included.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        app()
    except KejistatsError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except Exception as error:
        if os.environ.get("KEJISTATS_DEBUG"):
            raise
        typer.echo(f"error: {type(error).__name__}: {error}", err=True)
        typer.echo(
            "  this is a fault of kejistats; KEJISTATS_DEBUG=1 shows where, please report it",
            err=True,
        )
        sys.exit(1)


def _version(*, value: bool) -> None:
    if value:
        from kejistats import __version__

        typer.echo(f"kejistats {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=lambda value: _version(value=value), is_eager=True)
    ] = False,
) -> None:
    """Half-year reports of science and technology bureaus: from workbooks to briefs."""


@contextmanager
def _progress(total: int, what: str, *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Show a bar on a terminal, plain lines elsewhere, nothing when quiet."""
    if quiet:
        yield lambda _: None
        return
    if not sys.stderr.isatty():
        done = 0

        def line(text: str) -> None:
            nonlocal done
            done += 1
            typer.echo(f"[{done}/{total}] {text}", err=True)

        yield line
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TimeElapsedColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=total)
        yield lambda text: bar.update(task, advance=1, description=text)


def _files(dataset: Dataset, files: list[Path] | None) -> list[Path]:
    from kejistats.intake import inbox_files

    if not files:
        found = inbox_files(dataset)
        if not found:
            from kejistats.errors import UsageError

            raise UsageError(f"{dataset.path / 'inbox'} is empty", "put .csv or .xlsx files there")
        return found
    return [_received(dataset, file) for file in files]


def _received(dataset: Dataset, file: Path) -> Path:
    """Return a file named on the command line: as the shell sees it, else from the root or inbox."""
    from kejistats.workspace import resolve

    places = (file, resolve(file), dataset.path / "inbox" / file)
    return next((place for place in places if place.is_file()), file)


def _show_findings(findings: pl.DataFrame) -> None:
    for row in findings.iter_rows(named=True):
        sheet = f"#{row['sheet']}" if row["sheet"] else ""
        word = "错误" if row["severity"] == "error" else "提醒"
        typer.echo(f"  {word} {row['file']}{sheet} {row['cell']}：{row['wrong']}。{row['right']}")


@app.command()
def check(
    dataset: DatasetArgument,
    files: Annotated[list[Path], typer.Argument(help="Files to check.")],
    as_json: JsonOption = False,
) -> None:
    """Check files and show the findings; nothing is stored."""
    import kejistats
    from kejistats.intake import check_file

    opened = kejistats.open(dataset)
    checked = [check_file(opened, path) for path in _files(opened, files)]
    if as_json:
        typer.echo(
            json.dumps([r for c in checked for r in c.findings.to_dicts()], ensure_ascii=False)
        )
    else:
        for one in checked:
            typer.echo(f"{one.path.name}: {one.rows} rows, {one.findings.height} findings")
            _show_findings(one.findings)
    if any(one.errors for one in checked):
        raise typer.Exit(1)


@app.command()
def intake(
    dataset: DatasetArgument,
    files: Annotated[
        list[Path] | None, typer.Argument(help="Files; default: all of the inbox, by name.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check files and append them to the store; a file taken in before changes nothing."""
    import kejistats
    from kejistats.intake import take_in

    opened = kejistats.open(dataset)
    paths = _files(opened, files)
    with _progress(len(paths), "intake", quiet=as_json) as tick:
        results = take_in(opened, paths, tick)
    if as_json:
        from dataclasses import asdict

        shown = [
            {
                "file": checked.path.name,
                "receipt": asdict(receipt) if receipt else None,
                "findings": checked.findings.to_dicts() if receipt else [],
            }
            for receipt, checked in results
        ]
        typer.echo(json.dumps(shown, ensure_ascii=False))
    else:
        for receipt, checked in results:
            if receipt is None:
                continue
            typer.echo(
                f"{receipt.id} {receipt.file}: {receipt.rows} rows, {receipt.accepted} taken in, "
                f"{receipt.unchanged} unchanged, {receipt.errors} errors, {receipt.warnings} warnings"
            )
            _show_findings(checked.findings)
        known = sum(receipt is None for receipt, _ in results)
        if known:
            typer.echo(f"{known} of {len(results)} files had been taken in before: nothing changed")
    if any(receipt and receipt.errors for receipt, _ in results):
        raise typer.Exit(1)


@app.command()
def metrics(
    dataset: DatasetArgument,
    checkpoint: CheckpointOption = "",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write .parquet, .csv or .xlsx.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Compute the Metric table of a checkpoint."""
    import kejistats
    from kejistats.export import check_form, write_table

    if output is not None:
        check_form(output)
    opened = kejistats.open(dataset)
    at = opened.checkpoint(checkpoint)
    table = opened.metrics(at)
    if output is not None:
        write_table(table, output)
        typer.echo(f"{table.height} rows of {at} written to {output}")
    elif as_json:
        typer.echo(table.write_json())
    else:
        _show_metrics(table)


def _show_metrics(table: pl.DataFrame) -> None:
    from rich.console import Console
    from rich.table import Table

    columns = ["district", "indicator", "value", "status", "attainment", "progress", "yoy", "rank"]
    shown = Table(*columns, title=f"{table.height} rows; -o FILE writes all {table.width} columns")
    for row in table.select(columns).iter_rows():
        shown.add_row(*(_cell(value) for value in row))
    # In a pipe there is no width to fit, and a cut id would be no id.
    Console(width=None if sys.stdout.isatty() else 160).print(shown)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


@app.command()
def briefs(
    dataset: DatasetArgument,
    checkpoint: CheckpointOption = "",
    district: Annotated[
        list[str] | None, typer.Option("--district", "-d", help="Code or name; may be repeated.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, help="Worker processes; default: cores.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="Folder of outputs, from where you stand; default: out in the workspace."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make the briefs of all districts, the overview and an index."""
    import kejistats
    from kejistats import batch

    opened = kejistats.open(dataset)
    at = opened.checkpoint(checkpoint)
    codes = [opened.district(d) for d in district or []]
    if not as_json:
        _warn_untaken(opened)
    folder, planned, failed = batch.plan(opened, at, codes, out.resolve() if out else None)
    with _progress(len(planned), str(at), quiet=as_json) as tick:
        done = batch.run(planned, jobs, lambda r: tick(f"{r.name} {r.seconds:.1f} s{_mark(r)}"))
    results = [*done, *failed]
    where = folder
    if not codes:
        where = batch.write_index(opened, at, folder, planned, results)
    wrong = [r for r in results if r.error]
    if as_json:
        shown = [{"name": r.name, "page": str(r.page or ""), "error": r.error} for r in results]
        typer.echo(json.dumps({"open": str(where), "briefs": shown}, ensure_ascii=False))
    else:
        for result in wrong:
            typer.echo(f"failed: {result.name}: {result.error}", err=True)
        typer.echo(f"{len(results) - len(wrong)} pages made, {len(wrong)} failed; open {where}")
    if wrong:
        raise typer.Exit(1)


def _mark(result: Any) -> str:
    return " failed" if result.error else ""


def _warn_untaken(dataset: Dataset) -> None:
    from kejistats.intake import untaken

    new = untaken(dataset)
    if new:
        typer.echo(
            f"warning: not taken in yet: {', '.join(new)}; run: kejistats intake {dataset.path}",
            err=True,
        )


if __name__ == "__main__":
    main()
