"""Propagate the bounds of reported figures (at_least, about, …) through formulas (definitions §6).

A result of two bounded figures is itself a bound where both push it the same way; where they push
it in opposite ways nothing follows from them, and no number may be printed.
"""

from __future__ import annotations

import polars as pl

from kejistats.metrics.categories import first_match

LOWER = ["at_least", "more_than"]
UPPER = ["at_most", "less_than"]
# Figures that may be projected, averaged and added up.
UNBOUNDED = ["exact", "about"]


def bound_sign(bound: str) -> pl.Expr:
    """Return +1 where a bound column has a lower bound, −1 where an upper one, else 0."""
    column = pl.col(bound)
    return pl.when(column.is_in(LOWER)).then(1).when(column.is_in(UPPER)).then(-1).otherwise(0)


def combine_bounds(first: pl.Expr, second: pl.Expr, *bounds: pl.Expr) -> pl.Expr:
    """Return the bound of a result that two figures push up (+1), down (−1) or not at all (0).

    Parameters
    ----------
    first, second
        Which way each figure's bound pushes the result.
    bounds
        The figures' bounds; about (约) in any of them makes an otherwise exact result about.

    Returns
    -------
    polars.Expr
        at_least, at_most, about or exact; null where the two contradict each other.

    Examples
    --------
    >>> frame = pl.DataFrame({"a": ["exact", "at_least", "about", "at_least"],
    ...                       "b": ["at_most", "exact", "exact", "at_most"]})
    >>> frame.select(combine_bounds(bound_sign("a"), bound_sign("b"), pl.col("a"), pl.col("b")))["bound"].to_list()
    ['at_most', 'at_least', 'about', None]
    """
    about = pl.any_horizontal(bound == "about" for bound in bounds)
    push = first + second
    return first_match(
        (first * second < 0, None),
        (push > 0, "at_least"),
        (push < 0, "at_most"),
        (about, "about"),
        otherwise="exact",
    ).alias("bound")


def quotient_bound(upper: str, lower: str) -> pl.Expr:
    """Return the bound of upper ÷ lower for positive figures, or of upper − lower for any.

    A lower bound over an exact figure is a lower bound; over another lower bound it is null, and
    no rate may be printed.

    Parameters
    ----------
    upper, lower
        Columns with the bounds of the two figures.

    Examples
    --------
    >>> pl.DataFrame({"a": ["exact", "at_least", "at_least"], "b": ["at_least", "exact", "at_least"]}
    ... ).select(quotient_bound("a", "b"))["bound"].to_list()
    ['at_most', 'at_least', None]
    """
    return combine_bounds(bound_sign(upper), -bound_sign(lower), pl.col(upper), pl.col(lower))


def opposite_bound(bound: pl.Expr) -> pl.Expr:
    """Return the bound of an exact number minus a figure with this bound.

    Examples
    --------
    >>> pl.DataFrame({"b": ["at_least", "at_most", "about", "exact"]}).select(
    ...     opposite_bound(pl.col("b"))).to_series().to_list()
    ['at_most', 'at_least', 'about', 'exact']
    """
    return first_match(
        (bound.is_in(LOWER), "at_most"),
        (bound.is_in(UPPER), "at_least"),
        (bound == "about", "about"),
        (bound == "exact", "exact"),
    )
