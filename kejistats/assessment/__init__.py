"""The weighted assessment (综合考核) of districts: declared rules, every part's points, totals."""

from kejistats.assessment.assess import Assessed, assess
from kejistats.assessment.model import Item, RedLine, Rules
from kejistats.assessment.plain import plain_rules
from kejistats.assessment.read import FILE, read_assessment

__all__ = [
    "FILE",
    "Assessed",
    "Item",
    "RedLine",
    "Rules",
    "assess",
    "plain_rules",
    "read_assessment",
]
