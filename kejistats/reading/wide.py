"""Unfold wide tables: one row of districts by indicators becomes a row for each figure."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from fnmatch import fnmatchcase

import polars as pl

from kejistats.model.errors import UsageError
from kejistats.model.settings import Wide, WideColumn
from kejistats.reading.csvfile import HEAD_ROWS
from kejistats.reading.grid import Grid, letter, listed, title
from kejistats.reading.layout import Table, figures, filled_rows, unit_above
from kejistats.reading.sheet import AT, ROW, Sheet
from kejistats.reading.total_rows import Roles

# What a figure is about; the rest of the columns say more of it.
_ABOUT = ("district", "indicator", "level", "checkpoint", "year", "kind", "strength")
# Rows that a header may have below its first where its cells are not merged.
_MORE_ROWS = 2


def wide_for(file: str, sheet: str, wide: Sequence[Wide]) -> Wide | None:
    """Return the first mapping meant for a sheet of a file.

    Examples
    --------
    >>> monthly = Wide("*月报*.xls*", "*", {}, {}, ())
    >>> wide_for("6月月报.xlsx", "表1", [monthly]) is monthly, wide_for("年报.xlsx", "", [monthly])
    (True, None)
    """
    return next(
        (w for w in wide if fnmatchcase(file, w.file) and fnmatchcase(sheet, w.sheet)), None
    )


def anchor(wide: Wide) -> str:
    """Return the header that shows where the header of a wide table begins."""
    headers = [*wide.keys.values(), *(column.header for column in wide.columns)]
    return _plain(headers[0].split("/")[0])


def is_anchor(text: str, wide: Wide) -> bool:
    """Tell whether a header's text is where the header of a wide table begins."""
    return _plain(text) == anchor(wide)


def wide_sheet(file: str, grid: Grid, wide: Wide) -> Sheet:
    """Return a wide table in long form, each text with the letter of the column it came from.

    Parameters
    ----------
    file
        Name of the file.
    grid
        The sheet.
    wide
        What its columns are.

    Raises
    ------
    UsageError
        When a header of the mapping is not in the sheet or stands twice; those found are listed.
    """
    table = _table(grid, wide)
    places = {_plain(name): i for i, name in table.titles.items()}
    keys = {name: places[_plain(header)] for name, header in wide.keys.items()}
    roles = Roles(
        districts=(keys["district"],) if "district" in keys else (),
        keys=tuple(i for name, i in keys.items() if name != "district"),
        values=tuple(places[_plain(c.header)] for c in wide.columns if c.to == "value"),
    )
    body, remarks, skipped = figures(table, roles)
    names = body.columns[1:]
    letters = {name: letter(i) for name, i in keys.items()}
    parts = []
    for fixed, columns in _groups(wide):
        texts = {name: pl.col(names[i]) for name, i in keys.items()}
        texts |= {name: pl.lit(text) for name, text in fixed.items()}
        for column in columns:
            at = places[_plain(column.header)]
            texts |= {column.to: pl.col(names[at]), AT + column.to: pl.lit(letter(at))}
            letters.setdefault(column.to, letter(at))
        parts.append(body.select(pl.col(ROW), **texts))
    rows = pl.concat(parts, how="diagonal").sort(ROW, maintain_order=True)
    unit = unit_above(table)
    if unit and "unit" not in rows.columns:
        rows = rows.with_columns(unit=pl.lit(unit[1]))
        letters["unit"] = letter(unit[0])
    return Sheet(file, grid.name, rows, letters, remarks=tuple(remarks), skipped=skipped)


def _plain(header: str) -> str:
    """Return a header as it is compared: without spaces, brackets and digits of one width."""
    return title("".join(unicodedata.normalize("NFKC", header).split()))


