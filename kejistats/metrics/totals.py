"""Totals that were not reported, summed from the districts where that is allowed (definitions §8)."""

from __future__ import annotations

import polars as pl

from kejistats.metrics.bounds import LOWER, UPPER
from kejistats.metrics.categories import first_match
from kejistats.metrics.frames import conform, grade_at, grade_level, matching, upsert, with_units
from kejistats.metrics.lookup import ROW, is_coded, key_of

DERIVED_TOTAL = "各区合计"
DERIVED_LEVELS = "各级合计"
_CELL = ["indicator", "year", "month"]
_PART = ["value", "status", "grade", "bound", "intake_id", "break_id"]


def valid_at(end: pl.Expr) -> pl.Expr:
    """Return whether a district exists on a day, by ``valid_from`` and ``valid_to``."""
    return (pl.col("valid_from").is_null() | (pl.col("valid_from") <= end)) & (
        pl.col("valid_to").is_null() | (pl.col("valid_to") >= end)
    )


def month_end() -> pl.Expr:
    """Return the last day of ``year`` and ``month``."""
    return pl.date(pl.col("year"), pl.col("month"), 1).dt.month_end()


def totals(
    observations: pl.LazyFrame, districts: pl.DataFrame, indicators: pl.DataFrame
) -> pl.LazyFrame:
    """Add the rows of a total that was not reported and whose parts all were.

    First the total over programme levels, where the registry declares the indicator's levels
    and each of them has a figure; then that of a parent over its districts, residuals and lower
    totals, never over zones or subtotals. A reported total wins, a masked one too. Only
    ``aggregate = "sum"`` indicators are summed over districts; ``not_applicable`` counts as
    covered. A sum carries the weakest grade and the bound of its parts (definitions §8).

    Parameters
    ----------
    observations
        Observation table, one row per key.
    districts, indicators
        District and Indicator tables.

    Returns
    -------
    polars.LazyFrame
        The same columns, with rows whose source reads 各级合计 or 各区合计.

    Examples
    --------
    >>> from kejistats.model.registry import read_registry
    >>> from kejistats.model.tables import District, Observation
    >>> units = District.conform(pl.DataFrame([
    ...     {"code": "0", "name": "市", "parent": None, "kind": "total"},
    ...     {"code": "1", "name": "甲区", "parent": "0", "kind": "district"},
    ...     {"code": "2", "name": "乙区", "parent": "0", "kind": "district"}]))
    >>> frame = Observation.conform(pl.DataFrame([
    ...     {"district": d, "indicator": "patent_granted", "level": "", "year": 2025, "month": 6,
    ...      "value": v, "status": "reported", "grade": "final", "bound": "exact",
    ...      "reported": str(v), "source": "a.csv#D2", "intake_id": "000001-00000000"}
    ...     for d, v in [("1", 3.0), ("2", 4.0)]]))
    >>> found = totals(frame.lazy(), units, read_registry()).collect()
    >>> found.filter(pl.col("district") == "0").select("value", "source").row(0)
    (7.0, '各区合计')
    """
    return upsert(observations, sums(observations, districts, indicators))


def sums(
    observations: pl.LazyFrame, districts: pl.DataFrame, indicators: pl.DataFrame
) -> pl.DataFrame:
    """Return the rows that `totals` adds. They are few, and each step finds those before it."""
    schema = observations.collect_schema()
    rows = observations.select(*ROW, *_PART)
    found = _unknown(_over_levels(rows, indicators), rows, schema)
    for members in _bottom_up(districts):
        frame = pl.concat([rows, found.lazy().select(*ROW, *_PART)])
        above = _unknown(_over_districts(frame, members, indicators), frame, schema)
        found = pl.concat([found, above])
    return found


def _over_levels(observations: pl.LazyFrame, indicators: pl.DataFrame) -> pl.LazyFrame:
    """Add totals over the programme levels that the registry declares."""
    declared = indicators.filter(pl.col("levels").list.len() > 0)
    if declared.is_empty():
        return observations.clear()
    due = declared.lazy().select(pl.col("id").alias("indicator"), "levels")
    cell = ["district", *_CELL]
    parts = observations.join(due, on="indicator", maintain_order="left").filter(
        pl.col("level").cast(pl.String).is_in(pl.col("levels"))
    )
    wanted = due.select("indicator", _due=pl.col("levels").list.len())
    found = _added_up(parts, cell).join(wanted, on="indicator", maintain_order="left")
    return _whole(found, DERIVED_LEVELS).with_columns(level=pl.lit(""))


