"""Find the table in a sheet: its header and data rows, apart from notes, totals and signatures."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import polars as pl

from kejistats.model.errors import UsageError
from kejistats.model.units import is_known_unit
from kejistats.reading.csvfile import HEADER_SEARCH_ROWS
from kejistats.reading.grid import Grid, clean_cells, column_letter, header_text, join_items
from kejistats.reading.sheet import ROW, Remark, Sheet
from kejistats.reading.total_rows import TOTAL, Roles, total_remarks

# Column titles by their role for total rows and merged cells.
_DISTRICTS = frozenset({"district", "地区", "区县", "县区", "县（市、区）", "县(市、区)"})
_KEYS = frozenset(
    {"indicator", "指标", "标识", "checkpoint", "期别", "level", "级别", "year", "年"}
)
_UNITS = frozenset({"unit", "单位", "计量单位"})
_VALUES = frozenset({"value", "数值", "本期数"})

_SIGNER = (
    r"(?:填报|填表|制表|审核|单位负责|统计负责|负责|联系|报出|报送)(?:人|日期|时间|单位|电话|方式)"
)
# A note begins with such a word and a punctuation mark: 注册商标数 is not a note.
_NOTE = (
    r"^[（(【\[*＊※]*\s*(?:(?:附?注|说\s*明|备\s*注|填[报表]说明|[\p{Han}]{0,4}来源)\s*(?:[:：\d一二三①、.．】\]]|$)"
    rf"|{_SIGNER})"
)
_SIGNATURE = rf"^{_SIGNER}(?:[（(]\S{{1,6}}[)）])?\s*[:：]"
_UNIT_ABOVE = re.compile(r"(?:计量)?单位[:：]\s*(\S+)")
_MAX_LISTED = 10
_BLANK = "_blank"


@dataclass(frozen=True)
class Table:
    """The table of a sheet.

    Parameters
    ----------
    grid
        The sheet that contains it.
    titles
        Header by column index from 0.
    body
        ``_row`` and all columns of the sheet, with only the filled rows below the header.
    above
        Texts above the header, with their column indexes.
    """

    grid: Grid
    titles: dict[int, str]
    body: pl.DataFrame
    above: tuple[tuple[int, str], ...] = ()


def filled_rows(grid: Grid) -> pl.DataFrame:
    """Return the non-blank rows of a sheet, cleaned, with their row number in ``_row``."""
    cells = clean_cells(grid.cells)
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
    """Tell whether one of the first rows is a header."""
    return _header_index(grid.cells, is_header) is not None


def _header_index(rows: pl.DataFrame, is_header: Callable[[Collection[str]], bool]) -> int | None:
    for i, texts in enumerate(rows.head(HEADER_SEARCH_ROWS).iter_rows()):
        if is_header(
            [header_text(text) for text in texts if isinstance(text, str) and text.strip()]
        ):
            return i
    return None


def find_table(grid: Grid, is_header: Callable[[Collection[str]], bool]) -> Table | None:
    """Return the table of a sheet that holds a long table, or None if the sheet is blank.

    The header is the first row that `is_header` accepts, or else the first filled row.

    Raises
    ------
    UsageError
        When a column title occurs twice.
    """
    rows = filled_rows(grid)
    if rows.is_empty():
        return None
    header = _header_index(rows, is_header) or 0
    titles = {i: header_text(text) for i, text in enumerate(rows.row(header)[1:]) if text}
    names = list(titles.values())
    duplicates = sorted({name for name in names if names.count(name) > 1})
    if duplicates:
        raise UsageError(
            f"{'sheet ' + grid.name + ': ' if grid.name else ''}the header has "
            f"{join_items(duplicates)} twice",
            "use each column name once",
        )
    above = tuple(
        (i, text) for row in rows.head(header).iter_rows() for i, text in enumerate(row[1:]) if text
    )
    return Table(grid, titles, rows.slice(header + 1), above)


def long_sheet(file: str, table: Table) -> Sheet:
    """Return a long table as a Sheet; notes and total rows are left out and counted."""
    roles = Roles(
        districts=tuple(i for i, name in table.titles.items() if name.lower() in _DISTRICTS),
        keys=tuple(i for i, name in table.titles.items() if name.lower() in _KEYS | _UNITS),
        values=tuple(i for i, name in table.titles.items() if name.lower() in _VALUES),
    )
    body, remarks, skipped = figure_rows(table, roles)
    names = {body.columns[i + 1]: name for i, name in table.titles.items()}
    letters = {name: column_letter(i) for i, name in table.titles.items()}
    nameless = [c for c in body.columns[1:] if c not in names]
    texts = {name: pl.col(c) for c, name in names.items()}
    unit = unit_above(table)
    if unit and not {name.lower() for name in letters} & _UNITS:
        texts["unit"], letters["unit"] = pl.lit(unit[1]), column_letter(unit[0])
    rows = body.select(pl.col(ROW), *(text.alias(name) for name, text in texts.items()))
    return Sheet(
        file, table.grid.name, rows, letters, _first_headerless_cell(body, nameless),
        remarks=tuple(remarks), skipped=skipped,
    )  # fmt: skip


def figure_rows(table: Table, roles: Roles) -> tuple[pl.DataFrame, list[Remark], int]:
    """Return the data rows, the remarks about the table, and the number of rows left out.

    Left out are notes, signatures, total rows, and headers repeated after a page break.

    Parameters
    ----------
    table
        The table.
    roles
        Which columns contain districts, other keys and figures.
    """
    body, columns = table.body, table.body.columns[1:]
    first = next(iter(table.titles))
    district_columns = roles.districts or (first,)
    texts = pl.coalesce([columns[i] for i in table.titles][:2])
    single, is_note, is_signature, repeated, total = body.select(
        pl.sum_horizontal(pl.col(c).is_not_null() for c in columns).eq(1).alias("single"),
        texts.str.contains(_NOTE).fill_null(value=False).alias("is_note"),
        texts.str.contains(_SIGNATURE).fill_null(value=False).alias("is_signature"),
        pl.col(columns[first]).eq_missing(table.titles[first]).alias("repeated"),
        pl.any_horizontal(pl.col(columns[i]).str.contains(TOTAL) for i in district_columns)
        .fill_null(value=False).alias("total"),
    ).get_columns()  # fmt: skip
    if repeated.any():
        same_as_header = (pl.col(columns[i]).eq_missing(text) for i, text in table.titles.items())
        repeated = body.select(pl.all_horizontal(same_as_header)).to_series()
    note = (
        (single & is_note) | is_signature if is_note.any() or is_signature.any() else is_signature
    )
    excluded = note | repeated
    if note.any():
        # After the first note, single texts below the last data row belong to the notes.
        other_rows = (~(single | excluded)).arg_true()
        notes_start = max(note.arg_true()[0], other_rows[-1] if other_rows.len() else 0)
        excluded |= single & (pl.int_range(excluded.len(), eager=True) > notes_start)
    remarks: list[Remark] = []
    rows = body
    if total.any():
        kept = body.filter(~excluded) if excluded.any() else body
        remarks = total_remarks(kept, replace(roles, districts=district_columns), table.titles)
        rows = kept.filter(~total.filter(~excluded))
    elif excluded.any():
        rows = body.filter(~excluded)
    rows = _filled_down(table.grid, rows, (*roles.districts, *roles.keys))
    return rows, [*_hidden_rows_remark(table.grid, rows), *remarks], body.height - rows.height


def _filled_down(grid: Grid, rows: pl.DataFrame, keys: Sequence[int]) -> pl.DataFrame:
    """Copy the text of a merged key cell into all its rows: one district beside many indicators.

    Merged figures are not copied.
    """
    ranges = sorted(m for m in grid.merged if m[2] > m[0])
    if not ranges:
        return rows
    numbers = rows[ROW].to_list()
    for i in keys:
        texts, end, changed = rows[rows.columns[i + 1]].to_list(), -1, False
        for first, left, last, right in ranges:
            start = bisect_left(numbers, first + 1)
            # Merged ranges overlap only in a hostile file.
            if (
                left <= i <= right
                and first > end
                and start < len(numbers)
                and numbers[start] == first + 1
            ):
                text, end = rows[start, left + 1], last
                for k in range(start, bisect_right(numbers, last + 1)):
                    texts[k], changed = texts[k] or text, True
        if changed:
            rows = rows.with_columns(pl.Series(rows.columns[i + 1], texts, dtype=pl.String))
    return rows


def _hidden_rows_remark(grid: Grid, rows: pl.DataFrame) -> list[Remark]:
    hidden = [row for row in rows[ROW] if row in grid.hidden] if grid.hidden else []
    if not hidden:
        return []
    numbers = "、".join(map(str, hidden[:_MAX_LISTED]))
    more = f"等{len(hidden)}行" if len(hidden) > _MAX_LISTED else "行"
    return [
        Remark(
            "hidden_rows",
            "warning",
            f"A{hidden[0]}",
            f"第{numbers}{more}被隐藏，其中数据照常读取",
            "不应报送的，请删除这些行；应当报送的，请取消隐藏",
        )
    ]


def unit_above(table: Table) -> tuple[int, str] | None:
    """Return the column index and unit of a line above the table such as ``单位：万元``, or None."""
    units = [(i, match[1]) for i, text in table.above if (match := _UNIT_ABOVE.search(text))]
    units = [(i, unit) for i, unit in units if is_known_unit(unit)]
    return units[0] if len({unit for _, unit in units}) == 1 else None


def _first_headerless_cell(body: pl.DataFrame, columns: Sequence[str]) -> str:
    """Return the address of the first filled cell in columns without a header, or an empty text."""
    for column in columns:
        filled = body.filter(pl.col(column).is_not_null())
        if filled.height:
            return f"{column_letter(body.columns.index(column) - 1)}{filled[ROW][0]}"
    return ""
