"""The store: append-only Delta tables with receipts, in which every intake is atomic."""

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
from kejistats.store.vintages import DATE_COLUMNS, first_known, known_on, withdrawn_ids

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
# Each intake adds a file to each table; above this many a table's files are compacted.
_MAX_FILES = 64
_LOCK_SECONDS = 30.0
# The log must reach back to the current version, however long ago it was written.
LOG_RETENTION = {"delta.logRetentionDuration": "interval 36500 days"}


class Store:
    """The tables below a data set's ``store/``.

    ``head.json`` names the current version of each Delta table and is replaced atomically after an
    intake has written all its rows. Rows of an interrupted intake belong to later versions: they
    are never read, and the next intake removes them.

    Parameters
    ----------
    path
        Folder of the store; the first intake creates it.

    Raises
    ------
    KejistatsError
        When the store was written by a newer kejistats, or its ``head.json`` is missing or
        damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        read_head(path)

    def observations(self, as_of: str | None = None, as_known: date | None = None) -> pl.DataFrame:
        """Return the Observation table with all vintages, ordered by key.

        Parameters
        ----------
        as_of
            A receipt's id: the table right after that receipt. Default: the current table.
        as_known
            A day: the table as known on that day. A row counts from the day it was
            ``published``, else from the day of its intake in China (UTC+8), wherever the store
            is read; a withdrawn intake counts until the day of its withdrawal.

        Raises
        ------
        UsageError
            When there is no such receipt, or when both are given.
        """
        return self._rows("observations", as_of, as_known)

    def targets(self, as_of: str | None = None, as_known: date | None = None) -> pl.DataFrame:
        """Return the Target table with all vintages, ordered by key.

        Parameters
        ----------
        as_of, as_known
            As for `observations`; a target counts from the day it was ``issued``.

        Raises
        ------
        UsageError
            When there is no such receipt, or when both are given.
        """
        return self._rows("targets", as_of, as_known)

    def scan_observations(self, as_known: date | None = None) -> pl.LazyFrame:
        """Return the Observation table lazily, unordered, current or as known on a day.

        Filters on year and month are pushed down to the files, so that other years are not read.

        Parameters
        ----------
        as_known
            A day; see `observations`.
        """
        return self._scan("observations", as_known)

    def first_known(self) -> date | None:
        """Return the first day on which a figure or target was known; None if there is none."""
        return first_known({name: self._all(name) for name in DATE_COLUMNS}, self.receipts())

    def findings(self) -> pl.DataFrame:
        """Return the findings of all intakes, each with its row as received."""
        return self._rows("findings")

    def receipts(self) -> pl.DataFrame:
        """Return the Receipt table, oldest first."""
        return self._read("receipts")

    def active(self) -> pl.DataFrame:
        """Return the receipts of intakes that were not withdrawn."""
        receipts = self.receipts()
        return receipts.filter(
            pl.col("action") == "intake",
            ~pl.col("id").is_in(withdrawn_ids(receipts).implode()),
        )

    def open_findings(self) -> pl.DataFrame:
        """Return the findings that nothing has resolved since."""
        from kejistats.store.open_findings import still_open

        findings = self.findings()
        if findings.is_empty():
            return findings  # most stores have none; this saves reading the other tables
        return still_open(findings, self.observations(), self.targets(), self.active())

    def quarantine(self) -> pl.DataFrame:
        """Return the open errors with rejected rows, as Finding table."""
        return self.open_findings().filter(pl.col("severity") == "error", pl.col("row") != "")

    @contextmanager
    def writing(self, wait: float = _LOCK_SECONDS) -> Iterator[None]:
        """Lock the store for writing, and remove what an interrupted intake left behind.

        Parameters
        ----------
        wait
            Seconds to wait for the lock.

        Raises
        ------
        KejistatsError
            When another intake still holds the lock after `wait` seconds.
        """
        from filelock import FileLock, Timeout

        self.path.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.path / ".lock", timeout=wait):
                self._remove_leftovers()
                yield
        except Timeout:
            raise KejistatsError(
                f"another intake is writing to {self.path}",
                "wait until it is finished and run again",
            ) from None

    def append(self, tables: Mapping[str, Iterable[pl.DataFrame]]) -> None:
        """Append the rows of one intake atomically; call it inside `writing`.

        Parameters
        ----------
        tables
            By table (observations, targets, findings, receipts) its rows, in one or more frames.
        """
        from deltalake import write_deltalake

        versions = self._versions()
        if not versions:
            # Tables without a head would look like a damaged store.
            write_head(self.path, FORMAT, versions)
        for name, frames in tables.items():
            # The next frame is prepared while the previous one is being written.
            with ThreadPoolExecutor(1) as writer:
                pending = None
                for frame in frames:
                    folder, rows = str(self.path / name), _TABLES[name].checked(frame)
                    if pending:
                        pending.result()
                    if rows.height:
                        pending = writer.submit(
                            write_deltalake,
                            folder,
                            rows,
                            mode="append",
                            configuration=LOG_RETENTION,
                        )
                if pending:
                    pending.result()
            table = self._table(name)
            if table is not None:
                versions[name] = table.version()
        write_head(self.path, FORMAT, versions)
        if self._compact(versions):
            write_head(self.path, FORMAT, versions)

    def _rows(
        self, name: str, as_of: str | None = None, as_known: date | None = None
    ) -> pl.DataFrame:
        """Return a table without the rows of withdrawn receipts."""
        if as_of is not None and as_known is not None:
            raise UsageError(
                "as_of and as_known cannot be combined", "give either a receipt id or a day"
            )
        if as_of is None:
            return self._scan(name, as_known).collect().sort(_ORDER[name], maintain_order=True)
        frame = self._read(name)
        receipts = self.receipts()
        if as_of not in receipts["id"]:
            raise UsageError(
                f"{self.path} has no receipt {as_of!r}",
                "kejistats status --receipts lists all receipts",
            )
        withdrawn = withdrawn_ids(receipts.filter(pl.col("id") <= as_of))
        return frame.filter(
            pl.col("intake_id") <= as_of, ~pl.col("intake_id").is_in(withdrawn.implode())
        )

    def _scan(self, name: str, as_known: date | None) -> pl.LazyFrame:
        """Return a table lazily, without the rows of withdrawn receipts, as known on a day."""
        # Rows are read before receipts: an intake in between adds receipts without rows, not rows
        # without receipts.
        frame = self._all(name)
        receipts = self.receipts()
        withdrawn = withdrawn_ids(receipts, as_known)
        if len(withdrawn):
            frame = frame.filter(~pl.col("intake_id").is_in(withdrawn.implode()))
        return (
            frame
            if as_known is None
            else frame.filter(known_on(as_known, DATE_COLUMNS[name], receipts))
        )

    def _read(self, name: str) -> pl.DataFrame:
        return self._all(name).collect().sort(_ORDER[name], maintain_order=True)

    def _all(self, name: str) -> pl.LazyFrame:
        """Return the current version of a table lazily, with the rows of all receipts."""
        version = self._versions().get(name)
        if version is None:
            return _TABLES[name].no_rows().lazy()
        table = self._table(name, version)
        if table is None:
            return _TABLES[name].no_rows().lazy()
        # Read by file name: polars would take the URIs, percent-encoded in folders with spaces or
        # Chinese names, for paths.
        files = [self.path / name / uri.rpartition("/")[2] for uri in table.file_uris()]
        if not files:
            return _TABLES[name].no_rows().lazy()
        rows = pl.scan_parquet(
            files, schema=_TABLES[name].dtypes(), missing_columns="insert", extra_columns="ignore"
        )
        return rows.select(_TABLES[name].columns())

    def _table(self, name: str, version: int | None = None) -> DeltaTable | None:
        from deltalake import DeltaTable

        folder = self.path / name
        if not (folder / "_delta_log").is_dir():
            return None
        return DeltaTable(str(folder), version=version)

    def _versions(self) -> dict[str, int]:
        return dict(read_head(self.path).get("versions", {}))

    def _remove_leftovers(self) -> None:
        """Reset every table to its current version."""
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

    def _compact(self, versions: dict[str, int]) -> bool:
        """Compact tables with many small files; return whether any table has changed."""
        changed = False
        for name in _TABLES:
            table = self._table(name)
            if table is not None and len(table.file_uris()) > _MAX_FILES:
                table.optimize.compact()
                # Files of earlier versions are kept for a week: another process may read them.
                table.vacuum(dry_run=False)
                versions[name] = table.version()
                changed = True
        return changed


def current(observations: pl.LazyFrame) -> pl.LazyFrame:
    """Return the current figure of each key: the one received last.

    A blank cell replaces nothing; 撤销 withdraws the earlier figure, which is then missing.

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
    """Return the latest figure of each key on any definition (break_id) other than the current one.

    A restated base has the new break_id (definitions §1); a figure without it keeps its old base.

    Parameters
    ----------
    observations
        Observation table with all vintages.

    Returns
    -------
    polars.LazyFrame
        At most one row per key and break_id, none of which is in `current`.

    Examples
    --------
    >>> rows = {"district": "1", "indicator": "i", "level": "", "year": 2024, "month": 6,
    ...         "value": [3.0, 4.0], "status": "reported", "reported": ["3", "4"],
    ...         "break_id": [None, "2025"], "intake_id": ["000001-00000000", "000002-00000000"]}
    >>> on_other_definitions(pl.LazyFrame(rows)).collect()["value"].to_list()
    [3.0]
    """
    with_breaks = observations.filter(
        (pl.col("break_id").is_not_null().any() & (pl.len() > 1)).over(KEY)
    )
    latest = _latest(with_breaks, [*KEY, "break_id"])
    return latest.join(
        current(with_breaks).select(*KEY, "break_id"),
        on=[*KEY, "break_id"],
        how="anti",
        nulls_equal=True,
    )


def _latest(observations: pl.LazyFrame, key: list[str]) -> pl.LazyFrame:
    """Return, for each key, the last received row that is not blank, else a blank one."""
    blank = (pl.col("status") == "missing") & (pl.col("reported") != WITHDRAWN)
    order = [~blank, pl.col("intake_id")]
    # Most keys have a single row; sorting only the others is ten times as fast.
    repeated = observations.group_by(key).len().filter(pl.col("len") > 1)
    multiple = observations.join(repeated, on=key, how="semi", nulls_equal=True)
    latest = multiple.sort(order, maintain_order=True).unique(
        key, keep="last", maintain_order=True
    )  # fmt: skip
    single = observations.join(
        repeated, on=key, how="anti", nulls_equal=True, maintain_order="left"
    )
    return pl.concat([single, latest])
