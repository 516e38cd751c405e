"""Parts of a page, rendered from Jinja templates with escaping."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from kejistats.model.templating import render_template


@dataclass(frozen=True)
class Fragment:
    """A part of a page; it renders itself in JupyterLab.

    Parameters
    ----------
    html
        Its HTML.
    text
        The same as plain text, for terminals and mails.
    metadata
        Values for the exporter, such as the page's title.
    """

    html: str
    text: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data = {"text/html": self.html, "text/plain": self.text}
        return data, {"text/html": self.metadata} if self.metadata else {}

    def __str__(self) -> str:
        return self.text or self.html


def render(template: str, /, **values: Any) -> str:
    """Fill in one template of ``kejistats/brief/templates``."""
    return render_template(("brief/templates",), template, **values)
