"""The sentence on one indicator: its wording follows from the figures alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kejistats.brief.sentences import required_clause, sentence
from kejistats.brief.view import View
from tests.brief.factory import NET, Case, Cases, view_of, with_base
from tests.factory import COUNT, MONEY, PERCENT, RATIO, STOCK, observation, target

NAME = "专利授权量"
STOCK_NAME = "有效发明专利拥有量"
RATIO_NAME = "每万人口高价值发明专利拥有量"


def december_with_base(indicator: str, current: float, base: float) -> list[dict[str, Any]]:
    """Return a whole year's figure and that of the year before."""
    return [observation(indicator, current, 2025, 12), observation(indicator, base, 2024, 12)]


def since_year_end(
    indicator: str, current: float | None, year_end: float, month: int = 6
) -> list[dict[str, Any]]:
    """Return the figure of a stock or ratio and that of the last year's end."""
    return [
        observation(indicator, current, 2025, month),
        observation(indicator, year_end, 2024, 12),
    ]


def targets_of(value: float, kind: str = "total", indicator: str = COUNT, **more: Any) -> list[Any]:
    """Return the targets of an indicator: one, of the count by default."""
    return [target(indicator, kind, value, **more)]


GROWTH = {
    "up": Case(with_base(COUNT, 215, 180), f"{NAME}215件，同比增长19.4%"),
    "down": Case(with_base(COUNT, 97, 100), f"{NAME}97件，同比下降3.0%"),
    "money without trailing zeros": Case(
        with_base(MONEY, 18.6, 16.5), "技术合同登记成交额18.6亿元，同比增长12.7%"
    ),
    "flat": Case(with_base(COUNT, 60, 60), f"{NAME}60件，与上年同期持平"),
    "nearly flat": Case(with_base(COUNT, 50001, 50000), f"{NAME}50001件，与上年同期基本持平"),
    "first time": Case(
        [observation(COUNT, 2), observation(COUNT, 0, 2024), observation(COUNT, 0, 2023)],
        f"{NAME}2件，有记录以来首次发生，实现零的突破",
    ),
    "zero base": Case(
        [observation(COUNT, 2), observation(COUNT, 0, 2024), observation(COUNT, 1, 2023)],
        f"{NAME}2件，上年同期为零，本期2件，不计增速",
    ),
    "zero twice": Case(with_base(COUNT, 0, 0), f"{NAME}0件，上年同期和本期均为零"),
    "from a loss to a gain": Case(
        with_base(NET, 3.2, -2), "净流入3.2亿元，由上年同期-2亿元转为3.2亿元，由负转正，不计增速"
    ),
    "from a gain to a loss": Case(
        with_base(NET, -3, 2), "净流入-3亿元，由上年同期2亿元转为-3亿元，由正转负，不计增速"
    ),
    "less of a loss": Case(
        with_base(NET, -1, -4), "净流入-1亿元，上年同期为-4亿元，减亏3亿元，不计增速"
    ),
    "more of a loss": Case(
        with_base(NET, -4, -1), "净流入-4亿元，上年同期为-1亿元，增亏3亿元，不计增速"
    ),
    "ratio in its own unit": Case(
        with_base(RATIO, 16.96, 14.72),
        f"{RATIO_NAME}为16.96件/万人，比上年同期提高2.24件/万人",
    ),
    "ratio in points": Case(
        december_with_base(PERCENT, 2.61, 2.65),
        "研发经费投入强度为2.61%，比上年同期下降0.04个百分点",
        at="2025H2",
    ),
    "points not moved": Case(
        with_base(RATIO, 15.0, 15.0), f"{RATIO_NAME}为15.00件/万人，与上年同期持平"
    ),
    "rate of growth faster": Case(
        with_base("hitech_va_growth", 9.6, 9.3),
        "高新技术产业增加值增速为9.6%，比上年同期加快0.3个百分点",
    ),
    "rate of growth slower": Case(
        with_base("hitech_va_growth", 9.0, 9.3),
        "高新技术产业增加值增速为9.0%，比上年同期回落0.3个百分点",
    ),
    "published growth first": Case(
        with_base(COUNT, 120, 100, published_growth=18.5, growth_basis="可比价"),
        f"{NAME}120件，同比增长18.5%（可比价）",
    ),
    "published growth without a basis": Case(
        with_base(COUNT, 120, 100, published_growth=-0.3), f"{NAME}120件，同比下降0.3%"
    ),
    "base masked": Case(
        [observation(COUNT, 4), observation(COUNT, None, 2024, status="masked")],
        f"{NAME}4件，上年同期数未公布，不计增速",
    ),
    "base missing": Case([observation(COUNT, 4)], f"{NAME}4件，缺上年同期数，不计增速"),
    "a forecast": Case(
        with_base(COUNT, 12, 10, grade="forecast"), f"{NAME}预计12件，同比增长20.0%"
    ),
    "a forecast of a ratio": Case(
        with_base(RATIO, 15.0, 15.0, grade="forecast"),
        f"{RATIO_NAME}预计为15.00件/万人，与上年同期持平",
    ),
    "base of a lower grade": Case(
        with_base(COUNT, 4, 3, grade="final"), f"{NAME}4件，上年同期数的数据级别低于本期，不计增速"
    ),
    "another definition": Case(
        with_base(COUNT, 4, 3, break_id="2025"), f"{NAME}4件，口径调整，与上年同期不可比"
    ),
    "both bounds": Case(
        [observation(COUNT, 4, bound="at_least"), observation(COUNT, 3, 2024, bound="at_least")],
        f"{NAME}4件以上，为概数，不计增速",
    ),
}

