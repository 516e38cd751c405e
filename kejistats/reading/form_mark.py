"""The fill-in workbook as template and reader agree on it: its mark and its columns."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import polars as pl

# A hidden sheet of two columns, key and value, by which a renamed file still comes home.
MARK_SHEET = "_kejistats"
FORM_VERSION = "1"
# The sheet of findings in a copy sent back; when it returns it holds no figures.
RETURN_SHEET = "退回说明"
# The sheet of explanations in front of the form.
COVER_SHEET = "填报说明"

# Titles of a sheet's columns and the agreed names they stand for.
INPUTS = {
    "本期数": "value",
    "公布增速": "published_growth",
    "增速口径": "growth_basis",
    "数据级别": "grade",
    "截止日期": "as_of",
    "备注": "note",
}
KEYS = {"标识": "indicator", "地区": "district", "级别": "level", "单位": "unit"}
# What the form shows for orientation; reading leaves it alone.
SHOWN = ("指标", "定义", "上年同期", "年度目标")


@dataclass(frozen=True)
class Mark:
    """What the hidden sheet says.

    Parameters
    ----------
    dataset
        Name of the data set.
    district
        Code of the reporting district; empty for the workbook of all.
    checkpoint
        For example 2025H1.
    registry
        `registry_version` of the indicators the form was made from.
    form
        Version of the layout.
    """

    dataset: str
    district: str
    checkpoint: str
    registry: str
    form: str = FORM_VERSION


def registry_version(indicators: pl.DataFrame) -> str:
    """Return eight hex digits that change with any id, name or unit of the registry.

    Examples
    --------
    >>> from kejistats.model.registry import read_registry
    >>> len(registry_version(read_registry()))
    8
    """
    lines = "\n".join("\t".join(row) for row in indicators.select("id", "name", "unit").iter_rows())
    return hashlib.sha256(lines.encode()).hexdigest()[:8]
