"""Compare parts with their total: declared parts, programme levels, and districts with their parent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl

from kejistats.intake.comparisons.figures import (
    FINDING_SCHEMA,
    SERIES_STEP,
    Figures,
    finding_rows,
    format_figure,
    month_end,
    month_label,
)
from kejistats.metrics.totals import valid_at
from kejistats.model.intervals import EPS
from kejistats.model.tables.observation import LEVELS

_MEMBERS = ["district", "residual", "total"]
# Relative tolerance within which programme levels count as adding up to their total.
_LEVEL_TOLERANCE = 0.002
Text = Callable[[dict[str, Any]], tuple[str, str]]


def part_over_whole(figures: Figures) -> pl.DataFrame:
    """Find declared parts and programme levels that are larger than their total."""
    pairs = pl.concat([_kinds(figures), _levels(figures)])

    def text(row: dict[str, Any]) -> tuple[str, str]:
        part, total = format_figure(row["v"], row["unit"]), format_figure(row["total"], row["unit"])
        part_name, total_name = _part_name(row), _total_name(figures, row)
        return f"{part_name}{part}大于{total_name}{total}", f"请核对{part_name}和{total_name}"

    return _over("part_over_whole", figures, pairs, text)


def parts_differ(figures: Figures) -> pl.DataFrame:
    """Find totals that differ from the sum of their parts beyond tolerance and rounding.

    A sum of programme levels above the total is always wrong; a sum below it only if the levels
    are complete (see `_levels`).
    """
    pairings = [(_kinds(figures), False), (_levels(figures), True)]
    differing = [_differing(figures, p, above=above) for p, above in pairings if p.height]
    if not differing:
        return pl.DataFrame(schema=FINDING_SCHEMA)

    def text(row: dict[str, Any]) -> tuple[str, str]:
        parts_sum, total = (
            format_figure(row["sum"], row["unit"]),
            format_figure(row["total"], row["unit"]),
        )
        difference = format_figure(abs(row["sum"] - row["total"]), row["unit"])
        sum_name = "各级之和" if row["l"] else "各分项之和"
        return (
            f"{sum_name}{parts_sum}与{_total_name(figures, row)}{total}相差{difference}",
            "请核对合计与各分项；口径不同的请在备注中说明",
        )

    return finding_rows("parts_differ", pl.concat(differing), text)


def share_over_100(figures: Figures, scope: str) -> pl.DataFrame:
    """Find districts whose figure is larger than the parent's own figure."""

    def text(row: dict[str, Any]) -> tuple[str, str]:
        part, total = format_figure(row["v"], row["unit"]), format_figure(row["total"], row["unit"])
        name = figures.districts["name"][row["d"]]
        return f"{name}{part}大于{scope}数{total}，占比超过100%", f"请核对{name}数和{scope}数"

    return _over("share_over_100", figures, _districts(figures), text)


def districts_differ(figures: Figures, scope: str) -> pl.DataFrame:
    """Find own figures of the parent that differ from the sum of all districts beyond tolerance."""
    pairs = _districts(figures)
    if pairs.is_empty():
        return pl.DataFrame(schema=FINDING_SCHEMA)
    rows = _differing(figures, pairs)

    def text(row: dict[str, Any]) -> tuple[str, str]:
        parts_sum, total = (
            format_figure(row["sum"], row["unit"]),
            format_figure(row["total"], row["unit"]),
        )
        difference = abs(row["sum"] - row["total"])
        rate = (
            f"（{format_figure(difference / abs(row['total']) * 100, '%', 2)}）"
            if row["total"]
            else ""
        )
        allowed = (
            f"，超过容差{format_figure(row['tolerance'] * 100, '%')}" if row["tolerance"] else ""
        )
        return (
            f"各地区{month_label(row['at'])}合计{parts_sum}，与{scope}数{total}"
            f"相差{format_figure(difference, row['unit'])}{rate}{allowed}",
            f"请核对{scope}数和各地区数；口径不同的请在备注中说明",
        )

    return finding_rows("districts_differ", rows, text)


