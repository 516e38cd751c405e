"""Forms for districts to fill in: their rows, their data validation, their layout."""

from kejistats.forms.template.make_templates import make_templates

__all__ = ["make_templates"]
