"""The command line: the program ``kejistats``, its commands and how it reports errors."""

from __future__ import annotations

import logging
import os
import sys
from typing import Annotated

import typer

# Importing a command module registers its commands with `app`.
import kejistats.cli.explain_command  # noqa: F401
import kejistats.cli.intake_commands  # noqa: F401
import kejistats.cli.page_commands  # noqa: F401
import kejistats.cli.publish_commands  # noqa: F401
from kejistats.cli.common import app
from kejistats.model.errors import KejistatsError

__all__ = ["app", "main"]

_LOG = logging.getLogger(__name__)


def main() -> None:
    """Run the command line; print errors with their remedy instead of a traceback."""
    for stream in (sys.stdout, sys.stderr):
        # Chinese names must print wherever the output goes, even into a pipe on Windows.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        app()
    except Exception as error:
        if os.environ.get("KEJISTATS_DEBUG") and not isinstance(error, KejistatsError):
            raise
        reported = _as_kejistats_error(error)
        _LOG.debug("the command failed", exc_info=error)
        typer.echo(f"error: {reported}", err=True)
        sys.exit(reported.exit_code)


def _as_kejistats_error(error: Exception) -> KejistatsError:
    """Return the error with a remedy, whatever its type."""
    if isinstance(error, KejistatsError):
        return error
    if isinstance(error, OSError):
        return KejistatsError(
            str(error),
            "the operating system refused this: check path, permissions and free disk space",
        )
    return KejistatsError(
        f"{type(error).__name__}: {error}",
        "this is a bug in kejistats; please report it with the traceback (KEJISTATS_DEBUG=1)",
    )


def _print_version(*, value: bool) -> None:
    if value:
        from kejistats.model.version import __version__

        typer.echo(f"kejistats {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[  # noqa: ARG001 - its callback prints and exits
        bool,
        typer.Option(
            "--version", callback=lambda value: _print_version(value=value), is_eager=True
        ),
    ] = False,
    verbose: Annotated[
        int,
        typer.Option(
            "--verbose",
            "-v",
            count=True,
            show_default=False,
            help="Log each step to standard error; -vv adds the traceback of an error.",
        ),
    ] = 0,
) -> None:
    """Half-year reports of science and technology bureaus: from workbooks to briefs."""
    if verbose:
        from kejistats.model.logs import log_to_terminal

        log_to_terminal(logging.INFO if verbose == 1 else logging.DEBUG)
