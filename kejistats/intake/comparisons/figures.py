"""Received and stored figures as one narrow table of numbers, for the rules that compare them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl

from kejistats.model.numbers import plain
from kejistats.model.period import Checkpoint
from kejistats.model.quantity import WITHDRAWN
from kejistats.model.tables.observation import GRADES, LEVELS
from kejistats.model.units import COUNT_UNITS, MONEY

# Months from year 0 to 2999: a key is a series × STEP + its month, so that neighbours in time
# are neighbours in number and last year's figure is the key less 12.
STEP = 36000
FOUND = {
    "_n": pl.Int64,
    "rule": pl.String,
    "column": pl.String,
    "wrong": pl.String,
    "right": pl.String,
}
_AT_ONCE = 1_000_000


@dataclass(frozen=True)
class Figures:
    """The figures that stand once the fresh ones are in, one per key, in the order of keys.

    Parameters
    ----------
    rows
        key; at (months since year 0), d, i, l (places of district, indicator, level); v (the
        figure: null unless exact and beyond doubt); na (not applicable); grade and breaks as
        numbers; row (place in `fresh`, or −1 − place in `stored`); n (``_n``, null where stored).
    fresh, stored
        The tables the figures come from.
    units, facts
        Districts and indicators in the order of d and i, with that place.
    """

    rows: pl.DataFrame
    fresh: pl.DataFrame
    stored: pl.DataFrame
    units: pl.DataFrame
    facts: pl.DataFrame

    def without(self, found: pl.DataFrame) -> Figures:
        """Return the figures with those of the findings in doubt: nothing compares with them."""
        if found.is_empty():
            return self
        doubt = pl.col("n").is_in(found["_n"].to_list()).fill_null(value=False)
        rows = self.rows.with_columns(v=pl.when(~doubt).then(pl.col("v")), na=pl.col("na") & ~doubt)
        return Figures(rows, self.fresh, self.stored, self.units, self.facts)

    @property
    def to_parent(self) -> pl.Series:
        """What to add to a district's key for that of its parent, by d."""
        step = self.facts.height * len(LEVELS) * STEP
        return (self.units["p"].cast(pl.Int64) - self.units["d"]) * step

    def blocks(self, places: list[int]) -> list[list[int]]:
        """Return the places in groups, so that millions of figures need little room at a time."""
        count = max(1, min(len(places), 1 + self.rows.height // _AT_ONCE))
        return [places[n::count] for n in range(count)]

    def places(self, condition: pl.Expr) -> list[int]:
        """Return the places of the indicators that fulfil a condition on `facts`."""
        return self.facts.filter(condition)["i"].to_list()

    def with_facts(self, rows: pl.DataFrame, *columns: str) -> pl.DataFrame:
        """Add columns of `facts` to rows with i."""
        return rows.join(self.facts.select("i", *columns), on="i")

    def with_text(self, rows: pl.DataFrame, row: str = "row", into: str = "text") -> pl.DataFrame:
        """Add the text as received of the figures in column `row`."""
        own, old = rows.filter(pl.col(row) >= 0), rows.filter(pl.col(row) < 0)
        return pl.concat(
            [
                own.with_columns(self.fresh["reported"].gather(own[row]).alias(into)),
                old.with_columns(self.stored["reported"].gather(-1 - old[row]).alias(into)),
            ]
        )

    def with_half(
        self, rows: pl.DataFrame, row: str = "row", value: str = "v", into: str = "half"
    ) -> pl.DataFrame:
        """Add half a unit of the last printed decimal of figures, in the registry's unit.

        Rows need i, counted and decimals of `facts`. A whole count is not rounded.
        """
        if rows.is_empty():  # as most are: nearly every rule finds nothing
            return rows.with_columns(pl.lit(None, dtype=pl.Float64).alias(into))
        registry = 0.5 * 10.0 ** -pl.col("decimals").cast(pl.Float64)
        rows = half_unit(self.with_text(rows, row, "_text"), "_text", value, registry, into)
        half = pl.col(into)
        whole = pl.col("counted") & (half <= 0.5) & (pl.col(value) == pl.col(value).round())
        return rows.with_columns(pl.when(whole).then(0.0).otherwise(half).alias(into)).drop("_text")


def half_unit(
    rows: pl.DataFrame, text: str, value: str, otherwise: pl.Expr, into: str
) -> pl.DataFrame:
    """Add half a unit of the last decimal printed in a text, in the unit of its value.

    Examples
    --------
    >>> rows = pl.DataFrame({"text": ["5,700万元", "12.30", "若干"], "v": [0.57, 12.3, 3.0]})
    >>> half_unit(rows, "text", "v", pl.lit(0.5), "half")["half"].round(9).to_list()
    [5e-05, 0.005, 0.5]
    """
    clean = pl.col(text).str.normalize("NFKC").str.replace_all(r"[,\s]", "")
    # 1.2E-5 says nothing of its decimals at first sight.
    number = pl.when(~clean.str.contains(r"\d[eE][-+]?\d")).then(
        clean.str.extract(r"^[^\d]*(\d+(?:\.\d+)?)")
    )
    point = pl.col("_number").str.find(".", literal=True)
    after = (pl.col("_number").str.len_bytes() - point - 1).fill_null(0).cast(pl.Float64)
    read = pl.col("_read")
    scale = pl.when(read > 0).then((pl.col(value) / read).abs()).otherwise(1.0)
    half = pl.when(read.is_not_null()).then(0.5 * 10.0 ** -pl.col("_after") * scale)
    # Step by step, so that the texts are read once.
    return (
        rows.with_columns(_number=number)
        .with_columns(_after=after, _read=pl.col("_number").cast(pl.Float64, strict=False))
        .with_columns(half.otherwise(otherwise).alias(into))
        .drop("_number", "_after", "_read")
    )


def figures_of(
    fresh: pl.DataFrame, stored: pl.DataFrame, districts: pl.DataFrame, indicators: pl.DataFrame
) -> Figures:
    """Return the figures that stand once `fresh` is in: the latest of each key.

    Parameters
    ----------
    fresh
        Accepted rows of one intake with ``_n``.
    stored
        What stands in the store before it.
    districts, indicators
        District and Indicator tables.
    """
    unit = pl.col("unit")
    facts = indicators.with_row_index("i").with_columns(
        pl.col("i").cast(pl.Int32),
        money=unit.is_in(list(MONEY)),
        counted=unit.is_in(sorted(COUNT_UNITS)),
    )
    place = pl.DataFrame({"parent": districts["code"]}).with_row_index("p")
    units = (
        districts.with_row_index("d")
        .join(place, on="parent", how="left", maintain_order="left")
        .with_columns(pl.col("d", "p").cast(pl.Int32))
    )
    narrow = [
        _narrow(frame, districts["code"].to_list(), indicators["id"].to_list(), *place_and_number)
        for frame, *place_and_number in (
            (stored, -1 - pl.col("row"), pl.lit(None, dtype=pl.Int64)),
            (fresh, pl.col("row"), pl.col("_n")),
        )
        if frame.height
    ]
    if not narrow:
        return Figures(pl.DataFrame(), fresh, stored, units, facts)
    rows = pl.concat(narrow).sort("key")
    again = pl.col("key") == pl.col("key").shift(-1)
    if rows.select(again.any()).item():
        rows = rows.sort("key", "n", nulls_last=False).filter(~again.fill_null(value=False))
    return Figures(rows, fresh, stored, units, facts)


def _narrow(
    frame: pl.DataFrame, codes: list[str], ids: list[str], row: pl.Expr, number: pl.Expr
) -> pl.DataFrame:
    def place(column: str, known: list[str]) -> pl.Expr:
        return pl.col(column).cast(pl.Enum(known), strict=False).to_physical().cast(pl.Int32)

    # A blank replaces nothing, so it stands for nothing here either.
    blank = (pl.col("status") == "missing") & (pl.col("reported") != WITHDRAWN)
    series = (pl.col("d").cast(pl.Int64) * len(ids) + pl.col("i")) * len(LEVELS) + pl.col("l")
    return (
        frame.lazy()
        .with_row_index("row")
        .with_columns(pl.col("row").cast(pl.Int64))
        .filter(~blank)
        .select(
            at=(pl.col("year") * 12 + pl.col("month") - 1).cast(pl.Int32),
            d=place("district", codes),
            i=place("indicator", ids),
            l=place("level", LEVELS).fill_null(0).cast(pl.Int8),
            v=pl.when(pl.col("bound") == "exact", pl.col("status") == "reported").then(
                pl.col("value")
            ),
            na=pl.col("status") == "not_applicable",
            grade=pl.col("grade").cast(pl.Enum(GRADES)).to_physical().cast(pl.Int8),
            breaks=pl.col("break_id").hash(),
            row=row,
            n=number,
        )
        .drop_nulls(["d", "i"])
        .with_columns(key=series * STEP + pl.col("at"))
        .collect()
    )


def findings(
    rule: str,
    rows: pl.DataFrame,
    text: Callable[[dict[str, Any]], tuple[str, str]],
    column: str = "value",
) -> pl.DataFrame:
    """Return one finding per row, by its n; `text` gives what is wrong and what would be right."""
    if rows.is_empty():
        return pl.DataFrame(schema=FOUND)
    rows = rows.sort("n", maintain_order=True).unique("n", keep="first", maintain_order=True)
    texts = [text(row) for row in rows.iter_rows(named=True)]
    return pl.DataFrame(
        {
            "_n": rows["n"],
            "rule": [rule] * len(texts),
            "column": [column] * len(texts),
            "wrong": [wrong for wrong, _ in texts],
            "right": [right for _, right in texts],
        },
        schema=FOUND,
    )


def label(at: int) -> str:
    """Return the label of a month counted from year 0.

    Examples
    --------
    >>> label(2025 * 12 + 5)
    '2025年上半年'
    """
    return Checkpoint(at // 12, at % 12 + 1).label


def month_end() -> pl.Expr:
    """Return the last day of ``at``."""
    return pl.date(pl.col("at") // 12, pl.col("at") % 12 + 1, 1).dt.month_end()


def shown(value: float, unit: str = "", decimals: int = 6) -> str:
    """Print a figure as it stands, up to so many decimals, with its unit.

    Examples
    --------
    >>> shown(18.60, "亿元"), shown(215.0, "家"), shown(-0.123456, "%", 1)
    ('18.6亿元', '215家', '−0.1%')
    """
    digits = plain(value, decimals).replace("-", "−")
    return f"{digits.rstrip('0').rstrip('.') if '.' in digits else digits}{unit}"
