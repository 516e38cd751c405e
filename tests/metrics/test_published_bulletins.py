"""The national bulletins of 2018–2023: what is printed follows from what is printed beside it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Any

import polars as pl
import pytest

from kejistats.model.intervals import (
    Interval,
    Printed,
    difference_interval,
    growth_interval,
    is_consistent,
    share_interval,
)
from kejistats.model.numbers import balanced_percentages, round_half_up
from kejistats.model.tables import District
from tests.factory import indicators, metrics, observation, observations, read_csv

NATION = "100000"
RD, FISCAL, INTENSITY = "R&D经费", "财政科学技术支出", "R&D经费投入强度"
ROWS = read_csv("national_bulletins.csv")
REVISED = {int(row["year"]): row["revised"] for row in read_csv("national_intensity_revisions.csv")}
FIRST = {
    int(row["year"]): row["first_published"] for row in read_csv("national_intensity_revisions.csv")
}
VALUES = {(int(row["year"]), row["series"]): row["value"] for row in ROWS if row["value"]}
YEARS = range(2018, 2024)

# Series that are a unit's part of a nation's figure, and series that are a kind of it.
UNITS = {
    f"{RD}@广东": (RD, "440000"),
    f"{RD}@江苏": (RD, "320000"),
    f"{RD}@北京": (RD, "110000"),
    f"{RD}@山东": (RD, "370000"),
    f"{RD}@浙江": (RD, "330000"),
    f"{RD}@上海": (RD, "310000"),
    f"中央{FISCAL}": (FISCAL, "central"),
    f"地方{FISCAL}": (FISCAL, "local"),
}
ACTIVITIES = ["基础研究经费", "应用研究经费", "试验发展经费"]
SECTORS = ["企业R&D经费", "政府属研究机构R&D经费", "高等学校R&D经费", "其他主体R&D经费"]
FUNCTIONS = ["财政科技支出:科学技术", "财政科技支出:其他功能支出"]
KINDS = {**dict.fromkeys(ACTIVITIES + SECTORS, RD), **dict.fromkeys(FUNCTIONS, FISCAL)}

# Growth on a comparable definition, as a footnote of the bulletins says of each.
COMPARABLE = {
    (2021, "财政科技支出:科学技术", "growth"): (7.1, 7.22),
    (2022, "财政科技支出:科学技术", "growth"): (3.9, 3.75),
    (2023, "财政科技支出:其他功能支出", "growth"): (1.5, 1.24),
}
# 82.25 % is printed as 82.2: the largest remainders make 6.8 + 11.0 + 82.2 = 100.
BALANCED = {(2023, "试验发展经费", "share")}
# 2.71 − 2.67 is 0.04, and 0.05 where either had been rounded.
WITHIN_ROUNDING = {(2021, "高技术制造业R&D强度", "points")}
# The tables hold no figures of the year before, or none of the series at all.
NO_BASE = {
    *[(2018, series, "growth") for series in (*ACTIVITIES, *SECTORS[:3], *FUNCTIONS)],
    *[(2018, f"{name}{FISCAL}", "growth") for name in ("中央", "地方")],
    (2022, "其他主体R&D经费", "growth"),
    (2018, RD, "change"), (2018, FISCAL, "change"), (2018, "R&D人均经费", "change"),
    (2018, "财政科技支出与财政支出之比", "points"),
    (2019, "高技术制造业R&D强度", "points"), (2019, "装备制造业R&D强度", "points"),
    (2019, "超500亿元行业大类合计占规上工业R&D比重", "share"),
    (2020, "超500亿元行业大类合计占规上工业R&D比重", "share"),
    (2021, "超1000亿元行业大类合计占规上工业R&D比重", "share"),
    (2022, "超1000亿元行业大类合计占规上工业R&D比重", "share"),
}  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """One printed change, growth, share or change in points."""

    year: int
    series: str
    column: str
    text: str

    @property
    def key(self) -> tuple[int, str, str]:
        return self.year, self.series, self.column

    @property
    def decimals(self) -> int:
        return len(self.text.partition(".")[2])


FIGURES = [
    Figure(int(row["year"]), row["series"], column, row[column])
    for row in ROWS
    for column in ("change", "growth", "share", "points")
    if row[column]
]


def unit_of(series: str) -> str:
    if series.endswith(("强度", "之比")):
        return "%"
    return "万元" if series == "R&D人均经费" else "亿元"


def district_and_indicator(series: str) -> tuple[str, str]:
    """Return the district and the indicator of a series."""
    indicator, district = UNITS.get(series, (series, NATION))
    return district, indicator


INDICATOR_IDS = dict.fromkeys(district_and_indicator(row["series"])[1] for row in ROWS)
KNOWN = indicators(
    *[
        {"id": name, "unit": unit_of(name), "frequency": "year"}
        | ({"measure": "ratio", "growth": "points", "aggregate": "none"}
           if unit_of(name) == "%" else {})
        for name in INDICATOR_IDS
    ],
    *[
        {"id": f"{kind}占比", "unit": "%", "measure": "ratio", "growth": "points",
         "aggregate": "none", "frequency": "year", "numerator": kind, "denominator": whole}
        for kind, whole in KINDS.items()
    ],
)  # fmt: skip
DISTRICTS = District.conform(
    pl.DataFrame(
        [{"code": NATION, "name": "全国", "kind": "total"}]
        + [
            {"code": code, "name": series, "parent": NATION, "kind": "district"}
            for series, (_, code) in UNITS.items()
        ]
    )
)


def printed(series: str, value: str, year: int, bulletin: int) -> dict[str, Any]:
    district, indicator = district_and_indicator(series)
    return observation(
        indicator, float(value), year, 12, district=district, vintage=bulletin, grade="final"
    )


def known_by(bulletin: int, *, revisions: bool = True) -> pl.DataFrame:
    """Return all figures printed up to a bulletin; each revises last year's intensity."""
    rows = [printed(series, v, y, y) for (y, series), v in VALUES.items() if y <= bulletin]
    # The figures of 2017 are what the change printed in 2018 leaves.
    rows += [
        printed(
            row["series"],
            str(round_half_up(float(row["value"]) - float(row["change"]), 1)),
            2017,
            0,
        )
        for row in ROWS
        if row["year"] == "2018" and row["series"] in {RD, FISCAL}
    ]
    if revisions:
        rows += [
            printed(INTENSITY, value, y, y + 1)
            for y, value in REVISED.items()
            if value and y < bulletin
        ]
    return observations(rows)


