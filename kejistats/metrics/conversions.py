"""Conversion along a chain of stages: 转化率 of a cohort, 同期比 of figures of the same months."""

from __future__ import annotations

from typing import Any

import polars as pl

from kejistats.metrics.bounds import quotient_bound
from kejistats.metrics.categories import first_match
from kejistats.model.tables import Conversion

_DISTRICT_CHECKPOINT = ["district", "year", "month"]
_FIGURE_COLUMNS = ["value", "status", "grade", "bound", "as_of"]
_LINK: dict[str, Any] = {
    "chain": pl.String, "_chain": pl.Int64, "position": pl.Int64, "stage": pl.String,
    "before": pl.String, "kind": pl.String, "_reason": pl.String,
}  # fmt: skip


def links(chains: pl.DataFrame) -> pl.DataFrame:
    """Return each stage of each chain with the stage it is compared with.

    Parameters
    ----------
    chains
        The Chain table.

    Returns
    -------
    polars.DataFrame
        chain, position, stage, before (null for the first stage and for one in another unit),
        kind (cohort or same_period), ``_chain`` (number of the chain) and ``_reason`` (why there
        is no stage before).
    """
    rows = []
    for number, chain in enumerate(chains.iter_rows(named=True)):
        before = None
        for position, stage in enumerate(chain["stages"], 1):
            row = {"chain": chain["id"], "_chain": number, "position": position, "stage": stage}
            if stage in chain["beside"]:
                rows.append(row | {"_reason": "other_unit"})
                continue
            if before is None:
                rows.append(row | {"_reason": "first_stage"})
            else:
                cohort = stage in chain["must_not_exceed"]
                kind = "cohort" if cohort else "same_period"
                rows.append(row | {"before": before, "kind": kind})
            before = stage
    return pl.DataFrame(rows, schema=_LINK)


def conversions(metrics: pl.LazyFrame, chains: pl.DataFrame) -> pl.LazyFrame:
    """Compute the conversion from each stage of the chains to the next, by district and checkpoint.

    A stage's figure is divided by that of the stage before it, at the same checkpoint and of the
    same grade; stages in another unit are skipped. Figures are cumulative: the quotient is the
    rate of a cohort only where the chain says that a stage cannot exceed the one before; elsewhere
    it compares figures of the same months and may exceed 1.

    Parameters
    ----------
    metrics
        The Metric table, or any with its columns district, indicator, level, year, month, value,
        status, grade and bound. An interval (``value_upper``) gives no conversion. Rows of
        programme levels are ignored: a chain links totals.
    chains
        The Chain table.

    Returns
    -------
    polars.LazyFrame
        The Conversion table, ordered by district, checkpoint, chain and position: all stages of
        each chain for which a district has any row. Conversions are fractions.

    Notes
    -----
    Masked, missing, zero and bounds as in growth (definitions §6 and §7); grades as in shares (definitions §8).

    Examples
    --------
    >>> chains = pl.DataFrame({"id": ["patent"], "stages": [["applied", "granted"]],
    ...                        "beside": [[]], "must_not_exceed": [[]]},
    ...                       schema_overrides={"beside": pl.List(pl.String),
    ...                                         "must_not_exceed": pl.List(pl.String)})
    >>> figures = pl.LazyFrame({"district": "900101", "indicator": ["applied", "granted"],
    ...                         "level": "", "year": 2025, "month": 6, "value": [80.0, 100.0],
    ...                         "status": "reported", "grade": "final", "bound": "exact"})
    >>> conversions(figures, chains).select("stage", "conversion", "kind", "reason").collect().rows()
    [('applied', None, None, 'first_stage'), ('granted', 1.25, 'same_period', None)]
    """
    names = metrics.collect_schema().names()
    upper = pl.col("value_upper") if "value_upper" in names else pl.lit(None, dtype=pl.Float64)
    if "as_of" not in names:
        metrics = metrics.with_columns(as_of=pl.lit(None, dtype=pl.Date))
    figures = metrics.filter(pl.col("level") == "").select(
        *_DISTRICT_CHECKPOINT,
        *_FIGURE_COLUMNS,
        pl.col("indicator").cast(pl.String).alias("stage"),
        _interval=upper.is_not_null(),
    )
    stages = links(chains).lazy()
    chains_reported = (
        figures.join(stages, on="stage").select(*_DISTRICT_CHECKPOINT, "chain").unique()
    )
    before = figures.rename({c: f"_base_{c}" for c in _FIGURE_COLUMNS}).rename(
        {"stage": "before", "_interval": "_base_interval"}
    )
    rows = (
        chains_reported.join(stages, on="chain")
        .join(figures, on=[*_DISTRICT_CHECKPOINT, "stage"], how="left")
        .join(before, on=[*_DISTRICT_CHECKPOINT, "before"], how="left")
        .with_columns(
            pl.col("status", "_base_status").fill_null("missing"),
            pl.col("bound", "_base_bound").fill_null("exact"),
        )
        # An exact zero divided by any bound is an exact zero.
        .with_columns(
            conversion_bound=pl.when(pl.col("value") == 0, pl.col("bound") == "exact")
            .then(pl.lit("exact"))
            .otherwise(quotient_bound("bound", "_base_bound"))
        )
        .with_columns(reason=_reason())
    )
    has_conversion = pl.col("reason").is_null()
    return (
        rows.with_columns(
            conversion=pl.when(has_conversion).then(pl.col("value") / pl.col("_base_value")),
            conversion_bound=pl.when(has_conversion).then(pl.col("conversion_bound")),
        )
        .sort(*_DISTRICT_CHECKPOINT, "_chain", "position")
        .select(Conversion.columns())
    )


def _reason() -> pl.Expr:
    """Return why there is no conversion; null where there is one."""
    status, base = pl.col("status"), pl.col("_base_status")
    interval = pl.any_horizontal(pl.col("_interval", "_base_interval").fill_null(value=False))
    figure_reason = first_match(
        (status == "masked", "figure_masked"),
        (status == "missing", "figure_missing"),
        (status == "not_applicable", "not_applicable"),
        (base == "masked", "base_masked"),
        (base == "missing", "base_missing"),
        (base == "not_applicable", "base_not_applicable"),
        (pl.col("grade").ne_missing(pl.col("_base_grade")), "grade"),
        # Figures counted through different days do not cover the same months.
        (pl.col("as_of").ne_missing(pl.col("_base_as_of")), "as_of"),
        (pl.col("_base_value") <= 0, "base_zero"),
        (interval | pl.col("conversion_bound").is_null(), "bound_open"),
    )
    return pl.coalesce("_reason", figure_reason)
