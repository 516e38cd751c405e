"""The shipped counties: published growth without a base, an absent report, no total in June."""

from __future__ import annotations

import io
import math
import shutil
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import polars as pl
import pytest
from PIL import Image

from kejistats.api import Desk
from kejistats.brief import Brief, Overview, make_bundles, make_overview
from kejistats.intake import inbox_files, ingest
from kejistats.run import batch, planning
from tests.factory import ROOT, read_csv
from tests.pages.factory import parse_fragment, words_of

ROWS = {row["county"]: row for row in read_csv("jilin_2013.csv")}
GRANTED, NAME, TOTAL = "patent_granted", "专利授权量", "JL45"
MAY, JUNE = "2013M05", "2013M06"
MONTHS = {MAY: "may", JUNE: "june"}
ABSENT = "长岭县"
# A county and a checkpoint where the table prints a figure.
PRINTED = [(at, name) for at in MONTHS for name in ROWS if (at, name) != (JUNE, ABSENT)]
# A printed growth of 0.0% is one rounded to zero.
NEARLY = "与上年同期基本持平"


def figures(at: str) -> dict[str, int]:
    """The cumulative figures that the fixture holds, by county."""
    column = f"through_{MONTHS[at]}"
    return {name: int(row[column]) for name, row in ROWS.items() if row[column]}


def printed_growth(at: str, name: str) -> str:
    """The growth that the fixture holds, in percent, as text."""
    return ROWS[name][f"growth_{MONTHS[at]}"]


