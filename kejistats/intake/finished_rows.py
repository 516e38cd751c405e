"""Checked rows in short types, and the rows of Observation and Target made of them."""

from __future__ import annotations

import polars as pl

from kejistats.intake.row_rules import converted
from kejistats.model.tables import Observation, Target
from kejistats.model.tables.base import Table
from kejistats.model.tables.observation import BOUNDS, GRADES, LEVELS, STATUSES
from kejistats.reading.sheet import AT, ROW


def finished(figures: pl.DataFrame, table: str, places: pl.DataFrame) -> pl.DataFrame:
    """Return checked rows as Observation or Target, ``intake_id`` still null.

    Parameters
    ----------
    figures
        Rows that `check_rows` let in.
    table
        observations or targets.
    places
        File, sheet and letters by ``_sheet``.
    """
    model: type[Table] = Target if table == "targets" else Observation
    letter = f"{AT}value"
    places = places.select(
        "_sheet",
        _place=pl.col("file") + "#" + pl.when(pl.col("sheet") != "").then(pl.col("sheet") + "!")
        .otherwise(pl.lit("")),
        _letter=pl.col(letter) if letter in places.columns else pl.lit("A"),
    )  # fmt: skip
    rows = figures.join(places, on="_sheet", how="left", maintain_order="left")
    own = pl.col(letter) if letter in rows.columns else pl.lit(None, dtype=pl.String)
    source = pl.concat_str(
        "_place", pl.coalesce(own, "_letter"), pl.col(ROW).cast(pl.String),
        pl.col("_stated") if "_stated" in rows.columns else pl.lit(""),
    )  # fmt: skip
    rows = rows.with_columns(source=source)
    return rows.select(
        (pl.col(name) if name in rows.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in model.dtypes().items()
    )


def observation_columns() -> list[str | pl.Expr]:
    """Return the columns of Observation, in short types, from checked rows."""
    q = pl.col("_q").struct
    return [
        pl.col("_code").alias("district"),
        pl.col("_id").alias("indicator"),
        pl.col("level").cast(pl.Enum(LEVELS)),
        pl.col("year").cast(pl.Int16),
        pl.col("month").cast(pl.Int8),
        pl.col("_scaled").alias("value"),
        converted("upper").alias("value_upper"),
        q.field("status").cast(pl.Enum(STATUSES)),
        pl.col("grade").cast(pl.Enum(GRADES)),
        # Of an interval only the lower end is sure; as a bound it enters no rank.
        pl.when(q.field("upper").is_not_null())
        .then(pl.lit("at_least"))
        .otherwise(q.field("bound"))
        .cast(pl.Enum(BOUNDS))
        .alias("bound"),
        pl.col("_growth").alias("published_growth"),
        "growth_basis",
        pl.col("_as_of").alias("as_of"),
        pl.col("_published").alias("published"),
        "break_id",
        pl.col("value").fill_null("").alias("reported"),
        "note",
        pl.col("_printed_attainment").alias("printed_attainment"),
        pl.col("_printed_share").alias("printed_share"),
        pl.col("_printed_rank").alias("printed_rank"),
        pl.when(pl.col("_growth").is_not_null()).then("published_growth").alias("_growth_text"),
        pl.when(pl.col("_printed_attainment").is_not_null())
        .then("printed_attainment")
        .alias("_attainment_text"),
        pl.when(pl.col("_printed_share").is_not_null()).then("printed_share").alias("_share_text"),
    ]


def target_columns() -> list[str | pl.Expr]:
    """Return the columns of Target from checked rows."""
    stated = pl.format("（{}）", "source").fill_null("")
    return [
        pl.col("_code").alias("district"),
        pl.col("_id").alias("indicator"),
        pl.col("_year").alias("year"),
        pl.col("kind"),
        converted("value").alias("value"),
        pl.when(pl.col("kind") == "range").then(pl.col("_upper")).alias("value_upper"),
        pl.col("comparison"),
        pl.col("strength"),
        "issuer",
        pl.col("_issued").alias("issued"),
        pl.col("_valid").alias("valid_from"),
        pl.col("_start").alias("start_month"),
        pl.col("_base").alias("base_year"),
        "nodes",
        pl.col("value").fill_null("").alias("reported"),
        stated.alias("_stated"),
    ]
