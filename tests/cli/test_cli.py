"""The command line: output, exit codes and error messages."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from typer.testing import CliRunner

from kejistats import cli
from kejistats.dataset import Dataset
from kejistats.model.tables import Metric
from kejistats.pages.table_files import write_table
from kejistats.store import Store
from tests.cli.factory import CommandResult, RunCommand, assert_usage_error, paths_below
from tests.factory import COUNT, make_dataset, write_csv
from tests.workspaces import copy_workspace, kejistats

COMMANDS = [
    "template",
    "check",
    "intake",
    "status",
    "metrics",
    "explain",
    "briefs",
    "finalise",
    "mail",
    "remind",
]
FIGURE = {"district": "900101", "indicator": COUNT, "checkpoint": "2025H1", "value": "12"}


@pytest.fixture
def root(city: Path) -> Path:
    """A folder that is not a workspace, with a data set of three districts."""
    write_csv(city / "inbox" / "2025H1.csv", [FIGURE])
    return city.parent


# ---- wrong use --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("metrics", "data/demo-citi"), ("no data set at", "data/demo-city, data/provinces")),
        (("check", "data/demo-citi", "a.csv"), ("no data set at",)),
        (("intake", "data"), ("no data set at", "data/demo-city")),
        (("briefs", "data/demo-city", "-c", "2019H1"), ("no figures for 2019H1", "2021H1, 2021H2")),
        (("metrics", "data/demo-city", "-c", "2025H3"), ("unknown checkpoint '2025H3'", "2025H1")),
        (("metrics", "data/demo-city", "-c", "June"), ("unknown checkpoint 'June'", "2025H1")),
        (("briefs", "data/demo-city", "-d", "朝岗区"), ("no district '朝岗区'", "朝岚区")),
        (("briefs", "data/demo-city", "-d", "999999"), ("no district '999999'",)),
        (("metrics", "data/demo-city", "-o", "a.txt"), ("a.txt", ".parquet, .csv, .xlsx")),
        (
            ("metrics", "data/demo-city", "-o", "no/such/a.csv"),
            ("there is no folder", "create it first"),
        ),
        (("intake", "data/demo-city", "none.csv"), ("none.csv", ".csv, .xlsx")),
        (("check", "data/demo-city", "none.xlsx"), ("none.xlsx", ".csv, .xlsx")),
    ],
)
def test_wrong_use_gives_an_error_that_says_what_would_be_right(
    run: RunCommand, workspace: Path, arguments: tuple[str, ...], parts: tuple[str, ...]
) -> None:
    before = paths_below(workspace)

    result = run(workspace, *arguments)

    assert_usage_error(result, *parts)
    assert paths_below(workspace) == before


@pytest.mark.parametrize(
    "arguments",
    [("metrics",), ("check", "data/demo-city"), ("briefs", "data/demo-city", "-c"), ("bogus",),
     ("briefs", "data/demo-city", "-j", "0"), ("briefs", "data/demo-city", "--colour")],
)  # fmt: skip
def test_a_missing_or_unknown_argument_ends_with_two(
    run: RunCommand, workspace: Path, arguments: tuple[str, ...]
) -> None:
    result = run(workspace, *arguments)

    assert result.code == 2
    assert "Error" in result.err
    assert "Traceback" not in result.err


def test_an_empty_store_says_which_command_fills_it(run: RunCommand, root: Path) -> None:
    result = run(root, "metrics", "city")

    assert_usage_error(result, "is empty", "run: kejistats intake")


def test_an_empty_or_missing_inbox_says_which_files_belong_there(
    run: RunCommand, root: Path
) -> None:
    (root / "city" / "inbox" / "2025H1.csv").unlink()
    empty = run(root, "intake", "city")
    (root / "city" / "inbox").rmdir()
    missing = run(root, "intake", "city")

    assert_usage_error(empty, "inbox is empty", ".csv, .xlsx")
    assert_usage_error(missing, "there is no folder", "inbox", ".csv, .xlsx")
    assert not (root / "city" / "store").exists()


def test_a_malformed_registry_names_file_and_line(
    run: RunCommand, workspace: Path, tmp_path: Path
) -> None:
    root = copy_workspace(workspace, tmp_path / "own", "demo-city")
    file = root / "schemas" / "indicators" / "transfer.toml"
    lines = file.read_text(encoding="utf-8").splitlines()
    line_index = next(n for n, line in enumerate(lines) if line.startswith("name = "))
    lines[line_index] = 'name = "技术合同'
    file.write_text("\n".join(lines), encoding="utf-8")

    result = run(root, "briefs", "data/demo-city", "-c", "2025H1")

    assert_usage_error(result, "transfer.toml", f"line {line_index + 1}")
    assert not (root / "out").exists()


def test_an_unknown_key_of_the_registry_names_file_and_line(
    run: RunCommand, workspace: Path, tmp_path: Path
) -> None:
    root = copy_workspace(workspace, tmp_path / "own", "demo-city")
    file = root / "data" / "demo-city" / "indicators.toml"
    file.write_text(
        '[[indicator]]\nid = "own"\nname = "甲"\nunit = "家"\nmeasure = "flow"\nmesure = 1', "utf-8"
    )

    result = run(root, "metrics", "data/demo-city")

    assert_usage_error(result, "indicators.toml", "line 6", "mesure")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('title = "a\n', ("dataset.toml", "line 1")),
        ('parent = "900100"\n', ("dataset.toml", "title is missing")),
        ('title = "a"\nparent = "900100"\ncolour = 1\n', ("unknown key 'colour'", "thresholds")),
        (
            'title = "a"\nparent = "123456"\n',
            ("the parent '123456'", "has no row", "add a row for it"),
        ),
    ],
)
def test_malformed_settings_are_reported(
    run: RunCommand, root: Path, text: str, parts: tuple[str, ...]
) -> None:
    (root / "city" / "dataset.toml").write_text(text, encoding="utf-8")

    result = run(root, "intake", "city")

    assert_usage_error(result, *parts)
    assert Store(root / "city" / "store").receipts().is_empty()


def test_a_wrong_header_stores_nothing_of_any_file(run: RunCommand, root: Path) -> None:
    wrong = {"县区": "900101", "indicator": COUNT, "value": "3"}
    write_csv(root / "city" / "inbox" / "2025H0.csv", [wrong])

    result = run(root, "intake", "city")

    assert_usage_error(result, "2025H0.csv", "wrong header", "required columns")
    assert Store(root / "city" / "store").receipts().is_empty()


def test_a_file_that_is_not_a_workbook_stores_nothing(run: RunCommand, root: Path) -> None:
    (root / "city" / "inbox" / "2025H0.xlsx").write_bytes(b"not a workbook")

    result = run(root, "intake", "city")

    assert_usage_error(result, "2025H0.xlsx", "cannot be read as a workbook")
    assert Store(root / "city" / "store").receipts().is_empty()


def test_an_unexpected_error_gives_advice_and_no_traceback(
    run: RunCommand, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: str) -> Dataset:
        raise ZeroDivisionError("something nobody thought of")

    monkeypatch.setattr("kejistats.api.Desk", fail)

    result = run(root, "metrics", "city")

    assert result.code == 1
    assert result.err.splitlines() == [
        "error: ZeroDivisionError: something nobody thought of",
        "  this is a bug in kejistats; please report it with the traceback (KEJISTATS_DEBUG=1)",
    ]


def test_an_error_of_the_operating_system_is_reported_as_such(run: RunCommand, root: Path) -> None:
    run(root, "intake", "city")
    (root / "file").write_text("no folder", encoding="utf-8")

    result = run(root, "briefs", "city", "--out", "file/out")

    assert result.code == 1
    assert str(root / "file") in result.err
    assert result.err.splitlines()[-1] == (
        "  the operating system refused this: check path, permissions and free disk space"
    )
    assert "bug in kejistats" not in result.err


def test_debugging_shows_the_traceback_of_an_unexpected_error(
    run: RunCommand, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: str) -> Dataset:
        raise ZeroDivisionError("something nobody thought of")

    monkeypatch.setattr("kejistats.api.Desk", fail)
    monkeypatch.setenv("KEJISTATS_DEBUG", "1")

    with pytest.raises(ZeroDivisionError):
        run(root, "metrics", "city")


# ---- intake and check -------------------------------------------------------------------


def test_intake_appends_and_a_second_time_changes_nothing(run: RunCommand, root: Path) -> None:
    first = run(root, "intake", "city")
    stored = paths_below(root / "city" / "store")
    second = run(root, "intake", "city")

    assert (first.code, second.code) == (0, 0)
    assert "2025H1.csv: 1 rows, 1 accepted, " in first.out
    assert second.out == "1 of 1 files were ingested before: nothing changed\n"
    assert paths_below(root / "city" / "store") == stored
    assert len(Store(root / "city" / "store").receipts()) == 1


def test_error_rows_are_reported_in_chinese_with_their_cell_and_exit_code_one(
    run: RunCommand, root: Path
) -> None:
    rows = [FIGURE, FIGURE | {"district": "第9区"}, FIGURE | {"indicator": "invention_granted",
            "value": "三十件以下余"}]  # fmt: skip
    write_csv(root / "city" / "inbox" / "2025H1.csv", rows)

    result = run(root, "intake", "city")

    assert result.code == 1
    findings = [line for line in result.out.splitlines() if line.startswith("  错误 ")]
    assert [line.split("：")[0] for line in findings] == [
        "  错误 2025H1.csv A3",
        "  错误 2025H1.csv D4",
    ]
    assert "第9区" in findings[0]
    assert "三十件以下余" in findings[1]
    assert "3 rows, 1 accepted" in result.out
    assert Dataset(root / "city").observations["value"].to_list() == [12.0]


def test_check_shows_the_findings_and_stores_nothing(run: RunCommand, root: Path) -> None:
    file = write_csv(root / "elsewhere.csv", [FIGURE | {"value": "十二个半"}])

    faulty = run(root, "check", "city", file)
    correct = run(root, "check", "city", "2025H1.csv")

    assert (faulty.code, correct.code) == (1, 0)
    assert "elsewhere.csv: 1 rows, 1 findings" in faulty.out
    assert "  错误 elsewhere.csv D2：" in faulty.out
    assert correct.out == "2025H1.csv: 1 rows, 0 findings\n"
    assert not (root / "city" / "store").exists()


def test_a_report_keeps_files_of_one_name_apart(run: RunCommand, root: Path) -> None:
    for folder, value in (("甲区", "十二个半"), ("乙区", "许多")):
        (root / folder).mkdir()
        write_csv(root / folder / "报表.csv", [FIGURE | {"value": value}])

    result = run(root, "check", "city", "甲区/报表.csv", "乙区/报表.csv", "--report", "退回")

    assert result.code == 1
    assert "甲区/报表.csv: 1 rows, 1 findings" in result.out
    copies = {"甲区-报表-退回.xlsx": "十二个半", "乙区-报表-退回.xlsx": "许多"}
    assert {path.name for path in (root / "退回").iterdir()} == {"findings.html", *copies}
    for name, value in copies.items():
        assert openpyxl.load_workbook(root / "退回" / name)["数据"]["D2"].value == value
    page = (root / "退回" / "findings.html").read_text("utf-8")
    assert page.count("甲区/报表.csv：错误1处") == page.count("乙区/报表.csv：错误1处") == 1


def test_a_filled_in_form_is_replaced_only_when_forced(run: RunCommand, root: Path) -> None:
    call = ("template", "city", "-c", "2025H1", "-d", "900101", "--out", "forms")
    form = root / "forms" / "2025H1-900101.xlsx"
    made = run(root, *call)
    book = openpyxl.load_workbook(form)
    titles = [cell.value for cell in book.worksheets[1][2]]
    book.worksheets[1].cell(3, titles.index("本期数") + 1, 12)
    book.save(form)

    refused, forced = run(root, *call), run(root, *call, "--force")

    assert (made.code, forced.code) == (0, 0)
    assert_usage_error(refused, "2025H1-900101.xlsx", "--force", "--out")


def test_progress_is_plain_lines_without_a_terminal(run: RunCommand, root: Path) -> None:
    result = run(root, "intake", "city")

    assert result.err == "[1/1] 2025H1.csv\n"


def test_json_is_one_document(run: RunCommand, root: Path) -> None:
    write_csv(root / "city" / "inbox" / "2025H2.csv", [FIGURE | {"district": "第9区"}])

    checked = run(root, "check", "city", "2025H2.csv", "--json")
    ingested = run(root, "intake", "city", "--json")
    again = run(root, "intake", "city", "--json")
    table = run(root, "metrics", "city", "--json")

    [finding] = json.loads(checked.out)
    assert (finding["severity"], finding["cell"]) == ("error", "A2")
    files = json.loads(ingested.out)
    assert [(f["file"], f["receipt"]["accepted"], len(f["findings"])) for f in files] == [
        ("2025H1.csv", 1, 0),
        ("2025H2.csv", 0, 1),
    ]
    assert [f["receipt"] for f in json.loads(again.out)] == [None, None]
    rows = json.loads(table.out)
    assert {row["district"] for row in rows} == {"900101", "900102", "900103"}
    assert ingested.err == ""


# ---- metrics ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def table(demo: Dataset) -> pl.DataFrame:
    """The Metric table of the demo city."""
    return demo.metrics("2025H1")


def test_metrics_are_written_to_parquet(
    run: RunCommand, workspace: Path, table: pl.DataFrame, tmp_path: Path
) -> None:
    file = tmp_path / "metrics.parquet"

    result = run(workspace, "metrics", "data/demo-city", "-c", "2025H1", "-o", file)

    assert result.code == 0
    assert result.out == f"{table.height} rows of 2025H1 written to {file}\n"
    assert_frame_equal(pl.read_parquet(file), table)
    assert [p.name for p in tmp_path.iterdir()] == ["metrics.parquet"]


def test_metrics_are_written_to_csv(
    run: RunCommand, workspace: Path, table: pl.DataFrame, tmp_path: Path
) -> None:
    file = tmp_path / "metrics.csv"

    result = run(workspace, "metrics", "data/demo-city", "-c", "2025H1", "-o", file)

    assert result.code == 0
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    back = pl.read_csv(file, schema_overrides=Metric.dtypes())
    text = [c for c, t in table.schema.items() if t == pl.String]
    same = [frame.with_columns(pl.col(text).fill_null("")) for frame in (back, table)]
    assert_frame_equal(same[0], same[1], check_exact=True)


def test_metrics_are_written_to_a_workbook(
    run: RunCommand, workspace: Path, table: pl.DataFrame, tmp_path: Path
) -> None:
    file = tmp_path / "metrics.xlsx"

    result = run(workspace, "metrics", "data/demo-city", "-c", "2025H1", "-o", file)

    assert result.code == 0
    back = pl.read_excel(file, schema_overrides=Metric.dtypes())
    text = [c for c, t in table.schema.items() if t == pl.String]
    same = [frame.with_columns(pl.col(text).fill_null("")) for frame in (back, table)]
    assert_frame_equal(same[0], same[1], rel_tol=1e-14)


def test_metrics_in_the_terminal_are_a_table(run: RunCommand, workspace: Path) -> None:
    result = run(workspace, "metrics", "data/demo-city", "-c", "2025H1")

    assert result.code == 0
    assert "-o FILE writes all" in result.out
    line = next(x for x in result.out.splitlines() if "900101" in x and "tech_sme_registered" in x)
    cells = [cell.strip() for cell in line.strip("│ ").split("│")]
    assert cells[2:] == ["215", "reported", "0.614286", "ahead", "0.194444", "5"]


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "a=b", "12", "https://example.org", ""]


def test_text_that_looks_like_a_formula_stays_text_in_csv(tmp_path: Path) -> None:
    frame = pl.DataFrame({"text": FORMULAS, "number": [-1.5] * len(FORMULAS)})

    write_table(frame, tmp_path / "a.csv")

    raw = (tmp_path / "a.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.reader(io.StringIO(raw)))[1:]
    assert [row[0] for row in rows] == [
        "'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\tx", "a=b", "12", "https://example.org", "",
    ]  # fmt: skip
    assert {row[1] for row in rows} == {"-1.5"}


def test_text_that_looks_like_a_formula_stays_text_in_a_workbook(tmp_path: Path) -> None:
    frame = pl.DataFrame({"text": FORMULAS, "number": [-1.5] * len(FORMULAS)})

    write_table(frame, tmp_path / "a.xlsx")

    back = pl.read_excel(tmp_path / "a.xlsx", schema_overrides={"text": pl.String})
    assert back["text"].fill_null("").to_list() == FORMULAS
    assert back["number"].to_list() == [-1.5] * len(FORMULAS)
    with zipfile.ZipFile(tmp_path / "a.xlsx") as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode("utf-8")
    assert "<f>" not in sheet
    assert "<hyperlink" not in sheet


# ---- briefs -----------------------------------------------------------------------------


def test_briefs_warns_of_files_not_ingested_yet(
    run: RunCommand, workspace: Path, tmp_path: Path
) -> None:
    root = copy_workspace(workspace, tmp_path / "own", "demo-city")
    write_csv(root / "data" / "demo-city" / "inbox" / "2026H1.csv", [FIGURE])

    result = run(root, "briefs", "data/demo-city", "-c", "2025H1", "-d", "朝岚区")

    assert result.code == 0
    assert "warning: not ingested yet: 2026H1.csv; run: kejistats intake" in result.err


def test_outputs_go_to_the_requested_folder(
    run: RunCommand, workspace: Path, tmp_path: Path
) -> None:
    result = run(
        workspace, "briefs", "data/demo-city", "-c", "2025H1", "-d", "朝岚区", "--out", tmp_path
    )

    assert result.code == 0
    assert str(tmp_path / "demo-city" / "2025H1") in result.out
    work = tmp_path / "demo-city" / "2025H1" / "work"
    assert sorted(p.stem for p in work.glob("9*")) == ["900101-2025H1"] * 2
    assert not (workspace / "out").exists()


# ---- the program itself -----------------------------------------------------------------


@pytest.mark.parametrize("command", [[], *([c] for c in COMMANDS)])
def test_help_is_english_and_ends_with_zero(command: list[str]) -> None:
    result = CliRunner().invoke(cli.app, [*command, "--help"])

    assert result.exit_code == 0
    assert "Usage:" in result.output
    assert not any("\u4e00" <= c <= "\u9fff" for c in result.output)


def test_every_command_has_its_help(run: RunCommand, tmp_path: Path) -> None:
    result = run(tmp_path, "--help")

    assert sorted(c.name or c.callback.__name__ for c in cli.app.registered_commands) == sorted(
        COMMANDS
    )
    assert all(command in result.out for command in COMMANDS)


def test_the_version_is_printed(run: RunCommand, tmp_path: Path) -> None:
    result = run(tmp_path, "--version")

    assert result == CommandResult(0, "kejistats 0.1.0\n", "")


def test_the_command_line_loads_nothing_slow() -> None:
    code = "import sys, kejistats.cli; print(*sorted(m.partition('.')[0] for m in sys.modules))"

    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True
    ).stdout.split()

    slow = {"polars", "pandera", "matplotlib", "nbconvert", "deltalake", "papermill", "nbformat"}
    assert "kejistats" in loaded
    assert slow & set(loaded) == set()


def test_the_module_runs_as_a_program_with_chinese_in_a_pipe(
    workspace: Path, tmp_path: Path
) -> None:
    process = kejistats(
        "briefs", "data/demo-city", "-d", "朝岗区", cwd=workspace / "notebooks", home=tmp_path
    )

    assert_usage_error(
        CommandResult(process.returncode, process.stdout, process.stderr), "did you mean 朝岚区"
    )


def test_a_data_set_outside_a_workspace_works_too(run: RunCommand, tmp_path: Path) -> None:
    folder = make_dataset(tmp_path / "alone")
    write_csv(folder / "inbox" / "2025H1.csv", [FIGURE])
    shutil.rmtree(tmp_path / "schemas", ignore_errors=True)

    ingested, table = run(tmp_path, "intake", "alone"), run(folder, "metrics", ".", "--json")

    assert (ingested.code, table.code) == (0, 0)
    assert json.loads(table.out)[0]["value"] == 12.0
