"""The tables of a weighted assessment (综合考核): scores of all parts, and totals."""

from __future__ import annotations

import pandera.polars as pa
import polars as pl
from pandera.polars import PolarsData

from kejistats.model.tables.base import Table, optional, required
from kejistats.model.tables.observation import BOUNDS

PARTS = ["item", "bonus", "red_line"]
RULES = ["completion", "interval", "steps", "rank", "each", "red_line"]
# Statuses with definite points: scored, or as declared. Open points lie between low and high; a
# red line is crossed, clear or open.
SCORED = ["scored", "zero", "full", "reweighted"]
STATUSES = [*SCORED, "open", "crossed", "clear"]
REASONS = [
    "masked", "missing", "not_due", "not_applicable", "no_target", "no_figure", "bound_open",
    "peers_open", "unranked",
]  # fmt: skip
OUTCOMES = ["complete", "open", "capped", "failed"]


class Score(Table):
    """One row = one part of the assessment of one district; rates are fractions."""

    district: str = required("地区", "Code of the district.")
    year: int = required("年", "Year of the checkpoint.")
    month: int = required("月", "Month of the checkpoint.")
    part: str = required("类别", "item, bonus or red_line.", isin=PARTS)
    order: int = required("序号", "Position in the assessment, items first.", ge=1)
    item: str = required("考核项目", "Name of the part.")
    indicator: str = required("指标", "Id of the registry.")
    level: str = required("级别", "Programme level; empty = the total over levels.")
    rule: str = required("计分方法", "Rule that gives points for the figure.", isin=RULES)
    weight: float | None = optional("权重", "Points at full marks; null for a red line.", ge=0)
    figure: str = required("采用指标值", "Figure that is scored: value, growth, attainment …")
    value: float | None = optional(
        "采用数",
        "The scored figure: rates are fractions; growth is in % or points, like growth targets.",
    )
    value_upper: float | None = optional("采用数上限", "Upper end if an interval was reported.")
    bound: str | None = optional("界限", "Bound of the figure.", isin=BOUNDS)
    progress: str | None = optional("进度", "Progress code of definitions §6.")
    rank: int | None = optional("位次", "Rank used by the rule rank.", ge=1)
    ranked: int | None = optional("参与排名", "Number of ranked peers.")
    rank_low: int | None = optional(
        "最低可能位次", "Rank if all open figures of peers were better."
    )
    points: float | None = optional("得分", "Null while open and for red lines.", ge=0)
    low: float | None = optional(
        "最低得分", "Fewest points possible with the reported figures.", ge=0
    )
    high: float | None = optional(
        "最高得分", "Most points possible with the reported figures.", ge=0
    )
    maximum: float = required(
        "满分",
        "Most points of the part; for a red line, the cap it sets on the total.",
        ge=0,
    )
    status: str = required(
        "计分状态",
        "scored; zero or full as declared; reweighted: left out, its weight distributed over the "
        "other items; open; for a red line crossed, clear or open.",
        isin=STATUSES,
    )
    reason: str | None = optional(
        "说明", "Why the part is not scored normally, or why a red line is open.", isin=REASONS
    )
    source: str | None = optional("来源", "Source cell of the figure, or how it was computed.")
    against: str | None = optional(
        "对照来源", "Source cell of the target, or of the base a year earlier."
    )

    class Config:
        """One row per district, checkpoint and part."""

        unique = ["district", "year", "month", "order"]

    @pa.dataframe_check(
        error="points must be set if and only if they are definite, else low ≤ high"
    )
    @classmethod
    def points_are_sure(cls, data: PolarsData) -> pl.LazyFrame:
        """Check that definite points equal low and high, and that open points are null."""
        red_line = pl.col("part") == "red_line"
        definite = pl.col("status").is_in(SCORED)
        points, low, high = pl.col("points"), pl.col("low"), pl.col("high")
        return data.lazyframe.select(
            pl.when(red_line)
            .then(points.is_null() & low.is_null() & high.is_null())
            .when(definite)
            .then(points.eq_missing(low) & points.eq_missing(high) & points.is_not_null())
            .otherwise(points.is_null() & (low <= high).fill_null(value=False))
        )


class Assessment(Table):
    """One row = the assessment total of one district at one checkpoint."""

    district: str = required("地区", "Code of the district.")
    year: int = required("年", "Year of the checkpoint.")
    month: int = required("月", "Month of the checkpoint.")
    items_low: float = required(
        "项目得分下限", "Lowest sum of the items, reweighted if declared.", ge=0
    )
    items_high: float = required("项目得分上限", "Highest sum of the items.", ge=0)
    factor: float | None = optional(
        "折算系数",
        "Factor on the items if some are left out; 1 = none left out, null = all left out.",
    )
    bonus_low: float = required("加分下限", "Lowest sum of the bonuses, capped.", ge=0)
    bonus_high: float = required("加分上限", "Highest sum of the bonuses, capped.", ge=0)
    limit: float | None = optional("封顶", "Cap on the total set by a crossed red line.")
    score: float | None = optional("总分", "Total; null while low and high differ.", ge=0)
    low: float = required("最低总分", "Lowest total possible with the reported figures.", ge=0)
    high: float = required("最高总分", "Highest total possible with the reported figures.", ge=0)
    maximum: float = required("满分", "Highest total the district can reach.", ge=0)
    scored: int = required("已定项数", "Number of items and bonuses with definite points.", ge=0)
    parts: int = required("项数", "Number of items and bonuses.", ge=1)
    outcome: str = required(
        "结果", "complete, open, or capped or failed by a red line.", isin=OUTCOMES
    )
    rank: int | None = optional(
        "位次", "Competition rank among all peers; null while open figures can change it.", ge=1
    )
    tied: bool = required("并列", "Whether another peer has the same rank.")
    rank_best: int = required(
        "最好可能位次", "Best rank possible within the ranges of all totals.", ge=1
    )
    rank_worst: int = required(
        "最差可能位次", "Worst rank possible within the ranges of all totals.", ge=1
    )
    ranked: int = required("总分已定", "Number of peers with a definite total.", ge=0)
    peers: int = required("同类地区", "Number of assessed peers.", ge=1)

    class Config:
        """One row per district and checkpoint."""

        unique = ["district", "year", "month"]

    @pa.dataframe_check(
        error="low ≤ high ≤ maximum; score and rank must match both ends of their ranges"
    )
    @classmethod
    def totals_are_in_order(cls, data: PolarsData) -> pl.LazyFrame:
        """Check that ranges are ordered, and that score and rank are set only if both ends agree."""
        low, high, score = pl.col("low"), pl.col("high"), pl.col("score")
        ordered = (low <= high) & (high <= pl.col("maximum") + 1e-9)
        best, worst = pl.col("rank_best"), pl.col("rank_worst")
        definite = pl.when(best == worst).then(best)
        ranked = (best <= worst) & pl.col("rank").eq_missing(definite)
        return data.lazyframe.select(ordered & ranked & (score.is_null() | (score == low)))
