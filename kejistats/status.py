"""Reporting status of a checkpoint: who has reported what, who is late, what is still open."""

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

# In the order in which units are listed: those to act on first.
STATES = {
    "overdue": "逾期未报",
    "overdue_part": "逾期未报齐",
    "waiting": "未报，尚未到期",
    "partial": "报送中，尚未到期",
    "late": "逾期报齐",
    "complete": "按期报齐",
}
_IN_HAND = ["reported", "masked", "not_applicable"]
_FIGURE = ["district", "indicator"]
# Days of intake are days in China, where the bureaus are.
_CHINA = "Asia/Shanghai"
_OTHER_COLUMNS = [
    "overdue", "days", "first", "first_day", "last", "last_day", "errors", "warnings",
]  # fmt: skip
_STATE_COUNTS = ["reported", "masked", "not_applicable", "blank", "absent"]


@dataclass(frozen=True)
class Status:
    """The state of reporting at a checkpoint.

    Parameters
    ----------
    checkpoint, due, today
        The checkpoint, the day its reports are due, and the day lateness is judged by.
    cells
        One row per expected figure: district, indicator, indicator_name, domain, domain_name,
        state (reported, masked, not_applicable; blank: a row without a figure; absent: no
        row), due (day the figure is due), since (day it was reported, or null).
    districts
        One row per unit that is expected to report, those to act on first: district, name,
        kind, state (a key of `STATES`), expected, the count of each state of `cells`, overdue
        (number of figures that are due and not reported), days (since the oldest of these was
        due), first and last (ids of the first and last intake with rows of the checkpoint),
        first_day and last_day (their days), errors and warnings (numbers of open findings).
    coverage
        One row per unit and domain: district, name, domain, domain_name, expected, in_hand.
    findings
        The Finding table: open findings of this checkpoint, of the year's targets, and of rows
        whose checkpoint is unknown.
    """

    checkpoint: Checkpoint
    due: date
    today: date
    cells: pl.DataFrame
    districts: pl.DataFrame
    coverage: pl.DataFrame
    findings: pl.DataFrame


