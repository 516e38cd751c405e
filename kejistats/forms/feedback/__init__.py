"""Findings and reporting status for people: pages, marked workbooks, terminal tables."""

from kejistats.forms.feedback.findings_page import FileReport, findings_fragment, findings_page
from kejistats.forms.feedback.findings_report import write_report
from kejistats.forms.feedback.marked_copy import write_marked_copy
from kejistats.forms.feedback.naming import display_names
from kejistats.forms.feedback.status_page import status_page
from kejistats.forms.feedback.status_tables import status_tables

__all__ = [
    "FileReport",
    "display_names",
    "findings_fragment",
    "findings_page",
    "status_page",
    "status_tables",
    "write_marked_copy",
    "write_report",
]
