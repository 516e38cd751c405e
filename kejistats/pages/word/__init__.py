"""A finished page as a Word document in the layout of official papers (GB/T 9704-2012)."""

from __future__ import annotations

from kejistats.model.errors import UsageError


def word(html: str) -> bytes:
    """Return a page as a Word document.

    The page's tree becomes paragraphs of 仿宋 三号 with headings in 黑体 and 楷体, lists numbered
    anew from 1, tables whose heads repeat, images at most as wide as the text with their alt
    texts, and page numbers. A section with a table too wide for the text lies across the page;
    what is folded on the screen stands open. The same page gives the same bytes.

    Parameters
    ----------
    html
        The finished page, from `kejistats.pages.exporter.KejistatsExporter`.

    Raises
    ------
    UsageError
        When python-docx is missing.
    KejistatsError
        When an image is not in the page.

    Examples
    --------
    ``Path("900101.docx").write_bytes(word(html))``
    """
    check()
    from kejistats.pages.word.document import make_word

    return make_word(html)


def check() -> None:
    """Fail where the packages that make Word documents are missing.

    Raises
    ------
    UsageError
        When one is.
    """
    try:
        import bs4  # noqa: F401  # only whether it is there
        import docx  # noqa: F401
    except ImportError as error:
        raise UsageError(
            f"Word needs the package python-docx and beautifulsoup4; missing: {error.name}",
            "run: pip install kejistats[docx]",
        ) from error
