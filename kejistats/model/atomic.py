"""Files that appear whole or not at all."""

from __future__ import annotations

import time
from pathlib import Path

_ATTEMPTS = 20


def replace(draft: Path, file: Path) -> None:
    """Put a finished draft in a file's place in one step.

    Raises
    ------
    OSError
        When that cannot be done; the file is then as it was.
    """
    for attempt in range(_ATTEMPTS):
        try:
            draft.replace(file)
            return
        except PermissionError:  # Windows, while somebody reads the file
            if attempt == _ATTEMPTS - 1:
                raise
            time.sleep(0.05)


def write_text(file: Path, text: str) -> None:
    """Write a text so that the file appears whole or not at all.

    Raises
    ------
    OSError
        When that cannot be done; the file is then as it was, and no draft is left.
    """
    draft = file.with_name(f"{file.name}.part")
    try:
        draft.write_text(text, encoding="utf-8", newline="\n")
        replace(draft, file)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
