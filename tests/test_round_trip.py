"""From the empty form to the corrected figure: forty planted faults give forty findings."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import openpyxl
import polars as pl
import pytest

from kejistats.dataset import Dataset
from kejistats.forms.feedback import write_marked_copy
from kejistats.forms.template import make_templates
from kejistats.intake import Checked, check_file, inbox_files, ingest
from kejistats.model.period import Checkpoint
from kejistats.model.tables.observation import KEY
from kejistats.reading.form_mark import COVER_SHEET, MARK_SHEET, RETURN_SHEET
from kejistats.store import Store, current
from tests.factory import ROOT

AT = Checkpoint(2025, 6)
TODAY = dt.date(2025, 8, 5)
ALL = "2025H1-all.xlsx"


class Fault(NamedTuple):
    """One cell of the form and the mistake written into it."""

    rule: str
    district: str
    indicator: str
    text: Any
    title: str = "本期数"
    level: str = ""
    at: str = "本期数"  # title of the column whose cell the finding names
    finding_level: str | None = None  # level of the row whose cell it names, if another one


FAULTS = [
    # Texts that are not a number, or not a single number.
    Fault("not_a_number", "朝岚区", "patent_applied", "待核"),
    Fault("not_a_number", "清禾区", "patent_applied", "12 34"),
    Fault("not_a_number", "望岳区", "patent_applied", "12*3"),
    Fault("not_a_number", "松涛区", "patent_applied", "#DIV/0!"),
    Fault("not_a_number", "锦澜区", "patent_applied", "215③"),
    Fault("not_a_number", "云麓区", "patent_applied", "数十"),
    Fault("not_a_number", "星湾区", "patent_applied", "一百二十件左右偏多"),
    # Units.
    Fault("unit_mismatch", "朝岚区", "carrier_area", "30亿元"),
    Fault("unit_mismatch", "清禾区", "hnte_applied", "12亿元"),
    Fault("unit_mismatch", "望岳区", "carrier_area", "20家"),
    Fault("unit_ambiguous", "松涛区", "contracts_value", "3.2万"),
    Fault("unit_ambiguous", "锦澜区", "loan_new", "1.5亿"),
    Fault("unit_mismatch", "云麓区", "contracts_value", "件", "单位"),
    # Impossible values.
    Fault("negative", "朝岚区", "invention_applied", -3),
    Fault("negative", "清禾区", "contracts_absorbed_value", "-1.2"),
    Fault("not_whole", "望岳区", "invention_granted", 12.5),
    Fault("not_whole", "松涛区", "invention_granted", "7.25"),
    Fault("out_of_range", "锦澜区", "hitech_va_growth", "-130"),
    # Keys.
    Fault("unknown_district", "星湾区", "popsci_events", "星弯区", "地区", at="地区"),
    Fault("unknown_district", "白鹭区", "popsci_events", "999999", "地区", at="地区"),
    Fault("unknown_indicator", "石泓县", "popsci_events", "popsci_evnts", "标识", at="标识"),
    Fault("duplicate_key", "槐川县", "popsci_events", "柳汀县", "地区"),
    Fault("unknown_level", "朝岚区", "proj_funds_won", "国家级别", "级别", "国家", at="级别"),
    # The other columns.
    Fault("unknown_grade", "朝岚区", "commissioners", "估计", "数据级别", at="数据级别"),
    Fault("bad_date", "清禾区", "commissioners", "六月底", "截止日期", at="截止日期"),
    Fault("growth_not_a_number", "望岳区", "commissioners", "较快", "公布增速", at="公布增速"),
    # Against the past.
    Fault("over_masked", "石泓县", "patent_granted", "20xx多件"),
    Fault("unit_slip", "星湾区", "fiscal_st", "×10000"),
    Fault("unit_slip", "白鹭区", "fiscal_total", "×10000"),
    Fault("jump", "石泓县", "invention_applied", "×9"),
    Fault("jump", "星湾区", "contracts_registered", "×8"),
    Fault("unchanged", "云麓区", "invention_valid", "as in December"),
    Fault("unchanged", "石泓县", "hnte_total", "as in December"),
    Fault("percent_slip", "白鹭区", "rd_industrial", "growth ÷ 100", "公布增速", at="公布增速"),
    Fault("growth_differs", "星湾区", "rd_industrial", "growth + 7", "公布增速", at="公布增速"),
    Fault("growth_differs", "石泓县", "rd_industrial", "growth + 5", "公布增速", at="公布增速"),
    # Against each other.
    Fault("part_over_whole", "白鹭区", "proj_funds_won", 950, level="省"),
    Fault("parts_differ", "槐川县", "proj_funds_won", 200, level="省", finding_level=""),
    Fault("districts_differ", "示例市", "hnte_cultivated", "×1.3"),
    Fault("districts_differ", "示例市", "contracts_absorbed", "×1.5"),
]


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """The demo city before any figure of the checkpoint has been ingested."""
    folder = tmp_path_factory.mktemp("data") / "demo-city"
    ignored = shutil.ignore_patterns("store", "__pycache__")
    shutil.copytree(ROOT / "data" / "demo-city", folder, ignore=ignored)
    dataset = Dataset(folder)
    ingest(dataset, [p for p in inbox_files(dataset) if p.name < "2025H1-01"], today=TODAY)
    return dataset


@pytest.fixture(scope="module")
def correct_figures(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """The correct figures of all districts, at all checkpoints."""
    folder = tmp_path_factory.mktemp("right") / "demo-city"
    shutil.copytree(ROOT / "data" / "demo-city", folder, ignore=shutil.ignore_patterns("store"))
    dataset = Dataset(folder)
    ingest(dataset, inbox_files(dataset), today=TODAY)
    names = dict(dataset.districts.select("code", "name").iter_rows())
    return (
        current(dataset.observations.lazy())
        .collect()
        .with_columns(name=pl.col("district").replace_strict(names))
    )


class Book:
    """The form of all districts, as opened by a spreadsheet program."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.book = openpyxl.load_workbook(path)
        self.rows: dict[tuple[str, str, str], tuple[Any, int]] = {}
        for sheet in self.book.worksheets:
            if sheet.title in (COVER_SHEET, MARK_SHEET, RETURN_SHEET):
                continue
            titles = self.titles(sheet)
            for row in range(3, sheet.max_row + 1):
                key = [sheet.cell(row, titles[t]).value or "" for t in ("地区", "标识", "级别")]
                self.rows[key[0], key[1], key[2]] = sheet, row

    @staticmethod
    def titles(sheet: Any) -> dict[str, int]:
        """Return the column numbers by title."""
        return {cell.value: cell.column for cell in sheet[2]}

    def cell(self, key: tuple[str, str, str], title: str = "本期数") -> Any:
        """Return the cell of a row in the column with this title."""
        sheet, row = self.rows[key]
        return sheet.cell(row, self.titles(sheet)[title])

    def save(self, path: Path) -> Path:
        """Save the workbook under another name."""
        self.book.save(path)
        return path


