"""The comparison rules of definitions §11: faults, near misses, and one finding per fault."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kejistats.intake.comparisons.compare import compare
from kejistats.model.settings import Checks
from tests.factory import (
    CITY,
    DISTRICT,
    code,
    day,
    districts,
    indicators,
    observation,
    registry,
    target,
)
from tests.factory import observations as observation_table
from tests.factory import targets as target_table

Row = dict[str, Any]
PRINTED = ("printed_attainment", "printed_share", "printed_rank")
TEXTS = ("_growth_text", "_attainment_text", "_share_text")
TODAY = day("2025-08-01")
DISTRICTS = range(1, 9)


def fresh_table(rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Accepted rows of an intake, numbered in the given order unless a row has a number ``_n``."""
    given_rows = list(rows)
    frame = observation_table(
        [{k: v for k, v in row.items() if k not in (*PRINTED, *TEXTS, "_n")} for row in given_rows]
        # The table refuses two rows with one key and intake id, so duplicates get different ids.
        if len({key(row) for row in given_rows}) == len(given_rows)
        else [
            {k: v for k, v in row.items() if k not in (*PRINTED, *TEXTS, "_n")}
            | {"intake_id": f"{n:06d}-00000000"}
            for n, row in enumerate(given_rows, 1)
        ]
    ).drop("intake_id")
    more = {name: [row.get(name) for row in given_rows] for name in (*PRINTED, *TEXTS)}
    types = dict.fromkeys(PRINTED, pl.Float64()) | dict.fromkeys(TEXTS, pl.String())
    numbers = [row.get("_n", n) for n, row in enumerate(given_rows)]
    extra = pl.DataFrame(more, schema=types).with_columns(_n=pl.Series(numbers, dtype=pl.Int64))
    return pl.concat([frame, extra], how="horizontal")


def key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """The key of a figure."""
    return tuple(row[c] for c in ("district", "indicator", "level", "year", "month"))


def findings_of(
    fresh: Iterable[Mapping[str, Any]],
    stored: Iterable[Mapping[str, Any]] = (),
    targets: Iterable[Mapping[str, Any]] = (),
    district_table: pl.DataFrame | None = None,
    indicator_table: pl.DataFrame | None = None,
    today: str = "2025-08-01",
    shuffle: int | None = None,
) -> list[tuple[str, str, Row]]:
    """Rule, column and row of each finding; the row includes the texts wrong and right."""
    rows = list(fresh)
    table, stored_rows = fresh_table(rows), list(stored)
    before = observation_table(stored_rows) if stored_rows else observation_table([rows[0]]).clear()
    if shuffle is not None:
        table = table.sample(fraction=1, shuffle=True, seed=shuffle)
        before = before.sample(fraction=1, shuffle=True, seed=shuffle)
    result = compare(
        table,
        before,
        target_table(targets),
        districts(len(DISTRICTS)) if district_table is None else district_table,
        registry() if indicator_table is None else indicator_table,
        Checks(),
        "全市",
        day(today),
    )
    by_number = {row.get("_n", n): row for n, row in enumerate(rows)}
    return [
        (f["rule"], f["column"], by_number[f["_n"]] | {"wrong": f["wrong"], "right": f["right"]})
        for f in result.iter_rows(named=True)
    ]


def rules(*args: Any, **more: Any) -> list[str]:
    """The rule of each finding."""
    return [rule for rule, _, _ in findings_of(*args, **more)]


# The figures of one district: what is reported, and what is not.


def yearly_series(indicator: str, *values: float, month: int = 6, last: int = 2025) -> list[Row]:
    """Figures of a district in the same month of successive years, up to the year `last`."""
    first = last - len(values) + 1
    return [observation(indicator, v, first + n, month) for n, v in enumerate(values)]


def masked(text: str, indicator: str = "hnte_applied") -> Row:
    return observation(indicator, None, status="masked", reported=text)


