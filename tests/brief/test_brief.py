"""The brief of a district: a model brief, its notes, and that no other district is named."""

from __future__ import annotations

from typing import Any

import pytest

from kejistats.brief import Brief
from kejistats.brief.view import View
from kejistats.dataset import Dataset
from tests.brief.factory import district_bundle, with_base
from tests.brief.read_back import sentences
from tests.factory import COUNT
from tests.pages.factory import (
    CHECKPOINTS,
    LATE,
    MASKED,
    MODEL,
    district_names,
    parse_fragment,
    words_of,
)


@pytest.fixture(scope="module")
def model(all_briefs: dict[tuple[str, str], Brief]) -> Brief:
    """The brief of the district with the figures of the model."""
    return all_briefs[MODEL, "2025H1"]


def row_of(brief: Brief, indicator: str) -> View:
    """Return the view of one indicator."""
    return next(v for v in brief.rows if v.id == indicator)


def test_the_model_has_its_conclusion(model: Brief) -> None:
    assert model.title == "朝岚区2025年上半年科技指标简报"
    assert model.conclusion == (
        "上半年，纳入序时评价的4项指标中，2项快于序时进度，2项未达到；"
        "有效高企、高企认定未到考核节点，研发强度按年统计，本期不评价。"
    )


@pytest.mark.parametrize(
    ("indicator", "columns"),
    [
        (
            "tech_sme_registered",
            {"value": 215, "base": 180, "target": 350, "yoy": 35 / 180, "attainment": 215 / 350,
             "share_due": 0.5, "pace_gap_points": 100 * (215 / 350 - 0.5), "gap": 135,
             "progress": "ahead"},
        ),
        (
            "contracts_value",
            {"value": 18.6, "base": 16.5, "target": 40, "yoy": 2.1 / 16.5, "attainment": 0.465,
             "share_due": (10.9 + 12.29 + 16.5) / (27.5 + 31 + 36), "rank": 3, "ranked": 12,
             "peers": 12, "gap": 21.4, "required_growth": 21.4 / 19.5 - 1, "progress": "ahead"},
        ),
        (
            "rd_industrial",
            {"value": 5.92, "base": 6.11, "target": 8, "target_kind": "growth",
             "yoy": -0.19 / 6.11, "pace_gap_points": 100 * (-0.19 / 6.11) - 8, "rank": 10,
             "required_growth": (12.9 * 1.08 - 5.92) / (12.9 - 6.11) - 1, "progress": "slow"},
        ),
        (
            "platform_new",
            {"value": 1, "base": 1, "target": 6, "attainment": 1 / 6, "due": 3, "pace_gap": -2,
             "gap": 5, "progress": "behind"},
        ),
        ("hnte_certified", {"progress": "not_due"}),
        ("hnte_total", {"progress": "not_due"}),
        ("rd_intensity", {"progress": "not_due", "status": "missing"}),
    ],
)  # fmt: skip
def test_the_model_has_its_figures(model: Brief, indicator: str, columns: dict[str, Any]) -> None:
    view = row_of(model, indicator)

    figures = {column: view[column] for column in columns}

    assert figures == pytest.approx(columns, abs=1e-9)


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("review", "研发经费投入强度按年统计，本期不评价。"),
        (
            "review",
            "科技型中小企业入库215家，同比增长19.4%，完成全年目标的61.4%，快于序时进度11.4个百分点，",
        ),
        (
            "review",
            "技术合同登记成交额18.6亿元，同比增长12.7%，完成全年目标的46.5%，"
            "快于近三年同期平均进度4.5个百分点，居全市第3位（12家均有数据），",
        ),
        (
            "problems",
            "规上工业企业研发费用5.92亿元，同比下降3.1%，低于全年增长目标11.1个百分点，"
            "居全市第10位（12家均有数据），",
        ),
        (
            "problems",
            "新增省级以上创新平台1家，与上年同期持平，完成全年目标的16.7%，"
            "不足应完成数的六成，明显滞后，",
        ),
        ("plan", "规上工业企业研发费用下半年需同比增长18.0%，方可实现全年增长8%。"),
        ("plan", "新增省级以上创新平台还需完成5家。"),
        ("plan", "科技型中小企业入库还需完成135家。"),
        (
            "plan",
            "技术合同登记成交额还需完成21.4亿元，下半年需同比增长9.7%，低于上半年增速3.0个百分点。",
        ),
    ],
)
def test_the_model_says_its_sentences(model: Brief, part: str, expected: str) -> None:
    texts = sentences(getattr(model, part).text)

    assert any(text.startswith(expected.rstrip("，。")) for text in texts)


def test_the_model_has_two_problems_the_worst_first(model: Brief) -> None:
    heading, *lines = model.problems.text.splitlines()

    assert heading == "二、存在问题"
    assert [line[:6] for line in lines] == ["新增省级以上", "规上工业企业"]


