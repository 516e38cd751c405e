"""The frame that all pages of this stage share, and their templates."""

from __future__ import annotations

from kejistats.model.templating import fill

# The style sheet is the briefs' own, found by its place: importing `kejistats.pages` would load
# nbconvert, which takes longer than all the rest.
_FOLDERS = ("forms/feedback/templates", "pages/templates/kejistats")


def render(template: str, /, **values: object) -> str:
    """Fill in one template of ``kejistats/forms/feedback/templates``."""
    return fill(_FOLDERS, template, **values)
