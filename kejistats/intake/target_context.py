"""Received targets against each other and against those that stand in the store."""

from __future__ import annotations

import polars as pl

from kejistats.dataset import Dataset
from kejistats.intake.check_rows import N, Received
from kejistats.intake.comparisons.figures import half_unit
from kejistats.intake.comparisons.target_conflicts import targets_contradict
from kejistats.intake.finished_rows import finished
from kejistats.model.tables import Target
from kejistats.model.tables.target import TARGET_KEY
from kejistats.model.units import COUNT_UNITS
from kejistats.reading.sheet import AT, ROW
from kejistats.store import Store, current

_DECEMBER = ["district", "indicator", "year"]
# A receipt later than any: what comes in now replaces what stands.
_NOW = "999999-00000000"


def goals_in_context(
    dataset: Dataset,
    received: Received,
    figures: pl.DataFrame,
    observed: tuple[Received, pl.DataFrame] | None = None,
) -> pl.DataFrame:
    """Find the targets that contradict others, received with them or earlier.

    Parameters
    ----------
    dataset
        With the store as it is before the intake.
    received, figures
        The targets that `check_rows` took and let in.
    observed
        The figures that come in with them, in the same way.

    Returns
    -------
    polars.DataFrame
        Warnings as `check_rows` gives them.
    """
    if figures.is_empty():
        return pl.DataFrame(schema={N: pl.Int64})
    goals = pl.concat([_stored(dataset), _fresh(received, figures)], how="diagonal")
    goals = goals.unique([*TARGET_KEY, "valid_from"], keep="last", maintain_order=True)
    key = ["district", "indicator", "year"]
    goals = goals.join(
        figures.select(pl.col(c).cast(Target.dtypes()[c]) for c in key), on=key, how="semi"
    )
    found = targets_contradict(goals, _bases(dataset, goals, observed), dataset.indicators)
    keys = goals.select(pl.col("n").alias(N), *key).drop_nulls(N)
    return found.with_columns(severity=pl.lit("warning")).join(keys, on=N, maintain_order="left")


def _stored(dataset: Dataset) -> pl.DataFrame:
    """Return the targets of the store, the latest received of each key last."""
    rows = Store(dataset.path / "store").targets().sort("intake_id", maintain_order=True)
    return rows.drop("intake_id").with_columns(
        n=pl.lit(None, dtype=pl.Int64), sheet=pl.lit(None, dtype=pl.UInt32),
        cell="source", upper_cell="source", place="source", upper_place="source",
        upper_column=pl.lit("value_upper"),
    )  # fmt: skip


def _fresh(received: Received, figures: pl.DataFrame) -> pl.DataFrame:
    """Return the received targets with the names of their cells."""
    rows = finished(figures.drop("_stated", strict=False), "targets", received.places)
    sheets = received.places
    letters = sheets["_sheet"].to_list(), _letters(sheets, "value_upper")
    raw = received.rows[figures[N]]
    # An interval stands in the cell of the value; an upper end of its own stands beside it.
    own = "value_upper" in raw.columns
    apart = raw["value_upper"].is_not_null() if own else pl.repeat(False, raw.height, eager=True)
    upper = figures["_sheet"].replace_strict(*letters, return_dtype=pl.String)
    rows = rows.drop("intake_id").with_columns(
        n=figures[N], sheet=figures["_sheet"].cast(pl.UInt32), place="source",
        _row=figures[ROW].cast(pl.String), _letter=upper, _apart=apart & upper.is_not_null(),
    )  # fmt: skip
    before = pl.col("source").str.extract(r"^(.*?)[A-Z]+\d+$").fill_null("")
    there = pl.col("_letter") + pl.col("_row")
    return rows.with_columns(
        cell=pl.col("source").str.extract(r"([A-Z]+\d+)$"),
        upper_column=pl.when("_apart").then(pl.lit("value_upper")).otherwise(pl.lit("value")),
        upper_place=pl.when("_apart").then(before + there).otherwise("source"),
    ).with_columns(
        upper_cell=pl.when("_apart").then(there).otherwise("cell"),
    ).drop("_row", "_letter", "_apart")  # fmt: skip


def _letters(sheets: pl.DataFrame, column: str) -> list[str | None]:
    """Return the letter of a column in each sheet; none where it has no such column."""
    name = f"{AT}{column}"
    return sheets[name].to_list() if name in sheets.columns else [None] * sheets.height


def _bases(
    dataset: Dataset, goals: pl.DataFrame, observed: tuple[Received, pl.DataFrame] | None
) -> pl.DataFrame:
    """Return the exact figures of the Decembers before, on no definition of their own."""
    asked = goals.select("district", "indicator", year=pl.col("year") - 1).unique()
    december = (pl.col("month") == 12) & (pl.col("level") == "")
    rows = Store(dataset.path / "store").scan_observations().filter(december)
    if observed:
        received, figures = observed
        fresh = finished(figures.filter(december), "observations", received.places)
        rows = pl.concat([rows, fresh.lazy().with_columns(intake_id=pl.lit(_NOW))])
    known = current(rows.join(asked.lazy(), on=_DECEMBER, how="semi")).filter(
        pl.col("status") == "reported", pl.col("bound") == "exact", pl.col("break_id").is_null()
    )
    facts = dataset.indicators.select("decimals", "unit", indicator="id")
    frame = known.collect().join(facts, on="indicator", maintain_order="left")
    digit = 0.5 * 10.0 ** -pl.col("decimals").cast(pl.Float64)
    # A whole count is not rounded.
    whole = pl.col("unit").is_in(sorted(COUNT_UNITS)) & (pl.col("value") == pl.col("value").round())
    half = pl.when(whole & (pl.col("half") <= 0.5)).then(0.0).otherwise("half")
    return half_unit(frame, "reported", "value", digit, "half").select(
        "district", "indicator", pl.col("year") + 1, base="value", half=half
    )
