"""机械推算: where the year would end, were it to go on as past years did (definitions §6)."""

from __future__ import annotations

import polars as pl

from kejistats.metrics.bounds import FIRM, LOWER, UPPER
from kejistats.metrics.categories import first_match
from kejistats.metrics.pace import elapsed
from kejistats.model.settings import Thresholds


def outlook(rows: pl.LazyFrame, thresholds: Thresholds | None = None) -> pl.LazyFrame:
    """Add the band of the year's figure that follows mechanically from the past; never a fact.

    Of a flow A / p, of a stock base + (A − base) / p with base = last December, over the lowest
    and the highest p of the years of its seasonal profile; of a flow without such a profile and
    with linear pace A / p with p = m / 12. From March on, for p ≥ 0.2, and before December only.
    A figure that is a lower bound has only the lower end, and the other way round.

    Parameters
    ----------
    rows
        Rows with value, bound, month, year, as_of, measure, pace, year_end and year_end_bound
        (of a stock no bound), profile, profile_low and profile_high.
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
    firm = pl.col("year_end_bound").is_in(FIRM)
    start = pl.when(flow).then(0.0).when(stock & firm).then(pl.col("year_end"))
    seasonal = (
        (flow | stock)
        & (pl.col("profile") >= limits.outlook_share)
        & (pl.col("profile_low") > 0)
    )  # fmt: skip
    even = elapsed() / 12
    linear = (
        flow
        & (pl.col("pace") == "linear")
        & pl.col("profile").is_null()
        & (even >= limits.outlook_share)
    )
    in_time = (month >= limits.outlook_month) & (month < 12) & start.is_not_null() & a.is_not_null()
    rule = first_match((~in_time, None), (seasonal, "seasonal"), (linear, "linear"))
    rows = rows.with_columns(outlook_rule=rule)
    by_profile = pl.col("outlook_rule") == "seasonal"
    ends = [
        start + (a - start) / pl.when(by_profile).then(pl.col(c)).otherwise(even)
        for c in ("profile_low", "profile_high")
    ]
    known = pl.col("outlook_rule").is_not_null()
    # A stock that has fallen since the year's beginning turns the two ends about.
    low, high = pl.min_horizontal(*ends), pl.max_horizontal(*ends)
    return rows.with_columns(
        outlook_low=pl.when(known & ~pl.col("bound").is_in(UPPER)).then(low),
        outlook_high=pl.when(known & ~pl.col("bound").is_in(LOWER)).then(high),
    )
