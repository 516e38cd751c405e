"""Check received targets against each other and against the current targets of the store."""

from __future__ import annotations

import polars as pl

from kejistats.dataset import Dataset
from kejistats.intake.check_rows import ROW_INDEX, Received
from kejistats.intake.comparisons.figures import half_unit
from kejistats.intake.comparisons.target_conflicts import targets_contradict
from kejistats.intake.finished_rows import to_table_rows
from kejistats.model.tables import Target
from kejistats.model.tables.target import TARGET_KEY
from kejistats.model.units import COUNT_UNITS
from kejistats.reading.sheet import LETTER_OF, ROW
from kejistats.store import Store, current

_DECEMBER = ["district", "indicator", "year"]
# An intake id later than any other: received rows replace stored ones.
_LATEST_ID = "999999-00000000"


def check_targets_in_context(
    dataset: Dataset,
    received: Received,
    figures: pl.DataFrame,
    observed: tuple[Received, pl.DataFrame] | None = None,
) -> pl.DataFrame:
    """Find received targets that contradict others, received now or earlier.

    Parameters
    ----------
    dataset
        The data set, with its store before the intake.
    received, figures
        The targets given to `check_rows`, and those it accepted.
    observed
        The same for the observations of the intake, if there are any.

    Returns
    -------
    polars.DataFrame
        Warnings with the columns of the faults of `check_rows`.
    """
    if figures.is_empty():
        return pl.DataFrame(schema={ROW_INDEX: pl.Int64})
    targets = pl.concat([_stored(dataset), _received(received, figures)], how="diagonal")
    targets = targets.unique([*TARGET_KEY, "valid_from"], keep="last", maintain_order=True)
    key = ["district", "indicator", "year"]
    targets = targets.join(
        figures.select(pl.col(c).cast(Target.dtypes()[c]) for c in key), on=key, how="semi"
    )
    conflicts = targets_contradict(targets, _bases(dataset, targets, observed), dataset.indicators)
    keys = targets.select(pl.col("n").alias(ROW_INDEX), *key).drop_nulls(ROW_INDEX)
    return conflicts.with_columns(severity=pl.lit("warning")).join(
        keys, on=ROW_INDEX, maintain_order="left"
    )


def _stored(dataset: Dataset) -> pl.DataFrame:
    """Return the targets of the store in the order of intake."""
    rows = Store(dataset.path / "store").targets().sort("intake_id", maintain_order=True)
    return rows.drop("intake_id").with_columns(
        n=pl.lit(None, dtype=pl.Int64), sheet=pl.lit(None, dtype=pl.UInt32),
        cell="source", upper_cell="source", location="source", upper_location="source",
        upper_column=pl.lit("value_upper"),
    )  # fmt: skip


def _received(received: Received, figures: pl.DataFrame) -> pl.DataFrame:
    """Return the received targets with the addresses of their cells."""
    rows = to_table_rows(figures.drop("_stated", strict=False), "targets", received.sheets)
    sheets = received.sheets
    letters = sheets["_sheet"].to_list(), _letters(sheets, "value_upper")
    raw = received.rows[figures[ROW_INDEX]]
    # The upper end is in the cell of the value if that is an interval, else in its own cell.
    has_upper_column = "value_upper" in raw.columns
    has_upper_cell = (
        raw["value_upper"].is_not_null()
        if has_upper_column
        else pl.repeat(False, raw.height, eager=True)
    )
    upper_letter = figures["_sheet"].replace_strict(*letters, return_dtype=pl.String)
    rows = rows.drop("intake_id").with_columns(
        n=figures[ROW_INDEX], sheet=figures["_sheet"].cast(pl.UInt32), location="source",
        _row=figures[ROW].cast(pl.String), _letter=upper_letter,
        _apart=has_upper_cell & upper_letter.is_not_null(),
    )  # fmt: skip
    prefix = pl.col("source").str.extract(r"^(.*?)[A-Z]+\d+$").fill_null("")
    upper_cell = pl.col("_letter") + pl.col("_row")
    return rows.with_columns(
        cell=pl.col("source").str.extract(r"([A-Z]+\d+)$"),
        upper_column=pl.when("_apart").then(pl.lit("value_upper")).otherwise(pl.lit("value")),
        upper_location=pl.when("_apart").then(prefix + upper_cell).otherwise("source"),
    ).with_columns(
        upper_cell=pl.when("_apart").then(upper_cell).otherwise("cell"),
    ).drop("_row", "_letter", "_apart")  # fmt: skip


def _letters(sheets: pl.DataFrame, column: str) -> list[str | None]:
    """Return the letter of a column in each sheet, None where the sheet has no such column."""
    name = f"{LETTER_OF}{column}"
    return sheets[name].to_list() if name in sheets.columns else [None] * sheets.height


def _bases(
    dataset: Dataset, targets: pl.DataFrame, observed: tuple[Received, pl.DataFrame] | None
) -> pl.DataFrame:
    """Return exact figures of the Decembers before the target years, without those with a break_id."""
    needed = targets.select("district", "indicator", year=pl.col("year") - 1).unique()
    is_december = (pl.col("month") == 12) & (pl.col("level") == "")
    rows = Store(dataset.path / "store").scan_observations().filter(is_december)
    if observed:
        received, figures = observed
        received_rows = to_table_rows(figures.filter(is_december), "observations", received.sheets)
        rows = pl.concat([rows, received_rows.lazy().with_columns(intake_id=pl.lit(_LATEST_ID))])
    exact = current(rows.join(needed.lazy(), on=_DECEMBER, how="semi")).filter(
        pl.col("status") == "reported", pl.col("bound") == "exact", pl.col("break_id").is_null()
    )
    facts = dataset.indicators.select("decimals", "unit", indicator="id")
    frame = exact.collect().join(facts, on="indicator", maintain_order="left")
    digit = 0.5 * 10.0 ** -pl.col("decimals").cast(pl.Float64)
    # An integer count is not rounded.
    is_integer_count = pl.col("unit").is_in(sorted(COUNT_UNITS)) & (
        pl.col("value") == pl.col("value").round()
    )
    half = pl.when(is_integer_count & (pl.col("half") <= 0.5)).then(0.0).otherwise("half")
    return half_unit(frame, "reported", "value", digit, "half").select(
        "district", "indicator", pl.col("year") + 1, base="value", half=half
    )
