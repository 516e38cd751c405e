"""Which row is meant, and its explanation."""

from __future__ import annotations

from difflib import get_close_matches

import polars as pl

from kejistats.errors import UsageError
from kejistats.explain.explanation import Explanation
from kejistats.explain.facts import Row, Tables
from kejistats.explain.figures import figures
from kejistats.explain.growing import growing
from kejistats.explain.model import Step
from kejistats.explain.standing import sharing, standing
from kejistats.explain.subject import Subject
from kejistats.explain.targets import targets
from kejistats.explain.texts import SECTIONS
from kejistats.registry import names_of


def known_indicator(indicators: pl.DataFrame, text: str) -> str:
    """Return the id of the indicator that an id, a name, a short name or an alias means.

    Raises
    ------
    UsageError
        When none has it, with the nearest.

    Examples
    --------
    >>> from kejistats.registry import read_registry
    >>> known_indicator(read_registry(), "专利授权量")
    'patent_granted'
    """
    names, wanted = names_of(indicators), str(text).strip()
    if wanted in names:
        return names[wanted]
    close = get_close_matches(wanted, list(names), n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(close)}?" if close else "schemas/indicators/ holds them all"
    raise UsageError(f"unknown indicator {wanted!r}", hint)


def explain_row(tables: Tables, district: str, indicator: str, level: str = "") -> Explanation:
    """Explain every figure of one row of a Metric table.

    Parameters
    ----------
    tables
        The Metric table and what it was made from.
    district, indicator, level
        Code, id and programme level of the row.

    Raises
    ------
    UsageError
        When the table has no such row.

    Examples
    --------
    >>> from kejistats.metrics import metric_table
    >>> from kejistats.period import Checkpoint
    >>> from kejistats.registry import read_registry, read_words
    >>> from kejistats.schema import District, Observation, Target
    >>> from kejistats.settings import Settings
    >>> units = District.conform(pl.DataFrame([{"code": "1", "name": "甲区", "kind": "district"}]))
    >>> figures = Observation.conform(pl.DataFrame([
    ...     {"district": "1", "indicator": "patent_granted", "level": "", "year": y, "month": 6,
    ...      "value": v, "status": "reported", "grade": "final", "bound": "exact",
    ...      "reported": str(v), "source": f"{y}.csv#D2", "received": "000001-00000000"}
    ...     for y, v in [(2024, 20.0), (2025, 25.0)]]))
    >>> at, known, goals = Checkpoint(2025, 6), read_registry(), Target.no_rows()
    >>> made = metric_table(figures, goals, units, known, at)
    >>> tables = Tables(figures, goals, units, known, made, at, Settings("示例", "1"), read_words())
    >>> explain_row(tables, "1", "patent_granted")["yoy"].line()
    '同比 +25.0% = (累计 25件 − 上年同期 20件) ÷ 上年同期 20件'
    """
    row = tables.facts(indicator).row(district, level)
    name = str(tables.units[district]["name"])
    if row is None:
        raise _no_row(tables, name, district, indicator, level)
    return _explained(row, tables)


def _explained(row: Row, tables: Tables) -> Explanation:
    about = Subject(row, tables)
    found: dict[str, Step] = {}
    for steps in (figures, targets, growing, standing, sharing):
        for step in steps(about):
            found.setdefault(step.column, step)
    sections = {
        section: [found[column] for column in columns if column in found]
        for section, columns in SECTIONS.items()
    }
    parts = [
        f"{tables.units[row['district']]['name']}（{row['district']}）",
        str(about.indicator["name"]) + (f"·{row['level']}级" if row["level"] else ""),
        f"{tables.checkpoint.label}（{tables.checkpoint.months}）",
    ]
    kept = {section: steps for section, steps in sections.items() if steps}
    return Explanation(dict(row), "　".join(parts), kept)


def _no_row(tables: Tables, name: str, district: str, indicator: str, level: str) -> UsageError:
    rows = tables.metrics.filter(pl.col("district") == district)
    levels = rows.filter(pl.col("indicator") == indicator)["level"].to_list()
    told = str(tables.registry[indicator]["name"])
    if levels:
        told = f"{told} of level {level!r}"
        remedy = f"its levels are: {', '.join(one or 'the total' for one in levels)}"
    elif rows.height:
        some = rows["indicator"].unique(maintain_order=True).to_list()
        remedy = f"it has: {', '.join(some)}"
    else:
        remedy = "see valid_from and valid_to in districts.csv"
    return UsageError(f"{name} has no row of {told} at {tables.checkpoint}", remedy)
