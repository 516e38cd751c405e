"""The assessment of all districts at one checkpoint: its rules, every part, and the totals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from kejistats.assessment.declaration import Rules
from kejistats.assessment.score_totals import totals
from kejistats.assessment.scores import scores
from kejistats.metrics.totals import valid_at
from kejistats.model.errors import UsageError
from kejistats.model.period import Checkpoint


@dataclass(frozen=True)
class Assessed:
    """An assessment made.

    Parameters
    ----------
    rules
        What ``assessment.toml`` declares.
    checkpoint
        The checkpoint.
    scores
        The Score table: one row per district and part.
    totals
        The Assessment table: one row per district.
    """

    rules: Rules
    checkpoint: Checkpoint
    scores: pl.DataFrame
    totals: pl.DataFrame

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        shown = self.totals.sort("rank_best", "rank_worst", maintain_order=True)
        return {"text/html": shown._repr_html_(), "text/plain": str(shown)}


def assess(
    metrics: pl.DataFrame,
    districts: pl.DataFrame,
    indicators: pl.DataFrame,
    rules: Rules,
    at: Checkpoint,
    *,
    parent: str,
    as_known: date | None = None,
) -> Assessed:
    """Score and rank the districts of a parent.

    Parameters
    ----------
    metrics
        Metric table of the checkpoint.
    districts, indicators
        District and Indicator tables.
    rules
        The assessment.
    at
        The checkpoint.
    parent
        Code of the total whose districts are assessed.
    as_known
        The day whose knowledge counts: what is not there before its release is then not due.

    Raises
    ------
    UsageError
        When the assessment is not held at the checkpoint, or there is nobody to assess.

    Examples
    --------
    >>> from kejistats.assessment.declaration import Item, Rules
    >>> from kejistats.assessment.scoring_rules import Completion
    >>> from kejistats.model.registry import read_registry
    >>> from kejistats.model.tables import District, Metric
    >>> base = {"indicator": "patent_granted", "level": "", "year": 2025, "month": 6,
    ...     "bound": "exact", "target": 100.0, "target_kind": "total", "yoy_reason":
    ...     "base_missing", "share_reason": "no_parent", "first_time": False, "tied": False,
    ...     "rank_shown": False}
    >>> metrics = Metric.conform(pl.DataFrame([
    ...     base | {"district": "1", "status": "reported", "value": 60.0, "attainment": 0.6,
    ...             "attainment_bound": "exact", "progress": "ahead"},
    ...     base | {"district": "2", "status": "masked", "value": None, "attainment": None,
    ...             "attainment_bound": None, "progress": "masked"}]))
    >>> units = District.conform(pl.DataFrame(
    ...     [{"code": "0", "name": "市", "parent": None, "kind": "total"}]
    ...     + [{"code": c, "name": c, "parent": "0", "kind": "district"} for c in "12"]))
    >>> rules = Rules("考核", (Item("授权", "patent_granted", "", "attainment", Completion(100)),))
    >>> made = assess(metrics, units, read_registry(), rules, Checkpoint(2025, 6), parent="0")
    >>> made.totals.select("score", "low", "high", "rank_best", "rank_worst").rows()
    [(60.0, 60.0, 60.0, 1, 2), (None, 0.0, 100.0, 1, 2)]
    """
    if not rules.held_at(at):
        raise UsageError(f"{rules.title} is not held at {at}", _held(rules))
    units = (
        districts.filter(
            pl.col("parent") == parent,
            pl.col("kind").is_in(rules.kinds),
            valid_at(pl.lit(at.end)),
        )
        .with_columns(_group=pl.struct("parent", "kind", "group").rank("dense"))
        .sort("_group", maintain_order=True)
    )
    if units.is_empty():
        raise UsageError(
            f"no {' or '.join(rules.kinds)} of {parent} is there at {at}",
            "see kinds in assessment.toml, and districts.csv",
        )
    parts = scores(metrics, units, indicators, rules, at, as_known)
    return Assessed(rules, at, parts, totals(parts, units, rules))


def _held(rules: Rules) -> str:
    when = [f"months {', '.join(map(str, rules.months))}"] if rules.months else []
    when += [f"since {rules.since}"] if rules.since else []
    when += [f"until {rules.until}"] if rules.until else []
    return f"it is held: {', '.join(when)}"
