"""Write the data set of 示例市: the made figures of a city that does not exist.

All that is declared stands in ``plan.toml``. The noise depends on names alone, so that the same
plan always gives the same content. Run ``python data/demo-city/generate.py [--out DIR]``.
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

HERE = Path(__file__).parent
BY_HAND = ("dataset.toml", "districts.csv", "recipients.csv")
YEARS = range(2017, 2026)  # drawn; those from REPORTED on are written
REPORTED, FIRST_TARGETS, WORKBOOKS = 2021, 2023, 2025
PLAN = tomllib.loads((HERE / "plan.toml").read_text(encoding="utf-8"))
CITY, ZONE, HOST = (PLAN["city"][name] for name in ("code", "zone", "host"))
DISTRICTS = list(PLAN["shares"])
MODEL = DISTRICTS[0]  # carries the figures of the model brief
with (HERE / "districts.csv").open(encoding="utf-8", newline="") as _file:
    NAMES = {line["code"]: line["name"] for line in csv.DictReader(_file)}

Row = dict[str, str]
Figures = dict[tuple[str, str, int, int], float]  # district, indicator, year, month


class Indicator(NamedTuple):
    """One indicator of the plan."""

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


def draw(i: Indicator, code: str) -> Figures:
    """Draw one district's figures of a flow or a stock."""
    level = i.size * share(code, i.by) * (1 + noise(i.id, code, width=0.08))
    before = level * (1 + i.growth) ** (YEARS[0] - 1 - 2024)
    fixed = PLAN["fixed"].get(code, {}).get(i.id, {})
    drawn: Figures = {}
    for year in YEARS:
        whole = level * (1 + i.growth) ** (year - 2024)
        whole *= 1 + noise(i.id, code, year, width=i.wobble)
        part = i.june + noise(i.id, code, year, "June", width=i.wobble / 3)
        june = before + (whole - before) * part if i.stock else whole * part
        before = whole
        values = dict(zip((6, 12), fixed.get(str(year), (june, whole)), strict=True))
        drawn |= {(code, i.id, year, m): round(values[m], i.decimals) for m in i.months}
    return drawn


def made(f: Figures, id_: str, code: str, year: int, month: int) -> float:
    """Compute a figure from others of the same district."""

    def get(other: str, year: int = year, month: int = month) -> float:
        return f[code, other, year, month]

    match id_:
        case "rd_experimental":
            return get("rd_expenditure") - get("rd_basic") - get("rd_applied")
        case "rd_intensity":
            gdp: float = PLAN["city"]["gdp"] * share(code, "economy") * 1.055 ** (year - 2024)
            return get("rd_expenditure") / gdp * 100
        case "hitech_va_growth":  # less 0.7 points of prices
            value = "hitech_value_added"
            return (get(value) / get(value, year - 1) - 1) * 100 - 0.7
        case "hnte_total":  # a certificate lasts three years
            last = year if month == 12 else year - 1
            new = get("hnte_certified") if month == 6 else 0
            return new + sum(get("hnte_certified", y, 12) for y in range(last - 2, last + 1))
        case "hv_invention_per_10k":  # a rising part of all inventions in force
            part = 0.34 + 0.005 * (year + month / 12 - 2020)
            people: float = PLAN["city"]["people"] * share(code, "economy")
            return get("invention_valid") * part / people
        case "platform_total":  # those of 2019 and all new ones
            places = DISTRICTS if code == CITY else [code]
            new = get("platform_new") + sum(get("platform_new", y, 12) for y in range(2020, year))
            return new + sum(round(400 * share(c, "economy")) for c in places)
    raise KeyError(id_)


def figures() -> Figures:
    """Return every true figure, those of the zone and the city included."""
    f: Figures = {}
    for i in INDICATORS.values():
        for code in DISTRICTS if i.by else ():
            f |= draw(i, code)
        zone = 0.4 + noise(i.id, width=0.06)
        own = 1.015 if i.id.startswith("fiscal") else 1  # the city spends some itself
        for year, month in ((y, m) for y in YEARS for m in i.months):
            if i.made:
                for code in NAMES if year >= REPORTED - 1 else ():
                    value = made(f, i.id, code, year, month)
                    f[code, i.id, year, month] = round(value, i.decimals)
                continue
            for code in (*DISTRICTS, ZONE) if i.of else ():
                part = 1 + noise(i.id, code, width=0.1) + noise(i.id, code, year, width=0.03)
                value = f[code, i.of, year, month] * i.size * part
                f[code, i.id, year, month] = round(value, i.decimals)
            if i.by:
                f[ZONE, i.id, year, month] = round(f[HOST, i.id, year, month] * zone, i.decimals)
            total = sum(f[code, i.id, year, month] for code in DISTRICTS)
            f[CITY, i.id, year, month] = round(total * own, i.decimals)
    return f


