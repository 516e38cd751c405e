"""The Dataset class: the settings, tables and metrics of a data set's folder."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cached_property
from pathlib import Path

import polars as pl

from kejistats.metrics import Basis, changes, conversions, metric_table
from kejistats.model.chains import read_chains
from kejistats.model.districts import check_benchmark, find_district
from kejistats.model.errors import UsageError
from kejistats.model.paths import home, resolve, shared
from kejistats.model.period import Checkpoint
from kejistats.model.registry import read_registry
from kejistats.model.settings import read_districts, read_settings
from kejistats.model.tables import Conversion
from kejistats.store import Store
from kejistats.store.vintages import parse_day


class Dataset:
    """A data set: its settings, typed tables and metrics, read on demand.

    Parameters
    ----------
    path
        The folder; a relative path starts at the workspace root.

    Raises
    ------
    UsageError
        When the folder is not a data set or its settings are malformed.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = resolve(path)
        self._metrics: dict[
            tuple[Checkpoint, date | None, date | None, str | None], pl.DataFrame
        ] = {}
        self._checkpoints: dict[date | None, list[Checkpoint]] = {}
        if not (self.path / "dataset.toml").is_file():
            raise UsageError(f"no data set at {self.path}", _datasets_hint(self.path))
        self.settings = read_settings(self.path / "dataset.toml")
        ids = set(self.indicators["id"])
        self._check_names("headline", self.settings.headline, ids)
        self._check_names(
            "indicators", self.settings.indicators, ids | {*self.indicators["domain"]}
        )

    def _check_names(self, key: str, names: Iterable[str], known: set[str]) -> None:
        """Raise if a setting names ids that do not exist."""
        unknown = [name for name in names if name not in known]
        if unknown:
            raise UsageError(
                f"{self.path / 'dataset.toml'}: {key} has unknown ids: {', '.join(unknown)}",
                "use ids from schemas/indicators/",
            )

    @property
    def name(self) -> str:
        """The name of the folder, which names its outputs too."""
        return self.path.name

    @cached_property
    def indicators(self) -> pl.DataFrame:
        """The Indicator table: the registry, then the data set's ``indicators.toml``."""
        return read_registry(shared("schemas/indicators", self.path), self.path / "indicators.toml")

    @cached_property
    def declared_chains(self) -> pl.DataFrame:
        """The Chain table: the ``chains.toml`` beside the registry, then that of the data set."""
        registry = shared("schemas/indicators", self.path).parent
        return read_chains(self.indicators, registry / "chains.toml", self.path / "chains.toml")

    @cached_property
    def districts(self) -> pl.DataFrame:
        """The District table."""
        districts = read_districts(self.path / "districts.csv", self.settings.parent)
        check_benchmark(self.path / "dataset.toml", self.settings.benchmark, districts)
        return districts

    @cached_property
    def observations(self) -> pl.DataFrame:
        """The Observation table with all vintages."""
        return Store(self.path / "store").observations()

    @cached_property
    def targets(self) -> pl.DataFrame:
        """The Target table with all vintages."""
        return Store(self.path / "store").targets()

    def observations_known(self, day: date | None) -> pl.LazyFrame:
        """Return the observations known on a day, lazily, so that only needed rows are read.

        Parameters
        ----------
        day
            None for the whole store.
        """
        if day is None and "observations" in self.__dict__:
            return self.observations.lazy()
        return Store(self.path / "store").scan_observations(day)

    def targets_known(self, day: date | None) -> pl.DataFrame:
        """Return the targets known on a day, or all targets of the store for None."""
        return self.targets if day is None else Store(self.path / "store").targets(as_known=day)

    @property
    def findings(self) -> pl.DataFrame:
        """The Finding table of the open findings: those that nothing has resolved since."""
        return Store(self.path / "store").open_findings()

    @property
    def quarantine(self) -> pl.DataFrame:
        """The Finding table of the rejected rows that have not been corrected since."""
        return Store(self.path / "store").quarantine()

    def forget_store(self) -> None:
        """Discard cached tables, so that they are read again after an intake."""
        self.__dict__.pop("observations", None)
        self.__dict__.pop("targets", None)
        self._metrics.clear()
        self._checkpoints.clear()

    @property
    def form_indicators(self) -> pl.DataFrame:
        """The Indicator table of what fill-in forms request; see the setting ``indicators``."""
        selected = list(self.settings.indicators)
        if selected:
            return self.indicators.filter(
                pl.col("id").is_in(selected) | pl.col("domain").is_in(selected)
            )
        ids = pl.concat([self.observations["indicator"], self.targets["indicator"]]).unique()
        in_store = self.indicators.filter(pl.col("id").is_in(ids.implode()))
        return self.indicators if in_store.is_empty() else in_store

    @property
    def headline(self) -> list[str]:
        """Ids of the main indicators, in order."""
        selected = list(self.settings.headline)
        return selected or self.indicators.filter("headline")["id"].to_list()

    def checkpoints(self, as_known: str | date | None = None) -> list[Checkpoint]:
        """Return the checkpoints with observations, oldest first; with `as_known` those known then."""
        day = None if as_known is None else parse_day(as_known)
        if day not in self._checkpoints:
            pairs = self.observations_known(day).select("year", "month").unique().collect()
            self._checkpoints[day] = sorted(Checkpoint(*pair) for pair in pairs.iter_rows())
        return list(self._checkpoints[day])

    def checkpoint(
        self,
        text: str | int | Checkpoint | None = None,
        *,
        as_known: str | date | None = None,
    ) -> Checkpoint:
        """Parse a checkpoint and check that the store has figures for it; default: the latest.

        Parameters
        ----------
        text
            The checkpoint in any notation, such as 2025H1.
        as_known
            A day: the default is then the latest checkpoint with a figure known on that day. A
            checkpoint given by `text` need not have been known yet.

        Raises
        ------
        UsageError
            When the store is empty or has no figures for the checkpoint, or when nothing was
            known on the day.
        """
        return self._select_checkpoint(text, self.known_day(as_known))

    def district(self, code: str | int) -> str:
        """Return the code of a district, given by code, code without leading zeros, or name.

        Raises
        ------
        UsageError
            When no district matches; the remedy names the closest ones.
        """
        return find_district(self.name, self.districts, code)

    def metrics(
        self,
        checkpoint: str | int | Checkpoint | None = None,
        *,
        as_known: str | date | None = None,
        period: str | None = None,
    ) -> pl.DataFrame:
        """Return the Metric table of one checkpoint (definitions §9).

        Parameters
        ----------
        checkpoint
            The checkpoint in any notation; by default the latest in the store.
        as_known
            A day such as 2025-08-20: figures and targets of later vintages are left out, and what
            could not have been released by then is not due. Default: the whole store.
        period
            Length of the periods that 环比 compares: half, quarter or month; by default the
            longest that ends at the checkpoint.

        Raises
        ------
        UsageError
            When the store has no figures for the checkpoint, nothing was known on the day, or
            the date or the period is invalid.
        """
        day = self.known_day(as_known)
        return self._metric_table(self._select_checkpoint(checkpoint, day), day, day, period)

    def chains(
        self,
        checkpoint: str | int | Checkpoint | None = None,
        *,
        as_known: str | date | None = None,
    ) -> pl.DataFrame:
        """Return the Conversion table: the conversion at each stage of the declared chains.

        Parameters
        ----------
        checkpoint, as_known
            As for `metrics`.

        Returns
        -------
        polars.DataFrame
            One row per district, chain and stage; see `kejistats.metrics.conversions`.

        Raises
        ------
        UsageError
            As for `metrics`, and when a chain is malformed.
        """
        metrics = self.metrics(checkpoint, as_known=as_known)
        return Conversion.checked(conversions(metrics.lazy(), self.declared_chains).collect())

    def changes(
        self,
        checkpoint: str | int | Checkpoint | None,
        since: str | date,
        until: str | date | None = None,
    ) -> pl.DataFrame:
        """Return what changed in the Metric table of one checkpoint between two days.

        Parameters
        ----------
        checkpoint
            The checkpoint in any notation; None for the latest.
        since, until
            The two days to compare, each with what was known on it; `until` defaults to now.

        Returns
        -------
        polars.DataFrame
            One row per changed figure; see `kejistats.metrics.changes`.

        Raises
        ------
        UsageError
            When nothing was known on one of the days, or `since` is after `until`.
        """
        first, last = self.known_day(since), self.known_day(until)
        if first is not None and last is not None and first > last:
            raise UsageError(f"{first} is after {last}", "give the earlier day first")
        at = self._select_checkpoint(checkpoint, last, first)
        # Both tables use the later day as clock: elapsed time alone is not a change in the data.
        return changes(self._metric_table(at, first, last), self._metric_table(at, last, last))

    def _select_checkpoint(
        self, text: str | int | Checkpoint | None, day: date | None, *others: date | None
    ) -> Checkpoint:
        """Return the requested checkpoint, known on any of the days or now; default: the latest."""
        if text is None or text == "":
            if known := self.checkpoints(day):
                return known[-1]
            current = ", ".join(map(str, self.checkpoints()))
            raise UsageError(
                f"no figure of {self.name} was known on {day}", f"choose a checkpoint: {current}"
            )
        requested = Checkpoint.parse(text)
        known = sorted(
            {at for known_day in (day, *others, None) for at in self.checkpoints(known_day)}
        )
        if requested not in known:
            raise UsageError(
                f"{self.name} has no figures for {requested}",
                f"it has: {', '.join(map(str, known))}",
            )
        return requested

    def _metric_table(
        self, at: Checkpoint, day: date | None, clock: date | None, period: str | None = None
    ) -> pl.DataFrame:
        """Return the Metric table as known on a day; `clock` decides what is not yet released."""
        key = at, day, clock, period
        if key not in self._metrics:
            settings, districts = self.settings, self.districts
            basis = Basis(
                thresholds=settings.thresholds,
                benchmark=settings.benchmark,
                period=period,
                as_known=clock,
            )
            self._metrics[key] = metric_table(
                self.observations_known(day),
                self.targets_known(day),
                districts,
                self.indicators,
                at,
                basis=basis,
            )
        return self._metrics[key]

    def known_day(self, as_known: str | date | None) -> date | None:
        """Parse a day (None: now) and check that something was known on it."""
        day = None if as_known is None else parse_day(as_known)
        if self.checkpoints(day) or (day is not None and self.targets_known(day).height):
            return day
        first = None if day is None else Store(self.path / "store").first_known()
        if first is None:
            raise UsageError(
                f"the store of {self.path} is empty", f"run: kejistats intake {self.path}"
            )
        raise UsageError(
            f"nothing of {self.name} was known on {day}",
            f"the first day on which anything was known is {first}",
        )


def _datasets_hint(path: Path) -> str:
    """Return a remedy that lists the data sets of the workspace, or says what a data set is."""
    names = sorted(
        p.parent.relative_to(home()).as_posix() for p in home().glob("data/*/dataset.toml")
    )
    if names:
        return f"data sets in this workspace: {', '.join(names)}"
    return f"a data set is a folder with dataset.toml, districts.csv and inbox/: check {path}"
