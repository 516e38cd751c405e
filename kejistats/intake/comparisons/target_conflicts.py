"""Find targets of one district, indicator and year that cannot all be met (definitions §5)."""

from __future__ import annotations

from typing import Any

import polars as pl

from kejistats.intake.comparisons.figures import FINDING_SCHEMA, finding_rows, format_figure
from kejistats.model.intervals import EPS
from kejistats.model.tables.target import TARGET_KEY

RULE = "targets_contradict"
_GROUP = ["district", "indicator", "year", "strength"]
# Names of the kinds of target that set a minimum, and of those that set a maximum.
_FLOORS = {"total": "全年总量目标", "level": "年末水平目标", "range": "区间目标下限",
           "multi_year": "多年目标", "net": "净增目标"}  # fmt: skip
_CEILINGS = {"ceiling": "上限目标", "range": "区间目标上限"}


def targets_contradict(
    targets: pl.DataFrame, bases: pl.DataFrame, indicators: pl.DataFrame
) -> pl.DataFrame:
    """Find targets in force at one time that no year-end figure can meet together.

    One case is a minimum above a maximum: total, level, the lower end of a range, multi_year in
    its last year, and net added to last December's figure, against ceiling and the upper end of a
    range. The other is a level below last December's figure together with a net increase. Only
    targets of one strength are compared, because an aspired target may exceed an assigned one.
    Growth targets are left out, because they are judged by published growth, which may be at
    comparable prices; so are targets that start within the year.

    Parameters
    ----------
    targets
        The current targets, one per key and ``valid_from``: the columns of Target without
        ``intake_id``; n (``_n`` of a received target, null for a stored one); sheet (a number,
        null for a stored one); cell and upper_cell, the addresses of value and upper end; location
        and upper_location, the same with file and sheet; upper_column, the column of the upper end.
    bases
        district, indicator, year (of the target), base (exact figure of the December before) and
        half (its rounding half-width).
    indicators
        The Indicator table.

    Returns
    -------
    polars.DataFrame
        One row per finding, by the ``_n`` of the later of two received targets: _n, rule, column,
        wrong and right (Chinese). All are warnings.

    Examples
    --------
    >>> from kejistats.model.registry import read_registry
    >>> position = {"sheet": 0, "upper_cell": "", "location": "", "upper_location": "",
    ...          "upper_column": "value_upper"}
    >>> targets = pl.DataFrame([
    ...     {"district": "1", "indicator": "patent_granted", "year": 2025, "kind": k, "value": v,
    ...      "value_upper": None, "comparison": ">=", "strength": "assigned", "valid_from": None,
    ...      "start_month": 0, "n": n, "cell": f"E{n + 2}", **position}
    ...     for n, (k, v) in enumerate([("total", 160.0), ("ceiling", 150.0)])])
    >>> bases = pl.DataFrame(schema={"district": str, "indicator": str, "year": int,
    ...                              "base": float, "half": float})
    >>> targets_contradict(targets, bases, read_registry())["wrong"].to_list()
    ['E2全年总量目标160件高于E3上限目标150件，不能同时达到']
    """
    targets = _in_force(targets).filter(pl.col("start_month") == 0)
    targets = targets.join(
        bases, on=["district", "indicator", "year"], how="left", maintain_order="left"
    ).join(
        indicators.select(indicator="id", unit="unit"), on="indicator", maintain_order="left"
    )  # fmt: skip
    pairs = _pairs(_floors(targets), _ceilings(targets))
    low, high = pl.col("end"), pl.col("end_2")
    slack = EPS * (1 + high.abs())
    is_strict = (pl.col("comparison") == ">") & ((low - high).abs() <= slack)
    pairs = pairs.filter((low > high + slack) | is_strict)
    # The finding is on the later of two received targets; for a range, on the end concerned.
    is_later = pl.col("n_2").is_null() | (pl.col("n").fill_null(-1) > pl.col("n_2"))
    column = pl.when(is_later).then(pl.lit("value")).otherwise("column")
    pairs = pairs.with_columns(n=pl.max_horizontal("n", "n_2"), column=column)
    conflicts = [
        finding_rows(
            RULE, pairs.filter(pl.col("column") == column_name), _minimum_over_maximum, column_name
        )
        for column_name in ("value", "value_upper")
    ]
    return pl.concat([*conflicts, _level_below_base(targets)])


def _in_force(targets: pl.DataFrame) -> pl.DataFrame:
    """Add until when a target is in force: the next one of its key replaces it."""
    targets = targets.with_columns(pl.col("valid_from").cast(pl.Date), pl.col("n").cast(pl.Int64))
    return targets.sort("valid_from", nulls_last=False, maintain_order=True).with_columns(
        until=pl.col("valid_from").shift(-1).over(TARGET_KEY)
    )


