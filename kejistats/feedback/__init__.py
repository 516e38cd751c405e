"""Findings and the state of reporting shown to people: pages, marked workbooks, terminal."""

from kejistats.feedback.marked import copy_name, marked_copy
from kejistats.feedback.page import FileSummary, findings_fragment, findings_page
from kejistats.feedback.status_page import status_page
from kejistats.feedback.terminal import status_tables

__all__ = [
    "FileSummary",
    "copy_name",
    "findings_fragment",
    "findings_page",
    "marked_copy",
    "status_page",
    "status_tables",
]
