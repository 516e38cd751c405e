"""How the bounds of reported figures carry through the formulas (definitions §6).

A result of two bounded figures is itself bounded where both push it the same way; where they
pull against each other nothing follows, and no number may be printed.
"""

from __future__ import annotations

import polars as pl

from kejistats.metrics.categories import first_match

LOWER = ["at_least", "more_than"]
UPPER = ["at_most", "less_than"]
# What is no bound and may be projected, averaged and added up.
FIRM = ["exact", "about"]


def side(bound: str) -> pl.Expr:
    """Return +1 where the figure is a lower bound, −1 where an upper one, else 0."""
    column = pl.col(bound)
    return pl.when(column.is_in(LOWER)).then(1).when(column.is_in(UPPER)).then(-1).otherwise(0)


def combined(one: pl.Expr, other: pl.Expr, *bounds: pl.Expr) -> pl.Expr:
    """Return the bound of a result that two figures push up (+1), down (−1) or not at all (0).

    Parameters
    ----------
    one, other
        Which way each figure's bound pushes the result.
    bounds
        The figures' bounds; 约 in any of them makes an otherwise exact result 约.

    Returns
    -------
    polars.Expr
        at_least, at_most, about or exact; null where the two contradict each other.

    Examples
    --------
    >>> frame = pl.DataFrame({"a": ["exact", "at_least", "about", "at_least"],
    ...                       "b": ["at_most", "exact", "exact", "at_most"]})
    >>> frame.select(combined(side("a"), side("b"), pl.col("a"), pl.col("b")))["bound"].to_list()
    ['at_most', 'at_least', 'about', None]
    """
    about = pl.any_horizontal(bound == "about" for bound in bounds)
    push = one + other
    return first_match(
        (one * other < 0, None),
        (push > 0, "at_least"),
        (push < 0, "at_most"),
        (about, "about"),
        otherwise="exact",
    ).alias("bound")


def quotient(upper: str, lower: str) -> pl.Expr:
    """Return the bound of upper ÷ lower for positive figures, or of upper − lower for any.

    A lower bound over an exact figure is a lower bound; over another lower bound it says
    nothing, and no rate may be printed.

    Examples
    --------
    >>> pl.DataFrame({"a": ["exact", "at_least", "at_least"], "b": ["at_least", "exact", "at_least"]}
    ... ).select(quotient("a", "b"))["bound"].to_list()
    ['at_most', 'at_least', None]
    """
    return combined(side(upper), -side(lower), pl.col(upper), pl.col(lower))


def opposite(bound: pl.Expr) -> pl.Expr:
    """Return the bound of what is left when a figure of this bound is taken off something exact.

    Examples
    --------
    >>> pl.DataFrame({"b": ["at_least", "at_most", "about", "exact"]}).select(
    ...     opposite(pl.col("b"))).to_series().to_list()
    ['at_most', 'at_least', 'about', 'exact']
    """
    return first_match(
        (bound.is_in(LOWER), "at_most"),
        (bound.is_in(UPPER), "at_least"),
        (bound == "about", "about"),
        (bound == "exact", "exact"),
    )