@pytest.fixture(scope="module")
def counties(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A copy of the data set, taken in as received."""
    folder = tmp_path_factory.mktemp("data") / "counties"
    shutil.copytree(ROOT / "data" / "counties", folder, ignore=shutil.ignore_patterns("store"))
    dataset = Desk(folder)
    for one in ingest(dataset, inbox_files(dataset)):
        assert one.checked is not None
        assert one.checked.findings.height == 0, one.checked.findings.head()
    return dataset


@pytest.fixture(scope="module")
def rows(counties: Desk) -> dict[tuple[str, str], dict[str, Any]]:
    """The Metric rows by checkpoint and name."""
    names = dict(counties.districts.select("code", "name").iter_rows())
    return {
        (at, names[row["district"]]): row
        for at in MONTHS
        for row in counties.metrics(at).iter_rows(named=True)
    }


@pytest.fixture(scope="module")
def briefs(counties: Desk) -> dict[tuple[str, str], Brief]:
    """Every county's brief by checkpoint and name."""
    names = dict(counties.districts.select("code", "name").iter_rows())
    codes = [code for code in names if code != TOTAL]
    return {
        (at, names[code]): Brief(bundle)
        for at in MONTHS
        for code, bundle in make_bundles(counties, counties.checkpoint(at), codes).items()
    }


def overview(counties: Desk, at: str) -> Overview:
    return Overview(make_overview(counties, counties.checkpoint(at)))


def text_of(brief: Brief) -> str:
    """All that a brief says."""
    page = brief._repr_mimebundle_()[0]
    return f"{page['text/plain']}\n{words_of(parse_fragment(page['text/html']))}"


# What comes in


def test_the_fixture_holds_forty_five_counties_one_of_them_without_june() -> None:
    assert len(ROWS) == 45
    assert [name for name, row in ROWS.items() if not row["through_june"]] == [ABSENT]
    assert len(PRINTED) == 89


def test_every_printed_figure_and_growth_comes_in(counties: Desk) -> None:
    names = dict(counties.districts.select("code", "name").iter_rows())
    stored = {
        (f"2013M{row['month']:02d}", names[row["district"]]): (
            row["value"],
            row["published_growth"],
            row["growth_basis"],
        )
        for row in counties.observations.iter_rows(named=True)
    }

    expected = {
        (at, name): (figures(at)[name], float(printed_growth(at, name)), None)
        for at, name in PRINTED
    }
    assert stored == expected


def test_the_months_figures_stand_in_the_files_as_received(counties: Desk) -> None:
    for file, month in zip(inbox_files(counties), MONTHS.values(), strict=True):
        received = pl.read_csv(file, infer_schema=False)
        held = dict(received.select("县（市、区）", "当月（件）").iter_rows())
        assert held == {n: row[f"in_{month}"] for n, row in ROWS.items() if row[f"in_{month}"]}


def test_the_month_of_june_follows_from_the_cumulative_figures(counties: Desk) -> None:
    names = dict(counties.districts.select("code", "name").iter_rows())
    table = counties.metrics(JUNE, period="month").filter(pl.col("increment").is_not_null())

    months = {names[row["district"]]: row["increment"] for row in table.iter_rows(named=True)}

    assert len(months) == 44
    assert months == {n: int(row["in_june"]) for n, row in ROWS.items() if row["in_june"]}


def test_the_month_of_may_would_need_april(counties: Desk) -> None:
    table = counties.metrics(MAY, period="month")

    assert table.height == 46
    assert table["increment"].null_count() == 46


def test_printed_growth_agrees_with_a_whole_number_of_the_year_before() -> None:
    """As the data set's README says of its source: no smaller in June than in May."""
    for name in ROWS:
        before = 0
        for at in MONTHS:
            if (at, name) not in PRINTED:
                continue
            a, printed = figures(at)[name], Decimal(printed_growth(at, name))
            fits = [
                b
                for b in range(max(before, 1), 3 * a + 3)
                if (Decimal(100 * (a - b)) / b).quantize(Decimal("0.1"), ROUND_HALF_UP) == printed
            ]
            assert fits, (name, at)
            before = fits[0]


# What is computed


@pytest.mark.parametrize(("at", "name"), PRINTED)
def test_growth_is_the_printed_one_and_no_base_is_made_up(
    rows: dict[tuple[str, str], dict[str, Any]], at: str, name: str
) -> None:
    row = rows[at, name]

    assert row["value"] == figures(at)[name]
    assert row["published_growth"] == pytest.approx(float(printed_growth(at, name)) / 100)
    assert row["yoy_reason"] == "base_missing"
    for column in ("base", "base_source", "change", "yoy", "yoy_points", "yoy_bound"):
        assert row[column] is None, column


@pytest.mark.parametrize("at", list(MONTHS))
def test_ranks_are_places_among_those_with_a_figure(
    rows: dict[tuple[str, str], dict[str, Any]], at: str
) -> None:
    known = figures(at)

    for name, own in known.items():
        row = rows[at, name]
        better = sum(other > own for other in known.values())
        assert (row["rank"], row["ranked"], row["peers"]) == (better + 1, len(known), 45), name
        assert row["tied"] == (list(known.values()).count(own) > 1), name
        assert row["rank_shown"] is True


def test_the_county_without_a_report_is_missing_and_not_ranked(
    rows: dict[tuple[str, str], dict[str, Any]],
) -> None:
    may, june = rows[MAY, ABSENT], rows[JUNE, ABSENT]

    assert (may["status"], may["value"], may["rank"]) == ("reported", 7, 37)
    assert (june["status"], june["progress"]) == ("missing", "missing")
    for column in ("value", "rank", "published_growth", "yoy", "share", "increment"):
        assert june[column] is None, column
    assert june["share_reason"] == "figure_missing"


def test_may_has_a_sum_of_all_and_shares_of_it(
    rows: dict[tuple[str, str], dict[str, Any]],
) -> None:
    total = rows[MAY, "吉林省45个县（市、区）"]

    whole = sum(figures(MAY).values())

    assert (total["value"], total["rank"]) == (whole, None)
    for name, own in figures(MAY).items():
        assert rows[MAY, name]["share"] == pytest.approx(own / whole, rel=0, abs=1e-12)


def test_june_has_neither_a_sum_nor_shares(
    rows: dict[tuple[str, str], dict[str, Any]],
) -> None:
    june = {name: row for (at, name), row in rows.items() if at == JUNE and name in ROWS}
    total = rows.get((JUNE, "吉林省45个县（市、区）"), {"value": None})

    assert len(june) == 45
    assert total["value"] is None
    assert {row["share"] for row in june.values()} == {None}
    reasons = {row["share_reason"] for name, row in june.items() if name != ABSENT}
    assert reasons == {"total_missing"}


# What is said


def test_every_county_has_a_brief_at_both_checkpoints(
    briefs: dict[tuple[str, str], Brief],
) -> None:
    assert set(briefs) == {(at, name) for at in MONTHS for name in ROWS}


@pytest.mark.parametrize(("at", "name"), PRINTED)
def test_a_brief_says_the_printed_growth_and_that_nothing_checks_it(
    briefs: dict[tuple[str, str], Brief], at: str, name: str
) -> None:
    known, printed = figures(at), printed_growth(at, name)
    own = known[name]
    way = "增长" if float(printed) > 0 else "下降"
    grown = NEARLY if float(printed) == 0 else f"同比{way}{printed.lstrip('-')}%"
    tied = "并列" if list(known.values()).count(own) > 1 else ""
    place = sum(other > own for other in known.values()) + 1
    covered = "45个均有数据" if at == MAY else "45个中44个有可比数据"

    text = briefs[at, name].review.text
    notes = briefs[at, name].notes.text

    said = f"{NAME}{own}件，{grown}，居{tied}45个县（市、区）第{place}位（{covered}）"
    assert said in text
    assert f"以下指标同比为公布增速，无上年同期数可核对：{NAME}。" in notes
    assert ("占45个县（市、区）" in text) == (at == MAY)


def test_no_brief_names_another_county(briefs: dict[tuple[str, str], Brief]) -> None:
    for (_, name), brief in briefs.items():
        text = text_of(brief)
        # 通化县 is not 化县; a name within the own is the own.
        others = [other for other in ROWS if other not in name and other in text]
        assert others == [], name


def test_a_share_of_one_patent_is_not_nothing(briefs: dict[tuple[str, str], Brief]) -> None:
    brief = briefs[MAY, "长白朝鲜族自治县"]

    assert "专利授权量1件" in brief.review.text
    assert brief.review.text.splitlines()[1].endswith("占45个县（市、区）不足0.1%。")
    assert "0.0%" not in brief.review.text


def test_the_brief_of_the_absent_county_judges_nothing(
    briefs: dict[tuple[str, str], Brief],
) -> None:
    brief = briefs[JUNE, ABSENT]

    assert brief.conclusion == "上半年，主要指标均未报送或未公布，不作评价。"
    assert f"{NAME}未报送。" in brief.review.text
    assert brief.problems.text.endswith("主要指标均未报送或未公布，无从评价。")
    assert f"截至本期未报送，不参与排名：{NAME}。" in brief.notes.text
    assert "以下指标同比为公布增速" not in brief.notes.text
    assert (brief.chart_growth(), brief.chart_position()) == (None, None)
    assert "第37位" not in text_of(brief)


def test_the_overview_of_may_sums_and_counts(counties: Desk) -> None:
    page = overview(counties, MAY)
    growth = [float(printed_growth(MAY, name)) for name in ROWS]
    up, down = sum(g > 0 for g in growth), sum(g < 0 for g in growth)

    assert page.conclusion == (
        f"1—5月，45个地区可比的45项次主要指标中，{up}项向好，{down}项趋弱，{45 - up - down}项持平。"
    )
    whole = sum(figures(MAY).values())
    assert page.totals().text == f"{NAME}{whole}件，缺上年同期数，不计增速。"
    assert page.coverage.text.endswith("各地区应报指标均已报送。")


def test_the_overview_of_june_says_why_there_is_no_sum(counties: Desk) -> None:
    page = overview(counties, JUNE)
    growth = [float(printed_growth(JUNE, name)) for name in ROWS if name != ABSENT]
    up, down = sum(g > 0 for g in growth), sum(g < 0 for g in growth)

    assert page.conclusion == (
        f"上半年，44个地区可比的44项次主要指标中，{up}项向好，{down}项趋弱，{44 - up - down}项持平。"
    )
    assert page.totals().text == (f"部分地区未报送、未公布或数据不可比，以下指标未能合计：{NAME}。")
    assert page.coverage.text == f"{ABSENT}已报0/1项（0%），未报送：{NAME}。"
    assert "全省当时共60个" in page.notes.text
    for part in (page.totals(), page.figures(), page.coverage, page.notes):
        parse_fragment(part.html)


def test_the_label_of_a_chart_stays_inside_it(briefs: dict[tuple[str, str], Brief]) -> None:
    chart = briefs[JUNE, "绿园区"].chart_position()

    assert chart is not None
    image = Image.open(io.BytesIO(chart.png)).convert("L")
    edges = [image.crop((x, 0, x + 4, image.height)) for x in (0, image.width - 4)]
    assert [edge.getextrema() for edge in edges] == [(255, 255)] * 2


def test_the_growth_of_a_county_is_explained_as_printed(counties: Desk) -> None:
    explained = str(counties.explain("绿园区", GRANTED, JUNE))

    assert "−20.6%" in explained
    assert "未注明口径" in explained
    # 324 / (1 − 20.6 %) would be the base that nobody published.
    assert str(math.floor(324 / 0.794)) not in explained


@pytest.mark.long
@pytest.mark.parametrize("at", list(MONTHS))
def test_all_pages_are_made(counties: Desk, at: str, tmp_path: Any) -> None:
    _, jobs, failed = planning.plan(counties, counties.checkpoint(at), (), tmp_path)

    results = batch.run(jobs)

    assert failed == []
    assert [(r.name, r.error) for r in results if r.error] == []
    assert len(results) == 46
