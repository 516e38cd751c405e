"""Chains on the pages: their sentences, charts and tables, and where each number comes from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl
import pytest

from kejistats.api import Desk
from kejistats.brief import Brief, Bundle, Overview, charts, make_overview
from kejistats.brief.chain_views import ChainView, Stage, chain_remarks, chain_views
from kejistats.brief.charts.canvas import BLUE, PALETTE_SIZE, Chart
from kejistats.brief.charts.chain_bars import MAX_ROWS
from kejistats.metrics import conversions
from kejistats.model.chains import read_chains
from kejistats.model.numbers import format_percent
from tests.brief.factory import bundle_of, open_chart
from tests.factory import CITY, DISTRICT, metrics, observation, registry
from tests.pages.factory import LATE, MASKED, MODEL, Made, parse_fragment, words_of

CHAINS = read_chains(registry())
MASK: dict[str, Any] = {"status": "masked", "reported": "xx"}
HNTE = ("hnte_cultivated", "hnte_applied", "hnte_certified")


def brief_with_chains(
    rows: Iterable[Mapping[str, Any]],
    chains: pl.DataFrame = CHAINS,
    known: pl.DataFrame | None = None,
) -> Brief:
    """Return the brief of one district's figures, with chains."""
    table = metrics(rows, known=known).filter(pl.col("district") == DISTRICT)
    content = {
        "chains": chains.to_dicts(),
        "conversions": conversions(table.lazy(), chains).collect().to_dicts(),
    }
    return Brief(Bundle(bundle_of(table, known=known).content | content))


def chain_views_of(
    rows: Iterable[Mapping[str, Any]], chains: pl.DataFrame = CHAINS
) -> list[ChainView]:
    """Return the chains of one district's figures."""
    brief = brief_with_chains(rows, chains)
    return chain_views(brief.bundle, brief.rows, DISTRICT)


def hnte_stages(*values: float | None, **more: Any) -> list[dict[str, Any]]:
    """Return figures of the three stages, None as masked; `more` are columns of the last."""
    rows = [
        observation(i, v, **({} if v is not None else MASK))
        for i, v in zip(HNTE, values, strict=False)
    ]
    return [*rows[:-1], rows[-1] | more]


def cohort_chain(**more: Any) -> pl.DataFrame:
    """Return the chain of certified firms as a cohort: each stage a part of the one before."""
    chain = CHAINS.filter(pl.col("id") == "hnte").to_dicts()[0]
    changed = chain | {"must_not_exceed": list(HNTE[1:]), **more}
    return pl.DataFrame([changed], schema=CHAINS.schema)


def blue_bar_lengths(chart: Chart | None) -> list[int]:
    """Return the lengths of the blue bars in pixels, from top to bottom."""
    image = open_chart(chart).convert("RGB")
    pixels, stride = image.tobytes(), 3 * image.width
    wanted = bytes(int(BLUE[i : i + 2], 16) for i in (1, 3, 5))
    rows = [pixels[y * stride : (y + 1) * stride] for y in range(image.height)]
    lengths = [sum(row[x : x + 3] == wanted for x in range(0, stride, 3)) for row in rows]
    bars: list[int] = []
    for before, length in zip([0, *lengths], lengths, strict=False):
        if length and not before:
            bars.append(length)
        elif length:
            bars[-1] = max(bars[-1], length)
    return bars