NO_FIGURE = {
    "masked": Case(
        [observation(COUNT, None, status="masked"), observation(COUNT, 3, 2024)],
        f"{NAME}未公布",
        targets_of(10),
        status="○ 未公布",
    ),
    "missing": Case(with_base(COUNT, None, 3), f"{NAME}未报送", targets_of(10), status="○ 未报送"),
    "not applicable": Case(
        [observation(COUNT, None, status="not_applicable"), observation(COUNT, 3, 2024)],
        f"{NAME}无此项",
        targets_of(10),
        status="○ 无此项",
    ),
    "yearly": Case(
        since_year_end(PERCENT, None, 2.6),
        "研发经费投入强度按年统计，本期不评价",
        targets_of(3, "level", PERCENT),
        status="○ 按年统计",
    ),
}

PACE = {
    "done before the year ends": Case(
        with_base(COUNT, 200, 160),
        f"{NAME}200件，同比增长25.0%，提前完成全年任务，超出20件",
        targets_of(180),
        status="✔ 已完成",
    ),
    "ahead": Case(
        with_base(COUNT, 120, 100),
        f"{NAME}120件，同比增长20.0%，完成全年目标的60.0%，快于序时进度10.0个百分点",
        targets_of(200),
        rest="还需完成80件，后6个月月均需14件，为前6个月月均的0.7倍",
        status="▲ 快于序时进度",
    ),
    "on pace": Case(
        with_base(COUNT, 102, 100),
        f"{NAME}102件，同比增长2.0%，完成全年目标的51.0%，达到序时进度",
        targets_of(200),
        rest="还需完成98件，后6个月月均需17件，为前6个月月均的1.0倍",
        status="● 达到序时进度",
    ),
    "near": Case(
        with_base(COUNT, 98, 100),
        f"{NAME}98件，同比下降2.0%，完成全年目标的49.0%，低于序时进度1.0个百分点，基本达到",
        targets_of(200),
        rest="还需完成102件，后6个月月均需17件，为前6个月月均的1.0倍",
        status="◐ 基本达到",
    ),
    "near by less than is printed": Case(
        with_base(MONEY, 19.99, 16),
        "技术合同登记成交额19.99亿元，同比增长24.9%，完成全年目标的50.0%，略低于序时进度，基本达到",
        targets_of(40, indicator=MONEY, nodes="6:0.5;12:1"),
        rest="还需完成20.01亿元",
        status="◐ 基本达到",
    ),
    "slow": Case(
        with_base(COUNT, 80, 100),
        f"{NAME}80件，同比下降20.0%，完成全年目标的40.0%，比应完成数少20件，未达到序时进度",
        targets_of(200),
        rest="还需完成120件，后6个月月均需20件，为前6个月月均的1.5倍",
        status="▼ 未达到序时进度",
    ),
    "behind": Case(
        with_base(COUNT, 50, 100),
        f"{NAME}50件，同比下降50.0%，完成全年目标的25.0%，不足应完成数的六成，明显滞后",
        targets_of(200),
        rest="还需完成150件，后6个月月均需25件，为前6个月月均的3.0倍",
        status="■ 明显滞后",
    ),
    "nothing done": Case(
        with_base(COUNT, 0, 100),
        f"{NAME}0件，同比下降100.0%，完成全年目标的0.0%，不足应完成数的六成，明显滞后",
        targets_of(200),
        rest="还需完成200件，后6个月月均需34件",
        status="■ 明显滞后",
    ),
    "before the first node": Case(
        with_base("hnte_certified", 17, 15),
        "高新技术企业认定17家，同比增长13.3%，未到考核节点，不评价",
        targets_of(110, indicator="hnte_certified"),
        rest="还需完成93家",
        status="○ 未到节点",
    ),
    "from a month within the year": Case(
        with_base(COUNT, 50, 40),
        f"{NAME}50件，同比增长25.0%，完成全年目标的33.3%，达到序时进度",
        targets_of(150, start_month=3),
        rest="还需完成100件，后6个月月均需17件，为前6个月月均的2.0倍",
        status="● 达到序时进度",
    ),
    "implied": Case(
        with_base(COUNT, 3, 2),
        f"{NAME}3件，同比增长50.0%，提前完成全年任务，超出1件（目标为推算）",
        targets_of(2, strength="implied"),
        status="✔ 已完成",
    ),
    "seasonal without past years": Case(
        with_base(MONEY, 18.6, 16.5),
        "技术合同登记成交额18.6亿元，同比增长12.7%，完成全年目标的46.5%",
        targets_of(40, indicator=MONEY),
        rest="还需完成21.4亿元",
        status="○ 不设进度",
    ),
    "seasonal over two years": Case(
        [
            *with_base(MONEY, 19, 16.5),
            observation(MONEY, 36, 2024, 12),
            observation(MONEY, 12.3, 2023),
            observation(MONEY, 28, 2023, 12),
        ],
        "技术合同登记成交额19亿元，同比增长15.2%，完成全年目标的47.5%，快于近两年同期平均进度2.5个百分点",
        targets_of(40, indicator=MONEY),
        rest="还需完成21亿元，下半年需同比增长7.7%，低于上半年增速7.5个百分点",
        status="▲ 快于序时进度",
    ),
    "as much as last year would do": Case(
        [
            *with_base(MONEY, 20.5, 16.5),
            observation(MONEY, 36, 2024, 12),
            observation(MONEY, 12.3, 2023),
            observation(MONEY, 28, 2023, 12),
        ],
        "技术合同登记成交额20.5亿元，同比增长24.2%，完成全年目标的51.3%，快于近两年同期平均进度6.3个百分点",
        targets_of(40, indicator=MONEY),
        rest="还需完成19.5亿元，下半年需同比增长0.0%，低于上半年增速24.2个百分点",
        status="▲ 快于序时进度",
    ),
    "a fall would do": Case(
        [
            *with_base(MONEY, 38, 16.5),
            observation(MONEY, 36, 2024, 12),
            observation(MONEY, 12.3, 2023),
            observation(MONEY, 28, 2023, 12),
        ],
        "技术合同登记成交额38亿元，同比增长130.3%，完成全年目标的95.0%，快于近两年同期平均进度50.0个百分点",
        targets_of(40, indicator=MONEY),
        rest="还需完成2亿元，下半年同比下降不超过89.7%即可",
        status="▲ 快于序时进度",
    ),
    "range": Case(
        with_base(COUNT, 90, 80),
        f"{NAME}90件，同比增长12.5%，完成全年目标的60.0%，快于序时进度10.0个百分点",
        targets_of(150, "range", value_upper=200),
        rest="还需完成60件，后6个月月均需10件，为前6个月月均的0.7倍",
        status="▲ 快于序时进度",
    ),
    "over a range": Case(
        with_base(COUNT, 290, 80),
        f"{NAME}290件，同比增长262.5%，超出目标上限200件，超90件",
        targets_of(150, "range", value_upper=200),
        status="▼ 未达到序时进度",
    ),
}

