"""Many pages at once: one district's fault costs no other its brief."""

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
from kejistats.run.planning import Plan, check_codes
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
    city,
    figure,
    notebook,
    small_workspace,
    taken_in,
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
    """The small city's workspace, with faults."""
    return small_workspace(tmp_path_factory.mktemp("faults"), FAULTS)


@pytest.fixture(scope="module")
def process(root: Path, tmp_path_factory: pytest.TempPathFactory) -> CompletedProcess[str]:
    """The command that makes all its pages."""
    home = tmp_path_factory.mktemp("home")
    ended = kejistats("briefs", "data/city", "-j", "2", cwd=root, home=home)
    # Later runs of other tests leave reports of their own.
    for file in (folder_of(root) / "work").glob("report.*"):
        shutil.copy(file, root)
    return ended


def folder_of(root: Path) -> Path:
    """Where its pages are."""
    return root / "out" / "city" / "2025H1"


def test_faults_are_told_with_cell_and_error_and_set_the_exit_code(
    process: CompletedProcess[str],
) -> None:
    assert process.returncode == 1
    failed = [line for line in process.stderr.splitlines() if line.startswith("failed: ")]
    assert len(failed) == 2
    assert failed[0] == (
        "failed: 第2区: cell 4: ValueError: a cell of the analyst's own went wrong"
    )
    assert failed[1] == (
        "failed: 第3区: cell 4: DeadKernelError: the worker process died (exit code 3), and so did "
        "the one before it"
    )
    assert "Traceback" not in process.stderr
    *_, told, where = process.stdout.splitlines()
    assert told.startswith("3 pages made, 0 unchanged, 2 failed in ")
    assert where.startswith("open ")


def test_progress_is_one_plain_line_a_page(process: CompletedProcess[str]) -> None:
    lines = [line for line in process.stderr.splitlines() if line.startswith("[")]

    assert [line[:5] for line in lines] == [f"[{n}/5]" for n in range(1, 6)]
    assert sum(line.endswith(" failed") for line in lines) == 2


def test_the_others_are_made_and_nothing_is_left_half_written(
    process: CompletedProcess[str], root: Path
) -> None:
    files = sorted(p.name for p in folder_of(root).iterdir() if p.is_file())

    assert files == [f"{GOOD}-2025H1.html", f"{TWIN}-2025H1.html", "index.html", "overview.html"]
    assert not list(root.rglob("*.part"))


def test_the_index_says_what_was_not_made(process: CompletedProcess[str], root: Path) -> None:
    page = parse((folder_of(root) / "index.html").read_text(encoding="utf-8"))

    rows = {
        words_of(tr.find("th")): words_of(tr.findall("td")[-1])  # type: ignore[arg-type]
        for tr in page.findall(".//tbody/tr")
    }
    links = [a.get("href", "") for a in page.iter("a")]

    names = [words_of(th) for th in page.findall(".//tbody/tr/th")]
    assert [rows[f"第{n}区"] for n in (2, 3)] == ["未生成"] * 2
    # Nobody waits for the page of the one that is gone.
    assert names == ["总览", "第1区", "第2区", "第3区", "第1区"]
    assert links == ["overview.html", f"{GOOD}-2025H1.html", f"{TWIN}-2025H1.html"]


def test_two_districts_of_one_name_keep_their_own_pages(
    process: CompletedProcess[str], root: Path
) -> None:
    for code in (GOOD, TWIN):
        page = (folder_of(root) / f"{code}-2025H1.html").read_text(encoding="utf-8")
        brief = Brief(Bundle.read(folder_of(root) / "work" / f"{code}-2025H1.json"))

        assert brief.district["code"] == code
        assert brief.district["name"] == "第1区"
        assert brief.head.html.strip() in page


def test_the_failed_notebook_is_kept_with_its_error(
    process: CompletedProcess[str], root: Path
) -> None:
    file = folder_of(root) / "work" / f"{RAISES}-2025H1.ipynb"

    content = json.loads(file.read_text(encoding="utf-8"))

    outputs = [o for cell in content["cells"] for o in cell.get("outputs", [])]
    [error] = [o for o in outputs if o["output_type"] == "error"]
    assert error["evalue"].startswith("a cell of the analyst's own went wrong")


