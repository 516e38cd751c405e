"""The Indicator table: the registry's declaration of each indicator (definitions §3)."""

from __future__ import annotations

import polars as pl

from kejistats.model.tables.base import Table, optional, required

# Months between two figures of each frequency.
FREQUENCIES = {"month": 1, "quarter": 3, "half": 6, "year": 12}
MEASURES = ["flow", "stock", "ratio"]
PACES = ["linear", "half", "seasonal", "nodes", "none"]
_NODE = r"(0?[1-9]|1[0-2]):(0(\.\d+)?|1(\.0+)?)"
NODES_PATTERN = rf"^{_NODE}(;{_NODE})*$"


class Indicator(Table):
    """One row = one indicator of the registry."""

    id: str = required(
        "标识", "Stable id in lower snake case.", str_matches=r"^[a-z][a-z0-9_]{1,63}$"
    )
    name: str = required("指标", "Name as printed in reports.", str_length={"min_value": 1})
    short: str = required("简称", "Short name for narrow tables and charts; default: the name.")
    domain: str = required("领域标识", "Id of the domain; each domain is one TOML file.")
    domain_name: str = required("领域", "Name of the domain.")
    order: int = required(
        "序号", "Position in the registry: domain order × 1000 + position in the file."
    )
    headline: bool = required(
        "主要指标", "Whether briefs present it first (a data set may choose others)."
    )
    unit: str = required("单位", "Unit of all stored values.")
    measure: str = required(
        "口径",
        "flow: cumulative since 1 January; stock: level at the month's end; ratio: recomputed "
        "from numerator and denominator, never summed or averaged.",
        isin=MEASURES,
    )
    direction: str = required(
        "方向", "up: higher is better; down: lower is better; none.", isin=["up", "down", "none"]
    )
    aggregate: str = required(
        "汇总",
        "sum over districts; ratio: recomputed; none: totals must be reported.",
        isin=["sum", "ratio", "none"],
    )
    decimals: int = required("小数位", "Number of decimals printed.", ge=0, le=6)
    growth: str = required(
        "增长方式",
        "percent, or points for indicators whose change is given in points.",
        isin=["percent", "points"],
    )
    frequency: str = required("频率", "How often a figure exists.", isin=list(FREQUENCIES))
    release: int = required(
        "发布滞后",
        "Months between the end of the period and the release of its figure.",
        ge=0,
        le=24,
    )
    pace: str = required(
        "序时规则",
        "Rule for the share of a year's target due by month: linear m/12; half: 50 % in June; "
        "seasonal: from past years; nodes: declared steps; none.",
        isin=PACES,
    )
    nodes: str | None = optional(
        "节点", "Steps month:share for the rule nodes, e.g. 6:0.4;12:1.", str_matches=NODES_PATTERN
    )
    numerator: str | None = optional("分子", "Id of the indicator that is the ratio's numerator.")
    denominator: str | None = optional(
        "分母", "Id of the indicator that is the ratio's denominator."
    )
    parts: pl.List = required(
        "构成",
        "Ids of the indicators that add up to this one.",
        dtype_kwargs={"inner": pl.String()},
    )
    levels: pl.List = required(
        "项目级别",
        "Programme levels that add up to the total: 国家, 省, 市, 区县.",
        dtype_kwargs={"inner": pl.String()},
    )
    aliases: pl.List = required(
        "别名", "Other names of this indicator.", dtype_kwargs={"inner": pl.String()}
    )
    units: pl.List = required(
        "等同单位",
        "Units that mean the same as the unit of this indicator (户 for 家).",
        dtype_kwargs={"inner": pl.String()},
    )
    negative: bool = required("可为负", "Whether values below zero are possible.")
    maximum: float | None = optional(
        "最大可能值", "Largest possible value in the unit, such as 100 for a share in %."
    )
    tolerance: float = required(
        "汇总容差", "Allowed relative difference between a total and its parts.", ge=0, le=1
    )
    definition: str = required("定义", "One Chinese sentence.", str_length={"min_value": 1})
    department: str = required("来源部门", "Department responsible for the figure.")

    class Config:
        """One row per id."""

        unique = ["id"]


# Keys that an indicator may omit in TOML, with their defaults.
DEFAULTS: dict[str, object] = {
    "headline": False,
    "direction": "up",
    "decimals": 0,
    "frequency": "half",
    "release": 1,
    "pace": "linear",
    "nodes": None,
    "numerator": None,
    "denominator": None,
    "parts": [],
    "levels": [],
    "aliases": [],
    "units": [],
    "negative": False,
    "maximum": None,
    "tolerance": 0.0,
    "definition": "数据集自定指标。",
    "department": "",
}
# Columns set from the file's [domain] and the position in it, not written per indicator.
FILE_COLUMNS = ("domain", "domain_name", "order")
REQUIRED = ("id", "name", "unit", "measure")
