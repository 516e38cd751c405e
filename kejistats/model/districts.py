"""Look up districts by code, by a code without its leading zeros, or by name."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

import polars as pl

from kejistats.model.errors import UsageError


def find_district(dataset: str, districts: pl.DataFrame, wanted: str | int) -> str:
    """Return the code of a district.

    Parameters
    ----------
    dataset
        The data set's name, for the error message.
    districts
        District table.
    wanted
        A code, a code without its leading zeros, or a name.

    Raises
    ------
    UsageError
        When no district matches; the remedy names the closest ones.

    Examples
    --------
    >>> units = pl.DataFrame({"code": ["000123"], "name": ["甲区"]})
    >>> [find_district("city", units, wanted) for wanted in ("000123", 123, "甲区")]
    ['000123', '000123', '000123']
    """
    text = str(wanted).strip()
    codes = districts["code"].to_list()
    if text in codes:
        return text
    padded = [c for c in codes if text.isdigit() and c == text.zfill(len(c))]
    named = districts.filter(pl.col("name") == text)["code"].to_list()
    matches = padded or named
    if len(matches) == 1:
        return str(matches[0])
    if not text:
        raise UsageError("the parameter district is missing", f"one of: {', '.join(codes)}")
    close = _close_matches(text, districts)
    hint = f"did you mean {' or '.join(close)}?" if close else f"one of: {', '.join(codes)}"
    raise UsageError(f"{dataset} has no district {text!r}", hint)


def check_benchmark(file: Path, benchmark: str, districts: pl.DataFrame) -> None:
    """Check that the benchmark of ``dataset.toml`` is the code of a district.

    Parameters
    ----------
    file
        The settings file.
    benchmark
        The code; empty for no benchmark.
    districts
        District table.

    Raises
    ------
    UsageError
        When it is not; the remedy names the closest codes and names.

    Examples
    --------
    >>> units = pl.DataFrame({"code": ["900101"], "name": ["甲区"]})
    >>> check_benchmark(Path("dataset.toml"), "甲区", units)
    Traceback (most recent call last):
    kejistats.model.errors.UsageError: dataset.toml: the benchmark 甲区 is not a district code
      did you mean 900101 (甲区)?
    """
    names = dict(districts.select("code", "name").iter_rows())
    if not benchmark or benchmark in names:
        return
    codes = {name: code for code, name in names.items()}
    near = dict.fromkeys(codes.get(match, match) for match in _close_matches(benchmark, districts))
    shown = [f"{code} ({names[code]})" for code in near or names]
    hint = f"did you mean {' or '.join(shown)}?" if near else f"one of: {', '.join(shown)}"
    raise UsageError(f"{file}: the benchmark {benchmark} is not a district code", hint)


def _close_matches(text: str, districts: pl.DataFrame) -> list[str]:
    """Return up to three codes and names similar to a text, most similar first."""
    return get_close_matches(text, [*districts["code"], *districts["name"]], n=3, cutoff=0.5)
