"""A weighted assessment (综合考核) as ``assessment.toml`` declares it: items, bonuses, red lines."""

from __future__ import annotations

from dataclasses import dataclass, field

from kejistats.assessment.scoring_rules import Rule
from kejistats.model.period import Checkpoint

# What an item may be judged by, and whether a target is needed for it. Rates are fractions,
# growth is in % or points as growth targets are, a figure is in the registry's unit.
FIGURES = {
    "value": False, "growth": False, "share": False,
    "attainment": True, "pace_ratio": True, "pace_gap_points": True,
}  # fmt: skip
FRACTIONS = ["attainment", "pace_ratio", "share"]
# The Metric table ranks these (definitions §8).
RANKED = {"value": "rank", "growth": "yoy_rank", "attainment": "attainment_rank"}
KINDS = ["district", "zone"]
MISSING = ["open", "zero"]
UNJUDGED = ["open", "zero", "full", "reweight"]
TIES = ["best", "average"]
PEERS = ["all", "reported"]
BREACHES = ["near", "slow", "behind"]


@dataclass(frozen=True)
class Item:
    """What is scored: an item with a weight, or a bonus.

    Parameters
    ----------
    name
        As pages print it; no two parts of an assessment share one.
    indicator, level
        Id of the registry; programme level, empty for the total over levels.
    figure
        One of `FIGURES`.
    rule
        How points follow from the figure.
    """

    name: str
    indicator: str
    level: str
    figure: str
    rule: Rule


@dataclass(frozen=True)
class RedLine:
    """What caps or fails the total of who crosses it (红线、一票否决).

    Exactly one of `progress`, `below`, `above` and `unreported` says when.

    Parameters
    ----------
    name
        As pages print it.
    indicator, level, figure
        As for an item; `figure` counts for `below` and `above`.
    cap
        The most that the total may then be; 0 fails it.
    fail
        Whether it is said to fail (一票否决).
    progress
        Crossed at this progress code or a worse one: near, slow, behind.
    below, above
        Crossed beyond this threshold, not on it.
    unreported
        Crossed by who did not report; a masked figure is reported.
    """

    name: str
    indicator: str
    level: str
    figure: str
    cap: float
    fail: bool
    progress: str = ""
    below: float | None = None
    above: float | None = None
    unreported: bool = False


@dataclass(frozen=True)
class Rules:
    """A whole ``assessment.toml``.

    Parameters
    ----------
    title
        As pages print it.
    items, bonuses, red_lines
        Its parts, in their order.
    total
        What the weights sum to.
    bonus_cap
        The most that all bonuses together add.
    decimals
        Decimals of printed points.
    kinds
        Kinds of districts that are assessed; each is ranked among its own peers.
    missing
        What a figure not reported scores: open (nothing yet, up to full) or zero.
    not_applicable, no_target
        The same where there is no such thing (无此项), or no target to hold a figure against:
        open, zero, full, or reweight, which spreads the weight over the other items.
    months
        Months at whose end it is held; empty = any checkpoint.
    since, until
        First and last checkpoint it is held at.
    """

    title: str
    items: tuple[Item, ...]
    bonuses: tuple[Item, ...] = ()
    red_lines: tuple[RedLine, ...] = ()
    total: float = 100.0
    bonus_cap: float = 0.0
    decimals: int = 2
    kinds: tuple[str, ...] = field(default=("district",))
    missing: str = "open"
    not_applicable: str = "open"
    no_target: str = "open"
    months: tuple[int, ...] = ()
    since: Checkpoint | None = None
    until: Checkpoint | None = None

    def held_at(self, at: Checkpoint) -> bool:
        """Return whether there is an assessment at a checkpoint."""
        in_time = (self.since is None or self.since <= at) and (
            self.until is None or at <= self.until
        )
        return in_time and (not self.months or at.month in self.months)
