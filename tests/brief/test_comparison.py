"""Comparisons: which figures have a difference, the reasons why others have none, the page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kejistats.api import Desk, open_comparison
from kejistats.brief import Bundle, Comparison, make_sides
from kejistats.brief.pairs import Pair, make_pairs
from kejistats.model.errors import UsageError
from kejistats.pages.exporter import KejistatsExporter
from tests.brief.factory import district_bundle
from tests.factory import (
    CITY,
    COUNT,
    DISTRICT,
    MONEY,
    PERCENT,
    RATIO,
    ROOT,
    STOCK,
    code,
    districts,
    observation,
    target,
)
from tests.pages.factory import MASKED, MODEL, parse, parse_fragment, words_of

FINAL: dict[str, Any] = {"grade": "final"}
MASK: dict[str, Any] = {"status": "masked", "reported": "xx"}
FLOWS = [MONEY, COUNT]


def side_of(*figures: dict[str, Any], at: str = "2025H1", **more: Any) -> Bundle:
    """Return one side of a comparison: a district's figures at a checkpoint."""
    bundle = district_bundle(figures, more.pop("targets", ()), at)
    return Bundle(bundle.content | {"cumulative": FLOWS, "breaks": {}} | more)


def pair_of(subject: Bundle, reference: Bundle) -> Pair:
    """Return the only indicator of both sides."""
    [pair] = make_pairs(subject, reference)
    return pair


def year_ago(indicator: str, value: float | None, **more: Any) -> Bundle:
    """Return the side of a year earlier."""
    return side_of(observation(indicator, value, 2024, **more), at="2024H1")


@pytest.mark.parametrize(
    ("subject", "reference", "reason"),
    [
        (side_of(observation(COUNT, 120)), year_ago(COUNT, 100), ""),
        (side_of(observation(COUNT, None)), year_ago(COUNT, 100), "missing"),
        (side_of(observation(COUNT, 120)), year_ago(COUNT, None, **MASK), "masked"),
        (side_of(observation(COUNT, 120, bound="about")), year_ago(COUNT, 100), "bound"),
        (side_of(observation(COUNT, 120)), year_ago(COUNT, 100, **FINAL), "grade"),
        (side_of(observation(COUNT, 120), breaks={COUNT: "new"}), year_ago(COUNT, 100), "break"),
        (side_of(observation(COUNT, 120)),
         side_of(observation(COUNT, 300, 2024, 12), at="2024H2"), "months"),
        (side_of(observation(STOCK, 120)),
         side_of(observation(STOCK, 100, 2024, 12), at="2024H2"), ""),
        (side_of(observation(PERCENT, None)), year_ago(PERCENT, None), "not_expected"),
    ],
)  # fmt: skip
def test_only_comparable_figures_have_a_difference(
    subject: Bundle, reference: Bundle, reason: str
) -> None:
    pair = pair_of(subject, reference)

    assert pair.reason == reason
    assert (pair.difference is None) == bool(reason)
    assert reason == "" or pair.rate is None


def test_an_indicator_of_one_side_alone_is_listed_with_its_reason() -> None:
    pairs = make_pairs(side_of(observation(COUNT, 120)), year_ago(STOCK, 100))

    assert {p.view.id: p.reason for p in pairs} == {COUNT: "absent", STOCK: "absent"}


@pytest.mark.parametrize(
    ("indicator", "a", "b", "number", "percentage"),
    [
        (COUNT, 120, 100, "+20件", "+20.0%"),
        (COUNT, 100, 120, "−20件", "−16.7%"),
        (COUNT, 100, 100, "0件", "0.0%"),
        (COUNT, 100, 0, "+100件", ""),
        (MONEY, 18.6, 16.5, "+2.1亿元", "+12.7%"),
        (RATIO, 16.96, 14.72, "+2.24件/万人", ""),
    ],
)
def test_differences_are_printed_in_units_and_in_percent(
    indicator: str, a: float, b: float, number: str, percentage: str
) -> None:
    pair = pair_of(side_of(observation(indicator, a)), year_ago(indicator, b))

    assert (pair.signed_distance(), pair.percentage()) == (number, percentage)


