"""Rows of the long tables for tests, and helpers that check them and look into the store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kejistats.dataset import Dataset
from kejistats.intake import Checked, check_file
from tests.factory import write_csv

OBSERVATION = {
    "district": "900101",
    "indicator": "patent_granted",
    "checkpoint": "2025H1",
    "value": "90",
    "unit": "",
    "level": "",
    "published_growth": "",
    "grade": "",
    "as_of": "",
    "published": "",
    "note": "",
    "printed_share": "",
    "growth_basis": "",
}
TARGET = {
    "district": "900101",
    "indicator": "patent_granted",
    "year": "2025",
    "kind": "total",
    "value": "160",
    "unit": "",
    "comparison": "",
    "strength": "",
    "issued": "",
    "source": "",
    "value_upper": "",
    "valid_from": "",
    "start_month": "",
    "base_year": "",
    "nodes": "",
}


def check_csv(dataset: Dataset, folder: Path, *rows: dict[str, Any]) -> Checked:
    """Check a CSV file of these rows against a data set."""
    return check_file(dataset, write_csv(folder / "figures.csv", rows))
