"""kejistats: half-year reports of science and technology bureaus, from workbook to mail.

>>> import kejistats as kj
>>> kj.Checkpoint.parse("2025H1").label
'2025年上半年'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kejistats.model.errors import KejistatsError, UsageError
from kejistats.model.period import Checkpoint
from kejistats.model.version import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from kejistats import metrics
    from kejistats.api import Desk, open_brief, open_comparison, open_overview
    from kejistats.brief import Brief, Comparison, Overview
    from kejistats.dataset import Dataset

__all__ = [
    "Brief",  # one district at one checkpoint
    "Checkpoint",  # a period such as 2025H1: parse, compare, label
    "Comparison",  # a district at two checkpoints, or two districts at one
    "Dataset",  # a folder's tables and metrics
    "Desk",  # a data set with checks, explanations, scores and pages: what `open` returns
    "KejistatsError",  # what went wrong, and what to do
    "Overview",  # all districts at one checkpoint
    "UsageError",  # the same, where the call was wrong
    "__version__",
    "metrics",  # each metric as a function of its own
    "open",  # a data set by its folder
    "open_brief",  # for notebooks: a brief by their parameters
    "open_comparison",  # for notebooks: a comparison
    "open_overview",  # for notebooks: an overview
]


def __getattr__(name: str) -> Any:
    # polars, pandera and matplotlib take a second to import; what does not need them, such as
    # `kejistats --help`, should not wait.
    if name not in __all__:
        raise AttributeError(f"module 'kejistats' has no attribute {name!r}")
    if name == "metrics":
        import kejistats.metrics

        return kejistats.metrics
    if name in ("Brief", "Comparison", "Overview"):
        import kejistats.brief

        return getattr(kejistats.brief, name)
    import kejistats.api

    return getattr(kejistats.api, name)


def open(path: str | Path) -> Desk:  # noqa: A001 - the agreed name: kj.open
    """Open a data set.

    Parameters
    ----------
    path
        Its folder; a relative path starts at the workspace root.

    Returns
    -------
    Desk
        With observations, targets, districts and indicators as typed polars frames.
    """
    from kejistats.api import Desk

    return Desk(path)