def reporting_status(dataset: Dataset, at: Checkpoint, today: date) -> Status:
    """Return the reporting status of a data set at a checkpoint.

    Parameters
    ----------
    dataset
        The data set.
    at
        The checkpoint; it need not have any figures yet.
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
    """Compute the reporting status from typed tables.

    See `expected_figures` for what is expected. A masked figure and 无此项 count as reported, a
    blank does not. An indicator broken down by level counts as reported once any of its rows is.
    A figure counts as reported on the day its source published it, if that is given and earlier
    than its first intake, else on the day of that intake.

    Parameters
    ----------
    observations, targets, receipts, open_findings, districts, indicators
        The tables; observations and targets with all vintages.
    at
        The checkpoint.
    due_days
        Days after the checkpoint's end by which reports are due. A figure that is released only
        ``release`` months later (more than one) is due as many days after the end of that month.
    today
        The day on which lateness is judged.
    """
    intake_days = receipts.select(
        pl.col("id").alias("intake_id"),
        pl.col("created_at").str.to_datetime(time_zone="UTC").dt.convert_time_zone(_CHINA).dt.date()
        .alias("_intake_day"),
    )  # fmt: skip
    rows = observations.filter(pl.col("year") == at.year, pl.col("month") == at.month).join(
        intake_days, on="intake_id", how="left"
    )
    cells = _figure_states(
        rows, expected_figures(observations, targets, districts, indicators, at), at, due_days
    )
    year, month = pl.col("year"), pl.col("month")
    findings = open_findings.filter(
        year.is_null() | ((year == at.year) & (month.is_null() | (month == at.month)))
    )
    units = _unit_rows(cells, rows, findings, districts, today)
    name = districts.select(pl.col("code").alias("district"), "name")
    coverage = (
        cells.group_by("district", "domain", "domain_name", maintain_order=True)
        .agg(
            pl.len().cast(pl.Int64).alias("expected"),
            pl.col("state").is_in(_IN_HAND).sum().cast(pl.Int64).alias("in_hand"),
        )
        .join(name, on="district", how="left", maintain_order="left")
        .select("district", "name", "domain", "domain_name", "expected", "in_hand")
    )
    due = pl.select(_due_day(pl.lit(at.end), pl.lit(1), due_days)).item()
    return Status(at, due, today, cells, units, coverage, findings)


def expected_figures(
    observations: pl.DataFrame,
    targets: pl.DataFrame,
    districts: pl.DataFrame,
    indicators: pl.DataFrame,
    at: Checkpoint,
) -> pl.DataFrame:
    """Return which units are expected to report which indicators at a checkpoint.

    An indicator is due according to its frequency, unless it is computed from others. A unit
    that is valid at the checkpoint is expected to report a due indicator if it has a row for it,
    blank or not, at this checkpoint or at the same checkpoint of an earlier year, or a target on
    it this year. A unit without any row at the same checkpoint of an earlier year is expected to
    report every due indicator for which the data set has rows or targets; if there are none,
    every due indicator. Totals and subtotals need not report: only their own rows count, not
    their targets.

    Returns
    -------
    polars.DataFrame
        district, indicator, indicator_name, domain, domain_name, release; in the order of the
        District and Indicator tables.
    """
    due = due_indicators(indicators, at).select(
        pl.col("id").alias("indicator"), pl.col("name").alias("indicator_name"), "order", "domain",
        "domain_name", "release",
    )  # fmt: skip
    units = (
        districts.with_row_index("_position")
        .filter(valid_at(pl.lit(at.end)))
        .select(pl.col("code").alias("district"), "kind", "_position")
    )
    like_checkpoints = observations.filter(pl.col("month") == at.month, pl.col("year") <= at.year)
    with_history = like_checkpoints.filter(pl.col("year") < at.year)["district"].unique().implode()
    reporting = units.filter(~pl.col("kind").is_in(["total", "subtotal"]))
    with_target = targets.filter(
        pl.col("year") == at.year, pl.col("district").is_in(reporting["district"].implode())
    )
    used = pl.concat([observations["indicator"], targets["indicator"]]).unique().implode()
    used_due = due.filter(pl.col("indicator").is_in(used))
    newcomers = reporting.filter(~pl.col("district").is_in(with_history)).select("district")
    pairs = pl.concat(
        [
            like_checkpoints.select(_FIGURE),
            with_target.select(_FIGURE),
            newcomers.join(due if used_due.is_empty() else used_due, how="cross").select(_FIGURE),
        ]
    ).unique()
    return (
        pairs.join(units, on="district")
        .join(due, on="indicator")
        .sort("_position", "order")
        .select(*_FIGURE, "indicator_name", "domain", "domain_name", "release")
    )


def _due_day(end: pl.Expr, release: pl.Expr, due_days: float) -> pl.Expr:
    """Return the day by which a figure is due."""
    months = pl.when(release > 1).then(release).otherwise(0)
    month_end = end.dt.offset_by(pl.format("{}mo", months)).dt.month_end()
    return month_end + pl.duration(days=round(due_days))


def _figure_states(
    rows: pl.DataFrame, expected: pl.DataFrame, at: Checkpoint, due_days: float
) -> pl.DataFrame:
    """Return the expected figures with state, due day and the day each was reported."""
    priority = pl.col("status").replace_strict(
        {**{s: n for n, s in enumerate(_IN_HAND)}, "missing": len(_IN_HAND)}, return_dtype=pl.Int64
    )
    states = (
        current(rows.lazy())
        .group_by(_FIGURE)
        .agg(pl.col("status").sort_by(priority).first().replace("missing", "blank").alias("state"))
        .collect()
    )
    since = (
        rows.filter(pl.col("status") != "missing")
        .group_by(_FIGURE)
        .agg(pl.min_horizontal("published", "_intake_day").min().alias("since"))
    )
    return (
        expected.join(states, on=_FIGURE, how="left", maintain_order="left")
        .join(since, on=_FIGURE, how="left", maintain_order="left")
        .with_columns(
            pl.col("state").fill_null("absent"),
            due=_due_day(pl.lit(at.end), pl.col("release"), due_days),
        )
        .with_columns(since=pl.when(pl.col("state").is_in(_IN_HAND)).then("since"))
        .drop("release")
    )


def _unit_rows(
    cells: pl.DataFrame,
    rows: pl.DataFrame,
    findings: pl.DataFrame,
    districts: pl.DataFrame,
    today: date,
) -> pl.DataFrame:
    """Return one row per unit, those to act on first."""
    is_in = pl.col("state").is_in(_IN_HAND)
    overdue = ~is_in & (pl.col("due") < today)
    counts = cells.group_by("district", maintain_order=True).agg(
        pl.len().cast(pl.Int64).alias("expected"),
        *((pl.col("state") == s).sum().cast(pl.Int64).alias(s) for s in _STATE_COUNTS),
        overdue.sum().cast(pl.Int64).alias("overdue"),
        (pl.lit(today) - pl.col("due").filter(overdue).min()).dt.total_days().alias("days"),
        is_in.any().alias("_any"),
        is_in.all().alias("_all"),
        (is_in & (pl.col("since") > pl.col("due"))).any().alias("_late"),
    )
    intakes = rows.group_by("district").agg(
        pl.col("intake_id").min().alias("first"),
        pl.col("intake_id").max().alias("last"),
        pl.col("_intake_day").sort_by("intake_id").first().alias("first_day"),
        pl.col("_intake_day").sort_by("intake_id").last().alias("last_day"),
    )
    finding_counts = findings.group_by("district").agg(
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
        counts.join(name, on="district", how="left", maintain_order="left")
        .join(intakes, on="district", how="left", maintain_order="left")
        .join(finding_counts, on="district", how="left", maintain_order="left")
        .with_columns(pl.col("errors", "warnings").fill_null(0), state=state)
        .sort(
            pl.col("state").replace_strict(order, return_dtype=pl.Int64),
            -pl.col("overdue"),
            maintain_order=True,
        )
        .select("district", "name", "kind", "state", "expected", *_STATE_COUNTS, *_OTHER_COLUMNS)
    )
