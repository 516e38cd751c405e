"""Read a TOML table key by key; every error has file, line and remedy."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

from kejistats.model.errors import UsageError

# A table header, as opposed to a line of a list that is written over several lines.
_HEADER = re.compile(r"\s*\[\[?\s*[A-Za-z_\"'][^,\]]*\]\]?\s*(#.*)?$")


@dataclass
class TomlTable:
    """One table of a file.

    Parameters
    ----------
    file
        The file.
    text
        The text of the whole file, to find line numbers in.
    content
        The table; each key is removed when it is read, so that the unknown ones are left.
    name
        Name of the array of tables it belongs to; empty for the top level.
    index
        Its position in that array, from 0.
    """

    file: Path
    text: str
    content: dict[str, Any]
    name: str = ""
    index: int = 0
    _known_keys: list[str] = field(default_factory=list)

    def line(self, key: str = "") -> int:
        r"""Return the line of a key, or of the table's header.

        Examples
        --------
        >>> text = 'total = 100\n[[item]]\nweight = 40\n[[item]] # 二\nweight = 60\n'
        >>> TomlTable(Path("a.toml"), text, {}, "item", 1).line("weight")
        5
        """
        lines = self.text.splitlines()
        start = -1
        if self.name:
            header = re.compile(rf"\s*\[\[\s*{re.escape(self.name)}\s*\]\]")
            headers = [i for i, line in enumerate(lines) if header.match(line)]
            if self.index < len(headers):
                start = headers[self.index]
            else:  # written in one line: item = [{…}]
                key = self.name
        for i in range(start + 1, len(lines)):
            if _HEADER.match(lines[i]):
                break
            if key and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", lines[i]):
                return i + 1
        return max(start, 0) + 1

    def refuse(self, message: str, remedy: str, key: str = "") -> NoReturn:
        """Raise a `UsageError` that points to the line of a key."""
        header = f" [[{self.name}]]" if self.name else ""
        raise UsageError(f"{self.file}, line {self.line(key)}:{header} {message}", remedy)

    def has(self, key: str) -> bool:
        """Return whether the table has a key that was not read yet."""
        return key in self.content

    def string(self, key: str, default: str | None = None) -> str:
        """Read a string; required unless a default is given."""
        value = self._pop(key, f'write {key} = "…"', default)
        if not isinstance(value, str) or (default is None and not value.strip()):
            self.refuse(f"{key} must be a string", f'write {key} = "…"', key)
        return value

    def flag(self, key: str) -> bool:
        """Read a boolean; false if missing."""
        value = self._pop(key, "", default=False)
        if not isinstance(value, bool):
            self.refuse(f"{key} must be true or false", f"write {key} = true", key)
        return value

    def number(self, key: str, default: float | None = None, *, least: float = -math.inf) -> float:
        """Read a number; required unless a default is given."""
        value = self._pop(key, f"write {key} = 10", default)
        if not _is_number(value):
            self.refuse(f"{key} must be a number", f"write {key} = 10", key)
        if value < least:
            self.refuse(f"{key} is {value:g}", f"it must be {least:g} or more", key)
        return float(value)

    def positive(self, key: str, default: float | None = None) -> float:
        """Read a number above zero."""
        value = self.number(key, default)
        if value <= 0:
            self.refuse(f"{key} is {value:g}", "it must be above 0", key)
        return value

    def integer(self, key: str, default: int, least: int, most: int) -> int:
        """Read an integer within limits."""
        value = self._pop(key, "", default)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            remedy = f"it must be a whole number from {least} to {most}"
            self.refuse(f"{key} is {value!r}", remedy, key)
        return value

    def choice(self, key: str, allowed: Iterable[str], default: str | None = None) -> str:
        """Read one of the allowed strings."""
        words = list(allowed)
        value = self._pop(key, f"one of: {', '.join(words)}", default)
        if value not in words:
            self.refuse(f"unknown {key} {value!r}", suggestion(str(value), words), key)
        return str(value)

    def array(self, key: str, default: list[Any] | None = None) -> list[Any]:
        """Read a list; required and not empty unless a default is given."""
        value = self._pop(key, f"write {key} = […]", default)
        if not isinstance(value, list) or (default is None and not value):
            self.refuse(f"{key} must be a list", f"write {key} = […]", key)
        return value

    def numbers(self, key: str) -> tuple[float, ...]:
        """Read a list of numbers."""
        values = self.array(key)
        if not all(_is_number(value) for value in values):
            self.refuse(f"{key} must be a list of numbers", f"write {key} = [10, 9, 8]", key)
        return tuple(float(value) for value in values)

    def pairs(self, key: str) -> tuple[tuple[float, float], ...]:
        """Read a list of pairs of numbers."""
        values = self.array(key)
        for value in values:
            if not (isinstance(value, list) and len(value) == 2 and all(map(_is_number, value))):
                remedy = f"write {key} = [[0.6, 4], [0.8, 7], [1.0, 10]]"
                self.refuse(f"{key} must be a list of pairs: threshold, points", remedy, key)
        return tuple((float(a), float(b)) for a, b in values)

    def table_array(self, key: str) -> list[TomlTable]:
        """Read an array of tables."""
        value = self._pop(key, "", default=[])
        if not (isinstance(value, list) and all(isinstance(entry, dict) for entry in value)):
            self.refuse(
                f"{key} must be an array of tables",
                f"write each entry below its own [[{key}]]",
                key,
            )
        return [
            TomlTable(self.file, self.text, dict(entry), key, index)
            for index, entry in enumerate(value)
        ]

    def refuse_unknown_keys(self, what: str) -> None:
        """Raise an error if the table has a key that was never read."""
        for key in self.content:
            matches = get_close_matches(key, self._known_keys, n=1, cutoff=0.7)
            known_keys = f"known keys: {', '.join(dict.fromkeys(self._known_keys))}"
            remedy = f"did you mean {matches[0]!r}?" if matches else known_keys
            self.refuse(f"{what} has no key {key!r}", remedy, key)

    def _pop(self, key: str, remedy: str, default: Any = None) -> Any:
        self._known_keys.append(key)
        if key in self.content:
            return self.content.pop(key)
        if default is None:
            self.refuse(f"{key} is missing", remedy)
        return default


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return the remedy for an unknown word: the closest known one, else all of them.

    Examples
    --------
    >>> suggestion("intervall", ["completion", "interval"]), suggestion("x", ["open", "zero"])
    ("did you mean 'interval'?", 'one of: open, zero')
    """
    words = list(known)
    matches = get_close_matches(word, words, n=1, cutoff=0.5)
    return f"did you mean {matches[0]!r}?" if matches else f"one of: {', '.join(words)}"


def _is_number(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and math.isfinite(value)
