"""Workbooks and CSV to checked rows and findings; nothing is dropped silently."""

from kejistats.intake.take import Checked, check_file, inbox_files, take_in, untaken

__all__ = ["Checked", "check_file", "inbox_files", "take_in", "untaken"]
