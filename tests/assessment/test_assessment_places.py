"""Points by rank: who is ranked, ties, and what is open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from kejistats.assessment import AssessmentResult
from kejistats.assessment.scoring_rules import RankPoints
from tests.assessment.factory import (
    BY_STEP,
    Row,
    assess_figures,
    count_rows,
    item,
    rules,
    score_row,
    scoring_words,
)
from tests.factory import (
    COUNT,
    code,
    districts,
    metrics,
    observation,
    target,
)

RANK_CASES = {
    "ranks": (BY_STEP, {}, (30, 20, 10), [10, 8, 6]),
    "a tie": (BY_STEP, {}, (30, 20, 20, 10), [10, 8, 8, 4]),
    "a tie, averaged": (replace(BY_STEP, ties="average"), {}, (30, 20, 20, 10), [10, 7, 7, 4]),
    "all tie, averaged": (replace(BY_STEP, ties="average"), {}, (5, 5, 5), [8, 8, 8]),
    "least": (BY_STEP, {}, (7, 6, 5, 4, 3, 2, 1), [10, 8, 6, 4, 2, 1, 1]),
    "a table": (RankPoints(10, (10, 7)), {}, (7, 6, 5), [10, 7, 0]),
    "a table and the rest": (RankPoints(10, (10, 7), least=3), {}, (7, 6, 5), [10, 7, 3]),
    # An open figure may end up ahead of or behind all others. A masked one exists: it is ranked
    # once it is published, at worst last, with 6 points. A missing one may turn out not to apply
    # (无此项), without a rank and points.
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


@pytest.mark.parametrize("case", RANK_CASES)
def test_points_follow_from_the_rank(case: str) -> None:
    rule, policies, values, expected = RANK_CASES[case]
    district_table = districts(len(values))

    result = assess_figures(
        count_rows(*values), rules(item(rule), **policies), district_table=district_table
    )

    for n, points in enumerate(expected, 1):
        row = score_row(result, code(n))
        low, high = points if isinstance(points, tuple) else (points, points)
        assert (row["low"], row["high"]) == (low, high), n
        assert (row["points"] is None) == (low != high), n


def test_a_score_by_rank_has_the_rank_and_among_how_many() -> None:
    row = score_row(assess_figures(count_rows(30, 20, "masked"), rules(item(BY_STEP))), code(2))

    assert (row["rank"], row["ranked"], row["rank_low"], row["reason"]) == (2, 2, 3, "peers_open")


def test_a_bounded_figure_has_no_rank_yet() -> None:
    figures = [*count_rows(30, 20), observation(COUNT, 25, district=code(3), bound="at_least")]

    result = assess_figures(figures, rules(item(BY_STEP)))

    row = score_row(result, code(3))
    assert (row["low"], row["high"], row["reason"]) == (6, 10, "bound_open")
    assert score_row(result, code(1))["reason"] == "peers_open"


def test_a_figure_of_another_grade_may_end_up_ahead() -> None:
    figures = [*count_rows(30, 20), observation(COUNT, 9, district=code(3), grade="final")]

    result = assess_figures(figures, rules(item(BY_STEP)))

    assert [(score_row(result, code(n))["low"], score_row(result, code(n))["high"]) for n in (1, 2, 3)] == [
        (8, 10), (6, 8), (6, 10),
    ]  # fmt: skip


def test_growth_from_too_small_a_base_has_no_rank_and_moves_nobody() -> None:
    figures = [
        *count_rows(30, 24, 9),
        *[f | {"year": 2024} for f in count_rows(20, 20, 1)],  # the last base is under 10
    ]

    result = assess_figures(figures, rules(item(BY_STEP, "growth")))

    assert [score_row(result, code(n))["points"] for n in (1, 2)] == [10, 8]
    assert score_row(result, code(3))["reason"] == "unranked"
    assert scoring_words(result.rules).say("reason_unranked") == "不参加位次"


LAST_YEAR = [f | {"year": 2024} for f in count_rows(20, 20, 20)]
BY_GROWTH = rules(item(BY_STEP, "growth"))


def assess_growth(
    *published: float | None, figures: Sequence[Row], more: Sequence[Row]
) -> AssessmentResult:
    """Assess by growth rank, with growth published beside the figures."""
    rows = [
        row if growth is None else row | {"published_growth": growth}
        for row, growth in zip(figures, published, strict=True)
    ]
    return assess_figures([*rows, *more], BY_GROWTH)


def test_the_growth_printed_is_the_growth_ranked() -> None:
    # Computed 50 %, 20 %, 10 %, for more districts than published.
    computed = assess_growth(2.0, 9.0, None, figures=count_rows(30, 24, 22), more=LAST_YEAR)
    published = assess_growth(2.0, 9.0, None, figures=count_rows(30, 24, 22), more=LAST_YEAR[:1])

    first, second, third = (score_row(computed, code(n)) for n in (1, 2, 3))
    assert [row["value"] for row in (first, second, third)] == pytest.approx([50, 20, 10])
    assert [row["points"] for row in (first, second, third)] == [10, 8, 6]
    assert first["against"] == LAST_YEAR[0]["source"]
    rows = [score_row(published, code(n)) for n in (1, 2)]
    assert [row["value"] for row in rows] == pytest.approx([2, 9])
    assert [row["rank"] for row in rows] == [2, 1]
    assert [row["against"] for row in rows] == [None, None]


def test_growth_of_the_other_kind_takes_no_part_in_the_ranking() -> None:
    more = [LAST_YEAR[0], LAST_YEAR[1]]

    result = assess_growth(None, None, 90.0, figures=count_rows(30, 24, 22), more=more)

    assert [score_row(result, code(n))["points"] for n in (1, 2)] == [10, 8]
    row = score_row(result, code(3))
    assert (row["value"], row["rank"], row["reason"]) == (pytest.approx(90), None, "unranked")
    assert (row["low"], row["high"]) == (0, 10)


def test_a_bound_of_the_ranked_growth_is_open_whatever_is_published() -> None:
    more = [*LAST_YEAR[:2], LAST_YEAR[2] | {"bound": "at_least"}]

    row = score_row(
        assess_growth(None, None, 90.0, figures=count_rows(30, 24, 22), more=more), code(3)
    )

    assert (row["value"], row["reason"]) == (pytest.approx(10), "bound_open")


@pytest.mark.parametrize(
    ("published", "bases", "suffix"),
    [
        ((2.0, None, None), 3, "，本期按计算增速排位"),
        ((2.0, 9.0, 5.0), 1, "，本期按公布增速排位"),
        ((2.0, 9.0, 5.0), 0, ""),
        ((None, None, None), 3, ""),
    ],
)
def test_the_rule_says_which_growth_was_ranked(
    published: tuple[float | None, ...], bases: int, suffix: str
) -> None:
    rows = [
        row | {"published_growth": growth}
        for row, growth in zip(count_rows(30, 24, 22), published, strict=True)
    ]
    figures = [*rows, *LAST_YEAR[:bases]]
    result = assess_figures(figures, BY_GROWTH)

    texts = scoring_words(BY_GROWTH, result.totals.to_dicts(), metrics(figures).to_dicts()).texts()

    assert texts[0].endswith(f"并列的按所居位次计分{suffix}")
    assert any("只采用公布增速、计算增速中有数地区较多的一种" in text for text in texts)
    assert not any("同比增速有公布数的采用公布数" in text for text in texts)


def test_a_masked_figure_has_an_attainment_rank_where_it_has_a_target() -> None:
    target_rows = [target(COUNT, "total", 100, district=code(n)) for n in (1, 2)]
    declared = rules(item(BY_STEP, "attainment"))

    result = assess_figures(count_rows(30, "masked", "masked"), declared, target_rows)

    rows = [score_row(result, code(n)) for n in (2, 3)]
    assert [(row["low"], row["high"]) for row in rows] == [(6, 10), (0, 10)]


def test_a_masked_figure_may_have_no_growth_to_be_ranked() -> None:
    row = score_row(assess_figures([*count_rows(30, 24, "masked"), *LAST_YEAR], BY_GROWTH), code(3))

    assert (row["low"], row["high"], row["reason"]) == (0, 10, "masked")


def test_attainment_ranks_are_among_districts_with_a_target() -> None:
    target_rows = [target(COUNT, "total", 100, district=code(n)) for n in (1, 2)]

    result = assess_figures(
        count_rows(30, 40, 50), rules(item(BY_STEP, "attainment"), no_target="zero"), target_rows
    )

    assert [score_row(result, code(n))["points"] for n in (1, 2, 3)] == [8, 10, 0]