def month_end(year: int, month: int) -> str:
    """Return the last day of a month; months after the twelfth lie in the next year."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return f"{year}-{month:02}-{calendar.monthrange(year, month)[1]}"


def line(f: Figures, i: Indicator, code: str, at: tuple[int, int], *, factor: float = 1) -> Row:
    """Return one line of a district's report, written in the district's own way."""
    year, month = at
    value = round(f[code, i.id, year, month] * factor, i.decimals)
    row: Row = {
        "district": NAMES[code],
        "indicator": i.name,
        "checkpoint": str(year) if i.yearly else f"{year}H{month // 6}",
        "value": f"{value:.{i.decimals}f}",
        "unit": i.unit,
        "grade": "年报" if month == 12 else "快报",
        "published": month_end(year, month + i.lag),
    }
    habits = [h for h in PLAN["habits"] if h["district"] == code and i.id in h["indicators"]]
    for habit in habits:
        match habit["writes"]:
            case "又名":
                row["indicator"] = habit["names"][i.id]
            case "无":
                row["value"] = "无"
            case "1,234":
                row["value"] = f"{value:,.{i.decimals}f}"
            case "１２３":
                wide = {ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"}
                row["value"] = row["value"].translate(wide)
            case "万元":
                row |= {"value": f"{value * 10000:.0f}", "unit": "万元"}
            case unit:
                row["unit"] = unit
    return row


def report(f: Figures, i: Indicator, code: str, at: tuple[int, int]) -> list[Row]:
    """Return an indicator's lines as first received: the total, and levels where there are any."""
    year, month = at
    place = {"checkpoint": f"{year}H{month // 6}", "district": code}
    cell = place | {"indicator": i.id}
    factor = next((c["factor"] for c in PLAN["corrections"] if c.items() >= cell.items()), 1)
    total = line(f, i, code, at, factor=factor)
    for basis, places in PLAN["printed_growth"].items() if year == YEARS[-1] else ():
        if [code, i.id] in places:
            growth = (f[code, i.id, year, month] / f[code, i.id, year - 1, month] - 1) * 100
            growth = f[code, "hitech_va_growth", year, month] if basis == "可比价" else growth
            total |= {"published_growth": f"{growth:.1f}", "growth_basis": basis}
    rows = [total]
    if i.id == "proj_funds_won":
        whole = round(f[code, i.id, year, month])
        national = round(whole * (0.35 + noise(code, year, width=0.05)))
        rows.append(total | {"level": "国家", "value": str(national)})
        rows.append(total | {"level": "省", "value": str(whole - national)})
    tables = [table["says"] for table in PLAN["lines"] if table.items() >= place.items()]
    says: Row = next((table[i.id] for table in tables if i.id in table), {})
    return [row | says for row in rows]


def received(f: Figures, year: int, month: int) -> dict[str, list[Row]]:
    """Return the lines of one half-year by the file they came in."""
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
        for i in INDICATORS.values():
            if month not in i.months or (code == CITY and not i.city):
                continue
            file = late.get((code, i.id), f"{half}-02-年度统计.csv" if i.yearly else main)
            if file:
                files.setdefault(file, []).extend(report(f, i, code, (year, month)))
    return files


def nice(value: float, decimals: int) -> float:
    """Round the way targets are set: 327 to 325, 5243 to 5250."""
    step = max(10.0 ** (math.floor(math.log10(value)) - 1) / 2, 10.0**-decimals)
    return round(round(value / step) * step, decimals)


