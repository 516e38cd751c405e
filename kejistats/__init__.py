"""kejistats: half-year reports of science and technology bureaus, from workbook to mail.

>>> import kejistats as kj
>>> kj.Checkpoint.parse("2025H1").label
'2025年上半年'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from kejistats.errors import KejistatsError, UsageError
from kejistats.period import Checkpoint

if TYPE_CHECKING:
    from pathlib import Path

    from kejistats import metrics
    from kejistats.brief import (
        Brief,
        Comparison,
        Overview,
        open_brief,
        open_comparison,
        open_overview,
    )
    from kejistats.dataset import Dataset

__version__ = "0.1.0"
__all__ = [
    "Brief",
    "Checkpoint",
    "Comparison",
    "Dataset",
    "KejistatsError",
    "Overview",
    "UsageError",
    "metrics",
    "open",
    "open_brief",
    "open_comparison",
    "open_overview",
]

# polars, pandera and matplotlib take a second to import; what does not need them, such as
# `kejistats --help`, should not wait.
_LATE = {
    "Dataset": "kejistats.dataset",
    "Brief": "kejistats.brief",
    "Comparison": "kejistats.brief",
    "Overview": "kejistats.brief",
    "open_brief": "kejistats.brief",
    "open_comparison": "kejistats.brief",
    "open_overview": "kejistats.brief",
}


def __getattr__(name: str) -> Any:
    if name == "metrics":
        return import_module("kejistats.metrics")
    if name in _LATE:
        return getattr(import_module(_LATE[name]), name)
    raise AttributeError(f"module 'kejistats' has no attribute {name!r}")


def open(path: str | Path) -> Dataset:  # noqa: A001 - the agreed name: kj.open
    """Open a data set.

    Parameters
    ----------
    path
        Its folder; a relative path starts at the workspace root.

    Returns
    -------
    Dataset
        With observations, targets, districts and indicators as typed polars frames.
    """
    from kejistats.dataset import Dataset

    return Dataset(path)
