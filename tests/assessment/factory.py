"""An assessment to score by, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from kejistats.assessment import Assessed, Item, RedLine, Rules, assess, plain_rules
from kejistats.assessment.scoring_rules import Completion, Each, Interval, Places, Rule
from kejistats.brief import Bundle
from kejistats.brief.score_words import Scoring
from kejistats.model.period import Checkpoint
from kejistats.model.registry import read_words
from tests.factory import (
    CITY,
    OWN,
    code,
    districts,
    metrics,
    observation,
    registry,
    target,
)

COUNT = "patent_granted"
OTHER = "popsci_events"
AT = Checkpoint(2025, 6)
Row = dict[str, Any]


def item(rule: Rule, figure: str = "value", indicator: str = COUNT, name: str = "") -> Item:
    """One part that is scored."""
    return Item(name or indicator, indicator, "", figure, rule)


def red_line(**when: Any) -> RedLine:
    """A red line of the count that caps the total at 60 unless it says otherwise."""
    given = {"cap": 60.0, "fail": False, "figure": "value", "indicator": COUNT} | when
    return RedLine(name="红线", level="", **given)


def rules(*items: Item, **more: Any) -> Rules:
    """An assessment of these items."""
    bonuses = more.get("bonuses", ())
    more = {"bonus_cap": sum(one.rule.most for one in bonuses)} | more
    total = sum(one.rule.weight for one in items)
    return Rules(title="考核", items=items, **({"total": total} | more))


def made(
    figures: Sequence[Mapping[str, Any]],
    declared: Rules,
    goals: Sequence[Mapping[str, Any]] = (),
    units: pl.DataFrame | None = None,
    at: str = "2025H1",
    known: pl.DataFrame | None = None,
) -> Assessed:
    """The assessment of figures and targets, through the metrics."""
    units = districts() if units is None else units
    table = metrics(figures, goals, at, units, known)
    when = Checkpoint.parse(at)
    return assess(table, units, registry() if known is None else known, declared, when, parent=CITY)


def part(result: Assessed, district: str = OWN, order: int = 1) -> Row:
    """One row of the Score table."""
    return result.scores.row(
        by_predicate=(pl.col("district") == district) & (pl.col("order") == order), named=True
    )


def total(result: Assessed, district: str = OWN) -> Row:
    """One row of the Assessment table."""
    return result.totals.row(by_predicate=pl.col("district") == district, named=True)


RATE = Completion(10)
GOAL = target(COUNT, "total", 200)
BY_STEP = Places(10, step=2, least=1)


def field(*values: float | str | None, **more: Any) -> list[Row]:
    """The count of so many districts; a text is a status without figure."""
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


HALF = item(Interval(60, 0, 100), "value", COUNT)
BONUS = item(Each(0.1, 5), "value", "talent_introduced")


def replace_weight(one: Item) -> Item:
    """The item with all the weight."""
    return replace(one, rule=Interval(100, 0, 100))


ALL = replace_weight(HALF)


def scoring(
    declared: Rules, totals: Sequence[Row] = (), rows: Sequence[Row] = (), **setting: bool
) -> Scoring:
    """The words of an assessment."""
    content = {
        "rules": plain_rules(declared),
        "indicators": registry().to_dicts(),
        "totals": list(totals),
    }
    return Scoring(
        Bundle(
            {
                "assessment": content,
                "words": read_words(),
                "metrics": list(rows),
                "settings": setting,
            }
        )
    )
