"""Many pages at once: one district's fault costs no other its brief."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from subprocess import CompletedProcess

import nbformat
import pytest
from factory import COUNT, ROOT, make_dataset, write_csv
from nbformat.v4 import new_code_cell, new_notebook
from pages import MODEL, Made, parse, words_of
from workspaces import kejistats

from kejistats import batch
from kejistats.brief import Brief, Bundle
from kejistats.dataset import Dataset
from kejistats.intake import inbox_files, take_in

# The districts of a small city: one whose notebook runs, one whose cell raises an error, one whose
# kernel dies, one that is gone, and one that has the name of the first.
GOOD, RAISES, DIES, GONE, TWIN = "900101", "900102", "900103", "900104", "900105"
FAULTS = f"""
import os

code = brief.district["code"]
if code == "{RAISES}":
    raise ValueError("a cell of the analyst's own went wrong\\nin its second line")
if code == "{DIES}":
    os._exit(3)
"""
PARAMETERS = 'bundle = ""'


def notebook(file: Path, *cells: str) -> None:
    """Write a notebook whose first cell holds the parameters."""
    first = new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})
    nb = new_notebook(cells=[first, *(new_code_cell(cell) for cell in cells)])
    nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python", "language": "python"}
    file.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nb, file)


def small_workspace(root: Path, faults: str) -> Path:
    """A workspace of a small city, taken in, with notebooks of the analyst's own."""
    shutil.copytree(ROOT / "schemas", root / "schemas")
    opening = "import kejistats as kj\nbrief = kj.open_brief(bundle=bundle)"
    notebook(root / "notebooks" / "brief.ipynb", opening, faults, "brief.head")
    opening = "import kejistats as kj\noverview = kj.open_overview(bundle=bundle)"
    notebook(root / "notebooks" / "overview.ipynb", opening, "overview.head")
    folder = make_dataset(root / "data" / "city", 5)
    districts = (folder / "districts.csv").read_text(encoding="utf-8")
    ended = districts.replace("第5区", "第1区").replace("group\n", "group,valid_to\n")
    ended = ended.replace("第4区,900100,\n", "第4区,900100,,2024-12-31\n")
    assert ended.count("2024-12-31") == 1
    (folder / "districts.csv").write_text(ended, encoding="utf-8")
    rows = [
        {"district": code, "indicator": COUNT, "checkpoint": "2025H1", "value": "12"}
        for code in (GOOD, RAISES, DIES, TWIN)
    ]
    write_csv(folder / "inbox" / "figures.csv", rows)
    dataset = Dataset(folder)
    take_in(dataset, inbox_files(dataset))
    return root


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small city's workspace, with faults."""
    return small_workspace(tmp_path_factory.mktemp("faults"), FAULTS)


@pytest.fixture(scope="module")
def process(root: Path, tmp_path_factory: pytest.TempPathFactory) -> CompletedProcess[str]:
    """The command that makes all its pages."""
    home = tmp_path_factory.mktemp("home")
    return kejistats("briefs", "data/city", "-j", "2", cwd=root, home=home)


def folder_of(root: Path) -> Path:
    """Where its pages are."""
    return root / "out" / "city" / "2025H1"


def test_faults_are_told_with_cell_and_error_and_set_the_exit_code(
    process: CompletedProcess[str],
) -> None:
    assert process.returncode == 1
    failed = [line for line in process.stderr.splitlines() if line.startswith("failed: ")]
    assert len(failed) == 3
    assert failed[0] == (
        "failed: 第2区: cell 4: ValueError: a cell of the analyst's own went wrong"
    )
    assert failed[1].startswith("failed: 第3区: DeadKernelError: ")
    assert failed[2] == f"failed: 第4区: {GONE} has neither figures nor targets for 2025H1"
    assert "Traceback" not in process.stderr
    assert process.stdout.splitlines()[-1].startswith("3 pages made, 3 failed; open ")


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
    assert [rows[f"第{n}区"] for n in (2, 3, 4)] == ["未生成"] * 3
    assert names == ["总览", "第1区", "第2区", "第3区", "第4区", "第1区"]
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


@pytest.mark.skipif(os.name == "nt", reason="a kernel cannot kill its parent so on Windows")
def test_a_killed_worker_is_told_for_each_page_it_owed(tmp_path: Path) -> None:
    kill = "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)"
    root = small_workspace(tmp_path / "killed", kill)
    dataset = Dataset(root / "data" / "city")
    at = dataset.checkpoint("2025H1")
    _, jobs, _ = batch.plan(dataset, at, [GOOD, RAISES], tmp_path / "out")

    results = batch.run(jobs, 1)

    assert [r.name for r in results] == ["第1区", "第2区"]
    assert {r.error for r in results} == {"the worker process died; run the command again"}
    assert not list((tmp_path / "out").rglob("*.html"))


def test_one_worker_and_two_make_the_same_bytes(made: Made, demo: Dataset, tmp_path: Path) -> None:
    at = demo.checkpoint("2025H1")
    _, planned, _ = batch.plan(demo, at, (), tmp_path)
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

    _, jobs, failed = batch.plan(demo, demo.checkpoint("2025H1"), asked, tmp_path)

    assert [job.page.stem for job in jobs] == [
        f"{code}-2025H1" for code in ("900112", "900103", MODEL)
    ]
    assert failed == []
    assert batch.run([]) == []


@pytest.mark.parametrize(("deaths", "made"), [(0, True), (2, True), (3, False)])
def test_a_kernel_that_dies_before_it_has_begun_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deaths: int, made: bool
) -> None:
    root = small_workspace(tmp_path / "again", "")
    dataset = Dataset(root / "data" / "city")
    at = dataset.checkpoint("2025H1")
    _, [job], _ = batch.plan(dataset, at, [GOOD], tmp_path / "out")
    begun = []

    def execute(source: str, target: str, **_: object) -> None:
        begun.append(source)
        if len(begun) <= deaths:
            raise RuntimeError("Kernel died before replying to kernel_info")
        shutil.copy(source, target)

    monkeypatch.setattr("papermill.execute_notebook", execute)
    monkeypatch.setattr(batch, "_export", lambda job: None)

    result = batch.make(job)

    assert len(begun) == min(deaths + 1, 3)
    assert (result.page is not None) == made
    assert ("died" in result.error) != made
