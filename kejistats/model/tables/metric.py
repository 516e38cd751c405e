"""The Metric table: one row per district × indicator × level at a checkpoint (definitions §9)."""

from __future__ import annotations

import pandera.polars as pa
import polars as pl
from pandera.polars import PolarsData

from kejistats.model.tables.base import Table, finite, optional, text
from kejistats.model.tables.observation import BOUNDS, GRADES, STATUSES
from kejistats.model.tables.target import STRENGTHS, TARGET_KINDS

PROGRESS = [
    "done", "ahead", "on_pace", "near", "slow", "behind",
    "not_due", "masked", "missing", "no_target", "no_pace",
]  # fmt: skip
REACHED = ["done", "ahead", "on_pace"]
NOT_REACHED = ["near", "slow", "behind"]
# Columns that follow from other districts' figures, too.
WITH_OTHERS = {
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
    """Rates are fractions, points are percentage points, amounts in the registry's unit."""

    district: str = text("地区", "Code of the district.")
    indicator: str = text("指标", "Id of the registry.")
    level: str = text("级别", "Programme level; empty = the total over levels.")
    year: int = text("年", "Year of the checkpoint.")
    month: int = text("月", "Month of the checkpoint.")
    value: float | None = optional("累计", "The figure in the registry's unit.")
    value_upper: float | None = optional("上限", "Upper end where an interval was reported.")
    status: str = text("状态", "As reported.", isin=STATUSES)
    grade: str | None = optional("数据级别", "Null where nothing was reported.", isin=GRADES)
    bound: str = text("界限", "As reported; exact where there is no figure.", isin=BOUNDS)
    source: str | None = optional("来源", "Source cell, or how the figure was derived.")
    intake_id: str | None = optional("入库批次", "Vintage used.")
    as_of: pl.Date | None = optional("截止日期", "Date described, where not the month's end.")

    target: float | None = optional("目标", "Target judged, in its own unit.")
    target_kind: str | None = optional("目标类型", "Kind of the target.", isin=TARGET_KINDS)
    target_upper: float | None = optional("目标上限", "Upper end of a range.")
    target_strength: str | None = optional("约束", "Strength of the target.", isin=STRENGTHS)
    target_source: str | None = optional("目标来源", "Source cell of the target.")
    target_base: float | None = optional("目标基数", "Figure the increase is counted from.")
    target_base_bound: str | None = optional("目标基数界限", "Bound of the base.", isin=BOUNDS)
    target_original: float | None = optional("原目标", "First target, where it was revised.")
    target_year: int | None = optional("目标年", "Year whose end the target is due at.")
    target_start: int | None = optional("起始月", "Month whose end the target runs from; 0 = year.")
    attainment: float | None = optional("完成率", "A / T, or the share of the increase; fraction.")
    attainment_bound: str | None = optional(
        "完成率界限", "Bound that follows for the attainment.", isin=BOUNDS
    )
    share_due: float | None = optional("应完成比例", "p, the share of the target due; fraction.")
    share_due_low: float | None = optional("应完成比例下限", "Lowest year of a seasonal profile.")
    share_due_high: float | None = optional("应完成比例上限", "Highest year of a seasonal profile.")
    pace_years: str | None = optional("同期年份", "Years a seasonal profile was pooled from.")
    pace_rule: str | None = optional("序时规则", "Rule applied.")
    due: float | None = optional("应完成", "p·T, of the increase where pace applies to it.")
    pace_gap: float | None = optional("较序时", "A − due in units.")
    pace_gap_points: float | None = optional(
        "较序时(点)", "A/T − p in points; growth minus target for growth targets."
    )
    pace_ratio: float | None = optional("序时比", "A / due; null where nothing is due.")
    pace_bound: str | None = optional(
        "较序时界限",
        "Bound of pace_gap; points and ratio have that of the attainment, where there is one.",
        isin=BOUNDS,
    )
    gap: float | None = optional("差距", "T − A when positive; over a ceiling, A − T.")
    surplus: float | None = optional("超额", "A − T when not negative; under a ceiling, T − A.")
    gap_bound: str | None = optional(
        "差距界限", "Bound of gap or surplus and of what the gap requires.", isin=BOUNDS
    )
    required_per_month: float | None = optional("月均需完成", "gap / months left.")
    required_multiple: float | None = optional("月均倍数", "Required ÷ achieved monthly average.")
    required_growth: float | None = optional(
        "需同比增长", "(T − A) / (B_year − B_m) − 1; fraction."
    )
    observed_cagr: float | None = optional(
        "实际年均增速", "Since the base year of a multi_year target; fraction."
    )
    required_cagr: float | None = optional(
        "要求年均增速", "From the base year to the target year; fraction."
    )
    cagr_ratio: float | None = optional("年均增速比", "Observed ÷ required yearly growth.")
    outlook_low: float | None = optional(
        "机械推算下限", "Year's figure by the highest share of past years; never a fact."
    )
    outlook_high: float | None = optional("机械推算上限", "The same by the lowest share.")
    outlook_rule: str | None = optional(
        "推算方法", "seasonal by past years, or linear m/12.", isin=["seasonal", "linear"]
    )
    progress: str = text("进度", "Code of definitions §6.", isin=PROGRESS)
    thresholds: str | None = optional(
        "评价阈值",
        "Limits used: pace ratios of ahead;on_pace;near;slow, or points of a growth target.",
    )
    target_reason: str | None = optional(
        "目标说明", "Why a target could not be applied in full.", isin=TARGET_REASONS
    )

    base: float | None = optional("上年同期", "B: the same checkpoint one year earlier.")
    base_bound: str | None = optional("上年同期界限", "Bound of the base.", isin=BOUNDS)
    base_source: str | None = optional("上年同期来源", "Source cell of the base.")
    change: float | None = optional("增减", "A − B in the registry's unit.")
    change_bound: str | None = optional(
        "增减界限", "Bound of the change; null where the bounds of both contradict.", isin=BOUNDS
    )
    yoy: float | None = optional("同比", "(A − B) / B; fraction.")
    yoy_points: float | None = optional("同比(点)", "A − B for points indicators.")
    yoy_bound: str | None = optional("同比界限", "Bound that follows for the rate.", isin=BOUNDS)
    yoy_reason: str | None = optional("同比说明", "Why there is no rate.", isin=GROWTH_REASONS)
    first_time: bool = text("首次", "Base zero and every earlier figure zero, now positive.")
    published_growth: float | None = optional("公布增速", "Fraction; points as they are.")
    growth_basis: str | None = optional("增速口径", "Basis of the published growth.")
    since_year_end: float | None = optional("较上年末", "A − last December, for stocks.")
    since_year_end_bound: str | None = optional(
        "较上年末界限", "Bound of the change since last December.", isin=BOUNDS
    )
    increment: float | None = optional(
        "本期数", "What the stretch named in the call brought, of a flow; in its unit."
    )
    previous: float | None = optional(
        "上期数", "Increment of the stretch before; of a stock or ratio where it stood then."
    )
    period_on_period: float | None = optional(
        "环比", "Against the stretch before, not adjusted for seasons; fraction, or points."
    )
    two_year_average: float | None = optional(
        "两年平均增速", "√((1 + g₁)(1 + g₂)) − 1, published growth first; fraction, or points."
    )
    contribution: float | None = optional("拉动", "(A − B) / B_city in points.")
    contribution_rate: float | None = optional(
        "贡献率", "(A − B) / (A_city − B_city); fraction, where the city moved by 1 % or more."
    )

    rank: int | None = optional("位次", "Competition rank among peers with an exact figure.", ge=1)
    ranked: int | None = optional("参与排名", "Peers with an exact figure of the same grade.")
    peers: int | None = optional("同类地区", "Peers in all.")
    tied: bool = text("并列", "Whether another peer has the same rank.")
    rank_shown: bool = text("显示位次", "Coverage ≥ 80 % and at most half tied at zero.")
    rank_change: int | None = optional("位次变化", "+ risen; only for the same members.")
    yoy_rank: int | None = optional("增速位次", "Rank of growth of one kind.", ge=1)
    yoy_ranked: int | None = optional("参与增速排名", "Peers that take part in it.")
    yoy_rank_kind: str | None = optional(
        "排名增速", "computed, or published by the source.", isin=["computed", "published"]
    )
    attainment_rank: int | None = optional(
        "完成率位次", "Rank among peers judged by the same kind of target.", ge=1
    )
    attainment_ranked: int | None = optional("参与完成率排名", "Peers that take part in it.")
    leader: float | None = optional("首位数值", "Best figure among the peers of the same grade.")
    leader_district: str | None = optional("首位地区", "Who has it; of several the first code.")
    to_leader: float | None = optional("较首位", "A − leader; has the figure's own bound.")
    leader_ratio: float | None = optional("为首位的", "A / leader.")
    median: float | None = optional("中位数", "Median of the peers of the same grade.")
    to_median: float | None = optional("较中位数", "A − median; has the figure's own bound.")
    median_ratio: float | None = optional("为中位数的", "A / median.")
    benchmark: float | None = optional("对标数值", "Exact figure of the district named.")
    to_benchmark: float | None = optional("较对标", "A − benchmark; the figure's own bound.")
    benchmark_ratio: float | None = optional("为对标的", "A / benchmark.")
    share: float | None = optional("占比", "Own / parent's figure; fraction.")
    share_bound: str | None = optional("占比界限", "Bound that follows for the share.", isin=BOUNDS)
    share_reason: str | None = optional("占比说明", "Why there is no share.", isin=SHARE_REASONS)

    class Config:
        """One row per district, indicator, level and checkpoint."""

        unique = ["district", "indicator", "level", "year", "month"]

    @pa.dataframe_check(error="exactly one of yoy, yoy_points, yoy_reason is set")
    @classmethod
    def growth_is_explained(cls, data: PolarsData) -> pl.LazyFrame:
        """A missing rate always has its reason."""
        return data.lazyframe.select(
            pl.sum_horizontal(pl.col(c).is_not_null() for c in ("yoy", "yoy_points", "yoy_reason"))
            == 1
        )

    @pa.dataframe_check(error="exactly one of share, share_reason is set")
    @classmethod
    def share_is_explained(cls, data: PolarsData) -> pl.LazyFrame:
        """A missing share always has its reason."""
        return data.lazyframe.select(pl.col("share").is_null() != pl.col("share_reason").is_null())

    @pa.dataframe_check(error="no figure is inf or NaN")
    @classmethod
    def figures_are_finite(cls, data: PolarsData) -> pl.LazyFrame:
        """Nulls are explained; infinities never appear."""
        return finite(data.lazyframe)
