"""How every figure of the Metric table came about: formula, inputs and source cells."""

from kejistats.explain.explain_row import explain, explain_row, resolve_indicator
from kejistats.explain.explanation import Explanation
from kejistats.explain.facts import Tables
from kejistats.explain.step import Input, Step

__all__ = [
    "Explanation",
    "Input",
    "Step",
    "Tables",
    "explain",
    "explain_row",
    "resolve_indicator",
]
