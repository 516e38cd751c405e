"""Vintages: parsing of days, days of receipts, and the rows of the store known on a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from kejistats.model.errors import UsageError
from kejistats.store import Store
from kejistats.store.vintages import parse_day, receipt_days
from tests.factory import code, day, observations
from tests.store.factory import (
    Intake,
    count_figure,
    count_target,
    fill,
    filled_dataset,
    receipt,
    receipt_id,
)

# Days


@pytest.mark.parametrize(
    "text", ["2025-08-20", "2025/8/20", "2025.8.20", "2025年8月20日", "20250820", " 2025-8-20 "]
)
def test_a_day_is_parsed_in_the_notations_that_reports_use(text: str) -> None:
    assert parse_day(text) == date(2025, 8, 20)


def test_a_day_may_be_given_as_a_date() -> None:
    moment = datetime(2025, 8, 20, 23, tzinfo=UTC)

    assert parse_day(date(2025, 8, 20)) == parse_day(moment) == date(2025, 8, 20)


@pytest.mark.parametrize(
    "text", ["", "2025", "2025H1", "2025-13-01", "2025-02-29", "昨天", "20-08-2025", "2025-8/20"]
)
def test_an_invalid_day_is_refused_with_an_example(city: Path, text: str) -> None:
    dataset = filled_dataset(city, Intake("2025-07-31", [count_figure(9.0)]))

    with pytest.raises(UsageError, match="is not a date") as caught:
        dataset.metrics(as_known=text)

    assert "2025-08-20" in caught.value.remedy


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2025-07-31T15:59:59+00:00", "2025-07-31"),
        ("2025-07-31T16:00:00+00:00", "2025-08-01"),
        ("2025-07-31T16:00:00Z", "2025-08-01"),
        ("2025-07-31T16:00:00", "2025-08-01"),
        ("2025-08-01T07:59:59+08:00", "2025-08-01"),
        ("2025-07-31T12:30:00-05:00", "2025-08-01"),
    ],
)
def test_a_receipt_has_its_day_in_china(moment: str, expected: str) -> None:
    assert receipt_days(receipt(1, moment)) == {receipt_id(1): day(expected)}


def test_a_receipt_without_a_time_has_the_day_of_the_one_before() -> None:
    moments = ["unknown", "2025-07-31", "unknown", "2025-08-05"]
    receipts = pl.concat(
        [receipt(n, f"{m}T" if m == "unknown" else m) for n, m in enumerate(moments, 1)]
    )

    days = list(receipt_days(receipts).values())

    assert days == [date.min, day("2025-07-31"), day("2025-07-31"), day("2025-08-05")]


# Rows known on a day


@dataclass(frozen=True)
class Case:
    """Intakes, and the values known on each of some days."""

    name: str
    intakes: Sequence[Intake]
    known: Mapping[str, Sequence[float]] = field(default_factory=dict)


CASES = [
    Case(
        "the day of publication counts, however late the intake",
        [Intake("2026-01-15", [count_figure(90.0, "2025-07-31")])],
        {"2025-07-30": [], "2025-07-31": [90.0], "2026-01-15": [90.0]},
    ),
    Case(
        "a figure published after its intake counts from that day",
        [Intake("2025-07-20", [count_figure(90.0, "2025-07-31")])],
        {"2025-07-20": [], "2025-07-31": [90.0]},
    ),
    Case(
        "without a day of publication, the day of intake",
        [Intake("2025-08-05", [count_figure(90.0)])],
        {"2025-08-04": [], "2025-08-05": [90.0]},
    ),
    Case(
        "a day of intake is a day in China",
        [Intake("2025-08-05T16:00:00+00:00", [count_figure(90.0)])],
        {"2025-08-05": [], "2025-08-06": [90.0]},
    ),
    Case(
        "a correction is added to what it corrects",
        [
            Intake("2025-08-05", [count_figure(18.0, "2025-07-31")]),
            Intake("2025-08-25", [count_figure(14.0, "2025-08-20")]),
        ],
        {"2025-08-19": [18.0], "2025-08-20": [18.0, 14.0]},
    ),
    Case(
        "a withdrawn intake counts until the day of its withdrawal",
        [
            Intake("2025-08-05", [count_figure(18.0, "2025-07-31")]),
            Intake("2025-08-10", [count_figure(14.0)]),
            Intake("2025-09-01", withdraws=2),
        ],
        {"2025-08-09": [18.0], "2025-08-31": [18.0, 14.0], "2025-09-01": [18.0]},
    ),
    Case(
        "an intake withdrawn before its figures were published was never known",
        [
            Intake("2025-07-20", [count_figure(9.0, "2025-07-31")]),
            Intake("2025-07-25", withdraws=1),
        ],
        {"2025-07-24": [], "2025-07-31": [], "2025-12-31": []},
    ),
    Case(
        "clocks of intakes may go backwards",
        [Intake("2025-09-01", [count_figure(1.0)]), Intake("2025-08-01", [count_figure(2.0)])],
        {"2025-08-01": [2.0], "2025-09-01": [1.0, 2.0]},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_store_reads_what_was_known_on_a_day(tmp_path: Path, case: Case) -> None:
    store = fill(Store(tmp_path / "store"), *case.intakes)

    read = {at: store.observations(as_known=day(at))["value"].to_list() for at in case.known}
    scanned = {
        at: store.scan_observations(day(at)).sort("intake_id").collect()["value"].to_list()
        for at in case.known
    }

    assert read == scanned == case.known


def test_targets_are_known_from_the_day_they_were_issued(tmp_path: Path) -> None:
    store = fill(
        Store(tmp_path / "store"),
        Intake(
            "2025-08-05",
            targets=[count_target(560.0, "2025-02-18"), count_target(9.0, district=code(2))],
        ),
        Intake("2025-08-06", targets=[count_target(490.0, "2025-04-28")]),
        Intake("2025-09-01", withdraws=2),
    )
    days = ["2025-02-17", "2025-02-18", "2025-04-28", "2025-08-05", "2025-09-01"]

    known = [store.targets(as_known=day(at))["value"].to_list() for at in days]

    assert known == [[], [560.0], [560.0, 490.0], [560.0, 490.0, 9.0], [560.0, 9.0]]


def test_a_receipt_and_a_day_cannot_be_combined(tmp_path: Path) -> None:
    store = fill(Store(tmp_path / "store"), Intake("2025-08-05", [count_figure(90.0)]))

    for table in (store.observations, store.targets):
        with pytest.raises(UsageError, match="cannot be combined") as caught:
            table(receipt_id(1), day("2025-08-05"))
        assert caught.value.remedy


def test_a_row_without_its_receipt_is_dated_by_the_receipts_before_it(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    rows = [count_figure(float(n), vintage=n) for n in (1, 2, 3)]
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


def test_a_scan_has_the_current_rows_and_the_columns_of_the_model(tmp_path: Path) -> None:
    store = fill(
        Store(tmp_path / "store"),
        Intake("2025-08-05", [count_figure(90.0), count_figure(80.0, year=2024)]),
        Intake("2025-08-06", [count_figure(95.0)]),
        Intake("2025-08-07", withdraws=1),
    )

    scanned = store.scan_observations()

    assert isinstance(scanned, pl.LazyFrame)
    assert_frame_equal(scanned.collect(), store.observations(), check_row_order=False)
    assert scanned.collect()["value"].to_list() == [95.0]


def test_a_missing_store_scans_as_empty(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")

    scanned = store.scan_observations(day("2025-08-01")).collect()

    assert scanned.height == 0
    assert scanned.schema == store.observations().schema
    assert store.first_known() is None


@pytest.mark.parametrize("as_known", [None, date(2030, 1, 1)])
def test_a_filter_on_year_and_month_is_pushed_down_to_the_files(
    tmp_path: Path, as_known: date | None
) -> None:
    intakes = [Intake(f"{y}-08-05", [count_figure(9.0, year=y)]) for y in range(2018, 2026)]
    store = fill(
        Store(tmp_path / "store"), *intakes, Intake("2025-09-01", withdraws=1),
        Intake("2031-01-01", [count_figure(1.0, year=2031)]),
    )  # fmt: skip

    filtered = store.scan_observations(as_known).filter(
        pl.col("year").is_in([2020]), pl.col("month").is_in([6, 12])
    )

    assert filtered.collect()["year"].to_list() == [2020]
    assert filtered.explain().count(".parquet") == 1
