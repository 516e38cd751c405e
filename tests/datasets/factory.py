"""Copies of the shipped data sets, and the text of their briefs."""

from __future__ import annotations

import shutil
from pathlib import Path

from kejistats.brief import Brief
from tests.factory import ROOT
from tests.pages.factory import parse_fragment, words_of


def copy_dataset(folder: Path, name: str) -> Path:
    """Copy a shipped data set without its store into a folder; return the path of the copy."""
    copy = folder / name
    shutil.copytree(ROOT / "data" / name, copy, ignore=shutil.ignore_patterns("store", "words"))
    return copy


def full_text(brief: Brief) -> str:
    """Return all text of a brief: the plain text and the words of the page."""
    page = brief._repr_mimebundle_()[0]
    return f"{page['text/plain']}\n{words_of(parse_fragment(page['text/html']))}"
