"""Ranks among peers and their change, shares of the city's figure, and derived totals."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kejistats.metrics import rank, share, totals
from kejistats.model.tables.metric import SHARE_REASONS
from tests.factory import (
    CITY,
    COUNT,
    MONEY,
    PERCENT,
    STOCK,
    code,
    day,
    districts,
    indicators,
    metric_row,
    metrics,
    observation,
    observations,
    registry,
)
from tests.metrics.factory import LOWER, MASKED, district_rows


def ranked(
    rows: list[dict[str, Any]],
    units: pl.DataFrame | None = None,
    known: pl.DataFrame | None = None,
    **more: Any,
) -> dict[str, dict[str, Any]]:
    """Return the rows after `rank` by district."""
    units = districts(len(rows)) if units is None else units
    known = registry() if known is None else known
    result = rank(observations(rows).lazy(), units, known, **more).collect()
    return {row["district"]: row for row in result.iter_rows(named=True)}


def ranks_of(rows: list[dict[str, Any]], *args: Any, **more: Any) -> list[int | None]:
    """Return the ranks in the order of the rows."""
    by_district = ranked(rows, *args, **more)
    return [by_district[row["district"]]["rank"] for row in rows]


# Rank


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([5, 9, 7], [3, 1, 2]),
        ([9, 7, 7, 5], [1, 2, 2, 4]),
        ([7, 7, 7], [1, 1, 1]),
        ([0, 5, 0], [2, 1, 2]),
        ([-3, 5, 0], [3, 1, 2]),
        ([0.1 + 0.2, 0.3, 0.2], [1, 1, 3]),
        ([None, 5, 9], [None, 2, 1]),
        ([(None, MASKED), 5, 9], [None, 2, 1]),
        ([(None, {"status": "not_applicable"}), 5, 9], [None, 2, 1]),
        ([(99, {"bound": "at_least"}), 5, 9], [None, 2, 1]),
        ([(99, {"bound": "about"}), 5, 9], [None, 2, 1]),
        ([(99, {"grade": "final"}), 5, 9], [1, 2, 1]),
        ([5], [1]),
    ],
)
def test_competition_ranking_over_exact_figures(
    values: list[Any], expected: list[int | None]
) -> None:
    assert ranks_of(district_rows(COUNT, values)) == expected


def test_ranked_and_peers_count_apart_and_ties_are_marked() -> None:
    rows = ranked(district_rows(COUNT, [9, 7, 7, None, (None, MASKED), (8, {"grade": "final"})]))

    first, tied, missing, final = (rows[code(n)] for n in (1, 2, 4, 6))
    assert (first["ranked"], first["peers"], first["tied"]) == (3, 6, False)
    assert (tied["ranked"], tied["peers"], tied["tied"]) == (3, 6, True)
    assert (missing["ranked"], missing["peers"], missing["tied"]) == (None, 6, False)
    assert (final["rank"], final["ranked"], final["tied"]) == (1, 1, False)


@pytest.mark.parametrize(
    ("direction", "expected"), [("up", [3, 1, 2]), ("down", [1, 3, 2]), ("none", [None] * 3)]
)
def test_the_rank_follows_the_direction(direction: str, expected: list[int | None]) -> None:
    known = indicators(**{COUNT: {"direction": direction}})

    assert ranks_of(district_rows(COUNT, [5, 9, 7]), known=known) == expected


def test_totals_subtotals_and_residuals_are_no_peers_and_zones_are_peers_of_zones() -> None:
    units = districts(
        2,
        {"code": "900180", "kind": "subtotal"},
        {"code": "900181", "kind": "residual"},
        {"code": "900190", "kind": "zone", "contained_in": code(1)},
        {"code": "900191", "kind": "zone"},
        {"code": "900199", "kind": "district", "parent": None},
    )
    values = {CITY: 30, "900101": 5, "900102": 9, "900180": 14, "900181": 16, "900190": 3,
              "900191": 4, "900199": 99}  # fmt: skip
    rows = [observation(COUNT, float(v), district=d) for d, v in values.items()]

    by_district = ranked(rows, units)

    assert {d: r["rank"] for d, r in by_district.items()} == {
        CITY: None, "900101": 2, "900102": 1, "900180": None, "900181": None, "900190": 2,
        "900191": 1, "900199": None,
    }  # fmt: skip
    assert (by_district["900101"]["peers"], by_district["900190"]["peers"]) == (2, 2)


def test_a_group_named_has_its_own_ranking() -> None:
    units = districts(5, *({"code": code(n), "group": "山区"} for n in (1, 2)))

    assert ranks_of(district_rows(COUNT, [1, 2, 3, 4, 5]), units) == [2, 1, 3, 2, 1]
    assert {r["peers"] for r in ranked(district_rows(COUNT, [1, 2, 3, 4, 5]), units).values()} == {
        2,
        3,
    }


def test_cities_levels_indicators_and_checkpoints_are_ranked_apart() -> None:
    units = districts(
        2,
        {"code": "900200", "name": "乙市", "kind": "total", "parent": None},
        {"code": "900201", "parent": "900200"},
        {"code": "900202", "parent": "900200"},
    )
    rows = [
        *district_rows(COUNT, [1, 2]),
        *district_rows(COUNT, [(5, {"level": "省"}), (4, {"level": "省"})]),
        *district_rows(STOCK, [8, 7]),
        *district_rows(COUNT, [6, 5], year=2024),
        observation(COUNT, 9.0, district="900201"),
        observation(COUNT, 8.0, district="900202"),
    ]

    result = rank(observations(rows).lazy(), units, registry()).collect()

    assert sorted(result["rank"]) == sorted([1, 2] * 5)
    assert set(result["peers"]) == {2}


@pytest.mark.parametrize(
    ("dates", "expected", "peers"),
    [
        ({}, [3, 1, 2], 3),
        ({"valid_to": day("2025-05-31")}, [None, 1, 2], 2),
        ({"valid_to": day("2025-06-30")}, [3, 1, 2], 3),
        ({"valid_from": day("2025-06-30")}, [3, 1, 2], 3),
        ({"valid_from": day("2025-07-01")}, [None, 1, 2], 2),
    ],
)
def test_peers_are_those_valid_at_the_checkpoint(
    dates: dict[str, Any], expected: list[int | None], peers: int
) -> None:
    units = districts(3, {"code": code(1), **dates})

    by_district = ranked(district_rows(COUNT, [5, 9, 7]), units)

    assert [by_district[code(n)]["rank"] for n in (1, 2, 3)] == expected
    assert by_district[code(2)]["peers"] == peers


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([5, 4, 3, 2, 1], True),
        ([5, 4, 3, 2, None], True),
        ([5, 4, 3, None, None], False),
        ([5, 4, 0, 0], True),
        ([5, 4, 0, 0, 0], False),
        ([5], False),
        ([0, 0, 0, 0, 0], False),
    ],
)
def test_a_rank_is_shown_from_four_fifths_coverage_and_not_in_a_crowd_of_zeros(
    values: list[float | None], shown: bool
) -> None:
    first = ranked(district_rows(COUNT, values))[code(1)]

    assert first["rank"] == 1
    assert first["rank_shown"] is shown


def test_the_coverage_from_which_ranks_are_shown_is_a_setting() -> None:
    rows = district_rows(COUNT, [5, 4, 3, None, None])

    assert ranked(rows, coverage=0.6)[code(1)]["rank_shown"] is True


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ([9, 7, 5], [5, 7, 9], [-2, 0, 2]),
        ([9, 7, 5], [9, 7, 5], [0, 0, 0]),
        ([9, 7, None], [9, 7, 5], [None, None, None]),
        ([9, 7, 5], [9, 7, None], [None, None, None]),
        ([9, 7, (5, {"bound": "about"})], [9, 7, 5], [None, None, None]),
        ([None, None, None], [9, 7, 5], [None, None, None]),
    ],
)
def test_only_the_same_members_have_a_rank_change(
    before: list[Any], now: list[Any], expected: list[int | None]
) -> None:
    table = metrics([*district_rows(COUNT, before, year=2024), *district_rows(COUNT, now)])

    changes = [metric_row(table, COUNT, code(n))["rank_change"] for n in (1, 2, 3)]

    assert changes == expected


def test_a_new_district_leaves_no_rank_change() -> None:
    units = districts(3, {"code": code(3), "valid_from": day("2025-01-01")})

    table = metrics(
        [*district_rows(COUNT, [9, 7, 8], year=2024), *district_rows(COUNT, [9, 7, 8])], units=units
    )

    assert [metric_row(table, COUNT, code(n))["rank_change"] for n in (1, 2, 3)] == [None] * 3


# Share


def shares(
    rows: list[dict[str, Any]], count: int = 3, *more: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """Return the rows with derived totals after `share` by district."""
    units = districts(count, *more)
    figures = totals(observations(rows).lazy(), units, registry())
    result = share(figures, units, registry()).collect()
    return {row["district"]: row for row in result.iter_rows(named=True)}


def test_a_share_is_of_the_citys_own_figure_where_there_is_one() -> None:
    rows = [*district_rows(COUNT, [20, 30, 40]), observation(COUNT, 200.0, district=CITY)]

    by_district = shares(rows)

    assert [by_district[code(n)]["share"] for n in (1, 2, 3)] == [0.1, 0.15, 0.2]
    assert by_district[CITY]["share_reason"] == "is_total"


def test_else_of_the_sum_of_districts_if_every_one_reports() -> None:
    by_district = shares(district_rows(COUNT, [20, 30, 50]))

    assert [by_district[code(n)]["share"] for n in (1, 2, 3)] == [0.2, 0.3, 0.5]
    assert (by_district[CITY]["value"], by_district[CITY]["source"]) == (100.0, "各区合计")


def test_a_district_to_which_it_does_not_apply_counts_as_reported() -> None:
    by_district = shares(district_rows(COUNT, [20, 30, (None, {"status": "not_applicable"})]))

    assert [by_district[code(n)]["share"] for n in (1, 2)] == [0.4, 0.6]
    assert by_district[code(3)]["share_reason"] == "figure_missing"


def city_row(value: float | None, **more: Any) -> dict[str, Any]:
    return observation(COUNT, value, district=CITY, **more)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (district_rows(COUNT, [20, 30, None]), "total_missing"),
        (district_rows(COUNT, [20, 30]), "total_missing"),
        (district_rows(COUNT, [20, 30, (None, MASKED)]), "total_missing"),
        ([*district_rows(COUNT, [20, 30, None]), city_row(None)], "total_missing"),
        ([*district_rows(COUNT, [20, 30, 40]), city_row(None, **MASKED)], "total_masked"),
        ([*district_rows(COUNT, [20, 30, 40]), city_row(0.0)], "total_zero"),
        (district_rows(COUNT, [0, 0, 0]), "total_zero"),
        ([*district_rows(COUNT, [20, 30, 40]), city_row(90.0, grade="final")], "total_grade"),
        (district_rows(COUNT, [(20, {"grade": "final"}), 30, 40]), "total_grade"),
        ([*district_rows(COUNT, [20, 30, 40]), city_row(90.0, break_id="2025")], "break"),
        (district_rows(COUNT, [(20, {"break_id": "2025"}), 30, 40]), "total_missing"),
        ([*district_rows(COUNT, [(20, LOWER), 30, 40]), city_row(90.0, **LOWER)], "bound_open"),
        (district_rows(COUNT, [(None, MASKED), 30, 40]), "figure_masked"),
        ([*district_rows(COUNT, [None, 30, 40]), city_row(90.0)], "figure_missing"),
        (district_rows(PERCENT, [2.1, 2.2, 2.3]), "not_additive"),
    ],
)
def test_where_there_is_no_share_a_reason_says_why(rows: list[dict[str, Any]], reason: str) -> None:
    row = shares(rows)[code(1)]

    assert (row["share"], row["share_bound"], row["share_reason"]) == (None, None, reason)


def test_units_outside_a_city_have_no_share() -> None:
    units = districts(1, {"code": "900199", "parent": None})
    rows = observations([observation(COUNT, 5.0, district="900199")])

    result = share(rows.lazy(), units, registry()).collect()

    assert result["share_reason"].to_list() == ["no_parent"]


def test_every_reason_has_a_case() -> None:
    [table] = [
        mark.args[1]
        for mark in test_where_there_is_no_share_a_reason_says_why.pytestmark
        if mark.name == "parametrize"
    ]

    assert {case[1] for case in table} | {"is_total", "no_parent"} == set(SHARE_REASONS)


@pytest.mark.parametrize(
    ("bound", "city_bound", "expected"),
    [("exact", "exact", "exact"), ("at_least", "exact", "at_least"), ("exact", "more_than", "at_most"),
     ("about", "exact", "about"), ("exact", "less_than", "at_least")],
)  # fmt: skip
def test_the_bound_of_a_share(bound: str, city_bound: str, expected: str) -> None:
    row = shares(
        [*district_rows(COUNT, [(20, {"bound": bound}), 30, 40]), city_row(90.0, bound=city_bound)]
    )[code(1)]

    assert (row["share"], row["share_bound"]) == (20 / 90, expected)


def test_a_zone_has_its_share_and_is_not_summed() -> None:
    zone = {"code": "900190", "kind": "zone", "contained_in": code(1)}

    by_district = shares(
        [*district_rows(COUNT, [20, 30, 50]), observation(COUNT, 5.0, district="900190")], 3, zone
    )

    assert by_district[CITY]["value"] == 100.0
    assert by_district["900190"]["share"] == 0.05


# Totals


def total(
    rows: list[dict[str, Any]], *more: dict[str, Any], count: int = 3, indicator: str = COUNT
) -> dict[str, Any] | None:
    """Return the city's row after `totals`, if there is one."""
    result = totals(observations(rows).lazy(), districts(count, *more), registry()).collect()
    assert result.columns == observations(rows).columns
    city_rows = result.filter(pl.col("district") == CITY, pl.col("indicator") == indicator)
    assert city_rows.height <= 1
    return city_rows.row(0, named=True) if city_rows.height else None


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (district_rows(COUNT, [20, 30, 40]), 90.0),
        (district_rows(COUNT, [0, 0, 0]), 0.0),
        (district_rows(COUNT, [20, 30, (None, {"status": "not_applicable"})]), 50.0),
        (district_rows(COUNT, [20, 30, None]), None),
        (district_rows(COUNT, [20, 30, (None, MASKED)]), None),
        (district_rows(COUNT, [20, 30]), None),
        (district_rows(COUNT, [(None, {"status": "not_applicable"})] * 3), None),
        ([*district_rows(COUNT, [20, 30, 40]), city_row(95.0)], 95.0),
        ([*district_rows(COUNT, [20, 30, 40]), city_row(None)], 90.0),
        ([*district_rows(COUNT, [20, 30, 40]), city_row(None, **MASKED)], None),
        (district_rows(COUNT, [2.3, 0.1, 0.0]), 2.4),
        (district_rows(COUNT, [0.1, 0.2, 0.3]), 0.6),
        (district_rows(COUNT, [(1, {"level": "省"}), (2, {"level": "省"}), 3]), None),
    ],
)
def test_a_total_not_reported_is_the_sum_of_all_districts(
    rows: list[dict[str, Any]], expected: float | None
) -> None:
    row = total(rows)

    assert (row["value"] if row else None) == expected


