"""The selection and order of problems and best indicators, and the conclusion."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kejistats.brief.highlights import best, conclusion, problems
from kejistats.brief.view import View
from tests.brief.factory import Case, Cases, renamed_view, views_of, with_base
from tests.factory import COUNT, MONEY, PERCENT, RATIO, STOCK, observation, target

# The case that all views of these tests are copied from.
TEMPLATE = Case([observation(COUNT, 100), observation(COUNT, 100, 2024)], "")


@pytest.fixture(scope="module")
def template() -> View:
    """A view that has not moved and has neither a target nor a rank."""
    return Cases({"template": TEMPLATE}).views["template"]


def with_pace(template: View, name: str, progress: str, ratio: float, **more: Any) -> View:
    """Return a view judged against a target."""
    pace = {"target": 200.0, "target_kind": "total", "progress": progress, "pace_ratio": ratio}
    return renamed_view(template, name, **(pace | more))


def with_rank(template: View, name: str, rank: int, ranked: int, **more: Any) -> View:
    """Return a view with a rank."""
    columns = {"rank": rank, "ranked": ranked, "peers": ranked, "rank_shown": True}
    return renamed_view(template, name, **(columns | more))


def ids(views: list[View]) -> list[str]:
    """Return the ids, in order."""
    return [view.id for view in views]


def test_problems_are_ordered_behind_slow_near_fell_low_rank(template: View) -> None:
    rows = [
        with_rank(template, "low rank", 11, 12),
        renamed_view(template, "fell", yoy=-0.5),
        with_pace(template, "near", "near", 0.96),
        with_pace(template, "slow", "slow", 0.7),
        with_pace(template, "behind", "behind", 0.3),
    ]

    selected = problems(rows)

    assert ids(selected) == ["behind", "slow", "near", "fell", "low rank"]


def test_of_one_kind_the_farther_off_comes_first(template: View) -> None:
    rows = [
        with_pace(template, "slow 0.9", "slow", 0.9),
        with_pace(template, "slow 0.7", "slow", 0.7),
        renamed_view(template, "fell 1", yoy=-0.01),
        renamed_view(template, "fell 9", yoy=-0.09),
    ]

    selected = problems(rows)

    assert ids(selected) == ["slow 0.7", "slow 0.9", "fell 9", "fell 1"]


def test_points_below_a_growth_target_are_ordered_with_pace_ratios(template: View) -> None:
    growth = {"target_kind": "growth", "pace_gap_points": -11.1}
    rows = [
        with_pace(template, "ratio 0.95", "slow", 0.95),
        with_pace(template, "11 points under", "slow", 0, **growth),
        with_pace(template, "ratio 0.80", "slow", 0.80),
    ]

    selected = problems(rows)

    assert ids(selected) == ["ratio 0.80", "11 points under", "ratio 0.95"]


def test_at_most_five_problems_are_named(template: View) -> None:
    rows = [with_pace(template, f"slow {n}", "slow", 0.6 + n / 100) for n in range(8)]

    selected = problems(rows)

    assert ids(selected) == [f"slow {n}" for n in range(5)]


@pytest.mark.parametrize(
    ("rank", "ranked", "last_third"),
    [
        (8, 12, False),
        (9, 12, True),
        (4, 6, False),
        (5, 6, True),
        (5, 7, False),  # ⌈14/3⌉ = 5
        (6, 7, True),
        (20, 31, False),
        (21, 31, False),  # ⌈62/3⌉ = 21
        (22, 31, True),
        (5, 5, False),  # fewer than six
    ],
)
def test_the_last_third_begins_after_two_thirds_rounded_up(
    template: View, rank: int, ranked: int, last_third: bool
) -> None:
    view = with_rank(template, "placed", rank, ranked)

    selected = problems([view])

    assert ids(selected) == (["placed"] if last_third else [])


def test_a_rank_that_is_not_shown_is_no_problem(template: View) -> None:
    view = with_rank(template, "placed", 12, 12, rank_shown=False)

    selected = problems([view])

    assert selected == []


def test_a_figure_that_is_not_reported_is_no_problem(template: View) -> None:
    view = with_pace(template, "masked", "masked", 0, status="masked", value=None)

    selected = problems([view])

    assert selected == []


def test_rising_is_a_problem_where_lower_is_better(template: View) -> None:
    view = renamed_view(template, "rose", yoy=0.2)
    down = replace(view, indicator=view.indicator | {"direction": "down"})
    neither = replace(view, indicator=view.indicator | {"direction": "none"})

    selected = [ids(problems([v])) for v in (view, down, neither)]

    assert selected == [[], ["rose"], []]


def test_what_prints_as_unchanged_has_not_fallen(template: View) -> None:
    view = renamed_view(template, "hardly", yoy=-0.0004)

    selected = problems([view])

    assert selected == []


def test_the_best_are_the_two_most_ahead(template: View) -> None:
    rows = [
        with_pace(template, "on pace", "on_pace", 1.01),
        with_pace(template, "ahead", "ahead", 1.2),
        with_pace(template, "far ahead", "ahead", 1.5),
        renamed_view(template, "grew", yoy=0.9),
    ]

    selected = best(rows)

    assert ids(selected) == ["far ahead", "ahead"]


def test_the_best_are_never_among_the_worst_and_never_fell(template: View) -> None:
    rows = [
        with_pace(template, "reached, fell", "done", 2.0, yoy=-0.3),
        with_pace(
            template, "reached, ranks last", "ahead", 1.3, rank=12, ranked=12, rank_shown=True
        ),
        with_pace(template, "slow", "slow", 0.8, yoy=0.4),
        renamed_view(template, "grew", yoy=0.1),
    ]

    good, bad = best(rows), problems(rows)

    assert ids(good) == ["grew"]
    assert not set(ids(good)) & set(ids(bad)[:3])


def test_a_problem_beyond_the_fifth_is_no_highlight(template: View) -> None:
    slow = [with_pace(template, f"slow {n}", "slow", 0.7) for n in range(5)]
    last = with_pace(
        template, "reached, ranks last", "ahead", 1.3, rank=12, ranked=12, rank_shown=True
    )

    assert ids(problems([*slow, last])) == [f"slow {n}" for n in range(5)]
    assert best([*slow, last]) == []


def test_without_targets_the_best_ranked_come_first(template: View) -> None:
    rows = [
        with_rank(template, "third", 3, 12, yoy=0.5),
        with_rank(template, "first", 1, 12, yoy=0.1),
        with_rank(template, "second", 2, 12, yoy=0.2),
    ]

    selected = best(rows)

    assert ids(selected) == ["first", "second"]


def test_the_tally_counts_reached_and_not_reached() -> None:
    rows = views_of(
        [*with_base(COUNT, 120), *with_base("patent_applied", 102), *with_base("invention_applied", 98),
         *with_base("invention_granted", 50), *with_base("hnte_cultivated", 210)],
        [target(i, "total", 200) for i in
         (COUNT, "patent_applied", "invention_applied", "invention_granted", "hnte_cultivated")],
    )  # fmt: skip

    text = conclusion(list(rows.values()))

    assert text == (
        "上半年，纳入序时评价的5项指标中，1项已完成，1项快于序时进度，1项达到序时进度，2项未达到。"
    )


def test_the_tally_of_december_says_done_or_not() -> None:
    figures = [observation(i, n, 2025, 12) for i, n in ((COUNT, 200), ("patent_applied", 199))]
    rows = views_of(figures, [target(i, "total", 200) for i in (COUNT, "patent_applied")], "2025H2")

    text = conclusion(list(rows.values()))

    assert text == "全年，纳入考核的2项指标中，1项已完成，1项未完成。"


def test_what_is_not_due_masked_or_missing_is_named_and_not_counted() -> None:
    rows = views_of(
        [
            *with_base(COUNT, 120),
            *with_base("hnte_certified", 17),
            observation(PERCENT, None),
            observation("patent_applied", None, status="masked"),
            observation("talent_introduced", None),
            observation("iur_events", None, status="not_applicable"),
        ],
        [
            target(COUNT, "total", 200),
            target("hnte_certified", "total", 100),
            target(PERCENT, "level", 3),
        ],
    )

    text = conclusion(list(rows.values()))

    assert text == (
        "上半年，纳入序时评价的1项指标中，1项快于序时进度；"
        "高企认定未到考核节点，研发强度按年统计，本期不评价；专利申请量未公布，引进人才未报送。"
    )


def test_without_targets_the_tally_is_of_growth() -> None:
    rows = views_of(
        [
            *with_base(COUNT, 120),
            *with_base("patent_applied", 90),
            *with_base("invention_applied", 100),
        ]
    )

    text = conclusion(list(rows.values()))

    assert text == "上半年，可比的3项主要指标中，1项向好，1项趋弱，1项持平。"


def test_the_tally_of_growth_names_changes_of_rank(template: View) -> None:
    rows = [
        with_rank(template, "a", 1, 12, rank_change=2, yoy=0.1),
        with_rank(template, "b", 2, 12, rank_change=0, yoy=0.1),
        with_rank(template, "c", 3, 12, rank_change=-1, yoy=0.1),
        with_rank(template, "d", 3, 12, rank_change=None, yoy=0.1),
    ]

    text = conclusion(rows)

    assert text == "上半年，可比的4项主要指标中，4项向好；位次1项上升、1项下降、1项不变。"


def test_without_targets_and_bases_nothing_is_judged() -> None:
    rows = views_of([observation(COUNT, 3), observation(MONEY, 2)])

    text = conclusion(list(rows.values()))

    assert text == "上半年，没有可评价的目标。"


def test_without_any_figure_the_conclusion_says_so() -> None:
    rows = views_of(
        [observation(i, None, status="masked") for i in (COUNT, STOCK)],
        [target(COUNT, "total", 3)],
    )

    text = conclusion(list(rows.values()))

    assert text == "上半年，主要指标均未报送或未公布，不作评价。"


def test_without_main_indicators_there_is_no_conclusion() -> None:
    assert conclusion([]) == ""


def test_ratios_and_stocks_fall_by_what_is_printed() -> None:
    rows = views_of([*with_base(RATIO, 14.999, 15.001), *with_base(STOCK, 90)])

    selected = problems(list(rows.values()))

    assert ids(selected) == [STOCK]
