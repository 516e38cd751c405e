"""The settings of a data set: ``dataset.toml`` and ``districts.csv``."""

from __future__ import annotations

import io
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import polars as pl

from kejistats.errors import KejistatsError, UsageError
from kejistats.schema import District
from kejistats.workspace import read_text, read_toml


@dataclass(frozen=True)
class Thresholds:
    """Limits of the progress codes (semantics §6); a city may set its own in dataset.toml.

    Parameters
    ----------
    ahead, on_pace, near, slow
        Lowest pace ratio of each code.
    growth_ahead, growth_on_pace, growth_near
        Lowest difference to a growth target in points.
    small_count
        A count with a target under this is on pace when it reaches ⌊due⌋.
    rank_coverage
        Share of peers with a figure from which ranks are shown.
    """

    ahead: float = 1.05
    on_pace: float = 1.0
    near: float = 0.95
    slow: float = 0.6
    growth_ahead: float = 1.0
    growth_on_pace: float = 0.0
    growth_near: float = -0.5
    small_count: float = 10.0
    rank_coverage: float = 0.8


@dataclass(frozen=True)
class Settings:
    """What ``dataset.toml`` says; only title and parent are required.

    Parameters
    ----------
    title
        Name of the data set as pages print it.
    parent
        Code of the total that the districts belong to.
    scope
        Word for that total in sentences: 全市, 全省, 全国.
    sample
        True for made data: every page then says 示例数据.
    headline
        Ids of the main indicators; empty = the registry's own.
    ranks
        False switches ranks off everywhere.
    peer_unit
        Measure word of peers in sentences: 家, 个省份.
    benchmark
        Code of the district others are compared with.
    responsible
        Section by domain or indicator id.
    notes
        Sentences that every 数据说明 carries.
    thresholds
        Limits of the progress codes.
    sender
        Settings of the mail.
    """

    title: str
    parent: str
    scope: str = "全市"
    sample: bool = False
    headline: tuple[str, ...] = ()
    ranks: bool = True
    peer_unit: str = "家"
    benchmark: str = ""
    responsible: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    thresholds: Thresholds = field(default_factory=Thresholds)
    sender: dict[str, Any] = field(default_factory=dict)


def read_settings(file: Path) -> Settings:
    """Read and check a ``dataset.toml``.

    Raises
    ------
    UsageError
        For malformed TOML, an unknown key, a missing title or parent, or a wrong type.
    """
    content = read_toml(file)
    limits = content.pop("thresholds", {})
    if not isinstance(limits, dict):
        raise UsageError(f"{file}: thresholds must be a table", "write it below [thresholds]")
    for known, given, place in (
        (fields(Settings), content, file.name),
        (fields(Thresholds), limits, f"{file.name} [thresholds]"),
    ):
        names = [f.name for f in known]
        for key in given:
            if key not in names:
                raise UsageError(
                    f"{file}: unknown key {key!r}", f"{place} knows: {', '.join(names)}"
                )
    for key in ("title", "parent"):
        if not isinstance(content.get(key), str) or not content[key]:
            raise UsageError(f"{file}: {key} is missing", f'write {key} = "…"')
    kinds: dict[str, type] = dict.fromkeys(("sample", "ranks"), bool)
    kinds |= dict.fromkeys(("scope", "peer_unit", "benchmark"), str)
    kinds |= dict.fromkeys(("responsible", "sender"), dict)
    for key, kind in kinds.items():
        if key in content and not isinstance(content[key], kind):
            raise UsageError(f"{file}: {key} must be a {kind.__name__}", "see the README")
    for key in ("headline", "notes"):
        value = content.get(key, [])
        if not (isinstance(value, list) and all(isinstance(v, str) for v in value)):
            raise UsageError(f"{file}: {key} must be a list of texts", f'write {key} = ["…", "…"]')
        content[key] = tuple(value)
    for key, value in limits.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise UsageError(f"{file}: [thresholds] {key} must be a number", f"write {key} = 0.95")
    return Settings(**content, thresholds=Thresholds(**limits))


def read_districts(file: Path, parent: str) -> pl.DataFrame:
    """Read ``districts.csv`` into the District table.

    A district that others name as parent has kind ``total`` by default, all others
    ``district``.
    """
    if not file.exists():
        raise UsageError(f"{file} is missing", "columns: code,name,parent,group")
    try:
        frame = pl.read_csv(io.StringIO(read_text(file)), infer_schema=False)
    except pl.exceptions.PolarsError as error:
        first = str(error).splitlines()[0]
        raise UsageError(
            f"{file} is no regular CSV: {first}", "columns: code,name,parent,group"
        ) from None
    frame = frame.rename({c: c.strip() for c in frame.columns})
    unknown = [c for c in frame.columns if c not in District.columns()]
    absent = [c for c in ("code", "name") if c not in frame.columns]
    if unknown or absent:
        raise UsageError(
            f"{file}: wrong header: {', '.join(unknown + [f'{c} is absent' for c in absent])}",
            f"columns may be: {', '.join(District.columns())}",
        )
    frame = frame.with_columns(pl.all().str.strip_chars().replace("", None))
    for column in {"valid_from", "valid_to"} & set(frame.columns):
        dates = frame[column].str.to_date("%Y-%m-%d", strict=False)
        if bad := frame.filter(dates.is_null() & frame[column].is_not_null())[column].to_list():
            raise UsageError(f"{file}: {column} {bad[0]!r} is no date", "write 2025-06-30")
        frame = frame.with_columns(dates)
    if "kind" not in frame.columns:
        frame = frame.with_columns(kind=pl.lit(None, dtype=pl.String))
    parents = frame["parent"].drop_nulls().unique().to_list() if "parent" in frame.columns else []
    by_place = (
        pl.when(pl.col("code").is_in(parents)).then(pl.lit("total")).otherwise(pl.lit("district"))
    )
    frame = frame.with_columns(pl.col("kind").fill_null(by_place))
    try:
        districts = District.conform(frame)
    except KejistatsError as error:
        raise UsageError(f"{file}: {error.message}", error.remedy) from None
    if parent not in districts["code"]:
        raise UsageError(
            f"{file}: the parent {parent!r} of dataset.toml has no row", "a parent is a row too"
        )
    return districts