SINGLE_DISTRICT: list[tuple[str, list[Row], list[Row], list[str]]] = [
    ("20xx多 masks a quantity as a year", [masked("20xx多")], [], ["over_masked"]),
    ("20××余家 does so too", [masked("２０××余家")], [], ["over_masked"]),
    ("xx is an ordinary mask", [masked("xx家")], [], []),
    ("21xx is no year", [masked("21xx多")], [], []),
    ("a note that reads 20xx多 beside a figure", [observation("hnte_applied", 5.0, note="20xx多")],
     [], []),
    ("published before the checkpoint ends",
     [observation("hnte_applied", 5.0, published=day("2025-06-29"))], [], ["before_release"]),
    ("published in the month after, as the registry allows",
     [observation("hnte_applied", 5.0, published=day("2025-07-01"))], [], []),
    ("yearly figures exist from July on",
     [observation("rd_fte", 5.0, 2024, 12, published=day("2025-06-30"))], [], ["before_release"]),
    ("in July they do",
     [observation("rd_fte", 5.0, 2024, 12, published=day("2025-07-01"))], [], []),
    ("a checkpoint in the future", [observation("hnte_applied", 5.0, 2025, 12)], [],
     ["before_release"]),
    ("a forecast may come early",
     [observation("hnte_applied", 5.0, 2025, 12, grade="forecast")], [], []),
    ("a blank is no figure", [observation("hnte_applied", None, 2025, 12)], [], []),
    ("万元 written as 亿元", yearly_series("contracts_value", 186000.0), yearly_series(
        "contracts_value", 16.5, last=2024), ["unit_slip"]),
    ("亿元 written as 万元", yearly_series("proj_funds_won", 0.21), yearly_series(
        "proj_funds_won", 1900.0, last=2024), ["unit_slip"]),
    ("the year before last is compared too", yearly_series("contracts_value", 186000.0), yearly_series(
        "contracts_value", 16.5, last=2023), ["unit_slip"]),
    ("within a factor of three of 10⁴", yearly_series("contracts_value", 56000.0), yearly_series(
        "contracts_value", 16.5, last=2024), ["unit_slip"]),
    ("a thousandfold is no slip of units", yearly_series("contracts_value", 16500.0), yearly_series(
        "contracts_value", 16.5, last=2024), []),
    ("a count has no 亿元", yearly_series("patent_granted", 160000.0), yearly_series(
        "patent_granted", 16.0, last=2024), []),
    ("a zero base has no ratio", yearly_series("contracts_value", 186000.0), yearly_series(
        "contracts_value", 0.0, last=2024), []),
    ("one slip among correct years is reported, not the years beside it",
     yearly_series("contracts_value", 14.0, 15.0, 160000.0, 17.0, 18.0), [], ["unit_slip"]),
    ("a slip in the first of several years",
     yearly_series("contracts_value", 140000.0, 15.0, 16.0, 17.0), [], ["unit_slip"]),
    ("a new definition is not compared",
     [observation("contracts_value", 186000.0, break_id="新口径")],
     yearly_series("contracts_value", 16.5, last=2024), []),
    ("0.123 printed for 12.3 %",
     [observation("patent_granted", 1123.0, published_growth=0.123)],
     yearly_series("patent_granted", 1000.0, last=2024), ["percent_slip"]),
    ("1230 printed for 12.3 %",
     [observation("patent_granted", 1123.0, published_growth=1230.0)],
     yearly_series("patent_granted", 1000.0, last=2024), ["percent_slip"]),
    ("12.3 printed", [observation("patent_granted", 1123.0, published_growth=12.3)],
     yearly_series("patent_granted", 1000.0, last=2024), []),
    ("a factor of thirty is a plain contradiction",
     [observation("patent_granted", 1123.0, published_growth=0.4)],
     yearly_series("patent_granted", 1000.0, last=2024), ["growth_differs"]),
    ("growth in points", [observation("rd_intensity", 2.75, 2024, 12, published_growth=0.10)],
     [observation("rd_intensity", 2.65, 2023, 12)], []),
    ("growth in points that differs",
     [observation("rd_intensity", 2.75, 2024, 12, published_growth=0.20)],
     [observation("rd_intensity", 2.65, 2023, 12)], ["growth_differs"]),
    ("growth beyond what rounding allows",
     [observation("contracts_value", 18.6, published_growth=14.2)],
     yearly_series("contracts_value", 16.5, last=2024), ["growth_differs"]),
    ("growth within what rounding allows: 18.6 may be 18.649",
     [observation("contracts_value", 18.6, published_growth=13.3)],
     yearly_series("contracts_value", 16.5, last=2024), []),
    ("with two decimals it is not",
     [observation("contracts_value", 18.6, published_growth=13.3, reported="18.60")],
     [observation("contracts_value", 16.5, 2024, reported="16.50")], ["growth_differs"]),
    ("a printed 13 may be 12.7", [observation("contracts_value", 18.6, published_growth=13.0,
     _growth_text="13%", reported="18.60")],
     [observation("contracts_value", 16.5, 2024, reported="16.50")], []),
    ("可比价 growth need not follow",
     [observation("contracts_value", 18.6, published_growth=9.0, growth_basis="可比价")],
     yearly_series("contracts_value", 16.5, last=2024), []),
    ("名义 growth must",
     [observation("contracts_value", 18.6, published_growth=9.0, growth_basis="名义")],
     yearly_series("contracts_value", 16.5, last=2024), ["growth_differs"]),
    ("no growth over zero", [observation("patent_granted", 12.0, published_growth=50.0)],
     yearly_series("patent_granted", 0.0, last=2024), []),
    ("no growth over a weaker grade",
     [observation("patent_granted", 120.0, published_growth=50.0, grade="final")],
     yearly_series("patent_granted", 100.0, last=2024), []),
    ("an approximate figure is not compared",
     [observation("patent_granted", 120.0, published_growth=50.0, bound="about")],
     yearly_series("patent_granted", 100.0, last=2024), []),
    ("a masked base is not compared",
     [observation("patent_granted", 120.0, published_growth=50.0)],
     [observation("patent_granted", None, 2024, status="masked")], []),
    ("a sum below that of March", [observation("patent_granted", 80.0)],
     [observation("patent_granted", 90.0, 2025, 3)], ["cumulative_below"]),
    ("last year's sum does not count", [observation("patent_granted", 80.0, 2025, 3)],
     [observation("patent_granted", 90.0, 2024, 12)], []),
    ("a stock may fall", [observation("hnte_total", 80.0)],
     [observation("hnte_total", 90.0, 2025, 3)], []),
    ("an earlier sum corrected beyond a later one", [observation("patent_granted", 120.0, 2025, 3)],
     [observation("patent_granted", 110.0)], ["cumulative_below"]),
    ("rounding may hide a rise", [observation("contracts_value", 3.19)],
     [observation("contracts_value", 3.2, 2025, 3)], []),
    ("a masked month stands between", [observation("patent_granted", 80.0)],
     [observation("patent_granted", 70.0, 2025, 3),
      observation("patent_granted", None, 2025, 5, status="masked")], []),
    ("a flow that stands still", [observation("patent_granted", 90.0)],
     [observation("patent_granted", 90.0, 2025, 3)], ["unchanged"]),
    ("a stock that stands still", [observation("hnte_total", 90.0)],
     [observation("hnte_total", 90.0, 2024, 12)], ["unchanged"]),
    ("of nine, no change is nothing", [observation("hnte_total", 9.0)],
     [observation("hnte_total", 9.0, 2024, 12)], []),
    ("after more than a year", [observation("hnte_total", 90.0)],
     [observation("hnte_total", 90.0, 2024, 5)], []),
    ("a stock that hardly moves may stand still", [observation("platform_total", 18.0)],
     [observation("platform_total", v, y, m) for v, y, m in (
         (17.0, 2023, 6), (17.0, 2023, 12), (18.0, 2024, 6), (18.0, 2024, 12))], []),
    ("a ratio may stand still", [observation("hv_invention_per_10k", 12.5)],
     [observation("hv_invention_per_10k", 12.5, 2024, 12)], []),
    ("ten of one month may be ten of the next", [observation("patent_granted", 11.0, 2025, 7)],
     [observation("patent_granted", 11.0)], []),
    ("a level above its total",
     [observation("proj_funds_won", 900.0), observation("proj_funds_won", 950.0, level="国家")],
     [], ["part_over_whole"]),
    ("levels above their total",
     [observation("proj_funds_won", 900.0), observation("proj_funds_won", 800.0, level="国家"),
      observation("proj_funds_won", 200.0, level="省")], [], ["parts_differ"]),
    ("two of four levels below it may lack the others",
     [observation("proj_funds_won", 900.0), observation("proj_funds_won", 600.0, level="国家"),
      observation("proj_funds_won", 200.0, level="省")], [], []),
    ("unless the two were always all",
     [observation("proj_funds_won", 900.0), observation("proj_funds_won", 600.0, level="国家"),
      observation("proj_funds_won", 200.0, level="省")],
     [observation("proj_funds_won", v, y, level=level) for y in (2023, 2024)
      for v, level in ((700.0, ""), (600.0, "国家"), (100.0, "省"))], ["parts_differ"]),
    ("a masked level leaves the sum open",
     [observation("proj_funds_won", 900.0), observation("proj_funds_won", 700.0, level="国家"),
      observation("proj_funds_won", None, level="省", status="masked")], [], []),
    ("kinds that differ from their whole by more than 2 %",
     [observation(i, v, 2023, 12) for i, v in (("rd_expenditure", 100.0), ("rd_basic", 6.0),
      ("rd_applied", 11.0), ("rd_experimental", 80.0))], [], ["parts_differ"]),
    ("by less",
     [observation(i, v, 2023, 12) for i, v in (("rd_expenditure", 100.0), ("rd_basic", 6.0),
      ("rd_applied", 12.0), ("rd_experimental", 81.0))], [], []),
    ("one kind is absent",
     [observation(i, v, 2023, 12) for i, v in (("rd_expenditure", 100.0), ("rd_basic", 6.0),
      ("rd_applied", 12.0))], [], []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("fresh", "stored", "expected"),
    [c[1:] for c in SINGLE_DISTRICT],
    ids=[c[0] for c in SINGLE_DISTRICT],
)
def test_a_district_alone(fresh: list[Row], stored: list[Row], expected: list[str]) -> None:
    assert rules(fresh, stored) == expected


@pytest.mark.parametrize(
    ("fresh", "stored", "expected"),
    [
        # The other figures rise without the first one, so the later one is not at fault.
        ([10.0, 90.0, 30.0, 40.0], [], 90.0),
        ([10.0, 20.0, 3.0, 40.0], [], 3.0),
        ([120.0], [100.0], None),
    ],
)
def test_of_falling_cumulative_figures_the_outlier_is_reported(
    fresh: list[float], stored: list[float], expected: float | None
) -> None:
    new = [observation("patent_granted", v, 2025, m) for m, v in enumerate(fresh, 1)]
    old = [observation("patent_granted", v, 2024, m) for m, v in enumerate(stored, 1)]
    reported = [
        row["value"] for rule, _, row in findings_of(new, old) if rule == "cumulative_below"
    ]
    assert reported == ([] if expected is None else [expected])


def test_several_unit_slips_among_correct_years_are_each_reported() -> None:
    rows = yearly_series("contracts_value", 14.0, 15.0, 16.0, 170000.0, 180000.0)
    assert [row["value"] for _, _, row in findings_of(rows)] == [170000.0, 180000.0]


# Printed completion rate, share and rank.

TARGETS = [target("contracts_value", "total", 40.0), target("hnte_total", "level", 200.0)]
PEERS = [
    observation("contracts_value", v, district=code(n))
    for n, v in zip(DISTRICTS, (18.6, 30.2, 25.4, 9.1, 7.7, 6.5, 18.6, 2.0), strict=True)
]
CITY_FIGURE = observation("contracts_value", 118.1, district=CITY)


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ({"printed_attainment": 46.5}, []),
        ({"printed_attainment": 46.6, "_attainment_text": "46.6%"}, []),  # 18.649 / 40
        ({"printed_attainment": 47.0, "_attainment_text": "47%"}, []),
        ({"printed_attainment": 47.3}, ["printed_attainment"]),
        ({"printed_share": 15.7}, []),
        ({"printed_share": 16.0, "_share_text": "16"}, []),
        ({"printed_share": 16.2}, ["printed_share"]),
        ({"printed_rank": 3.0}, []),
        ({"printed_rank": 4.0}, []),  # tied rounded amounts may differ in more digits
        ({"printed_rank": 5.0}, ["printed_rank"]),
        ({"printed_rank": 2.0}, ["printed_rank"]),
    ],
)
def test_printed_results_must_agree_with_the_figures(printed: Row, expected: list[str]) -> None:
    rows = [PEERS[0] | printed, *PEERS[1:], CITY_FIGURE]
    assert [column for _, column, _ in findings_of(rows, targets=TARGETS)] == expected


