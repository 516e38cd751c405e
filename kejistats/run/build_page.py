"""Build one page: papermill executes the notebook with its bundle, nbconvert exports it."""

from __future__ import annotations

import hashlib
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kejistats.brief import Brief, Bundle, Overview

if TYPE_CHECKING:
    from kejistats.pages.exporter import KejistatsExporter
    from kejistats.run.channel import Message
    from kejistats.run.engine import Runner


def build_page(
    job: dict[str, Any], folder: Path, exporter: KejistatsExporter, runner: Runner
) -> Message:
    """Execute a notebook and export it into a folder, from which the owner moves the files.

    The executed notebook is written even when a cell fails, with the error in it.

    Parameters
    ----------
    job
        A `Job` as plain data.
    folder
        Where the files are written, under their final names.
    exporter
        Shared by all pages of a worker: creating one takes longer than using it.
    runner
        Runs the cells.

    Returns
    -------
    dict
        ``text`` and ``counts`` for the index, ``warnings`` for the analyst, and ``files``: the
        hash of each file by name.

    Raises
    ------
    papermill.exceptions.PapermillExecutionError
        When a cell ended in an error.
    KejistatsError
        When the page would not be self-contained.
    """
    import papermill

    page, executed = Path(job["page"]), folder / Path(job["executed"]).name
    notebook = papermill.execute_notebook(
        _literal(job["notebook"]),
        _literal(executed),
        parameters={"bundle": job["bundle"]},
        engine_name="kejistats",
        progress_bar=False,
        request_save_on_cell_execute=False,
        cwd=str(Path(job["notebook"]).parent),
        runner=runner,
    )
    html, resources = exporter.from_notebook_node(notebook)
    (folder / page.name).write_text(html, encoding="utf-8", newline="\n")
    if job["forms"]:
        import_module("kejistats.pages.other_formats").write_formats(
            folder / page.name, html, job["forms"]
        )
    summary = resources["page"]
    if "conclusion" not in summary:  # an analyst's own notebook without the head of the brief
        bundle = Bundle.read(Path(job["bundle"]))
        kind = Overview if bundle.content["kind"] == "overview" else Brief
        summary = kind(bundle).head.metadata["kejistats"]
    names = [page.name, *(f"{page.stem}.{suffix}" for suffix in job["forms"])]
    hashes = {n: hashlib.sha256((folder / n).read_bytes()).hexdigest() for n in names}
    return {
        "text": summary["conclusion"],
        "counts": summary.get("counts", {}),
        "warnings": summary.get("warnings", []),
        "files": hashes,
    }


def _literal(path: str | Path) -> str:
    """Escape the braces of a path: papermill would fill in parameters between them."""
    return str(path).replace("{", "{{").replace("}", "}}")
