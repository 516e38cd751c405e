"""What the metric functions share: grades in order, keys as codes, frames of one shape."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from kejistats.schema.observation import GRADES, LEVELS

_PLACES = list(range(len(GRADES)))
SERIES = ["district", "indicator", "level"]
AT = ["year", "month"]
ROW = [*SERIES, *AT]
FACTS = ["measure", "unit", "frequency", "release", "pace", "nodes", "direction", "aggregate"]


def grade_place(column: str = "grade") -> pl.Expr:
    """Return a grade's place from the weakest, 0, upwards; null where there is no grade."""
    return pl.col(column).replace_strict(GRADES, _PLACES, default=None, return_dtype=pl.Int64)


def grade_at(place: pl.Expr) -> pl.Expr:
    """Return the grade at a place of `grade_place`."""
    return place.replace_strict(_PLACES, GRADES, default=None, return_dtype=pl.String)


def shaped(frame: pl.LazyFrame, schema: pl.Schema) -> pl.LazyFrame:
    """Return exactly the columns of `schema`, in its order and types; absent ones are null."""
    names = frame.collect_schema().names()
    absent = [pl.lit(None, dtype=t).alias(c) for c, t in schema.items() if c not in names]
    return frame.with_columns(absent).select(pl.col(c).cast(t) for c, t in schema.items())


def with_facts(rows: pl.LazyFrame, indicators: pl.DataFrame) -> pl.LazyFrame:
    """Add what the registry says of each row's indicator, as far as it is not there yet.

    Columns added: measure, unit, frequency, release, pace, nodes, direction, aggregate, and
    _growth (percent or points).
    """
    known = rows.collect_schema().names()
    facts = indicators.lazy().select(
        pl.col("id").alias("indicator"), *FACTS, pl.col("growth").alias("_growth")
    )
    wanted = [c for c in facts.collect_schema().names() if c == "indicator" or c not in known]
    return rows.join(facts.select(wanted), on="indicator", how="left", maintain_order="left")


def at_times(figures: pl.LazyFrame, rows: pl.LazyFrame, back: pl.Expr) -> pl.LazyFrame:
    """Return the figures of the checkpoints so many months before those that `rows` have.

    Where few of many are wanted, what comes after need not go through all of them.
    """
    wanted = (pl.col("year") * 12 + pl.col("month") - back - 1).alias("_at")
    times = rows.select(wanted).unique()
    at = times.select(year=pl.col("_at") // 12, month=pl.col("_at") % 12 + 1)
    return figures.join(at, on=AT, how="semi", maintain_order="left")


def put(observations: pl.LazyFrame, rows: pl.DataFrame) -> pl.LazyFrame:
    """Put rows in the place of those with the same key, or beside the others."""
    there = observations.join(rows.lazy(), on=ROW, how="semi").select(pl.len()).collect().item()
    kept = observations
    if there:  # else the observations need not be copied
        kept = observations.join(rows.lazy(), on=ROW, how="anti", maintain_order="left")
    return pl.concat([kept, rows.lazy()])


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
