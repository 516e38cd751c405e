"""Rows for figures that were expected at a checkpoint and not reported."""

from __future__ import annotations

import polars as pl

from kejistats.metrics.frames import conform, with_district_columns
from kejistats.metrics.lookup import CHECKPOINT, key_of, with_key
from kejistats.metrics.totals import month_end, valid_at
from kejistats.model.period import Checkpoint


def unreported_rows(
    known: pl.DataFrame,
    judged: pl.DataFrame,
    districts: pl.DataFrame,
    checkpoints: list[Checkpoint],
) -> pl.DataFrame:
    """Return rows of status missing for the figures that a district should have reported.

    A district should report what its parent or any district of the same parent reports, and
    whatever it has a target for. A total only needs a figure where it has a target.

    Parameters
    ----------
    known
        All figures of the checkpoints, with ``_key``.
    judged
        The targets judged at the checkpoints, with coded keys.
    districts
        District table with coded keys.
    checkpoints
        The checkpoints.

    Returns
    -------
    polars.DataFrame
        Rows with the columns of `known`.
    """
    level = pl.lit("").cast(known.schema["level"])
    at = pl.LazyFrame(
        {"year": [c.year for c in checkpoints], "month": [c.month for c in checkpoints]},
        schema={"year": pl.Int64, "month": pl.Int64},
    )
    units = districts.lazy().join(at, how="cross").filter(valid_at(month_end()))
    family = pl.coalesce("parent", "code").alias("_family")
    units = (
        units.select(pl.col("code").alias("district"), family, "kind", *CHECKPOINT).collect().lazy()
    )
    key = ["district", "indicator", *CHECKPOINT]
    totals = known.lazy().filter(pl.col("level") == level)
    reporting = units.filter(pl.col("kind") != "total").drop("kind")
    # A family is a parent with its districts. What any of them reports is expected of each
    # district; one without a parent is a family of its own.
    families = districts.with_columns(family)
    of_districts = with_district_columns(totals, families, _family="_family").with_columns(
        _family_key=key_of("_family")
    )
    parents = families["parent"].drop_nulls().unique().implode()
    of_parents = totals.filter(pl.col("district").is_in(parents)).with_columns(
        _family="district", _family_key=key_of()
    )
    reported = (
        pl.concat([of_districts, of_parents], how="diagonal")
        .unique("_family_key")
        .select("_family", "indicator", *CHECKPOINT)
    )
    targeted = judged.lazy().join(units, on=["district", *CHECKPOINT], how="semi")
    expected = [
        reporting.join(reported, on=["_family", *CHECKPOINT]).select(key),
        targeted.select(key),
    ]
    present = totals.select("_key").collect().lazy()
    missing = [
        with_key(frame.with_columns(level=level)).join(present, on="_key", how="anti").collect()
        for frame in expected
    ]
    rows = pl.concat(missing).unique("_key", maintain_order=True).with_columns(
        status=pl.lit("missing"), bound=pl.lit("exact")
    )  # fmt: skip
    return conform(rows.lazy(), known.schema).collect()
