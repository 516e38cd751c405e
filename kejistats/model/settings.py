"""The settings of a data set: ``dataset.toml`` and ``districts.csv``."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import polars as pl

from kejistats.model.errors import KejistatsError, UsageError
from kejistats.model.paths import read_text, read_toml
from kejistats.model.tables import District


@dataclass(frozen=True)
class Thresholds:
    """Limits of what is judged (definitions §6 to §8); a city may set its own in dataset.toml.

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
    seasonal_years, seasonal_least, seasonal_figure
        Most and fewest years that make up a seasonal profile, and the least yearly figure of each.
    outlook_month, outlook_share
        Month and share of the year from which on the year's end is projected.
    growth_base
        Least base, of a count, for taking part in the ranking of growth.
    contribution_move
        Least move of the city, as a fraction, for a rate of contribution (贡献率).
    contribution_times
        From so many times the weight in the city's base on, a contribution is said.
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
    seasonal_years: float = 3.0
    seasonal_least: float = 2.0
    seasonal_figure: float = 10.0
    outlook_month: float = 3.0
    outlook_share: float = 0.2
    growth_base: float = 10.0
    contribution_move: float = 0.01
    contribution_times: float = 1.2


@dataclass(frozen=True)
class Checks:
    """Limits of the comparisons that intake makes (definitions §11); a city may set its own.

    Parameters
    ----------
    jump_mad
        A change against last year is a jump beyond so many MAD of the peers' log growth.
    jump_floor
        A change by less than this factor either way is never a jump.
    jump_peers
        Fewest peers with growth of the same indicator for a jump to be judged.
    slip
        A money figure of 10⁴ or 10⁻⁴ times last year's, within this factor, mixes 万元 and 亿元.
    unchanged_from
        Smallest figure whose standing still since the last checkpoint is told.
    due_days
        Days after the end of a checkpoint by which reports are due.
    """

    jump_mad: float = 5.0
    jump_floor: float = 2.0
    jump_peers: float = 5.0
    slip: float = 3.0
    unchanged_from: float = 10.0
    due_days: float = 15.0


@dataclass(frozen=True)
class WideColumn:
    """One column of a wide table and what its figures are.

    Parameters
    ----------
    header
        Its header; the lines of a header of several rows are joined by ``/``.
    to
        Column of the long form that its cells fill: value, published_growth, note …
    fixed
        Columns of the long form with one text for all its cells: indicator, unit, checkpoint …
    """

    header: str
    to: str
    fixed: dict[str, str]


