"""Notebooks to pages: the nbconvert exporter ``kejistats`` and its template."""

from kejistats.render.exporter import KejistatsExporter

__all__ = ["KejistatsExporter"]
