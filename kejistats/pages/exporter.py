"""The nbconvert exporter: one self-contained page, no script, no external reference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbconvert.exporters.templateexporter import TemplateExporter
from nbformat import NotebookNode, from_dict
from traitlets import default
from traitlets.config import Config

from kejistats.model.errors import KejistatsError
from kejistats.pages.self_contained import foreign_parts

_HIDDEN = {"parameters", "injected-parameters", "hide"}


class KejistatsExporter(TemplateExporter):
    """Export a brief's notebook as one HTML file that needs nothing else.

    Code is never shown; cells tagged parameters, injected-parameters or hide disappear. An
    error in the notebook fails the export, for it must not be printed in a brief.
    """

    export_from_notebook = "kejistats"
    output_mimetype = "text/html"

    @default("file_extension")
    def _file_extension_default(self) -> str:
        return ".html"

    @default("template_name")
    def _template_name_default(self) -> str:
        return "kejistats"

    @default("extra_template_basedirs")
    def _extra_template_basedirs_default(self) -> list[str]:
        return [str(Path(__file__).parent / "templates")]

    @property
    def default_config(self) -> Config:
        """Settings of the page: no prompts, no input."""
        config = Config(
            # None of the stock preprocessors does anything here, and each would check the notebook.
            {"Exporter": {"default_preprocessors": []},
             "TemplateExporter": {"exclude_input": True}, "NbConvertBase": {
                "display_data_priority": ["text/html", "image/png", "text/markdown", "text/plain"]
            }}
        )  # fmt: skip
        config.merge(super().default_config)
        return config

    def from_notebook_node(  # type: ignore[override]  # nbconvert's own exporters return text
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **kwargs: Any
    ) -> tuple[str, dict[str, Any]]:
        """Convert a notebook.

        Raises
        ------
        KejistatsError
            When a cell ended in an error, or an output brings a script or fetches from elsewhere.
        """
        for number, cell in enumerate(nb.cells, 1):
            for output in cell.get("outputs", []):
                if output.output_type == "error":
                    raise KejistatsError(
                        f"cell {number} failed: {output.ename}: {output.evalue}",
                        "run the notebook again without the error; nothing was written",
                    )
        cells = [c for c in nb.cells if not _HIDDEN & set(c.get("metadata", {}).get("tags", []))]
        shown = from_dict({**nb, "cells": cells})  # type: ignore[no-untyped-call]
        resources = dict(resources or {}, page=_page(shown))
        html, resources = super().from_notebook_node(shown, resources, **kwargs)
        # A page in a mail or on a shared disk must neither run nor fetch anything.
        foreign = foreign_parts(html)
        if foreign:
            raise KejistatsError(
                f"an output would make the page run or fetch something: {foreign[0]}",
                "show a table, an image or text instead",
            )
        return html, resources


def _page(nb: NotebookNode) -> dict[str, Any]:
    """Return the page's title and marks, which an output carries in its metadata."""
    for cell in nb.cells:
        for output in cell.get("outputs", []):
            found = output.get("metadata", {}).get("text/html", {})
            if "kejistats" in found:
                return dict(found["kejistats"])
    return {"title": "科技指标简报", "sample": False}
