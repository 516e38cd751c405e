"""The shipped reports: figures with their qualifiers, masked figures, named and implied targets."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from kejistats.brief import Brief, Overview, make_bundles, make_overview
from kejistats.dataset import Dataset
from kejistats.intake import inbox_files, ingest
from kejistats.reading.read_file import read_sheets
from kejistats.run import batch, planning
from tests.brief.read_back import sentences
from tests.datasets.factory import copy_dataset, full_text
from tests.factory import ROOT
from tests.pages.factory import parse_fragment, words_of

SHIPPED = ROOT / "data" / "reports"
FACTS = pl.read_csv(SHIPPED / "facts.csv", infer_schema=False).fill_null("")
TARGET_KINDS = ["target", "plan", "completion_rate"]
# Letters of the places with a report, by checkpoint.
REPORTING = {
    "2020H1": set("IKELMNADRJGQ"),
    "2020H2": set("FP"),
    "2022H1": set("H"),
}
# Columns computed from a figure, a base, a target or peers: all null for a masked figure.
COMPUTED = [
    "value", "value_upper", "attainment", "pace_gap", "pace_gap_points", "pace_ratio", "gap",
    "surplus", "required_per_month", "required_multiple", "required_growth", "outlook_low",
    "outlook_high", "change", "yoy", "yoy_points", "published_growth", "since_year_end",
    "increment", "two_year_average", "contribution", "rank", "share", "to_leader", "to_median",
]  # fmt: skip


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """A copy of the data set with its inbox ingested; the only findings are the three of 20xx."""
    dataset = Dataset(copy_dataset(tmp_path_factory.mktemp("data"), "reports"))
    findings = []
    for outcome in ingest(dataset, inbox_files(dataset)):
        assert outcome.checked is not None
        findings += outcome.checked.findings.select("rule", "severity", "file", "cell").rows()
    assert findings == [
        ("over_masked", "warning", "2020H1-某县J.xlsx", "D16"),
        ("over_masked", "warning", "2020H1-某县J.xlsx", "D22"),
        ("over_masked", "warning", "2020H1-某县M.xlsx", "D7"),
    ]
    return dataset


@pytest.fixture(scope="module")
def briefs(reports: Dataset) -> dict[tuple[str, str], Brief]:
    """All briefs by checkpoint and letter of the place."""
    names = dict(reports.districts.select("code", "name").iter_rows())
    return {
        (at, names[code][-1]): Brief(bundle)
        for at in REPORTING
        for code, bundle in make_bundles(reports, reports.checkpoint(at), names).items()
    }


def figures_text(brief: Brief) -> str:
    """Return the text of a brief about figures: its parts without notes and sources."""
    parts = (brief.head, brief.table(), brief.review, brief.problems, brief.plan, brief.chains)
    return "\n".join(f"{part.text}\n{words_of(parse_fragment(part.html))}" for part in parts)


# Intake


def test_the_script_writes_the_shipped_files(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, str(SHIPPED / "generate.py"), "--out", str(tmp_path)], check=True
    )

    files = sorted(p.name for p in (SHIPPED / "inbox").iterdir())

    assert len(files) == 22
    assert sorted(p.name for p in (tmp_path / "inbox").iterdir()) == files
    for file in files:
        made, shipped = (read_sheets(f / "inbox" / file) for f in (tmp_path, SHIPPED))
        assert [s.rows.rows() for s in made] == [s.rows.rows() for s in shipped], file


def test_every_fact_is_used_or_left_out_for_a_reason_in_the_readme() -> None:
    readme = (SHIPPED / "README.md").read_text(encoding="utf-8")

    for fact in FACTS.iter_rows(named=True):
        assert bool(fact["indicator"]) != bool(fact["left_out"]), fact
    counts = [int(n) for n in re.findall(r"^### .*\((\d+)\)$", readme, re.MULTILINE)]
    left_out = FACTS.filter(pl.col("left_out") != "")
    assert sorted(counts) == sorted(left_out["left_out"].value_counts()["count"])
    for name in left_out["name"].unique():
        assert name in readme, name


def test_all_used_facts_are_ingested(reports: Dataset) -> None:
    used = FACTS.filter(pl.col("indicator") != "", pl.col("qualifier") != "区间上限")
    is_target = used["kind"].is_in(TARGET_KINDS)

    assert reports.observations.height == used.filter(~is_target).height == 247
    assert reports.targets.height == used.filter(is_target).height == 13


def test_neither_the_college_nor_a_duplicate_report_is_among_the_facts() -> None:
    assert not FACTS["place"].str.contains("学院").any()
    assert set(FACTS["place"].str.tail(1)) == set().union(*REPORTING.values())


@pytest.mark.parametrize(
    ("place", "indicator", "reported", "value", "bound"),
    [
        ("某区K", "materials_written", "约11万字", 11, "about"),
        ("某区K", "loan_total", "超过5亿元", 5, "more_than"),
        ("某区K", "guarantee_losses", "0笔", 0, "exact"),
        ("某区K", "carrier_area", "11423平方米", 1.1423, "exact"),
        ("某区K", "quake_signatures", "500多名", 500, "at_least"),
        ("某区D", "hnte_applied", "至少3家", 3, "at_least"),
        ("某区L", "poverty_funds", "近50万元", 50, "less_than"),
        ("某区L", "poverty_skill_per_person", "1—2项/人", 1, "at_least"),
        ("某区L", "patent_pledge_loans", "1笔以上", 1, "at_least"),
        ("某县F", "crop_area", "13万亩", 130000, "exact"),
        ("某区P", "newecon_firms_total", "突破x万家", None, "exact"),
        ("某区P", "contracts_value", "空缺", None, "exact"),
        ("某县J", "quake_leaflets", "20xx多份", None, "exact"),
    ],
)
def test_figures_are_ingested_with_their_qualifiers(
    reports: Dataset, place: str, indicator: str, reported: str, value: float | None, bound: str
) -> None:
    unit = reports.indicators.filter(id=indicator)["unit"].item()

    row = reports.observations.filter(district=reports.district(place), indicator=indicator).row(
        0, named=True
    )

    assert (row["reported"], row["bound"]) == (reported, bound)
    scale = 10000 if unit == "万亩" else 1
    assert row["value"] == (None if value is None else pytest.approx(value / scale))


def test_the_two_implied_targets_come_from_the_printed_completion(reports: Dataset) -> None:
    implied = reports.targets.filter(strength="implied")

    assert set(implied.select("district", "indicator", "value").iter_rows()) == {
        (reports.district("某区K"), "hnte_applied", 2.0),
        (reports.district("某县I"), "biogas_household", 500.0),
    }


# Metrics and pages


def test_every_place_has_briefs_exactly_for_the_checkpoints_it_reported(
    briefs: dict[tuple[str, str], Brief],
) -> None:
    assert set(briefs) == {(at, place) for at, places in REPORTING.items() for place in places}


def test_there_are_no_ranks_shares_totals_or_growth(reports: Dataset) -> None:
    for at in REPORTING:
        table = reports.metrics(at)

        assert set(table["district"]) == {
            reports.district(name) for name in reporting_names(reports, at)
        }
        for column in ("rank", "share", "base", "yoy", "yoy_points", "contribution"):
            assert table[column].null_count() == table.height, column


def reporting_names(reports: Dataset, at: str) -> list[str]:
    """Return the names of the districts with a report at a checkpoint."""
    return [n for n in reports.districts["name"] if n[-1] in REPORTING[at] and n.startswith("某")]


def test_nothing_is_computed_from_a_masked_or_missing_figure(reports: Dataset) -> None:
    masked = 0
    for at in REPORTING:
        for row in reports.metrics(at).iter_rows(named=True):
            if row["status"] != "reported":
                masked += row["status"] == "masked"
                assert [c for c in COMPUTED if row[c] is not None] == [], row["indicator"]
    assert (
        masked
        == FACTS.filter(
            pl.col("indicator") != "", pl.col("mask") != "", pl.col("mask") != "空缺"
        ).height
    )


def test_a_masked_figure_prints_as_unpublished_and_never_has_a_digit(
    briefs: dict[tuple[str, str], Brief],
) -> None:
    for key, brief in briefs.items():
        text = figures_text(brief)
        for view in brief.rows:
            if view.reported:
                continue
            word = {"masked": "未公布", "missing": "未报送"}[view["status"]]
            assert view.figure() == word, (key, view.name)
            for name in {view.name, view.short, re.sub("数$", "", view.name)}:
                assert not re.search(rf"{re.escape(name)}\s*(约|超过|不足|为)?\d", text), (
                    key,
                    name,
                )


def test_briefs_with_only_masked_figures_evaluate_nothing(
    briefs: dict[tuple[str, str], Brief],
) -> None:
    for key in (("2020H1", "A"), ("2020H2", "P"), ("2022H1", "H")):
        brief = briefs[key]

        assert brief.conclusion.endswith("主要指标均未报送或未公布，不作评价。")
        assert brief.problems.text.endswith("主要指标均未报送或未公布，无从评价。")
        assert brief.chart_attainment() is None
        assert brief.chart_growth() is None


def test_the_masked_total_of_funds_is_not_computed_from_its_levels(
    reports: Dataset, briefs: dict[tuple[str, str], Brief]
) -> None:
    levels = reports.observations.filter(
        district=reports.district("某县F"), indicator="proj_funds_won"
    )
    brief = briefs["2020H2", "F"]

    assert dict(levels.select("level", "value").iter_rows()) == {"": None, "国家": 563, "省": 300}
    [masked] = [s for s in sentences(brief.review.text) if s.endswith("未公布")]
    assert "国家和省项目到位资金" in masked
    for total in ("1144", "1168", "863", "844"):
        assert total not in figures_text(brief)


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ("K", "高新技术企业申报3家，缺上年同期数，不计增速，提前完成全年任务，超出1家（目标为推算）。"),
        ("I", "农村户用沼气池建设270口，缺上年同期数，不计增速，完成全年目标的54.0%，快于序时进度4.0个百分点（目标为推算）。"),
        ("R", "专利申请量90件，缺上年同期数，不计增速，完成全年目标的56.3%，快于序时进度6.3个百分点。"),
        ("G", "专利申请量105件，缺上年同期数，不计增速，完成全年目标的51.2%，快于序时进度9.6个百分点。"),
        ("G", "专利授权量45件，缺上年同期数，不计增速，完成全年目标的52.9%，快于序时进度11.3个百分点。"),
        ("J", "专利申请量12件，缺上年同期数，不计增速，完成全年目标的23.1%，比应完成数少5件，未达到序时进度。"),
        ("J", "专利授权量9件，缺上年同期数，不计增速，提前完成全年任务，超出3件。"),
        ("J", "工矿企业专利授权量7件，缺上年同期数，不计增速，提前完成全年任务，超出5件。"),
        ("Q", "高新技术企业申报14家，缺上年同期数，不计增速，完成全年目标的82.4%，快于序时进度42.4个百分点。"),
        ("N", "科技计划项目立项数（国家级）3项，缺上年同期数，不计增速。"),
        ("N", "国家和省项目到位资金（国家级）230万元，缺上年同期数，不计增速。"),
    ],
)  # fmt: skip
def test_the_review_has_the_expected_sentences(
    briefs: dict[tuple[str, str], Brief], place: str, sentence: str
) -> None:
    assert sentence.removesuffix("。") in sentences(briefs["2020H1", place].review.text)


def test_the_nominal_year_is_stated_on_every_page(
    reports: Dataset, briefs: dict[tuple[str, str], Brief]
) -> None:
    pages: list[Any] = [*briefs.values()]
    pages += [Overview(make_overview(reports, reports.checkpoint(at))) for at in REPORTING]

    for page in pages:
        assert "按名义年份2020年列示，不代表实际年份" in page.notes.text
        assert "名义年份2020年" in words_of(parse_fragment(page.head.html))


def test_the_overview_has_no_totals_and_no_claim_of_full_reporting(reports: Dataset) -> None:
    page = Overview(make_overview(reports, reports.checkpoint("2020H1")))

    assert page.conclusion == "各地区没有共同的上级，不汇总、不比较，见各地区简报。"
    assert (page.totals().html, page.coverage.html) == ("", "")


def test_no_brief_names_another_place(briefs: dict[tuple[str, str], Brief]) -> None:
    places = set(FACTS["place"])

    for (at, place), brief in briefs.items():
        assert [p for p in places if p[-1] != place and p in full_text(brief)] == [], (at, place)


@pytest.mark.long
@pytest.mark.parametrize("at", list(REPORTING))
def test_all_pages_are_made(reports: Dataset, at: str, tmp_path: Path) -> None:
    _, jobs, failed = planning.plan(reports, reports.checkpoint(at), (), tmp_path)

    results = batch.run(jobs)

    assert failed == []
    assert [(r.name, r.error) for r in results if r.error] == []
    assert len(results) == len(REPORTING[at]) + 1
