"""Recipients: every fault of the list is a finding with its cell; only listed pages are sent."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kejistats.model.errors import UsageError
from kejistats.model.tables import Recipient
from kejistats.model.tables.recipient import CONTENTS, DELIVERIES, ROLES
from kejistats.publish.due import allowed_pages
from kejistats.publish.recipients import read_recipients
from kejistats.release import OVERVIEW
from tests.factory import write_csv

CODES = ["900101", "900102", "900151"]
GOOD = {"address": "a@kj.example.org", "name": "示例：联络员", "role": "district",
        "districts": "900101", "what": "brief", "form": "both"}  # fmt: skip


def read(file: Path, *rows: dict[str, str]) -> tuple[list[dict[str, str]], list[tuple[str, str]]]:
    """Return the valid rows, and cell and rule of each finding."""
    write_csv(file, [GOOD | row for row in rows])
    table, findings = read_recipients(file, CODES, ["example.org"])
    return table.to_dicts(), list(findings.select("cell", "rule").iter_rows())


@pytest.mark.parametrize(
    ("row", "rule", "cell"),
    [
        ({"address": "b"}, "not_an_address", "A3"),
        ({"address": ""}, "not_an_address", "A3"),
        ({"address": "b@example.org,c@example.org"}, "not_an_address", "A3"),
        ({"address": "李@example.org"}, "not_an_address", "A3"),
        ({"address": "b@例子.org"}, "not_an_address", "A3"),
        ({"address": f"{'b' * 250}@example.org"}, "not_an_address", "A3"),
        ({"address": "b@example.com"}, "domain_not_allowed", "A3"),
        ({"address": "b@badexample.org"}, "domain_not_allowed", "A3"),
        ({"address": "A@KJ.example.org"}, "duplicate_address", "A3"),
        ({"address": "b@example.org\r\nBcc: c@example.org"}, "control_character", "A3"),
        ({"name": "甲\r\nBcc: c@example.org"}, "control_character", "B3"),
        ({"name": "甲\u202e乙"}, "control_character", "B3"),
        ({"name": '=HYPERLINK("http://example.org")'}, "formula", "B3"),
        ({"name": "+1"}, "formula", "B3"),
        ({"name": "@SUM(A1)"}, "formula", "B3"),
        ({"role": "局长"}, "unknown_role", "C3"),
        ({"districts": "900199"}, "unknown_district", "D3"),
        ({"districts": "900101;*"}, "unknown_district", "D3"),
        ({"districts": "=D2"}, "formula", "D3"),
        ({"districts": "900101\r\nX: y"}, "control_character", "D3"),
        ({"districts": ""}, "no_district", "D3"),
        ({"what": "all"}, "unknown_what", "E3"),
        ({"form": ""}, "unknown_form", "F3"),
    ],
)
def test_a_fault_is_a_finding_and_excludes_the_row(
    tmp_path: Path, row: dict[str, str], rule: str, cell: str
) -> None:
    rows, findings = read(tmp_path / "r.csv", {}, {"address": "b@example.org"} | row)

    assert findings == [(cell, rule)]
    assert [r["address"] for r in rows] == ["a@kj.example.org"]


def test_chinese_titles_and_labels_are_understood(tmp_path: Path) -> None:
    file = tmp_path / "r.csv"
    titles = Recipient.titles()
    row = GOOD | {
        "role": "联络员",
        "what": "简报和总览",
        "form": "正文",
        "districts": "900101；900102",
    }
    write_csv(file, [{titles[k]: v for k, v in row.items()}], encoding="gb18030")

    table, findings = read_recipients(file, CODES, [])

    assert findings.is_empty()
    assert table.select("role", "what", "form").row(0) == ("district", "both", "body")
    assert allowed_pages(table.row(0, named=True), CODES) == ["900101", "900102"]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "is empty"),
        ("address,name\n", "wrong header"),
        ("address,name,role,districts,what,form\na@example.org,甲\n", "line 2 has 2 cells"),
        ('address,name,role,districts,what,form\n"a@example.org', "is not valid CSV: line 2"),
    ],
)
def test_a_malformed_file_is_reported_with_its_line(tmp_path: Path, text: str, wrong: str) -> None:
    file = tmp_path / "r.csv"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(UsageError, match=wrong):
        read_recipients(file, CODES, [])


def test_the_only_duplicate_among_ten_thousand_rows_is_reported(tmp_path: Path) -> None:
    rows = [{"address": f"r{n}@example.org"} for n in range(10_000)]

    valid, findings = read(tmp_path / "r.csv", *rows, {"address": "R17@example.org"})

    assert len(valid) == 10_000
    assert findings == [("A10002", "duplicate_address")]


@given(
    districts=st.one_of(st.just("*"), st.lists(st.sampled_from(CODES), unique=True).map(";".join)),
    what=st.sampled_from(sorted(CONTENTS)),
    role=st.sampled_from(sorted(ROLES)),
    form=st.sampled_from(sorted(DELIVERIES)),
    keys=st.lists(st.sampled_from([OVERVIEW, *CODES, "900199"]), unique=True),
)
def test_a_recipient_gets_only_listed_pages(
    districts: str, what: str, role: str, form: str, keys: list[str]
) -> None:
    row = GOOD | {"districts": districts, "what": what, "role": role, "form": form}

    allowed = allowed_pages(row, keys)

    listed = set(keys) - {OVERVIEW} if districts == "*" else set(districts.split(";"))
    briefs = listed & set(keys) if what in ("brief", "both") else set()
    overview = {OVERVIEW} & set(keys) if what in ("overview", "both") else set()
    assert set(allowed) == briefs | overview
    assert allowed == [key for key in keys if key in allowed]
