"""Received figures against the store, against each other and against what is printed beside them."""

from kejistats.intake.comparisons.compare import compare

__all__ = ["compare"]