@dataclass(frozen=True)
class Wide:
    """How a wide table of received files is read; one ``[[wide]]`` of dataset.toml.

    Parameters
    ----------
    file, sheet
        Patterns of the file's and the sheet's name, such as ``*月报*.xls*``.
    keys
        Columns of the long form by the header of the wide table's column that holds them.
    fixed
        Columns of the long form with one text for the whole table.
    columns
        The columns with figures.
    """

    file: str
    sheet: str
    keys: dict[str, str]
    fixed: dict[str, str]
    columns: tuple[WideColumn, ...]


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
    indicators
        Ids of the indicators or domains that forms ask for and reporting is measured by; empty =
        those the data set has figures or targets of, or the whole registry while it has none.
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
    checks
        Limits of the comparisons that intake makes.
    wide
        How wide tables among the received files are read.
    sender
        Who mails come from: address and name; see `kejistats.publish.mail_settings`.
    mail
        How mails go out: server, limits, allowed domains; see `kejistats.publish.mail_settings`.
    """

    title: str
    parent: str
    scope: str = "全市"
    sample: bool = False
    headline: tuple[str, ...] = ()
    indicators: tuple[str, ...] = ()
    ranks: bool = True
    peer_unit: str = "家"
    benchmark: str = ""
    responsible: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    thresholds: Thresholds = field(default_factory=Thresholds)
    checks: Checks = field(default_factory=Checks)
    wide: tuple[Wide, ...] = ()
    sender: dict[str, Any] = field(default_factory=dict)
    mail: dict[str, Any] = field(default_factory=dict)


def read_settings(file: Path) -> Settings:
    """Read and check a ``dataset.toml``.

    Raises
    ------
    UsageError
        For malformed TOML, an unknown key, a missing title or parent, or a wrong type.
    """
    content = read_toml(file)
    thresholds = Thresholds(**_limits(file, content, "thresholds", Thresholds))
    checks = Checks(**_limits(file, content, "checks", Checks))
    wide = tuple(_wide(file, table) for table in _list(file, content.pop("wide", []), "wide"))
    _known(file, content, [f.name for f in fields(Settings)], file.name)
    for key in ("title", "parent"):
        if not isinstance(content.get(key), str) or not content[key]:
            raise UsageError(f"{file}: {key} is missing", f'write {key} = "…"')
    kinds: dict[str, type] = dict.fromkeys(("sample", "ranks"), bool)
    kinds |= dict.fromkeys(("scope", "peer_unit", "benchmark"), str)
    kinds |= dict.fromkeys(("responsible", "sender", "mail"), dict)
    for key, kind in kinds.items():
        if key in content and not isinstance(content[key], kind):
            raise UsageError(f"{file}: {key} must be a {kind.__name__}", "see the README")
    for key in ("headline", "indicators", "notes"):
        value = content.get(key, [])
        if not (isinstance(value, list) and all(isinstance(v, str) for v in value)):
            raise UsageError(f"{file}: {key} must be a list of texts", f'write {key} = ["…", "…"]')
        content[key] = tuple(value)
    return Settings(**content, thresholds=thresholds, checks=checks, wide=wide)


def _known(file: Path, given: Mapping[str, Any], names: list[str], place: str) -> None:
    for key in given:
        if key not in names:
            raise UsageError(f"{file}: unknown key {key!r}", f"{place} knows: {', '.join(names)}")


def _limits(file: Path, content: dict[str, Any], name: str, kind: Any) -> dict[str, float]:
    """Take a table of numbers out of the content."""
    limits = content.pop(name, {})
    if not isinstance(limits, dict):
        raise UsageError(f"{file}: {name} must be a table", f"write it below [{name}]")
    known = {f.name: f.default for f in fields(kind)}
    _known(file, limits, list(known), f"{file.name} [{name}]")
    for key, value in limits.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise UsageError(
                f"{file}: [{name}] {key} must be a number", f"write {key} = {known[key]}"
            )
    return limits


def _list(file: Path, value: Any, name: str) -> list[dict[str, Any]]:
    if not (isinstance(value, list) and all(isinstance(v, dict) for v in value)):
        raise UsageError(f"{file}: {name} must be a list of tables", "see the README")
    return value


def _wide(file: Path, table: dict[str, Any]) -> Wide:
    """Read one ``[[wide]]`` table."""
    place = f"{file.name} [[wide]]"
    _known(file, table, [f.name for f in fields(Wide)], place)
    columns = []
    for column in _list(file, table.get("columns", []), "[[wide]] columns"):
        texts = _texts(file, column)
        header, to = texts.pop("header", ""), texts.pop("to", "value")
        if not header:
            raise UsageError(f"{file}: a column of [[wide]] has no header", 'write header = "…"')
        columns.append(WideColumn(header, to, texts))
    if not table.get("file") or not columns:
        raise UsageError(f"{place} needs file and columns", 'write file = "*月报*.xls*"')
    parts = {key: _texts(file, table.get(key, {})) for key in ("keys", "fixed")}
    return Wide(table["file"], table.get("sheet", "*"), **parts, columns=tuple(columns))


def _texts(file: Path, table: Any) -> dict[str, str]:
    if not (isinstance(table, dict) and all(isinstance(v, str) for v in table.values())):
        raise UsageError(
            f"{file}: keys, fixed and columns of [[wide]] hold texts",
            'write keys = { district = "县（市、区）" }',
        )
    return dict(table)


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
