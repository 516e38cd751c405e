"""Render the Jinja templates of pages, with the same options for all of them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_PACKAGE = Path(__file__).parents[1]


@cache
def _environment(*folders: str) -> Environment:
    """Return the Jinja environment that searches these folders of the package."""
    return Environment(
        loader=FileSystemLoader([_PACKAGE / folder for folder in folders]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render_template(folders: tuple[str, ...], template: str, /, **values: Any) -> str:
    """Render one template; values are escaped, and an undefined value is an error.

    Parameters
    ----------
    folders
        Folders searched for the template and its includes, relative to the package.
    template
        File name of the template.
    **values
        Variables of the template.
    """
    return _environment(*folders).get_template(template).render(**values)
