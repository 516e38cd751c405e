"""The store: appends, receipts and vintages."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from factory import COUNT, observation, observations
from hypothesis import given, settings
from hypothesis import strategies as st

from kejistats.errors import KejistatsError
from kejistats.schema import Finding
from kejistats.store import FORMAT, Receipt, Store, current

RECEIPT = Receipt(
    id="000001-00000000", file="甲.csv", sha256="0" * 64, table="observations",
    rows=1, accepted=1, unchanged=0, errors=0, warnings=0, who="", when="2025-07-10T00:00:00+00:00",
)  # fmt: skip
FINDING = {
    "rule": "not_a_number", "severity": "error", "file": "甲.csv", "sheet": "", "cell": "D2",
    "row": "{}", "wrong": "不是数值", "right": "请填数值", "received": RECEIPT.id,
}  # fmt: skip


def findings(*rows: dict[str, str]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=Finding.dtypes())


def test_a_store_that_is_not_there_reads_as_empty(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")

    assert store.observations().height == store.targets().height == store.findings().height == 0
    assert store.receipts() == []
    assert not store.path.exists()


def test_what_is_appended_reads_back_with_its_receipt(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    rows = observations([observation(COUNT, 90.0), observation(COUNT, None, 2024)])

    store.append(rows, findings(FINDING), RECEIPT)

    assert store.observations().equals(rows.sort("year"))
    assert store.findings().to_dicts() == [FINDING]
    assert store.receipts() == [RECEIPT]


def test_rows_read_back_by_key_and_receipts_by_number_whatever_came_first(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    second = replace(RECEIPT, id="000002-00000000")
    later = observations([observation(COUNT, 95.0, vintage=2)])
    earlier = observations([observation(COUNT, 90.0), observation(COUNT, 80.0, 2024)])

    store.append(later, findings(), second)
    store.append(earlier, findings(), RECEIPT)

    assert store.observations()["value"].to_list() == [80.0, 90.0, 95.0]
    assert store.receipts() == [RECEIPT, second]


def test_findings_of_a_repeated_intake_read_back_once(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    rows = observations([observation(COUNT, 90.0)])

    store.append(rows, findings(FINDING), RECEIPT)
    store.append(rows.clear(), findings(FINDING), replace(RECEIPT, id="000002-00000000"))

    assert store.findings().height == 1


def test_a_row_that_breaks_its_model_is_not_stored(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    bad = observations([observation(COUNT, 90.0)]).with_columns(month=pl.lit(13, pl.Int64))

    with pytest.raises(KejistatsError, match="month"):
        store.append(bad, findings(), RECEIPT)

    assert store.receipts() == []
    assert store.observations().height == 0


def test_a_store_of_another_format_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.append(observations([observation(COUNT, 90.0)]), findings(), RECEIPT)
    mark = tmp_path / "format.json"
    assert json.loads(mark.read_text("utf-8")) == {"format": FORMAT}

    mark.write_text(json.dumps({"format": FORMAT + 1}), encoding="utf-8")

    with pytest.raises(KejistatsError, match=f"format {FORMAT + 1}"):
        Store(tmp_path)


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
