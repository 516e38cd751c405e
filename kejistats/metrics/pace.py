"""序时进度: the share of a year's target that is due at a checkpoint (semantics §6)."""

from __future__ import annotations

import polars as pl

from kejistats.metrics.bounds import FIRM
from kejistats.metrics.frames import SERIES, earlier, keyed, row_key, with_facts
from kejistats.settings import Thresholds

_PROFILE = ["profile", "profile_low", "profile_high", "profile_years"]


def node_share(nodes: str | None, month: int) -> float | None:
    """Return the share due by steps such as ``6:0.4;12:1``; 0 before the first node.

    Nodes are steps and never interpolated (semantics §6).

    Examples
    --------
    >>> node_share("6:0.4;9:0.8;12:1", 8), node_share("6:0.4;12:1", 5), node_share(None, 6)
    (0.4, 0.0, None)
    """
    if nodes is None:
        return None
    steps = sorted((int(m), float(s)) for m, s in (step.split(":") for step in nodes.split(";")))
    return max((share for at, share in steps if at <= month), default=0.0)


def elapsed() -> pl.Expr:
    """Return the months of the year gone by, counted through ``as_of`` where it is given (§2).

    Examples
    --------
    >>> from datetime import date
    >>> rows = {"year": 2025, "month": 6, "as_of": [None, date(2025, 6, 15)]}
    >>> pl.DataFrame(rows).select(elapsed())["month"].to_list()
    [6.0, 5.5]
    """
    day = pl.col("as_of")
    through = day.dt.month() - 1 + day.dt.day() / day.dt.month_end().dt.day()
    in_year = day.dt.year() == pl.col("year")
    return pl.when(in_year).then(through).otherwise(pl.col("month").cast(pl.Float64)).alias("month")


def seasonal_profile(
    rows: pl.LazyFrame,
    figures: pl.LazyFrame,
    districts: pl.DataFrame,
    indicators: pl.DataFrame,
    thresholds: Thresholds | None = None,
) -> pl.LazyFrame:
    """Add the share of the year that past years had reached by each row's month.

    Pooled Σx(m) / ΣX(year) over the last up to three comparable years, needing at least two, each
    with a yearly figure of at least 10; else the profile of the district's parent (semantics §6).
    Of a stock it is the share of the year's net change, counted from the December before. Years
    are comparable that carry the break_id of the row, for the parent's those of its own row.

    Parameters
    ----------
    rows
        Rows with district, indicator, level, year, month and break_id; those of levels have none.
    figures
        All figures, one per key.
    districts, indicators
        District and Indicator tables.
    thresholds
        seasonal_years, seasonal_least and seasonal_figure; those of semantics §6 by default.

    Returns
    -------
    polars.LazyFrame
        Columns added: profile (fraction), profile_low, profile_high (lowest and highest year),
        profile_years (text such as ``2022、2023、2024``; the parent's begin with 上级).

    Examples
    --------
    >>> from kejistats.registry import read_registry
    >>> units = pl.DataFrame({"code": ["1"], "parent": [None]}, schema_overrides={"parent": pl.String})
    >>> series = {"district": "1", "indicator": "contracts_value", "level": "", "break_id": None}
    >>> figures = pl.LazyFrame(series | {"bound": "exact", "year": [2023, 2023, 2024, 2024],
    ...     "month": [6, 12, 6, 12], "value": [12.0, 30.0, 15.0, 30.0]},
    ...     schema_overrides={"break_id": pl.String})
    >>> rows = pl.LazyFrame(series | {"year": 2025, "month": [6]},
    ...     schema_overrides={"break_id": pl.String})
    >>> seasonal_profile(rows, figures, units, read_registry()).collect()["profile"].to_list()
    [0.45]
    """
    limits = thresholds or Thresholds()
    key = [*SERIES, "year", "month"]
    parents = districts.lazy().select(pl.col("code").alias("district"), pl.col("parent"))
    rows = rows.join(parents, on="district", how="left", maintain_order="left")
    own = rows.select(*key, "break_id")
    above = rows.filter(pl.col("parent").is_not_null()).select(
        pl.col("parent").alias("district"), *key[1:]
    )
    silent = above.unique().join(own, on=key, how="anti").with_columns(
        break_id=pl.lit(None, dtype=pl.String)
    )  # fmt: skip
    wanted = keyed(pl.concat([own, silent]).filter(pl.col("level") == ""))
    found = _profile(wanted, figures, indicators, limits)
    codes = districts["parent"].drop_nulls().unique().implode()
    above_all = found.filter(pl.col("district").is_in(codes)).select(*key, *_PROFILE)
    inherited = above_all.rename({"district": "parent"}).with_columns(
        profile_years="上级" + pl.col("profile_years")
    )
    on = row_key(rows, found)
    own_profile = found.select(*on, *_PROFILE)
    joined = rows.join(own_profile, on=on, how="left", maintain_order="left").join(
        inherited,
        on=["parent", *key[1:]],
        how="left",
        suffix="_above",
        maintain_order="left",
    )
    has_own = pl.col("profile").is_not_null()
    return joined.with_columns(
        pl.when(has_own).then(c).otherwise(f"{c}_above").alias(c) for c in _PROFILE
    ).drop("parent", *[f"{c}_above" for c in _PROFILE])