def fill_form(form: Path, correct_figures: pl.DataFrame) -> Book:
    """Fill in the form correctly."""
    book = Book(form)
    rows = correct_figures.filter(pl.col("year") == AT.year, pl.col("month") == AT.month)
    for row in rows.iter_rows(named=True):
        key = (row["name"], row["indicator"], row["level"])
        if key not in book.rows:
            continue  # a yearly indicator, or one that is computed from others
        exact = row["status"] == "reported" and row["bound"] == "exact"
        reported_text = row["reported"] or None
        book.cell(key).value = row["value"] if exact else reported_text
        book.cell(key, "公布增速").value = row["published_growth"]
        book.cell(key, "增速口径").value = row["growth_basis"]
        book.cell(key, "截止日期").value = row["as_of"]
        if row["grade"] == "forecast":
            book.cell(key, "数据级别").value = "预计"
    return book


def stored_value(
    correct_figures: pl.DataFrame, key: tuple[str, str, str], year: int, month: int
) -> float:
    """Return a figure of the data set."""
    name, indicator, level = key
    matches = correct_figures.filter(
        (pl.col("name") == name) & (pl.col("indicator") == indicator) & (pl.col("level") == level),
        year=year, month=month,
    )  # fmt: skip
    value = matches["value"].item()
    assert isinstance(value, float)
    return value


