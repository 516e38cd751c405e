"""The Metric table: all metrics per district, indicator and level at a checkpoint (definitions §9)."""

from __future__ import annotations

import pandera.polars as pa
import polars as pl
from pandera.polars import PolarsData

from kejistats.model.tables.base import Table, all_finite, optional, required
from kejistats.model.tables.observation import BOUNDS, GRADES, STATUSES
from kejistats.model.tables.target import STRENGTHS, TARGET_KINDS

PROGRESS = [
    "done", "ahead", "on_pace", "near", "slow", "behind",
    "not_due", "masked", "missing", "no_target", "no_pace",
]  # fmt: skip
REACHED = ["done", "ahead", "on_pace"]
NOT_REACHED = ["near", "slow", "behind"]
# Columns that also depend on the figures of other districts.
PEER_COLUMNS = {
    "contribution", "contribution_rate", "rank", "ranked", "peers", "tied", "rank_shown",
    "rank_change", "yoy_rank", "yoy_ranked", "yoy_rank_kind", "attainment_rank",
    "attainment_ranked", "leader", "leader_district", "to_leader", "leader_ratio", "median",
    "to_median", "median_ratio", "benchmark", "to_benchmark", "benchmark_ratio", "share",
    "share_bound", "share_reason",
}  # fmt: skip
GROWTH_REASONS = [
    "base_missing", "base_masked", "base_zero", "base_grade", "sign_change", "both_negative",
    "figure_missing", "figure_masked", "break", "bound_open",
]  # fmt: skip
SHARE_REASONS = [
    "is_total", "no_parent", "not_additive", "figure_missing", "figure_masked",
    "total_missing", "total_masked", "total_zero", "total_grade", "break", "bound_open",
]  # fmt: skip
TARGET_REASONS = [
    "base_missing", "growth_missing", "figure_missing", "figure_masked", "not_applicable",
    "bound_open", "no_profile", "zero_target", "year_unfinished",
]  # fmt: skip


