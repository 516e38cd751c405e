"""The command line: ``kejistats template``, ``check``, ``intake``, ``status``, ``briefs``, ``mail``."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

# The commands register themselves.
import kejistats.cli.explain_command
import kejistats.cli.intake_commands  # noqa: F401
import kejistats.cli.page_commands  # noqa: F401
import kejistats.cli.publish_commands  # noqa: F401
from kejistats.cli.common import app
from kejistats.model.errors import KejistatsError

__all__ = ["app", "kejistats", "main"]


def main() -> None:
    """Run the command line; errors are told, not thrown."""
    for stream in (sys.stdout, sys.stderr):
        # Chinese names must print wherever the output goes, a Windows pipe included.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        app()
    except Exception as error:
        if os.environ.get("KEJISTATS_DEBUG") and not isinstance(error, KejistatsError):
            raise
        told = _told(error)
        typer.echo(f"error: {told}", err=True)
        sys.exit(told.exit_code)


def _told(error: Exception) -> KejistatsError:
    """Return an error with what to do about it."""
    if isinstance(error, KejistatsError):
        return error
    if isinstance(error, OSError):
        return KejistatsError(
            str(error),
            "the system refused this: see whether the path, its rights and the room are right",
        )
    return KejistatsError(
        f"{type(error).__name__}: {error}",
        "this is a fault of kejistats; KEJISTATS_DEBUG=1 shows where, please report it",
    )


def _version(*, value: bool) -> None:
    if value:
        from kejistats.model.version import __version__

        typer.echo(f"kejistats {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=lambda value: _version(value=value), is_eager=True)
    ] = False,
) -> None:
    """Half-year reports of science and technology bureaus: from workbooks to briefs."""
