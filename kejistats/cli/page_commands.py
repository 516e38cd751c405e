"""Commands that compute and make pages: ``metrics`` and ``briefs``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kejistats.cli.common import (
    CheckpointOption,
    DatasetArgument,
    JsonOption,
    app,
    show_table,
)

if TYPE_CHECKING:
    import polars as pl


@app.command()
def metrics(
    dataset: DatasetArgument,
    checkpoint: CheckpointOption = "",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write .parquet, .csv or .xlsx.")
    ] = None,
    as_known: Annotated[
        str,
        typer.Option(
            "--as-known",
            metavar="DATE",
            help="Use only what was known on that day, such as 2025-08-20.",
        ),
    ] = "",
    since: Annotated[
        str,
        typer.Option(
            "--since",
            metavar="DATE",
            help="Show what has changed since that day, up to --as-known or now.",
        ),
    ] = "",
    period: Annotated[
        str,
        typer.Option(
            "--period",
            metavar="half|quarter|month",
            help="Period compared with the one before; default: the longest one "
            "that ends at the checkpoint.",
        ),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Compute the Metric table of a checkpoint, or what has changed in it."""
    from kejistats.api import Desk
    from kejistats.model.errors import UsageError
    from kejistats.pages.table_files import check_table_file, write_table

    if output is not None:
        check_table_file(output)
    if since and period:
        raise UsageError("--since and --period exclude each other", "leave out --period")
    desk = Desk(dataset)
    known_on = as_known or None
    at = desk.checkpoint(checkpoint, as_known=known_on)
    if since:
        table = desk.changes(at, since, known_on)
        description = f"changes of {at} since {since}{f' up to {known_on}' if known_on else ''}"
    else:
        table = desk.metrics(at, as_known=known_on, period=period or None)
        description = f"rows of {at}{f' as known on {known_on}' if known_on else ''}"
    if output is not None:
        write_table(table, output, figures=("before", "after"))
        typer.echo(f"{table.height} {description} written to {output}")
    elif as_json:
        typer.echo(table.write_json())
    elif since:
        columns = ["district", "indicator", "level", "title", "before", "after", "difference"]
        show_table(table, [*columns, "source"], f"{table.height} {description}")
    else:
        _show_metrics(table, description)


def _show_metrics(table: pl.DataFrame, description: str) -> None:
    columns = ["district", "indicator", "value", "status", "attainment", "progress", "yoy", "rank"]
    title = f"{table.height} {description}; -o FILE writes all {table.width} columns"
    show_table(table, columns, title)


@app.command()
def briefs(
    dataset: DatasetArgument,
    checkpoint: CheckpointOption = "",
    district: Annotated[
        list[str] | None, typer.Option("--district", "-d", help="Code or name; may be repeated.")
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, help="Worker processes; default: one per core."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Folder of outputs, from the current folder; default: out in the workspace.",
        ),
    ] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="Also write each page as PDF.")] = False,
    docx: Annotated[
        bool, typer.Option("--docx", help="Also write each page as Word document.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also make the pages that are up to date.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only list which pages would be made, and why.")
    ] = False,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="Start no further page after one has failed.")
    ] = False,
    timeout: Annotated[
        float, typer.Option("--timeout", min=1.0, help="Time limit of one brief in seconds.")
    ] = 120.0,
    memory: Annotated[
        int, typer.Option("--memory", min=300, help="Memory limit of one worker in MB.")
    ] = 2000,
    as_json: JsonOption = False,
) -> None:
    """Make the briefs of all districts, the overview and an index, as far as they changed."""
    from kejistats.cli.briefs_progress import BriefsRequest, run_briefs, show_plan
    from kejistats.model.paths import outputs, resolve
    from kejistats.pages.other_formats import check_formats
    from kejistats.run.batch import Options
    from kejistats.run.pool import Limits, Pool

    forms = tuple(name for name, wanted in (("docx", docx), ("pdf", pdf)) if wanted)
    check_formats(forms)
    limits = Limits(seconds=timeout, memory=memory)
    options = Options(jobs, limits, forms, force=force, fail_fast=fail_fast)
    request = BriefsRequest(
        checkpoint, district or [], out.resolve() if out else None, options, as_json
    )
    if dry_run:
        show_plan(dataset, request)
        return
    folder = outputs(resolve(dataset).name, request.out)
    first_run = (resolve(dataset) / "dataset.toml").is_file() and not any(
        folder.glob("*/work/*.sqlite")
    )
    # On a first run workers are certainly needed: let them load their modules meanwhile.
    run_briefs(
        dataset,
        request,
        Pool(options.worker_count(request.districts), options.limits) if first_run else None,
    )
