"""How a row finds another one: the same series earlier, or the same figure of another district.

Tables with plain keys are joined. Tables with coded keys (`kejistats.metrics.frames.Codes`) are
sorted by one number per row and searched: nothing is hashed, only what is asked for is moved, and
millions of rows take a tenth of the time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import polars as pl

SERIES = ["district", "indicator", "level"]
AT = ["year", "month"]
ROW = [*SERIES, *AT]
TIME = pl.col("year") * 12 + pl.col("month")
# Places in ``_k``: it is (time · UNITS + district) · MEASURES + indicator · LEVELS + level.
UNITS = 2**20
MEASURES = 2**16
_LEVELS = 8
_MONTH = UNITS * MEASURES
# So many months back there is no figure: what a row gets that asks for none.
_NEVER = 10_000


@dataclass(frozen=True)
class Past:
    """Figures as they stand, one per key, with coded keys: every year's in the order of ``_k``."""

    years: Mapping[int, pl.DataFrame]


Figures = pl.LazyFrame | Past


def with_key(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Add to a table with coded keys the one number ``_k`` that stands for a row's whole key.

    Time, district, indicator and level have their places in it in this order, so that sorted
    rows have their checkpoints one after the other, and an earlier checkpoint or another
    district is found by a difference. Tables with plain keys stay as they are.
    """
    return frame.with_columns(_k=key_of()) if is_coded(frame) else frame


def key_of(district: str = "district") -> pl.Expr:
    """Return ``_k`` of coded keys, the district in the column named."""
    measure = _number("indicator") * _LEVELS + _number("level")
    return (TIME * UNITS + _number(district)) * MEASURES + measure


def is_coded(frame: pl.LazyFrame) -> bool:
    """Return whether the keys of a table are codes."""
    return isinstance(frame.collect_schema()["district"], pl.Enum)


def has_key(frame: pl.LazyFrame) -> bool:
    """Return whether a table has ``_k``."""
    return "_k" in frame.collect_schema().names()


def key_columns(frame: pl.LazyFrame) -> list[str]:
    """Return the columns that make up a row's key, ``_k`` among them where the table has it."""
    return [*ROW, *(["_k"] if has_key(frame) else [])]


def sorted_by_key(frame: pl.DataFrame) -> pl.DataFrame:
    """Return rows that have ``_k`` sorted by it."""
    return frame if frame["_k"].is_sorted() else frame.sort("_k")


def key_in_group(group: str) -> pl.Expr:
    """Return ``_k`` with a group of districts in the place of the district."""
    at_group = pl.col("_k") // _MONTH * UNITS + pl.col(group).cast(pl.Int64)
    return at_group * MEASURES + pl.col("_k") % MEASURES


def key_of_district(district: str) -> pl.Expr:
    """Return ``_k`` with another district in its place; null where there is none."""
    return pl.col("_k") + (_number(district) - _number("district")) * MEASURES


def unit_at() -> pl.Expr:
    """Return the part of ``_k`` that tells district and checkpoint."""
    return pl.col("_k") // MEASURES


def unit_number() -> pl.Expr:
    """Return what `unit_at` is for a district, year and month."""
    return TIME * UNITS + _number("district")


def lag(
    rows: pl.LazyFrame,
    figures: Figures,
    columns: dict[str, pl.Expr],
    back: pl.Expr,
    same: Iterable[str] = (),
    at: pl.LazyFrame | None = None,
) -> pl.LazyFrame:
    """Add columns of each series' figure so many months before.

    Parameters
    ----------
    rows
        Rows with the key of the Observation table; their order and number stay.
    figures
        All figures, one per key, or, if not of coded keys, per key and the columns of `same`.
    columns
        What to take from a figure, by the name it gets; null where there is no figure.
    back
        How many months before, by row.
    same
        Further columns in which figure and row must agree; nulls agree.
    at
        A smaller plan with the same checkpoints as `rows`, so that a chain of these joins does
        not work each of them out several times.
    """
    if isinstance(figures, Past) or (has_key(rows) and has_key(figures)):
        asking = rows.collect()
        tables = figures.years if isinstance(figures, Past) else sorted_by_key(figures.collect())
        return asking.hstack(_lag_sorted(asking, tables, columns, back, list(same))).lazy()
    wanted = (TIME - back - 1).alias("_at")
    times = (rows if at is None else at).select(wanted).unique()
    times = times.select(year=pl.col("_at") // 12, month=pl.col("_at") % 12 + 1)
    # Where few checkpoints of many are wanted, the join need not go through all of them.
    found = figures.join(times, on=AT, how="semi").select(
        *SERIES, *same, TIME.alias("_find"), **columns
    )
    return (
        rows.with_columns(_find=TIME - back)
        .join(found, on=[*SERIES, "_find", *same], how="left", nulls_equal=True,
              maintain_order="left")
        .drop("_find")
    )  # fmt: skip


def of_district(
    rows: pl.LazyFrame, figures: pl.LazyFrame, district: str, columns: dict[str, pl.Expr]
) -> pl.LazyFrame:
    """Add columns of what another district has in the place of each row.

    Parameters
    ----------
    rows
        Rows with the key of the Observation table; their order and number stay.
    figures
        Rows the others are looked for in, one per key.
    district
        Column of `rows` that names the other district; null for none.
    columns
        What to take from its row, by the name it gets.
    """
    if has_key(rows) and has_key(figures):
        asking, table = rows.collect(), sorted_by_key(figures.collect())
        return asking.hstack(gather(asking, key_of_district(district), table, "_k", columns)).lazy()
    cell = ["indicator", "level", *AT]
    found = figures.select(*cell, pl.col("district").alias("_other"), **columns)
    return rows.join(
        found,
        left_on=[*cell, district],
        right_on=[*cell, "_other"],
        how="left",
        maintain_order="left",
    )


def gather(
    rows: pl.DataFrame,
    key: pl.Expr,
    table: pl.DataFrame,
    on: str,
    columns: dict[str, pl.Expr],
    same: Iterable[str] = (),
) -> pl.DataFrame:
    """Return columns of the row of a table that each row asks for by a number.

    Parameters
    ----------
    rows
        Rows that ask.
    key
        The number each asks for; null for none.
    table
        Rows sorted by the column `on`, each number once.
    on
        Column of `table`.
    columns
        What to take from a row found, by the name it gets; null where none is.
    same
        Columns in which both must agree; nulls agree.

    Examples
    --------
    >>> table = pl.DataFrame({"n": [1, 3], "name": ["a", "c"]})
    >>> asking = pl.DataFrame({"wanted": [3, 2, None, 1]})
    >>> gather(asking, pl.col("wanted"), table, "n", {"name": pl.col("name")})["name"].to_list()
    ['c', None, None, 'a']
    """
    wanted, known = rows.select(key.alias(on))[on], table[on]
    if table.is_empty():
        place = pl.repeat(None, rows.height, dtype=pl.UInt32, eager=True)
    else:
        place = known.search_sorted(wanted).clip(upper_bound=table.height - 1)
        hit = known.gather(place) == wanted
        place = pl.select(pl.when(hit).then(place)).to_series()
    roots = dict.fromkeys(root for taken in columns.values() for root in taken.meta.root_names())
    taken = table.select(pl.col(*dict.fromkeys([*roots, *same])).gather(place))
    return _agreeing(rows, taken, columns, same)


def _agreeing(
    rows: pl.DataFrame, found: pl.DataFrame, columns: dict[str, pl.Expr], same: Iterable[str]
) -> pl.DataFrame:
    """Return columns of the rows found, null where they do not agree with those that ask."""
    taken = found.select(**columns)
    agrees = [found[c].eq_missing(rows[c]) for c in same]
    if not agrees:
        return taken
    return taken.select(pl.when(pl.all_horizontal(agrees)).then(c).alias(c) for c in columns)


def _lag_sorted(
    rows: pl.DataFrame,
    tables: Mapping[int, pl.DataFrame] | pl.DataFrame,
    columns: dict[str, pl.Expr],
    back: pl.Expr,
    same: list[str],
) -> pl.DataFrame:
    """Return columns of earlier figures, looked for in the figures of their checkpoint only."""
    if not rows["_k"].is_sorted():
        order = rows["_k"].arg_sort()
        return _lag_sorted(rows[order], tables, columns, back, same)[order.arg_sort()]
    found = [_of_checkpoint(rows.clear(), _at_time(tables, 0), 0, columns, same)]
    for time, block in _checkpoints(rows):
        least, most, none = block.select(
            least=back.min(), most=back.max(), none=back.is_null().any()
        ).row(0)
        if least == most and not none:
            past = _at_time(tables, time - least)
            found.append(_of_checkpoint(block, past, least * _MONTH, columns, same))
            continue
        numbered = block.with_columns(_back=back.fill_null(_NEVER)).with_row_index("_row")
        parts = [
            _lag_sorted(part, tables, columns, pl.lit(part["_back"][0]), same).with_columns(
                part["_row"]
            )
            for part in numbered.partition_by("_back")
        ]
        found.append(pl.concat(parts).sort("_row").drop("_row"))
    return pl.concat(found, rechunk=True)


def _of_checkpoint(
    rows: pl.DataFrame,
    past: pl.DataFrame,
    back: int,
    columns: dict[str, pl.Expr],
    same: list[str],
) -> pl.DataFrame:
    """Return columns of the figures of one checkpoint for the rows of another one."""
    key = pl.col("_k") - back
    if past.height != rows.height or not (past["_k"] == rows["_k"] - back).all():
        return gather(rows, key, past, "_k", columns, same)
    # The same series at both: nothing need be looked for.
    return _agreeing(rows, past, columns, same)


def _checkpoints(rows: pl.DataFrame) -> Iterator[tuple[int, pl.DataFrame]]:
    """Yield the time of each checkpoint and its rows."""
    start, key = 0, rows["_k"]
    while start < rows.height:
        time = key[start] // _MONTH
        end = int(key.search_sorted((time + 1) * _MONTH))
        yield time, rows.slice(start, end - start)
        start = end


def _at_time(tables: Mapping[int, pl.DataFrame] | pl.DataFrame, time: int) -> pl.DataFrame:
    """Return the rows of one checkpoint of tables in the order of ``_k``."""
    if isinstance(tables, pl.DataFrame):
        table = tables
    else:
        table = tables.get((time - 1) // 12, next(iter(tables.values())).clear())
    low, high = (int(table["_k"].search_sorted(at * _MONTH)) for at in (time, time + 1))
    return table.slice(low, high - low)


def _number(column: str) -> pl.Expr:
    return pl.col(column).to_physical().cast(pl.Int64)