@pytest.mark.parametrize(
    "rows",
    [
        [PEERS[0] | {"printed_rank": 5.0}, *PEERS[1:7]],
        [PEERS[0] | {"printed_share": 50.0}, *PEERS[1:]],
        [observation("hnte_total", 150.0, printed_attainment=10.0)],
        [observation("hnte_applied", 150.0, printed_attainment=10.0)],
        [observation("contracts_value", 18.6, printed_attainment=10.0, bound="at_least")],
    ],
    ids=["a peer is late", "no city", "a level target", "no target", "at least"],
)
def test_printed_results_that_cannot_be_computed_are_not_compared(rows: list[Row]) -> None:
    assert rules(rows, targets=TARGETS) == []


def test_equal_counts_share_their_rank() -> None:
    values = (5.0, 7.0, 7.0, 9.0, 4.0, 3.0, 2.0, 1.0)
    rows = [
        observation("patent_granted", v, district=code(n))
        for n, v in zip(DISTRICTS, values, strict=True)
    ]
    rows[1]["printed_rank"], rows[2]["printed_rank"] = 2.0, 3.0
    assert [row["district"] for _, _, row in findings_of(rows)] == [code(3)]


def test_one_misplaced_district_is_reported_not_those_it_shifts() -> None:
    ranks = (2.0, 1.0, 4.0, 5.0, 6.0, 7.0, 3.0, 8.0)  # the seventh district claims rank 3
    values = (25.0, 30.0, 20.0, 18.0, 15.0, 12.0, 2.0, 1.0)
    rows = [
        observation("contracts_value", v, district=code(n), printed_rank=p)
        for n, v, p in zip(DISTRICTS, values, ranks, strict=True)
    ]
    assert [row["district"] for _, _, row in findings_of(rows)] == [code(7)]


