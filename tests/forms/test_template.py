"""Forms: the figures they ask for, what they accept, and that all other cells are locked."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kejistats.dataset import Dataset
from kejistats.forms.template import make_templates
from kejistats.forms.template.cell_rules import date_check, growth_check, value_check
from kejistats.forms.template.lines import (
    figure_text,
    format_amount,
    reporting_districts,
    target_text,
)
from kejistats.forms.template.workbook import sheet_names
from kejistats.model.errors import KejistatsError, UsageError
from kejistats.model.period import Checkpoint
from kejistats.model.quantity import parse
from kejistats.model.registry import due_indicators
from kejistats.reading.form_mark import (
    COVER_SHEET,
    DISPLAY_TITLES,
    INPUT_TITLES,
    KEY_TITLES,
    MARK_SHEET,
    registry_version,
)
from tests.factory import (
    CITY,
    DISTRICT,
    code,
    indicators,
    make_dataset,
    observation,
    observations,
    write_csv,
)
from tests.forms.factory import load_workbook

HALF = Checkpoint(2025, 6)
YEAR = Checkpoint(2025, 12)
TODAY = date(2025, 7, 1)
FIRST_ROW = 3  # below title and header


@pytest.fixture(scope="module")
def folder(demo: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The forms of the demo city for both halves of 2025 and the first half of 2026."""
    out = tmp_path_factory.mktemp("forms")
    for at in (HALF, YEAR, Checkpoint(2026, 6)):
        make_templates(demo, at, [], out, TODAY)
    return out


def domains(book: Any) -> list[Any]:
    """The sheets of the domains."""
    return [sheet for sheet in book if sheet.title not in (COVER_SHEET, MARK_SHEET)]


def header(sheet: Any) -> list[str]:
    """The column titles."""
    return [cell.value for cell in sheet[FIRST_ROW - 1]]


def rows(book: Any) -> list[dict[str, Any]]:
    """All rows of all domain sheets, by column title."""
    return [
        dict(zip(header(sheet), values, strict=True))
        for sheet in domains(book)
        for values in sheet.iter_rows(min_row=FIRST_ROW, values_only=True)
    ]


def row(book: Any, indicator: str, level: str | None = None, district: str = "") -> dict[str, Any]:
    """The only row of an indicator, level and district."""
    matches = [
        r
        for r in rows(book)
        if r["标识"] == indicator and r["级别"] == level and r.get("地区", "") == district
    ]
    assert len(matches) == 1, f"{len(matches)} rows of {indicator}"
    return matches[0]


def texts(book: Any) -> str:
    """All text of the cover."""
    return "\n".join(
        str(c.value) for line in book[COVER_SHEET] for c in line if c.value is not None
    )


def local_dataset(root: Path, indicator: str, name: str = "示例指标", domain: str = "领域") -> Path:
    """Make a data set in a workspace whose registry has one indicator, given as TOML lines."""
    (root / "notebooks").mkdir(parents=True)
    (root / "schemas" / "indicators").mkdir(parents=True)
    (root / "schemas" / "indicators" / "one.toml").write_text(
        f'[domain]\nid = "one"\nname = "{domain}"\norder = 1\n\n'
        f'[[indicator]]\nid = "one_a"\nname = "{name}"\n{indicator}',
        encoding="utf-8",
    )
    return make_dataset(root / "data" / "city")


# ---- the rows of a form --------------------------------------------------------------------------


def test_every_reporting_unit_has_a_form_and_there_is_one_for_all(folder: Path) -> None:
    names = {path.name for path in folder.glob("2025H1-*")}

    codes = ["900100", *(f"9001{n:02d}" for n in range(1, 13)), "900151"]
    assert names == {f"2025H1-{c}.xlsx" for c in [*codes, "all"]}


def test_only_the_districts_named_are_written(demo: Dataset, tmp_path: Path) -> None:
    written = make_templates(demo, HALF, ["朝岚区", "900102", "900101"], tmp_path / "a", TODAY)

    assert [path.name for path in written] == ["2025H1-900101.xlsx", "2025H1-900102.xlsx"]
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [p.name for p in written]


