"""Briefs of districts, overviews of all districts, and comparisons, made from bundles of data."""

from kejistats.brief.brief import Brief
from kejistats.brief.bundle import Bundle, make_overview
from kejistats.brief.bundle_builder import BundleBuilder, make_bundle, make_bundles
from kejistats.brief.comparison import Comparison
from kejistats.brief.overview import Overview
from kejistats.brief.sides import make_sides

__all__ = [
    "Brief",
    "Bundle",
    "BundleBuilder",
    "Comparison",
    "Overview",
    "make_bundle",
    "make_bundles",
    "make_overview",
    "make_sides",
]