def test_a_wrong_city_figure_is_reported_once_where_most_shares_contradict_it() -> None:
    rows = [row | {"printed_share": round(row["value"] / 118.1 * 100, 1)} for row in PEERS]
    [(rule, column, row)] = findings_of(
        [*rows, CITY_FIGURE | {"value": 181.1, "reported": "181.1"}]
    )
    assert (rule, column, row["district"]) == ("share_differs", "value", CITY)


# Jumps among peers.


def with_growth(
    *factors: float, base: float = 1000.0, indicator: str = "patent_granted"
) -> list[Row]:
    return [
        observation(indicator, base * factor, year, district=code(n))
        for n, now in enumerate(factors, 1)
        for year, factor in ((2024, 1.0), (2025, now))
    ]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (with_growth(1.02, 1.05, 1.1, 1.0, 1.04, 1.03, 1.06, 4.0), [code(8)]),
        (with_growth(1.02, 1.05, 1.1, 1.0, 1.04, 1.03, 1.06, 0.2), [code(8)]),
        (with_growth(1.02, 1.05, 1.1, 1.0, 1.04, 1.03, 1.06, 1.9), []),
        (with_growth(3.0, 3.1, 2.9, 3.2, 3.0, 3.1, 2.8, 3.3), []),
        (with_growth(0.3, 0.2, 1.0, 2.0, 5.0, 3.0, 0.5, 4.0), []),
        (with_growth(1.02, 1.05, 1.1, 1.0, 4.0), []),
        (with_growth(1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 3.0, base=3.0), []),
        (with_growth(1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 4.0, base=3.0), []),
        (with_growth(1.0, 1.1, 1.0, 1.1, 1.0, 1.1, 1.0, 9.0, indicator="hitech_va_growth"), []),
    ],
    ids=[
        "up", "down", "under twice", "all alike", "scattered", "few peers", "under ten",
        "chance", "rates cross zero",
    ],
)  # fmt: skip
def test_a_jump_is_far_from_the_peers(rows: list[Row], expected: list[str]) -> None:
    assert [row["district"] for rule, _, row in findings_of(rows) if rule == "jump"] == expected


