"""Ranks among peers, and distances to leader, median and benchmark (definitions §8)."""

from __future__ import annotations

import polars as pl

from kejistats.metrics.categories import first_match
from kejistats.metrics.lookup import key_columns, lag, of_district
from kejistats.metrics.peers import (
    SIGNIFICANT_DIGITS,
    higher_is_better,
    peer_columns,
    with_competition_rank,
    with_peers,
)
from kejistats.model.settings import Thresholds
from kejistats.model.units import COUNT_UNITS


def rank(
    figures: pl.LazyFrame,
    districts: pl.DataFrame,
    indicators: pl.DataFrame,
    coverage: float = 0.8,
) -> pl.LazyFrame:
    """Add ranks among peers: valid districts of the same parent, kind and group.

    Competition ranking (1, 2, 2, 4), 1 = highest, or lowest for ``direction = "down"``; no rank
    for ``direction = "none"``. Only exact figures are ranked, each grade by itself. Totals,
    subtotals and residuals have no rank (definitions §8).

    Parameters
    ----------
    figures
        Rows with district, indicator, level, year, month, value, status, bound, grade.
    districts, indicators
        District and Indicator tables.
    coverage
        Least share of ranked peers for ranks to be shown. They are also not shown where more than
        half of the ranked figures are zero.

    Returns
    -------
    polars.LazyFrame
        Columns added: rank, ranked (how many take part), peers, tied, rank_shown, and _members, a
        number that stands for the set of ranked districts, by which years are compared.

    Examples
    --------
    >>> from kejistats.model.registry import read_registry
    >>> from kejistats.model.tables import District
    >>> units = District.conform(pl.DataFrame(
    ...     [{"code": "0", "name": "市", "parent": None, "kind": "total"}]
    ...     + [{"code": c, "name": c, "parent": "0", "kind": "district"} for c in "1234"]))
    >>> frame = pl.LazyFrame({"district": list("1234"), "indicator": "patent_granted",
    ...     "level": "", "year": 2025, "month": 6, "value": [9.0, 7.0, 7.0, 5.0],
    ...     "status": "reported", "bound": "exact", "grade": "final"})
    >>> rank(frame, units, read_registry()).collect()["rank"].to_list()
    [1, 2, 2, 4]
    """
    names = figures.collect_schema().names()
    rows = with_peers(figures, districts, indicators)
    takes_part = pl.col("_eligible") & (pl.col("direction") != "none")
    value = higher_is_better(pl.col("value"))
    rows = with_competition_rank(rows, takes_part, value, ["_rank_group"])
    last = pl.col("_value").rank("max", descending=True).over("_rank_group").cast(pl.Int64)
    # The sum of the hashes is the same in any order of the members.
    member = pl.when("_takes_part").then("_member_hash").sum().over("_rank_group")
    rows = rows.with_columns(
        _lowest_rank=last,
        _zeros=(pl.col("_value") == 0).sum().over("_rank_group"),
        _members=pl.when("_takes_part").then(member),
    )
    count = pl.col("_participants")
    shown = (
        (count >= 2) & (count / pl.col("peers") >= coverage) & (pl.col("_zeros") <= count / 2)
    )  # fmt: skip
    return rows.select(
        *names,
        "_members",
        *(["peers"] if "peers" not in names else []),
        rank="_rank",
        ranked="_participants",
        tied=(pl.col("_rank") != pl.col("_lowest_rank")).fill_null(value=False),
        rank_shown=shown.fill_null(value=False),
    )


def rank_change(ranked: pl.LazyFrame, before: pl.LazyFrame) -> pl.LazyFrame:
    """Add rank_change, the ranks gained (+) or lost (−) since `before` (definitions §8).

    It is null unless the same districts are ranked in both years.

    Parameters
    ----------
    ranked, before
        Results of `rank` at a checkpoint and at the same checkpoint a year before.

    Examples
    --------
    >>> row = {"district": "1", "indicator": "i", "level": "", "month": 6, "_members": 7}
    >>> now, then = row | {"year": 2025, "rank": 2}, row | {"year": 2024, "rank": 5}
    >>> rank_change(pl.LazyFrame([now]), pl.LazyFrame([then])).collect()["rank_change"].item()
    3
    """
    columns = {"_rank_before": pl.col("rank"), "_members_before": pl.col("_members")}
    rows = lag(ranked, before, columns, pl.lit(12))
    same = pl.col("_members") == pl.col("_members_before")
    return rows.with_columns(
        rank_change=pl.when(same).then(pl.col("_rank_before") - pl.col("rank"))
    ).drop("_members", *columns)


