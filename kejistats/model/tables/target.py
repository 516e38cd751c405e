"""The Target table: assigned and aspired targets (definitions §5)."""

from __future__ import annotations

import pandera.polars as pa
import polars as pl
from pandera.polars import PolarsData

from kejistats.model.tables.base import Table, optional, text
from kejistats.model.tables.indicator import NODES

TARGET_KINDS = ["total", "level", "net", "growth", "ceiling", "range", "multi_year"]
STRENGTHS = ["assigned", "aspired", "implied"]
TARGET_KEY = ["district", "indicator", "year", "kind", "strength"]


class Target(Table):
    """One row = district × indicator × year × kind × strength × receipt."""

    district: str = text("地区", "Code of the district.")
    indicator: str = text("指标", "Id of the registry.")
    year: int = text("年", "Year whose end the target is due at.", ge=1900, le=2999)
    kind: str = text(
        "目标类型",
        "total (flow of the year), level (stock or ratio at year end), net (increase), growth "
        "(in % or points), ceiling, range, multi_year.",
        isin=TARGET_KINDS,
    )
    value: float = text(
        "目标值", "In the registry's unit; in percent or points for growth; a range's lower end."
    )
    value_upper: float | None = optional("目标上限", "Upper end of a range.")
    comparison: str = text("比较", ">= or >.", isin=[">=", ">"])
    strength: str = text(
        "约束",
        "assigned 下达, aspired 力争, or implied by a report (never called 下达).",
        isin=STRENGTHS,
    )
    issuer: str | None = optional("下达单位", "Who set the target.")
    issued: pl.Date | None = optional("下达日期", "When it was set.")
    valid_from: pl.Date | None = optional(
        "生效日期", "From when a target revised in the year counts."
    )
    start_month: int = text(
        "起始月", "The target runs from the end of this month; 0 = the whole year.", ge=0, le=11
    )
    base_year: int | None = optional(
        "基年", "Year whose December a multi_year target starts from.", ge=1900, le=2999
    )
    nodes: str | None = optional(
        "节点", "Own steps month:share that replace the registry's pace.", str_matches=NODES
    )
    reported: str = text("原文", "The value as received, before parsing.")
    source: str = text("来源", "file#sheet!cell of the value.", str_length={"min_value": 1})
    intake_id: str = text(
        "入库批次",
        "Intake id: sequence number and content hash; the vintage.",
        str_matches=r"^\d{6}-[0-9a-f]{8}$",
    )

    class Config:
        """One row per key, date of effect and vintage."""

        unique = [*TARGET_KEY, "valid_from", "intake_id"]

    @pa.dataframe_check(error="a range has an upper end at or above its lower one")
    @classmethod
    def range_has_upper(cls, data: PolarsData) -> pl.LazyFrame:
        """Only a range has two ends."""
        upper = pl.col("value_upper")
        return data.lazyframe.select(
            pl.when(pl.col("kind") == "range")
            .then((upper >= pl.col("value")).fill_null(value=False))
            .otherwise(upper.is_null())
        )

    @pa.dataframe_check(error="a multi_year target names a base year before its own")
    @classmethod
    def multi_year_has_base(cls, data: PolarsData) -> pl.LazyFrame:
        """The increment of a multi_year target starts at a named December."""
        before = (pl.col("base_year") < pl.col("year")).fill_null(value=False)
        return data.lazyframe.select((pl.col("kind") != "multi_year") | before)
