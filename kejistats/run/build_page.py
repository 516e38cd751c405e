"""One page made: a bundle and a notebook, run by papermill, exported by nbconvert."""

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
    """Run a notebook and export it into a folder, from which the owner puts the files in place.

    The executed notebook is there whatever happens, with the error in it if there was one.

    Parameters
    ----------
    job
        A `Job` as plain data.
    folder
        Where the files go, under their own names.
    exporter
        Used again and again: to set one up takes longer than to use it.
    runner
        What runs the cells.

    Returns
    -------
    dict
        ``text`` and ``counts`` for the index, ``warnings`` for who runs it, and ``files`` with
        their hashes by name.

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
        import_module("kejistats.pages.other_formats").write_forms(
            folder / page.name, html, job["forms"]
        )
    told = resources["page"]
    if "conclusion" not in told:  # a notebook of the analyst's own without the brief's head
        bundle = Bundle.read(Path(job["bundle"]))
        kind = Overview if bundle.content["kind"] == "overview" else Brief
        told = kind(bundle).head.metadata["kejistats"]
    names = [page.name, *(f"{page.stem}.{form}" for form in job["forms"])]
    hashes = {n: hashlib.sha256((folder / n).read_bytes()).hexdigest() for n in names}
    return {
        "text": told["conclusion"],
        "counts": told.get("counts", {}),
        "warnings": told.get("warnings", []),
        "files": hashes,
    }


def _literal(path: str | Path) -> str:
    """Return a path in which papermill fills in nothing."""
    return str(path).replace("{", "{{").replace("}", "}}")
