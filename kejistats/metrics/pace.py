"""序时进度: the share of a year's target that is due at a checkpoint (definitions §6)."""

from __future__ import annotations

import polars as pl

from kejistats.metrics.bounds import FIRM
from kejistats.metrics.categories import first_match
from kejistats.metrics.frames import with_facts, with_units
from kejistats.metrics.lookup import (
    ROW,
    Figures,
    Past,
    gather,
    key_columns,
    key_of_district,
    lag,
    of_district,
)
from kejistats.model.settings import Thresholds
from kejistats.model.tables.indicator import PACES

_PROFILE = {
    "profile": pl.Float64, "profile_low": pl.Float64, "profile_high": pl.Float64,
    "profile_years": pl.String,
}  # fmt: skip


def node_share(nodes: str | None, month: int) -> float | None:
    """Return the share due by steps such as ``6:0.4;12:1``; 0 before the first node.

    Nodes are steps and never interpolated (definitions §6).

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
    """Return the months of the year gone by, counted through ``as_of`` where it is given (definitions §2).

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


def told_month(rows: pl.LazyFrame) -> pl.Expr:
    """Return the month a figure is told through: that of ``as_of``, if it is a month's last day.

    Null where the day is another one, for no figure of another year is told through the same day;
    the checkpoint's month where there is none, or one of another year.

    Parameters
    ----------
    rows
        Rows with year, month and, where figures may say one, as_of.

    Examples
    --------
    >>> from datetime import date
    >>> days = [None, date(2025, 4, 30), date(2025, 4, 15), date(2024, 12, 31)]
    >>> rows = pl.LazyFrame({"year": 2025, "month": 6, "as_of": days})
    >>> rows.select(told_month(rows)).collect()["month"].to_list()
    [6, 4, None, 6]
    """
    if "as_of" not in rows.collect_schema():
        return pl.col("month")
    day = pl.col("as_of")
    through = pl.when(day == day.dt.month_end()).then(day.dt.month().cast(pl.Int64))
    in_year = (day.dt.year() == pl.col("year")).fill_null(value=False)
    return pl.when(in_year).then(through).otherwise("month").alias("month")


