"""The index: order of the districts, groups of several parents, anchors, counts."""

from __future__ import annotations

import polars as pl
import pytest

from kejistats.pages.index import MAX_WITHOUT_ANCHORS, Entry, index_page, sort_entries
from tests.factory import CITY, code, districts
from tests.pages.factory import parse, words_of


def entry(number: int, *, made: bool = True, **more: int) -> Entry:
    """The entry of the city's n-th district."""
    href = f"{code(number)}-2025H1.html" if made else ""
    return Entry(f"第{number}区", href, "" if made else "未生成", more)


def test_lines_come_in_the_order_of_the_districts_and_the_overview_first() -> None:
    entries = [entry(3), entry(1), Entry("总览", "overview.html", ""), entry(2, made=False)]

    sorted_entries = sort_entries(entries, districts(3))

    assert [e.name for e in sorted_entries] == ["总览", "第1区", "第2区", "第3区"]
    assert {e.group for e in sorted_entries} == {""}


def test_two_districts_of_one_name_keep_their_order() -> None:
    units = districts(3, {"code": code(3), "name": "第1区"})
    with_page = Entry("第1区", f"{code(3)}-2025H1.html", "")

    sorted_entries = sort_entries([with_page, Entry("第1区", "", "未生成"), entry(2)], units)

    assert [(e.name, e.href) for e in sorted_entries] == [
        ("第1区", ""), ("第2区", entry(2).href), ("第1区", with_page.href),
    ]  # fmt: skip


def test_districts_of_several_parents_are_grouped_by_parent() -> None:
    units = districts(
        2,
        {"code": "9002", "name": "另一市", "kind": "total", "parent": None},
        {"code": "900201", "name": "北区", "parent": "9002"},
    )
    north = Entry("北区", "900201-2025H1.html", "")

    page = parse(index_page("标题", sort_entries([north, entry(1)], units), sample=False))

    groups = [words_of(th) for th in page.iter("th") if th.get("scope") == "rowgroup"]
    assert groups == ["某市", "另一市"]
    assert units.filter(pl.col("code") == CITY)["name"].item() == "某市"


@pytest.mark.parametrize(
    ("count", "anchored"), [(MAX_WITHOUT_ANCHORS, False), (MAX_WITHOUT_ANCHORS + 1, True)]
)
def test_an_index_of_many_lines_begins_with_links_to_them(count: int, anchored: bool) -> None:
    page = parse(index_page("标题", [entry(n) for n in range(1, count + 1)], sample=False))

    targets = [a.get("href", "") for a in page.iter("a") if a.get("href", "").startswith("#")]
    ids = [tr.get("id") for tr in page.iter("tr") if tr.get("id")]
    assert bool(targets) == anchored
    assert [t.removeprefix("#") for t in targets] == ids


@pytest.mark.parametrize(
    ("counts", "headings"),
    [
        ({"reached": 2, "missed": 1, "improved": 3, "worsened": 0}, ["达到", "未达到"]),
        ({"reached": 0, "missed": 0, "improved": 3, "worsened": 1}, ["向好", "趋弱"]),
        ({"reached": 0, "missed": 0, "improved": 0, "worsened": 0}, []),
    ],
)
def test_counts_are_of_targets_else_of_growth(counts: dict[str, int], headings: list[str]) -> None:
    page = parse(index_page("标题", [entry(1, **counts), entry(2, made=False)], sample=False))

    headers = [words_of(th) for th in page.findall(".//thead/tr/th")]
    cells = [[words_of(td) for td in tr.findall("td")] for tr in page.findall(".//tbody/tr")]
    keys = {"达到": "reached", "未达到": "missed", "向好": "improved", "趋弱": "worsened"}
    assert headers == ["简报", *headings, "结论"]
    assert cells[0][:-1] == [str(counts[keys[h]]) for h in headings]
    assert cells[1] == [*(["—"] * len(headings)), "未生成"]
    assert "共1页，1页未生成。" in words_of(page)
