"""Growth, completion, share and rank as printed beside a figure, against what follows from it."""

from __future__ import annotations

import math
from typing import Any

import polars as pl

from kejistats.intake.comparisons.figures import (
    FOUND,
    Figures,
    findings,
    half_unit,
    month_end,
    shown,
)
from kejistats.metrics.targets import judged_targets
from kejistats.metrics.totals import valid_at
from kejistats.model.intervals import EPS, difference_ends, quotient_ends
from kejistats.model.period import Checkpoint
from kejistats.model.settings import Checks

_PEERS = ["i", "l", "at"]


def growth_contradicted(figures: Figures) -> pl.DataFrame:
    """Return printed growth outside the interval that the rounding of its inputs allows.

    Only nominal growth follows from the figures, and only over a base above zero of the same
    definition and of the same grade or a better one.
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
    points = pl.col("growth") == "points"
    rows = rows.filter(points | ((b > 0) & (a >= 0))).with_columns(
        computed=pl.when(points).then(a - b).otherwise((a / b - 1) * 100)
    )
    # Most agree at once, without a look at how their inputs were rounded.
    rows = rows.filter(_differs(low="computed", high="computed"))
    rows = figures.with_half(figures.with_half(rows), "base_row", "base", "base_half")
    ratio, points_apart = quotient_ends(a, h, b, hb), difference_ends(a, h, b, hb)
    low, high = (
        pl.when(points).then(apart).otherwise((times - 1) * 100)
        for times, apart in zip(ratio, points_apart, strict=True)
    )
    rows = rows.filter(points | (b > hb)).with_columns(low=low, high=high)
    return rows.filter(_differs())


def percent_slip(figures: Figures, checks: Checks) -> pl.DataFrame:
    """Find printed growth that is a hundredth or a hundred times what follows from the figures.

    Where the figure itself is off by ten, its growth may look like that: such a change is left to
    the rule of jumps.
    """
    if _unsaid(figures, "published_growth"):
        return pl.DataFrame(schema=FOUND)
    rows = growth_contradicted(figures)
    near = (pl.col("v") / pl.col("base")).is_between(1 / checks.jump_floor, checks.jump_floor)
    hundred = _agrees(100.0) | _agrees(0.01)
    rows = rows.filter(near | (pl.col("growth") == "points"), pl.col("printed") != 0, hundred)

    def text(row: dict[str, Any]) -> tuple[str, str]:
        unit = _unit(row)
        return (
            f"增速{shown(row['printed'], unit)}与按数值计算的{_computed(row)}相差约100倍",
            f"可能应为{_computed(row)}，请核对是否把小数当作百分数",
        )

    return findings("percent_slip", rows, text, "published_growth")


def growth_differs(figures: Figures) -> pl.DataFrame:
    """Find printed growth that does not follow from the figures."""
    if _unsaid(figures, "published_growth"):
        return pl.DataFrame(schema=FOUND)
    rows = growth_contradicted(figures)

    def text(row: dict[str, Any]) -> tuple[str, str]:
        return (
            f"增速{shown(row['printed'], _unit(row))}，按本期数{shown(row['v'], row['unit'])}和"
            f"上年同期数{shown(row['base'], row['unit'])}计算为{_computed(row)}",
            "请核对增速、本期数和上年同期数；不是名义增速的请填写增速口径",
        )

    return findings("growth_differs", rows, text, "published_growth")


def attainment_differs(figures: Figures, targets: pl.DataFrame) -> pl.DataFrame:
    """Find printed completion that differs from figure ÷ judged target of the whole year."""
    if _unsaid(figures, "printed_attainment"):
        return pl.DataFrame(schema=FOUND)
    rows = _printed(figures, "printed_attainment", "_attainment_text").filter(pl.col("l") == 0)
    places = {c: i for i, c in enumerate(figures.units["code"])}
    ids = {c: i for i, c in enumerate(figures.facts["id"])}
    goals = [
        judged_targets(targets.lazy(), Checkpoint(at // 12, at % 12 + 1))
        .filter(pl.col("target_kind") == "total", pl.col("target") > 0)
        .select(
            pl.col("district")
            .replace_strict(places, default=None, return_dtype=pl.Int32)
            .alias("d"),
            pl.col("indicator").replace_strict(ids, default=None, return_dtype=pl.Int32).alias("i"),
            pl.lit(at, dtype=pl.Int32).alias("at"),
            "target",
        )
        .collect()
        for at in rows["at"].unique().sort()
    ]
    if not goals:
        return findings("attainment_differs", rows, lambda _: ("", ""))
    rows = rows.join(pl.concat(goals), on=["d", "i", "at"])
    rows = figures.with_half(figures.with_facts(rows, "unit", "counted", "decimals"))
    a, h, t = pl.col("v"), pl.col("half"), pl.col("target")
    rows = rows.with_columns(computed=a / t * 100, low=(a - h) / t * 100, high=(a + h) / t * 100)

    def text(row: dict[str, Any]) -> tuple[str, str]:
        return (
            f"完成率{shown(row['printed'], '%')}，按本期数{shown(row['v'], row['unit'])}和"
            f"全年目标{shown(row['target'], row['unit'])}计算为{_computed(row)}",
            f"应为{_computed(row)}，或核对本期数",
        )

    return findings("attainment_differs", rows.filter(_differs()), text, "printed_attainment")


def share_differs(figures: Figures, scope: str) -> pl.DataFrame:
    """Find printed shares that differ from own ÷ the city's own figure.

    Where most of several shares contradict one fresh figure of the city, that figure is at fault.
    """
    if _unsaid(figures, "printed_share"):
        return pl.DataFrame(schema=FOUND)
    rows = _printed(figures, "printed_share", "_share_text")
    additive = figures.places(pl.col("aggregate") == "sum")
    rows = rows.filter(pl.col("i").is_in(additive)).with_columns(
        p=figures.units["p"].gather(rows.filter(pl.col("i").is_in(additive))["d"])
    )
    whole = figures.rows.filter(pl.col("v") > 0).select(
        "i", "l", "at", "grade", "breaks", p="d", whole="v", whole_row="row", whole_n="n"
    )
    rows = rows.join(whole, on=["i", "l", "at", "grade", "breaks", "p"])
    rows = figures.with_facts(rows, "unit", "counted", "decimals")
    rows = figures.with_half(figures.with_half(rows), "whole_row", "whole", "whole_half")
    a, h, w, hw = (pl.col(c) for c in ("v", "half", "whole", "whole_half"))
    low, high = quotient_ends(a, h, w, hw)
    rows = rows.filter(w > hw).with_columns(computed=a / w * 100, low=low * 100, high=high * 100)
    group = ["p", *_PEERS]
    rows = rows.with_columns(told=pl.len().over(group)).filter(_differs())
    wrong = pl.len().over(group)
    rows = rows.with_columns(city=(wrong > 1) & (wrong > pl.col("told") / 2))
    rows = rows.with_columns(city=pl.col("city") & pl.col("whole_n").is_not_null())

    def own(row: dict[str, Any]) -> tuple[str, str]:
        return (
            f"占比{shown(row['printed'], '%')}，按本期数{shown(row['v'], row['unit'])}和"
            f"{scope}数{shown(row['whole'], row['unit'])}计算为{_computed(row)}",
            f"应为{_computed(row)}，或核对本期数",
        )

    def city(row: dict[str, Any]) -> tuple[str, str]:
        return (
            f"多个地区填报的占比与{scope}数{shown(row['whole'], row['unit'])}不符",
            f"请核对{scope}数",
        )

    return pl.concat(
        [
            findings("share_differs", rows.filter(~pl.col("city")), own, "printed_share"),
            findings("share_differs", rows.filter("city").with_columns(n="whole_n"), city),
        ]
    )


def rank_differs(figures: Figures) -> pl.DataFrame:
    """Find printed ranks that differ from the competition rank among all peers.

    Equal figures that are rounded may be told apart by those who know more digits. Where one
    wrong place moves others, only that one is told.
    """
    if _unsaid(figures, "printed_rank"):
        return pl.DataFrame(schema=FOUND)
    rows = _printed(figures, "printed_rank").select("key", "i", "l", "at", "printed")
    if rows.is_empty():
        return pl.DataFrame(schema=FOUND)
    units = figures.units.filter(pl.col("kind") == "district", pl.col("p").is_not_null()).select(
        "d", "p", "group", "valid_from", "valid_to"
    )
    group = ["p", "group", *_PEERS]
    due = rows.select(_PEERS).unique().join(units, how="cross").filter(valid_at(month_end()))
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
    signed = pl.when(pl.col("direction") == "down").then(-pl.col("v")).otherwise(pl.col("v"))
    signed = signed.round_sig_figs(12)
    peers = peers.filter(pl.col("direction") != "none").with_columns(
        rank=signed.rank("min", descending=True).over(group).cast(pl.Float64),
        last=signed.rank("max", descending=True).over(group).cast(pl.Float64),
        peers=pl.len().over(group),
    )
    last = pl.when("counted").then(pl.col("rank")).otherwise(pl.col("last"))
    wrong = peers.with_columns(last=last).filter(
        ~pl.col("printed").is_between("rank", "last"), pl.col("n").is_not_null()
    )
    away = (pl.col("printed") - pl.col("rank")).abs()
    worst = (
        wrong.with_columns(away=away)
        .sort("away", "n", descending=[True, False])
        .unique(group, keep="first", maintain_order=True)
        .select(*group, worst="n", to="printed", of="rank")
    )
    wrong = wrong.join(worst, on=group, nulls_equal=True)
    # The places of the others, were the worst one where it says it is.
    place, to, of = pl.col("rank"), pl.col("to"), pl.col("of")
    moved = (
        pl.when((to <= place) & (place < of)).then(place + 1)
        .when((of < place) & (place <= to)).then(place - 1)
        .otherwise(place)
    )  # fmt: skip
    wrong = wrong.filter((pl.col("n") == pl.col("worst")) | (pl.col("printed") != moved))

    def text(row: dict[str, Any]) -> tuple[str, str]:
        order = "由低到高" if row["direction"] == "down" else "由高到低"
        return (
            f"位次第{shown(row['printed'])}，按{row['peers']}个地区的数值{order}为"
            f"第{shown(row['rank'])}",
            f"应为第{shown(row['rank'])}，或核对本期数",
        )

    return findings("rank_differs", wrong, text, "printed_rank")


def _unsaid(figures: Figures, column: str) -> bool:
    """Say whether none of the fresh figures has anything printed beside it in a column."""
    return figures.fresh[column].null_count() == figures.fresh.height


def _printed(
    figures: Figures, column: str, text: str = "", only: pl.Expr | None = None
) -> pl.DataFrame:
    """Return the fresh figures with a number in a column: printed, and half_printed its rounding."""
    given = figures.fresh.lazy().with_row_index("row").filter(pl.col(column).is_not_null())
    given = given if only is None else given.filter(only)
    number = pl.col(column)
    said = pl.coalesce(text, number.cast(pl.String)) if text else number.cast(pl.String)
    given = given.select(pl.col("row").cast(pl.Int64), printed=number, _said=said)
    printed = half_unit(given.collect(), "_said", "printed", pl.lit(0.5), "half_printed")
    rows = figures.rows.filter(pl.col("v").is_not_null(), pl.col("n").is_not_null())
    return rows.join(printed.drop("_said"), on="row")


def _agrees(factor: float, low: str = "low", high: str = "high") -> pl.Expr:
    """Return whether a printed figure, times a factor, lies in the interval low … high."""
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
    """Print what follows with the decimals of the printed figure, at least one."""
    half = row["half_printed"]
    decimals = max(1, min(4, round(-math.log10(2 * half)))) if half else 1
    return shown(row["computed"], _unit(row) if "growth" in row else "%", decimals)