def seasonal_profile(
    rows: pl.LazyFrame,
    figures: Figures,
    districts: pl.DataFrame,
    indicators: pl.DataFrame,
    thresholds: Thresholds | None = None,
) -> pl.LazyFrame:
    """Add the share of the year that past years had reached by each row's month.

    Pooled Σx(m) / ΣX(year) over the last up to three comparable years, needing at least two, each
    with a yearly figure of at least 10; else the profile of the district's parent (definitions §6).
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
        seasonal_years, seasonal_least and seasonal_figure; those of definitions §6 by default.

    Returns
    -------
    polars.LazyFrame
        Columns added: profile (fraction), profile_low, profile_high (lowest and highest year),
        profile_years (text such as ``2022、2023、2024``; the parent's begin with 上级).

    Examples
    --------
    >>> from kejistats.model.registry import read_registry
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
    key = key_columns(rows)
    own = with_facts(rows, indicators).select(*key, "break_id", "measure", _told=told_month(rows))
    own = with_units(own, districts, _parent="parent").collect().lazy()
    found = _profile(own, figures, limits)
    # Parents that have no row here have figures of other years all the same.
    on = ["_k"] if "_k" in key else key
    named = [key_of_district("_parent")] if "_k" in key else []
    above = own.filter(pl.col("_parent").is_not_null()).select(
        pl.col("_parent").alias("district"), *ROW[1:], "measure", "_told", *named
    )
    silent = (
        above.unique(on)
        .join(own, on=on, how="anti")
        .with_columns(break_id=pl.lit(None, dtype=pl.String))
        .collect()
    )
    codes = districts["parent"].drop_nulls().unique().implode()
    heard = [found.filter(pl.col("district").is_in(codes))]
    if silent.height:
        heard.append(_profile(silent.lazy(), figures, limits))
    inherited = pl.concat(heard, how="diagonal").with_columns(
        profile_years="上级" + pl.col("profile_years")
    )
    from_above = {f"{c}_above": pl.col(c) for c in [*_PROFILE, "_told"]}
    has_own = pl.col("profile").is_not_null()
    alike = pl.col("_told_above") == pl.col("_told")
    joined = of_district(found, inherited, "_parent", from_above).select(
        pl.when(has_own).then(c).when(alike).then(f"{c}_above").alias(c) for c in _PROFILE
    )
    return pl.concat([rows, joined], how="horizontal")


def _profile(rows: pl.LazyFrame, figures: Figures, limits: Thresholds) -> pl.LazyFrame:
    """Add the own profile of each row, pooled year by year in one order."""
    if isinstance(figures, Past):
        last = max(figures.years)
        past = sum(year < last and table.height > 0 for year, table in figures.years.items())
        if past < limits.seasonal_least:  # in its first years a city has no season yet
            return rows.with_columns(pl.lit(None, kind).alias(c) for c, kind in _PROFILE.items())
    names = rows.collect_schema().names()
    lags = list(range(int(limits.seasonal_years), 0, -1))
    # A year whose figures are bounds has no share that could be pooled.
    value = pl.when(pl.col("bound").is_in(FIRM)).then("value")
    found, same = rows, ["break_id"]
    # One look at each December, shared by the years on either side of it.
    for years in [*lags, max(lags) + 1]:
        back = 12 * (years - 1) + pl.col("month")
        found = lag(found, figures, {f"_end{years}": value}, back, same, rows)
    for years in lags:
        back = 12 * years + pl.col("month") - pl.col("_told")
        found = lag(found, figures, {f"_part{years}": value}, back, same, rows)
    stock = pl.col("measure") == "stock"
    parts, wholes, usable = {}, {}, {}
    for years in lags:
        start = pl.when(stock).then(pl.col(f"_end{years + 1}")).otherwise(0.0)
        parts[years] = pl.col(f"_part{years}") - start
        wholes[years] = pl.col(f"_end{years}") - start
        enough = (wholes[years] >= limits.seasonal_figure) & (parts[years] >= 0)
        usable[years] = enough.fill_null(value=False)
    found = found.with_columns(
        *(pl.when(usable[years]).then(parts[years]).alias(f"_p{years}") for years in lags),
        *(pl.when(usable[years]).then(wholes[years]).alias(f"_w{years}") for years in lags),
    )
    shares = [pl.col(f"_p{years}") / pl.col(f"_w{years}") for years in lags]
    count = pl.sum_horizontal(pl.col(f"_p{years}").is_not_null() for years in lags)
    used = pl.sum_horizontal(
        pl.col(f"_p{years}").is_not_null() * 2**place for place, years in enumerate(lags)
    )
    profiled = pl.col("measure").is_in(["flow", "stock"]) & (pl.col("level") == "")
    known = (count >= limits.seasonal_least) & profiled
    pooled = pl.sum_horizontal(f"_p{years}" for years in lags) / pl.sum_horizontal(
        f"_w{years}" for years in lags
    )
    return found.select(
        *names,
        profile=pl.when(known).then(pooled),
        profile_low=pl.when(known).then(pl.min_horizontal(shares)),
        profile_high=pl.when(known).then(pl.max_horizontal(shares)),
        # Which years they are: few combinations of many rows, put into words once each.
        _years=pl.when(known).then(pl.col("year") * 2 ** len(lags) + used),
    ).pipe(_with_years, lags)


def _with_years(rows: pl.LazyFrame, lags: list[int]) -> pl.LazyFrame:
    """Add profile_years, the years whose places are set in ``_years``."""
    found = rows.collect()
    table = found.select(pl.col("_years").unique().sort()).drop_nulls()
    texts = [
        "、".join(
            str(n // 2 ** len(lags) - lag) for place, lag in enumerate(lags) if n >> place & 1
        )
        for n in table["_years"]
    ]
    table = table.with_columns(profile_years=pl.Series(texts, dtype=pl.String))
    years = {"profile_years": pl.col("profile_years")}
    return (
        found.hstack(gather(found, pl.col("_years"), table, "_years", years)).drop("_years").lazy()
    )


def share_due(targets: pl.LazyFrame) -> pl.LazyFrame:
    """Add the rule applied and the share of the target due (definitions §6).

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
    kind, pace = pl.col("target_kind"), pl.col("pace")
    rule = first_match(
        (pl.col("target").is_null(), None),
        (kind == "growth", "none"),
        (kind == "multi_year", "elapsed"),
        (pl.col("own_nodes").is_not_null(), "nodes"),
        ((start > 0) & (pace != "none"), "linear"),
        *((pace == known, known) for known in PACES),
    )
    gone = elapsed().floor().cast(pl.Int64)
    half = pl.when(gone >= 6).then(0.5).otherwise(0.0)
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
        .then(pl.col("_stepped"))
        .when(pl.col("pace_rule") == "seasonal")
        .then(pl.col("profile"))
    )
    seasonal = (pl.col("pace_rule") == "seasonal") & (month != 12)
    found = _with_steps(targets).with_columns(pace_rule=rule)
    return found.with_columns(
        share_due=share,
        share_due_low=pl.when(seasonal).then("profile_low"),
        share_due_high=pl.when(seasonal).then("profile_high"),
        pace_years=pl.when(seasonal).then("profile_years"),
    ).drop("_stepped")


def _with_steps(targets: pl.LazyFrame) -> pl.LazyFrame:
    """Add ``_stepped``, the `node_share` of each row; each pair of nodes and month but once.

    Outside of the expressions: Python code inside of them would have two threads, each at its
    own checkpoints, wait for each other for ever.
    """
    rows = targets.collect()
    pairs = rows.select(
        nodes=pl.coalesce("own_nodes", "nodes"), month=elapsed().floor().cast(pl.Int64)
    )
    known = pairs.unique().drop_nulls("nodes")
    shares = [node_share(nodes, month) for nodes, month in known.iter_rows()]
    known = known.with_columns(_stepped=pl.Series(shares, dtype=pl.Float64))
    found = pairs.join(known, on=["nodes", "month"], how="left", maintain_order="left")
    return rows.hstack(found.select("_stepped")).lazy()