def _profile(
    wanted: pl.LazyFrame, figures: pl.LazyFrame, indicators: pl.DataFrame, limits: Thresholds
) -> pl.LazyFrame:
    """Return the own profile of each key, pooled year by year in one order."""
    lags = list(range(int(limits.seasonal_years), 0, -1))
    # A year whose figures are bounds has no share that could be pooled.
    figures = figures.filter(pl.col("bound").is_in(FIRM))
    found = with_facts(wanted, indicators).filter(pl.col("measure").is_in(["flow", "stock"]))
    same = ["break_id"]
    # One look at each December, shared by the years on either side of it.
    for lag in [*lags, max(lags) + 1]:
        back = 12 * (lag - 1) + pl.col("month")
        found = earlier(found, figures, {f"_end{lag}": pl.col("value")}, back, same, wanted)
    for lag in lags:
        found = earlier(
            found, figures, {f"_part{lag}": pl.col("value")}, pl.lit(12 * lag), same, wanted
        )
    stock = pl.col("measure") == "stock"
    parts, wholes, usable = {}, {}, {}
    for lag in lags:
        start = pl.when(stock).then(pl.col(f"_end{lag + 1}")).otherwise(0.0)
        parts[lag] = pl.col(f"_part{lag}") - start
        wholes[lag] = pl.col(f"_end{lag}") - start
        enough = (wholes[lag] >= limits.seasonal_figure) & (parts[lag] >= 0)
        usable[lag] = enough.fill_null(value=False)
    found = found.with_columns(
        *(pl.when(usable[lag]).then(parts[lag]).alias(f"_p{lag}") for lag in lags),
        *(pl.when(usable[lag]).then(wholes[lag]).alias(f"_w{lag}") for lag in lags),
    )
    shares = [pl.col(f"_p{lag}") / pl.col(f"_w{lag}") for lag in lags]
    years = pl.concat_str(
        [
            pl.when(pl.col(f"_p{lag}").is_not_null()).then((pl.col("year") - lag).cast(pl.String))
            for lag in lags
        ],
        separator="、",
        ignore_nulls=True,
    )
    count = pl.sum_horizontal(pl.col(f"_p{lag}").is_not_null() for lag in lags)
    return (
        found.filter(count >= limits.seasonal_least)
        .with_columns(
            profile=pl.sum_horizontal(f"_p{lag}" for lag in lags)
            / pl.sum_horizontal(f"_w{lag}" for lag in lags),
            profile_low=pl.min_horizontal(shares),
            profile_high=pl.max_horizontal(shares),
            profile_years=years,
        )
        .select(*SERIES, "year", "month", *(["_k"] if row_key(found) == ["_k"] else []), *_PROFILE)
    )


