"""Print the figures of a Metric row, each column in its own format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kejistats.model.numbers import format_amount, format_number, format_percent, format_signed
from kejistats.model.units import COUNT_UNITS

BOUND_MARKS = {
    "exact": "", "about": "约", "at_least": "≥", "more_than": ">", "at_most": "≤",
    "less_than": "<",
}  # fmt: skip
# Which method of Printer prints which columns.
_COLUMNS_BY_KIND = {
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
    "rank": ["rank", "yoy_rank", "attainment_rank"],
    "rank_change": ["rank_change"],
    "count": ["ranked", "peers", "yoy_ranked", "attainment_ranked"],
}  # fmt: skip
PRINT_KINDS = {column: kind for kind, columns in _COLUMNS_BY_KIND.items() for column in columns}


class Printer:
    """Prints figures of one indicator.

    Parameters
    ----------
    indicator
        Its Indicator row.
    peer_unit
        Measure word for districts.

    Examples
    --------
    >>> printed = Printer({"unit": "件", "decimals": 0, "growth": "percent"})
    >>> printed.amount(215, "at_least"), printed.amount(85.4166), printed.difference(-3)
    ('≥215件', '85.4件', '−3件')
    >>> printed.column("yoy", -0.0311), printed.column("rank", 3)
    ('−3.1%', '第3位')
    """

    def __init__(self, indicator: Mapping[str, Any], peer_unit: str = "家") -> None:
        self.unit = str(indicator["unit"])
        # One more decimal for computed ratios, so that a printed difference can be checked.
        self.decimals = int(indicator["decimals"]) + bool(indicator.get("numerator"))
        self.points_only = indicator["growth"] == "points"
        self.peer_unit = peer_unit

    def column(self, column: str, value: float, bound: str | None = "exact") -> str:
        """Print the value of a column of the Metric table."""
        text = getattr(self, PRINT_KINDS[column])(value)
        return f"{'方向不定，约' if bound is None else BOUND_MARKS[bound]}{text}"

    def amount(self, value: float, bound: str = "exact") -> str:
        """Print an amount with its unit; a fractional count, such as 85.4件, with one decimal."""
        is_fractional_count = (
            self.unit in COUNT_UNITS | {"人年"} and abs(value - round(value)) > 1e-9
        )
        text = format_amount(
            value, self.unit, max(self.decimals, 1) if is_fractional_count else self.decimals
        )
        return BOUND_MARKS[bound] + text.replace("-", "−")

    def distance(self, value: float) -> str:
        """Print a difference without a sign; between percentages in 个百分点."""
        return self._in_points(self.amount(value))

    def difference(self, value: float) -> str:
        """Print a difference with its sign; between percentages in 个百分点."""
        text = self._in_points(self.amount(abs(value)))
        if not any(digit in text for digit in "123456789"):
            return text
        return f"{'+' if value > 0 else '−'}{text}"

    def _in_points(self, amount: str) -> str:
        return f"{amount[:-1]}个百分点" if self.unit == "%" else amount

    def fraction(self, value: float) -> str:
        """Print a share; a completion rate below 1 is never printed as 100.0%."""
        return format_percent(value, below=1).replace("-", "−")

    def rate(self, value: float) -> str:
        """Print a growth rate with its sign."""
        return f"{format_signed(value * 100, 1)}%"

    def growth(self, value: float) -> str:
        """Print growth as a rate, or in points for an indicator whose growth is in points."""
        if not self.points_only:
            return self.rate(value)
        unit = "个百分点" if self.unit == "%" else self.unit
        return f"{format_signed(value, max(self.decimals, 1))}{unit}"

    def points(self, value: float) -> str:
        """Print percentage points."""
        return f"{format_signed(value, 2)}个百分点"

    def number(self, value: float, limits: tuple[float, ...] = ()) -> str:
        """Print a number without a unit, with enough decimals to differ from the limits."""
        decimals = 2
        while decimals < 9 and any(
            format_number(value, decimals) == format_number(limit, decimals)
            and abs(value - limit) > 1e-9
            for limit in limits
        ):
            decimals += 1
        return format_number(value, decimals).replace("-", "−")

    def year(self, value: float) -> str:
        """Print a year."""
        return f"{format_number(value)}年"

    def month(self, value: float) -> str:
        """Print the month after whose end a target starts."""
        return f"自{format_number(value)}月末起算" if value else "自年初起算"

    def rank(self, value: float) -> str:
        """Print a rank."""
        return f"第{format_number(value)}位"

    def rank_change(self, value: float) -> str:
        """Print a change of rank."""
        if value == 0:
            return "不变"
        return f"{'上升' if value > 0 else '下降'}{format_number(abs(value))}位"

    def count(self, value: float) -> str:
        """Print a number of districts."""
        return f"{format_number(value)}{self.peer_unit}"


def months_text(value: float) -> str:
    """Print a number of months, a fractional one with two decimals.

    Examples
    --------
    >>> months_text(6.0), months_text(5.5)
    ('6个月', '5.50个月')
    """
    return f"{format_number(value, 0 if value == round(value) else 2)}个月"