def test_back_to_normal_is_no_second_jump() -> None:
    rows = [
        observation("patent_granted", 1000.0 + n + year % 10, year, district=code(n))
        for n in DISTRICTS
        for year in (2023, 2024, 2025)
    ]
    rows[1] |= {"value": 9000.0, "reported": "9000"}
    assert [(rule, row["year"]) for rule, _, row in findings_of(rows)] == [("jump", 2024)]


# A whole city: clean, then with one fault.

AMOUNT, COUNT, STOCK, FUNDS, LOPSIDED = (
    "contracts_value", "patent_granted", "hnte_total", "proj_funds_won", "incubated_firms",
)  # fmt: skip
CITY_TARGETS = [target(AMOUNT, "total", 50.0, district=code(n)) for n in DISTRICTS]
CHECKPOINTS = ((2023, 6), (2023, 12), (2024, 6), (2024, 12), (2025, 3), (2025, 6))


def figure(indicator: str, n: int, year: int, month: int) -> float:
    growth = 1.04 + n / 200
    factor = growth ** (year - 2023 + month / 24)
    if indicator == AMOUNT:
        return round((5 + 3 * n) * factor * month / 12, 2)
    if indicator == COUNT:
        return float(round((300 + 70 * n) * factor * month / 12))
    if indicator == STOCK:
        return float(round((100 + 37 * n) * factor))
    if indicator == FUNDS:
        return float(round(900 * n * factor * month / 12))
    return float(round((400 if n == 1 else 4) * factor))


