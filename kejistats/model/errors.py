"""The errors shown to users: each says what is wrong and how to fix it."""

from __future__ import annotations


class KejistatsError(Exception):
    """A run failed; the message says what is wrong and the remedy what to do next.

    Parameters
    ----------
    message
        What is wrong, naming the file, parameter or code.
    remedy
        How to fix it, or what to do next.
    """

    exit_code = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message, remedy)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}\n  {self.remedy}" if self.remedy else self.message


class UsageError(KejistatsError):
    """The input is wrong: an unknown name, an invalid parameter or a malformed file."""

    exit_code = 2
