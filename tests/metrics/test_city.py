"""Districts in their city: contributions, ranks of growth and attainment, distances, totals."""

from __future__ import annotations

from functools import cache
from typing import Any

import polars as pl
import pytest

from kejistats.metrics import contributions, metric_table, totals
from kejistats.metrics.metric_table import Basis
from kejistats.model.period import Checkpoint
from tests.factory import (
    CITY,
    COUNT,
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
    target,
    targets,
)
from tests.metrics.factory import (
    ABOUT,
    FINAL,
    LOWER,
    MASKED,
    NOT_APPLICABLE,
    Cell,
    district_rows,
    figure_row,
)

FUNDS = "proj_funds_won"


def column(table: pl.DataFrame, indicator: str, name: str, count: int = 3) -> list[Any]:
    """Return a column of the city's districts in order."""
    return [metric_row(table, indicator, code(n))[name] for n in range(1, count + 1)]


def close(values: list[float | None]) -> Any:
    return [None if v is None else pytest.approx(v, rel=1e-12, abs=1e-12) for v in values]


# Contributions: bases and figures of three districts, then the city's own base and figure.

MOVES: dict[str, tuple[list[Cell], list[Cell], Cell, Cell, list[Any], list[Any]]] = {
    "sum_of_districts": ([50, 30, 20], [65, 30, 15], None, None, [15, 0, -5], [1.5, 0, -0.5]),
    "own_city": ([50, 30, 20], [65, 30, 15], 200, 220, [7.5, 0, -2.5], [0.75, 0, -0.25]),
    "hardly_moved": ([50, 30, 20], [52, 30, 19], 200, 201, [1, 0, -0.5], [None] * 3),
    "stood_still": ([50, 30, 20], [52, 28, 20], None, None, [2, -2, 0], [None] * 3),
    "moved_by_one": ([50, 30, 20], [52, 30, 20], 200, 202, [1, 0, 0], [1, 0, 0]),
    "fell_by_one": ([50, 30, 20], [48, 30, 20], 200, 198, [-1, 0, 0], [1, 0, 0]),
    "fell": ([50, 30, 20], [35, 35, 10], None, None, [-15, 5, -10], [0.75, -0.25, 0.5]),
    "from_zero": ([0, 0, 0], [3, 2, 1], None, None, [None] * 3, [None] * 3),
    "city_zero": ([5, 0, 0], [8, 2, 1], 0, 11, [None] * 3, [None] * 3),
    "city_negative": ([-5, 2, -7], [3, 2, 1], None, None, [None] * 3, [None] * 3),
    "district_negative": ([-5, 55, 50], [3, 57, 50], None, None, [8, 2, 0], [0.8, 0.2, 0]),
    "one_silent": ([50, None, 20], [65, 30, None], 200, 220, [7.5, None, None],
                   [0.75, None, None]),
    "one_bound": ([50, 30, 20], [(65, LOWER), 30, 15], 200, 220, [None, 0, -2.5],
                  [None, 0, -0.25]),
    "one_forecast": ([50, 30, 20], [(65, {"grade": "forecast"}), 30, 15], 200, 220,
                     [None, 0, -2.5], [None, 0, -0.25]),
    "one_about": ([50, 30, 20], [(65, ABOUT), 30, 15], 200, 220, [7.5, 0, -2.5],
                  [0.75, 0, -0.25]),
    "city_bound": ([50, 30, 20], [65, 30, 15], 200, (220, LOWER), [None] * 3, [None] * 3),
    "city_base_bound": ([50, 30, 20], [65, 30, 15], (200, LOWER), 220, [None] * 3, [None] * 3),
    "city_masked": ([50, 30, 20], [65, 30, 15], 200, (None, MASKED), [None] * 3, [None] * 3),
    "city_redefined": ([50, 30, 20], [65, 30, 15], 200, (220, {"break_id": "b"}), [None] * 3,
                       [None] * 3),
    "base_worse": ([(50, {"grade": "forecast"}), 30, 20], [65, 30, 15], 200, 220,
                   [None, 0, -2.5], [None, 0, -0.25]),
    "city_base_worse": ([50, 30, 20], [65, 30, 15], (200, {"grade": "forecast"}), 220,
                        [None] * 3, [None] * 3),
}  # fmt: skip
OF_RATES = "rd_intensity"


