"""Pandera models of every table: the only place where a column's meaning stands."""

from kejistats.schema.chain import Chain, Conversion
from kejistats.schema.district import District
from kejistats.schema.finding import Finding
from kejistats.schema.indicator import Indicator
from kejistats.schema.metric import Metric
from kejistats.schema.observation import Observation
from kejistats.schema.receipt import Receipt
from kejistats.schema.recipient import Recipient
from kejistats.schema.score import Assessment, Score
from kejistats.schema.target import Target

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
