"""The scoring rules: how a figure or a rank becomes points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl


@dataclass(frozen=True)
class Completion:
    """Capped completion: weight × a completion rate, clipped to 0 … `cap` (完成率计分).

    Parameters
    ----------
    weight
        Points at a rate of 1.
    cap
        Rate beyond which points no longer rise; 1.1 gives up to 110 % of the weight.
    """

    kind: ClassVar[str] = "completion"
    weight: float
    cap: float = 1.0

    @property
    def max_points(self) -> float:
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
        return _without_noise(figure).clip(0.0, self.cap) * self.weight


@dataclass(frozen=True)
class Interval:
    """Linear between `floor`, which gives no points, and `full`, which gives all (区间计分).

    Parameters
    ----------
    weight
        Points at `full` and beyond.
    floor, full
        In the unit of the figure; `full` is below `floor` where less is better.
    """

    kind: ClassVar[str] = "interval"
    weight: float
    floor: float
    full: float

    @property
    def max_points(self) -> float:
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
        share = (_without_noise(figure) - self.floor) / (self.full - self.floor)
        return _without_noise(share).clip(0.0, 1.0) * self.weight


@dataclass(frozen=True)
class Steps:
    """Points by steps, without interpolation (分档计分).

    Parameters
    ----------
    weight
        Points of the highest step.
    steps
        (threshold, points), each step worth more than the one before; thresholds fall where less
        is better. A figure equal to a threshold has reached it; below the first step there are no
        points.
    """

    kind: ClassVar[str] = "steps"
    weight: float
    steps: tuple[tuple[float, float], ...]

    @property
    def max_points(self) -> float:
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
        figure = _without_noise(figure)
        points = pl.lit(0.0)
        for threshold, step_points in self.steps:
            reached = figure <= threshold if self.falling else figure >= threshold
            points = pl.when(reached).then(pl.lit(float(step_points))).otherwise(points)
        return points


@dataclass(frozen=True)
class RankPoints:
    """Points by rank among the peers (位次计分).

    Parameters
    ----------
    weight
        Points of rank 1.
    table
        Points of each rank from 1 on; empty if `step` is used.
    step
        Points lost with each rank down.
    least
        Points of all ranks beyond the table; lower limit of points by `step`.
    ties
        best: tied districts all get the points of the rank they share (1, 2, 2, 4); average: the
        mean over the ranks they occupy.
    peers
        all: a rank stays open while any peer's figure is open; reported: the rank is final among
        the peers that have a figure, whatever arrives later.
    """

    kind: ClassVar[str] = "rank"
    weight: float
    table: tuple[float, ...] = ()
    step: float = 0.0
    least: float = 0.0
    ties: str = "best"
    peers: str = "all"

    @property
    def max_points(self) -> float:
        """The most points."""
        return self.weight

    def points_at(self, rank: int) -> float:
        """Return the points of one rank, counted from 1.

        Examples
        --------
        >>> [RankPoints(10, step=0.5, least=4).points_at(rank) for rank in (1, 2, 30)]
        [10.0, 9.5, 4.0]
        >>> [RankPoints(10, (10, 8, 7), least=5).points_at(rank) for rank in (1, 3, 4)]
        [10.0, 7.0, 5.0]
        """
        if self.table:
            return float(self.table[rank - 1] if rank <= len(self.table) else self.least)
        return float(max(self.weight - self.step * (rank - 1), self.least))

    def points(self, rank: int, sharing: int = 1) -> float:
        """Return the points of a rank that `sharing` districts share.

        Examples
        --------
        >>> rule = RankPoints(10, (10, 8, 7), least=5, ties="average")
        >>> rule.points(2, sharing=2), RankPoints(10, (10, 8, 7)).points(2, sharing=2)
        (7.5, 8.0)
        """
        if self.ties == "best":
            return self.points_at(rank)
        return sum(self.points_at(rank + offset) for offset in range(sharing)) / sharing


@dataclass(frozen=True)
class PerUnit:
    """Points for each unit of a figure above `over`, up to `cap` (加分).

    Parameters
    ----------
    each
        Points per unit of the figure: per 家, per percent of growth, per 100 % of the target.
    cap
        The most points.
    over
        The figure above which points are counted.
    """

    kind: ClassVar[str] = "each"
    each: float
    cap: float
    over: float = 0.0

    @property
    def weight(self) -> float:
        """The most points: a bonus has no weight of its own."""
        return self.cap

    @property
    def max_points(self) -> float:
        """The most points."""
        return self.cap

    def points(self, figure: pl.Expr) -> pl.Expr:
        """Return the points of a figure.

        Examples
        --------
        >>> rule = PerUnit(0.5, 3, over=2)
        >>> pl.select(rule.points(pl.Series([1.0, 4.0, 99.0]))).to_series().to_list()
        [0.0, 1.0, 3.0]
        """
        return _without_noise((_without_noise(figure) - self.over) * self.each).clip(0.0, self.cap)


# Rules that need only the district's own figure, not those of its peers; and all rules.
FigureRule = Completion | Interval | Steps | PerUnit
Rule = FigureRule | RankPoints


def _without_noise(figure: pl.Expr | pl.Series) -> pl.Expr:
    """Return a figure rounded to 12 digits.

    A quotient that equals a threshold on paper must not miss it by floating-point noise.
    """
    expression = pl.lit(figure) if isinstance(figure, pl.Series) else figure
    return expression.round_sig_figs(12)
