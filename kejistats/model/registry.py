"""The registry: ``schemas/indicators/*.toml`` read into the typed Indicator table."""

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
from kejistats.model.units import known, ratio_factor

SCHEMA_FILE = "schemas/indicators.schema.json"


@lru_cache(maxsize=4)
def _validator(schema: Path) -> Any:
    return fastjsonschema.compile(json.loads(schema.read_text("utf-8")))


def line_of(text: str, path: list[Any]) -> int:
    """Find the line of a fault, given its place such as ``["indicator", 3, "unit"]``."""
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
    """Read a TOML file and hold it against its JSON Schema.

    Raises
    ------
    UsageError
        Naming file and line of the first fault.
    """
    content = read_toml(file)
    try:
        _validator(schema)(content)
    except fastjsonschema.JsonSchemaValueException as error:
        path: list[Any] = [int(p) if str(p).isdigit() else p for p in error.path[1:]]
        extra = (
            re.search(r"\{'([^']+)'", error.message)
            if error.rule == "additionalProperties"
            else None
        )
        if extra:
            path.append(extra[1])
        wrong = error.message.replace("data.", "").replace("data ", "the file ")
        allowed = (
            f"; allowed: {', '.join(map(str, error.rule_definition))}"
            if error.rule == "enum"
            else ""
        )
        raise UsageError(
            f"{file}, line {line_of(file.read_text('utf-8'), path)}: {wrong}{allowed}",
            f"{schema.name} beside the folder describes every key; most editors check it as you type",
        ) from None
    return content


def _rows(file: Path, content: dict[str, Any]) -> list[dict[str, Any]]:
    domain = content.get("domain", {"id": file.stem, "name": "其他指标", "order": 99})
    rows = []
    for place, table in enumerate(content.get("indicator", [])):
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
                "order": domain["order"] * 1000 + place,
            }
        )
    return rows


def _check_references(frame: pl.DataFrame, where: dict[str, str]) -> None:
    """Ids and aliases are told apart; numerators, denominators and parts exist and fit."""
    names: dict[str, str] = {}
    units = dict(frame.select("id", "unit").iter_rows())
    for row in frame.iter_rows(named=True):
        place = f"{where[row['id']]}: indicator {row['id']}"
        for name in dict.fromkeys([row["id"], row["name"], *row["aliases"]]):
            other = names.setdefault(name, row["id"])
            if other != row["id"]:
                raise UsageError(
                    f"{place}: {name!r} already belongs to {other}",
                    "an alias belongs to one indicator",
                )
        for key in ("numerator", "denominator"):
            if row[key] and row[key] not in units:
                raise UsageError(
                    f"{place}: {key} {row[key]!r} is no indicator", nearest(row[key], units)
                )
        for part in row["parts"]:
            if part not in units:
                raise UsageError(f"{place}: part {part!r} is no indicator", nearest(part, units))
        for level in row["levels"]:
            if level not in LEVELS[1:]:
                raise UsageError(
                    f"{place}: unknown level {level!r}", f"levels are: {', '.join(LEVELS[1:])}"
                )
        if bool(row["numerator"]) != bool(row["denominator"]):
            raise UsageError(f"{place}: numerator and denominator go together", "name both or none")
        if row["numerator"] and not ratio_factor(
            units[row["numerator"]], units[row["denominator"]], row["unit"]
        ):
            raise UsageError(
                f"{place}: {units[row['numerator']]} ÷ {units[row['denominator']]} "
                f"does not give {row['unit']}",
                "choose the unit that the division gives, such as % or 件/万人",
            )
        if not known(row["unit"]):
            raise UsageError(f"{place}: unknown unit {row['unit']!r}", "see kejistats/units.py")
        if (row["pace"] == "nodes") != (row["nodes"] is not None):
            raise UsageError(
                f"{place}: pace 'nodes' and the key nodes go together", 'write nodes = "6:0.4;12:1"'
            )
    _check_circles(frame, where)


def _check_circles(frame: pl.DataFrame, where: dict[str, str]) -> None:
    inputs = {
        row["id"]: [i for i in (row["numerator"], row["denominator"], *row["parts"]) if i]
        for row in frame.iter_rows(named=True)
    }

    def visit(node: str, trail: tuple[str, ...]) -> None:
        if node in trail:
            circle = " → ".join((*trail[trail.index(node) :], node))
            raise UsageError(
                f"{where[node]}: indicator {node} is made of itself: {circle}",
                "break the circle of numerator, denominator and parts",
            )
        for child in inputs[node]:
            visit(child, (*trail, node))

    for node in inputs:
        visit(node, ())


