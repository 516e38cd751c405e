"""An assessment in a data set, on its overview page and in its printed texts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from kejistats.api import Desk
from kejistats.assessment.scoring_rules import Completion, Interval, PerUnit, RankPoints, Steps
from kejistats.brief import Bundle, Overview, make_overview
from kejistats.intake import ingest
from kejistats.model.errors import UsageError
from tests.assessment.factory import (
    AT,
    BONUS,
    BY_STEP,
    HUNDRED_POINTS,
    OTHER,
    RATE,
    TARGET,
    assess_figures,
    count_rows,
    item,
    red_line,
    rules,
    score_row,
    scoring_words,
    total_row,
)
from tests.factory import (
    COUNT,
    code,
    observation,
    target,
    write_csv,
)
from tests.pages.factory import parse_fragment, words_of
from tests.store.factory import Intake, filled_dataset

TOML = """title = "综合考核"
missing = "zero"
[[item]]
indicator = "patent_granted"
weight = 100
rule = "interval"
floor = 0
full = 100
[[red_line]]
name = "专利"
indicator = "patent_granted"
below = 20
fail = true
"""


@pytest.fixture
def dataset(city: Path) -> Desk:
    """A city of three districts with an assessment and one figure each, one of them masked."""
    (city / "assessment.toml").write_text(TOML, encoding="utf-8")
    rows = [
        {"district": code(n), "indicator": COUNT, "checkpoint": "2025H1", "value": value}
        for n, value in enumerate(("50", "xx", "10"), 1)
    ]
    opened = Desk(city)
    ingest(opened, [write_csv(city / "inbox" / "one.csv", rows)])
    return opened


def test_a_data_set_is_assessed_as_it_declares(dataset: Desk) -> None:
    result = dataset.assessment("2025H1")

    assert result.totals["score"].to_list() == [50.0, None, 0.0]
    assert result.totals["outcome"].to_list() == ["complete", "open", "failed"]
    assert "one.csv" in str(score_row(result)["source"])
    assert set(result._repr_mimebundle_()) == {"text/html", "text/plain"}


def test_a_data_set_without_an_assessment_says_where_to_declare_one(city: Path) -> None:
    with pytest.raises(UsageError, match=r"city has no assessment\.toml") as caught:
        Desk(city).assessment()

    assert "assessment.toml" in caught.value.remedy


def test_an_assessment_applies_only_in_its_months_and_years(dataset: Desk) -> None:
    file = dataset.path / "assessment.toml"
    file.write_text('months = [12]\nsince = "2024"\n' + TOML, encoding="utf-8")
    reopened = Desk(dataset.path)

    with pytest.raises(UsageError, match="综合考核 does not apply at 2025H1") as caught:
        reopened.assessment("2025H1")

    assert caught.value.remedy == "assessment.toml limits it to: months 12, since 2024H2"
    assert "assessment" not in make_overview(reopened, AT).content
    assert Overview(make_overview(reopened, AT)).assessment.html == ""


def test_a_figure_before_its_release_is_not_due(city: Path) -> None:
    # No district has a row of the other figure; it is released in the month after the period.
    more = TOML.replace("weight = 100", "weight = 60") + (
        f'[[item]]\nindicator = "{OTHER}"\nweight = 40\nrule = "interval"\nfloor = 0\nfull = 9\n'
    )
    (city / "assessment.toml").write_text(more, encoding="utf-8")
    dataset = filled_dataset(city, Intake("2025-06-18", [observation(COUNT, 50)]))

    rows = {
        day: score_row(dataset.assessment("2025H1", as_known=day), order=2)
        for day in ("2025-06-20", "2025-07-20", None)
    }

    assert {day: (row["status"], row["reason"]) for day, row in rows.items()} == {
        "2025-06-20": ("open", "not_due"),
        "2025-07-20": ("zero", "missing"),
        None: ("zero", "missing"),
    }


def test_an_assessment_without_districts_is_refused(dataset: Desk) -> None:
    (dataset.path / "assessment.toml").write_text('kinds = ["zone"]\n' + TOML, encoding="utf-8")

    with pytest.raises(UsageError, match="900100 has no zone at 2025H1"):
        Desk(dataset.path).assessment("2025H1")


def test_an_overview_shows_every_score_and_what_is_open(dataset: Desk, tmp_path: Path) -> None:
    bundle = make_overview(dataset, AT)
    bundle.write(tmp_path / "all.json")

    shown = Overview(Bundle.read(tmp_path / "all.json")).assessment
    text = words_of(parse_fragment(shown.html))

    assert shown.html == Overview(bundle).assessment.html
    assert "第2区：patent_granted" not in text
    assert "未公布（0.00—100.00分）；红线（专利）待定（未公布），总分0.00—100.00分待定" in text
    assert "触及红线（专利），一票否决，总分计0分；未计红线时合计10.00分" in text
    assert "专利授权量本期数10件" in text
    assert "3个地区参评，2个地区总分已定" in text
    assert "未报送的不得分" in text


TEXTS = {
    "completion": (item(Completion(10, 1.1), "pace_ratio"),
                   "得分为权重乘以序时完成率，序时完成率最高按110%计"),
    "interval": (item(Interval(10, -2.5, 8), "growth"),
                 "同比增速−2.5%及以下不得分，8%及以上得满分，其间按比例计分"),
    "falling interval": (item(Interval(10, 60, 40)),
                         "本期数60件及以上不得分，40件及以下得满分，其间按比例计分"),
    "steps": (item(Steps(10, ((0.625, 4), (1, 10))), "attainment"),
              "按完成率分档计分，达到62.5%得4分、达到100%得10分，未到最低档不得分"),
    "falling steps": (item(Steps(10, ((60, 4), (50, 10)))),
                      "按本期数分档计分，不高于60件得4分、不高于50件得10分，未到最低档不得分"),
    "ranks by step": (item(RankPoints(10, step=0.5, least=4)),
                       "按本期数位次计分，第1位得10分，每降1位减0.5分，最低4分，并列的按所居位次计分"),
    "ranks by table": (item(RankPoints(10, (10, 7.5), ties="average", peers="reported"), "growth"),
                        "按同比增速位次计分，第1位10分、第2位7.5分，其后各位0分，并列的取所占各位次的平均分，"
                        "位次只在有数据的地区中排列"),
    "points": (item(Interval(10, 0, 0.3), "growth", "rd_intensity"),
               "同比增速0个百分点及以下不得分，0.3个百分点及以上得满分，其间按比例计分"),
    "each": (item(PerUnit(0.05, 3)), "本期数每1件加0.05分，最高加3分"),
    "each over": (item(PerUnit(20, 3, 1), "attainment"),
                  "完成率超过100%的部分，每1个百分点加0.2分，最高加3分"),
}  # fmt: skip


@pytest.mark.parametrize("case", TEXTS)
def test_every_rule_is_printed_as_declared(case: str) -> None:
    part, expected = TEXTS[case]
    bonus = isinstance(part.rule, PerUnit)
    declared = rules(HUNDRED_POINTS, bonuses=(part,)) if bonus else rules(part)

    texts = scoring_words(declared).texts()

    assert f"{part.name}（{part.rule.weight:g}分）：{expected}" in texts


def test_red_lines_and_caps_are_printed_as_declared() -> None:
    lines = (
        red_line(progress="slow"),
        replace(red_line(below=20.0), name="数量"),
        replace(red_line(unreported=True, cap=0.0, fail=True), name="报送"),
    )

    texts = scoring_words(
        rules(HUNDRED_POINTS, bonuses=(BONUS,), bonus_cap=2, red_lines=lines)
    ).texts()

    assert "红线（红线）：专利授权量未达到序时进度、明显滞后的，总分最高60分" in texts
    assert "红线（数量）：专利授权量本期数低于20件的，总分最高60分" in texts
    assert "红线（报送）：专利授权量未报送的，一票否决，总分计0分" in texts
    assert "各项加分合计最高2分" in texts


def test_a_bound_and_a_rank_are_printed_with_the_figure() -> None:
    declared = rules(item(BY_STEP), item(RATE, "attainment", name="完成"))
    result = assess_figures([*count_rows(30, 20), observation(COUNT, 25, district=code(3), bound="at_least")],
                  declared, [target(COUNT, "total", 100, district=code(3))])  # fmt: skip
    words = scoring_words(declared)

    assert words.figure(score_row(result, code(1))) == "30件 第1位"
    assert words.figure(score_row(result, code(3))) == "25件以上"
    assert words.figure(score_row(result, code(3), 2)) == "25.0%以上"
    assert words.figure(score_row(result, code(1), 2)) == "无目标"


def test_ranks_may_be_switched_off(dataset: Desk) -> None:
    by_rank = TOML.replace('rule = "interval"\nfloor = 0\nfull = 100', 'rule = "rank"\nstep = 5')
    (dataset.path / "assessment.toml").write_text(by_rank, encoding="utf-8")
    with_ranks = Overview(make_overview(Desk(dataset.path), AT)).assessment
    file = dataset.path / "dataset.toml"
    file.write_text(file.read_text("utf-8") + "ranks = false\n", encoding="utf-8")

    shown = Overview(make_overview(Desk(dataset.path), AT)).assessment

    def cells(html: str) -> str:
        return " ".join(words_of(td) for td in parse_fragment(html).findall(".//td"))

    assert "50件 第1位" in cells(with_ranks.html)
    assert "50件" in cells(shown.html)
    assert "位" not in cells(shown.html)
    assert "95.00—100.00" in cells(shown.html)  # the points are as declared
    assert '<th scope="col" class="n">位次</th>' not in shown.html
    assert "居首位" not in shown.html
    assert "位次在同类地区中" in with_ranks.html
    assert "位次在同类地区中" not in shown.html
    assert "总分和位次" not in shown.html


def test_a_total_decided_by_a_red_line_is_not_called_open(dataset: Desk) -> None:
    more = TOML.replace("weight = 100", "weight = 60") + (
        f'[[item]]\nindicator = "{OTHER}"\nweight = 40\nrule = "interval"\nfloor = 0\nfull = 9\n'
    )
    (dataset.path / "assessment.toml").write_text(
        more.replace('missing = "zero"\n', ""), encoding="utf-8"
    )

    shown = Overview(make_overview(Desk(dataset.path), AT)).assessment
    text = words_of(parse_fragment(shown.html))

    # The third has failed whatever its second figure is.
    assert "未报送（0.00—40.00分），不影响总分0.00分。" in text
    assert "总分0.00分待定" not in text


def test_a_bound_without_effect_on_the_points_is_not_called_open() -> None:
    declared = rules(item(RATE, "pace_ratio"))
    figure = observation(COUNT, 150, bound="more_than")

    row = score_row(assess_figures([figure], declared, [TARGET]))
    [text] = [text for text in scoring_words(declared).texts() if "不按零分计" in text]

    assert (row["status"], row["points"]) == ("scored", 10)
    assert "概数影响得分的不按零分计，以可能的最低分至最高分表示" in text
    assert "为概数的不按零分计" not in text


def test_the_demo_city_has_every_kind_of_outcome(demo: Desk) -> None:
    result = demo.assessment("2025H1")

    assert len(result.rules.items) == 8
    assert result.totals.height == 12
    outcomes = dict(result.totals.select("district", "outcome").iter_rows())
    assert outcomes["900104"] == "open"  # a masked figure
    assert outcomes["900107"] == "capped"  # far behind the contracts' pace
    assert total_row(result, "900111")["factor"] == pytest.approx(100 / 92)  # no carriers
    assert score_row(result, "900112", 4)["status"] == "zero"  # platforms not reported
    assert total_row(result, "900104")["low"] < total_row(result, "900104")["high"]


def test_every_total_of_the_demo_city_is_the_sum_of_its_parts(demo: Desk) -> None:
    for at in ("2023H2", "2024H1", "2025H1", "2025H2"):
        result = demo.assessment(at)
        for row in result.totals.iter_rows(named=True):
            parts = result.scores.filter(pl.col("district") == row["district"]).to_dicts()
            left_out = sum(p["weight"] for p in parts if p["status"] == "reweighted")
            items = sum(p["low"] for p in parts if p["part"] == "item") * 100 / (100 - left_out)
            bonus = sum(p["low"] for p in parts if p["part"] == "bonus")
            crossed = any(p["status"] == "crossed" for p in parts)
            expected = min(items + min(bonus, 3), 60 if crossed else 1000)
            assert row["low"] == pytest.approx(expected)


def test_every_number_of_the_demo_citys_table_is_a_score(demo: Desk) -> None:
    result = demo.assessment("2025H1")
    shown = Overview(make_overview(demo, AT)).assessment
    names = dict(demo.districts.select("name", "code").iter_rows())

    tree = parse_fragment(shown.html)
    rows = [[words_of(cell) for cell in tr] for tr in tree.findall(".//tbody/tr")]

    assert len(rows) == 12
    for name, rank, total, *cells in rows:
        totals = total_row(result, names[name])
        assert rank == (
            str(totals["rank"])
            if totals["rank"]
            else f"{totals['rank_best']}—{totals['rank_worst']}"
        )
        assert total.startswith(f"{totals['low']:.2f}")
        for order, cell in enumerate(cells[:9], 1):
            score = score_row(result, names[name], order)
            shown_points = "—" if score["status"] == "reweighted" else f"{score['low'] + 1e-9:.2f}"
            assert cell.startswith(shown_points), (name, order, cell)
