"""A data set: a folder with its settings, districts, inbox and store."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from kejistats.errors import UsageError
from kejistats.period import Checkpoint
from kejistats.registry import read_registry
from kejistats.settings import read_districts, read_settings
from kejistats.workspace import resolve

if TYPE_CHECKING:
    from kejistats.brief import Brief
    from kejistats.intake import Checked


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

    @property
    def findings(self) -> pl.DataFrame:
        """The Finding table: what nothing has answered since it came in."""
        from kejistats.store import Store

        return Store(self.path / "store").open_findings()

    @property
    def quarantine(self) -> pl.DataFrame:
        """The Finding table of the rows kept out, until their correction comes in."""
        from kejistats.store import Store

        return Store(self.path / "store").quarantine()

    def check(self, file: str | Path) -> Checked:
        """Check a received file; the result shows its findings, and nothing is stored.

        Parameters
        ----------
        file
            A relative path starts at the workspace root.

        Raises
        ------
        UsageError
            When the file cannot be read or its header is neither form's.
        """
        from kejistats.intake import check_file

        return check_file(self, resolve(file))

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
