"""The store: appends in one step, receipts, vintages, withdrawals and compaction."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kejistats.store.store as module
from kejistats.dataset import Dataset
from kejistats.intake import inbox_files, ingest
from kejistats.model.errors import KejistatsError, UsageError
from kejistats.model.tables import Finding, Receipt
from kejistats.store import Store, current
from kejistats.store.head import FORMAT
from tests.factory import (
    COUNT,
    MONEY,
    make_dataset,
    observation,
    observations,
    target,
    targets,
    write_csv,
)

RECEIPT = {
    "id": "000001-00000000", "action": "intake", "withdraws": None, "file": "甲.csv", "form": None, "supersedes": True,
    "sha256": "0" * 64, "table": "observations", "rows": 1, "accepted": 1, "unchanged": 0,
    "errors": 0, "warnings": 0, "who": "", "created_at": "2025-07-10T00:00:00+00:00",
}  # fmt: skip
FINDING: dict[str, Any] = {
    "rule": "not_a_number", "severity": "error", "file": "甲.csv", "sheet": "", "cell": "D2",
    "row": "{}", "wrong": "不是数值", "right": "请填数值", "district": "900101",
    "indicator": COUNT, "level": "", "year": 2025, "month": 6, "intake_id": RECEIPT["id"],
}  # fmt: skip


def findings(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=Finding.dtypes())


def number(n: int) -> str:
    return f"{n:06d}-00000000"


def receipt(n: int, **more: Any) -> pl.DataFrame:
    row = RECEIPT | {"id": number(n), "file": f"{n}.csv", "sha256": f"{n:064d}"} | more
    return pl.DataFrame([row], schema=Receipt.dtypes())


def put(store: Store, n: int, *rows: dict[str, Any], **more: Any) -> None:
    """Append one intake of figures with its receipt."""
    with store.writing():
        store.append(
            {
                "observations": [observations([row | {"intake_id": number(n)} for row in rows])],
                "findings": [findings(*more.pop("found", []))],
                "receipts": [receipt(n, **more)],
            }
        )


def take_back(store: Store, n: int, back: int) -> None:
    with store.writing():
        store.append({"receipts": [receipt(n, action="withdraw", withdraws=number(back))]})


def files(store: Store) -> int:
    """Data files that a reader of the figures has to open."""
    table = store._table("observations")
    assert table is not None
    return len(table.file_uris())


# Appending and reading


def test_a_store_that_is_not_there_reads_as_empty(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")

    tables = [store.observations(), store.targets(), store.findings(), store.receipts()]

    assert [table.height for table in tables] == [0, 0, 0, 0]
    assert store.open_findings().height == store.quarantine().height == store.active().height == 0
    assert not store.path.exists()


def test_what_is_appended_reads_back_with_its_receipt(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    rows = observations([observation(COUNT, 90.0), observation(COUNT, None, 2024)])
    goals = targets([target(COUNT, "total", 160.0)])

    with store.writing():
        store.append(
            {
                "observations": [rows], "targets": [goals], "findings": [findings(FINDING)],
                "receipts": [receipt(1)],
            }
        )  # fmt: skip

    assert store.observations().equals(rows.sort("year"))
    assert store.targets().equals(goals)
    assert store.findings().to_dicts() == [FINDING]
    assert store.receipts().equals(receipt(1))


def test_rows_read_back_by_key_and_receipts_by_number_whatever_came_first(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")

    put(store, 2, observation(COUNT, 95.0))
    put(store, 1, observation(COUNT, 90.0), observation(COUNT, 80.0, 2024))

    assert store.observations()["value"].to_list() == [80.0, 90.0, 95.0]
    assert store.receipts()["id"].to_list() == [number(1), number(2)]


def test_an_intake_of_several_pieces_is_one_step(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    seen = []

    def pieces() -> Any:
        for year in (2023, 2024, 2025):
            seen.append(Store(store.path).observations().height)
            yield observations([observation(COUNT, 90.0, year)])

    with store.writing():
        store.append({"observations": pieces(), "receipts": [receipt(1)]})

    assert seen == [0, 0, 0]
    assert store.observations()["year"].to_list() == [2023, 2024, 2025]


def test_a_row_that_breaks_its_model_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    put(store, 1, observation(COUNT, 90.0))
    good = observations([observation(COUNT, 91.0, vintage=2)])
    bad = good.with_columns(month=pl.lit(13, pl.Int64))

    with pytest.raises(KejistatsError, match="month"), store.writing():
        store.append({"observations": [good, bad], "receipts": [receipt(2)]})

    assert store.receipts()["id"].to_list() == [number(1)]
    assert store.observations()["value"].to_list() == [90.0]


def test_what_a_failed_intake_left_is_taken_off_by_the_next(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    put(store, 1, observation(COUNT, 90.0))
    good = observations([observation(COUNT, 91.0, vintage=2)])

    def broken() -> Any:
        yield good
        raise OSError("disk full")

    for _ in range(2):
        with pytest.raises(OSError, match="disk full"), store.writing():
            store.append({"observations": broken(), "receipts": [receipt(2)]})
    put(store, 2, observation(COUNT, 92.0))

    assert store.observations()["value"].to_list() == [90.0, 92.0]
    assert files(store) == 2


def test_the_first_intake_may_fail_and_leave_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    good = observations([observation(COUNT, 91.0)])

    with pytest.raises(KejistatsError, match="rows"), store.writing():
        store.append({"observations": [good], "receipts": [receipt(1, rows=-1)]})

    assert Store(store.path).observations().height == 0
    put(store, 1, observation(COUNT, 90.0))
    assert store.observations()["value"].to_list() == [90.0]


def test_a_reader_opened_before_an_intake_sees_it_whole_afterwards(tmp_path: Path) -> None:
    writer, reader = Store(tmp_path / "store"), Store(tmp_path / "store")
    put(writer, 1, observation(COUNT, 90.0))
    before = reader.observations()

    put(writer, 2, observation(COUNT, 95.0), observation(MONEY, 1.5))

    assert before["value"].to_list() == [90.0]
    assert reader.observations()["intake_id"].to_list() == [number(2), number(1), number(2)]


# The head


def test_the_head_names_the_format_and_the_version_that_counts(tmp_path: Path) -> None:
    store = Store(tmp_path)

    put(store, 1, observation(COUNT, 90.0))
    put(store, 2, observation(COUNT, 91.0))

    head = json.loads((tmp_path / "head.json").read_text("utf-8"))
    assert head == {"format": FORMAT, "versions": {"observations": 1, "receipts": 1}}


def test_a_store_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    put(Store(tmp_path), 1, observation(COUNT, 90.0))
    head = {"format": FORMAT + 1, "tables": []}
    (tmp_path / "head.json").write_text(json.dumps(head), encoding="utf-8")

    with pytest.raises(KejistatsError, match=f"format {FORMAT + 1}") as caught:
        Store(tmp_path)

    assert "install" in caught.value.remedy


@pytest.mark.parametrize("content", [None, "", "{", "{}", '"2"', '{"format": "two"}', "[]", "null"])
def test_a_store_without_a_sound_head_is_refused_and_nothing_is_erased(
    tmp_path: Path, content: str | None
) -> None:
    opened = Store(tmp_path)
    put(opened, 1, observation(COUNT, 90.0))
    head = tmp_path / "head.json"
    whole = head.read_text("utf-8")
    head.unlink()
    if content is not None:
        head.write_text(content, encoding="utf-8")

    for attempt in (lambda: Store(tmp_path), opened.observations, lambda: put(opened, 2)):
        with pytest.raises(KejistatsError, match=r"head\.json is lost or damaged") as caught:
            attempt()
        assert caught.value.remedy

    head.write_text(whole, encoding="utf-8")
    assert Store(tmp_path).observations()["value"].to_list() == [90.0]


def test_the_version_that_counts_stays_readable_however_old_it_is(tmp_path: Path) -> None:
    from deltalake import write_deltalake

    store = Store(tmp_path / "store")
    put(store, 1, observation(COUNT, 90.0))
    row = observations([observation(COUNT, 91.0, vintage=2)])
    folder = store.path / "observations"
    long_ago = time.time() - 400 * 24 * 3600

    # What an interrupted intake leaves, and what every hundredth commit does by itself.
    for _ in range(2):
        write_deltalake(str(folder), row, mode="append")
    for log in (folder / "_delta_log").iterdir():
        os.utime(log, (long_ago, long_ago))
    table = store._table("observations")
    assert table is not None
    table.create_checkpoint()
    table.cleanup_metadata()

    assert store.observations()["value"].to_list() == [90.0]
    put(store, 2, observation(COUNT, 92.0))
    assert store.observations()["value"].to_list() == [90.0, 92.0]


# Vintages


def test_as_of_a_receipt_the_store_reads_as_it_stood_then(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    put(store, 1, observation(COUNT, 90.0))
    put(store, 2, observation(COUNT, 95.0))
    take_back(store, 3, 1)

    then = {n: store.observations(number(n))["value"].to_list() for n in (1, 2, 3)}

    assert then == {1: [90.0], 2: [90.0, 95.0], 3: [95.0]}
    assert store.observations()["value"].to_list() == [95.0]
    assert store.targets(number(1)).height == 0


def test_as_of_a_receipt_that_is_not_there_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    put(store, 1, observation(COUNT, 90.0))

    with pytest.raises(UsageError, match="no receipt '000009-00000000'") as caught:
        store.observations(number(9))

    assert caught.value.remedy


def test_what_was_taken_back_is_neither_active_nor_counted_and_stays_written(
    tmp_path: Path,
) -> None:
    store = Store(tmp_path / "store")
    put(store, 1, observation(COUNT, 90.0), found=[FINDING])
    put(store, 2, observation(COUNT, 95.0))

    take_back(store, 3, 1)

    assert store.active()["id"].to_list() == [number(2)]
    assert store.observations()["value"].to_list() == [95.0]
    assert store.findings().height == 0
    assert store.receipts()["id"].to_list() == [number(1), number(2), number(3)]
    assert store.observations(number(2))["value"].to_list() == [90.0, 95.0]


@pytest.mark.parametrize(
    ("vintages", "expected"),
    [
        ([90.0], 90.0),
        ([90.0, 95.0], 95.0),
        ([95.0, 90.0], 90.0),
        ([90.0, 0.0], 0.0),
        ([90.0, None], 90.0),
        ([90.0, "masked"], None),
        (["masked", None], None),
        (["masked", 90.0], 90.0),
        ([90.0, "撤销"], None),
        ([90.0, "撤销", None], None),
        ([90.0, "撤销", 91.0], 91.0),
        ([None, None], None),
    ],
)
def test_the_figure_as_it_stands(
    vintages: list[float | str | None], expected: float | None
) -> None:
    rows = []
    for number, value in enumerate(vintages, 1):
        if value == "masked":
            rows.append(observation(COUNT, None, vintage=number, status="masked", reported="xx"))
        elif value == "撤销":
            rows.append(observation(COUNT, None, vintage=number, reported="撤销"))
        else:
            rows.append(observation(COUNT, value, vintage=number))

    standing = current(observations(rows).lazy()).collect()

    assert standing["value"].to_list() == [expected]


@settings(max_examples=20)
@given(st.permutations(range(6)))
def test_the_figure_as_it_stands_does_not_depend_on_the_order_of_rows(order: list[int]) -> None:
    rows = [
        observation(COUNT, None if vintage == 5 else float(vintage), year, vintage=vintage)
        for year in (2024, 2025)
        for vintage in (1, 3, 5)
    ]

    standing = current(observations([rows[i] for i in order]).lazy()).collect()

    assert standing.sort("year")["value"].to_list() == [3.0, 3.0]


# Open findings


@pytest.mark.parametrize(
    ("later", "closed"),
    [
        (observation(COUNT, 95.0), True),
        (observation(COUNT, 0.0), True),
        (observation(COUNT, None, status="masked", reported="xx"), True),
        (observation(COUNT, None, status="not_applicable", reported="无"), True),
        (observation(COUNT, None, reported="撤销"), True),
        (observation(COUNT, None), False),
        (observation(COUNT, None, reported="—"), False),
        (observation(COUNT, 95.0, district="900102"), False),
        (observation(COUNT, 95.0, month=12), False),
        (observation(COUNT, 95.0, 2024), False),
        (observation(COUNT, 95.0, level="省"), False),
        (observation(MONEY, 95.0), False),
    ],
)
def test_a_finding_is_answered_by_a_later_figure_under_its_key_only(
    tmp_path: Path, later: dict[str, Any], closed: bool
) -> None:
    store = Store(tmp_path / "store")
    put(store, 1, observation(COUNT, 90.0, 2024, month=12), found=[FINDING])

    put(store, 2, later)

    assert store.open_findings().height == store.quarantine().height == (0 if closed else 1)
    assert store.findings().height == 1


def test_a_figure_that_came_before_a_finding_does_not_answer_it(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    put(store, 1, observation(COUNT, 90.0))

    put(store, 2, found=[FINDING | {"intake_id": number(2)}])

    assert store.quarantine()["intake_id"].to_list() == [number(2)]


def test_a_finding_of_a_target_is_answered_by_a_later_target(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    goal = FINDING | {"level": None, "month": None}
    put(store, 1, found=[goal, goal | {"year": 2024}])

    with store.writing():
        rows = targets([target(COUNT, "total", 160.0, vintage=2)])
        store.append({"targets": [rows], "receipts": [receipt(2, table="targets")]})

    assert store.quarantine()["year"].to_list() == [2024]


@pytest.mark.parametrize(
    ("earlier", "later", "same"),
    [
        ({"file": "甲.csv"}, {"file": "甲.csv"}, True),
        ({"file": "甲.csv"}, {"file": "乙.csv"}, False),
        ({"sha256": "1" * 64}, {"sha256": "1" * 64}, True),
        ({"form": "900101-2025H1"}, {"form": "900101-2025H1"}, True),
        ({"form": "900101-2025H1"}, {"form": "900102-2025H1"}, False),
        ({"form": "900101-2025H1", "file": "a"}, {"form": "900102-2025H1", "file": "a"}, False),
    ],
)
def test_a_later_state_of_the_same_file_answers_its_findings_unless_taken_back(
    tmp_path: Path, earlier: dict[str, str], later: dict[str, str], same: bool
) -> None:
    store = Store(tmp_path / "store")
    unknown = FINDING | dict.fromkeys(("district", "indicator", "level", "year", "month"))
    put(store, 1, found=[FINDING, unknown], **earlier)
    before = store.quarantine().height

    put(store, 2, **later)
    answered = store.quarantine().height
    take_back(store, 3, 2)

    assert (before, answered) == (2, 0 if same else 2)
    assert store.quarantine().height == 2


def test_only_rows_kept_out_lie_in_quarantine(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    warning, sheet = FINDING | {"severity": "warning"}, FINDING | {"row": ""}

    put(store, 1, found=[warning, sheet, FINDING])

    assert store.open_findings().height == 3
    assert store.quarantine().to_dicts() == [FINDING]


# Compaction


def test_many_small_intakes_are_put_together_and_read_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_FILES", 4)
    store, plain = Store(tmp_path / "store"), Store(tmp_path / "plain")

    for n in range(1, 8):
        found = [FINDING | {"intake_id": number(n), "cell": f"D{n}"}]
        put(store, n, observation(COUNT, float(n)), observation(MONEY, n / 2), found=found)
        with monkeypatch.context() as never:
            never.setattr(module, "_FILES", 1000)
            put(plain, n, observation(COUNT, float(n)), observation(MONEY, n / 2), found=found)

    assert (files(store) <= 4, files(plain)) == (True, 7)
    assert store.observations().equals(plain.observations())
    assert store.findings().equals(plain.findings())
    assert store.receipts().equals(plain.receipts())
    for n in range(1, 8):
        assert store.observations(number(n)).equals(plain.observations(number(n)))


def test_after_putting_together_the_latest_version_is_the_one_that_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_FILES", 2)
    store = Store(tmp_path / "store")

    for n in range(1, 8):
        put(store, n, observation(COUNT, float(n)))

    head = json.loads((store.path / "head.json").read_text("utf-8"))["versions"]
    latest = {name: store._table(name) for name in head}
    assert head == {name: table.version() for name, table in latest.items() if table}


def test_a_reader_keeps_the_files_it_is_reading_when_they_are_put_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_FILES", 2)
    store = Store(tmp_path / "store")
    for n in (1, 2):
        put(store, n, observation(COUNT, float(n)))
    opened = store._table("observations", store._versions()["observations"])
    assert opened is not None

    put(store, 3, observation(COUNT, 3.0))

    assert files(store) == 1
    assert pl.read_delta(opened)["value"].sort().to_list() == [1.0, 2.0]


def test_data_files_are_left_out_once_nobody_can_be_reading_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from deltalake import DeltaTable

    monkeypatch.setattr(module, "_FILES", 2)
    real = DeltaTable.vacuum
    store = Store(tmp_path / "store")

    def at_once(table: DeltaTable, **options: Any) -> list[str]:
        """Clear up as if a week had gone by."""
        return real(table, retention_hours=0, enforce_retention_duration=False, **options)

    monkeypatch.setattr(DeltaTable, "vacuum", at_once)
    for n in range(1, 8):
        put(store, n, observation(COUNT, float(n)))

    assert len(list((store.path / "observations").glob("*.parquet"))) <= 3
    assert store.observations()["value"].to_list() == [float(n) for n in range(1, 8)]
    assert Store(store.path).observations(number(2))["value"].to_list() == [1.0, 2.0]


@pytest.mark.parametrize("name", ["with a space", "科技统计（2025）", "a+b&c"])
def test_a_store_may_lie_in_a_folder_of_any_name(tmp_path: Path, name: str) -> None:
    folder = make_dataset(tmp_path / name / "city")
    rows = [{"district": "900101", "indicator": COUNT, "checkpoint": "2025H1", "value": "12"}]
    write_csv(folder / "inbox" / "1.csv", rows)
    dataset = Dataset(folder)

    ingest(dataset, inbox_files(dataset))

    assert Dataset(folder).observations["value"].to_list() == [12.0]
