"""Districts found by what people call them: a code, a code that lost its zeros, or a name."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

import polars as pl

from kejistats.model.errors import UsageError


def find_district(dataset: str, districts: pl.DataFrame, asked: str | int) -> str:
    """Return the code of the district meant.

    Parameters
    ----------
    dataset
        The data set's name, for the message.
    districts
        District table.
    asked
        A code, a code that lost its zeros, or a name.

    Raises
    ------
    UsageError
        When no district has it, with the nearest name.

    Examples
    --------
    >>> units = pl.DataFrame({"code": ["000123"], "name": ["甲区"]})
    >>> [find_district("city", units, asked) for asked in ("000123", 123, "甲区")]
    ['000123', '000123', '000123']
    """
    text = str(asked).strip()
    codes = districts["code"].to_list()
    if text in codes:
        return text
    padded = [c for c in codes if text.isdigit() and c == text.zfill(len(c))]
    named = districts.filter(pl.col("name") == text)["code"].to_list()
    found = padded or named
    if len(found) == 1:
        return str(found[0])
    if not text:
        raise UsageError("the parameter district is missing", f"one of: {', '.join(codes)}")
    close = _close(text, districts)
    hint = f"did you mean {' or '.join(close)}?" if close else f"one of: {', '.join(codes)}"
    raise UsageError(f"{dataset} has no district {text!r}", hint)


def check_benchmark(file: Path, benchmark: str, districts: pl.DataFrame) -> None:
    """Make sure that the benchmark of ``dataset.toml`` is the code of a district.

    Parameters
    ----------
    file
        The settings file.
    benchmark
        The code; empty for none.
    districts
        District table.

    Raises
    ------
    UsageError
        When it is none, with the nearest code and name.

    Examples
    --------
    >>> units = pl.DataFrame({"code": ["900101"], "name": ["甲区"]})
    >>> check_benchmark(Path("dataset.toml"), "甲区", units)
    Traceback (most recent call last):
    kejistats.model.errors.UsageError: dataset.toml: benchmark names unknown 甲区
      did you mean 900101 (甲区)?
    """
    names = dict(districts.select("code", "name").iter_rows())
    if not benchmark or benchmark in names:
        return
    codes = {name: code for code, name in names.items()}
    near = dict.fromkeys(codes.get(one, one) for one in _close(benchmark, districts))
    shown = [f"{code} ({names[code]})" for code in near or names]
    hint = f"did you mean {' or '.join(shown)}?" if near else f"one of: {', '.join(shown)}"
    raise UsageError(f"{file}: benchmark names unknown {benchmark}", hint)


def _close(text: str, districts: pl.DataFrame) -> list[str]:
    return get_close_matches(text, [*districts["code"], *districts["name"]], n=3, cutoff=0.5)
