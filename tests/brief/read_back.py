"""Reads sentences back: which numbers they say, and whether their metric rows allow them."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

from kejistats.brief import Brief
from kejistats.brief.sentences import stem
from kejistats.brief.view import View

MONEY = {"元": 1.0, "万元": 1e4, "亿元": 1e8}
NUMBER = re.compile(
    r"(?P<number>-?\d+(?:\.\d+)?)(?P<unit>个百分点|%|件/万人|个月|年|倍|位|"
    r"万?(?:家|件|项|场|人次|人年|人|名|平方米|个)|万元/人年|亿元|万元|元)"
)
AMOUNTS = (
    "value",
    "base",
    "target",
    "gap",
    "surplus",
    "pace_gap",
    "change",
    "target_upper",
    "outlook_low",
    "outlook_high",
)
RATES = ("attainment", "yoy", "share", "required_growth", "published_growth", "contribution_rate")


def printed(number: float, decimals: int) -> Decimal:
    """A number rounded half up on the decimal a reader sees."""
    exact = Decimal(f"{abs(number):.12g}")
    return exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def decimals_of(text: str) -> int:
    """How many decimals a number is printed with."""
    return len(text.partition(".")[2])


def allowed(view: View, number: str, unit: str) -> bool:
    """Whether a number with its unit is one of the figures of a metric row, or follows from it."""
    row, shown = view.row, Decimal(number.removeprefix("-"))
    months = {view.checkpoint.month, view.checkpoint.remaining}
    if unit == "个月":
        return int(number) in months
    if unit == "年":
        return int(number) == row["target_year"]
    if unit == "位":
        return int(number) in (row["rank"], abs(row["rank_change"] or 0))
    if unit == "倍":
        return shown == printed(row["required_multiple"], 1)
    if unit == view.settings["peer_unit"] and number in (str(row["peers"]), str(row["ranked"])):
        return True
    if unit == "%":
        rates = [printed(row[c] * 100, 1) for c in RATES if row[c] is not None]
        # What is above zero is never printed as nothing.
        if any(0 < (row[c] or 0) < 0.0005 for c in ("share", "attainment")):
            rates.append(Decimal("0.1"))
        if row["attainment"] is not None and row["attainment"] < 1:
            rates.append(min(printed(row["attainment"] * 100, 1), Decimal("99.9")))
        if row["target_kind"] == "ceiling" and row["target"]:
            used = printed(row["value"] / row["target"] * 100, 1)
            rates.append(min(used, Decimal("99.9")) if row["value"] < row["target"] else used)
        if row["target_kind"] == "growth":
            rates.append(printed(row["target"], decimals_of(number)))
        if view.indicator["unit"] == "%":
            rates += amounts(view, unit)
        return shown in rates
    if unit == "个百分点":
        return shown in points(view)
    return shown in amounts(view, unit) or trimmed(shown, amounts(view, unit))


def points(view: View) -> list[Decimal]:
    """The differences in points that a row allows."""
    row, decimals = view.row, max(view.indicator["decimals"], 1)
    found = [printed(row["pace_gap_points"], 1)] if row["pace_gap_points"] is not None else []
    if view.indicator["growth"] == "points":
        grown = [row[c] for c in ("yoy_points", "published_growth")]
        found += [printed(g, decimals) for g in grown if g is not None]
    found += [printed(row[c], 1) for c in ("share_change", "contribution") if row[c] is not None]
    if view.indicator["unit"] == "%":
        found += [printed(row[c], decimals) for c in ("gap", "surplus") if row[c] is not None]
        if row["required_per_month"] is not None:
            found.append(printed(row["required_per_month"], decimals))
    grown = row["published_growth"] if row["published_growth"] is not None else row["yoy"]
    if row["required_growth"] is not None and grown is not None:
        # The difference of the two percentages as they are printed.
        ways = (1 if row["required_growth"] >= 0 else -1, 1 if grown >= 0 else -1)
        both = [
            printed(x * 100, 1) * way
            for x, way in zip((row["required_growth"], grown), ways, strict=True)
        ]
        found.append(abs(both[0] - both[1]))
    return found


def amounts(view: View, unit: str) -> list[Decimal]:
    """The amounts of a row, in the unit printed."""
    row, own = view.row, view.indicator["unit"]
    decimals, scale = view.indicator["decimals"], 1.0
    if unit != own:
        if unit in MONEY and own in MONEY:
            scale = MONEY[own] / MONEY[unit]
            decimals = 2 if scale < 1 else max(0, decimals - 4)
        elif unit == f"万{own}":
            scale, decimals = 1e-4, 2
        else:
            return []
    found = [printed(row[c] * scale, decimals) for c in AMOUNTS if row[c] is not None]
    month = row["required_per_month"]
    if month is not None:
        found.append(printed(month * scale, decimals))
        if decimals == 0:
            found.append(Decimal(f"{month:.9g}").to_integral_value("ROUND_CEILING"))
    if row["value"] is None:
        return found
    if row["target_kind"] in ("net", "level", "multi_year") and row["target_base"] is not None:
        found.append(printed((row["target_base"] - row["value"]) * scale, decimals))
    if row["target_upper"] is not None:
        found.append(printed((row["value"] - row["target_upper"]) * scale, decimals))
    if view.indicator["growth"] == "points" and unit == own:
        grown = [row[c] for c in ("yoy_points", "published_growth")]
        found += [printed(g, max(decimals, 1)) for g in grown if g is not None]
    return found


def trimmed(shown: Decimal, among: list[Decimal]) -> bool:
    """Whether a number stands among others once their trailing zeros are dropped."""
    return shown.normalize() in [n.normalize() for n in among]


def sentences(text: str) -> list[str]:
    """The sentences of a part, without headings and the marks between them."""
    return [s for s in re.split(r"[；。\n]|（[一二三四五六七八九十]+）", text) if s]


def sentences_by_view(brief: Brief) -> list[tuple[View, str]]:
    """Every sentence of the three parts with the indicator it speaks of, its name left out."""
    by_name = sorted(brief.rows, key=lambda v: -len(stem(v)))
    found = []
    for part in (brief.review, brief.problems, brief.plan):
        for text in sentences(part.text):
            view = next((v for v in by_name if text.startswith(stem(v))), None)
            if view is not None:
                found.append((view, text.removeprefix(stem(view))))
    return found


def strange_numbers(view: View, text: str) -> list[str]:
    """The numbers of a sentence that are no figures of its row, and those without a unit."""
    # Both ends of an interval have the unit that stands behind it.
    text = re.sub(r"(\d[\d.]*)—(-?[\d.]+)([^\d，（）]+)", r"\1\3—\2\3", text)
    rest, found = text, []
    for match in NUMBER.finditer(text):
        rest = rest.replace(match[0], "", 1)
        if not allowed(view, match["number"], match["unit"]):
            found.append(match[0])
    return found + [f"{rest} (no unit)"] * bool(re.search(r"\d", rest))
