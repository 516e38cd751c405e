"""Score and rank the districts of a parent at one checkpoint by declared rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from kejistats.assessment.declaration import Rules
from kejistats.assessment.score_totals import total_scores
from kejistats.assessment.scores import score_parts
from kejistats.metrics.totals import valid_at
from kejistats.model.errors import UsageError
from kejistats.model.period import Checkpoint


@dataclass(frozen=True)
class AssessmentResult:
    """The scores and ranks of all assessed districts at one checkpoint.

    Parameters
    ----------
    rules
        The rules they were scored by, as ``assessment.toml`` declares them.
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
        ranking = self.totals.sort("rank_best", "rank_worst", maintain_order=True)
        return {"text/html": ranking._repr_html_(), "text/plain": str(ranking)}


def assess(
    metrics: pl.DataFrame,
    districts: pl.DataFrame,
    indicators: pl.DataFrame,
    rules: Rules,
    at: Checkpoint,
    *,
    parent: str,
    as_known: date | None = None,
) -> AssessmentResult:
    """Score and rank the districts of a parent at a checkpoint.

    Parameters
    ----------
    metrics
        Metric table of the checkpoint.
    districts, indicators
        District and Indicator tables.
    rules
        Items, bonuses and red lines to score by.
    at
        The checkpoint.
    parent
        Code of the parent whose districts are assessed.
    as_known
        Assess with what was known on this day; a figure not yet released by then is not due.

    Raises
    ------
    UsageError
        When the rules do not apply at the checkpoint, or the parent has no district of the
        assessed kinds.

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
    >>> districts = District.conform(pl.DataFrame(
    ...     [{"code": "0", "name": "市", "parent": None, "kind": "total"}]
    ...     + [{"code": c, "name": c, "parent": "0", "kind": "district"} for c in "12"]))
    >>> rules = Rules("考核", (Item("授权", "patent_granted", "", "attainment", Completion(100)),))
    >>> result = assess(metrics, districts, read_registry(), rules, Checkpoint(2025, 6), parent="0")
    >>> result.totals.select("score", "low", "high", "rank_best", "rank_worst").rows()
    [(60.0, 60.0, 60.0, 1, 2), (None, 0.0, 100.0, 1, 2)]
    """
    if not rules.applies_at(at):
        raise UsageError(f"{rules.title} does not apply at {at}", _schedule(rules))
    assessed = (
        districts.filter(
            pl.col("parent") == parent,
            pl.col("kind").is_in(rules.kinds),
            valid_at(pl.lit(at.end)),
        )
        .with_columns(_group=pl.struct("parent", "kind", "group").rank("dense"))
        .sort("_group", maintain_order=True)
    )
    if assessed.is_empty():
        raise UsageError(
            f"{parent} has no {' or '.join(rules.kinds)} at {at}",
            "check kinds in assessment.toml, and valid_from and valid_to in districts.csv",
        )
    parts = score_parts(metrics, assessed, indicators, rules, at, as_known)
    return AssessmentResult(rules, at, parts, total_scores(parts, assessed, rules))


def _schedule(rules: Rules) -> str:
    limits = [f"months {', '.join(map(str, rules.months))}"] if rules.months else []
    limits += [f"since {rules.since}"] if rules.since else []
    limits += [f"until {rules.until}"] if rules.until else []
    return f"assessment.toml limits it to: {', '.join(limits)}"
