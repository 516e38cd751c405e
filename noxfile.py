"""The tasks of the project; run one with ``python -m nox -s NAME``.

All sessions but ``lock`` share one environment, ``.nox/shared``. It is installed from
constraints.txt, with hashes checked, whenever that file or Python has changed.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nox

ROOT = Path(__file__).parent
PYPROJECT = ROOT / "pyproject.toml"
LOCK = ROOT / "constraints.txt"
SHARED = ROOT / ".nox" / "shared"
BIN = SHARED / ("Scripts" if os.name == "nt" else "bin")

BRIEFS = {"data/provinces": "2023", "data/demo-city": "2025H1"}

nox.needs_version = ">=2025.2"
nox.options.sessions = ["tests", "lint"]


def run(session: nox.Session, program: str, *args: str, **variables: str) -> None:
    """Run a program of the shared environment, with additional environment variables."""
    path = os.pathsep.join([str(BIN), os.environ["PATH"]])
    env = {"PATH": path, "VIRTUAL_ENV": str(SHARED), **variables}
    session.run(str(BIN / program), *args, env=env, external=True)


def run_pytest_parallel(session: nox.Session, *args: str) -> None:
    """Run pytest with one process per core and one thread in each."""
    run(session, "pytest", "-n", "auto", *args, *session.posargs, POLARS_MAX_THREADS="1")


@contextmanager
def inputs_changed(name: str, *inputs: bytes) -> Iterator[bool]:
    """Yield whether the inputs differ from those of the last time this block was completed."""
    digest = hashlib.sha256(b"\0".join(inputs)).hexdigest()
    stamp = SHARED / f"{name}.sha256"
    stale = not stamp.is_file() or stamp.read_text(encoding="utf-8") != digest
    yield stale
    if stale:  # an unchanged stamp is not rewritten: a parallel session may be reading it
        stamp.write_text(digest, encoding="utf-8")


def install(session: nox.Session) -> None:
    """Bring the shared environment up to date."""
    pip = ("python", "-m", "pip", "install", "--quiet")
    with inputs_changed("packages", sys.version.encode(), LOCK.read_bytes()) as stale:
        if stale:
            session.run(sys.executable, "-m", "virtualenv", "-q", "--clear", SHARED, external=True)
            run(session, *pip, "--require-hashes", "-r", str(LOCK))
    with inputs_changed("kejistats", bytes(ROOT), PYPROJECT.read_bytes()) as stale:
        if stale:
            run(session, *pip, "--no-deps", "--no-build-isolation", "-e", str(ROOT))


@nox.session(python=False)
def briefs(session: nox.Session) -> None:
    """Ingest two data sets and make their briefs; other data sets may be named after ``--``."""
    install(session)
    datasets = dict.fromkeys(session.posargs, "") if session.posargs else BRIEFS
    for dataset in datasets:
        run(session, "kejistats", "intake", dataset)
    for dataset, checkpoint in datasets.items():
        options = ["--checkpoint", checkpoint] if checkpoint else []
        run(session, "kejistats", "briefs", dataset, *options)
    for dataset in datasets:
        for index in sorted(ROOT.glob(f"out/{Path(dataset).name}/*/index.html")):
            session.log(f"open {index.relative_to(ROOT).as_posix()}")


@nox.session(python=False)
def tests(session: nox.Session) -> None:
    """Run the tests; ``-- ARGS`` go to pytest."""
    install(session)
    # A file at a time, so that what its tests share is made once and not in each process.
    run_pytest_parallel(session, "--dist", "loadfile", "--no-loadscope-reorder")


@nox.session(python=False)
def lint(session: nox.Session) -> None:
    """Check style and types."""
    install(session)
    run(session, "ruff", "check")
    run(session, "ruff", "format", "--check")
    run(session, "mypy")


@nox.session(python=False)
def browser(session: nox.Session) -> None:
    """Run the tests that look at pages in Chromium."""
    install(session)
    run_pytest_parallel(session, "--dist", "worksteal", "-m", "browser and not long", "-rs")


@nox.session(python=False)
def bench(session: nox.Session) -> None:
    """Run the benchmarks; names of parts, such as ``nation``, may follow ``--``."""
    install(session)
    run(session, "python", "tests/bench.py", *session.posargs)


@nox.session(python=False)
def long(session: nox.Session) -> None:
    """Run the tests that take more than a few minutes."""
    install(session)
    run(session, "pytest", "-m", "long", *session.posargs)


@nox.session(python=False)
def lab(session: nox.Session) -> None:
    """Open JupyterLab in notebooks/."""
    install(session)
    run(session, "jupyter", "lab", "--notebook-dir=notebooks", *session.posargs)


@nox.session
def lock(session: nox.Session) -> None:
    """Regenerate constraints.txt; ``-- --upgrade`` takes the newest versions."""
    session.install(*nox.project.dependency_groups(nox.project.load_toml(PYPROJECT), "lock"))
    session.run(
        *("uv", "pip", "compile", "--quiet", PYPROJECT.name, "--group", "dev", "--all-extras"),
        *("--universal", "--python-version", "3.11", "--fork-strategy", "fewest"),
        *("--generate-hashes", "--custom-compile-command", "python -m nox -s lock"),
        *("--output-file", LOCK.name, *session.posargs),
    )