def nearest(word: str, known_words: Any) -> str:
    """Return a remedy that names the nearest known word."""
    from difflib import get_close_matches

    close = get_close_matches(word, list(known_words), n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else "see the files of `schemas/` as they came"


def read_registry(folder: Path | None = None, own: Path | None = None) -> pl.DataFrame:
    """Read the indicator registry.

    Parameters
    ----------
    folder
        Folder of TOML files, one per domain; the workspace's or the packaged one by default.
    own
        A data set's ``indicators.toml`` with further indicators, if it has one.

    Returns
    -------
    polars.DataFrame
        The Indicator table, in the order of domains and files.

    Raises
    ------
    UsageError
        Naming file and line, for malformed TOML, an unknown key or value, an alias in two
        places, a reference that leads nowhere, or a ratio made of itself.

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
    if own is not None and own.exists():
        files.append(own)
    if not files:
        raise UsageError(f"{folder} holds no *.toml", "one file per domain is expected there")
    return _read(schema, tuple((file, file.read_bytes()) for file in files))


# A day's work opens many data sets on the same files; changed ones are read anew.
@lru_cache(maxsize=8)
def _read(schema: Path, files: tuple[tuple[Path, bytes], ...]) -> pl.DataFrame:
    rows: list[dict[str, Any]] = []
    where: dict[str, str] = {}
    for file, raw in files:
        content = read_checked(file, schema)
        text = raw.decode("utf-8", errors="replace")
        for place, row in enumerate(_rows(file, content)):
            line = line_of(text, ["indicator", place, "id"])
            if row["id"] in where:
                raise UsageError(
                    f"{file}, line {line}: id {row['id']!r} stands already in {where[row['id']]}",
                    "an id belongs to one indicator",
                )
            where[row["id"]] = f"{file}, line {line}"
            rows.append(row)
    frame = pl.DataFrame(rows, schema=Indicator.dtypes(), orient="row").sort(
        "order", maintain_order=True
    )
    _check_references(frame, where)
    return Indicator.conform(frame)


def names_of(registry: pl.DataFrame) -> dict[str, str]:
    """Return every id, name, short name and alias with the id it means.

    A short name that two indicators share is left out: it names neither.
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
    """Return the indicators reported at a checkpoint, in the order of the registry.

    A ratio that is recomputed from its numerator and denominator is not asked for.
    """
    months = pl.col("frequency").replace_strict(FREQUENCIES, return_dtype=pl.Int64)
    due = (at.month % months == 0) & pl.col("numerator").is_null()
    return indicators.filter(due).sort("order", maintain_order=True)


def _braces(text: Any) -> set[str]:
    """Return the names in braces of a text, or of the texts of a list."""
    texts = text if isinstance(text, list) else [text]
    try:
        return {name for t in texts for _, name, _, _ in Formatter().parse(t) if name is not None}
    except ValueError as error:
        return {f"{text}: {error}"}


def read_words(near: Path | None = None) -> dict[str, dict[str, Any]]:
    """Read ``schemas/words.toml``, the wording of briefs that an analyst may change.

    A text that a workspace's own file leaves out is the packaged one, so that a file of an
    earlier version keeps working.

    Parameters
    ----------
    near
        A data set's folder; its workspace's own file comes first.

    Raises
    ------
    UsageError
        When the file is malformed, a key is unknown, or a text has braces no figure fills in.
    """
    file = shared("schemas/words.toml", near)
    own = read_toml(file)
    words: dict[str, dict[str, Any]] = read_toml(packaged("schemas/words.toml"))
    for section, texts in own.items():
        if section not in words or not isinstance(texts, dict):
            raise UsageError(f"{file}: unknown section [{section}]", nearest(section, words))
        for key, text in texts.items():
            known = words[section].get(key)
            if known is None:
                raise UsageError(
                    f"{file}: [{section}] has an unknown key {key!r}",
                    nearest(key, words[section]),
                )
            if type(text) is not type(known) or (
                isinstance(known, list) and len(text) != len(known)
            ):
                raise UsageError(f"{file}: [{section}] {key} must be like {known!r}", "mend it")
            strange = _braces(text) - _braces(known)
            if strange:
                raise UsageError(
                    f"{file}: [{section}] {key} has {{{strange.pop()}}}, which no figure fills in",
                    f"it may have: {', '.join(sorted(_braces(known))) or 'no braces'}",
                )
            words[section][key] = text
    return words
