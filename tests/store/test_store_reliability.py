"""Intakes are atomic: when killed, when run at the same time, and when read while writing."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from kejistats.dataset import Dataset
from kejistats.intake import ingest
from kejistats.model.errors import KejistatsError
from kejistats.store import Store
from tests.factory import code, make_dataset, write_csv

TODAY = date(2025, 7, 20)
# A process that ingests files and dies at the point KILL, as in a power failure.
DRIVER = r"""
import os, sys, time
from datetime import date
from pathlib import Path
import deltalake
import kejistats.store.store as store
from kejistats.dataset import Dataset
from kejistats.intake import ingest

kill, folder, paths = os.environ.get("KILL", ""), Path(sys.argv[1]), map(Path, sys.argv[2:])
write, replace, append = deltalake.write_deltalake, Path.replace, store.Store.append
compact = deltalake.table.TableOptimizer.compact
written = set()

def die():
    os._exit(9)

def write_and_die(table, *arguments, **options):
    name = Path(str(table)).name
    write(table, *arguments, **options)
    written.add(name)
    if kill == f"within {name}":
        max(Path(table, "_delta_log").glob("*.json")).unlink()
    if kill in (f"within {name}", f"after {name}"):
        die()

def replace_and_die(draft, target):
    if Path(target).name == "head.json" and "receipts" in written:
        if kill == "before head":
            die()
        replace(draft, target)
        if kill == "after head":
            die()
    return replace(draft, target) if draft.exists() else target

def compact_and_die(table, **options):
    compact(table, **options)
    if kill == "while compacting":
        die()

def announced_append(self, tables):
    print("append", flush=True)
    append(self, tables)
    print("appended", flush=True)

deltalake.write_deltalake = write_and_die
Path.replace = replace_and_die
deltalake.table.TableOptimizer.compact = compact_and_die
store.Store.append = announced_append
store._MAX_FILES = int(os.environ.get("FILES", 64))
dataset = Dataset(folder)
print("ready", flush=True)
while os.environ.get("GATE") and not Path(os.environ["GATE"]).exists():
    time.sleep(0.001)
if os.environ.get("EACH"):
    for path in paths:
        ingest(dataset, [path], today=date(2025, 7, 20))
else:
    ingest(dataset, paths, today=date(2025, 7, 20))
"""
State = dict[str, pl.DataFrame]


def start(folder: Path, *files: Path, **environment: str) -> subprocess.Popen[str]:
    """Start an intake in a separate process."""
    import os

    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(folder), *map(str, files)],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def wait_for(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for a process to end; return its exit code and error output."""
    _, errors = process.communicate(timeout=120)
    return process.returncode, errors


def state(folder: Path) -> State:
    """Return the content of a store, without who ingested it and when."""
    store = Store(folder / "store")
    return {
        "observations": store.observations(),
        "targets": store.targets(),
        "findings": store.findings(),
        "receipts": store.receipts().drop("who", "created_at"),
        "quarantine": store.quarantine(),
    }


def is_same(state: State, other: State) -> bool:
    """Return whether two stores have the same content."""
    return all(state[name].equals(other[name]) for name in state)


