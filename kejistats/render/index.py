"""The index page that finds a brief."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Entry:
    """One line of the index.

    Parameters
    ----------
    name
        District, or 总览.
    href
        File beside the index; empty where the page could not be made.
    text
        The conclusion, or why there is no page.
    """

    name: str
    href: str
    text: str


def index_page(title: str, entries: list[Entry], *, sample: bool) -> str:
    """Return the index page as HTML, self-contained like the briefs."""
    return page("index_page.html", title=title, entries=entries, sample=sample)


def page(template: str, /, **values: Any) -> str:
    """Fill in one of the pages in ``kejistats/render/templates``."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(**values)