def city() -> tuple[list[Row], list[Row]]:
    """Received figures of 2025H1 with all printed results, and the stored figures before."""
    rows: list[Row] = []
    for indicator in (AMOUNT, COUNT, STOCK, FUNDS, LOPSIDED):
        for year, month in CHECKPOINTS:
            values = {code(n): figure(indicator, n, year, month) for n in DISTRICTS}
            values[CITY] = round(sum(values.values()), 2)
            national_of = {c: float(round(v * 0.6)) for c, v in values.items() if c != CITY}
            national_of[CITY] = sum(national_of.values())
            for district, value in values.items():
                rows.append(observation(indicator, value, year, month, district=district))
                if indicator == FUNDS:
                    national = national_of[district]
                    for level, part in (("国家", national), ("省", value - national)):
                        rows.append(
                            observation(
                                indicator, part, year, month, district=district, level=level
                            )
                        )
    stored = [row for row in rows if (row["year"], row["month"]) != (2025, 6)]
    fresh = [row for row in rows if (row["year"], row["month"]) == (2025, 6)]
    at = {key(row): row["value"] for row in rows}
    amounts = sorted((row["value"] for row in fresh if row["indicator"] == AMOUNT), reverse=True)
    for row in fresh:
        if row["indicator"] == AMOUNT and row["district"] != CITY:
            base = at[(row["district"], AMOUNT, "", 2024, 6)]
            row["published_growth"] = round((row["value"] / base - 1) * 100, 1)
            row["printed_attainment"] = round(row["value"] / 50 * 100, 1)
            row["printed_share"] = round(row["value"] / amounts[0] * 100, 1)
            row["printed_rank"] = float(amounts.index(row["value"]))
    return fresh, stored


def find_row(fresh: list[Row], indicator: str, district: str = code(4), level: str = "") -> Row:
    return next(r for r in fresh if key(r)[:3] == (district, indicator, level))


def set_value(row: Row, value: float) -> Row:
    row |= {"value": value, "reported": str(value)}
    return row


def scale(factor: float) -> Callable[[Row], Any]:
    return lambda row: set_value(row, round(row["value"] * factor, 2))


def set_columns(**columns: Any) -> Callable[[Row], Any]:
    return lambda row: row.update(columns)


def add_to(column: str, much: float) -> Callable[[Row], Any]:
    return lambda row: row.update({column: row[column] + much})


FAULTS: list[tuple[str, str, tuple[str, str, str], Callable[[Row], Any]]] = [
    ("over_masked", "value", (STOCK, code(4), ""),
     set_columns(value=None, status="masked", reported="20xx多家")),
    ("before_release", "published", (COUNT, code(4), ""), set_columns(published=day("2025-05-10"))),
    ("unit_slip", "value", (AMOUNT, code(4), ""), scale(1e4)),
    ("unit_slip", "value", (FUNDS, CITY, ""), scale(1e-4)),
    ("percent_slip", "published_growth", (AMOUNT, code(4), ""),
     lambda row: row.update(published_growth=round(row["published_growth"] / 100, 3))),
    ("jump", "value", (COUNT, code(4), ""), scale(10)),
    ("jump", "value", (FUNDS, code(4), "国家"), scale(8)),
    ("jump", "value", (AMOUNT, code(4), ""), scale(0.1)),
    ("cumulative_below", "value", (COUNT, code(8), ""), scale(0.49)),
    ("unchanged", "value", (STOCK, code(4), ""),
     lambda row: set_value(row, figure(STOCK, 4, 2025, 3))),
    ("growth_differs", "published_growth", (AMOUNT, code(4), ""), add_to("published_growth", 3.0)),
    ("growth_differs", "published_growth", (AMOUNT, code(4), ""), scale(1.06)),
    ("attainment_differs", "printed_attainment", (AMOUNT, code(4), ""),
     add_to("printed_attainment", 4.0)),
    ("share_differs", "printed_share", (AMOUNT, code(4), ""), add_to("printed_share", 1.0)),
    ("share_differs", "value", (AMOUNT, CITY, ""), scale(1.1)),
    ("rank_differs", "printed_rank", (AMOUNT, code(4), ""), add_to("printed_rank", 1.0)),
    ("part_over_whole", "value", (FUNDS, code(4), "国家"), scale(1.8)),
    ("parts_differ", "value", (FUNDS, code(4), ""), scale(1.06)),
    ("share_over_100", "value", (LOPSIDED, code(1), ""), scale(1.2)),
    ("districts_differ", "value", (STOCK, CITY, ""), scale(1.01)),
    ("districts_differ", "value", (COUNT, CITY, ""), scale(0.95)),
]  # fmt: skip


