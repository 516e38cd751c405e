"""Where every figure of the table comes from, and what the page was made from."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import version
from typing import Any

from kejistats.brief.bundle import Bundle
from kejistats.brief.view import View
from kejistats.brief.written_formulas import formulas

# What computes the figures, draws and makes the page.
_MAKERS = ["polars", "matplotlib", "papermill", "nbconvert"]
# Settings that are said elsewhere on the page, or that only intake goes by.
_ELSEWHERE = {
    "title", "sample", "notes", "responsible", "headline", "indicators", "checks", "wide",
}  # fmt: skip


def sources(rows: list[View]) -> list[dict[str, Any]]:
    """Return number, name and text of each row: source cells, vintage, formulas.

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


def made(bundle: Bundle) -> list[str]:
    """Return what the page was made from: version, data, settings.

    Parameters
    ----------
    bundle
        The bundle.
    """
    words = bundle.content["words"]["source"]
    settings = {k: v for k, v in bundle.content["settings"].items() if k not in _ELSEWHERE}
    return [
        words["made"].format(
            version=bundle.content["kejistats"], digest=bundle.digest, makers=_makers()
        ),
        words["settings"].format(settings="；".join(_flat(settings))),
    ]


@cache
def _makers() -> str:
    found = [f"Python {platform.python_version()}"]
    return "、".join([*found, *(f"{name} {version(name)}" for name in _MAKERS)])


def _flat(settings: dict[str, Any], before: str = "") -> list[str]:
    """Return settings as key=value, those not set left out."""
    found = []
    for key, value in sorted(settings.items()):
        if isinstance(value, dict):
            found += _flat(value, f"{before}{key}.")
        elif isinstance(value, (list, tuple)):
            found += [f"{before}{key}={','.join(map(str, value))}"] if value else []
        elif value not in (None, ""):
            found.append(f"{before}{key}={value}")
    return found
