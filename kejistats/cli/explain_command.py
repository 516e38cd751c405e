"""The command that says how a figure came about: ``explain``."""

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
        str, typer.Option("--as-known", metavar="DATE", help="As known on a day: 2025-08-20.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Explain every figure of an indicator: formulas, inputs and their source cells."""
    from kejistats.api import Desk

    opened = Desk(dataset)
    found = opened.explain(district, indicator, checkpoint, level=level, as_known=as_known or None)
    if as_json:
        typer.echo(json.dumps(found.document(), ensure_ascii=False, default=str))
    else:
        typer.echo(str(found))
