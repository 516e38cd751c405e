"""The Metric table: its rows, and properties that hold for any input."""

from __future__ import annotations

import random
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from kejistats.model.tables import Metric
from tests.factory import (
    CITY,
    COUNT,
    DISTRICT,
    MONEY,
    RATIO,
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
from tests.metrics.factory import MASKED

KEY = ["district", "indicator", "level"]
COUNT_OF_DISTRICTS = 4
MONEYS = [MONEY, "fiscal_st", "fiscal_total"]
GOALS = {
    COUNT: ["total", "growth", "ceiling"],
    MONEY: ["total", "growth"],
    STOCK: ["level", "net", "multi_year"],
    RATIO: ["level", "range"],
}
AMOUNTS = [
    "value", "target", "target_upper", "target_base", "due", "pace_gap", "gap", "surplus",
    "required_per_month", "base", "change", "since_year_end", "outlook_low", "outlook_high",
    "increment", "previous", "leader", "to_leader", "median", "to_median", "benchmark",
    "to_benchmark",
]  # fmt: skip


def random_figures(chance: random.Random, count: int = COUNT_OF_DISTRICTS) -> list[dict[str, Any]]:
    """Return four years of a city: reported, masked, missing, bounded, corrected, in all grades."""
    rows = []
    for indicator in [*GOALS, "fiscal_st", "fiscal_total"]:
        for district in [code(n) for n in range(1, count + 1)] + [CITY]:
            for year in range(2022, 2026):
                for month in (6, 12):
                    value = float(chance.randrange(11, 400)) * (month / 12)
                    kind = chance.random()
                    more: dict[str, Any] = {"grade": chance.choice(["preliminary", "final"])}
                    if district == CITY and kind < 0.7:
                        continue
                    if kind < 0.05:
                        more |= MASKED
                    elif kind < 0.1:
                        more["bound"] = chance.choice(["at_least", "less_than", "about"])
                    elif kind < 0.15:
                        more["break_id"] = "a"
                    elif kind < 0.2:
                        value = 0.0
                    figure = None if kind < 0.05 or kind > 0.95 else value
                    rows.append(
                        observation(indicator, figure, year, month, district=district, **more)
                    )
                    if kind > 0.9:
                        rows.append(
                            observation(indicator, value + 1, year, month, district=district,
                                        vintage=2)
                        )  # fmt: skip
    return rows


def random_targets(chance: random.Random, count: int = COUNT_OF_DISTRICTS) -> list[dict[str, Any]]:
    """Return targets of every kind, some aspired beside assigned ones, some revised."""
    rows = []
    for indicator, kinds in GOALS.items():
        for number in range(1, count + 1):
            kind = chance.choice(kinds)
            value = float(chance.randrange(1, 20) if kind == "growth" else chance.randrange(0, 500))
            more: dict[str, Any] = {}
            if kind == "range":
                more["value_upper"] = value + 50
            if kind == "multi_year":
                more["base_year"] = 2022
            row = target(indicator, kind, value, district=code(number), **more)
            rows.append(row)
            if chance.random() < 0.3 and kind != "range":
                rows.append(row | {"strength": "aspired", "value": value + 5})
            if chance.random() < 0.3:
                rows.append(row | {"valid_from": day("2025-05-01"), "intake_id": "000002-00000000"})
    return rows


# Rows


def test_every_district_has_a_row_for_what_anyone_reported() -> None:
    table = metrics([observation(COUNT, 5.0), observation(STOCK, 7.0, district=code(2))])

    rows = table.select("district", "indicator", "status").rows()

    assert rows == [
        (code(n), i, "reported" if (n, i) in {(1, COUNT), (2, STOCK)} else "missing")
        for n in (1, 2, 3)
        for i in (COUNT, STOCK)
    ]


def test_a_district_without_a_parent_is_not_expected_to_report_what_others_do() -> None:
    units = districts(2, {"code": code(1), "parent": None}, {"code": code(2), "parent": None})

    table = metrics(
        [observation(COUNT, 5.0), observation(STOCK, 7.0, district=code(2))], units=units
    )

    assert table.select("district", "indicator").rows() == [(code(1), COUNT), (code(2), STOCK)]


def test_a_target_alone_makes_a_row_for_a_city_too() -> None:
    table = metrics([], [target(COUNT, "total", 100.0, district=CITY)])

    assert table.select("district", "progress", "target").rows() == [(CITY, "missing", 100.0)]


def test_units_not_valid_at_the_checkpoint_are_not_expected() -> None:
    units = districts(
        3,
        {"code": code(2), "valid_to": day("2024-12-31"), "successor": code(1)},
        {"code": code(3), "valid_from": day("2025-07-01")},
    )

    table = metrics([observation(COUNT, 5.0)], [target(COUNT, "total", 9.0, district=code(2))],
                    units=units)  # fmt: skip

    assert set(table["district"]) == {DISTRICT, CITY}
    assert metric_row(table, COUNT, CITY)["value"] == 5.0


def test_levels_have_rows_of_their_own_and_the_target_joins_the_total() -> None:
    rows = [
        observation("proj_approved", 10.0), observation("proj_approved", 4.0, level="国家"),
        observation("proj_approved", 6.0, level="省"),
    ]  # fmt: skip

    table = metrics(rows, [target("proj_approved", "total", 20.0)])

    assert metric_row(table, "proj_approved")["attainment"] == 0.5
    for level in ("国家", "省"):
        part = metric_row(table, "proj_approved", level=level)
        assert (part["target"], part["progress"]) == (None, "no_target")


def test_later_figures_and_targets_are_not_looked_at() -> None:
    rows = [observation(COUNT, 90.0), observation(COUNT, 80.0, 2024)]
    later = [observation(COUNT, 200.0, 2025, 12), observation(COUNT, 1.0, 2026)]
    current = [target(COUNT, "total", 160.0)]
    later_targets = [target(COUNT, "total", 999.0, 2026)]

    assert_frame_equal(metrics(rows, current), metrics(rows + later, current + later_targets))


def test_rows_are_ordered_by_district_and_registry() -> None:
    chance = random.Random(1)
    order = dict(registry().select("id", "order").iter_rows())

    table = metrics(
        random_figures(chance), random_targets(chance), units=districts(COUNT_OF_DISTRICTS)
    )

    keys = [(d, order[i], level) for d, i, level in table.select(KEY).iter_rows()]
    assert keys == sorted(keys)
    assert table.columns == Metric.columns()


@pytest.mark.parametrize(
    "column",
    ["district", "indicator", "level", "year", "month", "value", "status", "grade", "bound",
     "source", "intake_id", "target", "target_kind", "attainment", "share_due", "pace_rule", "due",
     "pace_gap", "pace_gap_points", "pace_ratio", "gap", "surplus", "required_per_month",
     "required_multiple", "required_growth", "progress", "target_reason", "base", "change", "yoy",
     "yoy_points", "yoy_reason", "published_growth", "since_year_end", "rank", "ranked", "peers",
     "rank_change", "share", "share_reason", "outlook_low", "outlook_high", "previous",
     "period_on_period", "two_year_average", "contribution", "contribution_rate", "yoy_rank",
     "attainment_rank", "leader", "to_leader", "median", "to_median", "benchmark",
     "to_benchmark"],
)  # fmt: skip
def test_the_agreed_columns_exist(column: str) -> None:
    assert column in Metric.columns()


def test_every_figure_leads_back_to_its_cell_and_vintage() -> None:
    table = metrics(
        [observation(COUNT, 90.0), observation(COUNT, 95.0, vintage=2),
         observation(COUNT, 80.0, 2024)],
        [target(COUNT, "total", 160.0)],
    )  # fmt: skip

    row = metric_row(table, COUNT)

    assert (row["value"], row["intake_id"]) == (95.0, "000002-00000000")
    assert row["source"] == f"figures.csv#{COUNT}-{DISTRICT}-2025-6"
    assert row["base_source"] == f"figures.csv#{COUNT}-{DISTRICT}-2024-6"
    assert row["target_source"] == f"targets.csv#{COUNT}-{DISTRICT}-total"


# By property

SEEDS = st.integers(0, 10**6).map(random.Random)


def assert_consistent(table: pl.DataFrame) -> None:
    """Check what holds for every row of any Metric table."""
    for row in table.iter_rows(named=True):
        assert [row[c] is not None for c in ("yoy", "yoy_points", "yoy_reason")].count(True) == 1
        assert (row["share"] is None) != (row["share_reason"] is None)
        assert (row["value"] is None) == (row["status"] != "reported")
        if row["value"] is None:
            empty = ("attainment", "gap", "surplus", "pace_ratio", "yoy", "share", "rank", "change")
            assert [row[c] for c in empty] == [None] * len(empty)
        if row["target"] is None:
            assert row["progress"] in {"no_target", "masked", "missing", "not_due"}
            assert row["target_reason"] is None
        if row["rank"] is not None:
            assert 1 <= row["rank"] <= row["ranked"] <= row["peers"]
            assert row["bound"] == "exact"
        if row["gap"] is not None:
            assert row["surplus"] is None
            assert row["gap"] > 0
    finite = table.select(pl.col(pl.Float64).is_finite().fill_null(value=True).all())
    assert all(finite.row(0))


@settings(max_examples=4)
@given(SEEDS, st.sampled_from(["2025H1", "2025H2"]))
def test_no_output_is_infinite_and_every_gap_is_explained_whatever_comes_in(
    chance: random.Random, at: str
) -> None:
    table = metrics(
        random_figures(chance), random_targets(chance), at, districts(COUNT_OF_DISTRICTS)
    )

    assert table.height >= COUNT_OF_DISTRICTS * len(GOALS)
    assert_consistent(table)


@settings(max_examples=3)
@given(SEEDS)
def test_the_order_of_rows_changes_nothing(chance: random.Random) -> None:
    rows, target_rows = random_figures(chance), random_targets(chance)
    units = districts(COUNT_OF_DISTRICTS)
    table = metrics(rows, target_rows, units=units)

    for table_rows in (rows, target_rows):
        chance.shuffle(table_rows)
    shuffled = metrics(rows, target_rows, units=units.sample(fraction=1, shuffle=True, seed=7))

    # Polars divides a one-row column by a constant with other rounding than a longer one.
    assert_frame_equal(shuffled, table, rel_tol=1e-14, abs_tol=0.0)


@settings(max_examples=3)
@given(SEEDS, st.sampled_from([1e4, 1e-1]))
def test_another_unit_of_money_scales_amounts_and_leaves_rates(
    chance: random.Random, times: float
) -> None:
    def scaled(row: dict[str, Any]) -> dict[str, Any]:
        value = row["value"]
        moves = row["indicator"] in MONEYS and row.get("kind") != "growth" and value is not None
        return row | {"value": value * times} if moves else row

    # In tenths a year's figure stays above the ten that a profile needs.
    rows = [
        row | {"value": row["value"] * 20} if row["value"] and row["indicator"] in MONEYS else row
        for row in random_figures(chance)
    ]
    target_rows = random_targets(chance)
    units = districts(COUNT_OF_DISTRICTS)
    amounts = [
        (pl.when(pl.col("indicator").is_in(MONEYS)).then(pl.col(c) * times).otherwise(c)).alias(c)
        for c in AMOUNTS
    ]
    growth_goal = (pl.col("target_kind") == "growth").fill_null(value=False)

    plain = metrics(rows, target_rows, units=units)
    other = metrics(map(scaled, rows), map(scaled, target_rows), units=units)

    expected = plain.with_columns(amounts).with_columns(
        target=pl.when(growth_goal).then(plain["target"]).otherwise("target")
    )
    assert_frame_equal(other, expected, rel_tol=1e-9, abs_tol=1e-9)


@settings(max_examples=3)
@given(SEEDS)
def test_one_more_masked_district_leaves_all_other_figures_unchanged(chance: random.Random) -> None:
    rows, target_rows = random_figures(chance), random_targets(chance)
    table = metrics(rows, target_rows, units=districts(COUNT_OF_DISTRICTS))
    new = code(COUNT_OF_DISTRICTS + 1)
    masked = [
        observation(indicator, None, 2025, 6, district=new, **MASKED)
        for indicator in table["indicator"].unique(maintain_order=True)
        if indicator != "fiscal_st_share"
    ]

    more = metrics(rows + masked, target_rows, units=districts(COUNT_OF_DISTRICTS + 1))

    # Coverage, and what a sum of all districts gave, may change; nothing else.
    free = ["peers", "rank_shown", "share", "share_bound", "share_reason",
            "share_due", "share_due_low", "share_due_high", "pace_years", "due", "pace_gap",
            "pace_gap_points", "pace_ratio", "progress", "target_reason", "pace_bound",
            "required_multiple", "outlook_low", "outlook_high", "outlook_rule", "contribution",
            "contribution_rate"]  # fmt: skip
    others = pl.col("district").is_in([code(n) for n in range(1, COUNT_OF_DISTRICTS + 1)])
    kept = [c for c in table.columns if c not in free]
    assert_frame_equal(more.filter(others).select(kept), table.filter(others).select(kept))
    apart = pl.col("pace_rule").ne_missing("seasonal")
    by_city = ("peers", "rank_shown", "share", "outlook", "contribution")
    paced = [c for c in free if not c.startswith(by_city)]
    assert_frame_equal(
        more.filter(others, apart).select(KEY + paced),
        table.filter(others, apart).select(KEY + paced),
    )
    peers = pl.col("peers")
    assert more.filter(others).select(peers).equals(table.filter(others).select(peers + 1))
    assert set(more.filter(district=new)["status"]) == {"masked"}
    assert more.filter(district=new)["rank"].null_count() == more.filter(district=new).height


def test_the_same_input_gives_the_same_bytes_in_any_number_of_runs() -> None:
    chance = random.Random(3)
    rows, target_rows = observations(random_figures(chance)), targets(random_targets(chance))
    units = districts(COUNT_OF_DISTRICTS)

    first, *others = [
        metrics(rows, target_rows, units=units, known=indicators()).write_json() for _ in range(3)
    ]

    assert all(other == first for other in others)
