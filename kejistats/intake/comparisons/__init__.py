"""Compare received figures with the store, with each other and with the results printed beside them."""

from kejistats.intake.comparisons.compare import compare

__all__ = ["compare"]
