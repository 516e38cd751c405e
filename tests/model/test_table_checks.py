"""The fast validation of tables accepts exactly what pandera accepts."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from pandera.errors import SchemaErrors

from kejistats.model.errors import KejistatsError
from kejistats.model.tables import District, Observation, Target
from kejistats.model.tables.base import Table
from tests.factory import COUNT, districts, observation, observations, target, targets

TABLES: dict[type[Table], pl.DataFrame] = {
    Observation: observations([observation(COUNT, v, month=m) for v, m in ((5.0, 6), (9.0, 12))]),
    Target: targets([target(COUNT, "total", 9.0), target(COUNT, "range", 9.0, value_upper=10.0)]),
    District: districts(2),
}


def invalid_values(kind: pl.DataType) -> list[Any]:
    """Values of a type that are not valid in every column."""
    if kind.is_float():
        return [None, float("nan"), float("inf")]
    if kind.is_integer():
        return [None, -1]
    return [None, ""] if kind == pl.String else [None]


def is_valid_by_pandera(model: type[Table], frame: pl.DataFrame) -> bool:
    """Return whether pandera's own validation passes."""
    try:
        model.to_schema().validate(frame, lazy=True)
    except SchemaErrors:
        return False
    return True


def is_valid(model: type[Table], frame: pl.DataFrame) -> bool:
    """Return whether the model accepts the frame."""
    try:
        model.checked(frame)
    except KejistatsError:
        return False
    return True


@pytest.mark.parametrize("model", list(TABLES), ids=lambda model: model.__name__)
def test_a_table_is_valid_exactly_if_it_is_by_pandera(model: type[Table]) -> None:
    good = TABLES[model]
    first, rest = good.head(1), good.tail(-1)
    changed = [
        pl.concat([first.with_columns(pl.lit(value, dtype=kind).alias(name)), rest])
        for name, kind in good.schema.items()
        for value in invalid_values(kind)
    ]
    frames = [good, *changed, pl.concat([good, first]), good.clear()]

    valid = [is_valid(model, frame) for frame in frames]

    assert valid == [is_valid_by_pandera(model, frame) for frame in frames]
    assert valid[0]
    assert valid.count(False) > 5
