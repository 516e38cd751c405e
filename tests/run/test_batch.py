"""Batch runs: a fault in one district costs no other its brief, and unchanged pages stay."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from kejistats.brief import Brief, Bundle
from kejistats.dataset import Dataset
from kejistats.model.errors import UsageError
from kejistats.run import batch, planning
from kejistats.run.batch import Options
from kejistats.run.job import Result
from kejistats.run.planning import Plan, check_unique_codes
from kejistats.run.run_report import Report
from tests.factory import write_csv
from tests.pages.factory import MODEL, Made, parse, words_of
from tests.run.factory import (
    AT,
    DIES,
    GONE,
    GOOD,
    RAISES,
    TWIN,
    csv_row,
    ingest_inbox,
    open_city,
    pages,
    small_workspace,
    write_notebook,
)
from tests.workspaces import kejistats

FAULTS = f"""
import os

code = brief.district["code"]
if code == "{RAISES}":
    raise ValueError("a cell of the analyst's own went wrong\\nin its second line")
if code == "{DIES}":
    os._exit(3)
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace of the small city with faults in two districts."""
    return small_workspace(tmp_path_factory.mktemp("faults"), FAULTS)


@pytest.fixture(scope="module")
def process(root: Path, tmp_path_factory: pytest.TempPathFactory) -> CompletedProcess[str]:
    """The finished command that made all its pages."""
    home = tmp_path_factory.mktemp("home")
    process = kejistats("briefs", "data/city", "-j", "2", cwd=root, home=home)
    # Later runs of other tests overwrite the report.
    for name in ("report.html", "report.json", "run.log"):
        shutil.copy(page_folder(root) / "work" / name, root)
    return process


def page_folder(root: Path) -> Path:
    """Return the folder of its pages."""
    return root / "out" / "city" / "2025H1"


def test_faults_are_reported_with_cell_and_error_and_set_the_exit_code(
    process: CompletedProcess[str],
) -> None:
    assert process.returncode == 1
    failed = [line for line in process.stderr.splitlines() if line.startswith("failed: ")]
    assert len(failed) == 2
    assert failed[0] == (
        "failed: 第2区: cell 4: ValueError: a cell of the analyst's own went wrong"
    )
    assert failed[1] == (
        "failed: 第3区: cell 4: DeadKernelError: the worker process died (exit code 3), as did the "
        "one before it"
    )
    assert "Traceback" not in process.stderr
    *_, summary, to_open = process.stdout.splitlines()
    assert summary.startswith("3 pages made, 0 unchanged, 2 failed in ")
    assert to_open.startswith("open ")


def test_progress_is_one_plain_line_per_page(process: CompletedProcess[str]) -> None:
    lines = [line for line in process.stderr.splitlines() if line.startswith("[")]

    assert [line[:5] for line in lines] == [f"[{n}/5]" for n in range(1, 6)]
    assert sum(line.endswith(" failed") for line in lines) == 2


def test_the_other_pages_are_made_and_nothing_is_left_half_written(
    process: CompletedProcess[str], root: Path
) -> None:
    files = sorted(p.name for p in page_folder(root).iterdir() if p.is_file())

    assert files == [f"{GOOD}-2025H1.html", f"{TWIN}-2025H1.html", "index.html", "overview.html"]
    assert not list(root.rglob("*.part"))


def test_the_index_says_what_was_not_made(process: CompletedProcess[str], root: Path) -> None:
    page = parse((page_folder(root) / "index.html").read_text(encoding="utf-8"))

    rows = {
        words_of(tr.find("th")): words_of(tr.findall("td")[-1])  # type: ignore[arg-type]
        for tr in page.findall(".//tbody/tr")
    }
    links = [a.get("href", "") for a in page.iter("a")]

    names = [words_of(th) for th in page.findall(".//tbody/tr/th")]
    assert [rows[f"第{n}区"] for n in (2, 3)] == ["未生成"] * 2
    # A district that no longer exists is not listed as failed.
    assert names == ["总览", "第1区", "第2区", "第3区", "第1区"]
    assert links == ["overview.html", f"{GOOD}-2025H1.html", f"{TWIN}-2025H1.html"]


def test_two_districts_of_one_name_keep_their_own_pages(
    process: CompletedProcess[str], root: Path
) -> None:
    for code in (GOOD, TWIN):
        page = (page_folder(root) / f"{code}-2025H1.html").read_text(encoding="utf-8")
        brief = Brief(Bundle.read(page_folder(root) / "work" / f"{code}-2025H1.json"))

        assert brief.district["code"] == code
        assert brief.district["name"] == "第1区"
        assert brief.head.html.strip() in page


def test_the_failed_notebook_is_kept_with_its_error(
    process: CompletedProcess[str], root: Path
) -> None:
    file = page_folder(root) / "work" / f"{RAISES}-2025H1.ipynb"

    content = json.loads(file.read_text(encoding="utf-8"))

    outputs = [o for cell in content["cells"] for o in cell.get("outputs", [])]
    [error] = [o for o in outputs if o["output_type"] == "error"]
    assert error["evalue"].startswith("a cell of the analyst's own went wrong")


def test_a_page_of_an_earlier_run_is_replaced_whole_or_stays(
    process: CompletedProcess[str], root: Path, tmp_path: Path
) -> None:
    page = page_folder(root) / f"{GOOD}-2025H1.html"
    before = page.read_bytes()
    page.write_text("an older page", encoding="utf-8")

    again = kejistats("briefs", "data/city", "-d", GOOD, "--json", cwd=root, home=tmp_path)

    assert again.returncode == 0, again.stderr
    assert page.read_bytes() == before
    report = json.loads(again.stdout)
    assert [b["name"] for b in report["briefs"]] == ["第1区"]
    assert Path(report["briefs"][0]["page"]) == page


@pytest.mark.long
def test_one_worker_and_two_make_the_same_bytes(made: Made, demo: Dataset, tmp_path: Path) -> None:
    at = demo.checkpoint("2025H1")
    _, planned, _ = planning.plan(demo, at, (), tmp_path)
    jobs = [job for job in planned if job.page.name.startswith((MODEL, "overview"))]
    seen: list[str] = []

    results = batch.run(jobs, 1, lambda result: seen.append(result.name))

    assert [r.name for r in results] == ["总览", "朝岚区"]
    assert seen == ["总览", "朝岚区"]
    for result in results:
        assert result.page is not None
        name = result.page.stem.partition("-")[0]
        assert result.page.read_bytes() == made.pages[f"demo-city/{name}"].read_bytes()


def test_results_come_in_the_order_of_the_jobs(made: Made, demo: Dataset, tmp_path: Path) -> None:
    requested = ["900112", "900103", MODEL, "900103"]

    _, jobs, failed = planning.plan(demo, demo.checkpoint("2025H1"), requested, tmp_path)

    assert [job.page.stem for job in jobs] == [
        f"{code}-2025H1" for code in ("900112", "900103", MODEL)
    ]
    assert failed == []
    assert batch.run([]) == []


# ---- incremental runs ------------------------------------------------------------------


@dataclass
class Run:
    """The report of a run, and the reason of each page it had to make, by key."""

    report: Report
    why: dict[str, str]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace of the small city without faults, with all its pages made."""
    root = small_workspace(tmp_path_factory.mktemp("again"), "")
    run_again(root)
    return root


