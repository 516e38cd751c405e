"""Unfold wide tables into long ones: one row per district becomes one row per figure."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from fnmatch import fnmatchcase

import polars as pl

from kejistats.model.errors import UsageError
from kejistats.model.settings import Wide, WideColumn
from kejistats.reading.csvfile import HEADER_SEARCH_ROWS
from kejistats.reading.grid import Grid, column_letter, header_text, join_items
from kejistats.reading.layout import Table, figure_rows, filled_rows, unit_above
from kejistats.reading.sheet import LETTER_OF, ROW, Sheet
from kejistats.reading.total_rows import Roles

# The columns that identify a figure; the other columns describe it.
_KEY_COLUMNS = ("district", "indicator", "level", "checkpoint", "year", "kind", "strength")
# Further rows that a header may have where its cells are not merged.
_MAX_FURTHER_ROWS = 2


def wide_for(file: str, sheet: str, wide: Sequence[Wide]) -> Wide | None:
    """Return the first mapping whose patterns match a file and sheet name, or None.

    Examples
    --------
    >>> monthly = Wide("*月报*.xls*", "*", {}, {}, ())
    >>> wide_for("6月月报.xlsx", "表1", [monthly]) is monthly, wide_for("年报.xlsx", "", [monthly])
    (True, None)
    """
    return next(
        (w for w in wide if fnmatchcase(file, w.file) and fnmatchcase(sheet, w.sheet)), None
    )


def anchor_header(wide: Wide) -> str:
    """Return the header text that marks where the header of a wide table begins, normalised."""
    headers = [*wide.keys.values(), *(column.header for column in wide.columns)]
    return _normalised(headers[0].split("/")[0])


def is_anchor(text: str, wide: Wide) -> bool:
    """Tell whether a header text marks where the header of a wide table begins."""
    return _normalised(text) == anchor_header(wide)


def wide_sheet(file: str, grid: Grid, wide: Wide) -> Sheet:
    """Return a wide table as a long one, each text with the letter of the column it came from.

    Parameters
    ----------
    file
        File name.
    grid
        The sheet.
    wide
        The mapping of its columns.

    Raises
    ------
    UsageError
        When a header of the mapping is absent or occurs twice; the message lists those present.
    """
    table = _table(grid, wide)
    index_of = {_normalised(name): i for i, name in table.titles.items()}
    keys = {name: index_of[_normalised(header)] for name, header in wide.keys.items()}
    roles = Roles(
        districts=(keys["district"],) if "district" in keys else (),
        keys=tuple(i for name, i in keys.items() if name != "district"),
        values=tuple(index_of[_normalised(c.header)] for c in wide.columns if c.to == "value"),
    )
    body, remarks, skipped = figure_rows(table, roles)
    names = body.columns[1:]
    letters = {name: column_letter(i) for name, i in keys.items()}
    blocks = []
    for fixed, columns in _groups(wide):
        texts = {name: pl.col(names[i]) for name, i in keys.items()}
        texts |= {name: pl.lit(text) for name, text in fixed.items()}
        for column in columns:
            index = index_of[_normalised(column.header)]
            texts |= {
                column.to: pl.col(names[index]),
                LETTER_OF + column.to: pl.lit(column_letter(index)),
            }
            letters.setdefault(column.to, column_letter(index))
        blocks.append(body.select(pl.col(ROW), **texts))
    rows = pl.concat(blocks, how="diagonal").sort(ROW, maintain_order=True)
    unit = unit_above(table)
    if unit and "unit" not in rows.columns:
        rows = rows.with_columns(unit=pl.lit(unit[1]))
        letters["unit"] = column_letter(unit[0])
    return Sheet(file, grid.name, rows, letters, remarks=tuple(remarks), skipped=skipped)


def _normalised(header: str) -> str:
    """Return a header as it is compared: NFKC, without spaces."""
    return header_text("".join(unicodedata.normalize("NFKC", header).split()))


def _groups(wide: Wide) -> list[tuple[dict[str, str], list[WideColumn]]]:
    """Return the columns that form one long row together, with the fixed texts of that row.

    These are the columns with the same key: a unit declared for the figure applies to its row.
    """
    groups: dict[tuple[tuple[str, str], ...], list[WideColumn]] = {}
    for column in wide.columns:
        key = {c: t for c, t in column.fixed.items() if c in _KEY_COLUMNS}
        groups.setdefault(tuple(sorted(key.items())), []).append(column)
    result = []
    for columns in groups.values():
        headers = join_items(c.header for c in columns)
        targets = [column.to for column in columns]
        if len(set(targets)) < len(targets):
            raise UsageError(
                f"[[wide]] of dataset.toml: {headers} would fill one cell",
                "give each its own indicator, level or checkpoint, or a different 'to'",
            )
        fixed: dict[str, str] = {}
        for column in columns:
            for name, text in column.fixed.items():
                if fixed.setdefault(name, text) != text:
                    raise UsageError(
                        f"[[wide]] of dataset.toml: {headers} give one row two values of {name}",
                        "declare it once, for the column of the figure",
                    )
        result.append((wide.fixed | fixed, columns))
    return result


def _table(grid: Grid, wide: Wide) -> Table:
    """Find the header: of one to three rows, the first that has all headers of the mapping."""
    rows = filled_rows(grid)
    needed = [*wide.keys.values(), *(column.header for column in wide.columns)]
    prefix = f"sheet {grid.name}: " if grid.name else ""
    anchor = _find_anchor(rows, wide)
    if anchor is None:
        present = [
            text for row in rows.head(HEADER_SEARCH_ROWS).iter_rows() for text in row[1:] if text
        ]
        raise _missing_headers_error(prefix, [next(iter(needed))], present)
    first, column = anchor
    merged = [m for m in grid.merged if m[0] == first - 1 and m[1] <= column <= m[3]]
    height = merged[0][2] - merged[0][0] + 1 if merged else 1
    candidates = [_titles(grid, rows, first, height)]
    for extra in range(1, _MAX_FURTHER_ROWS + 1):
        below = rows.filter(pl.col(ROW) == first + height + extra - 1)
        if below.is_empty() or below[rows.columns[column + 1]][0] is not None:
            break
        candidates.append(_titles(grid, rows, first, height + extra))
    for extra, titles in enumerate(candidates):
        names = [_normalised(name) for name in titles.values()]
        if all(names.count(_normalised(header)) == 1 for header in needed):
            last = first + height + extra - 1
            above = rows.filter(pl.col(ROW) < first)
            texts = [(i, t) for row in above.iter_rows() for i, t in enumerate(row[1:]) if t]
            return Table(grid, titles, rows.filter(pl.col(ROW) > last), tuple(texts))
    names = [_normalised(name) for name in candidates[0].values()]
    if duplicates := [header for header in needed if names.count(_normalised(header)) > 1]:
        raise UsageError(
            f"{prefix}the header has {join_items(duplicates)} twice", "use each column name once"
        )
    best = min(candidates, key=lambda titles: len(_missing_headers(needed, titles)))
    raise _missing_headers_error(prefix, _missing_headers(needed, best), list(best.values()))


def _missing_headers(needed: list[str], titles: dict[int, str]) -> list[str]:
    names = {_normalised(name) for name in titles.values()}
    return [header for header in needed if _normalised(header) not in names]


def _missing_headers_error(prefix: str, missing: list[str], present: list[str]) -> UsageError:
    return UsageError(
        f"{prefix}the header lacks {join_items(missing)}",
        f"found: {join_items(present, 10)}; fix [[wide]] in dataset.toml or the file",
    )


def _find_anchor(rows: pl.DataFrame, wide: Wide) -> tuple[int, int] | None:
    """Return the row number and column index of the cell where the header begins, or None."""
    for number, *texts in rows.head(HEADER_SEARCH_ROWS).iter_rows():
        for i, text in enumerate(texts):
            if text and is_anchor(text, wide):
                return number, i
    return None


def _titles(grid: Grid, rows: pl.DataFrame, first: int, height: int) -> dict[int, str]:
    """Return the header of each column: its texts from top to bottom, joined by ``/``."""
    texts = {
        (number, i): header_text(text)
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