def growth_rank(
    rows: pl.LazyFrame,
    districts: pl.DataFrame,
    indicators: pl.DataFrame,
    thresholds: Thresholds | None = None,
) -> pl.LazyFrame:
    """Add the rank of growth among peers, with one kind of growth for the whole group.

    A group is ranked by computed or by published growth, whichever more peers have, with equal
    numbers by the published; published growth is used only where all of it has the same basis. A
    count takes part only with a base of at least 10 (definitions §8).

    Parameters
    ----------
    rows
        Rows after `growth`, with ``unit``; published_growth as a fraction, or in points.
    districts, indicators
        District and Indicator tables.
    thresholds
        growth_base; 10 by default.

    Returns
    -------
    polars.LazyFrame
        Columns added: yoy_rank, yoy_ranked (how many take part) and yoy_rank_kind (computed or
        published).

    Examples
    --------
    >>> from kejistats.model.registry import read_registry
    >>> from kejistats.model.tables import District
    >>> units = District.conform(pl.DataFrame(
    ...     [{"code": "0", "name": "市", "parent": None, "kind": "total"}]
    ...     + [{"code": c, "name": c, "parent": "0", "kind": "district"} for c in "123"]))
    >>> frame = pl.LazyFrame({"district": list("123"), "indicator": "patent_granted",
    ...     "level": "", "year": 2025, "month": 6, "value": [30.0, 22.0, 4.0],
    ...     "status": "reported", "bound": "exact", "grade": "final", "base": [20.0, 20.0, 1.0],
    ...     "yoy": [0.5, 0.1, 3.0], "yoy_points": None, "yoy_bound": "exact",
    ...     "published_growth": None, "growth_basis": None, "unit": "件"},
    ...     schema_overrides={"yoy_points": pl.Float64, "published_growth": pl.Float64,
    ...                       "growth_basis": pl.String})
    >>> growth_rank(frame, units, read_registry()).collect()["yoy_rank"].to_list()
    [1, 2, None]
    """
    limits = thresholds or Thresholds()
    names = rows.collect_schema().names()
    rows = with_peers(rows, districts, indicators)
    computed = pl.when(pl.col("yoy_bound") == "exact").then(pl.coalesce("yoy", "yoy_points"))
    published = pl.col("published_growth")
    base = pl.coalesce("base", pl.col("value") / (1 + published))
    counted = pl.col("unit").is_in(sorted(COUNT_UNITS)) & pl.col("yoy_points").is_null()
    large_base = ~counted | (base >= limits.growth_base).fill_null(value=False)
    takes_part = pl.col("_eligible") & (pl.col("direction") != "none") & large_base
    basis = pl.col("growth_basis").fill_null("名义").hash()
    rows = rows.with_columns(
        _computed=pl.when(takes_part).then(computed),
        _published=pl.when(takes_part).then(published),
        _basis=pl.when(takes_part & published.is_not_null()).then(basis),
    )
    one_basis = pl.col("_basis").min() == pl.col("_basis").max()
    more = pl.col("_published").count() >= pl.col("_computed").count()
    rows = rows.with_columns(_use_published=(more & one_basis).over("_rank_group"))
    growth = pl.when("_use_published").then("_published").otherwise("_computed")
    rows = with_competition_rank(
        rows, growth.is_not_null(), higher_is_better(growth), ["_rank_group"]
    )
    kind = first_match(
        (~pl.col("_takes_part"), None),
        (pl.col("_use_published"), "published"),
        otherwise="computed",
    )
    return rows.select(
        *names,
        *peer_columns(names),
        yoy_rank="_rank",
        yoy_ranked="_participants",
        yoy_rank_kind=kind,
    )


def attainment_rank(
    rows: pl.LazyFrame, districts: pl.DataFrame, indicators: pl.DataFrame
) -> pl.LazyFrame:
    """Add the rank of attainment among peers with the same kind of target (definitions §8).

    Parameters
    ----------
    rows
        Rows after `compare_with_target`.
    districts, indicators
        District and Indicator tables.

    Returns
    -------
    polars.LazyFrame
        Columns added: attainment_rank, 1 = highest, and attainment_ranked (how many take part).

    Examples
    --------
    >>> from kejistats.model.registry import read_registry
    >>> from kejistats.model.tables import District
    >>> units = District.conform(pl.DataFrame(
    ...     [{"code": "0", "name": "市", "parent": None, "kind": "total"}]
    ...     + [{"code": c, "name": c, "parent": "0", "kind": "district"} for c in "12"]))
    >>> frame = pl.LazyFrame({"district": list("12"), "indicator": "patent_granted",
    ...     "level": "", "year": 2025, "month": 6, "value": [30.0, 20.0], "status": "reported",
    ...     "bound": "exact", "grade": "final", "attainment": [0.5, 0.6],
    ...     "attainment_bound": "exact", "target_kind": "total"})
    >>> attainment_rank(frame, units, read_registry()).collect()["attainment_rank"].to_list()
    [2, 1]
    """
    names = rows.collect_schema().names()
    rows = with_peers(rows, districts, indicators)
    takes_part = pl.col("_eligible") & (pl.col("attainment_bound") == "exact")
    attainment = pl.col("attainment").round_sig_figs(SIGNIFICANT_DIGITS)
    rows = with_competition_rank(rows, takes_part, attainment, ["_rank_group", "target_kind"])
    return rows.select(
        *names, *peer_columns(names), attainment_rank="_rank", attainment_ranked="_participants"
    )


