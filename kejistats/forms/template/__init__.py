"""Workbooks for districts to fill in: what is asked, what is accepted, how it looks."""

from kejistats.forms.template.make_templates import make_templates

__all__ = ["make_templates"]
