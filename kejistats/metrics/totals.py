"""Totals that were not reported, summed from levels or districts where allowed (definitions §8)."""

from __future__ import annotations

import polars as pl

from kejistats.metrics.bounds import LOWER, UPPER
from kejistats.metrics.categories import first_match
from kejistats.metrics.frames import (
    conform,
    decode_grade,
    encode_grade,
    matching,
    upsert,
    with_district_columns,
)
from kejistats.metrics.lookup import KEY, is_coded, key_of

DERIVED_TOTAL = "各区合计"
DERIVED_LEVELS = "各级合计"
_INDICATOR_CHECKPOINT = ["indicator", "year", "month"]
_PART_COLUMNS = ["value", "status", "grade", "bound", "intake_id", "break_id"]


def valid_at(end: pl.Expr) -> pl.Expr:
    """Return whether a district is valid on a day, by ``valid_from`` and ``valid_to``."""
    return (pl.col("valid_from").is_null() | (pl.col("valid_from") <= end)) & (
        pl.col("valid_to").is_null() | (pl.col("valid_to") >= end)
    )


def month_end() -> pl.Expr:
    """Return the last day of ``year`` and ``month``."""
    return pl.date(pl.col("year"), pl.col("month"), 1).dt.month_end()


def totals(
    observations: pl.LazyFrame, districts: pl.DataFrame, indicators: pl.DataFrame
) -> pl.LazyFrame:
    """Add a row for each total that was not reported although all its parts were.

    First the total over programme levels, where the registry declares the indicator's levels
    and each of them has a figure; then that of a parent over its districts, residuals and lower
    totals, never over zones or subtotals. A reported or masked total is never replaced. Only
    ``aggregate = "sum"`` indicators are summed over districts; a part that is ``not_applicable``
    counts as reported. A sum has the weakest grade and the bound of its parts (definitions §8).

    Parameters
    ----------
    observations
        Observation table, one row per key.
    districts, indicators
        District and Indicator tables.

    Returns
    -------
    polars.LazyFrame
        The same columns; the source of the rows added is 各级合计 or 各区合计.

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
    >>> figures = totals(frame.lazy(), units, read_registry()).collect()
    >>> figures.filter(pl.col("district") == "0").select("value", "source").row(0)
    (7.0, '各区合计')
    """
    return upsert(observations, total_rows(observations, districts, indicators))


def total_rows(
    observations: pl.LazyFrame, districts: pl.DataFrame, indicators: pl.DataFrame
) -> pl.DataFrame:
    """Return the rows that `totals` adds: few, and each step sums over those of the steps before."""
    schema = observations.collect_schema()
    rows = observations.select(*KEY, *_PART_COLUMNS)
    added = _of_unreported(_level_totals(rows, indicators), rows, schema)
    for members in _members_bottom_up(districts):
        frame = pl.concat([rows, added.lazy().select(*KEY, *_PART_COLUMNS)])
        parents = _of_unreported(_district_totals(frame, members, indicators), frame, schema)
        added = pl.concat([added, parents])
    return added


def _level_totals(observations: pl.LazyFrame, indicators: pl.DataFrame) -> pl.LazyFrame:
    """Return totals over the programme levels that the registry declares."""
    declared = indicators.filter(pl.col("levels").list.len() > 0)
    if declared.is_empty():
        return observations.clear()
    levels = declared.lazy().select(pl.col("id").alias("indicator"), "levels")
    key = ["district", *_INDICATOR_CHECKPOINT]
    parts = observations.join(levels, on="indicator", maintain_order="left").filter(
        pl.col("level").cast(pl.String).is_in(pl.col("levels"))
    )
    expected = levels.select("indicator", _expected=pl.col("levels").list.len())
    sums = _sum_parts(parts, key).join(expected, on="indicator", maintain_order="left")
    return _complete_sums(sums, DERIVED_LEVELS).with_columns(level=pl.lit(""))


