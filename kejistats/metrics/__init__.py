"""Metric functions over the typed tables, and the Metric table composed of them.

Each function takes a LazyFrame and returns it with columns added; none reads or writes files.
"""

from kejistats.metrics.changes import changes
from kejistats.metrics.compound import cagr, cagr_ratio, directed_cagr, required_cagr
from kejistats.metrics.conversions import conversions
from kejistats.metrics.growth import growth
from kejistats.metrics.history import history
from kejistats.metrics.implied import half_year_task, implied_target
from kejistats.metrics.increments import increments, period_on_period
from kejistats.metrics.metric_table import Basis, metric_table, metric_tables
from kejistats.metrics.outlook import outlook
from kejistats.metrics.pace import seasonal_profile, share_due
from kejistats.metrics.progress import progress
from kejistats.metrics.ratios import ratios
from kejistats.metrics.shares import contribution, contributions, share, share_changes
from kejistats.metrics.standing import (
    attainment_rank,
    distances,
    growth_rank,
    rank,
    rank_change,
)
from kejistats.metrics.targets import compare_with_target, judged_targets
from kejistats.metrics.totals import totals
from kejistats.store import current

__all__ = [
    "Basis",
    "attainment_rank",
    "cagr",
    "cagr_ratio",
    "changes",
    "compare_with_target",
    "contribution",
    "contributions",
    "conversions",
    "current",
    "directed_cagr",
    "distances",
    "growth",
    "growth_rank",
    "half_year_task",
    "history",
    "implied_target",
    "increments",
    "judged_targets",
    "metric_table",
    "metric_tables",
    "outlook",
    "period_on_period",
    "progress",
    "rank",
    "rank_change",
    "ratios",
    "required_cagr",
    "seasonal_profile",
    "share",
    "share_changes",
    "share_due",
    "totals",
]
