"""The Metric table, composed of the metric functions (definitions §9)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from functools import partial

import polars as pl

from kejistats.metrics.frames import Codes, with_indicator_columns
from kejistats.metrics.growth import first_time, growth_of
from kejistats.metrics.history import BATCH_ROWS, CodedTables, Frame, YearWindow, history
from kejistats.metrics.increments import period_on_period
from kejistats.metrics.lookup import KEY, TIME, FiguresByYear, lag, sort_by_key, with_key
from kejistats.metrics.outlook import outlook
from kejistats.metrics.pace import seasonal_profile, share_due
from kejistats.metrics.peers import with_peers
from kejistats.metrics.progress import progress
from kejistats.metrics.shares import (
    CONTRIBUTION_INPUTS,
    SHARE_INPUTS,
    contribution,
    share,
    with_parent,
)
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
from kejistats.model.period import PERIOD_MONTHS, Checkpoint
from kejistats.model.settings import Thresholds
from kejistats.model.tables import Metric


@dataclass(frozen=True)
class Basis:
    """The settings of a Metric table: all that its numbers depend on beside the data.

    Parameters
    ----------
    thresholds
        Limits of the codes and ranks; by default those of definitions §6 to §8.
    benchmark
        Code of the district that all are compared with; empty for none.
    period
        Length of the periods of 环比: half, quarter or month; by default the longest that the
        checkpoint ends.
    as_known
        The day whose knowledge counts in deciding which figures are not due yet. It does not
        select figures: those passed in must already be the ones known on that day.
    """

    thresholds: Thresholds = field(default_factory=Thresholds)
    benchmark: str = ""
    period: str | None = None
    as_known: date | None = None

    def months(self, at: Checkpoint) -> int:
        """Return the length of the period that a checkpoint ends, in months.

        Raises
        ------
        UsageError
            When the period is not half, quarter or month.
        """
        if self.period is not None and self.period not in PERIOD_MONTHS:
            raise UsageError(
                f"unknown period {self.period!r}", f"one of: {', '.join(PERIOD_MONTHS)}"
            )
        return PERIOD_MONTHS[self.period or at.length]


def metric_table(
    observations: Frame,
    targets: pl.DataFrame,
    districts: pl.DataFrame,
    indicators: pl.DataFrame,
    checkpoint: Checkpoint,
    thresholds: Thresholds | None = None,
    *,
    basis: Basis | None = None,
) -> pl.DataFrame:
    """Compute the Metric table of one checkpoint (definitions §9).

    Each valid district has a row for every indicator that its parent or any district of the same
    parent reported at the checkpoint, and for every indicator it has a target for. Figures it did
    not report have the status ``missing``.

    Parameters
    ----------
    observations, targets
        Tables with all vintages. From lazy observations only the rows needed are read.
    districts, indicators
        District and Indicator tables.
    checkpoint
        The checkpoint.
    thresholds
        Limits of the progress codes; those of definitions §6 by default.
    basis
        All settings, instead of `thresholds`.

    Returns
    -------
    polars.DataFrame
        The Metric table, ordered by district and then as the registry.

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
    settings = basis or Basis(thresholds or Thresholds())
    return next(metric_tables(observations, targets, districts, indicators, [checkpoint], settings))