CEILING = {
    "within": Case(
        with_base(COUNT, 50, 60),
        f"{NAME}50件，同比下降16.7%，控制在200件以内，余150件",
        targets_of(200, "ceiling"),
        rest="下半年余量150件",
        status="● 控制在上限内",
    ),
    "faster than the year": Case(
        with_base(COUNT, 150, 100),
        f"{NAME}150件，同比增长50.0%，已达控制数200件的75.0%，快于控制进度，余50件",
        targets_of(200, "ceiling"),
        rest="下半年余量50件",
        status="▼ 快于控制进度",
    ),
    "over": Case(
        with_base(COUNT, 250, 100),
        f"{NAME}250件，同比增长150.0%，超出上限200件，超50件",
        targets_of(200, "ceiling"),
        rest="已超上限50件",
        status="■ 超过上限",
    ),
    "kept at the year's end": Case(
        december_with_base(COUNT, 200, 160),
        f"{NAME}200件，同比增长25.0%，控制在200件以内，余0件",
        targets_of(200, "ceiling"),
        at="2025H2",
        status="✔ 已完成",
    ),
}

INCREASE = {
    "level": Case(
        since_year_end(STOCK, 108, 100),
        f"{STOCK_NAME}108件，缺上年同期数，不计增速，完成全年增量目标的40.0%，比应完成数少2件，未达到序时进度",
        targets_of(120, "level", STOCK),
        rest="距年度目标还差12件，后6个月月均需增加2件",
        status="▼ 未达到序时进度",
    ),
    "level reached too early to be sure": Case(
        since_year_end(STOCK, 125, 100),
        f"{STOCK_NAME}125件，缺上年同期数，不计增速，已达目标水平120件，待年末确认",
        targets_of(120, "level", STOCK),
        status="✔ 已达目标水平",
    ),
    "level to be held and lost": Case(
        since_year_end(STOCK, 100, 110),
        f"{STOCK_NAME}100件，缺上年同期数，不计增速，低于应保持的105件，差5件",
        targets_of(105, "level", STOCK),
        rest="距年度目标还差5件，后6个月月均需增加1件",
        status="▼ 未达到序时进度",
    ),
    "level to be held and held": Case(
        since_year_end(STOCK, 106, 110),
        f"{STOCK_NAME}106件，缺上年同期数，不计增速，已达目标水平105件，待年末确认",
        targets_of(105, "level", STOCK),
        status="✔ 已达目标水平",
    ),
    "level below the last year's end": Case(
        since_year_end(STOCK, 97, 100),
        f"{STOCK_NAME}97件，缺上年同期数，不计增速，较上年末减少3件，距年度目标差23件",
        targets_of(120, "level", STOCK),
        rest="距年度目标还差23件，后6个月月均需增加4件",
        status="■ 明显滞后",
    ),
    "several years, below the base": Case(
        [observation(STOCK, 90), observation(STOCK, 100, 2022, 12)],
        f"{STOCK_NAME}90件，缺上年同期数，不计增速，较基期减少10件，距2026年目标差110件",
        [target(STOCK, "multi_year", 200, 2026, base_year=2022)],
        rest="距2026年目标还差110件",
        status="■ 明显滞后",
    ),
    "net": Case(
        since_year_end(STOCK, 112, 100),
        f"{STOCK_NAME}112件，缺上年同期数，不计增速，完成全年净增目标的60.0%，快于序时进度10.0个百分点",
        targets_of(20, "net", STOCK),
        rest="还需完成8件，后6个月月均需2件，为前6个月月均的0.7倍",
        status="▲ 快于序时进度",
    ),
    "net negative": Case(
        since_year_end(STOCK, 95, 100),
        f"{STOCK_NAME}95件，缺上年同期数，不计增速，较上年末减少5件，年度净增目标为20件",
        targets_of(20, "net", STOCK),
        rest="还需完成25件，后6个月月均需5件",
        status="■ 明显滞后",
    ),
    "net reached": Case(
        since_year_end(STOCK, 121, 100),
        f"{STOCK_NAME}121件，缺上年同期数，不计增速，已达净增目标20件，待年末确认",
        targets_of(20, "net", STOCK),
        status="✔ 已达目标水平",
    ),
    "ratio ahead": Case(
        since_year_end(RATIO, 16.96, 13.5),
        f"{RATIO_NAME}为16.96件/万人，缺上年同期数，不计增速，距年度目标差1.04件/万人，快于序时进度",
        targets_of(18, "level", RATIO),
        rest="距年度目标还差1.04件/万人，后6个月月均需增加0.17件/万人",
        status="▲ 快于序时进度",
    ),
    "ratio behind": Case(
        since_year_end(RATIO, 14.4, 13.5),
        f"{RATIO_NAME}为14.40件/万人，缺上年同期数，不计增速，距年度目标差3.60件/万人，不足应完成增量的六成，明显滞后",
        targets_of(18, "level", RATIO),
        rest="距年度目标还差3.60件/万人，后6个月月均需增加0.60件/万人",
        status="■ 明显滞后",
    ),
    "ratio slow as a lower bound": Case(
        [observation(RATIO, 15, bound="at_least"), observation(RATIO, 13.5, 2024, 12)],
        f"{RATIO_NAME}为15.00件/万人以上，缺上年同期数，不计增速，距年度目标差3.00件/万人，未达到序时进度",
        targets_of(18, "level", RATIO),
        rest="按报告数计，距年度目标还差3.00件/万人，后6个月月均需增加0.50件/万人",
        status="▼ 未达到序时进度",
    ),
    "several years": Case(
        [observation(STOCK, 140), observation(STOCK, 100, 2022, 12)],
        f"{STOCK_NAME}140件，缺上年同期数，不计增速，完成目标期增量的40.0%，比应完成数少23件，未达到预期进度",
        [target(STOCK, "multi_year", 200, 2026, base_year=2022)],
        rest="距2026年目标还差60件",
        status="▼ 未达到序时进度",
    ),
    "several years, in a December before the last": Case(
        [observation(STOCK, 185, 2025, 12), observation(STOCK, 100, 2022, 12)],
        f"{STOCK_NAME}185件，缺上年同期数，不计增速，完成目标期增量的85.0%，快于预期进度10.0个百分点",
        [target(STOCK, "multi_year", 200, 2026, base_year=2022)],
        at="2025H2",
        rest="距2026年目标还差15件",
        status="▲ 快于序时进度",
    ),
}


