"""Atomic file writes: a reader sees the old file or the new one, never half of it."""

from __future__ import annotations

import time
from pathlib import Path

_ATTEMPTS = 20


def replace(draft: Path, file: Path) -> None:
    """Move a finished draft over a file atomically, retrying while Windows holds the file open.

    Raises
    ------
    OSError
        When the file cannot be replaced; it is then unchanged.
    """
    for attempt in range(_ATTEMPTS):
        try:
            draft.replace(file)
            return
        except PermissionError:  # Windows, while another process reads the file
            if attempt == _ATTEMPTS - 1:
                raise
            time.sleep(0.05)


def write_text(file: Path, text: str) -> None:
    """Write a text file atomically, in UTF-8 with LF line ends.

    Raises
    ------
    OSError
        When the file cannot be written; it is then unchanged, and no draft is left behind.
    """
    draft = file.with_name(f"{file.name}.part")
    try:
        draft.write_text(text, encoding="utf-8", newline="\n")
        replace(draft, file)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