@pytest.mark.parametrize("at", [HALF, YEAR])
def test_a_form_has_exactly_the_indicators_due(folder: Path, demo: Dataset, at: Checkpoint) -> None:
    book = load_workbook(folder / f"{at}-900101.xlsx")

    shown = [r["标识"] for r in rows(book) if r["级别"] is None]

    frequencies = {"month", "quarter", "half"} | ({"year"} if at == YEAR else set())
    ids_with_data = {*demo.observations["indicator"], *demo.targets["indicator"]}
    expected = [
        i["id"]
        for i in sorted(demo.indicators.to_dicts(), key=lambda i: i["order"])
        if i["frequency"] in frequencies and not i["numerator"] and i["id"] in ids_with_data
    ]
    assert shown == expected
    assert ("rd_intensity" in shown) == (at == YEAR)
    assert "fiscal_st_share" not in shown


@pytest.mark.parametrize(
    ("month", "frequencies"),
    [
        (1, {"month"}),
        (3, {"month", "quarter"}),
        (6, {"month", "quarter", "half"}),
        (8, {"month"}),
        (9, {"month", "quarter"}),
        (12, {"month", "quarter", "half", "year"}),
    ],
)
def test_indicators_are_due_in_the_months_of_their_frequency(
    month: int, frequencies: set[str]
) -> None:
    due = due_indicators(indicators(), Checkpoint(2025, month))

    assert set(due["frequency"]) == frequencies


def test_an_indicator_reported_by_level_has_a_row_for_each(folder: Path) -> None:
    form_rows = rows(load_workbook(folder / "2025H1-900101.xlsx"))

    levels = [(r["级别"], r["指标"]) for r in form_rows if r["标识"] == "proj_funds_won"]
    assert levels == [
        (None, "国家和省项目到位资金"),
        ("国家", "其中：国家级"),
        ("省", "其中：省级"),
    ]
    assert {r["标识"] for r in form_rows if r["级别"]} == {"proj_funds_won"}


@pytest.mark.parametrize(
    ("indicator", "last_year", "target"),
    [
        ("tech_sme_registered", "180家", "≥350家（下达）"),
        ("contracts_value", "16.5亿元", "≥40亿元（下达）"),
        ("rd_industrial", "6.11亿元", "增长8%（下达）"),
        ("platform_new", "1家", "≥6家（下达）"),
        ("patent_granted", None, None),
    ],
)
def test_a_row_shows_last_year_and_the_target(
    folder: Path, demo: Dataset, indicator: str, last_year: str | None, target: str | None
) -> None:
    book = load_workbook(folder / "2025H1-900101.xlsx")

    cells = row(book, indicator)

    unit, definition = demo.indicators.filter(id=indicator).select("unit", "definition").row(0)
    assert (cells["单位"], cells["定义"], cells["年度目标"]) == (unit, definition, target)
    assert last_year in (None, cells["上年同期"])


@pytest.mark.parametrize(
    ("district", "indicator", "expected"),
    [
        ("松涛区", "contracts_absorbed_value", "未公布"),
        ("槐川县", "incubated_firms", "无此项"),
        ("清禾区", "popsci_participants", "约32000人次"),
        ("杏坪县", "platform_new", "未报送"),
        ("杏坪县", "talent_introduced", None),
        ("白鹭区", "tech_sme_registered", "213家"),
    ],
)
def test_last_year_says_why_there_is_no_figure(
    folder: Path, district: str, indicator: str, expected: str | None
) -> None:
    book = load_workbook(folder / "2026H1-all.xlsx")

    assert row(book, indicator, district=district)["上年同期"] == expected


def test_a_figure_released_late_is_marked_so(folder: Path) -> None:
    book = load_workbook(folder / "2025H2-900101.xlsx")

    assert row(book, "rd_intensity")["定义"].endswith("（2026年7月后补报）")
    assert "补报" not in row(book, "patent_granted")["定义"]


