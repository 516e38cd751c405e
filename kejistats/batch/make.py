"""One page made: a bundle and a notebook, run by papermill, exported by nbconvert."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kejistats.brief import Brief, Bundle, Overview

if TYPE_CHECKING:
    from kejistats.batch.channel import Message
    from kejistats.batch.engine import Runner
    from kejistats.render import KejistatsExporter


def make(job: dict[str, Any], folder: Path, exporter: KejistatsExporter, runner: Runner) -> Message:
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
        ``text``, the conclusion for the index, and ``files`` with their hashes by name.

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
    text = resources["page"].get("conclusion")
    if text is None:  # a notebook of the analyst's own without the brief's head
        bundle = Bundle.read(Path(job["bundle"]))
        kind = Overview if bundle.content["kind"] == "overview" else Brief
        text = kind(bundle).conclusion
    names = [page.name]
    hashes = {n: hashlib.sha256((folder / n).read_bytes()).hexdigest() for n in names}
    return {"text": text, "files": hashes}


def _literal(path: str | Path) -> str:
    """Return a path in which papermill fills in nothing."""
    return str(path).replace("{", "{{").replace("}", "}}")
