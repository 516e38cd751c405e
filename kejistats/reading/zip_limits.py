"""The parts of a zipped workbook, taken out so that a hostile file can do no harm."""

from __future__ import annotations

import io
import zipfile
from pathlib import PurePosixPath

from kejistats.model.errors import UsageError
from kejistats.reading.grid import listed

# Of all parts unpacked; a sheet of a million rows and six columns takes some 200 MB.
MOST_BYTES = 256 * 2**20
_MOST_PARTS = 10_000
_ENCODINGS = (b"utf-8", b"us-ascii")
SAVE = "open it in a spreadsheet program and save it as .xlsx, without a password"


class Package:
    """A zipped workbook whose parts are read whole, checked, and never written to disk.

    Parameters
    ----------
    raw
        The bytes of the file.

    Raises
    ------
    UsageError
        When it would unpack to too much or is locked by a password.
    zipfile.BadZipFile
        When it is broken.
    """

    def __init__(self, raw: bytes) -> None:
        self._zip = zipfile.ZipFile(io.BytesIO(raw))
        entries = self._zip.infolist()
        if len(entries) > _MOST_PARTS or sum(e.file_size for e in entries) > MOST_BYTES:
            raise UsageError(
                f"it unpacks to more than {MOST_BYTES // 2**20} MB",
                "send the table in smaller files, or as CSV",
            )
        if any(entry.flag_bits & 1 for entry in entries):
            raise UsageError("it is locked by a password", SAVE)
        self.names = [entry.filename for entry in entries]
        if len(set(self.names)) < len(self.names):
            raise zipfile.BadZipFile("a part stands in it twice")

    def xml(self, name: str) -> bytes:
        """Return an XML part.

        Raises
        ------
        UsageError
            When it declares entities or is not UTF-8: no spreadsheet program writes such parts.
        KeyError, zipfile.BadZipFile
            When it is absent or differs from its checksum.
        """
        # Unpacking stops at the declared size; a part that lies about it fails its checksum.
        content = self._zip.read(name)
        if len(content) != self._zip.getinfo(name).file_size:
            raise zipfile.BadZipFile(f"{name} is shorter than it says")
        head = content[:200].lower()
        coded = b"encoding=" in head and not any(code in head for code in _ENCODINGS)
        if coded or b"<!DOCTYPE" in content or b"<!ENTITY" in content or b"\x00" in head:
            raise UsageError(f"its part {name} is no plain XML", SAVE)
        return content

    def holds(self, name: str, content: bytes) -> bool:
        """Tell whether a part is there and begins with `content`."""
        if name not in self.names:
            return False
        with self._zip.open(name) as part:
            return part.read(len(content)) == content

    def under(self, folder: str) -> list[str]:
        """Return the names of the parts in a folder, whatever the case of its letters."""
        return [n for n in self.names if n.lower().startswith(folder.lower())]

    def refuse_macros(self, *folders: str) -> None:
        """Refuse macros: `folders` hold them, or a part of the usual name.

        Raises
        ------
        UsageError
            Naming the parts.
        """
        found = [n for n in self.names if PurePosixPath(n.lower()).name == "vbaproject.bin"]
        found += [n for folder in folders for n in self.under(folder)]
        if found:
            raise UsageError(f"it holds macros ({listed(found)})", "save it as .xlsx, without them")

    def refuse_links(self, parts: list[str]) -> None:
        """Refuse links to other workbooks, whose figures nobody here can check.

        Raises
        ------
        UsageError
            Naming the parts.
        """
        if parts:
            raise UsageError(
                f"it links to other workbooks ({listed(parts)})",
                "break the links so that the cells hold their figures, and save it again",
            )


def stored(parts: dict[str, bytes]) -> bytes:
    """Return a zip of these parts, not compressed: what a fast reader then sees is checked."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as package:
        for name, content in parts.items():
            package.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()
