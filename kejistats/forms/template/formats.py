"""How the fill-in workbook looks: formats by name, and the height a wrapped text needs."""

from __future__ import annotations

import math
import unicodedata
from typing import Any

FONT = "等线"
_EDGE = {"border": 1, "border_color": "#BFC7D1"}
_CELL = {**_EDGE, "font_size": 10, "valign": "vcenter", "text_wrap": True}
# Cells that may be written in are the only coloured ones below the header.
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
        **_EDGE, "bold": True, "font_size": 10, "font_color": "#FFFFFF", "bg_color": "#1F3B5C",
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
    """The formats of one workbook, made when first used."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        """Return the workbook's format of this name."""
        if name not in self._made:
            self._made[name] = self._book.add_format({"font_name": FONT, **STYLES[name]})
        return self._made[name]


def text_width(text: str) -> int:
    """Return how many digits wide a text is: a Chinese character takes two.

    Examples
    --------
    >>> text_width("同比12.3%")
    9
    """
    return sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in text)


def height(*cells: tuple[str, float, str]) -> float:
    """Return the height in points of a row that shows these (text, column width, style) in full.

    Programs fit rows to wrapped text only when the row is touched, and never merged cells.
    """
    rows = 1
    for text, width, style in cells:
        # A column is 7 pixels a character less margin and indent; a digit is two thirds of its
        # points in pixels.
        room = (7 * width - 20) / (STYLES[style]["font_size"] * 2 / 3)
        rows = max(rows, math.ceil(text_width(text) / max(room, 2)))
    return 7.0 + 13.5 * rows
