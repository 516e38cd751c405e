"""Targets of one district, indicator and year that cannot all be reached (definitions §5)."""

from __future__ import annotations

from typing import Any

import polars as pl

from kejistats.intake.comparisons.figures import FOUND, findings, shown
from kejistats.model.intervals import EPS
from kejistats.model.tables.target import TARGET_KEY

RULE = "targets_contradict"
_CELL = ["district", "indicator", "year", "strength"]
# What a target is called, and how much of a figure it leaves open: not under, or not over.
_FLOORS = {"total": "全年总量目标", "level": "年末水平目标", "range": "区间目标下限",
           "multi_year": "多年目标", "net": "净增目标"}  # fmt: skip
_CEILINGS = {"ceiling": "上限目标", "range": "区间目标上限"}


def targets_contradict(
    goals: pl.DataFrame, bases: pl.DataFrame, indicators: pl.DataFrame
) -> pl.DataFrame:
    """Find targets in force at one time that no figure at the end of the year can reach together.

    A floor above a ceiling: total, level, the lower end of a range, multi_year in its last year,
    and net counted from last December, against ceiling and the upper end of a range. And a level
    below last December's figure beside a net increase. Only targets of one strength are held
    against each other, for what is aspired may exceed what is assigned. Growth targets are not,
    for published growth, which may be at comparable prices, is judged first; nor are targets
    that start within the year.

    Parameters
    ----------
    goals
        The targets that stand, one per key and ``valid_from``: the columns of Target without
        ``intake_id``; n (``_n`` of a fresh one, null where stored); sheet (a number, null where
        stored), cell and upper_cell, where value and upper end stand; place and upper_place, the
        same with file and sheet; upper_column, the column of the upper end.
    bases
        district, indicator, year (of the target), base (the exact figure of the December before)
        and half (half a unit of its last decimal).
    indicators
        The Indicator table.

    Returns
    -------
    polars.DataFrame
        One row per finding, by the ``_n`` of the later of two fresh targets: _n, rule, column,
        wrong and right (Chinese). All are warnings.

    Examples
    --------
    >>> from kejistats.model.registry import read_registry
    >>> place = {"sheet": 0, "upper_cell": "", "place": "", "upper_place": "",
    ...          "upper_column": "value_upper"}
    >>> goals = pl.DataFrame([
    ...     {"district": "1", "indicator": "patent_granted", "year": 2025, "kind": k, "value": v,
    ...      "value_upper": None, "comparison": ">=", "strength": "assigned", "valid_from": None,
    ...      "start_month": 0, "n": n, "cell": f"E{n + 2}", **place}
    ...     for n, (k, v) in enumerate([("total", 160.0), ("ceiling", 150.0)])])
    >>> bases = pl.DataFrame(schema={"district": str, "indicator": str, "year": int,
    ...                              "base": float, "half": float})
    >>> targets_contradict(goals, bases, read_registry())["wrong"].to_list()
    ['E2全年总量目标160件高于E3上限目标150件，不能同时达到']
    """
    goals = _in_force(goals).filter(pl.col("start_month") == 0)
    goals = goals.join(
        bases, on=["district", "indicator", "year"], how="left", maintain_order="left"
    ).join(
        indicators.select(indicator="id", unit="unit"), on="indicator", maintain_order="left"
    )  # fmt: skip
    pairs = _pairs(_floors(goals), _ceilings(goals))
    low, high = pl.col("end"), pl.col("end_2")
    slack = EPS * (1 + high.abs())
    strict = (pl.col("comparison") == ">") & ((low - high).abs() <= slack)
    pairs = pairs.filter((low > high + slack) | strict)
    # The later of two fresh ones is told; of a range's ends the one in question.
    last = pl.col("n_2").is_null() | (pl.col("n").fill_null(-1) > pl.col("n_2"))
    column = pl.when(last).then(pl.lit("value")).otherwise("column")
    pairs = pairs.with_columns(n=pl.max_horizontal("n", "n_2"), column=column)
    found = [
        findings(RULE, pairs.filter(pl.col("column") == one), _over, one)
        for one in ("value", "value_upper")
    ]
    return pl.concat([*found, _held(goals)])


def _in_force(goals: pl.DataFrame) -> pl.DataFrame:
    """Add from when until when a target counts: the next one of its key takes its place."""
    goals = goals.with_columns(pl.col("valid_from").cast(pl.Date), pl.col("n").cast(pl.Int64))
    return goals.sort("valid_from", nulls_last=False, maintain_order=True).with_columns(
        until=pl.col("valid_from").shift(-1).over(TARGET_KEY)
    )


