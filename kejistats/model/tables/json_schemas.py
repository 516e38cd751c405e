"""Export the table models as JSON for editors and form designers: ``schemas/*.json``."""

from __future__ import annotations

import json
from collections.abc import Container
from pathlib import Path
from typing import Any

import polars as pl

from kejistats.model.tables import TABLES
from kejistats.model.tables.chain import CHAIN_DEFAULTS, CHAIN_REQUIRED
from kejistats.model.tables.indicator import DEFAULTS, FILE_COLUMNS, REQUIRED

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
    """Translate pandera checks into the constraint keywords of JSON table schemas."""
    constraints: dict[str, Any] = {}
    for check in column.checks:
        value = check.statistics
        match check.name:
            case "isin":
                constraints["enum"] = list(value["allowed_values"])
            case "greater_than_or_equal_to":
                constraints["minimum"] = value["min_value"]
            case "less_than_or_equal_to":
                constraints["maximum"] = value["max_value"]
            case "str_matches":
                pattern = value["pattern"]
                constraints["pattern"] = getattr(pattern, "pattern", pattern)
            case "str_length":
                constraints["minLength"] = value["min_value"]
            case other:  # pragma: no cover - new kinds of checks need an explicit translation
                raise NotImplementedError(f"check {other} has no translation into JSON")
    return constraints


def table_schema(name: str) -> dict[str, Any]:
    """Return one table model as a JSON table schema: fields, constraints, primary key.

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
    table: str, defaults: dict[str, object], excluded: Container[str] = ()
) -> dict[str, Any]:
    """Return the keys that authors write in TOML, as properties of a JSON Schema."""
    properties = {}
    for field in table_schema(table)["fields"]:
        if field["name"] in excluded:
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
    """Return the JSON Schema of ``chains.toml``, in ``schemas/`` or a data set."""
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
    """Return the JSON Schema of ``schemas/indicators/*.toml`` files."""
    properties = _properties("indicator", DEFAULTS, FILE_COLUMNS)
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
    """Return the contents of all exported files by path below ``schemas/``."""

    def dump(content: dict[str, Any]) -> str:
        return json.dumps(content, ensure_ascii=False, indent=2) + "\n"

    files = {f"tables/{name}.json": dump(table_schema(name)) for name in TABLES}
    return files | {
        "chains.schema.json": dump(chains_schema()),
        "indicators.schema.json": dump(registry_schema()),
    }


def write(folder: Path) -> None:
    """Write the exported files into a folder, normally the repository's ``schemas/``."""
    for name, text in exports().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8", newline="\n")


if __name__ == "__main__":
    write(Path("schemas"))
