"""One district × checkpoint: selection, sentences, tables, charts; and the city's overview."""

from kejistats.brief.brief import Brief
from kejistats.brief.bundle import Bundle, make_overview
from kejistats.brief.comparison import Comparison
from kejistats.brief.cut import Cut, make_bundles
from kejistats.brief.face import open_brief, open_comparison, open_overview
from kejistats.brief.overview import Overview
from kejistats.brief.sides import make_sides

__all__ = [
    "Brief",
    "Bundle",
    "Comparison",
    "Cut",
    "Overview",
    "make_bundles",
    "make_overview",
    "make_sides",
    "open_brief",
    "open_comparison",
    "open_overview",
]
