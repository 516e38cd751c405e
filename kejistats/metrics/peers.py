"""Who a row's peers are, and its place among those that take part (definitions §8)."""

from __future__ import annotations

import polars as pl

from kejistats.metrics.frames import grade_level, with_facts
from kejistats.metrics.lookup import gather, has_key, key_in_group, unit_at, unit_number
from kejistats.metrics.totals import month_end, valid_at
from kejistats.model.tables.observation import GRADES

PEER_KINDS = ["district", "zone"]
# Figures are told apart by this many digits.
DIGITS = 12


def with_peers(
    rows: pl.LazyFrame, districts: pl.DataFrame, indicators: pl.DataFrame
) -> pl.LazyFrame:
    """Add who a row's peers are: same parent, kind and group, valid at the checkpoint.

    Parameters
    ----------
    rows
        Rows with district, indicator, year, month, value, status and bound.
    districts, indicators
        District and Indicator tables.

    Returns
    -------
    polars.LazyFrame
        Columns added: peers (how many there are), direction, _in, whether the row takes part
        in a ranking (an exact figure of a valid peer), and _cell, which peers, indicator, level,
        checkpoint and grade it takes part with. Unchanged where they are there.
    """
    names = rows.collect_schema().names()
    if "_cell" in names:
        return rows
    units = _units(rows, districts)
    found = {c: pl.col(c) for c in ("_group", "_member", "peers")}
    if has_key(rows):
        asking = rows.collect()
        table = units.select(*found, unit_number().alias("_u")).collect().sort("_u")
        rows = asking.hstack(gather(asking, unit_at(), table, "_u", found)).lazy()
        cell = key_in_group("_group") * (len(GRADES) + 1) + grade_level().fill_null(len(GRADES))
    else:
        rows = rows.join(units, on=["district", "year", "month"], how="left", maintain_order="left")
        cell = pl.concat_str(
            "_group", "indicator", "level", "year", "month", pl.col("grade").fill_null(""),
            separator="|",
        )  # fmt: skip
    exact = (pl.col("status") == "reported") & (pl.col("bound") == "exact")
    inside = exact & pl.col("_group").is_not_null()
    return (
        with_facts(rows, indicators)
        .with_columns(_in=inside.fill_null(value=False), _cell=cell)
        .select(*names, *peer_columns(names))
    )


def _units(rows: pl.LazyFrame, districts: pl.DataFrame) -> pl.LazyFrame:
    """Return the districts that are peers of others at each checkpoint, and how many those are."""
    is_peer = pl.col("kind").is_in(PEER_KINDS) & pl.col("parent").is_not_null()
    group = pl.struct("parent", "kind", "group").rank("dense")
    at = rows.select("year", "month").unique()
    member = pl.col("district").cast(pl.String).hash(seed=1)
    return (
        districts.lazy()
        .filter(is_peer)
        .select(pl.col("code").alias("district"), "valid_from", "valid_to", _group=group)
        .join(at, how="cross")
        .filter(valid_at(month_end()))
        .select("district", "year", "month", "_group", _member=member)
        .with_columns(peers=pl.len().over("_group", "year", "month").cast(pl.Int64))
    )


def peer_columns(names: list[str]) -> list[str]:
    """Return what `with_peers` added, kept so that the next function need not do it again."""
    return [c for c in ("peers", "_cell", "_member", "direction", "_in") if c not in names]


def signed(value: pl.Expr) -> pl.Expr:
    """Return a value by which more is better, without the noise of binary fractions.

    Figures that print alike must not be told apart.
    """
    return (
        pl.when(pl.col("direction") == "down").then(-value).otherwise(value).round_sig_figs(DIGITS)
    )  # fmt: skip


def placed(rows: pl.LazyFrame, inside: pl.Expr, value: pl.Expr, cell: list[str]) -> pl.LazyFrame:
    """Add ``_place``, the competition rank of the rows that take part, and what goes with it.

    ``_inside`` says who takes part, ``_value`` by what, ``_count`` how many.
    """
    place = pl.col("_value").rank("min", descending=True).over(cell).cast(pl.Int64)
    count = pl.col("_inside").sum().over(cell).cast(pl.Int64)
    inside = (inside & value.is_not_null()).fill_null(value=False)
    return rows.with_columns(_inside=inside, _value=pl.when(inside).then(value)).with_columns(
        _place=place, _count=pl.when("_inside").then(count)
    )
