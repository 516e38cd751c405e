"""Tables: heads that repeat, rows that stay whole, columns as wide as their words ask."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from bs4.element import Tag

from kejistats.pages.word.inline import Look, Pieces, Writer, classes_of, colour_of, font_of
from kejistats.pages.word.styles import HEADING, TEXT_WIDTH, WIDE_TALL, WIDE_WIDTH
from kejistats.pages.word.wordml import make

_EMU = 635  # to a twentieth of a point, in which Word measures tables
# Sizes of type in half points, of which 18 is 小五 and 15 小六: to keep all lines unbroken, and
# to keep figures and words whole.
_SIZE = 18
_EASY = (18, 17, 16, 15)
_TIGHT = (16, 15, 13, 11)
_PADDING = 40  # twentieths of a point, on either side
_LONGEST = 12  # halves of a character: longer words without a break are broken anywhere
_PHRASE = 8  # so much of a line of Chinese stays together
_WORD = re.compile(r"[!-~−．·]+")
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True)
class Cell:
    """A cell where it begins.

    Parameters
    ----------
    tag
        Its element.
    column, columns, rows
        First column, and how many columns and rows it takes.
    """

    tag: Tag
    column: int
    columns: int
    rows: int

    @cached_property
    def lines(self) -> list[str]:
        """Its text line by line."""
        return Pieces().add(self.tag.children).lines()

    def need(self, line: str) -> int:
        """Return how much of a line must stay together: a figure with its unit, a few words."""
        if "n" in classes_of(self.tag) and _DIGIT.search(line):
            return min(_width(line), _LONGEST)
        words = [min(_width(word), _LONGEST) for word in _WORD.findall(line)]
        return max([*words, min(_width(line), _PHRASE)])


@dataclass(frozen=True)
class Grid:
    """A table's cells in their columns.

    Parameters
    ----------
    rows
        Elements of the rows and their cells.
    heads
        Rows at the start that repeat on every page.
    columns
        Number of columns.
    """

    rows: list[tuple[Tag, list[Cell]]]
    heads: int
    columns: int

    @classmethod
    def read(cls, table: Tag) -> Grid:
        """Read a table; cells that span more columns than there are end with the table."""
        lines = [r for r in table.find_all("tr") if r.find_parent("table") is table]
        width = max(
            (sum(_span(c, "colspan") for c in _cells(r)) for r in lines if len(_cells(r)) > 1),
            default=1,
        )
        taken: dict[tuple[int, int], bool] = {}
        rows: list[tuple[Tag, list[Cell]]] = []
        for number, line in enumerate(lines):
            cells: list[Cell] = []
            column = 0
            for tag in _cells(line):
                while (number, column) in taken:
                    column += 1
                across = max(1, min(_span(tag, "colspan"), width - column))
                down = min(_span(tag, "rowspan"), len(lines) - number)
                cells.append(Cell(tag, column, across, down))
                taken |= {
                    (number + y, column + x): True for y in range(down) for x in range(across)
                }
                column += across
            rows.append((line, cells))
        width = max((c.column + c.columns for _, cells in rows for c in cells), default=1)
        heads = sum(line.find_parent("thead") is not None for line in lines)
        return cls(rows, heads, width)

    def _singles(self) -> list[tuple[int, list[str]]]:
        return [(c.column, c.lines) for _, cells in self.rows for c in cells if c.columns == 1]

    def needs(self) -> list[int]:
        """Return the least width of each column, in halves of a Chinese character."""
        needs = [4] * self.columns
        for _, cells in self.rows:
            for cell in cells:
                if cell.columns == 1:
                    needs[cell.column] = max(needs[cell.column], *map(cell.need, cell.lines))
        return needs

    def wishes(self) -> list[int]:
        """Return the width of each column with all its lines unbroken."""
        wishes = self.needs()
        for column, lines in self._singles():
            wishes[column] = max(wishes[column], *map(_width, lines))
        return wishes


def _cells(row: Tag) -> list[Tag]:
    return row.find_all(["td", "th"], recursive=False)


def _span(cell: Tag, name: str) -> int:
    text = str(cell.get(name) or "1")
    return max(1, int(text)) if text.isdigit() else 1


def _width(text: str) -> int:
    """Width in halves of a Chinese character.

    Examples
    --------
    >>> _width("18.6亿元"), _width("18.6"), _width("亿元")
    (9, 4, 4)
    """
    widths = [2 if c == "%" or unicodedata.east_asian_width(c) in "WFA" else 1 for c in text]
    # LibreOffice sets Chinese and western apart, whatever the style says.
    return sum(widths) + (len(set(widths)) > 1)


def _fits(widths: list[int], size: int, room: int) -> bool:
    """Say whether columns fit: half a character is a quarter of `size` half points wide."""
    return sum(width * size * 5 + 2 * _PADDING for width in widths) <= room


def is_wide(table: Tag) -> bool:
    """Say whether a table asks for a page that lies: its words do not fit at 小五."""
    return not _fits(Grid.read(table).needs(), _SIZE, TEXT_WIDTH // _EMU)


def _columns(grid: Grid, room: int) -> tuple[int, list[int]]:
    """Return the size of the type in half points and the width of every column."""
    needs, wishes = grid.needs(), grid.wishes()
    size = next((s for s in _EASY if _fits(wishes, s, room)), 0)
    size = size or next((s for s in _TIGHT if _fits(needs, s, room)), _TIGHT[-1])
    widths = [need * size * 5 + 2 * _PADDING for need in needs]
    if sum(widths) > room:
        return size, [room * width // sum(widths) for width in widths]
    # Small wishes first: a name on one line is worth more than one line less of a long text.
    more = [(wish - need) * size * 5 for wish, need in zip(wishes, needs, strict=True)]
    order = sorted(range(grid.columns), key=more.__getitem__)
    for place, column in enumerate(order):
        widths[column] += min(more[column], (room - sum(widths)) // (grid.columns - place))
    left = (room - sum(widths)) / sum(widths)
    return size, [width + int(width * left) for width in widths]


def table(tag: Tag, writer: Writer, *, wide: bool) -> Any:
    """Return a table's element."""
    grid = Grid.read(tag)
    room = (WIDE_WIDTH if wide else TEXT_WIDTH) // _EMU
    size, widths = _columns(grid, room)
    sides = [make(s, val="single", sz=4, space=0, color="666666") for s in
             ("top", "left", "bottom", "right", "insideH", "insideV")]  # fmt: skip
    made = make(
        "tbl",
        make(
            "tblPr",
            make("tblW", w=sum(widths), type="dxa"),
            make("jc", val="center"),
            make("tblBorders", *sides),
            make("tblLayout", type="fixed"),
            make("tblCellMar", make("left", w=_PADDING, type="dxa"),
                 make("right", w=_PADDING, type="dxa")),
        ),
        make("tblGrid", *(make("gridCol", w=width) for width in widths)),
    )  # fmt: skip
    open_: dict[int, tuple[int, int]] = {}  # column: rows still to cover, columns
    for number, (line, cells) in enumerate(grid.rows):
        head = number < grid.heads
        row = make("tr", make("trPr", make("cantSplit")))
        if head:
            row[0].append(make("tblHeader"))
        marked = [line]
        starts = {cell.column: cell for cell in cells}
        column = 0
        while column < grid.columns:
            cell = starts.get(column)
            if cell is None:
                rows, across = open_.get(column, (0, 1))
                row.append(_empty(sum(widths[column : column + across]), across, rows > 0))
            else:
                across = cell.columns
                width = sum(widths[column : column + across])
                row.append(_cell(cell, width, size, writer, head, marked))
                marked = []
                rows = cell.rows
            open_[column] = (rows - 1, across)
            column += across
        made.append(row)
    return made


