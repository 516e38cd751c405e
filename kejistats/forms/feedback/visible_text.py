"""Make received text safe to show: invisible characters named, length limited."""

from __future__ import annotations

import re

# Control characters, characters that change the writing direction or have no width, and those that
# XML cannot hold. Invisible, they would hide an error.
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff"
    "\ufeff\ufff9-\ufffb\ufffe\uffff]"
)
_CONTROL_NAMES = {"\n": "换行", "\r": "回车", "\t": "制表符"}
_SEVERITY_WORDS = {"error": "错误", "warning": "提示"}


def make_visible(text: str, limit: int = 0) -> str:
    r"""Return `text` with invisible characters named, shortened with an ellipsis.

    Parameters
    ----------
    text
        Any text as received.
    limit
        Largest number of characters before naming; 0 for no limit.

    Examples
    --------
    >>> make_visible("12\t34\x00"), make_visible("a\u202eb")
    ('12〈制表符〉34〈U+0000〉', 'a〈U+202E〉b')
    >>> make_visible("很长的文字", 4)
    '很长的…'
    """
    if limit and len(text) > limit:
        text = f"{text[: limit - 1]}…"
    return _INVISIBLE.sub(lambda match: f"〈{_character_name(match[0])}〉", text)


def _character_name(character: str) -> str:
    return _CONTROL_NAMES.get(character, f"U+{ord(character):04X}")


def severity_word(severity: str) -> str:
    """Return the Chinese word for a severity: 错误 or 提示."""
    return _SEVERITY_WORDS[severity]
