"""复合增速: yearly growth over several years, observed and required (definitions §5, §7).

The ratio of the two is reported with a multi-year target. Open SDG publishes the same measure of
progress, and the directed growth where there is no target.
"""

from __future__ import annotations

import polars as pl


def cagr(a: pl.Expr, b: pl.Expr, years: pl.Expr) -> pl.Expr:
    """Return the compound annual growth rate (A / B)^(1/n) − 1 (definitions §7).

    Parameters
    ----------
    a, b
        The figure and its base, in one unit.
    years
        n, the years between them; part of a year is a fraction (18 months: 1.5).

    Returns
    -------
    polars.Expr
        A fraction from −1 up; null unless A ≥ 0, B > 0, n > 0 and the result is finite.

    Examples
    --------
    >>> frame = pl.DataFrame({"a": [160.0, 0.0, 5.0, 5.0], "b": [100.0, 4.0, 0.0, 4.0], "n": [2, 1, 1, 0]})
    >>> frame.select(cagr(pl.col("a"), pl.col("b"), pl.col("n")).round(4)).to_series().to_list()
    [0.2649, -1.0, None, None]
    """
    rate = (a / b).pow(1 / years) - 1
    # Polars orders NaN above every number, so that comparing the inputs does not exclude it.
    return pl.when((a >= 0) & (b > 0) & (years > 0) & rate.is_finite()).then(rate)


def required_cagr(base: pl.Expr, target: pl.Expr, years: pl.Expr) -> pl.Expr:
    """Return the yearly growth needed to get from the base to the target: (T / B)^(1/n) − 1.

    Parameters
    ----------
    base, target
        The figure of the base year and the target, in one unit.
    years
        The years from the base year to the target year.

    Returns
    -------
    polars.Expr
        A fraction; null where `cagr` is.

    Examples
    --------
    三年倍增:

    >>> frame = pl.DataFrame({"base": [100.0], "target": [200.0], "n": [3]})
    >>> frame.select(required_cagr(pl.col("base"), pl.col("target"), pl.col("n")).round(4)).item()
    0.2599
    """
    return cagr(target, base, years)


def cagr_ratio(observed: pl.Expr, required: pl.Expr) -> pl.Expr:
    """Return observed ÷ required yearly growth: 1 keeps pace with the target (definitions §5).

    The ratio is positive where both are negative, as for a target below its base.

    Parameters
    ----------
    observed, required
        Yearly growth as fractions.

    Returns
    -------
    polars.Expr
        Null where the required growth is zero or null.

    Examples
    --------
    >>> frame = pl.DataFrame({"observed": [0.2649, -0.03, 0.1], "required": [0.2599, -0.02, 0.0]})
    >>> frame.select(cagr_ratio(pl.col("observed"), pl.col("required")).round(2)).to_series().to_list()
    [1.02, 1.5, None]
    """
    ratio = observed / required
    return pl.when(ratio.is_finite()).then(ratio)


def directed_cagr(a: pl.Expr, b: pl.Expr, years: pl.Expr, direction: pl.Expr) -> pl.Expr:
    """Return yearly growth in the desired direction: direction × ((A / B)^(1/n) − 1).

    Open SDG publishes this for indicators without a target. For those with one it divides it by
    the absolute required growth, ``cagr_ratio(directed_cagr(…), required_cagr(…).abs())``: the
    same as `cagr_ratio` unless the base is already beyond the target.

    Parameters
    ----------
    a, b
        The figure and its base, in one unit.
    years
        The years between them.
    direction
        +1 where more is better, −1 where less is.

    Returns
    -------
    polars.Expr
        A fraction, positive for an improvement; null where `cagr` is.

    Examples
    --------
    >>> frame = pl.DataFrame({"a": [81.0], "b": [100.0], "n": [2], "direction": [-1]})
    >>> frame.select(
    ...     directed_cagr(pl.col("a"), pl.col("b"), pl.col("n"), pl.col("direction")).round(4)
    ... ).item()
    0.1
    """
    return direction * cagr(a, b, years)
