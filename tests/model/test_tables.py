"""Table models: the exported files match them, and each refuses invalid rows."""

from __future__ import annotations

from functools import cache
from typing import Any

import polars as pl
import pytest

from kejistats.model.errors import KejistatsError
from kejistats.model.tables import TABLES, District, Finding, Indicator, Metric, Observation, Target
from kejistats.model.tables.base import Table
from kejistats.model.tables.json_schemas import exports
from tests.factory import (
    COUNT,
    DISTRICT,
    ROOT,
    STOCK,
    day,
    districts,
    metrics,
    observation,
    registry,
    target,
)

EXPORTS = exports()
FINDING = {
    "rule": "not_a_number", "severity": "error", "file": "a.csv", "sheet": "", "cell": "D2",
    "row": "{}", "wrong": "不是数值", "right": "请填数值", "intake_id": None,
}  # fmt: skip
GOOD: dict[type[Table], dict[str, Any]] = {
    Observation: observation(COUNT, 5.0),
    Target: target(COUNT, "total", 10.0),
    Finding: FINDING,
    Indicator: registry().row(0, named=True),
}


@pytest.mark.parametrize("name", sorted(EXPORTS))
def test_the_exported_files_match_the_models(name: str) -> None:
    exported = (ROOT / "schemas" / name).read_text("utf-8")

    assert exported == EXPORTS[name], "run: python -m kejistats.model.tables.json_schemas"


def test_every_exported_file_has_a_model() -> None:
    folder = ROOT / "schemas" / "tables"

    assert {file.stem for file in folder.iterdir()} == set(TABLES)


@pytest.mark.parametrize("name", sorted(TABLES))
def test_every_column_has_a_title_and_a_description(name: str) -> None:
    for column in TABLES[name].to_schema().columns.values():
        assert column.title, column.name
        assert column.description, column.name


def frame(model: type[Table], *rows: dict[str, Any]) -> pl.DataFrame:
    """Rows of a model; columns that no row has are missing."""
    types = {k: v for k, v in model.dtypes().items() if any(k in row for row in rows)}
    return pl.DataFrame(list(rows), schema=types)


@pytest.mark.parametrize("model", list(GOOD), ids=lambda model: model.__name__)
def test_a_good_row_is_accepted_with_all_columns_in_order(model: type[Table]) -> None:
    result = model.conform(frame(model, GOOD[model]))

    assert result.columns == model.columns()
    assert result.schema == pl.Schema(model.dtypes())


@pytest.mark.parametrize("model", list(TABLES.values()), ids=lambda model: model.__name__)
def test_an_empty_table_is_valid(model: type[Table]) -> None:
    assert model.checked(model.empty()).height == 0


@pytest.mark.parametrize(
    ("model", "change", "problem"),
    [
        (Observation, {"month": 13}, "month"),
        (Observation, {"month": 0}, "month"),
        (Observation, {"year": 25}, "year"),
        (Observation, {"status": "estimated"}, "status"),
        (Observation, {"grade": "draft"}, "grade"),
        (Observation, {"bound": "roughly"}, "bound"),
        (Observation, {"level": "县"}, "level"),
        (Observation, {"district": None}, "district"),
        (Observation, {"source": ""}, "source"),
        (Observation, {"intake_id": "1"}, "intake_id"),
        (Observation, {"intake_id": None}, "intake_id"),
        (Observation, {"value": None}, "value must be set if and only if status is reported"),
        (Observation, {"status": "masked"}, "value must be set if and only if status is reported"),
        (Observation, {"status": "missing"}, "value must be set if and only if status is reported"),
        (Observation, {"value": float("inf")}, "finite"),
        (Observation, {"value": float("nan")}, "finite"),
        (Target, {"kind": "quota"}, "kind"),
        (Target, {"strength": "wished"}, "strength"),
        (Target, {"comparison": "<"}, "comparison"),
        (Target, {"value": None}, "value"),
        (Target, {"start_month": 12}, "start_month"),
        (Target, {"nodes": "6:50%"}, "nodes"),
        (Target, {"nodes": "6:1.2.3"}, "nodes"),
        (Target, {"nodes": "0:0.5"}, "nodes"),
        (Target, {"value_upper": 20.0}, "only a range has an upper end"),
        (Target, {"kind": "range"}, "only a range has an upper end"),
        (Target, {"kind": "range", "value_upper": 9.0}, "only a range has an upper end"),
        (Target, {"kind": "multi_year"}, "base year"),
        (Target, {"kind": "multi_year", "base_year": 2025}, "base year"),
        (Finding, {"severity": "hint"}, "severity"),
        (Finding, {"rule": "Not a number"}, "rule"),
        (Finding, {"wrong": ""}, "wrong"),
        (Indicator, {"measure": "level"}, "measure"),
        (Indicator, {"id": "Bad id"}, "id"),
        (Indicator, {"decimals": 7}, "decimals"),
        (Indicator, {"tolerance": -0.1}, "tolerance"),
        (Indicator, {"nodes": "6"}, "nodes"),
        (Indicator, {"pace": "daily"}, "pace"),
    ],
)
def test_a_bad_row_is_refused_by_column_or_rule(
    model: type[Table], change: dict[str, Any], problem: str
) -> None:
    with pytest.raises(KejistatsError, match=problem) as caught:
        model.conform(frame(model, GOOD[model] | change))

    assert model.__name__ in caught.value.message
    assert caught.value.remedy


