"""The Observation table: reported figures in all vintages (definitions §1)."""

from __future__ import annotations

import pandera.polars as pa
import polars as pl
from pandera.polars import PolarsData

from kejistats.model.tables.base import Table, optional, required

STATUSES = ["reported", "masked", "missing", "not_applicable"]
LEVELS = ["", "国家", "省", "市", "区县"]
BASES = ["名义", "同口径", "可比价"]
GRADES = ["forecast", "preliminary", "final"]
BOUNDS = ["exact", "about", "at_least", "more_than", "at_most", "less_than"]
KEY = ["district", "indicator", "level", "year", "month"]


class Observation(Table):
    """One row = district × indicator × level × checkpoint × receipt."""

    district: str = required("地区", "Code of the district.")
    indicator: str = required("指标", "Id of the registry.")
    level: str = required(
        "级别",
        "Programme level 国家, 省, 市, 区县; empty = the total over levels.",
        isin=LEVELS,
    )
    year: int = required("年", "Year of the checkpoint.", ge=1900, le=2999)
    month: int = required("月", "Month through whose end the figure is cumulative.", ge=1, le=12)
    value: float | None = optional(
        "数值", "In the registry's unit; null if masked, missing or not applicable."
    )
    value_upper: float | None = optional("上限", "Upper end if an interval was reported.")
    status: str = required("状态", "reported, masked, missing or not_applicable.", isin=STATUSES)
    grade: str = required("数据级别", "forecast 预计, preliminary 快报, final 年报.", isin=GRADES)
    bound: str = required(
        "界限",
        "exact; about 约; at_least 余、以上; more_than 超过; at_most 不超过; less_than 近、不足.",
        isin=BOUNDS,
    )
    published_growth: float | None = optional(
        "公布增速", "Growth published by the source: 12.3 means 12.3 % (or points)."
    )
    growth_basis: str | None = optional("增速口径", "名义, 同口径 or 可比价.")
    as_of: pl.Date | None = optional("截止日期", "Date of the figure, if not the month's end.")
    published: pl.Date | None = optional(
        "公布日期", "Date on which the source published the figure."
    )
    break_id: str | None = optional(
        "口径标识",
        "Label of a changed definition; figures with different labels are not comparable.",
    )
    reported: str = required("原文", "The value as received, before parsing.")
    note: str | None = optional("备注", "Remark of the source.")
    source: str = required("来源", "file#sheet!cell of the value.", str_length={"min_value": 1})
    intake_id: str = required(
        "入库批次",
        "Intake id: sequence number and content hash; the vintage.",
        str_matches=r"^\d{6}-[0-9a-f]{8}$",
    )

    class Config:
        """One row per key and vintage."""

        unique = [*KEY, "intake_id"]

    @pa.dataframe_check(error="value must be set if and only if status is reported")
    @classmethod
    def value_matches_status(cls, data: PolarsData) -> pl.LazyFrame:
        """Check that only reported rows have a value: masked, missing and zero stay distinct."""
        return data.lazyframe.select(
            (pl.col("status") == "reported") == pl.col("value").is_not_null()
        )

    @pa.dataframe_check(error="values must be finite")
    @classmethod
    def value_is_finite(cls, data: PolarsData) -> pl.LazyFrame:
        """Check that no value is infinite or NaN."""
        return data.lazyframe.select(pl.col("value").is_finite().fill_null(value=True))
