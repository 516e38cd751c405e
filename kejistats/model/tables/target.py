"""The Target table: assigned, aspired and implied targets in all vintages (definitions §5)."""

from __future__ import annotations

import pandera.polars as pa
import polars as pl
from pandera.polars import PolarsData

from kejistats.model.tables.base import Table, optional, required
from kejistats.model.tables.indicator import NODES_PATTERN

TARGET_KINDS = ["total", "level", "net", "growth", "ceiling", "range", "multi_year"]
STRENGTHS = ["assigned", "aspired", "implied"]
TARGET_KEY = ["district", "indicator", "year", "kind", "strength"]


class Target(Table):
    """One row = district × indicator × year × kind × strength × receipt."""

    district: str = required("地区", "Code of the district.")
    indicator: str = required("指标", "Id of the registry.")
    year: int = required("年", "Year at whose end the target is due.", ge=1900, le=2999)
    kind: str = required(
        "目标类型",
        "total (flow of the year), level (stock or ratio at year end), net (increase), growth "
        "(in % or points), ceiling, range, multi_year.",
        isin=TARGET_KINDS,
    )
    value: float = required(
        "目标值", "In the registry's unit; in percent or points for growth; lower end of a range."
    )
    value_upper: float | None = optional("目标上限", "Upper end of a range.")
    comparison: str = required("比较", ">= or >.", isin=[">=", ">"])
    strength: str = required(
        "约束",
        "assigned 下达, aspired 力争, or implied by a report (never printed as 下达).",
        isin=STRENGTHS,
    )
    issuer: str | None = optional("下达单位", "Authority that set the target.")
    issued: pl.Date | None = optional("下达日期", "Date on which the target was set.")
    valid_from: pl.Date | None = optional(
        "生效日期", "Date from which a target revised within the year applies."
    )
    start_month: int = required(
        "起始月", "Month after which the target starts; 0 = the whole year.", ge=0, le=11
    )
    base_year: int | None = optional(
        "基年", "Year from whose December a multi_year target starts.", ge=1900, le=2999
    )
    nodes: str | None = optional(
        "节点",
        "Steps month:share that replace the registry's pace rule.",
        str_matches=NODES_PATTERN,
    )
    reported: str = required("原文", "The value as received, before parsing.")
    source: str = required("来源", "file#sheet!cell of the value.", str_length={"min_value": 1})
    intake_id: str = required(
        "入库批次",
        "Intake id: sequence number and content hash; the vintage.",
        str_matches=r"^\d{6}-[0-9a-f]{8}$",
    )

    class Config:
        """One row per key, date of effect and vintage."""

        unique = [*TARGET_KEY, "valid_from", "intake_id"]

    @pa.dataframe_check(error="only a range has an upper end, at or above its lower end")
    @classmethod
    def range_has_upper(cls, data: PolarsData) -> pl.LazyFrame:
        """Check that ranges, and only ranges, have an upper end."""
        upper = pl.col("value_upper")
        return data.lazyframe.select(
            pl.when(pl.col("kind") == "range")
            .then((upper >= pl.col("value")).fill_null(value=False))
            .otherwise(upper.is_null())
        )

    @pa.dataframe_check(error="a multi_year target needs a base year before its year")
    @classmethod
    def multi_year_has_base(cls, data: PolarsData) -> pl.LazyFrame:
        """Check that a multi_year target has a base year before its year."""
        before = (pl.col("base_year") < pl.col("year")).fill_null(value=False)
        return data.lazyframe.select((pl.col("kind") != "multi_year") | before)
