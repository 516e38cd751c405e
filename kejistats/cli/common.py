"""What the commands share: the application, common options, progress bars and tables."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Console

app = typer.Typer(
    name="kejistats",
    help="Half-year reports of science and technology bureaus: from workbooks to briefs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

DatasetArgument = Annotated[
    str,
    typer.Argument(
        metavar="DATASET", help="Folder of the data set, relative to the workspace root."
    ),
]
CheckpointOption = Annotated[
    str,
    typer.Option(
        "--checkpoint", "-c", help="2025H1, 2025Q3, 2025M05 or 2025; default: the latest."
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON document for use by programs.")
]


@contextmanager
def progress(total: int, description: str, *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Show a bar on a terminal, plain lines elsewhere, nothing when `quiet`."""
    if quiet:
        yield lambda _: None
        return
    if not sys.stderr.isatty():
        done = 0

        def print_line(text: str) -> None:
            nonlocal done
            done += 1
            typer.echo(f"[{done}/{total}] {text}", err=True)

        yield print_line
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
        task = bar.add_task(description, total=total)
        yield lambda text: bar.update(task, advance=1, description=text)


def show_table(table: pl.DataFrame, columns: list[str], title: str = "") -> None:
    """Print the named columns of a table."""
    from rich.table import Table

    printed = Table(*columns, title=title or None)
    for row in table.select(columns).iter_rows():
        printed.add_row(*(_cell_text(value) for value in row))
    console().print(printed)


def _cell_text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def console() -> Console:
    """Return the console that tables are printed to."""
    from rich.console import Console

    # A pipe has no width to fit, and a truncated id would be useless.
    return Console(width=None if sys.stdout.isatty() else 160)
