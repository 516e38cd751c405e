"""How the bounds of reported figures carry through quotients (semantics §6)."""

from __future__ import annotations

import polars as pl

LOWER = ["at_least", "more_than"]
UPPER = ["at_most", "less_than"]


def side(bound: str) -> pl.Expr:
    """Return +1 where the figure is a lower bound, −1 where an upper one, else 0."""
    column = pl.col(bound)
    return pl.when(column.is_in(LOWER)).then(1).when(column.is_in(UPPER)).then(-1).otherwise(0)


def quotient(upper: str, lower: str) -> pl.Expr:
    """Return the bound of upper ÷ lower for positive figures; null where nothing follows.

    A lower bound over an exact figure is a lower bound; over another lower bound it says
    nothing, and no rate may be printed.

    Examples
    --------
    >>> pl.DataFrame({"a": ["exact", "at_least", "at_least"], "b": ["at_least", "exact", "at_least"]}
    ... ).select(quotient("a", "b"))["a"].to_list()
    ['at_most', 'at_least', None]
    """
    a, b = side(upper), -side(lower)
    about = (pl.col(upper) == "about") | (pl.col(lower) == "about")
    return (
        pl.when(a * b < 0)
        .then(None)
        .when(a + b > 0)
        .then(pl.lit("at_least"))
        .when(a + b < 0)
        .then(pl.lit("at_most"))
        .when(about)
        .then(pl.lit("about"))
        .otherwise(pl.lit("exact"))
        .alias(upper)
    )
