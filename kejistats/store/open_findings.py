"""Which findings are still open: a later figure or a later state of the file answers one."""

from __future__ import annotations

import polars as pl

from kejistats.model.quantity import WITHDRAWN
from kejistats.model.tables import Finding

_KEY, _ROW = ["district", "indicator", "year"], ["level", "month"]


def unanswered(
    findings: pl.DataFrame, observations: pl.DataFrame, targets: pl.DataFrame, active: pl.DataFrame
) -> pl.DataFrame:
    """Return the findings that nothing has answered since.

    A finding is answered by a later figure or target under its key, or by a later state of the
    same file, whose own findings count then. A blank answers nothing.

    Parameters
    ----------
    findings, observations, targets
        The tables of the store.
    active
        The receipts that were not taken back.
    """
    given = (pl.col("status") != "missing") | (pl.col("reported") == WITHDRAWN)
    latest = pl.col("intake_id").max().alias("_later")
    no_row = {"level": pl.lit(None, dtype=pl.String), "month": pl.lit(None, dtype=pl.Int64)}
    later = [
        observations.filter(given).group_by([*_KEY, *_ROW]).agg(latest),
        targets.group_by(_KEY).agg(latest).with_columns(**no_row),
    ]
    again = active.select(intake_id="id", _again=_latest_state())
    joined = findings.join(
        pl.concat(later, how="diagonal"), on=[*_KEY, *_ROW], how="left", nulls_equal=True,
        maintain_order="left",
    ).join(again, on="intake_id", how="left", maintain_order="left")  # fmt: skip
    since = pl.max_horizontal(pl.col("_later", "_again").fill_null(""))
    return joined.filter(since <= pl.col("intake_id")).select(Finding.columns())


def same_file(form: str | None, name: str) -> pl.Expr:
    """Return which receipts are of earlier states of a file.

    A fill-in workbook is the same whatever it is called. Other files go by their names, but two
    districts may well call theirs the same.
    """
    by_name = pl.col("file") == name
    if form is None:
        return by_name
    return (pl.col("form") == form).fill_null(by_name)


def _latest_state() -> pl.Expr:
    """Return the id of the latest receipt of a later state of the file, or of the same content."""
    unmarked = pl.col("form").is_null()
    state = pl.when("supersedes").then(pl.col("id"))
    by_name = pl.when(unmarked).then(state).max().over("file")
    by_form = pl.max_horizontal(state.max().over("form"), by_name)
    return pl.max_horizontal(
        pl.when(unmarked).then(state.max().over("file")).otherwise(by_form),
        pl.col("id").max().over("sha256"),
    )
