"""Commands that compute and show: ``metrics`` and ``briefs``."""

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
    from kejistats.api import Desk
    from kejistats.model.errors import UsageError
    from kejistats.pages.table_files import check_form, write_table

    if output is not None:
        check_form(output)
    if since and period:
        raise UsageError("--since and --period exclude each other", "changes are told without it")
    opened = Desk(dataset)
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
    force: Annotated[
        bool, typer.Option("--force", help="Make pages again that still hold.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be made and why.")
    ] = False,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="Begin no further page after one has failed.")
    ] = False,
    timeout: Annotated[
        float, typer.Option("--timeout", min=1.0, help="Seconds that one brief may take.")
    ] = 120.0,
    memory: Annotated[
        int, typer.Option("--memory", min=300, help="MB that one worker may hold.")
    ] = 2000,
    as_json: JsonOption = False,
) -> None:
    """Make the briefs of all districts, the overview and an index; only what changed."""
    from kejistats.cli.briefs_progress import Asked, make, tell_plan
    from kejistats.model.paths import outputs, resolve
    from kejistats.pages.other_formats import check_forms
    from kejistats.run.batch import Options
    from kejistats.run.pool import Limits, Pool

    forms = tuple(name for name, wanted in (("docx", docx), ("pdf", pdf)) if wanted)
    check_forms(forms)
    limits = Limits(seconds=timeout, memory=memory)
    options = Options(jobs, limits, forms, force=force, fail_fast=fail_fast)
    asked = Asked(checkpoint, district or [], out.resolve() if out else None, options, as_json)
    if dry_run:
        tell_plan(dataset, asked)
        return
    place = outputs(resolve(dataset).name, asked.out)
    new = (resolve(dataset) / "dataset.toml").is_file() and not any(place.glob("*/work/*.sqlite"))
    # Where nothing was made yet, workers will be needed: they load what they need meanwhile.
    make(dataset, asked, Pool(options.count(asked.districts), options.limits) if new else None)
