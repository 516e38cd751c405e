"""Write the data set of 示例市: generated figures of a city that does not exist.

``plan.toml`` declares everything. The noise depends on names alone, so the same plan always
gives the same content. Run ``python data/demo-city/generate.py [--out DIR]``.
"""

from __future__ import annotations

import argparse
import calendar
import csv
import math
import random
import shutil
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import xlsxwriter

FOLDER = Path(__file__).parent
HAND_WRITTEN_FILES = ("dataset.toml", "districts.csv", "recipients.csv")
YEARS = range(2017, 2026)  # all are drawn; those from REPORTED on are written
REPORTED, FIRST_TARGETS, WORKBOOKS = 2021, 2023, 2025
PLAN = tomllib.loads((FOLDER / "plan.toml").read_text(encoding="utf-8"))
CITY, ZONE, HOST = (PLAN["city"][name] for name in ("code", "zone", "host"))
DISTRICTS = list(PLAN["shares"])
MODEL = DISTRICTS[0]  # has the figures of the model brief
with (FOLDER / "districts.csv").open(encoding="utf-8", newline="") as _file:
    NAMES = {report_row["code"]: report_row["name"] for report_row in csv.DictReader(_file)}

Row = dict[str, str]
Figures = dict[tuple[str, str, int, int], float]  # district, indicator, year, month


class Indicator(NamedTuple):
    """One indicator of ``plan.toml``."""

    id: str
    name: str
    unit: str
    decimals: int = 0
    size: float = 0
    by: str = ""
    of: str = ""
    growth: float = 0
    june: float = 0
    wobble: float = 0.05
    lag: int = 1
    stock: bool = False
    yearly: bool = False
    made: bool = False
    city: bool = True

    @property
    def months(self) -> tuple[int, ...]:
        """Return the months at whose end there is a figure."""
        return (12,) if self.yearly else (6, 12)


INDICATORS = {id_: Indicator(id_, **table) for id_, table in PLAN["indicators"].items()}


def noise(*names: object, width: float) -> float:
    """Return a number between -width and width that depends on the names alone."""
    return random.Random("|".join(map(str, names))).uniform(-width, width)


def share(code: str, column: str) -> float:
    """Return a district's share of the city."""
    if code in (CITY, ZONE):
        return 1 if code == CITY else share(HOST, column) * 0.36
    return float(PLAN["shares"][code][column]) / 100


def draw_figures(indicator: Indicator, code: str) -> Figures:
    """Draw one district's figures of an indicator, a flow or a stock."""
    base = indicator.size * share(code, indicator.by) * (1 + noise(indicator.id, code, width=0.08))
    previous = base * (1 + indicator.growth) ** (YEARS[0] - 1 - 2024)
    given = PLAN["fixed"].get(code, {}).get(indicator.id, {})
    drawn: Figures = {}
    for year in YEARS:
        year_total = base * (1 + indicator.growth) ** (year - 2024)
        year_total *= 1 + noise(indicator.id, code, year, width=indicator.wobble)
        june_share = indicator.june + noise(
            indicator.id, code, year, "June", width=indicator.wobble / 3
        )
        june = (
            previous + (year_total - previous) * june_share
            if indicator.stock
            else year_total * june_share
        )
        previous = year_total
        values = dict(zip((6, 12), given.get(str(year), (june, year_total)), strict=True))
        drawn |= {
            (code, indicator.id, year, m): round(values[m], indicator.decimals)
            for m in indicator.months
        }
    return drawn


