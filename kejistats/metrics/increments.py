"""Increments within the year from cumulative figures, and 环比 over the previous period (definitions §2, §7)."""

from __future__ import annotations

import polars as pl

from kejistats.metrics.bounds import UNBOUNDED, quotient_bound
from kejistats.metrics.frames import with_indicator_columns
from kejistats.metrics.lookup import Figures, lag
from kejistats.store import current


def increments(observations: pl.LazyFrame, months: int = 1) -> pl.LazyFrame:
    """Add the increment of each period: the difference of two cumulative figures.

    increment = x(m) − x(m − months), in the first period of a year the cumulative figure itself
    (definitions §2). It is null where either figure is masked or missing, where the two are on
    different definitions, where their bounds contradict each other, and where the month does not
    end a period of that length.

    Parameters
    ----------
    observations
        Observation table of flows; the current vintage of each key counts.
    months
        Length of the periods in months: 1 month, 3 quarter, 6 half.

    Returns
    -------
    polars.LazyFrame
        Columns added: increment, in the registry's unit (negative where a figure was 核减), and
        increment_bound.

    Examples
    --------
    >>> rows = {"district": "1", "indicator": "i", "level": "", "year": 2013, "month": [5, 6],
    ...         "value": [98.0, 120.0], "bound": "exact", "status": "reported", "break_id": None,
    ...         "reported": "", "intake_id": "000001-00000000"}
    >>> increments(pl.LazyFrame(rows)).collect()["increment"].to_list()
    [None, 22.0]
    """
    figures = current(observations)
    return increments_of(figures, figures, pl.lit(months))


def increments_of(rows: pl.LazyFrame, figures: Figures, months: pl.Expr) -> pl.LazyFrame:
    """Add increments to some rows, given all figures; each row has its own period length.

    See `increments` for the columns added.

    Parameters
    ----------
    rows
        Rows of the Observation table.
    figures
        All figures, one per key; the earlier ones are looked up here.
    months
        Length of each row's period, in months.
    """
    columns = _earlier_columns("_earlier")
    rows = lag(rows.with_columns(_period_months=months), figures, columns, months)
    return _with_increment(rows).drop("_period_months", *columns)


def _earlier_columns(name: str) -> dict[str, pl.Expr]:
    """Return the columns to take from an earlier figure, named after it."""
    return {
        name: pl.col("value"),
        f"{name}_bound": pl.col("bound"),
        f"{name}_break": pl.col("break_id"),
    }


def _with_increment(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Add increment and increment_bound to rows with ``_period_months`` and ``_earlier…``."""
    is_first = pl.col("month") == pl.col("_period_months")
    is_end = pl.col("month") % pl.col("_period_months") == 0
    same = pl.col("break_id").eq_missing(pl.col("_earlier_break"))
    comparable = pl.col("value").is_not_null() & pl.col("_earlier").is_not_null() & same
    bound = (
        pl.when(is_first & pl.col("value").is_not_null())
        .then("bound")
        .when(is_end & ~is_first & comparable)
        .then(quotient_bound("bound", "_earlier_bound"))
    )
    return rows.with_columns(increment_bound=bound).with_columns(
        increment=pl.when(pl.col("increment_bound").is_null())
        .then(None)
        .when(is_first)
        .then("value")
        .otherwise(pl.col("value") - pl.col("_earlier"))
    )


def period_on_period(
    rows: pl.LazyFrame, figures: Figures, indicators: pl.DataFrame, months: pl.Expr
) -> pl.LazyFrame:
    """Add 环比: growth of a flow's increment, or of another figure's level, over the period before.

    period_on_period = (x − previous) / previous for previous > 0 and x ≥ 0, x − previous for
    points indicators (definitions §7). It is not adjusted for seasons, and briefs do not print it.

    Parameters
    ----------
    rows, figures, months
        As for `increments_of`.
    indicators
        Indicator table.

    Returns
    -------
    polars.LazyFrame
        Columns added: increment (flows), previous, period_on_period (fraction, or points).

    Examples
    --------
    >>> from kejistats.model.registry import read_registry
    >>> rows = pl.LazyFrame({"district": "1", "indicator": "patent_granted", "level": "",
    ...     "year": 2025, "month": [3, 6], "value": [40.0, 100.0], "bound": "exact",
    ...     "break_id": None}, schema_overrides={"break_id": pl.String})
    >>> result = period_on_period(rows, rows, read_registry(), pl.lit(3)).collect()
    >>> result.select("increment", "previous", "period_on_period").row(1)
    (60.0, 40.0, 0.5)
    """
    names, checkpoints = rows.collect_schema().names(), rows.with_columns(_period_months=months)
    rows = with_indicator_columns(rows, indicators).with_columns(_period_months=months)
    rows = lag(
        rows,
        figures,
        _earlier_columns("_earlier"),
        pl.col("_period_months"),
        checkpoints=checkpoints,
    )
    rows = lag(
        rows,
        figures,
        _earlier_columns("_start"),
        pl.col("_period_months") * 2,
        checkpoints=checkpoints,
    )
    rows = _with_increment(rows)
    # The increment of a period that began in January is the cumulative figure itself.
    began_in_january = (pl.col("month") - pl.col("_period_months") + 11) % 12 + 1 == pl.col(
        "_period_months"
    )
    same_start = pl.col("_start_break").eq_missing(pl.col("_earlier_break"))
    rows = rows.with_columns(
        _previous_increment=pl.when(began_in_january)
        .then("_earlier")
        .when(same_start)
        .then(pl.col("_earlier") - pl.col("_start")),
        _previous_increment_bound=pl.when(began_in_january)
        .then("_earlier_bound")
        .when(pl.col("_start").is_not_null())
        .then(quotient_bound("_earlier_bound", "_start_bound")),
    )
    flow = pl.col("measure") == "flow"
    same = pl.col("break_id").eq_missing(pl.col("_earlier_break"))
    figure = pl.when(flow).then("increment").otherwise("value")
    figure_bound = pl.when(flow).then("increment_bound").otherwise("bound")
    previous_bound = pl.when(flow).then("_previous_increment_bound").otherwise("_earlier_bound")
    is_end = ~flow | (pl.col("month") % pl.col("_period_months") == 0)
    usable = same & figure_bound.is_in(UNBOUNDED) & previous_bound.is_in(UNBOUNDED)
    rows = rows.with_columns(
        increment=pl.when(flow).then("increment"),
        previous=pl.when(same & is_end & previous_bound.is_in(UNBOUNDED)).then(
            pl.when(flow).then("_previous_increment").otherwise("_earlier")
        ),
        _current=figure,
    )
    x, b = pl.col("_current"), pl.col("previous")
    rate = (
        pl.when(~usable)
        .then(None)
        .when(pl.col("_growth") == "points")
        .then(x - b)
        .when((b > 0) & (x >= 0))
        .then((x - b) / b)
    )
    return rows.with_columns(period_on_period=rate).select(
        *names, "increment", "previous", "period_on_period"
    )
