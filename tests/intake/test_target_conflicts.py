"""Targets of one district, indicator and year that cannot all be met."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kejistats.dataset import Dataset
from kejistats.intake import ingest
from tests.factory import make_dataset, write_csv
from tests.intake.factory import OBSERVATION, TARGET, check_csv

FLOOR = TARGET | {"value": "160"}
CEILING = TARGET | {"kind": "上限", "value": "150"}
STOCK = TARGET | {"indicator": "invention_valid"}
CONTRADICTIONS = [
    ("a total above a ceiling", [FLOOR, CEILING], ("E3", "value"),
     "E2全年总量目标160件高于E3上限目标150件，不能同时达到",
     "全年总量目标应不高于150件，或上限目标应不低于160件，请核对两个目标"),
    ("the ceiling first", [CEILING, FLOOR], ("E3", "value"),
     "E3全年总量目标160件高于E2上限目标150件，不能同时达到", "全年总量目标应不高于150件"),
    ("a total above a range", [FLOOR, TARGET | {"kind": "range", "value": "120—150"}],
     ("E3", "value"), "E2全年总量目标160件高于E3区间目标上限150件", "区间目标上限应不低于160件"),
    ("the upper end in a cell of its own",
     [FLOOR, TARGET | {"kind": "range", "value": "120", "value_upper": "150"}],
     ("K3", "value_upper"), "E2全年总量目标160件高于K3区间目标上限150件", "请核对两个目标"),
    ("a range above a ceiling", [CEILING, TARGET | {"kind": "range", "value": "160—180"}],
     ("E3", "value"), "E3区间目标下限160件高于E2上限目标150件", "区间目标下限应不高于150件"),
    ("more than the ceiling allows", [CEILING, FLOOR | {"value": "150", "comparison": ">"}],
     ("E3", "value"), "E3全年总量目标150件须超过，与E2上限目标150件相等，不能同时达到",
     "全年总量目标应低于150件，或上限目标应高于150件"),
    ("a target of several years in its last",
     [CEILING, FLOOR | {"kind": "multi_year", "base_year": "2022"}],
     ("E3", "value"), "E3多年目标160件高于E2上限目标150件", "多年目标应不高于150件"),
    ("both aspired", [FLOOR | {"strength": "力争"}, CEILING | {"strength": "力争"}],
     ("E3", "value"), "E2全年总量目标160件高于E3上限目标150件", "请核对两个目标"),
    ("until the ceiling is raised",
     [FLOOR, CEILING, CEILING | {"value": "170", "valid_from": "2025-05-01"}],
     ("E3", "value"), "E2全年总量目标160件高于E3上限目标150件", "请核对两个目标"),
    ("a net increase above a ceiling",
     [STOCK | {"kind": "净增", "value": "20"}, STOCK | {"kind": "上限", "value": "115"}],
     ("E3", "value"), "E2净增目标20件（上年末100件，即年末120件）高于E3上限目标115件",
     "净增目标应不高于15件，或上限目标应不低于120件"),
    ("a level below the base beside a net increase",
     [STOCK | {"kind": "年末水平", "value": "90"}, STOCK | {"kind": "净增", "value": "20"}],
     ("E3", "value"), "E2年末水平目标90件低于上年末100件，与E3净增目标20件不一致",
     "净增20件的，年末水平应为120件；请核对两个目标和上年末数"),
]  # fmt: skip
AGREEMENTS = {
    "a total as high as the ceiling": [FLOOR | {"value": "150"}, CEILING],
    "what is aspired may exceed what is assigned": [FLOOR | {"strength": "力争"}, CEILING],
    "another year": [FLOOR | {"year": "2026"}, CEILING],
    "another district": [FLOOR | {"district": "900102"}, CEILING],
    "growth, which may be at comparable prices": [
        TARGET | {"kind": "增速", "value": "80%"}, CEILING,
    ],
    "a target that starts within the year": [FLOOR | {"start_month": "4"}, CEILING],
    "a ceiling from when the total was lowered": [
        FLOOR, FLOOR | {"value": "140", "valid_from": "2025-05-01"},
        CEILING | {"valid_from": "2025-05-01"},
    ],
    "a net increase of an unknown base": [
        STOCK | {"district": "900102", "kind": "净增", "value": "20"},
        STOCK | {"district": "900102", "kind": "上限", "value": "15"},
    ],
    "no increase beside a lower level": [
        STOCK | {"kind": "年末水平", "value": "90"}, STOCK | {"kind": "净增", "value": "0"},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def december(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """A city whose store has last December's stock of one district."""
    city = make_dataset(tmp_path_factory.mktemp("december") / "city")
    dataset = Dataset(city)
    figure = {"indicator": "invention_valid", "checkpoint": "2024", "value": "100"}
    ingest(dataset, [write_csv(city / "inbox" / "2024.csv", [OBSERVATION | figure])])
    return dataset


