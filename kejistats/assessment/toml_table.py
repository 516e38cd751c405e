"""A table of a TOML file, read key by key; every refusal names file, line and remedy."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

from kejistats.model.errors import UsageError

# The head of a table, not a line of a list that runs over several.
_HEAD = re.compile(r"\s*\[\[?\s*[A-Za-z_\"'][^,\]]*\]\]?\s*(#.*)?$")


@dataclass
class Located:
    """One table of a file.

    Parameters
    ----------
    file
        The file.
    text
        Its text, for finding lines.
    content
        The table; what is read is taken out of it, so that `done` knows what is left.
    name
        Name of the array it stands in; empty for the top of the file.
    place
        Its place in that array, from 0.
    """

    file: Path
    text: str
    content: dict[str, Any]
    name: str = ""
    place: int = 0
    _asked: list[str] = field(default_factory=list)

    def line(self, key: str = "") -> int:
        r"""Return the line of a key, or of the table's head.

        Examples
        --------
        >>> text = 'total = 100\n[[item]]\nweight = 40\n[[item]] # 二\nweight = 60\n'
        >>> Located(Path("a.toml"), text, {}, "item", 1).line("weight")
        5
        """
        lines = self.text.splitlines()
        start = -1
        if self.name:
            head = re.compile(rf"\s*\[\[\s*{re.escape(self.name)}\s*\]\]")
            heads = [i for i, line in enumerate(lines) if head.match(line)]
            if self.place < len(heads):
                start = heads[self.place]
            else:  # written in one line: item = [{…}]
                key = self.name
        for i in range(start + 1, len(lines)):
            if _HEAD.match(lines[i]):
                break
            if key and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", lines[i]):
                return i + 1
        return max(start, 0) + 1

    def refuse(self, wrong: str, right: str, key: str = "") -> NoReturn:
        """Raise the error of this table, at the line of a key."""
        head = f" [[{self.name}]]" if self.name else ""
        raise UsageError(f"{self.file}, line {self.line(key)}:{head} {wrong}", right)

    def given(self, key: str) -> bool:
        """Return whether a key is there and was not read yet."""
        return key in self.content

    def text_of(self, key: str, default: str | None = None) -> str:
        """Take a text; without a default it must be there."""
        value = self._take(key, f'write {key} = "…"', default)
        if not isinstance(value, str) or (default is None and not value.strip()):
            self.refuse(f"{key} must be a text", f'write {key} = "…"', key)
        return value

    def flag(self, key: str) -> bool:
        """Take a true or false, false where it is not there."""
        value = self._take(key, "", default=False)
        if not isinstance(value, bool):
            self.refuse(f"{key} must be true or false", f"write {key} = true", key)
        return value

    def number(self, key: str, default: float | None = None, *, least: float = -math.inf) -> float:
        """Take a number; without a default it must be there."""
        value = self._take(key, f"write {key} = 10", default)
        if not _is_number(value):
            self.refuse(f"{key} must be a number", f"write {key} = 10", key)
        if value < least:
            self.refuse(f"{key} is {value:g}", f"it must be {least:g} or more", key)
        return float(value)

    def above_zero(self, key: str, default: float | None = None) -> float:
        """Take a number above zero."""
        value = self.number(key, default)
        if value <= 0:
            self.refuse(f"{key} is {value:g}", "it must be above 0", key)
        return value

    def whole(self, key: str, default: int, least: int, most: int) -> int:
        """Take a whole number within limits."""
        value = self._take(key, "", default)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            right = f"it must be a whole number from {least} to {most}"
            self.refuse(f"{key} is {value!r}", right, key)
        return value

    def choice(self, key: str, allowed: Iterable[str], default: str | None = None) -> str:
        """Take one of some words."""
        words = list(allowed)
        value = self._take(key, f"one of: {', '.join(words)}", default)
        if value not in words:
            self.refuse(f"unknown {key} {value!r}", nearest(str(value), words), key)
        return str(value)

    def list_of(self, key: str, default: list[Any] | None = None) -> list[Any]:
        """Take a list; without a default it must be there and hold something."""
        value = self._take(key, f"write {key} = […]", default)
        if not isinstance(value, list) or (default is None and not value):
            self.refuse(f"{key} must be a list", f"write {key} = […]", key)
        return value

    def numbers(self, key: str) -> tuple[float, ...]:
        """Take a list of numbers."""
        values = self.list_of(key)
        if not all(_is_number(value) for value in values):
            self.refuse(f"{key} must hold numbers", f"write {key} = [10, 9, 8]", key)
        return tuple(float(value) for value in values)

    def pairs(self, key: str) -> tuple[tuple[float, float], ...]:
        """Take a list of pairs of numbers."""
        values = self.list_of(key)
        for value in values:
            if not (isinstance(value, list) and len(value) == 2 and all(map(_is_number, value))):
                right = f"write {key} = [[0.6, 4], [0.8, 7], [1.0, 10]]"
                self.refuse(f"{key} must hold pairs of a threshold and points", right, key)
        return tuple((float(a), float(b)) for a, b in values)

    def tables(self, key: str) -> list[Located]:
        """Take an array of tables."""
        value = self._take(key, "", default=[])
        if not (isinstance(value, list) and all(isinstance(one, dict) for one in value)):
            self.refuse(f"{key} must be tables", f"write each below [[{key}]]", key)
        return [Located(self.file, self.text, dict(v), key, i) for i, v in enumerate(value)]

    def done(self, what: str) -> None:
        """Refuse what is left: keys that nobody asked for."""
        for key in self.content:
            close = get_close_matches(key, self._asked, n=1, cutoff=0.7)
            known = f"it knows: {', '.join(dict.fromkeys(self._asked))}"
            right = f"did you mean {close[0]!r}?" if close else known
            self.refuse(f"{what} has no key {key!r}", right, key)

    def _take(self, key: str, right: str, default: Any = None) -> Any:
        self._asked.append(key)
        if key in self.content:
            return self.content.pop(key)
        if default is None:
            self.refuse(f"{key} is missing", right)
        return default


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the remedy for a word that is none of those known.

    Examples
    --------
    >>> nearest("intervall", ["completion", "interval"]), nearest("x", ["open", "zero"])
    ("did you mean 'interval'?", 'one of: open, zero')
    """
    words = list(known)
    close = get_close_matches(word, words, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else f"one of: {', '.join(words)}"


def _is_number(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and math.isfinite(value)
