"""Whether a printed figure follows from the printed figures it was made of (definitions §10)."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import polars as pl

from kejistats.model.errors import UsageError
from kejistats.model.quantity import NotANumberError, parse

# Relative difference below which two figures are one: binary noise.
EPS = 1e-9
_DIGITS = re.compile(r"[^\d]*(\d+)(?:\.(\d+))?")
_EXPONENT = re.compile(r"\d[eE][-+]?\d")

Number = TypeVar("Number", float, pl.Expr)


@dataclass(frozen=True)
class Printed:
    """A figure as printed, and how far from it the figure before rounding may lie.

    Parameters
    ----------
    value
        The figure.
    half
        Half a unit of its last printed decimal, in the unit of `value`; 0 where nothing was
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
            Whether it counts something: a whole count is not rounded.

        Raises
        ------
        UsageError
            Where the text is no exact figure or does not show its decimals.
        """
        try:
            said = parse(text)
        except NotANumberError as error:
            raise UsageError(str(error)) from None
        clean = re.sub(r"[,\s]", "", unicodedata.normalize("NFKC", text))
        digits = _DIGITS.match(clean)
        exact = said.bound == "exact" and said.upper is None
        if said.value is None or not exact or digits is None or _EXPONENT.search(clean):
            raise UsageError(
                f"{text!r} does not tell how it was rounded", "a figure in digits, such as 2071.8"
            )
        decimals = digits[2] or ""
        shown = float(f"{digits[1]}.{decimals or 0}")
        scale = abs(said.value) / shown if shown > 0 else 1.0
        half = 0.5 * 10.0 ** -len(decimals) * scale
        whole = counted and half <= 0.5 and said.value == round(said.value)
        return cls(said.value, 0.0 if whole else half)


class Interval(NamedTuple):
    """Where a figure may lie, both ends included."""

    low: float
    high: float


ANYTHING = Interval(-math.inf, math.inf)


def quotient_ends(a: Number, half_a: Number, b: Number, half_b: Number) -> tuple[Number, Number]:
    """Return the lowest and the highest a ÷ b that figures rounded by so much allow.

    For a ≥ 0 and b > half_b; numbers or polars expressions.

    Examples
    --------
    >>> quotient_ends(9.0, 1.0, 5.0, 1.0)
    (1.3333333333333333, 2.5)
    """
    return (a - half_a) / (b + half_b), (a + half_a) / (b - half_b)


def difference_ends(a: Number, half_a: Number, b: Number, half_b: Number) -> tuple[Number, Number]:
    """Return the lowest and the highest a − b that figures rounded by so much allow.

    Numbers or polars expressions.

    Examples
    --------
    >>> difference_ends(9.0, 1.0, 5.0, 0.5)
    (2.5, 5.5)
    """
    return a - b - half_a - half_b, a - b + half_a + half_b


def growth_interval(figure: Printed, base: Printed) -> Interval:
    """Return the growth in % that two printed figures allow: (A / B − 1) × 100.

    Where the base may be zero or a figure is negative, nothing follows: any growth is allowed.

    Examples
    --------
    >>> low, high = growth_interval(Printed.read("22143.6"), Printed.read("19677.9"))
    >>> round(low, 4), round(high, 4)
    (12.5298, 12.5308)
    """
    ratio = _ratio(figure, base)
    return Interval((ratio.low - 1) * 100, (ratio.high - 1) * 100)


def difference_interval(figure: Printed, base: Printed) -> Interval:
    """Return the change A − B that two printed figures allow, in their unit.

    Examples
    --------
    >>> low, high = difference_interval(Printed.read("2.40"), Printed.read("2.24"))
    >>> round(low, 3), round(high, 3)
    (0.15, 0.17)
    """
    return Interval(*difference_ends(figure.value, figure.half, base.value, base.half))


def share_interval(part: Printed, whole: Printed) -> Interval:
    """Return the share in % that two printed figures allow: A / W × 100.

    Where the whole may be zero or a figure is negative, nothing follows: any share is allowed.

    Examples
    --------
    >>> low, high = share_interval(Printed.read("27436.5"), Printed.read("33357.1"))
    >>> round(low, 4), round(high, 4)
    (82.2506, 82.2511)
    """
    ratio = _ratio(part, whole)
    return Interval(ratio.low * 100, ratio.high * 100)


def follows(printed: Printed, low: float, high: float) -> bool:
    """Return whether a printed figure may have been rounded from one between two ends.

    Examples
    --------
    >>> allowed = growth_interval(Printed.read("22143.6"), Printed.read("19677.9"))
    >>> follows(Printed.read("12.5"), *allowed), follows(Printed.read("12.6"), *allowed)
    (True, False)
    """
    slack = EPS * (1 + min(abs(low), abs(high)))
    return printed.value + printed.half >= low - slack and (
        printed.value - printed.half <= high + slack
    )


def _ratio(a: Printed, b: Printed) -> Interval:
    if a.value < 0 or b.value <= b.half:
        return ANYTHING
    return Interval(*quotient_ends(a.value, a.half, b.value, b.half))
