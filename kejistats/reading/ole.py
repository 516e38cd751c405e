"""Extract the workbook stream from the OLE container of an old ``.xls``, with bounded loops.

xlrd could open the container itself, but follows a cyclic sector chain until memory is full.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_STREAM_NAMES = ("Workbook", "Book")
_END_OF_CHAIN = -2
_SECTORS_IN_HEADER = 109
_ENTRY_SIZE = 128
_STREAM_ENTRY, _ROOT_ENTRY = 2, 5


def workbook_stream(raw: bytes) -> bytes:
    """Return the workbook stream (a sequence of BIFF records) of an ``.xls`` file.

    Parameters
    ----------
    raw
        The bytes of an ``.xls`` file.

    Raises
    ------
    ValueError
        When the container is broken or contains no workbook.
    struct.error
        When the file is truncated.
    """
    shift, small_shift = struct.unpack_from("<HH", raw, 30)
    if (shift, small_shift) not in ((9, 6), (12, 6)):
        raise ValueError("its sector size is unknown")
    size = 1 << shift
    directory, _, cutoff, small_table, _, more, _ = struct.unpack_from("<7i", raw, 48)
    sectors = [raw[at : at + size] for at in range(size, len(raw), size)]
    table_sectors = list(struct.unpack_from(f"<{_SECTORS_IN_HEADER}i", raw, 76))
    hops = 0
    while more >= 0 and hops <= len(sectors):
        *further, more = _numbers(sectors[more])
        table_sectors += further
        hops += 1
    table = [sid for sector in table_sectors if sector >= 0 for sid in _numbers(sectors[sector])]
    entries = _joined(sectors, table, directory)
    root = b""
    for at in range(0, len(entries) - _ENTRY_SIZE + 1, _ENTRY_SIZE):
        entry = entries[at : at + _ENTRY_SIZE]
        length, kind = struct.unpack_from("<HB", entry, 64)
        start, total = struct.unpack_from("<iI", entry, 116)
        if kind == _ROOT_ENTRY:
            root = _joined(sectors, table, start) if total else b""
        if (
            kind == _STREAM_ENTRY
            and entry[: max(length - 2, 0)].decode("utf-16-le", "replace") in _STREAM_NAMES
        ):
            if total >= cutoff:
                stream = _joined(sectors, table, start)
            else:
                small = [root[i : i + 64] for i in range(0, len(root), 64)]
                links = _numbers(_joined(sectors, table, small_table))
                stream = _joined(small, links, start)
            if len(stream) < total:
                raise ValueError("it is truncated")
            return stream[:total]
    raise ValueError("it contains no workbook")


def _numbers(content: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(content) // 4}i", content[: len(content) // 4 * 4]))


def _joined(sectors: Sequence[bytes], table: Sequence[int], start: int) -> bytes:
    """Join the sectors of the chain that begins at `start`."""
    chain: list[bytes] = []
    while start != _END_OF_CHAIN:
        if not 0 <= start < len(sectors) or len(chain) > len(sectors) or start >= len(table):
            raise ValueError("its sector chain is broken")
        chain.append(sectors[start])
        start = table[start]
    return b"".join(chain)
