"""Files opened in LibreOffice: forms keep their data validation, Word documents their text."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from kejistats.dataset import Dataset
from kejistats.forms.template import make_templates
from kejistats.forms.template.cell_rules import date_check, growth_check, value_check
from kejistats.model.period import Checkpoint
from kejistats.pages.word import make_docx
from kejistats.reading.form_mark import COVER_SHEET, MARK_SHEET
from tests.factory import indicators
from tests.pages.factory import Made, parse, text_in_word, without_spaces

SOFFICE = shutil.which("soffice")
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(SOFFICE is None, reason="LibreOffice (soffice) is not installed"),
]
HALF = Checkpoint(2025, 6)


def convert(path: Path, target_format: str, folder: Path) -> Path:
    """Open a file in LibreOffice and save it in another format."""
    profile = (folder / "profile").as_uri()
    folder.mkdir(exist_ok=True)
    process = subprocess.run(
        [
            str(SOFFICE), f"-env:UserInstallation={profile}", "--headless",
            "--convert-to", target_format, "--outdir", str(folder), str(path),
        ],
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
        env=os.environ | {"LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    converted = folder / f"{path.stem}.{target_format.split(':', maxsplit=1)[0]}"
    assert process.returncode == 0, process.stderr
    assert converted.exists(), process.stdout + process.stderr
    assert "rror" not in process.stderr
    return converted


@pytest.fixture(scope="module")
def form(demo: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The form of one district."""
    folder = tmp_path_factory.mktemp("forms")
    return make_templates(demo, HALF, ["900101"], folder, date(2025, 7, 1))[0]


@pytest.fixture(scope="module", params=["xlsx", "ods"])
def saved(form: Path, request: pytest.FixtureRequest, tmp_path_factory: Any) -> Path:
    """The same form saved by LibreOffice, as xlsx or by way of ods."""
    first = convert(form, request.param, tmp_path_factory.mktemp("saved"))
    if request.param == "xlsx":
        return first
    return convert(first, "xlsx", tmp_path_factory.mktemp("again"))


def checks(sheet: Any) -> dict[str, tuple[Any, ...]]:
    """The data validations of a sheet, by cell range."""
    return {
        str(c.sqref): (c.type, c.formula1, c.prompt, c.error, bool(c.showErrorMessage))
        for c in sheet.data_validations.dataValidation
    }


def test_checks_locks_and_texts_survive(form: Path, saved: Path) -> None:
    before, after = openpyxl.load_workbook(form), openpyxl.load_workbook(saved)

    assert after.sheetnames == before.sheetnames
    for sheet in before:
        other = after[sheet.title]
        assert other.protection.sheet
        assert checks(other) == checks(sheet)
        for row in sheet.iter_rows():
            for cell in row:
                counterpart = other[cell.coordinate]
                assert (counterpart.value or "") == (cell.value or "")
                if sheet.title != MARK_SHEET:
                    assert counterpart.protection.locked == cell.protection.locked, cell.coordinate
        if sheet.title not in (COVER_SHEET, MARK_SHEET):
            assert checks(sheet)
            assert other.column_dimensions["A"].hidden
            assert other.print_title_rows == "$1:$2"
    assert after[MARK_SHEET].sheet_state != "visible"
    assert all(other.sheet_state == "visible" for other in after if other.title != MARK_SHEET)


CASES: list[tuple[str, list[float | str], list[float]]] = [
    ("tech_sme_registered", [0, 180, "约3.2万", "xx", "无"], [-1, 0.5]),
    ("contracts_value", [0, 18.6, "5700万元", "-5"], [-0.01]),
    ("rd_intensity", [0, 100, "30%—40%"], [100.01, -0.1]),
    ("hitech_va_growth", [-3.2, 250, "xx"], []),
]


def test_the_formulas_of_checks_answer_as_intended(tmp_path: Path) -> None:
    indicators_by_id = {i["id"]: i for i in indicators().to_dicts()}
    rules = [
        (value_check(indicators_by_id[name], HALF, "{0}")["value"], good, bad)
        for name, good, bad in CASES
    ]
    growth: list[float | str] = [-100, 12.3, "12.3%"]
    rules.append(
        (growth_check(indicators_by_id["contracts_value"], "{0}")["value"], growth, [-100.1])
    )
    days: list[float | str] = [45658, 45838, "6月20日"]  # 2025-01-01 and 2025-06-30
    rules.append((date_check(HALF, "{0}")["value"], days, [45657, 45839, 20250620]))
    expected: list[bool] = []
    # openpyxl stores no results, so the program has to compute them.
    book = openpyxl.Workbook()
    sheet = book.active
    for formula, good, bad in rules:
        for value in [*good, *bad]:
            expected.append(value in good)
            sheet.append([value, formula.replace("{0}", f"A{len(expected)}")])
    book.save(tmp_path / "cases.xlsx")

    utf_8 = "csv:Text - txt - csv (StarCalc):44,34,76"
    results = convert(tmp_path / "cases.xlsx", utf_8, tmp_path / "out")

    with results.open(encoding="utf-8", newline="") as file:
        answers = [line[1] for line in csv.reader(file)]
    assert answers == ["TRUE" if good else "FALSE" for good in expected]


@pytest.mark.parametrize("name", ["demo-city/900101", "demo-city/overview"])
def test_a_page_as_word_document_opens_with_all_its_words(
    made: Made, tmp_path: Path, name: str
) -> None:
    html = made.pages[name].read_text(encoding="utf-8")
    (tmp_path / "page.docx").write_bytes(make_docx(html))

    saved = convert(tmp_path / "page.docx", "txt:Text (encoded):UTF8", tmp_path / "out")

    text = without_spaces(saved.read_text(encoding="utf-8-sig"))
    [body] = parse(html).iter("body")
    position = 0
    for tag in body.iter():
        if tag.tag in ("h1", "h2", "h3", "p", "td", "th", "caption"):
            leaf = without_spaces("".join(text_in_word(tag)))
            start = text.find(leaf, position)
            assert start >= 0, leaf
            position = start + len(leaf)
