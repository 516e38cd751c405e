"""Protect forms that are already filled in from being replaced by empty ones."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kejistats.model.errors import UsageError
from kejistats.reading import read_grids
from kejistats.reading.form_mark import INPUT_TITLES
from kejistats.reading.grid import Grid, header_text, join_items


def refuse_filled(paths: Iterable[Path]) -> None:
    """Raise UsageError where a file has content in a column that districts fill in.

    Parameters
    ----------
    paths
        Files about to be written; most do not exist yet.

    Raises
    ------
    UsageError
        With the names of the files, including those that cannot be read.
    """
    filled = [path for path in paths if path.is_file() and _is_filled(path)]
    if filled:
        raise UsageError(
            f"already filled in, or not readable: {join_items((p.name for p in filled), 20)}"
            f" in {filled[0].parent}",
            "write to another folder with --out, or replace them with --force",
        )


def _is_filled(path: Path) -> bool:
    try:
        return any(_has_input(grid) for grid in read_grids(path))
    except UsageError:
        # With a password, for example: its content is unknown.
        return True


def _has_input(grid: Grid) -> bool:
    # By column title, not by cell lock: a pasted cell brings its own lock along.
    columns: list[int] = []
    for row in grid.cells.iter_rows():
        titles = [header_text(text or "") for text in row]
        if "本期数" in titles:
            columns = [n for n, text in enumerate(titles) if text in INPUT_TITLES]
        elif any(row[n] for n in columns):
            return True
    return False
