"""Read chains of stages (``schemas/chains.toml``) into the typed Chain table and check them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from kejistats.model.errors import UsageError
from kejistats.model.paths import packaged, shared
from kejistats.model.registry import line_of, read_checked, suggest
from kejistats.model.tables import Chain
from kejistats.model.tables.chain import CHAIN_DEFAULTS

CHAINS_FILE = "schemas/chains.toml"
_SCHEMA_FILE = "schemas/chains.schema.json"


class _ChainSource:
    """One chain as written in its file; builds errors that name file and line."""

    def __init__(self, file: Path, number: int, row: dict[str, Any]) -> None:
        self.file, self.number, self.row = file, number, row
        self.text = file.read_text("utf-8")

    def line(self, key: str, word: str = "") -> str:
        """Return "file, line n" of a key, or of one word where its list runs over several lines."""
        first = line_of(self.text, ["chain", self.number, key])
        for number, line in enumerate(self.text.splitlines()[first - 1 :], first):
            if word and f'"{word}"' in line:
                return f"{self.file}, line {number}"
            if line.rstrip().endswith("]"):
                break
        return f"{self.file}, line {first}"

    def error(self, key: str, problem: str, remedy: str, word: str = "") -> UsageError:
        """Return the error for a key, with file, line and chain."""
        return UsageError(f"{self.line(key, word)}: chain {self.row['id']}: {problem}", remedy)


def read_chains(indicators: pl.DataFrame, *files: Path) -> pl.DataFrame:
    """Read the declared chains of stages.

    Parameters
    ----------
    indicators
        The Indicator table; stages are ids of it.
    files
        TOML files of ``[[chain]]`` tables, in order; files that do not exist are skipped. By
        default the workspace's ``schemas/chains.toml``, else the packaged one.

    Returns
    -------
    polars.DataFrame
        The Chain table, in the order of files and tables; labels default to the short names of
        the indicators.

    Raises
    ------
    UsageError
        Naming file and line, for malformed TOML, an unknown key or indicator, a chain or stage
        named twice, stages of different units or measures, or a rule for something that is not
        a stage.

    Examples
    --------
    >>> from kejistats.model.registry import read_registry
    >>> chains = read_chains(read_registry())
    >>> chains.filter(pl.col("id") == "hnte").select("stages", "labels").rows()
    [(['hnte_cultivated', 'hnte_applied', 'hnte_certified'], ['培育入库', '申报', '认定'])]
    """
    indicator_rows = {row["id"]: row for row in indicators.iter_rows(named=True)}
    rows: list[dict[str, Any]] = []
    seen: dict[str, dict[str, str]] = {"id": {}, "name": {}}
    for file in files or (shared(CHAINS_FILE),):
        if not file.exists():
            continue
        content = read_checked(file, packaged(_SCHEMA_FILE))
        for number, table in enumerate(content.get("chain", [])):
            row = CHAIN_DEFAULTS | table
            source = _ChainSource(file, number, row)
            for key, used in seen.items():
                other = used.setdefault(row[key], source.line(key))
                if other != source.line(key):
                    raise source.error(
                        key,
                        f"{key} {row[key]!r} is already used in {other}",
                        f"choose another {key}",
                    )
            _check(source, row, indicator_rows)
            labels = row["labels"] or [indicator_rows[stage]["short"] for stage in row["stages"]]
            rows.append(row | {"labels": labels})
    return Chain.conform(pl.DataFrame(rows, schema=Chain.dtypes(), orient="row"))


def _check(
    source: _ChainSource, row: dict[str, Any], indicator_rows: dict[str, dict[str, Any]]
) -> None:
    """Raise unless the stages can be compared with each other."""
    stages: list[str] = row["stages"]
    for key in ("stages", "beside", "must_not_exceed"):
        for stage in row[key]:
            if key == "stages" and stage not in indicator_rows:
                raise source.error(
                    key,
                    f"stage {stage!r} is not an indicator",
                    suggest(stage, indicator_rows),
                    stage,
                )
            if stage not in stages:
                raise source.error(
                    key, f"{key} names {stage!r}, which is not one of its stages",
                    f"its stages are: {', '.join(stages)}", stage,
                )  # fmt: skip
        if repeated := _first_repeated(row[key]):
            raise source.error(
                key, f"{key} names {repeated!r} twice", "name each stage once", repeated
            )
    if row["labels"] and len(row["labels"]) != len(stages):
        raise source.error(
            "labels", f"{len(row['labels'])} labels for {len(stages)} stages",
            "give one label for each stage, or leave labels out",
        )  # fmt: skip
    counted = [stage for stage in stages if stage not in row["beside"]]
    if len(counted) < 2:
        raise source.error(
            "stages",
            "fewer than two stages are in the same unit",
            "a chain needs at least two stages that are not named in beside",
        )
    _check_counted(source, counted, indicator_rows)
    for stage in row["beside"]:
        unit = indicator_rows[stage]["unit"]
        if unit == indicator_rows[counted[0]]["unit"]:
            raise source.error(
                "beside", f"{stage!r} is in {unit} like the other stages",
                "beside is for stages in another unit; remove it from beside", stage,
            )  # fmt: skip
    for stage in row["must_not_exceed"]:
        if stage == counted[0] or stage not in counted:
            reason = "has no stage before it" if stage == counted[0] else "is in another unit"
            raise source.error(
                "must_not_exceed", f"{stage!r} {reason}",
                f"it may name: {', '.join(counted[1:])}", stage,
            )  # fmt: skip


def _check_counted(
    source: _ChainSource, counted: list[str], indicator_rows: dict[str, dict[str, Any]]
) -> None:
    """Raise unless the stages outside ``beside`` are counts in one unit and measure."""
    first = indicator_rows[counted[0]]
    for stage in counted:
        indicator = indicator_rows[stage]
        if indicator["measure"] == "ratio" or indicator["negative"]:
            problem = "is a ratio" if indicator["measure"] == "ratio" else "may be below zero"
            raise source.error(
                "stages",
                f"stage {stage!r} {problem}",
                "a stage must be a count that cannot be negative",
                stage,
            )
        if indicator["unit"] != first["unit"]:
            raise source.error(
                "stages",
                f"{counted[0]} is in {first['unit']}, {stage} in {indicator['unit']}",
                "name a stage in another unit in beside too, or give it its own chain", stage,
            )  # fmt: skip
        if indicator["measure"] != first["measure"]:
            raise source.error(
                "stages",
                f"{counted[0]} is a {first['measure']}, {stage} a {indicator['measure']}",
                "a cumulative figure cannot be divided by a level at the month's end", stage,
            )  # fmt: skip


def _first_repeated(words: Iterable[str]) -> str:
    """Return the first word that occurs twice, else an empty string."""
    seen: set[str] = set()
    for word in words:
        if word in seen:
            return word
        seen.add(word)
    return ""
