"""The rows of a form: the figures due at a checkpoint, with last year's figure and the target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from kejistats.dataset import Dataset
from kejistats.metrics import judged_targets
from kejistats.metrics.totals import valid_at
from kejistats.model.numbers import format_number
from kejistats.model.period import Checkpoint
from kejistats.model.registry import due_indicators, read_words
from kejistats.model.tables.observation import LEVELS
from kejistats.store import current

_STRENGTH_WORDS = {"assigned": "下达", "aspired": "力争", "implied": "推算"}


@dataclass(frozen=True)
class FormLine:
    """One row of a form: one figure to report.

    Parameters
    ----------
    district, district_name
        Code, and the name if it is unique, else the code again.
    indicator
        Row of the Indicator table.
    level
        Programme level; empty for the total.
    last_year, target
        The figure a year earlier and the target, as text; empty where there is none.
    """

    district: str
    district_name: str
    indicator: Mapping[str, Any]
    level: str
    last_year: str
    target: str


def reporting_districts(dataset: Dataset, at: Checkpoint) -> list[str]:
    """Return the codes of the units that report at a checkpoint.

    A total or subtotal reports only if it has done so before: most are sums of their districts.
    """
    valid = valid_at(pl.lit(at.end))
    has_reported = pl.col("code").is_in(dataset.observations["district"].unique().to_list())
    reports = ~pl.col("kind").is_in(["total", "subtotal"]) | has_reported
    return dataset.districts.filter(valid & reports)["code"].to_list()


def due_date(dataset: Dataset, at: Checkpoint) -> date:
    """Return the last day for reports of a checkpoint."""
    return at.end + timedelta(days=dataset.settings.checks.due_days)


def release_month(indicator: Mapping[str, Any], at: Checkpoint) -> date:
    """Return the first day of the month in which a figure is released.

    Examples
    --------
    >>> release_month({"release": 7}, Checkpoint(2025, 12))
    datetime.date(2026, 7, 1)
    """
    months = at.year * 12 + at.month - 1 + indicator["release"]
    return date(months // 12, months % 12 + 1, 1)


def form_lines(dataset: Dataset, at: Checkpoint, codes: Sequence[str]) -> list[FormLine]:
    """Return the rows of the form for these units, by indicator, then unit, then level.

    Where the data set has past figures by programme level, each level has its row below the total.
    """
    names = dict(dataset.districts.select("code", "name").iter_rows())
    unique = dataset.districts.filter(pl.col("name").is_unique())["code"].to_list()
    shown_names = {code: names[code] if code in unique else code for code in codes}
    known_levels = set(dataset.observations.select("indicator", "level").unique().iter_rows())
    last_year = _last_year_figures(dataset, at, codes)
    targets = {
        (row["district"], row["indicator"]): row
        for row in judged_targets(dataset.targets.lazy(), at)
        .filter(pl.col("district").is_in(codes))
        .collect()
        .iter_rows(named=True)
    }
    words = read_words(dataset.path)
    lines = []
    for indicator in due_indicators(dataset.form_indicators, at).iter_rows(named=True):
        key = indicator["id"]
        levels = [level for level in LEVELS if not level or (key, level) in known_levels]
        for code in codes:
            target = targets.get((code, key))
            total_target = "" if target is None else target_text(target, indicator, at)
            for level in levels:
                figure = last_year.get((code, key, level))
                last_year_text = (
                    "" if figure is None else figure_text(figure, indicator["unit"], words)
                )
                row_target = "" if level else total_target
                lines.append(
                    FormLine(code, shown_names[code], indicator, level, last_year_text, row_target)
                )
    return lines


def _last_year_figures(
    dataset: Dataset, at: Checkpoint, codes: Sequence[str]
) -> dict[tuple[str, str, str], dict[str, Any]]:
    year_earlier = at.previous_year
    rows = dataset.observations.lazy().filter(
        pl.col("year") == year_earlier.year,
        pl.col("month") == year_earlier.month,
        pl.col("district").is_in(codes),
    )
    figures = current(rows).collect().iter_rows(named=True)
    return {(row["district"], row["indicator"], row["level"]): row for row in figures}


def format_amount(value: float, unit: str) -> str:
    """Format a figure with all its digits, in the unit of its row.

    A brief converts money between 万元 and 亿元; in a form that would contradict the unit of the row,
    and rounding would hide what the district reported.

    Examples
    --------
    >>> format_amount(0.081681, "亿元"), format_amount(16.5, "亿元"), format_amount(283134.0, "件")
    ('0.081681亿元', '16.5亿元', '283134件')
    """
    exponent = Decimal(f"{value:.12g}").normalize().as_tuple().exponent
    decimals = max(0, -exponent) if isinstance(exponent, int) else 0
    return f"{format_number(value, decimals)}{unit}"


def figure_text(figure: Mapping[str, Any], unit: str, words: Mapping[str, Any]) -> str:
    """Format a reported figure with its bound, or return the word for its status."""
    if figure["status"] != "reported":
        return str(words["status"][figure["status"]])
    if figure["value_upper"] is not None:
        return f"{format_amount(figure['value'], '')}—{format_amount(figure['value_upper'], unit)}"
    return str(words["bound"][figure["bound"]].format(A=format_amount(figure["value"], unit)))


def target_text(target: Mapping[str, Any], indicator: Mapping[str, Any], at: Checkpoint) -> str:
    """Format a judged target: ≥350家（下达）, 净增20件（下达）, 增长8%（下达）.

    Parameters
    ----------
    target
        Row of `judged_targets`.
    indicator
        Row of the Indicator table.
    at
        The checkpoint; a target of a later year names its year.
    """
    value, unit, kind = target["target"], indicator["unit"], target["target_kind"]
    sign = "＞" if target["comparison"] == ">" else "≥"
    match kind:
        case "growth":
            text = _growth_text(value, indicator)
        case "net":
            text = f"净增{format_amount(value, unit)}"
        case "ceiling":
            text = f"≤{format_amount(value, unit)}"
        case "range":
            text = f"{format_amount(value, '')}—{format_amount(target['target_upper'], unit)}"
        case _:
            text = f"{sign}{format_amount(value, unit)}"
    year = f"{target['target_year']}年" if target["target_year"] != at.year else ""
    return f"{year}{text}（{_STRENGTH_WORDS[target['target_strength']]}）"


def _growth_text(value: float, indicator: Mapping[str, Any]) -> str:
    in_points = indicator["growth"] == "points"
    unit = "个百分点" if indicator["unit"] == "%" else indicator["unit"]
    size = format_amount(abs(value), unit if in_points else "%")
    if value == 0:
        return "不低于上年"
    return f"降幅不超过{size}" if value < 0 else f"{'提高' if in_points else '增长'}{size}"
