"""占比 and 拉动: what part a district has in its city's figure and in its growth (definitions §7, §8)."""

from __future__ import annotations

import polars as pl

from kejistats.metrics.bounds import FIRM, quotient
from kejistats.metrics.categories import first_match
from kejistats.metrics.frames import with_facts, with_units
from kejistats.metrics.lookup import key_columns, of_district
from kejistats.metrics.totals import DERIVED_TOTAL
from kejistats.model.settings import Thresholds

# What they need to know of the parent's row.
OF_SHARE = ["value", "status", "bound", "grade", "break_id"]
OF_CONTRIBUTION = [
    "base", "base_bound", "change", "change_bound", "grade", "break_id", "yoy_reason",
]  # fmt: skip


def share(figures: pl.LazyFrame, districts: pl.DataFrame, indicators: pl.DataFrame) -> pl.LazyFrame:
    """Add the share of the parent's figure: own / total, with the bound that follows.

    The parent's row is its own report or, from `totals`, the sum of districts that all
    reported; of the same definition and grade. Exactly one of share and share_reason is set
    (definitions §8).

    Parameters
    ----------
    figures
        Rows with district, indicator, level, year, month, value, status, bound, grade, break_id.
    districts, indicators
        District and Indicator tables.

    Returns
    -------
    polars.LazyFrame
        Columns added: share (fraction), share_bound, share_reason.

    Examples
    --------
    >>> from kejistats.model.registry import read_registry
    >>> from kejistats.model.tables import District
    >>> units = District.conform(pl.DataFrame([
    ...     {"code": "0", "name": "市", "parent": None, "kind": "total"},
    ...     {"code": "1", "name": "甲区", "parent": "0", "kind": "district"}]))
    >>> frame = pl.LazyFrame({"district": ["0", "1"], "indicator": "patent_granted",
    ...     "level": "", "year": 2025, "month": 6, "value": [50.0, 20.0], "break_id": None,
    ...     "status": "reported", "bound": "exact", "grade": "final"})
    >>> share(frame, units, read_registry()).select("share", "share_reason").collect().rows()
    [(None, 'is_total'), (0.4, None)]
    """
    names = figures.collect_schema().names()
    rows = with_parent(figures, districts, indicators, OF_SHARE)
    rows = rows.with_columns(_share_bound=quotient("bound", "_whole_bound"))
    reason = first_match(
        (pl.col("kind") == "total", "is_total"),
        (pl.col("_parent").is_null(), "no_parent"),
        (pl.col("aggregate") != "sum", "not_additive"),
        (pl.col("status") == "masked", "figure_masked"),
        (pl.col("value").is_null(), "figure_missing"),
        (pl.col("_whole_status") == "masked", "total_masked"),
        (pl.col("_whole_value").is_null(), "total_missing"),
        (~pl.col("_whole_break_id").eq_missing(pl.col("break_id")), "break"),
        (pl.col("_whole_grade") != pl.col("grade"), "total_grade"),
        (pl.col("_whole_value") <= 0, "total_zero"),
        (pl.col("_share_bound").is_null(), "bound_open"),
    )
    rows = rows.with_columns(share_reason=reason)
    fits = pl.col("share_reason").is_null()
    return rows.with_columns(
        share=pl.when(fits).then(pl.col("value") / pl.col("_whole_value")),
        share_bound=pl.when(fits).then("_share_bound"),
    ).select(*names, "share", "share_bound", "share_reason")


