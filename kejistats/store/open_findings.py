"""Find the open findings: those not resolved by a later figure or a new version of the file."""

from __future__ import annotations

import polars as pl

from kejistats.model.quantity import WITHDRAWN
from kejistats.model.tables import Finding

_KEY, _ROW = ["district", "indicator", "year"], ["level", "month"]


def still_open(
    findings: pl.DataFrame, observations: pl.DataFrame, targets: pl.DataFrame, active: pl.DataFrame
) -> pl.DataFrame:
    """Return the findings that nothing has resolved since.

    A finding is resolved by a later figure or target with its key, or by a new version of its
    file, whose own findings then replace it. A blank cell resolves nothing.

    Parameters
    ----------
    findings, observations, targets
        The tables of the store.
    active
        The receipts of intakes that were not withdrawn.
    """
    not_blank = (pl.col("status") != "missing") | (pl.col("reported") == WITHDRAWN)
    latest = pl.col("intake_id").max().alias("_later")
    no_row = {"level": pl.lit(None, dtype=pl.String), "month": pl.lit(None, dtype=pl.Int64)}
    later = [
        observations.filter(not_blank).group_by([*_KEY, *_ROW]).agg(latest),
        targets.group_by(_KEY).agg(latest).with_columns(**no_row),
    ]
    versions = active.select(intake_id="id", _new_version=_latest_version())
    joined = findings.join(
        pl.concat(later, how="diagonal"), on=[*_KEY, *_ROW], how="left", nulls_equal=True,
        maintain_order="left",
    ).join(versions, on="intake_id", how="left", maintain_order="left")  # fmt: skip
    since = pl.max_horizontal(pl.col("_later", "_new_version").fill_null(""))
    return joined.filter(since <= pl.col("intake_id")).select(Finding.columns())


def is_same_file(identity: str | None, name: str) -> pl.Expr:
    """Return whether a receipt is of an earlier version of a file.

    Fill-in workbooks are identified by the receipt column ``form``, whatever their name. Other
    files are identified by name, but two districts may use the same name.

    Parameters
    ----------
    identity
        Value of ``form`` for the file; None if it has none.
    name
        The file's name.
    """
    by_name = pl.col("file") == name
    if identity is None:
        return by_name
    return (pl.col("form") == identity).fill_null(by_name)


def _latest_version() -> pl.Expr:
    """Return the id of the latest receipt of a new version of the file, or of the same content."""
    no_identity = pl.col("form").is_null()
    version = pl.when("supersedes").then(pl.col("id"))
    by_name = pl.when(no_identity).then(version).max().over("file")
    by_identity = pl.max_horizontal(version.max().over("form"), by_name)
    return pl.max_horizontal(
        pl.when(no_identity).then(version.max().over("file")).otherwise(by_identity),
        pl.col("id").max().over("sha256"),
    )
