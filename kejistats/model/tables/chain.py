"""Chains: indicators that are stages of one thing, and what became of them from stage to stage."""

from __future__ import annotations

import pandera.polars as pa
import polars as pl
from pandera.polars import PolarsData

from kejistats.model.tables.base import Table, finite, optional, text
from kejistats.model.tables.observation import BOUNDS, GRADES, STATUSES

# What a conversion is: of the same things, or of two figures of the same months.
CONVERSIONS = ["cohort", "same_period"]
# Why there is none, from the reasons of the declaration to those of the figures.
CHAIN_REASONS = [
    "first_stage", "other_unit", "figure_masked", "figure_missing", "not_applicable",
    "base_masked", "base_missing", "base_not_applicable", "grade", "as_of", "base_zero", "bound_open",
]  # fmt: skip


def _ids(title: str, description: str) -> pl.List:
    found: pl.List = text(title, description, dtype_kwargs={"inner": pl.String()})
    return found


class Chain(Table):
    """One row = indicators that are stages of one thing, in the order it goes through them."""

    id: str = text("标识", "Stable id in lower snake case.", str_matches=r"^[a-z][a-z0-9_]{1,63}$")
    name: str = text("阶段链", "Name as pages print it.", str_length={"min_value": 1})
    stages: pl.List = _ids(
        "阶段", "Ids of the indicators, first stage first; all count in one unit and measure."
    )
    labels: pl.List = _ids(
        "阶段名称", "Words for the stages, one each; default: the short names of the indicators."
    )
    beside: pl.List = _ids(
        "另计阶段",
        "Stages told in another unit, such as the money of projects: shown in their place, never "
        "divided; the next stage is held against the one before them.",
    )
    must_not_exceed: pl.List = _ids(
        "不得大于前一阶段",
        "Stages whose figure counts some of the very things that the stage before counts at the "
        "same checkpoint, so that it cannot be larger: opportunities matched out of those "
        "released. Intake tells where it is; the quotient is called 转化率. Leave out a stage that "
        "also counts things begun in earlier years, as grants of a year come from applications of "
        "years before: it may well be larger, and its quotient is called 同期比, which is no rate "
        "of one cohort.",
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
    """One row = one stage of a chain in one district at a checkpoint; conversions are fractions."""

    district: str = text("地区", "Code of the district.")
    year: int = text("年", "Year of the checkpoint.")
    month: int = text("月", "Month of the checkpoint.")
    chain: str = text("阶段链", "Id of the chain.")
    position: int = text("次序", "Place of the stage, from 1.", ge=1)
    stage: str = text("阶段", "Id of the indicator.")
    value: float | None = optional("累计", "The figure in the registry's unit.")
    status: str = text("状态", "As reported; missing where there is no row.", isin=STATUSES)
    grade: str | None = optional("数据级别", "Null where nothing was reported.", isin=GRADES)
    bound: str = text("界限", "As reported; exact where there is no figure.", isin=BOUNDS)
    before: str | None = optional("前一阶段", "Id of the stage that this one is divided by.")
    kind: str | None = optional(
        "转化类型",
        "cohort: share of the very things that the stage before counts; same_period: quotient of "
        "the figures of the same months, no rate of one cohort.",
        isin=CONVERSIONS,
    )
    conversion: float | None = optional("转化", "Figure ÷ that of the stage before; fraction.")
    conversion_bound: str | None = optional("转化界限", "Bound that follows.", isin=BOUNDS)
    reason: str | None = optional("转化说明", "Why there is none.", isin=CHAIN_REASONS)

    class Config:
        """One row per district, checkpoint and stage of a chain."""

        unique = ["district", "year", "month", "chain", "position"]

    @pa.dataframe_check(error="exactly one of conversion, reason is set")
    @classmethod
    def conversion_is_explained(cls, data: PolarsData) -> pl.LazyFrame:
        """A missing conversion always has its reason."""
        return data.lazyframe.select(
            pl.col("conversion").is_null() != pl.col("reason").is_null(),
        )

    @pa.dataframe_check(error="no conversion is inf or NaN")
    @classmethod
    def conversions_are_finite(cls, data: PolarsData) -> pl.LazyFrame:
        """A zero base gives a reason, never an infinity."""
        return finite(data.lazyframe)
