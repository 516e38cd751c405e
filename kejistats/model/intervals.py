"""Check whether a printed figure is consistent with the rounded figures it derives from.

Each printed figure stands for an interval, as wide as its rounding (definitions §10); growth,
differences and shares of such figures are intervals too.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import polars as pl

from kejistats.model.errors import UsageError
from kejistats.model.quantity import NotANumberError, parse

# Relative difference below which two figures are equal: floating-point noise.
EPS = 1e-9
_DIGITS = re.compile(r"[^\d]*(\d+)(?:\.(\d+))?")
_EXPONENT = re.compile(r"\d[eE][-+]?\d")

Number = TypeVar("Number", float, pl.Expr)


@dataclass(frozen=True)
class Printed:
    """A figure as printed, with the largest rounding error it may contain.

    Parameters
    ----------
    value
        The figure.
    half
        Half a unit of its last printed decimal, in the unit of `value`; 0 where it was not
        rounded.

    Examples
    --------
    >>> Printed.read("2071.8"), Printed.read("5,700万元"), Printed.read("-36.0%")
    (Printed(value=2071.8, half=0.05), Printed(value=57000000.0, half=5000.0), Printed(value=-36.0, half=0.05))
    >>> Printed.read("215家", counted=True), Printed.read("3.2万家", counted=True)
    (Printed(value=215.0, half=0.0), Printed(value=32000.0, half=500.0))
    """

    value: float
    half: float

    @classmethod
    def read(cls, text: str, *, counted: bool = False) -> Printed:
        """Read an exact figure written in digits.

        Parameters
        ----------
        text
            The figure as printed, with or without its unit.
        counted
            Whether it is a count: a count printed without decimals is not rounded.

        Raises
        ------
        UsageError
            When the text is not an exact figure or does not show its decimals.
        """
        try:
            quantity = parse(text)
        except NotANumberError as error:
            raise UsageError(str(error)) from None
        clean = re.sub(r"[,\s]", "", unicodedata.normalize("NFKC", text))
        digits = _DIGITS.match(clean)
        exact = quantity.bound == "exact" and quantity.upper is None
        if quantity.value is None or not exact or digits is None or _EXPONENT.search(clean):
            raise UsageError(
                f"{text!r} does not show how it was rounded", "write digits, such as 2071.8"
            )
        decimals = digits[2] or ""
        shown = float(f"{digits[1]}.{decimals or 0}")
        scale = abs(quantity.value) / shown if shown > 0 else 1.0
        half = 0.5 * 10.0 ** -len(decimals) * scale
        unrounded = counted and half <= 0.5 and quantity.value == round(quantity.value)
        return cls(quantity.value, 0.0 if unrounded else half)


class Interval(NamedTuple):
    """The range in which a figure may lie, both ends included."""

    low: float
    high: float


UNBOUNDED = Interval(-math.inf, math.inf)


def quotient_ends(a: Number, half_a: Number, b: Number, half_b: Number) -> tuple[Number, Number]:
    """Return the lowest and highest a ÷ b, given the rounding errors of both figures.

    Parameters
    ----------
    a, b
        The figures, a ≥ 0 and b > half_b; numbers or polars expressions.
    half_a, half_b
        The largest rounding error of each, in its unit.

    Examples
    --------
    >>> quotient_ends(9.0, 1.0, 5.0, 1.0)
    (1.3333333333333333, 2.5)
    """
    return (a - half_a) / (b + half_b), (a + half_a) / (b - half_b)


def difference_ends(a: Number, half_a: Number, b: Number, half_b: Number) -> tuple[Number, Number]:
    """Return the lowest and highest a − b, given the rounding errors of both figures.

    Parameters are those of `quotient_ends`, without limits on a and b.

    Examples
    --------
    >>> difference_ends(9.0, 1.0, 5.0, 0.5)
    (2.5, 5.5)
    """
    return a - b - half_a - half_b, a - b + half_a + half_b


def growth_interval(figure: Printed, base: Printed) -> Interval:
    """Return the range of growth in % of two printed figures: (A / B − 1) × 100.

    Unbounded where the base may be zero or the figure is negative.

    Examples
    --------
    >>> low, high = growth_interval(Printed.read("22143.6"), Printed.read("19677.9"))
    >>> round(low, 4), round(high, 4)
    (12.5298, 12.5308)
    """
    ratio = _ratio(figure, base)
    return Interval((ratio.low - 1) * 100, (ratio.high - 1) * 100)


def difference_interval(figure: Printed, base: Printed) -> Interval:
    """Return the range of the change A − B of two printed figures, in their unit.

    Examples
    --------
    >>> low, high = difference_interval(Printed.read("2.40"), Printed.read("2.24"))
    >>> round(low, 3), round(high, 3)
    (0.15, 0.17)
    """
    return Interval(*difference_ends(figure.value, figure.half, base.value, base.half))


def share_interval(part: Printed, total: Printed) -> Interval:
    """Return the range of the share in % of two printed figures: part / total × 100.

    Unbounded where the total may be zero or the part is negative.

    Examples
    --------
    >>> low, high = share_interval(Printed.read("27436.5"), Printed.read("33357.1"))
    >>> round(low, 4), round(high, 4)
    (82.2506, 82.2511)
    """
    ratio = _ratio(part, total)
    return Interval(ratio.low * 100, ratio.high * 100)


def is_consistent(printed: Printed, low: float, high: float) -> bool:
    """Return whether a printed figure may be the rounding of a figure from low to high.

    Examples
    --------
    >>> allowed = growth_interval(Printed.read("22143.6"), Printed.read("19677.9"))
    >>> is_consistent(Printed.read("12.5"), *allowed), is_consistent(Printed.read("12.6"), *allowed)
    (True, False)
    """
    slack = EPS * (1 + min(abs(low), abs(high)))
    return printed.value + printed.half >= low - slack and (
        printed.value - printed.half <= high + slack
    )


def _ratio(a: Printed, b: Printed) -> Interval:
    """Return the range of a ÷ b; unbounded where b may be zero or a is negative."""
    if a.value < 0 or b.value <= b.half:
        return UNBOUNDED
    return Interval(*quotient_ends(a.value, a.half, b.value, b.half))
