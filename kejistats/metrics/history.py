"""The current figures with derived totals and ratios, for all years or for a window of years."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from kejistats.metrics.frames import upsert
from kejistats.metrics.lookup import KEY, sort_by_key, with_key
from kejistats.metrics.ratios import ratio_rows
from kejistats.metrics.totals import total_rows
from kejistats.store import current, on_other_definitions

Frame = pl.DataFrame | pl.LazyFrame
# With more rows than this, years are computed one by one and checkpoints in parallel.
BATCH_ROWS = 600_000
# Columns about the intake of a figure, which no metric needs.
_INTAKE_COLUMNS = ["reported", "note"]


def history(observations: Frame, districts: pl.DataFrame, indicators: pl.DataFrame) -> pl.LazyFrame:
    """Return the current figure of each key, with derived totals and ratios.

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
    >>> figures = history(frame, units, read_registry()).collect()
    >>> figures.filter(pl.col("indicator") == "rd_per_fte")["value"].item()
    50.0
    """
    # Each step uses the one before several times; without collecting it would be computed anew.
    frame = observations.lazy().collect()
    repeated = frame.lazy().select(KEY).unique().select(pl.len()).collect().item() < frame.height
    figures = current(frame.lazy()).collect().lazy() if repeated else frame.lazy()
    return _with_derived(figures, districts, indicators)


def _with_derived(
    figures: pl.LazyFrame, districts: pl.DataFrame, indicators: pl.DataFrame
) -> pl.LazyFrame:
    """Add derived totals and ratios to figures, one per key."""
    added = total_rows(figures, districts, indicators)
    rates = ratio_rows(pl.concat([figures, added.lazy()]), indicators)
    return upsert(figures, pl.concat([added.join(rates, on=KEY, how="anti"), rates]))


@dataclass(frozen=True)
class CodedTables:
    """The tables with coded keys."""

    observations: pl.LazyFrame
    targets: pl.DataFrame
    districts: pl.DataFrame
    indicators: pl.DataFrame


@dataclass(frozen=True)
class YearWindow:
    """The current figures of some years.

    Parameters
    ----------
    figures_by_year
        The figures of each year, with coded keys, sorted by ``_key``.
    other_definitions
        Figures of the same keys on other definitions; None where there are none.
    """

    figures_by_year: dict[int, pl.DataFrame]
    other_definitions: pl.DataFrame | None

    def move_to(self, tables: CodedTables, years: set[int], months: list[int]) -> YearWindow:
        """Return the window of other years, computing only those that this one lacks."""
        in_months = pl.col("month").is_in(months)
        raw = {
            year: with_key(tables.observations.filter(pl.col("year") == year, in_months)).collect()
            for year in sorted(years - set(self.figures_by_year))
        }
        others = []
        if self.other_definitions is not None:
            others.append(self.other_definitions.filter(pl.col("year").is_in(years)))
        others += [
            on_other_definitions(rows.drop("_key").lazy()).collect()
            for rows in raw.values()
            if rows["break_id"].null_count() < rows.height
        ]
        computed: dict[int, pl.DataFrame] = {}
        if sum(rows.height for rows in raw.values()) >= BATCH_ROWS:
            computed = {year: _current_figures(rows, tables) for year, rows in raw.items()}
        elif raw:  # few rows are computed faster all at once than year by year
            figures = _current_figures(pl.concat(raw.values()), tables)
            computed = {year: figures.filter(pl.col("year") == year) for year in raw}
        kept = {year: rows for year, rows in self.figures_by_year.items() if year in years}
        return YearWindow(computed | kept, pl.concat(others) if others else None)


def _current_figures(rows: pl.DataFrame, tables: CodedTables) -> pl.DataFrame:
    """Return `history` of rows with ``_key``, sorted by it."""
    key = rows["_key"].sort()
    repeated = key.filter(key == key.shift(1))
    if repeated.len():
        has_vintages = pl.col("_key").is_in(repeated.implode())
        latest = current(rows.filter(has_vintages).lazy()).collect()
        rows = pl.concat([rows.filter(~has_vintages), latest])
    figures = rows.lazy().drop("_key", *_INTAKE_COLUMNS)
    return (
        with_key(_with_derived(figures, tables.districts, tables.indicators))
        .collect()
        .pipe(sort_by_key)
    )
