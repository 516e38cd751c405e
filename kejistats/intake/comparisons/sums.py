"""Parts against their whole: kinds, programme levels, and districts against the city."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl

from kejistats.intake.comparisons.figures import (
    FOUND,
    STEP,
    Figures,
    findings,
    label,
    month_end,
    shown,
)
from kejistats.metrics.totals import valid_at
from kejistats.model.intervals import EPS
from kejistats.model.tables.observation import LEVELS

_MEMBERS = ["district", "residual", "total"]
# Relative difference within which programme levels count as adding up to their total.
_ADDS_UP = 0.002
Text = Callable[[dict[str, Any]], tuple[str, str]]


def part_over_whole(figures: Figures) -> pl.DataFrame:
    """Find declared parts and programme levels that are larger than their whole."""
    pairs = pl.concat([_kinds(figures), _levels(figures)])

    def text(row: dict[str, Any]) -> tuple[str, str]:
        part, whole = shown(row["v"], row["unit"]), shown(row["whole"], row["unit"])
        name, of = _part(row), _whole(figures, row)
        return f"{name}{part}大于{of}{whole}", f"请核对{name}和{of}"

    return _over("part_over_whole", figures, pairs, text)


def parts_differ(figures: Figures) -> pl.DataFrame:
    """Find wholes that differ from the sum of their parts beyond tolerance and rounding.

    A sum of programme levels above the whole is always wrong; one below it only where the levels
    are all of them, as they are where most figures of the indicator add up from the same ones.
    """
    given = [(_kinds(figures), False), (_levels(figures), True)]
    differing = [_differing(figures, p, above=above) for p, above in given if p.height]
    if not differing:
        return pl.DataFrame(schema=FOUND)

    def text(row: dict[str, Any]) -> tuple[str, str]:
        total, whole = shown(row["sum"], row["unit"]), shown(row["whole"], row["unit"])
        difference = shown(abs(row["sum"] - row["whole"]), row["unit"])
        what = "各级之和" if row["l"] else "各分项之和"
        return (
            f"{what}{total}与{_whole(figures, row)}{whole}相差{difference}",
            "请核对合计与各分项；口径不同的请在备注中说明",
        )

    return findings("parts_differ", pl.concat(differing), text)


def share_over_100(figures: Figures, scope: str) -> pl.DataFrame:
    """Find districts whose figure is larger than the city's own."""

    def text(row: dict[str, Any]) -> tuple[str, str]:
        part, whole = shown(row["v"], row["unit"]), shown(row["whole"], row["unit"])
        name = figures.units["name"][row["d"]]
        return f"{name}{part}大于{scope}数{whole}，占比超过100%", f"请核对{name}数和{scope}数"

    return _over("share_over_100", figures, _districts(figures), text)


def districts_differ(figures: Figures, scope: str) -> pl.DataFrame:
    """Find the city's own figures that differ from the sum of all districts beyond tolerance."""
    pairs = _districts(figures)
    if pairs.is_empty():
        return pl.DataFrame(schema=FOUND)
    rows = _differing(figures, pairs)

    def text(row: dict[str, Any]) -> tuple[str, str]:
        total, whole = shown(row["sum"], row["unit"]), shown(row["whole"], row["unit"])
        difference = abs(row["sum"] - row["whole"])
        rate = f"（{shown(difference / abs(row['whole']) * 100, '%', 2)}）" if row["whole"] else ""
        allowed = f"，超过容差{shown(row['tolerance'] * 100, '%')}" if row["tolerance"] else ""
        return (
            f"各地区{label(row['at'])}合计{total}，与{scope}数{whole}"
            f"相差{shown(difference, row['unit'])}{rate}{allowed}",
            f"请核对{scope}数和各地区数；口径不同的请在备注中说明",
        )

    return findings("districts_differ", rows, text)


