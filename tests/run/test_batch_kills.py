"""Interrupted and killed runs lose nothing, and two runs at once do not disturb each other."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest

from tests.run.factory import pages, small_workspace
from tests.workspaces import environment

PAGES = 8
# One worker, and two in the long test: each takes seconds to start.
WORKERS = 1
# A cell that writes a line to a file for each brief that is begun.
LOG_BEGUN = """
import os, pathlib, time
with open(pathlib.Path(bundle).parents[4] / "begun.txt", "a") as file:
    print(brief.district["code"], file=file)
time.sleep(0.05)
"""

pytestmark = pytest.mark.skipif(os.name == "nt", reason="other systems' signals")


def start(root: Path, home: Path, workers: int = WORKERS) -> subprocess.Popen[str]:
    """Start the command that makes all pages."""
    command = [sys.executable, "-m", "kejistats", "briefs", "data/city", "-j", str(workers)]
    return subprocess.Popen(
        command, cwd=root, env=environment(home), encoding="utf-8",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def run_and_stop(
    root: Path, home: Path, number: int, lines: int, wait: float = 0.0, workers: int = WORKERS
) -> tuple[int, str]:
    """Start, wait for so many lines of progress, send a signal; return exit code and messages."""
    process = start(root, home, workers)
    assert process.stderr is not None
    messages = ""
    for _ in range(lines):
        messages += process.stderr.readline()
    time.sleep(wait)
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    messages += process.communicate()[1]
    assert psutil.wait_procs(children, timeout=10)[1] == []  # no worker outlives its owner
    return process.returncode, messages


def finish(root: Path, home: Path) -> str:
    """Make the remaining pages; return what the run printed."""
    process = start(root, home)
    out, messages = process.communicate()
    assert process.returncode == 0, messages
    return out


def begun(root: Path) -> Counter[str]:
    """Return how often each brief was begun."""
    file = root / "begun.txt"
    return Counter(file.read_text(encoding="utf-8").split()) if file.exists() else Counter()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small city without any pages made."""
    return small_workspace(tmp_path_factory.mktemp("city") / "root", LOG_BEGUN, PAGES)


@pytest.fixture(scope="module")
def undisturbed(root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Its pages, made by two runs at once of which one waits for the other."""
    copy, home = tmp_path_factory.mktemp("both") / "root", tmp_path_factory.mktemp("home")
    shutil.copytree(root, copy)
    runs = [start(copy, home) for _ in range(2)]
    outputs = [run.communicate() for run in runs]
    assert [run.returncode for run in runs] == [0, 0], outputs
    waiting = "another run is using the same folder; waiting for it to finish"
    assert [waiting in err for _, err in outputs].count(True) == 1
    made = sorted(re.search(r"(\d+) pages made", out)[1] for out, _ in outputs)  # type: ignore[index]
    assert made == ["0", str(PAGES)]
    assert set(begun(copy).values()) == {1}
    return pages(copy)


def test_two_runs_at_once_make_each_page_once(undisturbed: dict[str, bytes]) -> None:
    # All districts except the one that no longer exists, the overview and the index.
    assert len(undisturbed) == PAGES - 1 + 2


def test_runs_stopped_again_and_again_lose_nothing(
    root: Path, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    copy = tmp_path / "root"
    shutil.copytree(root, copy)

    interrupted = run_and_stop(copy, tmp_path / "home", signal.SIGINT, 1)
    terminated = run_and_stop(copy, tmp_path / "home", signal.SIGTERM, 1)
    killed = [
        run_and_stop(copy, tmp_path / "home", signal.SIGKILL, lines, wait)
        for lines, wait in ((0, 1.0), (1, 0.0), (1, 0.04))
    ]
    out = finish(copy, tmp_path / "home")

    assert (interrupted[0], terminated[0]) == (130, 143)
    for _, messages in (interrupted, terminated):
        assert re.search(
            r"interrupted: \d pages made; run the command again for the rest", messages
        )
        assert "Traceback" not in messages
    assert {code for code, _ in killed} == {-signal.SIGKILL}
    assert pages(copy) == undisturbed
    repeated = sum(begun(copy).values()) - len(begun(copy))
    assert repeated <= 5 * WORKERS
    assert int(re.search(r"(\d+) unchanged", out)[1]) >= 1  # type: ignore[index]


@pytest.mark.long
@pytest.mark.parametrize("seed", range(20))
def test_a_run_killed_at_any_moment_is_completed_by_the_next(
    root: Path, undisturbed: dict[str, bytes], tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    copy = tmp_path / "root"
    shutil.copytree(root, copy)

    lines, wait = rng.randrange(PAGES), rng.uniform(0, 0.4)
    run_and_stop(copy, tmp_path / "home", signal.SIGKILL, lines, wait, workers=2)
    finish(copy, tmp_path / "home")

    assert pages(copy) == undisturbed
    assert sum(count - 1 for count in begun(copy).values()) <= 2
