"""Convert a finished page to PDF with WeasyPrint, following the page's own print styles."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from pylopdf_fonts_zh_cn import sans_path, serif_path

from kejistats.model.errors import KejistatsError, UsageError

# Only packaged fonts are used, so that the PDF does not depend on the machine. Emphasis is 黑体
# beside 宋体, as usual in Chinese print, which has no bold cut. Signs that neither font has come
# from DejaVu, as in the charts.
_STYLE_SHEET = """
@font-face {{ font-family: text; src: url("{serif}"); }}
@font-face {{ font-family: text; font-weight: bold; src: url("{sans}"); }}
@font-face {{ font-family: marks; src: url("{marks}"); }}
* {{ font-family: text, marks !important; }}
@page {{ @bottom-center {{ content: "第" counter(page) "页 共" counter(pages) "页";
  font: 8pt text; color: #444444; }} }}
details > summary {{ list-style: none; font-weight: bold; }}
"""


def make_pdf(html: str) -> bytes:
    """Return a page as PDF.

    Nothing is loaded from elsewhere: images are in the page, the fonts come with the package. The
    same page gives the same bytes: no date or identifier is written.

    Parameters
    ----------
    html
        The finished page, from `kejistats.pages.exporter.KejistatsExporter`.

    Raises
    ------
    UsageError
        When WeasyPrint or the system's library Pango is missing.
    KejistatsError
        When the page would load something from elsewhere.

    Examples
    --------
    ``Path("900101.pdf").write_bytes(make_pdf(html))``
    """
    weasyprint = load_weasyprint()
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import FatalURLFetchingError, URLFetcher

    fonts = _font_urls()

    class EmbeddedOnly(URLFetcher):  # type: ignore[misc]  # ships no types
        def fetch(self, url: str, headers: dict[str, str] | None = None) -> Any:
            if url not in fonts.values() and not url.startswith("data:"):
                raise ValueError(url)
            return super().fetch(url, headers)

    fetcher = EmbeddedOnly(fail_on_errors=True)
    config = FontConfiguration()
    sheet = weasyprint.CSS(
        string=_STYLE_SHEET.format(**fonts), font_config=config, url_fetcher=fetcher
    )
    try:
        page = weasyprint.HTML(string=html, url_fetcher=fetcher)
        content: bytes = page.write_pdf(stylesheets=[sheet], font_config=config, pdf_tags=True)
    except FatalURLFetchingError as error:
        raise KejistatsError(
            f"the page would load {error.__cause__}", "embed images in the page as data: URIs"
        ) from error
    return content


def _font_urls() -> dict[str, str]:
    """Return the file URLs of the packaged fonts by their name in the style sheet."""
    import matplotlib as mpl

    files = {
        "serif": serif_path(),
        "sans": sans_path(),
        "marks": Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf",
    }
    return {name: Path(file).as_uri() for name, file in files.items()}


def load_weasyprint() -> Any:
    """Import WeasyPrint, or say how to install it.

    Raises
    ------
    UsageError
        When it or the system's library Pango is missing.
    """
    try:
        with warnings.catch_warnings():
            # It warns where the machine has no fonts; they are packaged.
            warnings.simplefilter("ignore")
            import weasyprint
    except ImportError as error:
        raise UsageError(
            "PDF output needs the package weasyprint, which is not installed",
            "run: pip install kejistats[pdf]",
        ) from error
    except OSError as error:
        raise UsageError(
            f"PDF output needs the library Pango, which is not installed: {error}".splitlines()[0],
            "Debian, Ubuntu: apt install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0; "
            "Windows, macOS: see “First steps” in WeasyPrint's documentation",
        ) from error
    return weasyprint
