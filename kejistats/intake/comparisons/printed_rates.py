"""Compare growth, completion rate, share and rank printed beside a figure with computed ones."""

from __future__ import annotations

import math
from typing import Any

import polars as pl

from kejistats.intake.comparisons.figures import (
    FINDING_SCHEMA,
    Figures,
    finding_rows,
    format_figure,
    half_unit,
    month_end,
)
from kejistats.metrics.targets import judged_targets
from kejistats.metrics.totals import valid_at
from kejistats.model.intervals import EPS, difference_ends, quotient_ends
from kejistats.model.period import Checkpoint
from kejistats.model.settings import Checks

_PEERS = ["i", "l", "at"]


def contradicted_growth(figures: Figures) -> pl.DataFrame:
    """Return printed growth rates outside the interval that the rounding of their inputs allows.

    Only nominal growth can be computed from the figures, and only over a positive base of the
    same definition and of the same or a better grade.
    """
    nominal = pl.col("growth_basis").is_null() | (pl.col("growth_basis") == "名义")
    rows = _printed(figures, "published_growth", "_growth_text", nominal)
    base = figures.rows.filter(pl.col("v").is_not_null()).select(
        pl.col("key") + 12, base="v", base_row="row", base_grade="grade", base_breaks="breaks"
    )
    rows = rows.join(base, on="key").filter(
        pl.col("base_breaks") == pl.col("breaks"), pl.col("base_grade") >= pl.col("grade")
    )
    rows = figures.with_facts(rows, "unit", "counted", "decimals", "growth")
    a, b, h, hb = (pl.col(c) for c in ("v", "base", "half", "base_half"))
    in_points = pl.col("growth") == "points"
    rows = rows.filter(in_points | ((b > 0) & (a >= 0))).with_columns(
        computed=pl.when(in_points).then(a - b).otherwise((a / b - 1) * 100)
    )
    # Most agree exactly, so rounding is computed only for the rest.
    rows = rows.filter(_differs(low="computed", high="computed"))
    rows = figures.with_half(figures.with_half(rows), "base_row", "base", "base_half")
    quotients, differences = quotient_ends(a, h, b, hb), difference_ends(a, h, b, hb)
    low, high = (
        pl.when(in_points).then(difference).otherwise((quotient - 1) * 100)
        for quotient, difference in zip(quotients, differences, strict=True)
    )
    rows = rows.filter(in_points | (b > hb)).with_columns(low=low, high=high)
    return rows.filter(_differs())


def percent_slip(figures: Figures, checks: Checks) -> pl.DataFrame:
    """Find printed growth that is a hundredth or a hundred times the computed growth.

    A wrong figure can have the same effect on its growth; a change that large is left to `jump`.
    """
    if _nothing_printed(figures, "published_growth"):
        return pl.DataFrame(schema=FINDING_SCHEMA)
    rows = contradicted_growth(figures)
    near = (pl.col("v") / pl.col("base")).is_between(1 / checks.jump_floor, checks.jump_floor)
    hundred = _agrees(100.0) | _agrees(0.01)
    rows = rows.filter(near | (pl.col("growth") == "points"), pl.col("printed") != 0, hundred)

    def text(row: dict[str, Any]) -> tuple[str, str]:
        unit = _unit(row)
        return (
            f"增速{format_figure(row['printed'], unit)}与按数值计算的{_computed(row)}相差约100倍",
            f"可能应为{_computed(row)}，请核对是否把小数当作百分数",
        )

    return finding_rows("percent_slip", rows, text, "published_growth")


def growth_differs(figures: Figures) -> pl.DataFrame:
    """Find printed growth that differs from the growth computed from the figures."""
    if _nothing_printed(figures, "published_growth"):
        return pl.DataFrame(schema=FINDING_SCHEMA)
    rows = contradicted_growth(figures)

    def text(row: dict[str, Any]) -> tuple[str, str]:
        return (
            f"增速{format_figure(row['printed'], _unit(row))}，按本期数{format_figure(row['v'], row['unit'])}和"
            f"上年同期数{format_figure(row['base'], row['unit'])}计算为{_computed(row)}",
            "请核对增速、本期数和上年同期数；不是名义增速的请填写增速口径",
        )

    return finding_rows("growth_differs", rows, text, "published_growth")


