"""What was expected at a checkpoint and nobody reported."""

from __future__ import annotations

import polars as pl

from kejistats.metrics.frames import conform, with_units
from kejistats.metrics.lookup import AT, key_of, with_key
from kejistats.metrics.totals import month_end, valid_at
from kejistats.model.period import Checkpoint


def unreported_rows(
    known: pl.DataFrame, judged: pl.DataFrame, districts: pl.DataFrame, here: list[Checkpoint]
) -> pl.DataFrame:
    """Return rows of status missing for what a district was expected to report and did not."""
    level = pl.lit("").cast(known.schema["level"])
    at = pl.LazyFrame(
        {"year": [c.year for c in here], "month": [c.month for c in here]},
        schema={"year": pl.Int64, "month": pl.Int64},
    )
    units = districts.lazy().join(at, how="cross").filter(valid_at(month_end()))
    family = pl.coalesce("parent", "code").alias("_family")
    units = units.select(pl.col("code").alias("district"), family, "kind", *AT).collect().lazy()
    cell = ["district", "indicator", *AT]
    told = known.lazy().filter(pl.col("level") == level)
    reporting = units.filter(pl.col("kind") != "total").drop("kind")
    # What a total tells is asked of its districts; who has no parent is asked like nobody else.
    families = districts.with_columns(family)
    own = with_units(told, families, _family="_family").with_columns(_f=key_of("_family"))
    parents = families["parent"].drop_nulls().unique().implode()
    above = told.filter(pl.col("district").is_in(parents)).with_columns(
        _family="district", _f=key_of()
    )
    asked = pl.concat([own, above], how="diagonal").unique("_f").select("_family", "indicator", *AT)
    aimed = judged.lazy().join(units, on=["district", *AT], how="semi")
    expected = [
        reporting.join(asked, on=["_family", *AT]).select(cell),
        aimed.select(cell),
    ]
    keys = told.select("_k").collect()
    missing = [
        with_key(frame.with_columns(level=level)).join(keys.lazy(), on="_k", how="anti").collect()
        for frame in expected
    ]
    rows = pl.concat(missing).unique("_k", maintain_order=True).with_columns(
        status=pl.lit("missing"), bound=pl.lit("exact")
    )  # fmt: skip
    return conform(rows.lazy(), known.schema).collect()
