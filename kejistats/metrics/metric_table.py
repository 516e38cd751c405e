"""The Metric table: the metric functions composed (definitions §9)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from functools import partial

import polars as pl

from kejistats.metrics.frames import Codes, with_facts
from kejistats.metrics.growth import first_time, growth_of
from kejistats.metrics.history import MANY, Table, Tables, YearWindow, history
from kejistats.metrics.increments import period_on_period
from kejistats.metrics.lookup import ROW, TIME, Past, lag, sorted_by_key, with_key
from kejistats.metrics.outlook import outlook
from kejistats.metrics.pace import seasonal_profile, share_due
from kejistats.metrics.peers import with_peers
from kejistats.metrics.progress import progress
from kejistats.metrics.shares import OF_CONTRIBUTION, OF_SHARE, contribution, share, with_parent
from kejistats.metrics.standing import (
    attainment_rank,
    distances,
    growth_rank,
    rank,
    rank_change,
)
from kejistats.metrics.targets import compare_with_target, judged_targets
from kejistats.metrics.unreported import unreported_rows
from kejistats.model.errors import UsageError
from kejistats.model.period import LENGTHS, Checkpoint
from kejistats.model.settings import Thresholds
from kejistats.model.tables import Metric


@dataclass(frozen=True)
class Basis:
    """What every number of a Metric table rests on, beside the data themselves.

    Parameters
    ----------
    thresholds
        Limits of what is judged; those of definitions §6 to §8 by default.
    benchmark
        Code of the district all are compared with; empty for none.
    period
        Length of the stretches of 环比: half, quarter or month; by default the longest that the
        checkpoint ends.
    as_known
        The day whose knowledge counts for what cannot be out yet; the figures must be those of
        that day already.
    """

    thresholds: Thresholds = field(default_factory=Thresholds)
    benchmark: str = ""
    period: str | None = None
    as_known: date | None = None

    def months(self, at: Checkpoint) -> int:
        """Return the length of a checkpoint's stretch.

        Raises
        ------
        UsageError
            For a period that is none of the three.
        """
        if self.period is not None and self.period not in LENGTHS:
            raise UsageError(f"unknown period {self.period!r}", f"one of: {', '.join(LENGTHS)}")
        return LENGTHS[self.period or at.length]


def metric_table(
    observations: Table,
    targets: pl.DataFrame,
    districts: pl.DataFrame,
    indicators: pl.DataFrame,
    checkpoint: Checkpoint,
    thresholds: Thresholds | None = None,
    *,
    basis: Basis | None = None,
) -> pl.DataFrame:
    """Compose the Metric table of one checkpoint (definitions §9).

    Every valid district has a row for every indicator that its parent or one of its parent's
    districts reported at the checkpoint or that it has a target for; what it did not report is
    ``missing``.

    Parameters
    ----------
    observations, targets
        Tables with all vintages. Of observations that come lazily only what is needed is read.
    districts, indicators
        District and Indicator tables.
    checkpoint
        The checkpoint.
    thresholds
        Limits of the progress codes; those of definitions §6 by default.
    basis
        All settings at once, instead of `thresholds`.

    Returns
    -------
    polars.DataFrame
        The Metric table, ordered by district and registry.

    Examples
    --------
    >>> from kejistats.model.registry import read_registry
    >>> from kejistats.model.tables import District, Observation, Target
    >>> units = District.conform(pl.DataFrame([{"code": "1", "name": "甲区", "kind": "district"}]))
    >>> frame = Observation.conform(pl.DataFrame([
    ...     {"district": "1", "indicator": "patent_granted", "level": "", "year": y, "month": 6,
    ...      "value": v, "status": "reported", "grade": "final", "bound": "exact",
    ...      "reported": str(v), "source": "a.csv#D2", "intake_id": "000001-00000000"}
    ...     for y, v in [(2024, 20.0), (2025, 25.0)]]))
    >>> table = metric_table(frame, Target.no_rows(), units, read_registry(), Checkpoint(2025, 6))
    >>> table.select("value", "base", "yoy", "progress").row(0)
    (25.0, 20.0, 0.25, 'no_target')
    """
    given = basis or Basis(thresholds or Thresholds())
    return next(metric_tables(observations, targets, districts, indicators, [checkpoint], given))


def metric_tables(
    observations: Table,
    targets: pl.DataFrame,
    districts: pl.DataFrame,
    indicators: pl.DataFrame,
    checkpoints: Iterable[Checkpoint],
    basis: Basis | None = None,
) -> Iterator[pl.DataFrame]:
    """Compose the Metric tables of many checkpoints, a year at a time.

    Parameters
    ----------
    observations, targets
        Tables with all vintages. Observations that come lazily are read a year at a time, so
        that no more than five years are held.
    districts, indicators
        District and Indicator tables.
    checkpoints
        Any checkpoints.
    basis
        Settings; the defaults of the definitions.

    Yields
    ------
    polars.DataFrame
        The Metric rows of all checkpoints of a year, oldest year first, ordered by checkpoint,
        district and registry.

    Examples
    --------
    >>> from kejistats.model.registry import read_registry
    >>> from kejistats.model.tables import District, Observation, Target
    >>> units = District.conform(pl.DataFrame([{"code": "1", "name": "甲区", "kind": "district"}]))
    >>> frame = Observation.conform(pl.DataFrame([
    ...     {"district": "1", "indicator": "patent_granted", "level": "", "year": y, "month": 6,
    ...      "value": v, "status": "reported", "grade": "final", "bound": "exact",
    ...      "reported": str(v), "source": "a.csv#D2", "intake_id": "000001-00000000"}
    ...     for y, v in [(2023, 16.0), (2024, 20.0), (2025, 25.0)]]))
    >>> halves = [Checkpoint(y, 6) for y in (2024, 2025)]
    >>> tables = metric_tables(frame, Target.no_rows(), units, read_registry(), halves)
    >>> [table["yoy"].to_list() for table in tables]
    [[0.25], [0.25]]
    """
    given = basis or Basis()
    asked = sorted(set(checkpoints))
    codes = Codes.of(districts, indicators)
    tables = Tables(
        codes.rows(observations.lazy()),
        codes.rows(targets.lazy()).collect(),
        codes.units(districts),
        codes.facts(indicators),
    )
    months = sorted({*_months(asked, given), *_told(tables.observations, asked)})
    held = YearWindow({}, None)
    ranks: dict[Checkpoint, pl.DataFrame] = {}
    for year in sorted({at.year for at in asked}):
        here = [at for at in asked if at.year == year]
        held = held.moved(tables, _years(year, tables.targets, given), months)
        parts = _pieces(here, held.now[year].height)
        with ThreadPoolExecutor(min(len(parts), os.cpu_count() or 1)) as pool:
            found = list(pool.map(partial(_metrics, tables, held, ranks, given), parts))
        ranks = {at: placed for _, own in found for at, placed in own.items()}
        yield pl.concat([table for table, _ in found], rechunk=False)


def _months(asked: list[Checkpoint], basis: Basis) -> list[int]:
    """Return the months of a year whose figures any of the checkpoints needs."""
    months = {12}
    for at in asked:
        length = basis.months(at)
        months |= {at.earlier(length * back).month for back in range(3)}
    return sorted(months)


def _told(observations: pl.LazyFrame, asked: list[Checkpoint]) -> list[int]:
    """Return the months through which figures are told that say another day than the month's end."""
    here = pl.col("year").is_in([at.year for at in asked])
    days = observations.filter(here, pl.col("as_of").is_not_null()).select("as_of").unique()
    return days.collect()["as_of"].dt.month().cast(pl.Int64).to_list()


