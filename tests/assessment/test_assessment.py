"""Scores and totals of an assessment: cases computed by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kejistats.assessment import Item
from kejistats.assessment.scoring_rules import Completion, Interval, PerUnit, Steps
from tests.assessment.factory import (
    BONUS,
    HUNDRED_POINTS,
    OTHER,
    RATE,
    SIXTY_POINTS,
    TARGET,
    Row,
    assess_figures,
    count_rows,
    item,
    red_line,
    rules,
    score_row,
    total_row,
    with_full_weight,
)
from tests.factory import (
    COUNT,
    code,
    day,
    districts,
    observation,
    target,
)

GROWTH_RULE = Interval(10, 0, 8)
YEAR_EARLIER = observation(COUNT, 50, 2024)
CASES: dict[str, tuple[Item, list[Row], list[Row], tuple[Any, ...]]] = {
    # 60 of 200 is 30 % of the year; by June half is due: 60 of 100.
    "attainment": (item(RATE, "attainment"), [observation(COUNT, 60)], [TARGET], (3.0, "scored", None)),
    "pace": (item(RATE, "pace_ratio"), [observation(COUNT, 60)], [TARGET], (6.0, "scored", None)),
    "capped": (item(RATE, "pace_ratio"), [observation(COUNT, 150)], [TARGET], (10.0, "scored", None)),
    "capped above the weight": (item(Completion(10, 1.2), "pace_ratio"), [observation(COUNT, 150)],
                                [TARGET], (12.0, "scored", None)),
    "pace in points": (item(Interval(10, -20, 0), "pace_gap_points"), [observation(COUNT, 90)],
                       [TARGET], (7.5, "scored", None)),
    "growth": (item(GROWTH_RULE, "growth"), [observation(COUNT, 51), YEAR_EARLIER], [], (2.5, "scored", None)),
    "growth below the floor": (item(GROWTH_RULE, "growth"), [observation(COUNT, 40), YEAR_EARLIER], [],
                               (0.0, "scored", None)),
    "published growth first": (item(GROWTH_RULE, "growth"),
                               [observation(COUNT, 51, published_growth=6.0), YEAR_EARLIER], [],
                               (7.5, "scored", None)),
    "value": (item(Interval(10, 100, 20)), [observation(COUNT, 40)], [], (7.5, "scored", None)),
    "zero is a figure": (item(Interval(10, -10, 10)), [observation(COUNT, 0)], [],
                         (5.0, "scored", None)),
    "step": (item(Steps(10, ((50, 4), (60, 7), (70, 10)))), [observation(COUNT, 60)], [],
             (7.0, "scored", None)),
    "no step": (item(Steps(10, ((70, 10),))), [observation(COUNT, 60)], [], (0.0, "scored", None)),
    "falling steps": (item(Steps(10, ((70, 4), (60, 7), (50, 10)))), [observation(COUNT, 60)], [],
                      (7.0, "scored", None)),
    "about is no bound": (item(RATE, "attainment"), [observation(COUNT, 60, bound="about")], [TARGET],
                          (3.0, "scored", None)),
    # A bound is open on its own side only, and not where it makes no difference.
    "at least": (item(RATE, "attainment"), [observation(COUNT, 60, bound="at_least")], [TARGET],
                 (3.0, 10.0, "open", "bound_open")),
    "at most": (item(RATE, "attainment"), [observation(COUNT, 60, bound="less_than")], [TARGET],
                (0.0, 3.0, "open", "bound_open")),
    "at least, and full already": (item(RATE, "pace_ratio"),
                                   [observation(COUNT, 150, bound="more_than")], [TARGET],
                                   (10.0, "scored", None)),
    "at least, where less is better": (item(Interval(10, 100, 20)),
                                       [observation(COUNT, 40, bound="at_least")], [],
                                       (0.0, 7.5, "open", "bound_open")),
    "an interval": (item(Interval(10, 0, 100)), [observation(COUNT, 30, value_upper=40.0)], [],
                    (3.0, 4.0, "open", "bound_open")),
    "the rate of an interval": (item(RATE, "attainment"),
                                [observation(COUNT, 60, value_upper=80.0)], [TARGET],
                                (3.0, 10.0, "open", "bound_open")),
    "growth over a bounded base": (item(GROWTH_RULE, "growth"),
                                   [observation(COUNT, 51), YEAR_EARLIER | {"bound": "at_least"}], [],
                                   (0.0, 2.5, "open", "bound_open")),
    # An absent figure is open, never zero.
    "masked": (item(RATE, "attainment"), [observation(COUNT, None, status="masked")], [TARGET],
               (0.0, 10.0, "open", "masked")),
    "missing": (item(RATE, "attainment"), [observation(COUNT, None)], [TARGET],
                (0.0, 10.0, "open", "missing")),
    "no row at all": (item(RATE, "attainment"), [observation(OTHER, 3)], [],
                      (0.0, 10.0, "open", "missing")),
    "a yearly figure in June": (item(Interval(10, 0, 5), "value", "rd_expenditure"),
                                [observation(COUNT, 3)], [], (0.0, 10.0, "open", "not_due")),
    "not applicable": (item(RATE, "attainment"), [observation(COUNT, None, status="not_applicable")],
                       [], (0.0, 10.0, "open", "not_applicable")),
    "no target": (item(RATE, "attainment"), [observation(COUNT, 60)], [],
                  (0.0, 10.0, "open", "no_target")),
    "no base": (item(GROWTH_RULE, "growth"), [observation(COUNT, 60)], [],
                (0.0, 10.0, "open", "no_figure")),
    "a zero base": (item(GROWTH_RULE, "growth"), [observation(COUNT, 60), observation(COUNT, 0, 2024)],
                    [], (0.0, 10.0, "open", "no_figure")),
    "no rate under a ceiling": (item(RATE, "pace_ratio"), [observation(COUNT, 60)],
                                [target(COUNT, "ceiling", 200)], (0.0, 10.0, "open", "no_figure")),
    "before the first node": (item(RATE, "pace_ratio"), [observation(COUNT, 60)],
                              [target(COUNT, "total", 200, nodes="12:1")],
                              (0.0, 10.0, "open", "not_due")),
    "each": (item(PerUnit(0.5, 3, 54)), [observation(COUNT, 58)], [], (2.0, "scored", None)),
    "each, capped": (item(PerUnit(0.5, 3)), [observation(COUNT, 58)], [], (3.0, "scored", None)),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_points_follow_from_the_figure(case: str) -> None:
    scored_item, figures, target_rows, expected = CASES[case]

    row = score_row(assess_figures(figures, rules(scored_item), target_rows))

    low, high = expected[0], expected[-3]
    assert (row["status"], row["reason"]) == expected[-2:]
    assert (row["low"], row["high"]) == pytest.approx((low, high))
    assert row["points"] == (pytest.approx(low) if row["status"] == "scored" else None)


def test_a_score_names_the_figure_its_bound_and_its_sources() -> None:
    figures = [observation(COUNT, 60, bound="at_least"), YEAR_EARLIER]

    by_attainment = score_row(assess_figures(figures, rules(item(RATE, "attainment")), [TARGET]))
    by_growth = score_row(assess_figures(figures, rules(item(GROWTH_RULE, "growth")), [TARGET]))

    assert (by_attainment["value"], by_attainment["bound"]) == (0.3, "at_least")
    assert by_attainment["source"] == figures[0]["source"]
    assert by_attainment["against"] == TARGET["source"]
    assert by_growth["value"] == pytest.approx(20.0)
    assert by_growth["against"] == YEAR_EARLIER["source"]


def test_growth_in_points_is_in_points() -> None:
    growth = item(Interval(10, 0, 0.4), "growth", "rd_intensity")
    figures = [observation("rd_intensity", v, y, 12) for v, y in ((2.5, 2024), (2.6, 2025))]

    row = score_row(assess_figures(figures, rules(growth), at="2025"))

    assert (row["value"], row["points"]) == (pytest.approx(0.1), pytest.approx(2.5))


POLICIES = {
    ("missing", "zero"): (0.0, "zero"),
    ("not_applicable", "zero"): (0.0, "zero"),
    ("not_applicable", "full"): (10.0, "full"),
    ("not_applicable", "reweight"): (0.0, "reweighted"),
    ("no_target", "zero"): (0.0, "zero"),
    ("no_target", "full"): (10.0, "full"),
    ("no_target", "reweight"): (0.0, "reweighted"),
}


@pytest.mark.parametrize(("absence", "policy"), POLICIES)
def test_an_absent_figure_scores_as_declared_and_is_shown(absence: str, policy: str) -> None:
    status = {"missing": "missing", "not_applicable": "not_applicable", "no_target": "reported"}[
        absence
    ]
    figures = [observation(COUNT, 5 if status == "reported" else None, status=status)]
    target_rows = [] if absence == "no_target" else [TARGET]
    declared = rules(
        item(RATE, "attainment"), item(Interval(30, 0, 10), "value", OTHER), **{absence: policy}
    )

    row = score_row(assess_figures([*figures, observation(OTHER, 5)], declared, target_rows))

    points, expected = POLICIES[absence, policy]
    assert (row["points"], row["status"], row["reason"]) == (points, expected, absence)


@pytest.mark.parametrize("absence", ["missing", "not_applicable", "no_target"])
def test_a_masked_figure_is_open_whatever_is_declared(absence: str) -> None:
    declared = rules(item(RATE, "attainment"), **{absence: "zero"})

    row = score_row(assess_figures([observation(COUNT, None, status="masked")], declared, [TARGET]))

    assert (row["low"], row["high"], row["status"]) == (0.0, 10.0, "open")


FORTY_POINTS = item(Interval(40, 0, 100), "value", OTHER)


def test_a_total_is_the_sum_of_items_and_capped_bonuses() -> None:
    figures = [observation(COUNT, 50), observation(OTHER, 25), observation("talent_introduced", 40)]
    other_bonus = item(PerUnit(1, 3), "value", COUNT, "另加")

    uncapped = total_row(
        assess_figures(figures, rules(SIXTY_POINTS, FORTY_POINTS, bonuses=(BONUS,)))
    )
    capped = total_row(
        assess_figures(
            figures, rules(SIXTY_POINTS, FORTY_POINTS, bonuses=(BONUS, other_bonus), bonus_cap=6)
        )
    )

    assert (uncapped["score"], uncapped["maximum"], uncapped["outcome"]) == (
        30 + 10 + 4,
        105,
        "complete",
    )
    assert (capped["bonus_low"], capped["score"]) == (6, 46)
    assert (uncapped["scored"], uncapped["parts"]) == (3, 3)


def test_an_open_item_leaves_the_total_open_and_is_not_spread_over_the_others() -> None:
    figures = [observation(COUNT, 50), observation(OTHER, None, status="masked")]

    row = total_row(assess_figures(figures, rules(SIXTY_POINTS, FORTY_POINTS)))

    assert (row["score"], row["low"], row["high"], row["outcome"]) == (None, 30, 70, "open")
    assert (row["scored"], row["factor"]) == (1, 1)


def test_a_reweighted_item_is_spread_over_the_others_by_a_factor_shown() -> None:
    figures = [observation(COUNT, 50), observation(OTHER, None, status="not_applicable")]
    declared = rules(SIXTY_POINTS, FORTY_POINTS, not_applicable="reweight", bonuses=(BONUS,))

    row = total_row(assess_figures([*figures, observation("talent_introduced", 40)], declared))

    # 30 of 60 points are half of all 100; the bonus has no weight to be spread.
    assert (row["factor"], row["score"]) == (pytest.approx(100 / 60), pytest.approx(50 + 4))


def test_with_every_item_left_out_the_total_is_open() -> None:
    figures = [observation(c, None, status="not_applicable") for c in (COUNT, OTHER)]

    row = total_row(
        assess_figures(figures, rules(SIXTY_POINTS, FORTY_POINTS, not_applicable="reweight"))
    )

    assert (row["factor"], row["score"], row["low"], row["high"]) == (None, None, 0, 100)


def test_a_bonus_on_an_absent_figure_is_zero() -> None:
    figures = [
        observation(COUNT, 50),
        observation("talent_introduced", None, status="not_applicable"),
    ]
    declared = rules(with_full_weight(SIXTY_POINTS), not_applicable="full", bonuses=(BONUS,))

    row = score_row(assess_figures(figures, declared), order=2)

    assert (row["points"], row["status"], row["reason"]) == (0, "zero", "not_applicable")


RED_LINES = {
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
    "not applicable": (red_line(below=95.0), {"value": None, "status": "not_applicable"},
                      ("clear", 0, 100, "open")),
    "not reported": (red_line(unreported=True), {"value": None, "status": "missing"},
                     ("crossed", 0, 60, "open")),
    "masked is reported": (red_line(unreported=True), {"value": None, "status": "masked"},
                           ("clear", 0, 100, "open")),
    "reported": (red_line(unreported=True), {}, ("clear", 90, 90, "complete")),
}  # fmt: skip


@pytest.mark.parametrize("case", RED_LINES)
def test_a_red_line_caps_or_fails_the_total(case: str) -> None:
    line, change, (status, low, high, outcome) = RED_LINES[case]
    figure = observation(COUNT, 90) | change

    result = assess_figures([figure], rules(HUNDRED_POINTS, red_lines=(line,)))

    row = total_row(result)
    assert score_row(result, order=2)["status"] == status
    assert (row["low"], row["high"]) == (low, high)
    assert row["outcome"] == outcome or (outcome == "open" and status == "crossed")


PROGRESS_LINES = {
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
    "not applicable": (None, "behind", {"status": "not_applicable"}, "clear"),
}


@pytest.mark.parametrize("case", PROGRESS_LINES)
def test_a_red_line_at_a_progress_code_includes_the_worse_ones(case: str) -> None:
    value, progress, change, status = PROGRESS_LINES[case]

    result = assess_figures(
        [observation(COUNT, value, **change)],
        rules(HUNDRED_POINTS, red_lines=(red_line(progress=progress),)),
        [TARGET],
    )

    assert score_row(result, order=2)["status"] == status


def test_without_a_target_no_progress_line_is_crossed() -> None:
    declared = rules(HUNDRED_POINTS, red_lines=(red_line(progress="behind"),))

    row = score_row(assess_figures([observation(COUNT, 5)], declared), order=2)

    assert (row["status"], row["reason"]) == ("clear", "no_target")


def test_before_the_first_node_a_progress_line_is_open() -> None:
    target_rows = [target(COUNT, "total", 200, nodes="12:1")]

    row = score_row(
        assess_figures(
            [observation(COUNT, 5)],
            rules(HUNDRED_POINTS, red_lines=(red_line(progress="behind"),)),
            target_rows,
        ),
        order=2,
    )

    assert (row["status"], row["reason"]) == ("open", "not_due")


def test_the_lowest_of_several_caps_counts() -> None:
    lines = (red_line(below=95.0), replace(red_line(below=92.0, cap=40.0), name="另一红线"))

    row = total_row(
        assess_figures([observation(COUNT, 90)], rules(HUNDRED_POINTS, red_lines=lines))
    )

    assert (row["score"], row["limit"]) == (40, 40)


RANKS = {
    "all sure": ((90, 70, 80), [(1, 1), (3, 3), (2, 2)], [False] * 3),
    "a tie": ((90, 70, 90), [(1, 1), (3, 3), (1, 1)], [True, False, True]),
    "a masked figure": ((90, 70, "masked"), [(1, 2), (2, 3), (1, 3)], [False] * 3),
    "two masked": ((90, "masked", "masked"), [(1, 3), (1, 3), (1, 3)], [False] * 3),
}


@pytest.mark.parametrize("case", RANKS)
def test_a_rank_is_set_where_no_open_figure_can_change_it(case: str) -> None:
    values, ends, tied = RANKS[case]

    result = assess_figures(count_rows(*values), rules(HUNDRED_POINTS))

    rows = [total_row(result, code(n)) for n in range(1, 4)]
    assert [(r["rank_best"], r["rank_worst"]) for r in rows] == ends
    assert [r["rank"] for r in rows] == [best if best == worst else None for best, worst in ends]
    assert [r["tied"] for r in rows] == tied


def test_an_open_total_has_a_rank_where_no_other_lies_in_its_range() -> None:
    bounded = observation(COUNT, 40, district=code(3), bound="at_most")

    row = total_row(assess_figures([*count_rows(90, 70), bounded], rules(HUNDRED_POINTS)), code(3))

    assert (row["score"], row["rank"], row["ranked"], row["peers"]) == (None, 3, 2, 3)


def test_a_district_that_fails_ranks_last() -> None:
    line = red_line(above=85.0, cap=0.0, fail=True)

    result = assess_figures(count_rows(90, 70, 80), rules(HUNDRED_POINTS, red_lines=(line,)))

    assert [total_row(result, code(n))["rank"] for n in (1, 2, 3)] == [3, 2, 1]


def test_zones_and_groups_have_ranks_of_their_own() -> None:
    more_districts: list[Row] = [
        {"code": code(3), "kind": "zone", "contained_in": code(1)},
        {"code": code(4), "group": "县"},
        {"code": code(5), "valid_to": day("2024-12-31")},
    ]
    district_table = districts(2, *more_districts)

    result = assess_figures(
        count_rows(10, 20, 30, 40),
        replace(rules(HUNDRED_POINTS), kinds=("district", "zone")),
        district_table=district_table,
    )
    districts_only = assess_figures(
        count_rows(10, 20, 30, 40), rules(HUNDRED_POINTS), district_table=district_table
    )

    ranks = {row["district"]: (row["rank"], row["peers"]) for row in result.totals.to_dicts()}
    assert ranks == {code(1): (2, 2), code(2): (1, 2), code(3): (1, 1), code(4): (1, 1)}
    assert code(3) not in districts_only.totals["district"].to_list()
