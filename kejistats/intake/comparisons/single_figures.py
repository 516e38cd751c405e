"""A received figure by itself and against earlier years: masks, dates, units, jumps."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import polars as pl

from kejistats.intake.comparisons.figures import STEP, Figures, findings, label, month_end, shown
from kejistats.model.numbers import signed
from kejistats.model.settings import Checks

_OVER_MASKED = r"^(?:约|近|超过?|突破)?20[xX×*]{2}\D{0,4}(?:余|多|以上|左右)\D{0,4}$"
# Years before and after a figure that tell in which unit it is usually given.
_YEARS_BEFORE, _YEARS_AFTER = 3, 2
_SLIP = 1e4
_NEAR = 1e2


def over_masked(figures: Figures) -> pl.DataFrame:
    """Find quantities masked as if they were years: 20xx多."""
    rows = figures.with_text(
        figures.rows.filter(pl.col("n").is_not_null()).join(
            figures.fresh.with_row_index("row")
            .filter(pl.col("status") == "masked")
            .select(pl.col("row").cast(pl.Int64)),
            on="row",
        )
    )
    rows = rows.filter(pl.col("text").str.normalize("NFKC").str.contains(_OVER_MASKED))

    def text(row: dict[str, Any]) -> tuple[str, str]:
        return f"“{row['text']}”把数量当作年份隐去", "请填写数值；不公布的填“xx”"

    return findings("over_masked", rows, text)


def before_release(figures: Figures, today: date) -> pl.DataFrame:
    """Find figures dated before the month in which they can first exist.

    That month is the checkpoint's plus `release` of the registry; a release of 0 means the
    checkpoint's last day. Forecasts come early by nature.
    """
    release = figures.facts["release"].cast(pl.Int32)
    published = figures.fresh["published"]
    first = min(today, figures.fresh.select(pl.col("published").min()).item() or today)
    rows = figures.rows.filter(pl.col("n").is_not_null(), pl.col("grade") > 0)
    rows = rows.select("n", "row", "at", "i", earliest=pl.col("at") + release.gather(rows["i"]))
    # Few figures are as young as the oldest day among them.
    month_of_first = first.year * 12 + first.month - 1
    rows = rows.filter(pl.col("earliest") >= month_of_first)
    dated = rows.with_columns(
        published=published.gather(rows["row"]),
        reported=(figures.fresh["status"].gather(rows["row"]) == "reported"),
    )
    day = pl.coalesce("published", pl.lit(today))
    month = day.dt.year() * 12 + day.dt.month() - 1
    early = dated.filter(
        pl.col("reported"), (month < pl.col("earliest")) | (day < month_end())
    ).with_columns(end=month_end())
    early = figures.with_facts(early, "name")

    def text(row: dict[str, Any]) -> tuple[str, str]:
        given = row["published"] or today
        said = f"公布日期{given}" if row["published"] else f"填报日期{given}"
        at = label(row["at"])
        if given < row["end"]:
            return (
                f"{at}尚未结束，{said}早于期末，不应已有数据",
                "请核对期别和日期；预计数请将数据级别填“预计”",
            )
        year, last = divmod(row["earliest"], 12)
        return (
            f"“{row['name']}”{at}数{year}年{last + 1}月起方可取得，{said}早于该发布时点",
            "请核对期别和日期；预计数请将数据级别填“预计”",
        )

    dates = early["published"].is_not_null()
    return pl.concat(
        [
            findings("before_release", early.filter(dates), text, "published"),
            findings("before_release", early.filter(~dates), text),
        ]
    )


def unit_slip(figures: Figures, checks: Checks) -> pl.DataFrame:
    """Find amounts of money that mix 万元 and 亿元: 10⁴ or 10⁻⁴ times their neighbours'.

    Neighbours are the same months of up to three years before and two after; most of them decide,
    so that the one slip among good years is told, not the year after it.
    """
    low, high = _SLIP / checks.slip, _SLIP * checks.slip
    series = (pl.col("key") // STEP) * 12 + pl.col("key") % 12
    rows = figures.rows.filter(pl.col("i").is_in(figures.places(pl.col("money"))), pl.col("v") > 0)
    rows = rows.with_columns(series=series)
    wide = rows.group_by("series").agg(
        spread=pl.col("v").max() / pl.col("v").min(), own=pl.col("n").is_not_null().any()
    )
    rows = rows.join(wide.filter("own", pl.col("spread") >= low), on="series", how="semi")
    pairs = (
        rows.filter(pl.col("n").is_not_null())
        .join(rows.select("series", "breaks", then="at", was="v"), on=["series", "breaks"])
        .with_columns(
            years=(pl.col("at") - pl.col("then")) // 12, ratio=pl.col("v") / pl.col("was")
        )
        .filter(pl.col("years") != 0, pl.col("years").is_between(-_YEARS_AFTER, _YEARS_BEFORE))
        .with_columns(
            slip=pl.col("ratio").is_between(low, high)
            | (1 / pl.col("ratio")).is_between(low, high),
            same=pl.col("ratio").is_between(1 / _NEAR, _NEAR),
            # Last year first, then earlier years, then later ones.
            turn=pl.when(pl.col("years") > 0).then(pl.col("years")).otherwise(10 - pl.col("years")),
        )
    )
    slips, past = pl.col("slip").sum().over("key"), pl.col("slip") & (pl.col("years") > 0)
    found = (
        pairs.filter(slips > pl.col("same").sum().over("key"), past.any().over("key") | (slips > 1))
        .filter("slip")
        .sort("key", "turn")
        .unique("key", keep="first", maintain_order=True)
    )
    found = figures.with_facts(found, "unit")

    def text(row: dict[str, Any]) -> tuple[str, str]:
        unit, larger = row["unit"], row["ratio"] > 1
        likely = row["v"] / _SLIP if larger else row["v"] * _SLIP
        times = row["ratio"] if larger else 1 / row["ratio"]
        return (
            f"{shown(row['v'], unit)}与{label(row['then'])}的{shown(row['was'], unit)}"
            f"相差约{times:.0f}倍，疑似万元、亿元混用",
            f"可能应为{shown(likely, unit)}，请核对单位",
        )

    return findings("unit_slip", found, text)


def jump(figures: Figures, checks: Checks) -> pl.DataFrame:
    """Find growth far from that of the peers, on a logarithmic scale.

    |ln(A/B) − median| > jump_mad × MAD of the peers with the same parent, where both that distance
    and ln(A/B) itself exceed ln jump_floor. The MAD is never taken as less than the chance
    variation √(1/A + 1/B) of a count.
    """
    kinds = figures.units.filter(pl.col("kind") == "district", pl.col("p").is_not_null())
    rows = figures.rows.lazy().select("key", "at", "d", "i", "v", "breaks", "n")
    rows = rows.filter(pl.col("v") > 0, pl.col("d").is_in(kinds["d"].to_list()))
    blocks = figures.blocks(figures.places(~pl.col("negative")))
    found = pl.concat(
        _jumps(figures, rows.filter(pl.col("i").is_in(block)).collect(), checks) for block in blocks
    )
    floor = math.log(checks.jump_floor)

    def text(row: dict[str, Any]) -> tuple[str, str]:
        def rate(logarithm: float) -> str:
            return f"{signed((math.exp(logarithm) - 1) * 100, 1)}%"

        low = min(row["median"] - row["limit"], -floor)
        high = max(row["median"] + row["limit"], floor)
        return (
            f"{shown(row['v'], row['unit'])}，上年同期{shown(row['base'], row['unit'])}，"
            f"同比{rate(row['growth'])}；同类{row['peers']}个地区的中位数为{rate(row['median'])}，"
            f"超出{rate(low)}至{rate(high)}的常见范围",
            "请核对本期数和上年同期数；属实的请在备注中说明原因",
        )

    return findings("jump", found, text)


def _jumps(figures: Figures, rows: pl.DataFrame, checks: Checks) -> pl.DataFrame:
    at = rows.filter(pl.col("n").is_not_null())["at"].unique()
    before = rows.filter(pl.col("at").is_in((at - 12).to_list()))
    before = before.select(pl.col("key") + 12, base="v", base_breaks="breaks")
    grown = rows.filter(pl.col("at").is_in(at.to_list())).join(before, on="key")
    grown = grown.filter(pl.col("breaks") == pl.col("base_breaks"))
    growth, floor = pl.col("growth"), math.log(checks.jump_floor)
    grown = grown.with_columns(
        growth=(pl.col("v") / pl.col("base")).log(),
        group=pl.col("key") + figures.to_parent.gather(grown["d"]),
    )
    wide = (
        grown.group_by("group")
        .agg(pl.len().alias("peers"), spread=growth.max() - growth.min())
        .filter(pl.col("peers") > checks.jump_peers, pl.col("spread") > floor)
    )
    grown = grown.join(wide, on="group").with_columns(median=growth.median().over("group"))
    grown = grown.with_columns(away=(growth - pl.col("median")).abs())
    grown = grown.with_columns(mad=1.4826 * pl.col("away").median().over("group"))
    far = grown.filter(pl.col("away") > floor, growth.abs() > floor, pl.col("n").is_not_null())
    far = figures.with_facts(far, "counted", "unit")
    chance = pl.when("counted").then((1 / pl.col("v") + 1 / pl.col("base")).sqrt()).otherwise(0.0)
    limit = pl.max_horizontal(checks.jump_mad * pl.max_horizontal("mad", chance), floor)
    small = pl.col("counted") & (pl.col("v") < 10) & (pl.col("base") < 10)
    found = far.with_columns(limit=limit).filter(pl.col("away") > pl.col("limit"), ~small)
    # Back to normal after a jump is no second jump.
    return found.filter(~(pl.col("key") - 12).is_in(found["key"].to_list()))
