"""Charts with history: trends and their gaps, seasonality, contributions and their remainder."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from kejistats.brief import Brief, Bundle, Overview, charts, make_bundles, make_overview
from kejistats.brief.charts.contribution_bars import MAX_BARS
from kejistats.brief.charts.seasonality import seasonal_paths
from kejistats.brief.charts.trend import choose_panel
from kejistats.brief.view import View
from kejistats.dataset import Dataset
from kejistats.model.numbers import format_signed
from kejistats.model.period import Checkpoint
from tests.brief.factory import bundle_of, open_chart, view_of, views_of
from tests.factory import (
    CITY,
    COUNT,
    DISTRICT,
    MONEY,
    STOCK,
    code,
    districts,
    metrics,
    observation,
    target,
)
from tests.pages.factory import CHECKPOINTS, MASKED, MODEL

AT = Checkpoint(2025, 6)
Row = dict[str, Any]


def series(
    view: View, figures: dict[tuple[int, int], float | str | None], **columns: Any
) -> list[Row]:
    """Rows of a series from figures by year and month; text is a status, None means missing."""
    rows = []
    for (year, month), figure in figures.items():
        is_number = isinstance(figure, (int, float))
        status = "reported" if is_number else figure or "missing"
        value = figure if is_number else None
        rows.append({"indicator": view.id, "year": year, "month": month, "value": value,
                     "status": status} | columns)  # fmt: skip
    return rows


@pytest.fixture(scope="module")
def flow() -> View:
    """A count of 120, with 100 a year ago."""
    return view_of([observation(COUNT, 120), observation(COUNT, 100, 2024)])


@pytest.fixture(scope="module")
def stock() -> View:
    """A stock of 120, with 100 a year ago."""
    return view_of([observation(STOCK, 120), observation(STOCK, 100, 2024)])


# Trends.


def test_half_years_are_drawn_by_year_before_the_full_years(
    flow: View,
) -> None:
    rows = series(flow, {(2023, 6): 80, (2023, 12): 170, (2024, 6): 100, (2024, 12): 210,
                         (2025, 6): 120})  # fmt: skip

    panel = choose_panel(flow, rows, AT)

    assert panel is not None
    assert panel.kind == "years"
    assert panel.points == [(2023, 6, 80), (2024, 6, 100), (2025, 6, 120)]
    assert panel.background == [(2023, 12, 170), (2024, 12, 210), (2025, 12, None)]


def test_from_three_months_on_this_year_is_drawn_before_the_last(flow: View) -> None:
    rows = series(flow, {(2024, m): 10.0 * m for m in range(1, 13)} | {(2025, m): 12.0 * m
                         for m in (2, 4, 6)})  # fmt: skip

    panel = choose_panel(flow, rows, AT)

    assert panel is not None
    assert panel.kind == "within"
    assert [m for _, m, value in panel.points if value is None] == [1, 3, 5]
    assert panel.background == [(2024, m, 10.0 * m) for m in range(1, 13)]


@pytest.mark.parametrize("status", ["masked", None, "not_applicable"])
def test_what_is_not_reported_leaves_a_gap(flow: View, stock: View, status: str | None) -> None:
    figures = {(2022, 6): 70, (2023, 6): status, (2024, 6): 100, (2025, 6): 120}
    past = [series(view, figures) for view in (flow, stock)]

    panels = [choose_panel(view, rows, AT) for view, rows in zip((flow, stock), past, strict=True)]
    chart = charts.trend([flow], past[0], AT)

    for panel in panels:
        assert panel is not None
        assert panel.points == [(2022, 6, 70), (2023, 6, None), (2024, 6, 100), (2025, 6, 120)]
    assert chart is not None
    assert "（2023年上半年无可比数据）" in chart.alt


def test_a_gap_does_not_look_like_a_zero(flow: View) -> None:
    figures = {(2022, 6): 70, (2023, 6): 0, (2024, 6): 100, (2025, 6): 120}

    zero = charts.trend([flow], series(flow, figures), AT)
    gap = charts.trend([flow], series(flow, figures | {(2023, 6): "masked"}), AT)

    assert open_chart(zero).crop((0, 0, 705, 150)).tobytes() != (
        open_chart(gap).crop((0, 0, 705, 150)).tobytes()
    )


def test_figures_on_another_definition_are_not_compared(flow: View) -> None:
    rows = series(flow, {(2021, 6): 500, (2022, 6): 600})
    rows += series(flow, {(2023, 6): 80, (2024, 6): 100, (2025, 6): 120}, break_id="2023")

    panel = choose_panel(flow, rows, AT)

    assert panel is not None
    assert [value for *_, value in panel.points] == [None, None, 80, 100, 120]


@pytest.mark.parametrize("view", ["flow", "stock"])
def test_two_figures_are_no_trend(view: str, request: pytest.FixtureRequest) -> None:
    row_view = request.getfixturevalue(view)

    assert charts.trend([row_view], series(row_view, {(2024, 6): 100, (2025, 6): 120}), AT) is None
    assert charts.trend([row_view], [], AT) is None
    assert charts.trend([], [], AT) is None


def test_the_text_says_what_was_a_year_ago_and_the_highest_and_lowest_shown(flow: View) -> None:
    def alt_text(current: float, **more: Any) -> str:
        view = replace(flow, row=flow.row | {"value": current})
        figures = {(2023, 6): 80.0, (2024, 6): 100.0}
        past = [*series(view, figures, **more), *series(view, {(2025, 6): current})]
        chart = charts.trend([view], past, AT)
        assert chart is not None
        return chart.alt

    prefix = "与往年比较：专利授权量"
    assert alt_text(120) == f"{prefix}120件，上年同期100件，为图中3年同期最高。"
    assert alt_text(70) == f"{prefix}70件，上年同期100件，为图中3年同期最低。"
    assert alt_text(90) == f"{prefix}90件，上年同期100件。"
    # A figure of "at least 100" may be higher than the current one.
    assert alt_text(120, bound="at_least") == f"{prefix}120件，上年同期100件。"


def test_at_most_four_indicators_are_drawn(flow: View) -> None:
    figures: dict[tuple[int, int], float | str | None]
    figures = {(2023, 6): 80, (2024, 6): 100, (2025, 6): 120}
    views = [
        replace(flow, indicator=flow.indicator | {"id": f"i{n}", "short": f"第{n}项"})
        for n in range(6)
    ]
    past = [row for view in views for row in series(view, figures)]

    several, single = charts.trend(views, past, AT), charts.trend(views[:1], past, AT)

    assert several is not None
    assert re.findall(r"第(\d)项", several.alt) == ["0", "1", "2", "3"]
    assert open_chart(several).width == open_chart(single).width


# Seasonality.


@pytest.fixture(scope="module")
def seasonal() -> tuple[View, list[Row]]:
    """An amount of money with a seasonal pace, and its series."""
    figures = {(2022, 6): 12.0, (2022, 12): 30.0, (2023, 6): 13.0, (2023, 12): 33.0,
               (2024, 6): 16.5, (2024, 12): 36.0, (2025, 6): 18.6}  # fmt: skip
    rows = [observation(MONEY, v, year, month) for (year, month), v in figures.items()]
    view = view_of(rows, [target(MONEY, "total", 40)])
    # With a year that the pace was not pooled from.
    return view, series(view, {**figures, (2019, 6): 1.0, (2019, 12): 90.0})


def test_the_pooled_path_goes_through_the_share_due(seasonal: tuple[View, list[Row]]) -> None:
    paths = seasonal_paths(*seasonal)
    view = seasonal[0]

    assert paths is not None
    assert list(paths.years) == [2022, 2023, 2024]
    assert paths.pooled[1] == (6, pytest.approx(view["share_due"]))
    assert paths.pooled[-1] == (12, pytest.approx(1.0))
    shares = [share for path in paths.years.values() for m, share in path if m == 6]
    assert (min(shares), max(shares)) == (
        pytest.approx(view["share_due_low"]), pytest.approx(view["share_due_high"]),
    )  # fmt: skip
    assert paths.attainment == [(0, 0.0), (6, pytest.approx(view["attainment"]))]


def test_the_alt_text_of_seasonality_states_completion_range_and_pooled_share(
    seasonal: tuple[View, list[Row]],
) -> None:
    chart = charts.seasonality(*seasonal)

    open_chart(chart)
    assert chart is not None
    assert chart.alt == (
        "技术合同成交额：1—6月完成全年目标的46.5%；"
        "2022、2023、2024年同期累计占全年的39.4%—45.8%，合并为41.9%。"
    )


def test_a_pace_not_from_own_years_has_no_seasonality_chart(
    seasonal: tuple[View, list[Row]], flow: View
) -> None:
    view, past = seasonal
    inherited = replace(view, row=view.row | {"pace_years": "上级2022、2023、2024"})

    assert charts.seasonality(inherited, past) is None
    assert charts.seasonality(flow, past) is None
    assert charts.seasonality(view, []) is None


# Contributions.


def test_contributions_are_stated_by_direction(flow: View) -> None:
    def contributing(name: str, points: float, rate: float | None = None) -> View:
        return replace(flow, indicator=flow.indicator | {"id": name, "short": name},
                       row=flow.row | {"contribution": points, "contribution_rate": rate})  # fmt: skip

    rows = [
        contributing("甲", 1.234, 0.1),
        contributing("乙", -0.5, -0.04),
        contributing("丙", 0.001),
        contributing("丁", 2.0),
    ]
    chart = charts.contribution(rows, "全市")

    open_chart(chart)
    assert chart is not None
    assert chart.alt == (
        "拉动全市增长：甲1.23个百分点（贡献率10.0%）、丁2.00个百分点。"
        "下拉全市：乙0.50个百分点。没有拉动：丙。拉动最多：丁。"
    )
    assert charts.contribution([replace(flow, row=flow.row | {"contribution": None})], "") is None
    many = charts.contribution([contributing(f"{n}号", float(n)) for n in range(1, 20)], "全市")
    assert many is not None
    assert re.findall(r"(\d+)号\d", many.alt) == [str(n) for n in range(20 - MAX_BARS, 20)]


def overview_of(*district_figures: tuple[float | None, float | None]) -> Overview:
    """The overview of a city that grew from 200 to 230; districts as (current, base)."""
    rows = [observation(COUNT, 230, district=CITY), observation(COUNT, 200, 2024, district=CITY)]
    for n, (current, base) in enumerate(district_figures, 1):
        rows += [observation(COUNT, current, district=code(n)),
                 observation(COUNT, base, 2024, district=code(n))]  # fmt: skip
    units = districts(len(district_figures))
    content = bundle_of(metrics(rows, units=units), units=units).content
    content |= {"kind": "overview", "districts": units.to_dicts()}
    return Overview(Bundle(content))


def test_contributions_of_districts_and_the_remainder_sum_to_the_growth() -> None:
    chart = overview_of((120, 100), (45, 50), (None, 50)).chart_contribution()

    open_chart(chart)
    assert chart is not None
    assert chart.alt == (
        "专利授权量全市同比+15.00%，各地区拉动（百分点）：第1区+10.00、第2区−2.50、其余+7.50。"
    )


def test_where_districts_account_for_all_growth_there_is_no_remainder() -> None:
    chart = overview_of((130, 100), (100, 100)).chart_contribution(COUNT)

    assert chart is not None
    assert "其余" not in chart.alt


def test_without_a_district_or_a_base_there_is_no_contribution() -> None:
    assert overview_of((None, None)).chart_contribution() is None
    assert overview_of((120, 100)).chart_contribution(MONEY) is None


# The data sets.


@pytest.mark.parametrize("district", [MODEL, MASKED, "900106", CITY])
def test_charts_of_the_demo_city_open_and_name_no_other_district(
    demo: Dataset, district: str
) -> None:
    brief = Brief(make_bundles(demo, AT, [district])[district])
    others = demo.districts.filter(pl.col("code") != district, pl.col("code") != CITY)["name"]

    for draw in (brief.chart_trend, brief.chart_seasonality, brief.chart_contribution):
        chart, again = draw(), draw()
        if district == CITY and draw == brief.chart_contribution:
            assert chart is None
            continue
        assert chart is not None
        assert open_chart(chart).mode == "P"
        assert len(chart.png) < 16_000
        assert chart == again
        assert not [name for name in others if name in chart.alt]


def test_every_contribution_of_the_demo_city_sums_to_its_growth(demo: Dataset) -> None:
    overview = Overview(make_overview(demo, AT))
    charted = 0

    for view in overview.parent_rows:
        chart = overview.chart_contribution(view.id)
        if chart is None:
            continue
        charted += 1
        total, parts = re.findall(r"同比(.*?)%.*：(.*)。", chart.alt)[0]
        points = [float(n.replace("−", "-")) for n in re.findall(r"[+−]?\d+\.\d{2}", parts)]
        assert total == format_signed(view["yoy"] * 100, 2)
        # Each printed contribution is rounded.
        assert sum(points) == pytest.approx(view["yoy"] * 100, abs=0.006 * (len(points) + 1))
    assert charted > 5


def test_all_charts_of_a_brief_leave_room_for_the_page(demo: Dataset) -> None:
    sizes = {}
    for at in CHECKPOINTS:
        bundles = make_bundles(demo, demo.checkpoint(at), [MODEL, MASKED])
        for district, bundle in bundles.items():
            brief = Brief(bundle)
            drawn = [brief.chart_attainment(), brief.chart_growth(), brief.chart_position(),
                     brief.chart_trend(), brief.chart_contribution(), brief.chart_chains()]  # fmt: skip
            # Base64 makes an image a third larger.
            sizes[district, at] = sum(len(chart.png) for chart in drawn if chart) * 4 / 3

    assert max(sizes.values()) < 105_000


def test_a_bundle_without_a_series_draws_none() -> None:
    figures = views_of([observation(COUNT, 120)])
    brief = Brief(
        bundle_of(metrics([observation(COUNT, 120)]).filter(pl.col("district") == DISTRICT))
    )

    assert figures
    assert (brief.chart_trend(), brief.chart_seasonality(), brief.chart_contribution()) == (
        None, None, None,
    )  # fmt: skip