def growth_case(current: float, min_growth: float) -> dict[str, Any]:
    """Return a figure of industrial R&D after 10 in June and 25 in December, and a growth target."""
    figures = [*with_base("rd_industrial", current, 10), observation("rd_industrial", 25, 2024, 12)]
    return {"figures": figures, "targets": targets_of(min_growth, "growth", "rd_industrial")}


RD = "规上工业企业研发费用"
GROWTH_TARGET = {
    "over": Case(
        **growth_case(11, 5),
        text=f"{RD}11亿元，同比增长10.0%，高于全年增长目标5.0个百分点",
        rest="下半年需同比增长1.7%，方可实现全年增长5%",
        status="▲ 高于增长目标",
    ),
    "equal": Case(
        **growth_case(11, 10),
        text=f"{RD}11亿元，同比增长10.0%，与全年增长目标持平",
        rest="下半年需同比增长10.0%，方可实现全年增长10%",
        status="● 达到增长目标",
    ),
    "near": Case(
        **growth_case(11, 10.4),
        text=f"{RD}11亿元，同比增长10.0%，低于全年增长目标0.4个百分点",
        rest="下半年需同比增长10.7%，方可实现全年增长10.4%",
        status="◐ 接近增长目标",
    ),
    "under by less than is printed": Case(
        **growth_case(10.997, 10),
        text=f"{RD}11亿元，同比增长10.0%，略低于全年增长目标",
        rest="下半年需同比增长10.0%，方可实现全年增长10%",
        status="◐ 接近增长目标",
    ),
    "under": Case(
        **growth_case(11, 12.5),
        text=f"{RD}11亿元，同比增长10.0%，低于全年增长目标2.5个百分点",
        rest="下半年需同比增长14.2%，方可实现全年增长12.5%",
        status="▼ 低于增长目标",
    ),
    "as much as last year would do": Case(
        **growth_case(11, 4),
        text=f"{RD}11亿元，同比增长10.0%，高于全年增长目标6.0个百分点",
        rest="下半年需同比增长0.0%，方可实现全年增长4%",
        status="▲ 高于增长目标",
    ),
    "a fall would do": Case(
        **growth_case(19, 12),
        text=f"{RD}19亿元，同比增长90.0%，高于全年增长目标78.0个百分点",
        rest="下半年同比下降不超过40.0%，即可实现全年增长12%",
        status="▲ 高于增长目标",
    ),
}

