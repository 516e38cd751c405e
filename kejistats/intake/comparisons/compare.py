"""Run all comparison rules on the figures of one intake (definitions §11)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import polars as pl

from kejistats.intake.comparisons.chain_stages import stage_over_before
from kejistats.intake.comparisons.figures import FINDING_SCHEMA, Figures, build_figures
from kejistats.intake.comparisons.printed_rates import (
    attainment_differs,
    growth_differs,
    percent_slip,
    rank_differs,
    share_differs,
)
from kejistats.intake.comparisons.single_figures import before_release, jump, over_masked, unit_slip
from kejistats.intake.comparisons.sums import (
    districts_differ,
    part_over_whole,
    parts_differ,
    share_over_100,
)
from kejistats.intake.comparisons.within_year import within_year
from kejistats.model.settings import Checks

Rule = Callable[[Figures], pl.DataFrame]


def compare(
    fresh: pl.DataFrame,
    stored: pl.DataFrame,
    targets: pl.DataFrame,
    districts: pl.DataFrame,
    indicators: pl.DataFrame,
    checks: Checks,
    scope: str,
    today: date,
    chains: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Compare the figures of one intake with the store, with each other and with printed results.

    The rules run in order. A figure with a finding is excluded from all later rules, as an
    operand too, so that one fault gives one finding. Only exact figures are compared.

    Parameters
    ----------
    fresh
        Accepted rows of the intake: Observation without ``intake_id``, with ``_n`` (index of the
        row; of two rows with one key the higher counts), printed_attainment and printed_share
        (percent), printed_rank, and the received texts _growth_text, _attainment_text, _share_text.
    stored
        Current Observation rows of the store, one per key.
    targets
        Target table with all vintages.
    districts, indicators
        District and Indicator tables.
    checks
        Thresholds of the rules.
    scope
        Word for the parent of the districts, such as 全市.
    today
        Day of the intake, for figures without a date of publication.
    chains
        Chain table; its stages are compared where one must not exceed the previous one.

    Returns
    -------
    polars.DataFrame
        One row per finding, sorted by ``_n``: _n, rule, column (of the faulty cell), wrong and
        right (Chinese). All are warnings.
    """
    figures = build_figures(fresh, stored, districts, indicators)
    findings = [pl.DataFrame(schema=FINDING_SCHEMA)]
    if figures.rows.is_empty():
        return findings[0]
    rules: list[Rule] = [
        over_masked,
        lambda f: before_release(f, today),
        lambda f: unit_slip(f, checks),
        lambda f: percent_slip(f, checks),
        lambda f: jump(f, checks),
        lambda f: within_year(f, checks),
        growth_differs,
        lambda f: attainment_differs(f, targets),
        lambda f: share_differs(f, scope),
        rank_differs,
        part_over_whole,
        lambda f: stage_over_before(f, chains),
        parts_differ,
        lambda f: share_over_100(f, scope),
        lambda f: districts_differ(f, scope),
    ]
    for rule in rules:
        rule_findings = rule(figures)
        figures = figures.without(rule_findings)
        findings.append(rule_findings)
    return pl.concat(findings).sort("_n")
