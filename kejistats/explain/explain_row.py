"""Which row is meant, and its explanation."""

from __future__ import annotations

from datetime import date
from difflib import get_close_matches

import polars as pl

from kejistats.dataset import Dataset
from kejistats.explain.explanation import Explanation
from kejistats.explain.facts import Row, Tables
from kejistats.explain.figure_steps import figure_steps
from kejistats.explain.growth_steps import growth_steps
from kejistats.explain.rank_steps import rank_steps, share_steps
from kejistats.explain.row_context import RowContext
from kejistats.explain.step import Step
from kejistats.explain.target_steps import target_steps
from kejistats.explain.texts import SECTIONS
from kejistats.model.errors import UsageError
from kejistats.model.period import Checkpoint
from kejistats.model.registry import names_of, read_words


def known_indicator(indicators: pl.DataFrame, text: str) -> str:
    """Return the id of the indicator that an id, a name, a short name or an alias means.

    Raises
    ------
    UsageError
        When none has it, with the nearest.

    Examples
    --------
    >>> from kejistats.model.registry import read_registry
    >>> known_indicator(read_registry(), "专利授权量")
    'patent_granted'
    """
    names, wanted = names_of(indicators), str(text).strip()
    if wanted in names:
        return names[wanted]
    close = get_close_matches(wanted, list(names), n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(close)}?" if close else "schemas/indicators/ holds them all"
    raise UsageError(f"unknown indicator {wanted!r}", hint)


def explain(
    dataset: Dataset,
    district: str | int,
    indicator: str,
    checkpoint: str | int | Checkpoint | None = None,
    *,
    level: str = "",
    as_known: str | date | None = None,
) -> Explanation:
    """Explain every figure of a Metric row of a data set: formula, inputs, source cells.

    Parameters
    ----------
    dataset
        The data set.
    district, indicator
        Code or name; id, name, short name or alias.
    checkpoint, as_known
        As for `Dataset.metrics`.
    level
        Programme level; empty for the total over levels.

    Raises
    ------
    UsageError
        When the district or the indicator is unknown or the table has no such row.
    """
    day = dataset.known_day(as_known)
    at = dataset.checkpoint(checkpoint, as_known=day)
    code, wanted = dataset.district(district), known_indicator(dataset.indicators, indicator)
    tables = Tables(
        dataset.observations_known(day),
        dataset.targets_known(day),
        dataset.districts,
        dataset.indicators,
        dataset.metrics(at, as_known=day),
        at,
        dataset.settings,
        read_words(dataset.path),
    )
    return explain_row(tables, code, wanted, level)


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
    >>> from kejistats.model.period import Checkpoint
    >>> from kejistats.model.registry import read_registry, read_words
    >>> from kejistats.model.tables import District, Observation, Target
    >>> from kejistats.model.settings import Settings
    >>> units = District.conform(pl.DataFrame([{"code": "1", "name": "甲区", "kind": "district"}]))
    >>> figures = Observation.conform(pl.DataFrame([
    ...     {"district": "1", "indicator": "patent_granted", "level": "", "year": y, "month": 6,
    ...      "value": v, "status": "reported", "grade": "final", "bound": "exact",
    ...      "reported": str(v), "source": f"{y}.csv#D2", "intake_id": "000001-00000000"}
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
    about = RowContext(row, tables)
    found: dict[str, Step] = {}
    for steps in (figure_steps, target_steps, growth_steps, rank_steps, share_steps):
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
