"""The word for the grade of a page's data, such as 初步数."""

from __future__ import annotations

from collections.abc import Iterable

from kejistats.brief.view import View, Words
from kejistats.model.tables.observation import GRADES


def main_grade(rows: list[View]) -> str:
    """Return the word for the most frequent grade, of a tie the weaker; empty without figures."""
    return grade_word([v["grade"] for v in rows if v.reported], rows[0].words) if rows else ""


def grade_word(grades: Iterable[str | None], words: Words) -> str:
    """Return the word for the most frequent of some grades; see `main_grade`."""
    known = [grade for grade in grades if grade]
    if not known:
        return ""
    most = max(GRADES, key=lambda grade: (known.count(grade), -GRADES.index(grade)))
    return str(words["grade"][most])