def metric_tables(
    observations: Frame,
    targets: pl.DataFrame,
    districts: pl.DataFrame,
    indicators: pl.DataFrame,
    checkpoints: Iterable[Checkpoint],
    basis: Basis | None = None,
) -> Iterator[pl.DataFrame]:
    """Compute the Metric tables of many checkpoints, one year at a time.

    Parameters
    ----------
    observations, targets
        Tables with all vintages. Lazy observations are read year by year, so that no more than
        five years are in memory.
    districts, indicators
        District and Indicator tables.
    checkpoints
        The checkpoints, in any order.
    basis
        Settings; by default those of the definitions.

    Yields
    ------
    polars.DataFrame
        The Metric rows of all checkpoints of a year, oldest year first, ordered by checkpoint,
        district and then as the registry.

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
    settings = basis or Basis()
    requested = sorted(set(checkpoints))
    codes = Codes.of(districts, indicators)
    tables = CodedTables(
        codes.encode_rows(observations.lazy()),
        codes.encode_rows(targets.lazy()).collect(),
        codes.encode_districts(districts),
        codes.encode_indicators(indicators),
    )
    covered = _covered_months(tables.observations, requested)
    months = sorted({*_months_needed(requested, settings), *covered})
    window = YearWindow({}, None)
    ranks: dict[Checkpoint, pl.DataFrame] = {}
    for year in sorted({at.year for at in requested}):
        of_year = [at for at in requested if at.year == year]
        window = window.move_to(tables, _years_needed(year, tables.targets, settings), months)
        batches = _batches(of_year, window.figures_by_year[year].height)
        with ThreadPoolExecutor(min(len(batches), os.cpu_count() or 1)) as pool:
            results = list(
                pool.map(partial(_metric_rows, tables, window, ranks, settings), batches)
            )
        ranks = {at: ranked for _, by_checkpoint in results for at, ranked in by_checkpoint.items()}
        yield pl.concat([table for table, _ in results], rechunk=False)


def _months_needed(requested: list[Checkpoint], basis: Basis) -> list[int]:
    """Return the months of a year whose figures any of the checkpoints needs."""
    months = {12}
    for at in requested:
        length = basis.months(at)
        months |= {at.earlier(length * back).month for back in range(3)}
    return sorted(months)


def _covered_months(observations: pl.LazyFrame, requested: list[Checkpoint]) -> list[int]:
    """Return the months of all ``as_of`` dates in the years of the checkpoints.

    A figure counted through another day than the end of its checkpoint is compared with figures
    of that month.
    """
    in_years = pl.col("year").is_in([at.year for at in requested])
    days = observations.filter(in_years, pl.col("as_of").is_not_null()).select("as_of").unique()
    return days.collect()["as_of"].dt.month().cast(pl.Int64).to_list()


def _years_needed(year: int, targets: pl.DataFrame, basis: Basis) -> set[int]:
    """Return the years whose figures a year's metrics need: itself, past years, base years."""
    past = max(2, int(basis.thresholds.seasonal_years) + 1)
    multi = targets.filter(pl.col("kind") == "multi_year", pl.col("base_year") < year)
    return {*range(year - past, year + 1), *multi["base_year"].to_list()}


