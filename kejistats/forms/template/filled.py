"""Forms that are filled in: what somebody has written is not replaced by an empty form."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kejistats.model.errors import UsageError
from kejistats.reading import read_grids
from kejistats.reading.form_mark import INPUTS
from kejistats.reading.grid import Grid, listed, title


def refuse_filled(paths: Iterable[Path]) -> None:
    """Refuse to go on where a file holds anything in a column that districts fill in.

    Parameters
    ----------
    paths
        Files about to be replaced; most are not there yet.

    Raises
    ------
    UsageError
        Naming the files; those that cannot be read are among them.
    """
    filled = [path for path in paths if path.is_file() and _is_filled(path)]
    if filled:
        raise UsageError(
            f"filled in, or not to be read: {listed((p.name for p in filled), 20)}"
            f" in {filled[0].parent}",
            "write to another folder with --out, or replace them with --force",
        )


def _is_filled(path: Path) -> bool:
    try:
        return any(_holds_input(grid) for grid in read_grids(path))
    except UsageError:
        # Saved with a password, for example: what it holds nobody knows.
        return True


def _holds_input(grid: Grid) -> bool:
    # By title, not by lock: a cell pasted over another brings its own lock along.
    columns: list[int] = []
    for row in grid.cells.iter_rows():
        titles = [title(text or "") for text in row]
        if "本期数" in titles:
            columns = [n for n, text in enumerate(titles) if text in INPUTS]
        elif any(row[n] for n in columns):
            return True
    return False
