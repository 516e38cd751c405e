"""Charts: images that open, their fonts, colours and size, and alt texts that state the numbers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from PIL import Image

from kejistats.brief import Brief, charts, make_bundles
from kejistats.brief.charts.canvas import BLUE, COLOURS, PALETTE_SIZE, RED, Chart
from kejistats.brief.view import View
from kejistats.dataset import Dataset
from tests.brief.factory import Case, Cases, open_chart, renamed_view
from tests.factory import COUNT, RATIO, observation, target
from tests.pages.factory import LATE, MASKED, MODEL


@pytest.fixture(scope="module")
def template() -> View:
    """A count of 120 of 200, with 100 a year ago."""
    figures = [observation(COUNT, 120), observation(COUNT, 100, 2024)]
    return Cases({"one": Case(figures, "", [target(COUNT, "total", 200)])}).views["one"]


def has_colour(image: Image.Image, colour: str) -> bool:
    """Whether more than 200 pixels have a colour or nearly so."""
    wanted = tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))
    counts = image.convert("RGB").getcolors(maxcolors=1 << 24) or []
    matching = [
        n for n, c in counts if max(abs(a - b) for a, b in zip(c, wanted, strict=True)) <= 4
    ]
    return sum(matching) > 200


def numbers(text: str) -> list[str]:
    """All numbers in a text, as printed."""
    return re.findall(r"[+−]?\d+(?:\.\d+)?%?", text)


@pytest.fixture(scope="module")
def briefs(demo: Dataset, provinces: Dataset) -> dict[str, Brief]:
    """Briefs of a few districts, by code."""
    bundles = {}
    for dataset, at, codes in (
        (demo, "2025H1", [MODEL, MASKED, LATE]),
        (provinces, "2023", ["110000", "540000"]),
    ):
        bundles |= make_bundles(dataset, dataset.checkpoint(at), codes)
    return {code: Brief(bundle) for code, bundle in bundles.items()}


@pytest.mark.parametrize("code", [MODEL, MASKED, LATE, "110000", "540000"])
@pytest.mark.parametrize("name", ["chart_attainment", "chart_growth", "chart_position"])
def test_charts_of_the_data_sets_open_and_are_small(
    briefs: dict[str, Brief], code: str, name: str
) -> None:
    chart = getattr(briefs[code], name)()

    if name == "chart_attainment" and code in ("110000", "540000"):
        assert chart is None
        return
    image = open_chart(chart)
    assert image.format == "PNG"
    assert image.mode == "P"
    assert len(image.getcolors(256) or []) <= PALETTE_SIZE
    assert len(chart.png) < 40_000
    assert abs(image.width - 2 * chart.width) <= 2
    assert abs(image.height - 2 * chart.height) <= 2
    assert numbers(chart.alt)


def test_the_alt_text_states_what_the_table_prints(briefs: dict[str, Brief]) -> None:
    brief = briefs[MODEL]

    rates, growth, ranks = brief.chart_attainment(), brief.chart_growth(), brief.chart_position()

    assert rates is not None
    assert growth is not None
    assert ranks is not None
    assert rates.alt == (
        "完成率：有效高企48.6%、高企认定15.5%、科小入库61.4%、新增平台16.7%、技术合同成交额46.5%。"
        "达到进度：科小入库、技术合同成交额。未达到：新增平台。"
    )
    shown = [v for v in brief.headline if not v.in_points and v.growth_value is not None]
    assert numbers(growth.alt) == [v.growth_number() for v in shown]
    assert "技术合同成交额第3位（12个有数据）" in ranks.alt


def test_the_same_input_gives_the_same_bytes(briefs: dict[str, Brief]) -> None:
    for name in ("chart_attainment", "chart_growth", "chart_position"):
        first, again = (getattr(briefs[MODEL], name)() for _ in range(2))

        assert first.png == again.png
        assert first == again


@pytest.mark.parametrize("draw", [charts.attainment, charts.growth])
def test_without_rows_there_is_no_chart(
    template: View, draw: Callable[[list[View]], Chart | None]
) -> None:
    no_figures = {"status": "masked", "value": None, "progress": "masked", "attainment": None,
              "yoy": None}  # fmt: skip
    masked = [renamed_view(template, name, **no_figures) for name in ("甲", "乙")]

    drawn = [draw([]), draw(masked)]

    assert drawn == [None, None]


def test_without_ranks_there_is_no_chart_of_positions(template: View) -> None:
    placed = renamed_view(template, "甲", rank=1, ranked=3, peers=3, rank_shown=True, value=3.0)
    hidden = renamed_view(template, "甲", rank=1, ranked=3, peers=3, rank_shown=False, value=3.0)

    assert charts.position([hidden], {"甲": [1.0, 2.0, 3.0]}, "全市") is None
    assert charts.position([placed], {}, "全市") is None
    assert charts.position([placed], {"甲": [3.0, 3.0, 3.0]}, "全市") is None
    assert charts.position([placed], {"甲": [1.0, 2.0, 3.0]}, "全市") is not None


def test_a_single_row_is_a_chart(template: View) -> None:
    rates, growth = charts.attainment([template]), charts.growth([template])

    assert open_chart(rates).size == open_chart(growth).size
    assert rates is not None
    assert rates.alt == "完成率：专利授权量60.0%。达到进度：专利授权量。"
    assert growth is not None
    assert growth.alt == "同比：专利授权量+20.0%。"


def test_at_most_sixteen_rows_are_drawn_taller_and_no_wider(template: View) -> None:
    no_rate = renamed_view(template, "无数", attainment=None)
    rows = [no_rate, *(renamed_view(template, f"{n}号", attainment=n / 16) for n in range(1, 19))]

    sixteen, two = charts.attainment(rows), charts.attainment(rows[:2])

    assert sixteen is not None
    assert two is not None
    assert open_chart(sixteen).width == open_chart(two).width
    assert open_chart(sixteen).height > 3 * open_chart(two).height
    stated = re.findall(r"(\d+)号\d", sixteen.alt)
    assert stated == [str(n) for n in range(1, 17)]


def test_a_huge_outlier_keeps_its_number_and_leaves_room_for_the_others(template: View) -> None:
    rows = [renamed_view(template, name, yoy=yoy) for name, yoy in
            (("甲", 998.9), ("乙", 0.1), ("丙", 0.12))]  # fmt: skip

    chart = charts.growth(rows)

    assert chart is not None
    assert chart.alt == "同比：甲+99890.0%、乙+10.0%、丙+12.0%。增幅最大：甲。"
    lengths = blue_bar_lengths(open_chart(chart))
    assert len(lengths) == 3
    assert min(lengths) > 0.4 * max(lengths)


def blue_bar_lengths(image: Image.Image) -> list[int]:
    """Lengths of the blue bars in pixels, from top to bottom."""
    rgb = image.convert("RGB")
    wanted = tuple(int(BLUE[i : i + 2], 16) for i in (1, 3, 5))
    lengths: list[int] = []
    inside = False
    for y in range(rgb.height):
        row = [rgb.getpixel((x, y)) for x in range(rgb.width)]
        length = sum(
            max(abs(a - b) for a, b in zip(p, wanted, strict=True)) <= 4  # type: ignore[arg-type]
            for p in row
        )
        if length > 10 and not inside:
            lengths.append(length)
        inside = length > 10
    return lengths


def test_a_fall_is_red_and_growth_is_blue(template: View) -> None:
    fell, grew = renamed_view(template, "降", yoy=-0.2), renamed_view(template, "升", yoy=0.2)

    images = [open_chart(charts.growth([view])) for view in (fell, grew)]

    assert [has_colour(image, RED) for image in images] == [True, False]
    assert [has_colour(image, BLUE) for image in images] == [False, True]


def test_a_fall_is_blue_where_lower_is_better(template: View) -> None:
    fell = renamed_view(template, "降", yoy=-0.2)
    better = replace(fell, indicator=fell.indicator | {"direction": "down"})

    image = open_chart(charts.growth([better]))

    assert has_colour(image, BLUE)
    assert not has_colour(image, RED)


@pytest.mark.parametrize("progress", COLOURS)
def test_a_bar_has_the_colour_of_its_status(template: View, progress: str) -> None:
    view = renamed_view(template, "甲", progress=progress, attainment=0.9)

    image = open_chart(charts.attainment([view]))

    assert has_colour(image, COLOURS[progress])


@pytest.mark.parametrize("rate", [0.0, 0.004, 1.0, 1.49, 1.51, 30.0, -0.4])
def test_any_rate_of_completion_is_drawn_and_stated(template: View, rate: float) -> None:
    view = renamed_view(template, "甲", attainment=rate)

    chart = charts.attainment([view])

    open_chart(chart)
    assert chart is not None
    assert f"甲{view.attainment()}" in chart.alt


def test_ratios_in_points_are_left_out_of_the_chart_of_growth(template: View) -> None:
    figures = [observation(RATIO, 3.0), observation(RATIO, 2.0, 2024)]
    ratio = Cases({"ratio": Case(figures, "")}).views["ratio"]

    chart = charts.growth([template, ratio])

    assert chart is not None
    assert chart.alt == "同比：专利授权量+20.0%。"
    assert charts.growth([ratio]) is None


def test_a_chart_shows_itself_with_its_text_and_size(template: View) -> None:
    chart = charts.attainment([template])

    assert chart is not None
    data, metadata = chart._repr_mimebundle_()
    assert data == {"image/png": chart.png, "text/plain": chart.alt}
    assert metadata["image/png"] == {
        "alt": chart.alt, "width": chart.width, "height": chart.height,
    }  # fmt: skip


def test_a_character_missing_from_all_fonts_warns(template: View) -> None:
    view = renamed_view(template, "\U0001f9ea", yoy=0.2)

    chart = charts.growth([view])

    assert chart is not None
    with pytest.warns(UserWarning, match="Glyph .* missing"):
        assert chart.png


def test_the_text_names_the_largest_rise_and_the_largest_fall(template: View) -> None:
    rows = [renamed_view(template, name, yoy=yoy) for name, yoy in
            (("甲", 0.1), ("乙", -0.3), ("丙", 0.2), ("丁", 0.2), ("戊", -0.1))]  # fmt: skip

    mixed, fallen = charts.growth(rows), charts.growth([rows[1], rows[4]])
    level = charts.growth([rows[2], rows[3]])

    assert mixed is not None
    assert fallen is not None
    assert level is not None
    assert mixed.alt.endswith("增幅最大：丙、丁。降幅最大：乙。")
    assert fallen.alt == "同比：乙−30.0%、戊−10.0%。降幅最大：乙。"
    assert level.alt == "同比：丙+20.0%、丁+20.0%。"


def test_the_figure_may_be_changed_until_it_is_shown(template: View) -> None:
    plain, changed = charts.growth([template]), charts.growth([template])

    assert plain is not None
    assert changed is not None
    assert plain == changed
    again = charts.growth([template])
    assert again is not None
    with charts.style():
        again.figure.axes[0].text(0.1, 0.3, "计划", color="#800080")
        again.figure.axes[0].axvline(0.1, color="#800080", linewidth=4)

    assert again != plain
    # A colour outside the palette is kept.
    assert has_colour(open_chart(again), "#800080")


@pytest.mark.parametrize("rows", [1, 16])
def test_nothing_is_drawn_over_the_edge(template: View, rows: int) -> None:
    name = "国家级高新技术产业开发区规模以上工业企业研究开发费用加计扣除额"
    views = [
        renamed_view(template, f"{n}{name}", yoy=(-1) ** n * 9.0, attainment=n * 2.0, rank=n + 1,
             ranked=16, peers=16, rank_shown=True, value=float(n), contribution=(-1) ** n * 90.0)
        for n in range(rows)
    ]  # fmt: skip
    peers = {v.id: [float(n) for n in range(16)] for v in views}

    drawn = [
        charts.attainment(views),
        charts.growth(views),
        charts.position(views, peers, "长三角生态绿色一体化发展示范区"),
        charts.contribution(views, "全市"),
        charts.contribution_of_districts(template, [(v.id, 3.0) for v in views], -1.0, "全市"),
    ]

    for chart in drawn:
        image = open_chart(chart).convert("L")
        edges = [image.crop(box) for box in (
            (0, 0, 3, image.height), (image.width - 3, 0, image.width, image.height),
            (0, 0, image.width, 3), (0, image.height - 3, image.width, image.height),
        )]  # fmt: skip
        assert [edge.getextrema() for edge in edges] == [(255, 255)] * 4
