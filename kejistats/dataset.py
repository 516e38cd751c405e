"""A data set: a folder with its settings, districts, inbox and store."""

from __future__ import annotations

import io
import tomllib
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from kejistats.errors import KejistatsError, UsageError
from kejistats.period import Checkpoint
from kejistats.registry import read_registry
from kejistats.schema import District
from kejistats.workspace import read_text, resolve

if TYPE_CHECKING:
    from kejistats.brief import Brief


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
    try:
        content = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{file}: not valid TOML: {error}", "mend the line and run again"
        ) from None
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


class Dataset:
    """A data set, opened: typed tables, metrics and briefs.

    Parameters
    ----------
    path
        The folder; a relative path starts at the workspace root.

    Raises
    ------
    UsageError
        When the folder is no data set or its settings are malformed.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = resolve(path)
        self._metrics: dict[Checkpoint, pl.DataFrame] = {}
        if not (self.path / "dataset.toml").is_file():
            raise UsageError(f"no data set at {self.path}", _known_datasets(self.path))
        self.settings = read_settings(self.path / "dataset.toml")
        unknown = [i for i in self.settings.headline if i not in self.indicators["id"]]
        if unknown:
            raise UsageError(
                f"{self.path / 'dataset.toml'}: headline names unknown {', '.join(unknown)}",
                "use ids of schemas/indicators/",
            )

    @property
    def name(self) -> str:
        """The folder's name, used for outputs."""
        return self.path.name

    @cached_property
    def indicators(self) -> pl.DataFrame:
        """The Indicator table: the registry and the data set's own ``indicators.toml``."""
        from kejistats.workspace import shared

        return read_registry(shared("schemas/indicators", self.path), self.path / "indicators.toml")

    @cached_property
    def districts(self) -> pl.DataFrame:
        """The District table."""
        return read_districts(self.path / "districts.csv", self.settings.parent)

    @cached_property
    def observations(self) -> pl.DataFrame:
        """The Observation table with all vintages."""
        from kejistats.store import Store

        return Store(self.path / "store").observations()

    @cached_property
    def targets(self) -> pl.DataFrame:
        """The Target table with all vintages."""
        from kejistats.store import Store

        return Store(self.path / "store").targets()

    def forget_store(self) -> None:
        """Let observations and targets be read anew, after an intake."""
        self.__dict__.pop("observations", None)
        self.__dict__.pop("targets", None)
        self._metrics.clear()

    @property
    def headline(self) -> list[str]:
        """Ids of the main indicators, in order."""
        own = list(self.settings.headline)
        return own or self.indicators.filter("headline")["id"].to_list()

    def checkpoints(self) -> list[Checkpoint]:
        """Checkpoints that have observations, oldest first."""
        pairs = self.observations.select("year", "month").unique().sort("year", "month")
        return [Checkpoint(*pair) for pair in pairs.iter_rows()]

    def checkpoint(self, text: str | int | Checkpoint | None = None) -> Checkpoint:
        """Read a checkpoint and make sure the store has figures for it; default: the latest.

        Raises
        ------
        UsageError
            When the store is empty or has nothing for that checkpoint.
        """
        known = self.checkpoints()
        if not known:
            raise UsageError(
                f"the store of {self.path} is empty", f"run: kejistats intake {self.path}"
            )
        if text is None or text == "":
            return known[-1]
        wanted = Checkpoint.parse(text)
        if wanted not in known:
            raise UsageError(
                f"{self.name} has no figures for {wanted}",
                f"it has: {', '.join(map(str, known))}",
            )
        return wanted

    def district(self, code: str | int) -> str:
        """Return the code meant: a code, a code that lost its zeros, or a name.

        Raises
        ------
        UsageError
            When no district has it, with the nearest name.
        """
        text = str(code).strip()
        codes = self.districts["code"].to_list()
        if text in codes:
            return text
        padded = [c for c in codes if text.isdigit() and c == text.zfill(len(c))]
        named = self.districts.filter(pl.col("name") == text)["code"].to_list()
        found = padded or named
        if len(found) == 1:
            return str(found[0])
        if not text:
            raise UsageError("the parameter district is missing", f"one of: {', '.join(codes)}")
        from difflib import get_close_matches

        names = self.districts["name"].to_list()
        close = get_close_matches(text, [*codes, *names], n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(close)}?" if close else f"one of: {', '.join(codes)}"
        raise UsageError(f"{self.name} has no district {text!r}", hint)

    def metrics(self, checkpoint: str | int | Checkpoint | None = None) -> pl.DataFrame:
        """Return the Metric table of one checkpoint (semantics §9).

        Parameters
        ----------
        checkpoint
            Any form; the latest in the store by default.
        """
        from kejistats.metrics import metric_table

        at = self.checkpoint(checkpoint)
        if at not in self._metrics:
            self._metrics[at] = metric_table(
                self.observations,
                self.targets,
                self.districts,
                self.indicators,
                at,
                self.settings.thresholds,
            )
        return self._metrics[at]

    def brief(self, district: str | int, checkpoint: str | int | Checkpoint | None = None) -> Brief:
        """Return the brief of one district; it shows itself in JupyterLab.

        Raises
        ------
        UsageError
            When the district is unknown or has nothing to show at the checkpoint.
        """
        from kejistats.brief import Brief, make_bundles

        code, at = self.district(district), self.checkpoint(checkpoint)
        bundles = make_bundles(self, at, [code])
        if code not in bundles:
            raise UsageError(
                f"{code} has neither figures nor targets for {at}",
                "see the inbox, and valid_from and valid_to in districts.csv",
            )
        return Brief(bundles[code])


def _known_datasets(path: Path) -> str:
    from kejistats.workspace import home

    found = sorted(
        p.parent.relative_to(home()).as_posix() for p in home().glob("data/*/dataset.toml")
    )
    if found:
        return f"data sets here: {', '.join(found)}"
    return f"a data set is a folder with dataset.toml, districts.csv and inbox/; looked in {path}"
