"""Convert a finished page to Word in the layout of official documents (GB/T 9704-2012)."""

from __future__ import annotations

from kejistats.model.errors import UsageError


def make_docx(html: str) -> bytes:
    """Return a page as a Word document.

    Body text is 仿宋 三号, headings are 黑体 and 楷体; every list is numbered from its own start,
    table headers repeat on each page, images keep their alt texts and are at most as wide as the
    text, and pages are numbered. A section with a table too wide for the text is set in landscape;
    what is folded on the screen is shown in full. The same page gives the same bytes.

    Parameters
    ----------
    html
        The finished page, from `kejistats.pages.exporter.KejistatsExporter`.

    Raises
    ------
    UsageError
        When python-docx is missing.
    KejistatsError
        When an image is not embedded in the page, or is SVG.

    Examples
    --------
    ``Path("900101.docx").write_bytes(make_docx(html))``
    """
    check_packages()
    from kejistats.pages.word.document import build_docx

    return build_docx(html)


def check_packages() -> None:
    """Check that the packages for Word documents are installed.

    Raises
    ------
    UsageError
        When one is missing.
    """
    try:
        import bs4  # noqa: F401  # only to see whether it is installed
        import docx  # noqa: F401
    except ImportError as error:
        raise UsageError(
            f"Word output needs the packages python-docx and beautifulsoup4; missing: {error.name}",
            "run: pip install kejistats[docx]",
        ) from error
