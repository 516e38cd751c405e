"""What files and codes are called in what is shown: told apart, and in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from kejistats.dataset import Dataset

SUFFIX = "-退回"


def names_of(dataset: Dataset) -> dict[str, str]:
    """Return the names of a data set's districts and indicators by code and id.

    A name that several districts bear is left out: their codes tell them apart.

    Parameters
    ----------
    dataset
        The data set.
    """
    districts = dataset.districts.filter(pl.col("name").is_unique()).select("code", "name")
    indicators = dataset.indicators.select("id", "name")
    return dict(districts.iter_rows()) | dict(indicators.iter_rows())


def labels(paths: Sequence[Path]) -> list[str]:
    """Return the files' names, with their folder where several are called the same.

    Examples
    --------
    >>> labels([Path("甲区/报表.csv"), Path("乙区/报表.csv"), Path("丙区.csv")])
    ['甲区/报表.csv', '乙区/报表.csv', '丙区.csv']
    """
    files = Counter(_file(path) for path in paths)
    return [f"{_folder(p)}/{p.name}" if files[_file(p)] > 1 else p.name for p in paths]


def copy_names(paths: Sequence[Path]) -> list[str]:
    """Return what the marked copies of files are called, no two the same.

    Where two would be, the folder, the kind of file and at last a number tell them apart.

    Examples
    --------
    >>> copy_names([Path("甲区.csv"), Path("乙区-退回.xlsx")])
    ['甲区-退回.xlsx', '乙区-退回.xlsx']
    >>> copy_names([Path("甲区/报表.csv"), Path("乙区/报表.csv")])
    ['甲区-报表-退回.xlsx', '乙区-报表-退回.xlsx']
    >>> copy_names([Path("甲.csv"), Path("甲.xlsx")])
    ['甲-csv-退回.xlsx', '甲-xlsx-退回.xlsx']
    """
    files, stems = Counter(map(_file, paths)), Counter(_stem(p).casefold() for p in paths)
    taken: set[str] = set()
    found = []
    for path in paths:
        same, alike = files[_file(path)], stems[_stem(path).casefold()]
        parts = [_folder(path)] if same > 1 else []
        parts += [_stem(path), *([path.suffix[1:]] if alike > same else [])]
        stem, number = "-".join(parts), 1
        name = f"{stem}{SUFFIX}.xlsx"
        while name.casefold() in taken:
            number += 1
            name = f"{stem}-{number}{SUFFIX}.xlsx"
        taken.add(name.casefold())
        found.append(name)
    return found


# Without regard to case: Windows and macOS know no other names.
def _file(path: Path) -> str:
    return path.name.casefold()


def _stem(path: Path) -> str:
    return path.stem.removesuffix(SUFFIX)


def _folder(path: Path) -> str:
    return path.absolute().parent.name
