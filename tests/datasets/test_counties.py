"""The shipped counties: published growth without bases, a missing report, no total in June."""

from __future__ import annotations

import io
import math
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import polars as pl
import pytest
from PIL import Image

from kejistats.api import Desk
from kejistats.brief import Brief, Overview, make_bundles, make_overview
from kejistats.intake import inbox_files, ingest
from kejistats.run import batch, planning
from tests.datasets.factory import copy_dataset, full_text
from tests.factory import read_csv
from tests.pages.factory import parse_fragment

ROWS = {row["county"]: row for row in read_csv("jilin_2013.csv")}
GRANTED, NAME, TOTAL = "patent_granted", "专利授权量", "JL45"
MAY, JUNE = "2013M05", "2013M06"
MONTHS = {MAY: "may", JUNE: "june"}
ABSENT = "长岭县"
# Checkpoints and counties with a printed figure.
PRINTED = [(at, name) for at in MONTHS for name in ROWS if (at, name) != (JUNE, ABSENT)]
# A printed growth of 0.0% is rounded.
NEARLY = "与上年同期基本持平"


def figures(at: str) -> dict[str, int]:
    """Return the cumulative figures of the fixture by county."""
    column = f"through_{MONTHS[at]}"
    return {name: int(row[column]) for name, row in ROWS.items() if row[column]}


def printed_growth(at: str, name: str) -> str:
    """Return the growth of the fixture in percent, as text."""
    return ROWS[name][f"growth_{MONTHS[at]}"]


