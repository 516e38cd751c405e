"""One received sheet as a table of text that keeps the place of every cell."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from kejistats.reading.form_mark import Mark

ROW = "_row"
# Where a table was wide, each long row says itself which column a text came from: the column
# "@value" holds the letter of the cell of "value".
AT = "@"


@dataclass(frozen=True)
class Remark:
    """What the reader itself noticed: a hidden row, a sheet left out, a total that differs.

    Parameters
    ----------
    rule, severity
        As in the Finding table.
    cell
        Address.
    wrong, right
        Chinese text.
    sheet
        Name of the sheet, where it is another than the one that carries the remark.
    """

    rule: str
    severity: str
    cell: str
    wrong: str
    right: str
    sheet: str = ""


@dataclass(frozen=True)
class Sheet:
    """One table of text as received.

    Parameters
    ----------
    file, name
        File name, and sheet name (empty for CSV).
    rows
        Text columns by header, stripped, null where blank; ``_row``: the row number a spreadsheet
        shows; and, where a wide table was unfolded, ``@column``: the letter a text came from.
    letters
        Column letter by header.
    nameless
        First filled cell under a blank header, if there is one.
    mark
        What the hidden sheet of a fill-in workbook says, if the file is one.
    remarks
        What the reader noticed in this sheet.
    skipped
        Rows of notes and totals that carry no figure of their own.
    """

    file: str
    name: str
    rows: pl.DataFrame
    letters: dict[str, str]
    nameless: str = ""
    mark: Mark | None = None
    remarks: tuple[Remark, ...] = field(default=())
    skipped: int = 0
