"""What the metric functions share: grades in order, keys as codes, frames of one shape."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from kejistats.schema.observation import GRADES, LEVELS

_PLACES = list(range(len(GRADES)))
SERIES = ["district", "indicator", "level"]
AT = ["year", "month"]
ROW = [*SERIES, *AT]
_TIME = pl.col("year") * 12 + pl.col("month")
# What a district's number is multiplied by in ``_k``: indicators × levels × months.
SERIES_SIZE = 2**35
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


def keyed(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Add to a table with coded keys the one number ``_k`` that stands for a row's whole key.

    It grows by one from month to month, so that an earlier figure of a series is found by a
    difference. Tables with plain keys stay as they are.
    """
    if not isinstance(frame.collect_schema()["district"], pl.Enum):
        return frame
    district, indicator, level = (pl.col(c).to_physical().cast(pl.Int64) for c in SERIES)
    return frame.with_columns(_k=district * SERIES_SIZE + (indicator * 8 + level) * 65536 + _TIME)


def row_key(*frames: pl.LazyFrame) -> list[str]:
    """Return the columns that tell rows of these tables apart: ``_k`` where all have it."""
    coded = all("_k" in frame.collect_schema().names() for frame in frames)
    return ["_k"] if coded else ROW


def earlier(
    rows: pl.LazyFrame,
    figures: pl.LazyFrame,
    columns: dict[str, pl.Expr],
    back: pl.Expr,
    same: Iterable[str] = (),
    at: pl.LazyFrame | None = None,
) -> pl.LazyFrame:
    """Add columns of each series' figure so many months before.

    Parameters
    ----------
    rows
        Rows with the key of the Observation table; their order and number stay.
    figures
        All figures, one per key, or per key and the columns of `same`.
    columns
        What to take from a figure, by the name it gets.
    back
        How many months before, by row.
    same
        Further columns in which figure and row must agree; nulls agree.
    at
        A smaller plan with the same checkpoints as `rows`, so that a chain of these joins does
        not work each of them out several times.
    """
    coded = row_key(rows, figures) == ["_k"]
    place = pl.col("_k") if coded else _TIME
    on = [*([] if coded else SERIES), "_find", *same]
    wanted = (_TIME - back - 1).alias("_at")
    times = (rows if at is None else at).select(wanted).unique()
    times = times.select(year=pl.col("_at") // 12, month=pl.col("_at") % 12 + 1)
    # Where few checkpoints of many are wanted, the join need not go through all of them.
    found = figures.join(times, on=AT, how="semi").select(
        *(c for c in on if c != "_find"), place.alias("_find"), **columns
    )
    return (
        rows.with_columns(_find=place - back)
        .join(found, on=on, how="left", nulls_equal=True, maintain_order="left")
        .drop("_find")
    )


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
