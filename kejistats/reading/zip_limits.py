"""Unpack zipped workbooks (xlsx, ods) within limits, so that a hostile file can do no harm."""

from __future__ import annotations

import io
import zipfile
from pathlib import PurePosixPath

from kejistats.model.errors import UsageError
from kejistats.reading.grid import join_items

# All parts together, unpacked; a sheet of a million rows by six columns takes some 200 MB.
MAX_BYTES = 256 * 2**20
_MAX_PARTS = 10_000
_ENCODINGS = (b"utf-8", b"us-ascii")
SAVE_AS_XLSX = "open it in a spreadsheet program and save it as .xlsx, without a password"


class Package:
    """A zipped workbook, whose parts are checked and read in memory, never written to disk.

    Parameters
    ----------
    raw
        The bytes of the file.

    Raises
    ------
    UsageError
        When it would unpack to more than the limits or is protected by a password.
    zipfile.BadZipFile
        When the archive is broken.
    """

    def __init__(self, raw: bytes) -> None:
        self._zip = zipfile.ZipFile(io.BytesIO(raw))
        entries = self._zip.infolist()
        if len(entries) > _MAX_PARTS or sum(e.file_size for e in entries) > MAX_BYTES:
            raise UsageError(
                f"it unpacks to more than {MAX_BYTES // 2**20} MB",
                "send the table in smaller files, or as CSV",
            )
        if any(entry.flag_bits & 1 for entry in entries):
            raise UsageError("it is protected by a password", SAVE_AS_XLSX)
        self.names = [entry.filename for entry in entries]
        if len(set(self.names)) < len(self.names):
            raise zipfile.BadZipFile("it contains a part twice")

    def read_xml(self, name: str) -> bytes:
        """Return an XML part.

        Raises
        ------
        UsageError
            When it declares entities or is not UTF-8; spreadsheet programs write neither.
        KeyError, zipfile.BadZipFile
            When the part is absent or does not match its checksum.
        """
        # Unpacking stops at the declared size; a part that declares too little fails its checksum.
        content = self._zip.read(name)
        if len(content) != self._zip.getinfo(name).file_size:
            raise zipfile.BadZipFile(f"{name} is shorter than its declared size")
        head = content[:200].lower()
        other_encoding = b"encoding=" in head and not any(code in head for code in _ENCODINGS)
        if other_encoding or b"<!DOCTYPE" in content or b"<!ENTITY" in content or b"\x00" in head:
            raise UsageError(f"its part {name} is not plain XML", SAVE_AS_XLSX)
        return content

    def part_starts_with(self, name: str, content: bytes) -> bool:
        """Tell whether a part exists and begins with `content`."""
        if name not in self.names:
            return False
        with self._zip.open(name) as part:
            return part.read(len(content)) == content

    def parts_in(self, folder: str) -> list[str]:
        """Return the names of the parts in a folder, ignoring case."""
        return [n for n in self.names if n.lower().startswith(folder.lower())]

    def refuse_macros(self, *folders: str) -> None:
        """Refuse a workbook with macros: parts in `folders`, or one with the usual name.

        Raises
        ------
        UsageError
            When there are any; it names the parts.
        """
        macros = [n for n in self.names if PurePosixPath(n.lower()).name == "vbaproject.bin"]
        macros += [n for folder in folders for n in self.parts_in(folder)]
        if macros:
            raise UsageError(
                f"it contains macros ({join_items(macros)})", "save it as .xlsx, without macros"
            )

    def refuse_links(self, parts: list[str]) -> None:
        """Refuse links to other workbooks, whose figures cannot be checked.

        Raises
        ------
        UsageError
            When there are any; it names the parts.
        """
        if parts:
            raise UsageError(
                f"it links to other workbooks ({join_items(parts)})",
                "break the links so that the cells hold plain values, and save it again",
            )


def build_zip(parts: dict[str, bytes]) -> bytes:
    """Return an uncompressed zip of checked parts, for a reader that only accepts whole files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as package:
        for name, content in parts.items():
            package.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()