def test_the_first_screen_names_worst_best_section_date_and_grade(model: Brief) -> None:
    head = parse_fragment(model.head.html)

    meta = words_of(head.find(".//p[@class='meta']"))
    worst = [words_of(li) for li in head.findall(".//section[@class='worst']//li")]
    best = [words_of(li) for li in head.findall(".//section[@class='best']//li")]

    assert meta == "示例市　数据截至2025年6月30日　初步数"
    assert worst == [
        "新增平台■ 明显滞后完成全年目标的16.7%，不足应完成数的六成，明显滞后；还需完成5家（平台与基地科）",
        "规上研发费用▼ 低于增长目标低于全年增长目标11.1个百分点；"
        "下半年需同比增长18.0%，方可实现全年增长8%（规划与投入科）",
    ]
    assert [text[:9] for text in best] == ["科技型中小企业入库", "技术合同登记成交额"]


def test_the_heading_of_the_third_part_names_the_rest_of_the_year(
    all_briefs: dict[tuple[str, str], Brief],
) -> None:
    june, december = (all_briefs[MODEL, at].plan.html for at in ("2025H1", "2025H2"))

    assert "<h2>三、下半年安排</h2>" in june
    assert "<h2>三、下一年度安排</h2>" in december


def test_fields_for_the_analysts_text_are_marked(model: Brief) -> None:
    fields = [
        words_of(p)
        for part in (model.review, model.problems, model.plan)
        for p in parse_fragment(part.html).findall(".//p[@class='field']")
    ]

    assert fields == ["【工作举措由科室补充】", "【具体措施由科室补充】"]


def test_without_problems_or_targets_the_parts_say_so() -> None:
    brief = Brief(district_bundle(with_base(COUNT, 120)))

    problems, plan = brief.problems.text, brief.plan.text

    assert problems.endswith("纳入评价的主要指标未发现低于进度、同比趋弱或位次靠后的情况。")
    assert plan.endswith("本期没有由目标推算的任务量。")


@pytest.mark.parametrize(
    ("code", "at", "note"),
    [
        (
            MASKED,
            "2025H1",
            "以下指标未公布，不评价、不排名：国家和省项目到位资金、科技计划项目申报数、"
            "科技计划项目立项数、科技项目验收数。",
        ),
        (
            LATE,
            "2025H1",
            "截至本期未报送，不参与排名：新增省级以上创新平台数、省级以上创新平台总数、"
            "引进高层次科技人才数、科技特派员数。",
        ),
        ("900108", "2025H1", "科技型中小企业入库数本期数由234家更正为213家（剔除重复入库企业）。"),
        (
            "900105",
            "2025H1",
            "吸纳技术合同成交额上年同期数由14.47亿元修订为12.92亿元，同比按修订数计算"
            "（核减重复登记的合同）。",
        ),
        ("900102", "2025H1", "以下指标为概数，按原报告口径标注：科普活动参与人次。"),
        ("900111", "2025H1", "以下指标本地区无此项：孵化载体面积、在孵企业数。"),
        (
            "900103",
            "2025H1",
            "本期数据为初步数，其中财政科技支出、一般公共预算支出、财政科技支出占比为预计数。",
        ),
        (
            MODEL,
            "2025H1",
            "技术合同成交额序时进度按2022、2023、2024年同期占全年比重42.0%计算，"
            "最低39.6%、最高45.8%。",
        ),
    ],
)
def test_what_happened_to_the_data_is_said(
    all_briefs: dict[tuple[str, str], Brief], code: str, at: str, note: str
) -> None:
    lines = all_briefs[code, at].notes.text.splitlines()

    assert note in lines


def test_no_other_district_is_named_in_a_brief(
    all_briefs: dict[tuple[str, str], Brief], demo: Dataset
) -> None:
    all_names = district_names(demo.districts)
    named = {}
    for (code, at), brief in all_briefs.items():
        text = brief.bundle.text() + brief._repr_mimebundle_()[0]["text/html"]
        if (code, at) == (MODEL, "2025H1"):
            charts = (brief.chart_attainment(), brief.chart_growth(), brief.chart_position())
            text += "".join(chart.alt for chart in charts if chart)
        others = [n for c, n in all_names.items() if c not in (code, demo.settings.parent)]
        named[code, at] = [name for name in others if name in text]

    assert len(named) == 13 * len(CHECKPOINTS)
    assert {key: others for key, others in named.items() if others} == {}


def test_a_brief_shows_itself(model: Brief) -> None:
    data, _ = model._repr_mimebundle_()

    page = parse_fragment(data["text/html"])

    assert [words_of(h) for h in page.iter("h1")] == [model.title]
    assert [words_of(h) for h in page.iter("h2")] == [
        "需要关注", "亮点", "一、主要指标进展", "二、存在问题", "三、下半年安排", "阶段转化", "数据说明",
    ]  # fmt: skip
    assert model.conclusion in data["text/plain"]
