"""A run that is interrupted or killed loses nothing, and two runs at once do not disturb each other."""

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

from tests.run.factory import small_workspace
from tests.workspaces import environment

WORKERS, PAGES = 2, 8
# Each brief that is begun leaves a line.
TOLD = """
import os, pathlib, time
with open(pathlib.Path(bundle).parents[4] / "begun.txt", "a") as file:
    print(brief.district["code"], file=file)
time.sleep(0.05)
"""

pytestmark = pytest.mark.skipif(os.name == "nt", reason="other systems' signals")


def start(root: Path, home: Path) -> subprocess.Popen[str]:
    """Begin to make all pages."""
    command = [sys.executable, "-m", "kejistats", "briefs", "data/city", "-j", str(WORKERS)]
    return subprocess.Popen(
        command, cwd=root, env=environment(home), encoding="utf-8",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def stopped(root: Path, home: Path, number: int, pages: int, wait: float = 0.0) -> tuple[int, str]:
    """Begin, wait until so many pages are told, send a signal; how it ended and what it said."""
    process = start(root, home)
    assert process.stderr is not None
    said = ""
    for _ in range(pages):
        said += process.stderr.readline()
    time.sleep(wait)
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    said += process.communicate()[1]
    assert psutil.wait_procs(family, timeout=10)[1] == []  # no worker outlives its owner
    return process.returncode, said


def finished(root: Path, home: Path) -> str:
    """Make what is left; what the run printed."""
    process = start(root, home)
    out, said = process.communicate()
    assert process.returncode == 0, said
    return out


def pages(root: Path) -> dict[str, bytes]:
    """The pages of districts and the index."""
    return {p.name: p.read_bytes() for p in (root / "out" / "city" / "2025H1").glob("*.html")}


def begun(root: Path) -> Counter[str]:
    """How often each brief was begun."""
    file = root / "begun.txt"
    return Counter(file.read_text(encoding="utf-8").split()) if file.exists() else Counter()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small city none of whose pages is made."""
    return small_workspace(tmp_path_factory.mktemp("city") / "root", TOLD, PAGES)


@pytest.fixture(scope="module")
def undisturbed(root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Its pages, made by two runs at once, of which one waits for the other."""
    own, home = tmp_path_factory.mktemp("both") / "root", tmp_path_factory.mktemp("home")
    shutil.copytree(root, own)
    runs = [start(own, home) for _ in range(2)]
    said = [run.communicate() for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said
    waiting = "another run is at work on the same folder; waiting for it"
    assert [waiting in err for _, err in said].count(True) == 1
    made = sorted(re.search(r"(\d+) pages made", out)[1] for out, _ in said)  # type: ignore[index]
    assert made == ["0", str(PAGES)]
    assert set(begun(own).values()) == {1}
    return pages(own)


def test_two_runs_at_once_make_each_page_once(undisturbed: dict[str, bytes]) -> None:
    # The districts but one that is gone, the overview and the index.
    assert len(undisturbed) == PAGES - 1 + 2


def test_runs_stopped_again_and_again_lose_nothing(
    root: Path, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    own = tmp_path / "root"
    shutil.copytree(root, own)

    interrupted = stopped(own, tmp_path / "home", signal.SIGINT, 1)
    terminated = stopped(own, tmp_path / "home", signal.SIGTERM, 1)
    killed = [
        stopped(own, tmp_path / "home", signal.SIGKILL, count, wait)
        for count, wait in ((0, 1.0), (1, 0.0), (1, 0.04))
    ]
    out = finished(own, tmp_path / "home")

    assert (interrupted[0], terminated[0]) == (130, 143)
    for _, said in (interrupted, terminated):
        assert re.search(r"interrupted: \d pages made; run the command again for the rest", said)
        assert "Traceback" not in said
    assert {code for code, _ in killed} == {-signal.SIGKILL}
    assert pages(own) == undisturbed
    again = sum(begun(own).values()) - len(begun(own))
    assert again <= 5 * WORKERS
    assert int(re.search(r"(\d+) unchanged", out)[1]) >= 1  # type: ignore[index]


@pytest.mark.long
@pytest.mark.parametrize("seed", range(20))
def test_a_run_killed_at_any_moment_is_made_whole_by_the_next(
    root: Path, undisturbed: dict[str, bytes], tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    own = tmp_path / "root"
    shutil.copytree(root, own)

    stopped(own, tmp_path / "home", signal.SIGKILL, chance.randrange(PAGES), chance.uniform(0, 0.4))
    finished(own, tmp_path / "home")

    assert pages(own) == undisturbed
    assert sum(count - 1 for count in begun(own).values()) <= WORKERS
