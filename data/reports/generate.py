"""Write the workbooks of ``inbox/`` from the facts of the reports.

``facts.csv`` has every fact as printed in the reports, with how it is used; this script only
joins its parts into the reported text again: qualifier, figure or mask, unit. Run
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

FOLDER = Path(__file__).parent
HAND_WRITTEN_FILES = ("dataset.toml", "districts.csv", "facts.csv")
NOMINAL = "2020"  # used for every year that the reports mask or do not name
WHOLE_YEAR = {"09", "11"}  # reports on a year; all others are on its first half
# Last month and day of the periods that do not end with the half-year.
AS_OF = {
    "截至4月份": "04-30",
    "1-5月": "05-31",
    "截至5月": "05-31",
    "截至5月底": "05-31",
}
PLAIN = {"上半年", "1-6月", "全年", "今年", "今年以来", "目前", "截止目前", "截至目前", "未注明"}
# Indicators that the reports break down by programme level; for others, the level in the source
# says who reports or which award is meant.
WITH_LEVELS = {
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
PREFIXES = ("约", "近", "超过", "突破", "仅有", "至少")
INFIXES = ("余", "多")
SUFFIXES = ("以上", "左右")
FORECAST = {("10", "proj_funds_leverage")}  # 将引导: about the future, though without 预计
FIGURES = ("地区", "指标", "期别", "数值", "级别", "数据级别", "截止日期", "备注")
TARGETS = ("地区", "指标", "年", "目标类型", "目标值", "约束", "下达单位", "起始月", "来源")

Fact = dict[str, str]
Row = dict[str, str]


def reported_text(fact: Fact, upper: str = "") -> str:
    """Return a figure as the report prints it: 约11万字, xx家, 500多名, 1—2项/人."""
    if fact["mask"] == "空缺":
        return "空缺"  # the number was removed, the unit was left
    qualifier = fact["qualifier"]
    number = (fact["value"] or fact["mask"]) + (f"—{upper}" if upper else "")
    prefix = next((word for word in PREFIXES if word in qualifier), "")
    infix = next((word for word in INFIXES if word in qualifier), "")
    suffix = next((word for word in SUFFIXES if word in qualifier), "")
    return f"{prefix}{number}{infix}{UNITS.get(fact['unit'], fact['unit'])}{suffix}"


def indicator_name(fact: Fact) -> str:
    """Return the indicator's name in the source, or its id if the name covers several indicators."""
    several = fact["indicator"] != fact["source_id"] or "/" in fact["name"]
    return fact["indicator"] if several else fact["name"]


def checkpoint(fact: Fact) -> str:
    """Return the checkpoint of a report: H1 or H2 of its year or of the nominal year."""
    half = "H2" if fact["report"] in WHOLE_YEAR else "H1"
    return f"{fact['year'] or NOMINAL}{half}"


def figure_row(fact: Fact, upper: str, growth_remark: str) -> Row:
    """Return the row of a figure; growth printed without a number becomes a remark."""
    year = fact["year"] or NOMINAL
    remarks = [fact["period"]] if fact["period"] not in PLAIN else []
    remarks += (
        [f"原文缺“{'元' if '元' in fact['unit'] else '%'}”"] if "原文缺" in fact["unit"] else []
    )
    remarks += [growth_remark] if growth_remark else []
    forecast = "预计" in fact["qualifier"] or (fact["report"], fact["indicator"]) in FORECAST
    level = fact["level"] if fact["level"] in ("国家", "省", "市") else ""
    return {
        "地区": fact["place"],
        "指标": indicator_name(fact),
        "期别": checkpoint(fact),
        "数值": reported_text(fact, upper),
        "级别": level if fact["indicator"] in WITH_LEVELS else "",
        "数据级别": "预计" if forecast else "",
        "截止日期": f"{year}-{AS_OF[fact['period']]}" if fact["period"] in AS_OF else "",
        "备注": "；".join(remarks),
    }


