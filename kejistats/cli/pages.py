"""Commands that compute and show: ``metrics`` and ``briefs``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kejistats.cli.common import (
    CheckpointOption,
    DatasetArgument,
    JsonOption,
    app,
    progress,
    show_table,
)

if TYPE_CHECKING:
    import polars as pl

    from kejistats.dataset import Dataset


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
    columns = ["district", "indicator", "value", "status", "attainment", "progress", "yoy", "rank"]
    title = f"{table.height} rows; -o FILE writes all {table.width} columns"
    show_table(table, columns, title)


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
    with progress(len(planned), str(at), quiet=as_json) as tick:
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
