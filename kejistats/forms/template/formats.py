"""Cell formats of the form by name, and the row height that wrapped text needs."""

from __future__ import annotations

import math
import unicodedata
from typing import Any

FONT = "等线"
_BORDER = {"border": 1, "border_color": "#BFC7D1"}
_CELL = {**_BORDER, "font_size": 10, "valign": "vcenter", "text_wrap": True}
# Input cells are the only coloured ones below the header.
_YELLOW = {**_CELL, "bg_color": "#FFF6D6"}
_INPUT = {**_YELLOW, "locked": False}

STYLES: dict[str, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 14, "valign": "vcenter", "font_color": "#1F3B5C"},
    "cover_title": {
        "bold": True, "font_size": 20, "align": "center", "valign": "vcenter",
        "font_color": "#1F3B5C",
    },
    "subtitle": {"font_size": 12, "align": "center", "valign": "vcenter"},
    "sample": {"bold": True, "font_size": 11, "align": "center", "font_color": "#B3261E"},
    "section": {
        "bold": True, "font_size": 12, "valign": "vcenter", "font_color": "#1F3B5C",
        "bottom": 2, "bottom_color": "#1F3B5C",
    },
    "header": {
        **_BORDER, "bold": True, "font_size": 10, "font_color": "#FFFFFF", "bg_color": "#1F3B5C",
        "align": "center", "valign": "vcenter", "text_wrap": True,
    },
    "label": {**_CELL, "bold": True, "bg_color": "#EEF2F7", "indent": 1},
    "text": {**_CELL, "indent": 1},
    "part": {**_CELL, "indent": 2},
    "middle": {**_CELL, "align": "center"},
    "right": {**_CELL, "align": "right", "indent": 1},
    "small": {**_CELL, "font_size": 9, "font_color": "#44505E", "indent": 1},
    "number": {**_INPUT, "align": "right", "indent": 1},
    "pick": {**_INPUT, "align": "center"},
    "day": {**_INPUT, "align": "center", "num_format": "yyyy-mm-dd"},
    # Text format: a remark that begins with = stays a remark.
    "remark": {**_INPUT, "num_format": "@"},
    "yellow": _YELLOW,
    "plain": {"font_size": 10, "valign": "vcenter", "text_wrap": True},
}  # fmt: skip


class Formats:
    """The formats of one workbook, created on first use."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._created: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        """Return the workbook's format of that name."""
        if name not in self._created:
            self._created[name] = self._book.add_format({"font_name": FONT, **STYLES[name]})
        return self._created[name]


def text_width(text: str) -> int:
    """Return the width of a text in digits; a Chinese character is two digits wide.

    Examples
    --------
    >>> text_width("同比12.3%")
    9
    """
    return sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in text)


def row_height(*cells: tuple[str, float, str]) -> float:
    """Return the height in points at which a row shows all its texts in full.

    Spreadsheet programs fit a row to wrapped text only when it is edited, and never to merged cells.

    Parameters
    ----------
    cells
        Text, column width in characters and name of the style of each cell.
    """
    lines = 1
    for text, width, style in cells:
        # A column has 7 pixels per character, less margin and indent; a digit is as many pixels wide
        # as two thirds of the font size in points.
        digits_per_line = (7 * width - 20) / (STYLES[style]["font_size"] * 2 / 3)
        lines = max(lines, math.ceil(text_width(text) / max(digits_per_line, 2)))
    return 7.0 + 13.5 * lines
