"""Recognise, check and compare received files and append them to the store, or report why not."""

from kejistats.intake.check_files import Checked, check_file, check_files, inbox_files, pending
from kejistats.intake.diff import diff
from kejistats.intake.ingest import Ingested, ingest, withdraw

__all__ = [
    "Checked",
    "Ingested",
    "check_file",
    "check_files",
    "diff",
    "inbox_files",
    "ingest",
    "pending",
    "withdraw",
]
