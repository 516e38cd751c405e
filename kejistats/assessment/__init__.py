"""The weighted assessment (综合考核) of districts: declared rules, scores of every part, totals."""

from kejistats.assessment.assess import AssessmentResult, assess
from kejistats.assessment.assess_dataset import assess_dataset, declared_rules
from kejistats.assessment.declaration import Item, RedLine, Rules
from kejistats.assessment.plain_rules import plain_rules
from kejistats.assessment.read_rules import FILE, read_assessment

__all__ = [
    "FILE",
    "AssessmentResult",
    "Item",
    "RedLine",
    "Rules",
    "assess",
    "assess_dataset",
    "declared_rules",
    "plain_rules",
    "read_assessment",
]