def test_percentages_are_never_summed_and_stocks_are() -> None:
    assert total(district_rows(PERCENT, [1.5, 2.5, 3.5]), indicator=PERCENT) is None
    row = total(district_rows(STOCK, [10, 20, 30]), indicator=STOCK)
    assert row is not None
    assert row["value"] == 60.0


@pytest.mark.parametrize(
    ("cells", "grade", "bound"),
    [
        ((1, 2, 3), "preliminary", "exact"),
        (((1, {"grade": "final"}), 2, 3), "preliminary", "exact"),
        (((1, {"grade": "forecast"}), 2, (3, {"grade": "final"})), "forecast", "exact"),
        (((1, LOWER), 2, 3), "preliminary", "at_least"),
        (((1, {"bound": "more_than"}), (2, {"bound": "about"}), 3), "preliminary", "at_least"),
        (((1, {"bound": "less_than"}), 2, 3), "preliminary", "at_most"),
        (((1, {"bound": "about"}), 2, 3), "preliminary", "about"),
    ],
)
def test_a_sum_has_the_weakest_grade_and_bound_of_its_parts(
    cells: tuple[Any, ...], grade: str, bound: str
) -> None:
    row = total(district_rows(COUNT, cells))

    assert row is not None
    assert (row["grade"], row["bound"], row["status"]) == (grade, bound, "reported")