@cache
def move_metrics() -> pl.DataFrame:
    """Return the Metric table of all moves, each with its own indicator."""
    rows = []
    for name, (before, now, city_before, city_now, *_) in MOVES.items():
        rows += district_rows(name, before, city_before, 2024) + district_rows(name, now, city_now)
    rows += district_rows(OF_RATES, [2.0, 3.0, 4.0], 3.0, 2024) + district_rows(
        OF_RATES, [2.5, 3, 4], 3.1
    )
    return metrics(rows, known=indicators(*({"id": name} for name in MOVES)))


@pytest.mark.parametrize("name", MOVES)
def test_a_contribution_is_the_change_over_the_citys_base(name: str) -> None:
    *_, points, rates = MOVES[name]

    assert column(move_metrics(), name, "contribution") == close(points)
    assert column(move_metrics(), name, "contribution_rate") == close(rates)


def test_rates_contribute_nothing_and_a_city_not_to_itself() -> None:
    assert column(move_metrics(), OF_RATES, "contribution") == [None] * 3
    city_row = metric_row(move_metrics(), "own_city", CITY)
    assert (city_row["contribution"], city_row["contribution_rate"]) == (None, None)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sum_of_districts", [(code(1), 15, 15, 1.5), (code(2), 0, 0, 0), (code(3), -5, -5, -0.5),
                              (None, 0, 0, 0), (CITY, 10, 10, 1)]),
        ("own_city", [(code(1), 15, 7.5, 0.75), (code(2), 0, 0, 0), (code(3), -5, -2.5, -0.25),
                      (None, 10, 5, 0.5), (CITY, 20, 10, 1)]),
        ("one_silent", [(code(1), 15, 7.5, 0.75), (None, 5, 2.5, 0.25), (CITY, 20, 10, 1)]),
        ("fell", [(code(2), 5, 5, -0.25), (code(3), -10, -10, 0.5), (code(1), -15, -15, 0.75),
                  (None, 0, 0, 0), (CITY, -20, -20, 1)]),
    ],
)  # fmt: skip
def test_contributions_sum_with_what_is_left_over(name: str, expected: list[Any]) -> None:
    result = contributions(move_metrics(), districts(), name, CITY)

    assert [row[0] for row in result.rows()] == [row[0] for row in expected]
    for got, wanted in zip(result.rows(), expected, strict=True):
        assert list(got[1:]) == close(list(wanted[1:]))
    for summed in ("change", "contribution", "contribution_rate"):
        assert result[summed][:-1].sum() == pytest.approx(result[summed][-1])


def test_contributions_of_a_city_that_hardly_moved_have_points_and_no_rates() -> None:
    result = contributions(move_metrics(), districts(), "hardly_moved", CITY)

    assert result["district"].to_list() == [code(1), code(2), code(3), None, CITY]
    assert result["contribution"].to_list() == close([1, 0, -0.5, 0, 0.5])
    assert result["contribution_rate"].head(3).to_list() == [None] * 3
    assert result["contribution_rate"][4] is None


@pytest.mark.parametrize("name", ["from_zero", "city_masked", "city_redefined"])
def test_there_are_no_contributions_to_growth_that_is_unknown(name: str) -> None:
    assert contributions(move_metrics(), districts(), name, CITY).is_empty()