@pytest.mark.parametrize(
    ("changes", "indicator", "expected"),
    [
        ({}, {}, "≥350家（下达）"),
        ({"comparison": ">", "target_strength": "aspired"}, {}, "＞350家（力争）"),
        ({"target_kind": "level", "target_strength": "implied"}, {}, "≥350家（推算）"),
        ({"target_kind": "net", "target": 20.0}, {"unit": "件"}, "净增20件（下达）"),
        ({"target_kind": "ceiling", "target": 0.0}, {}, "≤0家（下达）"),
        (
            {"target_kind": "range", "target": 1.2, "target_upper": 1.5},
            {"unit": "亿元"},
            "1.2—1.5亿元（下达）",
        ),
        ({"target_kind": "multi_year", "target_year": 2027}, {}, "2027年≥350家（下达）"),
        ({"target_kind": "growth", "target": 8.0}, {}, "增长8%（下达）"),
        ({"target_kind": "growth", "target": 0.0}, {}, "不低于上年（下达）"),
        ({"target_kind": "growth", "target": -2.5}, {}, "降幅不超过2.5%（下达）"),
        (
            {"target_kind": "growth", "target": 0.3},
            {"unit": "%", "growth": "points"},
            "提高0.3个百分点（下达）",
        ),
        (
            {"target_kind": "growth", "target": 1.5},
            {"unit": "件/万人", "growth": "points"},
            "提高1.5件/万人（下达）",
        ),
    ],
)
def test_a_target_reads_as_it_is_judged(
    changes: dict[str, Any], indicator: dict[str, Any], expected: str
) -> None:
    base_target = {
        "target": 350.0,
        "target_upper": None,
        "target_kind": "total",
        "target_strength": "assigned",
        "target_year": 2025,
        "comparison": ">=",
    }

    text = target_text(base_target | changes, {"unit": "家", "growth": "percent"} | indicator, HALF)

    assert text == expected


def test_an_interval_shows_both_its_ends() -> None:
    figure = observation("rd_intensity", 30.0, value_upper=40.0, bound="at_least")

    assert figure_text(figure, "%", {}) == "30—40%"


@given(st.decimals(-(10**6), 10**6, places=6))
def test_a_figure_is_printed_with_the_digits_it_has(value: Decimal) -> None:
    text = format_amount(float(value), "%")

    read = parse(text)

    assert read.unit == "%"
    assert read.value == float(value)


def test_units_that_do_not_report_get_no_workbook(tmp_path: Path) -> None:
    dataset = Dataset(make_dataset(tmp_path / "city"))
    lines = [
        {"code": CITY, "name": "某市", "parent": "", "valid_to": "", "kind": ""},
        {"code": code(1), "name": "第1区", "parent": CITY, "valid_to": "", "kind": ""},
        {"code": code(2), "name": "第2区", "parent": CITY, "valid_to": "2024-12-31", "kind": ""},
        {"code": code(3), "name": "新区", "parent": CITY, "valid_to": "", "kind": "zone"},
    ]
    write_csv(dataset.path / "districts.csv", lines)

    assert reporting_districts(dataset, HALF) == [code(1), code(3)]
    assert reporting_districts(dataset, Checkpoint(2024, 12)) == [code(1), code(2), code(3)]


def test_a_total_that_reported_before_reports_again(tmp_path: Path) -> None:
    dataset = Dataset(make_dataset(tmp_path / "city", 1))
    dataset.__dict__["observations"] = observations([observation("fiscal_st", 1.0, district=CITY)])

    assert reporting_districts(dataset, HALF) == [CITY, DISTRICT]


# ---- what is accepted -----------------------------------------------------------------------


class Text(str):
    """A text in a formula: greater than any number, and without an integer part."""

    def __ge__(self, other: object) -> bool:
        return True

    def __le__(self, other: object) -> bool:
        return False


def accepts(formula: str, value: float | str) -> bool:
    """Whether a spreadsheet program would accept a value in X9 by a formula of a check."""
    names: dict[str, Callable[..., Any]] = {
        "IF": lambda test, yes, no: yes if test else no,
        "AND": lambda *parts: all(parts),
        "OR": lambda *parts: any(parts),
        "ISNUMBER": lambda x: not isinstance(x, str),
        "ISTEXT": lambda x: isinstance(x, str),
        "INT": lambda x: math.nan if isinstance(x, str) else math.floor(x),
        "DATE": lambda y, m, d: (date(y, m, d) - date(1899, 12, 30)).days,
    }
    expression = re.sub(r"(?<![<>=])=(?!=)", "==", formula.removeprefix("=")).replace("X9", "x")
    x = Text(value) if isinstance(value, str) else value
    return bool(eval(expression, {"__builtins__": {}}, {**names, "x": x}))


ANSWERS = ["约3.2万", "xx", "无", "5700万元", "30%—40%", "撤销", "-5"]