def test_parts_bounded_on_both_sides_give_no_sum() -> None:
    assert total(district_rows(COUNT, [(1, LOWER), (2, {"bound": "less_than"}), 3])) is None


def test_residuals_are_parts_and_subtotals_are_not() -> None:
    units = [{"code": "900181", "kind": "residual"}, {"code": "900180", "kind": "subtotal"}]
    subtotal = observation(COUNT, 50.0, district="900180")

    assert total([*district_rows(COUNT, [20, 30, 40]), subtotal], *units) is None
    with_rest = [
        *district_rows(COUNT, [20, 30, 40]),
        subtotal,
        observation(COUNT, 10.0, district="900181"),
    ]
    row = total(with_rest, *units)
    assert row is not None
    assert row["value"] == 100.0


def test_a_lower_total_is_a_part_of_the_higher_one() -> None:
    units = [{"code": "900200", "kind": "total"}, {"code": "900201", "parent": "900200"}]
    lower = observation(COUNT, 10.0, district="900200")

    assert total(district_rows(COUNT, [20, 30, 40]), *units) is None
    row = total([*district_rows(COUNT, [20, 30, 40]), lower], *units)
    assert row is not None
    assert row["value"] == 100.0


def test_only_districts_valid_at_the_checkpoint_are_parts() -> None:
    dissolved = {"code": code(3), "valid_to": day("2024-12-31")}

    row = total(district_rows(COUNT, [20, 30]), dissolved)

    assert row is not None
    assert row["value"] == 50.0
    assert total(district_rows(COUNT, [20, 30], year=2024), dissolved) is None


