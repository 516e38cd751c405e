"""Every figure as it stands, with derived totals and ratios, and what is held of it at a time."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from kejistats.metrics.frames import upsert
from kejistats.metrics.lookup import ROW, sorted_by_key, with_key
from kejistats.metrics.ratios import computed
from kejistats.metrics.totals import sums
from kejistats.store import current, on_other_definitions

Table = pl.DataFrame | pl.LazyFrame
# Rows from which on years are worked out one by one, and checkpoints side by side.
MANY = 600_000
# What says how a figure came in, and nothing of the figure.
_OF_INTAKE = ["reported", "note"]


def history(observations: Table, districts: pl.DataFrame, indicators: pl.DataFrame) -> pl.LazyFrame:
    """Return every figure as it stands, with derived totals and ratios: one row per key.

    Parameters
    ----------
    observations
        Observation table with all vintages.
    districts, indicators
        District and Indicator tables.

    Examples
    --------
    >>> from kejistats.model.registry import read_registry
    >>> from kejistats.model.tables import District, Observation
    >>> units = District.conform(pl.DataFrame([{"code": "1", "name": "甲区", "kind": "district"}]))
    >>> frame = Observation.conform(pl.DataFrame([
    ...     {"district": "1", "indicator": i, "level": "", "year": 2024, "month": 12, "value": v,
    ...      "status": "reported", "grade": "final", "bound": "exact", "reported": str(v),
    ...      "source": "a.csv#D2", "intake_id": "000001-00000000"}
    ...     for i, v in [("rd_expenditure", 2.5), ("rd_fte", 500.0)]]))
    >>> found = history(frame, units, read_registry()).collect()
    >>> found.filter(pl.col("indicator") == "rd_per_fte")["value"].item()
    50.0
    """
    # Each step uses the one before several times; uncollected, it would be computed as often.
    frame = observations.lazy().collect()
    repeated = frame.lazy().select(ROW).unique().select(pl.len()).collect().item() < frame.height
    figures = current(frame.lazy()).collect().lazy() if repeated else frame.lazy()
    return _complete(figures, districts, indicators)


def _complete(
    figures: pl.LazyFrame, districts: pl.DataFrame, indicators: pl.DataFrame
) -> pl.LazyFrame:
    """Add derived totals and ratios to figures, one per key."""
    added = sums(figures, districts, indicators)
    rates = computed(pl.concat([figures, added.lazy()]), indicators)
    return upsert(figures, pl.concat([added.join(rates, on=ROW, how="anti"), rates]))


@dataclass(frozen=True)
class Tables:
    """The tables with coded keys."""

    observations: pl.LazyFrame
    targets: pl.DataFrame
    districts: pl.DataFrame
    indicators: pl.DataFrame


@dataclass(frozen=True)
class YearWindow:
    """The figures of some years as they stand, and what they were on other definitions."""

    now: dict[int, pl.DataFrame]
    others: pl.DataFrame | None

    def moved(self, tables: Tables, years: set[int], months: list[int]) -> YearWindow:
        """Return the figures of other years; those held already are not worked out again."""
        months_asked = pl.col("month").is_in(months)
        raw = {
            year: with_key(
                tables.observations.filter(pl.col("year") == year, months_asked)
            ).collect()
            for year in sorted(years - set(self.now))
        }
        others = [] if self.others is None else [self.others.filter(pl.col("year").is_in(years))]
        others += [
            on_other_definitions(rows.drop("_k").lazy()).collect()
            for rows in raw.values()
            if rows["break_id"].null_count() < rows.height
        ]
        if sum(rows.height for rows in raw.values()) < MANY:
            # Few rows cost less all at once than year by year.
            whole = _as_they_stand(pl.concat(raw.values()), tables) if raw else None
            now = {} if whole is None else {y: whole.filter(pl.col("year") == y) for y in raw}
        else:
            now = {year: _as_they_stand(rows, tables) for year, rows in raw.items()}
        now |= {year: rows for year, rows in self.now.items() if year in years}
        return YearWindow(now, pl.concat(others) if others else None)


def _as_they_stand(rows: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """Return `history` of rows in the order of their ``_k``."""
    key = rows["_k"].sort()
    again = key.filter(key == key.shift(1))
    if again.len():
        several = pl.col("_k").is_in(again.implode())
        latest = current(rows.filter(several).lazy()).collect()
        rows = pl.concat([rows.filter(~several), latest])
    figures = rows.lazy().drop("_k", *_OF_INTAKE)
    return (
        with_key(_complete(figures, tables.districts, tables.indicators))
        .collect()
        .pipe(sorted_by_key)
    )
