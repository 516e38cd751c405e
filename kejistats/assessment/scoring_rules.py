"""The rules of scoring: how points follow from a figure or from a place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl


@dataclass(frozen=True)
class Completion:
    """Capped completion: weight × a rate, from 0 up to `cap` (完成率计分).

    Parameters
    ----------
    weight
        Points at a rate of 1.
    cap
        Rate from which on no more is given; 1.1 gives up to 110 % of the weight.
    """

    kind: ClassVar[str] = "completion"
    weight: float
    cap: float = 1.0

    @property
    def most(self) -> float:
        """The most points."""
        return self.weight * self.cap

    def points(self, figure: pl.Expr) -> pl.Expr:
        """Return the points of a figure.

        Examples
        --------
        >>> rule = Completion(10, 1.1)
        >>> pl.select(rule.points(pl.Series([-0.2, 0.925, 1.1, 3.0]))).to_series().to_list()
        [0.0, 9.25, 11.0, 11.0]
        """
        return _steady(figure).clip(0.0, self.cap) * self.weight


@dataclass(frozen=True)
class Interval:
    """Linear between `floor`, which gives nothing, and `full`, which gives all (区间计分).

    Parameters
    ----------
    weight
        Points at `full` and beyond.
    floor, full
        In the figure's own terms; `full` below `floor` where less is better.
    """

    kind: ClassVar[str] = "interval"
    weight: float
    floor: float
    full: float

    @property
    def most(self) -> float:
        """The most points."""
        return self.weight

    def points(self, figure: pl.Expr) -> pl.Expr:
        """Return the points of a figure.

        Examples
        --------
        >>> up, down = Interval(10, 0, 8), Interval(10, 60, 40)
        >>> pl.select(up.points(pl.Series([-3.0, 2.0, 9.0]))).to_series().to_list()
        [0.0, 2.5, 10.0]
        >>> pl.select(down.points(pl.Series([70.0, 50.0, 40.0]))).to_series().to_list()
        [0.0, 5.0, 10.0]
        """
        part = (_steady(figure) - self.floor) / (self.full - self.floor)
        return _steady(part).clip(0.0, 1.0) * self.weight


@dataclass(frozen=True)
class Steps:
    """Points by steps, never in between (分档计分).

    Parameters
    ----------
    weight
        Points of the highest step.
    steps
        (threshold, points), each better than the one before; thresholds fall where less is
        better. A figure on a threshold has reached it; one that reaches none has no points.
    """

    kind: ClassVar[str] = "steps"
    weight: float
    steps: tuple[tuple[float, float], ...]

    @property
    def most(self) -> float:
        """The most points."""
        return self.weight

    @property
    def falling(self) -> bool:
        """Whether less is better."""
        return len(self.steps) > 1 and self.steps[1][0] < self.steps[0][0]

    def points(self, figure: pl.Expr) -> pl.Expr:
        """Return the points of a figure.

        Examples
        --------
        >>> rule = Steps(10, ((0.6, 4), (0.8, 7), (1.0, 10)))
        >>> pl.select(rule.points(pl.Series([0.59, 0.6, 0.99, 1.2]))).to_series().to_list()
        [0.0, 4.0, 7.0, 10.0]
        """
        figure = _steady(figure)
        points = pl.lit(0.0)
        for threshold, given in self.steps:
            reached = figure <= threshold if self.falling else figure >= threshold
            points = pl.when(reached).then(pl.lit(float(given))).otherwise(points)
        return points


@dataclass(frozen=True)
class Places:
    """Points by rank among the peers (位次计分).

    Parameters
    ----------
    weight
        Points of the first place.
    table
        Points of each place from the first on; empty where `step` says them.
    step
        Points that each place down costs.
    least
        Points of all places beyond the table, and the fewest that steps leave.
    ties
        best: all that tie have the points of the place they share (1, 2, 2, 4); average: the
        mean of the places they fill.
    peers
        all: the place is open while a peer's figure is; reported: it is that among the peers who
        have one, whatever comes in later.
    """

    kind: ClassVar[str] = "rank"
    weight: float
    table: tuple[float, ...] = ()
    step: float = 0.0
    least: float = 0.0
    ties: str = "best"
    peers: str = "all"

    @property
    def most(self) -> float:
        """The most points."""
        return self.weight

    def of(self, place: int) -> float:
        """Return the points of one place, counted from 1.

        Examples
        --------
        >>> [Places(10, step=0.5, least=4).of(place) for place in (1, 2, 30)]
        [10.0, 9.5, 4.0]
        >>> [Places(10, (10, 8, 7), least=5).of(place) for place in (1, 3, 4)]
        [10.0, 7.0, 5.0]
        """
        if self.table:
            return float(self.table[place - 1] if place <= len(self.table) else self.least)
        return float(max(self.weight - self.step * (place - 1), self.least))

    def points(self, place: int, sharing: int = 1) -> float:
        """Return the points of a place that so many share.

        Examples
        --------
        >>> rule = Places(10, (10, 8, 7), least=5, ties="average")
        >>> rule.points(2, sharing=2), Places(10, (10, 8, 7)).points(2, sharing=2)
        (7.5, 8.0)
        """
        if self.ties == "best":
            return self.of(place)
        return sum(self.of(place + more) for more in range(sharing)) / sharing


@dataclass(frozen=True)
class Each:
    """So many points for each unit of a figure above `over`, up to `cap` (加分).

    Parameters
    ----------
    each
        Points per unit of the figure: per 家, per percentage of growth, per whole target.
    cap
        The most points.
    over
        Where counting starts.
    """

    kind: ClassVar[str] = "each"
    each: float
    cap: float
    over: float = 0.0

    @property
    def weight(self) -> float:
        """The most points: what is added has no weight of its own."""
        return self.cap

    @property
    def most(self) -> float:
        """The most points."""
        return self.cap

    def points(self, figure: pl.Expr) -> pl.Expr:
        """Return the points of a figure.

        Examples
        --------
        >>> pl.select(Each(0.5, 3, over=2).points(pl.Series([1.0, 4.0, 99.0]))).to_series().to_list()
        [0.0, 1.0, 3.0]
        """
        return _steady((_steady(figure) - self.over) * self.each).clip(0.0, self.cap)


# What follows from a district's own figure alone, and all rules.
ByFigure = Completion | Interval | Steps | Each
Rule = ByFigure | Places


def _steady(figure: pl.Expr | pl.Series) -> pl.Expr:
    """Return a figure without the noise that a quotient carries in its last digits.

    What is exactly on a threshold on paper must be so here.
    """
    expression = pl.lit(figure) if isinstance(figure, pl.Series) else figure
    return expression.round_sig_figs(12)