SENTENCES = [
    ("all three", hnte_stages(54, 84, 17),
     "高新技术企业：培育入库54家；申报84家，与培育入库同期比155.6%；认定17家，与申报同期比20.2%。"),
    ("the middle is masked", hnte_stages(54, None, 17),
     "高新技术企业：培育入库54家；申报未公布；认定17家，申报数未公布，不计同期比。"),
    ("the last is masked", hnte_stages(54, 84, None),
     "高新技术企业：培育入库54家；申报84家，与培育入库同期比155.6%；认定未公布。"),
    ("none went before", hnte_stages(0, 84, 17),
     "高新技术企业：培育入库0家；申报84家，培育入库数为零，不计同期比；认定17家，与申报同期比20.2%。"),
    ("at least", hnte_stages(54, 84, 17, bound="at_least"),
     "高新技术企业：培育入库54家；申报84家，与培育入库同期比155.6%；"
     "认定17家以上，与申报同期比不低于20.2%。"),
    ("about", hnte_stages(54, 84, 17, bound="about"),
     "高新技术企业：培育入库54家；申报84家，与培育入库同期比155.6%；"
     "认定约17家，与申报同期比约20.2%。"),
    ("another grade", hnte_stages(54, 84, 17, grade="final"),
     "高新技术企业：培育入库54家；申报84家，与培育入库同期比155.6%；"
     "认定17家，与申报数的数据级别不同，不计同期比。"),
    ("an interval", hnte_stages(54, 84, 17, value_upper=20.0),
     "高新技术企业：培育入库54家；申报84家，与培育入库同期比155.6%；"
     "认定17—20家，为概数，不计同期比。"),
    ("next to none", hnte_stages(54, 84000, 17),
     "高新技术企业：培育入库54家；申报84000家，与培育入库同期比155555.6%；"
     "认定17家，与申报同期比不足0.1%。"),
    ("at least next to none says nothing", hnte_stages(54, 84000, 17, bound="at_least"),
     "高新技术企业：培育入库54家；申报84000家，与培育入库同期比155555.6%；认定17家以上。"),
    ("all but one", hnte_stages(5000, 4999, 17),
     "高新技术企业：培育入库5000家；申报4999家，与培育入库同期比99.9%；认定17家，与申报同期比0.3%。"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "text"), [s[1:] for s in SENTENCES], ids=[s[0] for s in SENTENCES]
)
def test_a_chain_says_its_figures_and_no_more(rows: list[dict[str, Any]], text: str) -> None:
    [chain] = [c for c in chain_views_of(rows) if c.id == "hnte"]

    assert chain.shown
    assert chain.sentence() == text


def test_a_cohort_has_a_rate_of_conversion_and_the_page_says_what_it_is() -> None:
    [chain] = chain_views_of(hnte_stages(54, 27, 9), cohort_chain())

    assert chain.sentence() == (
        "高新技术企业：培育入库54家；申报27家，自培育入库的转化率50.0%；认定9家，自申报的转化率33.3%。"
    )
    assert chain_remarks([chain]) == ["转化率为本阶段数占同期前一阶段数的比重。"]


def test_a_comparison_of_the_same_months_is_never_called_a_rate_of_conversion() -> None:
    brief = brief_with_chains(hnte_stages(54, 84, 17))

    body, remark = brief.chains.text.rsplit("\n", 1)

    assert "转化率" not in body
    assert remark.startswith("同期比为本阶段与前一阶段本期数之比。")
    assert remark.endswith("不是同一批对象的转化率。")


def test_the_stage_after_money_names_the_stage_it_is_compared_with() -> None:
    ids = ("proj_applied", "proj_approved", "proj_funds_won", "proj_accepted")
    rows = [observation(i, v) for i, v in zip(ids, (79, 29, 1527, 19), strict=True)]

    [chain] = chain_views_of(rows, CHAINS.filter(pl.col("id") == "project"))

    assert chain.sentence() == (
        "科技计划项目：申报79项；立项29项，与申报同期比36.7%；资金到位1527万元；"
        "验收19项，与立项同期比65.5%。"
    )


@pytest.mark.parametrize(
    "rows",
    [
        [],
        hnte_stages(54, None, None),
        [observation("proj_applied", 5), observation("proj_funds_won", 9)],
    ],
    ids=["no figures", "one stage", "one stage and money"],
)
def test_fewer_than_two_stages_are_not_shown(rows: list[dict[str, Any]]) -> None:
    brief = brief_with_chains([*rows, observation("contracts_value", 5.0)])

    assert (brief.chains.html, brief.chains.text) == ("", "")
    assert brief.chart_chains() is None


def test_a_bundle_made_without_chains_still_shows_itself(demo: Desk) -> None:
    content = dict(demo.brief(MODEL, "2025H1").bundle.content)
    del content["chains"], content["conversions"]

    brief = Brief(Bundle(content))

    assert brief.chains.html == ""
    assert brief.chart_chains() is None


_NUMBER = re.compile(r"\d+(?:\.\d+)?%?")


def allowed_numbers(stage: Stage) -> set[str]:
    """Return the numbers that one stage may print."""
    numbers = set(_NUMBER.findall(stage.view.figure()))
    row = stage.row
    if row["conversion"] is not None:
        numbers.add(format_percent(row["conversion"], below=1))
    return numbers


