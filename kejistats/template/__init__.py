"""Workbooks for districts to fill in: what is asked, what is accepted, how it looks."""

from kejistats.template.make import make_templates

__all__ = ["make_templates"]
