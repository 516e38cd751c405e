"""Figures by programme level, and briefs and overviews without anything to judge or compare."""

from __future__ import annotations

from pathlib import Path

import pytest

from kejistats.api import Desk
from kejistats.brief import Brief, Overview, make_overview
from kejistats.intake import inbox_files, ingest
from tests.factory import CITY, DISTRICT, make_dataset, write_csv

NOT_JUDGED = "主要指标没有可评价的目标、同比和位次，无从评价。"
NOT_REPORTED = "主要指标均未报送或未公布，无从评价。"


def dataset_of(folder: Path, *figures: tuple[str, str, str], headline: str = "") -> Desk:
    """Make a city and ingest one district's figures of 2025H1: indicator, level, value."""
    path = make_dataset(folder / "city")
    if headline:
        with (path / "dataset.toml").open("a", encoding="utf-8") as file:
            file.write(f'headline = ["{headline}"]\n')
    rows = [
        {
            "district": DISTRICT,
            "indicator": i,
            "checkpoint": "2025H1",
            "level": level,
            "value": value,
        }
        for i, level, value in figures
    ]
    write_csv(path / "inbox" / "figures.csv", rows)
    dataset = Desk(path)
    assert [file.receipt is not None for file in ingest(dataset, inbox_files(dataset))] == [True]
    return dataset


def brief_of(folder: Path, *figures: tuple[str, str, str], headline: str = "") -> Brief:
    """Return the brief of the district of `dataset_of`."""
    return dataset_of(folder, *figures, headline=headline).brief(DISTRICT, "2025H1")


def test_levels_without_a_total_are_shown(tmp_path: Path) -> None:
    figures = [("proj_applied", "国家", "7"), ("proj_applied", "省", "xx")]

    brief = brief_of(tmp_path, *figures, headline="proj_applied")

    assert brief.review.text.splitlines()[1:] == [
        "科技计划项目申报数（国家级）7项，缺上年同期数，不计增速。",
        "科技计划项目申报数（省级）未公布。",
    ]
    assert brief.table().text.splitlines()[0].startswith("项目申报（国家级） 7项")
    assert "科技计划项目申报数（省级）" in brief.notes.text


def test_levels_with_a_total_are_left_out(tmp_path: Path) -> None:
    figures = [
        ("proj_applied", "", "xx"),
        ("proj_applied", "国家", "7"),
        ("proj_applied", "省", "5"),
    ]

    brief = brief_of(tmp_path, *figures, headline="proj_applied")

    assert brief.review.text.splitlines()[1:] == ["科技计划项目申报数未公布。"]
    assert len(brief.rows) == 1


@pytest.mark.parametrize(
    ("value", "text"), [("7", NOT_JUDGED), ("xx", NOT_REPORTED), ("", NOT_REPORTED)]
)
def test_no_problem_is_said_only_where_something_could_be_judged(
    tmp_path: Path, value: str, text: str
) -> None:
    brief = brief_of(tmp_path, ("contracts_registered", "", value), headline="contracts_registered")

    assert brief.problems.text.splitlines()[1:] == [text]


def test_a_city_without_districts_of_its_own_compares_no_figures(
    tmp_path: Path,
) -> None:
    dataset = dataset_of(tmp_path, ("contracts_registered", "", "7"))
    alone = (dataset.path / "districts.csv").read_text(encoding="utf-8").replace(f",{CITY},", ",,")
    kind = alone.replace("group\n", "group,kind\n").replace("某市,,\n", "某市,,,total\n")
    (dataset.path / "districts.csv").write_text(kind, encoding="utf-8")

    page = Overview(make_overview(Desk(dataset.path), dataset.checkpoint("2025H1")))

    assert page.conclusion == "各地区没有共同的上级，不汇总、不比较，见各地区简报。"
    assert page.coverage.html == ""
