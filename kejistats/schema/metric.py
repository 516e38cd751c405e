"""The Metric table: one row per district × indicator × level at a checkpoint (semantics §9)."""

from __future__ import annotations

import pandera.polars as pa
import polars as pl
from pandera.polars import PolarsData

from kejistats.schema.base import Table, optional, text
from kejistats.schema.observation import BOUNDS, GRADES, STATUSES
from kejistats.schema.target import STRENGTHS, TARGET_KINDS

PROGRESS = [
    "done", "ahead", "on_pace", "near", "slow", "behind",
    "not_due", "masked", "missing", "no_target", "no_pace",
]  # fmt: skip
REACHED = ["done", "ahead", "on_pace"]
NOT_REACHED = ["near", "slow", "behind"]
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
    "bound_open", "no_profile", "zero_target",
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
    received: str | None = optional("入库批次", "Vintage used.")
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
    gap: float | None = optional("差距", "T − A when positive; over a ceiling, A − T.")
    surplus: float | None = optional("超额", "A − T when not negative; under a ceiling, T − A.")
    required_per_month: float | None = optional("月均需完成", "gap / months left.")
    required_multiple: float | None = optional("月均倍数", "Required ÷ achieved monthly average.")
    required_growth: float | None = optional(
        "需同比增长", "(T − A) / (B_year − B_m) − 1; fraction."
    )
    progress: str = text("进度", "Code of semantics §6.", isin=PROGRESS)
    target_reason: str | None = optional(
        "目标说明", "Why a target could not be applied in full.", isin=TARGET_REASONS
    )

    base: float | None = optional("上年同期", "B: the same checkpoint one year earlier.")
    base_bound: str | None = optional("上年同期界限", "Bound of the base.", isin=BOUNDS)
    base_source: str | None = optional("上年同期来源", "Source cell of the base.")
    change: float | None = optional("增减", "A − B in the registry's unit.")
    yoy: float | None = optional("同比", "(A − B) / B; fraction.")
    yoy_points: float | None = optional("同比(点)", "A − B for points indicators.")
    yoy_bound: str | None = optional("同比界限", "Bound that follows for the rate.", isin=BOUNDS)
    yoy_reason: str | None = optional("同比说明", "Why there is no rate.", isin=GROWTH_REASONS)
    first_time: bool = text("首次", "Base zero and every earlier figure zero, now positive.")
    published_growth: float | None = optional("公布增速", "Fraction; points as they are.")
    growth_basis: str | None = optional("增速口径", "Basis of the published growth.")
    since_year_end: float | None = optional("较上年末", "A − last December, for stocks.")

    rank: int | None = optional("位次", "Competition rank among peers with an exact figure.", ge=1)
    ranked: int | None = optional("参与排名", "Peers with an exact figure of the same grade.")
    peers: int | None = optional("同类地区", "Peers in all.")
    tied: bool = text("并列", "Whether another peer has the same rank.")
    rank_shown: bool = text("显示位次", "Coverage ≥ 80 % and at most half tied at zero.")
    rank_change: int | None = optional("位次变化", "+ risen; only for the same members.")
    share: float | None = optional("占比", "Own / parent's figure; fraction.")
    share_bound: str | None = optional("占比界限", "Bound that follows for the share.", isin=BOUNDS)
    share_reason: str | None = optional("占比说明", "Why there is no share.", isin=SHARE_REASONS)

    class Config:
        """One row per district, indicator and level."""

        unique = ["district", "indicator", "level"]

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
        floats = [n for n, t in data.lazyframe.collect_schema().items() if t == pl.Float64]
        return data.lazyframe.select(
            pl.all_horizontal(pl.col(c).is_finite().fill_null(value=True) for c in floats)
        )
