"""Figures of cities and series shared by the tests of metrics, and the comparison of a row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest

from tests.factory import CITY, code, observation

Row = dict[str, Any]
# A value, or a value and further columns.
Cell = Any

MASKED: Row = {"status": "masked", "reported": "xx"}
NOT_APPLICABLE: Row = {"status": "not_applicable"}
LOWER: Row = {"bound": "at_least"}
UPPER: Row = {"bound": "less_than"}
ABOUT: Row = {"bound": "about"}
FINAL: Row = {"grade": "final"}
_OPTIONAL = dict.fromkeys(["break_id", "as_of", "published_growth", "growth_basis"])


def figure_row(indicator: str, cell: Cell, district: str, year: int = 2025, **more: Any) -> Row:
    """Return the row of a figure given as a cell."""
    value, columns = cell if isinstance(cell, tuple) else (cell, {})
    return observation(indicator, value, year, district=district, **(_OPTIONAL | columns | more))


def district_rows(
    indicator: str, cells: Iterable[Cell], city: Cell = None, year: int = 2025
) -> list[Row]:
    """Return figures of the city's districts in order, and of the city if it has one."""
    rows = [figure_row(indicator, cell, code(n), year) for n, cell in enumerate(cells, 1)]
    return rows if city is None else [*rows, figure_row(indicator, city, CITY, year)]


def series(indicator: str, *figures: Sequence[Any]) -> list[Row]:
    """Return figures of one district, each given as year, month, value and further columns."""
    rows = []
    for year, month, value, *more in figures:
        columns: Row = dict(_OPTIONAL)
        for extra in more:
            columns |= extra
        rows.append(observation(indicator, value, year, month, **columns))
    return rows


def assert_columns(row: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """Compare the expected columns; numbers up to the noise of binary fractions."""
    for column, value in expected.items():
        if isinstance(value, float | int) and not isinstance(value, bool):
            assert row[column] == pytest.approx(value, rel=1e-12, abs=1e-12), column
        else:
            assert row[column] == value, column
