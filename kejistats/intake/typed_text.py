"""Received words and texts to typed columns: quantities, checkpoints, dates, names."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict
from difflib import get_close_matches
from typing import Any

import polars as pl

from kejistats.model.errors import UsageError
from kejistats.model.period import Checkpoint
from kejistats.model.quantity import PLAIN, NotANumberError, Quantity, parse
from kejistats.reading.grid import UNCALCULATED
from kejistats.reading.grid import shown as fit

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
WORDS = {
    "grade": _GRADES,
    "kind": _KINDS,
    "strength": _STRENGTHS,
    "comparison": {"≥": ">=", "＞": ">", "＞=": ">="},
}
_STRETCHES = {
    "上半年": 6, "全年": 12, "年度": 12, "度": 12, "": 12,
    "一季度": 3, "前三季度": 9, "三季度": 9,
}  # fmt: skip
_MONTHS = re.compile(r"(\d{4})年(?:(?:1[-—–~至到])?(\d{1,2})月|([^\d\s]{0,4}))(?:累计|止累计)?")
# A longer text is no figure, and is not worth the parser's time.
_LONGEST = 100
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
_GUESSES = 200


def mapped(
    rows: pl.DataFrame, column: str, convert: Callable[[str], Any], dtype: Any, into: str
) -> pl.DataFrame:
    """Add column `into`: `convert` of each distinct text of `column`; null where it is null."""
    texts = rows[column].drop_nulls().unique()
    new = pl.Series([convert(text) for text in texts], dtype=dtype)
    known = new.is_not_null()
    return rows.with_columns(
        pl.col(column)
        .replace_strict(texts.filter(known), new.filter(known), default=None, return_dtype=dtype)
        .alias(into)
    )


def read_checkpoint(text: str) -> Checkpoint | None:
    """Return the checkpoint that a text names, as we write them or as reports do, or None.

    Examples
    --------
    >>> [str(read_checkpoint(t)) for t in ("2025H1", "2025年上半年", "2013年1-5月", "去年")]
    ['2025H1', '2025H1', '2013M05', 'None']
    """
    try:
        return Checkpoint.parse(text)
    except UsageError:
        match = _MONTHS.fullmatch(text.strip())
        month = match and (int(match[2]) if match[2] else _STRETCHES.get(match[3]))
        if not match or not month or not (1900 <= int(match[1]) <= 2999 and 1 <= month <= 12):
            return None
        return Checkpoint(int(match[1]), month)


def checkpoint_number(at: Checkpoint | None) -> int | None:
    """Return year × 100 + month."""
    return at.year * 100 + at.month if at else None


def with_quantity(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """Add ``_q`` (struct of the parsed quantity) and ``_fault`` (why it is none).

    Plain numbers, which most are, are read at once; what is left goes to the parser, each
    distinct text once.
    """
    text = pl.col(column).fill_null("")
    rows = rows.with_columns(_plain=text.str.contains(f"^(?:{PLAIN})$"))
    plain = pl.col("_plain")
    worded = rows.select(text.filter(~plain).unique())[column].to_list()
    parsed: list[dict[str, Any] | None] = []
    faults: list[str | None] = []
    for one in worded:
        quantity, fault = _parse(one)
        parsed.append(asdict(quantity) if quantity else None)
        faults.append(fault)
    table = pl.DataFrame(
        {
            "_text": pl.Series(worded, dtype=pl.String),
            "_q": pl.Series(parsed, dtype=_QUANTITY),
            "_fault": pl.Series(faults, dtype=pl.String),
        }
    )
    number = pl.struct(
        # -0 is 0.
        value=text.str.replace_all(",", "", literal=True).cast(pl.Float64, strict=False) + 0.0,
        upper=pl.lit(None, dtype=pl.Float64),
        status=pl.lit("reported"),
        bound=pl.lit("exact"),
        unit=pl.lit(""),
        scaled=pl.lit(value=False),
    )
    rows = rows.with_columns(pl.when(~plain).then(text).alias("_text")).join(
        table, on="_text", how="left", maintain_order="left"
    )
    return rows.with_columns(_q=pl.when(plain).then(number).otherwise(pl.col("_q")))


def _parse(text: str) -> tuple[Quantity | None, str | None]:
    if len(text) > _LONGEST:
        return None, f"“{fit(text)}”不是数值"
    if text == UNCALCULATED:
        return None, "公式没有计算结果，请在表格软件中打开、保存后重报"
    try:
        return parse(text), None
    except NotANumberError as error:
        return None, str(error)


def date_expr(column: str) -> pl.Expr:
    """Read 2025-06-30, 2025/6/30, 2025.6.30, 2025年6月30日, 20250630; null otherwise."""
    text = (
        pl.col(column).str.split(" ").list.first().str.replace(r"^(\d{4})(\d\d)(\d\d)$", "$1-$2-$3")
    )
    text = text.str.replace_all("[/.年月]", "-").str.strip_suffix("日")
    return text.str.to_date("%Y-%m-%d", strict=False)


def nearest(words: pl.Series, known: list[str]) -> dict[str, str]:
    """Return the remedy for each unknown name, in Chinese."""
    plain = "请按指标目录和地区名单填写"
    found: dict[str, str] = {}
    for word in words.drop_nulls().unique(maintain_order=True).to_list():
        # Guessing takes a while; who got hundreds of names wrong has another problem.
        close = (
            get_close_matches(word, known, n=1, cutoff=0.4)
            if len(found) < _GUESSES and len(word) <= _LONGEST
            else []
        )
        found[word] = f"应为“{close[0]}”？" if close else plain
    return found


def shown(column: pl.Expr, length: int = 30) -> pl.Expr:
    """Return a received column fit for messages: cut, control characters made visible."""
    text = column.cast(pl.String).fill_null("")
    cut = text.str.slice(0, length).str.replace_all(r"\p{C}", "�")
    return pl.when(text.str.len_chars() > length).then(cut + "…").otherwise(cut)
