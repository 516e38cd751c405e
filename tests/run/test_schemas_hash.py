"""What of the schemas makes pages out of date."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kejistats.run.fingerprints import schemas_hash
from tests.factory import ROOT


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("words.toml", True),
        ("indicators/ip.toml", True),
        ("indicators/a b 知识产权.toml", True),
        ("definitions.md", False),
        ("tables/metric.json", False),
    ],
)
def test_only_tables_of_indicators_chains_and_words_count(
    tmp_path: Path, name: str, counts: bool
) -> None:
    shutil.copytree(ROOT / "schemas", tmp_path / "schemas")
    (tmp_path / "notebooks").mkdir()
    before = schemas_hash(tmp_path)

    with (tmp_path / "schemas" / name).open("a", encoding="utf-8") as file:
        file.write("\n")

    assert (schemas_hash(tmp_path) != before) is counts