DECEMBER = {
    "done": Case(
        december_with_base(COUNT, 180, 100),
        f"{NAME}180件，同比增长80.0%，完成全年任务",
        targets_of(180),
        at="2025H2",
        status="✔ 已完成",
    ),
    "more than done": Case(
        december_with_base(COUNT, 181, 100),
        f"{NAME}181件，同比增长81.0%，完成全年任务，超出1件",
        targets_of(180),
        at="2025H2",
        status="✔ 已完成",
    ),
    "not done": Case(
        december_with_base(COUNT, 150, 100),
        f"{NAME}150件，同比增长50.0%，完成全年目标的83.3%，差30件",
        targets_of(180),
        at="2025H2",
        rest="全年任务差30件",
        status="▼ 未完成",
    ),
    "far from done": Case(
        december_with_base(COUNT, 90, 100),
        f"{NAME}90件，同比下降10.0%，完成全年目标的50.0%，差90件",
        targets_of(180),
        at="2025H2",
        rest="全年任务差90件",
        status="■ 未完成",
    ),
    "never a hundred percent below the target": Case(
        december_with_base(COUNT, 99999, 100000),
        f"{NAME}99999件，与上年同期基本持平，完成全年目标的99.9%，差1件",
        targets_of(100000),
        at="2025H2",
        rest="全年任务差1件",
        status="▼ 未完成",
    ),
    "ratio": Case(
        december_with_base(RATIO, 16, 13.5),
        f"{RATIO_NAME}为16.00件/万人，比上年同期提高2.50件/万人，距年度目标差2.00件/万人",
        targets_of(18, "level", RATIO),
        at="2025H2",
        rest="全年任务差2.00件/万人",
        status="■ 未完成",
    ),
    "growth": Case(
        december_with_base("rd_industrial", 26, 25),
        f"{RD}26亿元，同比增长4.0%，低于全年增长目标8.5个百分点",
        targets_of(12.5, "growth", "rd_industrial"),
        at="2025H2",
        rest="全年增速低于目标8.5个百分点",
        status="▼ 未完成",
    ),
    "growth missed by less than is printed": Case(
        december_with_base("rd_industrial", 25.99, 25),
        f"{RD}25.99亿元，同比增长4.0%，略低于全年增长目标",
        targets_of(4, "growth", "rd_industrial"),
        at="2025H2",
        rest="全年增速略低于目标",
        status="▼ 未完成",
    ),
    "level": Case(
        december_with_base(STOCK, 118, 100),
        f"{STOCK_NAME}118件，同比增长18.0%，完成全年增量目标的90.0%，差2件",
        targets_of(120, "level", STOCK),
        at="2025H2",
        rest="全年任务差2件",
        status="▼ 未完成",
    ),
}