def test_a_page_of_an_earlier_run_is_replaced_whole_or_stays(
    process: CompletedProcess[str], root: Path, tmp_path: Path
) -> None:
    page = folder_of(root) / f"{GOOD}-2025H1.html"
    before = page.read_bytes()
    page.write_text("an older page", encoding="utf-8")

    again = kejistats("briefs", "data/city", "-d", GOOD, "--json", cwd=root, home=tmp_path)

    assert again.returncode == 0, again.stderr
    assert page.read_bytes() == before
    told = json.loads(again.stdout)
    assert [b["name"] for b in told["briefs"]] == ["第1区"]
    assert Path(told["briefs"][0]["page"]) == page


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
    asked = ["900112", "900103", MODEL, "900103"]

    _, jobs, failed = planning.plan(demo, demo.checkpoint("2025H1"), asked, tmp_path)

    assert [job.page.stem for job in jobs] == [
        f"{code}-2025H1" for code in ("900112", "900103", MODEL)
    ]
    assert failed == []
    assert batch.run([]) == []


# ---- again -----------------------------------------------------------------------------


@dataclass
class Again:
    """A run, and what it found to do."""

    report: Report
    why: dict[str, str]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace of the small city without faults, all its pages made."""
    root = small_workspace(tmp_path_factory.mktemp("again"), "")
    run_again(root)
    return root


def run_again(root: Path, *codes: str, force: bool = False, fail_fast: bool = False) -> Again:
    """Make what must be made with one worker, and keep what was to be done and why."""
    why: dict[str, str] = {}

    def planned(plan: Plan) -> Callable[[Result], None]:
        why.update({job.stem.partition("-")[0]: job.why for job in plan.jobs})
        return lambda _: None

    options = Options(1, force=force, fail_fast=fail_fast)
    report = batch.make_briefs(city(root), AT, codes, root / "out", options, planned=planned)
    return Again(report, why)


def pages(root: Path) -> dict[str, bytes]:
    """The pages that are there."""
    return {p.name: p.read_bytes() for p in (root / "out" / "city" / "2025H1").glob("*.html")}


def test_nothing_is_computed_or_made_where_nothing_changed(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = pages(own)
    monkeypatch.setattr("kejistats.run.planning.BundleBuilder", None)  # must not be called

    again = run_again(own)

    assert again.why == {}
    assert again.report.counts == {"made": 0, "unchanged": 5, "failed": 0}
    assert pages(own) == before


def test_the_page_of_a_district_that_is_gone_is_named_and_nothing_else(
    own: Path, tmp_path: Path
) -> None:
    root = tmp_path / "own"
    shutil.copytree(own, root)
    file = root / "data" / "city" / "districts.csv"
    ended = file.read_text("utf-8")
    file.write_text(ended.replace("2024-12-31", ""), "utf-8")
    there = run_again(root).report
    run_again(root, "900100")  # the total's page, which is made for those who ask for it
    (folder_of(root) / "mine.html").write_text("an analyst's own", "utf-8")

    file.write_text(ended, "utf-8")
    gone = run_again(root).report

    assert f"{GONE}-2025H1.html" in [r.page.name for r in there.results if r.page]
    assert (there.leftover, gone.leftover) == ((), (f"{GONE}-2025H1.html",))
    assert gone.failed == []
    assert "第4区" not in (folder_of(root) / "index.html").read_text("utf-8")


@pytest.mark.long
def test_a_page_lost_or_altered_is_made_again(own: Path) -> None:
    before = pages(own)
    folder = own / "out" / "city" / "2025H1"
    (folder / f"{GOOD}-2025H1.html").unlink()
    (folder / f"{TWIN}-2025H1.html").write_text("altered by hand", encoding="utf-8")

    again = run_again(own)

    assert again.why == {GOOD: "html missing", TWIN: "html altered"}
    assert pages(own) == before


def test_one_figure_changed_makes_those_pages_that_show_it(own: Path, tmp_path: Path) -> None:
    root = tmp_path / "own"
    shutil.copytree(own, root)
    before = pages(root)
    (root / "data" / "city" / "words" / "2025H1").mkdir(parents=True)
    (root / "data" / "city" / "words" / "2025H1" / f"{DIES}.md").write_text(
        "# 工作举措\n开展培训。\n", "utf-8"
    )

    again = run_again(root)

    assert again.why == {DIES: "data or words changed"}
    changed = {name for name, page in pages(root).items() if page != before[name]}
    assert changed <= {f"{DIES}-2025H1.html"}

    write_csv(root / "data" / "city" / "inbox" / "later.csv", [figure(GOOD, "13")])
    taken_in(root)
    later = run_again(root)

    # Its figure stands among those of its peers, and in the city's total.
    assert set(later.why) == {"overview", GOOD, RAISES, DIES, TWIN}
    assert set(later.why.values()) == {"data or words changed"}


@pytest.mark.long
def test_a_changed_notebook_and_force_make_pages_again(own: Path, tmp_path: Path) -> None:
    root = tmp_path / "own"
    shutil.copytree(own, root)
    notebook(root / "notebooks" / "overview.ipynb", "import kejistats as kj", "1")

    changed = run_again(root)
    forced = run_again(root, GOOD, force=True)

    assert changed.why == {"overview": "notebook changed"}
    assert forced.why == {GOOD: "forced"}
    assert pages(root)[f"{GOOD}-2025H1.html"] == pages(own)[f"{GOOD}-2025H1.html"]


def test_a_damaged_manifest_costs_only_time(own: Path, tmp_path: Path) -> None:
    root = tmp_path / "own"
    shutil.copytree(own, root)
    work = root / "out" / "city" / "2025H1" / "work"
    (work / "manifest.sqlite").write_bytes(b"no database" * 1000)

    again = run_again(root)

    assert set(again.why.values()) == {"new"}
    assert pages(root) == pages(own)
    assert (work / "manifest.damaged").exists()


def test_a_dry_run_says_what_and_why_and_writes_nothing(own: Path, tmp_path: Path) -> None:
    root = tmp_path / "own"
    shutil.copytree(own, root)
    (root / "out" / "city" / "2025H1" / f"{GOOD}-2025H1.html").unlink()
    before = {p: p.read_bytes() for p in root.rglob("*") if p.is_file()}

    told = kejistats("briefs", "data/city", "--dry-run", cwd=root, home=tmp_path / "home")

    assert told.returncode == 0, told.stderr
    assert f"{GOOD}-2025H1.html" in told.stdout
    assert "html missing" in told.stdout
    assert told.stdout.splitlines()[-1].startswith("1 pages to make, 4 unchanged in ")
    assert {p: p.read_bytes() for p in root.rglob("*") if p.is_file()} == before


def test_after_the_first_failure_no_further_page_is_begun(tmp_path: Path) -> None:
    root = small_workspace(tmp_path / "root", "1 / 0")

    made = run_again(root, GOOD, RAISES, TWIN, fail_fast=True)

    assert [r.error for r in made.report.results] == [
        "cell 4: ZeroDivisionError: division by zero",
        "not begun: another page failed",
        "not begun: another page failed",
    ]


def test_the_report_is_kept_as_json_and_page(process: CompletedProcess[str], root: Path) -> None:
    told = json.loads((root / "report.json").read_text(encoding="utf-8"))
    page = parse((root / "report.html").read_text(encoding="utf-8"))

    assert (told["made"], told["unchanged"], told["failed"]) == (3, 0, 2)
    by_state = [b["state"] for b in told["briefs"]]
    assert by_state == ["made", "made", "failed", "failed", "made"]
    assert [b["cell"] for b in told["briefs"]] == [None, None, 4, 4, None]
    rows = [words_of(tr) for tr in page.findall(".//tbody/tr")]
    assert len(rows) == 5
    assert "ZeroDivisionError" not in rows[0]
    assert "a cell of the analyst's own went wrong" in rows[0]


def test_codes_that_differ_in_case_only_are_refused() -> None:
    with pytest.raises(UsageError, match="the codes a1 and A1 differ in case only"):
        check_codes(["a1", "b", "A1"])
