"""Whether a page needs nothing but itself: it runs nothing and fetches nothing."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_TAGS = {"script", "iframe", "frame", "object", "embed", "link", "base", "form", "audio", "video"}
_FETCHING = {"src", "srcset", "poster", "background", "data", "action", "formaction"}
_STYLE = re.compile(r"@import|url\(\s*[\"']?(?!data:)", re.IGNORECASE)

_PICTURE = re.compile(r"data:image/png;base64,[A-Za-z0-9+/=]*")


class _Foreign(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        if tag in _TAGS:
            self.found.append(f"<{tag}>")
        for name, given in attrs:
            value = (given or "").strip()
            inside = value.startswith(("data:", "#"))
            if (
                name.startswith("on")
                or (name in _FETCHING and not inside)
                or (name in ("href", "xlink:href") and tag not in ("a", "area") and not inside)
                or value.lower().startswith("javascript:")
                or (name == "style" and _STYLE.search(value))
            ):
                self.found.append(f'<{tag} {name}="{value[:60]}">')

    def handle_endtag(self, tag: str) -> None:
        if tag == "style":
            self._in_style = False

    def handle_data(self, data: str) -> None:
        if self._in_style and _STYLE.search(data):
            self.found.append("<style> with @import or url(…)")


def foreign_parts(html: str) -> list[str]:
    """Return what would make a page run or fetch something; empty when it is self-contained.

    A plain link to elsewhere is allowed: nothing happens until a reader follows it.

    Examples
    --------
    >>> foreign_parts('<p onclick="x()">a</p><img src="data:image/png;base64,AA">')
    ['<p onclick="x()">']
    >>> foreign_parts('<a href="https://example.org">b</a><img src="//example.org/c.png">')
    ['<img src="//example.org/c.png">']
    """
    parser = _Foreign()
    # Pictures are most of a page and nothing to look at.
    parser.feed(_PICTURE.sub("data:", html))
    parser.close()
    return parser.found
