"""Findings, a reporting status and workbooks for the tests of forms and feedback."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl

from kejistats.model.period import Checkpoint
from kejistats.model.tables import Finding, Receipt
from kejistats.status import Status, status_of
from tests.factory import (
    COUNT,
    DISTRICT,
    MONEY,
    districts,
    observation,
    observations,
    registry,
    targets,
)

BOOK, SHEET = "甲区.xlsx", "知识产权"


def make_finding(cell: str = "D3", severity: str = "error", **more: Any) -> dict[str, Any]:
    """A row of the Finding table about a cell of the workbook."""
    row = {"district": "第1区", "indicator": "专利授权量", "value": "许多"}
    return {
        "rule": "not_a_number", "severity": severity, "file": BOOK, "sheet": SHEET, "cell": cell,
        "row": json.dumps(row, ensure_ascii=False), "wrong": "“许多”不是数值", "right": "请填数值",
    } | more  # fmt: skip


def finding_table(*rows: Mapping[str, Any]) -> pl.DataFrame:
    """The Finding table of these rows."""
    return Finding.conform(pl.DataFrame(list(rows), schema_overrides=Finding.dtypes()))


def two_district_status(findings: pl.DataFrame, name: str = "第1区") -> Status:
    """The status of two districts, the first of which reported one of two figures, before the deadline."""
    receipt = {"id": "000001-00000000", "action": "intake", "file": "1.csv", "sha256": "0",
               "table": "observations", "rows": 1, "accepted": 1, "unchanged": 0, "errors": 0,
               "warnings": 0, "supersedes": False, "who": "",
               "created_at": "2025-07-10T02:00:00+00:00"}  # fmt: skip
    figures = [observation(i, 1.0, 2024) for i in (COUNT, MONEY)] + [observation(COUNT, 1.0)]
    return status_of(
        observations(figures),
        targets([]),
        Receipt.conform(pl.DataFrame([receipt], schema_overrides=Receipt.dtypes())),
        findings,
        districts(2, {"code": DISTRICT, "name": name}),
        registry(),
        Checkpoint.parse("2025H1"),
        15,
        date(2025, 7, 20),
    )


def load_workbook(path: Path) -> Any:
    """A workbook as openpyxl reads it."""
    return openpyxl.load_workbook(path)
