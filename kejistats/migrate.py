"""Stores of earlier formats, brought forward one format at a time."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl

from kejistats.errors import KejistatsError
from kejistats.head import write_head
from kejistats.schema import Finding, Receipt
from kejistats.store import KEEP_LOG


def migrate(path: Path, to: int) -> None:
    """Bring a store forward in place; interrupted, it starts again from the format before.

    Parameters
    ----------
    path
        Folder of the store, which nobody else writes to meanwhile.
    to
        The format wanted.

    Raises
    ------
    KejistatsError
        When the store's format is none that is known.
    """
    mark = path / "format.json"
    if not mark.exists():
        return  # another process has done it while this one waited
    found = int(json.loads(mark.read_text("utf-8"))["format"])
    while found < to and found in _STEPS:
        _STEPS[found](path)
        found += 1
    if found != to:
        raise KejistatsError(
            f"{path} has store format {found}, this kejistats reads up to {to}",
            "install the kejistats version that wrote it",
        )


def _from_1(path: Path) -> None:
    """Format 1 kept receipts in the log of commits, and nothing said which versions count."""
    from deltalake import DeltaTable, write_deltalake

    def table(name: str) -> DeltaTable | None:
        folder = str(path / name)
        return DeltaTable(folder) if DeltaTable.is_deltatable(folder) else None

    found = [
        json.loads(entry["receipt"])
        for log in (table("observations"), table("targets"))
        if log is not None
        for entry in log.history()
        if "receipt" in entry
    ]
    receipts = Receipt.conform(
        pl.DataFrame(
            [
                {"action": "intake", "unchanged": 0, "supersedes": True} | receipt
                for receipt in found
            ],
            schema={c: t for c, t in Receipt.dtypes().items() if c != "withdraws"},
        )
    ).sort("id")
    if (path / "receipts").is_dir():
        shutil.rmtree(path / "receipts")
    write_deltalake(str(path / "receipts"), receipts, configuration=KEEP_LOG)
    findings = table("findings")
    if findings is not None:
        rows = pl.read_delta(findings)
        # Findings without a receipt are those of an interrupted intake.
        known = rows.filter(pl.col("received").is_in(receipts["id"].to_list())).unique(
            maintain_order=True
        )
        write_deltalake(findings, Finding.conform(known), mode="overwrite", schema_mode="overwrite")
        findings.alter.set_table_properties(KEEP_LOG)
    names = ("observations", "targets", "findings", "receipts")
    versions = {name: log.version() for name in names if (log := table(name))}
    write_head(path, 2, versions)
    (path / "format.json").unlink()


_STEPS: dict[int, Callable[[Path], None]] = {1: _from_1}