def test_zones_and_subtotals_are_no_rows_of_the_contributions_and_residuals_are() -> None:
    units = districts(
        1,
        {"code": "900180", "kind": "subtotal"},
        {"code": "900181", "kind": "residual"},
        {"code": "900190", "kind": "zone", "contained_in": code(1)},
    )
    figures = {code(1): (60, 66), "900180": (60, 66), "900181": (40, 44), "900190": (20, 30)}
    rows = [
        figure_row(COUNT, value, district, year)
        for district, pair in figures.items()
        for year, value in zip((2024, 2025), pair, strict=True)
    ]

    table = metrics(rows, units=units)

    result = contributions(table, units, COUNT, CITY)
    assert result["district"].to_list() == [code(1), "900181", None, CITY]
    assert result["contribution"].to_list() == close([6, 4, 0, 10])
    assert metric_row(table, COUNT, "900190")["contribution"] == pytest.approx(10)


# The rank of growth: bases and figures of four districts.


def printed(value: float | None, growth: float, basis: str | None = "名义") -> Cell:
    return value, {"published_growth": growth, "growth_basis": basis}


RACES: dict[str, tuple[dict[str, Any], list[Cell], list[Cell], list[Any], str | None]] = {
    "computed": ({}, [20, 20, 20, 20], [30, 22, 40, 22], [2, 3, 1, 3], "computed"),
    "small_base": ({}, [20, 20, 10, 9], [30, 22, 20, 90], [2, 3, 1, None], "computed"),
    "small_amounts": ({"unit": "亿元"}, [2, 2, 1, 0.9], [3, 2.2, 2, 9], [3, 4, 2, 1],
                      "computed"),
    "persons": ({"unit": "人次"}, [20, 9, 20, 20], [30, 90, 40, 22], [2, None, 1, 3], "computed"),
    "zero_base": ({"unit": "亿元"}, [2, 2, 0, None], [3, 2.2, 2, 9], [1, 2, None, None],
                  "computed"),
    "published_alone": ({"unit": "亿元"}, [None] * 4,
                        [printed(3, 9.5), printed(9, -2), printed(5, 9.5), 7],
                        [1, 3, 1, None], "published"),
    "published_of_as_many": ({"unit": "亿元"}, [2, 2, None, None],
                             [printed(3, 5), printed(2.2, 12), 5, 7], [2, 1, None, None],
                             "published"),
    "published_of_fewer": ({"unit": "亿元"}, [2, 2, 2, None],
                           [printed(3, 5), printed(2.2, 12), 5, 7], [2, 3, 1, None], "computed"),
    "two_bases": ({"unit": "亿元"}, [2, 2, None, None],
                  [printed(3, 5), printed(2.2, 12, "可比价"), printed(5, 7), printed(7, 8)],
                  [1, 2, None, None], "computed"),
    "two_bases_alone": ({"unit": "亿元"}, [None] * 4,
                        [printed(3, 5), printed(2.2, 12, "可比价"), printed(5, 7), 1],
                        [None] * 4, None),
    "unnamed_basis": ({"unit": "亿元"}, [None] * 4,
                      [printed(3, 5), printed(2.2, 12, None), printed(5, 7), 1],
                      [3, 1, 2, None], "published"),
    "small_base_published": ({}, [None] * 4,
                             [printed(9, 50), printed(15, 50), printed(22, 10), printed(30, 20)],
                             [None, 1, 3, 2], "published"),
    "bounds": ({}, [20, 20, (20, LOWER), 20], [(90, LOWER), 22, 40, 30], [None, 2, None, 1],
               "computed"),
    "down": ({"direction": "down"}, [20, 20, 20, 20], [30, 22, 40, 10], [3, 2, 4, 1], "computed"),
    "undirected": ({"direction": "none"}, [20, 20, 20, 20], [30, 22, 40, 10], [None] * 4, None),
    "points": ({"unit": "%", "measure": "ratio", "growth": "points", "aggregate": "none"},
               [2, 2, 2, 2], [2.3, 2.5, 1.9, 2.3], [2, 1, 4, 2], "computed"),
    "grades": ({}, [20, 20, (20, FINAL), (20, FINAL)], [30, 22, (21, FINAL), (24, FINAL)],
               [1, 2, 2, 1], "computed"),
}  # fmt: skip