def _floors(goals: pl.DataFrame) -> pl.DataFrame:
    """Return the targets that a figure must come up to, and the figure at the end of the year."""
    net = pl.col("kind") == "net"
    low = pl.when(net).then(pl.col("base") - pl.col("half") + pl.col("value")).otherwise("value")
    return goals.filter(pl.col("kind").is_in(list(_FLOORS))).with_columns(end=low).drop_nulls("end")


def _ceilings(goals: pl.DataFrame) -> pl.DataFrame:
    """Return the targets that a figure must not exceed; a range's is its upper end."""
    ranged = pl.col("kind") == "range"

    def of(plain: str, upper: str) -> pl.Expr:
        return pl.when(ranged).then(pl.col(upper)).otherwise(pl.col(plain))

    return goals.filter(pl.col("kind").is_in(list(_CEILINGS))).with_columns(
        end=of("value", "value_upper"), cell=of("cell", "upper_cell"),
        place=of("place", "upper_place"),
        column=pl.when(ranged).then("upper_column").otherwise(pl.lit("value")),
    )  # fmt: skip


def _pairs(some: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """Pair targets of different kinds that count at one time, at least one of them fresh."""
    before = pl.col("until_2").is_null() | pl.col("valid_from").is_null()
    after = pl.col("until").is_null() | pl.col("valid_from_2").is_null()
    return some.join(others, on=_CELL, suffix="_2", maintain_order="left_right").filter(
        pl.col("kind") != pl.col("kind_2"),
        before | (pl.col("valid_from") < pl.col("until_2")),
        after | (pl.col("valid_from_2") < pl.col("until")),
        pl.col("n").is_not_null() | pl.col("n_2").is_not_null(),
    )


def _held(goals: pl.DataFrame) -> pl.DataFrame:
    """Find levels below last December's figure, which hold it at most, beside a net increase."""
    low = pl.col("value") < pl.col("base") - pl.col("half") - EPS * (1 + pl.col("base").abs())
    levels = goals.filter(pl.col("kind") == "level", low)
    increases = goals.filter(pl.col("kind") == "net", pl.col("value") > 0)
    pairs = _pairs(levels, increases).with_columns(n=pl.max_horizontal("n", "n_2"))
    return findings(RULE, pairs, _sinking) if pairs.height else pl.DataFrame(schema=FOUND)


def _over(row: dict[str, Any]) -> tuple[str, str]:
    unit = row["unit"]
    floor, ceiling = _FLOORS[row["kind"]], _CEILINGS[row["kind_2"]]
    here, there = _places(row)
    value, high = shown(row["value"], unit), shown(row["end_2"], unit)
    at_end = row["value"] if row["kind"] != "net" else row["base"] + row["value"]
    from_base = ""
    if row["kind"] == "net":
        from_base = f"（上年末{shown(row['base'], unit)}，即年末{shown(at_end, unit)}）"
    open_end = "须超过，与" if row["end"] <= row["end_2"] else "高于"
    same = "相等" if open_end != "高于" else ""
    most = row["end_2"] if row["kind"] != "net" else row["end_2"] - row["base"]
    less = "低于" if same else "不高于"
    more = "高于" if same else "不低于"
    return (
        f"{here}{floor}{value}{from_base}{open_end}{there}{ceiling}{high}{same}，不能同时达到",
        f"{floor}应{less}{shown(most, unit)}，或{ceiling}应{more}{shown(at_end, unit)}，"
        "请核对两个目标",
    )


def _sinking(row: dict[str, Any]) -> tuple[str, str]:
    unit = row["unit"]
    here, there = _places(row)
    base, net = shown(row["base"], unit), shown(row["value_2"], unit)
    end = shown(row["base"] + row["value_2"], unit)
    return (
        f"{here}年末水平目标{shown(row['value'], unit)}低于上年末{base}，与{there}净增目标{net}不一致",
        f"净增{net}的，年末水平应为{end}；请核对两个目标和上年末数",
    )


def _places(row: dict[str, Any]) -> tuple[str, str]:
    """Name two cells: those of one sheet by column and row, others with file and sheet."""
    if row["sheet"] is not None and row["sheet"] == row["sheet_2"]:
        return row["cell"], row["cell_2"]
    return f"{row['place']}的", f"{row['place_2']}的"
