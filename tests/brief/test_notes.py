"""数据说明: notes say all that affects the data of a page, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from kejistats.brief import Brief, Bundle
from kejistats.brief.notes import data_notes
from kejistats.brief.view import views
from kejistats.model.registry import read_words
from tests.brief.factory import district_bundle, with_base
from tests.factory import (
    CITY,
    COUNT,
    DISTRICT,
    MONEY,
    RATIO,
    STOCK,
    code,
    day,
    districts,
    observation,
    registry,
    target,
)

NAME = "专利授权量"
ROUNDING = "表中数据为四舍五入后的显示值，评价按未舍入数计算。"


def notes_of(
    figures: Iterable[Mapping[str, Any]],
    targets: Iterable[Mapping[str, Any]] = (),
    at: str = "2025H1",
    *,
    district: str = DISTRICT,
    units: pl.DataFrame | None = None,
    **more: Any,
) -> list[str]:
    """Return the notes of one district, by default the only one of its city."""
    units = districts(1) if units is None else units
    bundle = district_bundle(figures, targets, at, district=district, units=units, **more)
    return data_notes(bundle, views(bundle))


def test_ordinary_figures_need_few_notes() -> None:
    texts = notes_of(with_base(COUNT, 120))

    assert texts == ["本期数据为初步数。", ROUNDING]


def test_a_data_sets_own_notes_come_last() -> None:
    texts = notes_of(with_base(COUNT, 120), notes=("本数据集为示例。",))

    assert texts[-2:] == [ROUNDING, "本数据集为示例。"]


@pytest.mark.parametrize(
    ("status", "note"),
    [
        ("masked", f"以下指标未公布，不评价、不排名：{NAME}。"),
        ("missing", f"截至本期未报送，不参与排名：{NAME}。"),
        ("not_applicable", f"以下指标本地区无此项：{NAME}。"),
    ],
)
def test_an_indicator_without_a_figure_is_named(status: str, note: str) -> None:
    texts = notes_of(with_base(COUNT, None, status=status))

    assert texts == [note, ROUNDING]


def test_a_yearly_indicator_is_not_late_in_june() -> None:
    texts = notes_of([observation("rd_intensity", None), *with_base(COUNT, 120)])

    assert not any("未报送" in note for note in texts)


def test_long_lists_of_names_are_cut() -> None:
    known = registry()
    # With inputs of ratios among the figures, the ratios would be listed, too.
    inputs = [*known["numerator"].drop_nulls(), *known["denominator"].drop_nulls()]
    not_inputs = known.filter(pl.col("aggregate") == "sum", ~pl.col("id").is_in(inputs))
    ids = not_inputs.filter(pl.col("frequency") == "month")["id"].to_list()[:15]

    [masked, *_] = notes_of([observation(i, None, status="masked") for i in ids])

    assert len(masked.partition("：")[2].split("、")) == 12
    assert masked.endswith("等15项。")


def test_other_grades_are_named_with_their_indicators() -> None:
    figures = [
        *with_base(COUNT, 120),
        observation(MONEY, 3, grade="forecast"),
        observation(STOCK, 3),
        observation("patent_applied", 3, grade="final"),
    ]

    [grades, *_] = notes_of(figures)

    assert grades.startswith("本期数据为初步数，其中")
    assert "技术合同登记成交额为预计数" in grades
    assert "专利申请量为最终数" in grades


def test_inexact_figures_are_named() -> None:
    texts = notes_of(with_base(COUNT, 120, bound="about"))

    assert f"以下指标为概数，按原报告口径标注：{NAME}。" in texts


def test_published_growth_that_differs_is_said() -> None:
    differs = notes_of(with_base(COUNT, 120, published_growth=18.5))
    agrees = notes_of(with_base(COUNT, 120, published_growth=20.04))

    assert f"{NAME}同比采用公布增速18.5%，按报送数计算为20.0%。" in differs
    assert not any("公布增速" in note for note in agrees)


@pytest.mark.parametrize(
    ("year", "more", "note"),
    [
        (2025, {}, f"{NAME}本期数由130件更正为120件。"),
        (2024, {}, f"{NAME}上年同期数由130件修订为120件，同比按修订数计算。"),
        (2024, {"published_growth": 3.0}, f"{NAME}上年同期数由130件修订为120件。"),
    ],
)
def test_revised_figures_are_said(year: int, more: dict[str, Any], note: str) -> None:
    revision = {"indicator": COUNT, "year": year, "first": 130.0, "last": 120.0}

    texts = notes_of(with_base(COUNT, 120, **more), revisions=[revision])

    assert note in texts


def test_the_reason_for_a_revision_is_given_with_it() -> None:
    revision = {"indicator": COUNT, "year": 2025, "first": 130.0, "last": 120.0, "note": "剔除重复"}

    texts = notes_of(with_base(COUNT, 120), revisions=[revision])

    assert f"{NAME}本期数由130件更正为120件（剔除重复）。" in texts


def test_the_rules_of_pace_are_named_with_their_indicators() -> None:
    texts = notes_of(
        [*with_base(COUNT, 120), observation("platform_new", 3)],
        [target(COUNT, "total", 200), target("platform_new", "total", 5)],
    )

    assert "序时规则：专利授权量按月均匀推进（月数÷12）；新增平台上半年50%、全年100%。" in texts


def test_limits_of_the_statuses_are_those_of_the_data_set() -> None:
    limits = {
        "ahead": 1.1, "on_pace": 1.0, "near": 0.9, "slow": 0.65, "growth_ahead": 2.0,
        "growth_on_pace": 0.0, "growth_near": -1.0, "small_count": 5.0, "rank_coverage": 0.8,
    }  # fmt: skip

    texts = notes_of(with_base(COUNT, 120), [target(COUNT, "total", 200)], thresholds=limits)

    [note] = [n for n in texts if n.startswith("状态界限")]
    for text in ("110%及以上为快于", "90%—100%为基本达到", "不足65%为明显滞后", "目标不足5的计数",
                 "+2.0个百分点", "−1.0个百分点"):  # fmt: skip
        assert text in note


def test_in_december_pace_and_its_limits_are_not_explained() -> None:
    figures = [observation(COUNT, 220, 2025, 12), observation(COUNT, 100, 2024, 12)]

    texts = notes_of(figures, [target(COUNT, "total", 200)], "2025H2")

    assert not any(note.startswith(("状态界限", "序时规则")) for note in texts)


def test_a_seasonal_profile_names_its_years_and_its_spread() -> None:
    past = [
        (MONEY, 10, 2023, 6),
        (MONEY, 25, 2023, 12),
        (MONEY, 12, 2024, 6),
        (MONEY, 25, 2024, 12),
    ]

    texts = notes_of(
        [observation(MONEY, 13), *(observation(*p) for p in past)], [target(MONEY, "total", 30)]
    )

    assert (
        "技术合同成交额序时进度按2023、2024年同期占全年比重44.0%计算，最低40.0%、最高48.0%。"
    ) in texts


def test_a_seasonal_pace_without_past_years_is_said() -> None:
    texts = notes_of([observation(MONEY, 13)], [target(MONEY, "total", 30)])

    assert "技术合同登记成交额缺少可用的往年同期数据，不设序时进度。" in texts


def test_a_target_without_its_base_is_said() -> None:
    texts = notes_of([observation(STOCK, 13)], [target(STOCK, "level", 30)])

    assert "有效发明专利拥有量缺少上年末基数，不计算完成率。" in texts


def test_a_revised_target_is_said_with_both_values() -> None:
    targets = [
        target(COUNT, "total", 240),
        target(COUNT, "total", 200, valid_from=day("2025-05-01"), vintage=2),
    ]

    texts = notes_of(with_base(COUNT, 120), targets)

    assert f"{NAME}目标由240件调整为200件，按调整后的目标评价。" in texts


def test_a_target_that_starts_in_the_year_is_said() -> None:
    texts = notes_of(with_base(COUNT, 120), [target(COUNT, "total", 200, start_month=3)])

    assert f"{NAME}目标自4月起算，序时进度按此后月数计算。" in texts


def test_another_cut_off_date_is_said_and_whether_it_moves_the_pace() -> None:
    with_target = notes_of(
        with_base(COUNT, 120, as_of=day("2025-06-20")), [target(COUNT, "total", 200)]
    )
    without = notes_of(with_base(COUNT, 120, as_of=day("2025-06-20")))

    assert f"{NAME}数据截至6月20日，序时进度按该日计算。" in with_target
    assert f"{NAME}数据截至6月20日。" in without


def test_ratios_that_were_computed_are_named() -> None:
    texts = notes_of([observation("fiscal_st", 3), observation("fiscal_total", 100)])

    assert "财政科技支出占比由分子、分母计算得出，不作平均。" in texts


def test_the_totals_notes_say_what_was_summed_and_what_could_not_be() -> None:
    units = districts(3)
    figures = [observation(COUNT, 10, district=code(n)) for n in (1, 2, 3)]
    figures += [observation("patent_applied", 10, district=code(n)) for n in (1, 2)]
    figures += [observation(RATIO, 10, district=code(n)) for n in (1, 2, 3)]
    targets = [target("patent_applied", "total", 99, district=CITY)]

    texts = notes_of(figures, targets, district=CITY, units=units)

    assert f"{NAME}为各地区合计，本级未另行报送。" in texts
    assert "部分地区未报送、未公布或数据不可比，以下指标未能合计：专利申请量。" in texts
    assert not any(note.startswith("截至本期未报送") for note in texts)


def test_ranks_are_explained_where_they_are_shown() -> None:
    figures = [observation(COUNT, 10 * n, district=code(n)) for n in (1, 2, 3)]

    shown = notes_of(figures, units=districts(3))
    hidden = notes_of(figures, units=districts(3), ranks=False)

    assert any(n.startswith("位次在全市同类地区") and "不足80%" in n for n in shown)
    assert not any(n.startswith("位次在") for n in hidden)


def test_a_changed_text_of_the_words_table_is_used() -> None:
    content = district_bundle(with_base(COUNT, 120)).content
    words = read_words()
    words = words | {"growth": words["growth"] | {"up": "比去年同期多{y}"}}

    brief = Brief(replace(Bundle(content), content=content | {"words": words}))

    assert f"{NAME}120件，比去年同期多20.0%" in brief.review.text