def target(f: Figures, i: Indicator, code: str, year: int) -> float:
    """Return one target, set on last year's figure."""
    plan = PLAN["targets"]
    kind, last = plan["kinds"][i.id], f[code, i.id, year - 1, 12]
    if code == MODEL and year == YEARS[-1] and plan["model"][i.id]:
        return float(plan["model"][i.id])
    if i.unit == "%" or kind == "growth":
        return float(plan["growth"].get(i.id, round(last + 0.06, 2)))
    dealt = list(plan["kinds"]).index(i.id) * 7 + list(NAMES).index(code) * 5 + year
    ambition = 1.08 if code == CITY else plan["ambitions"][dealt % len(plan["ambitions"])]
    if kind == "total":
        return nice(last * ambition if i.decimals else max(2, last * ambition), i.decimals)
    rise = last * i.growth * ambition / 1.08
    return nice(rise, 0) if kind == "net" else round(last + rise, min(1, i.decimals))


def targets(f: Figures, year: int) -> list[Row]:
    """Return the assigned and aspired targets of a year."""
    plan, rows = PLAN["targets"], []
    for code, name in NAMES.items():
        known = plan["model"] if code == MODEL else plan["kinds"]
        for i in (INDICATORS[id_] for id_ in plan["kinds"] if id_ in known):
            if code in plan["without"].get(i.id, ()):
                continue
            kind, value = plan["kinds"][i.id], target(f, i, code, year)
            row = {
                "district": name,
                "indicator": i.name,
                "year": str(year),
                "kind": kind,
                "value": f"{value:g}",
                "unit": "%" if kind == "growth" else i.unit,
                "comparison": ">=",
                "strength": "assigned",
                "issuer": "示例市科技局",
                "issued": f"{year}-02-18",
                "source": f"{year}年度目标任务分解表（示例）",
                "nodes": plan["nodes"].get(i.id, ""),
            }
            rows.append(row)
            if code in plan["aspired"].get(i.id, ()):
                rows.append(row | {"value": f"{nice(value * 1.1, 1):g}", "strength": "aspired"})
    return rows


def inbox() -> dict[str, list[Row]]:
    """Return the rows of every file as received, by name and in the order of names."""
    f = figures()
    files: dict[str, list[Row]] = {"2025H1-00-目标调整.csv": [PLAN["targets"]["revised"]]}
    for year in range(REPORTED, YEARS.stop):
        files |= received(f, year, 6) | received(f, year, 12)
        if year >= FIRST_TARGETS:
            files[f"{year}H1-00-目标任务.csv"] = targets(f, year)
    for c in PLAN["corrections"]:
        right = line(f, INDICATORS[c["indicator"]], c["district"], (int(c["checkpoint"][:4]), 6))
        right |= {"published": c["published"], "note": c["note"]}
        files.setdefault(c["file"], []).append(right)
    return dict(sorted(files.items()))


def write_csv(path: Path, columns: list[str], rows: list[Row]) -> None:
    """Write rows as CSV in UTF-8 with LF."""
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(columns)
        out.writerows([row.get(column, "") for column in columns] for row in rows)


def write_xlsx(path: Path, columns: list[str], rows: list[Row]) -> None:
    """Write rows to a sheet 数据: plain numbers become numeric cells, all else text."""
    with xlsxwriter.Workbook(str(path)) as book:
        book.set_properties({"title": "示例数据", "created": datetime(2025, 7, 31, tzinfo=UTC)})
        sheet = book.add_worksheet("数据")
        sheet.write_row(0, 0, columns)
        for number, row in enumerate(rows, start=1):
            for place, column in enumerate(columns):
                text = row.get(column, "")
                plain = text.isascii() and text.lstrip("-").replace(".", "", 1).isdigit()
                if plain and column in ("value", "published_growth"):
                    sheet.write_number(number, place, float(text))
                else:
                    sheet.write_string(number, place, text)


def write(folder: Path) -> None:
    """Write the whole data set into a folder."""
    (folder / "inbox").mkdir(parents=True, exist_ok=True)
    for name in BY_HAND if folder.resolve() != HERE.resolve() else ():
        shutil.copyfile(HERE / name, folder / name)
    for name, rows in inbox().items():
        form = PLAN["columns"]["targets" if "kind" in rows[0] else "figures"]
        used = [column for column in form if any(row.get(column) for row in rows)]
        (write_xlsx if name.endswith(".xlsx") else write_csv)(folder / "inbox" / name, used, rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write the made data set of 示例市.")
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to")
    write(parser.parse_args().out)
