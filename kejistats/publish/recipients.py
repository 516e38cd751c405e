"""Read ``recipients.csv`` into the Recipient table and report every error as a finding."""

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
from kejistats.model.tables.recipient import ADDRESS, ALL_DISTRICTS, CONTENTS, DELIVERIES, ROLES
from kejistats.reading.grid import column_letter

FILE = "recipients.csv"
_COLUMNS = Recipient.columns()
_CHOICES = {"role": ROLES, "what": CONTENTS, "form": DELIVERIES}
# Text that a spreadsheet would read as a formula.
_FORMULA = re.compile(r"^\s*[=+\-@]")
# Control and invisible characters, which could end a header or mislead a reader.
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
)
_MAX_ADDRESS_LENGTH = 254
# Column, rule, what is wrong, what would be right.
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
        Codes of the existing districts.
    domains
        Domains to which mail may be sent, subdomains included; empty = any.

    Returns
    -------
    recipients, findings
        The Recipient table of the valid rows, with ``*`` not expanded; the Finding table with a
        row for every fault and its cell. Every row left out has a finding.

    Raises
    ------
    UsageError
        When the file is missing, is not valid CSV or has other columns.
    """
    if not file.is_file():
        raise UsageError(f"{file} is missing", f"columns: {','.join(_COLUMNS)}")
    rows = list(_rows(file))
    valid: list[dict[str, str]] = []
    finding_rows: list[dict[str, str]] = []
    first_lines: dict[str, int] = {}
    for line, raw in rows:
        row = {name: text.strip() for name, text in raw.items()}
        faults = list(_faults(row, raw, codes, domains))
        key = row["address"].casefold()
        if key and key in first_lines:
            faults.append(("address", "duplicate_address", f"{_visible(row['address'])}与第{first_lines[key]}行重复，同一人会收到两份",
                           "每个地址只保留一行，地区用分号隔开"))  # fmt: skip
        first_lines.setdefault(key, line)
        finding_rows += [_finding(file, line, raw, fault) for fault in faults]
        if not faults:
            valid.append(row | {c: _choice(c, row[c]) or "" for c in _CHOICES})
    table = Recipient.conform(pl.DataFrame(valid, schema=dict.fromkeys(_COLUMNS, pl.String)))
    if not finding_rows:
        return table, Finding.no_rows()
    findings = pl.DataFrame(finding_rows, schema_overrides=Finding.dtypes())
    return table, Finding.conform(findings)


def _rows(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each row with the number of its first line."""
    reader = csv.reader(io.StringIO(read_text(file), newline=""), strict=True)
    titles = {title: name for name, title in Recipient.titles().items()}
    names: list[str] = []
    line = 1
    try:
        for cells in reader:
            start, line = line, reader.line_num + 1
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
                    f"{file}: line {start} has {len(cells)} cells, the header has {len(names)}",
                    "put text that contains a comma in quotes",
                )
            yield start, dict(zip(names, cells, strict=True))
    except csv.Error as error:
        raise UsageError(
            f"{file} is not valid CSV: line {line}: {error}", "close every quote"
        ) from None
    if not names:
        raise UsageError(f"{file} is empty", f"columns: {','.join(_COLUMNS)}")


def _choice(column: str, text: str) -> str | None:
    """Return the code for a code or its Chinese label; None if it is neither."""
    labels = _CHOICES[column]
    return next(
        (code for code, label in labels.items() if text.lower() == code or text == label), None
    )


def _faults(
    row: dict[str, str], raw: dict[str, str], codes: Collection[str], domains: Collection[str]
) -> Iterator[_Fault]:
    """Yield the faults of one row, at most one per cell."""
    for column, text in raw.items():
        if _INVISIBLE.search(text.strip(" ")):
            yield (
                column,
                "control_character",
                f"含有换行或不可见字符：{_visible(text)}",
                "重新键入，不要换行",
            )
        elif column != "address" and _FORMULA.match(text) and text.strip():
            yield (
                column,
                "formula",
                f"以公式符号开头：{_visible(text)}",
                "填写文字，不要以=、+、-、@开头",
            )
        elif column == "address":
            yield from _address_fault(row[column], domains)
        elif column in _CHOICES and _choice(column, row[column]) is None:
            choices = "、".join(f"{code}（{label}）" for code, label in _CHOICES[column].items())
            yield (
                column,
                f"unknown_{column}",
                f"“{_visible(text)}”不是规定的取值",
                f"填写{choices}之一",
            )
        elif column == "districts":
            yield from _district_fault(row, codes)


def _address_fault(address: str, domains: Collection[str]) -> Iterator[_Fault]:
    if not re.fullmatch(ADDRESS, address) or len(address) > _MAX_ADDRESS_LENGTH:
        yield ("address", "not_an_address", f"“{_visible(address)}”不是规范的邮箱地址",
               "一行填写一个地址，如 liaison@example.org")  # fmt: skip
        return
    if not is_allowed(address, domains):
        yield ("address", "domain_not_allowed", f"{_visible(address)}不在允许的收件域内",
               f"改为以下域的地址，或在dataset.toml的[mail] domains中增加：{'、'.join(domains)}")  # fmt: skip


def _district_fault(row: dict[str, str], codes: Collection[str]) -> Iterator[_Fault]:
    listed = split_codes(row["districts"])
    unknown = [code for code in listed if code not in codes and code != ALL_DISTRICTS]
    if unknown:
        yield ("districts", "unknown_district", f"没有地区{_visible('、'.join(unknown))}",
               "填写districts.csv中的代码，多个用分号隔开，全部用*")  # fmt: skip
    elif ALL_DISTRICTS in listed and len(listed) > 1:
        yield ("districts", "unknown_district", "*与代码并列", "全部地区只填*，否则只填代码")
    elif not listed and _choice("what", row["what"]) in ("brief", "both"):
        yield ("districts", "no_district", "收简报但未填地区", "填写地区代码，全部用*")


def split_codes(text: str) -> list[str]:
    """Split the codes listed in a cell, without duplicates.

    Examples
    --------
    >>> split_codes("900106; 900151"), split_codes("")
    (['900106', '900151'], [])
    """
    return list(dict.fromkeys(code for part in re.split("[;；、]", text) if (code := part.strip())))


def is_allowed(address: str, domains: Collection[str]) -> bool:
    """Say whether an address belongs to one of the domains or a subdomain; no domains allow any.

    Examples
    --------
    >>> [is_allowed(f"a@{domain}", ["example.org"]) for domain in ("kj.example.org", "badexample.org")]
    [True, False]
    """
    domain = address.rpartition("@")[2].lower()
    return not domains or any(
        domain == d.lower() or domain.endswith(f".{d.lower()}") for d in domains
    )


def _visible(text: str) -> str:
    """Return at most 60 characters of a text, with invisible ones replaced by their code points."""
    visible = _INVISIBLE.sub(lambda match: f"〈U+{ord(match[0]):04X}〉", text)
    return visible if len(visible) <= 60 else f"{visible[:59]}…"


def _finding(file: Path, line: int, raw: dict[str, str], fault: _Fault) -> dict[str, str]:
    column, rule, wrong, right = fault
    cell = f"{column_letter(list(raw).index(column))}{line}"
    return {
        "rule": rule, "severity": "error", "file": file.name, "sheet": "", "cell": cell,
        "row": json.dumps(raw, ensure_ascii=False), "wrong": wrong, "right": right,
    }  # fmt: skip
