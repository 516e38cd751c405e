"""What a checkpoint asks of whom, with last year's figure and the target in words."""

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
from kejistats.model.numbers import plain
from kejistats.model.period import Checkpoint
from kejistats.model.registry import due_indicators, read_words
from kejistats.model.tables.observation import LEVELS
from kejistats.store import current

_STRENGTHS = {"assigned": "下达", "aspired": "力争", "implied": "推算"}


@dataclass(frozen=True)
class Line:
    """One row of a form: a figure asked for.

    Parameters
    ----------
    district, place
        Code, and the name that leads back to it.
    indicator
        Row of the Indicator table.
    level
        Programme level; empty for the total.
    last_year, target
        The figure a year earlier and the target as text; empty where there is none.
    """

    district: str
    place: str
    indicator: Mapping[str, Any]
    level: str
    last_year: str
    target: str


def reporting(dataset: Dataset, at: Checkpoint) -> list[str]:
    """Return the codes of the units that report at a checkpoint.

    A total reports only where it did so before: most are sums of their districts.
    """
    valid = valid_at(pl.lit(at.end))
    own = pl.col("code").is_in(dataset.observations["district"].unique().to_list())
    reports = ~pl.col("kind").is_in(["total", "subtotal"]) | own
    return dataset.districts.filter(valid & reports)["code"].to_list()


def deadline(dataset: Dataset, at: Checkpoint) -> date:
    """Return the day by which reports of a checkpoint are due."""
    return at.end + timedelta(days=dataset.settings.checks.due_days)


def release_month(indicator: Mapping[str, Any], at: Checkpoint) -> date:
    """Return the first day of the month from which a figure can exist.

    Examples
    --------
    >>> release_month({"release": 7}, Checkpoint(2025, 12))
    datetime.date(2026, 7, 1)
    """
    months = at.year * 12 + at.month - 1 + indicator["release"]
    return date(months // 12, months % 12 + 1, 1)


def lines(dataset: Dataset, at: Checkpoint, codes: Sequence[str]) -> list[Line]:
    """Return what is asked of these units, by indicator, then unit, then level.

    Where past figures of the data set stand by programme level too, each level has its line
    below the total.
    """
    names = dict(dataset.districts.select("code", "name").iter_rows())
    unique = dataset.districts.filter(pl.col("name").is_unique())["code"].to_list()
    places = {code: names[code] if code in unique else code for code in codes}
    seen = set(dataset.observations.select("indicator", "level").unique().iter_rows())
    last = _last_year(dataset, at, codes)
    goals = {
        (row["district"], row["indicator"]): row
        for row in judged_targets(dataset.targets.lazy(), at)
        .filter(pl.col("district").is_in(codes))
        .collect()
        .iter_rows(named=True)
    }
    words = read_words(dataset.path)
    found = []
    for indicator in due_indicators(dataset.form_indicators, at).iter_rows(named=True):
        key = indicator["id"]
        levels = [level for level in LEVELS if not level or (key, level) in seen]
        for code in codes:
            goal = goals.get((code, key))
            goal_text = "" if goal is None else target_text(goal, indicator, at)
            for level in levels:
                figure = last.get((code, key, level))
                last_text = "" if figure is None else figure_text(figure, indicator["unit"], words)
                target = "" if level else goal_text
                found.append(Line(code, places[code], indicator, level, last_text, target))
    return found


def _last_year(
    dataset: Dataset, at: Checkpoint, codes: Sequence[str]
) -> dict[tuple[str, str, str], dict[str, Any]]:
    before = at.previous_year
    rows = dataset.observations.lazy().filter(
        pl.col("year") == before.year,
        pl.col("month") == before.month,
        pl.col("district").is_in(codes),
    )
    found = current(rows).collect().iter_rows(named=True)
    return {(row["district"], row["indicator"], row["level"]): row for row in found}


def amount(value: float, unit: str) -> str:
    """Print a figure with all its digits, in the unit the form asks for.

    A brief moves money between 万元 and 亿元; here that would lead to a figure in a unit other
    than that of its row, and rounding would hide what the district reported.

    Examples
    --------
    >>> amount(0.081681, "亿元"), amount(16.5, "亿元"), amount(283134.0, "件")
    ('0.081681亿元', '16.5亿元', '283134件')
    """
    exponent = Decimal(f"{value:.12g}").normalize().as_tuple().exponent
    places = max(0, -exponent) if isinstance(exponent, int) else 0
    return f"{plain(value, places)}{unit}"


def figure_text(figure: Mapping[str, Any], unit: str, words: Mapping[str, Any]) -> str:
    """Print a reported figure with its bound, or the word for why there is none."""
    if figure["status"] != "reported":
        return str(words["status"][figure["status"]])
    if figure["value_upper"] is not None:
        return f"{amount(figure['value'], '')}—{amount(figure['value_upper'], unit)}"
    return str(words["bound"][figure["bound"]].format(A=amount(figure["value"], unit)))


def target_text(goal: Mapping[str, Any], indicator: Mapping[str, Any], at: Checkpoint) -> str:
    """Print a target that is judged: ≥350家（下达）, 净增20件（下达）, 增长8%（下达）.

    Parameters
    ----------
    goal
        Row of `judged_targets`.
    indicator
        Row of the Indicator table.
    at
        The checkpoint; a target of a later year names its year.
    """
    value, unit, kind = goal["target"], indicator["unit"], goal["target_kind"]
    sign = "＞" if goal["comparison"] == ">" else "≥"
    match kind:
        case "growth":
            text = _growth_text(value, indicator)
        case "net":
            text = f"净增{amount(value, unit)}"
        case "ceiling":
            text = f"≤{amount(value, unit)}"
        case "range":
            text = f"{amount(value, '')}—{amount(goal['target_upper'], unit)}"
        case _:
            text = f"{sign}{amount(value, unit)}"
    year = f"{goal['target_year']}年" if goal["target_year"] != at.year else ""
    return f"{year}{text}（{_STRENGTHS[goal['target_strength']]}）"


def _growth_text(value: float, indicator: Mapping[str, Any]) -> str:
    points = indicator["growth"] == "points"
    own = "个百分点" if indicator["unit"] == "%" else indicator["unit"]
    size = amount(abs(value), own if points else "%")
    if value == 0:
        return "不低于上年"
    return f"降幅不超过{size}" if value < 0 else f"{'提高' if points else '增长'}{size}"