def attainment_differs(figures: Figures, targets: pl.DataFrame) -> pl.DataFrame:
    """Find printed completion rates that differ from figure ÷ judged full-year target."""
    if _nothing_printed(figures, "printed_attainment"):
        return pl.DataFrame(schema=FINDING_SCHEMA)
    rows = _printed(figures, "printed_attainment", "_attainment_text").filter(pl.col("l") == 0)
    district_index = {c: i for i, c in enumerate(figures.districts["code"])}
    indicator_index = {c: i for i, c in enumerate(figures.facts["id"])}
    judged = [
        judged_targets(targets.lazy(), Checkpoint(at // 12, at % 12 + 1))
        .filter(pl.col("target_kind") == "total", pl.col("target") > 0)
        .select(
            pl.col("district")
            .replace_strict(district_index, default=None, return_dtype=pl.Int32)
            .alias("d"),
            pl.col("indicator")
            .replace_strict(indicator_index, default=None, return_dtype=pl.Int32)
            .alias("i"),
            pl.lit(at, dtype=pl.Int32).alias("at"),
            "target",
        )
        .collect()
        for at in rows["at"].unique().sort()
    ]
    if not judged:
        return finding_rows("attainment_differs", rows, lambda _: ("", ""))
    rows = rows.join(pl.concat(judged), on=["d", "i", "at"])
    rows = figures.with_half(figures.with_facts(rows, "unit", "counted", "decimals"))
    a, h, t = pl.col("v"), pl.col("half"), pl.col("target")
    rows = rows.with_columns(computed=a / t * 100, low=(a - h) / t * 100, high=(a + h) / t * 100)

    def text(row: dict[str, Any]) -> tuple[str, str]:
        return (
            f"完成率{format_figure(row['printed'], '%')}，按本期数{format_figure(row['v'], row['unit'])}和"
            f"全年目标{format_figure(row['target'], row['unit'])}计算为{_computed(row)}",
            f"应为{_computed(row)}，或核对本期数",
        )

    return finding_rows("attainment_differs", rows.filter(_differs()), text, "printed_attainment")


def share_differs(figures: Figures, scope: str) -> pl.DataFrame:
    """Find printed shares that differ from the district's figure ÷ the parent's own figure.

    Where most of several shares contradict one received figure of the parent, the finding is on
    that figure.
    """
    if _nothing_printed(figures, "printed_share"):
        return pl.DataFrame(schema=FINDING_SCHEMA)
    rows = _printed(figures, "printed_share", "_share_text")
    additive = figures.indicators_where(pl.col("aggregate") == "sum")
    rows = rows.filter(pl.col("i").is_in(additive)).with_columns(
        p=figures.districts["p"].gather(rows.filter(pl.col("i").is_in(additive))["d"])
    )
    totals = figures.rows.filter(pl.col("v") > 0).select(
        "i", "l", "at", "grade", "breaks", p="d", total="v", total_row="row", total_n="n"
    )
    rows = rows.join(totals, on=["i", "l", "at", "grade", "breaks", "p"])
    rows = figures.with_facts(rows, "unit", "counted", "decimals")
    rows = figures.with_half(figures.with_half(rows), "total_row", "total", "total_half")
    a, h, w, hw = (pl.col(c) for c in ("v", "half", "total", "total_half"))
    low, high = quotient_ends(a, h, w, hw)
    rows = rows.filter(w > hw).with_columns(computed=a / w * 100, low=low * 100, high=high * 100)
    group = ["p", *_PEERS]
    rows = rows.with_columns(printed_count=pl.len().over(group)).filter(_differs())
    wrong_count = pl.len().over(group)
    rows = rows.with_columns(
        parent_at_fault=(wrong_count > 1) & (wrong_count > pl.col("printed_count") / 2)
    )
    rows = rows.with_columns(
        parent_at_fault=pl.col("parent_at_fault") & pl.col("total_n").is_not_null()
    )

    def district_text(row: dict[str, Any]) -> tuple[str, str]:
        return (
            f"占比{format_figure(row['printed'], '%')}，按本期数{format_figure(row['v'], row['unit'])}和"
            f"{scope}数{format_figure(row['total'], row['unit'])}计算为{_computed(row)}",
            f"应为{_computed(row)}，或核对本期数",
        )

    def parent_text(row: dict[str, Any]) -> tuple[str, str]:
        return (
            f"多个地区填报的占比与{scope}数{format_figure(row['total'], row['unit'])}不符",
            f"请核对{scope}数",
        )

    return pl.concat(
        [
            finding_rows(
                "share_differs",
                rows.filter(~pl.col("parent_at_fault")),
                district_text,
                "printed_share",
            ),
            finding_rows(
                "share_differs",
                rows.filter("parent_at_fault").with_columns(n="total_n"),
                parent_text,
            ),
        ]
    )


def rank_differs(figures: Figures) -> pl.DataFrame:
    """Find printed ranks that differ from the competition rank among all peers.

    Equal rounded figures may have different ranks, because the sender knows more digits. Where
    one wrong rank shifts others, only that one is reported.
    """
    if _nothing_printed(figures, "printed_rank"):
        return pl.DataFrame(schema=FINDING_SCHEMA)
    rows = _printed(figures, "printed_rank").select("key", "i", "l", "at", "printed")
    if rows.is_empty():
        return pl.DataFrame(schema=FINDING_SCHEMA)
    districts = figures.districts.filter(
        pl.col("kind") == "district", pl.col("p").is_not_null()
    ).select("d", "p", "group", "valid_from", "valid_to")
    group = ["p", "group", *_PEERS]
    due = rows.select(_PEERS).unique().join(districts, how="cross").filter(valid_at(month_end()))
    peers = (
        due.join(figures.rows, on=["d", *_PEERS], how="left")
        .filter(
            pl.col("v").is_not_null().all().over(group),
            (pl.col("grade").n_unique() == 1).over(group),
            (pl.col("breaks").n_unique() == 1).over(group),
        )
        .join(rows.select("key", "printed"), on="key", how="left")
    )
    peers = figures.with_facts(peers, "unit", "direction", "counted")
    ordered = pl.when(pl.col("direction") == "down").then(-pl.col("v")).otherwise(pl.col("v"))
    ordered = ordered.round_sig_figs(12)
    peers = peers.filter(pl.col("direction") != "none").with_columns(
        rank=ordered.rank("min", descending=True).over(group).cast(pl.Float64),
        last=ordered.rank("max", descending=True).over(group).cast(pl.Float64),
        peers=pl.len().over(group),
    )
    last = pl.when("counted").then(pl.col("rank")).otherwise(pl.col("last"))
    wrong = peers.with_columns(last=last).filter(
        ~pl.col("printed").is_between("rank", "last"), pl.col("n").is_not_null()
    )
    distance = (pl.col("printed") - pl.col("rank")).abs()
    worst = (
        wrong.with_columns(distance=distance)
        .sort("distance", "n", descending=[True, False])
        .unique(group, keep="first", maintain_order=True)
        .select(*group, worst="n", to="printed", of="rank")
    )
    wrong = wrong.join(worst, on=group, nulls_equal=True)
    # The ranks of the others if the worst one had the rank printed beside it.
    rank, printed_rank, true_rank = pl.col("rank"), pl.col("to"), pl.col("of")
    shifted_rank = (
        pl.when((printed_rank <= rank) & (rank < true_rank)).then(rank + 1)
        .when((true_rank < rank) & (rank <= printed_rank)).then(rank - 1)
        .otherwise(rank)
    )  # fmt: skip
    wrong = wrong.filter((pl.col("n") == pl.col("worst")) | (pl.col("printed") != shifted_rank))

    def text(row: dict[str, Any]) -> tuple[str, str]:
        order = "由低到高" if row["direction"] == "down" else "由高到低"
        return (
            f"位次第{format_figure(row['printed'])}，按{row['peers']}个地区的数值{order}为"
            f"第{format_figure(row['rank'])}",
            f"应为第{format_figure(row['rank'])}，或核对本期数",
        )

    return finding_rows("rank_differs", wrong, text, "printed_rank")


def _nothing_printed(figures: Figures, column: str) -> bool:
    """Tell whether a column of printed results is empty for all received figures."""
    return figures.fresh[column].null_count() == figures.fresh.height


def _printed(
    figures: Figures, column: str, text: str = "", only: pl.Expr | None = None
) -> pl.DataFrame:
    """Return the received figures with a printed result, and its rounding half-width half_printed."""
    given = figures.fresh.lazy().with_row_index("row").filter(pl.col(column).is_not_null())
    given = given if only is None else given.filter(only)
    number = pl.col(column)
    text_expr = pl.coalesce(text, number.cast(pl.String)) if text else number.cast(pl.String)
    given = given.select(pl.col("row").cast(pl.Int64), printed=number, _text=text_expr)
    printed = half_unit(given.collect(), "_text", "printed", pl.lit(0.5), "half_printed")
    rows = figures.rows.filter(pl.col("v").is_not_null(), pl.col("n").is_not_null())
    return rows.join(printed.drop("_text"), on="row")


def _agrees(factor: float, low: str = "low", high: str = "high") -> pl.Expr:
    """Return whether a printed result, times a factor, lies in the interval low … high."""
    printed, half = pl.col("printed") * factor, pl.col("half_printed") * factor
    slack = EPS * (1 + pl.col("computed").abs())
    return (printed + half >= pl.col(low) - slack) & (printed - half <= pl.col(high) + slack)


def _differs(low: str = "low", high: str = "high") -> pl.Expr:
    return ~_agrees(1.0, low, high)


def _unit(row: dict[str, Any]) -> str:
    if row["growth"] == "percent":
        return "%"
    return "个百分点" if row["unit"] == "%" else str(row["unit"])


def _computed(row: dict[str, Any]) -> str:
    """Format the computed result with the decimals of the printed one, at least one."""
    half = row["half_printed"]
    decimals = max(1, min(4, round(-math.log10(2 * half)))) if half else 1
    return format_figure(row["computed"], _unit(row) if "growth" in row else "%", decimals)
