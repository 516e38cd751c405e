"""Logging by the standard library: the logger ``kejistats``, on the terminal and in a file.

Modules log to a logger of their own name (``logging.getLogger(__name__)``); whoever uses the
package decides where that goes, as with any library. The command line adds the terminal with
``--verbose``, a run adds a file beside its report.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path

ROOT = logging.getLogger("kejistats")
_hidden: set[str] = set()

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_MOST_BYTES = 1_000_000
_KEPT_FILES = 2


class _WithoutSecrets(logging.Formatter):
    """Replaces every hidden secret by asterisks, in tracebacks too."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        for secret in _hidden:
            text = text.replace(secret, "***")
        return text


def hide(secret: str) -> None:
    """Keep a secret, such as a password, out of every log of this process from now on."""
    if secret:
        _hidden.add(secret)


def log_to_terminal(level: int) -> None:
    """Write messages of the logger ``kejistats`` to standard error.

    Parameters
    ----------
    level
        The least level shown, such as ``logging.INFO``.
    """
    _add(logging.StreamHandler(), level)


@contextmanager
def log_to_file(file: Path) -> Iterator[None]:
    """Write messages of the logger ``kejistats`` to a file, too, while the block runs.

    Messages are appended; a file of a megabyte is put aside, and the last two are kept. A file
    that cannot be written to must not stop what it reports on: the block then runs without.

    Parameters
    ----------
    file
        The log file; its folder is made if need be.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(
            file, maxBytes=_MOST_BYTES, backupCount=_KEPT_FILES, encoding="utf-8"
        )
    except OSError as error:
        ROOT.warning("no log file: %s", error)
        yield
        return
    level = ROOT.level
    _add(handler, logging.INFO)
    try:
        yield
    finally:
        ROOT.removeHandler(handler)
        ROOT.setLevel(level)
        handler.close()


def _add(handler: logging.Handler, level: int) -> None:
    handler.setFormatter(_WithoutSecrets(_FORMAT))
    handler.setLevel(level)
    ROOT.addHandler(handler)
    # The logger lets through what any of its handlers wants.
    ROOT.setLevel(min(level, ROOT.level or level))