def test_a_clean_city_has_no_finding() -> None:
    fresh, stored = city()
    assert findings_of(fresh, stored, CITY_TARGETS) == []


def test_a_clean_city_ingested_at_once_has_no_finding() -> None:
    fresh, stored = city()
    assert findings_of([*fresh, *stored], (), CITY_TARGETS) == []


@pytest.mark.parametrize(
    ("rule", "column", "at", "plant"), FAULTS, ids=[f"{f[0]}-{'-'.join(f[2])}" for f in FAULTS]
)
def test_one_fault_gives_one_finding_at_its_cell(
    rule: str, column: str, at: tuple[str, str, str], plant: Callable[[Row], Any]
) -> None:
    fresh, stored = city()
    indicator, district, level = at
    plant(find_row(fresh, indicator, district, level))
    reported = [(r, c, *key(row)[:3]) for r, c, row in findings_of(fresh, stored, CITY_TARGETS)]
    assert reported == [(rule, column, district, indicator, level)]


@pytest.mark.parametrize(
    ("rule", "column", "at", "plant"), FAULTS, ids=[f"{f[0]}-{'-'.join(f[2])}" for f in FAULTS]
)
def test_a_correction_in_the_same_intake_removes_the_finding(
    rule: str, column: str, at: tuple[str, str, str], plant: Callable[[Row], Any]
) -> None:
    fresh, stored = city()
    row = find_row(fresh, *at)
    original = dict(row)
    plant(row)
    assert findings_of([*fresh, original], stored, CITY_TARGETS) == []


def test_several_faults_are_found_in_any_order_of_the_rows() -> None:
    fresh, stored = city()
    for district, (indicator, plant) in zip(
        (code(2), code(3), code(4), CITY),
        ((COUNT, scale(10)), (AMOUNT, scale(1e4)), (FUNDS, scale(1.06)), (STOCK, scale(1.01))),
        strict=True,
    ):
        plant(find_row(fresh, indicator, district))
    reported = findings_of(fresh, stored, CITY_TARGETS)
    assert sorted(rule for rule, _, _ in reported) == [
        "districts_differ", "jump", "parts_differ", "unit_slip",
    ]  # fmt: skip
    for seed in range(3):
        assert findings_of(fresh, stored, CITY_TARGETS, shuffle=seed) == reported


@pytest.mark.parametrize("status", ["masked", "missing", "not_applicable"])
def test_a_figure_without_a_value_is_never_compared(status: str) -> None:
    fresh, stored = city()
    for row in fresh:
        if row["district"] == code(4):
            row |= {"value": None, "status": status, "reported": ""}
    reported = {row["district"] for _, _, row in findings_of(fresh, stored, CITY_TARGETS)}
    # 无 counts as covered, so the sum is compared with the city's figure and falls short of it.
    assert reported == ({CITY} if status == "not_applicable" else set())


def test_a_figure_that_does_not_apply_counts_as_covered() -> None:
    rows = [observation("hnte_total", 50.0, district=code(n)) for n in range(1, 8)]
    none = observation("hnte_total", None, district=code(8), status="not_applicable")
    assert rules([*rows, none, observation("hnte_total", 350.0, district=CITY)]) == []
    wrong = observation("hnte_total", 360.0, district=CITY)
    assert rules([*rows, none, wrong]) == ["districts_differ"]
    assert rules([*rows, wrong]) == []


def test_zones_are_never_summed_and_never_above_the_city() -> None:
    zone = {"code": "900151", "kind": "zone", "contained_in": DISTRICT}
    units = districts(8, zone)
    rows = [observation("hnte_total", 50.0, district=code(n)) for n in DISTRICTS]
    rows += [
        observation("hnte_total", 400.0, district=CITY),
        observation("hnte_total", 450.0, district="900151"),
    ]
    assert rules(rows, district_table=units) == []


def test_a_dissolved_district_is_not_expected() -> None:
    units = districts(8, {"code": code(8), "valid_to": day("2024-12-31")})
    rows = [observation("hnte_total", 50.0, district=code(n)) for n in range(1, 8)]
    rows.append(observation("hnte_total", 400.0, district=CITY))
    assert rules(rows, district_table=units) == ["districts_differ"]


def test_a_sum_over_two_grades_is_not_compared() -> None:
    rows = [observation("hnte_total", 50.0, district=code(n)) for n in DISTRICTS]
    rows[0]["grade"] = "forecast"
    rows.append(observation("hnte_total", 450.0, district=CITY))
    assert rules(rows) == []


