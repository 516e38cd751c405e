"""Scores and totals of an assessment: cases worked by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kejistats.assessment import Item
from kejistats.assessment.scoring_rules import Completion, Each, Interval, Steps
from tests.assessment.factory import (
    ALL,
    BONUS,
    COUNT,
    GOAL,
    HALF,
    OTHER,
    RATE,
    Row,
    field,
    item,
    made,
    part,
    red_line,
    replace_weight,
    rules,
    total,
)
from tests.factory import (
    code,
    day,
    districts,
    observation,
    target,
)

GROWTH = Interval(10, 0, 8)
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


REST = item(Interval(40, 0, 100), "value", OTHER)


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