def _kinds(figures: Figures) -> pl.DataFrame:
    """Pair each figure that is a declared part with its whole."""
    ids = figures.facts.select("i", part="id")
    declared = (
        figures.facts.filter(pl.col("measure") != "ratio")
        .select(pl.col("parts").alias("part"), of="i", due=pl.col("parts").list.len())
        .explode("part", empty_as_null=False, keep_nulls=False)
        .join(ids, on="part")
        .select("i", "of", "due")
    )
    parts = figures.rows.join(declared, on="i")
    step = (pl.col("of").cast(pl.Int64) - pl.col("i")) * len(LEVELS) * STEP
    return _with_fresh(paired(figures, parts.with_columns(of=pl.col("key") + step)))


def _levels(figures: Figures) -> pl.DataFrame:
    """Pair each figure of a programme level with its total; due says how many make it up.

    Not every indicator has all levels. Those it has are all of them where most of its figures of
    these same levels add up to their total.
    """
    ratios = figures.places(pl.col("measure") == "ratio")
    parts = figures.rows.filter(pl.col("l") > 0, ~pl.col("i").is_in(ratios))
    parts = parts.with_columns(
        of=pl.col("key") - pl.col("l").cast(pl.Int64) * STEP,
        due=pl.lit(len(LEVELS) - 1, dtype=pl.UInt32),
    )
    pairs = paired(figures, parts)
    given = pl.col("l").sort().cast(pl.String).implode().list.join("").over("of")
    total = pl.col("v").sum().over("of")
    allowed = _ADDS_UP * pl.col("whole").abs()
    pairs = pairs.with_columns(given=given, close=(total - pl.col("whole")).abs() <= allowed)
    usual = (pl.col("close").sum() * 2 > pl.len()).over("i", "given")
    due = pl.when(usual).then(pl.len().over("of")).otherwise(pl.col("due"))
    return _with_fresh(pairs.with_columns(due=due.cast(pl.UInt32)).drop("given", "close"))


def _districts(figures: Figures) -> pl.DataFrame:
    """Pair each district's figure of an additive indicator with the city's; zones are no part."""
    members = figures.units.filter(pl.col("kind").is_in(_MEMBERS), pl.col("p").is_not_null())
    additive = pl.col("i").is_in(figures.places(pl.col("aggregate") == "sum"))
    cities = figures.rows.filter(
        pl.col("d").is_in(members["p"].unique().to_list()), additive, pl.col("v").is_not_null()
    )
    at = cities.select("at").unique()
    parts = figures.rows.filter(
        pl.col("d").is_in(members["d"].to_list()), additive, pl.col("at").is_in(at["at"].to_list())
    )
    due = at.join(members.select("d", "p", "valid_from", "valid_to"), how="cross").filter(
        valid_at(month_end())
    )
    due = due.select("d", "at", due=pl.len().over("p", "at"))
    parts = parts.with_columns(of=pl.col("key") + figures.to_parent.gather(parts["d"]))
    return _with_fresh(paired(figures, parts.join(due, on=["d", "at"])))


