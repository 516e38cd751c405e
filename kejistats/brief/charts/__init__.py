"""Charts of a brief: each a function from rows in words to a figure with its finding."""

from kejistats.brief.charts.attainment import attainment
from kejistats.brief.charts.canvas import COLOURS, Chart, on_screen, style
from kejistats.brief.charts.contribution import contribution, contribution_of_districts
from kejistats.brief.charts.growth import growth
from kejistats.brief.charts.position import position
from kejistats.brief.charts.seasonality import seasonality
from kejistats.brief.charts.stages import stages
from kejistats.brief.charts.trend import trend

__all__ = [
    "COLOURS",
    "Chart",
    "attainment",
    "contribution",
    "contribution_of_districts",
    "growth",
    "on_screen",
    "position",
    "seasonality",
    "stages",
    "style",
    "trend",
]
