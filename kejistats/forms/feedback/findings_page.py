"""Findings as an HTML page to send and as a fragment for JupyterLab."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import polars as pl

from kejistats.forms.feedback.listing import Line, count_severities, finding_lines
from kejistats.forms.feedback.page_frame import render_page
from kejistats.forms.feedback.visible_text import make_visible

# Findings on the page and in a notebook: nobody reads more, and a page with millions of lines would
# not open; characters of a caption.
_MAX_LISTED, _MAX_IN_NOTEBOOK, _MAX_CAPTION = 2000, 200, 200


@dataclass(frozen=True)
class FileReport:
    """The result of checking one file.

    Parameters
    ----------
    name
        Name of the file as shown; see `kejistats.forms.feedback.naming.file_labels`.
    rows, accepted
        Number of rows read, and of rows that are stored or could be.
    findings
        The Finding table of the file.
    """

    name: str
    rows: int
    accepted: int
    findings: pl.DataFrame


@dataclass(frozen=True)
class SheetLines:
    """The findings of one sheet and the caption of their table."""

    caption: str
    lines: list[Line]


def group_by_sheet(lines: list[Line], name: str = "") -> list[SheetLines]:
    """Group lines by sheet, with captions; `name` replaces the name of the file."""
    tables = []
    for (file, sheet), group in groupby(lines, lambda line: (line.file, line.sheet)):
        sheet_lines = list(group)
        location = f"{name or file}　工作表“{sheet}”" if sheet else name or file
        errors = sum(line.severity == "error" for line in sheet_lines)
        caption = f"{location}：错误{errors}处，提示{len(sheet_lines) - errors}处"
        tables.append(SheetLines(make_visible(caption, _MAX_CAPTION), sheet_lines))
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
        All files checked, including those without findings.
    sample
        Whether the data are sample data: the page then says 示例数据.
    names
        Names of districts and indicators by code and id; see `display_names`.
    """
    rows: list[dict[str, Any]] = []
    sheets: list[SheetLines] = []
    total = 0
    for file in files:
        errors, warnings = count_severities(file.findings)
        rows.append(
            {
                "name": make_visible(file.name),
                "rows": file.rows,
                "accepted": file.accepted,
                "errors": errors,
                "warnings": warnings,
            }
        )
        shown = file.findings.head(max(0, _MAX_LISTED - total))
        sheets += group_by_sheet(finding_lines(shown, names), file.name)
        total += file.findings.height
    errors = sum(row["errors"] for row in rows)
    return render_page(
        "findings.html.j2",
        title=make_visible(title),
        sample=sample,
        conclusion=f"{len(files)}个文件，错误{errors}处，提示{total - errors}处。",
        files=rows,
        sheets=sheets,
        rest=max(0, total - _MAX_LISTED),
        total=total,
    )


def findings_fragment(findings: pl.DataFrame, names: Mapping[str, str] | None = None) -> str:
    """Return the findings as HTML for a notebook's output, in the notebook's own colours.

    Parameters
    ----------
    findings
        The Finding table.
    names
        Names of districts and indicators by code and id; see `display_names`.
    """
    errors, warnings = count_severities(findings)
    return render_page(
        "fragment.html.j2",
        conclusion=f"错误{errors}处，提示{warnings}处",
        sheets=group_by_sheet(finding_lines(findings.head(_MAX_IN_NOTEBOOK), names)),
        rest=max(0, findings.height - _MAX_IN_NOTEBOOK),
        total=findings.height,
    )
