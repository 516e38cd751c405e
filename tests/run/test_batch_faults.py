"""Cells that fail in every way: each costs its own brief and nothing else."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from kejistats.model.errors import KejistatsError
from kejistats.run.job import Result
from kejistats.run.pool import Limits, Pool
from tests.conftest import once
from tests.run.factory import OPENING, notebook_jobs, small_workspace, write_notebook

SECONDS, MEMORY = 6.0, 450.0
KILL = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
# A cell, and the error reported for it; empty if the page is made all the same.
FAULTS = {
    "raises": ("1 / 0", "cell 4: ZeroDivisionError: division by zero"),
    "loops": (
        "while True:\n    pass",
        "cell 4: CellTimeoutError: did not finish within 6 s; see --timeout",
    ),
    "allocates": (
        "kept = []\nwhile True:\n    kept.append(bytearray(b'x') * 20_000_000)",
        "cell 4: MemoryError: used more than 450 MB; see --memory",
    ),
    "exits": (
        "import os\nos._exit(3)",
        "cell 4: DeadKernelError: the worker process died (exit code 3), as did the one before it",
    ),
    "kills itself": (
        KILL,
        "cell 4: DeadKernelError: the worker process died (exit code -9), as did the one before it",
    ),
    "leaves": ("raise SystemExit(2)", "cell 4: SystemExit: 2"),
    "leaves quietly": ("import sys\nsys.exit()", "cell 4 failed: SystemExit: "),
    "closes stdout": ("import sys\nsys.stdout.close()", ""),
    "closes descriptors": ("import os\nos.close(1)\nos.close(2)", ""),
    "writes a gigabyte": ("for _ in range(1000):\n    print('数' * 333_000)", ""),
    "writes to the pipe": (
        "import os\nfor _ in range(100):\n    os.write(1, b'{\"done\": 1}' * 100_000)",
        "",
    ),
    "good": ("", ""),
}


def make_all(out: Path) -> tuple[Path, dict[str, Result]]:
    """Run all of them with two workers; return the folder of the pages and the results."""
    root = small_workspace(out / "root", "")
    notebooks = {
        name: write_notebook(root / "notebooks" / f"{name}.ipynb", OPENING, cell, "brief.head")
        for name, (cell, _) in FAULTS.items()
        if os.name != "nt" or name != "kills itself"
    }
    with Pool(2, Limits(SECONDS, MEMORY)) as pool:
        made = pool.run(notebook_jobs(root, out, notebooks))
        assert pool.stats.memory < MEMORY + 400
    return out, dict(zip(notebooks, made, strict=True))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Result]]:
    """The run, shared by all processes of a test session."""
    return once(tmp_path_factory, "cells", make_all)


@pytest.fixture(scope="module")
def out(made: tuple[Path, dict[str, Result]]) -> Path:
    """The folder of the pages."""
    return made[0]


@pytest.fixture(scope="module")
def results(made: tuple[Path, dict[str, Result]]) -> dict[str, Result]:
    """The result of each notebook."""
    return made[1]


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_reported_with_its_cell(results: dict[str, Result], name: str) -> None:
    if name not in results:
        pytest.skip("a signal of other systems")
    result = results[name]

    assert result.error.splitlines()[:1] == ([FAULTS[name][1]] if FAULTS[name][1] else [])
    assert (result.page is None) == bool(FAULTS[name][1])


@pytest.mark.parametrize("name", [name for name, (_, error) in FAULTS.items() if not error])
def test_notebooks_without_an_error_have_their_pages(
    results: dict[str, Result], out: Path, name: str
) -> None:
    page = (out / f"{name}.html").read_text(encoding="utf-8")

    good = (out / "good.html").read_text(encoding="utf-8")
    if name == "writes a gigabyte":
        assert "（输出过长，以下从略）" in page
        assert len(page) < 300_000
        assert page.endswith(good[-200:])
    else:
        assert page == good


@pytest.mark.parametrize("name", [name for name, (_, error) in FAULTS.items() if error])
def test_the_error_is_saved_in_the_notebook_and_no_page_is_made(
    results: dict[str, Result], out: Path, name: str
) -> None:
    if name not in results:
        pytest.skip("a signal of other systems")
    saved = json.loads((out / "work" / f"{name}.ipynb").read_text(encoding="utf-8"))

    expected = FAULTS[name][1].split(": ")[1]
    errors = [o["ename"] for c in saved["cells"] for o in c.get("outputs", []) if "ename" in o]
    assert errors == [expected]
    assert not (out / f"{name}.html").exists()


def test_nothing_is_left_behind(results: dict[str, Result], out: Path) -> None:
    assert list(out.rglob("*.part")) == []
    assert [p for p in (out / "work" / ".run").iterdir() if any(p.iterdir())] == []


def test_a_permanently_changed_library_retires_its_worker(tmp_path: Path) -> None:
    root = small_workspace(tmp_path / "root", "")
    spoils = "import kejistats.brief.brief as b\nb.Brief.head = property(lambda self: 1 / 0)"
    notebooks = {
        "a": write_notebook(root / "notebooks" / "a.ipynb", OPENING, spoils),
        "b": write_notebook(root / "notebooks" / "b.ipynb", OPENING, "brief.head"),
    }

    with Pool(1) as pool:
        a, b = pool.run(notebook_jobs(root, tmp_path, notebooks))

    assert b.error == ""
    assert pool.stats.started == 2
    assert pool.stats.retired == ["kejistats.brief.brief.Brief.head"]
    assert "ZeroDivisionError" in a.error  # the page's conclusion comes from the spoilt class


def test_a_full_disk_ends_the_run_and_leaves_old_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = small_workspace(tmp_path / "root", "")
    full = (
        "import errno, pathlib\n"
        "def full(self, *a, **k):\n"
        f"    raise OSError({errno.ENOSPC}, 'No space left on device', str(self))\n"
        "pathlib.Path.write_text = full"
    )
    notebooks = {
        name: write_notebook(root / "notebooks" / f"{name}.ipynb", OPENING, cell, "brief.head")
        for name, cell in (("a", full), ("b", ""))
    }
    planned = notebook_jobs(root, tmp_path, notebooks)
    planned[0].page.write_text("an older page", encoding="utf-8")

    with Pool(1) as pool, pytest.raises(KejistatsError, match=r"the disk is full: a\.html was not"):
        pool.run(planned)

    assert planned[0].page.read_text(encoding="utf-8") == "an older page"
    assert not planned[1].page.exists()
