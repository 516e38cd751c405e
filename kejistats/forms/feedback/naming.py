"""Names shown for files, districts and indicators, so that readers can tell them apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from kejistats.dataset import Dataset

SUFFIX = "-退回"


def display_names(dataset: Dataset) -> dict[str, str]:
    """Return the names of a data set's districts and indicators by code and id.

    Names that several districts share are left out, so that their codes are shown instead.

    Parameters
    ----------
    dataset
        The data set.
    """
    districts = dataset.districts.filter(pl.col("name").is_unique()).select("code", "name")
    indicators = dataset.indicators.select("id", "name")
    return dict(districts.iter_rows()) | dict(indicators.iter_rows())


def file_labels(paths: Sequence[Path]) -> list[str]:
    """Return the names of files, with their folder where several have the same name.

    Examples
    --------
    >>> file_labels([Path("甲区/报表.csv"), Path("乙区/报表.csv"), Path("丙区.csv")])
    ['甲区/报表.csv', '乙区/报表.csv', '丙区.csv']
    """
    files = Counter(_name_key(path) for path in paths)
    return [f"{_folder(p)}/{p.name}" if files[_name_key(p)] > 1 else p.name for p in paths]


def copy_names(paths: Sequence[Path]) -> list[str]:
    """Return unique file names for the marked copies of files.

    Where two would be the same, the folder, the suffix and finally a number are added.

    Examples
    --------
    >>> copy_names([Path("甲区.csv"), Path("乙区-退回.xlsx")])
    ['甲区-退回.xlsx', '乙区-退回.xlsx']
    >>> copy_names([Path("甲区/报表.csv"), Path("乙区/报表.csv")])
    ['甲区-报表-退回.xlsx', '乙区-报表-退回.xlsx']
    >>> copy_names([Path("甲.csv"), Path("甲.xlsx")])
    ['甲-csv-退回.xlsx', '甲-xlsx-退回.xlsx']
    """
    files, stems = Counter(map(_name_key, paths)), Counter(_stem(p).casefold() for p in paths)
    taken: set[str] = set()
    names = []
    for path in paths:
        same_name, same_stem = files[_name_key(path)], stems[_stem(path).casefold()]
        parts = [_folder(path)] if same_name > 1 else []
        parts += [_stem(path), *([path.suffix[1:]] if same_stem > same_name else [])]
        stem, number = "-".join(parts), 1
        name = f"{stem}{SUFFIX}.xlsx"
        while name.casefold() in taken:
            number += 1
            name = f"{stem}-{number}{SUFFIX}.xlsx"
        taken.add(name.casefold())
        names.append(name)
    return names


# Case is ignored, as Windows and macOS do.
def _name_key(path: Path) -> str:
    return path.name.casefold()


def _stem(path: Path) -> str:
    return path.stem.removesuffix(SUFFIX)


def _folder(path: Path) -> str:
    return path.absolute().parent.name
