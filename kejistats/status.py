"""Who has reported what for a checkpoint, who is late, and what is still open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from kejistats.metrics.totals import valid_at
from kejistats.model.period import Checkpoint
from kejistats.model.registry import due_indicators
from kejistats.store import current

if TYPE_CHECKING:
    from kejistats.dataset import Dataset

# From the state to act on first to the one that needs nothing.
STATES = {
    "overdue": "逾期未报",
    "overdue_part": "逾期未报齐",
    "waiting": "未报，尚未到期",
    "partial": "报送中，尚未到期",
    "late": "逾期报齐",
    "complete": "按期报齐",
}
_IN = ["reported", "masked", "not_applicable"]
_CELL = ["district", "indicator"]
# A day of intake is a day where the bureaus are.
_ZONE = "Asia/Shanghai"
_ACCOUNT = [
    "overdue", "days", "first", "first_day", "last", "last_day", "errors", "warnings",
]  # fmt: skip
_COUNTS = ["reported", "masked", "not_applicable", "blank", "absent"]


@dataclass(frozen=True)
class Status:
    """The state of reporting at a checkpoint.

    Parameters
    ----------
    checkpoint, due, today
        The checkpoint, the day its reports are due, and the day this was asked.
    cells
        One row per expected figure: district, indicator, indicator_name, domain, domain_name,
        state (reported, masked, not_applicable; blank: a row without figure; absent: no row),
        due (its own day), since (day it came in, or null).
    districts
        One row per unit that is expected to report, late ones first: district, name, kind,
        state (of `STATES`), expected, the count of each state of `cells`, overdue (figures due
        and not in), days (since the oldest of these was due), first and last (receipts that
        brought rows of the checkpoint), first_day and last_day (their days), errors, warnings.
    coverage
        One row per unit and domain: district, name, domain, domain_name, expected, in_hand.
    findings
        The Finding table: what is still open, of this checkpoint, of the year's targets, or of
        rows whose checkpoint nobody can tell.
    """

    checkpoint: Checkpoint
    due: date
    today: date
    cells: pl.DataFrame
    districts: pl.DataFrame
    coverage: pl.DataFrame
    findings: pl.DataFrame


def reporting_status(dataset: Dataset, at: Checkpoint, today: date) -> Status:
    """Return who has reported what for a checkpoint.

    Parameters
    ----------
    dataset
        The data set, opened.
    at
        The checkpoint; nothing need have come in for it.
    today
        The day on which lateness is judged.
    """
    from kejistats.store import Store

    store = Store(dataset.path / "store")
    return status_of(
        dataset.observations,
        dataset.targets,
        store.receipts(),
        store.open_findings(),
        dataset.districts,
        dataset.form_indicators,
        at,
        dataset.settings.checks.due_days,
        today,
    )


def status_of(
    observations: pl.DataFrame,
    targets: pl.DataFrame,
    receipts: pl.DataFrame,
    open_findings: pl.DataFrame,
    districts: pl.DataFrame,
    indicators: pl.DataFrame,
    at: Checkpoint,
    due_days: float,
    today: date,
) -> Status:
    """Return the state of reporting from typed tables; see `expected` for what is expected.

    A masked figure and 无此项 count as reported, a blank does not. An indicator broken down by
    level is in once any of its rows is. A figure counts as come in on the day its source gave it
    out, where that is said and earlier than its first intake, else on the day of that intake.

    Parameters
    ----------
    observations, targets, receipts, open_findings, districts, indicators
        The tables; observations and targets with all vintages.
    at
        The checkpoint.
    due_days
        Days after the checkpoint's end by which reports are due. A figure that exists only
        ``release`` months later (more than one) is due as many days after the end of that month.
    today
        The day on which lateness is judged.
    """
    days = receipts.select(
        pl.col("id").alias("intake_id"),
        pl.col("created_at").str.to_datetime(time_zone="UTC").dt.convert_time_zone(_ZONE).dt.date()
        .alias("_taken"),
    )  # fmt: skip
    here = observations.filter(pl.col("year") == at.year, pl.col("month") == at.month).join(
        days, on="intake_id", how="left"
    )
    cells = _cells(here, expected(observations, targets, districts, indicators, at), at, due_days)
    year, month = pl.col("year"), pl.col("month")
    findings = open_findings.filter(
        year.is_null() | ((year == at.year) & (month.is_null() | (month == at.month)))
    )
    units = _units(cells, here, findings, districts, today)
    name = districts.select(pl.col("code").alias("district"), "name")
    coverage = (
        cells.group_by("district", "domain", "domain_name", maintain_order=True)
        .agg(
            pl.len().cast(pl.Int64).alias("expected"),
            pl.col("state").is_in(_IN).sum().cast(pl.Int64).alias("in_hand"),
        )
        .join(name, on="district", how="left", maintain_order="left")
        .select("district", "name", "domain", "domain_name", "expected", "in_hand")
    )
    due = pl.select(_due(pl.lit(at.end), pl.lit(1), due_days)).item()
    return Status(at, due, today, cells, units, coverage, findings)


def expected(
    observations: pl.DataFrame,
    targets: pl.DataFrame,
    districts: pl.DataFrame,
    indicators: pl.DataFrame,
    at: Checkpoint,
) -> pl.DataFrame:
    """Return which unit is expected to report which indicator at a checkpoint.

    An indicator is due by its frequency, unless it is recomputed from others. A unit valid at
    the checkpoint is expected to report a due indicator if it has a row of it, blank or not, at
    this checkpoint or the same of an earlier year, or a target on it this year. A unit without
    any row at the same checkpoint of an earlier year is expected to report every due indicator
    that the data set has rows or targets of, or simply every due one while it has none. Totals
    and subtotals need not report: only their own rows count, never their targets.

    Returns
    -------
    polars.DataFrame
        district, indicator, indicator_name, domain, domain_name, release; in the tables' order.
    """
    due = due_indicators(indicators, at).select(
        pl.col("id").alias("indicator"), pl.col("name").alias("indicator_name"), "order", "domain",
        "domain_name", "release",
    )  # fmt: skip
    units = (
        districts.with_row_index("_place")
        .filter(valid_at(pl.lit(at.end)))
        .select(pl.col("code").alias("district"), "kind", "_place")
    )
    same = observations.filter(pl.col("month") == at.month, pl.col("year") <= at.year)
    earlier = same.filter(pl.col("year") < at.year)["district"].unique().implode()
    reporting = units.filter(~pl.col("kind").is_in(["total", "subtotal"]))
    aimed = targets.filter(
        pl.col("year") == at.year, pl.col("district").is_in(reporting["district"].implode())
    )
    known = pl.concat([observations["indicator"], targets["indicator"]]).unique().implode()
    scope = due.filter(pl.col("indicator").is_in(known))
    fresh = reporting.filter(~pl.col("district").is_in(earlier)).select("district")
    pairs = pl.concat(
        [
            same.select(_CELL),
            aimed.select(_CELL),
            fresh.join(due if scope.is_empty() else scope, how="cross").select(_CELL),
        ]
    ).unique()
    return (
        pairs.join(units, on="district")
        .join(due, on="indicator")
        .sort("_place", "order")
        .select(*_CELL, "indicator_name", "domain", "domain_name", "release")
    )


def _due(end: pl.Expr, release: pl.Expr, due_days: float) -> pl.Expr:
    """Return the day a figure is due."""
    months = pl.when(release > 1).then(release).otherwise(0)
    month_end = end.dt.offset_by(pl.format("{}mo", months)).dt.month_end()
    return month_end + pl.duration(days=round(due_days))


def _cells(
    here: pl.DataFrame, wanted: pl.DataFrame, at: Checkpoint, due_days: float
) -> pl.DataFrame:
    """Return the expected figures with state, due day and the day each came in."""
    place = pl.col("status").replace_strict(
        {**{s: n for n, s in enumerate(_IN)}, "missing": len(_IN)}, return_dtype=pl.Int64
    )
    states = (
        current(here.lazy())
        .group_by(_CELL)
        .agg(pl.col("status").sort_by(place).first().replace("missing", "blank").alias("state"))
        .collect()
    )
    since = (
        here.filter(pl.col("status") != "missing")
        .group_by(_CELL)
        .agg(pl.min_horizontal("published", "_taken").min().alias("since"))
    )
    return (
        wanted.join(states, on=_CELL, how="left", maintain_order="left")
        .join(since, on=_CELL, how="left", maintain_order="left")
        .with_columns(
            pl.col("state").fill_null("absent"),
            due=_due(pl.lit(at.end), pl.col("release"), due_days),
        )
        .with_columns(since=pl.when(pl.col("state").is_in(_IN)).then("since"))
        .drop("release")
    )


def _units(
    cells: pl.DataFrame,
    here: pl.DataFrame,
    findings: pl.DataFrame,
    districts: pl.DataFrame,
    today: date,
) -> pl.DataFrame:
    """Return one row per unit, those to act on first."""
    is_in = pl.col("state").is_in(_IN)
    overdue = ~is_in & (pl.col("due") < today)
    counted = cells.group_by("district", maintain_order=True).agg(
        pl.len().cast(pl.Int64).alias("expected"),
        *((pl.col("state") == s).sum().cast(pl.Int64).alias(s) for s in _COUNTS),
        overdue.sum().cast(pl.Int64).alias("overdue"),
        (pl.lit(today) - pl.col("due").filter(overdue).min()).dt.total_days().alias("days"),
        is_in.any().alias("_any"),
        is_in.all().alias("_all"),
        (is_in & (pl.col("since") > pl.col("due"))).any().alias("_late"),
    )
    intakes = here.group_by("district").agg(
        pl.col("intake_id").min().alias("first"),
        pl.col("intake_id").max().alias("last"),
        pl.col("_taken").sort_by("intake_id").first().alias("first_day"),
        pl.col("_taken").sort_by("intake_id").last().alias("last_day"),
    )
    faults = findings.group_by("district").agg(
        (pl.col("severity") == s).sum().cast(pl.Int64).alias(f"{s}s") for s in ("error", "warning")
    )
    state = (
        pl.when(pl.col("overdue") > 0)
        .then(pl.when("_any").then(pl.lit("overdue_part")).otherwise(pl.lit("overdue")))
        .when("_all")
        .then(pl.when("_late").then(pl.lit("late")).otherwise(pl.lit("complete")))
        .otherwise(pl.when("_any").then(pl.lit("partial")).otherwise(pl.lit("waiting")))
    )
    name = districts.select(pl.col("code").alias("district"), "name", "kind")
    order = {code: n for n, code in enumerate(STATES)}
    return (
        counted.join(name, on="district", how="left", maintain_order="left")
        .join(intakes, on="district", how="left", maintain_order="left")
        .join(faults, on="district", how="left", maintain_order="left")
        .with_columns(pl.col("errors", "warnings").fill_null(0), state=state)
        .sort(
            pl.col("state").replace_strict(order, return_dtype=pl.Int64),
            -pl.col("overdue"),
            maintain_order=True,
        )
        .select("district", "name", "kind", "state", "expected", *_COUNTS, *_ACCOUNT)
    )
