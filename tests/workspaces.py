"""Workspaces on disk for tests, and the programs that run in them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from kejistats.dataset import Dataset
from kejistats.intake import inbox_files, ingest
from tests.factory import ROOT

BIN = Path(sys.executable).parent
_LEFT_OUT = shutil.ignore_patterns("store", "final", "mail", "__pycache__", ".*")


def make_workspace(root: Path, *datasets: str) -> Path:
    """A workspace with the schemas, the notebooks and data sets of the repository, taken in."""
    for name in ("schemas", "notebooks"):
        shutil.copytree(ROOT / name, root / name, ignore=_LEFT_OUT)
    for name in datasets:
        folder = root / "data" / name
        shutil.copytree(ROOT / "data" / name, folder, ignore=_LEFT_OUT)
        dataset = Dataset(folder)
        ingest(dataset, inbox_files(dataset))
    return root


def copy_workspace(source: Path, root: Path, *datasets: str) -> Path:
    """A workspace of its own for a test that changes it, with stores as they stand."""
    for name in ("schemas", "notebooks", *(f"data/{dataset}" for dataset in datasets)):
        shutil.copytree(source / name, root / name)
    return root


def environment(home: Path) -> dict[str, str]:
    """An environment whose home is empty and in which this Python's programs come first."""
    home.mkdir(parents=True, exist_ok=True)
    keep = {k: v for k, v in os.environ.items() if k in ("LANG", "SYSTEMROOT", "TEMP", "TMP")}
    path = os.pathsep.join([str(BIN), os.environ.get("PATH", "")])
    return keep | {"HOME": str(home), "USERPROFILE": str(home), "PATH": path}


def call(
    *command: str | Path, cwd: Path, home: Path, **extra: str
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end and keep what it prints."""
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment(home) | extra,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def kejistats(*arguments: str | Path, cwd: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """Run the command line as a shell would."""
    return call(sys.executable, "-m", "kejistats", *arguments, cwd=cwd, home=home)
