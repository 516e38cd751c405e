"""The changes between two Metric tables of one checkpoint, as known on two days (definitions §7)."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

import polars as pl

from kejistats.metrics.lookup import SERIES
from kejistats.model.errors import UsageError
from kejistats.model.tables import Metric
from kejistats.model.tables.observation import LEVELS

# The changes of one row are listed in this order: reported figures come first.
COMPARED = [
    "value", "value_upper", "status", "grade", "bound", "target", "attainment", "progress",
    "base", "yoy", "yoy_points", "published_growth", "rank", "ranked", "share", "due", "gap",
    "surplus",
]  # fmt: skip
# Columns whose figure comes from a cell of its own, of which the Metric table keeps no receipt.
_OWN_SOURCE = {"target": "target_source", "base": "base_source"}
_SCHEMA = {
    **dict.fromkeys([*SERIES, "column", "title", "before", "after"], pl.String()),
    "difference": pl.Float64(),
    **dict.fromkeys(["source", "intake_id"], pl.String()),
}
# Two numbers are equal when they agree to so many significant digits, or differ by less than _NOISE.
_DIGITS = 12
_NOISE = 1e-13


def changes(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Return what changed between two Metric tables of one checkpoint, one figure per row.

    Numbers equal to 12 significant digits are no change. Of a row that is in one table only,
    every figure is listed, with null on the other side. Such a row also has a change of status,
    which is never null; that distinguishes it from a row with a single figure added or removed.

    Parameters
    ----------
    before, after
        Metric tables of the same checkpoint.

    Returns
    -------
    polars.DataFrame
        district, indicator, level; column and its Chinese title; before and after as text,
        numbers with all their digits; difference, after − before, where both are numbers;
        source and intake_id of the row after, else of the row before. A target and a base have
        their own source and no intake_id. Ordered by district, indicator (as the tables), level
        and column.

    Raises
    ------
    UsageError
        When the tables are not of the same checkpoint.

    Examples
    --------
    >>> row = dict.fromkeys(Metric.columns()) | {"district": "1", "indicator": "patent_granted",
    ...     "level": "", "year": 2025, "month": 6, "value": 18.0, "status": "reported",
    ...     "intake_id": "000001-00000000"}
    >>> first = pl.DataFrame([row], schema=Metric.dtypes())
    >>> later = first.with_columns(value=14.0, intake_id=pl.lit("000002-00000000"))
    >>> changes(first, later).drop("district", "indicator", "level", "source").row(0)
    ('value', '累计', '18.0', '14.0', -4.0, '000002-00000000')
    """
    if pl.concat([t.select("year", "month") for t in (before, after)]).unique().height > 1:
        raise UsageError(
            "the tables are not of the same checkpoint", "compare two tables of one checkpoint"
        )
    kept = [*COMPARED, *_OWN_SOURCE.values(), "source", "intake_id"]
    left = before.select(*SERIES, pl.col(kept).name.prefix("_before_"))
    right = after.select(*SERIES, pl.col(kept).name.prefix("_after_"))
    joined = left.join(right, on=SERIES, how="full", coalesce=True).lazy()
    order = _indicator_order(before, after)
    sort_keys = [
        "district",
        pl.col("indicator").replace_strict(order, range(len(order)), return_dtype=pl.Int64),
        pl.col("level").replace_strict(LEVELS, range(len(LEVELS)), return_dtype=pl.Int64),
        "_column",
    ]
    types = Metric.dtypes()
    by_column = [
        _column_changes(joined, column, number=types[column].is_numeric()) for column in COMPARED
    ]
    return (
        pl.concat(by_column)
        .sort(sort_keys)
        .select(pl.col(c).cast(t) for c, t in _SCHEMA.items())
        .collect()
    )


def _column_changes(joined: pl.LazyFrame, column: str, *, number: bool) -> pl.LazyFrame:
    """Return the changes of one column."""
    before, after = pl.col(f"_before_{column}"), pl.col(f"_after_{column}")
    difference = pl.lit(None, dtype=pl.Float64)
    differs = before.ne_missing(after)
    if number:
        difference = after.cast(pl.Float64) - before.cast(pl.Float64)
        differs &= ~_equal(before, after).fill_null(value=False)
    own_source = _OWN_SOURCE.get(column)
    intake_id = pl.coalesce("_after_intake_id", "_before_intake_id")
    source = own_source or "source"
    return joined.filter(differs).select(
        *SERIES,
        column=pl.lit(column),
        title=pl.lit(Metric.titles()[column]),
        before=before.cast(pl.String),
        after=after.cast(pl.String),
        difference=difference,
        source=pl.coalesce(f"_after_{source}", f"_before_{source}"),
        intake_id=pl.lit(None, dtype=pl.String) if own_source else intake_id,
        _column=pl.lit(COMPARED.index(column)),
    )


def _equal(a: pl.Expr, b: pl.Expr) -> pl.Expr:
    """Return whether two numbers are equal up to the noise of binary fractions."""
    a, b = a.cast(pl.Float64), b.cast(pl.Float64)
    rounded = a.round_sig_figs(_DIGITS) == b.round_sig_figs(_DIGITS)
    # Two numbers that differ by noise only may still round to different digits.
    return rounded | ((a - b).abs() <= _NOISE * pl.max_horizontal(a.abs(), b.abs()))


def _indicator_order(before: pl.DataFrame, after: pl.DataFrame) -> list[str]:
    """Return the indicators in an order that both tables follow in every district.

    The registry is not passed in, and each district shows only part of its order.
    """
    tables = [t.select("district", "indicator") for t in (after, before)]
    pairs = [t.with_columns(_next=pl.col("indicator").shift(-1).over("district")) for t in tables]
    follows = pl.concat(pairs).filter(pl.col("_next") != pl.col("indicator"))
    steps = follows.select("indicator", "_next").unique(maintain_order=True)
    ids = pl.concat(tables)["indicator"].unique(maintain_order=True).to_list()
    predecessors: dict[str, list[str]] = {indicator: [] for indicator in ids}
    for first, second in steps.iter_rows():
        predecessors[second].append(first)
    try:
        return list(TopologicalSorter(predecessors).static_order())
    except CycleError:  # the tables are not in the registry's order
        return ids
