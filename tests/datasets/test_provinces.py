"""The shipped provinces from intake to metrics, checked against independent arithmetic."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from kejistats.dataset import Dataset
from kejistats.intake import inbox_files, ingest
from tests.datasets.factory import copy_dataset
from tests.factory import read_csv

NATION = "100000"
SPENT, INTENSITY = "rd_expenditure", "rd_intensity"


@pytest.fixture(scope="module")
def provinces(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """A copy of the data set with its inbox ingested."""
    dataset = Dataset(copy_dataset(tmp_path_factory.mktemp("data"), "provinces"))
    for outcome in ingest(dataset, inbox_files(dataset)):
        assert outcome.receipt is not None
        assert outcome.checked is not None
        counts = (outcome.receipt["errors"], outcome.receipt["accepted"])
        assert counts == (0, outcome.receipt["rows"]), outcome.checked.findings.head()
    return dataset


@pytest.fixture(scope="module")
def table(provinces: Dataset) -> pl.DataFrame:
    """The Metric table of 2023."""
    return provinces.metrics("2023")


@pytest.fixture(scope="module")
def rows(provinces: Dataset, table: pl.DataFrame) -> dict[tuple[str, str], dict[str, Any]]:
    """The Metric rows by name and indicator."""
    names = dict(provinces.districts.select("code", "name").iter_rows())
    return {(names[r["district"]], r["indicator"]): r for r in table.iter_rows(named=True)}


def bulletin(column: str) -> dict[tuple[str, int], float]:
    """Return the figures of the fixture by region and year."""
    fixture_rows = read_csv("rd_province_2022_2023.csv")
    return {(row["region"], int(row["year"])): float(row[column]) for row in fixture_rows}


SPENDING = bulletin("rd_expenditure_yi")
INTENSITIES = bulletin("rd_intensity_pct")
REGIONS = sorted({region for region, _ in SPENDING} - {"全国"})


def test_the_fixture_has_thirty_one_provinces_in_two_years() -> None:
    assert len(REGIONS) == 31
    assert len(SPENDING) == 64


@pytest.mark.parametrize("region", ["全国", *REGIONS])
def test_growth_of_expenditure(rows: dict[tuple[str, str], dict[str, Any]], region: str) -> None:
    now, before = SPENDING[region, 2023], SPENDING[region, 2022]

    row = rows[region, SPENT]

    assert (row["value"], row["base"]) == (now, before)
    assert row["yoy"] == pytest.approx((now - before) / before, rel=0, abs=1e-9)
    assert row["change"] == pytest.approx(now - before, rel=0, abs=1e-9)
    assert row["yoy_reason"] is None


@pytest.mark.parametrize("region", REGIONS)
def test_rank_over_thirty_one_provinces(
    rows: dict[tuple[str, str], dict[str, Any]], region: str
) -> None:
    for indicator, figures in ((SPENT, SPENDING), (INTENSITY, INTENSITIES)):
        figure = figures[region, 2023]
        better = sum(figures[other, 2023] > figure for other in REGIONS)
        better_before = sum(figures[other, 2022] > figures[region, 2022] for other in REGIONS)
        tied = [other for other in REGIONS if figures[other, 2023] == figure]

        row = rows[region, indicator]

        assert (row["rank"], row["ranked"], row["peers"]) == (better + 1, 31, 31)
        assert row["tied"] == (len(tied) > 1)
        assert row["rank_change"] == better_before - better
        assert row["rank_shown"] is True


@pytest.mark.parametrize("region", REGIONS)
def test_share_of_the_nations_expenditure(
    rows: dict[tuple[str, str], dict[str, Any]], region: str
) -> None:
    row = rows[region, SPENT]

    share = SPENDING[region, 2023] / SPENDING["全国", 2023]
    assert row["share"] == pytest.approx(share, rel=0, abs=1e-9)
    assert row["share_bound"] == "exact"


@pytest.mark.parametrize("region", REGIONS)
def test_intensity_changes_in_points(
    rows: dict[tuple[str, str], dict[str, Any]], region: str
) -> None:
    row = rows[region, INTENSITY]

    change = INTENSITIES[region, 2023] - INTENSITIES[region, 2022]
    assert row["yoy_points"] == pytest.approx(change, rel=0, abs=1e-9)
    assert (row["yoy"], row["share_reason"]) == (None, "not_additive")


def test_the_nations_intensity_is_compared_with_its_revised_base(
    rows: dict[tuple[str, str], dict[str, Any]], provinces: Dataset
) -> None:
    vintages = provinces.observations.filter(
        pl.col("district") == NATION, pl.col("indicator") == INTENSITY, pl.col("year") == 2022
    )

    row = rows["全国", INTENSITY]

    assert vintages["value"].to_list() == [INTENSITIES["全国", 2022], 2.56]
    assert row["base"] == 2.56
    # As printed in the bulletin of 2023.
    assert row["yoy_points"] == pytest.approx(0.09)


def test_the_nation_has_no_rank_and_is_not_a_peer(table: pl.DataFrame) -> None:
    nation = table.filter(pl.col("district") == NATION)
    others = table.filter(pl.col("district") != NATION)

    assert nation.height > 10
    for column in ("rank", "ranked", "peers", "rank_change", "share"):
        assert nation[column].null_count() == nation.height
    assert set(nation["share_reason"]) == {"is_total"}
    assert set(others["peers"]) == {31}
    assert others["district"].n_unique() == 31


def test_ratios_are_computed_from_ingested_figures(
    rows: dict[tuple[str, str], dict[str, Any]],
) -> None:
    for region in ("全国", *REGIONS):
        spent, people = rows[region, SPENT]["value"], rows[region, "rd_fte"]["value"]
        basic = rows[region, "rd_basic"]["value"]

        assert rows[region, "rd_per_fte"]["value"] == pytest.approx(spent * 1e4 / people)
        assert rows[region, "rd_basic_share"]["value"] == pytest.approx(basic / spent * 100)


def test_without_targets_nothing_is_evaluated(table: pl.DataFrame) -> None:
    assert set(table["progress"]) <= {"no_target", "missing"}
    assert table["target_reason"].null_count() == table.height


def test_ingesting_the_inbox_again_changes_nothing(provinces: Dataset) -> None:
    before = provinces.observations

    again = ingest(provinces, inbox_files(provinces))

    assert [outcome.receipt for outcome in again] == [None] * len(again)
    assert provinces.observations.equals(before)


def test_every_figure_names_its_file_and_cell(provinces: Dataset) -> None:
    files = {path.name for path in inbox_files(provinces)}

    sources = provinces.observations["source"]

    assert set(sources.str.extract(r"^([^#]+)#[A-Z]+\d+$")) == files
    assert Path(provinces.path, "store", "head.json").is_file()
