"""Logging with the standard library: the logger ``kejistats``, on the terminal and in a file.

Each module logs to ``logging.getLogger(__name__)``; the application decides where messages go, as
with any library. The command line adds the terminal with ``--verbose``, a run adds a file beside
its report.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path

PACKAGE_LOGGER = logging.getLogger("kejistats")
PACKAGE_LOGGER.addHandler(logging.NullHandler())
_secrets: set[str] = set()

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_MAX_BYTES = 1_000_000
_BACKUP_FILES = 2


class _WithoutSecrets(logging.Formatter):
    """A formatter that replaces every hidden secret by asterisks, in tracebacks too."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        for secret in _secrets:
            text = text.replace(secret, "***")
        return text


class _FileHandler(RotatingFileHandler):
    """A file handler that drops what cannot be written: a log must not fail what it reports on."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - as logging names it
        pass


def hide(secret: str) -> None:
    """Mask a secret, such as a password, in all later log messages of this process."""
    if secret:
        _secrets.add(secret)


def log_to_terminal(level: int) -> None:
    """Write messages of the logger ``kejistats`` to standard error.

    Parameters
    ----------
    level
        The lowest level shown, such as ``logging.INFO``.
    """
    _add(logging.StreamHandler(), level)


@contextmanager
def log_to_file(file: Path) -> Iterator[None]:
    """Write messages of the logger ``kejistats`` also to a file while the block runs.

    Messages are appended; the file is rotated at one megabyte, and two older files are kept. If
    the file cannot be opened, the block runs without it.

    Parameters
    ----------
    file
        The log file; its folder is created if it is missing.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handler: logging.FileHandler | None = _FileHandler(
            file, maxBytes=_MAX_BYTES, backupCount=_BACKUP_FILES, encoding="utf-8"
        )
    except OSError as error:
        PACKAGE_LOGGER.warning("no log file: %s", error)
        handler = None
    if handler is None:
        yield
        return
    level = PACKAGE_LOGGER.level
    _add(handler, logging.INFO)
    try:
        yield
    finally:
        PACKAGE_LOGGER.removeHandler(handler)
        PACKAGE_LOGGER.setLevel(level)
        with suppress(OSError):  # a full disk
            handler.close()


def _add(handler: logging.Handler, level: int) -> None:
    """Add a handler that shows messages from a level on."""
    handler.setFormatter(_WithoutSecrets(_FORMAT))
    handler.setLevel(level)
    PACKAGE_LOGGER.addHandler(handler)
    # The logger must pass everything that any of its handlers shows.
    PACKAGE_LOGGER.setLevel(min(level, PACKAGE_LOGGER.level or level))
