"""Read the registry (``schemas/indicators/*.toml``) and the words of briefs (``schemas/words.toml``)."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from string import Formatter
from typing import Any

import fastjsonschema
import polars as pl

from kejistats.model.errors import UsageError
from kejistats.model.paths import packaged, read_toml, shared
from kejistats.model.period import Checkpoint
from kejistats.model.tables import Indicator
from kejistats.model.tables.indicator import DEFAULTS, FREQUENCIES
from kejistats.model.tables.observation import LEVELS
from kejistats.model.units import is_known_unit, ratio_factor

SCHEMA_FILE = "schemas/indicators.schema.json"


@lru_cache(maxsize=4)
def _validator(schema: Path) -> Any:
    """Compile a JSON Schema into a validating function."""
    return fastjsonschema.compile(json.loads(schema.read_text("utf-8")))


def line_of(text: str, path: list[Any]) -> int:
    """Return the line number of an item path such as ``["indicator", 3, "unit"]`` in a TOML text."""
    lines = text.splitlines()
    start = 0
    numbers = [p for p in path if isinstance(p, int)]
    if path[:1] == ["domain"]:
        start = next((i for i, line in enumerate(lines) if line.strip() == "[domain]"), 0)
    elif numbers:
        heads = [i for i, line in enumerate(lines) if line.strip() == f"[[{path[0]}]]"]
        start = heads[numbers[0]] if numbers[0] < len(heads) else 0
    key = path[-1] if len(path) > 1 and isinstance(path[-1], str) else None
    if key:
        for i in range(start + 1, len(lines)):
            if lines[i].startswith("["):
                break
            if re.match(rf"\s*{re.escape(key)}\s*=", lines[i]):
                return i + 1
    return start + 1


def read_checked(file: Path, schema: Path) -> dict[str, Any]:
    """Read a TOML file and validate it against its JSON Schema.

    Raises
    ------
    UsageError
        Naming file and line of the first violation.
    """
    content = read_toml(file)
    try:
        _validator(schema)(content)
    except fastjsonschema.JsonSchemaValueException as error:
        path: list[Any] = [int(p) if str(p).isdigit() else p for p in error.path[1:]]
        unknown_key = (
            re.search(r"\{'([^']+)'", error.message)
            if error.rule == "additionalProperties"
            else None
        )
        if unknown_key:
            path.append(unknown_key[1])
        problem = error.message.replace("data.", "").replace("data ", "the file ")
        allowed = (
            f"; allowed: {', '.join(map(str, error.rule_definition))}"
            if error.rule == "enum"
            else ""
        )
        raise UsageError(
            f"{file}, line {line_of(file.read_text('utf-8'), path)}: {problem}{allowed}",
            f"{schema.name} describes every key; most editors can check it as you type",
        ) from None
    return content


def _rows(file: Path, content: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the indicators of one file as rows of the Indicator table, defaults filled in."""
    domain = content.get("domain", {"id": file.stem, "name": "其他指标", "order": 99})
    rows = []
    for position, table in enumerate(content.get("indicator", [])):
        percent = table["unit"] == "%"
        ratio = "ratio" if table.get("numerator") else "none"
        rows.append(
            DEFAULTS
            | {
                "short": table["name"],
                "growth": "points" if percent else "percent",
                "aggregate": "sum" if table["measure"] != "ratio" else ratio,
            }
            | table
            | {
                "domain": domain["id"],
                "domain_name": domain["name"],
                "order": domain["order"] * 1000 + position,
            }
        )
    return rows


