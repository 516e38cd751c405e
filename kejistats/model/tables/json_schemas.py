"""The table models as files for form makers and editors: ``schemas/*.json``."""

from __future__ import annotations

import json
from collections.abc import Container
from pathlib import Path
from typing import Any

import polars as pl

from kejistats.model.tables import TABLES
from kejistats.model.tables.chain import CHAIN_DEFAULTS, CHAIN_REQUIRED
from kejistats.model.tables.indicator import DEFAULTS, FROM_FILE, REQUIRED

_TYPES: dict[Any, str] = {
    pl.String: "string",
    pl.Int64: "integer",
    pl.Float64: "number",
    pl.Boolean: "boolean",
    pl.Date: "date",
    pl.List: "array",
}
_JSON_TYPES = {"date": "string"}


def _checks(column: Any) -> dict[str, Any]:
    """Translate pandera's checks into the constraint words of JSON table schemas."""
    found: dict[str, Any] = {}
    for check in column.checks:
        value = check.statistics
        match check.name:
            case "isin":
                found["enum"] = list(value["allowed_values"])
            case "greater_than_or_equal_to":
                found["minimum"] = value["min_value"]
            case "less_than_or_equal_to":
                found["maximum"] = value["max_value"]
            case "str_matches":
                pattern = value["pattern"]
                found["pattern"] = getattr(pattern, "pattern", pattern)
            case "str_length":
                found["minLength"] = value["min_value"]
            case other:  # pragma: no cover - a new kind of check must be exported knowingly
                raise NotImplementedError(f"check {other} has no exported form")
    return found


def table_schema(name: str) -> dict[str, Any]:
    """Return one table as a JSON table schema (fields, constraints, primary key).

    Parameters
    ----------
    name
        Key of `kejistats.model.tables.TABLES`.

    Examples
    --------
    >>> table_schema("district")["fields"][0]["title"]
    '代码'
    """
    model = TABLES[name]
    schema = model.to_schema()
    fields = []
    for column_name, column in schema.columns.items():
        constraints = {"required": not column.nullable} | _checks(column)
        fields.append(
            {
                "name": column_name,
                "type": _TYPES[type(column.dtype.type)]
                if type(column.dtype.type) in _TYPES
                else _TYPES[column.dtype.type],
                "title": column.title,
                "description": column.description,
                "constraints": constraints,
            }
        )
    key = list(schema.unique or [])
    doc = (model.__doc__ or "").strip().splitlines()[0]
    return {"name": name, "description": doc, "fields": fields, "primaryKey": key}


def _properties(
    table: str, defaults: dict[str, object], without: Container[str] = ()
) -> dict[str, Any]:
    """Return what an author writes of a table, as properties of a JSON Schema."""
    properties = {}
    for field in table_schema(table)["fields"]:
        if field["name"] in without:
            continue
        constraints = {k: v for k, v in field["constraints"].items() if k != "required"}
        kind = _JSON_TYPES.get(field["type"], field["type"])
        properties[field["name"]] = {
            "type": kind,
            "title": field["title"],
            "description": field["description"],
            **constraints,
        }
        if kind == "array":
            properties[field["name"]]["items"] = {"type": "string"}
        if defaults.get(field["name"]) is not None:
            properties[field["name"]]["default"] = defaults[field["name"]]
    return properties


def chains_schema() -> dict[str, Any]:
    """Return the JSON Schema of ``schemas/chains.toml`` and of a data set's own."""
    properties = _properties("chain", CHAIN_DEFAULTS)
    properties["stages"]["minItems"] = 2
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "kejistats chains of stages",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "chain": {
                "type": "array",
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": list(CHAIN_REQUIRED),
                    "properties": properties,
                },
            },
        },
    }


def registry_schema() -> dict[str, Any]:
    """Return the JSON Schema of one ``schemas/indicators/*.toml`` file."""
    properties = _properties("indicator", DEFAULTS, FROM_FILE)
    text = {"type": "string", "minLength": 1}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "kejistats indicators of one domain",
        "type": "object",
        "additionalProperties": False,
        "required": ["indicator"],
        "properties": {
            "domain": {
                "type": "object",
                "additionalProperties": False,
                "required": ["id", "name", "order"],
                "properties": {
                    "id": text,
                    "name": text,
                    "order": {"type": "integer", "minimum": 0, "maximum": 98},
                },
            },
            "indicator": {
                "type": "array",
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": list(REQUIRED),
                    "properties": properties,
                },
            },
        },
    }


def exports() -> dict[str, str]:
    """Return every exported file's text by its path below ``schemas/``."""

    def dump(content: dict[str, Any]) -> str:
        return json.dumps(content, ensure_ascii=False, indent=2) + "\n"

    files = {f"tables/{name}.json": dump(table_schema(name)) for name in TABLES}
    return files | {
        "chains.schema.json": dump(chains_schema()),
        "indicators.schema.json": dump(registry_schema()),
    }


def write(folder: Path) -> None:
    """Write the exported files below `folder`, the repository's ``schemas/``."""
    for name, text in exports().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8", newline="\n")


if __name__ == "__main__":
    write(Path("schemas"))
