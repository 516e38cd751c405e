"""Read and check the settings of a data set: ``dataset.toml`` and ``districts.csv``."""

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
    """Limits used in evaluation (definitions §6 to §8); ``dataset.toml`` may override them.

    Parameters
    ----------
    ahead, on_pace, near, slow
        Lowest pace ratio of each progress code.
    growth_ahead, growth_on_pace, growth_near
        Lowest difference to a growth target of each progress code, in points.
    small_count
        A count whose target is below this is on pace once it reaches ⌊due⌋.
    rank_coverage
        Lowest share of peers with a figure for ranks to be shown.
    seasonal_years, seasonal_least, seasonal_figure
        Most and fewest years of a seasonal profile, and the smallest yearly figure of each.
    outlook_month, outlook_share
        First month, and lowest share of the year, for projecting the year's end.
    growth_base
        Smallest base of a count for being ranked by growth.
    contribution_move
        Smallest change of the total, as a fraction, for a contribution rate (贡献率).
    contribution_times
        A contribution is mentioned from this multiple of the district's weight in the base on.
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
    """Limits of the comparisons of intake (definitions §11); ``dataset.toml`` may override them.

    Parameters
    ----------
    jump_mad
        A year-on-year change is a jump beyond this many MADs of the peers' log growth.
    jump_floor
        A change by less than this factor, up or down, is never a jump.
    jump_peers
        Fewest peers with growth of the same indicator for detecting jumps.
    slip
        A money figure 10⁴ or 10⁻⁴ times last year's, within this factor, confuses 万元 and 亿元.
    unchanged_from
        Smallest figure that is reported when unchanged since the last checkpoint.
    due_days
        Days after the end of a checkpoint when reports are due.
    """

    jump_mad: float = 5.0
    jump_floor: float = 2.0
    jump_peers: float = 5.0
    slip: float = 3.0
    unchanged_from: float = 10.0
    due_days: float = 15.0


@dataclass(frozen=True)
class WideColumn:
    """One column of figures in a wide table, with the meaning of its figures.

    Parameters
    ----------
    header
        Its header; headers over several rows are joined by ``/``.
    to
        Column of the long table that its cells fill: value, published_growth, note …
    fixed
        Columns of the long table with one text for all its cells: indicator, unit, checkpoint …
    """

    header: str
    to: str
    fixed: dict[str, str]


@dataclass(frozen=True)
class Wide:
    """How to read wide tables in received files: one ``[[wide]]`` of ``dataset.toml``.

    Parameters
    ----------
    file, sheet
        Patterns of the file and sheet names, such as ``*月报*.xls*``.
    keys
        Columns of the long table, by the header of the wide table's column that contains them.
    fixed
        Columns of the long table with one text for the whole wide table.
    columns
        The columns of figures.
    """

    file: str
    sheet: str
    keys: dict[str, str]
    fixed: dict[str, str]
    columns: tuple[WideColumn, ...]


@dataclass(frozen=True)
class Settings:
    """The settings of ``dataset.toml``; only title and parent are required.

    Parameters
    ----------
    title
        Name of the data set as pages print it.
    parent
        Code of the total row that the districts add up to.
    scope
        Word for this total in sentences: 全市, 全省, 全国.
    sample
        True for synthetic data: every page is then marked 示例数据.
    headline
        Ids of the main indicators; empty = the registry's headline indicators.
    indicators
        Ids of the indicators or domains that forms request and reporting status counts; empty =
        those with figures or targets in the data set, or the whole registry while it has none.
    ranks
        False hides ranks everywhere.
    peer_unit
        Measure word of peers in sentences: 家, 个省份.
    benchmark
        Code of the district that others are compared with.
    responsible
        Responsible section, by domain or indicator id.
    notes
        Sentences added to every 数据说明.
    thresholds
        Limits of the progress codes.
    checks
        Limits of the comparisons that intake makes.
    wide
        How to read wide tables in received files.
    sender
        Sender of mails, address and name; see `kejistats.publish.mail_settings`.
    mail
        Mail server, limits and allowed domains; see `kejistats.publish.mail_settings`.
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
        For malformed TOML, an unknown key, a missing title or parent, or a value of a wrong type.
    """
    content = read_toml(file)
    thresholds = Thresholds(**_limits(file, content, "thresholds", Thresholds))
    checks = Checks(**_limits(file, content, "checks", Checks))
    wide = tuple(
        _wide(file, table) for table in _check_tables(file, content.pop("wide", []), "wide")
    )
    _check_keys(file, content, [f.name for f in fields(Settings)], file.name)
    for key in ("title", "parent"):
        if not isinstance(content.get(key), str) or not content[key]:
            raise UsageError(f"{file}: {key} is missing", f'write {key} = "…"')
    kinds: dict[str, type] = dict.fromkeys(("sample", "ranks"), bool)
    kinds |= dict.fromkeys(("scope", "peer_unit", "benchmark"), str)
    kinds |= dict.fromkeys(("responsible", "sender", "mail"), dict)
    for key, kind in kinds.items():
        if key in content and not isinstance(content[key], kind):
            raise UsageError(
                f"{file}: {key} must be a {kind.__name__}", "see the README for an example"
            )
    for key in ("headline", "indicators", "notes"):
        value = content.get(key, [])
        if not (isinstance(value, list) and all(isinstance(v, str) for v in value)):
            raise UsageError(f"{file}: {key} must be a list of texts", f'write {key} = ["…", "…"]')
        content[key] = tuple(value)
    return Settings(**content, thresholds=thresholds, checks=checks, wide=wide)


def _check_keys(file: Path, given: Mapping[str, Any], names: list[str], table: str) -> None:
    """Raise if a table has a key that is not among the names."""
    for key in given:
        if key not in names:
            raise UsageError(f"{file}: unknown key {key!r}", f"keys of {table}: {', '.join(names)}")


def _limits(file: Path, content: dict[str, Any], name: str, kind: Any) -> dict[str, float]:
    """Remove a table of numbers from the content and return it, checked."""
    limits = content.pop(name, {})
    if not isinstance(limits, dict):
        raise UsageError(f"{file}: {name} must be a table", f"write it below [{name}]")
    defaults = {f.name: f.default for f in fields(kind)}
    _check_keys(file, limits, list(defaults), f"{file.name} [{name}]")
    for key, value in limits.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise UsageError(
                f"{file}: [{name}] {key} must be a number", f"write {key} = {defaults[key]}"
            )
    return limits


def _check_tables(file: Path, value: Any, name: str) -> list[dict[str, Any]]:
    """Return a value after checking that it is a list of tables."""
    if not (isinstance(value, list) and all(isinstance(v, dict) for v in value)):
        raise UsageError(
            f"{file}: {name} must be a list of tables", "see the README for an example"
        )
    return value


def _wide(file: Path, table: dict[str, Any]) -> Wide:
    """Read one ``[[wide]]`` table."""
    name = f"{file.name} [[wide]]"
    _check_keys(file, table, [f.name for f in fields(Wide)], name)
    columns = []
    for column in _check_tables(file, table.get("columns", []), "[[wide]] columns"):
        texts = _texts(file, column)
        header, to = texts.pop("header", ""), texts.pop("to", "value")
        if not header:
            raise UsageError(f"{file}: a column of [[wide]] has no header", 'write header = "…"')
        columns.append(WideColumn(header, to, texts))
    if not table.get("file") or not columns:
        raise UsageError(f"{name} needs file and columns", 'write file = "*月报*.xls*"')
    parts = {key: _texts(file, table.get(key, {})) for key in ("keys", "fixed")}
    return Wide(table["file"], table.get("sheet", "*"), **parts, columns=tuple(columns))


def _texts(file: Path, table: Any) -> dict[str, str]:
    """Return a copy of a table after checking that all its values are texts."""
    if not (isinstance(table, dict) and all(isinstance(v, str) for v in table.values())):
        raise UsageError(
            f"{file}: keys, fixed and columns of [[wide]] must be tables of texts",
            'write keys = { district = "县（市、区）" }',
        )
    return dict(table)


def read_districts(file: Path, parent: str) -> pl.DataFrame:
    """Read ``districts.csv`` into the District table.

    By default a row named as parent by others has kind ``total``, any other row ``district``.

    Parameters
    ----------
    file
        The CSV file.
    parent
        Code of the total row that the settings name.

    Raises
    ------
    UsageError
        When the file is missing or malformed, or has no row for the parent.
    """
    if not file.exists():
        raise UsageError(f"{file} is missing", "create it with the columns code,name,parent,group")
    try:
        frame = pl.read_csv(io.StringIO(read_text(file)), infer_schema=False)
    except pl.exceptions.PolarsError as error:
        first = str(error).splitlines()[0]
        raise UsageError(
            f"{file} is not valid CSV: {first}", "its columns are: code,name,parent,group"
        ) from None
    frame = frame.rename({c: c.strip() for c in frame.columns})
    unknown = [c for c in frame.columns if c not in District.columns()]
    absent = [c for c in ("code", "name") if c not in frame.columns]
    if unknown or absent:
        raise UsageError(
            f"{file}: wrong header: {', '.join(unknown + [f'{c} is missing' for c in absent])}",
            f"allowed columns: {', '.join(District.columns())}",
        )
    frame = frame.with_columns(pl.all().str.strip_chars().replace("", None))
    for column in {"valid_from", "valid_to"} & set(frame.columns):
        dates = frame[column].str.to_date("%Y-%m-%d", strict=False)
        if bad := frame.filter(dates.is_null() & frame[column].is_not_null())[column].to_list():
            raise UsageError(
                f"{file}: {column} {bad[0]!r} is not a date", "write it like 2025-06-30"
            )
        frame = frame.with_columns(dates)
    if "kind" not in frame.columns:
        frame = frame.with_columns(kind=pl.lit(None, dtype=pl.String))
    parents = frame["parent"].drop_nulls().unique().to_list() if "parent" in frame.columns else []
    default_kind = (
        pl.when(pl.col("code").is_in(parents)).then(pl.lit("total")).otherwise(pl.lit("district"))
    )
    frame = frame.with_columns(pl.col("kind").fill_null(default_kind))
    try:
        districts = District.conform(frame)
    except KejistatsError as error:
        raise UsageError(f"{file}: {error.message}", error.remedy) from None
    if parent not in districts["code"]:
        raise UsageError(
            f"{file}: the parent {parent!r} of dataset.toml has no row", "add a row for it"
        )
    return districts