@cache
def table(year: int, *, revisions: bool = True) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the Metric rows of a year with the figures known to its own bulletin."""
    figures = known_by(year, revisions=revisions)
    result = metrics(figures, [], str(year), DISTRICTS, KNOWN)
    return {(row["district"], row["indicator"]): row for row in result.iter_rows(named=True)}


def computed(figure: Figure) -> float | None:
    """Return the computed figure as a bulletin prints it: rates and shares in %."""
    district, indicator = district_and_indicator(figure.series)
    row = table(figure.year).get((district, indicator), {})
    kind = table(figure.year).get((NATION, f"{figure.series}占比"), {})
    if figure.column == "share":
        if figure.series in KINDS:
            value = kind.get("value")
            return None if value is None else float(value)
        share = row.get("share")
        return None if share is None else float(share) * 100
    if figure.column == "growth":
        return None if row["yoy"] is None else float(row["yoy"]) * 100
    if figure.column == "change":
        # That of 2017 was taken from the change itself.
        return None if figure.year == 2018 else row["change"]
    return (kind if figure.series in KINDS else row)["yoy_points"]


def allowed(figure: Figure) -> Interval:
    """Return the interval that the rounding of the printed figures allows."""
    now = Printed.read(VALUES[figure.year, figure.series])
    if figure.column == "share":
        whole = KINDS.get(figure.series) or UNITS[figure.series][0]
        return share_interval(now, Printed.read(VALUES[figure.year, whole]))
    before = Printed.read(VALUES[figure.year - 1, figure.series])
    interval = growth_interval if figure.column == "growth" else difference_interval
    return interval(now, before)


def verdict(figure: Figure) -> str:
    value = computed(figure)
    if value is None:
        return "no base"
    if str(round_half_up(value, figure.decimals)) == figure.text:
        return "reproduced"
    within = is_consistent(Printed.read(figure.text), *allowed(figure))
    return "within rounding" if within else "differs"


def with_verdict(wanted: str) -> set[tuple[int, str, str]]:
    return {figure.key for figure in FIGURES if verdict(figure) == wanted}


SET_APART = {*COMPARABLE, *BALANCED, *WITHIN_ROUNDING, *NO_BASE}


@pytest.mark.parametrize(
    "figure",
    [figure for figure in FIGURES if figure.key not in SET_APART],
    ids=lambda figure: f"{figure.year} {figure.series} {figure.column}",
)
def test_a_printed_figure_follows_to_the_digit(figure: Figure) -> None:
    value = computed(figure)

    assert value is not None
    assert str(round_half_up(value, figure.decimals)) == figure.text


def test_every_printed_figure_is_counted() -> None:
    counts = Counter(figure.column for figure in FIGURES)

    verdicts = Counter(verdict(figure) for figure in FIGURES)

    assert counts == {"change": 17, "growth": 68, "share": 70, "points": 16}
    assert verdicts == {"reproduced": 145, "within rounding": 1, "differs": 4, "no base": 21}


def test_exactly_these_do_not_follow() -> None:
    assert with_verdict("differs") == {*COMPARABLE, *BALANCED}


def test_exactly_this_one_follows_by_rounding_only() -> None:
    assert with_verdict("within rounding") == WITHIN_ROUNDING


def test_exactly_these_have_nothing_to_follow_from() -> None:
    assert with_verdict("no base") == NO_BASE


@pytest.mark.parametrize("key", COMPARABLE, ids=lambda key: f"{key[0]} {key[1]}")
def test_growth_on_a_comparable_definition_is_not_that_of_the_figures(
    key: tuple[int, str, str],
) -> None:
    [figure] = [figure for figure in FIGURES if figure.key == key]
    printed_growth, nominal = COMPARABLE[key]

    value = computed(figure)

    assert value is not None
    assert float(figure.text) == printed_growth
    assert float(round_half_up(value, 2)) == nominal
    assert not is_consistent(Printed.read(figure.text), *allowed(figure))


@pytest.mark.parametrize("year", range(2019, 2024))
def test_intensity_changes_over_the_revised_base_and_not_the_first_published(year: int) -> None:
    [figure] = [f for f in FIGURES if f.key == (year, INTENSITY, "points")]

    revised = table(year)[NATION, INTENSITY]
    first = table(year, revisions=False)[NATION, INTENSITY]

    assert (str(revised["value"]), str(first["value"])) == (
        (str(float(VALUES[year, INTENSITY])),) * 2
    )
    assert revised["base"] == float(REVISED[year - 1])
    assert first["base"] == float(FIRST[year - 1])
    assert str(round_half_up(revised["yoy_points"], 2)) == figure.text
    assert str(round_half_up(first["yoy_points"], 2)) != figure.text


def test_rounding_alone_would_hide_the_wrong_base_in_three_years() -> None:
    hidden = []
    for year in range(2019, 2024):
        [figure] = [f for f in FIGURES if f.key == (year, INTENSITY, "points")]
        change = difference_interval(
            Printed.read(VALUES[year, INTENSITY]), Printed.read(FIRST[year - 1])
        )
        if is_consistent(Printed.read(figure.text), *change):
            hidden.append(year)

    assert hidden == [2020, 2021, 2022]


GROUPS = [ACTIVITIES, FUNCTIONS, [f"中央{FISCAL}", f"地方{FISCAL}"]]
# Rounded one by one, without regard to their sum.
UNBALANCED = {(2018, ACTIVITIES[0]): "99.9", (2021, ACTIVITIES[0]): "100.1"}


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize("parts", GROUPS, ids=lambda parts: parts[0])
def test_shares_of_one_whole_are_balanced_wherever_they_add_up(year: int, parts: list[str]) -> None:
    # Basic research is printed with two decimals in some years.
    shares = [
        round_half_up(float(next(f.text for f in FIGURES if f.key == (year, part, "share"))), 1)
        for part in parts
    ]
    exception = UNBALANCED.get((year, parts[0]))

    result = balanced_percentages([float(VALUES[year, part]) for part in parts], 1)

    assert str(sum(result)) == "100.0"
    assert str(sum(shares)) == (exception or "100.0")
    assert (result == shares) == (exception is None)