def contribution(
    rows: pl.LazyFrame,
    districts: pl.DataFrame,
    indicators: pl.DataFrame,
    thresholds: Thresholds | None = None,
) -> pl.LazyFrame:
    """Add 拉动 and 贡献率: what a district's change did for the growth of its city.

    contribution = (A − B) / B_city · 100 in points, for B_city > 0; contribution_rate =
    (A − B) / (A_city − B_city), only where the city moved by at least 1 % (definitions §7). In a
    city that fell, a rate above zero is a share in the fall (下拉). Only of additive indicators,
    where both figures are of one grade and none is a bound.

    Parameters
    ----------
    rows
        Rows after `growth`, the parents' among them.
    districts, indicators
        District and Indicator tables.
    thresholds
        contribution_move; 0.01 by default.

    Returns
    -------
    polars.LazyFrame
        Columns added: contribution (points) and contribution_rate (fraction).

    Examples
    --------
    >>> from kejistats.model.registry import read_registry
    >>> from kejistats.model.tables import District
    >>> units = District.conform(pl.DataFrame([
    ...     {"code": "0", "name": "市", "parent": None, "kind": "total"},
    ...     {"code": "1", "name": "甲区", "parent": "0", "kind": "district"}]))
    >>> frame = pl.LazyFrame({"district": ["0", "1"], "indicator": "patent_granted",
    ...     "level": "", "year": 2025, "month": 6, "base": [200.0, 50.0],
    ...     "base_bound": "exact", "change": [20.0, 15.0], "change_bound": "exact",
    ...     "grade": "final", "break_id": None, "yoy_reason": None})
    >>> contribution(frame, units, read_registry()).select(
    ...     "contribution", "contribution_rate").collect().row(1)
    (7.5, 0.75)
    """
    limits = thresholds or Thresholds()
    names = rows.collect_schema().names()
    rows = with_parent(rows, districts, indicators, OF_CONTRIBUTION)
    base, moved = pl.col("_whole_base"), pl.col("_whole_change")
    usable = (
        (pl.col("aggregate") == "sum")
        & pl.col("_whole_break_id").eq_missing(pl.col("break_id"))
        # As of a share: a forecast is no part of what has been counted.
        & (pl.col("_whole_grade") == pl.col("grade"))
        # A base of a worse grade bears no rate (definitions §7), and none of a part either.
        & pl.all_horizontal(
            pl.col(c).ne_missing("base_grade") for c in ("yoy_reason", "_whole_yoy_reason")
        )
        & pl.all_horizontal(
            pl.col(c).is_in(FIRM)
            for c in ("change_bound", "_whole_base_bound", "_whole_change_bound")
        )
        & (base > 0)
    )
    enough = (moved / base).abs().round(12) >= limits.contribution_move
    return rows.with_columns(
        contribution=pl.when(usable).then(pl.col("change") / base * 100),
        contribution_rate=pl.when(usable & enough).then(pl.col("change") / moved),
    ).select(*names, "contribution", "contribution_rate")


def contributions(
    metrics: pl.DataFrame, districts: pl.DataFrame, indicator: str, parent: str
) -> pl.DataFrame:
    """Return who moved a city's figure by how much, with a residual row so that columns sum.

    Parameters
    ----------
    metrics
        Metric table of one checkpoint.
    districts
        District table.
    indicator
        Id of an additive indicator.
    parent
        Code of the city.

    Returns
    -------
    polars.DataFrame
        district, change (units), contribution (points), contribution_rate (fraction): the city's
        members by contribution, then a row whose district is null with what they leave over,
        such as districts that did not report, then the city. Zones and subtotals, parts of
        districts, are left out. Empty where the city's own growth is unknown.

    Examples
    --------
    >>> units = pl.DataFrame({"code": ["0", "1", "2"], "parent": [None, "0", "0"],
    ...                       "kind": ["total", "district", "district"]})
    >>> table = pl.DataFrame({"district": ["0", "1", "2"], "indicator": "i", "level": "",
    ...     "base": [200.0, 50.0, None], "change": [20.0, 15.0, None], "yoy": [0.1, 0.3, None],
    ...     "contribution": [None, 7.5, None], "contribution_rate": [None, 0.75, None]})
    >>> contributions(table, units, "i", "0").select("district", "contribution").rows()
    [('1', 7.5), (None, 2.5), ('0', 10.0)]
    """
    columns = ["district", "change", "contribution", "contribution_rate"]
    table = metrics.filter(pl.col("indicator") == indicator, pl.col("level") == "")
    members = districts.filter(
        pl.col("parent") == parent, pl.col("kind").is_in(["district", "residual", "total"])
    )["code"]
    known = pl.col("contribution").is_not_null()
    rows = table.filter(pl.col("district").is_in(members.implode()), known).select(columns)
    city = table.filter(pl.col("district") == parent, pl.col("yoy").is_not_null())
    if city.is_empty():
        return rows.clear()
    moved = pl.col("contribution_rate").is_not_null().any()
    whole = city.select(
        "district", "change", contribution=pl.col("yoy") * 100, contribution_rate=pl.lit(1.0)
    ).with_columns(contribution_rate=pl.when(rows.select(moved).item()).then("contribution_rate"))
    left = [
        pl.lit(None, dtype=pl.String).alias("district"),
        *((pl.lit(whole[c][0], dtype=pl.Float64) - pl.col(c).sum()).alias(c) for c in columns[1:]),
    ]
    rows = rows.sort("contribution", descending=True, maintain_order=True)
    return pl.concat([rows, rows.select(left), whole], how="vertical_relaxed")