AMOUNTS = st.floats(0, 1e7, allow_nan=False).map(lambda x: round(x, 2))


@given(AMOUNTS, AMOUNTS)
def test_difference_and_base_make_the_figure(a: float, b: float) -> None:
    subject, reference = MODEL_PAIR
    pair = Pair(replace_value(subject, a), replace_value(reference, b))

    assert pair.difference is not None
    assert pair.difference + b == pytest.approx(a)
    assert (pair.rate is None) == (b == 0)
    if pair.rate is not None:
        assert pair.rate * b == pytest.approx(pair.difference, abs=1e-6)
    assert pair.sign * (a - b) >= 0


def replace_value(view: Any, value: float) -> Any:
    """Return a copy of a view with another figure."""
    from dataclasses import replace

    return replace(view, row=view.row | {"value": value})


_PAIR = pair_of(side_of(observation(MONEY, 2)), year_ago(MONEY, 1))
MODEL_PAIR = (_PAIR.subject, _PAIR.reference)


@pytest.mark.parametrize(
    "more",
    [{"other_checkpoint": "2024H1"}, {"other_district": "900102"}, {"other_district": MASKED},
     {"other_checkpoint": "2024H2"}],
)  # fmt: skip
def test_every_difference_of_a_page_follows_from_the_metrics(
    demo: Desk, more: dict[str, Any]
) -> None:
    comparison = demo.compare(MODEL, "2025H1", **more)
    subject = demo.metrics("2025H1")
    reference = demo.metrics(more.get("other_checkpoint", "2025H1"))
    values = [
        {(r["indicator"]): r["value"] for r in table.filter(
            pl.col("district") == district, pl.col("level") == "").to_dicts()}
        for table, district in ((subject, MODEL), (reference, more.get("other_district", MODEL)))
    ]  # fmt: skip

    table = parse_fragment(comparison.table().html).find(".//table")
    assert table is not None
    rows = [tr for tr in table.findall("tbody/tr") if tr.get("class") != "group"]
    compared = [p for p in comparison.pairs if not p.reason]

    assert len(rows) == len(comparison.pairs)
    assert len(compared) + sum(bool(p.reason) for p in comparison.pairs) == len(rows)
    for pair in compared:
        a, b = (side_values[pair.view.id] for side_values in values)
        assert pair.difference == a - b
    for pair in comparison.pairs:
        assert pair.view.short in words_of(table)
    if more.get("other_checkpoint") == "2024H2":
        assert {p.reason for p in comparison.pairs if p.view.indicator["measure"] == "flow"} <= {
            "months", "absent", "not_expected",
        }  # fmt: skip
    else:
        assert len(compared) > 25


def test_every_number_of_the_sentences_is_in_the_table(demo: Desk) -> None:
    comparison = demo.compare(MODEL, "2025H1", other_checkpoint="2024H1")
    printed = words_of(parse_fragment(comparison.table().html))

    _, *lines, remark = comparison.changes.text.splitlines()

    assert len(lines) == 12
    assert remark.endswith("。")
    for line in lines:
        numbers = re.sub(r"^.*?(?=\d)", "", line).replace("2024年上半年", "")
        for number in re.findall(r"\d+(?:\.\d+)?", numbers):
            assert number in printed, line


