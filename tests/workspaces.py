"""Make workspaces on disk, and run programs in them."""

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
_IGNORED = shutil.ignore_patterns("store", "final", "mail", "__pycache__", ".*")


def make_workspace(root: Path, *datasets: str) -> Path:
    """Make a workspace with the repository's schemas, notebooks and data sets, ingested."""
    for name in ("schemas", "notebooks"):
        shutil.copytree(ROOT / name, root / name, ignore=_IGNORED)
    for name in datasets:
        folder = root / "data" / name
        shutil.copytree(ROOT / "data" / name, folder, ignore=_IGNORED)
        dataset = Dataset(folder)
        ingest(dataset, inbox_files(dataset))
    return root


def copy_workspace(source: Path, root: Path, *datasets: str) -> Path:
    """Copy a workspace with its stores, for a test that changes it."""
    for name in ("schemas", "notebooks", *(f"data/{dataset}" for dataset in datasets)):
        shutil.copytree(source / name, root / name)
    return root


def environment(home: Path) -> dict[str, str]:
    """Return environment variables with an empty home and this Python's programs first."""
    home.mkdir(parents=True, exist_ok=True)
    kept = {k: v for k, v in os.environ.items() if k in ("LANG", "SYSTEMROOT", "TEMP", "TMP")}
    path = os.pathsep.join([str(BIN), os.environ.get("PATH", "")])
    return kept | {"HOME": str(home), "USERPROFILE": str(home), "PATH": path}


def call(
    *command: str | Path, cwd: Path, home: Path, **extra: str
) -> subprocess.CompletedProcess[str]:
    """Run a program and capture its output."""
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment(home) | extra,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def kejistats(*arguments: str | Path, cwd: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """Run ``python -m kejistats`` in a new process."""
    return call(sys.executable, "-m", "kejistats", *arguments, cwd=cwd, home=home)
