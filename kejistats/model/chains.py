"""Chains: ``schemas/chains.toml`` read into the typed Chain table."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from kejistats.model.errors import UsageError
from kejistats.model.paths import packaged, shared
from kejistats.model.registry import line_of, nearest, read_checked
from kejistats.model.tables import Chain
from kejistats.model.tables.chain import CHAIN_DEFAULTS

CHAINS_FILE = "schemas/chains.toml"
_SCHEMA_FILE = "schemas/chains.schema.json"


class _Place:
    """Where a chain stands, to say what is wrong with it."""

    def __init__(self, file: Path, number: int, row: dict[str, Any]) -> None:
        self.file, self.number, self.row = file, number, row
        self.text = file.read_text("utf-8")

    def line(self, key: str, word: str = "") -> str:
        """Return file and line of a key, or of a word in its list where that has several lines."""
        first = line_of(self.text, ["chain", self.number, key])
        for number, line in enumerate(self.text.splitlines()[first - 1 :], first):
            if word and f'"{word}"' in line:
                return f"{self.file}, line {number}"
            if line.rstrip().endswith("]"):
                break
        return f"{self.file}, line {first}"

    def wrong(self, key: str, what: str, remedy: str, word: str = "") -> UsageError:
        """Return the error of a key."""
        return UsageError(f"{self.line(key, word)}: chain {self.row['id']}: {what}", remedy)


def read_chains(indicators: pl.DataFrame, *files: Path) -> pl.DataFrame:
    """Read declared chains of stages.

    Parameters
    ----------
    indicators
        The Indicator table that the stages stand in.
    files
        TOML files of ``[[chain]]`` tables, in order; those that do not exist declare none. By
        default the workspace's ``schemas/chains.toml`` or the packaged one.

    Returns
    -------
    polars.DataFrame
        The Chain table, in the order of files and tables; a chain without labels has the short
        names of its indicators.

    Raises
    ------
    UsageError
        Naming file and line, for malformed TOML, an unknown key or indicator, a chain or a stage
        named twice, stages of different units or measures, or a rule for what is no stage.

    Examples
    --------
    >>> from kejistats.model.registry import read_registry
    >>> chains = read_chains(read_registry())
    >>> chains.filter(pl.col("id") == "hnte").select("stages", "labels").rows()
    [(['hnte_cultivated', 'hnte_applied', 'hnte_certified'], ['培育入库', '申报', '认定'])]
    """
    facts = {row["id"]: row for row in indicators.iter_rows(named=True)}
    rows: list[dict[str, Any]] = []
    seen: dict[str, dict[str, str]] = {"id": {}, "name": {}}
    for file in files or (shared(CHAINS_FILE),):
        if not file.exists():
            continue
        content = read_checked(file, packaged(_SCHEMA_FILE))
        for number, table in enumerate(content.get("chain", [])):
            row = CHAIN_DEFAULTS | table
            place = _Place(file, number, row)
            for key, known in seen.items():
                other = known.setdefault(row[key], place.line(key))
                if other != place.line(key):
                    raise place.wrong(
                        key,
                        f"{key} {row[key]!r} stands already in {other}",
                        f"choose another {key}",
                    )
            _check(place, row, facts)
            labels = row["labels"] or [facts[stage]["short"] for stage in row["stages"]]
            rows.append(row | {"labels": labels})
    return Chain.conform(pl.DataFrame(rows, schema=Chain.dtypes(), orient="row"))


def _check(place: _Place, row: dict[str, Any], facts: dict[str, dict[str, Any]]) -> None:
    """Refuse a chain whose stages cannot be told as stages of one thing."""
    stages: list[str] = row["stages"]
    for key in ("stages", "beside", "must_not_exceed"):
        for stage in row[key]:
            if key == "stages" and stage not in facts:
                raise place.wrong(
                    key, f"stage {stage!r} is no indicator", nearest(stage, facts), stage
                )
            if stage not in stages:
                raise place.wrong(
                    key, f"{key} names {stage!r}, which is no stage of it",
                    f"its stages are: {', '.join(stages)}", stage,
                )  # fmt: skip
        if again := _twice(row[key]):
            raise place.wrong(key, f"{key} names {again!r} twice", "name each stage once", again)
    if row["labels"] and len(row["labels"]) != len(stages):
        raise place.wrong(
            "labels", f"{len(row['labels'])} labels for {len(stages)} stages",
            "give one word for each stage, or leave labels out",
        )  # fmt: skip
    counted = [stage for stage in stages if stage not in row["beside"]]
    if len(counted) < 2:
        raise place.wrong(
            "stages",
            "no two stages are in one unit",
            "a chain needs two stages not named in beside",
        )
    _check_counted(place, counted, facts)
    for stage in row["beside"]:
        unit = facts[stage]["unit"]
        if unit == facts[counted[0]]["unit"]:
            raise place.wrong(
                "beside", f"{stage!r} is in {unit} like the other stages",
                "beside is for stages in another unit; take it out of beside", stage,
            )  # fmt: skip
    for stage in row["must_not_exceed"]:
        if stage == counted[0] or stage not in counted:
            reason = "has no stage before it" if stage == counted[0] else "stands in another unit"
            raise place.wrong(
                "must_not_exceed", f"{stage!r} {reason}",
                f"it may name: {', '.join(counted[1:])}", stage,
            )  # fmt: skip


def _check_counted(place: _Place, counted: list[str], facts: dict[str, dict[str, Any]]) -> None:
    first = facts[counted[0]]
    for stage in counted:
        fact = facts[stage]
        if fact["measure"] == "ratio" or fact["negative"]:
            what = "is a ratio" if fact["measure"] == "ratio" else "may be below zero"
            raise place.wrong(
                "stages", f"stage {stage!r} {what}", "a stage counts what has reached it", stage
            )
        if fact["unit"] != first["unit"]:
            raise place.wrong(
                "stages",
                f"{counted[0]} is in {first['unit']}, {stage} in {fact['unit']}",
                "name a stage in another unit in beside too, or give it a chain of its own", stage,
            )  # fmt: skip
        if fact["measure"] != first["measure"]:
            raise place.wrong(
                "stages",
                f"{counted[0]} is a {first['measure']}, {stage} a {fact['measure']}",
                "a figure of the year and a level at its end have no common quotient", stage,
            )  # fmt: skip


def _twice(words: Iterable[str]) -> str:
    """Return the first word that stands there twice; empty where none does."""
    seen: set[str] = set()
    for word in words:
        if word in seen:
            return word
        seen.add(word)
    return ""