def _members_bottom_up(districts: pl.DataFrame) -> list[pl.DataFrame]:
    """Return the members of totals in steps: a total of totals is summed after its members are."""
    members = districts.filter(
        pl.col("kind").is_in(["district", "residual", "total"]), pl.col("parent").is_not_null()
    )
    parents = dict(members.select("code", "parent").iter_rows())
    height: dict[str, int] = {}
    for code, parent in parents.items():
        seen, ancestor = {code}, parent
        while ancestor not in seen:
            height[ancestor] = max(height.get(ancestor, 0), len(seen))
            seen.add(ancestor)
            ancestor = parents.get(ancestor, code)
    steps: dict[int, list[str]] = {}
    for code, parent in parents.items():
        steps.setdefault(height[parent], []).append(code)
    return [members.filter(pl.col("code").is_in(steps[h])) for h in sorted(steps)]


def _district_totals(
    observations: pl.LazyFrame, members: pl.DataFrame, indicators: pl.DataFrame
) -> pl.LazyFrame:
    """Return the totals of these members' parents."""
    additive = indicators.filter(pl.col("aggregate") == "sum")["id"]
    dates = ["valid_from", "valid_to"]
    columns = {c: c for c in ("parent", *dates)}
    counted = pl.col("indicator").is_in(additive.implode())
    if any(members.select(pl.col(dates).is_not_null().any()).row(0)):
        counted &= valid_at(month_end())
    parts = with_district_columns(observations, members, **columns).with_columns(
        parent=pl.when(counted).then("parent")
    )
    # Members are counted at each checkpoint, because districts are founded and dissolved.
    checkpoints = observations.select("year", "month").unique()
    expected = (
        members.lazy()
        .join(checkpoints, how="cross")
        .filter(valid_at(month_end()))
        .group_by("parent", "year", "month")
        .agg(pl.len().alias("_expected"))
    )
    key = ["parent", "level", *_INDICATOR_CHECKPOINT]
    on = ["parent", "year", "month"]
    sums = _sum_parts(parts, key).join(expected, on=on, maintain_order="left")
    return _complete_sums(sums, DERIVED_TOTAL).rename({"parent": "district"})


def _sum_parts(parts: pl.LazyFrame, key: list[str]) -> pl.LazyFrame:
    """Return the sum of the parts of each key, with their count, grade, bounds and breaks."""
    has_figure = pl.col("status") == "reported"
    by: list[pl.Expr] = [pl.col(c) for c in key]
    if "parent" in key and is_coded(parts):
        by = [key_of("parent").alias("_sum_key")]
    return (
        parts.group_by(by)
        .agg(
            *([pl.col(c).first() for c in key] if len(by) == 1 else []),
            # A list is summed in the order of its rows, a group in that of its threads. Binary
            # noise is rounded off, so that 2.3 + 0.1 reaches a target of 2.4.
            pl.col("value").implode().list.sum().round_sig_figs(14),
            (has_figure | (pl.col("status") == "not_applicable")).sum().alias("_covered"),
            has_figure.any().alias("_has_figure"),
            encode_grade().filter(has_figure).min().alias("_grade"),
            (pl.col("bound").is_in(LOWER) & has_figure).any().alias("_lower"),
            (pl.col("bound").is_in(UPPER) & has_figure).any().alias("_upper"),
            ((pl.col("bound") == "about") & has_figure).any().alias("_about"),
            pl.col("intake_id").max(),
            pl.col("break_id").first(),
            pl.col("break_id").n_unique().alias("_breaks"),
        )
        .filter(pl.col(key[0]).is_not_null())
    )


def _complete_sums(sums: pl.LazyFrame, source: str) -> pl.LazyFrame:
    """Return the sums whose parts were all reported, on the same definition, with a known bound."""
    return sums.filter(
        pl.col("_covered") == pl.col("_expected"),
        pl.col("_has_figure"),
        pl.col("_breaks") == 1,
        ~(pl.col("_lower") & pl.col("_upper")),
    ).with_columns(
        status=pl.lit("reported"),
        grade=decode_grade(pl.col("_grade")),
        bound=first_match(
            (pl.col("_lower"), "at_least"),
            (pl.col("_upper"), "at_most"),
            (pl.col("_about"), "about"),
            otherwise="exact",
        ),
        source=pl.lit(source),
        reported=pl.lit(""),
    )


def _of_unreported(
    sums: pl.LazyFrame, observations: pl.LazyFrame, schema: pl.Schema
) -> pl.DataFrame:
    """Return the sums for which there is no observation, or only a missing one."""
    rows = conform(sums, schema).collect()
    known = observations.filter(pl.col("status") != "missing").select(KEY)
    return rows.lazy().join(matching(known, rows), on=KEY, how="anti").collect()
