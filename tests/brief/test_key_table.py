"""The key table: its columns, its folding, and the links from figures to their sources."""

from __future__ import annotations

import re

import pytest

from kejistats.brief import Brief
from kejistats.brief.key_table import FOLDED_FROM
from tests.brief.factory import district_bundle
from tests.factory import COUNT, indicators, observation, target
from tests.pages.factory import MODEL, parse_fragment, words_of


def brief_with_others(others: int) -> Brief:
    """Return a brief of a main indicator with a target and of other indicators without."""
    known = indicators(*({"id": f"own_{n}", "name": f"自定{n}"} for n in range(others)))
    figures = [observation(COUNT, 120), *(observation(f"own_{n}", 5) for n in range(others))]
    targets = [target(COUNT, "total", 200)]
    return Brief(district_bundle(figures, targets, known=known, headline=[COUNT]))


def test_many_others_are_folded_by_domain_and_few_are_not() -> None:
    few, many = (
        parse_fragment(brief_with_others(n).table().html) for n in (FOLDED_FROM - 1, FOLDED_FROM)
    )

    summaries = [words_of(s).strip() for s in many.findall(".//details/summary")]

    assert few.find(".//details") is None
    assert summaries == [f"知识产权（{FOLDED_FROM}项）"]
    assert len(many.findall(".//details//tbody/tr")) == FOLDED_FROM
    assert many.find(".//details[@open]") is None


def test_main_indicators_are_never_folded() -> None:
    html = brief_with_others(FOLDED_FROM).table().html

    assert html.index("<table") < html.index("<details")


def test_a_table_without_targets_has_no_columns_for_them() -> None:
    first, second = parse_fragment(brief_with_others(3).table().html).findall(".//table")

    heads = [[words_of(th) for th in table.findall("thead/tr/th")] for table in (first, second)]

    assert heads[0] == ["指标", "累计", "同比", "目标", "完成率", "较序时", "状态", "数据来源"]
    assert heads[1] == ["指标", "累计", "同比", "数据来源"]


def test_every_figure_links_to_the_line_of_its_source(
    all_briefs: dict[tuple[str, str], Brief],
) -> None:
    for brief in all_briefs.values():
        table, notes = parse_fragment(brief.table().html), parse_fragment(brief.notes.html)
        lines = {li.get("id"): words_of(li) for li in notes.findall(".//ol[@class='sources']/li")}
        views = {v.short: v for v in brief.rows}

        for row in table.findall(".//tbody/tr"):
            view = views[words_of(row.find("th"))]
            links = {a.get("href") for a in row.findall(".//a")}
            [link] = links
            line = lines[link.removeprefix("#")]
            assert line.startswith(f"{view.name}：")
            assert all(
                view[c] in line
                for c in ("source", "base_source", "target_source", "intake_id")
                if view[c]
            )


@pytest.mark.parametrize(
    ("indicator", "expected"),
    [
        ("tech_sme_registered", "同比（215−180）÷180；完成率215÷350；应完成50.0%×350。"),
        ("contracts_value", "同比（18.60−16.50）÷16.50；完成率18.60÷40.00；应完成42.0%×40.00。"),
        ("rd_industrial", "同比（5.92−6.11）÷6.11。"),
        ("hitech_va_growth", "同比9.6−9.3。"),
        ("hnte_total", "同比（335−308）÷308；完成率（335−318）÷（353−318）。"),
    ],
)
def test_formulas_are_written_out_with_their_figures(
    all_briefs: dict[tuple[str, str], Brief], indicator: str, expected: str
) -> None:
    brief = all_briefs[MODEL, "2025H1"]
    name = next(v.name for v in brief.rows if v.id == indicator)
    notes = parse_fragment(brief.notes.html)

    [line] = [
        words_of(li)
        for li in notes.findall(".//ol[@class='sources']/li")
        if words_of(li).startswith(f"{name}：")
    ]

    assert f"；{expected.removesuffix('。')}" in line


def test_the_page_carries_hash_versions_and_settings(
    all_briefs: dict[tuple[str, str], Brief],
) -> None:
    brief = all_briefs[MODEL, "2025H1"]

    made = " ".join(
        words_of(p) for p in parse_fragment(brief.notes.html).findall(".//p[@class='made']")
    )

    assert brief.bundle.digest in made
    assert re.search(r"kejistats \d.*Python 3\.\d+.*polars \d.*nbconvert \d", made)
    assert "thresholds.ahead=1.05" in made
    assert "parent=900100" in made