def _years(year: int, targets: pl.DataFrame, basis: Basis) -> set[int]:
    """Return the years whose figures a year's metrics need: its own, its past, base years."""
    past = max(2, int(basis.thresholds.seasonal_years) + 1)
    multi = targets.filter(pl.col("kind") == "multi_year", pl.col("base_year") < year)
    return {*range(year - past, year + 1), *multi["base_year"].to_list()}


def _pieces(here: list[Checkpoint], rows: int) -> list[list[Checkpoint]]:
    """Return the checkpoints of a year in pieces of so many rows that a thread is worth it.

    Much of the work goes column by column and would leave other processors idle.
    """
    size = max(len(here) * MANY // max(rows, 1), 1)
    return [here[start : start + size] for start in range(0, len(here), size)]


def _metrics(
    tables: Tables,
    held: YearWindow,
    ranks: dict[Checkpoint, pl.DataFrame],
    basis: Basis,
    here: list[Checkpoint],
) -> tuple[pl.DataFrame, dict[Checkpoint, pl.DataFrame]]:
    """Return the Metric rows of checkpoints of one year, and their ranks for the year after.

    `ranks` are those of the year before, as far as they are known.
    """
    districts, indicators = tables.districts, tables.indicators
    limits = basis.thresholds
    figures = Past(held.now)
    others = None if held.others is None else held.others.lazy()
    year, months = here[0].year, [at.month for at in here]
    level = pl.lit("").cast(tables.observations.collect_schema()["level"])
    aims = judged_targets(tables.targets.lazy(), here).with_columns(level=level)
    judged = with_key(aims).collect().pipe(sorted_by_key)
    known = held.now[year].filter(pl.col("month").is_in(months))
    scale = pl.when(pl.col("_growth") == "percent").then(100.0).otherwise(1.0)
    more = unreported_rows(known, judged, districts, here)
    rows = pl.concat([known, more]).pipe(sorted_by_key) if more.height else known
    rows = with_facts(rows.lazy(), indicators).collect()
    rows = _with(rows, lambda rows: growth_of(rows, figures, others, indicators))
    rows = rows.with_columns(published_growth=pl.col("published_growth") / scale)
    lengths = {at.month: basis.months(at) for at in here}
    stretch = pl.col("month").replace_strict(lengths, return_dtype=pl.Int64)
    aim = {c: pl.col(c) for c in judged.columns if c not in (*ROW, "_k")}
    if all(at.earlier(12) in ranks for at in here):
        before = pl.concat([ranks[at.earlier(12)] for at in here])
    else:
        past = held.now[year - 1].filter(pl.col("month").is_in(months)).lazy()
        before = rank(past, districts, indicators, limits.rank_coverage).collect()
    steps: list[Callable[[pl.LazyFrame], pl.LazyFrame]] = [
        lambda rows: _first_time(rows, tables),
        lambda rows: period_on_period(rows, figures, indicators, stretch),
        lambda rows: lag(rows, judged.lazy(), aim, pl.lit(0)),
        lambda rows: _with_target_base(rows, figures, tables.targets),
        lambda rows: seasonal_profile(rows, figures, districts, indicators, limits),
        share_due,
        compare_with_target,
        lambda rows: progress(rows, limits, basis.as_known),
        lambda rows: outlook(rows, limits),
        lambda rows: with_peers(rows, districts, indicators),
        lambda rows: rank(rows, districts, indicators, limits.rank_coverage),
        lambda rows: rank_change(rows, before.lazy()),
        lambda rows: growth_rank(rows, districts, indicators, limits),
        lambda rows: attainment_rank(rows, districts, indicators),
        lambda rows: distances(rows, districts, indicators, basis.benchmark),
        lambda rows: with_parent(rows, districts, indicators, [*OF_SHARE, *OF_CONTRIBUTION]),
        lambda rows: share(rows, districts, indicators),
        lambda rows: contribution(rows, districts, indicators, limits),
    ]
    for step in steps:
        rows = _with(rows, step)
    placed = rows.select(*ROW, "_k", "rank", "_members")
    targeted = pl.col("target").is_not_null()
    table = rows.with_columns(
        pl.when(targeted).then(c).alias(c) for c in ("target_base", "target_base_bound")
    ).select(pl.col(c).cast(t) for c, t in Metric.dtypes().items())
    own = {at: placed.filter(pl.col("month") == at.month) for at in here}
    return Metric.checked(table, distinct=rows["_k"].diff().min() != 0), own


def _with(rows: pl.DataFrame, step: Callable[[pl.LazyFrame], pl.LazyFrame]) -> pl.DataFrame:
    """Return rows with what a step adds.

    Every step keeps the rows and their order, so that only its own columns are worked out and
    put beside the others, which none of its joins then has to carry along.
    """
    result = step(rows.lazy())
    names = result.collect_schema().names()
    added = result.select([c for c in names if c not in rows.columns]).collect()
    return pl.concat([rows, added], how="horizontal")


def _first_time(rows: pl.LazyFrame, tables: Tables) -> pl.LazyFrame:
    """Add 首次, which asks for the whole history, of the few series that may be new only."""
    rose = (pl.col("yoy_reason") == "base_zero") & (pl.col("value") > 0)
    new = rows.filter(rose).select("indicator").unique().collect()["indicator"]
    if new.is_empty():
        return rows.with_columns(first_time=pl.lit(value=False))
    facts = tables.indicators
    inputs = {i: (n, d) for i, n, d in facts.select("id", "numerator", "denominator").iter_rows()}
    ids = list(new)
    for indicator in ids:  # grows as it goes: a ratio may be made of ratios
        ids += [i for i in inputs.get(indicator, ()) if i and i not in ids]
    end = rows.select(TIME.max()).collect().item()
    past = tables.observations.filter(pl.col("indicator").is_in(ids), end >= TIME)
    return first_time(rows, history(past, tables.districts, facts))


def _with_target_base(rows: pl.LazyFrame, figures: Past, targets: pl.DataFrame) -> pl.LazyFrame:
    """Add the December that an increase is counted from: last year's, or that of the base year."""
    last = pl.col("base_year") == pl.col("year") - 1
    rows = rows.with_columns(
        target_base=pl.when(last).then("year_end"),
        target_base_bound=pl.when(last).then("year_end_bound"),
    )
    if targets.filter(pl.col("kind") == "multi_year").is_empty():
        return rows
    back = (pl.col("year") - pl.col("base_year") - 1) * 12 + pl.col("month")
    bases = {"_multi": pl.col("value"), "_multi_bound": pl.col("bound")}
    rows = lag(rows, figures, bases, back, ["break_id"])
    return rows.with_columns(
        target_base=pl.coalesce("target_base", "_multi"),
        target_base_bound=pl.coalesce("target_base_bound", "_multi_bound"),
    ).drop("_multi", "_multi_bound")