def share_due(targets: pl.LazyFrame) -> pl.LazyFrame:
    """Add the rule applied and the share of the target due (semantics §6).

    linear: elapsed months ÷ 12, counted through ``as_of`` where it is given; a target
    that starts within the year after ``start_month`` m₀ is paced (m − m₀) / (12 − m₀) whatever
    the registry's rule, unless it has nodes of its own; half: 50 % in June; nodes: steps;
    seasonal: the profile; in December everything is due whatever the rule.
    A multi_year target is paced by the time elapsed between its base and its own December.

    Parameters
    ----------
    targets
        Rows with year, month, target, target_kind, pace (the registry's rule), nodes, own_nodes,
        start_month, target_year, base_year, as_of, profile, profile_low, profile_high and
        profile_years.

    Returns
    -------
    polars.LazyFrame
        Columns added: pace_rule (linear, half, nodes, seasonal, elapsed, none), share_due
        (fraction), share_due_low, share_due_high, pace_years.

    Examples
    --------
    >>> row = dict.fromkeys(["nodes", "own_nodes", "as_of", "profile", "profile_low",
    ...     "profile_high", "profile_years", "base_year"])
    >>> row |= {"year": 2025, "month": 5, "target": 205.0, "target_kind": "total",
    ...         "pace": "linear", "start_month": 0, "target_year": 2025}
    >>> frame = pl.LazyFrame([row], schema_overrides={"as_of": pl.Date, "nodes": pl.String,
    ...     "own_nodes": pl.String, "profile_years": pl.String, "base_year": pl.Int64,
    ...     "profile": pl.Float64, "profile_low": pl.Float64, "profile_high": pl.Float64})
    >>> share_due(frame).select("pace_rule", pl.col("share_due").round(4)).collect().row(0)
    ('linear', 0.4167)
    """
    month = pl.col("month")
    start = pl.col("start_month")
    linear = ((elapsed() - start) / (12 - start)).clip(0.0, 1.0)
    since_base = (pl.col("year") - pl.col("base_year") - 1) * 12 + elapsed()
    term = since_base / ((pl.col("target_year") - pl.col("base_year")) * 12)
    rule = (
        pl.when(pl.col("target").is_null())
        .then(None)
        .when(pl.col("target_kind") == "growth")
        .then(pl.lit("none"))
        .when(pl.col("target_kind") == "multi_year")
        .then(pl.lit("elapsed"))
        .when(pl.col("own_nodes").is_not_null())
        .then(pl.lit("nodes"))
        .when((start > 0) & (pl.col("pace") != "none"))
        .then(pl.lit("linear"))
        .otherwise(pl.col("pace"))
    )
    half = pl.when(month >= 6).then(0.5).otherwise(0.0)
    share = (
        pl.when(pl.col("pace_rule") == "elapsed")
        .then(term)
        .when(pl.col("pace_rule").is_null() | (pl.col("target_kind") == "growth"))
        .then(None)
        .when(month == 12)
        .then(1.0)
        .when(pl.col("pace_rule") == "linear")
        .then(linear)
        .when(pl.col("pace_rule") == "half")
        .then(half)
        .when(pl.col("pace_rule") == "nodes")
        .then(_stepped(pl.coalesce("own_nodes", "nodes")))
        .when(pl.col("pace_rule") == "seasonal")
        .then(pl.col("profile"))
    )
    seasonal = (pl.col("pace_rule") == "seasonal") & (month != 12)
    return targets.with_columns(pace_rule=rule).with_columns(
        share_due=share,
        share_due_low=pl.when(seasonal).then("profile_low"),
        share_due_high=pl.when(seasonal).then("profile_high"),
        pace_years=pl.when(seasonal).then("profile_years"),
    )


def _stepped(nodes: pl.Expr) -> pl.Expr:
    """Return `node_share` of each row; each pair of nodes and month is worked out once."""

    def shares(pairs: pl.Series) -> pl.Series:
        frame = pairs.struct.unnest()
        known = frame.unique().drop_nulls("nodes")
        found = [node_share(n, m) for n, m in known.iter_rows()]
        known = known.with_columns(pl.Series("share", found, dtype=pl.Float64))
        return frame.join(
            known, on=["nodes", "month"], how="left", maintain_order="left"
        )["share"]  # fmt: skip

    return pl.struct(nodes.alias("nodes"), pl.col("month")).map_batches(
        shares, return_dtype=pl.Float64, is_elementwise=True
    )