def figures(folder: Path, name: str, value: int, rows: int = 3, faulty: bool = True) -> Path:
    """Write a file with figures of the first districts, the last one invalid if `faulty`."""
    cells = [str(value + n) for n in range(rows)]
    if faulty:
        cells[-1] = "许多"
    return write_csv(
        folder / "inbox" / name,
        [
            {"district": code(n), "indicator": "patent_granted", "checkpoint": "2025H1", "value": v}
            for n, v in enumerate(cells, 1)
        ],
    )


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set with one intake; tests work on copies."""
    folder = make_dataset(tmp_path_factory.mktemp("started") / "city")
    ingest(Dataset(folder), [figures(folder, "01.csv", 90)], today=TODAY)
    figures(folder, "02.csv", 95)
    write_csv(
        folder / "inbox" / "03.csv",
        [{"district": code(1), "indicator": "patent_granted", "year": "2025", "kind": "total",
          "value": "160"}],
    )  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def completed(started: Path, tmp_path_factory: pytest.TempPathFactory) -> State:
    """The content after an uninterrupted second intake."""
    folder = tmp_path_factory.mktemp("completed") / "city"
    shutil.copytree(started, folder)
    ingest(Dataset(folder), incoming(folder), today=TODAY)
    return state(folder)


@pytest.fixture
def city(started: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(started, tmp_path / "city"))


def incoming(folder: Path) -> list[Path]:
    """Return the files of the second intake."""
    return [folder / "inbox" / "02.csv", folder / "inbox" / "03.csv"]


# Killed


def kill_points(points: list[str], count: int = 1) -> list[Any]:
    """Return points as test parameters, those after the first `count` marked as long."""
    return [*points[:count], *(pytest.param(p, marks=pytest.mark.long) for p in points[count:])]


POINTS = ["after observations", "within observations", "before head"]
MORE = ["after receipts", "after findings", "within findings", "within receipts"]


@pytest.mark.parametrize("point", kill_points([*POINTS, *MORE], 3))
def test_an_intake_killed_before_its_end_leaves_nothing_and_can_be_repeated(
    city: Path, completed: State, point: str
) -> None:
    before = state(city)

    status, errors = wait_for(start(city, *incoming(city), KILL=point))

    assert (status, errors) == (9, "")
    assert is_same(state(city), before)
    ingest(Dataset(city), incoming(city), today=TODAY)
    assert is_same(state(city), completed)


@pytest.mark.parametrize("point", kill_points(["while compacting", "after head"]))
def test_an_intake_killed_after_its_end_is_complete_and_not_repeated(
    city: Path, completed: State, point: str
) -> None:
    status, errors = wait_for(start(city, *incoming(city), KILL=point, FILES="1"))

    assert (status, errors) == (9, "")
    assert is_same(state(city), completed)
    again = ingest(Dataset(city), incoming(city), today=TODAY)
    assert [outcome.receipt for outcome in again] == [None, None]
    assert is_same(state(city), completed)


@pytest.mark.parametrize("point", kill_points(POINTS))
def test_the_first_intake_of_a_store_may_be_killed_too(tmp_path: Path, point: str) -> None:
    folders = [make_dataset(tmp_path / name / "city") for name in ("killed", "uninterrupted")]
    paths = [figures(folder, "01.csv", 90) for folder in folders]

    status, _ = wait_for(start(folders[0], paths[0], KILL=point))

    assert status == 9
    assert all(table.is_empty() for table in state(folders[0]).values())
    for folder, path in zip(folders, paths, strict=True):
        ingest(Dataset(folder), [path], today=TODAY)
    assert is_same(state(folders[0]), state(folders[1]))


def test_an_intake_killed_twice_at_different_points_can_be_repeated(
    city: Path, completed: State
) -> None:
    for point in ("after receipts", "within observations"):
        status, _ = wait_for(start(city, *incoming(city), KILL=point))
        assert status == 9

    ingest(Dataset(city), incoming(city), today=TODAY)

    assert is_same(state(city), completed)


# At the same time


def test_of_two_intakes_at_once_both_succeed_or_one_asks_to_retry(tmp_path: Path) -> None:
    folder = make_dataset(tmp_path / "city", 9)
    files = [
        [figures(folder, f"{name}{n}.csv", first + n, rows=n + 2) for n in range(4)]
        for name, first in (("a", 100), ("b", 200))
    ]
    gate = tmp_path / "gate"

    processes = [start(folder, *paths, GATE=str(gate), EACH="1") for paths in files]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    gate.touch()
    results = [wait_for(process) for process in processes]

    assert all(status == 0 or "another intake" in errors for status, errors in results)
    for paths, (status, _) in zip(files, results, strict=True):
        if status:
            ingest(Dataset(folder), paths, today=TODAY)
    store = Store(folder / "store")
    receipts = store.receipts()
    assert sorted(receipts["file"]) == sorted(path.name for paths in files for path in paths)
    assert receipts["id"].str.slice(0, 6).to_list() == [f"{n:06d}" for n in range(1, 9)]
    counts = dict(store.observations().group_by("intake_id").len().iter_rows())
    assert counts == dict(receipts.select("id", "accepted").iter_rows())
    assert store.findings().height == 8


def test_the_same_file_ingested_twice_at_once_is_stored_once(city: Path, completed: State) -> None:
    gate = city / "gate"

    processes = [start(city, *incoming(city), GATE=str(gate)) for _ in range(2)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    gate.touch()
    results = [wait_for(process) for process in processes]

    assert [status for status, _ in results] == [0, 0]
    assert is_same(state(city), completed)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Run another process in the middle of an intake."""
    program = (
        "import sys; from pathlib import Path; from kejistats.store import Store\n"
        "with Store(Path(sys.argv[1])).writing():\n"
        "    print('in', flush=True); sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(folder / "store")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "in\n"
    try:
        yield
    finally:
        process.kill()
        process.communicate()


def test_a_writer_that_waited_in_vain_is_told_to_retry_and_may_once_the_other_is_dead(
    city: Path, completed: State
) -> None:
    store = Store(city / "store")

    with locked(city), pytest.raises(KejistatsError) as caught, store.writing(wait=0.05):
        pytest.fail("two write at once")

    assert "another intake is writing" in caught.value.message
    assert (caught.value.remedy, caught.value.exit_code) == (
        "wait until it is finished and run again",
        1,
    )
    # The process with the lock was killed and could not clean up.
    ingest(Dataset(city), incoming(city), today=TODAY)
    assert is_same(state(city), completed)


def test_the_command_that_waited_in_vain_ends_with_code_1_and_a_remedy(city: Path) -> None:
    program = (
        "import sys; from kejistats.store import store; from kejistats.cli import main\n"
        "waiting = store.Store.writing\n"
        "store.Store.writing = lambda self: waiting(self, wait=0.05)\n"
        "sys.argv = ['kejistats', 'intake', *sys.argv[1:]]; main()\n"
    )
    before = state(city)

    with locked(city):
        result = subprocess.run(
            [sys.executable, "-c", program, str(city), *map(str, incoming(city))],
            capture_output=True, encoding="utf-8", check=False, cwd=city,
        )  # fmt: skip

    assert result.returncode == 1
    assert "another intake is writing" in result.stderr
    assert "run again" in result.stderr
    assert "Traceback" not in result.stderr
    assert is_same(state(city), before)


# Reading while writing


def test_a_reader_never_sees_half_an_intake(tmp_path: Path) -> None:
    folder = make_dataset(tmp_path / "city", 5)
    paths = [figures(folder, f"{n:02d}.csv", 10 * n, rows=5) for n in range(8)]

    process = start(folder, *paths, EACH="1", FILES="3")
    intakes_seen = []
    while process.poll() is None:
        receipts = Store(folder / "store").receipts()
        store = Store(folder / "store")
        rows, findings = store.observations(), store.findings()
        counts = dict(rows.group_by("intake_id").len().iter_rows())
        assert set(counts.values()) <= {4}
        assert set(receipts["id"]) <= set(counts)
        assert findings["intake_id"].n_unique() == findings.height >= receipts.height
        intakes_seen.append(len(counts))
    status, errors = wait_for(process)

    assert (status, errors) == (0, "")
    assert intakes_seen == sorted(intakes_seen)
    assert Store(folder / "store").receipts().height == 8


# At random moments


@pytest.mark.long
def test_an_intake_killed_at_twenty_random_moments_is_complete_or_absent(
    tmp_path: Path,
) -> None:
    folder = make_dataset(tmp_path / "started" / "city", 60)
    ingest(Dataset(folder), [figures(folder, "000.csv", 90, rows=60)], today=TODAY)
    names = [f"{n:03d}.csv" for n in range(1, 301)]
    for n, name in enumerate(names):
        figures(folder, name, n, rows=60)
    before = state(folder)
    finished = Path(shutil.copytree(folder, tmp_path / "finished" / "city"))
    start_time = time.monotonic()
    ingest(Dataset(finished), [finished / "inbox" / name for name in names], today=TODAY)
    duration = time.monotonic() - start_time
    after = state(finished)
    ends = {"before": 0, "after": 0}

    for seed in range(20):
        generator = random.Random(seed)
        city = Path(shutil.copytree(folder, tmp_path / str(seed) / "city"))
        paths = [city / "inbox" / name for name in names]
        process = start(city, *paths, FILES="1")
        assert process.stdout is not None
        # Every other one dies while writing, which is the shortest phase.
        moment = "append\n" if seed % 2 else "ready\n"
        while process.stdout.readline() not in (moment, ""):
            pass
        time.sleep(generator.uniform(0, duration * (0.2 if seed % 2 else 1)))
        process.kill()
        assert wait_for(process)[1] == ""

        content = state(city)
        end = (
            "before" if is_same(content, before) else "after" if is_same(content, after) else "half"
        )
        print(f"seed {seed}: {end}, exit code {process.returncode}")
        ends[end] += 1
        ingest(Dataset(city), paths, today=TODAY)
        assert is_same(state(city), after)
        shutil.rmtree(city)

    print(f"an intake of {duration:.1f} s, ended {ends}")
