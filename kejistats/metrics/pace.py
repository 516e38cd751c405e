"""序时进度: the share of a year's target that is due at a checkpoint (definitions §6)."""

from __future__ import annotations

import polars as pl

from kejistats.metrics.bounds import UNBOUNDED
from kejistats.metrics.categories import first_match
from kejistats.metrics.frames import with_district_columns, with_indicator_columns
from kejistats.metrics.lookup import (
    KEY,
    Figures,
    FiguresByYear,
    gather,
    key_columns,
    key_with_district,
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
    """Return the share due in a month by nodes such as ``6:0.4;12:1``; 0 before the first node.

    Between two nodes the share of the earlier one is due: nothing is interpolated (definitions §6).

    Examples
    --------
    >>> node_share("6:0.4;9:0.8;12:1", 8), node_share("6:0.4;12:1", 5), node_share(None, 6)
    (0.4, 0.0, None)
    """
    if nodes is None:
        return None
    steps = sorted((int(m), float(s)) for m, s in (step.split(":") for step in nodes.split(";")))
    return max((share for node, share in steps if node <= month), default=0.0)


def elapsed_months() -> pl.Expr:
    """Return the elapsed months of the year, counted through ``as_of`` where it is set (definitions §2).

    Examples
    --------
    >>> from datetime import date
    >>> rows = {"year": 2025, "month": 6, "as_of": [None, date(2025, 6, 15)]}
    >>> pl.DataFrame(rows).select(elapsed_months())["month"].to_list()
    [6.0, 5.5]
    """
    day = pl.col("as_of")
    through = day.dt.month() - 1 + day.dt.day() / day.dt.month_end().dt.day()
    in_year = day.dt.year() == pl.col("year")
    return pl.when(in_year).then(through).otherwise(pl.col("month").cast(pl.Float64)).alias("month")


def covered_month(rows: pl.LazyFrame) -> pl.Expr:
    """Return the month through whose end a figure counts: that of ``as_of``, else the checkpoint's.

    An ``as_of`` of another year is ignored. Null where ``as_of`` is not the last day of a month,
    as no figure of another year covers the same days.

    Parameters
    ----------
    rows
        Rows with year, month and, where the table has it, as_of.

    Examples
    --------
    >>> from datetime import date
    >>> days = [None, date(2025, 4, 30), date(2025, 4, 15), date(2024, 12, 31)]
    >>> rows = pl.LazyFrame({"year": 2025, "month": 6, "as_of": days})
    >>> rows.select(covered_month(rows)).collect()["month"].to_list()
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
    """Add the share of the year's figure that past years had reached by each row's month.

    Pooled Σx(m) / ΣX(year) over at most the last three comparable years; at least two are needed,
    each with a figure of the year of at least 10. Without them the profile of the district's
    parent is used (definitions §6). For a stock it is the share of the year's net change, counted
    from the December before. A year is comparable if it has the break_id of the row; for the
    parent's profile, that of the parent's own row.

    Parameters
    ----------
    rows
        Rows with district, indicator, level, year, month and break_id. Rows of a programme level
        get no profile.
    figures
        All figures, one per key.
    districts, indicators
        District and Indicator tables.
    thresholds
        Uses seasonal_years, seasonal_least and seasonal_figure; by default those of definitions §6.

    Returns
    -------
    polars.LazyFrame
        Columns added: profile (fraction), profile_low, profile_high (lowest and highest year),
        profile_years (text such as ``2022、2023、2024``; 上级 before it marks the parent's).

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
    district_rows = with_indicator_columns(rows, indicators).select(
        *key, "break_id", "measure", _covered_month=covered_month(rows)
    )
    district_rows = with_district_columns(district_rows, districts, _parent="parent")
    district_rows = district_rows.collect().lazy()
    profiles = _own_profile(district_rows, figures, limits)
    # A parent without a row at this checkpoint may still have figures of past years.
    on = ["_key"] if "_key" in key else key
    parent_key = [key_with_district("_parent")] if "_key" in key else []
    parent_rows = district_rows.filter(pl.col("_parent").is_not_null()).select(
        pl.col("_parent").alias("district"), *KEY[1:], "measure", "_covered_month", *parent_key
    )
    absent_parents = (
        parent_rows.unique(on)
        .join(district_rows, on=on, how="anti")
        .with_columns(break_id=pl.lit(None, dtype=pl.String))
        .collect()
    )
    parents = districts["parent"].drop_nulls().unique().implode()
    parent_profiles = [profiles.filter(pl.col("district").is_in(parents))]
    if absent_parents.height:
        parent_profiles.append(_own_profile(absent_parents.lazy(), figures, limits))
    inherited = pl.concat(parent_profiles, how="diagonal").with_columns(
        profile_years="上级" + pl.col("profile_years")
    )
    from_parent = {f"{c}_of_parent": pl.col(c) for c in [*_PROFILE, "_covered_month"]}
    has_own = pl.col("profile").is_not_null()
    same_months = pl.col("_covered_month_of_parent") == pl.col("_covered_month")
    joined = of_district(profiles, inherited, "_parent", from_parent).select(
        pl.when(has_own).then(c).when(same_months).then(f"{c}_of_parent").alias(c) for c in _PROFILE
    )
    return pl.concat([rows, joined], how="horizontal")


def _own_profile(rows: pl.LazyFrame, figures: Figures, limits: Thresholds) -> pl.LazyFrame:
    """Add the profile that each row's own series gives, its years pooled in a fixed order."""
    if isinstance(figures, FiguresByYear):
        last = max(figures.years)
        past = sum(year < last and table.height > 0 for year, table in figures.years.items())
        if past < limits.seasonal_least:  # too few years of data for any profile
            return rows.with_columns(pl.lit(None, kind).alias(c) for c, kind in _PROFILE.items())
    names = rows.collect_schema().names()
    lags = list(range(int(limits.seasonal_years), 0, -1))
    # The share of a year whose figures are bounds is unknown.
    value = pl.when(pl.col("bound").is_in(UNBOUNDED)).then("value")
    joined, same_definition = rows, ["break_id"]
    # Each December is looked up once: it ends one year and starts the next.
    for years in [*lags, max(lags) + 1]:
        months = 12 * (years - 1) + pl.col("month")
        joined = lag(joined, figures, {f"_end{years}": value}, months, same_definition, rows)
    for years in lags:
        months = 12 * years + pl.col("month") - pl.col("_covered_month")
        joined = lag(joined, figures, {f"_part{years}": value}, months, same_definition, rows)
    stock = pl.col("measure") == "stock"
    parts, totals, usable = {}, {}, {}
    for years in lags:
        start = pl.when(stock).then(pl.col(f"_end{years + 1}")).otherwise(0.0)
        parts[years] = pl.col(f"_part{years}") - start
        totals[years] = pl.col(f"_end{years}") - start
        enough = (totals[years] >= limits.seasonal_figure) & (parts[years] >= 0)
        usable[years] = enough.fill_null(value=False)
    joined = joined.with_columns(
        *(pl.when(usable[years]).then(parts[years]).alias(f"_part_used{years}") for years in lags),
        *(
            pl.when(usable[years]).then(totals[years]).alias(f"_total_used{years}")
            for years in lags
        ),
    )
    shares = [pl.col(f"_part_used{years}") / pl.col(f"_total_used{years}") for years in lags]
    count = pl.sum_horizontal(pl.col(f"_part_used{years}").is_not_null() for years in lags)
    used_bits = pl.sum_horizontal(
        pl.col(f"_part_used{years}").is_not_null() * 2**bit for bit, years in enumerate(lags)
    )
    has_season = pl.col("measure").is_in(["flow", "stock"]) & (pl.col("level") == "")
    known = (count >= limits.seasonal_least) & has_season
    pooled = pl.sum_horizontal(f"_part_used{years}" for years in lags) / pl.sum_horizontal(
        f"_total_used{years}" for years in lags
    )
    return joined.select(
        *names,
        profile=pl.when(known).then(pooled),
        profile_low=pl.when(known).then(pl.min_horizontal(shares)),
        profile_high=pl.when(known).then(pl.max_horizontal(shares)),
        # The years used as bits: many rows have few combinations, each formatted only once.
        _years=pl.when(known).then(pl.col("year") * 2 ** len(lags) + used_bits),
    ).pipe(_with_profile_years, lags)


def _with_profile_years(rows: pl.LazyFrame, lags: list[int]) -> pl.LazyFrame:
    """Add profile_years, the years whose bits are set in ``_years``."""
    collected = rows.collect()
    table = collected.select(pl.col("_years").unique().sort()).drop_nulls()
    texts = [
        "、".join(str(n // 2 ** len(lags) - lag) for bit, lag in enumerate(lags) if n >> bit & 1)
        for n in table["_years"]
    ]
    table = table.with_columns(profile_years=pl.Series(texts, dtype=pl.String))
    columns = {"profile_years": pl.col("profile_years")}
    years = gather(collected, pl.col("_years"), table, "_years", columns)
    return collected.hstack(years).drop("_years").lazy()


def share_due(targets: pl.LazyFrame) -> pl.LazyFrame:
    """Add the pace rule applied and the share of the target that is due (definitions §6).

    - linear: elapsed months ÷ 12, counted through ``as_of`` where it is set. A target that starts
      after ``start_month`` m₀ is paced (m − m₀) / (12 − m₀) whatever the registry's rule, unless
      it has its own nodes.
    - half: 50 % from June on.
    - nodes: the share of the last node reached.
    - seasonal: the profile.
    - elapsed: a multi_year target is paced by the time elapsed between the December of its base
      year and that of its target year.

    By every rule but elapsed, everything is due in December.

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
        (fraction), share_due_low, share_due_high, pace_years (as profile_years).

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
    linear = ((elapsed_months() - start) / (12 - start)).clip(0.0, 1.0)
    since_base = (pl.col("year") - pl.col("base_year") - 1) * 12 + elapsed_months()
    term = since_base / ((pl.col("target_year") - pl.col("base_year")) * 12)
    kind, pace = pl.col("target_kind"), pl.col("pace")
    rule = first_match(
        (pl.col("target").is_null(), None),
        (kind == "growth", "none"),
        (kind == "multi_year", "elapsed"),
        (pl.col("own_nodes").is_not_null(), "nodes"),
        ((start > 0) & (pace != "none"), "linear"),
        *((pace == name, name) for name in PACES),
    )
    elapsed = elapsed_months().floor().cast(pl.Int64)
    half = pl.when(elapsed >= 6).then(0.5).otherwise(0.0)
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
        .then(pl.col("_node_share"))
        .when(pl.col("pace_rule") == "seasonal")
        .then(pl.col("profile"))
    )
    seasonal = (pl.col("pace_rule") == "seasonal") & (month != 12)
    rows = _with_node_share(targets).with_columns(pace_rule=rule)
    return rows.with_columns(
        share_due=share,
        share_due_low=pl.when(seasonal).then("profile_low"),
        share_due_high=pl.when(seasonal).then("profile_high"),
        pace_years=pl.when(seasonal).then("profile_years"),
    ).drop("_node_share")


def _with_node_share(targets: pl.LazyFrame) -> pl.LazyFrame:
    """Add ``_node_share``, the `node_share` of each row; computed once per nodes and month.

    This happens outside of polars expressions: Python functions inside of them would deadlock when
    two threads compute checkpoints at the same time.
    """
    rows = targets.collect()
    pairs = rows.select(
        nodes=pl.coalesce("own_nodes", "nodes"), month=elapsed_months().floor().cast(pl.Int64)
    )
    shares = pairs.unique().drop_nulls("nodes")
    values = [node_share(nodes, month) for nodes, month in shares.iter_rows()]
    shares = shares.with_columns(_node_share=pl.Series(values, dtype=pl.Float64))
    joined = pairs.join(shares, on=["nodes", "month"], how="left", maintain_order="left")
    return rows.hstack(joined.select("_node_share")).lazy()
