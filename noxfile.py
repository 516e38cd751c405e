"""Everything there is to run, each with ``python -m nox -s NAME``.

All sessions but ``lock`` share one environment, ``.nox/shared``. It is installed from
constraints.txt, hashes checked, when that file or Python has changed since the last time.
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


def run(session: nox.Session, program: str, *args: str, **more: str) -> None:
    """Run a program of the shared environment; `more` are variables of its own."""
    path = os.pathsep.join([str(BIN), os.environ["PATH"]])
    env = {"PATH": path, "VIRTUAL_ENV": str(SHARED), **more}
    session.run(str(BIN / program), *args, env=env, external=True)


def side_by_side(session: nox.Session, *args: str) -> None:
    """Run tests in one process a processor: their threads would only wait for each other."""
    several = ("-n", "auto", "--dist", "worksteal")
    run(session, "pytest", *several, *args, *session.posargs, POLARS_MAX_THREADS="1")


@contextmanager
def changed(name: str, *inputs: bytes) -> Iterator[bool]:
    """Say whether the inputs differ from those with which this block last came to its end."""
    digest = hashlib.sha256(b"\0".join(inputs)).hexdigest()
    stamp = SHARED / f"{name}.sha256"
    stale = not stamp.is_file() or stamp.read_text(encoding="utf-8") != digest
    yield stale
    if stale:  # a session beside this one may be reading it
        stamp.write_text(digest, encoding="utf-8")


def install(session: nox.Session) -> None:
    """Bring the shared environment up to date."""
    pip = ("python", "-m", "pip", "install", "--quiet")
    with changed("packages", sys.version.encode(), LOCK.read_bytes()) as stale:
        if stale:
            session.run(sys.executable, "-m", "virtualenv", "-q", "--clear", SHARED, external=True)
            run(session, *pip, "--require-hashes", "-r", str(LOCK))
    with changed("kejistats", bytes(ROOT), PYPROJECT.read_bytes()) as stale:
        if stale:
            run(session, *pip, "--no-deps", "--no-build-isolation", "-e", str(ROOT))


@nox.session(python=False)
def briefs(session: nox.Session) -> None:
    """Take in two data sets and make their briefs; others may be named after ``--``."""
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
    side_by_side(session)


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
    side_by_side(session, "-m", "browser and not long", "-rs")


@nox.session(python=False)
def bench(session: nox.Session) -> None:
    """Measure; names of parts, such as ``nation``, may follow ``--``."""
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
    """Write constraints.txt anew; ``-- --upgrade`` takes the newest versions."""
    session.install(*nox.project.dependency_groups(nox.project.load_toml(PYPROJECT), "lock"))
    session.run(
        *("uv", "pip", "compile", "--quiet", PYPROJECT.name, "--group", "dev", "--all-extras"),
        *("--universal", "--python-version", "3.11", "--fork-strategy", "fewest"),
        *("--generate-hashes", "--custom-compile-command", "python -m nox -s lock"),
        *("--output-file", LOCK.name, *session.posargs),
    )