def compute_derived(figures: Figures, id_: str, code: str, year: int, month: int) -> float:
    """Compute a derived figure from other figures of the same district."""

    def get(other: str, year: int = year, month: int = month) -> float:
        return figures[code, other, year, month]

    match id_:
        case "rd_experimental":
            return get("rd_expenditure") - get("rd_basic") - get("rd_applied")
        case "rd_intensity":
            gdp: float = PLAN["city"]["gdp"] * share(code, "economy") * 1.055 ** (year - 2024)
            return get("rd_expenditure") / gdp * 100
        case "hitech_va_growth":  # in comparable prices: 0.7 points less
            value = "hitech_value_added"
            return (get(value) / get(value, year - 1) - 1) * 100 - 0.7
        case "hnte_total":  # a certificate is valid for three years
            last = year if month == 12 else year - 1
            new = get("hnte_certified") if month == 6 else 0
            return new + sum(get("hnte_certified", y, 12) for y in range(last - 2, last + 1))
        case "hv_invention_per_10k":  # a rising share of all valid inventions
            high_value_share = 0.34 + 0.005 * (year + month / 12 - 2020)
            people: float = PLAN["city"]["people"] * share(code, "economy")
            return get("invention_valid") * high_value_share / people
        case "platform_total":  # the stock of 2019 and all new platforms since
            codes = DISTRICTS if code == CITY else [code]
            new = get("platform_new") + sum(get("platform_new", y, 12) for y in range(2020, year))
            return new + sum(round(400 * share(c, "economy")) for c in codes)
    raise KeyError(id_)


def true_figures() -> Figures:
    """Return every figure before reporting habits and errors, zone and city included."""
    drawn: Figures = {}
    for indicator in INDICATORS.values():
        for code in DISTRICTS if indicator.by else ():
            drawn |= draw_figures(indicator, code)
        zone_share = 0.4 + noise(indicator.id, width=0.06)
        city_factor = (
            1.015 if indicator.id.startswith("fiscal") else 1
        )  # the city itself spends, too
        for year, month in ((y, m) for y in YEARS for m in indicator.months):
            if indicator.made:
                for code in NAMES if year >= REPORTED - 1 else ():
                    value = compute_derived(drawn, indicator.id, code, year, month)
                    drawn[code, indicator.id, year, month] = round(value, indicator.decimals)
                continue
            for code in (*DISTRICTS, ZONE) if indicator.of else ():
                ratio = (
                    1
                    + noise(indicator.id, code, width=0.1)
                    + noise(indicator.id, code, year, width=0.03)
                )
                value = drawn[code, indicator.of, year, month] * indicator.size * ratio
                drawn[code, indicator.id, year, month] = round(value, indicator.decimals)
            if indicator.by:
                drawn[ZONE, indicator.id, year, month] = round(
                    drawn[HOST, indicator.id, year, month] * zone_share, indicator.decimals
                )
            total = sum(drawn[code, indicator.id, year, month] for code in DISTRICTS)
            drawn[CITY, indicator.id, year, month] = round(total * city_factor, indicator.decimals)
    return drawn


