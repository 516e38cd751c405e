"""Figures of a Metric row as they are printed, by column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kejistats.model.numbers import percent, plain, quantity, signed
from kejistats.model.units import COUNT_UNITS

MARKS = {
    "exact": "", "about": "约", "at_least": "≥", "more_than": ">", "at_most": "≤",
    "less_than": "<",
}  # fmt: skip
# How each column is printed, by the methods of Printed.
_KINDS = {
    "amount": [
        "value", "value_upper", "target", "target_upper", "target_base", "target_original",
        "base", "increment", "previous", "outlook_low", "outlook_high", "leader", "median",
        "benchmark",
    ],
    "distance": ["due", "gap", "surplus", "required_per_month"],
    "difference": [
        "pace_gap", "change", "since_year_end", "yoy_points", "to_leader", "to_median",
        "to_benchmark",
    ],
    "fraction": [
        "attainment", "share_due", "share_due_low", "share_due_high", "share",
        "contribution_rate", "leader_ratio", "median_ratio", "benchmark_ratio",
    ],
    "rate": ["yoy", "required_growth", "observed_cagr", "required_cagr"],
    "growth": ["published_growth", "two_year_average", "period_on_period"],
    "points": ["pace_gap_points", "contribution"],
    "number": ["pace_ratio", "required_multiple", "cagr_ratio"],
    "year": ["target_year"],
    "month": ["target_start"],
    "place": ["rank", "yoy_rank", "attainment_rank"],
    "places": ["rank_change"],
    "count": ["ranked", "peers", "yoy_ranked", "attainment_ranked"],
}  # fmt: skip
KINDS = {column: kind for kind, columns in _KINDS.items() for column in columns}


class Printed:
    """Prints figures of one indicator.

    Parameters
    ----------
    indicator
        Its Indicator row.
    peer_unit
        Measure word of districts.

    Examples
    --------
    >>> printed = Printed({"unit": "件", "decimals": 0, "growth": "percent"})
    >>> printed.amount(215, "at_least"), printed.amount(85.4166), printed.difference(-3)
    ('≥215件', '85.4件', '−3件')
    >>> printed.column("yoy", -0.0311), printed.column("rank", 3)
    ('−3.1%', '第3位')
    """

    def __init__(self, indicator: Mapping[str, Any], peer_unit: str = "家") -> None:
        self.unit = str(indicator["unit"])
        # Of a ratio computed here one more decimal, so that differences of two can be followed.
        self.decimals = int(indicator["decimals"]) + bool(indicator.get("numerator"))
        self.points_only = indicator["growth"] == "points"
        self.peer_unit = peer_unit

    def column(self, column: str, value: float, bound: str | None = "exact") -> str:
        """Print the value of a column of the Metric table."""
        text = getattr(self, KINDS[column])(value)
        return f"{'方向不定，约' if bound is None else MARKS[bound]}{text}"

    def amount(self, value: float, bound: str = "exact") -> str:
        """Print an amount with its unit; parts of a count, such as 85.4件, with one decimal."""
        whole = self.unit in COUNT_UNITS | {"人年"} and abs(value - round(value)) > 1e-9
        text = quantity(value, self.unit, max(self.decimals, 1) if whole else self.decimals)
        return MARKS[bound] + text.replace("-", "−")

    def distance(self, value: float) -> str:
        """Print a difference without a sign; of percentages in 个百分点."""
        return self._points_of(self.amount(value))

    def difference(self, value: float) -> str:
        """Print a difference with its sign."""
        text = self._points_of(self.amount(abs(value)))
        if not any(digit in text for digit in "123456789"):
            return text
        return f"{'+' if value > 0 else '−'}{text}"

    def _points_of(self, amount: str) -> str:
        return f"{amount[:-1]}个百分点" if self.unit == "%" else amount

    def fraction(self, value: float) -> str:
        """Print a share; a rate of completion below one never as 100.0%."""
        return percent(value, below=1).replace("-", "−")

    def rate(self, value: float) -> str:
        """Print a rate of growth with its sign."""
        return f"{signed(value * 100, 1)}%"

    def growth(self, value: float) -> str:
        """Print growth: a rate, or points of an indicator that changes in points."""
        if not self.points_only:
            return self.rate(value)
        unit = "个百分点" if self.unit == "%" else self.unit
        return f"{signed(value, max(self.decimals, 1))}{unit}"

    def points(self, value: float) -> str:
        """Print percentage points."""
        return f"{signed(value, 2)}个百分点"

    def number(self, value: float, limits: tuple[float, ...] = ()) -> str:
        """Print a number without a unit, with decimals enough to tell it from some limits."""
        decimals = 2
        while decimals < 9 and any(
            plain(value, decimals) == plain(limit, decimals) and abs(value - limit) > 1e-9
            for limit in limits
        ):
            decimals += 1
        return plain(value, decimals).replace("-", "−")

    def year(self, value: float) -> str:
        """Print a year."""
        return f"{plain(value)}年"

    def month(self, value: float) -> str:
        """Print the month from whose end a target runs."""
        return f"自{plain(value)}月末起算" if value else "自年初起算"

    def place(self, value: float) -> str:
        """Print a rank."""
        return f"第{plain(value)}位"

    def places(self, value: float) -> str:
        """Print a change of rank."""
        if value == 0:
            return "不变"
        return f"{'上升' if value > 0 else '下降'}{plain(abs(value))}位"

    def count(self, value: float) -> str:
        """Print a number of districts."""
        return f"{plain(value)}{self.peer_unit}"


def months(value: float) -> str:
    """Print a number of months, parts of one with two decimals.

    Examples
    --------
    >>> months(6.0), months(5.5)
    ('6个月', '5.50个月')
    """
    return f"{plain(value, 0 if value == round(value) else 2)}个月"
