"""The Metric table: the metric functions composed for one checkpoint (semantics §9)."""

from __future__ import annotations

import polars as pl

from kejistats.metrics.frames import shaped
from kejistats.metrics.growth import growth
from kejistats.metrics.pace import seasonal_profile, share_due
from kejistats.metrics.progress import progress
from kejistats.metrics.ratios import ratios
from kejistats.metrics.standing import rank, rank_change, share
from kejistats.metrics.targets import against_target, judged_targets
from kejistats.metrics.totals import totals, valid_at
from kejistats.period import Checkpoint
from kejistats.schema import Metric
from kejistats.settings import Thresholds
from kejistats.store import current

_KEY = ["district", "indicator", "level"]


def history(
    observations: pl.DataFrame, districts: pl.DataFrame, indicators: pl.DataFrame
) -> pl.LazyFrame:
    """Return every figure as it stands, with derived totals and ratios: one row per key."""
    # Each step uses the one before several times; uncollected, it would be computed as often.
    frame = current(observations.lazy()).collect().lazy()
    frame = totals(frame, districts, indicators).collect().lazy()
    return ratios(frame, indicators)


def metric_table(
    observations: pl.DataFrame,
    targets: pl.DataFrame,
    districts: pl.DataFrame,
    indicators: pl.DataFrame,
    checkpoint: Checkpoint,
    thresholds: Thresholds | None = None,
) -> pl.DataFrame:
    """Compose the Metric table of one checkpoint.

    Every valid district has a row for every indicator that anyone reported at the checkpoint
    or that it has a target for; what it did not report is ``missing``.

    Parameters
    ----------
    observations, targets
        Tables with all vintages.
    districts, indicators
        District and Indicator tables.
    checkpoint
        The checkpoint.
    thresholds
        Limits of the progress codes; those of semantics §6 by default.

    Returns
    -------
    polars.DataFrame
        The Metric table, ordered by district and registry.
    """
    limits = thresholds or Thresholds()
    past = pl.col("year") * 12 + pl.col("month") <= checkpoint.year * 12 + checkpoint.month
    figures = history(observations.filter(past), districts, indicators).collect().lazy()
    judged = judged_targets(targets.lazy(), checkpoint).collect().lazy()
    full = pl.concat([figures, _absent(figures, judged, districts, checkpoint)])

    at = (pl.col("year") == checkpoint.year) & (pl.col("month") == checkpoint.month)
    before = checkpoint.previous_year
    at_before = (pl.col("year") == before.year) & (pl.col("month") == before.month)
    facts = indicators.lazy().select(
        pl.col("id").alias("indicator"), "measure", "unit", "frequency", "pace", "nodes", "order",
        pl.col("growth").alias("_growth"),
    )  # fmt: skip
    grown = growth(full, indicators).filter(at).join(facts, on="indicator", how="left")
    percent = pl.col("_growth") == "percent"
    grown = grown.with_columns(
        published_growth=pl.when(percent)
        .then(pl.col("published_growth") / 100)
        .otherwise(pl.col("published_growth"))
    )
    judged_rows = (
        grown.join(judged.with_columns(level=pl.lit("")), on=_KEY, how="left")
        .join(_decembers(figures, "target_base"), on=[*_KEY, "base_year"], how="left")
        .join(
            _decembers(figures, "last_year").filter(pl.col("base_year") == before.year),
            on=_KEY,
            how="left",
        )
        .with_columns(_comparable("target_base"), _comparable("last_year"))
        .join(
            seasonal_profile(figures, districts, checkpoint),
            on=["district", "indicator"],
            how="left",
        )
        .pipe(share_due, checkpoint)
        .pipe(against_target, checkpoint)
        .pipe(progress, checkpoint, limits)
    )
    earlier = rank(full.filter(at_before), districts, indicators, limits.rank_coverage)
    table = (
        judged_rows.pipe(rank, districts, indicators, limits.rank_coverage)
        .pipe(rank_change, earlier)
        .pipe(share, districts, indicators)
        .with_columns(
            pl.when(pl.col("target").is_not_null()).then(pl.col(c)).alias(c)
            for c in ("target_base", "target_base_bound")
        )
        .sort("district", "order", "indicator", "level")
        .select(Metric.columns())
        .collect()
    )
    return Metric.checked(table)


def _decembers(figures: pl.LazyFrame, name: str) -> pl.LazyFrame:
    """Return December figures under another name, by the year they close."""
    return figures.filter(pl.col("month") == 12).select(
        *_KEY,
        pl.col("year").alias("base_year"),
        pl.col("value").alias(name),
        pl.col("bound").alias(f"{name}_bound"),
        pl.col("break_id").alias(f"_{name}_break"),
    )


def _comparable(name: str) -> pl.Expr:
    """Return a December figure of the same definition as the row's own, else null."""
    same = pl.col("break_id").eq_missing(pl.col(f"_{name}_break"))
    return pl.when(same).then(pl.col(name)).alias(name)


def _absent(
    figures: pl.LazyFrame, judged: pl.LazyFrame, districts: pl.DataFrame, checkpoint: Checkpoint
) -> pl.LazyFrame:
    """Return rows of status missing for what a district was expected to report and did not."""
    at = (pl.col("year") == checkpoint.year) & (pl.col("month") == checkpoint.month)
    here = figures.filter(at, pl.col("level") == "")
    units = districts.lazy().filter(valid_at(pl.lit(checkpoint.end)))
    reporting = units.filter(pl.col("kind") != "total").select(pl.col("code").alias("district"))
    expected = pl.concat(
        [
            reporting.join(here.select("indicator").unique(), how="cross"),
            judged.select("district", "indicator").join(
                units.select(pl.col("code").alias("district")), on="district"
            ),
        ]
    ).unique()
    rows = expected.join(here, on=["district", "indicator"], how="anti").with_columns(
        level=pl.lit(""),
        year=pl.lit(checkpoint.year, dtype=pl.Int64),
        month=pl.lit(checkpoint.month, dtype=pl.Int64),
        status=pl.lit("missing"),
        bound=pl.lit("exact"),
    )
    return shaped(rows, figures.collect_schema())