def faulty_text(fault: Fault, correct_figures: pl.DataFrame) -> Any:
    """Return the content of the cell with the mistake."""
    key = (fault.district, fault.indicator, fault.level)
    text = fault.text
    if text == "as in December":
        return stored_value(correct_figures, key, AT.year - 1, 12)
    if isinstance(text, str) and text.startswith("×"):
        value = stored_value(correct_figures, key, AT.year, AT.month) * float(text[1:])
        return float(round(value)) if fault.rule != "unit_slip" else value
    if isinstance(text, str) and text.startswith("growth"):
        new, old = (stored_value(correct_figures, key, AT.year - n, AT.month) for n in (0, 1))
        growth = (new / old - 1) * 100
        changed = growth / 100 if "÷" in text else growth + float(text.split("+")[1])
        return round(changed, 3 if "÷" in text else 1)
    return text


def plant_faults(book: Book, correct_figures: pl.DataFrame) -> list[tuple[str, str, str]]:
    """Write the faults into the form; return rule, sheet and cell of the expected findings."""
    expected = []
    for fault in FAULTS:
        key = (fault.district, fault.indicator, fault.level)
        named = key if fault.finding_level is None else (*key[:2], fault.finding_level)
        sheet, _ = book.rows[named]
        expected.append((fault.rule, sheet.title, book.cell(named, fault.at).coordinate))
        cell = book.cell(key, fault.title)
        cell.value = faulty_text(fault, correct_figures)
        if str(cell.value).startswith("#"):
            cell.data_type = "e"
    return sorted(expected)


def finding_cells(checked: Checked) -> list[tuple[str, str, str]]:
    """Return rule, sheet and cell of the findings."""
    return sorted(checked.findings.select("rule", "sheet", "cell").rows())


@pytest.fixture(scope="module")
def form(city: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The empty form of all districts."""
    folder = tmp_path_factory.mktemp("forms")
    make_templates(city, AT, [], folder, dt.date(2025, 7, 1))
    return folder / ALL


def test_a_correctly_filled_in_form_has_no_finding(
    city: Dataset, form: Path, correct_figures: pl.DataFrame, tmp_path: Path
) -> None:
    file = fill_form(form, correct_figures).save(tmp_path / "各区报表.xlsx")

    checked = check_file(city, file, today=TODAY)

    assert finding_cells(checked) == []
    assert checked.accepted.filter(pl.col("status") == "reported").height > 400
    assert set(checked.accepted.select("year", "month").rows()) == {(2025, 6)}


def test_forty_faults_of_more_than_fifteen_kinds_are_forty_findings_at_their_cells(
    city: Dataset, form: Path, correct_figures: pl.DataFrame, tmp_path: Path
) -> None:
    book = fill_form(form, correct_figures)
    expected = plant_faults(book, correct_figures)
    file = book.save(tmp_path / "各区报表.xlsx")

    checked = check_file(city, file, today=TODAY)

    assert len(FAULTS) == 40
    assert len({fault.rule for fault in FAULTS}) >= 15
    assert finding_cells(checked) == expected


def test_the_corrected_marked_copy_has_no_finding(
    city: Dataset, form: Path, correct_figures: pl.DataFrame, tmp_path: Path
) -> None:
    shutil.copytree(city.path, tmp_path / city.name)
    dataset = Dataset(tmp_path / city.name)
    book = fill_form(form, correct_figures)
    plant_faults(book, correct_figures)
    faulty = book.save(tmp_path / "各区报表.xlsx")
    first = ingest(dataset, [faulty], today=TODAY)[0]
    quarantine = Store(dataset.path / "store").quarantine()
    returned = write_marked_copy(faulty, first.checked.findings, tmp_path / "各区报表-退回.xlsx")
    corrected, model = Book(returned), fill_form(form, correct_figures)
    for key, (sheet, row) in model.rows.items():
        copy = corrected.book[sheet.title]
        for title, column in Book.titles(sheet).items():
            copy.cell(row, column).value = model.cell(key, title).value
    file = corrected.save(tmp_path / "各区报表（改）.xlsx")

    checked = check_file(dataset, file, today=TODAY)
    second = ingest(dataset, [file], today=TODAY)[0]

    assert finding_cells(checked) == []
    assert first.receipt["errors"] == quarantine.height > 20
    assert second.receipt["errors"] + second.receipt["warnings"] == 0
    assert Store(dataset.path / "store").open_findings().height == 0
    stored = current(dataset.observations.lazy()).collect()
    has_figure = pl.col("status") != "missing"
    expected = correct_figures.filter(has_figure, year=AT.year, month=AT.month)
    same = [*KEY, "value", "status", "bound"]
    assert expected.height > 480
    assert expected.join(stored, on=same, how="anti", nulls_equal=True).select(same).rows() == []