@settings(max_examples=25)
@given(
    st.lists(st.integers(0, 10**6), min_size=2, max_size=8),
    st.randoms(use_true_random=False),
)
def test_shares_of_a_derived_total_sum_to_one_in_any_order_of_rows(
    values: list[int], chance: Any
) -> None:
    rows = district_rows(COUNT, (value / 100 for value in values))
    shuffled = rows.copy()
    chance.shuffle(shuffled)

    in_order, in_random_order = (shares(r, len(values)) for r in (rows, shuffled))

    city_total = in_order[CITY]["value"]
    assert city_total == pytest.approx(sum(values) / 100, rel=1e-12)
    assert in_random_order[CITY]["value"] == city_total
    if city_total > 0:
        assert sum(in_order[row["district"]]["share"] for row in rows) == pytest.approx(1)


@settings(max_examples=25)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=9))
def test_a_rank_is_one_more_than_the_number_of_better_peers(values: list[int]) -> None:
    by_district = ranked(district_rows(COUNT, map(float, values)))

    for number, value in enumerate(values, 1):
        row = by_district[code(number)]
        assert row["rank"] == 1 + sum(other > value for other in values)
        assert row["tied"] == (values.count(value) > 1)
        assert row["ranked"] == row["peers"] == len(values)


def test_rank_and_share_are_in_the_metric_table() -> None:
    table = metrics(district_rows(MONEY, [18.6, 20.0, 1.4]))

    district = metric_row(table, MONEY)
    assert (district["rank"], district["ranked"], district["peers"], district["rank_shown"]) == (
        2,
        3,
        3,
        True,
    )
    assert (district["share"], district["share_bound"]) == (0.465, "exact")
    city = metric_row(table, MONEY, CITY)
    assert (city["value"], city["rank"], city["peers"]) == (40.0, None, None)
    assert city["share_reason"] == "is_total"
