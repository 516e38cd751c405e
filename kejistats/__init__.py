"""Half-year reports of science and technology bureaus, from workbook to mail.

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
    "Checkpoint",  # the end of a reporting period such as 2025H1
    "Comparison",  # a district at two checkpoints, or two districts at one
    "Dataset",  # a folder's tables and metrics
    "Desk",  # a data set with checks, explanations, scores and pages; returned by `open`
    "KejistatsError",  # an error with its remedy
    "Overview",  # all districts at one checkpoint
    "UsageError",  # a KejistatsError caused by a wrong call
    "__version__",
    "metrics",  # the metrics, each as a separate function
    "open",  # opens a data set by its folder
    "open_brief",  # for notebooks: a brief by parameters
    "open_comparison",  # for notebooks: a comparison by parameters
    "open_overview",  # for notebooks: an overview by parameters
]


def __getattr__(name: str) -> Any:
    # polars, pandera and matplotlib take a second to import: they are loaded on first use, so that
    # `kejistats --help` stays quick.
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


def open(path: str | Path) -> Desk:  # noqa: A001 - used as kj.open
    """Open a data set.

    Parameters
    ----------
    path
        Its folder; a relative path starts at the workspace root.

    Returns
    -------
    Desk
        The data set, with observations, targets, districts and indicators as polars frames.
    """
    from kejistats.api import Desk

    return Desk(path)