def run_again(root: Path, *codes: str, force: bool = False, fail_fast: bool = False) -> Run:
    """Make the pages out of date with one worker; return the report and the reasons."""
    why: dict[str, str] = {}

    def record_reasons(plan: Plan) -> Callable[[Result], None]:
        why.update({job.stem.partition("-")[0]: job.why for job in plan.jobs})
        return lambda _: None

    options = Options(1, force=force, fail_fast=fail_fast)
    report = batch.make_briefs(
        open_city(root), AT, codes, root / "out", options, on_planned=record_reasons
    )
    return Run(report, why)


def test_nothing_is_computed_or_made_if_nothing_changed(
    finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = pages(finished)
    monkeypatch.setattr("kejistats.run.planning.BundleBuilder", None)  # must not be called

    again = run_again(finished)

    assert again.why == {}
    assert again.report.counts == {"made": 0, "unchanged": 5, "failed": 0}
    assert pages(finished) == before


def test_only_the_page_of_a_district_that_no_longer_exists_is_reported_as_leftover(
    finished: Path, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    shutil.copytree(finished, root)
    file = root / "data" / "city" / "districts.csv"
    ended = file.read_text("utf-8")
    file.write_text(ended.replace("2024-12-31", ""), "utf-8")
    while_it_existed = run_again(root).report
    run_again(root, "900100")  # the total's page, which is made only on request
    (page_folder(root) / "mine.html").write_text("an analyst's own", "utf-8")

    file.write_text(ended, "utf-8")
    afterwards = run_again(root).report

    assert f"{GONE}-2025H1.html" in [r.page.name for r in while_it_existed.results if r.page]
    assert (while_it_existed.leftover, afterwards.leftover) == ((), (f"{GONE}-2025H1.html",))
    assert afterwards.failed == []
    assert "第4区" not in (page_folder(root) / "index.html").read_text("utf-8")


@pytest.mark.long
def test_a_missing_or_altered_page_is_made_again(finished: Path) -> None:
    before = pages(finished)
    folder = finished / "out" / "city" / "2025H1"
    (folder / f"{GOOD}-2025H1.html").unlink()
    (folder / f"{TWIN}-2025H1.html").write_text("altered by hand", encoding="utf-8")

    again = run_again(finished)

    assert again.why == {GOOD: "html missing", TWIN: "html altered"}
    assert pages(finished) == before


def test_a_changed_figure_makes_those_pages_again_that_show_it(
    finished: Path, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    shutil.copytree(finished, root)
    before = pages(root)
    (root / "data" / "city" / "words" / "2025H1").mkdir(parents=True)
    (root / "data" / "city" / "words" / "2025H1" / f"{DIES}.md").write_text(
        "# 工作举措\n开展培训。\n", "utf-8"
    )

    again = run_again(root)

    assert again.why == {DIES: "data or words changed"}
    changed = {name for name, page in pages(root).items() if page != before[name]}
    assert changed <= {f"{DIES}-2025H1.html"}

    write_csv(root / "data" / "city" / "inbox" / "later.csv", [csv_row(GOOD, "13")])
    ingest_inbox(root)
    later = run_again(root)

    # The figure is also shown on the pages of its peers and in the city's total.
    assert set(later.why) == {"overview", GOOD, RAISES, DIES, TWIN}
    assert set(later.why.values()) == {"data or words changed"}


@pytest.mark.long
def test_a_changed_notebook_and_force_make_pages_again(finished: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    shutil.copytree(finished, root)
    write_notebook(root / "notebooks" / "overview.ipynb", "import kejistats as kj", "1")

    changed = run_again(root)
    forced = run_again(root, GOOD, force=True)

    assert changed.why == {"overview": "notebook changed"}
    assert forced.why == {GOOD: "forced"}
    assert pages(root)[f"{GOOD}-2025H1.html"] == pages(finished)[f"{GOOD}-2025H1.html"]


def test_a_damaged_manifest_costs_only_time(finished: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    shutil.copytree(finished, root)
    work = root / "out" / "city" / "2025H1" / "work"
    (work / "manifest.sqlite").write_bytes(b"no database" * 1000)

    again = run_again(root)

    assert set(again.why.values()) == {"new"}
    assert pages(root) == pages(finished)
    assert (work / "manifest.damaged").exists()


def test_a_dry_run_says_what_and_why_and_writes_nothing(finished: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    shutil.copytree(finished, root)
    (root / "out" / "city" / "2025H1" / f"{GOOD}-2025H1.html").unlink()
    before = {p: p.read_bytes() for p in root.rglob("*") if p.is_file()}

    process = kejistats("briefs", "data/city", "--dry-run", cwd=root, home=tmp_path / "home")

    assert process.returncode == 0, process.stderr
    assert f"{GOOD}-2025H1.html" in process.stdout
    assert "html missing" in process.stdout
    assert process.stdout.splitlines()[-1].startswith("1 pages to make, 4 unchanged in ")
    assert {p: p.read_bytes() for p in root.rglob("*") if p.is_file()} == before


def test_after_the_first_failure_no_further_page_is_started(tmp_path: Path) -> None:
    root = small_workspace(tmp_path / "root", "1 / 0")

    made = run_again(root, GOOD, RAISES, TWIN, fail_fast=True)

    assert [r.error for r in made.report.results] == [
        "cell 4: ZeroDivisionError: division by zero",
        "not started: another page failed",
        "not started: another page failed",
    ]


def test_the_report_is_written_as_json_and_as_a_page(
    process: CompletedProcess[str], root: Path
) -> None:
    report = json.loads((root / "report.json").read_text(encoding="utf-8"))
    page = parse((root / "report.html").read_text(encoding="utf-8"))

    assert (report["made"], report["unchanged"], report["failed"]) == (3, 0, 2)
    states = [b["state"] for b in report["briefs"]]
    assert states == ["made", "made", "failed", "failed", "made"]
    assert [b["cell"] for b in report["briefs"]] == [None, None, 4, 4, None]
    rows = [words_of(tr) for tr in page.findall(".//tbody/tr")]
    assert len(rows) == 5
    assert "ZeroDivisionError" not in rows[0]
    assert "a cell of the analyst's own went wrong" in rows[0]


def test_the_log_beside_the_report_follows_the_run(
    process: CompletedProcess[str], root: Path
) -> None:
    lines = (root / "run.log").read_text(encoding="utf-8").splitlines()

    # After date, time, level and logger.
    said = [line.split(": ", 1)[1] for line in lines]
    assert said[0].endswith(": run of city 2025H1 for all districts")
    assert "5 pages to make, 0 unchanged, 0 without data" in said
    assert f"to make: {GOOD}-2025H1 (new)" in said
    assert sum(text.startswith("made: ") for text in said) == 3
    [failed] = [line for line in lines if f"failed: {RAISES}-2025H1" in line]
    assert " ERROR kejistats.run.pool: " in failed
    assert "cell 4: ValueError: a cell of the analyst's own went wrong; see " in failed
    assert failed.endswith(f"{RAISES}-2025H1.ipynb")
    deaths = [line for line in lines if f"at {DIES}-2025H1: the worker process died" in line]
    assert len(deaths) == 2
    assert said[-1].endswith(" s: 3 made, 0 unchanged, 2 failed")


def test_codes_that_differ_only_in_case_are_refused() -> None:
    with pytest.raises(UsageError, match="the codes a1 and A1 differ only in case"):
        check_unique_codes(["a1", "b", "A1"])