def bounded_case(bound: str, current: float = 120) -> dict[str, Any]:
    """Return a figure with a bound, a base of 100 and a target of 200."""
    return {"figures": with_base(COUNT, current, 100, bound=bound), "targets": targets_of(200)}


MORE = "还需完成80件，后6个月月均需14件，为前6个月月均的0.7倍"
BOUNDS = {
    "about": Case(
        **bounded_case("about"),
        text=f"{NAME}约120件，同比约增长20.0%，约完成全年目标的60.0%，快于序时进度约10.0个百分点",
        rest=f"按报告数计，{MORE}",
        status="▲ 快于序时进度",
    ),
    "at least": Case(
        **bounded_case("at_least"),
        text=f"{NAME}120件以上，同比增长20.0%以上，全年目标完成率不低于60.0%，快于序时进度10.0个百分点以上",
        rest=f"按报告数计，{MORE}",
        status="▲ 快于序时进度",
    ),
    "more than": Case(
        **bounded_case("more_than"),
        text=f"{NAME}超过120件，同比增长20.0%以上，全年目标完成率高于60.0%，快于序时进度10.0个百分点以上",
        rest=f"按报告数计，{MORE}",
        status="▲ 快于序时进度",
    ),
    "at most": Case(
        **bounded_case("at_most"),
        text=f"{NAME}不超过120件，同比增长不超过20.0%，全年目标完成率不超过60.0%，为概数，从严评价为达到序时进度",
        rest=f"按报告数计，{MORE}",
        status="● 达到序时进度",
    ),
    "less than": Case(
        **bounded_case("less_than"),
        text=f"{NAME}不足120件，同比增长不超过20.0%，全年目标完成率低于60.0%，为概数，从严评价为达到序时进度",
        rest=f"按报告数计，{MORE}",
        status="● 达到序时进度",
    ),
    "at least, maybe on pace": Case(
        **bounded_case("at_least", 80),
        text=f"{NAME}80件以上，同比降幅不超过20.0%，全年目标完成率不低于40.0%，按报告数计未达到序时进度",
        rest="按报告数计，还需完成120件，后6个月月均需20件，为前6个月月均的1.5倍",
        status="▼ 未达到序时进度",
    ),
    "at most, surely behind": Case(
        **bounded_case("at_most", 20),
        text=f"{NAME}不超过20件，同比下降80.0%以上，全年目标完成率不超过10.0%，不足应完成数的六成，明显滞后",
        rest="按报告数计，还需完成180件，后6个月月均需30件，为前6个月月均的9.0倍",
        status="■ 明显滞后",
    ),
    "about done": Case(
        figures=with_base(COUNT, 220, 100, bound="about"),
        targets=targets_of(200),
        text=f"{NAME}约220件，同比约增长120.0%，按报告数计，提前完成全年任务，超出约20件",
        status="✔ 已完成",
    ),
}

