"""What changed between two Metric tables: of one checkpoint, as known on two days (definitions §7)."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

import polars as pl

from kejistats.metrics.lookup import SERIES
from kejistats.model.errors import UsageError
from kejistats.model.tables import Metric
from kejistats.model.tables.observation import LEVELS

# In the order in which the changes of one row are told: what was reported comes first.
COMPARED = [
    "value", "value_upper", "status", "grade", "bound", "target", "attainment", "progress",
    "base", "yoy", "yoy_points", "published_growth", "rank", "ranked", "share", "due", "gap",
    "surplus",
]  # fmt: skip
# Figures that come from cells of their own, whose receipt a Metric table does not keep.
_OWN_SOURCE = {"target": "target_source", "base": "base_source"}
_SCHEMA = {
    **dict.fromkeys([*SERIES, "column", "title", "before", "after"], pl.String()),
    "difference": pl.Float64(),
    **dict.fromkeys(["source", "intake_id"], pl.String()),
}
# Beyond so many digits figures are equal, or nearer than what rounding to these can tell.
_DIGITS = 12
_NOISE = 1e-13


def changes(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Return what changed between two Metric tables of one checkpoint, one figure per row.

    Numbers equal to 12 significant digits are no change. Of a row that has come or gone, every
    figure is told, with null on the side where the row is not; its status tells the two apart
    from a figure that has come or gone, for no row is without one.

    Parameters
    ----------
    before, after
        Metric tables of the same checkpoint.

    Returns
    -------
    polars.DataFrame
        district, indicator, level; column and its Chinese title; before and after as text,
        numbers with all their digits; difference, after − before, where both are numbers;
        source and received of the row, those after, else those before. A target and a base have
        the source of their own and no receipt. Ordered as the tables are, then by column.

    Raises
    ------
    UsageError
        When the tables are of several checkpoints.

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
            "the tables are of several checkpoints", "compare two tables of one checkpoint"
        )
    kept = [*COMPARED, *_OWN_SOURCE.values(), "source", "intake_id"]
    then = before.select(*SERIES, pl.col(kept).name.prefix("_then_"))
    now = after.select(*SERIES, pl.col(kept).name.prefix("_now_"))
    both = then.join(now, on=SERIES, how="full", coalesce=True).lazy()
    order = _order(before, after)
    places = [
        "district",
        pl.col("indicator").replace_strict(order, range(len(order)), return_dtype=pl.Int64),
        pl.col("level").replace_strict(LEVELS, range(len(LEVELS)), return_dtype=pl.Int64),
        "_column",
    ]
    types = Metric.dtypes()
    told = [_told(both, column, number=types[column].is_numeric()) for column in COMPARED]
    return (
        pl.concat(told).sort(places).select(pl.col(c).cast(t) for c, t in _SCHEMA.items()).collect()
    )


def _told(both: pl.LazyFrame, column: str, *, number: bool) -> pl.LazyFrame:
    """Return the changes of one column."""
    then, now = pl.col(f"_then_{column}"), pl.col(f"_now_{column}")
    difference = pl.lit(None, dtype=pl.Float64)
    differs = then.ne_missing(now)
    if number:
        difference = now.cast(pl.Float64) - then.cast(pl.Float64)
        differs &= ~_equal(then, now).fill_null(value=False)
    own = _OWN_SOURCE.get(column)
    received = pl.coalesce("_now_intake_id", "_then_intake_id")
    source = own or "source"
    return both.filter(differs).select(
        *SERIES,
        column=pl.lit(column),
        title=pl.lit(Metric.titles()[column]),
        before=then.cast(pl.String),
        after=now.cast(pl.String),
        difference=difference,
        source=pl.coalesce(f"_now_{source}", f"_then_{source}"),
        intake_id=pl.lit(None, dtype=pl.String) if own else received,
        _column=pl.lit(COMPARED.index(column)),
    )


def _equal(a: pl.Expr, b: pl.Expr) -> pl.Expr:
    """Return where two numbers are equal to the digits that count."""
    a, b = a.cast(pl.Float64), b.cast(pl.Float64)
    rounded = a.round_sig_figs(_DIGITS) == b.round_sig_figs(_DIGITS)
    # Two that differ by nothing but noise may stand on either side of a rounding.
    return rounded | ((a - b).abs() <= _NOISE * pl.max_horizontal(a.abs(), b.abs()))


def _order(before: pl.DataFrame, after: pl.DataFrame) -> list[str]:
    """Return the indicators in an order that both tables follow in every district.

    The registry's order is not at hand, and a table shows of it only what its districts have.
    """
    tables = [t.select("district", "indicator") for t in (after, before)]
    pairs = [t.with_columns(_next=pl.col("indicator").shift(-1).over("district")) for t in tables]
    follows = pl.concat(pairs).filter(pl.col("_next") != pl.col("indicator"))
    steps = follows.select("indicator", "_next").unique(maintain_order=True)
    known = pl.concat(tables)["indicator"].unique(maintain_order=True).to_list()
    earlier: dict[str, list[str]] = {one: [] for one in known}
    for first, then in steps.iter_rows():
        earlier[then].append(first)
    try:
        return list(TopologicalSorter(earlier).static_order())
    except CycleError:  # tables of somebody's own order
        return known