@pytest.mark.parametrize(
    ("indicator", "good", "bad"),
    [
        ("tech_sme_registered", [0, 1, 180, 283134], [-1, 0.5, 12.01]),
        ("popsci_participants", [0, 12], [1.5, -2]),
        ("contracts_value", [0, 0.081681, 18.6], [-0.01]),
        ("rd_fte", [12.5], [-1]),
        ("rd_intensity", [0, 2.65, 100], [100.01, -0.1]),
        ("hitech_va_growth", [-3.2, 0, 250], []),
    ],
)
def test_a_figure_is_accepted_as_its_indicator_allows(
    indicator: str, good: list[float], bad: list[float]
) -> None:
    indicator_row = indicators().filter(id=indicator).row(0, named=True)

    formula = value_check(indicator_row, HALF, "X9")["value"]

    assert [v for v in [*good, *ANSWERS] if not accepts(formula, v)] == []
    assert [v for v in bad if accepts(formula, v)] == []


@pytest.mark.parametrize(
    ("indicator", "good", "bad"),
    [
        ("contracts_value", [-100, -33.3, 0, 12.3, 400, "12.3%"], [-100.1]),
        ("hitech_va_growth", [-120, 3, "提高1.2个百分点"], []),
    ],
)
def test_growth_is_at_least_minus_100_percent(
    indicator: str, good: list[float | str], bad: list[float]
) -> None:
    indicator_row = indicators().filter(id=indicator).row(0, named=True)

    formula = growth_check(indicator_row, "X9")["value"]

    assert [v for v in good if not accepts(formula, v)] == []
    assert [v for v in bad if accepts(formula, v)] == []


def test_a_date_lies_in_the_year_up_to_the_checkpoint() -> None:
    formula = date_check(HALF, "X9")["value"]

    def serial(day: date) -> int:
        return (day - date(1899, 12, 30)).days

    good = [serial(date(2025, 1, 1)), serial(date(2025, 6, 30)), "2025年6月20日"]
    bad = [serial(date(2024, 12, 31)), serial(date(2025, 7, 1)), 0, 20250620]
    assert [v for v in good if not accepts(formula, v)] == []
    assert [v for v in bad if accepts(formula, v)] == []


def checks(sheet: Any) -> Iterator[tuple[str, Any]]:
    """Each cell address with a data validation, and the validation."""
    for validation in sheet.data_validations.dataValidation:
        for area in validation.sqref.ranges:
            for cells in area.rows:
                for position in cells:
                    yield sheet.cell(*position).coordinate, validation


@pytest.mark.parametrize("name", ["2025H1-900101.xlsx", "2025H2-all.xlsx"])
def test_every_input_but_the_remark_has_its_check(folder: Path, name: str) -> None:
    for sheet in domains(load_workbook(folder / name)):
        titles = header(sheet)
        input_titles = {
            cell.coordinate: titles[cell.column - 1]
            for line in sheet.iter_rows(min_row=FIRST_ROW)
            for cell in line
            if titles[cell.column - 1] in INPUT_TITLES and titles[cell.column - 1] != "备注"
        }

        validated = list(checks(sheet))

        assert sorted(address for address, _ in validated) == sorted(input_titles)
        kinds = {(input_titles[address], check.type) for address, check in validated}
        assert kinds == {
            ("本期数", "custom"),
            ("公布增速", "custom"),
            ("增速口径", "list"),
            ("数据级别", "list"),
            ("截止日期", "custom"),
        }
        for address, check in validated:
            assert check.errorStyle in (None, "stop")
            assert check.showErrorMessage
            assert check.showInputMessage
            assert check.error
            assert check.prompt
            assert len(check.prompt) <= 255
            if check.type == "custom":
                # A formula refers to the first cell of its range.
                first = str(check.sqref).split(":")[0]
                assert f"ISTEXT({first})" in check.formula1
                assert re.sub(r"\d", "", first) == re.sub(r"\d", "", address)


def test_the_check_of_a_figure_is_that_of_its_row(folder: Path, demo: Dataset) -> None:
    indicators_by_id = {i["id"]: i for i in demo.indicators.to_dicts()}
    for sheet in domains(load_workbook(folder / "2025H2-all.xlsx")):
        column = header(sheet).index("本期数")
        for address, check in checks(sheet):
            cell = sheet[address]
            if cell.column - 1 != column:
                continue
            indicator = indicators_by_id[sheet.cell(cell.row, 1).value]
            first = str(check.sqref).split(":")[0]
            assert f"={check.formula1}" == value_check(indicator, YEAR, first)["value"]
            assert indicator["unit"] in check.prompt


