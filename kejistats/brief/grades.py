"""The grade of the data of a page."""

from __future__ import annotations

from kejistats.brief.view import View
from kejistats.schema.observation import GRADES


def main_grade(rows: list[View]) -> str:
    """Return the word for the grade most figures have, of equals the weaker; empty without any."""
    grades = [v["grade"] for v in rows if v.reported and v["grade"]]
    if not grades:
        return ""
    most = max(GRADES, key=lambda grade: (grades.count(grade), -GRADES.index(grade)))
    return str(rows[0].words["grade"][most])
