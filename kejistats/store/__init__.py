"""The append-only store of a data set: ingested figures with their vintages, and open findings."""

from kejistats.store.store import Store, current, on_other_definitions

__all__ = ["Store", "current", "on_other_definitions"]
