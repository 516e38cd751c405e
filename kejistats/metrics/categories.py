"""Columns of a few fixed texts, chosen and told apart by number: ten times as fast as by text."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl


def first_match(*cases: tuple[pl.Expr, str | None], otherwise: str | None = None) -> pl.Expr:
    """Return the text of the first case that holds.

    Parameters
    ----------
    cases
        Condition and text, None for null.
    otherwise
        Text where none of them holds.

    Examples
    --------
    >>> a = pl.col("a")
    >>> frame = pl.DataFrame({"a": [3, 2, 1, None]})
    >>> frame.select(first_match((a > 2, "many"), (a == 2, None), otherwise="few"))["many"].to_list()
    ['many', None, 'few', 'few']
    """
    texts = list(dict.fromkeys(t for t in (*(t for _, t in cases), otherwise) if t is not None))
    places = {t: pl.lit(n, dtype=pl.UInt8) for n, t in enumerate(texts)}
    none = pl.lit(None, dtype=pl.UInt8)
    place = places[otherwise] if otherwise is not None else none
    for condition, text in reversed(cases):
        place = pl.when(condition).then(places[text] if text is not None else none).otherwise(place)
    return decode(place, texts)


def decode(place: pl.Expr, texts: Sequence[str]) -> pl.Expr:
    """Return the text at each place of a list; null at none.

    Examples
    --------
    >>> pl.DataFrame({"n": [1, None]}).select(decode(pl.col("n"), ["a", "b"]))["a"].to_list()
    ['b', None]
    """
    return pl.lit(pl.Series(texts[0] if texts else "text", texts, dtype=pl.String)).gather(place)


def encode(text: pl.Expr, texts: Sequence[str], numbers: Sequence[int] | None = None) -> pl.Expr:
    """Return each text's place in a list, or the number that stands there; null for others.

    Examples
    --------
    >>> frame = pl.DataFrame({"t": ["b", "x", None]})
    >>> frame.select(encode(pl.col("t"), ["a", "b"]), n=encode(pl.col("t"), ["b"], [12])).rows()
    [(1, 12), (None, None), (None, None)]
    """
    place = pl.lit(None, dtype=pl.Int64)
    for number, known in zip(numbers or range(len(texts)), texts, strict=True):
        place = pl.when(text == known).then(pl.lit(number, dtype=pl.Int64)).otherwise(place)
    return place.alias("place")
