"""The store: append-only Delta tables of observations, targets and findings, with receipts."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from kejistats.errors import KejistatsError
from kejistats.quantity import WITHDRAWN
from kejistats.schema import Finding, Observation, Target
from kejistats.schema.base import Table
from kejistats.schema.observation import KEY
from kejistats.schema.target import TARGET_KEY

FORMAT = 1
_TABLES: dict[str, type[Table]] = {
    "observations": Observation,
    "targets": Target,
    "findings": Finding,
}
_ORDER = {"observations": [*KEY, "received"], "targets": [*TARGET_KEY, "received"]}
# The receipt travels in the commit that carries its rows, so both are there or neither;
# the log must therefore never be cleaned up.
_KEEP_LOG = {"delta.logRetentionDuration": "interval 36500 days"}


@dataclass(frozen=True)
class Receipt:
    """What one intake took in.

    Parameters
    ----------
    id
        Sequence number and content hash; the vintage of its rows.
    file
        Name of the file as received.
    sha256
        Hash of its bytes.
    table
        observations or targets.
    rows, accepted, unchanged, errors, warnings
        Rows read, rows stored, rows that the same file had brought before, and findings by
        severity.
    who, when
        User and UTC time of the intake; neither ever reaches a page.
    """

    id: str
    file: str
    sha256: str
    table: str
    rows: int
    accepted: int
    errors: int
    warnings: int
    who: str
    when: str
    unchanged: int = 0


class Store:
    """The tables below a data set's ``store/``; each append is one atomic commit.

    Parameters
    ----------
    path
        Folder of the store; made by the first append.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        mark = path / "format.json"
        if mark.exists():
            found = json.loads(mark.read_text("utf-8"))["format"]
            if found != FORMAT:
                raise KejistatsError(
                    f"{path} has store format {found}, this kejistats reads {FORMAT}",
                    "install the kejistats version that wrote it",
                )

    def _read(self, table: str) -> pl.DataFrame:
        folder = self.path / table
        if not (folder / "_delta_log").is_dir():
            return _TABLES[table].no_rows()
        frame = pl.read_delta(str(folder)).select(_TABLES[table].columns())
        return frame.sort(_ORDER.get(table, ["received"]), maintain_order=True)

    def observations(self) -> pl.DataFrame:
        """Return the Observation table with all vintages, ordered by key."""
        return self._read("observations")

    def targets(self) -> pl.DataFrame:
        """Return the Target table with all vintages, ordered by key."""
        return self._read("targets")

    def findings(self) -> pl.DataFrame:
        """Return the findings of all intakes; each keeps the row as received."""
        return self._read("findings").unique(maintain_order=True)

    def receipts(self) -> list[Receipt]:
        """Return the receipts of all intakes, oldest first."""
        from deltalake import DeltaTable

        found = []
        for table in ("observations", "targets"):
            folder = self.path / table
            if (folder / "_delta_log").is_dir():
                history = DeltaTable(str(folder)).history()
                found += [Receipt(**json.loads(c["receipt"])) for c in history if "receipt" in c]
        return sorted(found, key=lambda receipt: receipt.id)

    def append(self, frame: pl.DataFrame, findings: pl.DataFrame, receipt: Receipt) -> None:
        """Append one intake: its findings first, then its rows and receipt in one commit.

        Findings without a receipt are what an interrupted intake leaves; the repeated intake
        has the same id and writes the same findings, which read back once.
        """
        from deltalake import CommitProperties, write_deltalake

        self.path.mkdir(parents=True, exist_ok=True)
        mark = self.path / "format.json"
        if not mark.exists():
            mark.write_text(json.dumps({"format": FORMAT}), "utf-8")
        if findings.height:
            write_deltalake(str(self.path / "findings"), Finding.checked(findings), mode="append")
        metadata = {"receipt": json.dumps(asdict(receipt), ensure_ascii=False)}
        write_deltalake(
            str(self.path / receipt.table),
            _TABLES[receipt.table].checked(frame),
            mode="append",
            configuration=_KEEP_LOG,
            commit_properties=CommitProperties(custom_metadata=metadata),
        )


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
