"""Read CSV files: detect encoding and separator from the beginning, then parse with polars."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import polars as pl

from kejistats.model.errors import UsageError
from kejistats.reading.grid import Grid, header_text, printable, text_frame

_HEAD_BYTES = 2**18
# The header is looked for in this many first rows.
HEADER_SEARCH_ROWS = 30
_SEPARATORS = ",\t;"
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_csv(path: Path, is_header: Callable[[Collection[str]], bool]) -> list[Grid]:
    """Return the cells of a CSV file as a single sheet; none when the file is blank.

    Parameters
    ----------
    path
        A file in UTF-8 with or without BOM, in GB18030, or in UTF-16 (``Unicode text``), with
        comma, semicolon or tab as separator.
    is_header
        Tells whether the texts of a row are those of a header.

    Raises
    ------
    UsageError
        When the encoding is another or the rows are irregular; it names the line.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    encoding = _encoding(head)
    if encoding != "utf-16" and b"\x00" in head:
        raise _unknown_encoding()
    source: Path | bytes = path if encoding == "utf-8" else _as_utf8(path, encoding)
    try:
        return _read(source, head, encoding, is_header)
    except UnicodeDecodeError:
        return _read(_as_utf8(path, "gb18030"), head, "gb18030", is_header)


def _encoding(head: bytes) -> str:
    if head.startswith(_UTF_16):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"


def _as_utf8(path: Path, encoding: str) -> bytes:
    try:
        return path.read_bytes().decode(encoding).encode()
    except UnicodeError:
        raise _unknown_encoding() from None


def _unknown_encoding() -> UsageError:
    return UsageError("it is neither UTF-8 nor GB18030 text", "save it as CSV UTF-8")


def _read(
    source: Path | bytes,
    head: bytes,
    encoding: str,
    is_header: Callable[[Collection[str]], bool],
) -> list[Grid]:
    start = head.decode(encoding, "ignore").removeprefix("\ufeff")
    if not start.strip():
        return []
    separator, width = _separator_and_width(start, is_header)
    try:
        # polars reads a file with bare CR line ends as one line.
        if "\r" in start and "\n" not in start:
            raise pl.exceptions.ComputeError
        rows = pl.read_csv(
            source,
            has_header=False,
            schema={f"c{i}": pl.String for i in range(width)},
            separator=separator,
            missing_columns="insert",
        )
    except pl.exceptions.PolarsError as error:
        if str(error).startswith("invalid utf"):
            raise UnicodeDecodeError("utf-8", b"", 0, 1, "not UTF-8") from None
        rows = text_frame(list(_read_line_by_line(source, separator, width)))
    return [Grid("", rows)]


def _separator_and_width(
    start: str, is_header: Callable[[Collection[str]], bool]
) -> tuple[str, int]:
    """Return the separator, and the number of columns of the lines up to the header."""
    widths = {}
    for separator in _SEPARATORS:
        lines = []
        reader = csv.reader(io.StringIO(start, newline=""), delimiter=separator)
        try:
            for _, line in zip(range(HEADER_SEARCH_ROWS), reader, strict=False):
                lines.append(line)
                if is_header([header_text(text) for text in line if text.strip()]):
                    return separator, max(map(len, lines))
        except csv.Error:
            pass  # reported with its line number when the whole file is read
        widths[separator] = next((len(line) for line in lines if any(map(str.strip, line))), 1)
    separator = max(widths, key=lambda s: widths[s])
    return separator, widths[separator]


def _read_line_by_line(source: Path | bytes, separator: str, width: int) -> Iterator[list[str]]:
    """Read what polars could not parse line by line, to name the line at fault."""
    binary = source.open("rb") if isinstance(source, Path) else io.BytesIO(source)
    with io.TextIOWrapper(binary, "utf-8-sig", newline="") as text:
        reader = csv.reader(text, delimiter=separator, strict=True)
        try:
            for line in reader:
                if any(map(str.strip, line[width:])):
                    raise UsageError(
                        f"it is not a regular CSV: line {reader.line_num} has {len(line)} cells, "
                        f"the header has {width}: {printable(separator.join(line))}",
                        "put quotes around any text that contains the separator",
                    )
                yield line[:width]
        except csv.Error as error:
            raise UsageError(
                f"it is not a regular CSV: line {reader.line_num}: {error}",
                "close every quote, and double the quotes inside a text",
            ) from None
