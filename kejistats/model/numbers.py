"""The one number formatter: rounding, scaling for reading, signs (definitions §10)."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

from kejistats.model.errors import UsageError
from kejistats.model.units import MONEY, money_unit

_TWELVE_DIGITS = Context(prec=12)
_AMOUNT = re.compile(r"([-−]?[\d.]+)(.*)")
_WIDE = Context(prec=400)  # room for any float with any decimals


def rounded(value: float, decimals: int) -> Decimal:
    """Round half away from zero on the printed decimal, after 12 significant digits.

    Binary fractions such as 0.285 sit just below their decimal; twelve significant digits
    first restore what was meant (definitions §10).

    Examples
    --------
    >>> rounded(82.25, 1), rounded(0.285, 2), rounded(-0.5, 0)
    (Decimal('82.3'), Decimal('0.29'), Decimal('-1'))
    """
    result = _meant(value).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP, _WIDE)
    return result or abs(result)


def _meant(value: float) -> Decimal:
    """Return the figure that a binary fraction stands for: twelve significant digits."""
    return _TWELVE_DIGITS.create_decimal(Decimal(repr(float(value))))


def plain(value: float, decimals: int = 0) -> str:
    """Print a number with fixed decimals and no separators.

    Examples
    --------
    >>> plain(215.0), plain(5.916, 2), plain(-0.04, 1)
    ('215', '5.92', '0.0')
    """
    return f"{rounded(value, decimals):f}"


def signed(value: float, decimals: int = 0) -> str:
    """Print a number with its sign, a true minus; zero has none.

    Examples
    --------
    >>> signed(11.43, 1), signed(-33.3, 1), signed(-0.04, 1)
    ('+11.4', '−33.3', '0.0')
    """
    shown = rounded(value, decimals)
    sign = "+" if shown > 0 else "−" if shown < 0 else ""
    return f"{sign}{abs(shown):f}"


def percent(fraction: float, decimals: int = 1, *, below: float | None = None) -> str:
    """Print a fraction as a percentage.

    Parameters
    ----------
    fraction
        0.614 prints as 61.4%.
    decimals
        Decimals of the percentage.
    below
        A bound that must not be reached by rounding: an attainment of 0.9996 prints as 99.9%
        with ``below=1``, since 100.0% would say the target was met (definitions §6).

    Examples
    --------
    >>> percent(0.61428), percent(0.9996, below=1), percent(0.9996)
    ('61.4%', '99.9%', '100.0%')
    """
    shown = rounded(fraction * 100, decimals)
    if below is not None and fraction < below and shown >= Decimal(repr(below * 100)):
        shown = Decimal(repr(below * 100)) - Decimal(1).scaleb(-decimals)
        return f"{shown.quantize(Decimal(1).scaleb(-decimals)):f}%"
    return f"{shown:f}%"


def quantity(value: float, unit: str, decimals: int = 0, *, trim: bool = True) -> str:
    """Print an amount with its unit, scaled for reading.

    Money moves between 元, 万元 and 亿元, in sentences without trailing zeros (``trim``),
    in tables with them, so that decimals stand under decimals; counts from 100,000 on are printed in 万 with two
    decimals. A percentage has its sign attached.

    Examples
    --------
    >>> quantity(215, "家"), quantity(18.6, "亿元", 2), quantity(0.081681, "亿元", 2)
    ('215家', '18.6亿元', '817万元')
    >>> quantity(34390617.24, "万元"), quantity(283134, "件"), quantity(2.65, "%", 2)
    ('3439.06亿元', '28.31万件', '2.65%')
    """
    if unit in MONEY:
        shown = money_unit(value, unit)
        if shown != unit:
            larger = MONEY[shown] > MONEY[unit]
            value *= MONEY[unit] / MONEY[shown]
            decimals = 2 if larger else max(0, decimals - 4)
        digits = plain(value, decimals)
        return f"{digits.rstrip('0').rstrip('.') if trim and '.' in digits else digits}{shown}"
    if abs(value) >= 1e5 and "/" not in unit and not unit.startswith("万"):
        return f"{plain(value / 1e4, 2)}万{unit}"
    return f"{plain(value, decimals)}{unit}"


def between(low: str, high: str) -> str:
    """Join two printed amounts as an interval, their common unit once; one where they are equal.

    Examples
    --------
    >>> between("432家", "453家"), between("817万元", "1.2亿元"), between("4家", "4家")
    ('432—453家', '817万元—1.2亿元', '4家')
    """
    if low == high:
        return low
    (number, unit), (_, other) = (_AMOUNT.fullmatch(text).groups() for text in (low, high))  # type: ignore[union-attr]  # every printed amount has this form
    # A percentage keeps its sign at both ends.
    return f"{number if unit == other != '%' else low}—{high}"


def count_up(value: float) -> int:
    """Round a required count up: 14.2857 家 a month needs 15 (definitions §6).

    Examples
    --------
    >>> count_up(100 / 7), count_up(2.0000000000001)
    (15, 2)
    """
    return math.ceil(float(rounded(value, 9)))


def vanishes(share: float, digits: int = 1) -> bool:
    """Return whether a share above zero would be printed as 0 %.

    Examples
    --------
    >>> vanishes(0.0004), vanishes(0.0005), vanishes(0.0)
    (True, False, False)
    """
    return share > 0 and rounded(share * 100, digits) == 0


def balanced(parts: Sequence[float], decimals: int = 0) -> list[Decimal]:
    """Return what percentage of their sum parts are, adding up to 100 exactly as printed.

    By largest remainder: every percentage is cut off behind the printed decimal, and the units
    still missing go to those that lost most, of equal losses to the first listed
    (definitions §10).

    Parameters
    ----------
    parts
        The parts of a whole, in one unit; none is negative and one at least is not zero.
    decimals
        Decimals of the percentages.

    Returns
    -------
    list of decimal.Decimal
        A percentage for every part, in their order; that of 0 is 0.

    Raises
    ------
    UsageError
        Where percentages cannot add up to 100: no parts, all of them zero, or one negative or
        not finite.

    Examples
    --------
    >>> [str(p) for p in balanced([13, 27])], [str(p) for p in balanced([1, 1, 1], 1)]
    (['33', '67'], ['33.4', '33.3', '33.3'])
    """
    if not all(math.isfinite(part) and part >= 0 for part in parts) or not any(parts):
        raise UsageError(
            f"parts {list(parts)} have no percentages that add up to 100",
            "parts are numbers from 0 up, one at least above 0",
        )
    exact = [Fraction(_meant(part)) for part in parts]
    units = 100 * 10**decimals
    due = [units * part / sum(exact) for part in exact]
    cut = [math.floor(share) for share in due]
    by_loss = sorted(range(len(cut)), key=lambda i: cut[i] - due[i])  # stable: the first listed
    for i in by_loss[: units - sum(cut)]:
        cut[i] += 1
    return [Decimal(share).scaleb(-decimals) for share in cut]