def test_sides_are_labelled_by_what_differs(demo: Desk) -> None:
    in_time = demo.compare(MODEL, "2025H1", other_checkpoint="2024H1")
    in_place = demo.compare(MODEL, "2025H1", "清禾区")

    assert in_time.title == "朝岚区科技指标对比：2025年上半年与2024年上半年"
    assert in_place.title == "朝岚区与清禾区2025年上半年科技指标对比"
    assert in_time.labels == ("2025年上半年", "2024年上半年")
    assert in_place.labels == ("朝岚区", "清禾区")
    assert "2025年上半年：截至2025年6月30日，初步数" in in_time.head.html
    assert "清禾区：截至2025年6月30日，初步数" in in_place.head.html


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (("", ""), "the same twice"),
        ((MODEL, "2025H1"), "the same twice"),
        (("", "2025Q2"), "the same twice"),
        (("900102", "2024H1"), "another district at another checkpoint"),
    ],
)
def test_nothing_to_compare_says_what_to_give(
    demo: Desk, other: tuple[str, str], message: str
) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        demo.compare(MODEL, "2025H1", *other)

    assert "give either other_checkpoint (" in str(caught.value)
    assert "2024H1" in str(caught.value)
    assert "or other_district" in str(caught.value)


def test_parameters_that_are_missing_or_unknown_are_named(demo: Desk) -> None:
    path = str(demo.path)

    with pytest.raises(UsageError, match="the parameter dataset is missing"):
        open_comparison()
    with pytest.raises(UsageError, match="the parameter district is missing"):
        open_comparison(path)
    with pytest.raises(UsageError, match="999999"):
        open_comparison(path, MODEL, "2025H1", "999999")
    with pytest.raises(UsageError, match="no figures for 2019H1"):
        open_comparison(path, MODEL, "2025H1", other_checkpoint="2019H1")


def test_without_targets_and_ranks_there_is_no_standing() -> None:
    plain = Comparison(side_of(observation(STOCK, 3)), year_ago(STOCK, 2))
    with_target = Comparison(
        side_of(observation(COUNT, 3), targets=[target(COUNT, "total", 9)]), year_ago(COUNT, 2)
    )

    assert plain.standing().html == ""
    assert "33.3%" in words_of(parse_fragment(with_target.standing().html))


def test_a_difference_that_prints_as_zero_has_no_sign() -> None:
    pair = pair_of(side_of(observation(MONEY, 16.500000000001)), year_ago(MONEY, 16.5))

    assert (pair.signed_distance(), pair.sign, pair.percentage()) == ("0元", 0, "0.0%")


def test_definitions_come_from_the_figures_themselves(demo: Desk) -> None:
    subject, reference = make_sides(demo, MODEL, "2025H1", other_checkpoint="2024H1")

    flows = set(demo.indicators.filter(pl.col("measure") == "flow")["id"])
    assert flows <= set(subject.content["cumulative"])
    assert STOCK not in subject.content["cumulative"]
    assert subject.content["breaks"] == reference.content["breaks"] == {}
    assert districts(1).height == 2
    assert (code(1), CITY) == (DISTRICT, "900100")


def test_the_notebook_makes_a_valid_page(demo: Desk, tmp_path: Path) -> None:
    import papermill

    out = tmp_path / "out.ipynb"
    parameters = {"dataset": str(demo.path), "district": MODEL, "checkpoint": "2025H1",
                  "other_checkpoint": "2024H1"}  # fmt: skip
    papermill.execute_notebook(
        str(ROOT / "notebooks" / "compare.ipynb"), str(out), parameters=parameters,
        progress_bar=False, extra_arguments=["--IPKernelApp.log_level=50"],
    )  # fmt: skip

    html, _ = KejistatsExporter().from_notebook_node(nbformat.read(out, as_version=4))  # type: ignore[no-untyped-call]

    tree = parse(html)
    ids = [e.get("id") for e in tree.iter() if e.get("id")]
    links = {a.get("href", "").removeprefix("#") for a in tree.iter("a")}
    assert len(html.encode()) <= 150 * 1024
    assert [words_of(h) for h in tree.iter("h1")] == [
        "朝岚区科技指标对比：2025年上半年与2024年上半年"
    ]
    assert len(ids) == len(set(ids))
    assert links <= set(ids)
    assert "other_checkpoint" not in html
    for table in tree.iter("table"):
        widths = {len(tr) for tr in table.iter("tr") if tr.get("class") != "group"}
        assert len(widths) == 1
