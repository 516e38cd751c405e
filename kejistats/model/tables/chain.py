"""The Chain table, stages that things pass through, and the Conversion table between stages."""

from __future__ import annotations

import pandera.polars as pa
import polars as pl
from pandera.polars import PolarsData

from kejistats.model.tables.base import Table, all_finite, optional, required
from kejistats.model.tables.observation import BOUNDS, GRADES, STATUSES

# Kinds of conversion: within one cohort, or between two figures of the same period.
CONVERSIONS = ["cohort", "same_period"]
# Reasons for a missing conversion: first those of the declaration, then those of the figures.
CHAIN_REASONS = [
    "first_stage", "other_unit", "figure_masked", "figure_missing", "not_applicable",
    "base_masked", "base_missing", "base_not_applicable", "grade", "as_of", "base_zero", "bound_open",
]  # fmt: skip


def _string_list(title: str, description: str) -> pl.List:
    """Declare a column of lists of strings."""
    column: pl.List = required(title, description, dtype_kwargs={"inner": pl.String()})
    return column


class Chain(Table):
    """One row = one chain: indicators that are stages of one process, in order."""

    id: str = required(
        "标识", "Stable id in lower snake case.", str_matches=r"^[a-z][a-z0-9_]{1,63}$"
    )
    name: str = required("阶段链", "Name as pages print it.", str_length={"min_value": 1})
    stages: pl.List = _string_list(
        "阶段", "Ids of the indicators, first stage first; all in one unit and measure."
    )
    labels: pl.List = _string_list(
        "阶段名称", "Labels of the stages, one each; default: the short names of the indicators."
    )
    beside: pl.List = _string_list(
        "另计阶段",
        "Stages in another unit, such as the funding of projects: shown in the chain but never "
        "divided; the next stage is divided by the stage before them.",
    )
    must_not_exceed: pl.List = _string_list(
        "不得大于前一阶段",
        "Stages that count a subset of what the previous stage counts at the same checkpoint and "
        "so cannot be larger, such as opportunities matched out of those released. Intake warns "
        "where one is larger; the quotient is called 转化率. Leave out stages that also count items "
        "begun in earlier years, such as patents granted on earlier applications: they may be "
        "larger, and the quotient is called 同期比, which is not a cohort rate.",
    )

    class Config:
        """One row per id."""

        unique = ["id"]


CHAIN_DEFAULTS: dict[str, object] = {
    "labels": [],
    "beside": [],
    "must_not_exceed": [],
}
CHAIN_REQUIRED = ("id", "name", "stages")


class Conversion(Table):
    """One row = one stage of a chain, in one district at one checkpoint; conversions are fractions."""

    district: str = required("地区", "Code of the district.")
    year: int = required("年", "Year of the checkpoint.")
    month: int = required("月", "Month of the checkpoint.")
    chain: str = required("阶段链", "Id of the chain.")
    position: int = required("次序", "Position of the stage in the chain, from 1.", ge=1)
    stage: str = required("阶段", "Id of the indicator.")
    value: float | None = optional("累计", "The figure in the registry's unit.")
    status: str = required("状态", "As reported; missing if there is no row.", isin=STATUSES)
    grade: str | None = optional("数据级别", "Null if nothing was reported.", isin=GRADES)
    bound: str = required("界限", "As reported; exact if there is no figure.", isin=BOUNDS)
    before: str | None = optional("前一阶段", "Id of the stage that this stage is divided by.")
    kind: str | None = optional(
        "转化类型",
        "cohort: share of what the previous stage counts; same_period: quotient of two figures of "
        "the same period, not a cohort rate.",
        isin=CONVERSIONS,
    )
    conversion: float | None = optional("转化", "Figure ÷ figure of the previous stage; fraction.")
    conversion_bound: str | None = optional("转化界限", "Bound of the conversion.", isin=BOUNDS)
    reason: str | None = optional("转化说明", "Why there is no conversion.", isin=CHAIN_REASONS)

    class Config:
        """One row per district, checkpoint and stage of a chain."""

        unique = ["district", "year", "month", "chain", "position"]

    @pa.dataframe_check(error="exactly one of conversion, reason is set")
    @classmethod
    def conversion_is_explained(cls, data: PolarsData) -> pl.LazyFrame:
        """Check that a missing conversion has a reason."""
        return data.lazyframe.select(
            pl.col("conversion").is_null() != pl.col("reason").is_null(),
        )

    @pa.dataframe_check(error="no conversion is inf or NaN")
    @classmethod
    def conversions_are_finite(cls, data: PolarsData) -> pl.LazyFrame:
        """Check that a zero base yields a reason, never an infinity."""
        return all_finite(data.lazyframe)