def distances(
    rows: pl.LazyFrame, districts: pl.DataFrame, indicators: pl.DataFrame, benchmark: str = ""
) -> pl.LazyFrame:
    """Add the distances to the leader, the peers' median and a named benchmark (definitions §8).

    Each is a difference A − other in the registry's unit and a ratio A / other; the ratio only
    where A ≥ 0 and other > 0. Leader and median are taken among peers with an exact figure of the
    same grade. A distance has the bound of the row's own figure.

    Parameters
    ----------
    rows
        Rows with district, indicator, level, year, month, value, status, bound, grade, break_id.
    districts, indicators
        District and Indicator tables.
    benchmark
        Code of the district that all are compared with; empty for none.

    Returns
    -------
    polars.LazyFrame
        Columns added: leader (a value), leader_district, to_leader, leader_ratio, median,
        to_median, median_ratio, benchmark, to_benchmark, benchmark_ratio.

    Examples
    --------
    >>> from kejistats.model.registry import read_registry
    >>> from kejistats.model.tables import District
    >>> units = District.conform(pl.DataFrame(
    ...     [{"code": "0", "name": "市", "parent": None, "kind": "total"}]
    ...     + [{"code": c, "name": c, "parent": "0", "kind": "district"} for c in "123"]))
    >>> frame = pl.LazyFrame({"district": list("123"), "indicator": "patent_granted",
    ...     "level": "", "year": 2025, "month": 6, "value": [30.0, 20.0, 10.0], "break_id": None,
    ...     "status": "reported", "bound": "exact", "grade": "final"})
    >>> distances(frame, units, read_registry(), "2").select(
    ...     "to_leader", "to_median", "benchmark_ratio").collect().row(2)
    (-20.0, -10.0, 0.5)
    """
    names = rows.collect_schema().names()
    rows = with_peers(rows, districts, indicators)
    directed = pl.col("_eligible") & (pl.col("direction") != "none")
    rows = rows.with_columns(_value=pl.when(directed).then(higher_is_better(pl.col("value"))))
    best = pl.col("_value") == pl.col("_value").max().over("_rank_group")
    rows = rows.with_columns(_best=best).with_columns(
        leader=pl.when("_best").then("value").max().over("_rank_group"),
        leader_district=pl.when("_best").then("district").min().over("_rank_group"),
        median=pl.when("_eligible").then("value").median().over("_rank_group"),
    )
    rows = _with_benchmark(rows, benchmark)
    a = pl.col("value")
    references = ["leader", "median", "benchmark"]
    return rows.with_columns(
        *((a - pl.col(c)).alias(f"to_{c}") for c in references),
        *(
            pl.when((pl.col(c) > 0) & (a >= 0)).then(a / pl.col(c)).alias(f"{c}_ratio")
            for c in references
        ),
    ).select(
        *names,
        *peer_columns(names),
        *(name for c in references for name in (c, f"to_{c}", f"{c}_ratio")),
        "leader_district",
    )


def _with_benchmark(rows: pl.LazyFrame, benchmark: str) -> pl.LazyFrame:
    """Add the benchmark district's figure if it is exact and of the same grade and definition."""
    if not benchmark:
        return rows.with_columns(benchmark=pl.lit(None, dtype=pl.Float64))
    code = pl.lit(benchmark).cast(rows.collect_schema()["district"], strict=False)
    rows = rows.with_columns(_benchmark=code)
    columns = ["value", "bound", "grade", "break_id"]
    benchmark_rows = rows.filter(pl.col("district") == pl.col("_benchmark")).select(
        *key_columns(rows), *columns
    )
    taken = {f"_benchmark_{c}": pl.col(c) for c in columns}
    rows = of_district(rows, benchmark_rows, "_benchmark", taken)
    comparable = pl.all_horizontal(
        pl.col(c).eq_missing(pl.col(f"_benchmark_{c}")) for c in ("grade", "break_id")
    )
    exact = pl.col("_benchmark_bound") == "exact"
    return rows.with_columns(benchmark=pl.when(exact & comparable).then("_benchmark_value"))