def _groups(wide: Wide) -> list[tuple[dict[str, str], list[WideColumn]]]:
    """Return the columns that make one long row together, with its fixed texts.

    They are those about the same thing: a unit said beside the figure holds for its row.
    """
    groups: dict[tuple[tuple[str, str], ...], list[WideColumn]] = {}
    for column in wide.columns:
        about = {c: t for c, t in column.fixed.items() if c in _ABOUT}
        groups.setdefault(tuple(sorted(about.items())), []).append(column)
    found = []
    for columns in groups.values():
        headers = listed(c.header for c in columns)
        goals = [column.to for column in columns]
        if len(set(goals)) < len(goals):
            raise UsageError(
                f"[[wide]] of dataset.toml: {headers} would fill one cell",
                "give each an indicator, level or checkpoint of its own, or another to",
            )
        fixed: dict[str, str] = {}
        for column in columns:
            for name, text in column.fixed.items():
                if fixed.setdefault(name, text) != text:
                    raise UsageError(
                        f"[[wide]] of dataset.toml: {headers} give one row two of {name}",
                        "write it once, beside the figure",
                    )
        found.append((wide.fixed | fixed, columns))
    return found


def _table(grid: Grid, wide: Wide) -> Table:
    """Find the header: the first with all headers of the mapping among one, two or three rows."""
    rows = filled_rows(grid)
    needed = [*wide.keys.values(), *(column.header for column in wide.columns)]
    place = f"sheet {grid.name}: " if grid.name else ""
    at = _anchored(rows, wide)
    if at is None:
        found = [text for row in rows.head(HEAD_ROWS).iter_rows() for text in row[1:] if text]
        raise _absent(place, [next(iter(needed))], found)
    first, column = at
    merged = [m for m in grid.merged if m[0] == first - 1 and m[1] <= column <= m[3]]
    height = merged[0][2] - merged[0][0] + 1 if merged else 1
    tries = [_titles(grid, rows, first, height)]
    for more in range(1, _MORE_ROWS + 1):
        below = rows.filter(pl.col(ROW) == first + height + more - 1)
        if below.is_empty() or below[rows.columns[column + 1]][0] is not None:
            break
        tries.append(_titles(grid, rows, first, height + more))
    for more, titles in enumerate(tries):
        names = [_plain(name) for name in titles.values()]
        if all(names.count(_plain(header)) == 1 for header in needed):
            last = first + height + more - 1
            above = rows.filter(pl.col(ROW) < first)
            texts = [(i, t) for row in above.iter_rows() for i, t in enumerate(row[1:]) if t]
            return Table(grid, titles, rows.filter(pl.col(ROW) > last), tuple(texts))
    names = [_plain(name) for name in tries[0].values()]
    if doubled := [header for header in needed if names.count(_plain(header)) > 1]:
        raise UsageError(
            f"{place}the header has {listed(doubled)} twice", "each column name stands once"
        )
    best = min(tries, key=lambda titles: len(_lacking(needed, titles)))
    raise _absent(place, _lacking(needed, best), list(best.values()))


def _lacking(needed: list[str], titles: dict[int, str]) -> list[str]:
    names = {_plain(name) for name in titles.values()}
    return [header for header in needed if _plain(header) not in names]


def _absent(place: str, lacking: list[str], found: list[str]) -> UsageError:
    return UsageError(
        f"{place}the header lacks {listed(lacking)}",
        f"found: {listed(found, 10)}; mend [[wide]] of dataset.toml or the file",
    )


def _anchored(rows: pl.DataFrame, wide: Wide) -> tuple[int, int] | None:
    """Return row number and column of the cell where the header begins."""
    for number, *texts in rows.head(HEAD_ROWS).iter_rows():
        for i, text in enumerate(texts):
            if text and is_anchor(text, wide):
                return number, i
    return None


def _titles(grid: Grid, rows: pl.DataFrame, first: int, height: int) -> dict[int, str]:
    """Return the header of each column: its texts from top to bottom, joined by ``/``."""
    texts = {
        (number, i): title(text)
        for number, *line in rows.filter(pl.col(ROW).is_between(first, first + height - 1)).iter_rows()
        for i, text in enumerate(line)
        if text
    }  # fmt: skip
    spans = {(m[0] + 1, m[1]): (m[2], m[3]) for m in grid.merged}
    for (top, left), text in list(texts.items()):
        bottom, right = spans.get((top, left), (top - 1, left))
        for row in range(top, min(bottom + 1, first + height - 1) + 1):
            texts |= {(row, i): text for i in range(left, min(right, rows.width - 2) + 1)}
    titles = {}
    for i in range(rows.width - 1):
        lines = [texts[row, i] for row in range(first, first + height) if (row, i) in texts]
        kept = [line for k, line in enumerate(lines) if k == 0 or line != lines[k - 1]]
        if kept:
            titles[i] = "/".join(kept)
    return titles
