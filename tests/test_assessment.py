"""Scores and totals of an assessment: cases worked by hand, and what holds for all figures."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from factory import (
    CITY,
    MONEY,
    OWN,
    code,
    day,
    districts,
    indicators,
    metrics,
    observation,
    registry,
    target,
    write_csv,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import parse_fragment, words_of
from stores import Intake, filled

from kejistats.assessment import Assessed, Item, RedLine, Rules, assess, plain_rules
from kejistats.assessment.rules import Completion, Each, Interval, Places, Rule, Steps
from kejistats.brief import Bundle, Overview, make_overview
from kejistats.brief.scoring import Scoring
from kejistats.dataset import Dataset
from kejistats.errors import UsageError
from kejistats.intake import take_in
from kejistats.period import Checkpoint
from kejistats.registry import read_words
from kejistats.schema import Metric

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


# ---- one figure -------------------------------------------------------------------------

RATE = Completion(10)
GROWTH = Interval(10, 0, 8)
GOAL = target(COUNT, "total", 200)
BEFORE = observation(COUNT, 50, 2024)
FIGURES: dict[str, tuple[Item, list[Row], list[Row], tuple[Any, ...]]] = {
    # 60 of 200 is 30 % of the year; by June half is due: 60 of 100.
    "attainment": (item(RATE, "attainment"), [observation(COUNT, 60)], [GOAL], (3.0, "scored", None)),
    "pace": (item(RATE, "pace_ratio"), [observation(COUNT, 60)], [GOAL], (6.0, "scored", None)),
    "capped": (item(RATE, "pace_ratio"), [observation(COUNT, 150)], [GOAL], (10.0, "scored", None)),
    "capped above the weight": (item(Completion(10, 1.2), "pace_ratio"), [observation(COUNT, 150)],
                                [GOAL], (12.0, "scored", None)),
    "pace in points": (item(Interval(10, -20, 0), "pace_gap_points"), [observation(COUNT, 90)],
                       [GOAL], (7.5, "scored", None)),
    "growth": (item(GROWTH, "growth"), [observation(COUNT, 51), BEFORE], [], (2.5, "scored", None)),
    "growth below the floor": (item(GROWTH, "growth"), [observation(COUNT, 40), BEFORE], [],
                               (0.0, "scored", None)),
    "published growth first": (item(GROWTH, "growth"),
                               [observation(COUNT, 51, published_growth=6.0), BEFORE], [],
                               (7.5, "scored", None)),
    "value": (item(Interval(10, 100, 20)), [observation(COUNT, 40)], [], (7.5, "scored", None)),
    "zero is a figure": (item(Interval(10, -10, 10)), [observation(COUNT, 0)], [],
                         (5.0, "scored", None)),
    "step": (item(Steps(10, ((50, 4), (60, 7), (70, 10)))), [observation(COUNT, 60)], [],
             (7.0, "scored", None)),
    "no step": (item(Steps(10, ((70, 10),))), [observation(COUNT, 60)], [], (0.0, "scored", None)),
    "falling steps": (item(Steps(10, ((70, 4), (60, 7), (50, 10)))), [observation(COUNT, 60)], [],
                      (7.0, "scored", None)),
    "about is no bound": (item(RATE, "attainment"), [observation(COUNT, 60, bound="about")], [GOAL],
                          (3.0, "scored", None)),
    # A bound is open on its own side only, and not where it makes no difference.
    "at least": (item(RATE, "attainment"), [observation(COUNT, 60, bound="at_least")], [GOAL],
                 (3.0, 10.0, "open", "bound_open")),
    "at most": (item(RATE, "attainment"), [observation(COUNT, 60, bound="less_than")], [GOAL],
                (0.0, 3.0, "open", "bound_open")),
    "at least, and full already": (item(RATE, "pace_ratio"),
                                   [observation(COUNT, 150, bound="more_than")], [GOAL],
                                   (10.0, "scored", None)),
    "at least, where less is better": (item(Interval(10, 100, 20)),
                                       [observation(COUNT, 40, bound="at_least")], [],
                                       (0.0, 7.5, "open", "bound_open")),
    "an interval": (item(Interval(10, 0, 100)), [observation(COUNT, 30, value_upper=40.0)], [],
                    (3.0, 4.0, "open", "bound_open")),
    "the rate of an interval": (item(RATE, "attainment"),
                                [observation(COUNT, 60, value_upper=80.0)], [GOAL],
                                (3.0, 10.0, "open", "bound_open")),
    "growth over a bounded base": (item(GROWTH, "growth"),
                                   [observation(COUNT, 51), BEFORE | {"bound": "at_least"}], [],
                                   (0.0, 2.5, "open", "bound_open")),
    # What is not there is open, never zero.
    "masked": (item(RATE, "attainment"), [observation(COUNT, None, status="masked")], [GOAL],
               (0.0, 10.0, "open", "masked")),
    "missing": (item(RATE, "attainment"), [observation(COUNT, None)], [GOAL],
                (0.0, 10.0, "open", "missing")),
    "no row at all": (item(RATE, "attainment"), [observation(OTHER, 3)], [],
                      (0.0, 10.0, "open", "missing")),
    "a yearly figure in June": (item(Interval(10, 0, 5), "value", "rd_expenditure"),
                                [observation(COUNT, 3)], [], (0.0, 10.0, "open", "not_due")),
    "not applicable": (item(RATE, "attainment"), [observation(COUNT, None, status="not_applicable")],
                       [], (0.0, 10.0, "open", "not_applicable")),
    "no target": (item(RATE, "attainment"), [observation(COUNT, 60)], [],
                  (0.0, 10.0, "open", "no_target")),
    "no base": (item(GROWTH, "growth"), [observation(COUNT, 60)], [],
                (0.0, 10.0, "open", "no_figure")),
    "a zero base": (item(GROWTH, "growth"), [observation(COUNT, 60), observation(COUNT, 0, 2024)],
                    [], (0.0, 10.0, "open", "no_figure")),
    "no rate under a ceiling": (item(RATE, "pace_ratio"), [observation(COUNT, 60)],
                                [target(COUNT, "ceiling", 200)], (0.0, 10.0, "open", "no_figure")),
    "before the first node": (item(RATE, "pace_ratio"), [observation(COUNT, 60)],
                              [target(COUNT, "total", 200, nodes="12:1")],
                              (0.0, 10.0, "open", "not_due")),
    "each": (item(Each(0.5, 3, 54)), [observation(COUNT, 58)], [], (2.0, "scored", None)),
    "each, capped": (item(Each(0.5, 3)), [observation(COUNT, 58)], [], (3.0, "scored", None)),
}  # fmt: skip


@pytest.mark.parametrize("case", FIGURES)
def test_points_follow_from_the_figure(case: str) -> None:
    scored, figures, goals, expected = FIGURES[case]

    row = part(made(figures, rules(scored), goals))

    low, high = expected[0], expected[-3]
    assert (row["status"], row["reason"]) == expected[-2:]
    assert (row["low"], row["high"]) == pytest.approx((low, high))
    assert row["points"] == (pytest.approx(low) if row["status"] == "scored" else None)


def test_a_score_names_the_figure_its_bound_and_its_sources() -> None:
    figures = [observation(COUNT, 60, bound="at_least"), BEFORE]

    rated = part(made(figures, rules(item(RATE, "attainment")), [GOAL]))
    grown = part(made(figures, rules(item(GROWTH, "growth")), [GOAL]))

    assert (rated["value"], rated["bound"]) == (0.3, "at_least")
    assert rated["source"] == figures[0]["source"]
    assert rated["against"] == GOAL["source"]
    assert grown["value"] == pytest.approx(20.0)
    assert grown["against"] == BEFORE["source"]


def test_growth_in_points_is_in_points() -> None:
    growth = item(Interval(10, 0, 0.4), "growth", "rd_intensity")
    figures = [observation("rd_intensity", v, y, 12) for v, y in ((2.5, 2024), (2.6, 2025))]

    row = part(made(figures, rules(growth), at="2025"))

    assert (row["value"], row["points"]) == (pytest.approx(0.1), pytest.approx(2.5))


DECLARED = {
    ("missing", "zero"): (0.0, "zero"),
    ("not_applicable", "zero"): (0.0, "zero"),
    ("not_applicable", "full"): (10.0, "full"),
    ("not_applicable", "reweight"): (0.0, "reweighted"),
    ("no_target", "zero"): (0.0, "zero"),
    ("no_target", "full"): (10.0, "full"),
    ("no_target", "reweight"): (0.0, "reweighted"),
}


@pytest.mark.parametrize(("why", "policy"), DECLARED)
def test_what_is_not_there_scores_as_declared_and_is_shown(why: str, policy: str) -> None:
    status = {"missing": "missing", "not_applicable": "not_applicable", "no_target": "reported"}[
        why
    ]
    figures = [observation(COUNT, 5 if status == "reported" else None, status=status)]
    goals = [] if why == "no_target" else [GOAL]
    declared = rules(
        item(RATE, "attainment"), item(Interval(30, 0, 10), "value", OTHER), **{why: policy}
    )

    row = part(made([*figures, observation(OTHER, 5)], declared, goals))

    points, expected = DECLARED[why, policy]
    assert (row["points"], row["status"], row["reason"]) == (points, expected, why)


@pytest.mark.parametrize("why", ["missing", "not_applicable", "no_target"])
def test_a_masked_figure_is_open_whatever_is_declared(why: str) -> None:
    declared = rules(item(RATE, "attainment"), **{why: "zero"})

    row = part(made([observation(COUNT, None, status="masked")], declared, [GOAL]))

    assert (row["low"], row["high"], row["status"]) == (0.0, 10.0, "open")


# ---- places -----------------------------------------------------------------------------

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


PLACES = {
    "places": (BY_STEP, {}, (30, 20, 10), [10, 8, 6]),
    "a tie": (BY_STEP, {}, (30, 20, 20, 10), [10, 8, 8, 4]),
    "a tie, averaged": (replace(BY_STEP, ties="average"), {}, (30, 20, 20, 10), [10, 7, 7, 4]),
    "all tie, averaged": (replace(BY_STEP, ties="average"), {}, (5, 5, 5), [8, 8, 8]),
    "least": (BY_STEP, {}, (7, 6, 5, 4, 3, 2, 1), [10, 8, 6, 4, 2, 1, 1]),
    "a table": (Places(10, (10, 7)), {}, (7, 6, 5), [10, 7, 0]),
    "a table and the rest": (Places(10, (10, 7), least=3), {}, (7, 6, 5), [10, 7, 3]),
    # One figure that is open may come in before or after all others. A masked one is there: it
    # has a place once it is told, at worst the last, of 6 points. A missing one may prove to be no
    # figure at all (无此项), without a place and points.
    "a masked peer": (BY_STEP, {}, (30, 20, "masked"), [(8, 10), (6, 8), (6, 10)]),
    "a masked peer, and the least": (BY_STEP, {}, (7, 6, 5, 4, 3, 2, "masked"),
                                     [(8, 10), (6, 8), (4, 6), (2, 4), (1, 2), (1, 1), (1, 10)]),
    "a masked and a missing peer": (BY_STEP, {}, (30, "masked", None),
                                    [(6, 10), (6, 10), (0, 10)]),
    "a missing peer": (BY_STEP, {}, (30, 20, None), [(8, 10), (6, 8), (0, 10)]),
    "a missing peer scores zero": (BY_STEP, {"missing": "zero"}, (30, 20, None), [10, 8, 0]),
    "a peer without such a thing": (BY_STEP, {"not_applicable": "zero"},
                                    (30, 20, "not_applicable"), [10, 8, 0]),
    "those with figures only": (replace(BY_STEP, peers="reported"), {}, (30, 20, "masked"),
                                [10, 8, (6, 10)]),
    "a masked peer, averaged": (replace(BY_STEP, ties="average"), {}, (30, 20, 20, "masked"),
                                [(8, 10), (5, 7), (5, 7), (4, 10)]),
}  # fmt: skip


@pytest.mark.parametrize("case", PLACES)
def test_points_follow_from_the_place(case: str) -> None:
    rule, policies, values, expected = PLACES[case]
    units = districts(len(values))

    result = made(field(*values), rules(item(rule), **policies), units=units)

    for n, points in enumerate(expected, 1):
        row = part(result, code(n))
        low, high = points if isinstance(points, tuple) else (points, points)
        assert (row["low"], row["high"]) == (low, high), n
        assert (row["points"] is None) == (low != high), n


def test_a_place_says_which_and_among_how_many() -> None:
    row = part(made(field(30, 20, "masked"), rules(item(BY_STEP))), code(2))

    assert (row["rank"], row["ranked"], row["rank_low"], row["reason"]) == (2, 2, 3, "peers_open")


def test_a_bounded_figure_has_no_place_yet() -> None:
    figures = [*field(30, 20), observation(COUNT, 25, district=code(3), bound="at_least")]

    result = made(figures, rules(item(BY_STEP)))

    row = part(result, code(3))
    assert (row["low"], row["high"], row["reason"]) == (6, 10, "bound_open")
    assert part(result, code(1))["reason"] == "peers_open"


def test_what_is_of_another_grade_may_come_in_before() -> None:
    figures = [*field(30, 20), observation(COUNT, 9, district=code(3), grade="final")]

    result = made(figures, rules(item(BY_STEP)))

    assert [(part(result, code(n))["low"], part(result, code(n))["high"]) for n in (1, 2, 3)] == [
        (8, 10), (6, 8), (6, 10),
    ]  # fmt: skip


def test_growth_from_next_to_nothing_has_no_place_and_takes_nobodys() -> None:
    figures = [
        *field(30, 24, 9),
        *[f | {"year": 2024} for f in field(20, 20, 1)],  # the last base is under 10
    ]

    result = made(figures, rules(item(BY_STEP, "growth")))

    assert [part(result, code(n))["points"] for n in (1, 2)] == [10, 8]
    assert part(result, code(3))["reason"] == "unranked"
    assert scoring(result.rules).say("reason_unranked") == "不参加位次"


LAST_YEAR = [f | {"year": 2024} for f in field(20, 20, 20)]
BY_GROWTH = rules(item(BY_STEP, "growth"))


def growths(*published: float | None, figures: Sequence[Row], more: Sequence[Row]) -> Assessed:
    """The assessment by places of growth, with growth published beside the figures."""
    rows = [
        row if growth is None else row | {"published_growth": growth}
        for row, growth in zip(figures, published, strict=True)
    ]
    return made([*rows, *more], BY_GROWTH)


def test_the_growth_printed_is_the_growth_ranked() -> None:
    # Computed 50 %, 20 %, 10 %, for more districts than published.
    computed = growths(2.0, 9.0, None, figures=field(30, 24, 22), more=LAST_YEAR)
    published = growths(2.0, 9.0, None, figures=field(30, 24, 22), more=LAST_YEAR[:1])

    first, second, third = (part(computed, code(n)) for n in (1, 2, 3))
    assert [row["value"] for row in (first, second, third)] == pytest.approx([50, 20, 10])
    assert [row["points"] for row in (first, second, third)] == [10, 8, 6]
    assert first["against"] == LAST_YEAR[0]["source"]
    rows = [part(published, code(n)) for n in (1, 2)]
    assert [row["value"] for row in rows] == pytest.approx([2, 9])
    assert [row["rank"] for row in rows] == [2, 1]
    assert [row["against"] for row in rows] == [None, None]


def test_growth_of_the_other_kind_takes_no_part_in_the_ranking() -> None:
    more = [LAST_YEAR[0], LAST_YEAR[1]]

    result = growths(None, None, 90.0, figures=field(30, 24, 22), more=more)

    assert [part(result, code(n))["points"] for n in (1, 2)] == [10, 8]
    row = part(result, code(3))
    assert (row["value"], row["rank"], row["reason"]) == (pytest.approx(90), None, "unranked")
    assert (row["low"], row["high"]) == (0, 10)


def test_a_bound_of_the_growth_ranked_is_open_whatever_is_published() -> None:
    more = [*LAST_YEAR[:2], LAST_YEAR[2] | {"bound": "at_least"}]

    row = part(growths(None, None, 90.0, figures=field(30, 24, 22), more=more), code(3))

    assert (row["value"], row["reason"]) == (pytest.approx(10), "bound_open")


@pytest.mark.parametrize(
    ("published", "bases", "told"),
    [
        ((2.0, None, None), 3, "，本期按计算增速排位"),
        ((2.0, 9.0, 5.0), 1, "，本期按公布增速排位"),
        ((2.0, 9.0, 5.0), 0, ""),
        ((None, None, None), 3, ""),
    ],
)
def test_the_rule_says_which_growth_was_ranked(
    published: tuple[float | None, ...], bases: int, told: str
) -> None:
    rows = [
        row | {"published_growth": growth}
        for row, growth in zip(field(30, 24, 22), published, strict=True)
    ]
    figures = [*rows, *LAST_YEAR[:bases]]
    result = made(figures, BY_GROWTH)

    texts = scoring(BY_GROWTH, result.totals.to_dicts(), metrics(figures).to_dicts()).texts()

    assert texts[0].endswith(f"并列的按所居位次计分{told}")
    assert any("只采用公布增速、计算增速中有数地区较多的一种" in text for text in texts)
    assert not any("同比增速有公布数的采用公布数" in text for text in texts)


def test_a_masked_figure_has_a_place_of_completion_where_it_has_a_target() -> None:
    goals = [target(COUNT, "total", 100, district=code(n)) for n in (1, 2)]
    declared = rules(item(BY_STEP, "attainment"))

    result = made(field(30, "masked", "masked"), declared, goals)

    rows = [part(result, code(n)) for n in (2, 3)]
    assert [(row["low"], row["high"]) for row in rows] == [(6, 10), (0, 10)]


def test_a_masked_figure_may_have_no_growth_to_be_ranked() -> None:
    row = part(made([*field(30, 24, "masked"), *LAST_YEAR], BY_GROWTH), code(3))

    assert (row["low"], row["high"], row["reason"]) == (0, 10, "masked")


def test_places_of_completion_are_among_those_with_a_target() -> None:
    goals = [target(COUNT, "total", 100, district=code(n)) for n in (1, 2)]

    result = made(field(30, 40, 50), rules(item(BY_STEP, "attainment"), no_target="zero"), goals)

    assert [part(result, code(n))["points"] for n in (1, 2, 3)] == [8, 10, 0]


# ---- totals -----------------------------------------------------------------------------

HALF = item(Interval(60, 0, 100), "value", COUNT)
REST = item(Interval(40, 0, 100), "value", OTHER)
BONUS = item(Each(0.1, 5), "value", "talent_introduced")


def test_a_total_is_the_sum_of_items_and_capped_bonuses() -> None:
    figures = [observation(COUNT, 50), observation(OTHER, 25), observation("talent_introduced", 40)]
    other = item(Each(1, 3), "value", COUNT, "另加")

    plain = total(made(figures, rules(HALF, REST, bonuses=(BONUS,))))
    capped = total(made(figures, rules(HALF, REST, bonuses=(BONUS, other), bonus_cap=6)))

    assert (plain["score"], plain["maximum"], plain["outcome"]) == (30 + 10 + 4, 105, "complete")
    assert (capped["bonus_low"], capped["score"]) == (6, 46)
    assert (plain["scored"], plain["parts"]) == (3, 3)


def test_what_is_open_leaves_the_total_open_and_is_not_spread_over_the_rest() -> None:
    figures = [observation(COUNT, 50), observation(OTHER, None, status="masked")]

    row = total(made(figures, rules(HALF, REST)))

    assert (row["score"], row["low"], row["high"], row["outcome"]) == (None, 30, 70, "open")
    assert (row["scored"], row["factor"]) == (1, 1)


def test_what_is_reweighted_is_spread_over_the_rest_by_a_factor_shown() -> None:
    figures = [observation(COUNT, 50), observation(OTHER, None, status="not_applicable")]
    declared = rules(HALF, REST, not_applicable="reweight", bonuses=(BONUS,))

    row = total(made([*figures, observation("talent_introduced", 40)], declared))

    # 30 of 60 points are half of all 100; the bonus has no weight to be spread.
    assert (row["factor"], row["score"]) == (pytest.approx(100 / 60), pytest.approx(50 + 4))


def test_with_everything_left_out_nothing_is_known() -> None:
    figures = [observation(c, None, status="not_applicable") for c in (COUNT, OTHER)]

    row = total(made(figures, rules(HALF, REST, not_applicable="reweight")))

    assert (row["factor"], row["score"], row["low"], row["high"]) == (None, None, 0, 100)


def test_a_bonus_for_what_is_not_there_is_none() -> None:
    figures = [
        observation(COUNT, 50),
        observation("talent_introduced", None, status="not_applicable"),
    ]
    declared = rules(replace_weight(HALF), not_applicable="full", bonuses=(BONUS,))

    row = part(made(figures, declared), order=2)

    assert (row["points"], row["status"], row["reason"]) == (0, "zero", "not_applicable")


def replace_weight(one: Item) -> Item:
    """The item with all the weight."""
    return replace(one, rule=Interval(100, 0, 100))


ALL = replace_weight(HALF)
LINES = {
    # 90 points but for the red line.
    "not crossed": (red_line(below=50.0), {}, ("clear", 90, 90, "complete")),
    "crossed": (red_line(below=95.0), {}, ("crossed", 60, 60, "capped")),
    "on the line": (red_line(below=90.0), {}, ("clear", 90, 90, "complete")),
    "above": (red_line(above=80.0), {}, ("crossed", 60, 60, "capped")),
    "failed": (red_line(below=95.0, cap=0.0, fail=True), {}, ("crossed", 0, 0, "failed")),
    "cap above the sum": (red_line(below=95.0, cap=95.0), {}, ("crossed", 90, 90, "complete")),
    "open upwards": (red_line(below=95.0), {"bound": "at_least"}, ("open", 60, 100, "open")),
    "sure with a bound": (red_line(below=85.0), {"bound": "at_least"}, ("clear", 90, 100, "open")),
    "open downwards": (red_line(below=85.0), {"bound": "at_most"}, ("open", 0, 90, "open")),
    "crossed whatever it is": (red_line(below=95.0), {"bound": "at_most"}, ("crossed", 0, 60, "open")),
    "masked": (red_line(below=95.0), {"value": None, "status": "masked"}, ("open", 0, 100, "open")),
    "missing": (red_line(below=95.0), {"value": None, "status": "missing"}, ("open", 0, 100, "open")),
    "no such thing": (red_line(below=95.0), {"value": None, "status": "not_applicable"},
                      ("clear", 0, 100, "open")),
    "not reported": (red_line(unreported=True), {"value": None, "status": "missing"},
                     ("crossed", 0, 60, "open")),
    "masked is reported": (red_line(unreported=True), {"value": None, "status": "masked"},
                           ("clear", 0, 100, "open")),
    "reported": (red_line(unreported=True), {}, ("clear", 90, 90, "complete")),
}  # fmt: skip


@pytest.mark.parametrize("case", LINES)
def test_a_red_line_caps_or_fails_the_total(case: str) -> None:
    line, change, (status, low, high, outcome) = LINES[case]
    figure = observation(COUNT, 90) | change

    result = made([figure], rules(ALL, red_lines=(line,)))

    row = total(result)
    assert part(result, order=2)["status"] == status
    assert (row["low"], row["high"]) == (low, high)
    assert row["outcome"] == outcome or (outcome == "open" and status == "crossed")


STATUS_LINES = {
    # Of 200, half is due by June: 70 is slow, 50 behind, 96 near.
    "at it": (50, "behind", {}, "crossed"),
    "better": (70, "behind", {}, "clear"),
    "worse": (50, "slow", {}, "crossed"),
    "near": (96, "near", {}, "crossed"),
    "reached": (120, "near", {}, "clear"),
    "may be better": (50, "behind", {"bound": "at_least"}, "open"),
    "may be worse": (70, "behind", {"bound": "at_most"}, "open"),
    "sure, and at least": (120, "behind", {"bound": "at_least"}, "clear"),
    "masked": (None, "behind", {"status": "masked"}, "open"),
    "missing": (None, "behind", {}, "open"),
    "no such thing": (None, "behind", {"status": "not_applicable"}, "clear"),
}


@pytest.mark.parametrize("case", STATUS_LINES)
def test_a_red_line_at_a_status_takes_in_what_is_worse(case: str) -> None:
    value, progress, change, status = STATUS_LINES[case]

    result = made(
        [observation(COUNT, value, **change)],
        rules(ALL, red_lines=(red_line(progress=progress),)),
        [GOAL],
    )

    assert part(result, order=2)["status"] == status


def test_without_a_target_no_status_is_crossed() -> None:
    declared = rules(ALL, red_lines=(red_line(progress="behind"),))

    row = part(made([observation(COUNT, 5)], declared), order=2)

    assert (row["status"], row["reason"]) == ("clear", "no_target")


def test_before_a_node_a_status_is_open() -> None:
    goals = [target(COUNT, "total", 200, nodes="12:1")]

    row = part(
        made([observation(COUNT, 5)], rules(ALL, red_lines=(red_line(progress="behind"),)), goals),
        order=2,
    )

    assert (row["status"], row["reason"]) == ("open", "not_due")


def test_the_lowest_of_several_caps_counts() -> None:
    lines = (red_line(below=95.0), replace(red_line(below=92.0, cap=40.0), name="另一红线"))

    row = total(made([observation(COUNT, 90)], rules(ALL, red_lines=lines)))

    assert (row["score"], row["limit"]) == (40, 40)


# ---- ranks ------------------------------------------------------------------------------

RANKS = {
    "all sure": ((90, 70, 80), [(1, 1), (3, 3), (2, 2)], [False] * 3),
    "a tie": ((90, 70, 90), [(1, 1), (3, 3), (1, 1)], [True, False, True]),
    "a masked figure": ((90, 70, "masked"), [(1, 2), (2, 3), (1, 3)], [False] * 3),
    "two masked": ((90, "masked", "masked"), [(1, 3), (1, 3), (1, 3)], [False] * 3),
}


@pytest.mark.parametrize("case", RANKS)
def test_a_rank_stands_where_nothing_open_can_change_it(case: str) -> None:
    values, ends, tied = RANKS[case]

    result = made(field(*values), rules(ALL))

    rows = [total(result, code(n)) for n in range(1, 4)]
    assert [(r["rank_best"], r["rank_worst"]) for r in rows] == ends
    assert [r["rank"] for r in rows] == [best if best == worst else None for best, worst in ends]
    assert [r["tied"] for r in rows] == tied


def test_an_open_total_has_its_rank_where_no_other_lies_in_its_range() -> None:
    bounded = observation(COUNT, 40, district=code(3), bound="at_most")

    row = total(made([*field(90, 70), bounded], rules(ALL)), code(3))

    assert (row["score"], row["rank"], row["ranked"], row["peers"]) == (None, 3, 2, 3)


def test_who_fails_stands_last() -> None:
    line = red_line(above=85.0, cap=0.0, fail=True)

    result = made(field(90, 70, 80), rules(ALL, red_lines=(line,)))

    assert [total(result, code(n))["rank"] for n in (1, 2, 3)] == [3, 2, 1]


def test_zones_and_groups_have_ranks_of_their_own() -> None:
    more: list[Row] = [
        {"code": code(3), "kind": "zone", "contained_in": code(1)},
        {"code": code(4), "group": "县"},
        {"code": code(5), "valid_to": day("2024-12-31")},
    ]
    units = districts(2, *more)

    result = made(
        field(10, 20, 30, 40), replace(rules(ALL), kinds=("district", "zone")), units=units
    )
    without = made(field(10, 20, 30, 40), rules(ALL), units=units)

    ranks = {row["district"]: (row["rank"], row["peers"]) for row in result.totals.to_dicts()}
    assert ranks == {code(1): (2, 2), code(2): (1, 2), code(3): (1, 1), code(4): (1, 1)}
    assert code(3) not in without.totals["district"].to_list()


# ---- for all figures --------------------------------------------------------------------


def metric(district: str, indicator: str, **more: Any) -> Row:
    """A row of the Metric table with what the schema wants."""
    return {
        "district": district, "indicator": indicator, "level": "", "year": 2025, "month": 6,
        "status": "reported", "bound": "exact", "progress": "no_target", "first_time": False,
        "yoy_reason": "base_missing", "share_reason": "no_parent", "tied": False,
        "rank_shown": False, **more,
    }  # fmt: skip


SOME = rules(
    item(Completion(30, 1.1), "attainment", MONEY),
    item(Interval(30, 10, 90), "value", COUNT),
    item(Steps(20, ((0.2, 5), (0.6, 20))), "pace_ratio", MONEY, "分档"),
    item(Interval(20, 80, 0), "value", "contracts_registered"),
    bonuses=(item(Each(0.1, 4), "value", OTHER), item(Each(1, 4, 0.9), "attainment", MONEY, "超额")),
    bonus_cap=5,
    red_lines=(
        red_line(below=20.0),
        replace(red_line(below=0.1, cap=0.0, fail=True, figure="attainment", indicator=MONEY),
                name="否决"),
    ),
    missing="zero",
    not_applicable="reweight",
)  # fmt: skip
KNOWN = indicators(contracts_registered={"direction": "down"})
USED = [MONEY, COUNT, "contracts_registered", OTHER]
STATES = ["reported", "masked", "missing", "not_applicable"]
figure = st.tuples(
    st.sampled_from([*(["reported"] * 5), *STATES]),
    st.floats(0, 120).map(lambda x: round(x, 3)),
    st.sampled_from(["exact", "exact", "about", "at_least", "less_than"]),
)
city = st.lists(st.tuples(*[figure] * len(USED)), min_size=1, max_size=5)


def row_of(district: str, indicator: str, given: tuple[str, float, str]) -> Row:
    """A metric row of a drawn figure; money is held against a target of 100."""
    status, value, bound = given
    if status != "reported":
        progress = {"not_applicable": "no_target"}.get(status, status)
        return metric(district, indicator, status=status, progress=progress)
    row = metric(district, indicator, value=value, bound=bound)
    if indicator == MONEY:
        rate = {
            "attainment": value / 100,
            "attainment_bound": bound.replace("less_than", "at_most"),
        }
        row |= {"target": 100.0, "target_kind": "total", "pace_ratio": value / 50,
                "progress": "slow", **rate}  # fmt: skip
    return row


def assessed(drawn: Sequence[Sequence[tuple[str, float, str]]], declared: Rules = SOME) -> Assessed:
    """The assessment of a drawn city."""
    units = districts(len(drawn))
    rows = [
        row_of(code(n), indicator, given)
        for n, figures in enumerate(drawn, 1)
        for indicator, given in zip(USED, figures, strict=True)
    ]
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return assess(Metric.conform(frame), units, KNOWN, declared, AT, parent=CITY)


@settings(max_examples=25)
@given(city)
def test_scores_lie_within_their_limits(drawn: list[Any]) -> None:
    result = assessed(drawn)

    for row in result.scores.filter(pl.col("part") != "red_line").iter_rows(named=True):
        assert 0 <= row["low"] <= row["high"] <= max(row["maximum"], row["weight"]) + 1e-9
    most = 100 + 0.1 * 30 + SOME.bonus_cap
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
    items, bonuses = list(SOME.items), list(SOME.bonuses)
    chance.shuffle(items)
    chance.shuffle(bonuses)
    turned = replace(SOME, items=tuple(items), bonuses=tuple(bonuses))
    units = districts(len(drawn))
    rows = [
        row_of(code(n), indicator, given)
        for n, figures in enumerate(drawn, 1)
        for indicator, given in zip(USED, figures, strict=True)
    ]
    chance.shuffle(rows)
    frame = Metric.conform(pl.DataFrame(rows, infer_schema_length=None))
    mixed = units.sample(fraction=1, shuffle=True, seed=3)

    one = assessed(drawn)
    other = assess(frame, mixed, KNOWN, turned, AT, parent=CITY)

    for name in ("low", "high", "rank_best", "rank_worst"):
        a = dict(one.totals.select("district", name).iter_rows())
        b = dict(other.totals.select("district", name).iter_rows())
        assert a == pytest.approx(b)
    keys = ["district", "item"]
    scores = [r.scores.sort(keys).select(*keys, "low", "high", "status") for r in (one, other)]
    assert scores[0].equals(scores[1])


@settings(max_examples=25)
@given(city, st.sampled_from(range(len(USED))), st.floats(0.001, 50))
def test_a_better_figure_never_lowers_the_score_nor_the_rank(
    drawn: list[Any], which: int, more: float
) -> None:
    status, value, bound = drawn[0][which]
    better = value - more if USED[which] == "contracts_registered" else value + more
    improved = [list(figures) for figures in drawn]
    improved[0][which] = (status, round(max(better, 0), 3), bound)

    before, after = total(assessed(drawn)), total(assessed(improved))

    assert after["low"] >= before["low"] - 1e-9
    assert after["high"] >= before["high"] - 1e-9
    assert after["rank_best"] <= before["rank_best"]
    assert after["rank_worst"] <= before["rank_worst"]


@settings(max_examples=25)
@given(city, st.floats(0, 120))
def test_what_comes_in_later_lies_within_what_was_open(drawn: list[Any], later: float) -> None:
    masked = [list(figures) for figures in drawn]
    told = [list(figures) for figures in drawn]
    masked[0][1], told[0][1] = ("masked", 0.0, "exact"), ("reported", round(later, 3), "exact")

    before, after = assessed(masked), assessed(told)

    for district in before.totals["district"]:
        old, new = total(before, district), total(after, district)
        assert old["low"] - 1e-9 <= new["low"] <= new["high"] <= old["high"] + 1e-9
        assert old["rank_best"] <= new["rank_best"] <= new["rank_worst"] <= old["rank_worst"]


@settings(max_examples=15)
@given(
    st.lists(st.one_of(st.integers(0, 5), st.just("masked")), min_size=1, max_size=6),
    st.sampled_from(["best", "average"]),
    st.lists(st.integers(0, 5), min_size=6, max_size=6),
)
def test_places_told_later_lie_within_what_was_open(
    values: list[Any], ties: str, later: list[int]
) -> None:
    declared = rules(item(replace(BY_STEP, ties=ties)))
    units = districts(len(values))
    told = [later[n] if value == "masked" else value for n, value in enumerate(values)]

    before = made(field(*values), declared, units=units)
    after = made(field(*told), declared, units=units)

    for n in range(1, len(values) + 1):
        old, new = part(before, code(n)), part(after, code(n))
        assert old["low"] - 1e-9 <= new["points"] <= old["high"] + 1e-9


@settings(max_examples=15)
@given(st.lists(st.integers(0, 5), min_size=2, max_size=6), st.sampled_from(["best", "average"]))
def test_a_better_figure_never_lowers_the_points_of_its_place(values: list[int], ties: str) -> None:
    declared = rules(item(replace(BY_STEP, ties=ties)))
    units = districts(len(values))

    before = made(field(*values), declared, units=units)
    after = made(field(values[0] + 1, *values[1:]), declared, units=units)

    assert part(after)["points"] >= part(before)["points"]


# ---- the data set and its overview ------------------------------------------------------

TOML = """title = "综合考核"
missing = "zero"
[[item]]
indicator = "patent_granted"
weight = 100
rule = "interval"
floor = 0
full = 100
[[red_line]]
name = "专利"
indicator = "patent_granted"
below = 20
fail = true
"""


@pytest.fixture
def dataset(city: Path) -> Dataset:
    """A city of three districts that declares an assessment; one figure each, one masked."""
    (city / "assessment.toml").write_text(TOML, encoding="utf-8")
    rows = [
        {"district": code(n), "indicator": COUNT, "checkpoint": "2025H1", "value": value}
        for n, value in enumerate(("50", "xx", "10"), 1)
    ]
    opened = Dataset(city)
    take_in(opened, [write_csv(city / "inbox" / "one.csv", rows)])
    return opened


def test_a_data_set_is_assessed_as_it_declares(dataset: Dataset) -> None:
    result = dataset.assessment("2025H1")

    assert result.totals["score"].to_list() == [50.0, None, 0.0]
    assert result.totals["outcome"].to_list() == ["complete", "open", "failed"]
    assert "one.csv" in str(part(result)["source"])
    assert set(result._repr_mimebundle_()) == {"text/html", "text/plain"}


def test_a_data_set_without_an_assessment_says_where_to_declare_one(city: Path) -> None:
    with pytest.raises(UsageError, match=r"city has no assessment\.toml") as caught:
        Dataset(city).assessment()

    assert "assessment.toml" in caught.value.remedy


def test_an_assessment_is_held_when_it_says(dataset: Dataset) -> None:
    file = dataset.path / "assessment.toml"
    file.write_text('months = [12]\nsince = "2024"\n' + TOML, encoding="utf-8")
    again = Dataset(dataset.path)

    with pytest.raises(UsageError, match="综合考核 is not held at 2025H1") as caught:
        again.assessment("2025H1")

    assert caught.value.remedy == "it is held: months 12, since 2024H2"
    assert "assessment" not in make_overview(again, AT).content
    assert Overview(make_overview(again, AT)).assessment.html == ""


def test_what_cannot_be_out_yet_is_not_due(city: Path) -> None:
    # Nobody has a row of the other figure; it comes out in the month after the period.
    more = TOML.replace("weight = 100", "weight = 60") + (
        f'[[item]]\nindicator = "{OTHER}"\nweight = 40\nrule = "interval"\nfloor = 0\nfull = 9\n'
    )
    (city / "assessment.toml").write_text(more, encoding="utf-8")
    dataset = filled(city, Intake("2025-06-18", [observation(COUNT, 50)]))

    told = {
        when: part(dataset.assessment("2025H1", as_known=when), order=2)
        for when in ("2025-06-20", "2025-07-20", None)
    }

    assert {when: (row["status"], row["reason"]) for when, row in told.items()} == {
        "2025-06-20": ("open", "not_due"),
        "2025-07-20": ("zero", "missing"),
        None: ("zero", "missing"),
    }


def test_nobody_to_assess_is_refused(dataset: Dataset) -> None:
    (dataset.path / "assessment.toml").write_text('kinds = ["zone"]\n' + TOML, encoding="utf-8")

    with pytest.raises(UsageError, match="no zone of 900100 is there at 2025H1"):
        Dataset(dataset.path).assessment("2025H1")


def test_an_overview_shows_every_score_and_what_is_open(dataset: Dataset, tmp_path: Path) -> None:
    bundle = make_overview(dataset, AT)
    bundle.write(tmp_path / "all.json")

    shown = Overview(Bundle.read(tmp_path / "all.json")).assessment
    text = words_of(parse_fragment(shown.html))

    assert shown.html == Overview(bundle).assessment.html
    assert "第2区：patent_granted" not in text
    assert "未公布（0.00—100.00分）；红线（专利）待定（未公布），总分0.00—100.00分待定" in text
    assert "触及红线（专利），一票否决，总分计0分；未计红线时合计10.00分" in text
    assert "专利授权量本期数10件" in text
    assert "3个地区参评，2个地区总分已定" in text
    assert "未报送的不得分" in text


TEXTS = {
    "completion": (item(Completion(10, 1.1), "pace_ratio"),
                   "得分为权重乘以序时完成率，序时完成率最高按110%计"),
    "interval": (item(Interval(10, -2.5, 8), "growth"),
                 "同比增速−2.5%及以下不得分，8%及以上得满分，其间按比例计分"),
    "falling interval": (item(Interval(10, 60, 40)),
                         "本期数60件及以上不得分，40件及以下得满分，其间按比例计分"),
    "steps": (item(Steps(10, ((0.625, 4), (1, 10))), "attainment"),
              "按完成率分档计分，达到62.5%得4分、达到100%得10分，未到最低档不得分"),
    "falling steps": (item(Steps(10, ((60, 4), (50, 10)))),
                      "按本期数分档计分，不高于60件得4分、不高于50件得10分，未到最低档不得分"),
    "places by step": (item(Places(10, step=0.5, least=4)),
                       "按本期数位次计分，第1位得10分，每降1位减0.5分，最低4分，并列的按所居位次计分"),
    "places by table": (item(Places(10, (10, 7.5), ties="average", peers="reported"), "growth"),
                        "按同比增速位次计分，第1位10分、第2位7.5分，其后各位0分，并列的取所占各位次的平均分，"
                        "位次只在有数据的地区中排列"),
    "points": (item(Interval(10, 0, 0.3), "growth", "rd_intensity"),
               "同比增速0个百分点及以下不得分，0.3个百分点及以上得满分，其间按比例计分"),
    "each": (item(Each(0.05, 3)), "本期数每1件加0.05分，最高加3分"),
    "each over": (item(Each(20, 3, 1), "attainment"),
                  "完成率超过100%的部分，每1个百分点加0.2分，最高加3分"),
}  # fmt: skip


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


@pytest.mark.parametrize("case", TEXTS)
def test_every_rule_is_told_as_it_was_declared(case: str) -> None:
    one, expected = TEXTS[case]
    bonus = isinstance(one.rule, Each)
    declared = rules(ALL, bonuses=(one,)) if bonus else rules(one)

    texts = scoring(declared).texts()

    assert f"{one.name}（{one.rule.weight:g}分）：{expected}" in texts


def test_red_lines_and_caps_are_told_as_declared() -> None:
    lines = (
        red_line(progress="slow"),
        replace(red_line(below=20.0), name="数量"),
        replace(red_line(unreported=True, cap=0.0, fail=True), name="报送"),
    )

    texts = scoring(rules(ALL, bonuses=(BONUS,), bonus_cap=2, red_lines=lines)).texts()

    assert "红线（红线）：专利授权量未达到序时进度、明显滞后的，总分最高60分" in texts
    assert "红线（数量）：专利授权量本期数低于20件的，总分最高60分" in texts
    assert "红线（报送）：专利授权量未报送的，一票否决，总分计0分" in texts
    assert "各项加分合计最高2分" in texts


def test_a_bound_and_a_place_are_printed_with_the_figure() -> None:
    declared = rules(item(BY_STEP), item(RATE, "attainment", name="完成"))
    result = made([*field(30, 20), observation(COUNT, 25, district=code(3), bound="at_least")],
                  declared, [target(COUNT, "total", 100, district=code(3))])  # fmt: skip
    words = scoring(declared)

    assert words.figure(part(result, code(1))) == "30件 第1位"
    assert words.figure(part(result, code(3))) == "25件以上"
    assert words.figure(part(result, code(3), 2)) == "25.0%以上"
    assert words.figure(part(result, code(1), 2)) == "无目标"


def test_ranks_may_be_switched_off(dataset: Dataset) -> None:
    placed = TOML.replace('rule = "interval"\nfloor = 0\nfull = 100', 'rule = "rank"\nstep = 5')
    (dataset.path / "assessment.toml").write_text(placed, encoding="utf-8")
    with_ranks = Overview(make_overview(Dataset(dataset.path), AT)).assessment
    file = dataset.path / "dataset.toml"
    file.write_text(file.read_text("utf-8") + "ranks = false\n", encoding="utf-8")

    shown = Overview(make_overview(Dataset(dataset.path), AT)).assessment

    def cells(html: str) -> str:
        return " ".join(words_of(td) for td in parse_fragment(html).findall(".//td"))

    assert "50件 第1位" in cells(with_ranks.html)
    assert "50件" in cells(shown.html)
    assert "位" not in cells(shown.html)
    assert "95.00—100.00" in cells(shown.html)  # the points are as declared
    assert '<th scope="col" class="n">位次</th>' not in shown.html
    assert "居首位" not in shown.html
    assert "位次在同类地区中" in with_ranks.html
    assert "位次在同类地区中" not in shown.html
    assert "总分和位次" not in shown.html


def test_a_total_settled_by_a_red_line_is_not_said_to_be_open(dataset: Dataset) -> None:
    more = TOML.replace("weight = 100", "weight = 60") + (
        f'[[item]]\nindicator = "{OTHER}"\nweight = 40\nrule = "interval"\nfloor = 0\nfull = 9\n'
    )
    (dataset.path / "assessment.toml").write_text(
        more.replace('missing = "zero"\n', ""), encoding="utf-8"
    )

    shown = Overview(make_overview(Dataset(dataset.path), AT)).assessment
    text = words_of(parse_fragment(shown.html))

    # The third has failed whatever its second figure is.
    assert "未报送（0.00—40.00分），不影响总分0.00分。" in text
    assert "总分0.00分待定" not in text


def test_a_bound_that_makes_no_difference_is_not_said_to_be_open() -> None:
    declared = rules(item(RATE, "pace_ratio"))
    figure = observation(COUNT, 150, bound="more_than")

    row = part(made([figure], declared, [GOAL]))
    [text] = [one for one in scoring(declared).texts() if "不按零分计" in one]

    assert (row["status"], row["points"]) == ("scored", 10)
    assert "概数影响得分的不按零分计，以可能的最低分至最高分表示" in text
    assert "为概数的不按零分计" not in text


def test_the_demo_city_shows_what_an_assessment_must_tell(demo: Dataset) -> None:
    result = demo.assessment("2025H1")

    assert len(result.rules.items) == 8
    assert result.totals.height == 12
    told = dict(result.totals.select("district", "outcome").iter_rows())
    assert told["900104"] == "open"  # a masked figure
    assert told["900107"] == "capped"  # far behind the contracts' pace
    assert total(result, "900111")["factor"] == pytest.approx(100 / 92)  # no carriers
    assert part(result, "900112", 4)["status"] == "zero"  # platforms not reported
    assert total(result, "900104")["low"] < total(result, "900104")["high"]


def test_every_total_of_the_demo_city_is_the_sum_of_its_parts(demo: Dataset) -> None:
    for at in ("2023H2", "2024H1", "2025H1", "2025H2"):
        result = demo.assessment(at)
        for row in result.totals.iter_rows(named=True):
            parts = result.scores.filter(pl.col("district") == row["district"]).to_dicts()
            left_out = sum(p["weight"] for p in parts if p["status"] == "reweighted")
            items = sum(p["low"] for p in parts if p["part"] == "item") * 100 / (100 - left_out)
            bonus = sum(p["low"] for p in parts if p["part"] == "bonus")
            crossed = any(p["status"] == "crossed" for p in parts)
            expected = min(items + min(bonus, 3), 60 if crossed else 1000)
            assert row["low"] == pytest.approx(expected)


def test_every_number_of_the_demo_citys_table_is_a_score(demo: Dataset) -> None:
    result = demo.assessment("2025H1")
    shown = Overview(make_overview(demo, AT)).assessment
    names = dict(demo.districts.select("name", "code").iter_rows())

    tree = parse_fragment(shown.html)
    rows = [[words_of(cell) for cell in tr] for tr in tree.findall(".//tbody/tr")]

    assert len(rows) == 12
    for name, rank, sum_, *cells in rows:
        own = total(result, names[name])
        assert rank == (
            str(own["rank"]) if own["rank"] else f"{own['rank_best']}—{own['rank_worst']}"
        )
        assert sum_.startswith(f"{own['low']:.2f}")
        for order, cell in enumerate(cells[:9], 1):
            one = part(result, names[name], order)
            shown_points = "—" if one["status"] == "reweighted" else f"{one['low'] + 1e-9:.2f}"
            assert cell.startswith(shown_points), (name, order, cell)
