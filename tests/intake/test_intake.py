"""Received files become checked rows and findings; no row is dropped without a finding."""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from kejistats.dataset import Dataset
from kejistats.intake import check_file, inbox_files, ingest, pending
from kejistats.model.errors import UsageError
from kejistats.reading.layout import _NOTE, _SIGNATURE
from kejistats.reading.total_rows import TOTAL
from kejistats.store import Store, current
from tests.factory import CITY, ROOT, make_dataset, write_csv
from tests.intake.factory import OBSERVATION, TARGET, check_csv

OWN_INDICATORS = """
[[indicator]]
id = "energy"
name = "研发能耗"
unit = "万元"
measure = "flow"
negative = true
"""


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Three districts, two more that share a name, and an indicator that may be negative."""
    folder = make_dataset(tmp_path_factory.mktemp("set") / "city", 3, OWN_INDICATORS)
    with (folder / "districts.csv").open("a", encoding="utf-8") as file:
        file.write(f"900111,同名区,{CITY},\n900112,同名区,{CITY},\n")
    return Dataset(folder)


def workbook(path: Path, *sheets: Sequence[Sequence[Any]], name: str = "表") -> Path:
    """Write sheets of cells; None leaves a cell blank, text beginning with = is a formula."""
    with xlsxwriter.Workbook(str(path)) as book:
        date = book.add_format({"num_format": "yyyy-mm-dd"})
        for number, rows in enumerate(sheets, 1):
            sheet = book.add_worksheet(f"{name}{number}")
            for y, row in enumerate(rows):
                for x, cell in enumerate(row):
                    if isinstance(cell, dt.date):
                        sheet.write_datetime(y, x, cell, date)
                    elif cell is not None:
                        sheet.write(y, x, cell)
    return path


# Reading


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_is_read_in_the_encodings_that_spreadsheets_write(
    dataset: Dataset, tmp_path: Path, encoding: str
) -> None:
    row = OBSERVATION | {"district": "第1区", "indicator": "专利授权量", "note": "据快报"}
    path = write_csv(tmp_path / "甲.csv", [row], encoding)

    result = check_file(dataset, path)

    assert result.findings.height == 0
    assert result.accepted.select("district", "indicator", "note", "source").row(0) == (
        "900101", "patent_granted", "据快报", "甲.csv#D2",
    )  # fmt: skip


def test_chinese_titles_and_words_are_translated_to_column_names_and_codes(
    dataset: Dataset, tmp_path: Path
) -> None:
    figures = {
        "地区": "第1区", "指标": "专利授权数", "期别": "2025H1", "数值": "90件", "单位": "件",
        "级别": "省", "公布增速": "12.3%", "数据级别": "快报", "截止日期": "2025/6/25",
        "公布日期": "2025-07-10", "口径标识": "b1", "备注": "甲",
    }  # fmt: skip
    targets = {
        "地区": "第1区", "指标": "专利授权量", "年": "2025年", "目标类型": "区间", "目标值": "30—40",
        "约束": "力争", "比较": "≥", "下达单位": "市", "下达日期": "2025-02-10", "节点": "6:0.4;12:1",
    }  # fmt: skip

    observed = check_file(dataset, write_csv(tmp_path / "a.csv", [figures]))
    targeted = check_file(dataset, write_csv(tmp_path / "b.csv", [targets]))

    assert observed.findings.height == targeted.findings.height == 0
    row, target = observed.accepted.row(0, named=True), targeted.accepted.row(0, named=True)
    assert (row["value"], row["level"], row["grade"]) == (90.0, "省", "preliminary")
    assert (row["published_growth"], row["break_id"]) == (12.3, "b1")
    assert (row["as_of"], row["published"]) == (dt.date(2025, 6, 25), dt.date(2025, 7, 10))
    assert (target["kind"], target["value"], target["value_upper"]) == ("range", 30.0, 40.0)
    assert (target["strength"], target["comparison"], target["nodes"]) == (
        "aspired",
        ">=",
        "6:0.4;12:1",
    )


def test_blank_lines_above_and_between_leave_addresses_as_received(
    dataset: Dataset, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "\n\ndistrict,indicator,checkpoint,value\n900101,patent_granted,2025H1,90\n,,,\n\n"
        "900102,patent_granted,2025H1,许多\n",
        encoding="utf-8",
    )

    result = check_file(dataset, path)

    assert result.rows == 2
    assert result.accepted["source"].to_list() == ["a.csv#D4"]
    assert result.findings["cell"].to_list() == ["D7"]


def test_workbook_cells_keep_their_addresses_below_and_beside_blanks(
    dataset: Dataset, tmp_path: Path
) -> None:
    cells = [
        [],
        [],
        [None, None, "district", "indicator", None, "checkpoint", "value", "as_of"],
        [None, None, 900101, "patent_granted", None, 2025, 90, dt.date(2025, 12, 25)],
        [],
        [None, None, "第2区", "patent_granted", None, "2025H1", "８０件", "2025-06-25"],
        [None, None, "第3区", "patent_granted", None, "2025H1", "许多", None],
    ]

    result = check_file(dataset, workbook(tmp_path / "a.xlsx", cells))

    rows = result.accepted.select("district", "year", "month", "value", "as_of", "source").rows()
    assert rows == [
        ("900101", 2025, 12, 90.0, dt.date(2025, 12, 25), "a.xlsx#表1!G4"),
        ("900102", 2025, 6, 80.0, dt.date(2025, 6, 25), "a.xlsx#表1!G6"),
    ]
    assert result.findings.select("sheet", "cell", "rule").rows() == [("表1", "G7", "not_a_number")]


@pytest.mark.parametrize(
    ("number", "expected"), [(0.1 + 0.2, 0.3), (1e-7, 1e-7), (1234567890123.0, 1234567890123.0)]
)
def test_numeric_cells_keep_their_figure(
    dataset: Dataset, tmp_path: Path, number: float, expected: float
) -> None:
    cells = [["district", "indicator", "checkpoint", "value"],
             ["900101", "loan_new", "2025H1", number]]  # fmt: skip

    result = check_file(dataset, workbook(tmp_path / "a.xlsx", cells))

    assert result.accepted["value"].to_list() == [expected]


def test_a_formula_error_is_a_finding_at_its_cell(dataset: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("表")
        sheet.write_row(0, 0, ["district", "indicator", "checkpoint", "value"])
        sheet.write_row(1, 0, ["900101", "patent_granted", "2025H1"])
        sheet.write_formula(1, 3, "=1/0", None, "#DIV/0!")
        sheet.write_row(2, 0, ["900102", "patent_granted", "2025H1", 90])

    result = check_file(dataset, path)

    findings = result.findings.select("rule", "severity", "sheet", "cell").rows()
    assert findings == [("not_a_number", "error", "表", "D2")]
    assert "#DIV/0!" in result.findings["wrong"].item()
    assert result.accepted["district"].to_list() == ["900102"]


def test_a_formula_is_read_as_its_result(dataset: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["district", "indicator", "checkpoint", "value"])
        sheet.write_row(1, 0, ["900101", "patent_granted", "2025H1"])
        sheet.write_formula(1, 3, "=45*2", None, 90)

    assert check_file(dataset, path).accepted["value"].to_list() == [90.0]


@pytest.mark.parametrize(
    ("name", "content", "wrong"),
    [
        ("a.csv", b"", "empty"),
        ("a.csv", b"\n \n", "empty"),
        ("a.csv", b"\xff\xff\xff\x00", "neither UTF-8 nor GB18030"),
        ("a.csv", b"district,value\n1,2,3\n", "not a regular CSV"),
        ("a.csv", b'district,value\n1,"2\n', "not a regular CSV"),
        ("a.csv", b"value,value\n1,2\n", "twice"),
        ("a.xlsx", b"PK not really", "cannot be read as a workbook"),
        ("a.xls", b"", "empty"),
        ("a.xls", b"not really", "cannot be read as a workbook"),
        ("a.docx", b"", "not a .csv, .xlsx, .xls, .ods file"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_remedy(
    dataset: Dataset, tmp_path: Path, name: str, content: bytes, wrong: str
) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(UsageError, match=wrong) as caught:
        check_file(dataset, tmp_path / name)

    assert name in caught.value.message
    assert caught.value.remedy


def test_a_missing_file_is_refused(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no file"):
        check_file(dataset, tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("header", "wrong"),
    [
        ("district,indicator,checkpoint", "value is missing"),
        ("district,indicator,checkpoint,value,colour", "'colour' is unknown"),
        ("district,地区,indicator,checkpoint,value", "district occurs twice"),
        ("district,indicator,kind,value", "year is missing"),
        ("表一,,,", "district is missing"),
    ],
)
def test_a_wrong_header_is_refused_with_the_columns_needed(
    dataset: Dataset, tmp_path: Path, header: str, wrong: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{header}\n{','.join('1' for _ in header.split(','))}\n", encoding="utf-8")

    with pytest.raises(UsageError, match=wrong) as caught:
        check_file(dataset, path)

    assert "required columns: district, indicator" in caught.value.remedy


# Values and units


@pytest.mark.parametrize(
    ("indicator", "value", "unit", "expected"),
    [
        ("contracts_value", "5700", "万元", 0.57),
        ("contracts_value", "5700万元", "", 0.57),
        ("contracts_value", "5700万元", "亿元", 0.57),
        ("contracts_value", "0.57", "", 0.57),
        ("contracts_value", "0.57", "亿元", 0.57),
        ("contracts_value", "57000000元", "", 0.57),
        ("contracts_value", "3", "元", 3e-8),
        ("contracts_value", "3.2万", "元", 0.00032),
        ("loan_new", "34390617.24", "", 34390617.24),
        ("loan_new", "1.5亿元", "", 15000.0),
        ("hnte_total", "215", "户", 215.0),
        ("hnte_total", "215户", "", 215.0),
        ("patent_granted", "1.2万件", "", 12000.0),
        ("patent_granted", "3.2万", "", 32000.0),
        ("carrier_area", "12000", "平方米", 1.2),
        ("rd_intensity", "2.65%", "", 2.65),
        ("rd_intensity", "2.65", "%", 2.65),
        ("hitech_va_growth", "-3.5", "", -3.5),
        ("energy", "-5", "", -5.0),
        ("patent_granted", "0", "", 0.0),
        ("patent_granted", "约12.5", "", 12.5),
    ],
)
def test_figures_are_converted_to_the_registrys_unit(
    dataset: Dataset, tmp_path: Path, indicator: str, value: str, unit: str, expected: float
) -> None:
    row = OBSERVATION | {"indicator": indicator, "value": value, "unit": unit}

    result = check_csv(dataset, tmp_path, row)

    assert result.errors == 0
    assert result.accepted["value"].to_list() == [expected]
    assert result.accepted["reported"].to_list() == [value]


@pytest.mark.parametrize(
    ("value", "status", "number", "bound", "upper"),
    [
        ("xx家", "masked", None, "exact", None),
        ("", "missing", None, "exact", None),
        ("—", "missing", None, "exact", None),
        ("无", "not_applicable", None, "exact", None),
        ("0", "reported", 0.0, "exact", None),
        ("100余家", "reported", 100.0, "at_least", None),
        ("近100家", "reported", 100.0, "less_than", None),
        ("30—40家", "reported", 30.0, "at_least", 40.0),
    ],
)
def test_masked_missing_zero_and_bounds_stay_apart(
    dataset: Dataset, tmp_path: Path, value: str, status: str, number: float | None,
    bound: str, upper: float | None,
) -> None:  # fmt: skip
    result = check_csv(dataset, tmp_path, OBSERVATION | {"indicator": "hnte_total", "value": value})

    row = result.accepted.row(0, named=True)
    assert result.findings.height == 0
    assert (row["status"], row["value"], row["bound"]) == (status, number, bound)
    assert row["value_upper"] == upper


@pytest.mark.parametrize(
    ("text", "expected"),
    [("12.3", 12.3), ("12.3%", 12.3), ("-3.1％", -3.1), ("0.5个百分点", 0.5), ("1,234.5", 1234.5),
     ("", None), ("—", None), ("/", None)],
)  # fmt: skip
def test_published_growth_is_kept_in_percent(
    dataset: Dataset, tmp_path: Path, text: str, expected: float | None
) -> None:
    result = check_csv(dataset, tmp_path, OBSERVATION | {"published_growth": text})

    assert result.findings.height == 0
    assert result.accepted["published_growth"].to_list() == [expected]


# Findings

OBSERVATION_FAULTS = [
    ("unknown_district", {"district": "第9区"}, "A3"),
    ("unknown_district", {"district": ""}, "A3"),
    ("ambiguous_district", {"district": "同名区"}, "A3"),
    ("unknown_indicator", {"indicator": "专利"}, "B3"),
    ("unknown_checkpoint", {"checkpoint": "上半年"}, "C3"),
    ("unknown_checkpoint", {"checkpoint": "2025M13"}, "C3"),
    ("not_a_number", {"value": "许多"}, "D3"),
    ("not_a_number", {"value": "#N/A"}, "D3"),
    ("not_a_number", {"value": "2*3"}, "D3"),
    ("not_a_number", {"value": "12①"}, "D3"),
    ("not_a_number", {"value": "1e400"}, "D3"),
    ("unit_ambiguous", {"indicator": "contracts_value", "value": "3.2万"}, "D3"),
    ("unit_ambiguous", {"indicator": "contracts_value", "value": "3.2万", "unit": "万元"}, "D3"),
    ("unit_ambiguous", {"indicator": "loan_new", "value": "1亿"}, "D3"),
    ("unit_mismatch", {"unit": "元"}, "D3"),
    ("unit_mismatch", {"value": "90家"}, "D3"),
    ("unit_mismatch", {"indicator": "rd_intensity", "value": "2.6个百分点"}, "D3"),
    ("negative", {"value": "-5"}, "D3"),
    ("not_whole", {"value": "90.5"}, "D3"),
    ("not_whole", {"value": "0.00015万"}, "D3"),
    ("duplicate_key", {"district": "900103"}, "D3"),
    ("duplicate_key", {"district": "第3区", "indicator": "专利授权数", "checkpoint": "2025Q2"}, "D3"),
    ("unknown_level", {"level": "县"}, "F3"),
    ("unknown_grade", {"grade": "草案"}, "H3"),
    ("bad_date", {"as_of": "2025年6月"}, "I3"),
    ("bad_date", {"as_of": "2025-07-01"}, "I3"),
    ("bad_date", {"as_of": "2024-12-31"}, "I3"),
    ("bad_date", {"published": "2025年6月"}, "J3"),
    ("out_of_range", {"indicator": "rd_intensity", "value": "101"}, "D3"),
    ("out_of_range", {"indicator": "hitech_va_growth", "value": "-100.1"}, "D3"),
]  # fmt: skip
WARNINGS = [
    ("unit_conflict", {"indicator": "contracts_value", "value": "57亿元", "unit": "件"}, "D3"),
    ("growth_not_a_number", {"published_growth": "持平"}, "G3"),
    ("growth_not_a_number", {"published_growth": "inf"}, "G3"),
    ("growth_not_a_number", {"published_growth": "nan"}, "G3"),
    ("growth_not_a_number", {"published_growth": "xx%"}, "G3"),
    ("printed_not_a_number", {"printed_share": "过半"}, "L3"),
    ("unknown_basis", {"growth_basis": "环比"}, "M3"),
]
TARGET_FAULTS = [
    ("unknown_district", {"district": "900199"}, "A3"),
    ("unknown_indicator", {"indicator": "专利"}, "B3"),
    ("unknown_year", {"year": "25"}, "C3"),
    ("unknown_year", {"year": "1025"}, "C3"),
    ("unknown_kind", {"kind": "quota"}, "D3"),
    ("unknown_kind", {"kind": ""}, "D3"),
    ("target_kind_unfit", {"indicator": "hnte_total"}, "D3"),
    ("not_whole", {"value": "3.5"}, "E3"),
    ("target_not_exact", {"value": "约100"}, "E3"),
    ("target_not_exact", {"value": "不超过100"}, "E3"),
    ("target_not_exact", {"kind": "ceiling", "value": "100以上"}, "E3"),
    ("target_kind_unfit", {"kind": "level"}, "D3"),
    ("target_kind_unfit", {"kind": "net"}, "D3"),
    ("not_a_number", {"value": "翻一番"}, "E3"),
    ("unit_mismatch", {"value": "160亿元"}, "E3"),
    ("unit_mismatch", {"kind": "growth", "value": "8件"}, "E3"),
    ("unit_ambiguous", {"indicator": "contracts_value", "value": "3万"}, "E3"),
    ("negative", {"value": "-160"}, "E3"),
    ("target_empty", {"value": ""}, "E3"),
    ("target_empty", {"value": "xx"}, "E3"),
    ("target_empty", {"value": "无"}, "E3"),
    ("duplicate_key", {"district": "900103"}, "E3"),
    ("unknown_comparison", {"comparison": "<"}, "G3"),
    ("unknown_strength", {"strength": "尽量"}, "H3"),
    ("bad_date", {"issued": "春节前"}, "I3"),
    ("range_without_upper", {"kind": "range"}, "K3"),
    ("range_without_upper", {"kind": "range", "value_upper": "150"}, "K3"),
    ("upper_unfit", {"value_upper": "170"}, "K3"),
    ("upper_unfit", {"value": "160—170"}, "K3"),
    ("bad_date", {"valid_from": "5月"}, "L3"),
    ("bad_month", {"start_month": "12"}, "M3"),
    ("bad_month", {"start_month": "五"}, "M3"),
    ("base_year_missing", {"kind": "multi_year"}, "N3"),
    ("base_year_missing", {"kind": "multi_year", "base_year": "2025"}, "N3"),
    ("unknown_year", {"base_year": "22"}, "N3"),
    ("bad_nodes", {"nodes": "6月50%"}, "O3"),
    ("bad_nodes", {"nodes": "13:1"}, "O3"),
    ("bad_nodes", {"nodes": "6:1.2.3"}, "O3"),
]


@pytest.mark.parametrize(("rule", "change", "cell"), OBSERVATION_FAULTS)
def test_a_faulty_figure_is_one_finding_and_the_other_rows_are_accepted(
    dataset: Dataset, tmp_path: Path, rule: str, change: dict[str, str], cell: str
) -> None:
    first = OBSERVATION | {"district": "900103"}
    last = OBSERVATION | {"district": "900102"}

    result = check_csv(dataset, tmp_path, first, OBSERVATION | change, last)

    finding = result.findings.row(0, named=True)
    assert result.findings.height == result.errors == 1
    assert (finding["rule"], finding["cell"], finding["severity"]) == (rule, cell, "error")
    assert (finding["file"], finding["sheet"], finding["intake_id"]) == ("figures.csv", "", None)
    assert "{" not in finding["wrong"] + finding["right"]
    assert result.accepted["district"].to_list() == ["900103", "900102"]


@pytest.mark.parametrize(("rule", "change", "cell"), TARGET_FAULTS)
def test_a_faulty_target_is_one_finding_and_the_other_rows_are_accepted(
    dataset: Dataset, tmp_path: Path, rule: str, change: dict[str, str], cell: str
) -> None:
    first = TARGET | {"district": "900103"}
    last = TARGET | {"district": "900102"}

    result = check_csv(dataset, tmp_path, first, TARGET | change, last)

    finding = result.findings.row(0, named=True)
    assert result.findings.height == result.errors == 1
    assert (finding["rule"], finding["cell"], finding["severity"]) == (rule, cell, "error")
    assert "{" not in finding["wrong"] + finding["right"]
    assert result.accepted["district"].to_list() == ["900103", "900102"]


@pytest.mark.parametrize(("rule", "change", "cell"), WARNINGS)
def test_a_warning_accepts_the_row(
    dataset: Dataset, tmp_path: Path, rule: str, change: dict[str, str], cell: str
) -> None:
    result = check_csv(
        dataset, tmp_path, OBSERVATION | {"district": "900102"}, OBSERVATION | change
    )

    finding = result.findings.row(0, named=True)
    assert (result.findings.height, result.errors) == (1, 0)
    assert (finding["rule"], finding["cell"], finding["severity"]) == (rule, cell, "warning")
    assert result.accepted["published_growth"].to_list() == [None, None]


def test_every_row_rule_has_a_case_here() -> None:
    code = [
        (ROOT / "kejistats" / "intake" / f"{m}.py").read_text("utf-8")
        for m in ("row_rules", "check_rows")
    ]

    rules = set(re.findall(r"(?:RowRule\(|fault_rows\(\s*\w+,)\s*\"([a-z_]+)\"", "".join(code)))

    assert len(rules) > 15
    assert rules == {rule for rule, _, _ in OBSERVATION_FAULTS + TARGET_FAULTS + WARNINGS}


@pytest.mark.parametrize(
    ("change", "right"),
    [
        ({"district": "第11区"}, "应为“第1区”？"),
        ({"indicator": "专利授全量"}, "应为“专利授权量”？"),
        ({"indicator": "qqqq"}, "请按指标目录和地区名单填写"),
        ({"value": "90户"}, "请按“件”填报"),
    ],
)
def test_a_finding_says_what_would_be_right(
    dataset: Dataset, tmp_path: Path, change: dict[str, str], right: str
) -> None:
    result = check_csv(dataset, tmp_path, OBSERVATION | change)

    assert result.findings["right"].to_list() == [right]


def test_a_row_with_many_faults_has_one_finding_the_structural_one(
    dataset: Dataset, tmp_path: Path
) -> None:
    bad = {"district": "第9区", "checkpoint": "?", "value": "许多", "published_growth": "持平"}

    result = check_csv(dataset, tmp_path, OBSERVATION | bad)

    assert result.findings["rule"].to_list() == ["unknown_district"]


def test_the_finding_keeps_the_row_as_received(dataset: Dataset, tmp_path: Path) -> None:
    row = OBSERVATION | {"district": "第9区", "value": "９０ 件", "grade": "快报", "note": "{甲}"}

    result = check_csv(dataset, tmp_path, row)

    kept = json.loads(result.findings["row"].item())
    assert kept == {column: text or None for column, text in row.items()}


def test_a_faulty_row_does_not_block_its_correction_further_down(
    dataset: Dataset, tmp_path: Path
) -> None:
    result = check_csv(dataset, tmp_path, OBSERVATION | {"value": "许多"}, OBSERVATION)

    assert result.findings["rule"].to_list() == ["not_a_number"]
    assert result.accepted["value"].to_list() == [90.0]


def test_levels_and_checkpoints_tell_rows_apart(dataset: Dataset, tmp_path: Path) -> None:
    rows = [
        OBSERVATION,
        OBSERVATION | {"level": "国家"},
        OBSERVATION | {"level": "省"},
        OBSERVATION | {"checkpoint": "2024H1"},
    ]

    assert check_csv(dataset, tmp_path, *rows).accepted.height == 4


def test_an_assigned_target_beside_an_aspired_one_is_accepted(
    dataset: Dataset, tmp_path: Path
) -> None:
    rows = [
        TARGET,
        TARGET | {"strength": "力争", "value": "180"},
        TARGET | {"valid_from": "2025-05-01", "value": "150"},
        TARGET | {"kind": "growth", "value": "8%", "unit": "亿元"},
    ]

    result = check_csv(dataset, tmp_path, *rows)

    assert result.findings.height == 0
    assert result.accepted["value"].to_list() == [160.0, 180.0, 150.0, 8.0]


def test_a_repeated_row_of_another_sheet_is_a_finding_too(dataset: Dataset, tmp_path: Path) -> None:
    header = ["district", "indicator", "checkpoint", "value"]
    row = ["900101", "patent_granted", "2025H1", 90]
    other = ["900102", "patent_granted", "2025H1", 91]
    path = workbook(tmp_path / "a.xlsx", [header, row], [header, other, row])

    result = check_file(dataset, path)

    assert result.rows == 3
    assert result.accepted["value"].to_list() == [90.0, 91.0]
    assert result.findings.select("rule", "sheet", "cell").rows() == [
        ("duplicate_key", "表2", "D3")
    ]


def test_figures_and_targets_do_not_share_a_file(dataset: Dataset, tmp_path: Path) -> None:
    figures = [["district", "indicator", "checkpoint", "value"]]
    targets = [["district", "indicator", "year", "kind", "value"]]

    with pytest.raises(UsageError, match="mixes observations and targets"):
        check_file(dataset, workbook(tmp_path / "a.xlsx", figures, targets))


# The store


def test_intake_gives_a_receipt_and_keeps_rows_and_findings(city: Path) -> None:
    path = write_csv(
        city / "inbox" / "01.csv",
        [OBSERVATION, OBSERVATION | {"value": "许多"},
         OBSERVATION | {"district": "900102", "published_growth": "持平"}],
    )  # fmt: skip
    dataset = Dataset(city)

    [file] = ingest(dataset, [path])

    store = Store(city / "store")
    assert file.receipt is not None
    counts = [file.receipt[c] for c in ("rows", "accepted", "unchanged", "errors", "warnings")]
    assert counts == [3, 2, 0, 1, 1]
    assert (file.path, file.receipt["file"], file.receipt["table"]) == (
        path,
        "01.csv",
        "observations",
    )
    assert re.fullmatch(r"000001-[0-9a-f]{8}", file.receipt["id"])
    assert store.receipts().to_dicts() == [file.receipt]
    assert store.observations()["intake_id"].to_list() == [file.receipt["id"]] * 2
    assert store.findings()["intake_id"].to_list() == [file.receipt["id"]] * 2
    assert set(store.findings()["rule"]) == {"not_a_number", "growth_not_a_number"}


def test_a_data_set_opened_before_an_intake_shows_it_afterwards(city: Path) -> None:
    dataset = Dataset(city)
    ingest(dataset, [write_csv(city / "inbox" / "01.csv", [OBSERVATION])])
    before = dataset.observations.height, dataset.metrics()["value"].sum()

    ingest(dataset, [write_csv(city / "inbox" / "02.csv", [OBSERVATION | {"value": "95"}])])

    assert before == (1, 90.0)
    assert (dataset.observations.height, dataset.metrics()["value"].sum()) == (2, 95.0)


def test_the_same_content_ingested_twice_changes_nothing(city: Path) -> None:
    dataset = Dataset(city)
    path = write_csv(city / "inbox" / "01.csv", [OBSERVATION])
    copy = write_csv(city / "inbox" / "02.csv", [OBSERVATION])
    ingest(dataset, [path])
    before = dataset.observations

    again = ingest(dataset, [path, copy])

    assert [(file.path, file.receipt, file.checked) for file in again] == [
        (path, None, None), (copy, None, None),
    ]  # fmt: skip
    assert dataset.observations.equals(before)
    assert Store(city / "store").receipts().height == 1


def test_a_correction_is_a_new_vintage_and_nothing_is_deleted(city: Path) -> None:
    dataset = Dataset(city)
    ingest(dataset, [write_csv(city / "inbox" / "01.csv", [OBSERVATION])])
    ingest(dataset, [write_csv(city / "inbox" / "02.csv", [OBSERVATION | {"value": "95"}])])

    assert dataset.observations["value"].to_list() == [90.0, 95.0]
    assert dataset.observations["intake_id"].str.slice(0, 6).to_list() == ["000001", "000002"]
    [value] = dataset.metrics("2025H1").filter(pl.col("district") == "900101")["value"]
    assert value == 95.0


@pytest.mark.parametrize(
    ("later", "status", "value"),
    [
        ("", "reported", 90.0),
        ("—", "reported", 90.0),
        ("xx", "masked", None),
        ("无", "not_applicable", None),
        ("0", "reported", 0.0),
        ("撤销", "missing", None),
    ],
)
def test_a_blank_never_replaces_a_figure_and_a_withdrawal_does(
    city: Path, later: str, status: str, value: float | None
) -> None:
    dataset = Dataset(city)
    first = write_csv(city / "inbox" / "01.csv", [OBSERVATION])
    second = write_csv(city / "inbox" / "02.csv", [OBSERVATION | {"value": later}])

    ingest(dataset, [first, second])

    row = dataset.metrics("2025H1").filter(pl.col("district") == "900101").row(0, named=True)
    assert (row["status"], row["value"]) == (status, value)
    assert dataset.observations.height == 2


def test_a_wrong_header_leaves_the_store_unchanged_for_all_files(city: Path) -> None:
    good = write_csv(city / "inbox" / "01.csv", [OBSERVATION])
    bad = write_csv(city / "inbox" / "02.csv", [{"district": "900101"}])

    with pytest.raises(UsageError, match="wrong header"):
        ingest(Dataset(city), [good, bad])

    store = Store(city / "store")
    assert store.receipts().height == store.observations().height == store.findings().height == 0
    assert not list((city / "store").glob("[!.]*"))


def test_a_file_of_errors_only_leaves_its_receipt_and_findings(city: Path) -> None:
    dataset = Dataset(city)
    path = write_csv(city / "inbox" / "01.csv", [OBSERVATION | {"value": "许多"}])

    [file] = ingest(dataset, [path])

    assert file.receipt is not None
    assert [file.receipt[c] for c in ("rows", "accepted", "errors")] == [1, 0, 1]
    assert dataset.observations.height == 0
    assert Store(city / "store").findings().height == 1
    [again] = ingest(dataset, [path])
    assert again.receipt is None
    assert again.checked is not None
    assert again.checked.errors == 1
    assert Store(city / "store").receipts().height == 1


def test_targets_go_through_intake_and_keep_their_vintages(city: Path) -> None:
    dataset = Dataset(city)
    first = write_csv(city / "inbox" / "01.csv", [TARGET | {"source": "市政府文件"}])
    second = write_csv(city / "inbox" / "02.csv", [TARGET | {"value": "150"}])

    ingested = ingest(dataset, [first, second])

    assert [file.receipt["table"] for file in ingested if file.receipt] == ["targets", "targets"]
    assert dataset.targets["value"].to_list() == [160.0, 150.0]
    assert dataset.targets["source"].to_list() == ["01.csv#E2（市政府文件）", "02.csv#E2"]


def test_the_inbox_is_listed_by_name_without_hidden_and_other_files(city: Path) -> None:
    for name in ("b.csv", "a.xlsx", "c.CSV", "d.xls", "e.ods", ".d.csv", "~$a.xlsx", "说明.md"):
        (city / "inbox" / name).touch()

    names = [path.name for path in inbox_files(Dataset(city))]

    assert names == ["a.xlsx", "b.csv", "c.CSV", "d.xls", "e.ods"]


def test_files_of_the_inbox_are_pending_until_their_content_is_ingested(city: Path) -> None:
    dataset = Dataset(city)
    first = write_csv(city / "inbox" / "01.csv", [OBSERVATION])
    write_csv(city / "inbox" / "02.csv", [OBSERVATION | {"value": "91"}])
    before = pending(dataset)

    ingest(dataset, [first])

    assert before == ["01.csv", "02.csv"]
    assert pending(dataset) == ["02.csv"]


def test_a_data_set_without_inbox_says_where_files_go(city: Path) -> None:
    (city / "inbox").rmdir()

    with pytest.raises(UsageError, match=r"there is no folder .*inbox"):
        inbox_files(Dataset(city))


# By property

# Texts that read as totals or notes are excluded: such rows are left out, see test_reading.py.
# Hypothesis also draws texts from the string constants of the code, where these words occur.
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8).filter(
    lambda text: not pl.Series([text.strip()]).str.contains(f"{TOTAL}|{_NOTE}|{_SIGNATURE}").any()
)
FIGURE_CELLS = {
    "district": st.sampled_from(["900101", "第2区", "同名区", "第9区", ""]) | TEXTS,
    "indicator": st.sampled_from(["patent_granted", "专利授权数", "contracts_value"]) | TEXTS,
    "checkpoint": st.sampled_from(["2025H1", "2025Q2", "2024", "2025M13"]) | TEXTS,
    "value": st.sampled_from(["90", "xx", "", "无", "约3.2万", "5700万元", "1e999", "12①"]) | TEXTS,
    "unit": st.sampled_from(["", "", "件", "万元"]) | TEXTS,
    "grade": st.sampled_from(["", "", "快报"]) | TEXTS,
    "published_growth": st.sampled_from(["", "12.3", "inf"]) | TEXTS,
}
TARGET_CELLS = {
    "district": FIGURE_CELLS["district"],
    "indicator": FIGURE_CELLS["indicator"],
    "year": st.sampled_from(["2025", "2025年", "0001"]) | TEXTS,
    "kind": st.sampled_from(["total", "growth", "range", "multi_year", "下达"]) | TEXTS,
    "value": FIGURE_CELLS["value"],
    "value_upper": st.sampled_from(["", "", "200", "inf"]) | TEXTS,
    "base_year": st.sampled_from(["", "", "2022", "1"]) | TEXTS,
    "nodes": st.sampled_from(["", "", "6:0.5;12:1"]) | TEXTS,
}


def is_filled(row: dict[str, str]) -> bool:
    """Whether a row has any text; spaces do not count."""
    return any(text.strip() for text in row.values())


@pytest.mark.parametrize("columns", [FIGURE_CELLS, TARGET_CELLS], ids=["figures", "targets"])
@settings(max_examples=40)
@given(data=st.data())
def test_every_row_received_is_accepted_or_has_its_error(
    dataset: Dataset, tmp_path: Path, columns: dict[str, st.SearchStrategy[str]],
    data: st.DataObject,
) -> None:  # fmt: skip
    rows = data.draw(st.lists(st.fixed_dictionaries(columns), min_size=1, max_size=12))
    path = tmp_path / "any.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(columns), quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(rows)

    result = check_file(dataset, path)

    errors = result.findings.filter(pl.col("severity") == "error")
    assert result.rows == sum(map(is_filled, rows))
    assert result.accepted.height + errors.height == result.rows
    assert errors["cell"].str.extract(r"(\d+)$").n_unique() == errors.height
    intake_id = pl.lit("000001-00000000").alias("intake_id")
    model = {"observations": "observation", "targets": "target"}[result.table]
    from kejistats.model.tables import TABLES

    assert (
        TABLES[model].checked(result.accepted.with_columns(intake_id)).height
        == result.accepted.height
    )


def test_percent_cells_are_read_as_displayed(dataset: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "figures.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("数据")
        built_in = book.add_format({"num_format": 10})
        custom = book.add_format({"num_format": "0.0%"})
        quoted = book.add_format({"num_format": '0.000" %"'})
        sheet.write_row(0, 0, ["district", "indicator", "checkpoint", "value", "published_growth"])
        sheet.write_row(1, 0, ["900101", "rd_industrial", "2025H1", 5.92])
        sheet.write(1, 4, -0.031, built_in)
        sheet.write_row(2, 0, ["900101", "hitech_va_growth", "2025H1"])
        sheet.write(2, 3, 0.096, custom)
        sheet.write_row(3, 0, ["900102", "hitech_va_growth", "2025H1"])
        sheet.write(3, 3, 9.6, quoted)

    result = check_file(dataset, path)

    assert result.findings.height == 0
    assert result.accepted["published_growth"].to_list() == [-3.1, None, None]
    assert result.accepted["value"].to_list() == [5.92, 9.6, 9.6]
    assert result.accepted["reported"].to_list() == ["5.92", "9.6%", "9.6"]


def test_figures_under_a_blank_header_are_refused_and_not_lost(
    dataset: Dataset, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "district,indicator,checkpoint,value,\n900101,patent_granted,2025H1,90,\n"
        "900102,patent_granted,2025H1,80,95\n",
        encoding="utf-8",
    )

    with pytest.raises(UsageError, match="E3 is filled, but its column has no name"):
        check_file(dataset, path)


def test_a_corrected_file_sent_again_does_not_undo_another_correction(city: Path) -> None:
    dataset = Dataset(city)
    first = [OBSERVATION | {"value": "100"}, OBSERVATION | {"district": "900102", "value": "O"}]
    ingest(dataset, [write_csv(city / "inbox" / "01.csv", first)])
    ingest(dataset, [write_csv(city / "inbox" / "02.csv", [OBSERVATION | {"value": "80"}])])
    corrected = [first[0], first[1] | {"value": "70"}]

    [file] = ingest(dataset, [write_csv(city / "inbox" / "01.csv", corrected)])

    current_rows = current(dataset.observations.lazy()).collect()
    assert file.receipt is not None
    assert [file.receipt[c] for c in ("rows", "accepted", "unchanged")] == [2, 1, 1]
    assert dict(current_rows.select("district", "value").iter_rows()) == {
        "900101": 80.0,
        "900102": 70.0,
    }
