"""Pandera models of every table: the only place where a column's meaning stands."""

from kejistats.schema.district import District
from kejistats.schema.finding import Finding
from kejistats.schema.indicator import Indicator
from kejistats.schema.metric import Metric
from kejistats.schema.observation import Observation
from kejistats.schema.receipt import Receipt
from kejistats.schema.target import Target

TABLES = {
    "district": District,
    "finding": Finding,
    "indicator": Indicator,
    "metric": Metric,
    "observation": Observation,
    "receipt": Receipt,
    "target": Target,
}

__all__ = [
    "TABLES",
    "District",
    "Finding",
    "Indicator",
    "Metric",
    "Observation",
    "Receipt",
    "Target",
]