GROUPS = {
    "growth": GROWTH,
    "no figure": NO_FIGURE,
    "pace": PACE,
    "ceiling": CEILING,
    "increase": INCREASE,
    "growth target": GROWTH_TARGET,
    "december": DECEMBER,
    "bounds": BOUNDS,
}
CASES = {
    f"{group}: {name}": case for group, cases in GROUPS.items() for name, case in cases.items()
}


@pytest.fixture(scope="module")
def cases() -> Cases:
    """The views of all cases."""
    return Cases(CASES)


@pytest.mark.parametrize("name", CASES)
def test_the_sentence_says_what_the_figures_say(cases: Cases, name: str) -> None:
    view = cases.views[name]

    text = sentence(view)

    assert text == CASES[name].text


@pytest.mark.parametrize("name", CASES)
def test_what_is_still_needed_follows_from_the_target(cases: Cases, name: str) -> None:
    view = cases.views[name]

    text = required_clause(view)

    assert text == CASES[name].rest


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.status])
def test_the_table_names_the_status(cases: Cases, name: str) -> None:
    view = cases.views[name]

    status = f"{view.mark} {view.status}"

    assert status == CASES[name].status


@pytest.fixture(scope="module")
def plain_view() -> View:
    """A view without a target or peers, for tests that replace columns of its row."""
    return view_of(with_base(COUNT, 100, 50))


