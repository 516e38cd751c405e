"""Standing among peers: ranks, and distances to leader, median and benchmark (semantics §8)."""

from __future__ import annotations

import polars as pl

from kejistats.metrics.choice import chosen
from kejistats.metrics.frames import grade_place, with_facts
from kejistats.metrics.lookup import (
    ROW,
    among_peers,
    earlier,
    elsewhere,
    is_keyed,
    looked_up,
    unit_at,
    unit_number,
)
from kejistats.metrics.totals import month_end, valid_at
from kejistats.schema.observation import GRADES
from kejistats.settings import Thresholds
from kejistats.units import WHOLE

PEER_KINDS = ["district", "zone"]
# Figures are told apart by this many digits.
_DIGITS = 12


def with_peers(
    rows: pl.LazyFrame, districts: pl.DataFrame, indicators: pl.DataFrame
) -> pl.LazyFrame:
    """Add who a row's peers are: same parent, kind and group, valid at the checkpoint.

    Parameters
    ----------
    rows
        Rows with district, indicator, year, month, value, status and bound.
    districts, indicators
        District and Indicator tables.

    Returns
    -------
    polars.LazyFrame
        Columns added: peers (how many there are), direction, _in, whether the row takes part
        in a ranking (an exact figure of a valid peer), and _cell, which peers, indicator, level,
        checkpoint and grade it takes part with. Unchanged where they are there.
    """
    names = rows.collect_schema().names()
    if "_cell" in names:
        return rows
    units = _units(rows, districts)
    found = {c: pl.col(c) for c in ("_group", "_member", "peers")}
    if is_keyed(rows):
        asking = rows.collect()
        table = units.select(_u=unit_number(), *found).collect().sort("_u")
        rows = asking.hstack(looked_up(asking, unit_at(), table, "_u", found)).lazy()
        cell = among_peers("_group") * (len(GRADES) + 1) + grade_place().fill_null(len(GRADES))
    else:
        rows = rows.join(units, on=["district", "year", "month"], how="left", maintain_order="left")
        cell = pl.concat_str(
            "_group", "indicator", "level", "year", "month", pl.col("grade").fill_null(""),
            separator="|",
        )  # fmt: skip
    exact = (pl.col("status") == "reported") & (pl.col("bound") == "exact")
    inside = exact & pl.col("_group").is_not_null()
    return (
        with_facts(rows, indicators)
        .with_columns(_in=inside.fill_null(value=False), _cell=cell)
        .select(*names, *_peer_columns(names))
    )


def _units(rows: pl.LazyFrame, districts: pl.DataFrame) -> pl.LazyFrame:
    """Return the districts that are peers of others at each checkpoint, and how many those are."""
    is_peer = pl.col("kind").is_in(PEER_KINDS) & pl.col("parent").is_not_null()
    group = pl.struct("parent", "kind", "group").rank("dense")
    at = rows.select("year", "month").unique()
    member = pl.col("district").cast(pl.String).hash(seed=1)
    return (
        districts.lazy()
        .filter(is_peer)
        .select(pl.col("code").alias("district"), "valid_from", "valid_to", _group=group)
        .join(at, how="cross")
        .filter(valid_at(month_end()))
        .select("district", "year", "month", "_group", _member=member)
        .with_columns(peers=pl.len().over("_group", "year", "month").cast(pl.Int64))
    )


