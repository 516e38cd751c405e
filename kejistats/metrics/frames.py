"""Helpers all metric functions share: grades as numbers, coded keys, joins with the registry."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from kejistats.metrics.categories import decode, encode
from kejistats.metrics.lookup import KEY
from kejistats.model.tables.observation import GRADES, LEVELS

INDICATOR_COLUMNS = [
    "measure",
    "unit",
    "frequency",
    "release",
    "pace",
    "nodes",
    "direction",
    "aggregate",
]


def encode_grade(column: str = "grade") -> pl.Expr:
    """Return a grade as a number, 0 for the weakest; null where there is no grade."""
    return encode(pl.col(column), GRADES)


def decode_grade(number: pl.Expr) -> pl.Expr:
    """Return the grade that `encode_grade` made this number of."""
    return decode(number, GRADES)


def conform(frame: pl.LazyFrame, schema: pl.Schema) -> pl.LazyFrame:
    """Return the columns of `schema`, in its order and types; missing ones are null."""
    names = frame.collect_schema().names()
    missing = [pl.lit(None, dtype=t).alias(c) for c, t in schema.items() if c not in names]
    return frame.with_columns(missing).select(pl.col(c).cast(t) for c, t in schema.items())


def with_indicator_columns(rows: pl.LazyFrame, indicators: pl.DataFrame) -> pl.LazyFrame:
    """Add the registry's columns of each row's indicator, unless the rows have them already.

    Columns added: measure, unit, frequency, release, pace, nodes, direction, aggregate, and
    _growth (percent or points).
    """
    present = rows.collect_schema()
    growth = pl.col("growth").alias("_growth")
    table = indicators.select(pl.col("id").alias("indicator"), *INDICATOR_COLUMNS, growth)
    return _join_table(rows, table.drop(c for c in table.columns[1:] if c in present), "indicator")


def with_district_columns(
    rows: pl.LazyFrame, districts: pl.DataFrame, **columns: str
) -> pl.LazyFrame:
    """Add columns of each row's district; keywords are new name = column of the District table."""
    return _join_table(rows, districts.select(district="code", **columns), "district")


def _join_table(rows: pl.LazyFrame, table: pl.DataFrame, on: str) -> pl.LazyFrame:
    """Left join a small table, by position where the key is coded."""
    codes = table.schema[on]
    if not isinstance(codes, pl.Enum):
        return rows.join(table.lazy(), on=on, how="left", maintain_order="left")
    every_code = pl.DataFrame({on: codes.categories}, schema={on: codes})
    by_code = every_code.join(table, on=on, how="left", maintain_order="left").drop(on)
    collected = rows.collect()  # the number of a code is the number of its row in by_code
    return collected.hstack(by_code[collected[on].to_physical()]).lazy()


def upsert(observations: pl.LazyFrame, rows: pl.DataFrame) -> pl.LazyFrame:
    """Replace the observations that have the key of one of `rows`, and append the other rows."""
    replaced = matching(observations.select(KEY), rows).collect()
    kept = observations
    if replaced.height:  # else the observations need not be copied
        kept = observations.join(replaced.lazy(), on=KEY, how="anti", maintain_order="left")
    return pl.concat([kept, rows.lazy()])


def matching(observations: pl.LazyFrame, rows: pl.DataFrame) -> pl.LazyFrame:
    """Return the observations that have the key of one of `rows`, which are few."""
    possible = observations.filter(
        pl.col(c).is_in(rows[c].unique().implode()) for c in ("indicator", "district")
    )
    return possible.join(rows.lazy(), on=KEY, how="semi")


@dataclass(frozen=True)
class Codes:
    """Enum types of the key columns, so that large tables join and sort fast.

    Districts are ordered by code, indicators as in the registry. Every metric function takes
    tables with plain or with coded keys, as long as all its tables have the same kind.

    Parameters
    ----------
    district, indicator, level
        Types of the three columns.
    """

    district: pl.Enum
    indicator: pl.Enum
    level: pl.Enum

    @classmethod
    def of(cls, districts: pl.DataFrame, indicators: pl.DataFrame) -> Codes:
        """Return the codes that a District and an Indicator table need."""
        ids = indicators.sort("order", maintain_order=True)["id"]
        return cls(pl.Enum(districts["code"].sort()), pl.Enum(ids), pl.Enum(LEVELS))

    def encode_rows(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Code observations or targets; rows with an unknown key are dropped."""
        names = frame.collect_schema().names()
        types = {"district": self.district, "indicator": self.indicator}
        if "level" in names:
            types["level"] = self.level
        return frame.with_columns(
            pl.col(c).cast(t, strict=False) for c, t in types.items()
        ).drop_nulls(list(types))

    def encode_districts(self, districts: pl.DataFrame) -> pl.DataFrame:
        """Code a District table."""
        return districts.with_columns(pl.col("code", "parent").cast(self.district))

    def encode_indicators(self, indicators: pl.DataFrame) -> pl.DataFrame:
        """Code an Indicator table."""
        return indicators.with_columns(
            pl.col("id", "numerator", "denominator").cast(self.indicator)
        )
