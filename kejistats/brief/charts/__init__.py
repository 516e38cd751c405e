"""Charts of a brief: each a function from rows in words to a figure with its finding."""

from kejistats.brief.charts.attainment import attainment
from kejistats.brief.charts.canvas import COLOURS, Chart, on_screen, style
from kejistats.brief.charts.chain_bars import stages
from kejistats.brief.charts.contribution_bars import contribution, contribution_of_districts
from kejistats.brief.charts.growth_bars import growth
from kejistats.brief.charts.position import position
from kejistats.brief.charts.seasonality import seasonality
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
