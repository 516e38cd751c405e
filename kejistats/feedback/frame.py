"""The frame that all pages of this stage share, and their templates."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_PACKAGE = Path(__file__).parents[1]


@cache
def _environment() -> Environment:
    # The style sheet is the briefs' own, found by its place: importing `kejistats.render` would
    # load nbconvert, which takes longer than all the rest.
    folders = [_PACKAGE / "feedback" / "templates", _PACKAGE / "render" / "templates" / "kejistats"]
    return Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(template: str, /, **values: object) -> str:
    """Fill in one template of ``kejistats/feedback/templates``."""
    return _environment().get_template(template).render(**values)
