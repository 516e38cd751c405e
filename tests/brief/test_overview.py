"""The parts of the overview: each agrees with the Metric table."""

from __future__ import annotations

import copy
from fractions import Fraction
from pathlib import Path
from xml.etree.ElementTree import Element

import polars as pl
import pytest

from kejistats.brief import Bundle, Overview, make_overview
from kejistats.brief.fragments import Fragment
from kejistats.brief.movers import MAX_CHANGES
from kejistats.brief.view import View
from kejistats.dataset import Dataset
from kejistats.model.numbers import format_percent
from kejistats.run import batch, planning
from kejistats.status import reporting_status
from tests.pages.factory import parse, parse_fragment, words_of

AT = ["2025H1", "2025H2"]


def judged_views(overview: Overview, indicator: str) -> list[View]:
    """Return the judged views of an indicator without zones, whose district counts already."""
    zones = [u["code"] for u in overview.units if u["kind"] == "zone"]
    views = overview.data.column(indicator)
    return [v for v in views if v.assessed and v["district"] not in zones]


@pytest.fixture(scope="module", params=AT)
def overview(request: pytest.FixtureRequest, demo: Dataset) -> Overview:
    """The demo city's overview, in the middle of the year and at its end."""
    return Overview(make_overview(demo, demo.checkpoint(request.param)))


def without_ranks(overview: Overview) -> Overview:
    """Return the same overview with ranks switched off."""
    content = copy.deepcopy(overview.bundle.content)
    content["settings"]["ranks"] = False
    return Overview(Bundle(content))


def tables(part: Fragment) -> list[Element]:
    """Return the tables of a part."""
    return list(parse_fragment(part.html).iter("table"))


def cells(table: Element, section: str = "tbody") -> list[list[str]]:
    """Return the texts of a table's rows, without rows that name a group."""
    rows = table.findall(f"{section}/tr")
    return [[words_of(c) for c in tr] for tr in rows if tr.get("class") != "group"]


def main(overview: Overview, code: str) -> list[View]:
    """Return a district's main indicators."""
    return overview.data.main_indicators(code)


def test_parts_are_numbered_without_gaps(overview: Overview, provinces: Dataset) -> None:
    bare = Overview(make_overview(provinces, provinces.checkpoint("2023")))

    for page, count in ((overview, 6), (bare, 4), (without_ranks(overview), 4)):
        parts = (page.totals(), page.progress(), page.behind(), page.figures(), page.ranking(),
                 page.movers())  # fmt: skip
        heads = [words_of(h) for p in parts if p.html for h in parse_fragment(p.html).iter("h2")]
        assert [h[:2] for h in heads] == [f"{n}、" for n in "一二三四五六"[:count]]


def test_the_heat_table_shows_every_status_and_counts_what_is_reached(overview: Overview) -> None:
    heat = tables(overview.progress())[0]
    columns = overview.data.judged_indicators

    rows = cells(heat)
    [foot] = cells(heat, "tfoot")

    assert [words_of(th) for th in heat.findall("thead/tr/th")] == [
        "地区",
        *(c.short for c in columns),
    ]
    for unit, row, tr in zip(overview.units, rows, heat.findall("tbody/tr"), strict=True):
        assert row[0] == unit["name"]
        for column, text, td in zip(columns, row[1:], tr.findall("td"), strict=True):
            view = overview.data.view(unit["code"], column.id)
            assert view is not None
            unknown = {"masked": "※", "missing": "×"}.get(view["status"], "○")
            assert text[0] == (view.mark if view.assessed else unknown)
            assert (view["progress"] in td.get("class", "").split()) == view.assessed
            if view.assessed and view["attainment"] is not None:
                rate = format_percent(view["attainment"], 0, below=1).removesuffix("%")
                assert text[1:].lstrip("≥>≤<约") == rate
    for column, text in zip(columns, foot[1:], strict=True):
        judged = judged_views(overview, column.id)
        assert text == f"{sum(v.reached for v in judged)}/{len(judged)}"


