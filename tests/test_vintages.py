"""As known on a day: vintage dates, withdrawals, and what changed between two days."""

from __future__ import annotations

import csv
import json
import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from factory import (
    CITY,
    COUNT,
    MONEY,
    OWN,
    ROOT,
    STOCK,
    code,
    day,
    districts,
    observation,
    observations,
    only,
    registry,
    target,
    targets,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from typer.testing import CliRunner

from kejistats import cli
from kejistats.dataset import Dataset
from kejistats.errors import UsageError
from kejistats.known import read_day, receipt_days
from kejistats.metrics import changes, metric_table
from kejistats.metrics.frames import ROW
from kejistats.metrics.vintages import COMPARED
from kejistats.period import Checkpoint
from kejistats.schema import Metric, Receipt
from kejistats.store import Store

H1 = Checkpoint(2025, 6)
HALF = "2025H1"


def number(n: int) -> str:
    return f"{n:06d}-00000000"


def receipt(n: int, when: str, withdraws: int | None = None) -> pl.DataFrame:
    """The receipt of an intake on a day, at noon in China unless the time is said."""
    row = {
        "id": number(n), "action": "withdraw" if withdraws else "intake",
        "withdraws": number(withdraws) if withdraws else None, "file": f"{n}.csv", "form": None,
        "supersedes": True, "sha256": f"{n:064d}", "table": "observations", "rows": 1,
        "accepted": 1, "unchanged": 0, "errors": 0, "warnings": 0, "who": "",
        "when": when if "T" in when else f"{when}T04:00:00+00:00",
    }  # fmt: skip
    return pl.DataFrame([row], schema=Receipt.dtypes())


@dataclass(frozen=True)
class Intake:
    """What one receipt brought, or took back."""

    when: str
    figures: Sequence[Mapping[str, Any]] = ()
    goals: Sequence[Mapping[str, Any]] = ()
    withdraws: int | None = None


def fill(store: Store, *intakes: Intake) -> Store:
    """Append intakes, numbered from 1 on."""
    for n, one in enumerate(intakes, 1):
        received = {"received": number(n)}
        with store.writing():
            store.append(
                {
                    "observations": [observations([row | received for row in one.figures])],
                    "targets": [targets([row | received for row in one.goals])],
                    "receipts": [receipt(n, one.when, one.withdraws)],
                }
            )
    return store


def filled(city: Path, *intakes: Intake) -> Dataset:
    fill(Store(city / "store"), *intakes)
    return Dataset(city)


def figure(value: float | None, published: str | None = None, **more: Any) -> dict[str, Any]:
    given = day(published) if published else None
    return observation(COUNT, value, published=given, **more)


def goal(value: float, issued: str | None = None, **more: Any) -> dict[str, Any]:
    return target(COUNT, "total", value, issued=day(issued) if issued else None, **more)


# Days


@pytest.mark.parametrize(
    "text", ["2025-08-20", "2025/8/20", "2025.8.20", "2025年8月20日", "20250820", " 2025-8-20 "]
)
def test_a_day_is_read_in_the_forms_that_reports_use(text: str) -> None:
    assert read_day(text) == date(2025, 8, 20)


def test_a_day_may_be_a_date_already() -> None:
    moment = datetime(2025, 8, 20, 23, tzinfo=UTC)

    assert read_day(date(2025, 8, 20)) == read_day(moment) == date(2025, 8, 20)


@pytest.mark.parametrize(
    "text", ["", "2025", "2025H1", "2025-13-01", "2025-02-29", "昨天", "20-08-2025", "2025-8/20"]
)
def test_what_is_no_day_is_refused_with_an_example(city: Path, text: str) -> None:
    dataset = filled(city, Intake("2025-07-31", [figure(9.0)]))

    with pytest.raises(UsageError, match="is no date") as caught:
        dataset.metrics(as_known=text)

    assert "2025-08-20" in caught.value.remedy


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("2025-07-31T15:59:59+00:00", "2025-07-31"),
        ("2025-07-31T16:00:00+00:00", "2025-08-01"),
        ("2025-07-31T16:00:00Z", "2025-08-01"),
        ("2025-07-31T16:00:00", "2025-08-01"),
        ("2025-08-01T07:59:59+08:00", "2025-08-01"),
        ("2025-07-31T12:30:00-05:00", "2025-08-01"),
    ],
)
def test_a_receipt_has_its_day_in_china(when: str, expected: str) -> None:
    assert receipt_days(receipt(1, when)) == {number(1): day(expected)}


