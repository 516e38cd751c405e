"""The frame that all pages of this stage share, and their templates."""

from __future__ import annotations

from kejistats.templating import fill

# The style sheet is the briefs' own, found by its place: importing `kejistats.render` would load
# nbconvert, which takes longer than all the rest.
_FOLDERS = ("feedback/templates", "render/templates/kejistats")


def render(template: str, /, **values: object) -> str:
    """Fill in one template of ``kejistats/feedback/templates``."""
    return fill(_FOLDERS, template, **values)
