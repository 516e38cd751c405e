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
    as_known: Annotated[
        str, typer.Option("--as-known", metavar="DATE", help="As known on a day: 2025-08-20.")
    ] = "",
    since: Annotated[
        str,
        typer.Option(
            "--since",
            metavar="DATE",
            help="What has changed since a day, up to --as-known or now, instead of the table.",
        ),
    ] = "",
    period: Annotated[
        str,
        typer.Option(
            "--period",
            metavar="half|quarter|month",
            help="Stretches compared with the ones before; default: the longest that ends.",
        ),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Compute the Metric table of a checkpoint, or what has changed in it."""
    import kejistats
    from kejistats.errors import UsageError
    from kejistats.export import check_form, write_table

    if output is not None:
        check_form(output)
    if since and period:
        raise UsageError("--since and --period exclude each other", "changes are told without it")
    opened = kejistats.open(dataset)
    day = as_known or None
    at = opened.checkpoint(checkpoint, as_known=day)
    if since:
        table = opened.changes(at, since, day)
        what = f"changes of {at} since {since}{f' up to {day}' if day else ''}"
    else:
        table = opened.metrics(at, as_known=day, period=period or None)
        what = f"rows of {at}{f' as known on {day}' if day else ''}"
    if output is not None:
        write_table(table, output, figures=("before", "after"))
        typer.echo(f"{table.height} {what} written to {output}")
    elif as_json:
        typer.echo(table.write_json())
    elif since:
        columns = ["district", "indicator", "level", "title", "before", "after", "difference"]
        show_table(table, [*columns, "source"], f"{table.height} {what}")
    else:
        _show_metrics(table, what)


def _show_metrics(table: pl.DataFrame, what: str) -> None:
    columns = ["district", "indicator", "value", "status", "attainment", "progress", "yoy", "rank"]
    title = f"{table.height} {what}; -o FILE writes all {table.width} columns"
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
    pdf: Annotated[bool, typer.Option("--pdf", help="Each page as PDF, too.")] = False,
    docx: Annotated[bool, typer.Option("--docx", help="Each page as Word document, too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make the briefs of all districts, the overview and an index."""
    import kejistats
    from kejistats import batch
    from kejistats.render.forms import check_forms

    forms = frozenset(name for name, asked in (("pdf", pdf), ("docx", docx)) if asked)
    check_forms(forms)
    opened = kejistats.open(dataset)
    at = opened.checkpoint(checkpoint)
    codes = [opened.district(d) for d in district or []]
    if not as_json:
        _warn_untaken(opened)
    folder, planned, failed = batch.plan(opened, at, codes, out.resolve() if out else None, forms)
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