def test_every_number_of_every_chain_is_a_figure_of_its_stage(
    all_briefs: dict[tuple[str, str], Brief],
) -> None:
    checked, unexplained = 0, []
    for key, brief in all_briefs.items():
        views = [
            c for c in chain_views(brief.bundle, brief.rows, brief.district["code"]) if c.shown
        ]
        texts = brief.chains.text.splitlines()[1 : 1 + len(views)]
        by_id = {v.id: v["value"] for v in brief.rows}
        for chain, text in zip(views, texts, strict=True):
            _, _, clauses = text.partition("：")
            for stage, clause in zip(chain.stages, clauses.split("；"), strict=True):
                numbers = _NUMBER.findall(clause)
                checked += len(numbers)
                unexplained += [
                    (key, clause, n) for n in numbers if n not in allowed_numbers(stage)
                ]
                # The conversion follows from two rows of the key table.
                row = stage.row
                if row["conversion"] is not None:
                    ratio = by_id[row["stage"]] / by_id[row["before"]]
                    assert row["conversion"] == pytest.approx(ratio)
        chart = brief.chart_chains() if key[1] == "2025H1" else None
        assert chart is None or chart.alt in "".join(texts)

    assert unexplained == []
    assert checked > 500


def test_a_chart_opens_has_a_palette_and_is_small(demo: Desk) -> None:
    chart = demo.brief(MODEL, "2025H1").chart_chains()

    assert chart is not None
    image = open_chart(chart)
    assert image.mode == "P"
    assert len(image.getcolors(256) or []) <= PALETTE_SIZE
    assert len(chart.png) < 20_000
    assert abs(image.width - 2 * chart.width) <= 2
    assert chart == demo.brief(MODEL, "2025H1").chart_chains()


def test_the_alt_text_is_what_the_chart_finds() -> None:
    chart = brief_with_chains(hnte_stages(54, 84, 17)).chart_chains()

    assert chart is not None
    assert chart.alt == SENTENCES[0][2]


@pytest.mark.parametrize(
    ("rows", "shares"),
    [
        (hnte_stages(54, 84, 17), [54 / 84, 1, 17 / 84]),
        (hnte_stages(40, None, 20), [1, 0.5]),
        (hnte_stages(0, 0, 20), [1]),
        (hnte_stages(0, 0, 0), []),
        ([observation(i, v) for i, v in (("proj_applied", 10), ("proj_approved", 5),
         ("proj_funds_won", 1e6), ("proj_accepted", 2))], [1, 0.5, 0.2]),
    ],
    ids=["all", "masked", "zeros", "nothing but zeros", "money has no bar"],
)  # fmt: skip
def test_a_bar_is_as_long_as_its_share_of_the_largest_stage(
    rows: list[dict[str, Any]], shares: list[float]
) -> None:
    chart = brief_with_chains(rows).chart_chains()

    assert chart is not None
    bars = blue_bar_lengths(chart)
    assert [bar / max(bars) for bar in bars] == pytest.approx(shares, abs=0.02)