def rank(
    figures: pl.LazyFrame,
    districts: pl.DataFrame,
    indicators: pl.DataFrame,
    coverage: float = 0.8,
) -> pl.LazyFrame:
    """Add ranks among peers: same parent, kind and group, valid, exact figure, same grade.

    Competition ranking (1, 2, 2, 4), 1 = highest, or lowest for ``direction = "down"``; none
    for ``direction = "none"``. Totals, subtotals and residuals have no rank (semantics §8).

    Parameters
    ----------
    figures
        Rows with district, indicator, level, year, month, value, status, bound, grade.
    districts, indicators
        District and Indicator tables.
    coverage
        Share of peers with a figure from which a rank is shown; none is where more than half of
        those ranked tie at zero.

    Returns
    -------
    polars.LazyFrame
        Columns added: rank, ranked, peers, tied, rank_shown, and _members (a number that tells
        whose ranks these are, for comparing years).

    Examples
    --------
    >>> from kejistats.registry import read_registry
    >>> from kejistats.schema import District
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
    inside = pl.col("_in") & (pl.col("direction") != "none")
    rows = _placed(rows, inside, _signed(pl.col("value")), ["_cell"])
    last = pl.col("_value").rank("max", descending=True).over("_cell").cast(pl.Int64)
    # The same members give the same sum in any order.
    member = pl.when("_inside").then("_member").sum().over("_cell")
    rows = rows.with_columns(
        _last=last,
        _zeros=(pl.col("_value") == 0).sum().over("_cell"),
        _members=pl.when("_inside").then(member),
    )
    count = pl.col("_count")
    shown = (
        (count >= 2) & (count / pl.col("peers") >= coverage) & (pl.col("_zeros") <= count / 2)
    )  # fmt: skip
    return rows.select(
        *names,
        "_members",
        *(["peers"] if "peers" not in names else []),
        rank="_place",
        ranked="_count",
        tied=(pl.col("_place") != pl.col("_last")).fill_null(value=False),
        rank_shown=shown.fill_null(value=False),
    )


def rank_change(ranked: pl.LazyFrame, before: pl.LazyFrame) -> pl.LazyFrame:
    """Add the places risen (+) or fallen (−) since `before`; only for the same members (§8).

    Parameters
    ----------
    ranked, before
        Results of `rank` at a checkpoint and at the same one a year before.

    Examples
    --------
    >>> row = {"district": "1", "indicator": "i", "level": "", "month": 6, "_members": 7}
    >>> now, then = row | {"year": 2025, "rank": 2}, row | {"year": 2024, "rank": 5}
    >>> rank_change(pl.LazyFrame([now]), pl.LazyFrame([then])).collect()["rank_change"].item()
    3
    """
    columns = {"_rank_before": pl.col("rank"), "_members_before": pl.col("_members")}
    rows = earlier(ranked, before, columns, pl.lit(12))
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
    """Add the rank of growth: one kind of growth for all, over a base that means something.

    Of a group either the growth computed here is ranked or the growth published, whichever more
    peers have, on equal numbers the published; published growth only where all of it is on one
    basis. A count takes part from a base of 10 on (semantics §8).

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
    >>> from kejistats.registry import read_registry
    >>> from kejistats.schema import District
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
    counted = pl.col("unit").is_in(sorted(WHOLE)) & pl.col("yoy_points").is_null()
    large = ~counted | (base >= limits.growth_base).fill_null(value=False)
    inside = pl.col("_in") & (pl.col("direction") != "none") & large
    basis = pl.col("growth_basis").fill_null("名义").hash()
    rows = rows.with_columns(
        _computed=pl.when(inside).then(computed),
        _published=pl.when(inside).then(published),
        _basis=pl.when(inside & published.is_not_null()).then(basis),
    )
    one_basis = pl.col("_basis").min() == pl.col("_basis").max()
    more = pl.col("_published").count() >= pl.col("_computed").count()
    rows = rows.with_columns(_use=(more & one_basis).over("_cell"))
    growth = pl.when("_use").then("_published").otherwise("_computed")
    rows = _placed(rows, growth.is_not_null(), _signed(growth), ["_cell"])
    kind = chosen((~pl.col("_inside"), None), (pl.col("_use"), "published"), otherwise="computed")
    return rows.select(
        *names,
        *_peer_columns(names),
        yoy_rank="_place",
        yoy_ranked="_count",
        yoy_rank_kind=kind,
    )


