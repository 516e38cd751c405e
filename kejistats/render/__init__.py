"""Notebooks to pages: the nbconvert exporter ``kejistats`` and its template."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kejistats.render.exporter import KejistatsExporter

__all__ = ["KejistatsExporter"]


def __getattr__(name: str) -> Any:
    # nbconvert takes a second to load; an index page needs none of it.
    if name == "KejistatsExporter":
        from kejistats.render.exporter import KejistatsExporter

        return KejistatsExporter
    raise AttributeError(f"module 'kejistats.render' has no attribute {name!r}")
