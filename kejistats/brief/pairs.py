"""One indicator on both sides of a comparison: the difference, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass, field

from kejistats.brief.bundle import Bundle
from kejistats.brief.view import View, views
from kejistats.model.numbers import format_signed


@dataclass(frozen=True)
class Pair:
    """One indicator on both sides.

    Parameters
    ----------
    subject, reference
        What is compared (A below), and with what (B); None where a side has no row.
    breaks
        The break id of each side's figure; empty for the usual definition.
    cumulative
        Whether its figures accumulate through the year.
    """

    subject: View | None
    reference: View | None
    breaks: tuple[str, str] = ("", "")
    cumulative: bool = False
    view: View = field(init=False)

    def __post_init__(self) -> None:
        """Set the view that names and prints the indicator: the subject's, else the reference's."""
        view = self.subject or self.reference
        assert view is not None, "a pair has at least one side"  # noqa: S101
        object.__setattr__(self, "view", view)

    @property
    def reason(self) -> str:
        """Key of the text why there is no difference; empty where there is one."""
        subject, reference = self.subject, self.reference
        if subject is None or reference is None:
            return "absent"
        for view in (subject, reference):
            if not view.reported:
                if view.no_total:
                    return "no_total"
                return "not_expected" if view.not_expected else str(view["status"])
        if any(v["bound"] != "exact" or v["value_upper"] is not None for v in (subject, reference)):
            return "bound"
        if self.breaks[0] != self.breaks[1]:
            return "break"
        months = {v.checkpoint.elapsed(v["as_of"]) for v in (subject, reference)}
        if self.cumulative and len(months) > 1:
            return "months"
        return "grade" if subject["grade"] != reference["grade"] else ""

    @property
    def difference(self) -> float | None:
        """A − B in the indicator's unit; None where `reason` is not empty."""
        if self.reason or self.subject is None or self.reference is None:
            return None
        return float(self.subject["value"]) - float(self.reference["value"])

    @property
    def rate(self) -> float | None:
        """(A − B) / B as a fraction; needs B > 0 and A ≥ 0, not of points (definitions §7)."""
        if self.difference is None or self.subject is None or self.reference is None:
            return None
        base = float(self.reference["value"])
        if self.view.in_points or base <= 0 or self.subject["value"] < 0:
            return None
        return self.difference / base

    @property
    def distance(self) -> str:
        """The difference with its unit, without its sign."""
        return self.view.distance(self.difference or 0.0)

    @property
    def sign(self) -> int:
        """+1 where A is printed higher than B, −1 where lower, else 0."""
        value = self.difference or 0.0
        if not any(digit in self.distance for digit in "123456789"):
            return 0
        return 1 if value > 0 else -1

    def signed_distance(self) -> str:
        """Print the difference with its sign and unit."""
        return f"{('−', '', '+')[self.sign + 1]}{self.distance}"

    def percentage(self) -> str:
        """Print the difference in percent with its sign; empty where there is none."""
        return "" if self.rate is None else f"{format_signed(self.rate * 100, 1)}%"


def make_pairs(subject: Bundle, reference: Bundle) -> list[Pair]:
    """Pair the indicators of both sides, in the order of the registry."""
    subjects, references = ({v.id: v for v in views(side)} for side in (subject, reference))
    merged = {**references, **subjects}
    order = sorted(merged, key=lambda i: (merged[i].indicator["order"], i))
    cumulative = {*subject.content.get("cumulative", [])}
    return [
        Pair(
            subjects.get(i),
            references.get(i),
            (_break(subject, i), _break(reference, i)),
            merged[i].indicator["id"] in cumulative,
        )
        for i in order
    ]


def _break(side: Bundle, indicator: str) -> str:
    return str(side.content.get("breaks", {}).get(indicator, ""))
