"""Find the table in a sheet: its header, its rows, and what stands around them."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import polars as pl

from kejistats.model.errors import UsageError
from kejistats.model.units import known
from kejistats.reading.csvfile import HEAD_ROWS
from kejistats.reading.grid import Grid, clean, letter, listed, title
from kejistats.reading.sheet import ROW, Remark, Sheet
from kejistats.reading.total_rows import TOTAL, Roles, total_remarks

# Titles, here and of the forms, by what a column is to the rows of totals and merged cells.
_DISTRICTS = frozenset({"district", "地区", "区县", "县区", "县（市、区）", "县(市、区)"})
_KEYS = frozenset(
    {"indicator", "指标", "标识", "checkpoint", "期别", "level", "级别", "year", "年"}
)
_UNITS = frozenset({"unit", "单位", "计量单位"})
_VALUES = frozenset({"value", "数值", "本期数"})

_SIGNER = (
    r"(?:填报|填表|制表|审核|单位负责|统计负责|负责|联系|报出|报送)(?:人|日期|时间|单位|电话|方式)"
)
# A note has a mark behind its word: 注册商标数 is none.
_NOTE = (
    r"^[（(【\[*＊※]*\s*(?:(?:附?注|说\s*明|备\s*注|填[报表]说明|[\p{Han}]{0,4}来源)\s*(?:[:：\d一二三①、.．】\]]|$)"
    rf"|{_SIGNER})"
)
_SIGNED = rf"^{_SIGNER}(?:[（(]\S{{1,6}}[)）])?\s*[:：]"
_UNIT_ABOVE = re.compile(r"(?:计量)?单位[:：]\s*(\S+)")
_MOST_LISTED = 10
_BLANK = "_blank"


@dataclass(frozen=True)
class Table:
    """The table of a sheet.

    Parameters
    ----------
    grid
        The sheet it stands in.
    titles
        Header by column, counted from 0.
    body
        ``_row`` and all columns of the sheet, filled rows below the header only.
    above
        Texts above the header, with their columns.
    """

    grid: Grid
    titles: dict[int, str]
    body: pl.DataFrame
    above: tuple[tuple[int, str], ...] = ()


def filled_rows(grid: Grid) -> pl.DataFrame:
    """Return the rows of a sheet that hold anything, cleaned, with ``_row``."""
    cells = clean(grid.cells)
    if cells.is_empty():
        return cells
    rows = cells.select(
        pl.int_range(1, pl.len() + 1).alias(ROW),
        pl.all(),
        pl.all_horizontal(pl.all().is_null()).alias(_BLANK),
    )
    blank = rows.drop_in_place(_BLANK)
    return rows.filter(~blank) if blank.any() else rows


def has_table(grid: Grid, is_header: Callable[[Collection[str]], bool]) -> bool:
    """Tell whether a header stands among the first rows."""
    return _header(grid.cells, is_header) is not None


def _header(rows: pl.DataFrame, is_header: Callable[[Collection[str]], bool]) -> int | None:
    for i, texts in enumerate(rows.head(HEAD_ROWS).iter_rows()):
        if is_header([title(text) for text in texts if isinstance(text, str) and text.strip()]):
            return i
    return None


def find_table(grid: Grid, is_header: Callable[[Collection[str]], bool]) -> Table | None:
    """Return the table below the header of a sheet in long form.

    The header is the first row that `is_header` accepts; where none is, the first filled row.

    Raises
    ------
    UsageError
        When a title stands twice.
    """
    rows = filled_rows(grid)
    if rows.is_empty():
        return None
    at = _header(rows, is_header) or 0
    titles = {i: title(text) for i, text in enumerate(rows.row(at)[1:]) if text}
    names = list(titles.values())
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise UsageError(
            f"{'sheet ' + grid.name + ': ' if grid.name else ''}the header has "
            f"{listed(doubled)} twice",
            "each column name stands once",
        )
    above = tuple(
        (i, text) for row in rows.head(at).iter_rows() for i, text in enumerate(row[1:]) if text
    )
    return Table(grid, titles, rows.slice(at + 1), above)


def long_sheet(file: str, table: Table) -> Sheet:
    """Return a table in long form as a sheet, its notes and totals left out and counted."""
    roles = Roles(
        districts=tuple(i for i, name in table.titles.items() if name.lower() in _DISTRICTS),
        keys=tuple(i for i, name in table.titles.items() if name.lower() in _KEYS | _UNITS),
        values=tuple(i for i, name in table.titles.items() if name.lower() in _VALUES),
    )
    body, remarks, skipped = figures(table, roles)
    names = {body.columns[i + 1]: name for i, name in table.titles.items()}
    letters = {name: letter(i) for i, name in table.titles.items()}
    nameless = [c for c in body.columns[1:] if c not in names]
    texts = {name: pl.col(c) for c, name in names.items()}
    unit = unit_above(table)
    if unit and not {name.lower() for name in letters} & _UNITS:
        texts["unit"], letters["unit"] = pl.lit(unit[1]), letter(unit[0])
    rows = body.select(pl.col(ROW), *(text.alias(name) for name, text in texts.items()))
    return Sheet(
        file, table.grid.name, rows, letters, _nameless(body, nameless),
        remarks=tuple(remarks), skipped=skipped,
    )  # fmt: skip


def figures(table: Table, roles: Roles) -> tuple[pl.DataFrame, list[Remark], int]:
    """Return the rows that carry figures, what was noticed, and how many others there were.

    The others are notes, signatures, totals, and headers that a page break repeats.

    Parameters
    ----------
    table
        The table.
    roles
        Which columns hold districts, other keys and figures.
    """
    body, columns = table.body, table.body.columns[1:]
    first = next(iter(table.titles))
    places = roles.districts or (first,)
    texts = pl.coalesce([columns[i] for i in table.titles][:2])
    alone, noted, signed, repeated, total = body.select(
        pl.sum_horizontal(pl.col(c).is_not_null() for c in columns).eq(1).alias("alone"),
        texts.str.contains(_NOTE).fill_null(value=False).alias("noted"),
        texts.str.contains(_SIGNED).fill_null(value=False).alias("signed"),
        pl.col(columns[first]).eq_missing(table.titles[first]).alias("repeated"),
        pl.any_horizontal(pl.col(columns[i]).str.contains(TOTAL) for i in places)
        .fill_null(value=False).alias("total"),
    ).get_columns()  # fmt: skip
    if repeated.any():
        same = (pl.col(columns[i]).eq_missing(text) for i, text in table.titles.items())
        repeated = body.select(pl.all_horizontal(same)).to_series()
    note = (alone & noted) | signed if noted.any() or signed.any() else signed
    aside = note | repeated
    if note.any():
        # Once notes have begun, single texts below the last row of figures go on with them.
        others = (~(alone | aside)).arg_true()
        begun = max(note.arg_true()[0], others[-1] if others.len() else 0)
        aside |= alone & (pl.int_range(aside.len(), eager=True) > begun)
    remarks: list[Remark] = []
    rows = body
    if total.any():
        kept = body.filter(~aside) if aside.any() else body
        remarks = total_remarks(kept, replace(roles, districts=places), table.titles)
        rows = kept.filter(~total.filter(~aside))
    elif aside.any():
        rows = body.filter(~aside)
    rows = _filled_down(table.grid, rows, (*roles.districts, *roles.keys))
    return rows, [*_hidden(table.grid, rows), *remarks], body.height - rows.height


def _filled_down(grid: Grid, rows: pl.DataFrame, keys: Sequence[int]) -> pl.DataFrame:
    """Write the text of a merged cell into all its rows: one district beside many indicators.

    Only keys are: a figure stands where it stands.
    """
    tall = sorted(m for m in grid.merged if m[2] > m[0])
    if not tall:
        return rows
    numbers = rows[ROW].to_list()
    for i in keys:
        texts, end, changed = rows[rows.columns[i + 1]].to_list(), -1, False
        for first, left, last, right in tall:
            at = bisect_left(numbers, first + 1)
            # Merged ranges never overlap, unless a hostile file says so.
            if (
                left <= i <= right
                and first > end
                and at < len(numbers)
                and numbers[at] == first + 1
            ):
                text, end = rows[at, left + 1], last
                for k in range(at, bisect_right(numbers, last + 1)):
                    texts[k], changed = texts[k] or text, True
        if changed:
            rows = rows.with_columns(pl.Series(rows.columns[i + 1], texts, dtype=pl.String))
    return rows


def _hidden(grid: Grid, rows: pl.DataFrame) -> list[Remark]:
    found = [row for row in rows[ROW] if row in grid.hidden] if grid.hidden else []
    if not found:
        return []
    numbers = "、".join(map(str, found[:_MOST_LISTED]))
    more = f"等{len(found)}行" if len(found) > _MOST_LISTED else "行"
    return [
        Remark(
            "hidden_rows",
            "warning",
            f"A{found[0]}",
            f"第{numbers}{more}被隐藏，其中数据照常读取",
            "不应报送的，请删除这些行；应当报送的，请取消隐藏",
        )
    ]


def unit_above(table: Table) -> tuple[int, str] | None:
    """Return the unit that stands above the table for all of it, such as ``单位：万元``."""
    units = [(i, match[1]) for i, text in table.above if (match := _UNIT_ABOVE.search(text))]
    units = [(i, unit) for i, unit in units if known(unit)]
    return units[0] if len({unit for _, unit in units}) == 1 else None


def _nameless(body: pl.DataFrame, columns: Sequence[str]) -> str:
    """Return the first filled cell of columns without a name, whose figures would be lost."""
    for column in columns:
        filled = body.filter(pl.col(column).is_not_null())
        if filled.height:
            return f"{letter(body.columns.index(column) - 1)}{filled[ROW][0]}"
    return ""
