"""Received headers and cells to the columns of a model: names, numbers, dates, words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Any

import polars as pl

from kejistats.errors import UsageError
from kejistats.intake.read import ROW, Sheet
from kejistats.period import Checkpoint
from kejistats.quantity import NotANumberError, Quantity, parse
from kejistats.schema import Observation, Target

# Columns of the forms, required ones first; a form may also carry the Chinese title of each.
OBSERVATION_FORM = {
    "district": True,
    "indicator": True,
    "checkpoint": True,
    "value": True,
    **dict.fromkeys(
        ("unit", "level", "published_growth", "growth_basis", "grade", "as_of", "published",
         "break_id", "note"),
        False,
    ),
}  # fmt: skip
TARGET_FORM = {
    "district": True,
    "indicator": True,
    "year": True,
    "kind": True,
    "value": True,
    **dict.fromkeys(
        ("unit", "comparison", "strength", "issuer", "issued", "source", "value_upper",
         "valid_from", "start_month", "base_year", "nodes"),
        False,
    ),
}  # fmt: skip
_EXTRA_TITLES = {"checkpoint": "期别", "unit": "单位"}
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


@dataclass(frozen=True)
class Form:
    """A sheet recognised as one of the two forms, its columns renamed to the agreed names."""

    table: str
    sheet: Sheet


def recognise(sheet: Sheet) -> Form:
    """Tell from its header which form a sheet is.

    Raises
    ------
    UsageError
        When the header is neither form's; the nearest form's columns are named.
    """
    header = [c for c in sheet.rows.columns if c != ROW]
    targets = {"kind", "目标类型"} & {c.lower() for c in header}
    form, model = (TARGET_FORM, Target) if targets else (OBSERVATION_FORM, Observation)
    titles = {v: k for k, v in ({**model.titles(), **_EXTRA_TITLES}).items() if k in form}
    names = {c: c.lower() if c.lower() in form else titles.get(c, c) for c in header}
    absent = [c for c, required in form.items() if required and c not in names.values()]
    unknown = [c for c in header if names[c] not in form]
    twice = [c for c in dict.fromkeys(names.values()) if list(names.values()).count(c) > 1]
    place = f"{sheet.file}" + (f", sheet {sheet.name}" if sheet.name else "")
    if absent or unknown or twice:
        wrong = [f"{c} is absent" for c in absent] + [f"{c!r} is unknown" for c in unknown]
        wrong += [f"{c} stands twice" for c in twice]
        needed = ", ".join(c for c, required in form.items() if required)
        allowed = ", ".join(c for c, required in form.items() if not required)
        raise UsageError(
            f"{place}: wrong header: {'; '.join(wrong)}",
            f"columns needed: {needed}; allowed: {allowed}",
        )
    if sheet.nameless:
        raise UsageError(
            f"{place}: {sheet.nameless} stands in a column without a name",
            "name the column in the header, or clear it",
        )
    rows = sheet.rows.rename(names)
    rows = rows.with_columns(
        pl.lit(None, dtype=pl.String).alias(c) for c in form if c not in rows.columns
    )
    letters = {names[c]: letter for c, letter in sheet.letters.items()}
    table = "targets" if targets else "observations"
    return Form(table, Sheet(sheet.file, sheet.name, rows, letters))


def mapped(
    rows: pl.DataFrame, column: str, convert: Callable[[str], Any], dtype: Any, into: str
) -> pl.DataFrame:
    """Add column `into`: `convert` of each distinct text of `column`; null where it is null."""
    texts = rows[column].drop_nulls().unique().to_list()
    table = {text: convert(text) for text in texts}
    new = pl.Series([table.get(text) for text in rows[column].to_list()], dtype=dtype)
    return rows.with_columns(new.alias(into))


def checkpoint_months(text: str) -> int | None:
    """Return year × 100 + month of a checkpoint text, or None."""
    try:
        at = Checkpoint.parse(text)
    except UsageError:
        return None
    return at.year * 100 + at.month


def with_quantity(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """Add ``_q`` (struct of the parsed quantity) and ``_fault`` (why it is none)."""
    parsed: dict[str, Quantity | None] = {}
    faults: dict[str, str | None] = {}
    for text in rows[column].fill_null("").unique().to_list():
        try:
            parsed[text], faults[text] = parse(text), None
        except NotANumberError as error:
            parsed[text], faults[text] = None, str(error)
    schema = pl.Struct(
        {
            "value": pl.Float64,
            "upper": pl.Float64,
            "status": pl.String,
            "bound": pl.String,
            "unit": pl.String,
            "scaled": pl.Boolean,
        }
    )
    table = pl.DataFrame(
        {
            "_text": list(parsed),
            "_q": pl.Series([q and asdict(q) for q in parsed.values()], dtype=schema),
            "_fault": pl.Series([faults[t] for t in parsed], dtype=pl.String),
        }
    )
    return rows.with_columns(pl.col(column).fill_null("").alias("_text")).join(
        table, on="_text", how="left", maintain_order="left"
    )


def date_expr(column: str) -> pl.Expr:
    """Read 2025-06-30, 2025/6/30 and a spreadsheet's date with time; null otherwise."""
    text = pl.col(column).str.replace_all("/", "-").str.split(" ").list.first()
    return text.str.to_date("%Y-%m-%d", strict=False)


def nearest(word: str, known: list[str]) -> str:
    """Return the remedy for an unknown name, in Chinese."""
    close = get_close_matches(word, known, n=1, cutoff=0.4)
    return f"应为“{close[0]}”？" if close else "请按指标目录和地区名单填写"