def _empty(width: int, across: int, covered: bool) -> Any:
    properties = make("tcPr", make("tcW", w=width, type="dxa"))
    if across > 1:
        properties.append(make("gridSpan", val=across))
    if covered:
        properties.append(make("vMerge"))
    return make("tc", properties, make("p", make("pPr", make("pStyle", val="TableText"))))


def _cell(cell: Cell, width: int, size: int, writer: Writer, head: bool, row: list[Tag]) -> Any:
    classes = classes_of(cell.tag)
    group = cell.tag.get("scope") == "rowgroup"
    properties = make("tcPr", make("tcW", w=width, type="dxa"))
    if cell.columns > 1:
        properties.append(make("gridSpan", val=cell.columns))
    if cell.rows > 1:
        properties.append(make("vMerge", val="restart"))
    if head or group:
        properties.append(make("shd", val="clear", color="auto", fill="F2F2F2"))
    properties.append(make("vAlign", val="center"))
    form = make("pPr", make("pStyle", val="TableText"))
    if group or head:
        # A heading does not stay behind at the foot of a page.
        form.append(make("keepNext"))
    if any(_width(word) > _LONGEST for line in cell.lines for word in _WORD.findall(line)):
        form.append(make("wordWrap", val=0))
    if size != _SIZE:
        form.append(make("spacing", line=round(size * 13.4), lineRule="exact"))
    if "n" in classes:
        form.append(make("jc", val="right"))
    paragraph = make("p", form)
    look = Look(font=HEADING if head else font_of(cell.tag), colour=colour_of(classes))
    pieces = Pieces().add(cell.tag.children, look)
    inside = ((width - 2 * _PADDING) * _EMU, WIDE_TALL)
    writer.write(paragraph, pieces, inside, 0 if size == _SIZE else size)
    writer.mark(paragraph, iter([*row, cell.tag, *cell.tag.find_all(id=True)]))
    return make("tc", properties, paragraph)
