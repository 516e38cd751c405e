"""The store: atomic appends, receipts, vintages, withdrawals, open findings and compaction."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
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
from kejistats.model.tables import Finding
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
from tests.store.factory import receipt, receipt_id

FINDING: dict[str, Any] = {
    "rule": "not_a_number", "severity": "error", "file": "甲.csv", "sheet": "", "cell": "D2",
    "row": "{}", "wrong": "不是数值", "right": "请填数值", "district": "900101",
    "indicator": COUNT, "level": "", "year": 2025, "month": 6, "intake_id": receipt_id(1),
}  # fmt: skip


def findings(*rows: dict[str, Any]) -> pl.DataFrame:
    """Return the Finding table of these rows."""
    return pl.DataFrame(list(rows), schema=Finding.dtypes())


def add_intake(
    store: Store,
    n: int,
    *rows: dict[str, Any],
    finding_rows: Iterable[dict[str, Any]] = (),
    **more: Any,
) -> None:
    """Append the n-th intake: figures, findings, and a receipt with further columns."""
    with store.writing():
        store.append(
            {
                "observations": [
                    observations([row | {"intake_id": receipt_id(n)} for row in rows])
                ],
                "findings": [findings(*finding_rows)],
                "receipts": [receipt(n, **more)],
            }
        )


def withdraw(store: Store, n: int, withdrawn: int) -> None:
    """Append the n-th receipt, which withdraws an earlier one."""
    with store.writing():
        store.append({"receipts": [receipt(n, withdraws=withdrawn)]})


def count_files(store: Store) -> int:
    """Return the number of data files of the figures."""
    table = store._table("observations")
    assert table is not None
    return len(table.file_uris())


# Appending and reading


def test_a_missing_store_reads_as_empty(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")

    tables = [store.observations(), store.targets(), store.findings(), store.receipts()]

    assert [table.height for table in tables] == [0, 0, 0, 0]
    assert store.open_findings().height == store.quarantine().height == store.active().height == 0
    assert not store.path.exists()


def test_appended_rows_read_back_with_their_receipt(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    rows = observations([observation(COUNT, 90.0), observation(COUNT, None, 2024)])
    target_rows = targets([target(COUNT, "total", 160.0)])

    with store.writing():
        store.append(
            {
                "observations": [rows], "targets": [target_rows], "findings": [findings(FINDING)],
                "receipts": [receipt(1)],
            }
        )  # fmt: skip

    assert store.observations().equals(rows.sort("year"))
    assert store.targets().equals(target_rows)
    assert store.findings().to_dicts() == [FINDING]
    assert store.receipts().equals(receipt(1))


def test_rows_are_sorted_by_key_and_receipts_by_id_in_any_order_of_intake(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")

    add_intake(store, 2, observation(COUNT, 95.0))
    add_intake(store, 1, observation(COUNT, 90.0), observation(COUNT, 80.0, 2024))

    assert store.observations()["value"].to_list() == [80.0, 90.0, 95.0]
    assert store.receipts()["id"].to_list() == [receipt_id(1), receipt_id(2)]


def test_an_intake_of_several_frames_is_atomic(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    seen = []

    def frames() -> Any:
        for year in (2023, 2024, 2025):
            seen.append(Store(store.path).observations().height)
            yield observations([observation(COUNT, 90.0, year)])

    with store.writing():
        store.append({"observations": frames(), "receipts": [receipt(1)]})

    assert seen == [0, 0, 0]
    assert store.observations()["year"].to_list() == [2023, 2024, 2025]


def test_an_invalid_row_leaves_the_store_unchanged(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    add_intake(store, 1, observation(COUNT, 90.0))
    good = observations([observation(COUNT, 91.0, vintage=2)])
    bad = good.with_columns(month=pl.lit(13, pl.Int64))

    with pytest.raises(KejistatsError, match="month"), store.writing():
        store.append({"observations": [good, bad], "receipts": [receipt(2)]})

    assert store.receipts()["id"].to_list() == [receipt_id(1)]
    assert store.observations()["value"].to_list() == [90.0]


def test_leftovers_of_a_failed_intake_are_removed_by_the_next(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    add_intake(store, 1, observation(COUNT, 90.0))
    good = observations([observation(COUNT, 91.0, vintage=2)])

    def broken() -> Any:
        yield good
        raise OSError("disk full")

    for _ in range(2):
        with pytest.raises(OSError, match="disk full"), store.writing():
            store.append({"observations": broken(), "receipts": [receipt(2)]})
    add_intake(store, 2, observation(COUNT, 92.0))

    assert store.observations()["value"].to_list() == [90.0, 92.0]
    assert count_files(store) == 2


def test_the_first_intake_may_fail_and_leave_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    good = observations([observation(COUNT, 91.0)])

    with pytest.raises(KejistatsError, match="rows"), store.writing():
        store.append({"observations": [good], "receipts": [receipt(1, rows=-1)]})

    assert Store(store.path).observations().height == 0
    add_intake(store, 1, observation(COUNT, 90.0))
    assert store.observations()["value"].to_list() == [90.0]


def test_a_reader_opened_before_an_intake_sees_all_of_it_afterwards(tmp_path: Path) -> None:
    writer, reader = Store(tmp_path / "store"), Store(tmp_path / "store")
    add_intake(writer, 1, observation(COUNT, 90.0))
    before = reader.observations()

    add_intake(writer, 2, observation(COUNT, 95.0), observation(MONEY, 1.5))

    assert before["value"].to_list() == [90.0]
    assert reader.observations()["intake_id"].to_list() == [
        receipt_id(2),
        receipt_id(1),
        receipt_id(2),
    ]


# The head


def test_the_head_names_the_format_and_the_current_versions(tmp_path: Path) -> None:
    store = Store(tmp_path)

    add_intake(store, 1, observation(COUNT, 90.0))
    add_intake(store, 2, observation(COUNT, 91.0))

    head = json.loads((tmp_path / "head.json").read_text("utf-8"))
    assert head == {"format": FORMAT, "versions": {"observations": 1, "receipts": 1}}


def test_a_store_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    add_intake(Store(tmp_path), 1, observation(COUNT, 90.0))
    head = {"format": FORMAT + 1, "tables": []}
    (tmp_path / "head.json").write_text(json.dumps(head), encoding="utf-8")

    with pytest.raises(KejistatsError, match=f"format {FORMAT + 1}") as caught:
        Store(tmp_path)

    assert "install" in caught.value.remedy


@pytest.mark.parametrize("content", [None, "", "{", "{}", '"2"', '{"format": "two"}', "[]", "null"])
def test_a_store_without_a_valid_head_is_refused_and_nothing_is_deleted(
    tmp_path: Path, content: str | None
) -> None:
    opened = Store(tmp_path)
    add_intake(opened, 1, observation(COUNT, 90.0))
    head = tmp_path / "head.json"
    valid = head.read_text("utf-8")
    head.unlink()
    if content is not None:
        head.write_text(content, encoding="utf-8")

    for attempt in (lambda: Store(tmp_path), opened.observations, lambda: add_intake(opened, 2)):
        with pytest.raises(KejistatsError, match=r"head\.json is missing or damaged") as caught:
            attempt()
        assert caught.value.remedy

    head.write_text(valid, encoding="utf-8")
    assert Store(tmp_path).observations()["value"].to_list() == [90.0]


def test_the_current_version_stays_readable_however_old_it_is(tmp_path: Path) -> None:
    from deltalake import write_deltalake

    store = Store(tmp_path / "store")
    add_intake(store, 1, observation(COUNT, 90.0))
    row = observations([observation(COUNT, 91.0, vintage=2)])
    folder = store.path / "observations"
    long_ago = time.time() - 400 * 24 * 3600

    # Leftovers of an interrupted intake, and the clean-up that every hundredth commit does.
    for _ in range(2):
        write_deltalake(str(folder), row, mode="append")
    for log in (folder / "_delta_log").iterdir():
        os.utime(log, (long_ago, long_ago))
    table = store._table("observations")
    assert table is not None
    table.create_checkpoint()
    table.cleanup_metadata()

    assert store.observations()["value"].to_list() == [90.0]
    add_intake(store, 2, observation(COUNT, 92.0))
    assert store.observations()["value"].to_list() == [90.0, 92.0]


# Vintages


def test_as_of_a_receipt_the_store_reads_as_right_after_it(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    add_intake(store, 1, observation(COUNT, 90.0))
    add_intake(store, 2, observation(COUNT, 95.0))
    withdraw(store, 3, 1)

    values = {n: store.observations(receipt_id(n))["value"].to_list() for n in (1, 2, 3)}

    assert values == {1: [90.0], 2: [90.0, 95.0], 3: [95.0]}
    assert store.observations()["value"].to_list() == [95.0]
    assert store.targets(receipt_id(1)).height == 0


def test_as_of_an_unknown_receipt_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    add_intake(store, 1, observation(COUNT, 90.0))

    with pytest.raises(UsageError, match="no receipt '000009-00000000'") as caught:
        store.observations(receipt_id(9))

    assert caught.value.remedy


def test_a_withdrawn_intake_is_inactive_and_not_read_but_stays_stored(
    tmp_path: Path,
) -> None:
    store = Store(tmp_path / "store")
    add_intake(store, 1, observation(COUNT, 90.0), finding_rows=[FINDING])
    add_intake(store, 2, observation(COUNT, 95.0))

    withdraw(store, 3, 1)

    assert store.active()["id"].to_list() == [receipt_id(2)]
    assert store.observations()["value"].to_list() == [95.0]
    assert store.findings().height == 0
    assert store.receipts()["id"].to_list() == [receipt_id(1), receipt_id(2), receipt_id(3)]
    assert store.observations(receipt_id(2))["value"].to_list() == [90.0, 95.0]


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
def test_the_current_figure(vintages: list[float | str | None], expected: float | None) -> None:
    rows = []
    for vintage, value in enumerate(vintages, 1):
        if value == "masked":
            rows.append(observation(COUNT, None, vintage=vintage, status="masked", reported="xx"))
        elif value == "撤销":
            rows.append(observation(COUNT, None, vintage=vintage, reported="撤销"))
        else:
            rows.append(observation(COUNT, value, vintage=vintage))

    current_rows = current(observations(rows).lazy()).collect()

    assert current_rows["value"].to_list() == [expected]


@settings(max_examples=20)
@given(st.permutations(range(6)))
def test_the_current_figure_does_not_depend_on_the_order_of_rows(order: list[int]) -> None:
    rows = [
        observation(COUNT, None if vintage == 5 else float(vintage), year, vintage=vintage)
        for year in (2024, 2025)
        for vintage in (1, 3, 5)
    ]

    current_rows = current(observations([rows[i] for i in order]).lazy()).collect()

    assert current_rows.sort("year")["value"].to_list() == [3.0, 3.0]


# Open findings


@pytest.mark.parametrize(
    ("later", "resolved"),
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
def test_a_finding_is_resolved_only_by_a_later_figure_with_its_key(
    tmp_path: Path, later: dict[str, Any], resolved: bool
) -> None:
    store = Store(tmp_path / "store")
    add_intake(store, 1, observation(COUNT, 90.0, 2024, month=12), finding_rows=[FINDING])

    add_intake(store, 2, later)

    assert store.open_findings().height == store.quarantine().height == (0 if resolved else 1)
    assert store.findings().height == 1


def test_a_figure_before_a_finding_does_not_resolve_it(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    add_intake(store, 1, observation(COUNT, 90.0))

    add_intake(store, 2, finding_rows=[FINDING | {"intake_id": receipt_id(2)}])

    assert store.quarantine()["intake_id"].to_list() == [receipt_id(2)]


def test_a_finding_of_a_target_is_resolved_by_a_later_target(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    of_target = FINDING | {"level": None, "month": None}
    add_intake(store, 1, finding_rows=[of_target, of_target | {"year": 2024}])

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
def test_a_new_version_of_a_file_resolves_its_findings_unless_withdrawn(
    tmp_path: Path, earlier: dict[str, str], later: dict[str, str], same: bool
) -> None:
    store = Store(tmp_path / "store")
    without_key = FINDING | dict.fromkeys(("district", "indicator", "level", "year", "month"))
    add_intake(store, 1, finding_rows=[FINDING, without_key], **earlier)
    before = store.quarantine().height

    add_intake(store, 2, **later)
    after = store.quarantine().height
    withdraw(store, 3, 2)

    assert (before, after) == (2, 0 if same else 2)
    assert store.quarantine().height == 2


def test_only_rejected_rows_are_in_quarantine(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    warning, of_sheet = FINDING | {"severity": "warning"}, FINDING | {"row": ""}

    add_intake(store, 1, finding_rows=[warning, of_sheet, FINDING])

    assert store.open_findings().height == 3
    assert store.quarantine().to_dicts() == [FINDING]


# Compaction


def test_many_small_intakes_are_compacted_and_read_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MAX_FILES", 4)
    store, uncompacted = Store(tmp_path / "store"), Store(tmp_path / "uncompacted")

    for n in range(1, 8):
        finding_rows = [FINDING | {"intake_id": receipt_id(n), "cell": f"D{n}"}]
        add_intake(
            store,
            n,
            observation(COUNT, float(n)),
            observation(MONEY, n / 2),
            finding_rows=finding_rows,
        )
        with monkeypatch.context() as uncompacting:
            uncompacting.setattr(module, "_MAX_FILES", 1000)
            add_intake(
                uncompacted,
                n,
                observation(COUNT, float(n)),
                observation(MONEY, n / 2),
                finding_rows=finding_rows,
            )

    assert (count_files(store) <= 4, count_files(uncompacted)) == (True, 7)
    assert store.observations().equals(uncompacted.observations())
    assert store.findings().equals(uncompacted.findings())
    assert store.receipts().equals(uncompacted.receipts())
    for n in range(1, 8):
        assert store.observations(receipt_id(n)).equals(uncompacted.observations(receipt_id(n)))


def test_after_compaction_the_latest_version_is_the_current_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MAX_FILES", 2)
    store = Store(tmp_path / "store")

    for n in range(1, 8):
        add_intake(store, n, observation(COUNT, float(n)))

    head = json.loads((store.path / "head.json").read_text("utf-8"))["versions"]
    latest = {name: store._table(name) for name in head}
    assert head == {name: table.version() for name, table in latest.items() if table}


def test_a_reader_keeps_the_files_it_is_reading_during_compaction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MAX_FILES", 2)
    store = Store(tmp_path / "store")
    for n in (1, 2):
        add_intake(store, n, observation(COUNT, float(n)))
    opened = store._table("observations", store._versions()["observations"])
    assert opened is not None

    add_intake(store, 3, observation(COUNT, 3.0))

    assert count_files(store) == 1
    assert pl.read_delta(opened)["value"].sort().to_list() == [1.0, 2.0]


def test_old_data_files_are_deleted_once_nobody_can_be_reading_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from deltalake import DeltaTable

    monkeypatch.setattr(module, "_MAX_FILES", 2)
    vacuum = DeltaTable.vacuum
    store = Store(tmp_path / "store")

    def vacuum_now(table: DeltaTable, **options: Any) -> list[str]:
        """Delete old files as if a week had passed."""
        return vacuum(table, retention_hours=0, enforce_retention_duration=False, **options)

    monkeypatch.setattr(DeltaTable, "vacuum", vacuum_now)
    for n in range(1, 8):
        add_intake(store, n, observation(COUNT, float(n)))

    assert len(list((store.path / "observations").glob("*.parquet"))) <= 3
    assert store.observations()["value"].to_list() == [float(n) for n in range(1, 8)]
    assert Store(store.path).observations(receipt_id(2))["value"].to_list() == [1.0, 2.0]


@pytest.mark.parametrize("name", ["with a space", "科技统计（2025）", "a+b&c"])
def test_a_store_may_be_in_a_folder_of_any_name(tmp_path: Path, name: str) -> None:
    folder = make_dataset(tmp_path / name / "city")
    rows = [{"district": "900101", "indicator": COUNT, "checkpoint": "2025H1", "value": "12"}]
    write_csv(folder / "inbox" / "1.csv", rows)
    dataset = Dataset(folder)

    ingest(dataset, inbox_files(dataset))

    assert Dataset(folder).observations["value"].to_list() == [12.0]
