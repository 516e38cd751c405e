"""Write tables to parquet, CSV or xlsx files that spreadsheet programs open safely."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import polars as pl

from kejistats.model.atomic import replace
from kejistats.model.errors import UsageError

FORMATS = (".parquet", ".csv", ".xlsx")
# Text that begins like this would be read as a formula.
_FORMULA = r"^([=+\-@\t\r])"


def write_table(frame: pl.DataFrame, file: Path, figures: Collection[str] = ()) -> None:
    """Write a table as parquet, CSV (UTF-8 with BOM, as spreadsheets expect) or xlsx.

    Text that begins like a formula stays text: quoted in CSV, typed as text in xlsx.

    Parameters
    ----------
    frame
        The table.
    file
        The file to write; its suffix decides the format.
    figures
        Text columns that hold only numbers and codes, where a leading minus is no formula.

    Raises
    ------
    UsageError
        When the suffix is none of the three, or the folder does not exist.
    """
    check_table_file(file)
    draft = file.with_name(f".{file.name}.part")
    match file.suffix.lower():
        case ".parquet":
            frame.write_parquet(draft)
        case ".csv":
            safe = frame.with_columns(
                pl.col(c).str.replace(_FORMULA, "'$1")
                for c, t in frame.schema.items()
                if t == pl.String and c not in figures
            )
            safe.write_csv(draft, include_bom=True)
        case _:
            _write_xlsx(frame, draft)
    replace(draft, file)


def check_table_file(file: Path) -> None:
    """Raise UsageError where a table file could not be written, before any work is done."""
    if file.suffix.lower() not in FORMATS:
        raise UsageError(
            f"{file.name} has none of the suffixes {', '.join(FORMATS)}", "use one of them"
        )
    if not file.parent.is_dir():
        raise UsageError(f"there is no folder {file.parent}", "create it first")


def _write_xlsx(frame: pl.DataFrame, file: Path) -> None:
    import xlsxwriter

    options = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
    with xlsxwriter.Workbook(str(file), options) as book:
        frame.write_excel(book, "metrics", autofilter=True, freeze_panes=(1, 0))
