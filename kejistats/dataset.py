"""A data set: a folder with its settings, districts, inbox and store; its tables and metrics."""

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
from kejistats.store.vintages import read_day


class Dataset:
    """A data set, opened: typed tables and metrics.

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
        self._metrics: dict[
            tuple[Checkpoint, date | None, date | None, str | None], pl.DataFrame
        ] = {}
        self._checkpoints: dict[date | None, list[Checkpoint]] = {}
        if not (self.path / "dataset.toml").is_file():
            raise UsageError(f"no data set at {self.path}", _known_datasets(self.path))
        self.settings = read_settings(self.path / "dataset.toml")
        ids = set(self.indicators["id"])
        self._check_names("headline", self.settings.headline, ids)
        self._check_names(
            "indicators", self.settings.indicators, ids | {*self.indicators["domain"]}
        )

    def _check_names(self, key: str, names: Iterable[str], known: set[str]) -> None:
        unknown = [name for name in names if name not in known]
        if unknown:
            raise UsageError(
                f"{self.path / 'dataset.toml'}: {key} names unknown {', '.join(unknown)}",
                "use ids of schemas/indicators/",
            )

    @property
    def name(self) -> str:
        """The folder's name, used for outputs."""
        return self.path.name

    @cached_property
    def indicators(self) -> pl.DataFrame:
        """The Indicator table: the registry and the data set's own ``indicators.toml``."""
        return read_registry(shared("schemas/indicators", self.path), self.path / "indicators.toml")

    @cached_property
    def declared_chains(self) -> pl.DataFrame:
        """The Chain table: those beside the registry and the data set's own ``chains.toml``."""
        registry = shared("schemas/indicators", self.path).parent
        return read_chains(self.indicators, registry / "chains.toml", self.path / "chains.toml")

    @cached_property
    def districts(self) -> pl.DataFrame:
        """The District table."""
        found = read_districts(self.path / "districts.csv", self.settings.parent)
        check_benchmark(self.path / "dataset.toml", self.settings.benchmark, found)
        return found

    @cached_property
    def observations(self) -> pl.DataFrame:
        """The Observation table with all vintages."""
        return Store(self.path / "store").observations()

    @cached_property
    def targets(self) -> pl.DataFrame:
        """The Target table with all vintages."""
        return Store(self.path / "store").targets()

    def observations_known(self, day: date | None) -> pl.LazyFrame:
        """Return the observations known on a day, lazily: of a large store only what is needed is read.

        Parameters
        ----------
        day
            None for all that the store holds.
        """
        if day is None and "observations" in self.__dict__:
            return self.observations.lazy()
        return Store(self.path / "store").scan_observations(day)

    def targets_known(self, day: date | None) -> pl.DataFrame:
        """Return the targets known on a day; None for all that the store holds."""
        return self.targets if day is None else Store(self.path / "store").targets(as_known=day)

    @property
    def findings(self) -> pl.DataFrame:
        """The Finding table: what nothing has answered since it came in."""
        return Store(self.path / "store").open_findings()

    @property
    def quarantine(self) -> pl.DataFrame:
        """The Finding table of the rows kept out, until their correction comes in."""
        return Store(self.path / "store").quarantine()

    def forget_store(self) -> None:
        """Let observations and targets be read anew, after an intake."""
        self.__dict__.pop("observations", None)
        self.__dict__.pop("targets", None)
        self._metrics.clear()
        self._checkpoints.clear()

    @property
    def form_indicators(self) -> pl.DataFrame:
        """Indicator table of what forms ask for; see the setting ``indicators``."""
        chosen = list(self.settings.indicators)
        if chosen:
            return self.indicators.filter(
                pl.col("id").is_in(chosen) | pl.col("domain").is_in(chosen)
            )
        known = pl.concat([self.observations["indicator"], self.targets["indicator"]]).unique()
        found = self.indicators.filter(pl.col("id").is_in(known.implode()))
        return self.indicators if found.is_empty() else found

    @property
    def headline(self) -> list[str]:
        """Ids of the main indicators, in order."""
        own = list(self.settings.headline)
        return own or self.indicators.filter("headline")["id"].to_list()

    def checkpoints(self, as_known: str | date | None = None) -> list[Checkpoint]:
        """Checkpoints that have observations, oldest first; `as_known` those known on a day."""
        day = None if as_known is None else read_day(as_known)
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
        """Read a checkpoint and make sure the store has figures for it; default: the latest.

        Parameters
        ----------
        text
            Any form of a checkpoint.
        as_known
            A day: the latest is then that of which a figure was known on it. One that is named
            need not have been known yet.

        Raises
        ------
        UsageError
            When the store is empty or has nothing for that checkpoint, or when nothing was
            known on the day.
        """
        return self._chosen(text, self.known_day(as_known))

    def district(self, code: str | int) -> str:
        """Return the code meant: a code, a code that lost its zeros, or a name.

        Raises
        ------
        UsageError
            When no district has it, with the nearest name.
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
            Any form; the latest in the store by default.
        as_known
            The day whose knowledge counts, such as 2025-08-20: figures and targets of later
            vintages are left out, and what could not be out yet is not due. Default: all that
            the store holds.
        period
            Length of the stretches that 环比 compares: half, quarter or month; by default the
            longest that the checkpoint ends.

        Raises
        ------
        UsageError
            When the store has nothing for the checkpoint, nothing was known on the day, or the
            date or the period cannot be read.
        """
        day = self.known_day(as_known)
        return self._metric_table(self._chosen(checkpoint, day), day, day, period)

    def chains(
        self,
        checkpoint: str | int | Checkpoint | None = None,
        *,
        as_known: str | date | None = None,
    ) -> pl.DataFrame:
        """Return the Conversion table: what became of each stage of the declared chains.

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
            Any form; None for the latest.
        since, until
            The two days, each with all that was known on it; `until` by default now.

        Returns
        -------
        polars.DataFrame
            One row per figure changed; see `kejistats.metrics.changes`.

        Raises
        ------
        UsageError
            When nothing was known on a day, or `since` lies after `until`.
        """
        first, last = self.known_day(since), self.known_day(until)
        if first is not None and last is not None and first > last:
            raise UsageError(f"{first} lies after {last}", "name the earlier day first")
        at = self._chosen(checkpoint, last, first)
        # By one clock: that time has gone by between the days changes nothing in the data.
        return changes(self._metric_table(at, first, last), self._metric_table(at, last, last))

    def _chosen(
        self, text: str | int | Checkpoint | None, day: date | None, *others: date | None
    ) -> Checkpoint:
        """Return the checkpoint named, known on any of the days or now; by default the latest."""
        if text is None or text == "":
            if known := self.checkpoints(day):
                return known[-1]
            now = ", ".join(map(str, self.checkpoints()))
            raise UsageError(
                f"no figure of {self.name} was known on {day}", f"name a checkpoint: {now}"
            )
        wanted = Checkpoint.parse(text)
        known = sorted({at for one in (day, *others, None) for at in self.checkpoints(one)})
        if wanted not in known:
            raise UsageError(
                f"{self.name} has no figures for {wanted}",
                f"it has: {', '.join(map(str, known))}",
            )
        return wanted

    def _metric_table(
        self, at: Checkpoint, day: date | None, clock: date | None, period: str | None = None
    ) -> pl.DataFrame:
        """Return the table by what was known on a day; what is not out yet goes by `clock`."""
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
        """Read a day on which something was known; None is now, when something must be known."""
        day = None if as_known is None else read_day(as_known)
        if self.checkpoints(day) or (day is not None and self.targets_known(day).height):
            return day
        first = None if day is None else Store(self.path / "store").first_known()
        if first is None:
            raise UsageError(
                f"the store of {self.path} is empty", f"run: kejistats intake {self.path}"
            )
        raise UsageError(
            f"nothing of {self.name} was known on {day}", f"the first day it was: {first}"
        )


def _known_datasets(path: Path) -> str:
    found = sorted(
        p.parent.relative_to(home()).as_posix() for p in home().glob("data/*/dataset.toml")
    )
    if found:
        return f"data sets here: {', '.join(found)}"
    return f"a data set is a folder with dataset.toml, districts.csv and inbox/; looked in {path}"