@cache
def race_metrics() -> pl.DataFrame:
    rows = []
    for name, (_, before, now, *_) in RACES.items():
        rows += district_rows(name, before, year=2024) + district_rows(name, now)
    indicator_rows = [{"id": name} | race[0] for name, race in RACES.items()]
    return metrics(rows, units=districts(4), known=indicators(*indicator_rows))


@pytest.mark.parametrize("name", RACES)
def test_growth_is_ranked_by_one_kind_over_a_large_enough_base(name: str) -> None:
    *_, ranks, kind = RACES[name]

    assert column(race_metrics(), name, "yoy_rank", 4) == ranks
    kinds = {k for k in column(race_metrics(), name, "yoy_rank_kind", 4) if k}
    assert kinds == ({kind} if kind else set())
    if name != "grades":  # that case has two separate rankings
        taking_part = len([r for r in ranks if r])
        assert {n for n in column(race_metrics(), name, "yoy_ranked", 4) if n} == {taking_part} - {
            0
        }


def test_a_city_has_no_rank_of_growth() -> None:
    city_row = metric_row(race_metrics(), "computed", CITY)

    assert city_row["yoy"] == pytest.approx(34 / 80)
    assert (city_row["yoy_rank"], city_row["yoy_ranked"]) == (None, None)


# The rank of attainment


def test_attainment_is_ranked_among_targets_of_one_kind() -> None:
    figures = [
        *district_rows(STOCK, [625, 640, 610, 620]),
        *[row | {"month": 12} for row in district_rows(STOCK, [600] * 4, year=2024)],
        *district_rows(COUNT, [50, (60, LOWER), 60, 50]),
        *district_rows("patent_applied", [50, 40, 30, None]),
    ]
    kinds = [("level", 650), ("level", 700), ("net", 50), ("net", 50)]
    target_rows = [
        *(target(STOCK, kind, v, district=code(n)) for n, (kind, v) in enumerate(kinds, 1)),
        *(target(COUNT, "total", 100, district=code(n)) for n in range(1, 5)),
        target("patent_applied", "total", 100, district=code(1)),
        target("patent_applied", "ceiling", 100, district=code(2)),
        target("patent_applied", "total", 50, district=code(3)),
        target("patent_applied", "total", 100, district=code(4)),
    ]

    table = metrics(figures, target_rows, units=districts(4))

    assert column(table, STOCK, "attainment", 4) == close([0.5, 0.4, 0.2, 0.4])
    assert column(table, STOCK, "attainment_rank", 4) == [1, 2, 2, 1]
    assert column(table, STOCK, "attainment_ranked", 4) == [2, 2, 2, 2]
    assert column(table, COUNT, "attainment_rank", 4) == [2, None, 1, 2]
    assert column(table, COUNT, "attainment_ranked", 4) == [3, None, 3, 3]
    assert column(table, "patent_applied", "attainment_rank", 4) == [2, None, 1, None]


def test_attainment_is_ranked_upwards_where_less_is_better() -> None:
    known = indicators(**{COUNT: {"direction": "down"}})
    target_rows = [target(COUNT, "total", 100, district=code(n)) for n in (1, 2, 3)]

    table = metrics(district_rows(COUNT, [50, 70, 60]), target_rows, known=known)

    assert column(table, COUNT, "attainment_rank") == [3, 1, 2]


# Distances: figures of four districts, the fourth being the benchmark.