def _kinds(figures: Figures) -> pl.DataFrame:
    """Pair each figure that is a declared part with its total."""
    indexes = figures.facts.select("i", part="id")
    declared = (
        figures.facts.filter(pl.col("measure") != "ratio")
        .select(pl.col("parts").alias("part"), total_index="i", due=pl.col("parts").list.len())
        .explode("part", empty_as_null=False, keep_nulls=False)
        .join(indexes, on="part")
        .select("i", "total_index", "due")
    )
    parts = figures.rows.join(declared, on="i")
    key_step = (pl.col("total_index").cast(pl.Int64) - pl.col("i")) * len(LEVELS) * SERIES_STEP
    return _with_fresh(
        pair_with_total(figures, parts.with_columns(total_key=pl.col("key") + key_step))
    )


def _levels(figures: Figures) -> pl.DataFrame:
    """Pair each figure of a programme level with its total; due is the number of levels expected.

    Not every indicator has all levels. A set of levels counts as complete if most figures of the
    indicator with just these levels add up to their total.
    """
    ratios = figures.indicators_where(pl.col("measure") == "ratio")
    parts = figures.rows.filter(pl.col("l") > 0, ~pl.col("i").is_in(ratios))
    parts = parts.with_columns(
        total_key=pl.col("key") - pl.col("l").cast(pl.Int64) * SERIES_STEP,
        due=pl.lit(len(LEVELS) - 1, dtype=pl.UInt32),
    )
    pairs = pair_with_total(figures, parts)
    given_levels = pl.col("l").sort().cast(pl.String).implode().list.join("").over("total_key")
    parts_sum = pl.col("v").sum().over("total_key")
    tolerance = _LEVEL_TOLERANCE * pl.col("total").abs()
    pairs = pairs.with_columns(
        given_levels=given_levels, adds_up=(parts_sum - pl.col("total")).abs() <= tolerance
    )
    is_complete_set = (pl.col("adds_up").sum() * 2 > pl.len()).over("i", "given_levels")
    due = pl.when(is_complete_set).then(pl.len().over("total_key")).otherwise(pl.col("due"))
    return _with_fresh(pairs.with_columns(due=due.cast(pl.UInt32)).drop("given_levels", "adds_up"))


def _districts(figures: Figures) -> pl.DataFrame:
    """Pair each district's figure of an additive indicator with the parent's; zones are left out."""
    members = figures.districts.filter(pl.col("kind").is_in(_MEMBERS), pl.col("p").is_not_null())
    additive = pl.col("i").is_in(figures.indicators_where(pl.col("aggregate") == "sum"))
    parents = figures.rows.filter(
        pl.col("d").is_in(members["p"].unique().to_list()), additive, pl.col("v").is_not_null()
    )
    months = parents.select("at").unique()
    parts = figures.rows.filter(
        pl.col("d").is_in(members["d"].to_list()),
        additive,
        pl.col("at").is_in(months["at"].to_list()),
    )
    due = months.join(members.select("d", "p", "valid_from", "valid_to"), how="cross").filter(
        valid_at(month_end())
    )
    due = due.select("d", "at", due=pl.len().over("p", "at"))
    parts = parts.with_columns(total_key=pl.col("key") + figures.to_parent.gather(parts["d"]))
    return _with_fresh(pair_with_total(figures, parts.join(due, on=["d", "at"])))


