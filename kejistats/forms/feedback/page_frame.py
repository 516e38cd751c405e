"""Render the templates of the feedback pages, with the style sheet they share."""

from __future__ import annotations

from kejistats.model.templating import render_template

# The style sheet is that of the briefs, found by path: importing the exporter would load nbconvert,
# which takes longer than everything else here.
_TEMPLATE_FOLDERS = ("forms/feedback/templates", "pages/templates/kejistats")


def render_page(template: str, /, **values: object) -> str:
    """Render a template of ``kejistats/forms/feedback/templates``."""
    return render_template(_TEMPLATE_FOLDERS, template, **values)
