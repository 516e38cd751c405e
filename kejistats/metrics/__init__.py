"""Pure LazyFrame → LazyFrame functions over typed tables, and the Metric table they compose."""

from kejistats.metrics.growth import growth
from kejistats.metrics.pace import seasonal_profile, share_due
from kejistats.metrics.progress import progress
from kejistats.metrics.ratios import ratios
from kejistats.metrics.standing import rank, share
from kejistats.metrics.table import metric_table
from kejistats.metrics.targets import against_target, judged_targets
from kejistats.metrics.totals import totals
from kejistats.store import current

__all__ = [
    "against_target",
    "current",
    "growth",
    "judged_targets",
    "metric_table",
    "progress",
    "rank",
    "ratios",
    "seasonal_profile",
    "share",
    "share_due",
    "totals",
]
