"""Write the findings of checked files to a folder: one page, and marked copies to send back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kejistats.forms.feedback.findings_page import FileReport, findings_page
from kejistats.forms.feedback.marked_copy import write_marked_copy
from kejistats.forms.feedback.naming import copy_names, display_names, file_labels
from kejistats.model.errors import UsageError

if TYPE_CHECKING:
    from kejistats.dataset import Dataset
    from kejistats.intake import Checked


def write_report(dataset: Dataset, checked: Sequence[Checked], folder: Path) -> list[str]:
    """Write ``findings.html``, and a marked copy of each file that has findings.

    Parameters
    ----------
    dataset
        The data set the files were checked for.
    checked
        The files.
    folder
        The folder to write to; created where it is missing.

    Returns
    -------
    list of str
        A message for each file of which no marked copy could be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names, paths = display_names(dataset), [file.path for file in checked]
    files = [
        FileReport(label, file.rows, file.accepted.height, file.findings)
        for label, file in zip(file_labels(paths), checked, strict=True)
    ]
    settings = dataset.settings
    page = findings_page(settings.title, files, sample=settings.sample, names=names)
    (folder / "findings.html").write_text(page, encoding="utf-8", newline="\n")
    messages = []
    for report, path, copy in zip(files, paths, copy_names(paths), strict=True):
        if report.findings.height:
            try:
                write_marked_copy(path, report.findings, folder / copy, names)
            except UsageError as error:
                messages.append(f"no marked copy of {report.name}: {error.message}")
    return messages
