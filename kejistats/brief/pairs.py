"""An indicator on the two sides of a comparison: the difference, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass, field

from kejistats.brief.bundle import Bundle
from kejistats.brief.view import View, views
from kejistats.model.numbers import signed


@dataclass(frozen=True)
class Pair:
    """One indicator on both sides.

    Parameters
    ----------
    one, other
        What is compared, and with what; None where a side has no row.
    breaks
        The definition of each side's figure, empty for the usual one.
    cumulative
        Whether its figures grow through the year.
    """

    one: View | None
    other: View | None
    breaks: tuple[str, str] = ("", "")
    cumulative: bool = False
    view: View = field(init=False)

    def __post_init__(self) -> None:
        """Take the words from a side that is there."""
        found = self.one or self.other
        assert found is not None, "a pair has a side"  # noqa: S101
        object.__setattr__(self, "view", found)

    @property
    def reason(self) -> str:
        """Key of the words for why there is no difference; empty where there is one."""
        one, other = self.one, self.other
        if one is None or other is None:
            return "absent"
        for view in (one, other):
            if not view.reported:
                if view.no_total:
                    return "no_total"
                return "not_expected" if view.not_expected else str(view["status"])
        if any(v["bound"] != "exact" or v["value_upper"] is not None for v in (one, other)):
            return "bound"
        if self.breaks[0] != self.breaks[1]:
            return "break"
        months = {v.checkpoint.elapsed(v["as_of"]) for v in (one, other)}
        if self.cumulative and len(months) > 1:
            return "months"
        return "grade" if one["grade"] != other["grade"] else ""

    @property
    def difference(self) -> float | None:
        """A − B in the indicator's unit; None where a reason says why there is none."""
        if self.reason or self.one is None or self.other is None:
            return None
        return float(self.one["value"]) - float(self.other["value"])

    @property
    def rate(self) -> float | None:
        """(A − B) / B as a fraction, for B > 0 and A ≥ 0, never of points (definitions §7)."""
        if self.difference is None or self.one is None or self.other is None:
            return None
        base = float(self.other["value"])
        if self.view.in_points or base <= 0 or self.one["value"] < 0:
            return None
        return self.difference / base

    @property
    def apart(self) -> str:
        """Print the difference without its sign."""
        return self.view.distance(self.difference or 0.0)

    @property
    def way(self) -> int:
        """+1 where A is higher as printed, −1 where it is lower, else 0."""
        value = self.difference or 0.0
        if not any(digit in self.apart for digit in "123456789"):
            return 0
        return 1 if value > 0 else -1

    def number(self) -> str:
        """Print the difference with its sign."""
        return f"{('−', '', '+')[self.way + 1]}{self.apart}"

    def percentage(self) -> str:
        """Print the difference in percent with its sign; empty where there is none."""
        return "" if self.rate is None else f"{signed(self.rate * 100, 1)}%"


def pairs(one: Bundle, other: Bundle) -> list[Pair]:
    """Return the indicators of both sides, in the order of the registry."""
    left, right = ({v.id: v for v in views(side)} for side in (one, other))
    found = {**right, **left}
    order = sorted(found, key=lambda i: (found[i].indicator["order"], i))
    cumulative = {*one.content.get("cumulative", [])}
    return [
        Pair(
            left.get(i),
            right.get(i),
            (_break(one, i), _break(other, i)),
            found[i].indicator["id"] in cumulative,
        )
        for i in order
    ]


def _break(side: Bundle, indicator: str) -> str:
    return str(side.content.get("breaks", {}).get(indicator, ""))
