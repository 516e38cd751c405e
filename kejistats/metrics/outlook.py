"""机械推算: the figure of the year if it continues as past years did (definitions §6)."""

from __future__ import annotations

import polars as pl

from kejistats.metrics.bounds import LOWER, UNBOUNDED, UPPER
from kejistats.metrics.categories import first_match
from kejistats.metrics.pace import elapsed_months
from kejistats.model.settings import Thresholds


def outlook(rows: pl.LazyFrame, thresholds: Thresholds | None = None) -> pl.LazyFrame:
    """Add the band in which the year's figure falls when projected from past years; never a fact.

    For a flow A / p, for a stock base + (A − base) / p with base = last December, at the lowest
    and the highest p of the years of its seasonal profile. A flow without a profile and with a
    linear pace is projected as A / p with p = m / 12. Only from March on, for p ≥ 0.2, and before
    December. A lower bound has only the lower end of the band, an upper bound only the upper one.

    Parameters
    ----------
    rows
        Rows with value, bound, month, year, as_of, measure, pace, year_end and year_end_bound
        (a stock with a bounded base has no band), profile, profile_low and profile_high.
    thresholds
        outlook_month and outlook_share; those of definitions §6 by default.

    Returns
    -------
    polars.LazyFrame
        Columns added: outlook_low, outlook_high (in the registry's unit) and outlook_rule
        (seasonal or linear).

    Examples
    --------
    >>> row = {"value": 18.6, "bound": "exact", "year": 2025, "month": 6, "measure": "flow",
    ...        "pace": "seasonal", "year_end": 36.0, "year_end_bound": "exact", "profile": 0.42, "profile_low": 0.4,
    ...        "profile_high": 0.45, "as_of": None}
    >>> band = outlook(pl.LazyFrame([row], schema_overrides={"as_of": pl.Date})).collect()
    >>> [round(band[c][0], 2) for c in ("outlook_low", "outlook_high")]
    [41.33, 46.5]
    """
    limits = thresholds or Thresholds()
    a, month = pl.col("value"), pl.col("month")
    flow, stock = pl.col("measure") == "flow", pl.col("measure") == "stock"
    unbounded = pl.col("year_end_bound").is_in(UNBOUNDED)
    start = pl.when(flow).then(0.0).when(stock & unbounded).then(pl.col("year_end"))
    seasonal = (
        (flow | stock)
        & (pl.col("profile") >= limits.outlook_share)
        & (pl.col("profile_low") > 0)
    )  # fmt: skip
    linear_share = elapsed_months() / 12
    linear = (
        flow
        & (pl.col("pace") == "linear")
        & pl.col("profile").is_null()
        & (linear_share >= limits.outlook_share)
    )
    in_time = (month >= limits.outlook_month) & (month < 12) & start.is_not_null() & a.is_not_null()
    rule = first_match((~in_time, None), (seasonal, "seasonal"), (linear, "linear"))
    rows = rows.with_columns(outlook_rule=rule)
    by_profile = pl.col("outlook_rule") == "seasonal"
    ends = [
        start + (a - start) / pl.when(by_profile).then(pl.col(c)).otherwise(linear_share)
        for c in ("profile_low", "profile_high")
    ]
    projected = pl.col("outlook_rule").is_not_null()
    # For a stock that has fallen since last December the lowest share gives the lower end.
    low, high = pl.min_horizontal(*ends), pl.max_horizontal(*ends)
    return rows.with_columns(
        outlook_low=pl.when(projected & ~pl.col("bound").is_in(UPPER)).then(low),
        outlook_high=pl.when(projected & ~pl.col("bound").is_in(LOWER)).then(high),
    )
