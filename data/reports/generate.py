"""Write the workbooks of ``inbox/`` from the facts of the reports.

``facts.csv`` holds every fact as it stands in the reports and what is taken of it; this script
only puts the words together again: qualifier, figure or mask, unit. Run
``python data/reports/generate.py [--out DIR]``.
"""

from __future__ import annotations

import argparse
import csv
import shutil
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import xlsxwriter

HERE = Path(__file__).parent
BY_HAND = ("dataset.toml", "districts.csv", "facts.csv")
NOMINAL = "2020"  # stands for every year that the reports hide or do not name
WHOLE_YEAR = {"09", "11"}  # reports of a year; all others are of its first half
# What a figure is described as, where that is another day than the end of its half-year.
AS_OF = {
    "截至4月份": "04-30",
    "1-5月": "05-31",
    "截至5月": "05-31",
    "截至5月底": "05-31",
}
PLAIN = {"上半年", "1-6月", "全年", "今年", "今年以来", "目前", "截止目前", "截至目前", "未注明"}
# Indicators that the reports break down by programme level; elsewhere the source's level says
# who reports or which award it is.
LEVELLED = {
    "award_applied", "award_granted", "commissioners", "makerspace_new", "platform_new",
    "platform_total", "proj_applicant_firms", "proj_applied", "proj_approved", "proj_funds_won",
    "talent_projects",
}  # fmt: skip
UNITS = {
    "%(原文缺)": "%",
    "万(元,原文缺“元”)": "万元",
    "个城市": "个",
    "家企业": "家",
    "幅(套)": "幅",
}
BEFORE = ("约", "近", "超过", "突破", "仅有", "至少")
BETWEEN = ("余", "多")
BEHIND = ("以上", "左右")
FORECAST = {("10", "proj_funds_leverage")}  # 将引导: told of the time to come without 预计
FIGURES = ("地区", "指标", "期别", "数值", "级别", "数据级别", "截止日期", "备注")
TARGETS = ("地区", "指标", "年", "目标类型", "目标值", "约束", "下达单位", "起始月", "来源")

Fact = dict[str, str]
Row = dict[str, str]


def worded(fact: Fact, upper: str = "") -> str:
    """Return a figure as its report words it: 约11万字, xx家, 500多名, 1—2项/人."""
    if fact["mask"] == "空缺":
        return "空缺"  # the number was taken out, the unit left
    said = fact["qualifier"]
    number = (fact["value"] or fact["mask"]) + (f"—{upper}" if upper else "")
    before = next((word for word in BEFORE if word in said), "")
    between = next((word for word in BETWEEN if word in said), "")
    behind = next((word for word in BEHIND if word in said), "")
    return f"{before}{number}{between}{UNITS.get(fact['unit'], fact['unit'])}{behind}"


def name(fact: Fact) -> str:
    """Return the indicator as the source names it; its id where the name covers several."""
    several = fact["indicator"] != fact["source_id"] or "/" in fact["name"]
    return fact["indicator"] if several else fact["name"]


def checkpoint(fact: Fact) -> str:
    """Return the checkpoint of a report: its own year or the nominal one, half or whole."""
    half = "H2" if fact["report"] in WHOLE_YEAR else "H1"
    return f"{fact['year'] or NOMINAL}{half}"


def figure(fact: Fact, upper: str, growth: str) -> Row:
    """Return the row of a figure; what growth says without a number stays a remark."""
    year = fact["year"] or NOMINAL
    remarks = [fact["period"]] if fact["period"] not in PLAIN else []
    remarks += (
        [f"原文缺“{'元' if '元' in fact['unit'] else '%'}”"] if "原文缺" in fact["unit"] else []
    )
    remarks += [growth] if growth else []
    forecast = "预计" in fact["qualifier"] or (fact["report"], fact["indicator"]) in FORECAST
    level = fact["level"] if fact["level"] in ("国家", "省", "市") else ""
    return {
        "地区": fact["place"],
        "指标": name(fact),
        "期别": checkpoint(fact),
        "数值": worded(fact, upper),
        "级别": level if fact["indicator"] in LEVELLED else "",
        "数据级别": "预计" if forecast else "",
        "截止日期": f"{year}-{AS_OF[fact['period']]}" if fact["period"] in AS_OF else "",
        "备注": "；".join(remarks),
    }


