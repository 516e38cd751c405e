"""What a brief says first: the tally, the best, the worst, and in what order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kejistats.brief.highlights import best, conclusion, problems
from kejistats.brief.view import View
from tests.brief.factory import Case, Cases, views_of
from tests.factory import COUNT, MONEY, PERCENT, RATIO, STOCK, observation, target

# Each its own indicator in a brief; here it only needs a name to be told by.
SOME = Case([observation(COUNT, 100), observation(COUNT, 100, 2024)], "")


@pytest.fixture(scope="module")
def template() -> View:
    """A view that neither moved nor has a target or a rank."""
    return Cases({"template": SOME}).views["template"]


def like(template: View, name: str, **columns: Any) -> View:
    """A view of an indicator of that name, with columns of its row set."""
    return replace(
        template,
        row=template.row | columns,
        indicator=template.indicator | {"id": name, "name": name, "short": name},
    )


def paced(template: View, name: str, progress: str, ratio: float, **more: Any) -> View:
    """A view judged against a target."""
    goal = {"target": 200.0, "target_kind": "total", "progress": progress, "pace_ratio": ratio}
    return like(template, name, **(goal | more))


def placed(template: View, name: str, rank: int, ranked: int, **more: Any) -> View:
    """A view with a rank."""
    standing = {"rank": rank, "ranked": ranked, "peers": ranked, "rank_shown": True}
    return like(template, name, **(standing | more))


def names(views: list[View]) -> list[str]:
    """The names, in order."""
    return [view.id for view in views]


def test_problems_are_ordered_behind_slow_near_fell_low_rank(template: View) -> None:
    rows = [
        placed(template, "low rank", 11, 12),
        like(template, "fell", yoy=-0.5),
        paced(template, "near", "near", 0.96),
        paced(template, "slow", "slow", 0.7),
        paced(template, "behind", "behind", 0.3),
    ]

    found = problems(rows)

    assert names(found) == ["behind", "slow", "near", "fell", "low rank"]


def test_of_one_kind_the_farther_off_comes_first(template: View) -> None:
    rows = [
        paced(template, "slow 0.9", "slow", 0.9),
        paced(template, "slow 0.7", "slow", 0.7),
        like(template, "fell 1", yoy=-0.01),
        like(template, "fell 9", yoy=-0.09),
    ]

    found = problems(rows)

    assert names(found) == ["slow 0.7", "slow 0.9", "fell 9", "fell 1"]


def test_points_below_a_growth_target_rank_with_pace_ratios(template: View) -> None:
    growth = {"target_kind": "growth", "pace_gap_points": -11.1}
    rows = [
        paced(template, "ratio 0.95", "slow", 0.95),
        paced(template, "11 points under", "slow", 0, **growth),
        paced(template, "ratio 0.80", "slow", 0.80),
    ]

    found = problems(rows)

    assert names(found) == ["ratio 0.80", "11 points under", "ratio 0.95"]


def test_at_most_five_problems_are_named(template: View) -> None:
    rows = [paced(template, f"slow {n}", "slow", 0.6 + n / 100) for n in range(8)]

    found = problems(rows)

    assert names(found) == [f"slow {n}" for n in range(5)]


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
    view = placed(template, "placed", rank, ranked)

    found = problems([view])

    assert names(found) == (["placed"] if last_third else [])


def test_a_rank_that_is_not_shown_is_no_problem(template: View) -> None:
    view = placed(template, "placed", 12, 12, rank_shown=False)

    found = problems([view])

    assert found == []


def test_a_figure_that_is_not_there_is_no_problem(template: View) -> None:
    view = paced(template, "masked", "masked", 0, status="masked", value=None)

    found = problems([view])

    assert found == []


def test_rising_is_a_problem_where_lower_is_better(template: View) -> None:
    view = like(template, "rose", yoy=0.2)
    down = replace(view, indicator=view.indicator | {"direction": "down"})
    neither = replace(view, indicator=view.indicator | {"direction": "none"})

    found = [names(problems([v])) for v in (view, down, neither)]

    assert found == [[], ["rose"], []]


def test_what_prints_as_unchanged_has_not_fallen(template: View) -> None:
    view = like(template, "hardly", yoy=-0.0004)

    found = problems([view])

    assert found == []


def test_the_best_are_the_two_most_ahead(template: View) -> None:
    rows = [
        paced(template, "on pace", "on_pace", 1.01),
        paced(template, "ahead", "ahead", 1.2),
        paced(template, "far ahead", "ahead", 1.5),
        like(template, "grew", yoy=0.9),
    ]

    found = best(rows)

    assert names(found) == ["far ahead", "ahead"]


def test_the_best_are_never_among_the_worst_and_never_fell(template: View) -> None:
    rows = [
        paced(template, "reached, fell", "done", 2.0, yoy=-0.3),
        paced(template, "reached, ranks last", "ahead", 1.3, rank=12, ranked=12, rank_shown=True),
        paced(template, "slow", "slow", 0.8, yoy=0.4),
        like(template, "grew", yoy=0.1),
    ]

    good, bad = best(rows), problems(rows)

    assert names(good) == ["grew"]
    assert not set(names(good)) & set(names(bad)[:3])


def test_a_problem_beyond_the_fifth_is_no_highlight(template: View) -> None:
    slow = [paced(template, f"slow {n}", "slow", 0.7) for n in range(5)]
    last = paced(template, "reached, ranks last", "ahead", 1.3, rank=12, ranked=12, rank_shown=True)

    assert names(problems([*slow, last])) == [f"slow {n}" for n in range(5)]
    assert best([*slow, last]) == []


def test_without_targets_the_best_ranked_come_first(template: View) -> None:
    rows = [
        placed(template, "third", 3, 12, yoy=0.5),
        placed(template, "first", 1, 12, yoy=0.1),
        placed(template, "second", 2, 12, yoy=0.2),
    ]

    found = best(rows)

    assert names(found) == ["first", "second"]


def june(indicator: str, now: float | None, before: float = 100, **more: Any) -> list[Any]:
    """A figure of June and its base."""
    return [observation(indicator, now, **more), observation(indicator, before, 2024)]


def test_the_tally_counts_reached_and_not_reached() -> None:
    rows = views_of(
        [*june(COUNT, 120), *june("patent_applied", 102), *june("invention_applied", 98),
         *june("invention_granted", 50), *june("hnte_cultivated", 210)],
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
            *june(COUNT, 120),
            *june("hnte_certified", 17),
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
        [*june(COUNT, 120), *june("patent_applied", 90), *june("invention_applied", 100)]
    )

    text = conclusion(list(rows.values()))

    assert text == "上半年，可比的3项主要指标中，1项向好，1项趋弱，1项持平。"


def test_the_tally_of_growth_names_changes_of_rank(template: View) -> None:
    rows = [
        placed(template, "a", 1, 12, rank_change=2, yoy=0.1),
        placed(template, "b", 2, 12, rank_change=0, yoy=0.1),
        placed(template, "c", 3, 12, rank_change=-1, yoy=0.1),
        placed(template, "d", 3, 12, rank_change=None, yoy=0.1),
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
    rows = views_of([*june(RATIO, 14.999, 15.001), *june(STOCK, 90)])

    found = problems(list(rows.values()))

    assert names(found) == [STOCK]
