"""Provinces by papers in SCI, EI and CPCI-S, 2010–2016: printed ranks follow from the counts."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from kejistats.metrics import rank
from kejistats.model.tables import District
from tests.factory import indicators, observation, observations, read_csv

INDEXES = ("sci", "ei", "cpcis")
ROWS = read_csv("papers_ranks_2010_2016.csv")
REGIONS = list(dict.fromkeys(row["region"] for row in ROWS))
PRINTED = {
    (index, int(row["year"]), row["region"]): int(row[f"{index}_rank"])
    for row in ROWS
    for index in INDEXES
}
KNOWN = indicators(*[{"id": index, "unit": "篇", "frequency": "year"} for index in INDEXES])

# The lists rank a blank last; here a province without a figure has no rank.
BLANK = {("cpcis", 2010, "西藏"): 31, ("ei", 2011, "西藏"): 31}
# In four lists a 32nd unit that the table leaves out (其他) ranks before these: one rank is
# vacant, and all behind it are printed one rank lower than their counts give.
BEHIND_UNLISTED = {
    ("cpcis", 2012): ["西藏"],
    ("sci", 2012): ["西藏"],
    ("sci", 2013): ["西藏"],
    ("ei", 2013): ["广西", "内蒙古", "新疆", "贵州", "海南", "宁夏", "青海", "西藏"],
}
MOVED = {(index, year, region) for (index, year), who in BEHIND_UNLISTED.items() for region in who}
UNLISTED = "其他"
CODES = {name: f"{n:06d}" for n, name in enumerate([*REGIONS, UNLISTED], 1)}
NAMES = {code: name for name, code in CODES.items()}
NATION = "100000"


def figures() -> list[dict[str, Any]]:
    return [
        observation(
            index,
            float(row[index]) if row[index] else None,
            int(row["year"]),
            12,
            district=CODES[row["region"]],
            grade="final",
        )
        for row in ROWS
        for index in INDEXES
    ]


def ranks(rows: list[dict[str, Any]], regions: list[str]) -> dict[tuple[str, int, str], int | None]:
    """Return the rank of every province in every list."""
    units = District.conform(
        pl.DataFrame(
            [{"code": NATION, "name": "全国", "kind": "total"}]
            + [
                {"code": CODES[region], "name": region, "parent": NATION, "kind": "district"}
                for region in regions
            ]
        )
    )
    result = observations(rows).lazy().pipe(rank, units, KNOWN).collect()
    return {
        (row["indicator"], row["year"], NAMES[row["district"]]): row["rank"]
        for row in result.iter_rows(named=True)
    }


@pytest.fixture(scope="module")
def ranked() -> dict[tuple[str, int, str], int | None]:
    return ranks(figures(), REGIONS)


def test_exactly_thirteen_of_the_printed_ranks_do_not_follow(
    ranked: dict[tuple[str, int, str], int | None],
) -> None:
    different = {key for key, place in PRINTED.items() if ranked[key] != place}

    assert len(PRINTED) == 651
    assert different == {*BLANK, *MOVED}
    assert len(different) == 13


@pytest.mark.parametrize("year", range(2010, 2017))
@pytest.mark.parametrize("index", INDEXES)
def test_the_ranks_of_a_list(
    ranked: dict[tuple[str, int, str], int | None], index: str, year: int
) -> None:
    for region in REGIONS:
        key = (index, year, region)
        expected: int | None = PRINTED[key] - (key in MOVED)

        assert ranked[key] == (None if key in BLANK else expected), region


@pytest.mark.parametrize("key", BLANK, ids=lambda key: f"{key[0]} {key[1]}")
def test_a_blank_has_no_rank_though_it_is_printed_last(
    ranked: dict[tuple[str, int, str], int | None], key: tuple[str, int, str]
) -> None:
    index, year, region = key
    [row] = [r for r in ROWS if (r["region"], r["year"]) == (region, str(year))]

    assert row[index] == ""
    assert PRINTED[key] == BLANK[key] == len(REGIONS)
    assert ranked[key] is None


def test_with_a_unit_just_before_the_moved_ones_all_ranks_of_their_lists_follow() -> None:
    # Any count between that of the first one moved and of the one before gives the same ranks.
    added = []
    for (index, year), moved in BEHIND_UNLISTED.items():
        counts = {r["region"]: float(r[index]) for r in ROWS if r["year"] == str(year)}
        first = max(counts[region] for region in moved)
        before = min(count for region, count in counts.items() if region not in moved)
        assert first < before
        added.append(
            observation(
                index, (first + before) / 2, year, 12, district=CODES[UNLISTED], grade="final"
            )
        )

    ranked = ranks(figures() + added, [*REGIONS, UNLISTED])

    for key, position in PRINTED.items():
        if key[:2] in BEHIND_UNLISTED:
            assert ranked[key] == position, key
    unlisted = {key[:2]: position for key, position in ranked.items() if key[2] == UNLISTED}
    vacant = {
        ranking: set(range(1, 33))
        - {position for key, position in PRINTED.items() if key[:2] == ranking}
        for ranking in BEHIND_UNLISTED
    }
    assert {ranking: {position} for ranking, position in unlisted.items()} == vacant