def attainment_rank(
    rows: pl.LazyFrame, districts: pl.DataFrame, indicators: pl.DataFrame
) -> pl.LazyFrame:
    """Add the rank of attainment among the peers judged by the same kind of target (§8).

    Parameters
    ----------
    rows
        Rows after `against_target`.
    districts, indicators
        District and Indicator tables.

    Returns
    -------
    polars.LazyFrame
        Columns added: attainment_rank, 1 = highest, and attainment_ranked (how many take part).

    Examples
    --------
    >>> from kejistats.registry import read_registry
    >>> from kejistats.schema import District
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
    inside = pl.col("_in") & (pl.col("attainment_bound") == "exact")
    steady = pl.col("attainment").round_sig_figs(_DIGITS)
    rows = _placed(rows, inside, steady, ["_cell", "target_kind"])
    return rows.select(
        *names, *_peer_columns(names), attainment_rank="_place", attainment_ranked="_count"
    )


def distances(
    rows: pl.LazyFrame, districts: pl.DataFrame, indicators: pl.DataFrame, benchmark: str = ""
) -> pl.LazyFrame:
    """Add the distances to the leader, the median of the peers and a named benchmark (§8).

    Each as a difference A − other in the registry's unit and as a ratio A / other, the ratio for
    figures above zero only. Leader and median are those of the peers with an exact figure of the
    same grade; a distance has the bound of the row's own figure.

    Parameters
    ----------
    rows
        Rows with district, indicator, level, year, month, value, status, bound, grade, break_id.
    districts, indicators
        District and Indicator tables.
    benchmark
        Code of the district all are compared with; empty for none.

    Returns
    -------
    polars.LazyFrame
        Columns added: leader (a value), leader_district, to_leader, leader_ratio, median,
        to_median, median_ratio, benchmark, to_benchmark, benchmark_ratio.

    Examples
    --------
    >>> from kejistats.registry import read_registry
    >>> from kejistats.schema import District
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
    directed = pl.col("_in") & (pl.col("direction") != "none")
    rows = rows.with_columns(_value=pl.when(directed).then(_signed(pl.col("value"))))
    best = pl.col("_value") == pl.col("_value").max().over("_cell")
    rows = rows.with_columns(_best=best).with_columns(
        leader=pl.when("_best").then("value").max().over("_cell"),
        leader_district=pl.when("_best").then("district").min().over("_cell"),
        median=pl.when("_in").then("value").median().over("_cell"),
    )
    rows = _with_benchmark(rows, benchmark)
    a = pl.col("value")
    found = ["leader", "median", "benchmark"]
    return rows.with_columns(
        *((a - pl.col(c)).alias(f"to_{c}") for c in found),
        *(
            pl.when((pl.col(c) > 0) & (a >= 0)).then(a / pl.col(c)).alias(f"{c}_ratio")
            for c in found
        ),
    ).select(
        *names,
        *_peer_columns(names),
        *(name for c in found for name in (c, f"to_{c}", f"{c}_ratio")),
        "leader_district",
    )


def _with_benchmark(rows: pl.LazyFrame, benchmark: str) -> pl.LazyFrame:
    """Add the exact figure of the district all are compared with, of the same grade."""
    if not benchmark:
        return rows.with_columns(benchmark=pl.lit(None, dtype=pl.Float64))
    code = pl.lit(benchmark).cast(rows.collect_schema()["district"], strict=False)
    rows = rows.with_columns(_benchmark=code)
    own = ["value", "bound", "grade", "break_id"]
    theirs = rows.filter(pl.col("district") == pl.col("_benchmark")).select(
        *ROW, *(["_k"] if is_keyed(rows) else []), *own
    )
    rows = elsewhere(rows, theirs, "_benchmark", {f"_its_{c}": pl.col(c) for c in own})
    alike = pl.all_horizontal(
        pl.col(c).eq_missing(pl.col(f"_its_{c}")) for c in ("grade", "break_id")
    )
    exact = pl.col("_its_bound") == "exact"
    return rows.with_columns(benchmark=pl.when(exact & alike).then("_its_value"))


def _peer_columns(names: list[str]) -> list[str]:
    """Return what `with_peers` added, kept so that the next function need not do it again."""
    return [c for c in ("peers", "_cell", "_member", "direction", "_in") if c not in names]


def _signed(value: pl.Expr) -> pl.Expr:
    """Return a value by which more is better, without the noise of binary fractions.

    Figures that print alike must not be told apart.
    """
    return (
        pl.when(pl.col("direction") == "down").then(-value).otherwise(value).round_sig_figs(_DIGITS)
    )  # fmt: skip


def _placed(rows: pl.LazyFrame, inside: pl.Expr, value: pl.Expr, cell: list[str]) -> pl.LazyFrame:
    """Add ``_place``, the competition rank of the rows that take part, and what goes with it.

    ``_inside`` says who takes part, ``_value`` by what, ``_count`` how many.
    """
    place = pl.col("_value").rank("min", descending=True).over(cell).cast(pl.Int64)
    count = pl.col("_inside").sum().over(cell).cast(pl.Int64)
    inside = (inside & value.is_not_null()).fill_null(value=False)
    return rows.with_columns(_inside=inside, _value=pl.when(inside).then(value)).with_columns(
        _place=place, _count=pl.when("_inside").then(count)
    )