def _check_references(frame: pl.DataFrame, locations: dict[str, str]) -> None:
    """Check that names are unambiguous, and that references between indicators exist and fit."""
    names: dict[str, str] = {}
    units = dict(frame.select("id", "unit").iter_rows())
    for row in frame.iter_rows(named=True):
        location = f"{locations[row['id']]}: indicator {row['id']}"
        for name in dict.fromkeys([row["id"], row["name"], *row["aliases"]]):
            other = names.setdefault(name, row["id"])
            if other != row["id"]:
                raise UsageError(
                    f"{location}: {name!r} already belongs to {other}",
                    "use each alias for one indicator only",
                )
        for key in ("numerator", "denominator"):
            if row[key] and row[key] not in units:
                raise UsageError(
                    f"{location}: {key} {row[key]!r} is not an indicator", suggest(row[key], units)
                )
        for part in row["parts"]:
            if part not in units:
                raise UsageError(
                    f"{location}: part {part!r} is not an indicator", suggest(part, units)
                )
        for level in row["levels"]:
            if level not in LEVELS[1:]:
                raise UsageError(
                    f"{location}: unknown level {level!r}", f"levels are: {', '.join(LEVELS[1:])}"
                )
        if bool(row["numerator"]) != bool(row["denominator"]):
            raise UsageError(
                f"{location}: numerator and denominator go together", "set both or neither"
            )
        if row["numerator"] and not ratio_factor(
            units[row["numerator"]], units[row["denominator"]], row["unit"]
        ):
            raise UsageError(
                f"{location}: {units[row['numerator']]} ÷ {units[row['denominator']]} "
                f"does not give {row['unit']}",
                "choose the unit that the division gives, such as % or 件/万人",
            )
        if not is_known_unit(row["unit"]):
            raise UsageError(
                f"{location}: unknown unit {row['unit']!r}",
                "known units are listed in kejistats/model/units.py",
            )
        if (row["pace"] == "nodes") != (row["nodes"] is not None):
            raise UsageError(
                f"{location}: pace 'nodes' and the key nodes go together",
                'write nodes = "6:0.4;12:1"',
            )
    _check_cycles(frame, locations)


def _check_cycles(frame: pl.DataFrame, locations: dict[str, str]) -> None:
    """Check that no indicator depends on itself."""
    inputs = {
        row["id"]: [i for i in (row["numerator"], row["denominator"], *row["parts"]) if i]
        for row in frame.iter_rows(named=True)
    }

    def visit(node: str, trail: tuple[str, ...]) -> None:
        if node in trail:
            cycle = " → ".join((*trail[trail.index(node) :], node))
            raise UsageError(
                f"{locations[node]}: indicator {node} depends on itself: {cycle}",
                "break the cycle of numerator, denominator and parts",
            )
        for child in inputs[node]:
            visit(child, (*trail, node))

    for node in inputs:
        visit(node, ())


def suggest(word: str, known_words: Any) -> str:
    """Return a remedy that suggests the most similar known word."""
    from difflib import get_close_matches

    close = get_close_matches(word, list(known_words), n=1, cutoff=0.5)
    return (
        f"did you mean {close[0]!r}?"
        if close
        else "see the packaged files in schemas/ for what is allowed"
    )


def read_registry(folder: Path | None = None, extra: Path | None = None) -> pl.DataFrame:
    """Read the indicator registry.

    Parameters
    ----------
    folder
        Folder of TOML files, one per domain; the workspace's or the packaged one by default.
    extra
        A data set's ``indicators.toml`` with further indicators; it need not exist.

    Returns
    -------
    polars.DataFrame
        The Indicator table, in the order of domains and files.

    Raises
    ------
    UsageError
        Naming file and line, for malformed TOML, an unknown key or value, an alias of two
        indicators, a reference to no indicator, or an indicator that depends on itself.

    Examples
    --------
    >>> registry = read_registry()
    >>> registry.filter(pl.col("id") == "rd_intensity").select("name", "unit", "growth").row(0)
    ('研发经费投入强度', '%', 'points')
    """
    folder = folder or shared("schemas/indicators")
    schema = folder.parent / "indicators.schema.json"
    if not schema.exists():
        schema = shared(SCHEMA_FILE)
    files = sorted(folder.glob("*.toml"))
    if extra is not None and extra.exists():
        files.append(extra)
    if not files:
        raise UsageError(f"{folder} contains no *.toml files", "it needs one file per domain")
    return _read(schema, tuple((file, file.read_bytes()) for file in files))


