"""The templates of pages: how they are found and filled in, alike for all of them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_PACKAGE = Path(__file__).parents[1]


@cache
def _environment(*folders: str) -> Environment:
    return Environment(
        loader=FileSystemLoader([_PACKAGE / folder for folder in folders]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def fill(folders: tuple[str, ...], template: str, /, **values: Any) -> str:
    """Fill in one template, what is put in escaped; a value that is not given is an error.

    Parameters
    ----------
    folders
        Where it and what it includes may lie, from the package's folder on.
    template
        Its file.
    **values
        What it names.
    """
    return _environment(*folders).get_template(template).render(**values)
