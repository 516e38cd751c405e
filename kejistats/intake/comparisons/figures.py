"""Received and stored figures as one narrow, numeric table, which the comparison rules work on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl

from kejistats.model.numbers import format_number
from kejistats.model.period import Checkpoint
from kejistats.model.quantity import WITHDRAWN
from kejistats.model.tables.observation import GRADES, LEVELS
from kejistats.model.units import COUNT_UNITS, MONEY

# Months from year 0 to 2999. A key is series × SERIES_STEP + month, so that successive months
# have adjacent keys and the figure a year earlier has the key minus 12.
SERIES_STEP = 36000
FINDING_SCHEMA = {
    "_n": pl.Int64,
    "rule": pl.String,
    "column": pl.String,
    "wrong": pl.String,
    "right": pl.String,
}
_MAX_BLOCK_ROWS = 1_000_000


@dataclass(frozen=True)
class Figures:
    """The current figures after an intake, one per key, sorted by key.

    Parameters
    ----------
    rows
        key; at (months since year 0); d, i, l (indexes of district, indicator and level); v (the
        value, null unless it is exact and without a finding); na (not applicable); grade and
        breaks as numbers; row (index in `fresh`, or −1 − index in `stored`); n (``_n`` of a
        received figure, null for a stored one).
    fresh, stored
        The received and the stored table the figures come from.
    districts
        The District table with its index d, and p, the index of the parent.
    facts
        The Indicator table with its index i.
    """

    rows: pl.DataFrame
    fresh: pl.DataFrame
    stored: pl.DataFrame
    districts: pl.DataFrame
    facts: pl.DataFrame

    def without(self, findings: pl.DataFrame) -> Figures:
        """Return the figures without the values of those that have a finding."""
        if findings.is_empty():
            return self
        has_finding = pl.col("n").is_in(findings["_n"].to_list()).fill_null(value=False)
        rows = self.rows.with_columns(
            v=pl.when(~has_finding).then(pl.col("v")), na=pl.col("na") & ~has_finding
        )
        return Figures(rows, self.fresh, self.stored, self.districts, self.facts)

    @property
    def to_parent(self) -> pl.Series:
        """The difference from a district's key to the key of its parent, indexed by d."""
        step = self.facts.height * len(LEVELS) * SERIES_STEP
        return (self.districts["p"].cast(pl.Int64) - self.districts["d"]) * step

    def blocks(self, indicators: list[int]) -> list[list[int]]:
        """Split indicator indexes into blocks, to limit memory with millions of figures."""
        count = max(1, min(len(indicators), 1 + self.rows.height // _MAX_BLOCK_ROWS))
        return [indicators[n::count] for n in range(count)]

    def indicators_where(self, condition: pl.Expr) -> list[int]:
        """Return the indexes of the indicators that meet a condition on `facts`."""
        return self.facts.filter(condition)["i"].to_list()

    def with_facts(self, rows: pl.DataFrame, *columns: str) -> pl.DataFrame:
        """Join columns of `facts` to rows by i."""
        return rows.join(self.facts.select("i", *columns), on="i")

    def with_text(self, rows: pl.DataFrame, row: str = "row", into: str = "text") -> pl.DataFrame:
        """Add the received text of the figures that column `row` refers to."""
        fresh, stored = rows.filter(pl.col(row) >= 0), rows.filter(pl.col(row) < 0)
        return pl.concat(
            [
                fresh.with_columns(self.fresh["reported"].gather(fresh[row]).alias(into)),
                stored.with_columns(self.stored["reported"].gather(-1 - stored[row]).alias(into)),
            ]
        )

    def with_half(
        self, rows: pl.DataFrame, row: str = "row", value: str = "v", into: str = "half"
    ) -> pl.DataFrame:
        """Add the rounding half-width of figures: half a unit of the last decimal as received.

        It is in the registry's unit, and 0 for integer counts. Rows need the columns counted and
        decimals of `facts`.
        """
        if rows.is_empty():  # the usual case, as most rules find nothing
            return rows.with_columns(pl.lit(None, dtype=pl.Float64).alias(into))
        registry = 0.5 * 10.0 ** -pl.col("decimals").cast(pl.Float64)
        rows = half_unit(self.with_text(rows, row, "_text"), "_text", value, registry, into)
        half = pl.col(into)
        is_integer_count = (
            pl.col("counted") & (half <= 0.5) & (pl.col(value) == pl.col(value).round())
        )
        return rows.with_columns(
            pl.when(is_integer_count).then(0.0).otherwise(half).alias(into)
        ).drop("_text")


def half_unit(
    rows: pl.DataFrame, text: str, value: str, otherwise: pl.Expr, into: str
) -> pl.DataFrame:
    """Add half a unit of the last decimal in a received text, in the unit of its value.

    Where the text has no readable number, `otherwise` is used.

    Examples
    --------
    >>> rows = pl.DataFrame({"text": ["5,700万元", "12.30", "若干"], "v": [0.57, 12.3, 3.0]})
    >>> half_unit(rows, "text", "v", pl.lit(0.5), "half")["half"].round(9).to_list()
    [5e-05, 0.005, 0.5]
    """
    cleaned = pl.col(text).str.normalize("NFKC").str.replace_all(r"[,\s]", "")
    # Scientific notation is skipped: its decimals are not those of the number.
    number = pl.when(~cleaned.str.contains(r"\d[eE][-+]?\d")).then(
        cleaned.str.extract(r"^[^\d]*(\d+(?:\.\d+)?)")
    )
    point = pl.col("_number").str.find(".", literal=True)
    decimals = (pl.col("_number").str.len_bytes() - point - 1).fill_null(0).cast(pl.Float64)
    parsed = pl.col("_read")
    scale = pl.when(parsed > 0).then((pl.col(value) / parsed).abs()).otherwise(1.0)
    half = pl.when(parsed.is_not_null()).then(0.5 * 10.0 ** -pl.col("_after") * scale)
    # In steps, so that each text is parsed only once.
    return (
        rows.with_columns(_number=number)
        .with_columns(_after=decimals, _read=pl.col("_number").cast(pl.Float64, strict=False))
        .with_columns(half.otherwise(otherwise).alias(into))
        .drop("_number", "_after", "_read")
    )


def build_figures(
    fresh: pl.DataFrame, stored: pl.DataFrame, districts: pl.DataFrame, indicators: pl.DataFrame
) -> Figures:
    """Merge received and stored rows into the current figures, the latest per key.

    Parameters
    ----------
    fresh
        Accepted rows of one intake with ``_n``.
    stored
        Current rows of the store before the intake.
    districts, indicators
        District and Indicator tables.
    """
    unit = pl.col("unit")
    facts = indicators.with_row_index("i").with_columns(
        pl.col("i").cast(pl.Int32),
        money=unit.is_in(list(MONEY)),
        counted=unit.is_in(sorted(COUNT_UNITS)),
    )
    parents = pl.DataFrame({"parent": districts["code"]}).with_row_index("p")
    district_rows = (
        districts.with_row_index("d")
        .join(parents, on="parent", how="left", maintain_order="left")
        .with_columns(pl.col("d", "p").cast(pl.Int32))
    )
    narrow_frames = [
        _to_narrow(frame, districts["code"].to_list(), indicators["id"].to_list(), *row_and_n)
        for frame, *row_and_n in (
            (stored, -1 - pl.col("row"), pl.lit(None, dtype=pl.Int64)),
            (fresh, pl.col("row"), pl.col("_n")),
        )
        if frame.height
    ]
    if not narrow_frames:
        return Figures(pl.DataFrame(), fresh, stored, district_rows, facts)
    rows = pl.concat(narrow_frames).sort("key")
    is_replaced = pl.col("key") == pl.col("key").shift(-1)
    if rows.select(is_replaced.any()).item():
        rows = rows.sort("key", "n", nulls_last=False).filter(~is_replaced.fill_null(value=False))
    return Figures(rows, fresh, stored, district_rows, facts)


def _to_narrow(
    frame: pl.DataFrame, codes: list[str], ids: list[str], row: pl.Expr, n: pl.Expr
) -> pl.DataFrame:
    def index(column: str, categories: list[str]) -> pl.Expr:
        return pl.col(column).cast(pl.Enum(categories), strict=False).to_physical().cast(pl.Int32)

    # A blank does not replace a figure, so it is left out.
    is_blank = (pl.col("status") == "missing") & (pl.col("reported") != WITHDRAWN)
    series = (pl.col("d").cast(pl.Int64) * len(ids) + pl.col("i")) * len(LEVELS) + pl.col("l")
    return (
        frame.lazy()
        .with_row_index("row")
        .with_columns(pl.col("row").cast(pl.Int64))
        .filter(~is_blank)
        .select(
            at=(pl.col("year") * 12 + pl.col("month") - 1).cast(pl.Int32),
            d=index("district", codes),
            i=index("indicator", ids),
            l=index("level", LEVELS).fill_null(0).cast(pl.Int8),
            v=pl.when(pl.col("bound") == "exact", pl.col("status") == "reported").then(
                pl.col("value")
            ),
            na=pl.col("status") == "not_applicable",
            grade=pl.col("grade").cast(pl.Enum(GRADES)).to_physical().cast(pl.Int8),
            breaks=pl.col("break_id").hash(),
            row=row,
            n=n,
        )
        .drop_nulls(["d", "i"])
        .with_columns(key=series * SERIES_STEP + pl.col("at"))
        .collect()
    )


def finding_rows(
    rule: str,
    rows: pl.DataFrame,
    text: Callable[[dict[str, Any]], tuple[str, str]],
    column: str = "value",
) -> pl.DataFrame:
    """Return one finding per row and n; `text` gives the texts for wrong and right."""
    if rows.is_empty():
        return pl.DataFrame(schema=FINDING_SCHEMA)
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
        schema=FINDING_SCHEMA,
    )


def month_label(at: int) -> str:
    """Return the label of a month counted from year 0.

    Examples
    --------
    >>> month_label(2025 * 12 + 5)
    '2025年上半年'
    """
    return Checkpoint(at // 12, at % 12 + 1).label


def month_end() -> pl.Expr:
    """Return the last day of the month in column ``at``."""
    return pl.date(pl.col("at") // 12, pl.col("at") % 12 + 1, 1).dt.month_end()


def format_figure(value: float, unit: str = "", decimals: int = 6) -> str:
    """Format a figure with its unit, with at most so many decimals and no trailing zeros.

    Examples
    --------
    >>> format_figure(18.60, "亿元"), format_figure(215.0, "家"), format_figure(-0.123456, "%", 1)
    ('18.6亿元', '215家', '−0.1%')
    """
    digits = format_number(value, decimals).replace("-", "−")
    return f"{digits.rstrip('0').rstrip('.') if '.' in digits else digits}{unit}"
