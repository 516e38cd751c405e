"""The head of a store: which version of each of its tables counts."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kejistats.model.atomic import replace
from kejistats.model.errors import KejistatsError

FORMAT = 2
_HEAD = "head.json"


def write_head(path: Path, form: int, versions: Mapping[str, int]) -> None:
    """Make these versions of a store's tables count: a reader sees the step whole or not at all."""
    draft = path / f".{_HEAD}.part"
    with draft.open("w", encoding="utf-8") as file:
        json.dump({"format": form, "versions": dict(sorted(versions.items()))}, file)
        file.flush()
        os.fsync(file.fileno())
    replace(draft, path / _HEAD)


def read_head(path: Path) -> dict[str, Any]:
    """Return what ``head.json`` says, empty where there is no store yet.

    Raises
    ------
    KejistatsError
        When a newer kejistats wrote it, or there are tables but nothing says what counts.
    """
    head = path / _HEAD
    if not head.exists() and not any(path.glob("*/_delta_log")):
        return {}
    try:
        content = dict(json.loads(head.read_text("utf-8")))
        found = int(content["format"])
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        raise KejistatsError(
            f"{head} is lost or damaged",
            "put it back from a copy; or move the store away and take all files in again",
        ) from None
    if found > FORMAT:
        raise KejistatsError(
            f"{path} has store format {found}, this kejistats reads up to {FORMAT}",
            "install the kejistats version that wrote it",
        )
    return content