def test_drop_downs_offer_the_words_that_intake_knows(folder: Path) -> None:
    sheet = domains(load_workbook(folder / "2025H1-900101.xlsx"))[0]

    lists = {c.promptTitle: c.formula1 for _, c in checks(sheet) if c.type == "list"}

    assert lists == {"数据级别": '"预计,快报,年报"', "增速口径": '"名义,同口径,可比价"'}


# ---- the workbook ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["2025H1-900101.xlsx", "2025H1-900100.xlsx", "2025H2-all.xlsx"])
def test_only_inputs_can_be_written_in(folder: Path, name: str) -> None:
    book = load_workbook(folder / name)

    for sheet in book:
        assert sheet.protection.sheet
        assert sheet.protection.password is None
        assert not sheet.protection.formatColumns, "0 in the file: column widths may be changed"
        assert not sheet.protection.selectLockedCells
    for sheet in domains(book):
        titles = header(sheet)
        for line in sheet.iter_rows():
            for cell in line:
                is_input = cell.row >= FIRST_ROW and titles[cell.column - 1] in INPUT_TITLES
                assert cell.protection.locked != is_input, cell.coordinate
                assert (cell.fill.fgColor.rgb == "FFFFF6D6") == is_input, cell.coordinate
    assert all(cell.protection.locked for line in book[COVER_SHEET] for cell in line)


@pytest.mark.parametrize("name", ["2025H1-900101.xlsx", "2025H1-all.xlsx"])
def test_columns_are_those_that_the_reader_knows(folder: Path, name: str) -> None:
    for sheet in domains(load_workbook(folder / name)):
        expected = {*INPUT_TITLES, *KEY_TITLES, *DISPLAY_TITLES} - (
            set() if "all" in name else {"地区"}
        )
        assert len(header(sheet)) == len(expected)
        assert set(header(sheet)) == expected
        assert sheet.column_dimensions["A"].hidden
        assert header(sheet)[0] == "标识"


@pytest.mark.parametrize(("name", "district"), [("900101", "900101"), ("all", "")])
def test_the_hidden_sheet_identifies_a_renamed_file(
    folder: Path, demo: Dataset, name: str, district: str
) -> None:
    sheet = load_workbook(folder / f"2025H2-{name}.xlsx")[MARK_SHEET]

    assert sheet.sheet_state == "veryHidden"
    assert dict(sheet.iter_rows(values_only=True)) == {
        "key": "value",
        "dataset": "demo-city",
        "district": district,
        "checkpoint": "2025H2",
        "registry": registry_version(demo.indicators),
        "form": "1",
    }
    assert {cell.data_type for line in sheet for cell in line if cell.value} == {"s"}


def test_the_workbook_of_all_has_every_district(folder: Path, demo: Dataset) -> None:
    hnte_rows = [
        r for r in rows(load_workbook(folder / "2025H1-all.xlsx")) if r["标识"] == "hnte_total"
    ]

    assert [r["地区"] for r in hnte_rows] == demo.districts["name"].to_list()


def test_districts_of_one_name_are_shown_by_their_codes(tmp_path: Path) -> None:
    dataset = Dataset(make_dataset(tmp_path / "city"))
    named = dataset.districts.with_columns(
        name=pl.when(pl.col("code") == code(2)).then(pl.lit("第1区")).otherwise("name")
    )
    dataset.__dict__["districts"] = named

    make_templates(dataset, HALF, [], tmp_path / "out", TODAY)

    form_rows = rows(load_workbook(tmp_path / "out" / "2025H1-all.xlsx"))
    assert [r["地区"] for r in form_rows if r["标识"] == "hnte_total"] == [
        code(1),
        code(2),
        "第3区",
    ]


def test_the_cover_states_unit_due_date_and_contents(folder: Path) -> None:
    book = load_workbook(folder / "2025H1-900101.xlsx")

    text = texts(book)

    for part in ("朝岚区（900101）", "2025年上半年（1—6月）", "2025年7月31日前", "2025年7月1日",
                 "“示例市”数据汇总单位", "示例数据", "xx", "约3.2万", "留空"):  # fmt: skip
        assert part in text
    lines = [[c.value for c in line if c.value is not None] for line in book[COVER_SHEET]]
    for sheet in domains(book):
        ids = [r["标识"] for r in rows(book) if r["标识"] in _ids(sheet)]
        entry = [sheet.title, str(len(set(ids))), str(len(ids))]
        assert entry in lines
    assert ["合计", "34", "36"] in lines


