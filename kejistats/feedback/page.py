"""Findings as a page to send and as a fragment for JupyterLab."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import polars as pl

from kejistats.feedback.frame import render
from kejistats.feedback.listing import Line, lines, tally
from kejistats.feedback.text import visible

# Nobody reads more; a page of millions of lines would not open.
_LISTED, _SHOWN, _CAPTION = 2000, 200, 200


@dataclass(frozen=True)
class FileSummary:
    """What was made of one file.

    Parameters
    ----------
    file
        Name as received.
    rows, accepted
        Rows read, and rows that are, or could be, stored.
    """

    file: str
    rows: int
    accepted: int


@dataclass(frozen=True)
class SheetLines:
    """The findings of one sheet, with the words above their table."""

    caption: str
    lines: list[Line]


def by_sheet(found: list[Line]) -> list[SheetLines]:
    """Return lines sheet by sheet, each with its caption."""
    tables = []
    for (file, sheet), group in groupby(found, lambda one: (one.file, one.sheet)):
        some = list(group)
        where = f"{file}　工作表“{sheet}”" if sheet else file
        errors = sum(one.severity == "error" for one in some)
        caption = f"{where}：错误{errors}处，提示{len(some) - errors}处"
        tables.append(SheetLines(visible(caption, _CAPTION), some))
    return tables


def findings_page(
    title: str, findings: pl.DataFrame, *, sample: bool, files: Sequence[FileSummary]
) -> str:
    """Return the findings as one self-contained HTML page, in Chinese.

    Parameters
    ----------
    title
        Heading of the page.
    findings
        The Finding table.
    sample
        Whether the data are made: the page then says 示例数据.
    files
        All files checked, those without findings too.
    """
    errors, warnings = tally(findings)
    counts = {
        (file, severity): n
        for file, severity, n in findings.group_by("file", "severity").len().iter_rows()
    }
    rows = [
        {
            "file": visible(f.file),
            "rows": f.rows,
            "accepted": f.accepted,
            "errors": counts.get((f.file, "error"), 0),
            "warnings": counts.get((f.file, "warning"), 0),
        }
        for f in files
    ]
    return render(
        "findings.html.j2",
        title=visible(title),
        sample=sample,
        conclusion=f"{len(files)}个文件，错误{errors}处，提示{warnings}处。",
        files=rows,
        sheets=by_sheet(lines(findings.head(_LISTED))),
        rest=max(0, findings.height - _LISTED),
        total=findings.height,
    )


def findings_fragment(findings: pl.DataFrame) -> str:
    """Return the findings as HTML for a notebook's output; colours are the notebook's own.

    Parameters
    ----------
    findings
        The Finding table.
    """
    errors, warnings = tally(findings)
    return render(
        "fragment.html.j2",
        conclusion=f"错误{errors}处，提示{warnings}处",
        sheets=by_sheet(lines(findings.head(_SHOWN))),
        rest=max(0, findings.height - _SHOWN),
        total=findings.height,
    )
