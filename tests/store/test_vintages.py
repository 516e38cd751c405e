"""What was known on a day: dates as they are read, receipts, and the rows of the store."""

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
from kejistats.store.vintages import read_day, receipt_days
from tests.factory import code, day, observations
from tests.store.factory import Intake, figure, fill, filled, goal, number, receipt

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
    assert receipt_days(receipt(1, moment)) == {number(1): day(expected)}


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
        at: store.scan_observations(day(at)).sort("intake_id").collect()["value"].to_list()
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