def ranked(view: View, **columns: Any) -> View:
    """Return a copy of a view with a rank among peers."""
    rank = {"rank": 3, "ranked": 12, "peers": 12, "tied": False, "rank_shown": True}
    return replace(view, row=view.row | rank | columns)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({}, "居全市第3位（12家均有数据）"),
        ({"ranked": 11}, "居全市第3位（12家中11家有可比数据）"),
        ({"tied": True}, "居并列全市第3位（12家均有数据）"),
        ({"rank_change": 2}, "居全市第3位（12家均有数据），上升2位"),
        ({"rank_change": -1}, "居全市第3位（12家均有数据），下降1位"),
        ({"rank_change": 0}, "居全市第3位（12家均有数据）"),
        ({"rank_shown": False}, ""),
        ({"rank": None}, ""),
    ],
)
def test_the_rank_is_printed_with_how_many_are_ranked(
    plain_view: View, columns: dict[str, Any], expected: str
) -> None:
    view = ranked(plain_view, **columns)

    text = view.rank_clause()

    assert text == expected


def test_a_rank_from_the_lowest_says_so(plain_view: View) -> None:
    view = replace(ranked(plain_view), indicator=plain_view.indicator | {"direction": "down"})

    text = view.rank_clause()

    assert text == "居全市第3位（12家均有数据，由低到高）"


def test_the_settings_name_the_scope_and_the_peers(plain_view: View) -> None:
    settings = plain_view.settings | {"scope": "全国", "peer_unit": "个省份"}

    text = replace(ranked(plain_view, ranked=10), settings=settings).rank_clause()

    assert text == "居全国第3位（12个省份中10个省份有可比数据）"


def test_a_city_may_switch_ranks_off(plain_view: View) -> None:
    view = replace(ranked(plain_view), settings=plain_view.settings | {"ranks": False})

    assert not view.shows_rank
    assert not view.in_last_third
    assert "位" not in sentence(view)


def test_a_share_comes_last_and_only_where_it_is_exact(plain_view: View) -> None:
    exact = replace(plain_view, row=plain_view.row | {"share": 0.12, "share_bound": "exact"})
    about = replace(plain_view, row=plain_view.row | {"share": 0.12, "share_bound": "about"})

    texts = [sentence(exact), sentence(about)]

    assert texts == [f"{NAME}100件，同比增长100.0%，占全市12.0%", f"{NAME}100件，同比增长100.0%"]


def test_an_interval_prints_both_ends() -> None:
    view = view_of(with_base(COUNT, 30, 20, bound="at_least", value_upper=40.0))

    text = view.figure()

    assert text == "30—40件"


@pytest.mark.parametrize(
    ("attainment", "printed"),
    [(0.9996, "99.9%"), (0.99949, "99.9%"), (0.9994, "99.9%"), (1.0, "100.0%"), (1.0004, "100.0%")],
)
def test_a_hundred_percent_is_printed_only_when_it_is_reached(
    plain_view: View, attainment: float, printed: str
) -> None:
    view = replace(plain_view, row=plain_view.row | {"attainment": attainment})

    text = view.attainment()

    assert text == printed


@pytest.mark.parametrize(("value", "limit"), [(0.6, "六成"), (0.65, "65%")])
def test_a_citys_own_limit_is_the_one_printed(cases: Cases, value: float, limit: str) -> None:
    view = cases.views["pace: behind"]
    limits = view.settings["thresholds"] | {"slow": value}

    text = sentence(replace(view, settings=view.settings | {"thresholds": limits}))

    assert f"，不足应完成数的{limit}，" in text
