"""Received headers to the columns of a form: titles, and which form a sheet is."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace

import polars as pl

from kejistats.intake.typed_text import read_checkpoint
from kejistats.model.errors import UsageError
from kejistats.model.period import Checkpoint
from kejistats.model.tables import Observation, Target
from kejistats.reading.form_mark import INPUTS, KEYS, SHOWN
from kejistats.reading.sheet import AT, ROW, Sheet

# Columns of the forms, required ones first; a form may also carry the Chinese title of each.
OBSERVATION_FORM = {
    "district": True,
    "indicator": True,
    "checkpoint": True,
    "value": True,
    **dict.fromkeys(
        ("unit", "level", "published_growth", "growth_basis", "grade", "as_of", "published",
         "break_id", "note", "printed_attainment", "printed_share", "printed_rank"),
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
FORMS = {"observations": OBSERVATION_FORM, "targets": TARGET_FORM}
_EXTRA_TITLES = {
    "期别": "checkpoint",
    "单位": "unit",
    "同比": "published_growth",
    "同比增长": "published_growth",
    "完成率": "printed_attainment",
    "占比": "printed_share",
    "占全市比重": "printed_share",
    "位次": "printed_rank",
    "全市排名": "printed_rank",
    **INPUTS,
    **KEYS,
}
# 2025H1-01-各区报送.csv, 2025年度 上半年报表.xlsx, 各县2013年1-6月.xls. A year by itself and a day
# (2025年7月10日) say nothing of the checkpoint.
_IN_NAME = re.compile(
    r"(?:^|(?<=\D))(\d{4})(?:([HQM]\d{1,2})(?!\d)"
    r"|年?度?[\s_—-]*(上半年|全年|一季度|前三季度|1[-—–~至到]\d{1,2}月(?!\d)))"
)
_SHOWN_UNKNOWN = 5


@dataclass(frozen=True)
class Form:
    """A sheet recognised as one of the two forms, its columns renamed to the agreed names."""

    table: str
    sheet: Sheet


def is_header(texts: Collection[str]) -> bool:
    """Tell whether a row of these texts is the header of a form."""
    return any({"indicator", "value"} <= set(_names(texts, table).values()) for table in FORMS)


def _names(titles: Collection[str], table: str) -> dict[str, str]:
    """Return the agreed name of each title; an unknown one keeps its own."""
    form, model = FORMS[table], Target if table == "targets" else Observation
    known = {title: name for name, title in model.titles().items()} | _EXTRA_TITLES
    known = {title: name for title, name in known.items() if name in form}
    if "标识" in titles:
        known.pop("指标")  # shown beside it for the eye
    return {t: t.lower() if t.lower() in form else known.get(_bare(t), t) for t in titles}


def _bare(title: str) -> str:
    """Return a title without its unit in brackets: 同比（%）."""
    return re.sub(r"[（(][%％][)）]$", "", title)


def recognise(sheet: Sheet) -> Form:
    """Tell from its header which form a sheet is.

    District and checkpoint may stand in the mark of a fill-in workbook, the checkpoint also in
    the file's name.

    Raises
    ------
    UsageError
        When the header is neither form's; the nearest form's columns are named.
    """
    header = [c for c in sheet.rows.columns if c != ROW and not c.startswith(AT)]
    targets = {"kind", "目标类型"} & {c.lower() for c in header}
    table = "targets" if targets else "observations"
    form, names = FORMS[table], _names(header, table)
    given = {}
    if not targets and (at := file_checkpoint(sheet.file)):
        given["checkpoint"] = str(at)
    if sheet.mark:
        names = {c: name for c, name in names.items() if c not in SHOWN or name in form}
        given["checkpoint"] = sheet.mark.checkpoint
        given |= {"district": sheet.mark.district} if sheet.mark.district else {}
    present = list(names.values())
    absent = [c for c, needed in form.items() if needed and c not in present and c not in given]
    unknown = [c for c in names if names[c] not in form]
    twice = [c for c in dict.fromkeys(present) if present.count(c) > 1]
    place = f"{sheet.file}" + (f", sheet {sheet.name}" if sheet.name else "")
    if absent or unknown or twice:
        wrong = [f"{c} is absent" for c in absent] + _cut([f"{c!r} is unknown" for c in unknown])
        wrong += [f"{c} stands twice" for c in twice]
        needed = ", ".join(c for c, required in form.items() if required)
        allowed = ", ".join(c for c, required in form.items() if not required)
        raise UsageError(
            f"{place}: wrong header: {'; '.join(wrong)}",
            f"columns needed: {needed}; allowed: {allowed}; a wide table needs a [[wide]] mapping "
            "in dataset.toml",
        )
    if sheet.nameless:
        raise UsageError(
            f"{place}: {sheet.nameless} stands in a column without a name",
            "name the column in the header, or clear it",
        )
    names |= {c: AT + names[c[1:]] for c in sheet.rows.columns if c.startswith(AT)}
    rows = sheet.rows.select(ROW, *names).rename(names)
    rows = rows.with_columns(
        **{c: pl.lit(text) for c, text in given.items() if c not in rows.columns}
    )
    letters = {names[c]: letter for c, letter in sheet.letters.items() if c in names}
    return Form(table, replace(sheet, rows=rows, letters=letters))


def _cut(items: list[str]) -> list[str]:
    more = len(items) - _SHOWN_UNKNOWN
    return [*items[:_SHOWN_UNKNOWN], f"and {more} more"] if more > 0 else items


def file_checkpoint(name: str) -> Checkpoint | None:
    """Return the checkpoint a file's name speaks of, if it does.

    Examples
    --------
    >>> file_checkpoint("2025H1-01-各区报送.csv"), file_checkpoint("01-专利.csv")
    (Checkpoint(year=2025, month=6), None)
    >>> file_checkpoint("各县专利2013年1-6月.xls")
    Checkpoint(year=2013, month=6)
    >>> file_checkpoint("2025年度 上半年报表.xlsx"), file_checkpoint("报送2025年7月10日.xlsx")
    (Checkpoint(year=2025, month=6), None)
    """
    for year, short, stretch in _IN_NAME.findall(name):
        at = read_checkpoint(year + short if short else f"{year}年{stretch}")
        if at:
            return at
    return None
