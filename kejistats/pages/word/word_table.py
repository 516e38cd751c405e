"""Tables with repeated headers, unbroken rows and column widths that fit their text."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from bs4.element import Tag

from kejistats.pages.word.inline import (
    InlineContent,
    RunFormat,
    Writer,
    classes_of,
    colour_of,
    font_of,
)
from kejistats.pages.word.styles import (
    HEADING,
    LANDSCAPE_IMAGE_HEIGHT,
    LANDSCAPE_TEXT_WIDTH,
    TEXT_WIDTH,
)
from kejistats.pages.word.wordml import make_element

_EMU_PER_TWIP = 635  # to a twentieth of a point, the unit of widths in Word tables
# Font sizes in half points (18 is 小五, 15 小六): those tried to keep every line unbroken, then those
# tried to keep at least figures and words unbroken.
_NORMAL_SIZE = 18
_UNBROKEN_SIZES = (18, 17, 16, 15)
_BROKEN_SIZES = (16, 15, 13, 11)
_PADDING = 40  # twentieths of a point, on each side
_MAX_WORD = 12  # half characters: longer words are broken anywhere
_MIN_PHRASE = 8  # half characters of a Chinese line that stay together
_WORD = re.compile(r"[!-~−．·]+")
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True)
class Cell:
    """A cell and its position.

    Parameters
    ----------
    tag
        Its element.
    column, columns, rows
        Its first column, and how many columns and rows it spans.
    """

    tag: Tag
    column: int
    columns: int
    rows: int

    @cached_property
    def lines(self) -> list[str]:
        """The text line by line."""
        return InlineContent().add(self.tag.children).lines()

    def min_width(self, line: str) -> int:
        """Return the part of a line that must stay together, in half characters.

        That is a figure with its unit, a word, or a few Chinese characters.
        """
        if "n" in classes_of(self.tag) and _DIGIT.search(line):
            return min(_text_width(line), _MAX_WORD)
        words = [min(_text_width(word), _MAX_WORD) for word in _WORD.findall(line)]
        return max([*words, min(_text_width(line), _MIN_PHRASE)])


@dataclass(frozen=True)
class Grid:
    """The cells of a table by row and column.

    Parameters
    ----------
    rows
        Row elements and their cells.
    headers
        Number of rows at the top that repeat on every page.
    columns
        Number of columns.
    """

    rows: list[tuple[Tag, list[Cell]]]
    headers: int
    columns: int

    @classmethod
    def read(cls, table: Tag) -> Grid:
        """Read a table element; a cell that spans too many columns is cut at the table's edge."""
        row_tags = [r for r in table.find_all("tr") if r.find_parent("table") is table]
        width = max(
            (
                sum(_span_of(c, "colspan") for c in _cells_of(r))
                for r in row_tags
                if len(_cells_of(r)) > 1
            ),
            default=1,
        )
        covered: dict[tuple[int, int], bool] = {}
        rows: list[tuple[Tag, list[Cell]]] = []
        for number, row_tag in enumerate(row_tags):
            cells: list[Cell] = []
            column = 0
            for tag in _cells_of(row_tag):
                while (number, column) in covered:
                    column += 1
                columns = max(1, min(_span_of(tag, "colspan"), width - column))
                rows_spanned = min(_span_of(tag, "rowspan"), len(row_tags) - number)
                cells.append(Cell(tag, column, columns, rows_spanned))
                covered |= {
                    (number + y, column + x): True
                    for y in range(rows_spanned)
                    for x in range(columns)
                }
                column += columns
            rows.append((row_tag, cells))
        width = max((c.column + c.columns for _, cells in rows for c in cells), default=1)
        headers = sum(row_tag.find_parent("thead") is not None for row_tag in row_tags)
        return cls(rows, headers, width)

    def _single_cells(self) -> list[tuple[int, list[str]]]:
        """Return column and lines of the cells that span one column."""
        return [(c.column, c.lines) for _, cells in self.rows for c in cells if c.columns == 1]

    def min_widths(self) -> list[int]:
        """Return the least width of each column, in half Chinese characters."""
        widths = [4] * self.columns
        for _, cells in self.rows:
            for cell in cells:
                if cell.columns == 1:
                    widths[cell.column] = max(widths[cell.column], *map(cell.min_width, cell.lines))
        return widths

    def full_widths(self) -> list[int]:
        """Return the width of each column at which no line is broken."""
        widths = self.min_widths()
        for column, lines in self._single_cells():
            widths[column] = max(widths[column], *map(_text_width, lines))
        return widths


def _cells_of(row: Tag) -> list[Tag]:
    return row.find_all(["td", "th"], recursive=False)


def _span_of(cell: Tag, name: str) -> int:
    text = str(cell.get(name) or "1")
    return max(1, int(text)) if text.isdigit() else 1


def _text_width(text: str) -> int:
    """Return the width of a text in half Chinese characters.

    Examples
    --------
    >>> _text_width("18.6亿元"), _text_width("18.6"), _text_width("亿元")
    (9, 4, 4)
    """
    widths = [2 if c == "%" or unicodedata.east_asian_width(c) in "WFA" else 1 for c in text]
    # LibreOffice puts space between Chinese and western text, whatever the style says.
    return sum(widths) + (len(set(widths)) > 1)


def _fits(widths: list[int], size: int, room: int) -> bool:
    """Tell whether columns fit: half a character is `size` quarter points wide."""
    return sum(width * size * 5 + 2 * _PADDING for width in widths) <= room


