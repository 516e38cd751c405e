"""A finished page as PDF: WeasyPrint prints what the page's own print rules say."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from pylopdf_fonts_zh_cn import sans_path, serif_path

from kejistats.model.errors import KejistatsError, UsageError

# Fonts that come with the package, for what a machine has installed must not change the page.
# Emphasis is 黑体 beside 宋体, as Chinese print has it: there is no bold cut to take. Marks that
# neither has are DejaVu's, as in the charts.
_SHEET = """
@font-face {{ font-family: text; src: url("{serif}"); }}
@font-face {{ font-family: text; font-weight: bold; src: url("{sans}"); }}
@font-face {{ font-family: marks; src: url("{marks}"); }}
* {{ font-family: text, marks !important; }}
@page {{ @bottom-center {{ content: "第" counter(page) "页 共" counter(pages) "页";
  font: 8pt text; color: #444444; }} }}
details > summary {{ list-style: none; font-weight: bold; }}
"""


def pdf(html: str) -> bytes:
    """Return a page as PDF.

    Nothing is fetched: images are in the page, the font comes with the package. The same page
    gives the same bytes, for neither dates nor identifiers are written.

    Parameters
    ----------
    html
        The finished page, from `kejistats.pages.exporter.KejistatsExporter`.

    Raises
    ------
    UsageError
        When WeasyPrint or the system's library Pango is missing.
    KejistatsError
        When the page would fetch something.

    Examples
    --------
    ``Path("900101.pdf").write_bytes(pdf(html))``
    """
    weasyprint = load()
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import FatalURLFetchingError, URLFetcher

    fonts = _fonts()

    class Inside(URLFetcher):  # type: ignore[misc]  # ships no types
        def fetch(self, url: str, headers: dict[str, str] | None = None) -> Any:
            if url not in fonts.values() and not url.startswith("data:"):
                raise ValueError(url)
            return super().fetch(url, headers)

    fetcher = Inside(fail_on_errors=True)
    config = FontConfiguration()
    sheet = weasyprint.CSS(string=_SHEET.format(**fonts), font_config=config, url_fetcher=fetcher)
    try:
        page = weasyprint.HTML(string=html, url_fetcher=fetcher)
        made: bytes = page.write_pdf(stylesheets=[sheet], font_config=config, pdf_tags=True)
    except FatalURLFetchingError as error:
        raise KejistatsError(
            f"the page would fetch {error.__cause__}", "put images into the page as data: URIs"
        ) from error
    return made


def _fonts() -> dict[str, str]:
    import matplotlib as mpl

    files = {
        "serif": serif_path(),
        "sans": sans_path(),
        "marks": Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf",
    }
    return {name: Path(file).as_uri() for name, file in files.items()}


def load() -> Any:
    """Import WeasyPrint.

    Raises
    ------
    UsageError
        When it or the system's library Pango is missing.
    """
    try:
        with warnings.catch_warnings():
            # It warns of a machine without fonts; the page brings its own.
            warnings.simplefilter("ignore")
            import weasyprint
    except ImportError as error:
        raise UsageError(
            "PDF needs the package weasyprint, which is not installed",
            "run: pip install kejistats[pdf]",
        ) from error
    except OSError as error:
        raise UsageError(
            f"PDF needs the library Pango, which this system lacks: {error}".splitlines()[0],
            "Debian, Ubuntu: apt install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0; "
            "Windows, macOS: see WeasyPrint's page “First steps”",
        ) from error
    return weasyprint
