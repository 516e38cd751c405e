"""What the metric functions share: grades in order, and frames brought to one shape."""

from __future__ import annotations

import polars as pl

from kejistats.schema.observation import GRADES

_PLACES = list(range(len(GRADES)))


def grade_place(column: str = "grade") -> pl.Expr:
    """Return a grade's place from the weakest, 0, upwards; null where there is no grade."""
    return pl.col(column).replace_strict(GRADES, _PLACES, default=None, return_dtype=pl.Int64)


def grade_at(place: pl.Expr) -> pl.Expr:
    """Return the grade at a place of `grade_place`."""
    return place.replace_strict(_PLACES, GRADES, default=None, return_dtype=pl.String)


def shaped(frame: pl.LazyFrame, schema: pl.Schema) -> pl.LazyFrame:
    """Return exactly the columns of `schema`, in its order; those `frame` lacks are null."""
    names = frame.collect_schema().names()
    absent = [pl.lit(None, dtype=t).alias(c) for c, t in schema.items() if c not in names]
    return frame.with_columns(absent).select(list(schema))
