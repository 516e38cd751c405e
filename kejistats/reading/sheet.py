"""The table of one received sheet as text, with the address of every cell."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from kejistats.reading.form_mark import Mark

ROW = "_row"
# Rows unfolded from a wide table differ in which column a text came from: the column "@value"
# holds the column letter of the cell of "value".
LETTER_OF = "@"


@dataclass(frozen=True)
class Remark:
    """A finding of the reader itself: a hidden row, a skipped sheet, a total that differs.

    Parameters
    ----------
    rule, severity
        As in the Finding table.
    cell
        Cell address.
    wrong, right
        Chinese text.
    sheet
        Sheet name, when the remark is about another sheet than the one that carries it.
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
        One stripped text column per header, null where blank; ``_row``, the row number a
        spreadsheet shows; and for unfolded wide tables ``@column``, the column letter of each text.
    letters
        Column letter by header.
    nameless
        Address of the first filled cell under a blank header; empty if there is none.
    mark
        Identity of the fill-in workbook, if the file is one.
    remarks
        Findings of the reader in this sheet.
    skipped
        Number of rows left out because they are notes, totals or repeated headers.
    """

    file: str
    name: str
    rows: pl.DataFrame
    letters: dict[str, str]
    nameless: str = ""
    mark: Mark | None = None
    remarks: tuple[Remark, ...] = field(default=())
    skipped: int = 0