def _batches(checkpoints: list[Checkpoint], rows: int) -> list[list[Checkpoint]]:
    """Split the checkpoints of a year into batches with enough rows to be worth a thread.

    Much of the work is done column by column, which leaves other processors idle.
    """
    size = max(len(checkpoints) * BATCH_ROWS // max(rows, 1), 1)
    return [checkpoints[start : start + size] for start in range(0, len(checkpoints), size)]


def _metric_rows(
    tables: CodedTables,
    window: YearWindow,
    ranks: dict[Checkpoint, pl.DataFrame],
    basis: Basis,
    checkpoints: list[Checkpoint],
) -> tuple[pl.DataFrame, dict[Checkpoint, pl.DataFrame]]:
    """Return the Metric rows of checkpoints of one year, and their ranks by checkpoint.

    `ranks` are those of the year before, as far as they were computed.
    """
    districts, indicators = tables.districts, tables.indicators
    limits = basis.thresholds
    figures = FiguresByYear(window.figures_by_year)
    other_definitions = None
    if window.other_definitions is not None:
        other_definitions = window.other_definitions.lazy()
    year, months = checkpoints[0].year, [at.month for at in checkpoints]
    level = pl.lit("").cast(tables.observations.collect_schema()["level"])
    judged = judged_targets(tables.targets.lazy(), checkpoints).with_columns(level=level)
    judged_rows = with_key(judged).collect().pipe(sort_by_key)
    known = window.figures_by_year[year].filter(pl.col("month").is_in(months))
    scale = pl.when(pl.col("_growth") == "percent").then(100.0).otherwise(1.0)
    unreported = unreported_rows(known, judged_rows, districts, checkpoints)
    rows = pl.concat([known, unreported]).pipe(sort_by_key) if unreported.height else known
    rows = with_indicator_columns(rows.lazy(), indicators).collect()
    rows = _add_columns(rows, lambda rows: growth_of(rows, figures, other_definitions, indicators))
    rows = rows.with_columns(published_growth=pl.col("published_growth") / scale)
    lengths = {at.month: basis.months(at) for at in checkpoints}
    period = pl.col("month").replace_strict(lengths, return_dtype=pl.Int64)
    target_columns = {c: pl.col(c) for c in judged_rows.columns if c not in (*KEY, "_key")}
    if all(at.earlier(12) in ranks for at in checkpoints):
        before = pl.concat([ranks[at.earlier(12)] for at in checkpoints])
    else:
        past = window.figures_by_year[year - 1].filter(pl.col("month").is_in(months)).lazy()
        before = rank(past, districts, indicators, limits.rank_coverage).collect()
    steps: list[Callable[[pl.LazyFrame], pl.LazyFrame]] = [
        lambda rows: _first_time(rows, tables),
        lambda rows: period_on_period(rows, figures, indicators, period),
        lambda rows: lag(rows, judged_rows.lazy(), target_columns, pl.lit(0)),
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
        lambda rows: with_parent(
            rows, districts, indicators, [*SHARE_INPUTS, *CONTRIBUTION_INPUTS]
        ),
        lambda rows: share(rows, districts, indicators),
        lambda rows: contribution(rows, districts, indicators, limits),
    ]
    for step in steps:
        rows = _add_columns(rows, step)
    ranked = rows.select(*KEY, "_key", "rank", "_members")
    has_target = pl.col("target").is_not_null()
    table = rows.with_columns(
        pl.when(has_target).then(c).alias(c) for c in ("target_base", "target_base_bound")
    ).select(pl.col(c).cast(t) for c, t in Metric.dtypes().items())
    by_checkpoint = {at: ranked.filter(pl.col("month") == at.month) for at in checkpoints}
    return Metric.checked(table, distinct=rows["_key"].diff().min() != 0), by_checkpoint


def _add_columns(rows: pl.DataFrame, step: Callable[[pl.LazyFrame], pl.LazyFrame]) -> pl.DataFrame:
    """Append the columns that a step adds to the rows.

    Every step keeps the rows and their order. So only the new columns are computed and then
    appended, and no join has to carry the others along.
    """
    result = step(rows.lazy())
    present = set(rows.columns)
    names = result.collect_schema().names()
    added = result.select([c for c in names if c not in present]).collect()
    return pl.concat([rows, added], how="horizontal")


def _first_time(rows: pl.LazyFrame, tables: CodedTables) -> pl.LazyFrame:
    """Add first_time (首次), reading the whole history of only those indicators that rose from zero."""
    rose_from_zero = (pl.col("yoy_reason") == "base_zero") & (pl.col("value") > 0)
    new = rows.filter(rose_from_zero).select("indicator").unique().collect()["indicator"]
    if new.is_empty():
        return rows.with_columns(first_time=pl.lit(value=False))
    indicators = tables.indicators
    ratios = indicators.select("id", "numerator", "denominator")
    inputs = {i: (n, d) for i, n, d in ratios.iter_rows()}
    ids = list(new)
    for indicator in ids:  # the list grows while it is read: inputs may be ratios themselves
        ids += [i for i in inputs.get(indicator, ()) if i and i not in ids]
    end = rows.select(TIME.max()).collect().item()
    past = tables.observations.filter(pl.col("indicator").is_in(ids), end >= TIME)
    return first_time(rows, history(past, tables.districts, indicators))


def _with_target_base(
    rows: pl.LazyFrame, figures: FiguresByYear, targets: pl.DataFrame
) -> pl.LazyFrame:
    """Add target_base, the December figure an increase is counted from: that of the base year."""
    is_last_year = pl.col("base_year") == pl.col("year") - 1
    rows = rows.with_columns(
        target_base=pl.when(is_last_year).then("year_end"),
        target_base_bound=pl.when(is_last_year).then("year_end_bound"),
    )
    if targets.filter(pl.col("kind") == "multi_year").is_empty():
        return rows
    months = (pl.col("year") - pl.col("base_year") - 1) * 12 + pl.col("month")
    bases = {"_base_year_value": pl.col("value"), "_base_year_bound": pl.col("bound")}
    rows = lag(rows, figures, bases, months, ["break_id"])
    return rows.with_columns(
        target_base=pl.coalesce("target_base", "_base_year_value"),
        target_base_bound=pl.coalesce("target_base_bound", "_base_year_bound"),
    ).drop("_base_year_value", "_base_year_bound")
