"""Findings as a page to send and as a fragment for JupyterLab."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import polars as pl

from kejistats.forms.feedback.listing import Line, lines, tally
from kejistats.forms.feedback.page_frame import render
from kejistats.forms.feedback.visible_text import visible

# Nobody reads more; a page of millions of lines would not open.
_LISTED, _SHOWN, _CAPTION = 2000, 200, 200


@dataclass(frozen=True)
class FileReport:
    """What was made of one file.

    Parameters
    ----------
    name
        What the page calls it; see `labels`.
    rows, accepted
        Rows read, and rows that are, or could be, stored.
    findings
        The file's own Finding table.
    """

    name: str
    rows: int
    accepted: int
    findings: pl.DataFrame


@dataclass(frozen=True)
class SheetLines:
    """The findings of one sheet, with the words above their table."""

    caption: str
    lines: list[Line]


def by_sheet(found: list[Line], name: str = "") -> list[SheetLines]:
    """Return lines sheet by sheet, each with its caption; `name` stands for the file's."""
    tables = []
    for (file, sheet), group in groupby(found, lambda one: (one.file, one.sheet)):
        some = list(group)
        where = f"{name or file}　工作表“{sheet}”" if sheet else name or file
        errors = sum(one.severity == "error" for one in some)
        caption = f"{where}：错误{errors}处，提示{len(some) - errors}处"
        tables.append(SheetLines(visible(caption, _CAPTION), some))
    return tables


def findings_page(
    title: str,
    files: Sequence[FileReport],
    *,
    sample: bool,
    names: Mapping[str, str] | None = None,
) -> str:
    """Return the findings as one self-contained HTML page, in Chinese.

    Parameters
    ----------
    title
        Heading of the page.
    files
        All files checked, those without findings too.
    sample
        Whether the data are made: the page then says 示例数据.
    names
        Names of districts and indicators by code and id; see `names_of`.
    """
    rows: list[dict[str, Any]] = []
    sheets: list[SheetLines] = []
    total = 0
    for file in files:
        errors, warnings = tally(file.findings)
        rows.append(
            {
                "name": visible(file.name),
                "rows": file.rows,
                "accepted": file.accepted,
                "errors": errors,
                "warnings": warnings,
            }
        )
        shown = file.findings.head(max(0, _LISTED - total))
        sheets += by_sheet(lines(shown, names), file.name)
        total += file.findings.height
    errors = sum(row["errors"] for row in rows)
    return render(
        "findings.html.j2",
        title=visible(title),
        sample=sample,
        conclusion=f"{len(files)}个文件，错误{errors}处，提示{total - errors}处。",
        files=rows,
        sheets=sheets,
        rest=max(0, total - _LISTED),
        total=total,
    )


def findings_fragment(findings: pl.DataFrame, names: Mapping[str, str] | None = None) -> str:
    """Return the findings as HTML for a notebook's output; colours are the notebook's own.

    Parameters
    ----------
    findings
        The Finding table.
    names
        Names of districts and indicators by code and id; see `names_of`.
    """
    errors, warnings = tally(findings)
    return render(
        "fragment.html.j2",
        conclusion=f"错误{errors}处，提示{warnings}处",
        sheets=by_sheet(lines(findings.head(_SHOWN), names)),
        rest=max(0, findings.height - _SHOWN),
        total=findings.height,
    )
