"""Files ingested, withdrawn, corrected and sent again: the current figures and the rejected rows."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from kejistats.api import Desk
from kejistats.intake import Ingested, check_file, check_files, diff, ingest, withdraw
from kejistats.model.errors import UsageError
from kejistats.reading.form_mark import FORM_VERSION, MARK_SHEET, registry_version
from kejistats.store import Store, current
from tests.factory import ROOT, code, make_dataset, write_csv

TODAY = date(2026, 3, 1)
FIGURE = {
    "district": "900101", "indicator": "patent_granted", "checkpoint": "2025H1", "value": "90",
    "published_growth": "", "grade": "", "break_id": "", "note": "",
}  # fmt: skip
TARGET = {"district": "900101", "indicator": "patent_granted", "year": "2025", "kind": "total"}


def send(city: Path, name: str, *rows: dict[str, str]) -> Path:
    """Write rows to a file in the inbox."""
    return write_csv(city / "inbox" / name, rows)


def ingest_files(city: Path, *paths: Path) -> list[Ingested]:
    """Ingest files on TODAY."""
    return ingest(Desk(city), paths, today=TODAY)


def receipt(file: Ingested) -> dict[str, Any]:
    """The receipt of a file, which must have one."""
    assert file.receipt is not None
    return file.receipt


def current_figures(city: Path, year: int = 2025) -> dict[str, str]:
    """The current figure of each district in a year, as received."""
    stored = Store(city / "store").observations().lazy().filter(pl.col("year") == year)
    return dict(current(stored).select("district", "reported").collect().iter_rows())


def rejected_rows(city: Path) -> list[tuple[str, str, str]]:
    """Rule, file and cell of the rows in quarantine."""
    rows = Store(city / "store").quarantine()
    return rows.select("rule", "file", "cell").rows()


@pytest.fixture
def wide_city(tmp_path: Path) -> Path:
    return make_dataset(tmp_path / "city", 12)


# Withdrawing


def test_a_withdrawn_intake_no_longer_counts_and_nothing_is_deleted(city: Path) -> None:
    first, second = (
        receipt(file)["id"]
        for file in ingest_files(
            city,
            send(city, "01.csv", FIGURE, FIGURE | {"district": "900102", "value": "80"}),
            send(city, "02.csv", FIGURE | {"value": "95"}),
        )
    )

    rows = withdraw(Desk(city), [second])

    store = Store(city / "store")
    assert current_figures(city) == {"900101": "90", "900102": "80"}
    assert store.observations(second)["reported"].to_list() == ["90", "95", "80"]
    assert store.active()["id"].to_list() == [first]
    columns = ["action", "withdraws", "file", "table", "rows", "accepted"]
    assert rows.select(columns).rows() == [("withdraw", second, "02.csv", "observations", 1, 1)]
    assert store.receipts()["id"].to_list() == [first, second, rows["id"].item()]


def test_an_open_data_set_follows_a_withdrawal(city: Path) -> None:
    dataset = Desk(city)
    [file] = ingest(dataset, [send(city, "01.csv", FIGURE)], today=TODAY)
    before = dataset.observations.height

    withdraw(dataset, [receipt(file)["id"]])

    assert (before, dataset.observations.height) == (1, 0)


def test_targets_are_withdrawn_like_figures(city: Path) -> None:
    first, second = (TARGET | {"value": value} for value in ("160", "150"))
    ingested = ingest_files(city, send(city, "01.csv", first), send(city, "02.csv", second))

    withdraw(Desk(city), [receipt(ingested[0])["id"]])

    assert Desk(city).targets["value"].to_list() == [150.0]


def test_a_withdrawn_file_may_be_ingested_again(city: Path) -> None:
    path = send(city, "01.csv", FIGURE)
    [file] = ingest_files(city, path)
    withdraw(Desk(city), [receipt(file)["id"]])

    [repeated] = ingest_files(city, path)

    assert receipt(repeated)["id"][:6] == "000003"
    assert [receipt(repeated)[c] for c in ("accepted", "unchanged")] == [1, 0]
    assert current_figures(city) == {"900101": "90"}


def test_several_intakes_are_withdrawn_in_one_step_each_once(city: Path) -> None:
    ingested = ingest_files(
        city, *(send(city, f"{n}.csv", FIGURE | {"district": code(n)}) for n in (1, 2, 3))
    )
    first, _, third = (receipt(file)["id"] for file in ingested)

    rows = withdraw(Desk(city), [third, first, third])

    assert rows["withdraws"].to_list() == [third, first]
    assert rows["id"].str.slice(0, 6).to_list() == ["000004", "000005"]
    assert list(current_figures(city)) == ["900102"]


@pytest.mark.parametrize("wrong", ["000009-00000000", "01.csv", "", "withdrawn", "a withdrawal"])
def test_what_cannot_be_withdrawn_is_refused_with_a_remedy_and_nothing_changes(
    city: Path, wrong: str
) -> None:
    ingested = ingest_files(
        city, *(send(city, f"{n}.csv", FIGURE | {"district": code(n)}) for n in (1, 2))
    )
    first, second = (receipt(file)["id"] for file in ingested)
    withdrawal = withdraw(Desk(city), [first])["id"].item()
    unknown = {"withdrawn": first, "a withdrawal": withdrawal}.get(wrong, wrong)
    before = Store(city / "store").receipts()

    with pytest.raises(UsageError, match="to withdraw") as caught:
        withdraw(Desk(city), [second, unknown])

    assert unknown in caught.value.message
    assert second in caught.value.remedy
    assert Store(city / "store").receipts().equals(before)
    assert list(current_figures(city)) == ["900102"]


def test_nothing_can_be_withdrawn_from_a_missing_store(city: Path) -> None:
    with pytest.raises(UsageError, match="to withdraw"):
        withdraw(Desk(city), ["000001-00000000"])

    assert Store(city / "store").receipts().height == 0


def test_findings_of_a_withdrawn_intake_are_no_longer_open(city: Path) -> None:
    [file] = ingest_files(city, send(city, "01.csv", FIGURE | {"value": "许多"}))
    before = rejected_rows(city)

    withdraw(Desk(city), [receipt(file)["id"]])

    assert before == [("not_a_number", "01.csv", "D2")]
    assert Store(city / "store").open_findings().height == 0


def test_withdrawing_the_correction_returns_the_row_to_quarantine(city: Path) -> None:
    ingest_files(city, send(city, "01.csv", FIGURE | {"value": "许多"}))
    [file] = ingest_files(city, send(city, "02.csv", FIGURE))
    corrected = rejected_rows(city)

    withdraw(Desk(city), [receipt(file)["id"]])

    assert corrected == []
    assert rejected_rows(city) == [("not_a_number", "01.csv", "D2")]


# Quarantine


def test_a_rejected_row_is_in_quarantine_as_received(city: Path) -> None:
    row = FIGURE | {"value": "９０ 多少", "grade": "快报", "note": "{甲}"}

    ingest_files(city, send(city, "01.csv", FIGURE | {"district": "900102"}, row))

    [finding] = Store(city / "store").quarantine().to_dicts()
    assert json.loads(finding["row"]) == {column: text or None for column, text in row.items()}
    assert (finding["district"], finding["indicator"]) == ("900101", "patent_granted")
    assert (finding["level"], finding["year"], finding["month"]) == ("", 2025, 6)
    assert list(current_figures(city)) == ["900102"]


@pytest.mark.parametrize("name", ["01.csv", "01-更正.csv"])
def test_a_row_leaves_quarantine_with_the_corrected_file_whatever_its_name(
    city: Path, name: str
) -> None:
    good = FIGURE | {"district": "900102"}
    ingest_files(city, send(city, "01.csv", FIGURE | {"value": "许多"}, good))
    before = len(rejected_rows(city))

    [file] = ingest_files(city, send(city, name, FIGURE | {"value": "91"}, good))

    assert (before, rejected_rows(city)) == (1, [])
    assert current_figures(city) == {"900101": "91", "900102": "90"}
    assert Store(city / "store").findings().height == 1
    assert receipt(file)["unchanged"] == (1 if name == "01.csv" else 0)


def test_a_corrected_file_with_another_fault_has_only_that_one_open(city: Path) -> None:
    rows = [FIGURE | {"value": "许多"}, FIGURE | {"district": "900102", "value": "不少"}]
    ingest_files(city, send(city, "01.csv", *rows))

    ingest_files(city, send(city, "01.csv", FIGURE, rows[1]))

    assert rejected_rows(city) == [("not_a_number", "01.csv", "D3")]


@pytest.mark.parametrize("blank", ["", "—", "…"])
def test_a_blank_in_another_file_resolves_no_finding(city: Path, blank: str) -> None:
    ingest_files(city, send(city, "01.csv", FIGURE | {"value": "许多"}))

    ingest_files(city, send(city, "02.csv", FIGURE | {"value": blank}))

    assert rejected_rows(city) == [("not_a_number", "01.csv", "D2")]


def test_a_target_leaves_quarantine_with_the_corrected_target(city: Path) -> None:
    ingest_files(city, send(city, "01.csv", TARGET | {"value": "翻一番"}))
    before = rejected_rows(city)

    ingest_files(city, send(city, "02.csv", TARGET | {"value": "160"}))

    assert before == [("not_a_number", "01.csv", "E2")]
    assert rejected_rows(city) == []
    assert Desk(city).targets["value"].to_list() == [160.0]


ALIAS = """
[[indicator]]
id = "heat"
name = "研发热度"
unit = "件"
measure = "flow"
"""


def test_a_row_unknown_to_the_registry_is_accepted_from_the_same_file_once_known(
    city: Path,
) -> None:
    path = send(city, "01.csv", FIGURE, FIGURE | {"indicator": "热度数", "value": "7"})
    ingest_files(city, path)
    before = rejected_rows(city)
    (city / "indicators.toml").write_text(ALIAS + 'aliases = ["热度数"]\n', encoding="utf-8")

    [repeated] = ingest_files(city, path)
    [third] = ingest_files(city, path)

    assert before == [("unknown_indicator", "01.csv", "B3")]
    assert [receipt(repeated)[c] for c in ("rows", "accepted", "unchanged")] == [2, 1, 1]
    stored = Store(city / "store").observations()
    assert stored.select("indicator", "reported").rows() == [
        ("heat", "7"),
        ("patent_granted", "90"),
    ]
    assert rejected_rows(city) == []
    assert (third.receipt, third.checked) == (None, None)


def test_a_district_missing_from_the_list_is_accepted_once_it_is_added(city: Path) -> None:
    path = send(city, "01.csv", FIGURE | {"district": "900109"})
    ingest_files(city, path)
    with (city / "districts.csv").open("a", encoding="utf-8") as file:
        file.write("900109,新区,900100,\n")

    ingest_files(city, path)

    assert current_figures(city) == {"900109": "90"}
    assert rejected_rows(city) == []


def test_a_file_whose_faults_remain_is_checked_again_and_changes_nothing(city: Path) -> None:
    path = send(city, "01.csv", FIGURE, FIGURE | {"district": "900102", "value": "许多"})
    ingest_files(city, path)

    [repeated] = ingest_files(city, path)

    assert repeated.receipt is None
    assert repeated.checked is not None
    assert repeated.checked.findings["rule"].to_list() == ["not_a_number"]
    assert Store(city / "store").receipts().height == Store(city / "store").findings().height == 1


# Corrected and sent again


def test_a_copy_under_another_name_adds_nothing_even_with_a_rejected_row(
    city: Path,
) -> None:
    rows = [FIGURE | {"value": "100"}, FIGURE | {"district": "900102", "value": "许多"}]
    ingest_files(city, send(city, "01.csv", *rows))
    ingest_files(city, send(city, "02.csv", FIGURE | {"value": "80"}))

    [copy] = ingest_files(city, send(city, "03.csv", *rows))

    assert copy.receipt is None
    assert current_figures(city) == {"900101": "80"}


def test_a_copy_ingested_after_a_registry_fix_clears_the_quarantine(city: Path) -> None:
    rows = [FIGURE, FIGURE | {"indicator": "热度数", "value": "7"}]
    ingest_files(city, send(city, "01.csv", *rows))
    (city / "indicators.toml").write_text(ALIAS + 'aliases = ["热度数"]\n', encoding="utf-8")

    [copy] = ingest_files(city, send(city, "01（复制）.csv", *rows))

    assert [receipt(copy)[c] for c in ("accepted", "unchanged")] == [1, 1]
    assert rejected_rows(city) == []


# Values of one cell in successive files of the same name, and the current one at the end.
STATES = [
    (["100", "80", "100"], "100"),
    (["100", "80", "80.0"], "80.0"),
    (["100", "撤销", "100"], "100"),
    (["100", "xx", "100"], "100"),
    (["100", "", "100"], "100"),
    (["100", "100", "100"], "100"),
    (["100", "80", ""], "80"),
]


def test_a_file_may_return_to_an_earlier_figure(wide_city: Path) -> None:
    for number in range(3):
        rows = [
            FIGURE | {"district": code(n), "value": states[number]}
            for n, (states, _) in enumerate(STATES, 1)
        ]
        # Another row differs each time, so that no two files have the same content.
        ingest_files(
            wide_city, send(wide_city, "01.csv", *rows, FIGURE | {"checkpoint": f"{2020 + number}"})
        )

    figures = current_figures(wide_city, 2025)
    assert figures == {code(n): expected for n, (_, expected) in enumerate(STATES, 1)}


def test_a_target_may_return_to_an_earlier_one(city: Path) -> None:
    for number, value in enumerate(("160", "150", "160")):
        other = TARGET | {"district": "900102", "value": str(number)}
        ingest_files(city, send(city, "01.csv", TARGET | {"value": value}, other))

    district_rows = Desk(city).targets.filter(pl.col("district") == "900101")
    assert district_rows["value"].to_list() == [160.0, 150.0, 160.0]


def test_moved_rows_and_reworded_notes_are_no_new_version(city: Path) -> None:
    other = FIGURE | {"district": "900102"}
    ingest_files(city, send(city, "01.csv", FIGURE, other))
    third = FIGURE | {"district": "900103"}

    [file] = ingest_files(city, send(city, "01.csv", third, other, FIGURE | {"note": "已核对"}))

    assert [receipt(file)[c] for c in ("rows", "accepted", "unchanged")] == [3, 1, 2]


def test_a_withdrawn_version_is_no_earlier_version(city: Path) -> None:
    [file] = ingest_files(city, send(city, "01.csv", FIGURE))
    withdraw(Desk(city), [receipt(file)["id"]])

    [repeated] = ingest_files(city, send(city, "01.csv", FIGURE, FIGURE | {"district": "900102"}))

    assert [receipt(repeated)[c] for c in ("accepted", "unchanged")] == [2, 0]
    assert current_figures(city) == {"900101": "90", "900102": "90"}


def test_files_that_cannot_be_read_are_all_named_and_no_other_file_is_ingested(
    city: Path,
) -> None:
    good = send(city, "01.csv", FIGURE)
    empty = city / "inbox" / "02.csv"
    empty.touch()
    header = send(city, "03.csv", {"district": "900101"})

    with pytest.raises(UsageError, match="2 files cannot be read") as caught:
        ingest_files(city, good, empty, header)

    assert "02.csv" in caught.value.message
    assert "03.csv" in caught.value.message
    assert caught.value.remedy
    assert Store(city / "store").receipts().height == 0


# What a file would change


def test_the_changes_a_file_would_make_are_reported_and_nothing_is_stored(city: Path) -> None:
    five = [FIGURE | {"district": code(n), "value": str(90 + n)} for n in range(1, 4)]
    half = [row | {"indicator": "patent_applied"} for row in five[:2]]
    ingest_files(city, send(city, "01.csv", *five, half[0]))
    before = Store(city / "store").receipts()
    path = send(
        city, "02.csv", five[0], five[1] | {"value": "99"}, five[2] | {"value": ""},
        half[0] | {"value": "撤销"}, half[1], FIGURE | {"indicator": "乱写"},
    )  # fmt: skip

    changes = diff(Desk(city), check_file(Desk(city), path, TODAY))

    assert changes.select("district", "change", "before", "after", "was", "source").rows() == [
        ("900101", "unchanged", "91", "91", "01.csv#D2", "02.csv#D2"),
        ("900102", "corrected", "92", "99", "01.csv#D3", "02.csv#D3"),
        ("900103", "blank", "93", "", "01.csv#D4", "02.csv#D4"),
        ("900101", "withdrawn", "91", "撤销", "01.csv#D5", "02.csv#D5"),
        ("900102", "new", None, "92", None, "02.csv#D6"),
    ]
    assert Store(city / "store").receipts().equals(before)
    assert Store(city / "store").findings().height == 0


# What the store has, what a file reports, and the resulting change.
CHANGES = [
    (None, {"value": ""}, "blank"),
    (None, {"value": "xx"}, "new"),
    (None, {"value": "0"}, "new"),
    ({"value": ""}, {"value": ""}, "unchanged"),
    ({"value": ""}, {"value": "90"}, "corrected"),
    ({"value": "撤销"}, {"value": "撤销"}, "unchanged"),
    ({"value": ""}, {"value": "撤销"}, "withdrawn"),
    ({}, {"value": "90件"}, "unchanged"),
    ({}, {"value": "90余"}, "corrected"),
    ({}, {"value": "xx"}, "corrected"),
    ({}, {"grade": "年报"}, "corrected"),
    ({}, {"published_growth": "12.3"}, "corrected"),
    ({}, {"break_id": "新口径"}, "corrected"),
    ({}, {"note": "已核对"}, "unchanged"),
]


def test_each_change_is_classified(tmp_path: Path) -> None:
    city = make_dataset(tmp_path / "city", len(CHANGES))
    district_rows = [FIGURE | {"district": code(n)} for n in range(1, len(CHANGES) + 1)]
    stored = [
        row | more
        for row, (more, _, _) in zip(district_rows, CHANGES, strict=True)
        if more is not None
    ]
    ingest_files(city, send(city, "01.csv", *stored))
    path = send(
        city, "02.csv", *(row | c[1] for row, c in zip(district_rows, CHANGES, strict=True))
    )

    changes = diff(Desk(city), check_file(Desk(city), path, TODAY))

    assert changes["change"].to_list() == [change for _, _, change in CHANGES]


def test_the_unchanged_rows_of_a_corrected_file_do_not_undo_a_correction(city: Path) -> None:
    ingest_files(city, send(city, "01.csv", FIGURE | {"value": "100"}))
    ingest_files(city, send(city, "02.csv", FIGURE | {"value": "80"}))
    path = send(city, "01.csv", FIGURE | {"value": "100"}, FIGURE | {"district": "900102"})

    changes = diff(Desk(city), check_file(Desk(city), path, TODAY))

    assert changes.select("district", "change").rows() == [
        ("900101", "superseded"), ("900102", "new"),
    ]  # fmt: skip
    ingest_files(city, path)
    assert current_figures(city) == {"900101": "80", "900102": "90"}


def test_rows_a_corrected_file_repeated_return_when_the_first_file_is_withdrawn(
    city: Path,
) -> None:
    [first] = ingest_files(
        city, send(city, "报表.csv", FIGURE, FIGURE | {"district": "900102", "value": "乱"})
    )
    path = send(city, "报表.csv", FIGURE, FIGURE | {"district": "900102"})
    ingest_files(city, path)

    withdraw(Desk(city), [receipt(first)["id"]])
    without = current_figures(city)
    [repeated] = ingest_files(city, path)

    assert without == {"900102": "90"}
    assert receipt(repeated)["accepted"] == 1
    assert current_figures(city) == {"900101": "90", "900102": "90"}


def test_a_later_file_with_other_rows_does_not_resolve_a_rejected_row(city: Path) -> None:
    ingest_files(
        city, send(city, "更正.csv", FIGURE, FIGURE | {"district": "900102", "value": "乱"})
    )
    ingest_files(
        city, send(city, "更正.csv", FIGURE | {"indicator": "patent_applied", "value": "8"})
    )
    quarantine = Store(city / "store").quarantine()["district"].to_list()

    ingest_files(city, send(city, "更正.csv", FIGURE, FIGURE | {"district": "900102"}))

    assert quarantine == ["900102"]
    assert Store(city / "store").quarantine().is_empty()


def test_figures_dated_by_the_file_name_are_ingested_again_under_the_right_name(city: Path) -> None:
    row = {c: t for c, t in FIGURE.items() if c != "checkpoint"}
    ingest_files(city, send(city, "2025年全年.csv", row))

    [repeated] = ingest_files(city, send(city, "2025年度 上半年.csv", row))

    assert receipt(repeated)["accepted"] == 1
    dates = Desk(city).observations.select("year", "month").rows()
    assert sorted(dates) == [(2025, 6), (2025, 12)]


def test_a_correction_with_an_error_excludes_the_figure_it_would_replace_from_comparisons(
    city: Path,
) -> None:
    total, part = "rd_expenditure", "rd_basic"
    row = FIGURE | {"checkpoint": "2024", "published": "2025-12-01"}
    ingest_files(city, send(city, "2024-01.csv", row | {"indicator": total, "value": "1600亿元"}))

    path = send(
        city, "2024-02.csv", row | {"indicator": total, "value": "乱"},
        row | {"indicator": part, "value": "1900亿元"},
    )  # fmt: skip
    checked = check_file(Desk(city), path, TODAY)

    assert checked.findings["rule"].to_list() == ["not_a_number"]


def test_files_of_the_same_name_from_two_districts_do_not_resolve_each_others_findings(
    city: Path, tmp_path: Path
) -> None:
    first = send(tmp_path / "a", "报表.csv", FIGURE, FIGURE | {"indicator": "nothing"})
    second = send(tmp_path / "b", "报表.csv", FIGURE | {"district": "900102"})
    corrected = send(tmp_path / "c", "报表.csv", FIGURE)

    ingest_files(city, first)
    ingest_files(city, second)
    rejected_rows = Store(city / "store").quarantine()["district"].to_list()
    ingest_files(city, corrected)

    assert rejected_rows == ["900101"]
    assert Store(city / "store").quarantine().is_empty()


def test_the_changes_of_targets_are_reported_too(city: Path) -> None:
    rows = [TARGET | {"district": code(n), "value": "160", "strength": ""} for n in (1, 2, 3)]
    ingest_files(city, send(city, "01.csv", *rows[:2]))
    path = send(
        city, "02.csv", rows[0], rows[1] | {"value": "150"}, rows[2],
        rows[0] | {"strength": "力争", "value": "180"},
    )  # fmt: skip

    changes = diff(Desk(city), check_file(Desk(city), path, TODAY))

    assert changes["change"].to_list() == ["unchanged", "corrected", "new", "new"]


# The checkpoint of a file


def strays(city: Path, *paths: Path) -> list[tuple[str, str]]:
    """File and cell of the rows whose checkpoint is not that of their file."""
    checked = check_files(Desk(city), paths, today=TODAY)
    findings = pl.concat([file.findings for file in checked])
    errors = findings.filter(pl.col("rule") == "checkpoint_not_files")
    assert set(errors["severity"]) <= {"error"}
    return errors.select("file", "cell").rows()


def rows_at(checkpoint: str, count: int, first: int = 1, **more: str) -> list[dict[str, str]]:
    """One row per district at a checkpoint, for `count` districts."""
    return [
        FIGURE | {"district": code(n), "checkpoint": checkpoint} | more
        for n in range(first, first + count)
    ]


@pytest.mark.parametrize(
    ("name", "rows", "expected"),
    [
        ("2025H1-01.csv", rows_at("2025H1", 2) + rows_at("2024H1", 1), ["C4"]),
        ("2025H1-01.csv", rows_at("2025H1", 1) + rows_at("2025", 1), ["C3"]),
        ("2025年上半年报表.csv", rows_at("2025Q1", 1) + rows_at("2025H1", 2, 2), ["C2"]),
        ("2025H1-01.csv", rows_at("2025H1", 1) + rows_at("2024H1", 2), ["C3", "C4"]),
        ("2025H1-01.csv", rows_at("2024H1", 2), ["C2", "C3"]),
        ("2025H1-01.csv", rows_at("2025H1", 3), []),
        ("01.csv", rows_at("2025H1", 8) + rows_at("2024H1", 2), ["C10", "C11"]),
        ("01.csv", rows_at("2025H1", 7) + rows_at("2024H1", 2), []),
        ("01.csv", rows_at("2025H1", 5) + rows_at("2024H1", 1), ["C7"]),
        ("01.csv", rows_at("2025H1", 4) + rows_at("2024H1", 1), []),
        ("2025H1-01.csv", rows_at("2025H1", 2) + rows_at("2024H1", 1, break_id="新口径"), []),
        ("2025H1-01.csv", rows_at("2025H1", 2) + rows_at("2024H1", 1, value="许多"), []),
    ],
)  # fmt: skip
def test_a_row_of_another_checkpoint_than_its_files_is_rejected(
    wide_city: Path, name: str, rows: list[dict[str, str]], expected: list[str]
) -> None:
    path = send(wide_city, name, *rows)

    assert strays(wide_city, path) == [(name, cell) for cell in expected]


def test_a_stray_row_is_reported_and_rejected(city: Path) -> None:
    path = send(city, "2025H1-01.csv", *rows_at("2025H1", 2), *rows_at("2024H1", 1))

    [file] = ingest_files(city, path)

    stored = Store(city / "store")
    assert [receipt(file)[c] for c in ("rows", "accepted", "errors")] == [3, 2, 1]
    assert stored.observations()["year"].to_list() == [2025, 2025]
    [finding] = stored.quarantine().to_dicts()
    assert finding["wrong"] == "期别2024年上半年与本文件的期别2025年上半年不一致"
    assert finding["right"] == "应为2025年上半年；如为往期补报，请单独成文件"
    assert (finding["district"], finding["year"], finding["month"]) == ("900101", 2024, 6)


def test_a_stray_row_leaves_quarantine_when_it_comes_in_its_own_file(city: Path) -> None:
    ingest_files(city, send(city, "2025H1-01.csv", *rows_at("2025H1", 2), *rows_at("2024H1", 1)))

    ingest_files(city, send(city, "2024H1-补报.csv", *rows_at("2024H1", 1)))

    assert rejected_rows(city) == []
    assert sorted(Store(city / "store").observations()["year"]) == [2024, 2025, 2025]


def test_a_later_file_may_correct_an_earlier_figure(city: Path) -> None:
    ingest_files(city, send(city, "2024H1.csv", *rows_at("2024H1", 1)))
    later = send(city, "2025H1.csv", *rows_at("2025H1", 3), *rows_at("2024H1", 2, value="88"))

    assert strays(city, later) == [("2025H1.csv", "C6")]
    ingest_files(city, later)
    stored = Store(city / "store").observations().filter(pl.col("year") == 2024)
    assert stored.select("district", "reported").rows() == [("900101", "90"), ("900101", "88")]


def test_a_file_may_correct_a_figure_of_another_file_of_the_same_intake(
    city: Path,
) -> None:
    earlier = send(city, "2024H1.csv", *rows_at("2024H1", 1))
    later = send(city, "2025H1.csv", *rows_at("2025H1", 2), *rows_at("2024H1", 1, value="88"))

    assert strays(city, earlier, later) == []


def test_each_file_of_an_intake_has_a_checkpoint_of_its_own(city: Path) -> None:
    paths = [
        send(city, "2024H1.csv", *rows_at("2024H1", 2), *rows_at("2025H1", 1, 3)),
        send(city, "2025H1.csv", *rows_at("2025H1", 2), *rows_at("2024H1", 1, 3)),
    ]

    assert strays(city, *paths) == [("2024H1.csv", "C4"), ("2025H1.csv", "C4")]


# Fill-in workbooks


def write_workbook(city: Path, name: str, *values: Any, **changes: str) -> Path:
    """Write a filled-in workbook whose mark is changed by `changes`."""
    path = city / "inbox" / name
    mark = {
        "dataset": city.name, "district": "900101", "checkpoint": "2025H1",
        "registry": registry_version(Desk(city).indicators), "form": FORM_VERSION,
    }  # fmt: skip
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("知识产权")
        sheet.write_row(0, 0, ["标识", "指标", "单位", "上年同期", "本期数", "备注"])
        for row, (indicator, value) in enumerate(
            zip(("patent_granted", "patent_applied"), values, strict=False), 1
        ):
            sheet.write_row(row, 0, [indicator, "示例数据", "件", 80, value])
        hidden = book.add_worksheet(MARK_SHEET)
        for row, pair in enumerate([("key", "value"), *(mark | changes).items()]):
            hidden.write_row(row, 0, pair)
        hidden.very_hidden()
    return path


@pytest.mark.parametrize(
    "name",
    [
        "900101-2025H1.xlsx",
        "新建 工作表（终稿）.xlsx",
        "第1区2025年上半年报表.xlsx",
        "某市2025H1.xlsx",
    ],
)
def test_a_workbook_is_identified_whatever_its_name(city: Path, name: str) -> None:
    [file] = ingest_files(city, write_workbook(city, name, 90, "xx"))

    assert file.checked is not None
    assert file.checked.findings.height == 0
    stored = Store(city / "store").observations()
    assert stored.select("district", "year", "month", "reported").rows() == [
        ("900101", 2025, 6, "xx"), ("900101", 2025, 6, "90"),
    ]  # fmt: skip
    assert receipt(file)["form"] == "900101-2025H1"


@pytest.mark.parametrize(
    ("name", "changes", "rule", "words"),
    [
        ("2024H1.xlsx", {}, "wrong_checkpoint", ["2024年上半年", "2025H1"]),
        ("第1区2024年度 全年报表.xlsx", {}, "wrong_checkpoint", ["2024年", "2025H1"]),
        ("900101-2025Q1.xlsx", {}, "wrong_checkpoint", ["2025年一季度", "2025H1"]),
        ("a.xlsx", {"checkpoint": "上半年"}, "wrong_checkpoint", ["上半年", "无法识别"]),
        ("第2区.xlsx", {}, "wrong_district", ["第2区", "第1区"]),
        ("900103-2025H1.xlsx", {}, "wrong_district", ["第3区", "第1区"]),
        ("a.xlsx", {"district": "900199"}, "wrong_district", ["900199", "不在名单内"]),
        ("第2区2024H1.xlsx", {}, "wrong_checkpoint", ["2024年上半年"]),
    ],
)
def test_a_workbook_whose_name_contradicts_its_mark_is_one_finding_and_is_rejected(
    city: Path, name: str, changes: dict[str, str], rule: str, words: Sequence[str]
) -> None:
    path = write_workbook(city, name, 90, 91, **changes)

    [file] = ingest_files(city, path)

    assert file.checked is not None
    [finding] = file.checked.findings.to_dicts()
    assert (finding["rule"], finding["severity"], finding["row"]) == (rule, "error", "")
    assert all(word in finding["wrong"] for word in words)
    assert Store(city / "store").observations().height == 0


def test_a_wrongly_named_workbook_is_accepted_once_it_is_renamed(city: Path) -> None:
    path = write_workbook(city, "第2区.xlsx", 90)
    ingest_files(city, path)
    before = Store(city / "store").open_findings()["rule"].to_list()

    ingest_files(city, path.rename(path.with_name("第1区.xlsx")))

    assert before == ["wrong_district"]
    assert current_figures(city) == {"900101": "90"}
    assert Store(city / "store").open_findings().height == 0


def test_a_workbook_of_an_earlier_registry_is_accepted_with_a_warning(city: Path) -> None:
    path = write_workbook(city, "a.xlsx", 90, registry="00000000")

    [file] = ingest_files(city, path)

    assert file.checked is not None
    assert file.checked.findings.select("rule", "severity").rows() == [("old_form", "warning")]
    assert current_figures(city) == {"900101": "90"}


def test_a_workbook_of_another_data_set_is_refused_and_nothing_is_stored(city: Path) -> None:
    path = write_workbook(city, "a.xlsx", 90, dataset="邻市")

    with pytest.raises(UsageError, match="workbook of the data set '邻市'") as caught:
        ingest_files(city, path)

    assert "'city'" in caught.value.remedy
    assert Store(city / "store").receipts().height == 0


def test_a_workbook_whose_mark_was_changed_is_refused(city: Path) -> None:
    path = city / "inbox" / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet("表").write_row(0, 0, ["标识", "本期数"])
        book.add_worksheet(MARK_SHEET).write_row(0, 0, ["dataset", "city"])

    with pytest.raises(UsageError, match="hidden sheet _kejistats was changed") as caught:
        ingest_files(city, path)

    assert caught.value.remedy


def test_a_corrected_workbook_under_another_name_is_a_later_version_of_the_same(city: Path) -> None:
    ingest_files(city, write_workbook(city, "a.xlsx", "许多", 70))
    ingest_files(
        city, send(city, "02.csv", FIGURE | {"indicator": "patent_applied", "value": "75"})
    )

    [file] = ingest_files(city, write_workbook(city, "b.xlsx", 90, 70))

    assert [receipt(file)[c] for c in ("rows", "accepted", "unchanged")] == [2, 1, 1]
    assert rejected_rows(city) == []
    metrics = current(Store(city / "store").observations().lazy()).collect()
    assert dict(metrics.select("indicator", "reported").iter_rows()) == {
        "patent_granted": "90", "patent_applied": "75",
    }  # fmt: skip


# By property

STATEMENTS = st.lists(
    st.tuples(
        st.sampled_from(["900101", "900102", "900103"]),
        st.sampled_from(["90", "91.0", "约80", "0", "", "—", "xx", "无", "撤销"]),
    ),
    min_size=1,
    max_size=10,
)


def split(rows: Sequence[tuple[str, str]], cuts: Sequence[int]) -> list[list[tuple[str, str]]]:
    """Split rows into files at `cuts`, and before a district that the file already has."""
    files: list[list[tuple[str, str]]] = [[]]
    for n, row in enumerate(rows):
        if n in cuts or row[0] in [district for district, _ in files[-1]]:
            files.append([])
        files[-1].append(row)
    return [rows for rows in files if rows]


@settings(max_examples=10)
@given(rows=STATEMENTS, data=st.data())
def test_only_the_order_of_rows_decides_not_their_split_into_files_and_intakes(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], data: st.DataObject
) -> None:
    expected: dict[str, str] = {}
    for district, value in rows:
        if value not in ("", "—") or expected.get(district, "") in ("", "—"):
            expected[district] = value
    limits = st.lists(st.integers(0, len(rows)), max_size=4)
    city = make_dataset(tmp_path_factory.mktemp("split") / "city")
    files = split(rows, data.draw(limits, label="files begin"))
    paths = [
        # The note makes contents differ, because the same content counts as one file.
        send(city, f"{n:02d}.csv", *(
            FIGURE | {"district": district, "value": value, "note": str(n)}
            for district, value in file_rows
        ))
        for n, file_rows in enumerate(files)
    ]  # fmt: skip
    intake_limits = sorted({0, len(paths), *data.draw(limits, label="intakes begin")})

    for first, last in pairwise(intake_limits):
        ingest_files(city, *paths[first:last])

    assert current_figures(city) == expected
    receipts = Store(city / "store").receipts()
    assert receipts["file"].to_list() == [path.name for path in paths]
    assert receipts["accepted"].sum() == len(rows)


# Wide tables


def test_the_mapping_in_the_readme_reads_a_wide_table(city: Path) -> None:
    [block] = re.findall(r"```toml\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    with (city / "dataset.toml").open("a", encoding="utf-8") as file:
        file.write("\n" + block)
    path = city / "inbox" / "1—5月月报.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("表1")
        sheet.merge_range(0, 0, 0, 2, "专利授权月报")
        sheet.merge_range(1, 0, 2, 0, "县（市、区）")
        sheet.merge_range(1, 1, 1, 2, "专利授权量")
        sheet.write_row(2, 1, ["1—5月", "同比（%）"])
        sheet.write_row(3, 0, ["第1区", 1400, 7.0])
        sheet.write_row(4, 0, ["第9区", 800, 2.0])
        sheet.write_row(5, 0, ["注：快报数。"])

    checked = check_file(Desk(city), path, TODAY)

    figures = checked.accepted.select("district", "indicator", "year", "month", "value")
    assert figures.rows() == [("900101", "patent_granted", 2025, 5, 1400.0)]
    assert checked.accepted["published_growth"].to_list() == [7.0]
    assert checked.accepted["source"].to_list() == [f"{path.name}#表1!B4"]
    assert checked.findings.select("rule", "cell").rows() == [("unknown_district", "A5")]


def test_an_unknown_district_of_a_wide_row_is_reported_once(city: Path) -> None:
    with (city / "dataset.toml").open("a", encoding="utf-8") as file:
        file.write(
            """
