"""Find a Metric row by district and indicator, and explain each of its figures."""

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
from kejistats.model.registry import ids_by_name, read_words


def resolve_indicator(indicators: pl.DataFrame, text: str) -> str:
    """Return the id of an indicator by its id, name, short name or alias.

    Raises
    ------
    UsageError
        When no indicator has that name; the closest names are suggested.

    Examples
    --------
    >>> from kejistats.model.registry import read_registry
    >>> resolve_indicator(read_registry(), "专利授权量")
    'patent_granted'
    """
    ids, name = ids_by_name(indicators), str(text).strip()
    if name in ids:
        return ids[name]
    matches = get_close_matches(name, list(ids), n=3, cutoff=0.4)
    remedy = (
        f"did you mean {' or '.join(matches)}?"
        if matches
        else "see schemas/indicators/ for all of them"
    )
    raise UsageError(f"unknown indicator {name!r}", remedy)


def explain(
    dataset: Dataset,
    district: str | int,
    indicator: str,
    checkpoint: str | int | Checkpoint | None = None,
    *,
    level: str = "",
    as_known: str | date | None = None,
) -> Explanation:
    """Explain each figure of a Metric row of a data set: formula, inputs and source cells.

    Parameters
    ----------
    dataset
        The data set.
    district, indicator
        District code or name; indicator id, name, short name or alias.
    checkpoint, as_known
        As for `Dataset.metrics`.
    level
        Programme level; empty for the total over levels.

    Raises
    ------
    UsageError
        When the district or the indicator is unknown, or the Metric table has no such row.
    """
    known_day = dataset.known_day(as_known)
    at = dataset.checkpoint(checkpoint, as_known=known_day)
    district_code, indicator_id = (
        dataset.district(district),
        resolve_indicator(dataset.indicators, indicator),
    )
    tables = Tables(
        dataset.observations_known(known_day),
        dataset.targets_known(known_day),
        dataset.districts,
        dataset.indicators,
        dataset.metrics(at, as_known=known_day),
        at,
        dataset.settings,
        read_words(dataset.path),
    )
    return explain_row(tables, district_code, indicator_id, level)


def explain_row(tables: Tables, district: str, indicator: str, level: str = "") -> Explanation:
    """Explain each figure of one row of a Metric table.

    Parameters
    ----------
    tables
        The Metric table and the tables it was computed from.
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
    >>> districts = District.conform(
    ...     pl.DataFrame([{"code": "1", "name": "甲区", "kind": "district"}]))
    >>> figures = Observation.conform(pl.DataFrame([
    ...     {"district": "1", "indicator": "patent_granted", "level": "", "year": y, "month": 6,
    ...      "value": v, "status": "reported", "grade": "final", "bound": "exact",
    ...      "reported": str(v), "source": f"{y}.csv#D2", "intake_id": "000001-00000000"}
    ...     for y, v in [(2024, 20.0), (2025, 25.0)]]))
    >>> at, indicators, targets = Checkpoint(2025, 6), read_registry(), Target.no_rows()
    >>> metrics = metric_table(figures, targets, districts, indicators, at)
    >>> tables = Tables(figures, targets, districts, indicators, metrics, at,
    ...     Settings("示例", "1"), read_words())
    >>> explain_row(tables, "1", "patent_granted")["yoy"].line()
    '同比 +25.0% = (累计 25件 − 上年同期 20件) ÷ 上年同期 20件'
    """
    row = tables.facts(indicator).metric_row(district, level)
    name = str(tables.district_rows[district]["name"])
    if row is None:
        raise _missing_row_error(tables, name, district, indicator, level)
    return _build_explanation(row, tables)


def _build_explanation(row: Row, tables: Tables) -> Explanation:
    context = RowContext(row, tables)
    by_column: dict[str, Step] = {}
    for steps in (figure_steps, target_steps, growth_steps, rank_steps, share_steps):
        for step in steps(context):
            by_column.setdefault(step.column, step)
    sections = {
        section: [by_column[column] for column in columns if column in by_column]
        for section, columns in SECTIONS.items()
    }
    parts = [
        f"{tables.district_rows[row['district']]['name']}（{row['district']}）",
        str(context.indicator["name"]) + (f"·{row['level']}级" if row["level"] else ""),
        f"{tables.checkpoint.label}（{tables.checkpoint.months}）",
    ]
    shown = {section: steps for section, steps in sections.items() if steps}
    return Explanation(dict(row), "　".join(parts), shown)


def _missing_row_error(
    tables: Tables, name: str, district: str, indicator: str, level: str
) -> UsageError:
    rows = tables.metrics.filter(pl.col("district") == district)
    levels = rows.filter(pl.col("indicator") == indicator)["level"].to_list()
    subject = str(tables.indicator_rows[indicator]["name"])
    if levels:
        subject = f"{subject} of level {level!r}"
        remedy = f"available levels: {', '.join(level or 'the total' for level in levels)}"
    elif rows.height:
        indicators = rows["indicator"].unique(maintain_order=True).to_list()
        remedy = f"it has rows of: {', '.join(indicators)}"
    else:
        remedy = "it has no rows at all: check valid_from and valid_to in districts.csv"
    return UsageError(f"{name} has no row of {subject} at {tables.checkpoint}", remedy)