FIELDS: dict[str, tuple[dict[str, Any], list[Cell], dict[str, list[Any]]]] = {
    "plain": ({}, [30, 20, 20, 10], {
        "leader": [30] * 4, "leader_district": [code(1)] * 4, "to_leader": [0, -10, -10, -20],
        "leader_ratio": [1, 2 / 3, 2 / 3, 1 / 3], "median": [20] * 4,
        "to_median": [10, 0, 0, -10], "median_ratio": [1.5, 1, 1, 0.5], "benchmark": [10] * 4,
        "to_benchmark": [20, 10, 10, 0], "benchmark_ratio": [3, 2, 2, 1]}),
    "tied": ({}, [20, 30, 30, 10], {
        "leader": [30] * 4, "leader_district": [code(2)] * 4, "to_leader": [-10, 0, 0, -20],
        "median": [25] * 4, "to_median": [-5, 5, 5, -15]}),
    "lowest_leads": ({"direction": "down"}, [30, 20, 25, 10], {
        "leader": [10] * 4, "leader_district": [code(4)] * 4, "to_leader": [20, 10, 15, 0],
        "leader_ratio": [3, 2, 2.5, 1], "median": [22.5] * 4}),
    "lowest_leads_tied": ({"direction": "down"}, [30, 20, 20, 40], {
        "leader": [20] * 4, "leader_district": [code(2)] * 4}),
    "nobody_leads": ({"direction": "none"}, [30, 20, 20, 10], {
        "leader": [None] * 4, "leader_district": [None] * 4, "to_leader": [None] * 4,
        "median": [20] * 4, "to_median": [10, 0, 0, -10]}),
    "another_grade": ({}, [30, 20, 10, (40, FINAL)], {
        "leader": [30, 30, 30, 40], "median": [20, 20, 20, 40],
        "benchmark": [None, None, None, 40], "to_benchmark": [None, None, None, 0],
        "benchmark_ratio": [None, None, None, 1]}),
    "another_definition": ({}, [30, 20, 10, (40, {"break_id": "b"})], {
        "benchmark": [None, None, None, 40], "to_benchmark": [None, None, None, 0]}),
    "silent_benchmark": ({}, [30, 20, 10, None], {
        "leader": [30] * 4, "to_leader": [0, -10, -20, None], "benchmark": [None] * 4,
        "to_benchmark": [None] * 4, "to_median": [10, 0, -10, None]}),
    "masked_benchmark": ({}, [30, 20, 10, (None, MASKED)], {
        "median": [20] * 4, "benchmark": [None] * 4, "benchmark_ratio": [None] * 4}),
    "bounded_benchmark": ({}, [30, 20, 10, (40, LOWER)], {
        "leader": [30] * 4, "median": [20] * 4, "to_leader": [0, -10, -20, 10],
        "benchmark": [None] * 4, "to_benchmark": [None] * 4}),
    "zeros": ({}, [6, 0, 0, 0], {
        "to_leader": [0, -6, -6, -6], "leader_ratio": [1, 0, 0, 0], "median": [0] * 4,
        "median_ratio": [None] * 4, "to_benchmark": [6, 0, 0, 0], "benchmark_ratio": [None] * 4}),
    "negative": ({}, [30, 20, -10, 10], {
        "to_leader": [0, -10, -40, -20], "leader_ratio": [1, 2 / 3, None, 1 / 3],
        "median": [15] * 4, "median_ratio": [2, 4 / 3, None, 2 / 3],
        "benchmark_ratio": [3, 2, None, 1]}),
}  # fmt: skip


@cache
def distance_metrics() -> pl.DataFrame:
    rows = [row for name, (_, cells, _) in FIELDS.items() for row in district_rows(name, cells)]
    indicator_rows = [{"id": name} | field[0] for name, field in FIELDS.items()]
    return metric_table(
        observations(rows), targets([]), districts(4), indicators(*indicator_rows), Checkpoint(2025, 6),
        basis=Basis(benchmark=code(4)),
    )  # fmt: skip


@pytest.mark.parametrize("name", FIELDS)
def test_distances_to_leader_median_and_benchmark(name: str) -> None:
    *_, expected = FIELDS[name]

    result = {c: column(distance_metrics(), name, c, 4) for c in expected}

    for key, values in expected.items():
        numbers = key != "leader_district"
        assert result[key] == (close(values) if numbers else values), key


