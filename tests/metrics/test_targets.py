"""Targets: the one judged, attainment, pace and progress, and the pace required for the rest."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kejistats.metrics import judged_targets, metric_table, seasonal_profile
from kejistats.metrics.pace import node_share
from kejistats.model.numbers import count_up, format_percent, round_half_up
from kejistats.model.period import Checkpoint
from kejistats.model.settings import Thresholds
from kejistats.model.tables import District
from kejistats.model.tables.metric import PROGRESS, TARGET_REASONS
from tests.factory import (
    Case,
    day,
    indicators,
    metric_row,
    metrics,
    observation,
    observations,
    read_csv,
    solve_cases,
    target,
    targets,
)
from tests.metrics.factory import MASKED, assert_columns, series

# One indicator for each measure and pace: flow_linear counts 家, flow_none and flow_seasonal 亿元.
KNOWN = indicators(
    {"id": "flow_linear", "unit": "家"},
    {"id": "flow_half", "unit": "家", "pace": "half"},
    {"id": "flow_nodes", "unit": "家", "pace": "nodes", "nodes": "6:1;12:1"},
    {"id": "flow_steps", "unit": "家", "pace": "nodes", "nodes": "6:0.4;9:0.8;12:1"},
    {"id": "flow_none", "unit": "亿元", "pace": "none"},
    {"id": "flow_seasonal", "unit": "亿元", "pace": "seasonal"},
    {"id": "flow_yearly", "unit": "家", "frequency": "year"},
    {"id": "flow_quarter", "unit": "家", "frequency": "quarter"},
    {"id": "stock_linear", "unit": "家", "measure": "stock"},
    {"id": "stock_none", "unit": "家", "measure": "stock", "pace": "none"},
    {"id": "stock_nodes", "unit": "家", "measure": "stock", "pace": "nodes", "nodes": "12:1"},
    {"id": "ratio_none", "unit": "%", "measure": "ratio", "growth": "points", "pace": "none",
     "aggregate": "none"},
    {"id": "ratio_linear", "unit": "件/万人", "measure": "ratio", "growth": "points",
     "aggregate": "none"},
)  # fmt: skip

# With these past years the pooled profile of June is 42 % and that of March 20 %.
PROFILE = [
    (2022, 3, 6.4), (2022, 6, 12.75), (2022, 12, 32.0), (2023, 3, 6.4), (2023, 6, 12.75),
    (2023, 12, 32.0), (2024, 3, 7.2), (2024, 6, 16.5), (2024, 12, 36.0),
]  # fmt: skip


def case(
    name: str,
    indicator: str,
    target_cell: tuple[str, float] | None,
    value: float | None,
    expected: dict[str, Any] | str,
    *,
    past: list[tuple[Any, ...]] | None = None,
    at: str = "2025H1",
    target_columns: dict[str, Any] | None = None,
    **more: Any,
) -> Case:
    """Return the case of a figure and one target; a text is the expected progress."""
    now = Checkpoint.parse(at)
    rows = series(indicator, *(past or []), (now.year, now.month, value, more))
    target_rows = [target(indicator, *target_cell, **(target_columns or {}))] if target_cell else []
    wanted = {"progress": expected} if isinstance(expected, str) else expected
    return Case(name, wanted, rows, target_rows, at)


# Quantities that are no Metric columns; test_compound.py and test_rounding.py test
# the functions that compute them.
ELSEWHERE = {
    "required_cagr", "implied_target", "half_year_task_pct", "balanced_share",
    "due_linear_multiple",
}  # fmt: skip


def defined(row: dict[str, str]) -> Case:
    """Return a row of target_cases.csv as a case."""
    measure, pace, kind = row["measure"], row["pace"], row["kind"]
    columns: dict[str, Any] = {}
    value, upper = row["target"].rstrip("%"), None
    if kind == "range":
        value, _, upper = value.partition("-")
        columns["value_upper"] = float(upper)
    month = int(row["month"].split()[0])
    past: list[tuple[int, int, float]] = []
    if kind == "multi_year":
        done, _, _ = row["month"].partition(" of ")
        month, year = 12, 2025 - int(done) // 12
        columns["base_year"] = year
        past = [(year, 12, float(row["base"]))]
        columns["year"] = year + 3
    elif row["base"]:
        past = [(2024, 12 if measure == "stock" else month, float(row["base"]))]
    if row["last_year_total"]:
        past.append((2024, 12, float(row["last_year_total"])))
    if pace == "0.42":
        pace, past = "seasonal", [cell for cell in PROFILE if cell[1] != 3]
    if pace.startswith("nodes"):
        pace = "nodes"
    indicator = f"{measure}_{pace or 'linear'}"
    return Case(
        f"{row['case']} {row['quantity']}",
        {"row": row},
        series(indicator, *past, (2025, month, float(row["actual"]))),
        [target(indicator, kind, float(value), **columns)],
        str(Checkpoint(2025, month)),
    )


DEFINED = [defined(row) for row in read_csv("target_cases.csv") if row["quantity"] not in ELSEWHERE]


@pytest.fixture(scope="module")
def defined_rows() -> dict[str, dict[str, Any]]:
    return solve_cases(DEFINED, KNOWN)


def shown(row: dict[str, Any], quantity: str, decimals: str) -> str:
    """Return a quantity of the Metric row, printed as in the tables of cases."""
    digits = int(decimals) if decimals else 0
    match quantity:
        case "progress":
            return str(row["progress"])
        case "attainment_display":
            return format_percent(row["attainment"], digits, below=1)
        case "required_per_month_display":
            return str(count_up(row["required_per_month"]))
        case "attainment" | "yoy" | "required_growth":
            value = row[quantity]
            return "" if value is None else format_percent(value, digits)
        case _:
            return str(round_half_up(row[quantity], digits))


@pytest.mark.parametrize("example", DEFINED, ids=lambda example: example.name)
def test_the_cases_by_definition(example: Case, defined_rows: dict[str, dict[str, Any]]) -> None:
    row, wanted = defined_rows[example.name], example.expected["row"]

    assert shown(row, wanted["quantity"], wanted["decimals"]) == wanted["expect"]


def test_every_case_is_tried_here_or_by_its_own_function() -> None:
    names = ("target_cases.csv", "report_arithmetic.csv")
    quantities = [row["quantity"] for name in names for row in read_csv(name)]

    left = [quantity for quantity in quantities if quantity in ELSEWHERE]

    assert set(left) == ELSEWHERE
    assert (len(left), len(quantities)) == (8, 65)


# Figures of published half-year reports


def reported(row: dict[str, str]) -> Case:
    """Return a row of report_arithmetic.csv as a case."""
    money = row["quantity"] == "share_pct"
    indicator = "flow_none" if money else "flow_linear"
    month = int(row["month"] or 6)
    cells: list[tuple[Any, ...]] = [
        (2025, month, float(row["actual"]), {"bound": row["actual_bound"]})
    ]
    if row["base"] and not money:
        cells.append((2024, month, float(row["base"])))
    target_rows = [target(indicator, "total", float(row["target"]))] if row["target"] else []
    name = f"{row['case']} {row['quantity']} of {row['actual']}"
    return Case(
        name, {"row": row}, series(indicator, *cells), target_rows, str(Checkpoint(2025, month))
    )


REPORTED = [
    reported(row)
    for row in read_csv("report_arithmetic.csv")
    if row["quantity"] not in {*ELSEWHERE, "share_pct"}
]
COLUMNS = {
    "attainment": ("attainment", 100), "gap": ("gap", 1), "change": ("change", 1),
    "pace_ratio_linear": ("pace_ratio", 100), "due_linear": ("due", 1),
    "pace_gap": ("pace_gap", 1), "pace_gap_pp": ("pace_gap_points", 1), "yoy_pct": ("yoy", 100),
}  # fmt: skip


@pytest.fixture(scope="module")
def reported_rows() -> dict[str, dict[str, Any]]:
    return solve_cases(REPORTED, KNOWN)


@pytest.mark.parametrize("example", REPORTED, ids=lambda example: example.name)
def test_the_arithmetic_of_published_reports(
    example: Case, reported_rows: dict[str, dict[str, Any]]
) -> None:
    wanted = example.expected["row"]
    column, times = COLUMNS[wanted["quantity"]]

    value = reported_rows[example.name][column]

    assert str(round_half_up(value * times, int(wanted["decimals"]))) == wanted["expect"]


def test_a_share_of_more_than_five_is_at_most_what_five_gives() -> None:
    [row] = [r for r in read_csv("report_arithmetic.csv") if r["quantity"] == "share_pct"]

    table = metrics(
        [
            observation("contracts_value", float(row["actual"])),
            observation("contracts_value", float(row["base"]), district="900100",
                        bound="more_than"),
        ]
    )  # fmt: skip

    district_row = metric_row(table, "contracts_value")
    assert str(round_half_up(district_row["share"] * 100, 2)) == row["expect"]
    assert district_row["share_bound"] == "at_most"


# Pace and progress

CODES = [
    *[
        case(f"linear {value} of 1200 in June", "flow_linear", ("total", 1200), value, code)
        for value, code in [
            (1300, "done"), (1200, "done"), (1199, "ahead"), (630, "ahead"), (629, "on_pace"),
            (600, "on_pace"), (599, "near"), (570, "near"), (569, "slow"), (360, "slow"),
            (359, "behind"), (0, "behind"),
        ]
    ],
    *[
        case(f"linear {value} of 1200 in December", "flow_linear", ("total", 1200), value,
             {"progress": code, "share_due": 1.0, "required_per_month": None,
              "required_growth": None}, at="2025")
        for value, code in [
            (1200, "done"), (1199, "slow"), (1140, "slow"), (720, "slow"), (719, "behind"),
        ]
    ],
    *[
        case(f"exactly on the limit: {value} of {target_value}", "flow_linear", ("total", target_value), value,
             code, at="2025M05")
        for value, target_value, code in [(35, 80, "ahead"), (70, 160, "ahead"), (41, 164, "slow"),
                                  (79, 316, "slow"), (25, 60, "on_pace")]
    ],
    *[
        case(f"small count {value} of {target_value} in {at}", "flow_linear", ("total", target_value), value, code,
             at=at)
        for value, target_value, at, code in [
            (3, 6, "2025M07", "on_pace"), (2, 6, "2025M07", "behind"), (3, 9, "2025M05", "on_pace"),
            (2, 9, "2025M05", "behind"), (0, 9, "2025M01", "on_pace"), (3, 10, "2025M05", "slow"),
            # Exactly the small count is no small count: ⌊4.17⌋ would be on pace.
            (4, 10, "2025M05", "near"),
            (4, 9.9, "2025M05", "on_pace"), (2, 6, "2025M04", "on_pace"), (5, 6, "2025", "slow"),
        ]
    ],
    case("no small money", "flow_none", ("total", 6), 3, "behind", at="2025M07",
         target_columns={"nodes": "7:1"}),
    *[
        case(f"half {value} in {at}", "flow_half", ("total", 100), value, code, at=at)
        for at, value, code in [
            ("2025M05", 60, "not_due"), ("2025M05", 100, "done"), ("2025H1", 50, "on_pace"),
            ("2025M09", 50, "on_pace"), ("2025M11", 49, "near"), ("2025", 50, "behind"),
        ]
    ],
    *[
        case(f"steps in {at}", "flow_steps", ("total", 100), 50,
             {"progress": code, "share_due": due, "pace_rule": "nodes"}, at=at)
        for at, due, code in [
            ("2025M05", 0.0, "not_due"), ("2025H1", 0.4, "ahead"), ("2025M08", 0.4, "ahead"),
            ("2025M09", 0.8, "slow"), ("2025M11", 0.8, "slow"), ("2025", 1.0, "behind"),
        ]
    ],
    case("a target's own nodes win", "flow_linear", ("total", 100), 50,
         {"share_due": 0.9, "pace_rule": "nodes", "progress": "behind"},
         target_columns={"nodes": "6:0.9;12:1"}),
    case("no pace", "flow_none", ("total", 100), 10,
         {"progress": "no_pace", "share_due": None, "attainment": 0.1, "gap": 90.0,
          "target_reason": None, "pace_rule": "none"}),
    case("no pace but reached", "flow_none", ("total", 100), 100, "done"),
    case("no pace in December", "flow_none", ("total", 100), 59, "behind", at="2025"),
    case("no profile", "flow_seasonal", ("total", 100), 10,
         {"progress": "no_pace", "share_due": None, "target_reason": "no_profile",
          "pace_rule": "seasonal"}),
    case("profile", "flow_seasonal", ("total", 40), 18.6,
         {"progress": "ahead", "share_due": 0.42, "share_due_low": 12.75 / 32,
          "share_due_high": 16.5 / 36, "pace_years": "2022、2023、2024", "due": 16.8,
          "required_multiple": None}, past=list(PROFILE)),
    case("profile in December", "flow_seasonal", ("total", 40), 39,
         {"progress": "slow", "share_due": 1.0, "share_due_low": None, "pace_years": None},
         past=list(PROFILE), at="2025"),
    case("start in March, not begun", "flow_linear", ("total", 90), 0, "not_due", at="2025Q1",
         target_columns={"start_month": 3}),
    case("start in March, June", "flow_linear", ("total", 90), 30,
         {"share_due": 3 / 9, "due": 30.0, "progress": "on_pace"}, target_columns={"start_month": 3}),
    case("through the 15th of June", "flow_linear", ("total", 120), 55,
         {"share_due": 5.5 / 12, "progress": "on_pace", "required_per_month": 65 / 6.5,
          "required_multiple": 1.0}, as_of=day("2025-06-15")),
    case("through the end of May", "flow_linear", ("total", 120), 50,
         {"share_due": 5 / 12, "progress": "on_pace", "required_per_month": 70 / 7,
          "required_multiple": 1.0}, as_of=day("2025-05-31")),
    case("more than the target is wanted", "flow_linear", ("total", 100), 100, "ahead",
         target_columns={"comparison": ">"}),
    case("more than the target is there", "flow_linear", ("total", 100), 101, "done",
         target_columns={"comparison": ">"}),
    case("more than 100 wanted, more than 100 reported", "flow_linear", ("total", 100), 100, "done",
         target_columns={"comparison": ">"}, bound="more_than"),
]  # fmt: skip

KINDS = [
    case("part of a year beside the whole base year says nothing", "flow_none",
         ("multi_year", 200), 95,
         {"progress": "no_pace", "attainment": None, "pace_ratio": None, "observed_cagr": None,
          "target_reason": "year_unfinished", "gap": 105.0},
         past=[(2022, 12, 100), (2024, 6, 75), (2024, 12, 159)], target_columns={"base_year": 2022}),
    case("years of an increase are multiplied by all their months", "stock_linear",
         ("multi_year", 200), 180,
         {"required_per_month": 20 / 6, "required_multiple": 1.25, "progress": "near"},
         past=[(2022, 12, 100), (2024, 12, 160)], target_columns={"base_year": 2022}),
    case("a start within the year goes before the registry's nodes", "flow_steps",
         ("total", 30), 1, {"progress": "not_due", "share_due": 0.0, "pace_rule": "linear"},
         target_columns={"start_month": 6}),
    case("noise in the last digit breaks no ceiling", "ratio_none", ("ceiling", 7),
         7.000000000000001, {"progress": "done", "gap": None, "surplus": 0.0}, at="2025"),
    case("level: 10 of the increase of 50", "stock_linear", ("level", 700), 660,
         {"attainment": 0.2, "due": 25.0, "pace_gap": -15.0, "pace_gap_points": -30.0,
          "pace_ratio": 0.4, "gap": 40.0, "progress": "behind", "target_base": 650.0,
          "required_per_month": 40 / 6, "required_multiple": 4.0}, past=[(2024, 12, 650)]),
    case("level reached", "stock_linear", ("level", 700), 700,
         {"attainment": 1.0, "gap": None, "surplus": 0.0, "progress": "done"},
         past=[(2024, 12, 650)]),
    case("level below the base: hold", "stock_linear", ("level", 650), 655,
         {"attainment": None, "due": None, "progress": "done", "surplus": 5.0},
         past=[(2024, 12, 660)]),
    case("level below the base and lost", "stock_linear", ("level", 650), 640,
         {"attainment": None, "progress": "slow", "gap": 10.0}, past=[(2024, 12, 660)]),
    case("level exactly the base: hold", "stock_linear", ("level", 650), 650,
         {"attainment": None, "due": None, "progress": "done", "surplus": 0.0},
         past=[(2024, 12, 650)]),
    case("level exactly the base and lost", "stock_linear", ("level", 650), 649,
         {"attainment": None, "due": None, "progress": "slow", "gap": 1.0},
         past=[(2024, 12, 650)]),
    case("level without base", "stock_linear", ("level", 700), 660,
         {"attainment": None, "progress": "no_pace", "target_reason": "base_missing", "gap": 40.0}),
    case("level without base but reached", "stock_linear", ("level", 700), 701,
         {"attainment": None, "progress": "done", "target_reason": "base_missing"}),
    case("level over a base on another definition", "stock_linear", ("level", 700), 660,
         {"attainment": None, "progress": "no_pace", "target_reason": "base_missing"},
         past=[(2024, 12, 650)], break_id="2025"),
    case("level over a restated base", "stock_linear", ("level", 700), 660,
         {"attainment": 0.2, "target_reason": None},
         past=[(2024, 12, 650, {"break_id": "2025"})], break_id="2025"),
    case("level by node", "stock_nodes", ("level", 700), 660, "not_due", past=[(2024, 12, 650)]),
    case("level in December", "stock_nodes", ("level", 700), 690,
         {"progress": "slow", "attainment": 0.8}, past=[(2024, 12, 650)], at="2025"),
    case("ratio level: points to go, no rate", "ratio_linear", ("level", 12.0), 11.0,
         {"attainment": None, "pace_gap_points": None, "gap": 1.0, "due": 1.0, "pace_gap": 0.0,
          "progress": "on_pace"}, past=[(2024, 12, 10.0)]),
    case("ratio level reached", "ratio_none", ("level", 2.6), 2.6,
         {"attainment": None, "gap": None, "progress": "done"}),
    case("net", "stock_linear", ("net", 50), 680,
         {"attainment": 0.6, "due": 25.0, "pace_gap": 5.0, "pace_gap_points": 10.0, "gap": 20.0,
          "progress": "ahead"}, past=[(2024, 12, 650)]),
    case("net decrease: no rate", "stock_linear", ("net", 50), 640,
         {"attainment": None, "gap": 60.0, "progress": "behind"}, past=[(2024, 12, 650)]),
    case("net reached to the digit", "ratio_linear", ("net", 0.1), 2.3,
         {"progress": "done", "gap": None}, past=[(2024, 12, 2.2)]),
    case("net without base", "stock_linear", ("net", 50), 680,
         {"attainment": None, "progress": "no_pace", "target_reason": "base_missing"}),
    case("growth", "flow_none", ("growth", 8), 5.92,
         {"attainment": None, "due": None, "gap": None, "share_due": None, "pace_rule": "none",
          "pace_gap_points": (5.92 / 6.11 - 1) * 100 - 8, "progress": "slow",
          "required_growth": (12.9 * 1.08 - 5.92) / (12.9 - 6.11) - 1},
         past=[(2024, 6, 6.11), (2024, 12, 12.9)]),
    *[
        case(f"growth {value}", "flow_none", ("growth", 8), value, code, past=[(2024, 6, 100)])
        for value, code in [(109, "ahead"), (108.9, "on_pace"), (108, "on_pace"), (107.5, "near"),
                            (107.4, "slow"), (50, "slow")]
    ],
    *[
        case(f"growth {value} in December", "flow_none", ("growth", 8), value, code,
             past=[(2024, 12, 100)], at="2025")
        for value, code in [(108, "done"), (109, "done"), (107.9, "slow"), (50, "slow")]
    ],
    case("more than 8 % in December", "flow_none", ("growth", 8), 108, "slow",
         past=[(2024, 12, 100)], at="2025", target_columns={"comparison": ">"}),
    case("published growth first", "flow_none", ("growth", 8), 105,
         {"pace_gap_points": 1.5, "progress": "ahead", "yoy": 0.05}, past=[(2024, 6, 100)],
         published_growth=9.5),
    case("published growth without base", "flow_none", ("growth", 8), 105,
         {"pace_gap_points": 0.2, "progress": "on_pace", "yoy_reason": "base_missing",
          "target_reason": None}, published_growth=8.2),
    case("published points without base", "ratio_none", ("growth", 0.1), 2.6,
         {"pace_gap_points": 0.05, "progress": "on_pace"}, published_growth=0.15),
    case("points against points", "ratio_none", ("growth", 0.1), 2.6,
         {"pace_gap_points": 0.1, "progress": "on_pace"}, past=[(2024, 6, 2.4)]),
    case("growth unknown", "flow_none", ("growth", 8), 105,
         {"progress": "no_pace", "target_reason": "growth_missing", "pace_gap_points": None}),
    case("growth over a break", "flow_none", ("growth", 8), 105,
         {"progress": "no_pace", "target_reason": "growth_missing", "required_growth": None},
         past=[(2024, 6, 100), (2024, 12, 200)], break_id="2025"),
    *[
        case(f"ceiling {value} of {target_value}", "flow_linear", ("ceiling", target_value), value,
             {"progress": code, "attainment": None, "gap": gap, "surplus": left,
              "required_per_month": None})
        for value, target_value, code, gap, left in [
            (5, 10, "on_pace", None, 5.0), (6, 10, "slow", None, 4.0), (10, 10, "slow", None, 0.0),
            (11, 10, "behind", 1.0, None), (0, 0, "on_pace", None, 0.0), (1, 0, "behind", 1.0, None),
        ]
    ],
    case("ceiling exactly at its share", "flow_linear", ("ceiling", 8.4), 4.9, "on_pace",
         at="2025M07"),
    case("ceiling in December", "flow_linear", ("ceiling", 10), 10, "done", at="2025"),
    case("ceiling broken in December", "flow_linear", ("ceiling", 10), 11, "behind", at="2025"),
    case("ceiling of a stock has no pace", "stock_linear", ("ceiling", 10), 9,
         {"progress": "on_pace", "due": None, "pace_ratio": None, "pace_gap": None}),
    case("ceiling of a ratio", "ratio_none", ("ceiling", 3.0), 3.1, "behind"),
    *[
        case(f"range {value} {at}", "ratio_none", ("range", 30), value, code, at=at,
             target_columns={"value_upper": 40})
        for value, at, code in [
            (30, "2025H1", "done"), (40, "2025H1", "done"), (29, "2025H1", "no_pace"),
            (41, "2025H1", "slow"), (35, "2025", "done"), (29, "2025", "slow"),
            (17, "2025", "behind"), (41, "2025", "slow"),
        ]
    ],
    *[
        case(f"range of a flow {value}", "flow_linear", ("range", 300), value, code,
             target_columns={"value_upper": 400})
        for value, code in [(160, "ahead"), (150, "on_pace"), (80, "behind"), (401, "slow")]
    ],
    Case("doubling in three years, on the way",
         {"attainment": 0.6, "share_due": 30 / 36, "due": 250 / 3, "progress": "slow",
          "pace_rule": "elapsed", "required_per_month": 40 / 6, "gap": 40.0},
         series("stock_linear", (2022, 12, 100), (2025, 6, 160)),
         [target("stock_linear", "multi_year", 200, base_year=2022)], "2025H1"),
    Case("doubling in three years, two years on the way",
         {"attainment": 0.4, "share_due": 18 / 36, "progress": "slow", "required_per_month": None},
         series("stock_linear", (2022, 12, 100), (2024, 6, 140)),
         [target("stock_linear", "multi_year", 200, base_year=2022)], "2024H1"),
    Case("doubling in three years, a year early",
         {"attainment": 1.0, "share_due": 24 / 36, "progress": "done"},
         series("stock_linear", (2022, 12, 100), (2024, 12, 200)),
         [target("stock_linear", "multi_year", 200, base_year=2022)], "2024H2"),
    Case("doubling in three years, a December on the way",
         {"attainment": 0.65, "share_due": 24 / 36, "progress": "near"},
         series("stock_linear", (2022, 12, 100), (2024, 12, 165)),
         [target("stock_linear", "multi_year", 200, base_year=2022)], "2024H2"),
    Case("doubling in three years, the end",
         {"attainment": 0.5, "share_due": 1.0, "progress": "behind"},
         series("stock_linear", (2022, 12, 100), (2025, 12, 150)),
         [target("stock_linear", "multi_year", 200, base_year=2022)], "2025H2"),
    Case("doubling of a flow starts from its whole base year",
         {"attainment": 0.5, "target_base": 100.0},
         series("flow_linear", (2022, 6, 40), (2022, 12, 100), (2025, 12, 150)),
         [target("flow_linear", "multi_year", 200, base_year=2022)], "2025H2"),
    case("target of nothing", "flow_linear", ("total", 0), 0,
         {"progress": "done", "attainment": None, "target_reason": "zero_target"}),
]  # fmt: skip

STATES = [
    case("no target", "flow_linear", None, 10,
         {"progress": "no_target", "target_reason": None, "attainment": None, "gap": None,
          "pace_rule": None, "target_base": None}),
    case("masked", "flow_linear", ("total", 100), None,
         {"progress": "masked", "target_reason": "figure_masked", "attainment": None, "gap": None,
          "value": None}, status="masked"),
    case("masked without target", "flow_linear", None, None, "masked", status="masked"),
    case("missing", "flow_linear", ("total", 100), None,
         {"progress": "missing", "target_reason": "figure_missing", "attainment": None}),
    case("not applicable", "flow_linear", ("total", 100), None,
         {"progress": "no_target", "target_reason": "not_applicable"}, status="not_applicable"),
    case("missing before the first node", "flow_steps", ("total", 100), None, "not_due",
         at="2025M05"),
    case("missing after the first node", "flow_steps", ("total", 100), None, "missing"),
    case("a yearly figure at half-year", "flow_yearly", ("total", 100), None, "not_due"),
    case("a yearly figure at year end", "flow_yearly", ("total", 100), None, "missing", at="2025"),
    case("a quarterly figure in May", "flow_quarter", ("total", 100), None, "not_due",
         at="2025M05"),
    case("a quarterly figure in March", "flow_quarter", ("total", 100), None, "missing",
         at="2025Q1"),
    Case("a target and not a word", {"progress": "missing", "status": "missing", "target": 100.0},
         [], [target("flow_linear", "total", 100)]),
    case("at least the target", "flow_linear", ("total", 100), 100, "done", bound="at_least"),
    case("at least a little", "flow_linear", ("total", 100), 10, "behind", bound="at_least"),
    case("about the target", "flow_linear", ("total", 100), 100, "done", bound="about"),
    case("nearly the target", "flow_linear", ("total", 100), 100,
         {"progress": "ahead", "target_reason": "bound_open"}, bound="less_than"),
    case("nearly what is due", "flow_linear", ("total", 100), 50,
         {"progress": "near", "target_reason": "bound_open"}, bound="less_than"),
    case("nearly most of what is due", "flow_linear", ("total", 100), 45,
         {"progress": "slow", "target_reason": None}, bound="less_than"),
    case("at most a little", "flow_linear", ("total", 100), 10, "behind", bound="at_most"),
    case("at least within a ceiling", "flow_linear", ("ceiling", 100), 10,
         {"progress": "slow", "target_reason": "bound_open"}, bound="at_least"),
    case("at least over a ceiling", "flow_linear", ("ceiling", 100), 101, "behind",
         bound="more_than"),
    case("at most within a ceiling", "flow_linear", ("ceiling", 100), 50, "on_pace",
         bound="at_most"),
]  # fmt: skip

REQUIRED = [
    case("the rest of the year", "flow_linear", ("total", 350), 215,
         {"attainment": 215 / 350, "due": 175.0, "pace_gap": 40.0, "gap": 135.0, "surplus": None,
          "required_per_month": 22.5, "required_multiple": 22.5 / (215 / 6),
          "required_growth": 135 / 120 - 1}, past=[(2024, 6, 180), (2024, 12, 300)]),
    case("nothing is required beyond the target", "flow_linear", ("total", 350), 360,
         {"attainment": 360 / 350, "gap": None, "surplus": 10.0, "required_per_month": None,
          "required_multiple": None, "required_growth": None},
         past=[(2024, 6, 180), (2024, 12, 300)]),
    case("no figure yet", "flow_linear", ("total", 100), 0,
         {"required_per_month": 100 / 7, "required_multiple": None}, at="2025M05"),
    case("nothing was left of last year", "flow_linear", ("total", 350), 215,
         {"required_growth": None}, past=[(2024, 6, 180), (2024, 12, 180)]),
    case("last year on another definition", "flow_linear", ("total", 350), 215,
         {"required_growth": None, "required_per_month": 22.5},
         past=[(2024, 6, 180), (2024, 12, 300)], break_id="2025"),
    case("only last December restated", "flow_linear", ("total", 350), 215,
         {"required_growth": None, "yoy_reason": "break"},
         past=[(2024, 6, 180), (2024, 12, 300, {"break_id": "2025"})], break_id="2025"),
    case("lead with the rate for seasonal ones", "flow_seasonal", ("total", 40), 18.6,
         {"required_growth": 21.4 / 19.5 - 1, "required_multiple": None,
          "required_per_month": 21.4 / 6}, past=list(PROFILE)),
    case("a stock has no remainder of last year", "stock_linear", ("level", 700), 660,
         {"required_growth": None}, past=[(2024, 6, 600), (2024, 12, 650)]),
]  # fmt: skip

CASES = [*CODES, *KINDS, *STATES, *REQUIRED]


@pytest.fixture(scope="module")
def rows() -> dict[str, dict[str, Any]]:
    return solve_cases(CASES, KNOWN)


@pytest.mark.parametrize("example", CASES, ids=lambda example: example.name)
def test_a_figure_against_its_target(example: Case, rows: dict[str, dict[str, Any]]) -> None:
    assert_columns(rows[example.name], example.expected)


def test_every_code_and_reason_occurs(rows: dict[str, dict[str, Any]]) -> None:
    assert {row["progress"] for row in rows.values()} == set(PROGRESS)
    assert {row["target_reason"] for row in rows.values()} - {None} == set(TARGET_REASONS)


def test_a_city_may_set_its_own_limits() -> None:
    limits = Thresholds(ahead=1.2, near=0.9, slow=0.3, small_count=0)
    values = {"900101": 118, "900102": 91, "900103": 59, "900104": 29}
    figures = [observation("flow_linear", float(v), district=d) for d, v in values.items()]
    target_rows = [target("flow_linear", "total", 200.0, district=d) for d in values]
    units = District.conform(
        pl.DataFrame([{"code": d, "name": d, "kind": "district"} for d in values])
    )

    table = metric_table(
        observations(figures), targets(target_rows), units, KNOWN, Checkpoint(2025, 6), limits
    )

    assert table["progress"].to_list() == ["on_pace", "near", "slow", "behind"]


# Which target is judged


def judged(*target_rows: dict[str, Any], at: str = "2025H1") -> dict[str, Any] | None:
    """Return the judged target, if there is one."""
    result = judged_targets(targets(target_rows).lazy(), Checkpoint.parse(at)).collect()
    assert result.height <= 1
    return result.row(0, named=True) if result.height else None


def flow_target(
    kind: str = "total", value: float = 100, year: int = 2025, **more: Any
) -> dict[str, Any]:
    return target("flow_linear", kind, value, year, **more)


@pytest.mark.parametrize(
    ("target_rows", "value"),
    [
        ([flow_target()], 100),
        ([flow_target(strength="aspired", value=120), flow_target()], 100),
        ([flow_target(strength="implied", value=90), flow_target(strength="aspired", value=120)], 120),
        ([flow_target("growth", 8), flow_target()], 100),
        ([flow_target("growth", 8), flow_target("net", 20)], 20),
        ([flow_target("net", 20), flow_target("level", 100)], 100),
        ([flow_target("net", 20), flow_target("ceiling", 100)], 100),
        ([flow_target("growth", 8), flow_target(strength="aspired", value=120)], 8),
        ([flow_target("multi_year", 200, base_year=2022), flow_target("growth", 8)], 8),
        ([flow_target("multi_year", 200, base_year=2022)], 200),
        ([flow_target(), flow_target(value=90, vintage=2)], 90),
        ([flow_target(vintage=3), flow_target(value=90, vintage=2)], 100),
        ([flow_target(), flow_target(value=90, valid_from=day("2025-05-01"))], 90),
        ([flow_target(), flow_target(value=90, valid_from=day("2025-06-30"))], 90),
        ([flow_target(), flow_target(value=90, valid_from=day("2025-07-01"))], 100),
        ([flow_target(value=80, valid_from=day("2025-03-01")), flow_target(value=90, valid_from=day("2025-05-01"))], 90),
        ([flow_target(value=90, valid_from=day("2025-05-01")), flow_target(value=95, vintage=2)], 90),
        ([flow_target(value=90, valid_from=day("2025-05-01")),
          flow_target(value=85, valid_from=day("2025-05-01"), vintage=2)], 85),
        ([flow_target(year=2024)], None),
        ([flow_target(year=2026)], None),
        ([flow_target("multi_year", 200, 2027, base_year=2024)], 200),
        ([flow_target("multi_year", 200, 2024, base_year=2021)], None),
        ([flow_target("multi_year", 200, 2028, base_year=2025)], None),
        ([flow_target("multi_year", 300, 2027, base_year=2022), flow_target("multi_year", 200, base_year=2022)], 200),
    ],
)  # fmt: skip
@pytest.mark.parametrize("backwards", [False, True])
def test_of_several_targets_one_is_judged(
    target_rows: list[dict[str, Any]], value: float | None, backwards: bool
) -> None:
    row = judged(*(reversed(target_rows) if backwards else target_rows))

    assert (row["target"] if row else None) == value


def test_targets_of_other_districts_and_indicators_stay_apart() -> None:
    target_rows = [
        flow_target(),
        flow_target(district="900102", value=90),
        target("stock_linear", "level", 700),
    ]

    result = judged_targets(targets(target_rows).lazy(), Checkpoint(2025, 6)).collect()

    assert sorted(result["target"]) == [90.0, 100.0, 700.0]


@given(st.permutations(["total", "level", "net", "growth", "ceiling"]))
@settings(max_examples=20)
def test_the_choice_does_not_depend_on_the_order_of_rows(kinds: list[str]) -> None:
    row = judged(*(flow_target(kind, 1.0) for kind in kinds))

    assert row is not None
    assert row["target_kind"] == "total"


# Seasonal profiles


def profile(
    cells: list[tuple[Any, ...]], parent: list[tuple[Any, ...]] | None = None, month: int = 6
) -> dict[str, Any] | None:
    """Return the row with the district's profile, its own or its parent's, if there is one."""
    rows = series("flow_seasonal", *cells)
    rows += [row | {"district": "900100"} for row in series("flow_seasonal", *(parent or []))]
    units = District.conform(
        pl.DataFrame(
            [
                {"code": "900100", "name": "某市", "kind": "total", "parent": None},
                {"code": "900101", "name": "第1区", "kind": "district", "parent": "900100"},
            ]
        )
    )
    known = observations(rows).lazy()
    at = [*cells, (2025, month, None)]
    now = next(series("flow_seasonal", c) for c in at if tuple(c[:2]) == (2025, month))
    result = seasonal_profile(observations(now).lazy(), known, units, KNOWN).collect()
    row = result.row(0, named=True)
    return row if row["profile"] is not None else None


def years(*pairs: tuple[int, float, float]) -> list[tuple[Any, ...]]:
    """Return the figures of June and December of each year."""
    return [cell for y, part, year_total in pairs for cell in ((y, 6, part), (y, 12, year_total))]


@pytest.mark.parametrize(
    ("cells", "share", "low", "high", "text"),
    [
        (
            years((2022, 10, 40), (2023, 20, 40), (2024, 12, 20)),
            0.42,
            0.25,
            0.6,
            "2022、2023、2024",
        ),
        (years((2023, 20, 40), (2024, 12, 20)), 32 / 60, 0.5, 0.6, "2023、2024"),
        (years((2021, 1, 99), (2023, 20, 40), (2024, 12, 20)), 32 / 60, 0.5, 0.6, "2023、2024"),
        (years((2022, 0, 10), (2024, 5, 10)), 0.25, 0.0, 0.5, "2022、2024"),
        ([*years((2023, 20, 40), (2024, 12, 20)), (2025, 6, 99)], 32 / 60, 0.5, 0.6, "2023、2024"),
    ],
)
def test_the_share_due_is_pooled_over_up_to_three_years(
    cells: list[tuple[Any, ...]], share: float, low: float, high: float, text: str
) -> None:
    row = profile(cells)

    assert row is not None
    assert row["profile"] == pytest.approx(share, rel=1e-12)
    assert (row["profile_low"], row["profile_high"]) == (low, high)
    assert row["profile_years"] == text


@pytest.mark.parametrize(
    "cells",
    [
        years((2024, 12, 20)),
        years((2023, 4, 9.99), (2024, 12, 20)),
        years((2020, 10, 20), (2021, 10, 20), (2024, 12, 20)),
        [*years((2024, 12, 20)), (2023, 6, 10)],
        [*years((2024, 12, 20)), (2023, 6, None, MASKED), (2023, 12, 20)],
        [*years((2024, 12, 20)), (2023, 6, 10, {"break_id": "a"}), (2023, 12, 20)],
        [*years((2023, 10, 20), (2024, 12, 20)), (2025, 6, 9, {"break_id": "2025"})],
        [(y, m, v, {"level": "省"}) for y, m, v in years((2023, 10, 20), (2024, 12, 20))],
        [],
    ],
)
def test_too_few_comparable_years_leave_no_profile_or_the_parents(
    cells: list[tuple[Any, ...]],
) -> None:
    city = years((2023, 100, 400), (2024, 140, 400))

    inherited = profile(cells, city)

    assert profile(cells) is None
    assert inherited is not None
    assert inherited["profile"] == pytest.approx(0.3)
    assert inherited["profile_years"] == "上级2023、2024"


def test_restated_years_carry_the_new_definition_and_count() -> None:
    new = {"break_id": "2025"}
    cells = [(y, m, v, new) for y, m, v in years((2023, 10, 20), (2024, 12, 20))]

    row = profile([*cells, (2025, 6, 9, new)])

    assert row is not None
    assert row["profile"] == pytest.approx(0.55)


@pytest.mark.parametrize(
    ("nodes", "month", "share"),
    [("6:0.4;9:0.8;12:1", 5, 0.0), ("6:0.4;9:0.8;12:1", 6, 0.4), ("6:0.4;9:0.8;12:1", 8, 0.4),
     ("6:0.4;9:0.8;12:1", 12, 1.0), ("12:1;6:0.4", 7, 0.4), ("06:0.5", 6, 0.5), (None, 6, None)],
)  # fmt: skip
def test_nodes_are_steps(nodes: str | None, month: int, share: float | None) -> None:
    assert node_share(nodes, month) == share


# By property


@settings(max_examples=6)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["flow_linear", "flow_half", "flow_steps", "flow_none"]),
            st.integers(0, 2000),
            st.integers(1, 1000),
        ),
        min_size=20,
        max_size=20,
    ),
    st.integers(1, 12),
)
def test_status_attainment_and_gap_tell_the_same(
    draws: list[tuple[str, int, int]], month: int
) -> None:
    at = str(Checkpoint(2025, month))
    cases = [
        case(str(n), indicator, ("total", float(t)), float(a), {}, at=at)
        for n, (indicator, a, t) in enumerate(draws)
    ]

    for name, row in solve_cases(cases, KNOWN).items():
        _, a, t = draws[int(name)]
        reached = a >= t
        assert (row["progress"] == "done") is reached
        assert (row["attainment"] >= 1) is reached
        assert (row["gap"] is None) is reached
        assert (row["surplus"] is not None) is reached
        if row["progress"] in {"ahead", "on_pace"}:
            assert row["pace_gap"] >= -1
            assert month < 12
        if row["progress"] == "behind":
            assert row["pace_ratio"] < 0.6
        if row["required_per_month"] is not None:
            assert a + row["required_per_month"] * (12 - month) == pytest.approx(t)
        if row["due"] is not None:
            assert row["pace_gap"] == pytest.approx(a - t * row["share_due"])
