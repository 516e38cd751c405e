"""The two sides of a comparison: bundles of one district or two, at one checkpoint or two."""

from __future__ import annotations

from typing import Any

import polars as pl

from kejistats.brief.bundle import Bundle
from kejistats.brief.bundle_builder import make_bundle
from kejistats.dataset import Dataset
from kejistats.metrics.history import history
from kejistats.model.errors import UsageError


def make_sides(
    dataset: Dataset,
    district: str | int,
    checkpoint: str | int = "",
    other_district: str | int = "",
    other_checkpoint: str | int = "",
) -> tuple[Bundle, Bundle]:
    """Return what is compared, and what it is compared with.

    Parameters
    ----------
    dataset
        The data set.
    district, checkpoint
        What is compared; the latest checkpoint when empty.
    other_district, other_checkpoint
        Another district at the same checkpoint, or the same one at another; one of both is given.

    Returns
    -------
    tuple of Bundle
        Two bundles of briefs, each with ``breaks``, the definitions its figures are on by
        indicator, and ``cumulative``, the indicators whose figures grow through the year.

    Raises
    ------
    UsageError
        When neither or both of the others are given, or they name the same again; and when a
        district is unknown or has nothing to show.
    """
    one, at = dataset.district(district), dataset.checkpoint(checkpoint)
    other = one if other_district == "" else dataset.district(other_district)
    then = at if other_checkpoint == "" else dataset.checkpoint(other_checkpoint)
    if (one == other) == (at == then):
        what = "the same twice" if one == other else "another district at another checkpoint"
        known = ", ".join(str(c) for c in dataset.checkpoints() if c != at)
        raise UsageError(
            f"nothing to compare: {one} {at} with {other} {then} is {what}",
            f"give either other_checkpoint ({known}) or other_district",
        )
    cumulative = _cumulative(dataset.indicators)
    found = []
    for code, when in ((one, at), (other, then)):
        bundle = make_bundle(dataset, when, code)
        own = (pl.col("district") == code, pl.col("year") == when.year,
               pl.col("month") == when.month, pl.col("break_id").is_not_null())  # fmt: skip
        rows = history(dataset.observations, dataset.districts, dataset.indicators).filter(*own)
        breaks = {
            f"{indicator}@{level}" if level else indicator: break_id
            for indicator, level, break_id in rows.select("indicator", "level", "break_id")
            .collect()
            .iter_rows()
        }
        more: dict[str, Any] = {"breaks": breaks, "cumulative": cumulative}
        found.append(Bundle(bundle.content | more))
    return found[0], found[1]


def _cumulative(indicators: pl.DataFrame) -> list[str]:
    """Return the flows, and the ratios of a flow to what is no flow."""
    measure = dict(indicators.select("id", "measure").iter_rows())
    flows = {i for i, kind in measure.items() if kind == "flow"}
    return [
        i
        for i, above, below in indicators.select("id", "numerator", "denominator").iter_rows()
        if i in flows or (above in flows and below not in flows)
    ]
