"""Check that a page is self-contained: it runs no script and loads nothing from elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_FORBIDDEN_TAGS = {
    "script",
    "iframe",
    "frame",
    "object",
    "embed",
    "link",
    "base",
    "form",
    "audio",
    "video",
}
_FETCHING_ATTRIBUTES = {"src", "srcset", "poster", "background", "data", "action", "formaction"}
_FETCHING_STYLE = re.compile(r"@import|url\(\s*[\"']?(?!data:)", re.IGNORECASE)

_EMBEDDED_PNG = re.compile(r"data:image/png;base64,[A-Za-z0-9+/=]*")


class _ExternalPartsParser(HTMLParser):
    """Collects the parts of a page that would run or load something."""

    def __init__(self) -> None:
        super().__init__()
        self.external: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        if tag in _FORBIDDEN_TAGS:
            self.external.append(f"<{tag}>")
        for name, raw in attrs:
            value = (raw or "").strip()
            embedded = value.startswith(("data:", "#"))
            if (
                name.startswith("on")
                or (name in _FETCHING_ATTRIBUTES and not embedded)
                or (name in ("href", "xlink:href") and tag not in ("a", "area") and not embedded)
                or value.lower().startswith("javascript:")
                or (name == "style" and _FETCHING_STYLE.search(value))
            ):
                self.external.append(f'<{tag} {name}="{value[:60]}">')

    def handle_endtag(self, tag: str) -> None:
        if tag == "style":
            self._in_style = False

    def handle_data(self, data: str) -> None:
        if self._in_style and _FETCHING_STYLE.search(data):
            self.external.append("<style> with @import or url(…)")


def external_parts(html: str) -> list[str]:
    """Return the parts of a page that would run or load something; empty when self-contained.

    A plain link to elsewhere is allowed: nothing happens until a reader follows it.

    Examples
    --------
    >>> external_parts('<p onclick="x()">a</p><img src="data:image/png;base64,AA">')
    ['<p onclick="x()">']
    >>> external_parts('<a href="https://example.org">b</a><img src="//example.org/c.png">')
    ['<img src="//example.org/c.png">']
    """
    parser = _ExternalPartsParser()
    # Embedded images are most of a page's bytes and need no parsing.
    parser.feed(_EMBEDDED_PNG.sub("data:", html))
    parser.close()
    return parser.external