def test_districts_are_ranked_by_how_many_targets_they_reach_and_ties_share_a_rank(
    overview: Overview,
) -> None:
    names = {u["name"]: u for u in overview.units}
    zones = [u["name"] for u in overview.units if u["kind"] == "zone"]

    rows = cells(tables(overview.progress())[1])

    assert {row[0] for row in rows} == set(names)
    shares = {}
    for name, place, judged, reached, missed, far in rows:
        views = [v for v in main(overview, names[name]["code"]) if v.assessed]
        assert (int(judged), int(reached), int(missed)) == (
            len(views), sum(v.reached for v in views), sum(v.not_reached for v in views),
        )  # fmt: skip
        assert int(far) == sum(v["progress"] == "behind" for v in views)
        if name not in zones:
            shares[name] = Fraction(int(reached), int(judged)), place
        else:
            assert place == "—"
    all_shares = [share for share, _ in shares.values()]
    assert all_shares == sorted(all_shares, reverse=True)
    for share, place in shares.values():
        tied = "并列" if all_shares.count(share) > 1 else ""
        assert place == f"{tied}{sum(s > share for s in all_shares) + 1}"
    assert any("并列" in place for _, place in shares.values())


def test_without_ranks_the_districts_keep_their_order(overview: Overview) -> None:
    plain = without_ranks(overview)

    tally = tables(plain.progress())[1]

    assert [row[0] for row in cells(tally)] == [u["name"] for u in plain.units]
    assert "位次" not in words_of(tally)
    assert (plain.ranking().html, plain.movers().html) == ("", "")


def test_ranks_are_those_of_the_metrics_that_may_be_shown(
    overview: Overview, demo: Dataset
) -> None:
    table = demo.metrics(overview.checkpoint)
    ids = {v.short: v.id for v in overview.headline}
    codes = {u["name"]: u["code"] for u in overview.units}
    figures, rates = tables(overview.ranking())

    for shown, column, count in (
        (figures, "rank", "ranked"), (rates, "attainment_rank", "attainment_ranked"),
    ):  # fmt: skip
        heads = [th.text or "" for th in shown.findall("thead/tr/th")][1:]
        places = 0
        for name, *texts in cells(shown):
            for short, text in zip(heads, texts, strict=True):
                row = table.filter(
                    pl.col("district") == codes[name], pl.col("indicator") == ids[short],
                    pl.col("level") == "",
                ).row(0, named=True)  # fmt: skip
                if text == "—":
                    hidden = column == "rank" and not row["rank_shown"]
                    unjudged = row["progress"] not in ("done", "ahead", "on_pace", "near", "slow",
                                                       "behind")  # fmt: skip
                    few = (row[count] or 0) < 2
                    assert row[column] is None or hidden or few or (
                        column == "attainment_rank" and unjudged
                    )  # fmt: skip
                    continue
                assert int(text.partition("/")[0].removeprefix("并列")) == row[column]
                if column == "rank":
                    assert text.startswith("并列") == row["tied"]
                places += 1
        assert places > 40


def test_districts_behind_are_listed_with_all_missed_indicators_the_most_first(
    overview: Overview,
) -> None:
    rows = cells(tables(overview.behind())[0])
    units = {u["name"]: u["code"] for u in overview.units}
    counts = [int(row[1]) for row in rows]
    order = [*units]

    assert counts == sorted(counts, reverse=True)
    assert [(-int(r[1]), order.index(r[0])) for r in rows] == sorted(
        (-int(r[1]), order.index(r[0])) for r in rows
    )
    for name, count, text in rows:
        missed = [v for v in main(overview, units[name]) if v.not_reached]
        assert int(count) == len(missed)
        assert all(v.short in text for v in missed)
        assert text.count("（") >= len(missed)
    listed = {name for name, _, _ in rows}
    assert listed == {
        n for n, code in units.items() if any(v.not_reached for v in main(overview, code))
    }


def test_no_district_is_named_on_the_first_screen(overview: Overview, provinces: Dataset) -> None:
    bare = Overview(make_overview(provinces, provinces.checkpoint("2023")))

    for page in (overview, bare):
        text = words_of(parse_fragment(page.head.html))
        assert [u["name"] for u in page.units if u["name"] in text] == []


def test_the_first_screen_says_what_most_districts_do_not_reach(overview: Overview) -> None:
    tree = parse_fragment(overview.head.html)
    named = [words_of(e).strip() for e in tree.findall(".//section[@class='worst']//strong")]
    missed = {}
    for column in overview.headline:
        judged = judged_views(overview, column.id)
        if judged:
            missed[column.short] = Fraction(sum(v.not_reached for v in judged), len(judged))

    assert len(named) == 3
    assert all(missed[name] > Fraction(1, 2) for name in named)
    assert [missed[name] for name in named] == sorted(missed.values(), reverse=True)[:3]
    grade = "初步数" if overview.checkpoint.month == 6 else "最终数"
    assert grade in words_of(tree)


