"""The same page in other forms beside it: PDF and Word."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from kejistats.model.atomic import replace


def _pdf() -> Callable[[str], bytes]:
    from kejistats.pages.pdf import load, pdf

    load()
    return pdf


def _docx() -> Callable[[str], bytes]:
    from kejistats.pages.word import check, word

    check()
    return word


# By the ending of the file. What a form needs is imported when it is asked for.
_FORMS: dict[str, Callable[[], Callable[[str], bytes]]] = {"docx": _docx, "pdf": _pdf}


def check_forms(forms: Iterable[str]) -> None:
    """Fail before any work where a form cannot be made.

    Parameters
    ----------
    forms
        Of ``docx`` and ``pdf``.

    Raises
    ------
    UsageError
        When the packages of a form are missing; it says how to get them.
    """
    for form in sorted(forms):
        _FORMS[form]()


def write_forms(page: Path, html: str, forms: Iterable[str]) -> None:
    """Write a page in other forms beside it; each appears whole or not at all.

    Parameters
    ----------
    page
        Where the page itself goes; its ending is replaced.
    html
        The page.
    forms
        Of ``docx`` and ``pdf``.

    Raises
    ------
    UsageError
        When the packages of a form are missing.
    KejistatsError
        When the page would fetch something.
    """
    for form in sorted(forms):
        made = _FORMS[form]()(html)
        draft = page.with_suffix(f".{form}.part")
        draft.write_bytes(made)
        replace(draft, page.with_suffix(f".{form}"))
