"""Findings and the state of reporting shown to people: pages, marked workbooks, terminal."""

from kejistats.feedback.marked import marked_copy
from kejistats.feedback.naming import names_of
from kejistats.feedback.page import FileReport, findings_fragment, findings_page
from kejistats.feedback.report import write_report
from kejistats.feedback.status_page import status_page
from kejistats.feedback.terminal import status_tables

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
