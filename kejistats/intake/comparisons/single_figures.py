"""Check a received figure by itself and against other years: masks, dates, units, jumps."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import polars as pl

from kejistats.intake.comparisons.figures import (
    SERIES_STEP,
    Figures,
    finding_rows,
    format_figure,
    month_end,
    month_label,
)
from kejistats.model.numbers import format_signed
from kejistats.model.settings import Checks

_OVER_MASKED = r"^(?:约|近|超过?|突破)?20[xX×*]{2}\D{0,4}(?:余|多|以上|左右)\D{0,4}$"
# Years before and after a figure that show its usual unit.
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

    return finding_rows("over_masked", rows, text)


def before_release(figures: Figures, today: date) -> pl.DataFrame:
    """Find figures dated before the month in which they can first be available.

    That is the month of the checkpoint plus `release` of the registry; a release of 0 means the
    last day of the checkpoint. Forecasts are exempt.
    """
    release = figures.facts["release"].cast(pl.Int32)
    published = figures.fresh["published"]
    earliest_day = min(today, figures.fresh.select(pl.col("published").min()).item() or today)
    rows = figures.rows.filter(pl.col("n").is_not_null(), pl.col("grade") > 0)
    rows = rows.select("n", "row", "at", "i", earliest=pl.col("at") + release.gather(rows["i"]))
    # Drop most figures early: only those released after the earliest date can be too early.
    month_of_first = earliest_day.year * 12 + earliest_day.month - 1
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
        day_given = row["published"] or today
        date_text = f"公布日期{day_given}" if row["published"] else f"填报日期{day_given}"
        period = month_label(row["at"])
        if day_given < row["end"]:
            return (
                f"{period}尚未结束，{date_text}早于期末，不应已有数据",
                "请核对期别和日期；预计数请将数据级别填“预计”",
            )
        year, month_index = divmod(row["earliest"], 12)
        return (
            f"“{row['name']}”{period}数{year}年{month_index + 1}月起方可取得，{date_text}早于该发布时点",
            "请核对期别和日期；预计数请将数据级别填“预计”",
        )

    has_date = early["published"].is_not_null()
    return pl.concat(
        [
            finding_rows("before_release", early.filter(has_date), text, "published"),
            finding_rows("before_release", early.filter(~has_date), text),
        ]
    )


def unit_slip(figures: Figures, checks: Checks) -> pl.DataFrame:
    """Find amounts of money that confuse 万元 and 亿元: 10⁴ or 10⁻⁴ times their neighbours.

    Neighbours are the same months of up to three years before and two years after. The majority
    of them decides, so that a slip is reported and not the correct year after it.
    """
    low, high = _SLIP / checks.slip, _SLIP * checks.slip
    series = (pl.col("key") // SERIES_STEP) * 12 + pl.col("key") % 12
    rows = figures.rows.filter(
        pl.col("i").is_in(figures.indicators_where(pl.col("money"))), pl.col("v") > 0
    )
    rows = rows.with_columns(series=series)
    ranges = rows.group_by("series").agg(
        spread=pl.col("v").max() / pl.col("v").min(), received=pl.col("n").is_not_null().any()
    )
    rows = rows.join(ranges.filter("received", pl.col("spread") >= low), on="series", how="semi")
    pairs = (
        rows.filter(pl.col("n").is_not_null())
        .join(rows.select("series", "breaks", other_at="at", other_v="v"), on=["series", "breaks"])
        .with_columns(
            years=(pl.col("at") - pl.col("other_at")) // 12, ratio=pl.col("v") / pl.col("other_v")
        )
        .filter(pl.col("years") != 0, pl.col("years").is_between(-_YEARS_AFTER, _YEARS_BEFORE))
        .with_columns(
            slip=pl.col("ratio").is_between(low, high)
            | (1 / pl.col("ratio")).is_between(low, high),
            same=pl.col("ratio").is_between(1 / _NEAR, _NEAR),
            # Prefer last year, then earlier years, then later ones.
            preference=pl.when(pl.col("years") > 0)
            .then(pl.col("years"))
            .otherwise(10 - pl.col("years")),
        )
    )
    slips, past_slip = pl.col("slip").sum().over("key"), pl.col("slip") & (pl.col("years") > 0)
    slips_found = (
        pairs.filter(
            slips > pl.col("same").sum().over("key"), past_slip.any().over("key") | (slips > 1)
        )
        .filter("slip")
        .sort("key", "preference")
        .unique("key", keep="first", maintain_order=True)
    )
    slips_found = figures.with_facts(slips_found, "unit")

    def text(row: dict[str, Any]) -> tuple[str, str]:
        unit, is_larger = row["unit"], row["ratio"] > 1
        likely = row["v"] / _SLIP if is_larger else row["v"] * _SLIP
        times = row["ratio"] if is_larger else 1 / row["ratio"]
        return (
            f"{format_figure(row['v'], unit)}与{month_label(row['other_at'])}的{format_figure(row['other_v'], unit)}"
            f"相差约{times:.0f}倍，疑似万元、亿元混用",
            f"可能应为{format_figure(likely, unit)}，请核对单位",
        )

    return finding_rows("unit_slip", slips_found, text)


def jump(figures: Figures, checks: Checks) -> pl.DataFrame:
    """Find growth far from the growth of the peers, on a logarithmic scale.

    |ln(A/B) − median| > jump_mad × MAD of the peers with the same parent, where both that distance
    and ln(A/B) itself exceed ln jump_floor. The MAD is never taken as less than the chance
    variation √(1/A + 1/B) of a count.
    """
    peers = figures.districts.filter(pl.col("kind") == "district", pl.col("p").is_not_null())
    rows = figures.rows.lazy().select("key", "at", "d", "i", "v", "breaks", "n")
    rows = rows.filter(pl.col("v") > 0, pl.col("d").is_in(peers["d"].to_list()))
    blocks = figures.blocks(figures.indicators_where(~pl.col("negative")))
    jumps = pl.concat(
        _jumps(figures, rows.filter(pl.col("i").is_in(block)).collect(), checks) for block in blocks
    )
    floor = math.log(checks.jump_floor)

    def text(row: dict[str, Any]) -> tuple[str, str]:
        def rate(logarithm: float) -> str:
            return f"{format_signed((math.exp(logarithm) - 1) * 100, 1)}%"

        low = min(row["median"] - row["limit"], -floor)
        high = max(row["median"] + row["limit"], floor)
        return (
            f"{format_figure(row['v'], row['unit'])}，上年同期{format_figure(row['base'], row['unit'])}，"
            f"同比{rate(row['growth'])}；同类{row['peers']}个地区的中位数为{rate(row['median'])}，"
            f"超出{rate(low)}至{rate(high)}的常见范围",
            "请核对本期数和上年同期数；属实的请在备注中说明原因",
        )

    return finding_rows("jump", jumps, text)


def _jumps(figures: Figures, rows: pl.DataFrame, checks: Checks) -> pl.DataFrame:
    at = rows.filter(pl.col("n").is_not_null())["at"].unique()
    bases = rows.filter(pl.col("at").is_in((at - 12).to_list()))
    bases = bases.select(pl.col("key") + 12, base="v", base_breaks="breaks")
    growth_rows = rows.filter(pl.col("at").is_in(at.to_list())).join(bases, on="key")
    growth_rows = growth_rows.filter(pl.col("breaks") == pl.col("base_breaks"))
    growth, floor = pl.col("growth"), math.log(checks.jump_floor)
    growth_rows = growth_rows.with_columns(
        growth=(pl.col("v") / pl.col("base")).log(),
        group=pl.col("key") + figures.to_parent.gather(growth_rows["d"]),
    )
    groups = (
        growth_rows.group_by("group")
        .agg(pl.len().alias("peers"), spread=growth.max() - growth.min())
        .filter(pl.col("peers") > checks.jump_peers, pl.col("spread") > floor)
    )
    growth_rows = growth_rows.join(groups, on="group").with_columns(
        median=growth.median().over("group")
    )
    growth_rows = growth_rows.with_columns(distance=(growth - pl.col("median")).abs())
    growth_rows = growth_rows.with_columns(mad=1.4826 * pl.col("distance").median().over("group"))
    far = growth_rows.filter(
        pl.col("distance") > floor, growth.abs() > floor, pl.col("n").is_not_null()
    )
    far = figures.with_facts(far, "counted", "unit")
    chance = pl.when("counted").then((1 / pl.col("v") + 1 / pl.col("base")).sqrt()).otherwise(0.0)
    limit = pl.max_horizontal(checks.jump_mad * pl.max_horizontal("mad", chance), floor)
    is_small = pl.col("counted") & (pl.col("v") < 10) & (pl.col("base") < 10)
    jumps = far.with_columns(limit=limit).filter(pl.col("distance") > pl.col("limit"), ~is_small)
    # The return to normal after a jump is not reported as a second jump.
    return jumps.filter(~(pl.col("key") - 12).is_in(jumps["key"].to_list()))