# Many data sets are opened on the same files; the contents in the key make changed ones be read again.
@lru_cache(maxsize=8)
def _read(schema: Path, files: tuple[tuple[Path, bytes], ...]) -> pl.DataFrame:
    """Return the Indicator table of these files, given with their contents."""
    rows: list[dict[str, Any]] = []
    locations: dict[str, str] = {}
    for file, raw in files:
        content = read_checked(file, schema)
        text = raw.decode("utf-8", errors="replace")
        for position, row in enumerate(_rows(file, content)):
            line = line_of(text, ["indicator", position, "id"])
            if row["id"] in locations:
                raise UsageError(
                    f"{file}, line {line}: id {row['id']!r} is already used in {locations[row['id']]}",
                    "use each id for one indicator only",
                )
            locations[row["id"]] = f"{file}, line {line}"
            rows.append(row)
    frame = pl.DataFrame(rows, schema=Indicator.dtypes(), orient="row").sort(
        "order", maintain_order=True
    )
    _check_references(frame, locations)
    return Indicator.conform(frame)


def ids_by_name(registry: pl.DataFrame) -> dict[str, str]:
    """Return the indicator id by id, name, short name and alias.

    A short name shared by several indicators is left out.
    """
    exact: dict[str, str] = {}
    shorts: dict[str, set[str]] = {}
    for row in registry.select("id", "name", "short", "aliases").iter_rows(named=True):
        for name in (row["id"], row["name"], *row["aliases"]):
            exact[name] = row["id"]
        shorts.setdefault(row["short"], set()).add(row["id"])
    loose = {name: next(iter(ids)) for name, ids in shorts.items() if len(ids) == 1}
    return loose | exact


def due_indicators(indicators: pl.DataFrame, at: Checkpoint) -> pl.DataFrame:
    """Return the indicators due at a checkpoint, in the order of the registry.

    A ratio with numerator and denominator is computed, so it is never due.
    """
    months = pl.col("frequency").replace_strict(FREQUENCIES, return_dtype=pl.Int64)
    due = (at.month % months == 0) & pl.col("numerator").is_null()
    return indicators.filter(due).sort("order", maintain_order=True)


def _placeholders(text: Any) -> set[str]:
    """Return the placeholder names of a text or of a list of texts."""
    texts = text if isinstance(text, list) else [text]
    try:
        return {name for t in texts for _, name, _, _ in Formatter().parse(t) if name is not None}
    except ValueError as error:
        return {f"{text}: {error}"}


def read_words(near: Path | None = None) -> dict[str, dict[str, Any]]:
    """Read ``schemas/words.toml``, the wording of briefs, which analysts may edit.

    Texts missing from a workspace's file are taken from the packaged one, so that a file written
    for an earlier version keeps working.

    Parameters
    ----------
    near
        A data set's folder, whose workspace is searched for the file first.

    Raises
    ------
    UsageError
        When the file is malformed, a key is unknown, or a text has an unknown placeholder.
    """
    file = shared("schemas/words.toml", near)
    edited = read_toml(file)
    words: dict[str, dict[str, Any]] = read_toml(packaged("schemas/words.toml"))
    for section, texts in edited.items():
        if section not in words or not isinstance(texts, dict):
            raise UsageError(f"{file}: unknown section [{section}]", suggest(section, words))
        for key, text in texts.items():
            packaged_text = words[section].get(key)
            if packaged_text is None:
                raise UsageError(
                    f"{file}: [{section}] has an unknown key {key!r}",
                    suggest(key, words[section]),
                )
            if type(text) is not type(packaged_text) or (
                isinstance(packaged_text, list) and len(text) != len(packaged_text)
            ):
                raise UsageError(
                    f"{file}: [{section}] {key} must be like {packaged_text!r}",
                    "write a value of this form",
                )
            unknown = _placeholders(text) - _placeholders(packaged_text)
            if unknown:
                raise UsageError(
                    f"{file}: [{section}] {key} has the unknown placeholder {{{unknown.pop()}}}",
                    f"allowed placeholders: {', '.join(sorted(_placeholders(packaged_text))) or 'none'}",
                )
            words[section][key] = text
    return words
