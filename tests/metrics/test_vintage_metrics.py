"""The Metric table as known on a day, and the settings that a data set asks for it with."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from typer.testing import CliRunner

from kejistats import cli
from kejistats.dataset import Dataset
from kejistats.model.errors import UsageError
from kejistats.store import Store
from tests.factory import COUNT, DISTRICT, code, day, metric_row
from tests.store.factory import (
    BASE_FIGURE,
    DAYS,
    HALF,
    Intake,
    count_figure,
    count_target,
    fill,
    filled_dataset,
    metric_tables,
    random_intake,
)

# The Metric table


def row_of(dataset: Dataset, as_known: str | None, district: str = DISTRICT) -> dict[str, Any]:
    return metric_row(dataset.metrics(HALF, as_known=as_known), COUNT, district)


VALUES = {
    "a correction": (
        [Intake("2025-08-01", [count_figure(18.0, "2025-07-31")]),
         Intake("2025-08-25", [count_figure(14.0, "2025-08-20")])],
        {"2025-08-19": (18.0, "reported"), "2025-08-20": (14.0, "reported")},
    ),
    "a blank": (
        [Intake("2025-08-01", [count_figure(18.0)]), Intake("2025-08-20", [count_figure(None)])],
        {"2025-08-01": (18.0, "reported"), "2025-08-20": (18.0, "reported")},
    ),
    "a figure withdrawn": (
        [Intake("2025-08-01", [count_figure(18.0)]),
         Intake("2025-08-20", [count_figure(None, reported="撤销")])],
        {"2025-08-19": (18.0, "reported"), "2025-08-20": (None, "missing")},
    ),
    "an intake taken back": (
        [Intake("2025-08-01", [count_figure(18.0)]), Intake("2025-08-05", [count_figure(81.0)]),
         Intake("2025-08-20", withdraws=2)],
        {"2025-08-04": (18.0, "reported"), "2025-08-05": (81.0, "reported"),
         "2025-08-20": (18.0, "reported")},
    ),
    "a mask": (
        [Intake("2025-08-01", [count_figure(None, status="masked", reported="xx")]),
         Intake("2025-08-20", [count_figure(18.0)])],
        {"2025-08-01": (None, "masked"), "2025-08-20": (18.0, "reported")},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", VALUES)
def test_a_figure_is_what_it_was_known_to_be(city: Path, name: str) -> None:
    intakes, expected = VALUES[name]
    dataset = filled_dataset(city, *intakes)

    known = {at: row_of(dataset, at) for at in expected}

    assert {at: (row["value"], row["status"]) for at, row in known.items()} == expected


def test_growth_is_on_the_base_as_it_was_known(city: Path) -> None:
    dataset = filled_dataset(
        city,
        Intake("2024-08-01", [BASE_FIGURE]),
        Intake("2025-08-01", [count_figure(25.0, "2025-07-31")]),
        Intake("2025-09-05", [count_figure(16.0, "2025-09-01", year=2024)]),
    )

    known = [row_of(dataset, at) for at in ("2025-08-31", "2025-09-01", None)]

    assert [row["base"] for row in known] == [20.0, 16.0, 16.0]
    assert [row["yoy"] for row in known] == [0.25, 0.5625, 0.5625]


def test_growth_needs_a_base_restated_on_the_new_definition(city: Path) -> None:
    dataset = filled_dataset(
        city,
        Intake("2024-08-01", [BASE_FIGURE]),
        Intake("2025-08-01", [count_figure(25.0, "2025-07-31", break_id="2025")]),
        Intake("2025-09-05", [count_figure(16.0, "2025-09-01", year=2024, break_id="2025")]),
    )

    known = [row_of(dataset, at) for at in ("2025-08-31", "2025-09-01")]

    assert [row["yoy_reason"] for row in known] == ["break", None]
    assert [row["yoy"] for row in known] == [None, 0.5625]


def test_a_target_is_the_one_known(city: Path) -> None:
    revised = count_target(490.0, "2025-04-28", valid_from=day("2025-05-01"))
    dataset = filled_dataset(
        city,
        Intake(
            "2025-08-01", [count_figure(245.0, "2025-04-01")], [count_target(560.0, "2025-02-18")]
        ),
        Intake("2025-08-02", targets=[revised]),
    )

    known = [row_of(dataset, at) for at in ("2025-04-27", "2025-04-28", None)]

    assert [row["target"] for row in known] == [560.0, 490.0, 490.0]
    assert [row["target_original"] for row in known] == [None, 560.0, 560.0]
    assert [row["attainment"] for row in known] == [0.4375, 0.5, 0.5]


def test_a_figure_not_released_yet_is_not_due(city: Path) -> None:
    dataset = filled_dataset(
        city,
        Intake("2025-03-01", [BASE_FIGURE], [count_target(160.0, "2025-02-18")]),
        Intake("2025-08-05", [count_figure(90.0, district=code(2))]),
    )

    known = [row_of(dataset, at)["progress"] for at in ("2025-06-30", "2025-07-31", None)]

    assert known == ["not_due", "missing", "missing"]


def test_the_latest_checkpoint_known_is_the_default(city: Path) -> None:
    dataset = filled_dataset(
        city,
        Intake("2024-08-01", [BASE_FIGURE], [count_target(9.0, "2024-02-18")]),
        Intake("2025-08-05", [count_figure(25.0)]),
    )

    months = [
        dataset.metrics(as_known=at).select("year", "month").row(0)
        for at in ("2024-12-31", "2025-08-04", date(2025, 8, 5))
    ]

    assert months == [(2024, 6), (2024, 6), (2025, 6)]
    assert str(dataset.checkpoint()) == HALF
    with pytest.raises(UsageError, match="no figure of city was known on 2024-03-01") as caught:
        dataset.metrics(as_known="2024-03-01")
    assert HALF in caught.value.remedy


def test_a_checkpoint_withdrawn_entirely_can_still_be_requested(city: Path) -> None:
    dataset = filled_dataset(
        city,
        Intake("2024-08-01", [BASE_FIGURE]),
        Intake("2025-08-05", [count_figure(25.0)]),
        Intake("2025-09-01", withdraws=2),
    )

    assert row_of(dataset, "2025-08-31")["value"] == 25.0
    with pytest.raises(UsageError, match="no figures for 2025H1"):
        dataset.metrics(HALF)
    changed = dataset.changes(HALF, "2025-08-31")
    assert changed.filter(pl.col("column") == "value")["before"].to_list() == ["25.0"]
    assert changed["after"].null_count() == changed.height


def test_before_anything_was_known_the_first_day_is_named(city: Path) -> None:
    dataset = filled_dataset(
        city,
        Intake("2025-01-01", [count_figure(1.0, "2025-03-01")]),
        Intake("2025-01-15", withdraws=1),
        Intake("2025-08-05", [count_figure(90.0, "2025-07-31")], [count_target(9.0, "2025-02-18")]),
    )

    for call in (dataset.metrics, dataset.checkpoint):
        with pytest.raises(UsageError, match="nothing of city was known on 2025-02-17") as caught:
            call(HALF, as_known="2025-02-17")
        assert "2025-02-18" in caught.value.remedy
    assert row_of(dataset, "2025-02-18")["target"] == 9.0


def test_an_empty_store_says_what_to_run_on_any_day(city: Path) -> None:
    with pytest.raises(UsageError, match="is empty") as caught:
        Dataset(city).metrics(as_known="2025-08-01")

    assert "kejistats intake" in caught.value.remedy


@pytest.mark.parametrize(("period", "expected"), [(None, 2.0), ("half", 2.0), ("month", 0.0)])
def test_periods_are_those_requested(city: Path, period: str | None, expected: float) -> None:
    rows = [count_figure(v, year=y, month=m) for v, y, m in [(12.0, 2024, 6), (18.0, 2024, 12),
            (14.0, 2025, 4), (16.0, 2025, 5), (18.0, 2025, 6)]]  # fmt: skip
    dataset = filled_dataset(city, Intake("2025-08-05", rows))

    row = metric_row(dataset.metrics(HALF, period=period), COUNT)

    assert row["period_on_period"] == expected


def test_an_unknown_period_is_refused(city: Path) -> None:
    dataset = filled_dataset(city, Intake("2025-08-05", [count_figure(9.0)]))

    with pytest.raises(UsageError, match="unknown period 'week'") as caught:
        dataset.metrics(HALF, period="week")

    assert "half, quarter, month" in caught.value.remedy


def test_tables_are_cached_by_all_options_until_the_store_changes(city: Path) -> None:
    intakes = [
        Intake("2025-08-05", [count_figure(18.0)]),
        Intake("2025-08-20", [count_figure(14.0)]),
    ]
    dataset = filled_dataset(city, *intakes)
    requests: list[dict[str, Any]] = [
        {}, {"as_known": "2025-08-05"}, {"as_known": "2025-08-20"}, {"period": "month"},
    ]  # fmt: skip

    first = [dataset.metrics(HALF, **options) for options in requests]
    again = [dataset.metrics("2025Q2", **options) for options in requests]
    as_date = dataset.metrics(as_known=date(2025, 8, 5))
    dataset.forget_store()
    anew = dataset.metrics(HALF)

    assert all(one is other for one, other in zip(first, again, strict=True))
    assert len({id(table) for table in first}) == len(requests)
    assert as_date is first[1]
    assert anew is not first[0]
    assert anew.equals(first[0])


def test_metrics_read_no_more_of_the_store_than_they_need(city: Path) -> None:
    intakes = [Intake(f"{y}-08-05", [count_figure(9.0 + y, year=y)]) for y in range(2018, 2026)]
    dataset, loaded = filled_dataset(city, *intakes), Dataset(city)
    cached = loaded.observations

    table = dataset.metrics()

    assert "observations" not in vars(dataset)
    assert [str(c) for c in dataset.checkpoints()] == [f"{y}H1" for y in range(2018, 2026)]
    assert loaded.metrics().equals(table)
    assert loaded.observations is cached


def test_the_demo_citys_plain_table_is_the_one_of_its_last_day(demo: Dataset) -> None:
    for at in (HALF, "2024H2"):
        assert_frame_equal(demo.metrics(at, as_known="2099-12-31"), demo.metrics(at))


# The command


def test_the_command_shows_the_table_of_a_day(demo: Dataset) -> None:
    arguments = ["metrics", str(demo.path), "--as-known", "2025-08-01", "--json"]

    result = CliRunner().invoke(cli.app, arguments)

    assert result.exit_code == 0
    rows = json.loads(result.output)
    table = demo.metrics(HALF, as_known="2025-08-01")
    assert [row["value"] for row in rows] == table["value"].to_list()


def test_the_command_takes_a_period(demo: Dataset, tmp_path: Path) -> None:
    file = tmp_path / "metrics.parquet"
    arguments = ["metrics", str(demo.path), "-c", HALF, "--period", "month", "-o", str(file)]

    result = CliRunner().invoke(cli.app, arguments)

    assert result.output == f"{pl.read_parquet(file).height} rows of 2025H1 written to {file}\n"
    assert_frame_equal(pl.read_parquet(file), demo.metrics(HALF, period="month"))


# The benchmark


def set_benchmark(city: Path, benchmark: str) -> Dataset:
    file = city / "dataset.toml"
    text = file.read_text("utf-8")
    file.write_text(f'{text}benchmark = "{benchmark}"\n', encoding="utf-8")
    return Dataset(city)


def test_all_are_compared_with_the_benchmark(city: Path) -> None:
    rows = [count_figure(9.0), count_figure(12.0, district=code(2))]
    filled_dataset(city, Intake("2025-08-05", rows))

    row = metric_row(set_benchmark(city, code(2)).metrics(HALF), COUNT)

    assert (row["benchmark"], row["to_benchmark"]) == (12.0, -3.0)


@pytest.mark.parametrize(
    ("benchmark", "remedy"),
    [
        ("第1区", "did you mean 900101 (第1区)"),
        ("90010", "did you mean 9001"),
        ("900109", "900101 (第1区)"),
        ("第一区", "900101 (第1区)"),
        ("火星", "one of: 900100 (某市), 900101 (第1区)"),
    ],
)
def test_a_benchmark_that_is_no_district_is_refused_with_the_nearest(
    city: Path, benchmark: str, remedy: str
) -> None:
    dataset = set_benchmark(city, benchmark)

    with pytest.raises(
        UsageError, match=f"the benchmark {benchmark} is not a district code"
    ) as caught:
        _ = dataset.districts

    assert "dataset.toml" in caught.value.message
    assert remedy in caught.value.remedy


# Properties


@pytest.mark.long
@settings(max_examples=10)
@given(st.lists(random_intake(), min_size=1, max_size=4), st.sets(st.integers(1, 4)), DAYS)
def test_as_known_on_the_last_day_is_the_current_table(
    intakes: list[Intake], back: set[int], withdrawn: date
) -> None:
    taken_back = [n for n in sorted(back) if n <= len(intakes)]
    intakes += [Intake(withdrawn.isoformat(), withdraws=n) for n in taken_back]
    given = [d for one in intakes for row in one.figures if (d := row["published"])]
    given += [d for one in intakes for row in one.targets if (d := row["issued"])]
    last = max([*given, *(day(one.day) for one in intakes)])

    with tempfile.TemporaryDirectory() as folder:
        store = fill(Store(Path(folder)), *intakes)

        assert_frame_equal(store.observations(as_known=last), store.observations())
        assert_frame_equal(store.targets(as_known=last), store.targets())
        assert_frame_equal(*metric_tables((store, last), (store, None)))


@pytest.mark.long
@settings(max_examples=10)
@given(random_intake(least=2), st.data())
def test_an_intake_split_in_two_changes_nothing_but_the_receipts(
    whole: Intake, data: st.DataObject
) -> None:
    def halves(rows: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
        second = data.draw(st.sets(st.integers(0, max(0, len(rows) - 1))))
        return [[r for n, r in enumerate(rows) if (n in second) == part] for part in (False, True)]

    figures, goals = halves(whole.figures), halves(whole.targets)
    parts = [Intake(whole.day, figures[n], goals[n]) for n in (0, 1)]

    with tempfile.TemporaryDirectory() as folder:
        one = fill(Store(Path(folder) / "one"), whole)
        two = fill(Store(Path(folder) / "two"), *parts)

        first, second = metric_tables((one, None), (two, None))
        assert_frame_equal(first.drop("intake_id"), second.drop("intake_id"))