def target(fact: Fact, upper: str, done: str) -> Row:
    """Return the row of a target; `done` is the figure a rate of completion was printed of."""
    row = {"地区": fact["place"], "指标": name(fact), "年": fact["year"] or NOMINAL}
    if fact["kind"] == "completion_rate":
        implied = float(done) * 100 / float(fact["value"])
        source = f"报告完成{fact['value']}%，由{done}推算"
        return row | {
            "目标类型": "全年总量",
            "目标值": f"{implied:g}",
            "约束": "推算",
            "来源": source,
        }
    stock = fact["indicator"] == "livestock_households"
    hoped = "力争" in fact["qualifier"]
    return row | {
        "目标类型": "区间" if upper else "年末水平" if stock else "全年总量",
        "目标值": worded(fact, upper),
        "约束": "力争" if hoped else "确保",
        "下达单位": "市" if fact["level"].startswith("市下达") else "",
        "起始月": "6" if fact["period"].startswith("下半年") else "",
        "来源": fact["period"],
    }


def rows(facts: list[Fact]) -> tuple[list[Row], list[Row]]:
    """Return the figures and the targets that are taken of the facts."""
    figures, targets = [], []
    ends = [fact["qualifier"] for fact in facts]
    for place, fact in enumerate(facts):
        if not fact["indicator"] or fact["qualifier"] == "区间上限":
            continue
        following = facts[place + 1] if place + 1 < len(facts) else None
        upper = ""
        if fact["qualifier"] == "区间下限":
            assert following is not None
            assert ends[place + 1] == "区间上限"
            upper = following["value"]
        if fact["kind"] in ("target", "plan", "completion_rate"):
            done = facts[place - 1]["value"] if fact["kind"] == "completion_rate" else ""
            targets.append(target(fact, upper, done))
            continue
        growth = ""
        if following and (following["source_id"], following["left_out"], following["kind"]) == (
            fact["source_id"], "rate", "growth",
        ):  # fmt: skip
            growth = f"同比增长{following['mask'].replace('空缺', '')}%（数字隐去）"
        figures.append(figure(fact, upper, growth))
    return figures, targets


def write(folder: Path) -> None:
    """Write the whole data set into a folder."""
    (folder / "inbox").mkdir(parents=True, exist_ok=True)
    for name_ in BY_HAND if folder.resolve() != HERE.resolve() else ():
        shutil.copyfile(HERE / name_, folder / name_)
    with (HERE / "facts.csv").open(encoding="utf-8", newline="") as file:
        facts = sorted(csv.DictReader(file), key=lambda fact: fact["place"])
    for place, group in groupby(facts, key=lambda fact: fact["place"]):
        some = list(group)
        at = checkpoint(next(fact for fact in some if fact["indicator"]))
        figures, targets = rows(some)
        write_xlsx(folder / "inbox" / f"{at}-{place}.xlsx", FIGURES, figures)
        if targets:
            write_xlsx(folder / "inbox" / f"{at}-{place}-目标.xlsx", TARGETS, targets)


def write_xlsx(path: Path, columns: tuple[str, ...], table: list[Row]) -> None:
    """Write rows to a sheet 数据, every cell as text: figures stand as worded."""
    with xlsxwriter.Workbook(str(path)) as book:
        book.set_properties({"title": path.stem, "created": datetime(2020, 7, 1, tzinfo=UTC)})
        sheet = book.add_worksheet("数据")
        sheet.write_row(0, 0, columns)
        for number, row in enumerate(table, start=1):
            for place, column in enumerate(columns):
                sheet.write_string(number, place, row.get(column, ""))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write the workbooks of the reports.")
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to")
    write(parser.parse_args().out)
