"""Read CSV: encoding and separator from its beginning, the rest by the fast reader."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import polars as pl

from kejistats.model.errors import UsageError
from kejistats.reading.grid import Grid, frame, shown, title

_HEAD_BYTES = 2**18
# The header stands in one of so many first rows.
HEAD_ROWS = 30
_SEPARATORS = ",\t;"
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_csv(path: Path, is_header: Callable[[Collection[str]], bool]) -> list[Grid]:
    """Return the one sheet of a CSV file.

    Parameters
    ----------
    path
        A file in UTF-8, with or without BOM, in GB18030, or in UTF-16 as ``Unicode text``;
        separated by comma, semicolon or tab.
    is_header
        Tells the header by its texts.

    Raises
    ------
    UsageError
        When it is in another encoding or irregular; the line is named.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    encoding = _encoding(head)
    if encoding != "utf-16" and b"\x00" in head:
        raise _unknown()
    source: Path | bytes = path if encoding == "utf-8" else _recoded(path, encoding)
    try:
        return _read(source, head, encoding, is_header)
    except UnicodeDecodeError:
        return _read(_recoded(path, "gb18030"), head, "gb18030", is_header)


def _encoding(head: bytes) -> str:
    if head.startswith(_UTF_16):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"


def _recoded(path: Path, encoding: str) -> bytes:
    try:
        return path.read_bytes().decode(encoding).encode()
    except UnicodeError:
        raise _unknown() from None


def _unknown() -> UsageError:
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
    separator, width = _shape(start, is_header)
    try:
        # Lines ended as on the oldest Macs are one line to the fast reader.
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
        rows = frame(list(_thoroughly(source, separator, width)))
    return [Grid("", rows)]


def _shape(start: str, is_header: Callable[[Collection[str]], bool]) -> tuple[str, int]:
    """Return the separator, and how many columns the lines up to the header have."""
    first = {}
    for separator in _SEPARATORS:
        lines = []
        reader = csv.reader(io.StringIO(start, newline=""), delimiter=separator)
        try:
            for _, line in zip(range(HEAD_ROWS), reader, strict=False):
                lines.append(line)
                if is_header([title(text) for text in line if text.strip()]):
                    return separator, max(map(len, lines))
        except csv.Error:
            pass  # told with its line when all of it is read
        first[separator] = next((len(line) for line in lines if any(map(str.strip, line))), 1)
    separator = max(first, key=lambda s: first[s])
    return separator, first[separator]


def _thoroughly(source: Path | bytes, separator: str, width: int) -> Iterator[list[str]]:
    """Read line by line what the fast reader gave up, to name the line at fault."""
    binary = source.open("rb") if isinstance(source, Path) else io.BytesIO(source)
    with io.TextIOWrapper(binary, "utf-8-sig", newline="") as text:
        reader = csv.reader(text, delimiter=separator, strict=True)
        try:
            for line in reader:
                if any(map(str.strip, line[width:])):
                    raise UsageError(
                        f"it is no regular CSV: line {reader.line_num} has {len(line)} cells, "
                        f"the header has {width}: {shown(separator.join(line))}",
                        "put a text that holds a separator in quotes",
                    )
                yield line[:width]
        except csv.Error as error:
            raise UsageError(
                f"it is no regular CSV: line {reader.line_num}: {error}",
                "close every quote, and double a quote inside a text",
            ) from None
