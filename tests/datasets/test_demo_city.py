"""The made data set: its script gives what is shipped, and it is marked as made."""

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
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data set as the script writes it anew, with another seed of Python's hashes."""
    folder = tmp_path_factory.mktemp("made") / "demo-city"
    subprocess.run(
        [sys.executable, str(SHIPPED / "generate.py"), "--out", str(folder)],
        check=True,
        env=os.environ | {"PYTHONHASHSEED": "7"},
    )
    return folder


def test_the_script_writes_the_shipped_files(made: Path) -> None:
    names = sorted(p.relative_to(made).as_posix() for p in made.rglob("*") if p.is_file())
    inbox = sorted(f"inbox/{p.name}" for p in (SHIPPED / "inbox").iterdir())

    assert len(inbox) > 20
    assert [n for n in names if n.startswith("inbox/")] == inbox


@pytest.mark.parametrize("file", sorted(p.name for p in (SHIPPED / "inbox").iterdir()))
def test_a_file_made_anew_has_the_shipped_content(made: Path, file: str) -> None:
    shipped, anew = SHIPPED / "inbox" / file, made / "inbox" / file

    if file.endswith(".csv"):
        assert anew.read_bytes() == shipped.read_bytes()
    else:
        assert [s.rows.rows() for s in read_sheets(anew)] == [
            s.rows.rows() for s in read_sheets(shipped)
        ]


def test_it_is_marked_as_made_and_comes_in_without_a_finding() -> None:
    dataset = Dataset(SHIPPED)

    checked = check_files(dataset, inbox_files(dataset))
    findings = [one.findings.height for one in checked]

    assert dataset.settings.sample
    assert findings == [0] * len(findings)
