"""What the template writer and the reader agree on: sheet names, mark and column titles."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import polars as pl

# A hidden sheet of keys and values that identifies a fill-in workbook even when renamed.
MARK_SHEET = "_kejistats"
FORM_VERSION = "1"
# The sheet of findings in a copy sent back to a district; it holds no figures.
RETURN_SHEET = "退回说明"
# The sheet of instructions in front of the sheets to fill in.
COVER_SHEET = "填报说明"

# Column titles in a fill-in workbook → column names of the long table.
INPUT_TITLES = {
    "本期数": "value",
    "公布增速": "published_growth",
    "增速口径": "growth_basis",
    "数据级别": "grade",
    "截止日期": "as_of",
    "备注": "note",
}
KEY_TITLES = {"标识": "indicator", "地区": "district", "级别": "level", "单位": "unit"}
# Columns shown for orientation only; the reader skips them.
DISPLAY_TITLES = ("指标", "定义", "上年同期", "年度目标")


@dataclass(frozen=True)
class Mark:
    """The identity of a fill-in workbook, as written in its hidden sheet.

    Parameters
    ----------
    dataset
        Name of the data set.
    district
        Code of the reporting district; empty for the workbook that covers all districts.
    checkpoint
        For example 2025H1.
    registry
        `registry_version` of the indicators the workbook was made from.
    form
        Version of the workbook's layout.
    """

    dataset: str
    district: str
    checkpoint: str
    registry: str
    form: str = FORM_VERSION


def registry_version(indicators: pl.DataFrame) -> str:
    """Return eight hex digits that change with any indicator id, name or unit.

    Examples
    --------
    >>> from kejistats.model.registry import read_registry
    >>> len(registry_version(read_registry()))
    8
    """
    lines = "\n".join("\t".join(row) for row in indicators.select("id", "name", "unit").iter_rows())
    return hashlib.sha256(lines.encode()).hexdigest()[:8]