def needs_landscape(table: Tag) -> bool:
    """Tell whether a table needs a landscape page: its words do not fit at 小五."""
    return not _fits(Grid.read(table).min_widths(), _NORMAL_SIZE, TEXT_WIDTH // _EMU_PER_TWIP)


def _layout(grid: Grid, room: int) -> tuple[int, list[int]]:
    """Return the font size in half points and the width of each column in twentieths of a point."""
    min_widths, full_widths = grid.min_widths(), grid.full_widths()
    size = next((s for s in _UNBROKEN_SIZES if _fits(full_widths, s, room)), 0)
    size = size or next((s for s in _BROKEN_SIZES if _fits(min_widths, s, room)), _BROKEN_SIZES[-1])
    widths = [least * size * 5 + 2 * _PADDING for least in min_widths]
    if sum(widths) > room:
        return size, [room * width // sum(widths) for width in widths]
    # Small gaps first: a name on one line is worth more than one line less of a long text.
    gaps = [(full - least) * size * 5 for full, least in zip(full_widths, min_widths, strict=True)]
    order = sorted(range(grid.columns), key=gaps.__getitem__)
    for position, column in enumerate(order):
        widths[column] += min(gaps[column], (room - sum(widths)) // (grid.columns - position))
    spare = (room - sum(widths)) / sum(widths)
    return size, [width + int(width * spare) for width in widths]


def make_table(tag: Tag, writer: Writer, *, landscape: bool) -> Any:
    """Return the WordprocessingML element of a table."""
    grid = Grid.read(tag)
    room = (LANDSCAPE_TEXT_WIDTH if landscape else TEXT_WIDTH) // _EMU_PER_TWIP
    size, widths = _layout(grid, room)
    sides = [make_element(s, val="single", sz=4, space=0, color="666666") for s in
             ("top", "left", "bottom", "right", "insideH", "insideV")]  # fmt: skip
    table = make_element(
        "tbl",
        make_element(
            "tblPr",
            make_element("tblW", w=sum(widths), type="dxa"),
            make_element("jc", val="center"),
            make_element("tblBorders", *sides),
            make_element("tblLayout", type="fixed"),
            make_element("tblCellMar", make_element("left", w=_PADDING, type="dxa"),
                 make_element("right", w=_PADDING, type="dxa")),
        ),
        make_element("tblGrid", *(make_element("gridCol", w=width) for width in widths)),
    )  # fmt: skip
    open_cells: dict[int, tuple[int, int]] = {}  # by first column: rows still to cover, columns
    for number, (row_tag, cells) in enumerate(grid.rows):
        is_header = number < grid.headers
        row = make_element("tr", make_element("trPr", make_element("cantSplit")))
        if is_header:
            row[0].append(make_element("tblHeader"))
        bookmarked = [row_tag]
        starts = {cell.column: cell for cell in cells}
        column = 0
        while column < grid.columns:
            cell = starts.get(column)
            if cell is None:
                rows_left, columns = open_cells.get(column, (0, 1))
                row.append(
                    _empty_cell(sum(widths[column : column + columns]), columns, rows_left > 0)
                )
            else:
                columns = cell.columns
                width = sum(widths[column : column + columns])
                row.append(_cell_element(cell, width, size, writer, is_header, bookmarked))
                bookmarked = []
                rows_left = cell.rows
            open_cells[column] = (rows_left - 1, columns)
            column += columns
        table.append(row)
    return table


def _empty_cell(width: int, columns: int, covered: bool) -> Any:
    properties = make_element("tcPr", make_element("tcW", w=width, type="dxa"))
    if columns > 1:
        properties.append(make_element("gridSpan", val=columns))
    if covered:
        properties.append(make_element("vMerge"))
    return make_element(
        "tc",
        properties,
        make_element("p", make_element("pPr", make_element("pStyle", val="TableText"))),
    )


def _cell_element(
    cell: Cell, width: int, size: int, writer: Writer, is_header: bool, row_tags: list[Tag]
) -> Any:
    classes = classes_of(cell.tag)
    is_group = cell.tag.get("scope") == "rowgroup"
    properties = make_element("tcPr", make_element("tcW", w=width, type="dxa"))
    if cell.columns > 1:
        properties.append(make_element("gridSpan", val=cell.columns))
    if cell.rows > 1:
        properties.append(make_element("vMerge", val="restart"))
    if is_header or is_group:
        properties.append(make_element("shd", val="clear", color="auto", fill="F2F2F2"))
    properties.append(make_element("vAlign", val="center"))
    paragraph_properties = make_element("pPr", make_element("pStyle", val="TableText"))
    if is_group or is_header:
        # A heading must not be the last row of a page.
        paragraph_properties.append(make_element("keepNext"))
    if any(_text_width(word) > _MAX_WORD for line in cell.lines for word in _WORD.findall(line)):
        paragraph_properties.append(make_element("wordWrap", val=0))
    if size != _NORMAL_SIZE:
        paragraph_properties.append(
            make_element("spacing", line=round(size * 13.4), lineRule="exact")
        )
    if "n" in classes:
        paragraph_properties.append(make_element("jc", val="right"))
    paragraph = make_element("p", paragraph_properties)
    run_format = RunFormat(
        font=HEADING if is_header else font_of(cell.tag), colour=colour_of(classes)
    )
    content = InlineContent().add(cell.tag.children, run_format)
    max_size = ((width - 2 * _PADDING) * _EMU_PER_TWIP, LANDSCAPE_IMAGE_HEIGHT)
    writer.write(paragraph, content, max_size, 0 if size == _NORMAL_SIZE else size)
    writer.add_bookmarks(paragraph, iter([*row_tags, cell.tag, *cell.tag.find_all(id=True)]))
    return make_element("tc", properties, paragraph)