def _bottom_up(districts: pl.DataFrame) -> list[pl.DataFrame]:
    """Return the members of totals in steps: a total of totals is summed after these."""
    members = districts.filter(
        pl.col("kind").is_in(["district", "residual", "total"]), pl.col("parent").is_not_null()
    )
    above = dict(members.select("code", "parent").iter_rows())
    height: dict[str, int] = {}
    for code, parent in above.items():
        seen, unit = {code}, parent
        while unit not in seen:
            height[unit] = max(height.get(unit, 0), len(seen))
            seen.add(unit)
            unit = above.get(unit, code)
    steps: dict[int, list[str]] = {}
    for code, parent in above.items():
        steps.setdefault(height[parent], []).append(code)
    return [members.filter(pl.col("code").is_in(steps[h])) for h in sorted(steps)]


def _over_districts(
    observations: pl.LazyFrame, members: pl.DataFrame, indicators: pl.DataFrame
) -> pl.LazyFrame:
    """Add the rows of these members' parents."""
    additive = indicators.filter(pl.col("aggregate") == "sum")["id"]
    dates = ["valid_from", "valid_to"]
    units = {c: c for c in ("parent", *dates)}
    counted = pl.col("indicator").is_in(additive.implode())
    if any(members.select(pl.col(dates).is_not_null().any()).row(0)):
        counted &= valid_at(month_end())
    parts = with_units(observations, members, **units).with_columns(
        parent=pl.when(counted).then("parent")
    )
    # Peers are counted at each checkpoint, for districts come and go.
    at = observations.select("year", "month").unique()
    due = (
        members.lazy()
        .join(at, how="cross")
        .filter(valid_at(month_end()))
        .group_by("parent", "year", "month")
        .agg(pl.len().alias("_due"))
    )
    cell = ["parent", "level", *_CELL]
    found = _added_up(parts, cell).join(due, on=["parent", "year", "month"], maintain_order="left")
    return _whole(found, DERIVED_TOTAL).rename({"parent": "district"})


def _added_up(parts: pl.LazyFrame, cell: list[str]) -> pl.LazyFrame:
    """Return of each cell the sum of its parts, how many there are, and what they are."""
    has_figure = pl.col("status") == "reported"
    by: list[pl.Expr] = [pl.col(c) for c in cell]
    if "parent" in cell and is_coded(parts):
        by = [key_of("parent").alias("_cell")]
    return (
        parts.group_by(by)
        .agg(
            *([pl.col(c).first() for c in cell] if len(by) == 1 else []),
            # A list adds up in the order of its rows, a group as its threads come; and without
            # binary noise, so that 2.3 + 0.1 reaches a target of 2.4.
            pl.col("value").implode().list.sum().round_sig_figs(14),
            (has_figure | (pl.col("status") == "not_applicable")).sum().alias("_covered"),
            has_figure.any().alias("_any"),
            grade_level().filter(has_figure).min().alias("_grade"),
            (pl.col("bound").is_in(LOWER) & has_figure).any().alias("_lower"),
            (pl.col("bound").is_in(UPPER) & has_figure).any().alias("_upper"),
            ((pl.col("bound") == "about") & has_figure).any().alias("_about"),
            pl.col("intake_id").max(),
            pl.col("break_id").first(),
            pl.col("break_id").n_unique().alias("_breaks"),
        )
        .filter(pl.col(cell[0]).is_not_null())
    )


def _whole(found: pl.LazyFrame, source: str) -> pl.LazyFrame:
    """Return the sums all of whose parts are there, on one definition."""
    return found.filter(
        pl.col("_covered") == pl.col("_due"),
        pl.col("_any"),
        pl.col("_breaks") == 1,
        ~(pl.col("_lower") & pl.col("_upper")),
    ).with_columns(
        status=pl.lit("reported"),
        grade=grade_at(pl.col("_grade")),
        bound=first_match(
            (pl.col("_lower"), "at_least"),
            (pl.col("_upper"), "at_most"),
            (pl.col("_about"), "about"),
            otherwise="exact",
        ),
        source=pl.lit(source),
        reported=pl.lit(""),
    )


def _unknown(sums: pl.LazyFrame, observations: pl.LazyFrame, schema: pl.Schema) -> pl.DataFrame:
    """Return the sums of what nobody reported; a masked or inapplicable total stays."""
    found = conform(sums, schema).collect().lazy()
    known = observations.filter(pl.col("status") != "missing").select(ROW)
    return found.join(matching(known, found.collect()), on=ROW, how="anti").collect()
