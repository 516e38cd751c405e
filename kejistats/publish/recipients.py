"""Recipients: ``recipients.csv`` read into the Recipient table, every fault a finding."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Collection, Iterator
from pathlib import Path

import polars as pl

from kejistats.model.errors import UsageError
from kejistats.model.paths import read_text
from kejistats.model.tables import Finding, Recipient
from kejistats.model.tables.recipient import ADDRESS, EVERY, FORMS, ROLES, WHAT
from kejistats.reading.grid import letter

FILE = "recipients.csv"
_COLUMNS = Recipient.columns()
_CHOICES = {"role": ROLES, "what": WHAT, "form": FORMS}
# What a spreadsheet would take for a formula, and a header for its end.
_FORMULA = re.compile(r"^\s*[=+\-@]")
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
)
_LONGEST = 254
# A finding: column, rule, what is wrong, what would be right.
_Fault = tuple[str, str, str, str]


def read_recipients(
    file: Path, codes: Collection[str], domains: Collection[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read a recipients file.

    Parameters
    ----------
    file
        CSV in UTF-8 or GB18030 with the columns of `Recipient`, or their Chinese titles.
    codes
        Codes of the districts there are.
    domains
        Domains that mail may go to, those below them included; empty = any.

    Returns
    -------
    recipients, findings
        The Recipient table of the rows without fault, ``*`` kept as it is; the Finding table
        with row and column of every fault. No row is dropped silently.

    Raises
    ------
    UsageError
        When the file is missing, irregular or lacks a column.
    """
    if not file.is_file():
        raise UsageError(f"{file} is missing", f"columns: {','.join(_COLUMNS)}")
    rows = list(_rows(file))
    found: list[dict[str, str]] = []
    faults: list[dict[str, str]] = []
    first: dict[str, int] = {}
    for line, raw in rows:
        row = {name: text.strip() for name, text in raw.items()}
        wrong = list(_faults(row, raw, codes, domains))
        key = row["address"].casefold()
        if key and key in first:
            wrong.append(("address", "duplicate_address", f"{_shown(row['address'])}与第{first[key]}行重复，同一人会收到两份",
                          "每个地址只保留一行，地区用分号隔开"))  # fmt: skip
        first.setdefault(key, line)
        faults += [_finding(file, line, raw, fault) for fault in wrong]
        if not wrong:
            found.append(row | {c: _choice(c, row[c]) or "" for c in _CHOICES})
    table = Recipient.conform(pl.DataFrame(found, schema=dict.fromkeys(_COLUMNS, pl.String)))
    findings = pl.DataFrame(faults, schema_overrides=Finding.dtypes()) if faults else None
    return table, Finding.no_rows() if findings is None else Finding.conform(findings)