@pytest.mark.parametrize("model", list(GOOD), ids=lambda model: model.__name__)
def test_a_key_must_be_unique(model: type[Table]) -> None:
    twice = frame(model, GOOD[model], GOOD[model])

    if model is Finding:
        assert model.conform(twice).height == 2
        return
    with pytest.raises(KejistatsError, match="row 1"):
        model.conform(twice)


def test_vintages_and_dates_of_effect_are_part_of_the_key() -> None:
    later = {"intake_id": "000002-00000000"}
    revised = {"valid_from": day("2025-05-01")}

    figures = frame(Observation, GOOD[Observation], GOOD[Observation] | later)
    revisions = frame(Target, GOOD[Target] | {"valid_from": None}, GOOD[Target] | revised)

    assert Observation.conform(figures).height == 2
    assert Target.conform(revisions).height == 2


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"code": "某区"}, "code"),
        ({"name": ""}, "name"),
        ({"kind": "county"}, "kind"),
        ({"parent": "999999"}, "must be codes of this table"),
        ({"contained_in": "999999"}, "must be codes of this table"),
        ({"successor": "999999"}, "must be codes of this table"),
        ({"code": "900100"}, "code"),
    ],
)
def test_a_district_refers_only_to_existing_districts(change: dict[str, Any], problem: str) -> None:
    rows = districts(1).to_dicts()

    with pytest.raises(KejistatsError, match=problem):
        District.conform(pl.DataFrame([rows[0], rows[1] | change], infer_schema_length=None))


@cache
def metric_row() -> pl.DataFrame:
    """A Metric table of one row."""
    table = metrics([observation(COUNT, 90.0), observation(COUNT, 80.0, 2024)])
    return table.filter(pl.col("district") == DISTRICT)


def metric(**changes: Any) -> pl.DataFrame:
    """A Metric row with some columns changed."""
    row = metric_row()
    return row.with_columns(pl.lit(v, dtype=row.schema[k]).alias(k) for k, v in changes.items())


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"yoy": None}, "exactly one of yoy"),
        ({"yoy_points": 1.0}, "exactly one of yoy"),
        ({"yoy_reason": "base_zero"}, "exactly one of yoy"),
        ({"yoy": None, "yoy_reason": "whatever"}, "yoy_reason"),
        ({"share": 0.5}, "exactly one of share"),
        ({"share_reason": None}, "exactly one of share"),
        ({"progress": None}, "progress"),
        ({"progress": "fine"}, "progress"),
        ({"rank": 0}, "rank"),
        ({"change": float("inf")}, "inf or NaN"),
        ({"attainment": float("nan")}, "inf or NaN"),
    ],
)
def test_a_metric_row_explains_every_missing_rate_and_is_finite(
    changes: dict[str, Any], problem: str
) -> None:
    assert Metric.checked(metric()).height == 1

    with pytest.raises(KejistatsError, match=problem):
        Metric.checked(metric(**changes))


def test_a_metric_row_is_unique_by_district_indicator_and_level() -> None:
    table = metrics([observation(COUNT, 9.0), observation(STOCK, 5.0)])

    with pytest.raises(KejistatsError, match="row"):
        Metric.checked(pl.concat([table, table.head(1)]))


def test_an_extra_column_is_refused() -> None:
    row = Observation.conform(frame(Observation, GOOD[Observation]))

    with pytest.raises(KejistatsError, match="extra"):
        Observation.checked(row.with_columns(extra=1))
