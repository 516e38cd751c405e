"""Recognise which long table a sheet is, and rename its headers to the column names of that table."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace

import polars as pl

from kejistats.intake.typed_text import read_checkpoint
from kejistats.model.errors import UsageError
from kejistats.model.period import Checkpoint
from kejistats.model.tables import Observation, Target
from kejistats.reading.form_mark import DISPLAY_TITLES, INPUT_TITLES, KEY_TITLES
from kejistats.reading.sheet import LETTER_OF, ROW, Sheet

# Column name → whether it is required. A sheet may use the Chinese titles instead.
OBSERVATION_COLUMNS = {
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
TARGET_COLUMNS = {
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
TABLE_COLUMNS = {"observations": OBSERVATION_COLUMNS, "targets": TARGET_COLUMNS}
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
    **INPUT_TITLES,
    **KEY_TITLES,
}
# 2025H1-01-各区报送.csv, 2025年度 上半年报表.xlsx, 各县2013年1-6月.xls. A year alone or a date
# (2025年7月10日) does not name a checkpoint.
_IN_NAME = re.compile(
    r"(?:^|(?<=\D))(\d{4})(?:([HQM]\d{1,2})(?!\d)"
    r"|年?度?[\s_—-]*(上半年|全年|一季度|前三季度|1[-—–~至到]\d{1,2}月(?!\d)))"
)
_MAX_UNKNOWN_LISTED = 5


@dataclass(frozen=True)
class RecognisedSheet:
    """A sheet with the long table it contains; its columns have the names of that table."""

    table: str
    sheet: Sheet


def is_header(texts: Collection[str]) -> bool:
    """Tell whether a row of these texts is the header of a long table."""
    return any(
        {"indicator", "value"} <= set(_names(texts, table).values()) for table in TABLE_COLUMNS
    )


def _names(titles: Collection[str], table: str) -> dict[str, str]:
    """Return the column name of each title; an unknown title is kept."""
    columns, model = TABLE_COLUMNS[table], Target if table == "targets" else Observation
    names = {title: name for name, title in model.titles().items()} | _EXTRA_TITLES
    names = {title: name for title, name in names.items() if name in columns}
    if "标识" in titles:
        names.pop("指标")  # only shown for orientation beside the id
    return {
        t: t.lower() if t.lower() in columns else names.get(_without_percent_unit(t), t)
        for t in titles
    }


def _without_percent_unit(title: str) -> str:
    """Return a title without a bracketed percent sign: 同比（%）→ 同比."""
    return re.sub(r"[（(][%％][)）]$", "", title)


def recognise(sheet: Sheet) -> RecognisedSheet:
    """Recognise from its header which long table a sheet contains.

    District and checkpoint can also come from the mark of a fill-in workbook, the checkpoint
    from the file name too.

    Raises
    ------
    UsageError
        When the header fits neither table; the message lists the columns of the closer one.
    """
    header = [c for c in sheet.rows.columns if c != ROW and not c.startswith(LETTER_OF)]
    targets = {"kind", "目标类型"} & {c.lower() for c in header}
    table = "targets" if targets else "observations"
    columns, names = TABLE_COLUMNS[table], _names(header, table)
    given = {}
    if not targets and (checkpoint := file_checkpoint(sheet.file)):
        given["checkpoint"] = str(checkpoint)
    if sheet.mark:
        names = {c: name for c, name in names.items() if c not in DISPLAY_TITLES or name in columns}
        given["checkpoint"] = sheet.mark.checkpoint
        given |= {"district": sheet.mark.district} if sheet.mark.district else {}
    present = list(names.values())
    missing = [
        c for c, required in columns.items() if required and c not in present and c not in given
    ]
    unknown = [c for c in names if names[c] not in columns]
    duplicates = [c for c in dict.fromkeys(present) if present.count(c) > 1]
    where = f"{sheet.file}" + (f", sheet {sheet.name}" if sheet.name else "")
    if missing or unknown or duplicates:
        problems = [f"{c} is missing" for c in missing] + _shortened(
            [f"{c!r} is unknown" for c in unknown]
        )
        problems += [f"{c} occurs twice" for c in duplicates]
        required_names = ", ".join(c for c, required in columns.items() if required)
        optional_names = ", ".join(c for c, required in columns.items() if not required)
        raise UsageError(
            f"{where}: wrong header: {'; '.join(problems)}",
            f"required columns: {required_names}; optional: {optional_names}; a wide table needs a [[wide]] mapping "
            "in dataset.toml",
        )
    if sheet.nameless:
        raise UsageError(
            f"{where}: {sheet.nameless} is filled, but its column has no name",
            "name the column in the header, or clear the cell",
        )
    names |= {c: LETTER_OF + names[c[1:]] for c in sheet.rows.columns if c.startswith(LETTER_OF)}
    rows = sheet.rows.select(ROW, *names).rename(names)
    rows = rows.with_columns(
        **{c: pl.lit(text) for c, text in given.items() if c not in rows.columns}
    )
    letters = {names[c]: letter for c, letter in sheet.letters.items() if c in names}
    return RecognisedSheet(table, replace(sheet, rows=rows, letters=letters))


def _shortened(items: list[str]) -> list[str]:
    excess = len(items) - _MAX_UNKNOWN_LISTED
    return [*items[:_MAX_UNKNOWN_LISTED], f"and {excess} more"] if excess > 0 else items


def file_checkpoint(name: str) -> Checkpoint | None:
    """Return the checkpoint that a file name states, or None.

    Examples
    --------
    >>> file_checkpoint("2025H1-01-各区报送.csv"), file_checkpoint("01-专利.csv")
    (Checkpoint(year=2025, month=6), None)
    >>> file_checkpoint("各县专利2013年1-6月.xls")
    Checkpoint(year=2013, month=6)
    >>> file_checkpoint("2025年度 上半年报表.xlsx"), file_checkpoint("报送2025年7月10日.xlsx")
    (Checkpoint(year=2025, month=6), None)
    """
    for year, short, period in _IN_NAME.findall(name):
        checkpoint = read_checkpoint(year + short if short else f"{year}年{period}")
        if checkpoint:
            return checkpoint
    return None
