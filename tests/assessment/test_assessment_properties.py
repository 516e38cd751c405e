"""Properties of scores and ranks that hold for any figures."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kejistats.assessment import AssessmentResult, Rules, assess
from kejistats.assessment.scoring_rules import Completion, Interval, PerUnit, Steps
from kejistats.model.tables import Metric
from tests.assessment.factory import (
    AT,
    BY_STEP,
    OTHER,
    Row,
    assess_figures,
    count_rows,
    item,
    red_line,
    rules,
    score_row,
    total_row,
)
from tests.factory import (
    CITY,
    COUNT,
    MONEY,
    code,
    districts,
    indicators,
)


def metric_row(district: str, indicator: str, **more: Any) -> Row:
    """A row of the Metric table with the columns the schema requires."""
    return {
        "district": district, "indicator": indicator, "level": "", "year": 2025, "month": 6,
        "status": "reported", "bound": "exact", "progress": "no_target", "first_time": False,
        "yoy_reason": "base_missing", "share_reason": "no_parent", "tied": False,
        "rank_shown": False, **more,
    }  # fmt: skip


RULES = rules(
    item(Completion(30, 1.1), "attainment", MONEY),
    item(Interval(30, 10, 90), "value", COUNT),
    item(Steps(20, ((0.2, 5), (0.6, 20))), "pace_ratio", MONEY, "分档"),
    item(Interval(20, 80, 0), "value", "contracts_registered"),
    bonuses=(item(PerUnit(0.1, 4), "value", OTHER), item(PerUnit(1, 4, 0.9), "attainment", MONEY, "超额")),
    bonus_cap=5,
    red_lines=(
        red_line(below=20.0),
        replace(red_line(below=0.1, cap=0.0, fail=True, figure="attainment", indicator=MONEY),
                name="否决"),
    ),
    missing="zero",
    not_applicable="reweight",
)  # fmt: skip
INDICATOR_TABLE = indicators(contracts_registered={"direction": "down"})
INDICATORS = [MONEY, COUNT, "contracts_registered", OTHER]
STATES = ["reported", "masked", "missing", "not_applicable"]
figure = st.tuples(
    st.sampled_from([*(["reported"] * 5), *STATES]),
    st.floats(0, 120).map(lambda x: round(x, 3)),
    st.sampled_from(["exact", "exact", "about", "at_least", "less_than"]),
)
city = st.lists(st.tuples(*[figure] * len(INDICATORS)), min_size=1, max_size=5)


def drawn_row(district: str, indicator: str, given: tuple[str, float, str]) -> Row:
    """The metric row of a drawn figure; money has a target of 100."""
    status, value, bound = given
    if status != "reported":
        progress = {"not_applicable": "no_target"}.get(status, status)
        return metric_row(district, indicator, status=status, progress=progress)
    row = metric_row(district, indicator, value=value, bound=bound)
    if indicator == MONEY:
        rate = {
            "attainment": value / 100,
            "attainment_bound": bound.replace("less_than", "at_most"),
        }
        row |= {"target": 100.0, "target_kind": "total", "pace_ratio": value / 50,
                "progress": "slow", **rate}  # fmt: skip
    return row


def assess_drawn(
    drawn: Sequence[Sequence[tuple[str, float, str]]], declared: Rules = RULES
) -> AssessmentResult:
    """Assess a drawn city."""
    district_table = districts(len(drawn))
    rows = [
        drawn_row(code(n), indicator, given)
        for n, figures in enumerate(drawn, 1)
        for indicator, given in zip(INDICATORS, figures, strict=True)
    ]
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return assess(Metric.conform(frame), district_table, INDICATOR_TABLE, declared, AT, parent=CITY)


@settings(max_examples=25)
@given(city)
def test_scores_lie_within_their_limits(drawn: list[Any]) -> None:
    result = assess_drawn(drawn)

    for row in result.scores.filter(pl.col("part") != "red_line").iter_rows(named=True):
        assert 0 <= row["low"] <= row["high"] <= max(row["maximum"], row["weight"]) + 1e-9
    most = 100 + 0.1 * 30 + RULES.bonus_cap
    for row in result.totals.iter_rows(named=True):
        assert 0 <= row["low"] <= row["high"] <= row["maximum"] + 1e-9
        assert row["maximum"] == pytest.approx(most) or row["factor"] != 1
        assert 1 <= row["rank_best"] <= row["rank_worst"] <= row["peers"]
        assert row["score"] is None or row["low"] == row["score"] == row["high"]


@settings(max_examples=12)
@given(city, st.randoms(use_true_random=False))
def test_the_order_of_parts_and_districts_changes_nothing(
    drawn: list[Any], chance: random.Random
) -> None:
    items, bonuses = list(RULES.items), list(RULES.bonuses)
    chance.shuffle(items)
    chance.shuffle(bonuses)
    shuffled_rules = replace(RULES, items=tuple(items), bonuses=tuple(bonuses))
    district_table = districts(len(drawn))
    rows = [
        drawn_row(code(n), indicator, given)
        for n, figures in enumerate(drawn, 1)
        for indicator, given in zip(INDICATORS, figures, strict=True)
    ]
    chance.shuffle(rows)
    frame = Metric.conform(pl.DataFrame(rows, infer_schema_length=None))
    shuffled_districts = district_table.sample(fraction=1, shuffle=True, seed=3)

    first = assess_drawn(drawn)
    second = assess(frame, shuffled_districts, INDICATOR_TABLE, shuffled_rules, AT, parent=CITY)

    for name in ("low", "high", "rank_best", "rank_worst"):
        a = dict(first.totals.select("district", name).iter_rows())
        b = dict(second.totals.select("district", name).iter_rows())
        assert a == pytest.approx(b)
    keys = ["district", "item"]
    scores = [r.scores.sort(keys).select(*keys, "low", "high", "status") for r in (first, second)]
    assert scores[0].equals(scores[1])


@settings(max_examples=25)
@given(city, st.sampled_from(range(len(INDICATORS))), st.floats(0.001, 50))
def test_a_better_figure_never_lowers_the_score_nor_the_rank(
    drawn: list[Any], which: int, more: float
) -> None:
    status, value, bound = drawn[0][which]
    better = value - more if INDICATORS[which] == "contracts_registered" else value + more
    improved = [list(figures) for figures in drawn]
    improved[0][which] = (status, round(max(better, 0), 3), bound)

    before, after = total_row(assess_drawn(drawn)), total_row(assess_drawn(improved))

    assert after["low"] >= before["low"] - 1e-9
    assert after["high"] >= before["high"] - 1e-9
    assert after["rank_best"] <= before["rank_best"]
    assert after["rank_worst"] <= before["rank_worst"]


@pytest.mark.long
@settings(max_examples=25)
@given(city, st.floats(0, 120))
def test_a_later_figure_stays_within_the_open_range(drawn: list[Any], later: float) -> None:
    masked = [list(figures) for figures in drawn]
    published = [list(figures) for figures in drawn]
    masked[0][1], published[0][1] = ("masked", 0.0, "exact"), ("reported", round(later, 3), "exact")

    before, after = assess_drawn(masked), assess_drawn(published)

    for district in before.totals["district"]:
        old, new = total_row(before, district), total_row(after, district)
        assert old["low"] - 1e-9 <= new["low"] <= new["high"] <= old["high"] + 1e-9
        assert old["rank_best"] <= new["rank_best"] <= new["rank_worst"] <= old["rank_worst"]


@pytest.mark.long
@settings(max_examples=15)
@given(
    st.lists(st.one_of(st.integers(0, 5), st.just("masked")), min_size=1, max_size=6),
    st.sampled_from(["best", "average"]),
    st.lists(st.integers(0, 5), min_size=6, max_size=6),
)
def test_ranks_published_later_stay_within_the_open_range(
    values: list[Any], ties: str, later: list[int]
) -> None:
    declared = rules(item(replace(BY_STEP, ties=ties)))
    district_table = districts(len(values))
    published = [later[n] if value == "masked" else value for n, value in enumerate(values)]

    before = assess_figures(count_rows(*values), declared, district_table=district_table)
    after = assess_figures(count_rows(*published), declared, district_table=district_table)

    for n in range(1, len(values) + 1):
        old, new = score_row(before, code(n)), score_row(after, code(n))
        assert old["low"] - 1e-9 <= new["points"] <= old["high"] + 1e-9


@pytest.mark.long
@settings(max_examples=15)
@given(st.lists(st.integers(0, 5), min_size=2, max_size=6), st.sampled_from(["best", "average"]))
def test_a_better_figure_never_lowers_its_points_by_rank(values: list[int], ties: str) -> None:
    declared = rules(item(replace(BY_STEP, ties=ties)))
    district_table = districts(len(values))

    before = assess_figures(count_rows(*values), declared, district_table=district_table)
    after = assess_figures(
        count_rows(values[0] + 1, *values[1:]), declared, district_table=district_table
    )

    assert score_row(after)["points"] >= score_row(before)["points"]