def month_end(year: int, month: int) -> str:
    """Return the last day of a month; month 13 is January of the next year."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return f"{year}-{month:02}-{calendar.monthrange(year, month)[1]}"


def report_row(
    figures: Figures,
    indicator: Indicator,
    code: str,
    checkpoint: tuple[int, int],
    *,
    factor: float = 1,
) -> Row:
    """Return one row of a district's report, with the district's habits of writing."""
    year, month = checkpoint
    value = round(figures[code, indicator.id, year, month] * factor, indicator.decimals)
    row: Row = {
        "district": NAMES[code],
        "indicator": indicator.name,
        "checkpoint": str(year) if indicator.yearly else f"{year}H{month // 6}",
        "value": f"{value:.{indicator.decimals}f}",
        "unit": indicator.unit,
        "grade": "年报" if month == 12 else "快报",
        "published": month_end(year, month + indicator.lag),
    }
    habits = [
        h for h in PLAN["habits"] if h["district"] == code and indicator.id in h["indicators"]
    ]
    for habit in habits:
        match habit["writes"]:
            case "又名":
                row["indicator"] = habit["names"][indicator.id]
            case "无":
                row["value"] = "无"
            case "1,234":
                row["value"] = f"{value:,.{indicator.decimals}f}"
            case "１２３":
                wide = {ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"}
                row["value"] = row["value"].translate(wide)
            case "万元":
                row |= {"value": f"{value * 10000:.0f}", "unit": "万元"}
            case unit:
                row["unit"] = unit
    return row


def report_rows(
    figures: Figures, indicator: Indicator, code: str, at: tuple[int, int]
) -> list[Row]:
    """Return the rows of an indicator as first received: the total and any programme levels."""
    year, month = at
    row_key = {"checkpoint": f"{year}H{month // 6}", "district": code}
    figure_key = row_key | {"indicator": indicator.id}
    factor = next((c["factor"] for c in PLAN["corrections"] if c.items() >= figure_key.items()), 1)
    total = report_row(figures, indicator, code, at, factor=factor)
    for basis, places in PLAN["printed_growth"].items() if year == YEARS[-1] else ():
        if [code, indicator.id] in places:
            growth = (
                figures[code, indicator.id, year, month]
                / figures[code, indicator.id, year - 1, month]
                - 1
            ) * 100
            growth = figures[code, "hitech_va_growth", year, month] if basis == "可比价" else growth
            total |= {"published_growth": f"{growth:.1f}", "growth_basis": basis}
    rows = [total]
    if indicator.id == "proj_funds_won":
        total_value = round(figures[code, indicator.id, year, month])
        national = round(total_value * (0.35 + noise(code, year, width=0.05)))
        rows.append(total | {"level": "国家", "value": str(national)})
        rows.append(total | {"level": "省", "value": str(total_value - national)})
    tables = [table["says"] for table in PLAN["lines"] if table.items() >= row_key.items()]
    override: Row = next((table[indicator.id] for table in tables if indicator.id in table), {})
    return [row | override for row in rows]


def received_files(figures: Figures, year: int, month: int) -> dict[str, list[Row]]:
    """Return the rows of one half-year by name of the file they were received in."""
    half = f"{year}H{month // 6}"
    main = f"{half}-01-各区报送.{'xlsx' if year >= WORKBOOKS else 'csv'}"
    late = {
        (table["district"], id_): table.get("file")
        for table in PLAN["late"]
        if table["checkpoint"] == half
        for id_ in table["indicators"]
    }
    files: dict[str, list[Row]] = {}
    for code in (*DISTRICTS, ZONE, CITY):
        for indicator in INDICATORS.values():
            if month not in indicator.months or (code == CITY and not indicator.city):
                continue
            file = late.get(
                (code, indicator.id), f"{half}-02-年度统计.csv" if indicator.yearly else main
            )
            if file:
                files.setdefault(file, []).extend(
                    report_rows(figures, indicator, code, (year, month))
                )
    return files


def round_target(value: float, decimals: int) -> float:
    """Round a figure as targets are rounded: 327 to 325, 5243 to 5250."""
    step = max(10.0 ** (math.floor(math.log10(value)) - 1) / 2, 10.0**-decimals)
    return round(round(value / step) * step, decimals)


def target_value(figures: Figures, indicator: Indicator, code: str, year: int) -> float:
    """Return the value of a target, derived from last year's figure."""
    plan = PLAN["targets"]
    kind, last = plan["kinds"][indicator.id], figures[code, indicator.id, year - 1, 12]
    if code == MODEL and year == YEARS[-1] and plan["model"][indicator.id]:
        return float(plan["model"][indicator.id])
    if indicator.unit == "%" or kind == "growth":
        return float(plan["growth"].get(indicator.id, round(last + 0.06, 2)))
    draw_index = list(plan["kinds"]).index(indicator.id) * 7 + list(NAMES).index(code) * 5 + year
    ambition = 1.08 if code == CITY else plan["ambitions"][draw_index % len(plan["ambitions"])]
    if kind == "total":
        return round_target(
            last * ambition if indicator.decimals else max(2, last * ambition), indicator.decimals
        )
    rise = last * indicator.growth * ambition / 1.08
    return (
        round_target(rise, 0) if kind == "net" else round(last + rise, min(1, indicator.decimals))
    )


