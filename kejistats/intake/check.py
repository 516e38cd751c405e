"""Rows as received to rows of a model and findings; the first fault of a row is its finding."""

from __future__ import annotations

import json

import polars as pl

from kejistats.intake.columns import (
    WORDS,
    Form,
    mapped,
    nearest,
    with_quantity,
)
from kejistats.intake.read import ROW
from kejistats.intake.rules import (
    REPEATED,
    Fault,
    converted,
    name_rules,
    observation_rules,
    target_rules,
)
from kejistats.registry import names_of
from kejistats.schema import Finding
from kejistats.schema.observation import KEY
from kejistats.schema.target import TARGET_KEY
from kejistats.units import factor

_OBSERVATION_KEY = ["_code", "_id", "level", "year", "month"]
_TARGET_KEY = ["_code", "_id", "_year", "kind", "strength", "_valid"]


def check_form(
    form: Form,
    districts: pl.DataFrame,
    indicators: pl.DataFrame,
    before: pl.DataFrame | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Check one sheet.

    Parameters
    ----------
    form
        The recognised sheet.
    districts, indicators
        The District and Indicator tables.
    before
        Rows accepted from earlier sheets of the same file, which none may repeat.

    Returns
    -------
    accepted, findings : polars.DataFrame
        Rows of Observation or Target without ``received``, and the Finding table.
    """
    rows = _with_names(form.sheet.rows, districts, indicators)
    for column, words in WORDS.items():
        if column in rows.columns:
            rows = rows.with_columns(pl.col(column).replace(words))
    rows = _with_unit(with_quantity(rows, "value"))
    rows, faults, warnings = (target_rules if form.table == "targets" else observation_rules)(rows)
    faults = [*name_rules(districts), *faults]
    rows = _with_repeated(form, rows, faults, before)
    names = [*districts["name"], *districts["code"]], list(names_of(indicators))
    findings, bad = _findings(form, rows, [*faults, REPEATED, *warnings], names)
    good = rows.filter(~pl.col(ROW).is_in(bad))
    table = _as_targets(form, good) if form.table == "targets" else _as_observations(form, good)
    return table, findings


def _with_names(
    rows: pl.DataFrame, districts: pl.DataFrame, indicators: pl.DataFrame
) -> pl.DataFrame:
    named = districts.filter(pl.col("name").is_unique())
    codes = {n: c for c, n in named.select("code", "name").iter_rows()}
    codes |= {c: c for c in districts["code"]}
    ids = names_of(indicators)
    facts = indicators.select(
        pl.col("id").alias("_id"), pl.col("unit").alias("_unit"), pl.col("units").alias("_units"),
        pl.col("negative").alias("_negative"), pl.col("measure").alias("_measure"),
        pl.col("name").alias("_indicator_name"),
    )  # fmt: skip
    rows = mapped(rows, "district", codes.get, pl.String, "_code")
    rows = mapped(rows, "indicator", ids.get, pl.String, "_id")
    return rows.join(facts, on="_id", how="left", maintain_order="left")


def _with_unit(rows: pl.DataFrame) -> pl.DataFrame:
    """Add ``_factor`` from the unit written with the number, in the unit column, or none."""
    written = pl.col("_q").struct.field("unit").replace("", None)
    rows = rows.with_columns(
        pl.coalesce(written, pl.col("unit"), pl.col("_unit")).alias("_given"),
        pl.coalesce(written, pl.col("unit")).is_null().alias("_no_unit"),
    )
    pairs = rows.select("_id", "_given", "_unit", "_units").unique(["_id", "_given"])
    factors = [
        factor(given, unit, tuple(units or ())) if given and unit else None
        for _, given, unit, units in pairs.iter_rows()
    ]
    table = pairs.select("_id", "_given", pl.Series("_factor", factors, dtype=pl.Float64))
    return rows.join(
        table, on=["_id", "_given"], how="left", nulls_equal=True, maintain_order="left"
    )


def _with_repeated(
    form: Form, rows: pl.DataFrame, faults: list[Fault], before: pl.DataFrame | None
) -> pl.DataFrame:
    """Add ``_repeats``: where a row's key stood before, among rows without another error."""
    targets = form.table == "targets"
    own = _TARGET_KEY if targets else _OBSERVATION_KEY
    stored = [*TARGET_KEY, "valid_from"] if targets else KEY
    broken = pl.any_horizontal(fault.mask.fill_null(value=False) for fault in faults)
    rows = rows.with_columns(_sound=pl.when(~broken).then(pl.col(ROW)))
    rows = rows.with_columns(_first=pl.col("_sound").min().over(own))
    if before is None:
        rows = rows.with_columns(_stood=pl.lit(value=False))
    else:
        known = before.select(stored).unique().with_columns(_stood=pl.lit(value=True))
        rows = rows.join(
            known, left_on=own, right_on=stored, how="left", nulls_equal=True, maintain_order="left"
        )
    return rows.with_columns(
        _repeats=pl.when(pl.col("_stood"))
        .then(pl.lit("前面的工作表"))
        .when(pl.col("_sound") > pl.col("_first"))
        .then(pl.format("第{}行", "_first"))
    )


def _findings(
    form: Form, rows: pl.DataFrame, faults: list[Fault], names: tuple[list[str], list[str]]
) -> tuple[pl.DataFrame, list[int]]:
    """Return the findings, and the numbers of rows an error keeps out."""
    first = pl.coalesce(
        pl.when(fault.mask.fill_null(value=False)).then(pl.lit(i)) for i, fault in enumerate(faults)
    )
    faulty = rows.with_columns(_rule=first).filter(pl.col("_rule").is_not_null())
    as_received = form.sheet.rows.filter(pl.col(ROW).is_in(faulty[ROW].to_list()))
    received = {row[ROW]: row for row in as_received.iter_rows(named=True)}
    found, bad = [], []
    for row in faulty.iter_rows(named=True):
        fault = faults[row["_rule"]]
        given = {k: "" if row[k] is None else row[k] for k in row}
        for column, known in zip(("district", "indicator"), names, strict=True):
            if fault.column == column:
                given[f"near_{column}"] = nearest(str(given[column]), known)
        if fault.severity == "error":
            bad.append(row[ROW])
        found.append(
            {
                "rule": fault.rule,
                "severity": fault.severity,
                "file": form.sheet.file,
                "sheet": form.sheet.name,
                "cell": form.sheet.cell(fault.column, row[ROW]),
                "row": json.dumps(
                    {c: received[row[ROW]][c] for c in form.sheet.letters}, ensure_ascii=False
                ),
                "wrong": fault.wrong.format(**given),
                "right": fault.right.format(**given),
                "received": None,
            }
        )
    return pl.DataFrame(found, schema=Finding.dtypes()), bad


def _as_observations(form: Form, rows: pl.DataFrame) -> pl.DataFrame:
    q = pl.col("_q").struct
    return rows.select(
        pl.col("_code").alias("district"),
        pl.col("_id").alias("indicator"),
        "level",
        "year",
        "month",
        pl.col("_scaled").alias("value"),
        converted("upper").alias("value_upper"),
        q.field("status"),
        "grade",
        # Of an interval only the lower end is sure; as a bound it enters no rank.
        pl.when(q.field("upper").is_not_null())
        .then(pl.lit("at_least"))
        .otherwise(q.field("bound"))
        .alias("bound"),
        pl.col("_growth").alias("published_growth"),
        "growth_basis",
        pl.col("_as_of").alias("as_of"),
        pl.col("_published").alias("published"),
        "break_id",
        pl.col("value").fill_null("").alias("reported"),
        "note",
        form.sheet.source("value").alias("source"),
        pl.lit(None, dtype=pl.String).alias("received"),
    )


def _as_targets(form: Form, rows: pl.DataFrame) -> pl.DataFrame:
    stated = (
        pl.col("source").map_elements(lambda s: f"（{s}）", return_dtype=pl.String).fill_null("")
    )
    return rows.select(
        pl.col("_code").alias("district"),
        pl.col("_id").alias("indicator"),
        pl.col("_year").alias("year"),
        "kind",
        converted("value").alias("value"),
        pl.when(pl.col("kind") == "range").then(pl.col("_upper")).alias("value_upper"),
        "comparison",
        "strength",
        "issuer",
        pl.col("_issued").alias("issued"),
        pl.col("_valid").alias("valid_from"),
        pl.col("_start").alias("start_month"),
        pl.col("_base").alias("base_year"),
        "nodes",
        pl.col("value").fill_null("").alias("reported"),
        pl.concat_str(form.sheet.source("value"), stated).alias("source"),
        pl.lit(None, dtype=pl.String).alias("received"),
    )
