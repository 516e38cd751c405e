"""The append-only store of a data set, its vintages and the findings still open in it."""

from kejistats.store.store import Store, current, on_other_definitions

__all__ = ["Store", "current", "on_other_definitions"]