def _ids(sheet: Any) -> set[str]:
    return {values[0] for values in sheet.iter_rows(min_row=FIRST_ROW, values_only=True)}


def test_sample_data_are_marked_on_every_sheet_and_real_data_are_not(
    folder: Path, tmp_path: Path
) -> None:
    path = make_dataset(tmp_path / "city", 1)
    settings = (path / "dataset.toml").read_text("utf-8").replace("sample = true", "")
    (path / "dataset.toml").write_text(settings, encoding="utf-8")
    (real,) = make_templates(Dataset(path), HALF, [DISTRICT], tmp_path, TODAY)

    sample_book, real_book = load_workbook(folder / "2025H1-900101.xlsx"), load_workbook(real)

    assert all("示例数据" in sheet["B1"].value for sheet in domains(sample_book))
    assert not any("示例数据" in sheet["B1"].value for sheet in domains(real_book))
    assert "示例数据" not in texts(real_book)


def test_the_due_day_is_the_data_sets_own(tmp_path: Path) -> None:
    path = make_dataset(tmp_path / "city", 1)
    with (path / "dataset.toml").open("a", encoding="utf-8") as file:
        file.write("[checks]\ndue_days = 8\n")

    (written,) = make_templates(Dataset(path), HALF, [DISTRICT], tmp_path, TODAY)

    assert "2025年7月8日前" in texts(load_workbook(written))


def test_sheets_print_on_a4_landscape_with_their_header_repeated(folder: Path) -> None:
    for sheet in domains(load_workbook(folder / "2025H1-all.xlsx")):
        setup = sheet.page_setup
        assert (setup.orientation, setup.paperSize) == ("landscape", 9)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert (setup.fitToWidth or 1, setup.fitToHeight) == (1, 0)
        assert sheet.print_title_rows == "$1:$2"
        assert sheet.freeze_panes == "D3"
        assert "&P" in sheet.oddFooter.center.text or "第" in sheet.oddFooter.center.text
        assert "2025年上半年" in sheet.oddHeader.left.text


def test_the_same_input_gives_the_same_bytes(demo: Dataset, tmp_path: Path) -> None:
    first = make_templates(demo, HALF, [], tmp_path / "a", TODAY)
    second = make_templates(Dataset(demo.path), HALF, [], tmp_path / "b", TODAY)

    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]


def test_an_older_form_is_replaced_and_no_draft_is_left(demo: Dataset, tmp_path: Path) -> None:
    (old,) = make_templates(demo, HALF, [DISTRICT], tmp_path, TODAY)
    before = old.read_bytes()

    (written,) = make_templates(demo, HALF, [DISTRICT], tmp_path, date(2025, 7, 2))

    assert written == old
    assert old.read_bytes() != before
    assert load_workbook(old).sheetnames[0] == COVER_SHEET
    assert list(tmp_path.iterdir()) == [old]


def fill_in(path: Path, title: str, value: object, sheet: int = 0) -> None:
    """Fill in the last row of a form's sheet with a locked cell, as pasting may leave it."""
    book = load_workbook(path)
    worksheet = domains(book)[sheet]
    cell = worksheet.cell(worksheet.max_row, header(worksheet).index(title) + 1, value)
    cell.protection = openpyxl.styles.Protection(locked=True)
    book.save(path)


@pytest.mark.parametrize(
    ("title", "value", "sheet"), [("本期数", 0, 0), ("备注", "原文如此", -1), ("本期数", "=1+1", 1)]
)
def test_a_form_that_is_filled_in_is_not_replaced_unless_forced(
    demo: Dataset, tmp_path: Path, title: str, value: object, sheet: int
) -> None:
    (form,) = make_templates(demo, HALF, ["900102"], tmp_path, TODAY)
    fill_in(form, title, value, sheet)
    before = form.read_bytes()

    with pytest.raises(UsageError, match=r"2025H1-900102\.xlsx") as caught:
        make_templates(demo, HALF, [DISTRICT, "900102"], tmp_path, TODAY)

    assert "--force" in caught.value.remedy
    assert "--out" in caught.value.remedy
    assert list(tmp_path.iterdir()) == [form]
    assert form.read_bytes() == before

    written = make_templates(demo, HALF, [DISTRICT, "900102"], tmp_path, TODAY, force=True)

    assert written[1] == form
    assert form.read_bytes() != before


