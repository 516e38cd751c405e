"""The errors a user may meet: each says what is wrong and what would be right."""

from __future__ import annotations


class KejistatsError(Exception):
    """Something failed while running; the message tells what to do next.

    Parameters
    ----------
    message
        What is wrong, naming the file, parameter or code.
    remedy
        What would be right or what to do next.
    """

    exit_code = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message, remedy)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}\n  {self.remedy}" if self.remedy else self.message


class UsageError(KejistatsError):
    """The call cannot be carried out as given: wrong name, parameter or file form."""

    exit_code = 2
