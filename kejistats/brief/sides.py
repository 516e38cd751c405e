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
    """Return the bundles of what is compared, and of what it is compared with.

    Parameters
    ----------
    dataset
        The data set.
    district, checkpoint
        What is compared; an empty checkpoint is the latest.
    other_district, other_checkpoint
        Another district at the same checkpoint, or the same district at another; give exactly one.

    Returns
    -------
    tuple of Bundle
        The two bundles, each with ``breaks`` (break id of its figures by indicator) and
        ``cumulative`` (indicators whose figures accumulate through the year).

    Raises
    ------
    UsageError
        When not exactly one of district and checkpoint differs, or a district is unknown or has
        neither figures nor targets.
    """
    code, at = dataset.district(district), dataset.checkpoint(checkpoint)
    other_code = code if other_district == "" else dataset.district(other_district)
    other_at = at if other_checkpoint == "" else dataset.checkpoint(other_checkpoint)
    if (code == other_code) == (at == other_at):
        problem = (
            "the same twice" if code == other_code else "another district at another checkpoint"
        )
        available = ", ".join(str(c) for c in dataset.checkpoints() if c != at)
        raise UsageError(
            f"nothing to compare: {code} {at} with {other_code} {other_at} is {problem}",
            f"give either other_checkpoint ({available}) or other_district",
        )
    cumulative = _cumulative(dataset.indicators)
    sides = []
    for side_code, side_at in ((code, at), (other_code, other_at)):
        bundle = make_bundle(dataset, side_at, side_code)
        broken = (pl.col("district") == side_code, pl.col("year") == side_at.year,
                  pl.col("month") == side_at.month, pl.col("break_id").is_not_null())  # fmt: skip
        rows = history(dataset.observations, dataset.districts, dataset.indicators).filter(*broken)
        breaks = {
            f"{indicator}@{level}" if level else indicator: break_id
            for indicator, level, break_id in rows.select("indicator", "level", "break_id")
            .collect()
            .iter_rows()
        }
        extra: dict[str, Any] = {"breaks": breaks, "cumulative": cumulative}
        sides.append(Bundle(bundle.content | extra))
    return sides[0], sides[1]


def _cumulative(indicators: pl.DataFrame) -> list[str]:
    """Return the flows, and the ratios of a flow to an indicator that is not a flow."""
    measure = dict(indicators.select("id", "measure").iter_rows())
    flows = {i for i, kind in measure.items() if kind == "flow"}
    return [
        i
        for i, numerator, denominator in indicators.select(
            "id", "numerator", "denominator"
        ).iter_rows()
        if i in flows or (numerator in flows and denominator not in flows)
    ]
