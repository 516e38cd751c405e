"""The grade of the data of a page."""

from __future__ import annotations

from collections.abc import Iterable

from kejistats.brief.view import View, Words
from kejistats.model.tables.observation import GRADES


def main_grade(rows: list[View]) -> str:
    """Return the word for the grade most figures have, of equals the weaker; empty without any."""
    return grade_word([v["grade"] for v in rows if v.reported], rows[0].words) if rows else ""


def grade_word(grades: Iterable[str | None], words: Words) -> str:
    """Return the word for the most frequent of some grades; see `main_grade`."""
    given = [grade for grade in grades if grade]
    if not given:
        return ""
    most = max(GRADES, key=lambda grade: (given.count(grade), -GRADES.index(grade)))
    return str(words["grade"][most])
