"""The peers of each row, and ranks among them (definitions §8)."""

from __future__ import annotations

import polars as pl

from kejistats.metrics.frames import encode_grade, with_indicator_columns
from kejistats.metrics.lookup import (
    gather,
    has_key,
    key_with_group,
    time_and_district,
    time_and_district_of_key,
)
from kejistats.metrics.totals import month_end, valid_at
from kejistats.model.tables.observation import GRADES

PEER_KINDS = ["district", "zone"]
# Figures equal to this many significant digits share a rank.
SIGNIFICANT_DIGITS = 12


def with_peers(
    rows: pl.LazyFrame, districts: pl.DataFrame, indicators: pl.DataFrame
) -> pl.LazyFrame:
    """Add the peers of each row: districts of the same parent, kind and group, valid at the checkpoint.

    Parameters
    ----------
    rows
        Rows with district, indicator, year, month, value, status and bound.
    districts, indicators
        District and Indicator tables.

    Returns
    -------
    polars.LazyFrame
        Columns added: peers (how many there are), direction, _eligible (whether the row may be
        ranked: an exact figure of a valid peer), _rank_group (the rows it is ranked with: same
        peers, indicator, level, checkpoint and grade) and _member_hash. Rows that have them
        already are returned unchanged.
    """
    names = rows.collect_schema().names()
    if "_rank_group" in names:
        return rows
    members = _peer_groups(rows, districts)
    columns = {c: pl.col(c) for c in ("_peer_group", "_member_hash", "peers")}
    if has_key(rows):
        collected = rows.collect()
        table = members.select(*columns, time_and_district().alias("_at")).collect().sort("_at")
        matches = gather(collected, time_and_district_of_key(), table, "_at", columns)
        rows = collected.hstack(matches).lazy()
        grade = encode_grade().fill_null(len(GRADES))
        rank_group = key_with_group("_peer_group") * (len(GRADES) + 1) + grade
    else:
        on = ["district", "year", "month"]
        rows = rows.join(members, on=on, how="left", maintain_order="left")
        rank_group = pl.concat_str(
            "_peer_group", "indicator", "level", "year", "month", pl.col("grade").fill_null(""),
            separator="|",
        )  # fmt: skip
    exact = (pl.col("status") == "reported") & (pl.col("bound") == "exact")
    eligible = exact & pl.col("_peer_group").is_not_null()
    return (
        with_indicator_columns(rows, indicators)
        .with_columns(_eligible=eligible.fill_null(value=False), _rank_group=rank_group)
        .select(*names, *peer_columns(names))
    )


def _peer_groups(rows: pl.LazyFrame, districts: pl.DataFrame) -> pl.LazyFrame:
    """Return the districts that can have peers at each checkpoint, with their group and its size."""
    is_peer = pl.col("kind").is_in(PEER_KINDS) & pl.col("parent").is_not_null()
    group = pl.struct("parent", "kind", "group").rank("dense")
    at = rows.select("year", "month").unique()
    member = pl.col("district").cast(pl.String).hash(seed=1)
    return (
        districts.lazy()
        .filter(is_peer)
        .select(pl.col("code").alias("district"), "valid_from", "valid_to", _peer_group=group)
        .join(at, how="cross")
        .filter(valid_at(month_end()))
        .select("district", "year", "month", "_peer_group", _member_hash=member)
        .with_columns(peers=pl.len().over("_peer_group", "year", "month").cast(pl.Int64))
    )


def peer_columns(names: list[str]) -> list[str]:
    """Return the columns of `with_peers` that `names` lacks.

    A metric function returns them, so that the next one need not compute them again.
    """
    added = ("peers", "_rank_group", "_member_hash", "direction", "_eligible")
    return [c for c in added if c not in names]


def higher_is_better(value: pl.Expr) -> pl.Expr:
    """Return the value, negated where less is better, rounded to its significant digits.

    Figures that differ only by the noise of binary fractions then tie.
    """
    oriented = pl.when(pl.col("direction") == "down").then(-value).otherwise(value)
    return oriented.round_sig_figs(SIGNIFICANT_DIGITS)


def with_competition_rank(
    rows: pl.LazyFrame, takes_part: pl.Expr, value: pl.Expr, group: list[str]
) -> pl.LazyFrame:
    """Add ``_rank``, the competition rank of each row that takes part; 1 = highest value.

    Also added: ``_takes_part`` (whether the row is ranked), ``_value`` (by which value) and
    ``_participants`` (how many rows are ranked in its group).
    """
    rank = pl.col("_value").rank("min", descending=True).over(group).cast(pl.Int64)
    count = pl.col("_takes_part").sum().over(group).cast(pl.Int64)
    takes_part = (takes_part & value.is_not_null()).fill_null(value=False)
    return rows.with_columns(
        _takes_part=takes_part, _value=pl.when(takes_part).then(value)
    ).with_columns(_rank=rank, _participants=pl.when("_takes_part").then(count))
