"""Assessment rules and their results, shared by the tests of this room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from kejistats.assessment import AssessmentResult, Item, RedLine, Rules, assess, plain_rules
from kejistats.assessment.scoring_rules import Completion, Interval, PerUnit, RankPoints, Rule
from kejistats.brief import Bundle
from kejistats.brief.score_words import Scoring
from kejistats.model.period import Checkpoint
from kejistats.model.registry import read_words
from tests.factory import (
    CITY,
    COUNT,
    DISTRICT,
    code,
    districts,
    metrics,
    observation,
    registry,
    target,
)

OTHER = "popsci_events"
AT = Checkpoint(2025, 6)
Row = dict[str, Any]


def item(rule: Rule, figure: str = "value", indicator: str = COUNT, name: str = "") -> Item:
    """An item of the count, or of another indicator."""
    return Item(name or indicator, indicator, "", figure, rule)


def red_line(**settings: Any) -> RedLine:
    """A red line on the count; caps the total at 60 by default."""
    defaults = {"cap": 60.0, "fail": False, "figure": "value", "indicator": COUNT}
    return RedLine(name="红线", level="", **(defaults | settings))


def rules(*items: Item, **settings: Any) -> Rules:
    """Rules with these items."""
    bonuses = settings.get("bonuses", ())
    settings = {"bonus_cap": sum(part.rule.max_points for part in bonuses)} | settings
    weight_sum = sum(part.rule.weight for part in items)
    return Rules(title="考核", items=items, **({"total": weight_sum} | settings))


def assess_figures(
    figures: Sequence[Mapping[str, Any]],
    declared_rules: Rules,
    target_rows: Sequence[Mapping[str, Any]] = (),
    district_table: pl.DataFrame | None = None,
    at: str = "2025H1",
    indicator_table: pl.DataFrame | None = None,
) -> AssessmentResult:
    """Compute the metrics of figures and targets, and assess them."""
    district_table = districts() if district_table is None else district_table
    table = metrics(figures, target_rows, at, district_table, indicator_table)
    checkpoint = Checkpoint.parse(at)
    return assess(
        table,
        district_table,
        registry() if indicator_table is None else indicator_table,
        declared_rules,
        checkpoint,
        parent=CITY,
    )


def score_row(result: AssessmentResult, district: str = DISTRICT, order: int = 1) -> Row:
    """The row of a district and part in the Score table."""
    return result.scores.row(
        by_predicate=(pl.col("district") == district) & (pl.col("order") == order), named=True
    )


def total_row(result: AssessmentResult, district: str = DISTRICT) -> Row:
    """The row of a district in the Assessment table."""
    return result.totals.row(by_predicate=pl.col("district") == district, named=True)


RATE = Completion(10)
TARGET = target(COUNT, "total", 200)
BY_STEP = RankPoints(10, step=2, least=1)


def count_rows(*values: float | str | None, **more: Any) -> list[Row]:
    """One figure of the count per district; a string is the status of an absent figure."""
    return [
        observation(
            COUNT,
            None if value is None or isinstance(value, str) else value,
            district=code(n),
            **({"status": value} if isinstance(value, str) else {}),
            **more,
        )
        for n, value in enumerate(values, 1)
    ]


SIXTY_POINTS = item(Interval(60, 0, 100), "value", COUNT)
BONUS = item(PerUnit(0.1, 5), "value", "talent_introduced")


def with_full_weight(item: Item) -> Item:
    """The item with a weight of 100."""
    return replace(item, rule=Interval(100, 0, 100))


HUNDRED_POINTS = with_full_weight(SIXTY_POINTS)


def scoring_words(
    declared_rules: Rules,
    totals: Sequence[Row] = (),
    metric_rows: Sequence[Row] = (),
    **settings: bool,
) -> Scoring:
    """The printed words of an assessment."""
    content = {
        "rules": plain_rules(declared_rules),
        "indicators": registry().to_dicts(),
        "totals": list(totals),
    }
    return Scoring(
        Bundle(
            {
                "assessment": content,
                "words": read_words(),
                "metrics": list(metric_rows),
                "settings": settings,
            }
        )
    )
