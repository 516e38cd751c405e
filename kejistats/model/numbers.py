"""Number formatting for all pages: rounding, scaling to readable units, signs (definitions §10)."""

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
_WIDE_CONTEXT = Context(prec=400)  # enough digits for any float with any number of decimals


def round_half_up(value: float, decimals: int) -> Decimal:
    """Round half away from zero on the printed decimal, after 12 significant digits.

    A float such as 0.285 is stored slightly below its decimal value; cutting to twelve
    significant digits first restores it (definitions §10).

    Examples
    --------
    >>> round_half_up(82.25, 1), round_half_up(0.285, 2), round_half_up(-0.5, 0)
    (Decimal('82.3'), Decimal('0.29'), Decimal('-1'))
    """
    result = _to_twelve_digits(value).quantize(
        Decimal(1).scaleb(-decimals), ROUND_HALF_UP, _WIDE_CONTEXT
    )
    return result or abs(result)


def _to_twelve_digits(value: float) -> Decimal:
    """Return the decimal a float stands for, to twelve significant digits."""
    return _TWELVE_DIGITS.create_decimal(Decimal(repr(float(value))))


def format_number(value: float, decimals: int = 0) -> str:
    """Format a number with fixed decimals and no separators.

    Examples
    --------
    >>> format_number(215.0), format_number(5.916, 2), format_number(-0.04, 1)
    ('215', '5.92', '0.0')
    """
    return f"{round_half_up(value, decimals):f}"


def format_signed(value: float, decimals: int = 0) -> str:
    """Format a number with its sign, + or a true minus; zero has none.

    Examples
    --------
    >>> format_signed(11.43, 1), format_signed(-33.3, 1), format_signed(-0.04, 1)
    ('+11.4', '−33.3', '0.0')
    """
    shown = round_half_up(value, decimals)
    sign = "+" if shown > 0 else "−" if shown < 0 else ""
    return f"{sign}{abs(shown):f}"


def format_percent(fraction: float, decimals: int = 1, *, below: float | None = None) -> str:
    """Format a fraction as a percentage.

    Parameters
    ----------
    fraction
        For example 0.614, printed as 61.4%.
    decimals
        Number of decimals of the percentage.
    below
        A fraction that rounding must not reach: an attainment of 0.9996 is printed as 99.9%
        with ``below=1``, since 100.0% would mean that the target was met (definitions §6).

    Examples
    --------
    >>> format_percent(0.61428), format_percent(0.9996, below=1), format_percent(0.9996)
    ('61.4%', '99.9%', '100.0%')
    """
    shown = round_half_up(fraction * 100, decimals)
    if below is not None and fraction < below and shown >= Decimal(repr(below * 100)):
        shown = Decimal(repr(below * 100)) - Decimal(1).scaleb(-decimals)
        return f"{shown.quantize(Decimal(1).scaleb(-decimals)):f}%"
    return f"{shown:f}%"


def format_amount(value: float, unit: str, decimals: int = 0, *, trim: bool = True) -> str:
    """Format an amount with its unit, scaled to be readable.

    Money is printed in 元, 万元 or 亿元; counts of 100,000 and more in 万 with two decimals.

    Parameters
    ----------
    value, unit
        The amount and its unit.
    decimals
        Decimals in `unit`.
    trim
        Whether money loses trailing zeros: yes in sentences, no in tables, where decimals align.

    Examples
    --------
    >>> format_amount(215, "家"), format_amount(18.6, "亿元", 2), format_amount(0.081681, "亿元", 2)
    ('215家', '18.6亿元', '817万元')
    >>> format_amount(34390617.24, "万元"), format_amount(283134, "件"), format_amount(2.65, "%", 2)
    ('3439.06亿元', '28.31万件', '2.65%')
    """
    if unit in MONEY:
        shown = money_unit(value, unit)
        if shown != unit:
            larger = MONEY[shown] > MONEY[unit]
            value *= MONEY[unit] / MONEY[shown]
            decimals = 2 if larger else max(0, decimals - 4)
        digits = format_number(value, decimals)
        return f"{digits.rstrip('0').rstrip('.') if trim and '.' in digits else digits}{shown}"
    if abs(value) >= 1e5 and "/" not in unit and not unit.startswith("万"):
        return f"{format_number(value / 1e4, 2)}万{unit}"
    return f"{format_number(value, decimals)}{unit}"


def format_interval(low: str, high: str) -> str:
    """Join two formatted amounts as an interval; a common unit is printed once, equal amounts too.

    Examples
    --------
    >>> format_interval("432家", "453家"), format_interval("817万元", "1.2亿元"), format_interval("4家", "4家")
    ('432—453家', '817万元—1.2亿元', '4家')
    """
    if low == high:
        return low
    (number, unit), (_, other) = (_AMOUNT.fullmatch(text).groups() for text in (low, high))  # type: ignore[union-attr]  # every formatted amount matches
    # A percentage shows its sign at both ends.
    return f"{number if unit == other != '%' else low}—{high}"


def count_up(value: float) -> int:
    """Round a required count up: 14.2857 家 a month means 15 (definitions §6).

    Examples
    --------
    >>> count_up(100 / 7), count_up(2.0000000000001)
    (15, 2)
    """
    return math.ceil(float(round_half_up(value, 9)))


def prints_as_zero(share: float, digits: int = 1) -> bool:
    """Return whether a share above zero would print as 0 %.

    Examples
    --------
    >>> prints_as_zero(0.0004), prints_as_zero(0.0005), prints_as_zero(0.0)
    (True, False, False)
    """
    return share > 0 and round_half_up(share * 100, digits) == 0


def balanced_percentages(parts: Sequence[float], decimals: int = 0) -> list[Decimal]:
    """Return the percentages of parts of a total, rounded so that they add up to exactly 100.

    Largest remainder method: every percentage is truncated to the printed decimals, and the
    missing units go to the largest remainders, among equal ones to the first listed
    (definitions §10).

    Parameters
    ----------
    parts
        The parts, in one unit; none negative, at least one above zero.
    decimals
        Number of decimals of the percentages.

    Returns
    -------
    list of decimal.Decimal
        One percentage per part, in the same order; a part of 0 has 0.

    Raises
    ------
    UsageError
        When there are no parts, all are zero, or one is negative or not finite.

    Examples
    --------
    >>> [str(p) for p in balanced_percentages([13, 27])], [str(p) for p in balanced_percentages([1, 1, 1], 1)]
    (['33', '67'], ['33.4', '33.3', '33.3'])
    """
    if not all(math.isfinite(part) and part >= 0 for part in parts) or not any(parts):
        raise UsageError(
            f"percentages of the parts {list(parts)} cannot add up to 100",
            "parts must be finite numbers of 0 or more, at least one above 0",
        )
    exact = [Fraction(_to_twelve_digits(part)) for part in parts]
    units = 100 * 10**decimals
    quotas = [units * part / sum(exact) for part in exact]
    truncated = [math.floor(quota) for quota in quotas]
    # The sort is stable: among equal remainders the first listed comes first.
    by_remainder = sorted(range(len(quotas)), key=lambda i: truncated[i] - quotas[i])
    for i in by_remainder[: units - sum(truncated)]:
        truncated[i] += 1
    return [Decimal(share).scaleb(-decimals) for share in truncated]