def _floors(targets: pl.DataFrame) -> pl.DataFrame:
    """Return the targets that set a minimum, with the year-end figure they require in ``end``."""
    is_net = pl.col("kind") == "net"
    year_end = (
        pl.when(is_net).then(pl.col("base") - pl.col("half") + pl.col("value")).otherwise("value")
    )
    return (
        targets.filter(pl.col("kind").is_in(list(_FLOORS)))
        .with_columns(end=year_end)
        .drop_nulls("end")
    )


def _ceilings(targets: pl.DataFrame) -> pl.DataFrame:
    """Return the targets that set a maximum, with the figure they allow in ``end``."""
    is_range = pl.col("kind") == "range"

    def by_kind(plain: str, upper: str) -> pl.Expr:
        return pl.when(is_range).then(pl.col(upper)).otherwise(pl.col(plain))

    return targets.filter(pl.col("kind").is_in(list(_CEILINGS))).with_columns(
        end=by_kind("value", "value_upper"), cell=by_kind("cell", "upper_cell"),
        location=by_kind("location", "upper_location"),
        column=pl.when(is_range).then("upper_column").otherwise(pl.lit("value")),
    )  # fmt: skip


def _pairs(targets: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """Pair targets of different kinds in force at one time, at least one of them received now."""
    first_starts_in_time = pl.col("until_2").is_null() | pl.col("valid_from").is_null()
    second_starts_in_time = pl.col("until").is_null() | pl.col("valid_from_2").is_null()
    return targets.join(others, on=_GROUP, suffix="_2", maintain_order="left_right").filter(
        pl.col("kind") != pl.col("kind_2"),
        first_starts_in_time | (pl.col("valid_from") < pl.col("until_2")),
        second_starts_in_time | (pl.col("valid_from_2") < pl.col("until")),
        pl.col("n").is_not_null() | pl.col("n_2").is_not_null(),
    )


def _level_below_base(targets: pl.DataFrame) -> pl.DataFrame:
    """Find level targets below last December's figure together with a net increase."""
    low = pl.col("value") < pl.col("base") - pl.col("half") - EPS * (1 + pl.col("base").abs())
    levels = targets.filter(pl.col("kind") == "level", low)
    increases = targets.filter(pl.col("kind") == "net", pl.col("value") > 0)
    pairs = _pairs(levels, increases).with_columns(n=pl.max_horizontal("n", "n_2"))
    return (
        finding_rows(RULE, pairs, _level_against_net)
        if pairs.height
        else pl.DataFrame(schema=FINDING_SCHEMA)
    )


def _minimum_over_maximum(row: dict[str, Any]) -> tuple[str, str]:
    unit = row["unit"]
    floor, ceiling = _FLOORS[row["kind"]], _CEILINGS[row["kind_2"]]
    floor_cell, ceiling_cell = _locations(row)
    value, high = format_figure(row["value"], unit), format_figure(row["end_2"], unit)
    at_end = row["value"] if row["kind"] != "net" else row["base"] + row["value"]
    from_base = ""
    if row["kind"] == "net":
        from_base = (
            f"（上年末{format_figure(row['base'], unit)}，即年末{format_figure(at_end, unit)}）"
        )
    relation = "须超过，与" if row["end"] <= row["end_2"] else "高于"
    equal = "相等" if relation != "高于" else ""
    highest_floor = row["end_2"] if row["kind"] != "net" else row["end_2"] - row["base"]
    at_most = "低于" if equal else "不高于"
    at_least = "高于" if equal else "不低于"
    return (
        f"{floor_cell}{floor}{value}{from_base}{relation}{ceiling_cell}{ceiling}{high}{equal}，不能同时达到",
        f"{floor}应{at_most}{format_figure(highest_floor, unit)}，或{ceiling}应{at_least}{format_figure(at_end, unit)}，"
        "请核对两个目标",
    )


def _level_against_net(row: dict[str, Any]) -> tuple[str, str]:
    unit = row["unit"]
    level_cell, net_cell = _locations(row)
    base, net = format_figure(row["base"], unit), format_figure(row["value_2"], unit)
    end = format_figure(row["base"] + row["value_2"], unit)
    return (
        f"{level_cell}年末水平目标{format_figure(row['value'], unit)}低于上年末{base}，与{net_cell}净增目标{net}不一致",
        f"净增{net}的，年末水平应为{end}；请核对两个目标和上年末数",
    )


def _locations(row: dict[str, Any]) -> tuple[str, str]:
    """Name the two cells: on one sheet by address, otherwise with file and sheet."""
    if row["sheet"] is not None and row["sheet"] == row["sheet_2"]:
        return row["cell"], row["cell_2"]
    return f"{row['location']}的", f"{row['location_2']}的"
