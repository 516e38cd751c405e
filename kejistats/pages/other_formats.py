"""Write a page as PDF or Word beside its HTML file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from kejistats.model.atomic import replace


def _pdf_converter() -> Callable[[str], bytes]:
    from kejistats.pages.pdf import load_weasyprint, make_pdf

    load_weasyprint()
    return make_pdf


def _docx_converter() -> Callable[[str], bytes]:
    from kejistats.pages.word import check_packages, make_docx

    check_packages()
    return make_docx


# Converters by file suffix; the packages of a format are imported only when it is requested.
_CONVERTERS: dict[str, Callable[[], Callable[[str], bytes]]] = {
    "docx": _docx_converter,
    "pdf": _pdf_converter,
}


def check_formats(formats: Iterable[str]) -> None:
    """Check that formats can be written, before any work is done.

    Parameters
    ----------
    formats
        Any of ``docx`` and ``pdf``.

    Raises
    ------
    UsageError
        When the packages of a format are missing; the message says how to install them.
    """
    for suffix in sorted(formats):
        _CONVERTERS[suffix]()


def write_formats(page: Path, html: str, formats: Iterable[str]) -> None:
    """Write a page in other formats beside its HTML file, each atomically.

    Parameters
    ----------
    page
        Path of the HTML file; its suffix is replaced.
    html
        The finished page.
    formats
        Any of ``docx`` and ``pdf``.

    Raises
    ------
    UsageError
        When the packages of a format are missing.
    KejistatsError
        When the page would load something from elsewhere.
    """
    for suffix in sorted(formats):
        content = _CONVERTERS[suffix]()(html)
        draft = page.with_suffix(f".{suffix}.part")
        draft.write_bytes(content)
        replace(draft, page.with_suffix(f".{suffix}"))
