"""Every rule that code and tests cite stands in schemas/definitions.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.factory import ROOT

DEFINITIONS = (ROOT / "schemas" / "definitions.md").read_text("utf-8")
CITING = [
    file
    for folder in ("kejistats", "tests", "schemas/tables", "data")
    for file in sorted((ROOT / folder).rglob("*"))
    if file.suffix in (".py", ".json", ".md")
    and file != Path(__file__)
    and "§" in file.read_text("utf-8")
]
# `definitions §5`, `definitions §7, §8`, `definitions §6 to §8`
CITATION = re.compile(r"definitions((?:,| to|\s+and)?\s*§\d+)+")


def sections() -> dict[int, str]:
    """The titles of the sections by number."""
    return {
        int(n): title for n, title in re.findall(r"^## (\d+)\. (.+)$", DEFINITIONS, re.MULTILINE)
    }


def cited(text: str) -> set[int]:
    """The sections that a text cites."""
    flat = re.sub(r"\s+#?\s*", " ", text)
    return {int(n) for m in CITATION.finditer(flat) for n in re.findall(r"§(\d+)", m[0])}


@pytest.mark.parametrize("file", CITING, ids=lambda f: f.relative_to(ROOT).as_posix())
def test_a_cited_section_is_there(file: Path) -> None:
    text = file.read_text("utf-8")

    assert cited(text) <= set(sections())
    assert len(re.findall(r"§\d", text)) == sum(
        len(re.findall(r"§\d", m[0])) for m in CITATION.finditer(re.sub(r"\s+#?\s*", " ", text))
    ), "a section is cited as `definitions §N`"


def test_sections_are_numbered_one_after_the_other() -> None:
    assert list(sections()) == list(range(1, len(sections()) + 1))


def test_citations_are_found_in_every_form() -> None:
    assert cited("(definitions §7, §8) and definitions §1 to §3, definitions\n    §12") == {
        1, 3, 7, 8, 12,
    }  # fmt: skip


@pytest.mark.parametrize("name", ["report_arithmetic.csv", "target_cases.csv"])
def test_worked_examples_are_there(name: str) -> None:
    assert f"tests/fixtures/{name}" in DEFINITIONS
    assert (ROOT / "tests" / "fixtures" / name).is_file()
