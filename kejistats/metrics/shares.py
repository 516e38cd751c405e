"""占比 and 拉动: a district's share of its city's figure and of its growth (definitions §7, §8)."""

from __future__ import annotations

import polars as pl

from kejistats.metrics.bounds import UNBOUNDED, quotient_bound
from kejistats.metrics.categories import first_match
from kejistats.metrics.frames import with_district_columns, with_indicator_columns
from kejistats.metrics.lookup import key_columns, of_district
from kejistats.metrics.totals import DERIVED_TOTAL
from kejistats.model.settings import Thresholds

# The columns of the parent's row that `share` and `contribution` need.
SHARE_INPUTS = ["value", "status", "bound", "grade", "break_id"]
CONTRIBUTION_INPUTS = [
    "base", "base_bound", "change", "change_bound", "grade", "break_id", "yoy_reason",
]  # fmt: skip


def share(figures: pl.LazyFrame, districts: pl.DataFrame, indicators: pl.DataFrame) -> pl.LazyFrame:
    """Add the share of the parent's figure, A / A_parent, with the bound that follows from both.

    The parent's figure is the one it reported or, from `totals`, the sum of its districts; it must
    be on the same definition and of the same grade. Exactly one of share and share_reason is set
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
    rows = with_parent(figures, districts, indicators, SHARE_INPUTS)
    rows = rows.with_columns(_share_bound=quotient_bound("bound", "_parent_bound"))
    reason = first_match(
        (pl.col("kind") == "total", "is_total"),
        (pl.col("_parent").is_null(), "no_parent"),
        (pl.col("aggregate") != "sum", "not_additive"),
        (pl.col("status") == "masked", "figure_masked"),
        (pl.col("value").is_null(), "figure_missing"),
        (pl.col("_parent_status") == "masked", "total_masked"),
        (pl.col("_parent_value").is_null(), "total_missing"),
        (~pl.col("_parent_break_id").eq_missing(pl.col("break_id")), "break"),
        (pl.col("_parent_grade") != pl.col("grade"), "total_grade"),
        (pl.col("_parent_value") <= 0, "total_zero"),
        (pl.col("_share_bound").is_null(), "bound_open"),
    )
    rows = rows.with_columns(share_reason=reason)
    has_share = pl.col("share_reason").is_null()
    return rows.with_columns(
        share=pl.when(has_share).then(pl.col("value") / pl.col("_parent_value")),
        share_bound=pl.when(has_share).then("_share_bound"),
    ).select(*names, "share", "share_bound", "share_reason")


def contribution(
    rows: pl.LazyFrame,
    districts: pl.DataFrame,
    indicators: pl.DataFrame,
    thresholds: Thresholds | None = None,
) -> pl.LazyFrame:
    """Add 拉动 and 贡献率: the part of a district's change in the growth of its city.

    contribution = (A − B) / B_city · 100 in points, for B_city > 0; contribution_rate =
    (A − B) / (A_city − B_city), only where the city changed by at least 1 % (definitions §7). In a
    city whose figure fell, a rate above zero is a share in the fall (下拉). Only for additive
    indicators, where the two figures have the same grade and none is a bound.

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
    rows = with_parent(rows, districts, indicators, CONTRIBUTION_INPUTS)
    city_base, city_change = pl.col("_parent_base"), pl.col("_parent_change")
    usable = (
        (pl.col("aggregate") == "sum")
        & pl.col("_parent_break_id").eq_missing(pl.col("break_id"))
        # As for shares: a forecast cannot be part of a final figure.
        & (pl.col("_parent_grade") == pl.col("grade"))
        # No rate over a base of a worse grade (definitions §7), so no part of that rate either.
        & pl.all_horizontal(
            pl.col(c).ne_missing("base_grade") for c in ("yoy_reason", "_parent_yoy_reason")
        )
        & pl.all_horizontal(
            pl.col(c).is_in(UNBOUNDED)
            for c in ("change_bound", "_parent_base_bound", "_parent_change_bound")
        )
        & (city_base > 0)
    )
    enough = (city_change / city_base).abs().round(12) >= limits.contribution_move
    return rows.with_columns(
        contribution=pl.when(usable).then(pl.col("change") / city_base * 100),
        contribution_rate=pl.when(usable & enough).then(pl.col("change") / city_change),
    ).select(*names, "contribution", "contribution_rate")


