"""Charts of a brief: each a function from views of metric rows to a figure with alt text."""

from kejistats.brief.charts.attainment import attainment
from kejistats.brief.charts.canvas import COLOURS, Chart, on_screen, style
from kejistats.brief.charts.chain_bars import chain_stages
from kejistats.brief.charts.contribution_bars import contribution, contribution_of_districts
from kejistats.brief.charts.growth_bars import growth
from kejistats.brief.charts.position import position
from kejistats.brief.charts.seasonality import seasonality
from kejistats.brief.charts.trend import trend

__all__ = [
    "COLOURS",
    "Chart",
    "attainment",
    "chain_stages",
    "contribution",
    "contribution_of_districts",
    "growth",
    "on_screen",
    "position",
    "seasonality",
    "style",
    "trend",
]
