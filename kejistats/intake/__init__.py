"""Workbooks and CSV to checked rows and findings; nothing is dropped silently."""

from kejistats.intake.diff import diff
from kejistats.intake.files import Checked, check_file, check_files, inbox_files, untaken
from kejistats.intake.take import Taken, take_in, withdraw

__all__ = [
    "Checked",
    "Taken",
    "check_file",
    "check_files",
    "diff",
    "inbox_files",
    "take_in",
    "untaken",
    "withdraw",
]