def test_a_file_that_cannot_be_read_is_not_replaced_unless_forced(
    demo: Dataset, tmp_path: Path
) -> None:
    old = tmp_path / "2025H1-900101.xlsx"
    old.write_bytes(b"old")

    with pytest.raises(UsageError, match=r"2025H1-900101\.xlsx"):
        make_templates(demo, HALF, [DISTRICT], tmp_path, TODAY)

    assert old.read_bytes() == b"old"
    make_templates(demo, HALF, [DISTRICT], tmp_path, TODAY, force=True)
    assert load_workbook(old).sheetnames[0] == COVER_SHEET


# ---- hostile and wrong input ----------------------------------------------------------------


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "{=1+1}", "http://a.example"])
def test_text_that_looks_like_a_formula_stays_text(tmp_path: Path, name: str) -> None:
    unit = 'unit = "家"\nmeasure = "flow"\ndirection = "up"\naggregate = "sum"\n'
    root = local_dataset(tmp_path / "w", unit + f'definition = "{name}"\n', name, name)
    lines = [
        {"code": CITY, "name": "某市", "parent": ""},
        {"code": code(1), "name": name, "parent": CITY},
    ]
    write_csv(root / "districts.csv", lines)
    settings = f'title = "{name}"\nparent = "{CITY}"\n'
    (root / "dataset.toml").write_text(settings, encoding="utf-8")

    written = make_templates(Dataset(root), HALF, [], tmp_path / "out", TODAY)

    for path in written:
        book = load_workbook(path)
        cells = [cell for sheet in book for line in sheet for cell in line]
        assert {cell.data_type for cell in cells} <= {"s", "n"}
        assert not any(cell.hyperlink for cell in cells)
    assert row(load_workbook(written[-1]), "one_a", district=name)["定义"] == name


def test_ampersands_in_names_are_no_codes_of_the_print_header(tmp_path: Path) -> None:
    path = make_dataset(tmp_path / "city", 1)
    lines = [
        {"code": CITY, "name": "某市", "parent": ""},
        {"code": code(1), "name": "甲&D区", "parent": CITY},
    ]
    write_csv(path / "districts.csv", lines)

    (written,) = make_templates(Dataset(path), HALF, [DISTRICT], tmp_path, TODAY)

    import zipfile

    with zipfile.ZipFile(written) as archive:
        assert "甲&amp;&amp;D区" in archive.read("xl/worksheets/sheet2.xml").decode("utf-8")


@given(st.lists(st.text(max_size=40), max_size=8))
def test_sheet_names_are_allowed_and_unique(names: list[str]) -> None:
    unique_names = sheet_names(names)

    assert len(unique_names) == len(names)
    lowered = [name.lower() for name in [*unique_names, COVER_SHEET, MARK_SHEET]]
    assert len(set(lowered)) == len(lowered)
    for name in unique_names:
        assert 0 < len(name.encode("utf-16-le")) // 2 <= 31
        assert not re.search(r"[\[\]:*?/\\]", name)
        assert name[0] != "'" != name[-1]


def test_an_unknown_district_is_refused_before_anything_is_written(
    demo: Dataset, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="朝兰区"):
        make_templates(demo, HALF, ["900101", "朝兰区"], tmp_path / "out", TODAY)

    assert not (tmp_path / "out").exists()


def test_a_checkpoint_at_which_nothing_is_due_is_refused(tmp_path: Path) -> None:
    yearly = 'unit = "家"\nmeasure = "flow"\nfrequency = "year"\n'
    root = local_dataset(tmp_path / "w", yearly + 'aggregate = "sum"\n')

    with pytest.raises(UsageError, match=f"no indicator of {Dataset(root).name} is due at 2025H1"):
        make_templates(Dataset(root), HALF, [], tmp_path / "out", TODAY)


@pytest.mark.parametrize("blocked", ["2025H1-900101.xlsx", ""])
def test_a_file_that_cannot_be_written_is_reported(
    demo: Dataset, tmp_path: Path, blocked: str
) -> None:
    out = tmp_path / "out"
    if blocked:
        (out / blocked).mkdir(parents=True)
    else:
        out.write_text("a file", encoding="utf-8")

    with pytest.raises(KejistatsError, match="cannot be written") as caught:
        make_templates(demo, HALF, [DISTRICT], out, TODAY)

    assert "another folder" in caught.value.remedy
    assert not list(tmp_path.rglob("*.part"))
