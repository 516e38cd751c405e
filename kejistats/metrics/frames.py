"""What the metric functions share: grades in order, keys as codes, frames of one shape."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from kejistats.metrics.categories import decode, encode
from kejistats.metrics.lookup import ROW
from kejistats.model.tables.observation import GRADES, LEVELS

FACTS = ["measure", "unit", "frequency", "release", "pace", "nodes", "direction", "aggregate"]


def grade_level(column: str = "grade") -> pl.Expr:
    """Return a grade's place from the weakest, 0, upwards; null where there is no grade."""
    return encode(pl.col(column), GRADES)


def grade_at(place: pl.Expr) -> pl.Expr:
    """Return the grade at a place of `grade_level`."""
    return decode(place, GRADES)


def conform(frame: pl.LazyFrame, schema: pl.Schema) -> pl.LazyFrame:
    """Return exactly the columns of `schema`, in its order and types; absent ones are null."""
    names = frame.collect_schema().names()
    absent = [pl.lit(None, dtype=t).alias(c) for c, t in schema.items() if c not in names]
    return frame.with_columns(absent).select(pl.col(c).cast(t) for c, t in schema.items())


def with_facts(rows: pl.LazyFrame, indicators: pl.DataFrame) -> pl.LazyFrame:
    """Add what the registry says of each row's indicator, as far as it is not there yet.

    Columns added: measure, unit, frequency, release, pace, nodes, direction, aggregate, and
    _growth (percent or points).
    """
    known = rows.collect_schema()
    growth = pl.col("growth").alias("_growth")
    facts = indicators.select(pl.col("id").alias("indicator"), *FACTS, growth)
    return _with_table(rows, facts.drop(c for c in facts.columns[1:] if c in known), "indicator")


def with_units(rows: pl.LazyFrame, districts: pl.DataFrame, **columns: str) -> pl.LazyFrame:
    """Add columns of each row's district, by the name they get."""
    return _with_table(rows, districts.select(district="code", **columns), "district")


def _with_table(rows: pl.LazyFrame, table: pl.DataFrame, on: str) -> pl.LazyFrame:
    """Add the columns of the row of a table that each row's key names."""
    codes = table.schema[on]
    if not isinstance(codes, pl.Enum):
        return rows.join(table.lazy(), on=on, how="left", maintain_order="left")
    every = pl.DataFrame({on: codes.categories}, schema={on: codes})
    places = every.join(table, on=on, how="left", maintain_order="left").drop(on)
    asking = rows.collect()  # a code is the place of its row
    return asking.hstack(places[asking[on].to_physical()]).lazy()


def upsert(observations: pl.LazyFrame, rows: pl.DataFrame) -> pl.LazyFrame:
    """Put rows in the place of those with the same key, or beside the others."""
    there = matching(observations.select(ROW), rows).collect()
    kept = observations
    if there.height:  # else the observations need not be copied
        kept = observations.join(there.lazy(), on=ROW, how="anti", maintain_order="left")
    return pl.concat([kept, rows.lazy()])


def matching(observations: pl.LazyFrame, rows: pl.DataFrame) -> pl.LazyFrame:
    """Return the observations whose key one of a few rows has."""
    possible = observations.filter(
        pl.col(c).is_in(rows[c].unique().implode()) for c in ("indicator", "district")
    )
    return possible.join(rows.lazy(), on=ROW, how="semi")


@dataclass(frozen=True)
class Codes:
    """The keys of tables as numbers, so that large ones join and sort fast.

    Districts are ordered by code, indicators by their place in the registry. Every metric
    function takes tables with plain or with coded keys, if only all are of one sort.

    Parameters
    ----------
    district, indicator, level
        Types of the three keys.
    """

    district: pl.Enum
    indicator: pl.Enum
    level: pl.Enum

    @classmethod
    def of(cls, districts: pl.DataFrame, indicators: pl.DataFrame) -> Codes:
        """Return the codes of a District and an Indicator table."""
        ids = indicators.sort("order", maintain_order=True)["id"]
        return cls(pl.Enum(districts["code"].sort()), pl.Enum(ids), pl.Enum(LEVELS))

    def rows(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Code the keys of observations or targets; what no table knows is left out."""
        names = frame.collect_schema().names()
        types = {"district": self.district, "indicator": self.indicator}
        if "level" in names:
            types["level"] = self.level
        return frame.with_columns(
            pl.col(c).cast(t, strict=False) for c, t in types.items()
        ).drop_nulls(list(types))

    def units(self, districts: pl.DataFrame) -> pl.DataFrame:
        """Code a District table."""
        return districts.with_columns(pl.col("code", "parent").cast(self.district))

    def facts(self, indicators: pl.DataFrame) -> pl.DataFrame:
        """Code an Indicator table."""
        return indicators.with_columns(
            pl.col("id", "numerator", "denominator").cast(self.indicator)
        )
