"""Received text made fit to be shown: nothing invisible, nothing endless."""

from __future__ import annotations

import re

# Controls, what turns writing around or has no width, and what XML cannot hold: unseen, it would
# hide a fault.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff"
    "\ufeff\ufff9-\ufffb\ufffe\uffff]"
)
_NAMES = {"\n": "换行", "\r": "回车", "\t": "制表符"}
_WEIGHT = {"error": "错误", "warning": "提示"}


def visible(text: str, limit: int = 0) -> str:
    r"""Return `text` with control characters named, cut with an ellipsis.

    Parameters
    ----------
    text
        Any text as received.
    limit
        Most characters of the result; 0 = no limit.

    Examples
    --------
    >>> visible("12\t34\x00"), visible("a\u202eb")
    ('12〈制表符〉34〈U+0000〉', 'a〈U+202E〉b')
    >>> visible("很长的文字", 4)
    '很长的…'
    """
    if limit and len(text) > limit:
        text = f"{text[: limit - 1]}…"
    return _UNSEEN.sub(lambda match: f"〈{_name(match[0])}〉", text)


def _name(character: str) -> str:
    return _NAMES.get(character, f"U+{ord(character):04X}")


def weight(severity: str) -> str:
    """Return the word for a severity: 错误 or 提示."""
    return _WEIGHT[severity]