class Metric(Table):
    """One row = district × indicator × level at a checkpoint; rates are fractions, amounts in the unit."""

    district: str = required("地区", "Code of the district.")
    indicator: str = required("指标", "Id of the registry.")
    level: str = required("级别", "Programme level; empty = the total over levels.")
    year: int = required("年", "Year of the checkpoint.")
    month: int = required("月", "Month of the checkpoint.")
    value: float | None = optional("累计", "The figure in the registry's unit.")
    value_upper: float | None = optional("上限", "Upper end if an interval was reported.")
    status: str = required("状态", "As reported.", isin=STATUSES)
    grade: str | None = optional("数据级别", "Null if nothing was reported.", isin=GRADES)
    bound: str = required("界限", "As reported; exact if there is no figure.", isin=BOUNDS)
    source: str | None = optional("来源", "Source cell, or how the figure was computed.")
    intake_id: str | None = optional("入库批次", "Receipt id of the vintage used.")
    as_of: pl.Date | None = optional("截止日期", "Date of the figure, if not the month's end.")

    target: float | None = optional("目标", "Target evaluated, in its own unit.")
    target_kind: str | None = optional("目标类型", "Kind of the target.", isin=TARGET_KINDS)
    target_upper: float | None = optional("目标上限", "Upper end of a range.")
    target_strength: str | None = optional("约束", "Strength of the target.", isin=STRENGTHS)
    target_source: str | None = optional("目标来源", "Source cell of the target.")
    target_base: float | None = optional("目标基数", "Figure from which the increase is counted.")
    target_base_bound: str | None = optional("目标基数界限", "Bound of the base.", isin=BOUNDS)
    target_original: float | None = optional("原目标", "Original target, if it was revised.")
    target_year: int | None = optional("目标年", "Year at whose end the target is due.")
    target_start: int | None = optional(
        "起始月", "Month after which the target starts; 0 = whole year."
    )
    attainment: float | None = optional(
        "完成率", "A / T, or the achieved share of the increase; fraction."
    )
    attainment_bound: str | None = optional("完成率界限", "Bound of the attainment.", isin=BOUNDS)
    share_due: float | None = optional(
        "应完成比例", "p, the share of the target that is due; fraction."
    )
    share_due_low: float | None = optional(
        "应完成比例下限", "Lowest share among the years of a seasonal profile."
    )
    share_due_high: float | None = optional(
        "应完成比例上限", "Highest share among the years of a seasonal profile."
    )
    pace_years: str | None = optional("同期年份", "Years pooled in the seasonal profile.")
    pace_rule: str | None = optional("序时规则", "Pace rule applied.")
    due: float | None = optional(
        "应完成", "p·T, or p times the increase if the pace applies to it."
    )
    pace_gap: float | None = optional("较序时", "A − due, in the unit.")
    pace_gap_points: float | None = optional(
        "较序时(点)", "A/T − p in points; for growth targets growth − target."
    )
    pace_ratio: float | None = optional("序时比", "A / due; null if nothing is due.")
    pace_bound: str | None = optional(
        "较序时界限",
        "Bound of pace_gap; points and ratio have the bound of the attainment, if there is one.",
        isin=BOUNDS,
    )
    gap: float | None = optional("差距", "T − A if positive; for an exceeded ceiling A − T.")
    surplus: float | None = optional("超额", "A − T if not negative; for a kept ceiling T − A.")
    gap_bound: str | None = optional(
        "差距界限", "Bound of gap or surplus, and of the required figures.", isin=BOUNDS
    )
    required_per_month: float | None = optional("月均需完成", "gap / remaining months.")
    required_multiple: float | None = optional("月均倍数", "Required ÷ achieved average per month.")
    required_growth: float | None = optional(
        "需同比增长", "(T − A) / (B_year − B_m) − 1; fraction."
    )
    observed_cagr: float | None = optional(
        "实际年均增速",
        "Average yearly growth since the base year of a multi_year target; fraction.",
    )
    required_cagr: float | None = optional(
        "要求年均增速", "Average yearly growth required from base year to target year; fraction."
    )
    cagr_ratio: float | None = optional("年均增速比", "Observed ÷ required average yearly growth.")
    outlook_low: float | None = optional(
        "机械推算下限",
        "Projected figure of the year by the highest share of past years; not an observation.",
    )
    outlook_high: float | None = optional(
        "机械推算上限", "Projected figure of the year by the lowest share."
    )
    outlook_rule: str | None = optional(
        "推算方法", "seasonal: by past years; linear: m/12.", isin=["seasonal", "linear"]
    )
    progress: str = required("进度", "Progress code of definitions §6.", isin=PROGRESS)
    thresholds: str | None = optional(
        "评价阈值",
        "Thresholds used: pace ratios of ahead;on_pace;near;slow, or points of a growth target.",
    )
    target_reason: str | None = optional(
        "目标说明", "Why the target could not be applied in full.", isin=TARGET_REASONS
    )

    base: float | None = optional("上年同期", "B: the same checkpoint one year earlier.")
    base_bound: str | None = optional("上年同期界限", "Bound of the base.", isin=BOUNDS)
    base_source: str | None = optional("上年同期来源", "Source cell of the base.")
    change: float | None = optional("增减", "A − B in the registry's unit.")
    change_bound: str | None = optional(
        "增减界限",
        "Bound of the change; null if the bounds of both figures contradict each other.",
        isin=BOUNDS,
    )
    yoy: float | None = optional("同比", "(A − B) / B; fraction.")
    yoy_points: float | None = optional("同比(点)", "A − B, for indicators that change in points.")
    yoy_bound: str | None = optional("同比界限", "Bound of the growth rate.", isin=BOUNDS)
    yoy_reason: str | None = optional(
        "同比说明", "Why there is no growth rate.", isin=GROWTH_REASONS
    )
    first_time: bool = required(
        "首次",
        "Whether the figure is positive for the first time: the base and all earlier figures are zero.",
    )
    published_growth: float | None = optional(
        "公布增速", "Growth published by the source; fraction, or points."
    )
    growth_basis: str | None = optional(
        "增速口径", "Price or coverage basis of the published growth."
    )
    since_year_end: float | None = optional("较上年末", "A − figure of last December, for stocks.")
    since_year_end_bound: str | None = optional(
        "较上年末界限", "Bound of the change since last December.", isin=BOUNDS
    )
    increment: float | None = optional(
        "本期数", "Figure of the requested period alone, for flows; in the unit."
    )
    previous: float | None = optional(
        "上期数", "Increment of the previous period; for stocks and ratios the figure at its end."
    )
    period_on_period: float | None = optional(
        "环比", "Growth over the previous period, not seasonally adjusted; fraction, or points."
    )
    two_year_average: float | None = optional(
        "两年平均增速", "√((1 + g₁)(1 + g₂)) − 1, published growth preferred; fraction, or points."
    )
    contribution: float | None = optional("拉动", "(A − B) / B of the parent, in points.")
    contribution_rate: float | None = optional(
        "贡献率", "(A − B) / (A − B of the parent); fraction, if the parent changed by 1 % or more."
    )

    rank: int | None = optional("位次", "Competition rank among peers with an exact figure.", ge=1)
    ranked: int | None = optional(
        "参与排名", "Number of peers with an exact figure of the same grade."
    )
    peers: int | None = optional("同类地区", "Number of all peers.")
    tied: bool = required("并列", "Whether another peer has the same rank.")
    rank_shown: bool = required(
        "显示位次",
        "Whether ranks are shown: coverage ≥ 80 % and at most half of the peers tied at zero.",
    )
    rank_change: int | None = optional(
        "位次变化",
        "Places gained (+) or lost (−) in a year; only if the ranked peers are the same.",
    )
    yoy_rank: int | None = optional(
        "增速位次", "Rank by growth, among rates of the same kind.", ge=1
    )
    yoy_ranked: int | None = optional("参与增速排名", "Number of peers ranked by growth.")
    yoy_rank_kind: str | None = optional(
        "排名增速", "computed, or published by the source.", isin=["computed", "published"]
    )
    attainment_rank: int | None = optional(
        "完成率位次", "Rank by attainment among peers with the same kind of target.", ge=1
    )
    attainment_ranked: int | None = optional(
        "参与完成率排名", "Number of peers ranked by attainment."
    )
    leader: float | None = optional("首位数值", "Best figure among the peers with the same grade.")
    leader_district: str | None = optional(
        "首位地区",
        "Code of the district with the best figure; the first code if there are several.",
    )
    to_leader: float | None = optional("较首位", "A − leader; its bound is that of the figure.")
    leader_ratio: float | None = optional("为首位的", "A / leader.")
    median: float | None = optional("中位数", "Median of the peers with the same grade.")
    to_median: float | None = optional("较中位数", "A − median; its bound is that of the figure.")
    median_ratio: float | None = optional("为中位数的", "A / median.")
    benchmark: float | None = optional("对标数值", "Exact figure of the benchmark district.")
    to_benchmark: float | None = optional(
        "较对标", "A − benchmark; its bound is that of the figure."
    )
    benchmark_ratio: float | None = optional("为对标的", "A / benchmark.")
    share: float | None = optional("占比", "A / figure of the parent; fraction.")
    share_bound: str | None = optional("占比界限", "Bound of the share.", isin=BOUNDS)
    share_reason: str | None = optional("占比说明", "Why there is no share.", isin=SHARE_REASONS)

    class Config:
        """One row per district, indicator, level and checkpoint."""

        unique = ["district", "indicator", "level", "year", "month"]

    @pa.dataframe_check(error="exactly one of yoy, yoy_points, yoy_reason is set")
    @classmethod
    def growth_is_explained(cls, data: PolarsData) -> pl.LazyFrame:
        """Check that a missing growth rate has a reason."""
        return data.lazyframe.select(
            pl.sum_horizontal(pl.col(c).is_not_null() for c in ("yoy", "yoy_points", "yoy_reason"))
            == 1
        )

    @pa.dataframe_check(error="exactly one of share, share_reason is set")
    @classmethod
    def share_is_explained(cls, data: PolarsData) -> pl.LazyFrame:
        """Check that a missing share has a reason."""
        return data.lazyframe.select(pl.col("share").is_null() != pl.col("share_reason").is_null())

    @pa.dataframe_check(error="no figure is inf or NaN")
    @classmethod
    def figures_are_finite(cls, data: PolarsData) -> pl.LazyFrame:
        """Check that no figure is infinite or NaN."""
        return all_finite(data.lazyframe)
