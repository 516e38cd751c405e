"""The weighted assessment (综合考核) of districts: declared rules, every part's points, totals."""

from kejistats.assessment.assess import Assessed, assess
from kejistats.assessment.assess_dataset import assess_dataset, declared_rules
from kejistats.assessment.declaration import Item, RedLine, Rules
from kejistats.assessment.plain_rules import plain_rules
from kejistats.assessment.read_rules import FILE, read_assessment

__all__ = [
    "FILE",
    "Assessed",
    "Item",
    "RedLine",
    "Rules",
    "assess",
    "assess_dataset",
    "declared_rules",
    "plain_rules",
    "read_assessment",
]
