"""Read and write ``head.json``, which names the current version of each table of a store."""

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


def write_head(path: Path, store_format: int, versions: Mapping[str, int]) -> None:
    """Make these table versions the current ones, atomically."""
    draft = path / f".{_HEAD}.part"
    with draft.open("w", encoding="utf-8") as file:
        json.dump({"format": store_format, "versions": dict(sorted(versions.items()))}, file)
        file.flush()
        os.fsync(file.fileno())
    replace(draft, path / _HEAD)


def read_head(path: Path) -> dict[str, Any]:
    """Return the content of ``head.json``, or an empty dictionary if there is no store yet.

    Raises
    ------
    KejistatsError
        When a newer kejistats wrote it, or when it is missing or damaged although there are
        tables.
    """
    head = path / _HEAD
    if not head.exists() and not any(path.glob("*/_delta_log")):
        return {}
    try:
        content = dict(json.loads(head.read_text("utf-8")))
        store_format = int(content["format"])
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        raise KejistatsError(
            f"{head} is missing or damaged",
            "restore it from a backup, or move the store away and ingest all files again",
        ) from None
    if store_format > FORMAT:
        raise KejistatsError(
            f"{path} has store format {store_format}, but this version reads up to {FORMAT}",
            "install the version of kejistats that wrote it",
        )
    return content