def target_row(fact: Fact, upper: str, completed: str) -> Row:
    """Return the row of a target; `completed` is the figure of a printed completion rate."""
    row = {"地区": fact["place"], "指标": indicator_name(fact), "年": fact["year"] or NOMINAL}
    if fact["kind"] == "completion_rate":
        implied = float(completed) * 100 / float(fact["value"])
        source = f"报告完成{fact['value']}%，由{completed}推算"
        return row | {
            "目标类型": "全年总量",
            "目标值": f"{implied:g}",
            "约束": "推算",
            "来源": source,
        }
    is_stock = fact["indicator"] == "livestock_households"
    is_aspired = "力争" in fact["qualifier"]
    return row | {
        "目标类型": "区间" if upper else "年末水平" if is_stock else "全年总量",
        "目标值": reported_text(fact, upper),
        "约束": "力争" if is_aspired else "确保",
        "下达单位": "市" if fact["level"].startswith("市下达") else "",
        "起始月": "6" if fact["period"].startswith("下半年") else "",
        "来源": fact["period"],
    }


def figures_and_targets(facts: list[Fact]) -> tuple[list[Row], list[Row]]:
    """Return the rows of figures and of targets that the facts of one place give."""
    figures, targets = [], []
    qualifiers = [fact["qualifier"] for fact in facts]
    for position, fact in enumerate(facts):
        if not fact["indicator"] or fact["qualifier"] == "区间上限":
            continue
        following = facts[position + 1] if position + 1 < len(facts) else None
        upper = ""
        if fact["qualifier"] == "区间下限":
            assert following is not None
            assert qualifiers[position + 1] == "区间上限"
            upper = following["value"]
        if fact["kind"] in ("target", "plan", "completion_rate"):
            completed = facts[position - 1]["value"] if fact["kind"] == "completion_rate" else ""
            targets.append(target_row(fact, upper, completed))
            continue
        growth_remark = ""
        if following and (following["source_id"], following["left_out"], following["kind"]) == (
            fact["source_id"], "rate", "growth",
        ):  # fmt: skip
            growth_remark = f"同比增长{following['mask'].replace('空缺', '')}%（数字隐去）"
        figures.append(figure_row(fact, upper, growth_remark))
    return figures, targets


def write(folder: Path) -> None:
    """Write the whole data set into a folder."""
    (folder / "inbox").mkdir(parents=True, exist_ok=True)
    for name in HAND_WRITTEN_FILES if folder.resolve() != FOLDER.resolve() else ():
        shutil.copyfile(FOLDER / name, folder / name)
    with (FOLDER / "facts.csv").open(encoding="utf-8", newline="") as file:
        facts = sorted(csv.DictReader(file), key=lambda fact: fact["place"])
    for place, group in groupby(facts, key=lambda fact: fact["place"]):
        place_facts = list(group)
        place_checkpoint = checkpoint(next(fact for fact in place_facts if fact["indicator"]))
        figures, targets = figures_and_targets(place_facts)
        write_xlsx(folder / "inbox" / f"{place_checkpoint}-{place}.xlsx", FIGURES, figures)
        if targets:
            write_xlsx(folder / "inbox" / f"{place_checkpoint}-{place}-目标.xlsx", TARGETS, targets)


def write_xlsx(path: Path, columns: tuple[str, ...], table: list[Row]) -> None:
    """Write rows to a sheet 数据, every cell as text: figures stay as printed."""
    with xlsxwriter.Workbook(str(path)) as book:
        book.set_properties({"title": path.stem, "created": datetime(2020, 7, 1, tzinfo=UTC)})
        sheet = book.add_worksheet("数据")
        sheet.write_row(0, 0, columns)
        for row_index, row in enumerate(table, start=1):
            for column_index, column in enumerate(columns):
                sheet.write_string(row_index, column_index, row.get(column, ""))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write the workbooks of the reports.")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder to write to")
    write(parser.parse_args().out)
