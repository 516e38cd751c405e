"""One district × checkpoint: selection, sentences, tables, charts; and the city's overview."""

from kejistats.brief.brief import Brief
from kejistats.brief.bundle import Bundle, make_overview
from kejistats.brief.cut import Cut, make_bundles
from kejistats.brief.face import open_brief, open_overview
from kejistats.brief.overview import Overview

__all__ = [
    "Brief",
    "Bundle",
    "Cut",
    "Overview",
    "make_bundles",
    "make_overview",
    "open_brief",
    "open_overview",
]
