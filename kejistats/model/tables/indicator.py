"""The Indicator table: what an indicator declares (definitions §3)."""

from __future__ import annotations

import polars as pl

from kejistats.model.tables.base import Table, optional, text

# How many months lie between two figures.
FREQUENCIES = {"month": 1, "quarter": 3, "half": 6, "year": 12}
MEASURES = ["flow", "stock", "ratio"]
PACES = ["linear", "half", "seasonal", "nodes", "none"]
_NODE = r"(0?[1-9]|1[0-2]):(0(\.\d+)?|1(\.0+)?)"
NODES = rf"^{_NODE}(;{_NODE})*$"


class Indicator(Table):
    """One row = one indicator of the registry."""

    id: str = text("标识", "Stable id in lower snake case.", str_matches=r"^[a-z][a-z0-9_]{1,63}$")
    name: str = text("指标", "Name as reports print it.", str_length={"min_value": 1})
    short: str = text("简称", "Short name for narrow tables and charts; default: the name.")
    domain: str = text("领域标识", "Id of the domain, one TOML file each.")
    domain_name: str = text("领域", "Name of the domain.")
    order: int = text("序号", "Place in the registry: domain order × 1000 + place in the file.")
    headline: bool = text(
        "主要指标", "Whether briefs lead with it (a data set may choose its own)."
    )
    unit: str = text("单位", "Unit of every stored value.")
    measure: str = text(
        "口径",
        "flow: cumulative since 1 January; stock: level at the month's end; ratio: recomputed "
        "from numerator and denominator, never summed or averaged.",
        isin=MEASURES,
    )
    direction: str = text(
        "方向", "up: higher is better; down: lower is better; none.", isin=["up", "down", "none"]
    )
    aggregate: str = text(
        "汇总",
        "sum over districts; ratio: recomputed; none: a total must be reported.",
        isin=["sum", "ratio", "none"],
    )
    decimals: int = text("小数位", "Decimals printed in the unit.", ge=0, le=6)
    growth: str = text(
        "增长方式",
        "percent, or points for indicators that change in points.",
        isin=["percent", "points"],
    )
    frequency: str = text("频率", "How often a figure exists.", isin=list(FREQUENCIES))
    release: int = text(
        "发布滞后", "Months after the end of the period before a figure can exist.", ge=0, le=24
    )
    pace: str = text(
        "序时规则",
        "Share of a year's target due by month: linear m/12; half 50 % in June; seasonal from "
        "past years; nodes; none.",
        isin=PACES,
    )
    nodes: str | None = optional(
        "节点", "Steps month:share of the rule nodes, e.g. 6:0.4;12:1.", str_matches=NODES
    )
    numerator: str | None = optional("分子", "Indicator id a ratio is recomputed from.")
    denominator: str | None = optional("分母", "Indicator id a ratio is recomputed from.")
    parts: pl.List = text(
        "构成", "Indicator ids that add up to this one.", dtype_kwargs={"inner": pl.String()}
    )
    levels: pl.List = text(
        "项目级别",
        "Programme levels that add up to the total: 国家, 省, 市, 区县.",
        dtype_kwargs={"inner": pl.String()},
    )
    aliases: pl.List = text(
        "别名", "Other names that mean this indicator.", dtype_kwargs={"inner": pl.String()}
    )
    units: pl.List = text(
        "等同单位",
        "Unit names that mean the same here (户 for 家).",
        dtype_kwargs={"inner": pl.String()},
    )
    negative: bool = text("可为负", "Whether a value below zero is possible.")
    maximum: float | None = optional(
        "最大可能值", "Largest value possible in the unit, such as 100 for a share in %."
    )
    tolerance: float = text(
        "汇总容差", "Relative difference allowed between a total and its parts.", ge=0, le=1
    )
    definition: str = text("定义", "One Chinese sentence.", str_length={"min_value": 1})
    department: str = text("来源部门", "Department that answers for the figure.")

    class Config:
        """One row per id."""

        unique = ["id"]


# What one table in a TOML file may leave out, and what it then means.
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
# Columns that a TOML file's place decides, not its author.
FROM_FILE = ("domain", "domain_name", "order")
REQUIRED = ("id", "name", "unit", "measure")
