"""The base class of all table models, and helpers to declare their columns."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from typing import Any

import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaErrors

from kejistats.model.errors import KejistatsError


class Table(pa.DataFrameModel):
    """A typed table: exactly the declared columns, coerced to their types."""

    class Config:
        """Pandera settings of every table."""

        strict = True
        coerce = True

    @classmethod
    def columns(cls) -> list[str]:
        """Return the column names in their declared order."""
        return list(cls.to_schema().columns)

    @classmethod
    def dtypes(cls) -> dict[str, pl.DataType]:
        """Return the polars types by column name."""
        return {name: column.dtype.type for name, column in cls.to_schema().columns.items()}

    @classmethod
    @cache
    def _as_typed(cls, *, distinct: bool) -> pa.DataFrameSchema:
        """Return the schema without coercion; if `distinct`, also without the uniqueness check."""
        schema = deepcopy(cls.to_schema())
        schema.coerce = False
        if distinct:
            schema.unique = None
        for column in schema.columns.values():
            column.coerce = False
        return schema

    @classmethod
    def titles(cls) -> dict[str, str]:
        """Return the Chinese column titles by name, as forms and workbooks show them."""
        return {name: column.title or name for name, column in cls.to_schema().columns.items()}

    @classmethod
    def no_rows(cls) -> pl.DataFrame:
        """Return an empty frame with the table's columns."""
        return pl.DataFrame(schema=cls.dtypes())

    @classmethod
    def conform(cls, frame: pl.DataFrame) -> pl.DataFrame:
        """Return a frame with all declared columns in order, missing ones as null, and validate it.

        Raises
        ------
        KejistatsError
            When a column has a wrong type or fails a check; the message names the first cases.
        """
        absent = [
            pl.lit(None, dtype=dtype).alias(name)
            for name, dtype in cls.dtypes().items()
            if name not in frame.columns
        ]
        return cls.checked(frame.with_columns(absent).select(cls.columns()))

    @classmethod
    def checked(cls, frame: pl.DataFrame, *, distinct: bool = False) -> pl.DataFrame:
        """Validate a frame and return it.

        Parameters
        ----------
        frame
            All declared columns, in order.
        distinct
            Whether the caller has already made sure that keys are unique.

        Raises
        ------
        KejistatsError
            When a column has a wrong type or fails a check; the message names the first cases.
        """
        # A frame that has the declared types need not be cast column by column.
        typed = dict(frame.schema) == cls.dtypes()
        schema = cls._as_typed(distinct=distinct) if typed else cls.to_schema()
        if typed and _passes(frame, schema):
            return frame
        try:
            return schema.validate(frame, lazy=True)
        except SchemaErrors as error:
            cases = error.failure_cases.select("column", "check", "failure_case", "index")
            shown = "; ".join(
                f"{column}: {check} (row {index}: {str(case)[:120]})"
                for column, check, case, index in cases.head(3).iter_rows()
            )
            raise KejistatsError(
                f"the {cls.__name__} table does not match its schema: {shown}",
                f"schemas/tables/{cls.__name__.lower()}.json describes every column",
            ) from None


def _passes(frame: pl.DataFrame, schema: pa.DataFrameSchema) -> bool:
    """Return whether a frame of the declared columns and types passes all checks of its schema.

    Pandera checks column by column, which takes most of the time of a small table; collecting all
    checks at once is faster. On failure pandera validates again, to describe the errors.
    """
    if schema.unique and frame.select(schema.unique).is_duplicated().any():
        return False
    for name, column in schema.columns.items():
        if column.nullable:
            continue
        values = frame[name]
        # Pandera treats NaN as null.
        if values.null_count() or (values.dtype.is_float() and values.is_nan().any()):
            return False
    lazy = frame.lazy()
    checked = [check(lazy, n) for n, column in schema.columns.items() for check in column.checks]
    checked += [check(lazy) for check in schema.checks]
    return all(passed.item() for passed in pl.collect_all([c.check_passed for c in checked]))


def all_finite(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Return, for each row, whether all its numbers are finite."""
    floats = [n for n, t in frame.collect_schema().items() if t == pl.Float64]
    return frame.select(
        pl.all_horizontal(pl.col(c).is_finite().fill_null(value=True) for c in floats)
    )


def required(title: str, description: str, **checks: Any) -> Any:
    """Declare a column that is never null, with its Chinese title and description."""
    return pa.Field(title=title, description=description, **checks)


def optional(title: str, description: str, **checks: Any) -> Any:
    """Declare a column that may be null, with its Chinese title and description."""
    return pa.Field(title=title, description=description, nullable=True, **checks)


__all__ = ["Table", "all_finite", "optional", "required"]