def test_a_city_has_a_benchmark_and_no_peers() -> None:
    city_row = metric_row(distance_metrics(), "plain", CITY)

    assert (city_row["value"], city_row["to_benchmark"]) == (80, 70)
    assert (city_row["leader"], city_row["to_leader"], city_row["median"]) == (None, None, None)


# Totals over levels and over districts


def parts(district: str = code(1), **levels: Cell) -> list[dict[str, Any]]:
    """Return figures of a district by programme level; ``total`` is its total over levels."""
    names = {"nation": "国家", "province": "省", "city": "市", "total": ""}
    return [figure_row(FUNDS, c, district, 2025, level=names[n]) for n, c in levels.items()]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (parts(nation=100, province=50), (150, "reported", "各级合计")),
        (parts(nation=100, province=50, city=9), (150, "reported", "各级合计")),
        (parts(nation=100, province=0), (100, "reported", "各级合计")),
        (parts(nation=100, province=(None, NOT_APPLICABLE)), (100, "reported", "各级合计")),
        (parts(nation=100), None),
        (parts(nation=100, city=9), None),
        (parts(nation=100, province=None), None),
        (parts(nation=100, province=(None, MASKED)), None),
        (parts(nation=100, province=(50, {"break_id": "b"})), None),
        (parts(nation=(100, LOWER), province=(50, {"bound": "less_than"})), None),
        (parts(nation=100, province=50, total=None), (150, "reported", "各级合计")),
        (parts(nation=100, province=50, total=160), (160, "reported", None)),
        (parts(nation=100, province=50, total=0), (0, "reported", None)),
        (parts(nation=100, province=50, total=(None, MASKED)), (None, "masked", None)),
        (
            parts(nation=100, province=50, total=(None, NOT_APPLICABLE)),
            (None, "not_applicable", None),
        ),
    ],
)
def test_the_levels_declared_sum_to_a_total_that_nobody_reported(
    rows: list[dict[str, Any]], expected: tuple[Any, ...] | None
) -> None:
    figures = totals(observations(rows).lazy(), districts(), registry()).collect()

    total_rows = figures.filter(district=code(1), level="")
    assert total_rows.height == (expected is not None)
    if expected:
        row = total_rows.row(0, named=True)
        assert (row["value"], row["status"]) == expected[:2]
        assert row["source"].startswith(expected[2] or "figures.csv")


def test_levels_of_an_indicator_that_declares_none_are_not_summed() -> None:
    rows = [observation(COUNT, 5.0, level="国家"), observation(COUNT, 6.0, level="省")]

    figures = totals(observations(rows).lazy(), districts(), registry()).collect()

    assert figures.height == 2


BY_DISTRICT = [
    *parts(code(1), nation=100, province=50),
    *parts(code(2), nation=200, province=60),
    *parts(code(3), nation=0, province=40),
]


