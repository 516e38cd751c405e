"""What ``assessment.toml`` declares: items, bonuses, red lines and the rules that combine them."""

from __future__ import annotations

from dataclasses import dataclass, field

from kejistats.assessment.scoring_rules import Rule
from kejistats.model.period import Checkpoint

# The figures a part can be scored on, and whether each needs a target. Rates are fractions,
# growth is in % or points like growth targets, a value is in the registry's unit.
FIGURES = {
    "value": False, "growth": False, "share": False,
    "attainment": True, "pace_ratio": True, "pace_gap_points": True,
}  # fmt: skip
FRACTIONS = ["attainment", "pace_ratio", "share"]
# The figures that have a rank in the Metric table, and its column (definitions §8).
RANK_COLUMNS = {"value": "rank", "growth": "yoy_rank", "attainment": "attainment_rank"}
DISTRICT_KINDS = ["district", "zone"]
MISSING_POLICIES = ["open", "zero"]
ABSENCE_POLICIES = ["open", "zero", "full", "reweight"]
TIES = ["best", "average"]
PEERS = ["all", "reported"]
PROGRESS_TRIGGERS = ["near", "slow", "behind"]


@dataclass(frozen=True)
class Item:
    """A scored part: an item with a weight, or a bonus.

    Parameters
    ----------
    name
        As printed on pages; unique among the parts of an assessment.
    indicator, level
        Id in the registry; programme level, empty for the total over levels.
    figure
        One of `FIGURES`.
    rule
        How the figure becomes points.
    """

    name: str
    indicator: str
    level: str
    figure: str
    rule: Rule


@dataclass(frozen=True)
class RedLine:
    """A red line (红线、一票否决): caps or fails the total of a district that crosses it.

    Exactly one of `progress`, `below`, `above` and `unreported` is set.

    Parameters
    ----------
    name
        As printed on pages.
    indicator, level, figure
        As for an item; `figure` is only used with `below` and `above`.
    cap
        Upper limit of the total once the line is crossed; 0 for a line that fails it.
    fail
        Whether crossing it fails the assessment (一票否决).
    progress
        Crossed at this progress code or a worse one: near, slow, behind.
    below, above
        Crossed beyond this threshold, not at it.
    unreported
        Crossed by a district that did not report; a masked figure counts as reported.
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
    """The content of an ``assessment.toml``.

    Parameters
    ----------
    title
        As printed on pages.
    items, bonuses, red_lines
        The parts, in the order declared.
    total
        The sum of the weights.
    bonus_cap
        Upper limit of all bonuses together.
    decimals
        Decimals of printed points.
    kinds
        Kinds of districts that are assessed; each is ranked among its own peers.
    missing
        Points of a figure that was not reported: open (anything from none to full) or zero.
    not_applicable, no_target
        Points of a figure that does not apply to the district (无此项), or has no target to be
        judged against: open, zero, full, or reweight, which spreads the weight over the other
        items.
    months
        Months whose checkpoints are assessed; empty for all.
    since, until
        First and last checkpoint that is assessed.
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

    def applies_at(self, at: Checkpoint) -> bool:
        """Return whether a checkpoint is assessed."""
        in_time = (self.since is None or self.since <= at) and (
            self.until is None or at <= self.until
        )
        return in_time and (not self.months or at.month in self.months)