def _rows(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Return each row with the line it begins in."""
    reader = csv.reader(io.StringIO(read_text(file), newline=""), strict=True)
    titles = {title: name for name, title in Recipient.titles().items()}
    names: list[str] = []
    line = 1
    try:
        for cells in reader:
            at, line = line, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if not names:
                names = [titles.get(cell.strip(), cell.strip()) for cell in cells]
                if sorted(names) != sorted(_COLUMNS):
                    raise UsageError(
                        f"{file}: wrong header: {','.join(names)[:200]}",
                        f"columns: {','.join(_COLUMNS)}",
                    )
                continue
            if len(cells) != len(names):
                raise UsageError(
                    f"{file}: line {at} has {len(cells)} cells, the header has {len(names)}",
                    "put a text that holds a comma in quotes",
                )
            yield at, dict(zip(names, cells, strict=True))
    except csv.Error as error:
        raise UsageError(
            f"{file} is no regular CSV: line {line}: {error}", "close every quote"
        ) from None
    if not names:
        raise UsageError(f"{file} is empty", f"columns: {','.join(_COLUMNS)}")


def _choice(column: str, text: str) -> str | None:
    """Return the code meant by a code or its word."""
    words = _CHOICES[column]
    return next(
        (code for code, word in words.items() if text.lower() == code or text == word), None
    )


def _faults(
    row: dict[str, str], raw: dict[str, str], codes: Collection[str], domains: Collection[str]
) -> Iterator[_Fault]:
    """Return what is wrong with one row: of each cell one fault."""
    for column, text in raw.items():
        if _UNSEEN.search(text.strip(" ")):
            yield (
                column,
                "control_character",
                f"含有换行或不可见字符：{_shown(text)}",
                "重新键入，不要换行",
            )
        elif column != "address" and _FORMULA.match(text) and text.strip():
            yield (
                column,
                "formula",
                f"以公式符号开头：{_shown(text)}",
                "填写文字，不要以=、+、-、@开头",
            )
        elif column == "address":
            yield from _address_fault(row[column], domains)
        elif column in _CHOICES and _choice(column, row[column]) is None:
            allowed = "、".join(f"{code}（{word}）" for code, word in _CHOICES[column].items())
            yield (
                column,
                f"unknown_{column}",
                f"“{_shown(text)}”不是规定的取值",
                f"填写{allowed}之一",
            )
        elif column == "districts":
            yield from _district_fault(row, codes)


def _address_fault(address: str, domains: Collection[str]) -> Iterator[_Fault]:
    if not re.fullmatch(ADDRESS, address) or len(address) > _LONGEST:
        yield ("address", "not_an_address", f"“{_shown(address)}”不是规范的邮箱地址",
               "一行填写一个地址，如 liaison@example.org")  # fmt: skip
        return
    if not allowed(address, domains):
        yield ("address", "domain_not_allowed", f"{_shown(address)}不在允许的收件域内",
               f"改为以下域的地址，或在dataset.toml的[mail] domains中增加：{'、'.join(domains)}")  # fmt: skip


def _district_fault(row: dict[str, str], codes: Collection[str]) -> Iterator[_Fault]:
    given = listed(row["districts"])
    unknown = [code for code in given if code not in codes and code != EVERY]
    if unknown:
        yield ("districts", "unknown_district", f"没有地区{_shown('、'.join(unknown))}",
               "填写districts.csv中的代码，多个用分号隔开，全部用*")  # fmt: skip
    elif EVERY in given and len(given) > 1:
        yield ("districts", "unknown_district", "*与代码并列", "全部地区只填*，否则只填代码")
    elif not given and _choice("what", row["what"]) in ("brief", "both"):
        yield ("districts", "no_district", "收简报但未填地区", "填写地区代码，全部用*")


def listed(text: str) -> list[str]:
    """Return the codes of a cell.

    Examples
    --------
    >>> listed("900106; 900151"), listed("")
    (['900106', '900151'], [])
    """
    return list(dict.fromkeys(code for part in re.split("[;；、]", text) if (code := part.strip())))


def allowed(address: str, domains: Collection[str]) -> bool:
    """Say whether an address lies in one of the domains or below; any does where there are none.

    Examples
    --------
    >>> allowed("a@kj.example.org", ["example.org"]), allowed("a@badexample.org", ["example.org"])
    (True, False)
    """
    own = address.rpartition("@")[2].lower()
    return not domains or any(own == d.lower() or own.endswith(f".{d.lower()}") for d in domains)


def _shown(text: str) -> str:
    """Return received text with what cannot be seen named, at most 60 characters of it."""
    seen = _UNSEEN.sub(lambda match: f"〈U+{ord(match[0]):04X}〉", text)
    return seen if len(seen) <= 60 else f"{seen[:59]}…"


def _finding(file: Path, line: int, raw: dict[str, str], fault: _Fault) -> dict[str, str]:
    column, rule, wrong, right = fault
    cell = f"{letter(list(raw).index(column))}{line}"
    return {
        "rule": rule, "severity": "error", "file": file.name, "sheet": "", "cell": cell,
        "row": json.dumps(raw, ensure_ascii=False), "wrong": wrong, "right": right,
    }  # fmt: skip