@pytest.mark.parametrize(
    ("city", "expected"),
    [
        ([], {"国家": 300, "省": 150, "": 450}),
        (parts(CITY, nation=400, province=200), {"国家": 400, "省": 200, "": 600}),
        (parts(CITY, total=500), {"国家": 300, "省": 150, "": 500}),
        (parts(CITY, total=(None, MASKED)), {"国家": 300, "省": 150, "": None}),
    ],
)
def test_a_total_by_levels_and_by_districts_is_one_row(
    city: list[dict[str, Any]], expected: dict[str, float | None]
) -> None:
    rows = observations([*BY_DISTRICT, *city])

    figures = totals(rows.lazy(), districts(), registry()).collect()

    city_rows = figures.filter(district=CITY).select("level", "value").rows()
    assert len(city_rows) == 3
    assert dict(city_rows) == expected
    assert figures.select(pl.struct("district", "level").is_duplicated().any()).item() is False


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, {"900000": 100, "900100": 30, "900200": 70}),
        ({"900200": 80}, {"900000": 110, "900100": 30, "900200": 80}),
        ({"900000": 120}, {"900000": 120, "900100": 30, "900200": 70}),
        ({"900201": None}, {"900000": None, "900100": 30, "900200": None}),
        ({"900201": None, "900200": 75}, {"900000": 105, "900100": 30, "900200": 75}),
        ({"900200": (None, MASKED)}, {"900000": None, "900100": 30, "900200": None}),
        ({"900201": (None, NOT_APPLICABLE)}, {"900000": 60, "900100": 30, "900200": 30}),
    ],
)
def test_totals_of_totals_are_summed_from_below(
    changed: dict[str, Cell], expected: dict[str, float | None]
) -> None:
    units = districts(
        2,
        {"code": "900000", "name": "某国", "kind": "total", "parent": None},
        {"code": CITY, "parent": "900000"},
        {"code": "900200", "name": "乙市", "kind": "total", "parent": "900000"},
        {"code": "900201", "parent": "900200"},
        {"code": "900202", "parent": "900200"},
    )
    figures: dict[str, Cell] = {code(1): 10, code(2): 20, "900201": 40, "900202": 30}
    rows = [figure_row(COUNT, cell, d, 2025) for d, cell in (figures | changed).items()]

    result = totals(observations(rows).lazy(), units, registry()).collect()

    values = dict(result.select("district", "value").rows())
    assert result.height == len(values)
    assert {d: values.get(d) for d in expected} == expected


# Rank change

CHANGES: dict[str, tuple[dict[str, Any], list[Cell], list[Cell], list[Any]]] = {
    "same": ({}, [9, 8, 7, 6], [6, 8, 9, 7], [-3, 0, 2, 1]),
    "ties": ({}, [9, 9, 7, 6], [9, 8, 8, 8], [0, -1, 1, 2]),
    "one_for_another": ({}, [9, 8, 7, None], [9, 8, None, 7], [None] * 4),
    "one_left_out_both_times": ({}, [9, 8, 7, None], [7, 8, 9, None], [-2, 0, 2, None]),
    "masked_now": ({}, [9, 8, 7, 6], [9, 8, 7, (None, MASKED)], [None] * 4),
    "lowest_first": ({"direction": "down"}, [9, 8, 7, 6], [6, 8, 9, 7], [3, 0, -2, -1]),
    "unranked": ({"direction": "none"}, [9, 8, 7, 6], [6, 8, 9, 7], [None] * 4),
    "final_now": ({}, [9, 8, 7, 6], [(6, FINAL), (8, FINAL), (9, FINAL), (7, FINAL)],
                  [-3, 0, 2, 1]),
}  # fmt: skip


@cache
def rank_change_metrics() -> pl.DataFrame:
    rows = []
    for name, (_, before, now, _) in CHANGES.items():
        rows += district_rows(name, before, year=2024) + district_rows(name, now)
    indicator_rows = [{"id": name} | change[0] for name, change in CHANGES.items()]
    return metrics(rows, units=districts(4), known=indicators(*indicator_rows))


@pytest.mark.parametrize("name", CHANGES)
def test_ranks_gained_or_lost_among_the_same_members(name: str) -> None:
    *_, expected = CHANGES[name]

    assert column(rank_change_metrics(), name, "rank_change", 4) == expected


def test_a_district_that_succeeds_another_makes_other_members() -> None:
    units = districts(
        3,
        {"code": code(2), "valid_to": day("2024-12-31"), "successor": code(3)},
        {"code": code(3), "valid_from": day("2025-01-01")},
    )
    rows = [
        figure_row(PERCENT, 2.1, code(1), 2024),
        figure_row(PERCENT, 2.5, code(2), 2024),
        figure_row(PERCENT, 2.7, code(1), 2025),
        figure_row(PERCENT, 2.6, code(3), 2025),
    ]

    table = metrics(rows, units=units)

    assert [metric_row(table, PERCENT, code(n))["rank"] for n in (1, 3)] == [1, 2]
    assert [metric_row(table, PERCENT, code(n))["rank_change"] for n in (1, 3)] == [None, None]