def target_rows(figures: Figures, year: int) -> list[Row]:
    """Return the rows of assigned and aspired targets of a year."""
    plan, rows = PLAN["targets"], []
    for code, name in NAMES.items():
        with_targets = plan["model"] if code == MODEL else plan["kinds"]
        for indicator in (INDICATORS[id_] for id_ in plan["kinds"] if id_ in with_targets):
            if code in plan["without"].get(indicator.id, ()):
                continue
            kind, value = plan["kinds"][indicator.id], target_value(figures, indicator, code, year)
            row = {
                "district": name,
                "indicator": indicator.name,
                "year": str(year),
                "kind": kind,
                "value": f"{value:g}",
                "unit": "%" if kind == "growth" else indicator.unit,
                "comparison": ">=",
                "strength": "assigned",
                "issuer": "示例市科技局",
                "issued": f"{year}-02-18",
                "source": f"{year}年度目标任务分解表（示例）",
                "nodes": plan["nodes"].get(indicator.id, ""),
            }
            rows.append(row)
            if code in plan["aspired"].get(indicator.id, ()):
                rows.append(
                    row | {"value": f"{round_target(value * 1.1, 1):g}", "strength": "aspired"}
                )
    return rows


def inbox_files() -> dict[str, list[Row]]:
    """Return the rows of every inbox file, sorted by file name."""
    figures = true_figures()
    files: dict[str, list[Row]] = {"2025H1-00-目标调整.csv": [PLAN["targets"]["revised"]]}
    for year in range(REPORTED, YEARS.stop):
        files |= received_files(figures, year, 6) | received_files(figures, year, 12)
        if year >= FIRST_TARGETS:
            files[f"{year}H1-00-目标任务.csv"] = target_rows(figures, year)
    for correction in PLAN["corrections"]:
        row = report_row(
            figures,
            INDICATORS[correction["indicator"]],
            correction["district"],
            (int(correction["checkpoint"][:4]), 6),
        )
        row |= {"published": correction["published"], "note": correction["note"]}
        files.setdefault(correction["file"], []).append(row)
    return dict(sorted(files.items()))


def write_csv(path: Path, columns: list[str], rows: list[Row]) -> None:
    """Write rows as CSV in UTF-8 with LF."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([row.get(column, "") for column in columns] for row in rows)


def write_xlsx(path: Path, columns: list[str], rows: list[Row]) -> None:
    """Write rows to a sheet 数据: plain numbers as numeric cells, everything else as text."""
    with xlsxwriter.Workbook(str(path)) as book:
        book.set_properties({"title": "示例数据", "created": datetime(2025, 7, 31, tzinfo=UTC)})
        sheet = book.add_worksheet("数据")
        sheet.write_row(0, 0, columns)
        for row_index, row in enumerate(rows, start=1):
            for column_index, column in enumerate(columns):
                text = row.get(column, "")
                plain = text.isascii() and text.lstrip("-").replace(".", "", 1).isdigit()
                if plain and column in ("value", "published_growth"):
                    sheet.write_number(row_index, column_index, float(text))
                else:
                    sheet.write_string(row_index, column_index, text)


def write(folder: Path) -> None:
    """Write the whole data set into a folder."""
    (folder / "inbox").mkdir(parents=True, exist_ok=True)
    for name in HAND_WRITTEN_FILES if folder.resolve() != FOLDER.resolve() else ():
        shutil.copyfile(FOLDER / name, folder / name)
    for name, rows in inbox_files().items():
        columns = PLAN["columns"]["targets" if "kind" in rows[0] else "figures"]
        used_columns = [column for column in columns if any(row.get(column) for row in rows)]
        (write_xlsx if name.endswith(".xlsx") else write_csv)(
            folder / "inbox" / name, used_columns, rows
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write the generated data set of 示例市.")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder to write to")
    write(parser.parse_args().out)