def test_long_figures_shorten_the_bars_and_never_run_into_the_conversions() -> None:
    short = brief_with_chains(hnte_stages(54, 84, 17)).chart_chains()
    long = brief_with_chains(
        [*hnte_stages(1234567, 1234567), observation(HNTE[2], 1234567, bound="at_least")]
    ).chart_chains()

    assert short is not None
    assert long is not None
    assert open_chart(long).size == open_chart(short).size
    assert max(blue_bar_lengths(long)) < max(blue_bar_lengths(short))
    # The last row of the chart with a bar: white stands between its figure and its conversion.
    image = open_chart(long).convert("L")
    pixels = image.tobytes()
    middle = round(image.height * (1 - 0.36 / (0.72 + 0.34 * 4)) - 0.34 * 0.5 * 200)
    band = [min(pixels[y * image.width + x] for y in range(middle - 20, middle + 20))
            for x in range(image.width)]  # fmt: skip
    last = max(x for x, ink in enumerate(band) if ink < 200)
    widths, run = [], 0
    for x in range(last):
        run = run + 1 if band[x] > 230 else 0
        widths.append(run)
    assert max(widths[image.width // 2 :]) > 12


def test_chains_beyond_the_rows_of_a_chart_are_left_to_the_text() -> None:
    pairs = [("patent_applied", "patent_granted"), ("invention_applied", "invention_granted")]
    rows = [observation(i, 5.0) for pair in pairs for i in pair]
    patents = CHAINS.filter(pl.col("id") == "patent").to_dicts()[0]
    many = pl.DataFrame(
        [
            patents | {"id": f"c{n}", "name": f"第{n}链", "stages": list(pairs[n % 2])}
            for n in range(8)
        ],
        schema=CHAINS.schema,
    )

    brief = brief_with_chains(rows, many)
    chart = brief.chart_chains()

    assert chart is not None
    assert chart.alt.count("链：") == MAX_ROWS // 3
    assert brief.chains.text.count("链：") == 8


def test_two_kinds_in_one_chain_are_named_at_each_stage() -> None:
    views = chain_views_of(hnte_stages(54, 27, 9), cohort_chain(must_not_exceed=[HNTE[1]]))

    assert [s.rate(short=True) for s in views[0].stages] == ["", "转化率50.0%", "同期比33.3%"]
    assert charts.chain_stages(views) is not None


# ---- overview ----


@pytest.fixture(scope="module")
def overview(demo: Desk) -> Overview:
    """The demo city's overview."""
    return Overview(make_overview(demo, demo.checkpoint("2025H1")))


def test_the_overview_shows_the_citys_own_chains(overview: Overview, demo: Desk) -> None:
    brief = demo.brief(CITY, "2025H1")

    assert overview.chains.text == brief.chains.text
    assert overview.chart_chains() == brief.chart_chains()
    assert "高新技术企业：培育入库" in overview.chains.text
    # One district masked its projects: the city has no sum of them.
    assert "科技计划项目" not in overview.chains.text


def test_the_matrix_has_every_district_with_its_conversion_and_its_figure(
    overview: Overview, demo: Desk
) -> None:
    table = parse_fragment(overview.stages().html).find(".//table")
    conversions_table = demo.chains("2025H1").filter(pl.col("before").is_not_null())

    assert table is not None
    heads = [words_of(th) for th in table.findall("thead//th")]
    assert heads == ["地区", "高新技术企业申报", "高新技术企业认定", "科技计划项目立项",
                     "科技计划项目验收", "专利授权", "发明专利授权"]  # fmt: skip
    for tr, unit in zip(table.findall("tbody/tr"), overview.units, strict=True):
        cells = [td.text for td in tr.findall("td")]
        rows = conversions_table.filter(pl.col("district") == unit["code"]).to_dicts()
        expected = [
            "—" if r["conversion"] is None else format_percent(r["conversion"], below=1)
            for r in rows
        ]
        assert words_of(tr.find("th")) == unit["name"]  # type: ignore[arg-type]
        assert cells == expected
    masked = next(tr for tr, u in zip(table.findall("tbody/tr"), overview.units, strict=True)
                  if u["code"] == MASKED)  # fmt: skip
    assert [words_of(td) for td in masked.findall("td")][2:4] == ["—未公布", "—未公布"]


def test_the_matrix_says_what_its_numbers_are_where_no_total_says_it(overview: Overview) -> None:
    content = dict(overview.bundle.content)
    content["conversions"] = [r for r in content["conversions"] if r["district"] != CITY]

    without_total = Overview(Bundle(content))

    assert without_total.chains.html == ""
    assert without_total.chart_chains() is None
    assert "不是同一批对象的转化率" in words_of(parse_fragment(without_total.stages().html))
    assert "不是同一批对象的转化率" not in words_of(parse_fragment(overview.stages().html))


def test_an_overview_without_chains_has_no_section(overview: Overview) -> None:
    content = dict(overview.bundle.content) | {"chains": [], "conversions": []}

    without_chains = Overview(Bundle(content))
    parts = without_chains.chains.html, without_chains.stages().html

    assert (*parts, without_chains.chart_chains()) == ("", "", None)


@pytest.mark.parametrize("name", [MODEL, MASKED, LATE, "overview"])
def test_pages_show_the_chains_and_their_chart_with_its_text(made: Made, name: str) -> None:
    page = made.pages[f"demo-city/{name}"].read_text("utf-8")

    assert "<h2>阶段转化</h2>" in page
    assert page.count('alt="高新技术企业：培育入库') == 1
