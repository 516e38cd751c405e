"""Pandera models of all tables: the single definition of every column."""

from kejistats.model.tables.chain import Chain, Conversion
from kejistats.model.tables.district import District
from kejistats.model.tables.finding import Finding
from kejistats.model.tables.indicator import Indicator
from kejistats.model.tables.metric import Metric
from kejistats.model.tables.observation import Observation
from kejistats.model.tables.receipt import Receipt
from kejistats.model.tables.recipient import Recipient
from kejistats.model.tables.score import Assessment, Score
from kejistats.model.tables.target import Target

TABLES = {
    "assessment": Assessment,
    "chain": Chain,
    "conversion": Conversion,
    "district": District,
    "finding": Finding,
    "indicator": Indicator,
    "metric": Metric,
    "observation": Observation,
    "receipt": Receipt,
    "recipient": Recipient,
    "score": Score,
    "target": Target,
}

__all__ = [
    "TABLES",
    "Assessment",
    "Chain",
    "Conversion",
    "District",
    "Finding",
    "Indicator",
    "Metric",
    "Observation",
    "Receipt",
    "Recipient",
    "Score",
    "Target",
]
