"""The synthetic data set: its script reproduces the shipped files, and it is marked as a sample."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kejistats.dataset import Dataset
from kejistats.intake import check_files, inbox_files
from kejistats.reading.read_file import read_sheets
from tests.factory import ROOT

SHIPPED = ROOT / "data" / "demo-city"


@pytest.fixture(scope="module")
def regenerated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data set written again by its script, with another hash seed of Python."""
    folder = tmp_path_factory.mktemp("regenerated") / "demo-city"
    subprocess.run(
        [sys.executable, str(SHIPPED / "generate.py"), "--out", str(folder)],
        check=True,
        env=os.environ | {"PYTHONHASHSEED": "7"},
    )
    return folder


def test_the_script_writes_the_shipped_files(regenerated: Path) -> None:
    names = sorted(
        p.relative_to(regenerated).as_posix() for p in regenerated.rglob("*") if p.is_file()
    )
    inbox = sorted(f"inbox/{p.name}" for p in (SHIPPED / "inbox").iterdir())

    assert len(inbox) > 20
    assert [n for n in names if n.startswith("inbox/")] == inbox


@pytest.mark.parametrize("file", sorted(p.name for p in (SHIPPED / "inbox").iterdir()))
def test_a_regenerated_file_has_the_shipped_content(regenerated: Path, file: str) -> None:
    shipped, new = SHIPPED / "inbox" / file, regenerated / "inbox" / file

    if file.endswith(".csv"):
        assert new.read_bytes() == shipped.read_bytes()
    else:
        assert [s.rows.rows() for s in read_sheets(new)] == [
            s.rows.rows() for s in read_sheets(shipped)
        ]


def test_it_is_marked_as_a_sample_and_has_no_findings() -> None:
    dataset = Dataset(SHIPPED)

    checked_files = check_files(dataset, inbox_files(dataset))
    findings = [checked.findings.height for checked in checked_files]

    assert dataset.settings.sample
    assert findings == [0] * len(findings)
