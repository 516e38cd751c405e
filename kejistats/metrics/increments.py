"""Increments inside the year from cumulative figures, and 环比 against the stretch before (definitions §2, §7)."""

from __future__ import annotations

import polars as pl

from kejistats.metrics.bounds import FIRM, quotient
from kejistats.metrics.frames import with_facts
from kejistats.metrics.lookup import Figures, lag
from kejistats.store import current


def increments(observations: pl.LazyFrame, months: int = 1) -> pl.LazyFrame:
    """Add what each stretch of the year brought: the difference of cumulative figures.

    increment = x(m) − x(m − months), in the first stretch of a year the cumulative figure itself
    (definitions §2). It is null where either figure is masked or missing, where the two are on
    different definitions, where their bounds contradict each other, and where the month does not
    end a stretch of that length.

    Parameters
    ----------
    observations
        Observation table of flows; of several vintages the current one is taken.
    months
        Length of the stretches: 1 month, 3 quarter, 6 half.

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
    """Add the increments of some rows, each with a length of its own; see `increments`.

    Parameters
    ----------
    rows
        Rows of the Observation table.
    figures
        All figures the differences may be taken from, one per key.
    months
        Length of each row's stretch.
    """
    columns = _taken("_earlier")
    rows = lag(rows.with_columns(_length=months), figures, columns, months)
    return _increment(rows).drop("_length", *columns)


def _taken(name: str) -> dict[str, pl.Expr]:
    return {
        name: pl.col("value"),
        f"{name}_bound": pl.col("bound"),
        f"{name}_break": pl.col("break_id"),
    }


def _increment(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Add increment and increment_bound to rows with ``_length`` and ``_earlier…``."""
    starts = pl.col("month") == pl.col("_length")
    ends = pl.col("month") % pl.col("_length") == 0
    same = pl.col("break_id").eq_missing(pl.col("_earlier_break"))
    known = pl.col("value").is_not_null() & pl.col("_earlier").is_not_null() & same
    bound = (
        pl.when(starts & pl.col("value").is_not_null())
        .then("bound")
        .when(ends & ~starts & known)
        .then(quotient("bound", "_earlier_bound"))
    )
    return rows.with_columns(increment_bound=bound).with_columns(
        increment=pl.when(pl.col("increment_bound").is_null())
        .then(None)
        .when(starts)
        .then("value")
        .otherwise(pl.col("value") - pl.col("_earlier"))
    )


def period_on_period(
    rows: pl.LazyFrame, figures: Figures, indicators: pl.DataFrame, months: pl.Expr
) -> pl.LazyFrame:
    """Add 环比: of a flow its increment against the one before, of others their level before.

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
    >>> found = period_on_period(rows, rows, read_registry(), pl.lit(3)).collect()
    >>> found.select("increment", "previous", "period_on_period").row(1)
    (60.0, 40.0, 0.5)
    """
    names, at = rows.collect_schema().names(), rows.with_columns(_length=months)
    rows = with_facts(rows, indicators).with_columns(_length=months)
    rows = lag(rows, figures, _taken("_earlier"), pl.col("_length"), at=at)
    rows = lag(rows, figures, _taken("_start"), pl.col("_length") * 2, at=at)
    # The stretch before: its increment for a flow, where it stood at its end for all else.
    rows = _increment(rows)
    # A stretch that began in January is the cumulative figure itself.
    whole = (pl.col("month") - pl.col("_length") + 11) % 12 + 1 == pl.col("_length")
    known = pl.col("_start_break").eq_missing(pl.col("_earlier_break"))
    rows = rows.with_columns(
        _step=pl.when(whole)
        .then("_earlier")
        .when(known)
        .then(pl.col("_earlier") - pl.col("_start")),
        _step_bound=pl.when(whole)
        .then("_earlier_bound")
        .when(pl.col("_start").is_not_null())
        .then(quotient("_earlier_bound", "_start_bound")),
    )
    flow = pl.col("measure") == "flow"
    same = pl.col("break_id").eq_missing(pl.col("_earlier_break"))
    now = pl.when(flow).then("increment").otherwise("value")
    now_bound = pl.when(flow).then("increment_bound").otherwise("bound")
    previous_bound = pl.when(flow).then("_step_bound").otherwise("_earlier_bound")
    ends = ~flow | (pl.col("month") % pl.col("_length") == 0)
    usable = same & now_bound.is_in(FIRM) & previous_bound.is_in(FIRM)
    rows = rows.with_columns(
        increment=pl.when(flow).then("increment"),
        previous=pl.when(same & ends & previous_bound.is_in(FIRM)).then(
            pl.when(flow).then("_step").otherwise("_earlier")
        ),
        _now=now,
    )
    x, b = pl.col("_now"), pl.col("previous")
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
