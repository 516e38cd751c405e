"""The store: append-only Delta tables with receipts; an intake is in whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from kejistats.model.errors import KejistatsError, UsageError
from kejistats.model.quantity import WITHDRAWN
from kejistats.model.tables import Finding, Observation, Receipt, Target
from kejistats.model.tables.base import Table
from kejistats.model.tables.observation import KEY
from kejistats.model.tables.target import TARGET_KEY
from kejistats.store.head import FORMAT, read_head, write_head
from kejistats.store.vintages import DATED, first_known, known_on, taken_back

if TYPE_CHECKING:
    from deltalake import DeltaTable

_TABLES: dict[str, type[Table]] = {
    "observations": Observation,
    "targets": Target,
    "findings": Finding,
    "receipts": Receipt,
}
_ORDER = {
    "observations": [*KEY, "intake_id"],
    "targets": [*TARGET_KEY, "intake_id"],
    "findings": ["intake_id"],
    "receipts": ["id"],
}
# Each intake adds a file to each table; from this many on they are put together.
_FILES = 64
_WAIT = 30.0
# The log must reach back to the version that counts, however long ago that was written.
KEEP_LOG = {"delta.logRetentionDuration": "interval 36500 days"}


class Store:
    """The tables below a data set's ``store/``.

    ``head.json`` names the version of each Delta table that counts, and is replaced in one step
    after an intake has written all its rows. What an interrupted intake leaves behind lies beyond
    those versions: nobody reads it, and the next intake takes it off.

    Parameters
    ----------
    path
        Folder of the store; made by the first intake.

    Raises
    ------
    KejistatsError
        When the store was written by a newer kejistats, or its ``head.json`` is lost or damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        read_head(path)

    def observations(self, as_of: str | None = None, as_known: date | None = None) -> pl.DataFrame:
        """Return the Observation table with all vintages, ordered by key.

        Parameters
        ----------
        as_of
            A receipt's id: the table as it stood after that receipt. Default: as it stands.
        as_known
            A day: the table as known on it. A row counts from the day it was ``published``,
            else from the day of its intake, which is the day in China (UTC+8) wherever the
            store is read; an intake taken back counts until the day of its withdrawal.

        Raises
        ------
        UsageError
            When there is no such receipt, or both are given.
        """
        return self._rows("observations", as_of, as_known)

    def targets(self, as_of: str | None = None, as_known: date | None = None) -> pl.DataFrame:
        """Return the Target table with all vintages, ordered by key.

        Parameters
        ----------
        as_of, as_known
            As of `observations`; a target counts from the day it was ``issued``.

        Raises
        ------
        UsageError
            When there is no such receipt, or both are given.
        """
        return self._rows("targets", as_of, as_known)

    def scan_observations(self, as_known: date | None = None) -> pl.LazyFrame:
        """Return the Observation table lazily, as it stands or as known on a day, in no order.

        A filter on year and month reaches the files, so that those of other years are not read.

        Parameters
        ----------
        as_known
            A day; see `observations`.
        """
        return self._scan("observations", as_known)

    def first_known(self) -> date | None:
        """Return the first day on which a figure or a target was known; None where none was."""
        return first_known({name: self._all(name) for name in DATED}, self.receipts())

    def findings(self) -> pl.DataFrame:
        """Return the findings of all intakes; each keeps the row as received."""
        return self._rows("findings")

    def receipts(self) -> pl.DataFrame:
        """Return the Receipt table, oldest first."""
        return self._read("receipts")

    def active(self) -> pl.DataFrame:
        """Return the receipts of intakes that were not taken back."""
        receipts = self.receipts()
        return receipts.filter(
            pl.col("action") == "intake",
            ~pl.col("id").is_in(taken_back(receipts).implode()),
        )

    def open_findings(self) -> pl.DataFrame:
        """Return the findings that nothing has answered since."""
        from kejistats.store.open_findings import unanswered

        findings = self.findings()
        if findings.is_empty():
            return findings  # most have none, and need not read all the rest
        return unanswered(findings, self.observations(), self.targets(), self.active())

    def quarantine(self) -> pl.DataFrame:
        """Return the rows kept out and not yet corrected, as Finding table."""
        return self.open_findings().filter(pl.col("severity") == "error", pl.col("row") != "")

    @contextmanager
    def writing(self, wait: float = _WAIT) -> Iterator[None]:
        """Keep all others from writing; what an interrupted writer left is taken off first.

        Raises
        ------
        KejistatsError
            When another intake still runs after `wait` seconds.
        """
        from filelock import FileLock, Timeout

        self.path.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.path / ".lock", timeout=wait):
                self._take_off_leftovers()
                yield
        except Timeout:
            raise KejistatsError(
                f"another intake is writing to {self.path}", "wait until it is done and run again"
            ) from None

    def append(self, tables: Mapping[str, Iterable[pl.DataFrame]]) -> None:
        """Append an intake in one step; call it inside `writing`.

        Parameters
        ----------
        tables
            Frames in one or more pieces by table: observations, targets, findings, receipts.
        """
        from deltalake import write_deltalake

        versions = self._versions()
        if not versions:
            write_head(
                self.path, FORMAT, versions
            )  # tables without a head are those of a damaged store
        for name, frames in tables.items():
            # While one piece is being written, the next is made ready.
            with ThreadPoolExecutor(1) as writer:
                pending = None
                for frame in frames:
                    folder, rows = str(self.path / name), _TABLES[name].checked(frame)
                    if pending:
                        pending.result()
                    if rows.height:
                        pending = writer.submit(
                            write_deltalake, folder, rows, mode="append", configuration=KEEP_LOG
                        )
                if pending:
                    pending.result()
            table = self._table(name)
            if table is not None:
                versions[name] = table.version()
        write_head(self.path, FORMAT, versions)
        if self._compacted(versions):
            write_head(self.path, FORMAT, versions)

    def _rows(
        self, name: str, as_of: str | None = None, as_known: date | None = None
    ) -> pl.DataFrame:
        """Return a table without the rows of receipts taken back."""
        if as_of is not None and as_known is not None:
            raise UsageError(
                "as_of and as_known exclude each other", "give a receipt's id or a day"
            )
        if as_of is None:
            return self._scan(name, as_known).collect().sort(_ORDER[name], maintain_order=True)
        frame = self._read(name)
        receipts = self.receipts()
        if as_of not in receipts["id"]:
            raise UsageError(
                f"{self.path} has no receipt {as_of!r}", "kejistats status --receipts lists them"
            )
        gone = taken_back(receipts.filter(pl.col("id") <= as_of))
        return frame.filter(
            pl.col("intake_id") <= as_of, ~pl.col("intake_id").is_in(gone.implode())
        )

    def _scan(self, name: str, as_known: date | None) -> pl.LazyFrame:
        """Return a table lazily, without the rows of receipts taken back, as known on a day."""
        # Rows first: of an intake between the two steps there are then receipts without rows.
        frame = self._all(name)
        receipts = self.receipts()
        gone = taken_back(receipts, as_known)
        if len(gone):
            frame = frame.filter(~pl.col("intake_id").is_in(gone.implode()))
        return (
            frame if as_known is None else frame.filter(known_on(as_known, DATED[name], receipts))
        )

    def _read(self, name: str) -> pl.DataFrame:
        return self._all(name).collect().sort(_ORDER[name], maintain_order=True)

    def _all(self, name: str) -> pl.LazyFrame:
        """Return the version of a table that counts, lazily."""
        version = self._versions().get(name)
        if version is None:
            return _TABLES[name].no_rows().lazy()
        table = self._table(name, version)
        if table is None:
            return _TABLES[name].no_rows().lazy()
        # Read by name: polars takes the addresses of files in folders with spaces or Chinese names,
        # which are percent-encoded, for paths.
        files = [self.path / name / uri.rpartition("/")[2] for uri in table.file_uris()]
        if not files:
            return _TABLES[name].no_rows().lazy()
        found = pl.scan_parquet(
            files, schema=_TABLES[name].dtypes(), missing_columns="insert", extra_columns="ignore"
        )
        return found.select(_TABLES[name].columns())

    def _table(self, name: str, version: int | None = None) -> DeltaTable | None:
        from deltalake import DeltaTable

        folder = self.path / name
        if not (folder / "_delta_log").is_dir():
            return None
        return DeltaTable(str(folder), version=version)

    def _versions(self) -> dict[str, int]:
        return dict(read_head(self.path).get("versions", {}))

    def _take_off_leftovers(self) -> None:
        versions = self._versions()
        for name in _TABLES:
            folder, version = self.path / name, versions.get(name)
            if version is None:
                if folder.is_dir():
                    shutil.rmtree(folder)
                continue
            table = self._table(name)
            if table is not None and table.version() != version:
                table.restore(version)
                versions[name] = table.version()
        if versions:
            write_head(self.path, FORMAT, versions)

    def _compacted(self, versions: dict[str, int]) -> bool:
        """Put many small files of a table together; say whether any table has changed."""
        changed = False
        for name in _TABLES:
            table = self._table(name)
            if table is not None and len(table.file_uris()) > _FILES:
                table.optimize.compact()
                # Files of earlier versions stay for a week: someone may be reading them.
                table.vacuum(dry_run=False)
                versions[name] = table.version()
                changed = True
        return changed