def pair_with_total(figures: Figures, parts: pl.DataFrame) -> pl.DataFrame:
    """Join parts with the total of key ``total_key`` that has the same grade and definition."""
    if parts.is_empty():
        return figures.rows.clear().select(
            "key", pl.col("key").alias("total_key"), "at", "d", "i", "l", "v", "na", "row", "n",
            total_i="i", total="v", total_row="row", total_n="n", due=pl.lit(0, dtype=pl.UInt32),
        )  # fmt: skip
    indicators = parts.select(
        (pl.col("total_key") // (SERIES_STEP * len(LEVELS)) % figures.facts.height).unique()
    )
    totals = (
        figures.rows.lazy()
        # Filter by indicator first, because there can be millions of keys.
        .filter(pl.col("i").is_in(indicators.to_series().to_list()), pl.col("v").is_not_null())
        .filter(pl.col("key").is_in(parts["total_key"].unique().implode()))
        .select(
            total_key="key", total="v", total_row="row", total_n="n", _grade="grade", _breaks="breaks",
            total_i="i",
        )
        .collect()
    )  # fmt: skip
    is_comparable = (pl.col("grade") == pl.col("_grade")) & (pl.col("breaks") == pl.col("_breaks"))
    pairs = parts.join(totals, on="total_key").filter(is_comparable | pl.col("na"))
    return pairs.select(
        "key", "total_key", "at", "d", "i", "l", "v", "na", "row", "n", "total_i", "total", "total_row",
        "total_n", pl.col("due").cast(pl.UInt32),
    )  # fmt: skip


def _with_fresh(pairs: pl.DataFrame) -> pl.DataFrame:
    """Keep the pairs whose total, or any of its parts, was received in this intake."""
    has_received = pl.col("total_n").is_not_null() | pl.col("n").is_not_null().any().over(
        "total_key"
    )
    return pairs.filter(has_received)


def with_rounding_halves(figures: Figures, pairs: pl.DataFrame) -> pl.DataFrame:
    """Add the rounding half-widths of part and total: half, total_half."""
    pairs = figures.with_facts(
        pairs, "unit", "counted", "decimals", "negative", "tolerance", "name"
    )
    return figures.with_half(figures.with_half(pairs), "total_row", "total", "total_half")


def _over(rule: str, figures: Figures, pairs: pl.DataFrame, text: Text) -> pl.DataFrame:
    """Find parts above their total: a single such part is at fault, else the total is."""
    pairs = pairs.filter(pl.col("v") > pl.col("total"))
    if pairs.is_empty():
        return pl.DataFrame(schema=FINDING_SCHEMA)
    pairs = with_rounding_halves(figures, pairs)
    low, high = pl.col("v") - pl.col("half"), pl.col("total") + pl.col("total_half")
    pairs = pairs.filter(~pl.col("negative"), low > high * (1 + EPS))
    single = pl.len().over("total_key") == 1
    faulty_n = (
        pl.when(single)
        .then(pl.coalesce("n", "total_n"))
        .otherwise(pl.coalesce("total_n", pl.col("n").min().over("total_key")))
    )
    pairs = pairs.sort("v", "key", descending=[True, False]).with_columns(n=faulty_n)
    return finding_rows(rule, pairs.unique("total_key", keep="first", maintain_order=True), text)


def _differing(figures: Figures, pairs: pl.DataFrame, *, above: bool = False) -> pl.DataFrame:
    """Return the totals that differ from the sum of their parts, with n of the figure at fault.

    All parts must be present; with `above`, a sum above the total is reported without them too.
    """
    parts_sum, total = pl.col("v").sum().over("total_key"), pl.col("total")
    is_complete = (pl.col("v").is_not_null() | pl.col("na")).sum().over("total_key") == pl.col(
        "due"
    )
    differs = (parts_sum - total).abs() > EPS * (1 + total.abs())
    pairs = pairs.with_columns(sum=parts_sum).filter(
        (is_complete | (parts_sum > total)) if above else is_complete,
        differs,
        pl.col("v").is_not_null(),
    )
    pairs = with_rounding_halves(figures, pairs)
    rounding = pl.col("half").sum().over("total_key") + pl.col("total_half")
    tolerance = figures.facts["tolerance"].gather(pairs["total_i"])
    pairs = pairs.with_columns(
        tolerance=tolerance,
        n=pl.coalesce("total_n", pl.col("n").min().over("total_key")),
        allowed=pl.max_horizontal(tolerance * total.abs(), rounding),
    )
    pairs = pairs.filter((pl.col("sum") - total).abs() > pl.col("allowed") * (1 + EPS))
    return pairs.sort("key").unique("total_key", keep="first", maintain_order=True)


def _part_name(row: dict[str, Any]) -> str:
    return f"{LEVELS[row['l']]}级" if row["l"] else f"“{row['name']}”"


def _total_name(figures: Figures, row: dict[str, Any]) -> str:
    return "合计" if row["l"] else f"“{figures.facts['name'][row['total_i']]}”"
