"""Figures that a report implies: a target, the share of the half-year task, a multiple of the pace.

These functions take single figures and add no Metric columns. A target computed here has the
strength ``implied`` and is never called 下达 (definitions §5).
"""

from __future__ import annotations


def implied_target(actual: float, completion_pct: float) -> float | None:
    """Return the target that follows from a figure and its printed completion (definitions §5).

    Parameters
    ----------
    actual
        The figure reported.
    completion_pct
        Its completion as printed, in %.

    Returns
    -------
    float or None
        In the unit of the figure; None where nothing was completed, so that no target follows.

    Examples
    --------
    3户, 完成指标的150%:

    >>> implied_target(3, 150), implied_target(270, 54), implied_target(0, 0)
    (2.0, 500.0, None)
    """
    if actual <= 0 or completion_pct <= 0:
        return None
    return actual * 100 / completion_pct


def half_year_task(actual: float, target: float) -> float | None:
    """Return the completed share of the half-year task: A ÷ (T / 2) (definitions §6).

    The half-year task is half of the year's target, whatever the month of the figure.

    Parameters
    ----------
    actual, target
        The figure so far and the target of the year, in one unit.

    Returns
    -------
    float or None
        A fraction; None without a target above zero.

    Examples
    --------
    >>> round(half_year_task(105, 205), 4), half_year_task(3, 0)
    (1.0244, None)
    """
    return actual / (target / 2) if target > 0 else None


def due_at_multiple(target: float, month: int, multiple: float) -> float:
    """Return the amount due at a multiple of the linear pace: multiple × T × m / 12 (definitions §6).

    双倍完成序时进度 in May requires 2 × 5/12 of the target. The amount may exceed the target.

    Parameters
    ----------
    target
        The target of the year.
    month
        The month through whose end the figure runs, 1–12.
    multiple
        1 is the pace itself.

    Returns
    -------
    float
        In the unit of the target.

    Examples
    --------
    >>> round(due_at_multiple(100, 5, 2), 2)
    83.33
    """
    return multiple * target * month / 12