@pytest.fixture(scope="module")
def counties(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A copy of the data set with its inbox ingested."""
    dataset = Desk(copy_dataset(tmp_path_factory.mktemp("data"), "counties"))
    for outcome in ingest(dataset, inbox_files(dataset)):
        assert outcome.checked is not None
        assert outcome.checked.findings.height == 0, outcome.checked.findings.head()
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
    """The briefs of all counties by checkpoint and name."""
    names = dict(counties.districts.select("code", "name").iter_rows())
    codes = [code for code in names if code != TOTAL]
    return {
        (at, names[code]): Brief(bundle)
        for at in MONTHS
        for code, bundle in make_bundles(counties, counties.checkpoint(at), codes).items()
    }


def overview(counties: Desk, at: str) -> Overview:
    """Return the overview of a checkpoint."""
    return Overview(make_overview(counties, counties.checkpoint(at)))


# Intake


def test_the_fixture_has_forty_five_counties_one_of_them_without_june() -> None:
    assert len(ROWS) == 45
    assert [name for name, row in ROWS.items() if not row["through_june"]] == [ABSENT]
    assert len(PRINTED) == 89


def test_every_printed_figure_and_growth_is_ingested(counties: Desk) -> None:
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


def test_the_files_as_received_contain_the_figures_of_the_month(counties: Desk) -> None:
    for file, month in zip(inbox_files(counties), MONTHS.values(), strict=True):
        received = pl.read_csv(file, infer_schema=False)
        of_month = dict(received.select("县（市、区）", "当月（件）").iter_rows())
        assert of_month == {n: row[f"in_{month}"] for n, row in ROWS.items() if row[f"in_{month}"]}


def test_the_figures_of_june_alone_are_computed_from_the_cumulative_ones(counties: Desk) -> None:
    names = dict(counties.districts.select("code", "name").iter_rows())
    table = counties.metrics(JUNE, period="month").filter(pl.col("increment").is_not_null())

    june_figures = {names[row["district"]]: row["increment"] for row in table.iter_rows(named=True)}

    assert len(june_figures) == 44
    assert june_figures == {n: int(row["in_june"]) for n, row in ROWS.items() if row["in_june"]}


def test_the_figures_of_may_alone_cannot_be_computed_without_april(counties: Desk) -> None:
    table = counties.metrics(MAY, period="month")

    assert table.height == 46
    assert table["increment"].null_count() == 46


def test_printed_growth_agrees_with_a_whole_number_of_the_year_before() -> None:
    """As the data set's README says of its source: the base of June is no smaller than that of May."""
    for name in ROWS:
        before = 0
        for at in MONTHS:
            if (at, name) not in PRINTED:
                continue
            a, printed = figures(at)[name], Decimal(printed_growth(at, name))
            bases = [
                b
                for b in range(max(before, 1), 3 * a + 3)
                if (Decimal(100 * (a - b)) / b).quantize(Decimal("0.1"), ROUND_HALF_UP) == printed
            ]
            assert bases, (name, at)
            before = bases[0]


# Metrics


@pytest.mark.parametrize(("at", "name"), PRINTED)
def test_growth_is_the_printed_one_and_no_base_is_invented(
    rows: dict[tuple[str, str], dict[str, Any]], at: str, name: str
) -> None:
    row = rows[at, name]

    assert row["value"] == figures(at)[name]
    assert row["published_growth"] == pytest.approx(float(printed_growth(at, name)) / 100)
    assert row["yoy_reason"] == "base_missing"
    for column in ("base", "base_source", "change", "yoy", "yoy_points", "yoy_bound"):
        assert row[column] is None, column


@pytest.mark.parametrize("at", list(MONTHS))
def test_ranks_are_among_the_counties_with_a_figure(
    rows: dict[tuple[str, str], dict[str, Any]], at: str
) -> None:
    by_county = figures(at)

    for name, figure in by_county.items():
        row = rows[at, name]
        better = sum(other > figure for other in by_county.values())
        assert (row["rank"], row["ranked"], row["peers"]) == (better + 1, len(by_county), 45), name
        assert row["tied"] == (list(by_county.values()).count(figure) > 1), name
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


def test_may_has_a_total_and_shares_of_it(
    rows: dict[tuple[str, str], dict[str, Any]],
) -> None:
    row = rows[MAY, "吉林省45个县（市、区）"]

    total = sum(figures(MAY).values())

    assert (row["value"], row["rank"]) == (total, None)
    for name, figure in figures(MAY).items():
        assert rows[MAY, name]["share"] == pytest.approx(figure / total, rel=0, abs=1e-12)


def test_june_has_neither_a_total_nor_shares(
    rows: dict[tuple[str, str], dict[str, Any]],
) -> None:
    june = {name: row for (at, name), row in rows.items() if at == JUNE and name in ROWS}
    total = rows.get((JUNE, "吉林省45个县（市、区）"), {"value": None})

    assert len(june) == 45
    assert total["value"] is None
    assert {row["share"] for row in june.values()} == {None}
    reasons = {row["share_reason"] for name, row in june.items() if name != ABSENT}
    assert reasons == {"total_missing"}


# Pages


def test_every_county_has_a_brief_at_both_checkpoints(
    briefs: dict[tuple[str, str], Brief],
) -> None:
    assert set(briefs) == {(at, name) for at in MONTHS for name in ROWS}


@pytest.mark.parametrize(("at", "name"), PRINTED)
def test_a_brief_gives_the_printed_growth_and_notes_that_it_has_no_base(
    briefs: dict[tuple[str, str], Brief], at: str, name: str
) -> None:
    by_county, printed = figures(at), printed_growth(at, name)
    figure = by_county[name]
    verb = "增长" if float(printed) > 0 else "下降"
    growth = NEARLY if float(printed) == 0 else f"同比{verb}{printed.lstrip('-')}%"
    tied = "并列" if list(by_county.values()).count(figure) > 1 else ""
    rank = sum(other > figure for other in by_county.values()) + 1
    coverage = "45个均有数据" if at == MAY else "45个中44个有可比数据"

    text = briefs[at, name].review.text
    notes = briefs[at, name].notes.text

    sentence = f"{NAME}{figure}件，{growth}，居{tied}45个县（市、区）第{rank}位（{coverage}）"
    assert sentence in text
    assert f"以下指标同比为公布增速，无上年同期数可核对：{NAME}。" in notes
    assert ("占45个县（市、区）" in text) == (at == MAY)


def test_no_brief_names_another_county(briefs: dict[tuple[str, str], Brief]) -> None:
    for (_, name), brief in briefs.items():
        text = full_text(brief)
        # The county's own name may contain another one.
        others = [other for other in ROWS if other not in name and other in text]
        assert others == [], name


def test_a_share_of_one_patent_is_not_printed_as_zero(briefs: dict[tuple[str, str], Brief]) -> None:
    brief = briefs[MAY, "长白朝鲜族自治县"]

    assert "专利授权量1件" in brief.review.text
    assert brief.review.text.splitlines()[1].endswith("占45个县（市、区）不足0.1%。")
    assert "0.0%" not in brief.review.text


def test_the_brief_of_the_absent_county_evaluates_nothing(
    briefs: dict[tuple[str, str], Brief],
) -> None:
    brief = briefs[JUNE, ABSENT]

    assert brief.conclusion == "上半年，主要指标均未报送或未公布，不作评价。"
    assert f"{NAME}未报送。" in brief.review.text
    assert brief.problems.text.endswith("主要指标均未报送或未公布，无从评价。")
    assert f"截至本期未报送，不参与排名：{NAME}。" in brief.notes.text
    assert "以下指标同比为公布增速" not in brief.notes.text
    assert (brief.chart_growth(), brief.chart_position()) == (None, None)
    assert "第37位" not in full_text(brief)


def test_the_overview_of_may_has_totals_and_counts(counties: Desk) -> None:
    page = overview(counties, MAY)
    growth = [float(printed_growth(MAY, name)) for name in ROWS]
    up, down = sum(g > 0 for g in growth), sum(g < 0 for g in growth)

    assert page.conclusion == (
        f"1—5月，45个地区可比的45项次主要指标中，{up}项向好，{down}项趋弱，{45 - up - down}项持平。"
    )
    total = sum(figures(MAY).values())
    assert page.totals().text == f"{NAME}{total}件，缺上年同期数，不计增速。"
    assert page.coverage.text.endswith("各地区应报指标均已报送。")


def test_the_overview_of_june_says_why_there_is_no_total(counties: Desk) -> None:
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
    # 324 / (1 − 20.6 %) would be a base that was never published.
    assert str(math.floor(324 / 0.794)) not in explained


@pytest.mark.long
@pytest.mark.parametrize("at", list(MONTHS))
def test_all_pages_are_made(counties: Desk, at: str, tmp_path: Any) -> None:
    _, jobs, failed = planning.plan(counties, counties.checkpoint(at), (), tmp_path)

    results = batch.run(jobs)

    assert failed == []
    assert [(r.name, r.error) for r in results if r.error] == []
    assert len(results) == 46
