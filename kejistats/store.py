"""The store: append-only Delta tables with receipts; an intake is in whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from kejistats.errors import KejistatsError, UsageError
from kejistats.quantity import WITHDRAWN
from kejistats.schema import Finding, Observation, Receipt, Target
from kejistats.schema.base import Table
from kejistats.schema.observation import KEY
from kejistats.schema.target import TARGET_KEY

if TYPE_CHECKING:
    from deltalake import DeltaTable

FORMAT = 2
_HEAD = "head.json"
_TABLES: dict[str, type[Table]] = {
    "observations": Observation,
    "targets": Target,
    "findings": Finding,
    "receipts": Receipt,
}
_ORDER = {
    "observations": [*KEY, "received"],
    "targets": [*TARGET_KEY, "received"],
    "findings": ["received"],
    "receipts": ["id"],
}
# Each intake adds a file to each table; from this many on they are put together.
_FILES = 64
_WAIT = 30.0
_ATTEMPTS = 20
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
        if (path / "format.json").exists() or _head(path).get("format", FORMAT) != FORMAT:
            from kejistats.migrate import migrate

            with self.writing():
                migrate(path, FORMAT)

    def observations(self, as_of: str | None = None) -> pl.DataFrame:
        """Return the Observation table with all vintages, ordered by key.

        Parameters
        ----------
        as_of
            A receipt's id: the table as it stood after that receipt. Default: as it stands.
        """
        return self._rows("observations", as_of)

    def targets(self, as_of: str | None = None) -> pl.DataFrame:
        """Return the Target table with all vintages, ordered by key; `as_of` a receipt's id."""
        return self._rows("targets", as_of)

    def findings(self) -> pl.DataFrame:
        """Return the findings of all intakes; each keeps the row as received."""
        return self._rows("findings", None)

    def receipts(self) -> pl.DataFrame:
        """Return the Receipt table, oldest first."""
        return self._read("receipts")

    def active(self) -> pl.DataFrame:
        """Return the receipts of intakes that were not taken back."""
        receipts = self.receipts()
        return receipts.filter(
            pl.col("action") == "intake",
            ~pl.col("id").is_in(receipts["withdraws"].drop_nulls().implode()),
        )

    def open_findings(self) -> pl.DataFrame:
        """Return the findings that nothing has answered since."""
        from kejistats.answers import unanswered

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

    def _rows(self, name: str, as_of: str | None) -> pl.DataFrame:
        """Return a table without the rows of receipts taken back."""
        frame = self._read(name)
        receipts = self.receipts()
        if as_of is not None:
            if as_of not in receipts["id"]:
                raise UsageError(
                    f"{self.path} has no receipt {as_of!r}",
                    "kejistats status --receipts lists them",
                )
            receipts = receipts.filter(pl.col("id") <= as_of)
            frame = frame.filter(pl.col("received") <= as_of)
        gone = receipts["withdraws"].drop_nulls()
        return frame.filter(~pl.col("received").is_in(gone.implode())) if len(gone) else frame

    def _read(self, name: str) -> pl.DataFrame:
        version = self._versions().get(name)
        if version is None:
            return _TABLES[name].no_rows()
        table = self._table(name, version)
        frame = pl.read_delta(table).select(_TABLES[name].columns())  # type: ignore[arg-type]
        return frame.sort(_ORDER[name], maintain_order=True)

    def _table(self, name: str, version: int | None = None) -> DeltaTable | None:
        from deltalake import DeltaTable

        folder = self.path / name
        if not (folder / "_delta_log").is_dir():
            return None
        return DeltaTable(str(folder), version=version)

    def _versions(self) -> dict[str, int]:
        return dict(_head(self.path).get("versions", {}))

    def _take_off_leftovers(self) -> None:
        if (self.path / "format.json").exists():
            return  # an earlier format, which has no head yet
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


def write_head(path: Path, form: int, versions: Mapping[str, int]) -> None:
    """Make these versions of a store's tables count: a reader sees the step whole or not at all."""
    draft = path / f".{_HEAD}.part"
    with draft.open("w", encoding="utf-8") as file:
        json.dump({"format": form, "versions": dict(sorted(versions.items()))}, file)
        file.flush()
        os.fsync(file.fileno())
    for attempt in range(_ATTEMPTS):
        try:
            draft.replace(path / _HEAD)
            return
        except PermissionError:  # Windows, while somebody reads the file
            if attempt == _ATTEMPTS - 1:
                raise
            time.sleep(0.05)


def _head(path: Path) -> dict[str, Any]:
    """Return what ``head.json`` says, empty where there is no store yet.

    Raises
    ------
    KejistatsError
        When a newer kejistats wrote it, or there are tables but nothing says what counts.
    """
    head = path / _HEAD
    if not head.exists() and not any((path / name / "_delta_log").is_dir() for name in _TABLES):
        return {}
    try:
        content = dict(json.loads(head.read_text("utf-8")))
        found = int(content["format"])
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        raise KejistatsError(
            f"{head} is lost or damaged",
            "put it back from a copy; or move the store away and take all files in again",
        ) from None
    if found > FORMAT:
        raise KejistatsError(
            f"{path} has store format {found}, this kejistats reads up to {FORMAT}",
            "install the kejistats version that wrote it",
        )
    return content


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
    """
    blank = (pl.col("status") == "missing") & (pl.col("reported") != WITHDRAWN)
    latest = [~blank, pl.col("received")]
    return observations.sort(latest, maintain_order=True).unique(
        KEY, keep="last", maintain_order=True
    )