def paired(figures: Figures, parts: pl.DataFrame) -> pl.DataFrame:
    """Join parts with the whole whose key is in ``of``, of the same grade and definition."""
    if parts.is_empty():
        return figures.rows.clear().select(
            "key", pl.col("key").alias("of"), "at", "d", "i", "l", "v", "na", "row", "n",
            whole_i="i", whole="v", whole_row="row", whole_n="n", due=pl.lit(0, dtype=pl.UInt32),
        )  # fmt: skip
    kinds = parts.select((pl.col("of") // (STEP * len(LEVELS)) % figures.facts.height).unique())
    wholes = (
        figures.rows.lazy()
        # First by indicator, for there are millions of keys.
        .filter(pl.col("i").is_in(kinds.to_series().to_list()), pl.col("v").is_not_null())
        .filter(pl.col("key").is_in(parts["of"].unique().implode()))
        .select(
            of="key", whole="v", whole_row="row", whole_n="n", _grade="grade", _breaks="breaks",
            whole_i="i",
        )
        .collect()
    )  # fmt: skip
    same = (pl.col("grade") == pl.col("_grade")) & (pl.col("breaks") == pl.col("_breaks"))
    pairs = parts.join(wholes, on="of").filter(same | pl.col("na"))
    return pairs.select(
        "key", "of", "at", "d", "i", "l", "v", "na", "row", "n", "whole_i", "whole", "whole_row",
        "whole_n", pl.col("due").cast(pl.UInt32),
    )  # fmt: skip


def _with_fresh(pairs: pl.DataFrame) -> pl.DataFrame:
    """Keep the wholes that are fresh or have a fresh part."""
    fresh = pl.col("whole_n").is_not_null() | pl.col("n").is_not_null().any().over("of")
    return pairs.filter(fresh)


def with_rounding(figures: Figures, pairs: pl.DataFrame) -> pl.DataFrame:
    """Add what the rounding of part and whole allows: half, whole_half."""
    pairs = figures.with_facts(
        pairs, "unit", "counted", "decimals", "negative", "tolerance", "name"
    )
    return figures.with_half(figures.with_half(pairs), "whole_row", "whole", "whole_half")


def _over(rule: str, figures: Figures, pairs: pl.DataFrame, text: Text) -> pl.DataFrame:
    """Find parts above their whole: the part's fault where it is the only one, else the whole's."""
    pairs = pairs.filter(pl.col("v") > pl.col("whole"))
    if pairs.is_empty():
        return pl.DataFrame(schema=FOUND)
    pairs = with_rounding(figures, pairs)
    low, high = pl.col("v") - pl.col("half"), pl.col("whole") + pl.col("whole_half")
    pairs = pairs.filter(~pl.col("negative"), low > high * (1 + EPS))
    alone = pl.len().over("of") == 1
    blamed = (
        pl.when(alone)
        .then(pl.coalesce("n", "whole_n"))
        .otherwise(pl.coalesce("whole_n", pl.col("n").min().over("of")))
    )
    pairs = pairs.sort("v", "key", descending=[True, False]).with_columns(n=blamed)
    return findings(rule, pairs.unique("of", keep="first", maintain_order=True), text)


def _differing(figures: Figures, pairs: pl.DataFrame, *, above: bool = False) -> pl.DataFrame:
    """Return the wholes that differ from the sum of their parts, with n of the figure at fault.

    All parts must be there; with `above`, a sum over the whole is wrong without them too.
    """
    total, whole = pl.col("v").sum().over("of"), pl.col("whole")
    there = (pl.col("v").is_not_null() | pl.col("na")).sum().over("of") == pl.col("due")
    wrong = (total - whole).abs() > EPS * (1 + whole.abs())
    pairs = pairs.with_columns(sum=total).filter(
        (there | (total > whole)) if above else there, wrong, pl.col("v").is_not_null()
    )
    pairs = with_rounding(figures, pairs)
    rounding = pl.col("half").sum().over("of") + pl.col("whole_half")
    tolerance = figures.facts["tolerance"].gather(pairs["whole_i"])
    pairs = pairs.with_columns(
        tolerance=tolerance,
        n=pl.coalesce("whole_n", pl.col("n").min().over("of")),
        allowed=pl.max_horizontal(tolerance * whole.abs(), rounding),
    )
    pairs = pairs.filter((pl.col("sum") - whole).abs() > pl.col("allowed") * (1 + EPS))
    return pairs.sort("key").unique("of", keep="first", maintain_order=True)


def _part(row: dict[str, Any]) -> str:
    return f"{LEVELS[row['l']]}级" if row["l"] else f"“{row['name']}”"


def _whole(figures: Figures, row: dict[str, Any]) -> str:
    return "合计" if row["l"] else f"“{figures.facts['name'][row['whole_i']]}”"
