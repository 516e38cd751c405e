"""Turn checked rows into compact columns, and those into rows of Observation and Target."""

from __future__ import annotations

import polars as pl

from kejistats.intake.row_rules import converted
from kejistats.model.tables import Observation, Target
from kejistats.model.tables.base import Table
from kejistats.model.tables.observation import BOUNDS, GRADES, LEVELS, STATUSES
from kejistats.reading.sheet import LETTER_OF, ROW


def to_table_rows(figures: pl.DataFrame, table: str, sheets: pl.DataFrame) -> pl.DataFrame:
    """Return checked rows as rows of Observation or Target, with ``intake_id`` still null.

    Parameters
    ----------
    figures
        Rows that `check_rows` accepted.
    table
        observations or targets.
    sheets
        File name, sheet name and column letters by ``_sheet``; see `Received`.
    """
    model: type[Table] = Target if table == "targets" else Observation
    letter = f"{LETTER_OF}value"
    sheets = sheets.select(
        "_sheet",
        _place=pl.col("file") + "#" + pl.when(pl.col("sheet") != "").then(pl.col("sheet") + "!")
        .otherwise(pl.lit("")),
        _letter=pl.col(letter) if letter in sheets.columns else pl.lit("A"),
    )  # fmt: skip
    rows = figures.join(sheets, on="_sheet", how="left", maintain_order="left")
    own_letter = pl.col(letter) if letter in rows.columns else pl.lit(None, dtype=pl.String)
    source = pl.concat_str(
        "_place", pl.coalesce(own_letter, "_letter"), pl.col(ROW).cast(pl.String),
        pl.col("_stated") if "_stated" in rows.columns else pl.lit(""),
    )  # fmt: skip
    rows = rows.with_columns(source=source)
    return rows.select(
        (pl.col(name) if name in rows.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in model.dtypes().items()
    )


def observation_columns() -> list[str | pl.Expr]:
    """Return expressions for the columns of Observation, in compact types, over checked rows."""
    quantity = pl.col("_q").struct
    return [
        pl.col("_code").alias("district"),
        pl.col("_id").alias("indicator"),
        pl.col("level").cast(pl.Enum(LEVELS)),
        pl.col("year").cast(pl.Int16),
        pl.col("month").cast(pl.Int8),
        pl.col("_scaled").alias("value"),
        converted("upper").alias("value_upper"),
        quantity.field("status").cast(pl.Enum(STATUSES)),
        pl.col("grade").cast(pl.Enum(GRADES)),
        # An interval counts as at least its lower end, and as a bound it is not ranked.
        pl.when(quantity.field("upper").is_not_null())
        .then(pl.lit("at_least"))
        .otherwise(quantity.field("bound"))
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
    """Return expressions for the columns of Target over checked rows."""
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
