"""Reporting status of a checkpoint: what is expected, reported, late and open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import polars as pl
import pytest

from kejistats.dataset import Dataset
from kejistats.model.period import Checkpoint
from kejistats.model.tables import Finding, Receipt
from kejistats.status import Status, expected_figures, reporting_status, status_of
from tests.factory import (
    CITY,
    COUNT,
    DISTRICT,
    MONEY,
    code,
    day,
    districts,
    indicators,
    observation,
    observations,
    registry,
    target,
    targets,
)

AT = Checkpoint.parse("2025H1")
DUE, LATER = day("2025-07-15"), day("2025-07-20")


def receipts(*days: str) -> pl.DataFrame:
    """Return receipts 1, 2, … of intakes at these UTC times."""
    rows = [
        {"id": f"{n:06d}-00000000", "action": "intake", "file": f"{n}.csv", "sha256": "0", "supersedes": True,
         "table": "observations", "rows": 1, "accepted": 1, "unchanged": 0, "errors": 0,
         "warnings": 0, "who": "", "created_at": created_at}
        for n, created_at in enumerate(days, 1)
    ]  # fmt: skip
    return Receipt.conform(pl.DataFrame(rows, schema_overrides=Receipt.dtypes()))


def finding(severity: str = "error", **more: Any) -> dict[str, Any]:
    """Return the row of an open finding of the checkpoint."""
    return {"rule": "not_a_number", "severity": severity, "file": "1.csv", "sheet": "",
            "cell": "D2", "row": "", "wrong": "“许多”不是数值", "right": "", "district": DISTRICT,
            "year": 2025, "month": 6} | more  # fmt: skip


def status_of_figures(
    figures: Iterable[Mapping[str, Any]],
    today: date = LATER,
    *,
    intake_times: Iterable[str] = ("2025-07-10T02:00:00+00:00", "2025-07-18T02:00:00+00:00"),
    target_rows: Iterable[Mapping[str, Any]] = (),
    finding_rows: Iterable[Mapping[str, Any]] = (),
    units: pl.DataFrame | None = None,
) -> Status:
    """Return the status of a district that reported a count and an amount last year."""
    history = [observation(i, 1.0, 2024, vintage=1) for i in (COUNT, MONEY)]
    return status_of(
        observations([*history, *figures]),
        targets(target_rows),
        receipts(*intake_times),
        Finding.conform(pl.DataFrame(list(finding_rows), schema_overrides=Finding.dtypes())),
        districts(1) if units is None else units,
        registry(),
        AT,
        15,
        today,
    )


def unit_row(status: Status, district: str = DISTRICT) -> dict[str, Any]:
    """Return the row of a district."""
    return status.districts.row(by_predicate=pl.col("district") == district, named=True)


# What is expected


def expected_pairs(
    figures: Iterable[Mapping[str, Any]],
    goals: Iterable[Mapping[str, Any]] = (),
    units: pl.DataFrame | None = None,
    at: Checkpoint = AT,
    indicator_table: pl.DataFrame | None = None,
) -> set[tuple[str, str]]:
    """Return the expected figures as pairs of district and indicator."""
    table = expected_figures(
        observations(figures) if (figures := list(figures)) else observations([observation(COUNT, 1)]).clear(),
        targets(goals),
        districts(2) if units is None else units,
        registry() if indicator_table is None else indicator_table,
        at,
    )  # fmt: skip
    return set(table.select("district", "indicator").iter_rows())


@pytest.mark.parametrize(
    ("row", "counts"),
    [
        (observation(COUNT, 3.0, 2024), True),
        (observation(COUNT, None, 2024), True),
        (observation(COUNT, None, 2023, status="masked"), True),
        (observation(COUNT, 3.0, 2025), True),
        (observation(COUNT, 3.0, 2024, 12), False),
        (observation(COUNT, 3.0, 2026), False),
    ],
)
def test_a_row_at_this_or_the_same_earlier_checkpoint_makes_a_figure_expected(
    row: dict[str, Any], *, counts: bool
) -> None:
    pairs = expected_pairs([observation(MONEY, 1.0, 2024), row])

    assert ((DISTRICT, COUNT) in pairs) == counts
    assert (DISTRICT, MONEY) in pairs


@pytest.mark.parametrize(("year", "counts"), [(2025, True), (2024, False)])
def test_a_target_of_the_year_makes_a_figure_expected(year: int, *, counts: bool) -> None:
    pairs = expected_pairs([observation(MONEY, 1.0, 2024)], [target(COUNT, "total", 9, year)])

    assert ((DISTRICT, COUNT) in pairs) == counts


def test_a_unit_without_history_is_expected_to_report_what_the_data_set_has() -> None:
    pairs = expected_pairs([observation(MONEY, 1.0, 2024), observation(COUNT, 1.0, 2023, 12)])

    assert pairs == {(DISTRICT, MONEY), (code(2), MONEY), (code(2), COUNT)}


def test_an_empty_data_set_expects_every_due_indicator_that_is_not_recomputed() -> None:
    pairs = expected_pairs([])

    due = registry().filter(pl.col("frequency") != "year", pl.col("numerator").is_null())["id"]
    assert {i for d, i in pairs if d == DISTRICT} == set(due)
    assert {d for d, _ in pairs} == {DISTRICT, code(2)}


@pytest.mark.parametrize(
    ("frequency", "checkpoints"),
    [("month", ["2025M05", "2025Q1", "2025H1", "2025"]), ("quarter", ["2025Q1", "2025H1", "2025"]),
     ("half", ["2025H1", "2025"]), ("year", ["2025"])],
)  # fmt: skip
def test_the_frequency_decides_when_a_figure_is_due(frequency: str, checkpoints: list[str]) -> None:
    known = indicators(**{COUNT: {"frequency": frequency}})

    due = [
        text
        for text in ("2025M05", "2025Q1", "2025H1", "2025")
        if (DISTRICT, COUNT) in expected_pairs([], at=Checkpoint.parse(text), indicator_table=known)
    ]

    assert due == [t for t in ("2025M05", "2025Q1", "2025H1", "2025") if t in checkpoints]


def test_a_total_need_only_report_what_it_reported_itself() -> None:
    goals = [target(COUNT, "total", 9, district=CITY)]

    assert not any(d == CITY for d, _ in expected_pairs([observation(MONEY, 1.0, 2024)], goals))
    pairs = expected_pairs([observation(MONEY, 1.0, 2024, district=CITY)], goals)
    assert {i for d, i in pairs if d == CITY} == {MONEY}


@pytest.mark.parametrize(
    ("validity", "counts"),
    [({"valid_to": day("2025-06-29")}, False), ({"valid_to": day("2025-06-30")}, True),
     ({"valid_from": day("2025-07-01")}, False), ({"valid_from": day("2025-06-30")}, True)],
)  # fmt: skip
def test_only_units_of_the_checkpoint_are_expected_to_report(
    validity: dict[str, Any], *, counts: bool
) -> None:
    units = districts(1, {"code": "900199", **validity})

    pairs = expected_pairs([observation(COUNT, 1.0, 2024)], units=units)

    assert any(d == "900199" for d, _ in pairs) == counts


# What was reported, and when

BOTH = [observation(COUNT, 1.0), observation(MONEY, 1.0)]


@pytest.mark.parametrize(
    ("name", "figures", "today", "word", "overdue", "days"),
    [
        ("nothing, before the due day", [], DUE, "waiting", 0, None),
        ("nothing, after the due day", [], LATER, "overdue", 2, 5),
        ("a part, before the due day", BOTH[:1], DUE, "partial", 0, None),
        ("a part, after the due day", BOTH[:1], LATER, "overdue_part", 1, 5),
        ("all", BOTH, LATER, "complete", 0, None),
        ("all, one too late", [BOTH[0], observation(MONEY, 1.0, vintage=2)], LATER, "late", 0, None),
        ("all, published in time", [
            BOTH[0], observation(MONEY, 1.0, vintage=2, published=day("2025-07-14")),
        ], LATER, "complete", 0, None),
        ("a blank is nothing", [observation(COUNT, None), observation(MONEY, None)], LATER,
         "overdue", 2, 5),
        ("a masked figure is a report", [BOTH[0], observation(MONEY, None, status="masked")], LATER,
         "complete", 0, None),
        ("not applicable is a report",
         [BOTH[0], observation(MONEY, None, status="not_applicable")], LATER, "complete", 0, None),
        ("a blank filled too late",
         [BOTH[0], observation(MONEY, None), observation(MONEY, 1.0, vintage=2)], LATER, "late",
         0, None),
        ("a figure corrected later", [*BOTH, observation(MONEY, 2.0, vintage=2)], LATER,
         "complete", 0, None),
        ("a figure withdrawn", [*BOTH, observation(MONEY, None, vintage=2, reported="撤销")],
         LATER, "overdue_part", 1, 5),
        ("a level alone", [BOTH[0], observation(MONEY, 1.0, level="省")], LATER, "complete", 0,
         None),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_the_state_of_a_unit_follows_from_its_figures(
    name: str,
    figures: list[dict[str, Any]],
    today: date,
    word: str,
    overdue: int,
    days: int | None,
) -> None:
    row = unit_row(status_of_figures(figures, today))

    assert (row["state"], row["overdue"], row["days"]) == (word, overdue, days), name


def test_each_kind_of_report_is_counted_separately() -> None:
    goals = [target(i, "total", 1) for i in ("loan_new", "fiscal_st", "proj_applied")]
    figures = [
        observation(COUNT, 1.0),
        observation(MONEY, None, status="masked"),
        observation("loan_new", None, status="not_applicable"),
        observation("fiscal_st", None),
    ]

    status = status_of_figures(figures, target_rows=goals)

    row = unit_row(status)
    counts = ("expected", "reported", "masked", "not_applicable", "blank", "absent")
    assert [row[c] for c in counts] == [5, 1, 1, 1, 1, 1]
    covered = {d: (n, m) for d, n, m in status.coverage.filter(pl.col("district") == DISTRICT).select(
        "domain", "in_hand", "expected").iter_rows()}  # fmt: skip
    assert covered == {"fund": (1, 2), "project": (0, 1), "ip": (1, 1), "transfer": (1, 1)}


def test_first_and_last_intake_of_the_checkpoint_are_named_with_their_days() -> None:
    figures = [BOTH[0], observation(MONEY, 1.0, vintage=2)]

    row = unit_row(
        status_of_figures(
            figures, intake_times=["2025-07-10T02:00:00+00:00", "2025-07-15T17:30:00+00:00"]
        )
    )

    assert (row["first"], row["last"]) == ("000001-00000000", "000002-00000000")
    assert (row["first_day"], row["last_day"]) == (day("2025-07-10"), day("2025-07-16"))
    assert row["state"] == "late", "16 July has begun in China"


def test_a_figure_released_months_later_is_due_as_many_days_after_its_month() -> None:
    known = indicators(**{COUNT: {"release": 3}})
    status = status_of(
        observations([observation(COUNT, 1.0, 2024)]), targets([]), receipts(), Finding.no_rows(),
        districts(1), known, AT, 15, day("2025-10-15"),
    )  # fmt: skip

    assert status.due == DUE
    assert status.cells["due"].to_list() == [day("2025-10-15")]
    assert unit_row(status)["state"] == "waiting"


def test_those_to_act_on_come_first() -> None:
    units = districts(4)
    history = [
        observation(i, 1.0, 2024, district=code(n)) for n in (2, 3, 4) for i in (COUNT, MONEY)
    ]
    figures = [
        *BOTH,
        observation(COUNT, 1.0, district=code(3)),
        observation(COUNT, 1.0, district=code(4)),
        observation(MONEY, 1.0, district=code(4), vintage=2),
    ]

    status = status_of_figures([*history, *figures], units=units)

    assert status.districts.select("district", "state").rows() == [
        (code(2), "overdue"), (code(3), "overdue_part"), (code(4), "late"), (DISTRICT, "complete"),
    ]  # fmt: skip


# What is open


@pytest.mark.parametrize(
    ("fault", "counts"),
    [
        ({}, True),
        ({"month": None}, True),
        ({"year": None, "month": None}, True),
        ({"month": 12}, False),
        ({"year": 2024}, False),
        ({"year": 2024, "month": None}, False),
    ],
)
def test_findings_of_the_checkpoint_or_of_none_are_open(
    fault: dict[str, Any], *, counts: bool
) -> None:
    status = status_of_figures(BOTH, finding_rows=[finding(**fault), finding("warning")])

    assert status.findings.height == 1 + counts
    assert (unit_row(status)["errors"], unit_row(status)["warnings"]) == (int(counts), 1)


def test_a_finding_without_a_known_district_is_listed_and_counts_for_none() -> None:
    status = status_of_figures(BOTH, finding_rows=[finding(district=None)])

    assert status.findings.height == 1
    assert unit_row(status)["errors"] == 0


def test_a_data_set_without_a_store_has_a_status_too(city: Any) -> None:
    status = reporting_status(Dataset(city), AT, LATER)

    assert set(status.districts["state"]) == {"overdue"}
    assert status.districts["first"].null_count() == 3
    assert status.findings.is_empty()


def test_the_demo_city_is_expected_to_report_as_it_did(demo: Dataset) -> None:
    status = reporting_status(demo, AT, day("2099-01-01"))

    assert status.districts.height == 14
    late = status.districts.filter(pl.col("overdue") > 0)
    assert late["name"].to_list() == ["杏坪县"]
    assert late.select("blank", "absent").row(0) == (2, 2)
