"""The nbconvert exporter: one self-contained HTML page, without scripts or external references."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbconvert.exporters.templateexporter import TemplateExporter
from nbformat import NotebookNode, from_dict
from traitlets import default
from traitlets.config import Config

from kejistats.model.errors import KejistatsError
from kejistats.pages.self_contained import external_parts

_HIDDEN_TAGS = {"parameters", "injected-parameters", "hide"}


class KejistatsExporter(TemplateExporter):
    """Export a brief's notebook as one HTML file that needs nothing else.

    Code is never shown; cells tagged parameters, injected-parameters or hide are left out. An
    error output in the notebook fails the export: a brief must not print one.
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
        """Settings of the export: no input, HTML preferred to other output formats."""
        config = Config(
            # The stock preprocessors do nothing for these notebooks, and each validates them anew.
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
        """Convert an executed notebook to a page.

        Returns
        -------
        tuple of str and dict
            The HTML, and nbconvert's resources.

        Raises
        ------
        KejistatsError
            When a cell ended in an error, or an output contains a script or loads from elsewhere.
        """
        for number, cell in enumerate(nb.cells, 1):
            for output in cell.get("outputs", []):
                if output.output_type == "error":
                    raise KejistatsError(
                        f"cell {number} failed: {output.ename}: {output.evalue}",
                        "fix the error and run the notebook again; nothing was written",
                    )
        cells = [
            c for c in nb.cells if not _HIDDEN_TAGS & set(c.get("metadata", {}).get("tags", []))
        ]
        visible = from_dict({**nb, "cells": cells})  # type: ignore[no-untyped-call]
        resources = dict(resources or {}, page=_page_metadata(visible))
        html, resources = super().from_notebook_node(visible, resources, **kwargs)
        # A page in a mail or on a shared disk must neither run nor load anything.
        external = external_parts(html)
        if external:
            raise KejistatsError(
                f"an output would make the page run or load something: {external[0]}",
                "output a table, an image or text instead",
            )
        return html, resources


def _page_metadata(nb: NotebookNode) -> dict[str, Any]:
    """Return the page's title and sample flag, which an output carries in its metadata."""
    for cell in nb.cells:
        for output in cell.get("outputs", []):
            metadata = output.get("metadata", {}).get("text/html", {})
            if "kejistats" in metadata:
                return dict(metadata["kejistats"])
    return {"title": "科技指标简报", "sample": False}
