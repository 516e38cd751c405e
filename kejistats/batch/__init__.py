"""Many briefs: metrics once, a bundle each, then notebooks run and exported by warm workers.

Only what changed since the last run is made again; the papermill engine ``kejistats`` runs any
notebook by such a worker.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kejistats.batch.job import Job, Result
    from kejistats.batch.planning import Plan, folder_of, plan, plan_again
    from kejistats.batch.pool import Limits, Pool
    from kejistats.batch.report import Report
    from kejistats.batch.running import Options, make_briefs, run, write_index

__all__ = [
    "Job",
    "Limits",
    "Options",
    "Plan",
    "Pool",
    "Report",
    "Result",
    "folder_of",
    "make_briefs",
    "plan",
    "plan_again",
    "run",
    "write_index",
]

# Papermill loads the engine wherever it is imported, and workers shall load side by side with
# what their owner loads: polars comes only with what needs it.
_PLACES = {
    "job": ("Job", "Result"),
    "planning": ("Plan", "folder_of", "plan", "plan_again"),
    "pool": ("Limits", "Pool"),
    "report": ("Report",),
    "running": ("Options", "make_briefs", "run", "write_index"),
}
_LATE = {name: f"kejistats.batch.{module}" for module, names in _PLACES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name in _LATE:
        return getattr(import_module(_LATE[name]), name)
    raise AttributeError(f"module 'kejistats.batch' has no attribute {name!r}")