def current(observations: pl.LazyFrame) -> pl.LazyFrame:
    """Return each key's figure as it stands: the latest received.

    A blank replaces nothing; 撤销 withdraws what stood there, which is then missing.

    Parameters
    ----------
    observations
        Observation table with all vintages.

    Returns
    -------
    polars.LazyFrame
        At most one row per district, indicator, level, year and month.

    Examples
    --------
    >>> rows = {"district": "1", "indicator": "i", "level": "", "year": 2025, "month": 6,
    ...         "value": [3.0, None], "status": ["reported", "missing"], "reported": ["3", ""],
    ...         "intake_id": ["000001-00000000", "000002-00000000"]}
    >>> current(pl.LazyFrame(rows)).collect()["value"].to_list()
    [3.0]
    """
    return _latest(observations, KEY)


def on_other_definitions(observations: pl.LazyFrame) -> pl.LazyFrame:
    """Return what keys held on another definition (break_id) than the one that stands.

    A restated base carries the new id (definitions §1); a figure without it keeps its old base.

    Parameters
    ----------
    observations
        Observation table with all vintages.

    Returns
    -------
    polars.LazyFrame
        At most one row per key and break_id, none of them in `current`.

    Examples
    --------
    >>> rows = {"district": "1", "indicator": "i", "level": "", "year": 2024, "month": 6,
    ...         "value": [3.0, 4.0], "status": "reported", "reported": ["3", "4"],
    ...         "break_id": [None, "2025"], "intake_id": ["000001-00000000", "000002-00000000"]}
    >>> on_other_definitions(pl.LazyFrame(rows)).collect()["value"].to_list()
    [3.0]
    """
    several = observations.filter(
        (pl.col("break_id").is_not_null().any() & (pl.len() > 1)).over(KEY)
    )
    latest = _latest(several, [*KEY, "break_id"])
    return latest.join(
        current(several).select(*KEY, "break_id"),
        on=[*KEY, "break_id"],
        how="anti",
        nulls_equal=True,
    )


def _latest(observations: pl.LazyFrame, key: list[str]) -> pl.LazyFrame:
    """Return of each key the row received last that is no blank, else a blank."""
    blank = (pl.col("status") == "missing") & (pl.col("reported") != WITHDRAWN)
    latest = [~blank, pl.col("intake_id")]
    # Most keys have one row only, and sorting the others alone is ten times as fast.
    repeated = observations.group_by(key).len().filter(pl.col("len") > 1)
    several = observations.join(repeated, on=key, how="semi", nulls_equal=True)
    chosen = several.sort(latest, maintain_order=True).unique(
        key, keep="last", maintain_order=True
    )  # fmt: skip
    alone = observations.join(repeated, on=key, how="anti", nulls_equal=True, maintain_order="left")
    return pl.concat([alone, chosen])