def contributions(
    metrics: pl.DataFrame, districts: pl.DataFrame, indicator: str, parent: str
) -> pl.DataFrame:
    """Return each member's part in the change of a city's figure, with a residual and a total row.

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
        members by contribution, then a row with district null for the rest, such as districts
        that did not report, then the city. The rows above the city's sum to it. Zones and
        subtotals, which are parts of districts, are left out. Empty where the city's own growth
        is unknown.

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
    has_rates = pl.col("contribution_rate").is_not_null().any()
    total = city.select(
        "district", "change", contribution=pl.col("yoy") * 100, contribution_rate=pl.lit(1.0)
    ).with_columns(
        contribution_rate=pl.when(rows.select(has_rates).item()).then("contribution_rate")
    )
    residual = [
        pl.lit(None, dtype=pl.String).alias("district"),
        *((pl.lit(total[c][0], dtype=pl.Float64) - pl.col(c).sum()).alias(c) for c in columns[1:]),
    ]
    rows = rows.sort("contribution", descending=True, maintain_order=True)
    return pl.concat([rows, rows.select(residual), total], how="vertical_relaxed")


def share_changes(metrics: pl.DataFrame, districts: pl.DataFrame) -> pl.DataFrame:
    """Return the city's figures behind each share, and the change of the share within a year.

    share_change = A / A_city − B / B_city in points (definitions §8 for the shares). Only for exact
    figures on one definition, with bases of no worse grade than the figures, and only where the
    city's two figures have the same origin: both reported or both summed.

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
        unit), whole_source, whole_base_source; share_change (points), null where it is unknown.
        One row for each row with a share or a contribution.

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
    parents = metrics.select(*key, pl.col("district").alias("_parent"),
                            *(pl.col(c).alias(f"_{c}") for c in columns))  # fmt: skip
    rows = metrics.filter(pl.col("share").is_not_null() | pl.col("contribution").is_not_null())
    rows = rows.join(districts.select(district="code", _parent="parent"), on="district")
    same_origin = (pl.col("_source") == DERIVED_TOTAL) == (pl.col("_base_source") == DERIVED_TOTAL)
    known = (
        (pl.col("share_bound") == "exact")
        & pl.all_horizontal(pl.col(c) == "exact" for c in ("base_bound", "_base_bound"))
        & (pl.col("yoy_reason").is_null() | (pl.col("yoy_reason") == "base_zero"))
        & pl.col("_yoy_reason").is_null()
        & (pl.col("_base") > 0)
        & same_origin
    )
    before = pl.col("base") / pl.col("_base")
    change = pl.when(known).then((pl.col("share") - before) * 100)
    return (
        rows.join(parents, on=["_parent", *key])
        .select(
            "district", *key, whole="_value", whole_source="_source", whole_base="_base",
            whole_base_source="_base_source", share_change=change,
        )
        .sort("district", *key)
    )  # fmt: skip


def with_parent(
    rows: pl.LazyFrame, districts: pl.DataFrame, indicators: pl.DataFrame, columns: list[str]
) -> pl.LazyFrame:
    """Add columns of the parent's row, named ``_parent_…``, and the district's ``_parent`` and ``kind``.

    Columns that the rows have already are not joined again.
    """
    names = rows.collect_schema().names()
    missing = [c for c in dict.fromkeys(columns) if f"_parent_{c}" not in names]
    if not missing:
        return rows
    parents = districts["parent"].drop_nulls().unique().implode()
    parent_rows = rows.filter(pl.col("district").is_in(parents)).select(
        *key_columns(rows), *missing
    )
    rows = with_district_columns(
        with_indicator_columns(rows, indicators), districts, _parent="parent", kind="kind"
    )
    return of_district(rows, parent_rows, "_parent", {f"_parent_{c}": pl.col(c) for c in missing})
