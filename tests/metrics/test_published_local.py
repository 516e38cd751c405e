"""Tables of cities and counties as published: growth, ranks and months follow from the figures."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from kejistats.metrics import increments
from kejistats.model.numbers import round_half_up
from kejistats.model.tables import District
from tests.factory import metric_row, metrics, observation, observations, read_csv

CHANGDE = read_csv("changde_2017.csv")
ANHUI = read_csv("anhui_2022_h1.csv")
JILIN = read_csv("jilin_2013.csv")
GRANTED = "patent_granted"
ABSORBED = "contracts_absorbed_value"


def codes(names: list[str]) -> dict[str, str]:
    """Return codes for names in their order, from 000001 on."""
    return {name: f"{n:06d}" for n, name in enumerate(dict.fromkeys(names), 1)}


def district_table(known: dict[str, str], parent: str) -> pl.DataFrame:
    """Return the District table of a parent and its districts."""
    rows: list[dict[str, Any]] = [
        {"code": code, "name": name}
        | ({"kind": "total"} if code == parent else {"kind": "district", "parent": parent})
        for name, code in known.items()
    ]
    return District.conform(pl.DataFrame(rows, infer_schema_length=None))


# 常德: the month is not printed; published on 17 November 2017, taken as through October.


DISTRICTS = codes([row["district"] for row in CHANGDE])


@pytest.fixture(scope="module")
def changde() -> pl.DataFrame:
    rows = [
        observation(
            row["indicator"], float(row[column]), year, 10, district=DISTRICTS[row["district"]]
        )
        for row in CHANGDE
        for column, year in (("value", 2017), ("previous", 2016))
    ]
    units = district_table(DISTRICTS, DISTRICTS["全市"])
    return metrics(rows, [], "2017M10", units)


@pytest.mark.parametrize("row", CHANGDE, ids=lambda row: f"{row['district']} {row['indicator']}")
def test_growth_of_the_districts_of_changde(changde: pl.DataFrame, row: dict[str, str]) -> None:
    metrics_row = metric_row(changde, row["indicator"], DISTRICTS[row["district"]])

    assert metrics_row["base"] == float(row["previous"])
    assert metrics_row["change"] == float(row["value"]) - float(row["previous"])
    assert str(round_half_up(metrics_row["yoy"] * 100, 1)) == row["growth"]


def test_the_districts_of_changde_add_up_to_the_city(changde: pl.DataFrame) -> None:
    shares = changde.filter(pl.col("share").is_not_null()).group_by("indicator").agg(
        pl.len(), pl.col("share").sum()
    )  # fmt: skip

    assert len(CHANGDE) == 26
    assert shares["len"].to_list() == [12, 12]
    assert shares["share"].to_list() == pytest.approx([1.0, 1.0], rel=0, abs=1e-12)


# 安徽: contracts absorbed by 16 cities in the first half of 2022.


PROVINCE = "340000"
CITIES = codes([row["city"] for row in ANHUI])


@pytest.fixture(scope="module")
def anhui() -> pl.DataFrame:
    rows = [
        observation(ABSORBED, float(row["value"]), 2022, 6, district=CITIES[row["city"]])
        for row in ANHUI
    ]
    return metrics(rows, [], "2022H1", district_table({"全省": PROVINCE, **CITIES}, PROVINCE))


@pytest.mark.parametrize("row", ANHUI, ids=lambda row: row["city"])
def test_ranks_of_the_cities_of_anhui(anhui: pl.DataFrame, row: dict[str, str]) -> None:
    metrics_row = metric_row(anhui, ABSORBED, CITIES[row["city"]])

    assert (metrics_row["rank"], metrics_row["ranked"], metrics_row["peers"]) == (
        int(row["rank"]),
        16,
        16,
    )
    assert (metrics_row["tied"], metrics_row["rank_shown"]) == (False, True)


# 吉林: patents granted in 45 counties through May and through June 2013, and in either month.


COUNTIES = codes([row["county"] for row in JILIN])


@pytest.fixture(scope="module")
def jilin() -> dict[tuple[str, int], float | None]:
    """Return the increment of each county and month."""
    rows = [
        observation(GRANTED, float(row[column]), 2013, month, district=COUNTIES[row["county"]])
        for row in JILIN
        for column, month in (("through_may", 5), ("through_june", 6))
        if row[column]
    ]
    result = observations(rows).lazy().pipe(increments).collect()
    names = {code: name for name, code in COUNTIES.items()}
    return {
        (names[row["district"]], row["month"]): row["increment"]
        for row in result.iter_rows(named=True)
    }


def test_june_less_may_is_the_month_of_june_in_forty_four_counties(
    jilin: dict[tuple[str, int], float | None],
) -> None:
    printed = {row["county"]: float(row["in_june"]) for row in JILIN if row["in_june"]}

    months = {county: value for (county, month), value in jilin.items() if month == 6}

    assert len(printed) == 44
    assert months == printed


def test_one_county_has_no_row_of_june(jilin: dict[tuple[str, int], float | None]) -> None:
    without = [row["county"] for row in JILIN if not row["through_june"]]

    assert len(JILIN) == 45
    assert without == ["长岭县"]
    assert ("长岭县", 6) not in jilin


def test_the_month_of_may_does_not_follow_without_april(
    jilin: dict[tuple[str, int], float | None],
) -> None:
    may = {county: value for (county, month), value in jilin.items() if month == 5}

    assert len(may) == 45
    assert set(may.values()) == {None}