def test_a_receipt_without_a_time_has_the_day_of_the_one_before() -> None:
    whens = ["unknown", "2025-07-31", "unknown", "2025-08-05"]
    receipts = pl.concat(
        [receipt(n, f"{w}T" if w == "unknown" else w) for n, w in enumerate(whens, 1)]
    )

    days = list(receipt_days(receipts).values())

    assert days == [date.min, day("2025-07-31"), day("2025-07-31"), day("2025-08-05")]


# What the store knew


@dataclass(frozen=True)
class Case:
    """Intakes, and the values known on some days."""

    name: str
    intakes: Sequence[Intake]
    known: Mapping[str, Sequence[float]] = field(default_factory=dict)


CASES = [
    Case(
        "the day of publication counts, however late the intake",
        [Intake("2026-01-15", [figure(90.0, "2025-07-31")])],
        {"2025-07-30": [], "2025-07-31": [90.0], "2026-01-15": [90.0]},
    ),
    Case(
        "a figure given out after its intake waits for that day",
        [Intake("2025-07-20", [figure(90.0, "2025-07-31")])],
        {"2025-07-20": [], "2025-07-31": [90.0]},
    ),
    Case(
        "without a day of publication, the day of intake",
        [Intake("2025-08-05", [figure(90.0)])],
        {"2025-08-04": [], "2025-08-05": [90.0]},
    ),
    Case(
        "a day of intake is a day in China",
        [Intake("2025-08-05T16:00:00+00:00", [figure(90.0)])],
        {"2025-08-05": [], "2025-08-06": [90.0]},
    ),
    Case(
        "a correction comes beside what it corrects",
        [
            Intake("2025-08-05", [figure(18.0, "2025-07-31")]),
            Intake("2025-08-25", [figure(14.0, "2025-08-20")]),
        ],
        {"2025-08-19": [18.0], "2025-08-20": [18.0, 14.0]},
    ),
    Case(
        "an intake taken back counts until the day of its withdrawal",
        [
            Intake("2025-08-05", [figure(18.0, "2025-07-31")]),
            Intake("2025-08-10", [figure(14.0)]),
            Intake("2025-09-01", withdraws=2),
        ],
        {"2025-08-09": [18.0], "2025-08-31": [18.0, 14.0], "2025-09-01": [18.0]},
    ),
    Case(
        "what was taken back before its own day was never known",
        [Intake("2025-07-20", [figure(9.0, "2025-07-31")]), Intake("2025-07-25", withdraws=1)],
        {"2025-07-24": [], "2025-07-31": [], "2025-12-31": []},
    ),
    Case(
        "clocks of intakes may go backwards",
        [Intake("2025-09-01", [figure(1.0)]), Intake("2025-08-01", [figure(2.0)])],
        {"2025-08-01": [2.0], "2025-09-01": [1.0, 2.0]},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_store_knows_what_was_known(tmp_path: Path, case: Case) -> None:
    store = fill(Store(tmp_path / "store"), *case.intakes)

    read = {at: store.observations(as_known=day(at))["value"].to_list() for at in case.known}
    scanned = {
        at: store.scan_observations(day(at)).sort("received").collect()["value"].to_list()
        for at in case.known
    }

    assert read == scanned == case.known


def test_targets_are_known_from_the_day_they_were_issued(tmp_path: Path) -> None:
    store = fill(
        Store(tmp_path / "store"),
        Intake("2025-08-05", goals=[goal(560.0, "2025-02-18"), goal(9.0, district=code(2))]),
        Intake("2025-08-06", goals=[goal(490.0, "2025-04-28")]),
        Intake("2025-09-01", withdraws=2),
    )
    days = ["2025-02-17", "2025-02-18", "2025-04-28", "2025-08-05", "2025-09-01"]

    known = [store.targets(as_known=day(at))["value"].to_list() for at in days]

    assert known == [[], [560.0], [560.0, 490.0], [560.0, 490.0, 9.0], [560.0, 9.0]]


def test_a_receipt_and_a_day_exclude_each_other(tmp_path: Path) -> None:
    store = fill(Store(tmp_path / "store"), Intake("2025-08-05", [figure(90.0)]))

    for table in (store.observations, store.targets):
        with pytest.raises(UsageError, match="exclude each other") as caught:
            table(number(1), day("2025-08-05"))
        assert caught.value.remedy


def test_a_row_whose_receipt_is_lost_is_dated_by_those_before_it(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    rows = [figure(float(n), vintage=n) for n in (1, 2, 3)]
    with store.writing():
        store.append(
            {
                "observations": [observations(rows)],
                "receipts": [receipt(1, "2025-08-01"), receipt(3, "2025-08-20")],
            }
        )
    days = ["2025-07-31", "2025-08-01", "2025-08-20"]

    known = [store.observations(as_known=day(at))["value"].to_list() for at in days]

    assert known == [[], [1.0, 2.0], [1.0, 2.0, 3.0]]


def test_a_scan_has_the_rows_that_count_and_the_columns_of_the_model(tmp_path: Path) -> None:
    store = fill(
        Store(tmp_path / "store"),
        Intake("2025-08-05", [figure(90.0), figure(80.0, year=2024)]),
        Intake("2025-08-06", [figure(95.0)]),
        Intake("2025-08-07", withdraws=1),
    )

    scanned = store.scan_observations()

    assert isinstance(scanned, pl.LazyFrame)
    assert_frame_equal(scanned.collect(), store.observations(), check_row_order=False)
    assert scanned.collect()["value"].to_list() == [95.0]


def test_a_store_that_is_not_there_scans_as_empty(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")

    scanned = store.scan_observations(day("2025-08-01")).collect()

    assert scanned.height == 0
    assert scanned.schema == store.observations().schema
    assert store.first_known() is None


@pytest.mark.parametrize("as_known", [None, date(2030, 1, 1)])
def test_a_filter_on_year_and_month_reaches_the_files(
    tmp_path: Path, as_known: date | None
) -> None:
    intakes = [Intake(f"{y}-08-05", [figure(9.0, year=y)]) for y in range(2018, 2026)]
    store = fill(
        Store(tmp_path / "store"), *intakes, Intake("2025-09-01", withdraws=1),
        Intake("2031-01-01", [figure(1.0, year=2031)]),
    )  # fmt: skip

    wanted = store.scan_observations(as_known).filter(
        pl.col("year").is_in([2020]), pl.col("month").is_in([6, 12])
    )

    assert wanted.collect()["year"].to_list() == [2020]
    assert wanted.explain().count(".parquet") == 1


# The Metric table


def row_of(dataset: Dataset, as_known: str | None, district: str = OWN) -> dict[str, Any]:
    return only(dataset.metrics(HALF, as_known=as_known), COUNT, district)


BASE = figure(20.0, "2024-07-31", year=2024)
VALUES = {
    "a correction": (
        [Intake("2025-08-01", [figure(18.0, "2025-07-31")]),
         Intake("2025-08-25", [figure(14.0, "2025-08-20")])],
        {"2025-08-19": (18.0, "reported"), "2025-08-20": (14.0, "reported")},
    ),
    "a blank": (
        [Intake("2025-08-01", [figure(18.0)]), Intake("2025-08-20", [figure(None)])],
        {"2025-08-01": (18.0, "reported"), "2025-08-20": (18.0, "reported")},
    ),
    "a figure withdrawn": (
        [Intake("2025-08-01", [figure(18.0)]),
         Intake("2025-08-20", [figure(None, reported="撤销")])],
        {"2025-08-19": (18.0, "reported"), "2025-08-20": (None, "missing")},
    ),
    "an intake taken back": (
        [Intake("2025-08-01", [figure(18.0)]), Intake("2025-08-05", [figure(81.0)]),
         Intake("2025-08-20", withdraws=2)],
        {"2025-08-04": (18.0, "reported"), "2025-08-05": (81.0, "reported"),
         "2025-08-20": (18.0, "reported")},
    ),
    "a mask": (
        [Intake("2025-08-01", [figure(None, status="masked", reported="xx")]),
         Intake("2025-08-20", [figure(18.0)])],
        {"2025-08-01": (None, "masked"), "2025-08-20": (18.0, "reported")},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", VALUES)
def test_a_figure_is_what_it_was_known_to_be(city: Path, name: str) -> None:
    intakes, expected = VALUES[name]
    dataset = filled(city, *intakes)

    known = {at: row_of(dataset, at) for at in expected}

    assert {at: (row["value"], row["status"]) for at, row in known.items()} == expected


def test_growth_is_on_the_base_as_it_was_known(city: Path) -> None:
    dataset = filled(
        city,
        Intake("2024-08-01", [BASE]),
        Intake("2025-08-01", [figure(25.0, "2025-07-31")]),
        Intake("2025-09-05", [figure(16.0, "2025-09-01", year=2024)]),
    )

    known = [row_of(dataset, at) for at in ("2025-08-31", "2025-09-01", None)]

    assert [row["base"] for row in known] == [20.0, 16.0, 16.0]
    assert [row["yoy"] for row in known] == [0.25, 0.5625, 0.5625]


def test_growth_waits_for_a_base_restated_on_the_new_definition(city: Path) -> None:
    dataset = filled(
        city,
        Intake("2024-08-01", [BASE]),
        Intake("2025-08-01", [figure(25.0, "2025-07-31", break_id="2025")]),
        Intake("2025-09-05", [figure(16.0, "2025-09-01", year=2024, break_id="2025")]),
    )

    known = [row_of(dataset, at) for at in ("2025-08-31", "2025-09-01")]

    assert [row["yoy_reason"] for row in known] == ["break", None]
    assert [row["yoy"] for row in known] == [None, 0.5625]


def test_a_target_is_the_one_known(city: Path) -> None:
    revised = goal(490.0, "2025-04-28", valid_from=day("2025-05-01"))
    dataset = filled(
        city,
        Intake("2025-08-01", [figure(245.0, "2025-04-01")], [goal(560.0, "2025-02-18")]),
        Intake("2025-08-02", goals=[revised]),
    )

    known = [row_of(dataset, at) for at in ("2025-04-27", "2025-04-28", None)]

    assert [row["target"] for row in known] == [560.0, 490.0, 490.0]
    assert [row["target_original"] for row in known] == [None, 560.0, 560.0]
    assert [row["attainment"] for row in known] == [0.4375, 0.5, 0.5]


def test_what_could_not_be_out_yet_is_not_due(city: Path) -> None:
    dataset = filled(
        city,
        Intake("2025-03-01", [BASE], [goal(160.0, "2025-02-18")]),
        Intake("2025-08-05", [figure(90.0, district=code(2))]),
    )

    known = [row_of(dataset, at)["progress"] for at in ("2025-06-30", "2025-07-31", None)]

    assert known == ["not_due", "missing", "missing"]


def test_a_figure_is_told_by_the_latest_checkpoint_known(city: Path) -> None:
    dataset = filled(
        city,
        Intake("2024-08-01", [BASE], [goal(9.0, "2024-02-18")]),
        Intake("2025-08-05", [figure(25.0)]),
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


def test_a_checkpoint_taken_back_whole_can_still_be_asked_for(city: Path) -> None:
    dataset = filled(
        city,
        Intake("2024-08-01", [BASE]),
        Intake("2025-08-05", [figure(25.0)]),
        Intake("2025-09-01", withdraws=2),
    )

    assert row_of(dataset, "2025-08-31")["value"] == 25.0
    with pytest.raises(UsageError, match="no figures for 2025H1"):
        dataset.metrics(HALF)
    gone = dataset.changes(HALF, "2025-08-31")
    assert gone.filter(pl.col("column") == "value")["before"].to_list() == ["25.0"]
    assert gone["after"].null_count() == gone.height


def test_before_anything_was_known_the_first_day_is_named(city: Path) -> None:
    dataset = filled(
        city,
        Intake("2025-01-01", [figure(1.0, "2025-03-01")]),
        Intake("2025-01-15", withdraws=1),
        Intake("2025-08-05", [figure(90.0, "2025-07-31")], [goal(9.0, "2025-02-18")]),
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
def test_stretches_are_those_asked_for(city: Path, period: str | None, expected: float) -> None:
    rows = [figure(v, year=y, month=m) for v, y, m in [(12.0, 2024, 6), (18.0, 2024, 12),
            (14.0, 2025, 4), (16.0, 2025, 5), (18.0, 2025, 6)]]  # fmt: skip
    dataset = filled(city, Intake("2025-08-05", rows))

    row = only(dataset.metrics(HALF, period=period), COUNT)

    assert row["period_on_period"] == expected


def test_an_unknown_period_is_refused(city: Path) -> None:
    dataset = filled(city, Intake("2025-08-05", [figure(9.0)]))

    with pytest.raises(UsageError, match="unknown period 'week'") as caught:
        dataset.metrics(HALF, period="week")

    assert "half, quarter, month" in caught.value.remedy


def test_tables_are_kept_by_all_that_was_asked_until_the_store_changes(city: Path) -> None:
    intakes = [Intake("2025-08-05", [figure(18.0)]), Intake("2025-08-20", [figure(14.0)])]
    dataset = filled(city, *intakes)
    asked: list[dict[str, Any]] = [
        {}, {"as_known": "2025-08-05"}, {"as_known": "2025-08-20"}, {"period": "month"},
    ]  # fmt: skip

    first = [dataset.metrics(HALF, **options) for options in asked]
    again = [dataset.metrics("2025Q2", **options) for options in asked]
    as_date = dataset.metrics(as_known=date(2025, 8, 5))
    dataset.forget_store()
    anew = dataset.metrics(HALF)

    assert all(one is other for one, other in zip(first, again, strict=True))
    assert len({id(table) for table in first}) == len(asked)
    assert as_date is first[1]
    assert anew is not first[0]
    assert anew.equals(first[0])


def test_metrics_read_no_more_of_the_store_than_they_need(city: Path) -> None:
    intakes = [Intake(f"{y}-08-05", [figure(9.0 + y, year=y)]) for y in range(2018, 2026)]
    dataset, loaded = filled(city, *intakes), Dataset(city)
    held = loaded.observations

    table = dataset.metrics()

    assert "observations" not in vars(dataset)
    assert [str(c) for c in dataset.checkpoints()] == [f"{y}H1" for y in range(2018, 2026)]
    assert loaded.metrics().equals(table)
    assert loaded.observations is held


# The benchmark


def set_benchmark(city: Path, benchmark: str) -> Dataset:
    file = city / "dataset.toml"
    text = file.read_text("utf-8")
    file.write_text(f'{text}benchmark = "{benchmark}"\n', encoding="utf-8")
    return Dataset(city)


def test_all_are_compared_with_the_benchmark(city: Path) -> None:
    rows = [figure(9.0), figure(12.0, district=code(2))]
    filled(city, Intake("2025-08-05", rows))

    row = only(set_benchmark(city, code(2)).metrics(HALF), COUNT)

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

    with pytest.raises(UsageError, match=f"benchmark names unknown {benchmark}") as caught:
        _ = dataset.districts

    assert "dataset.toml" in caught.value.message
    assert remedy in caught.value.remedy


# What changed


def metric(value: float | None = None, **more: Any) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(Metric.columns())
    status = "missing" if value is None else "reported"
    return row | {
        "district": OWN, "indicator": COUNT, "level": "", "year": 2025, "month": 6,
        "value": value, "status": status, "bound": "exact", "progress": "no_target",
        "source": "a.csv#D2", "received": number(1), **more,
    }  # fmt: skip


def table(*rows: Mapping[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=Metric.dtypes())


@pytest.mark.parametrize("column", COMPARED)
def test_every_column_compared_is_told_with_its_title(column: str) -> None:
    kind = Metric.dtypes()[column]
    texts = {"status": "masked", "progress": "ahead", "bound": "about", "grade": "final"}
    new: Any = texts.get(column) or (3 if kind.is_integer() else 0.1 + 0.2)

    [told] = changes(table(metric(1.0)), table(metric(1.0) | {column: new})).to_dicts()

    assert (told["column"], told["title"]) == (column, Metric.titles()[column])
    assert told["after"] == (new if column in texts else repr(new))


@pytest.mark.parametrize("column", [c for c in Metric.columns() if c not in {*COMPARED, *ROW}])
def test_no_other_column_is_told(column: str) -> None:
    kind = Metric.dtypes()[column]
    new: Any = {pl.Float64(): 0.5, pl.Int64(): 3, pl.Date(): H1.end, pl.Boolean(): True}.get(
        kind, "other"
    )

    assert changes(table(metric(1.0)), table(metric(1.0) | {column: new})).height == 0


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (1.0, 1.0, False),
        (0.1 + 0.2, 0.3, False),
        (1.0, 1.0 + 1e-12, False),
        (1.0, 1.00000000001, True),
        (123456789012.0, 123456789013.0, True),
        (1234567890120.0, 1234567890121.0, False),
        (0.1234567890125, 0.12345678901249999, False),
        (0.0, -0.0, False),
        (0.0, 1e-9, True),
        (1e-15, 2e-15, True),
        (1.0, -1.0, True),
        (1.0, None, True),
        (None, 0.0, True),
        (None, None, False),
    ],
)
def test_numbers_equal_to_twelve_digits_are_no_change(
    before: float | None, after: float | None, told: bool
) -> None:
    found = changes(table(metric(5.0, share=before)), table(metric(5.0, share=after)))

    assert found["column"].to_list() == (["share"] if told else [])


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_told_with_all_their_digits(value: float) -> None:
    found = changes(table(metric(1.0)), table(metric(1.0, due=value)))

    [text] = found["after"]
    assert float(text) == value


@given(st.floats(-1e12, 1e12), st.sampled_from([1.0, 1 + 1e-15, 1 - 1e-15, 1 + 1e-14]))
def test_noise_is_never_told(value: float, noise: float) -> None:
    assert changes(table(metric(value)), table(metric(value * noise))).height == 0


def test_a_difference_is_told_of_two_numbers_only() -> None:
    before = metric(18.0, rank=4, progress="slow", gap=3.0)
    after = metric(14.0, rank=5, progress="behind", surplus=1.0)

    found = changes(table(before), table(after)).select("column", "before", "after", "difference")

    assert found.rows() == [
        ("value", "18.0", "14.0", -4.0),
        ("progress", "slow", "behind", None),
        ("rank", "4", "5", 1.0),
        ("gap", "3.0", None, None),
        ("surplus", None, "1.0", None),
    ]


def test_a_change_names_its_cell_and_its_receipt() -> None:
    before = metric(18.0, target=50.0, target_source="t.csv#E2", base=9.0, base_source="b.csv#D2")
    after = metric(
        14.0, target=40.0, target_source="t.csv#E3", source="b.csv#D9", received=number(2)
    )

    found = changes(table(before), table(after)).select("column", "source", "received")

    assert found.rows() == [
        ("value", "b.csv#D9", number(2)),
        ("target", "t.csv#E3", None),
        ("base", "b.csv#D2", None),
    ]


def test_a_change_to_a_row_without_source_names_the_one_before() -> None:
    after = metric(None, source=None, received=None)

    found = changes(table(metric(18.0)), table(after))

    assert found.select("source", "received").unique().rows() == [("a.csv#D2", number(1))]


def test_rows_that_come_or_go_are_told() -> None:
    here, there = metric(1.0), metric(2.0, district=code(2))

    gone, come = changes(table(here, there), table(here)), changes(table(here), table(here, there))

    columns = ["value", "status", "bound", "progress"]
    assert gone["column"].to_list() == come["column"].to_list() == columns
    assert gone["before"].to_list() == come["after"].to_list()
    assert gone["before"].to_list() == ["2.0", "reported", "exact", "no_target"]
    assert gone["after"].null_count() == come["before"].null_count() == 4
    assert gone["difference"].null_count() == 4
    assert gone["source"].to_list() == come["source"].to_list() == ["a.csv#D2"] * 4


def test_changes_stand_in_the_order_of_the_tables() -> None:
    rows = [(1, MONEY), (1, COUNT), (1, STOCK), (2, MONEY), (2, COUNT), (3, STOCK)]

    def some(*left_out: int, value: float) -> pl.DataFrame:
        kept = [row for n, row in enumerate(rows) if n not in left_out]
        return table(*(metric(value, district=code(d), indicator=i) for d, i in kept))

    for before, after in [((), ()), ((0, 4), (1, 5)), ((2, 3), (0, 4)), ((), range(6))]:
        found = changes(some(*before, value=1.0), some(*after, value=2.0))
        told = found.select("district", "indicator").unique(maintain_order=True).rows()
        assert told == [(code(d), i) for d, i in rows]
    found = changes(table(metric(1.0)), table(metric(2.0, due=1.0, rank=1, yoy=0.1)))
    assert found["column"].to_list() == ["value", "yoy", "rank", "due"]


def test_without_a_change_there_are_no_rows_and_the_same_columns() -> None:
    one = table(metric(1.0))

    found = changes(one, one)

    assert found.schema == changes(one, table(metric(2.0))).schema
    assert found.height == changes(table(), table()).height == 0


def test_tables_of_two_checkpoints_are_not_compared() -> None:
    with pytest.raises(UsageError, match="several checkpoints") as caught:
        changes(table(metric(1.0)), table(metric(1.0, month=12)))

    assert caught.value.remedy


def test_changes_between_two_days_and_up_to_now(city: Path) -> None:
    dataset = filled(
        city,
        Intake("2024-08-01", [BASE]),
        Intake("2025-08-01", [figure(25.0)]),
        Intake("2025-08-20", [figure(26.0)]),
        Intake("2025-09-20", [figure(27.0)]),
    )

    first = dataset.changes(HALF, "2025-08-01", "2025-08-20")
    now = dataset.changes(None, date(2025, 8, 20))
    come = dataset.changes(HALF, "2025-07-01", "2025-08-01")

    columns = ["column", "before", "after", "difference"]
    assert first.select(columns).rows() == [
        ("value", "25.0", "26.0", 1.0),
        ("yoy", "0.25", "0.3", pytest.approx(0.05)),
    ]
    assert now.filter(pl.col("column") == "value")["difference"].to_list() == [1.0]
    assert dataset.changes(HALF, "2025-08-20", "2025-08-20").height == 0
    assert {"value", "status", "yoy"} <= set(come["column"])
    with pytest.raises(UsageError, match="2025-08-20 lies after 2025-08-01"):
        dataset.changes(HALF, "2025-08-20", "2025-08-01")


# The demo city


def test_the_demo_citys_changes_are_its_corrections_and_what_follows(demo: Dataset) -> None:
    file = ROOT / "data" / "demo-city" / "inbox" / "2025H1-02-更正.csv"
    with file.open(encoding="utf-8", newline="") as lines:
        corrections = list(csv.DictReader(lines))
    ids = dict(demo.indicators.select("name", "id").iter_rows())
    corrected = {
        (demo.district(c["district"]), ids[c["indicator"]]): float(c["value"]) for c in corrections
    }

    found = demo.changes(HALF, "2025-08-01", "2025-08-21")

    values = found.filter(pl.col("column") == "value")
    told = {(d, i): float(v) for d, i, v in values.select("district", "indicator", "after").rows()}
    assert told == corrected
    assert dict(values.select("indicator", "before").rows()) == {
        "proj_accepted": "18.0", "tech_sme_registered": "234.0", "talent_introduced": "15.0",
    }  # fmt: skip
    assert all(source.startswith(f"{file.name}#D") for source in values["source"])
    # Of other rows only the place among peers has changed, and only of the same indicators.
    rest = found.filter(~pl.struct("district", "indicator").is_in(
        values.select(pl.struct("district", "indicator")).to_series().implode()))  # fmt: skip
    assert set(found["indicator"]) == {i for _, i in corrected}
    assert set(rest["column"]) <= {"rank", "share"}
    own = found.filter(pl.col("district") == "900108").select("column", "before", "after").rows()
    assert own == [
        ("value", "234.0", "213.0"),
        ("attainment", repr(234 / 370), repr(213 / 370)),
        ("yoy", repr(37 / 197), repr(16 / 197)),
        ("rank", "5", "6"),
        ("share", repr(234 / 2441), repr(213 / 2441)),
        ("gap", "136.0", "157.0"),
    ]


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


SINCE = ["-c", HALF, "--since", "2025-08-01", "--as-known", "2025-08-21"]


@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".parquet"])
def test_the_command_writes_what_has_changed(demo: Dataset, tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"changes{ending}"
    expected = demo.changes(HALF, "2025-08-01", "2025-08-21").with_columns(
        pl.col("level").replace("", None)
    )
    read = {".csv": pl.read_csv, ".xlsx": pl.read_excel}.get(ending)

    result = CliRunner().invoke(cli.app, ["metrics", str(demo.path), *SINCE, "-o", str(file)])

    assert result.output == (
        f"{expected.height} changes of 2025H1 since 2025-08-01 up to 2025-08-21 written to {file}\n"
    )
    back = read(file, schema_overrides=expected.schema) if read else pl.read_parquet(file)
    back = back.with_columns(pl.col("level").replace("", None))
    assert_frame_equal(back, expected)


def test_numbers_below_zero_stay_numbers_in_csv(city: Path, tmp_path: Path) -> None:
    rows = [BASE, figure(10.0), figure(5.0, district=code(2))]
    dataset = filled(
        city, Intake("2025-08-01", rows), Intake("2025-08-20", [figure(15.0)])
    )  # fmt: skip
    file = tmp_path / "changes.csv"
    arguments = ["metrics", str(dataset.path), "--since", "2025-08-01", "-o", str(file)]

    CliRunner().invoke(cli.app, arguments)

    told = pl.read_csv(file, infer_schema=False).filter(pl.col("column") == "yoy")
    assert told.select("before", "after", "difference").rows() == [("-0.5", "-0.25", "0.25")]


def test_the_command_shows_what_has_changed(demo: Dataset) -> None:
    shown = CliRunner().invoke(cli.app, ["metrics", str(demo.path), *SINCE])
    printed = CliRunner().invoke(cli.app, ["metrics", str(demo.path), *SINCE, "--json"])

    rows = demo.changes(HALF, "2025-08-01", "2025-08-21")
    assert f"{rows.height} changes of 2025H1 since 2025-08-01 up to 2025-08-21" in shown.output
    assert "2025H1-02-更正.csv" in shown.output
    assert json.loads(printed.output) == rows.to_dicts()


def test_the_command_does_not_tell_changes_by_stretches(demo: Dataset) -> None:
    arguments = ["metrics", str(demo.path), *SINCE, "--period", "month"]

    result = CliRunner().invoke(cli.app, arguments)

    assert isinstance(result.exception, UsageError)
    assert "exclude each other" in str(result.exception)


# Properties

DAYS = st.dates(date(2025, 8, 1), date(2025, 12, 31))
KEYS = [
    (district, indicator, year, month)
    for district in (code(1), code(2), code(3), CITY)
    for indicator in (COUNT, MONEY, STOCK)
    for year, month in ((2023, 12), (2024, 6), (2024, 12), (2025, 6))
]
REPORTED = st.one_of(
    st.integers(0, 99).map(lambda v: {"value": v / 4, "status": "reported", "reported": str(v)}),
    st.just({"value": None, "status": "masked", "reported": "xx"}),
    st.just({"value": None, "status": "missing", "reported": ""}),
    st.just({"value": None, "status": "missing", "reported": "撤销"}),
)


@st.composite
def intake(draw: st.DrawFn, least: int = 0) -> Intake:
    """An intake on a day: figures under different keys, some dated by their source, a target."""
    figures = [
        observation(i, None, y, m, district=d)
        | draw(REPORTED)
        | {"published": draw(st.none() | DAYS)}
        for d, i, y, m in draw(
            st.lists(st.sampled_from(KEYS), unique=True, min_size=least, max_size=24)
        )
    ]
    goals = [
        target(COUNT, "total", float(draw(st.integers(1, 50))), district=d)
        | {"issued": draw(st.none() | DAYS)}
        for d in draw(st.lists(st.sampled_from([code(1), code(2), CITY]), unique=True))
    ]
    return Intake(draw(DAYS).isoformat(), figures, goals)


def computed(store: Store, as_known: date | None = None) -> pl.DataFrame:
    return metric_table(
        store.scan_observations(as_known), store.targets(as_known=as_known), districts(),
        registry(), H1,
    )  # fmt: skip


@settings(max_examples=10)
@given(st.lists(intake(), min_size=1, max_size=4), st.sets(st.integers(1, 4)), DAYS)
def test_as_known_at_the_last_day_is_as_it_stands(
    intakes: list[Intake], back: set[int], withdrawn: date
) -> None:
    taken_back = [n for n in sorted(back) if n <= len(intakes)]
    intakes += [Intake(withdrawn.isoformat(), withdraws=n) for n in taken_back]
    given = [d for one in intakes for row in one.figures if (d := row["published"])]
    given += [d for one in intakes for row in one.goals if (d := row["issued"])]
    last = max([*given, *(day(one.when) for one in intakes)])

    with tempfile.TemporaryDirectory() as folder:
        store = fill(Store(Path(folder)), *intakes)

        assert_frame_equal(store.observations(as_known=last), store.observations())
        assert_frame_equal(store.targets(as_known=last), store.targets())
        assert_frame_equal(computed(store, last), computed(store))


@settings(max_examples=10)
@given(intake(least=2), st.data())
def test_an_intake_split_in_two_changes_nothing_but_the_receipts(
    whole: Intake, data: st.DataObject
) -> None:
    def halves(rows: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
        second = data.draw(st.sets(st.integers(0, max(0, len(rows) - 1))))
        return [[r for n, r in enumerate(rows) if (n in second) == part] for part in (False, True)]

    figures, goals = halves(whole.figures), halves(whole.goals)
    parts = [Intake(whole.when, figures[n], goals[n]) for n in (0, 1)]

    with tempfile.TemporaryDirectory() as folder:
        one = fill(Store(Path(folder) / "one"), whole)
        two = fill(Store(Path(folder) / "two"), *parts)

        assert_frame_equal(computed(one).drop("received"), computed(two).drop("received"))


@settings(max_examples=6)
@given(st.lists(intake(), min_size=1, max_size=3), DAYS, DAYS)
def test_changes_are_all_that_differs_either_way(
    intakes: list[Intake], one: date, other: date
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = fill(Store(Path(folder)), *intakes)
        before, after = computed(store, min(one, other)), computed(store, max(one, other))

    found, back = changes(before, after), changes(after, before)

    key = ["district", "indicator", "level"]
    rows = [{tuple(r[c] for c in key): r for r in t.iter_rows(named=True)} for t in (before, after)]
    then, now = ({(k, c): row[c] for k, row in t.items() for c in COMPARED} for t in rows)
    differing = {(*k, c) for k, c in {*then, *now} if not same(then.get((k, c)), now.get((k, c)))}
    told = found.select(*key, "column").rows()
    assert len(told) == len(set(told))
    assert set(told) == differing
    assert (
        found.select("column", "before", "after").rows()
        == back.select("column", "after", "before").rows()
    )


def same(a: Any, b: Any) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=1e-13)
    return bool(a == b)
