"""Briefs by the standard tools alone: papermill and nbconvert, from any folder of a workspace."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from kejistats.api import open_brief, open_overview
from kejistats.model.errors import UsageError
from tests.pages.factory import MODEL, Made, parse, words_of
from tests.workspaces import call, copy_workspace

CITY = ("-p", "dataset", "data/demo-city")
DISTRICT = ("-p", "district", MODEL)
CHECKPOINT = ("-p", "checkpoint", "2025H1")


@dataclass(frozen=True)
class PapermillCall:
    """One call of papermill: the folder it starts in, the notebook and its parameters."""

    folder: str
    notebook: str
    parameters: tuple[str, ...]


CALLS = {
    "root": PapermillCall(".", "notebooks/brief.ipynb", (*CITY, *DISTRICT, *CHECKPOINT)),
    "notebooks": PapermillCall("notebooks", "brief.ipynb", (*CITY, *DISTRICT, *CHECKPOINT)),
    "unknown district": PapermillCall(
        ".", "notebooks/brief.ipynb", (*CITY, "-p", "district", "朝岗区", *CHECKPOINT)
    ),
}


@dataclass(frozen=True)
class PapermillResult:
    """The finished process and the notebook it saved."""

    process: CompletedProcess[str]
    notebook: Path

    def error(self) -> str:
        """Return the error saved in the notebook."""
        content = json.loads(self.notebook.read_text(encoding="utf-8"))
        outputs = [o for cell in content["cells"] for o in cell.get("outputs", [])]
        [error] = [o for o in outputs if o["output_type"] == "error"]
        return f"{error['ename']}: {error['evalue']}"


@pytest.fixture(scope="module")
def root(workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the demo city, and with the provinces not ingested."""
    folder = tmp_path_factory.mktemp("stock")
    copy_workspace(workspace, folder, "demo-city", "provinces")
    (folder / "data" / "provinces" / "store").rename(folder / "store-elsewhere")
    return folder


@pytest.fixture(scope="module")
def results(root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, PapermillResult]:
    """The results of all calls of papermill, run two at a time."""
    home = tmp_path_factory.mktemp("home")

    def execute(name: str) -> PapermillResult:
        papermill_call = CALLS[name]
        folder = root / papermill_call.folder
        out = root / f"{name}.ipynb"
        process = call(
            "papermill",
            papermill_call.notebook,
            out,
            *papermill_call.parameters,
            cwd=folder,
            home=home,
        )
        return PapermillResult(process, out)

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(CALLS, pool.map(execute, CALLS), strict=True))


@pytest.fixture(scope="module")
def pages(
    results: dict[str, PapermillResult], root: Path, tmp_path_factory: pytest.TempPathFactory
) -> list[Path]:
    """The pages of both notebooks, exported by one call of jupyter nbconvert."""
    home = tmp_path_factory.mktemp("home")
    sources = [results[name].notebook for name in ("root", "notebooks")]
    process = call("jupyter", "nbconvert", "--to", "kejistats", *sources, cwd=root, home=home)
    assert process.returncode == 0, process.stderr
    return [source.with_suffix(".html") for source in sources]


@pytest.mark.parametrize("name", ["root", "notebooks"])
def test_papermill_runs_a_brief_from_the_root_and_from_its_own_folder(
    results: dict[str, PapermillResult], name: str
) -> None:
    process = results[name].process

    assert process.returncode == 0, process.stderr


def test_nbconvert_makes_the_page_that_a_batch_makes(pages: list[Path], made: Made) -> None:
    texts = [page.read_text(encoding="utf-8") for page in pages]

    assert texts[0] == texts[1]
    assert texts[0] == made.pages[f"demo-city/{MODEL}"].read_text(encoding="utf-8")
    [heading] = parse(texts[0]).iter("h1")
    assert words_of(heading) == "朝岚区2025年上半年科技指标简报"


def test_an_error_says_what_would_be_right_and_is_saved(
    results: dict[str, PapermillResult],
) -> None:
    process, saved = results["unknown district"].process, results["unknown district"].error()

    assert process.returncode != 0
    for text in ("UsageError: demo-city has no district '朝岗区'", "did you mean 朝岚区"):
        assert text in saved
        assert text in process.stderr


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (("", MODEL, "2025H1"), ("the parameter dataset is missing", "-p dataset data/")),
        (
            ("data/demo-city", "", "2025H1"),
            ("the parameter district is missing", "-p district", "900101 朝岚区"),
        ),
        (
            ("data/demo-city", MODEL, "2019H1"),
            ("demo-city has no figures for 2019H1", "it has: 2021H1, 2021H2,"),
        ),
    ],
)
def test_wrong_parameters_of_a_brief_are_reported(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    parameters: tuple[str, ...],
    expected: tuple[str, ...],
) -> None:
    monkeypatch.chdir(root)

    with pytest.raises(UsageError) as error:
        open_brief(*parameters)

    for text in expected:
        assert text in str(error.value)


def test_an_overview_without_a_store_is_reported(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root / "notebooks")

    with pytest.raises(UsageError, match=r"(?s)the store of.*is empty.*kejistats intake"):
        open_overview("data/provinces")


def test_a_failed_notebook_is_not_exported(
    results: dict[str, PapermillResult], root: Path, tmp_path: Path
) -> None:
    source = results["unknown district"].notebook

    process = call(
        "jupyter", "nbconvert", "--to", "kejistats", source, cwd=root, home=tmp_path / "home"
    )

    assert process.returncode != 0
    assert "has no district '朝岗区'" in process.stderr
    assert not source.with_suffix(".html").exists()
