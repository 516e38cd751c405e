"""Convert received text columns to typed ones: quantities, checkpoints, dates, names."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict
from difflib import get_close_matches
from typing import Any

import polars as pl

from kejistats.model.errors import UsageError
from kejistats.model.period import Checkpoint
from kejistats.model.quantity import PLAIN_NUMBER, NotANumberError, Quantity, parse
from kejistats.reading.grid import UNCALCULATED, printable

_GRADES = {
    "预计": "forecast",
    "初步": "preliminary",
    "快报": "preliminary",
    "终审": "final",
    "年报": "final",
}
_KINDS = {
    "全年总量": "total",
    "年末水平": "level",
    "净增": "net",
    "增速": "growth",
    "上限": "ceiling",
    "区间": "range",
    "多年": "multi_year",
}
_STRENGTHS = {"下达": "assigned", "确保": "assigned", "力争": "aspired", "推算": "implied"}
SYNONYMS = {
    "grade": _GRADES,
    "kind": _KINDS,
    "strength": _STRENGTHS,
    "comparison": {"≥": ">=", "＞": ">", "＞=": ">="},
}
_PERIOD_MONTHS = {
    "上半年": 6, "全年": 12, "年度": 12, "度": 12, "": 12,
    "一季度": 3, "前三季度": 9, "三季度": 9,
}  # fmt: skip
_MONTHS = re.compile(r"(\d{4})年(?:(?:1[-—–~至到])?(\d{1,2})月|([^\d\s]{0,4}))(?:累计|止累计)?")
# A longer text is not a figure; it is not parsed.
_MAX_LENGTH = 100
_QUANTITY = pl.Struct(
    {
        "value": pl.Float64,
        "upper": pl.Float64,
        "status": pl.String,
        "bound": pl.String,
        "unit": pl.String,
        "scaled": pl.Boolean,
    }
)
# So many unknown names get a suggestion; finding the closest name is slow.
_MAX_SUGGESTIONS = 200


def map_texts(
    rows: pl.DataFrame, column: str, convert: Callable[[str], Any], dtype: Any, into: str
) -> pl.DataFrame:
    """Add column `into`: `convert` applied once to each distinct text of `column`, null to null."""
    texts = rows[column].drop_nulls().unique()
    converted = pl.Series([convert(text) for text in texts], dtype=dtype)
    is_known = converted.is_not_null()
    return rows.with_columns(
        pl.col(column)
        .replace_strict(
            texts.filter(is_known), converted.filter(is_known), default=None, return_dtype=dtype
        )
        .alias(into)
    )


def read_checkpoint(text: str) -> Checkpoint | None:
    """Return the checkpoint that a text names, in code (2025H1) or in Chinese, or None.

    Examples
    --------
    >>> [str(read_checkpoint(t)) for t in ("2025H1", "2025年上半年", "2013年1-5月", "去年")]
    ['2025H1', '2025H1', '2013M05', 'None']
    """
    try:
        return Checkpoint.parse(text)
    except UsageError:
        match = _MONTHS.fullmatch(text.strip())
        month = match and (int(match[2]) if match[2] else _PERIOD_MONTHS.get(match[3]))
        if not match or not month or not (1900 <= int(match[1]) <= 2999 and 1 <= month <= 12):
            return None
        return Checkpoint(int(match[1]), month)


def checkpoint_number(at: Checkpoint | None) -> int | None:
    """Return year × 100 + month."""
    return at.year * 100 + at.month if at else None


def with_quantity(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """Add ``_q`` (struct of the parsed quantity, or null) and ``_fault`` (why it is null).

    Plain numbers, the great majority, are converted as a column; each other distinct text is
    parsed once.
    """
    text = pl.col(column).fill_null("")
    rows = rows.with_columns(_plain=text.str.contains(f"^(?:{PLAIN_NUMBER})$"))
    is_plain = pl.col("_plain")
    other_texts = rows.select(text.filter(~is_plain).unique())[column].to_list()
    parsed: list[dict[str, Any] | None] = []
    faults: list[str | None] = []
    for other in other_texts:
        quantity, fault = _parse(other)
        parsed.append(asdict(quantity) if quantity else None)
        faults.append(fault)
    parsed_texts = pl.DataFrame(
        {
            "_text": pl.Series(other_texts, dtype=pl.String),
            "_q": pl.Series(parsed, dtype=_QUANTITY),
            "_fault": pl.Series(faults, dtype=pl.String),
        }
    )
    number = pl.struct(
        # Adding 0.0 turns -0.0 into 0.0.
        value=text.str.replace_all(",", "", literal=True).cast(pl.Float64, strict=False) + 0.0,
        upper=pl.lit(None, dtype=pl.Float64),
        status=pl.lit("reported"),
        bound=pl.lit("exact"),
        unit=pl.lit(""),
        scaled=pl.lit(value=False),
    )
    rows = rows.with_columns(pl.when(~is_plain).then(text).alias("_text")).join(
        parsed_texts, on="_text", how="left", maintain_order="left"
    )
    return rows.with_columns(_q=pl.when(is_plain).then(number).otherwise(pl.col("_q")))


def _parse(text: str) -> tuple[Quantity | None, str | None]:
    if len(text) > _MAX_LENGTH:
        return None, f"“{printable(text)}”不是数值"
    if text == UNCALCULATED:
        return None, "公式没有计算结果，请在表格软件中打开、保存后重报"
    try:
        return parse(text), None
    except NotANumberError as error:
        return None, str(error)


def date_expr(column: str) -> pl.Expr:
    """Parse a date such as 2025-06-30, 2025/6/30, 2025.6.30, 2025年6月30日 or 20250630, else null."""
    text = (
        pl.col(column).str.split(" ").list.first().str.replace(r"^(\d{4})(\d\d)(\d\d)$", "$1-$2-$3")
    )
    text = text.str.replace_all("[/.年月]", "-").str.strip_suffix("日")
    return text.str.to_date("%Y-%m-%d", strict=False)


def name_remedies(names: pl.Series, known: list[str]) -> dict[str, str]:
    """Return a Chinese remedy for each unknown name, with the closest known one if there is any."""
    default = "请按指标目录和地区名单填写"
    remedies: dict[str, str] = {}
    for name in names.drop_nulls().unique(maintain_order=True).to_list():
        close = (
            get_close_matches(name, known, n=1, cutoff=0.4)
            if len(remedies) < _MAX_SUGGESTIONS and len(name) <= _MAX_LENGTH
            else []
        )
        remedies[name] = f"应为“{close[0]}”？" if close else default
    return remedies


def printable_expr(column: pl.Expr, length: int = 30) -> pl.Expr:
    """Return a received column fit for messages: shortened, control characters made visible."""
    text = column.cast(pl.String).fill_null("")
    shortened = text.str.slice(0, length).str.replace_all(r"\p{C}", "�")
    return pl.when(text.str.len_chars() > length).then(shortened + "…").otherwise(shortened)