def share_changes(metrics: pl.DataFrame, districts: pl.DataFrame) -> pl.DataFrame:
    """Return the city's figures behind a share, and how the share changed within a year.

    share_change = A / A_city − B / B_city in points (definitions §8 for the shares): of exact figures
    only, of one definition, neither base of a worse grade than its figure, and where the city's
    two figures came about in the same way, both reported or both summed.

    Parameters
    ----------
    metrics
        Metric table of one checkpoint.
    districts
        District table.

    Returns
    -------
    polars.DataFrame
        district, indicator, level; whole, whole_base (the city's figures, in the indicator's
        unit), whole_source, whole_base_source; share_change (points), null where it is not
        known. A row where there is a share or a contribution.

    Examples
    --------
    >>> units = pl.DataFrame({"code": ["0", "1"], "parent": [None, "0"]})
    >>> table = pl.DataFrame({"district": ["0", "1"], "indicator": "i", "level": "",
    ...     "value": [40.0, 20.0], "share": [None, 0.5], "share_bound": [None, "exact"],
    ...     "contribution": [None, 10.0], "base": [50.0, 15.0], "base_bound": "exact",
    ...     "yoy_reason": pl.Series([None, None], dtype=pl.String),
    ...     "source": "a", "base_source": "b"})
    >>> share_changes(table, units).select("whole", "whole_base", "share_change").rows()
    [(40.0, 50.0, 20.0)]
    """
    key = ["indicator", "level"]
    columns = ["value", "source", "base", "base_source", "base_bound", "yoy_reason"]
    wholes = metrics.select(*key, pl.col("district").alias("_parent"),
                            *(pl.col(c).alias(f"_{c}") for c in columns))  # fmt: skip
    rows = metrics.filter(pl.col("share").is_not_null() | pl.col("contribution").is_not_null())
    rows = rows.join(districts.select(district="code", _parent="parent"), on="district")
    alike = (pl.col("_source") == DERIVED_TOTAL) == (pl.col("_base_source") == DERIVED_TOTAL)
    known = (
        (pl.col("share_bound") == "exact")
        & pl.all_horizontal(pl.col(c) == "exact" for c in ("base_bound", "_base_bound"))
        & (pl.col("yoy_reason").is_null() | (pl.col("yoy_reason") == "base_zero"))
        & pl.col("_yoy_reason").is_null()
        & (pl.col("_base") > 0)
        & alike
    )
    before = pl.col("base") / pl.col("_base")
    change = pl.when(known).then((pl.col("share") - before) * 100)
    return (
        rows.join(wholes, on=["_parent", *key])
        .select(
            "district", *key, whole="_value", whole_source="_source", whole_base="_base",
            whole_base_source="_base_source", share_change=change,
        )
        .sort("district", *key)
    )  # fmt: skip


def with_parent(
    rows: pl.LazyFrame, districts: pl.DataFrame, indicators: pl.DataFrame, columns: list[str]
) -> pl.LazyFrame:
    """Add columns of the parent's row, named ``_whole_…``, and ``_parent`` and ``kind``.

    Those that are there already are not looked for again.
    """
    names = rows.collect_schema().names()
    missing = [c for c in dict.fromkeys(columns) if f"_whole_{c}" not in names]
    if not missing:
        return rows
    parents = districts["parent"].drop_nulls().unique().implode()
    wholes = rows.filter(pl.col("district").is_in(parents)).select(*key_columns(rows), *missing)
    rows = with_units(with_facts(rows, indicators), districts, _parent="parent", kind="kind")
    return of_district(rows, wholes, "_parent", {f"_whole_{c}": pl.col(c) for c in missing})
