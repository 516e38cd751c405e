"""The command ``explain``: how a figure was computed, down to its source cells."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from kejistats.cli.common import CheckpointOption, DatasetArgument, JsonOption, app


@app.command()
def explain(
    dataset: DatasetArgument,
    district: Annotated[str, typer.Argument(metavar="DISTRICT", help="Code or name.")],
    indicator: Annotated[
        str, typer.Argument(metavar="INDICATOR", help="Id, name, short name or alias.")
    ],
    checkpoint: CheckpointOption = "",
    level: Annotated[
        str, typer.Option("--level", help="Programme level; default: the total over levels.")
    ] = "",
    as_known: Annotated[
        str,
        typer.Option(
            "--as-known",
            metavar="DATE",
            help="Use only what was known on that day, such as 2025-08-20.",
        ),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Explain every figure of an indicator: formulas, inputs and their source cells."""
    from kejistats.api import Desk

    desk = Desk(dataset)
    explanation = desk.explain(
        district, indicator, checkpoint, level=level, as_known=as_known or None
    )
    if as_json:
        typer.echo(json.dumps(explanation.document(), ensure_ascii=False, default=str))
    else:
        typer.echo(str(explanation))
