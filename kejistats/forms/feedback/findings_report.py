"""The findings of checked files in a folder: one page, and the files marked to send back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kejistats.forms.feedback.findings_page import FileReport, findings_page
from kejistats.forms.feedback.marked_copy import marked_copy
from kejistats.forms.feedback.naming import copy_names, labels, names_of
from kejistats.model.errors import UsageError

if TYPE_CHECKING:
    from kejistats.dataset import Dataset
    from kejistats.intake import Checked


def write_report(dataset: Dataset, checked: Sequence[Checked], folder: Path) -> list[str]:
    """Write ``findings.html``, and a marked copy of each file that has findings.

    Parameters
    ----------
    dataset
        The data set the files are for.
    checked
        The files.
    folder
        Where all goes; made where it is missing.

    Returns
    -------
    list of str
        For each file that could not be copied a message why.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names, paths = names_of(dataset), [one.path for one in checked]
    files = [
        FileReport(label, one.rows, one.accepted.height, one.findings)
        for label, one in zip(labels(paths), checked, strict=True)
    ]
    settings = dataset.settings
    page = findings_page(settings.title, files, sample=settings.sample, names=names)
    (folder / "findings.html").write_text(page, encoding="utf-8", newline="\n")
    failed = []
    for file, path, copy in zip(files, paths, copy_names(paths), strict=True):
        if file.findings.height:
            try:
                marked_copy(path, file.findings, folder / copy, names)
            except UsageError as error:
                failed.append(f"no marked copy of {file.name}: {error.message}")
    return failed
