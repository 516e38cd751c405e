"""The workbook inside an old ``.xls``, taken out of its container with every loop bounded.

The reader of old workbooks opens the container itself, but follows a chain that bites its own
tail until the memory is full.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_NAMES = ("Workbook", "Book")
_END = -2
_IN_HEADER = 109
_ENTRY = 128
_STREAM, _ROOT = 2, 5


def workbook_stream(raw: bytes) -> bytes:
    """Return the stream of records that is the workbook.

    Parameters
    ----------
    raw
        The bytes of an ``.xls`` file.

    Raises
    ------
    ValueError
        When the container is broken or holds no workbook.
    struct.error
        When it breaks off.
    """
    shift, small_shift = struct.unpack_from("<HH", raw, 30)
    if (shift, small_shift) not in ((9, 6), (12, 6)):
        raise ValueError("its sectors are of no known size")
    size = 1 << shift
    directory, _, cutoff, small_table, _, more, _ = struct.unpack_from("<7i", raw, 48)
    sectors = [raw[at : at + size] for at in range(size, len(raw), size)]
    places = list(struct.unpack_from(f"<{_IN_HEADER}i", raw, 76))
    seen = 0
    while more >= 0 and seen <= len(sectors):
        *further, more = _numbers(sectors[more])
        places += further
        seen += 1
    table = [sid for place in places if place >= 0 for sid in _numbers(sectors[place])]
    entries = _joined(sectors, table, directory)
    root = b""
    for at in range(0, len(entries) - _ENTRY + 1, _ENTRY):
        entry = entries[at : at + _ENTRY]
        length, kind = struct.unpack_from("<HB", entry, 64)
        start, total = struct.unpack_from("<iI", entry, 116)
        if kind == _ROOT:
            root = _joined(sectors, table, start) if total else b""
        if kind == _STREAM and entry[: max(length - 2, 0)].decode("utf-16-le", "replace") in _NAMES:
            if total >= cutoff:
                stream = _joined(sectors, table, start)
            else:
                small = [root[i : i + 64] for i in range(0, len(root), 64)]
                links = _numbers(_joined(sectors, table, small_table))
                stream = _joined(small, links, start)
            if len(stream) < total:
                raise ValueError("it breaks off")
            return stream[:total]
    raise ValueError("it holds no workbook")


def _numbers(content: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(content) // 4}i", content[: len(content) // 4 * 4]))


def _joined(sectors: Sequence[bytes], table: Sequence[int], start: int) -> bytes:
    """Join the sectors of a chain."""
    found: list[bytes] = []
    while start != _END:
        if not 0 <= start < len(sectors) or len(found) > len(sectors) or start >= len(table):
            raise ValueError("its sectors are no chain")
        found.append(sectors[start])
        start = table[start]
    return b"".join(found)