[[wide]]
file = "*.xlsx"
keys = { district = "地区" }
fixed = { checkpoint = "2025H1" }
columns = [
  { header = "授权", indicator = "patent_granted" },
  { header = "申请", indicator = "patent_applied" },
]
"""
        )
    path = city / "inbox" / "表.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("表1")
        for y, row in enumerate([["地区", "授权", "申请"], ["第1区", 9, 12], ["第九区", 8, 11]]):
            sheet.write_row(y, 0, row)

    checked = check_file(Desk(city), path, TODAY)

    assert checked.findings.select("rule", "cell").rows() == [("unknown_district", "A3")]
    assert checked.accepted.height == 2


# Through the Python interface


def test_a_data_set_checks_a_file_and_shows_the_findings(city: Path) -> None:
    dataset = Desk(city)
    path = send(city, "01.csv", FIGURE | {"district": "900102", "value": "许多"})

    checked = dataset.check(path)

    page = checked._repr_html_()
    assert "第2区" in page
    assert "900102" not in page
    assert "许多" in page
    assert dataset.observations.is_empty()


def test_a_data_set_lists_open_findings_and_rejected_rows(city: Path) -> None:
    rows = [FIGURE | {"value": "许多"}, FIGURE | {"district": "900102", "published_growth": "较快"}]
    ingest_files(city, send(city, "01.csv", *rows))
    dataset = Desk(city)

    open_findings, quarantine = dataset.findings, dataset.quarantine

    assert open_findings["rule"].to_list() == ["not_a_number", "growth_not_a_number"]
    assert quarantine["rule"].to_list() == ["not_a_number"]
    assert json.loads(quarantine["row"].item())["value"] == "许多"
