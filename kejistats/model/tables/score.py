"""The Score tables of a weighted assessment (综合考核): every part, and the totals."""

from __future__ import annotations

import pandera.polars as pa
import polars as pl
from pandera.polars import PolarsData

from kejistats.model.tables.base import Table, optional, text
from kejistats.model.tables.observation import BOUNDS

PARTS = ["item", "bonus", "red_line"]
RULES = ["completion", "interval", "steps", "rank", "each", "red_line"]
# Points are sure, or declared; open ones lie between low and high. A red line is crossed, not
# crossed, or open.
SCORED = ["scored", "zero", "full", "reweighted"]
STATUSES = [*SCORED, "open", "crossed", "clear"]
REASONS = [
    "masked", "missing", "not_due", "not_applicable", "no_target", "no_figure", "bound_open",
    "peers_open", "unranked",
]  # fmt: skip
OUTCOMES = ["complete", "open", "capped", "failed"]


class Score(Table):
    """One row = one part of the assessment for one district; rates are fractions."""

    district: str = text("地区", "Code of the district.")
    year: int = text("年", "Year of the checkpoint.")
    month: int = text("月", "Month of the checkpoint.")
    part: str = text("类别", "item, bonus or red_line.", isin=PARTS)
    order: int = text("序号", "Place in the assessment, items first.", ge=1)
    item: str = text("考核项目", "Name of the part.")
    indicator: str = text("指标", "Id of the registry.")
    level: str = text("级别", "Programme level; empty = the total over levels.")
    rule: str = text("计分方法", "How points follow from the figure.", isin=RULES)
    weight: float | None = optional("权重", "Points for full marks; null for a red line.", ge=0)
    figure: str = text("采用指标值", "Which figure is used: value, growth, attainment …")
    value: float | None = optional(
        "采用数", "The figure: rates are fractions, growth is in % or points as growth targets are."
    )
    value_upper: float | None = optional("采用数上限", "Upper end where an interval was reported.")
    bound: str | None = optional("界限", "Bound of the figure.", isin=BOUNDS)
    progress: str | None = optional("进度", "Progress code of definitions §6.")
    rank: int | None = optional("位次", "Rank used, of the rule rank.", ge=1)
    ranked: int | None = optional("参与排名", "Peers with a rank.")
    rank_low: int | None = optional("最低可能位次", "Where open figures of peers were better.")
    points: float | None = optional("得分", "Null while open, and for a red line.", ge=0)
    low: float | None = optional("最低得分", "Fewest points that the figures allow.", ge=0)
    high: float | None = optional("最高得分", "Most points that the figures allow.", ge=0)
    maximum: float = text(
        "满分",
        "Most points that the part can give; of a red line, what it caps the total at.",
        ge=0,
    )
    status: str = text(
        "计分状态",
        "scored; zero or full as declared; reweighted: left out, its weight spread over the other "
        "items; open; a red line is crossed, clear or open.",
        isin=STATUSES,
    )
    reason: str | None = optional(
        "说明", "Why it is not simply scored, or not crossed.", isin=REASONS
    )
    source: str | None = optional("来源", "Source cell of the figure, or how it was derived.")
    against: str | None = optional("对照来源", "Source cell of the target, or of last year's base.")

    class Config:
        """One row per district, checkpoint and part."""

        unique = ["district", "year", "month", "order"]

    @pa.dataframe_check(error="points stand exactly where they are sure, between low and high")
    @classmethod
    def points_are_sure(cls, data: PolarsData) -> pl.LazyFrame:
        """Open points are no number; sure ones are both ends of their range."""
        red_line = pl.col("part") == "red_line"
        sure = pl.col("status").is_in(SCORED)
        points, low, high = pl.col("points"), pl.col("low"), pl.col("high")
        return data.lazyframe.select(
            pl.when(red_line)
            .then(points.is_null() & low.is_null() & high.is_null())
            .when(sure)
            .then(points.eq_missing(low) & points.eq_missing(high) & points.is_not_null())
            .otherwise(points.is_null() & (low <= high).fill_null(value=False))
        )


class Assessment(Table):
    """One row = the total of one district in the assessment."""

    district: str = text("地区", "Code of the district.")
    year: int = text("年", "Year of the checkpoint.")
    month: int = text("月", "Month of the checkpoint.")
    items_low: float = text("项目得分下限", "Sum of the items, reweighted where declared.", ge=0)
    items_high: float = text("项目得分上限", "The same at best.", ge=0)
    factor: float | None = optional(
        "折算系数", "What items are multiplied by where some are left out; 1 = none; null = all."
    )
    bonus_low: float = text("加分下限", "Bonuses, capped together.", ge=0)
    bonus_high: float = text("加分上限", "The same at best.", ge=0)
    limit: float | None = optional("封顶", "What a red line that is crossed caps the total at.")
    score: float | None = optional("总分", "Null while low and high differ.", ge=0)
    low: float = text("最低总分", "Lowest total that the figures allow.", ge=0)
    high: float = text("最高总分", "Highest total that the figures allow.", ge=0)
    maximum: float = text("满分", "Highest total that the district can reach.", ge=0)
    scored: int = text("已定项数", "Items and bonuses whose points are sure.", ge=0)
    parts: int = text("项数", "Items and bonuses.", ge=1)
    outcome: str = text("结果", "complete, open, or capped or failed by a red line.", isin=OUTCOMES)
    rank: int | None = optional(
        "位次", "Competition rank among all peers, where no open figure can change it.", ge=1
    )
    tied: bool = text("并列", "Whether another peer has the same rank.")
    rank_best: int = text("最好可能位次", "Best rank that the ranges of all totals allow.", ge=1)
    rank_worst: int = text("最差可能位次", "Worst rank that they allow.", ge=1)
    ranked: int = text("总分已定", "Peers with a score.", ge=0)
    peers: int = text("同类地区", "Peers that are assessed.", ge=1)

    class Config:
        """One row per district and checkpoint."""

        unique = ["district", "year", "month"]

    @pa.dataframe_check(error="low ≤ high ≤ maximum; a score or rank stands where both ends agree")
    @classmethod
    def totals_are_in_order(cls, data: PolarsData) -> pl.LazyFrame:
        """A total is one number only where nothing is open."""
        low, high, score = pl.col("low"), pl.col("high"), pl.col("score")
        ordered = (low <= high) & (high <= pl.col("maximum") + 1e-9)
        best, worst = pl.col("rank_best"), pl.col("rank_worst")
        sure = pl.when(best == worst).then(best)
        ranked = (best <= worst) & pl.col("rank").eq_missing(sure)
        return data.lazyframe.select(ordered & ranked & (score.is_null() | (score == low)))
