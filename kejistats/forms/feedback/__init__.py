"""Findings and the state of reporting shown to people: pages, marked workbooks, terminal."""

from kejistats.forms.feedback.findings_page import FileReport, findings_fragment, findings_page
from kejistats.forms.feedback.findings_report import write_report
from kejistats.forms.feedback.marked_copy import marked_copy
from kejistats.forms.feedback.naming import names_of
from kejistats.forms.feedback.status_page import status_page
from kejistats.forms.feedback.status_tables import status_tables

__all__ = [
    "FileReport",
    "findings_fragment",
    "findings_page",
    "marked_copy",
    "names_of",
    "status_page",
    "status_tables",
    "write_report",
]