def test_the_greatest_changes_of_rank_are_listed_and_equal_ones_stay_together(
    overview: Overview,
) -> None:
    moved = [v for u in overview.units for v in main(overview, u["code"])
             if v.shows_rank and v["rank_change"]]  # fmt: skip
    texts = overview.movers().text.splitlines()

    for sign, word in ((1, "位次上升最多"), (-1, "位次下降最多")):
        [line] = [text for text in texts if text.startswith(word)]
        changes = sorted((sign * v["rank_change"] for v in moved), reverse=True)
        changes = [k for k in changes if k > 0]
        listed = line.count("由第")
        assert listed <= MAX_CHANGES
        if listed < len(changes):
            assert changes[listed - 1] > changes[listed]
            assert f"另有{len(changes) - listed}项次" in line
        else:
            assert "另有" not in line


def test_highest_and_lowest_growth_are_as_ranked(overview: Overview) -> None:
    table = tables(overview.movers())[0]
    columns = {v.short: v for v in overview.headline}
    names = {u["code"]: u["name"] for u in overview.units}

    rows = cells(table)

    assert len(rows) > 5
    for head, first, last, among in rows:
        views = [
            v
            for v in overview.data.column(columns[head.partition("（")[0]].id)
            if v["yoy_rank"] is not None and v["yoy_ranked"] > 1
        ]
        ends = min(v["yoy_rank"] for v in views), max(v["yoy_rank"] for v in views)
        for text, end in zip((first, last), ends, strict=True):
            assert any(names[v["district"]] in text for v in views if v["yoy_rank"] == end)
        assert among.startswith(f"{views[0]['yoy_ranked']}/{views[0]['peers']}")


def test_coverage_agrees_with_the_reporting_status(overview: Overview, demo: Dataset) -> None:
    status = reporting_status(demo, overview.checkpoint, overview.checkpoint.end)
    counts = {row["district"]: (row["expected"], row["blank"] + row["absent"], row["masked"])
             for row in status.districts.to_dicts()}  # fmt: skip
    expected = {u["name"]: counts[u["code"]] for u in overview.units}

    shown = {row[0]: row for table in tables(overview.coverage) for row in cells(table)}

    for name, (count, late, masked) in expected.items():
        if late or masked:
            row = shown[name]
            # The page also counts ratios that were reported although they are not expected.
            assert int(row[1]) >= count
            assert int(row[-2]) == late
        else:
            assert name not in shown


def test_what_was_reported_a_year_ago_and_has_no_row_now_is_missing(demo: Dataset) -> None:
    content = copy.deepcopy(make_overview(demo, demo.checkpoint("2025H1")).content)
    gone = [r for r in content["metrics"] if r["district"] == "900103"]
    names = {i["id"]: i["short"] for i in content["indicators"]}
    content["metrics"] = [r for r in content["metrics"] if r["district"] != "900103"]
    content["absent"] = [{"district": "900103", "indicator": r["indicator"]} for r in gone]

    coverage = Overview(Bundle(content)).coverage

    [row] = [r for r in cells(tables(coverage)[0]) if r[0] == "望岳区"]
    details = parse_fragment(coverage.html).findall(".//details")
    assert row[1:3] == [str(len(gone)), "0"]
    assert len(details) == 1
    assert all(names[r["indicator"]] in words_of(details[0]) for r in gone)
    assert f"望岳区已报0/{len(gone)}项（0%）" in coverage.text


def test_the_page_of_a_whole_year_is_small_and_valid(demo: Dataset, tmp_path: Path) -> None:
    _, jobs, _ = planning.plan(demo, demo.checkpoint("2025H2"), (), tmp_path)

    [result] = batch.run([job for job in jobs if job.page.name == "overview.html"], 1)

    assert result.error == ""
    assert result.page is not None
    assert result.page.stat().st_size <= 150 * 1024
    tree = parse(result.page.read_text(encoding="utf-8"))
    assert len([h for h in tree.iter("h2") if words_of(h)[1:2] == "、"]) == 6
