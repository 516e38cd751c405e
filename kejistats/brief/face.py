"""What a notebook calls: a brief, an overview or a comparison from its parameters."""

from __future__ import annotations

from pathlib import Path

from kejistats.brief.brief import Brief
from kejistats.brief.bundle import Bundle, make_overview
from kejistats.brief.comparison import Comparison
from kejistats.brief.overview import Overview
from kejistats.dataset import Dataset
from kejistats.errors import UsageError
from kejistats.workspace import resolve


def open_brief(
    dataset: str = "", district: str | int = "", checkpoint: str | int = "", bundle: str | Path = ""
) -> Brief:
    """Return the brief that a notebook's parameters ask for.

    Parameters
    ----------
    dataset
        Folder of the data set, relative to the workspace root.
    district
        Code or name; a number that lost its leading zeros is put right.
    checkpoint
        Any form; the latest in the store when empty.
    bundle
        A bundle file; it alone then decides, and the others may stay empty.

    Raises
    ------
    UsageError
        When a parameter is missing or names nothing.
    """
    if bundle:
        return Brief(Bundle.read(resolve(bundle)))
    opened = _dataset(dataset)
    _need_district(opened, district)
    return opened.brief(district, checkpoint)


def open_overview(
    dataset: str = "", checkpoint: str | int = "", bundle: str | Path = ""
) -> Overview:
    """Return the overview that a notebook's parameters ask for; see `open_brief`."""
    if bundle:
        return Overview(Bundle.read(resolve(bundle)))
    opened = _dataset(dataset)
    return Overview(make_overview(opened, opened.checkpoint(checkpoint)))


def open_comparison(
    dataset: str = "",
    district: str | int = "",
    checkpoint: str | int = "",
    other_district: str | int = "",
    other_checkpoint: str | int = "",
) -> Comparison:
    """Return the comparison that a notebook's parameters ask for.

    Parameters
    ----------
    dataset, district, checkpoint
        As for `open_brief`.
    other_district, other_checkpoint
        What to compare with: another district or another checkpoint, one of both.

    Raises
    ------
    UsageError
        When a parameter is missing or names nothing, or the sides are the same.
    """
    opened = _dataset(dataset)
    _need_district(opened, district)
    return opened.compare(district, checkpoint, other_district, other_checkpoint)


def _need_district(opened: Dataset, district: str | int) -> None:
    if district == "":
        codes = opened.districts.select("code", "name").iter_rows()
        raise UsageError(
            "the parameter district is missing",
            "e.g. -p district " + ", ".join(f"{code} {name}" for code, name in list(codes)[:40]),
        )


def _dataset(dataset: str) -> Dataset:
    if not dataset:
        raise UsageError("the parameter dataset is missing", "e.g. -p dataset data/demo-city")
    return Dataset(dataset)
