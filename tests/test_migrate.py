"""Stores of earlier formats come forward whole, however often that is interrupted."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from factory import FIXTURES, write_csv

from kejistats.dataset import Dataset
from kejistats.errors import KejistatsError
from kejistats.intake import take_in
from kejistats.schema import Finding, Observation, Receipt, Target
from kejistats.store import FORMAT, KEEP_LOG, Store

OLD = FIXTURES / "store-format-1"
FIGURE = {"district": "900102", "indicator": "patent_granted", "checkpoint": "2025H1"}


@pytest.fixture
def old(city: Path) -> Path:
    """A store of format 1 in a data set of its own."""
    return Path(shutil.copytree(OLD, city / "store"))


def content(path: Path) -> list[pl.DataFrame]:
    store = Store(path)
    return [store.observations(), store.targets(), store.findings(), store.receipts()]


def same(one: list[pl.DataFrame], other: list[pl.DataFrame]) -> bool:
    return all(a.equals(b) for a, b in zip(one, other, strict=True))


def test_a_store_of_format_1_comes_forward_with_every_row_and_receipt(old: Path) -> None:
    figures, goals, findings, receipts = content(old)

    ids = ["000001-8b6cff00", "000002-00881d1f", "000003-1de43a70"]
    columns = ["district", "status", "value", "reported", "source", "received"]
    assert figures.select(columns).rows() == [
        ("900101", "reported", 90.0, "90", "2025H1-01.csv#D2", ids[0]),
        ("900101", "reported", 95.0, "95", "2025H1-02.csv#D2", ids[1]),
        ("900103", "masked", None, "xx", "2025H1-01.csv#D4", ids[0]),
    ]
    assert goals.select("kind", "value", "received").rows() == [("total", 160.0, ids[2])]
    assert receipts.select("id", "action", "withdraws", "file", "table").rows() == [
        (ids[0], "intake", None, "2025H1-01.csv", "observations"),
        (ids[1], "intake", None, "2025H1-02.csv", "observations"),
        (ids[2], "intake", None, "2025H1-03-t.csv", "targets"),
    ]
    assert receipts.select("rows", "accepted", "unchanged", "errors", "warnings").rows() == [
        (3, 2, 0, 1, 0), (1, 1, 0, 0, 0), (1, 1, 0, 0, 0),
    ]  # fmt: skip
    assert findings.select("rule", "cell", "received").rows() == [("not_a_number", "D3", ids[0])]
    assert json.loads(findings["row"].item())["district"] == "900102"


def test_the_tables_are_those_of_today_and_the_old_mark_is_gone(old: Path) -> None:
    tables = content(old)

    models = (Observation, Target, Finding, Receipt)
    for table, model in zip(tables, models, strict=True):
        assert model.conform(table).equals(table)
    head = json.loads((old / "head.json").read_text("utf-8"))
    assert head["format"] == FORMAT
    assert set(head["versions"]) == {"observations", "targets", "findings", "receipts"}
    assert not (old / "format.json").exists()
    for name in head["versions"]:
        table = Store(old)._table(name)
        assert table is not None
        assert table.metadata().configuration == KEEP_LOG


def test_a_store_come_forward_takes_files_in_and_gives_earlier_states(
    city: Path, old: Path
) -> None:
    dataset = Dataset(city)
    before = content(old)[0]
    path = write_csv(city / "inbox" / "2025H1-04.csv", [FIGURE | {"value": "70"}])

    [one] = take_in(dataset, [path])

    assert one.receipt is not None
    assert one.receipt["id"].startswith("000004-")
    store = Store(old)
    assert store.observations("000003-1de43a70").equals(before)
    assert store.observations("000001-8b6cff00")["reported"].to_list() == ["90", "xx"]
    assert store.observations()["reported"].to_list() == ["90", "95", "70", "xx"]


def test_what_an_old_store_kept_out_leaves_quarantine_with_the_corrected_file(
    city: Path, old: Path
) -> None:
    dataset = Dataset(city)
    before = Store(old).quarantine()["received"].to_list()
    path = write_csv(city / "inbox" / "2025H1-01.csv", [
        FIGURE | {"district": "900101", "value": "90"}, FIGURE | {"value": "70"},
        FIGURE | {"district": "900103", "value": "xx"},
    ])  # fmt: skip

    take_in(dataset, [path])

    assert before == ["000001-8b6cff00"]
    assert Store(old).quarantine().height == 0


def test_findings_of_an_intake_that_format_1_never_finished_do_not_come_along(old: Path) -> None:
    for name in ("observations", "targets"):
        shutil.rmtree(old / name)

    figures, goals, findings, receipts = content(old)

    assert figures.height == goals.height == findings.height == receipts.height == 0
    assert receipts.schema == pl.Schema(Receipt.dtypes())


def test_an_old_store_that_was_only_begun_comes_forward_empty(tmp_path: Path) -> None:
    (tmp_path / "findings" / "_delta_log").mkdir(parents=True)
    shutil.copy(OLD / "format.json", tmp_path)

    tables = content(tmp_path)

    assert [table.height for table in tables] == [0, 0, 0, 0]
    assert json.loads((tmp_path / "head.json").read_text("utf-8"))["format"] == FORMAT


@pytest.mark.parametrize("found", [0, FORMAT + 1, 99])
def test_a_format_that_nobody_knows_is_refused_and_left_alone(old: Path, found: int) -> None:
    (old / "format.json").write_text(json.dumps({"format": found}), encoding="utf-8")

    with pytest.raises(KejistatsError, match=f"store format {found}") as caught:
        Store(old)

    assert "install" in caught.value.remedy
    assert not (old / "head.json").exists()
    assert Path(old / "observations" / "_delta_log").is_dir()


class Killed(BaseException):
    """Stands for the end of the process."""


def killing(where: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """End the migration before or after its n-th change of the disk."""
    import deltalake

    count = iter(range(100))

    def wrapped(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            if next(count) == where:
                raise Killed
            result = real(*arguments, **options)
            if next(count) == where:
                raise Killed
            return result

        return call

    for holder, name in (
        (deltalake, "write_deltalake"), (shutil, "rmtree"), (Path, "replace"), (Path, "unlink"),
    ):  # fmt: skip
        monkeypatch.setattr(holder, name, wrapped(getattr(holder, name)))


@pytest.mark.parametrize("where", range(8))
def test_a_migration_killed_at_any_step_is_done_by_the_next_opening(
    old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: int
) -> None:
    undisturbed = content(Path(shutil.copytree(OLD, tmp_path / "undisturbed")))
    unfinished = 0

    # Twice at the same place: a second failure must not be worse than the first.
    while (old / "format.json").exists() and unfinished < 2:
        with monkeypatch.context() as patched:
            killing(where, patched)
            with pytest.raises(Killed):
                Store(old)
        unfinished += 1

    assert unfinished == (1 if where == 7 else 2)
    assert same(content(old), undisturbed)
    assert not (old / "format.json").exists()