@pytest.mark.parametrize(
    ("rows", "location", "wrong", "right"),
    [case[1:] for case in CONTRADICTIONS],
    ids=[case[0] for case in CONTRADICTIONS],
)
def test_targets_that_cannot_both_be_met_are_one_warning(
    december: Dataset, tmp_path: Path, rows: list[dict[str, str]], location: tuple[str, str],
    wrong: str, right: str,
) -> None:  # fmt: skip
    result = check_csv(december, tmp_path, *rows)

    [finding] = result.findings.to_dicts()
    assert (finding["rule"], finding["severity"]) == ("targets_contradict", "warning")
    assert (finding["cell"], json.loads(finding["row"]).get("value")) == (
        location[0], rows[int(location[0][1:]) - 2]["value"],
    )  # fmt: skip
    assert finding["wrong"].startswith(wrong)
    assert right in finding["right"]
    assert (finding["district"], finding["indicator"], finding["year"]) == (
        "900101", rows[0]["indicator"], 2025,
    )  # fmt: skip
    assert result.accepted.height == len(rows)


@pytest.mark.parametrize("rows", AGREEMENTS.values(), ids=AGREEMENTS)
def test_targets_that_can_both_be_met_or_may_agree_have_no_finding(
    december: Dataset, tmp_path: Path, rows: list[dict[str, str]]
) -> None:
    result = check_csv(december, tmp_path, *rows)

    assert result.findings.height == 0
    assert result.accepted.height == len(rows)


def test_a_target_is_compared_with_those_received_before(city: Path) -> None:
    dataset = Dataset(city)
    first = write_csv(city / "inbox" / "01.csv", [CEILING | {"source": "市政府文件"}])
    second = write_csv(city / "inbox" / "02.csv", [FLOOR])
    corrected = write_csv(city / "inbox" / "03.csv", [CEILING | {"value": "170"}])

    findings = [file.checked.findings for file in ingest(dataset, [first]) if file.checked]
    findings += [file.checked.findings for file in ingest(dataset, [second]) if file.checked]
    open_messages = dataset.findings["wrong"].to_list()
    findings += [file.checked.findings for file in ingest(dataset, [corrected]) if file.checked]

    assert [len(file) for file in findings] == [0, 1, 0]
    assert open_messages == [
        "02.csv#E2的全年总量目标160件高于01.csv#E2（市政府文件）的上限目标150件，不能同时达到"
    ]
    assert dataset.findings.height == 0


def test_targets_of_one_intake_are_compared_with_each_other_and_with_its_december_figure(
    city: Path,
) -> None:
    figure = {"indicator": "invention_valid", "checkpoint": "2024", "value": "100"}
    rows = {
        "01": OBSERVATION | figure,
        "02": STOCK | {"kind": "净增", "value": "20"},
        "03": STOCK | {"kind": "上限", "value": "115"},
    }
    paths = [write_csv(city / "inbox" / f"{name}.csv", [row]) for name, row in rows.items()]

    ingested = ingest(Dataset(city), paths)

    messages = [file.checked.findings["wrong"].to_list() for file in ingested if file.checked]
    assert messages == [[], [], [
        "02.csv#E2的净增目标20件（上年末100件，即年末120件）高于03.csv#E2的上限目标115件，"
        "不能同时达到",
    ]]  # fmt: skip
