"""The sources of every figure of a page, and the versions and settings it was made with."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import version
from typing import Any

from kejistats.brief.bundle import Bundle
from kejistats.brief.view import View
from kejistats.brief.written_formulas import formulas

# The packages whose versions the page names.
_TOOLS = ["polars", "matplotlib", "papermill", "nbconvert"]
# Settings that are shown elsewhere on the page, or that only intake uses.
_OMITTED_SETTINGS = {
    "title", "sample", "notes", "responsible", "headline", "indicators", "checks", "wide",
}  # fmt: skip


def source_rows(rows: list[View]) -> list[dict[str, Any]]:
    """Return number, name and text of each row: source cells, intake, formulas.

    Parameters
    ----------
    rows
        The rows in the order of the table.
    """
    return [
        {"number": number, "name": view.name, "text": _source(view)}
        for number, view in enumerate(rows, 1)
    ]


def _source(view: View) -> str:
    parts = [
        view.say("source", key, source=view[column])
        for key, column in [
            ("own", "source"),
            ("base", "base_source"),
            ("target", "target_source"),
            ("received", "intake_id"),
        ]
        if view[column]
    ]
    parts += formulas(view)
    if not parts:
        return f"{view.figure()}。"
    return "；".join(parts) + "。"


def provenance(bundle: Bundle) -> list[str]:
    """Return the lines on versions, digest of the data, and settings of a page.

    Parameters
    ----------
    bundle
        The page's bundle.
    """
    words = bundle.content["words"]["source"]
    settings = {k: v for k, v in bundle.content["settings"].items() if k not in _OMITTED_SETTINGS}
    return [
        words["made"].format(
            version=bundle.content["kejistats"], digest=bundle.digest, makers=_tool_versions()
        ),
        words["settings"].format(settings="；".join(_flat_settings(settings))),
    ]


@cache
def _tool_versions() -> str:
    python = f"Python {platform.python_version()}"
    return "、".join([python, *(f"{name} {version(name)}" for name in _TOOLS)])


def _flat_settings(settings: dict[str, Any], prefix: str = "") -> list[str]:
    """Return the settings that are set, as key=value with dotted keys."""
    texts = []
    for key, value in sorted(settings.items()):
        if isinstance(value, dict):
            texts += _flat_settings(value, f"{prefix}{key}.")
        elif isinstance(value, (list, tuple)):
            texts += [f"{prefix}{key}={','.join(map(str, value))}"] if value else []
        elif value not in (None, ""):
            texts.append(f"{prefix}{key}={value}")
    return texts