def test_against_a_stored_city_figure_the_received_district_is_at_fault() -> None:
    rows = [observation("hnte_total", 50.0 + n, district=code(n)) for n in DISTRICTS]
    stored = [*rows[1:], observation("hnte_total", 450.0, district=CITY)]
    [(rule, _, row)] = findings_of(rows[:1], stored)
    assert (rule, row["district"]) == ("districts_differ", DISTRICT)


def test_with_several_districts_above_the_city_the_city_is_at_fault() -> None:
    rows = [observation("hnte_total", 50.0, district=code(n)) for n in DISTRICTS]
    [(rule, _, row)] = findings_of([*rows, observation("hnte_total", 4.0, district=CITY)])
    assert (rule, row["district"]) == ("share_over_100", CITY)


def test_a_blank_leaves_the_stored_figure_and_a_withdrawal_does_not() -> None:
    stored = [observation("patent_granted", 90.0, 2025, 3)]
    late = observation("patent_granted", 80.0)
    blank = observation("patent_granted", None, 2025, 3)
    assert rules([late, blank], stored) == ["cumulative_below"]
    assert rules([late, blank | {"reported": "撤销"}], stored) == []


def test_a_future_figure_and_one_not_yet_released_have_different_messages() -> None:
    rows = [observation("rd_fte", 5.0, 2024, 12)]
    [(_, _, early)] = findings_of(rows, today="2025-03-01")
    [(_, _, future)] = findings_of(rows, today="2024-11-01")
    assert "2025年7月起方可取得" in early["wrong"]
    assert "尚未结束" in future["wrong"]


def test_the_texts_say_what_is_wrong_and_what_would_be_right() -> None:
    stored = yearly_series("contracts_value", 16.5, last=2024)
    [(_, _, slip)] = findings_of(yearly_series("contracts_value", 186000.0), stored)
    assert slip["wrong"].startswith("186000亿元与2024年上半年的16.5亿元")
    assert "18.6亿元" in slip["right"]
    fallen = [observation("contracts_value", 15.0, published_growth=9.1)]
    [(_, _, growth)] = findings_of(fallen, stored)
    assert "−9.1%" in growth["wrong"]


def test_an_empty_intake_finds_nothing() -> None:
    nothing = fresh_table([observation("hnte_total", 1.0)]).clear()
    none = observation_table([observation("hnte_total", 1.0)]).clear()
    result = compare(
        nothing, none, target_table([]), districts(), registry(), Checks(), "全市", TODAY
    )
    assert result.is_empty()
    assert result.columns == ["_n", "rule", "column", "wrong", "right"]


def test_a_small_tolerance_comes_from_the_registry() -> None:
    rows = [observation("hnte_total", 50.0, district=code(n)) for n in DISTRICTS]
    rows.append(observation("hnte_total", 404.0, district=CITY))
    assert rules(rows) == ["districts_differ"]
    assert rules(rows, indicator_table=indicators(hnte_total={"tolerance": 0.02})) == []


@settings(max_examples=25, deadline=None)
@given(
    values=st.lists(st.integers(20, 10**6), min_size=8, max_size=8),
    off=st.integers(-5, 5),
    seed=st.integers(0, 99),
)
def test_the_count_of_a_city_is_exactly_the_sum_of_its_districts(
    values: list[int], off: int, seed: int
) -> None:
    rows = [
        observation("hnte_total", float(v), district=code(n))
        for n, v in zip(DISTRICTS, values, strict=True)
    ]
    rows.append(observation("hnte_total", float(sum(values) + off), district=CITY))
    random.Random(seed).shuffle(rows)
    assert rules(rows) == ([] if off == 0 else ["districts_differ"])


@settings(max_examples=30, deadline=None)
@given(
    value=st.decimals("1", "9999", places=3),
    base=st.decimals("1", "9999", places=3),
    decimals=st.integers(0, 2),
)
def test_growth_of_unrounded_figures_never_contradicts_the_rounded_ones(
    value: Any, base: Any, decimals: int
) -> None:
    shown = [f"{v:.{decimals}f}" for v in (value, base)]
    growth = f"{(value / base - 1) * 100:.1f}"
    now = observation("contracts_value", float(shown[0]), reported=shown[0])
    now |= {"published_growth": float(growth), "_growth_text": growth}
    then = observation("contracts_value", float(shown[1]), 2024, reported=shown[1])
    assert not {"growth_differs", "percent_slip"} & set(rules([now], [then]))
