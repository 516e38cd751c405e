"""Read the numbers of sentences back, and check them against the Metric rows they are about."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

from kejistats.brief import Brief
from kejistats.brief.sentences import name_stem
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
    """Return the absolute number rounded half up as printed."""
    exact = Decimal(f"{abs(number):.12g}")
    return exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def decimals_of(text: str) -> int:
    """Return how many decimals a number is printed with."""
    return len(text.partition(".")[2])


def is_allowed(view: View, number: str, unit: str) -> bool:
    """Whether a number with its unit is a figure of a Metric row, or follows from it."""
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
        # A rate above zero is never printed as 0.0%.
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
            rates += allowed_amounts(view, unit)
        return shown in rates
    if unit == "个百分点":
        return shown in allowed_points(view)
    return shown in allowed_amounts(view, unit) or equals_trimmed(
        shown, allowed_amounts(view, unit)
    )


def allowed_points(view: View) -> list[Decimal]:
    """Return the differences in points that a row allows."""
    row, decimals = view.row, max(view.indicator["decimals"], 1)
    points = [printed(row["pace_gap_points"], 1)] if row["pace_gap_points"] is not None else []
    if view.indicator["growth"] == "points":
        grown = [row[c] for c in ("yoy_points", "published_growth")]
        points += [printed(g, decimals) for g in grown if g is not None]
    points += [printed(row[c], 1) for c in ("share_change", "contribution") if row[c] is not None]
    if view.indicator["unit"] == "%":
        points += [printed(row[c], decimals) for c in ("gap", "surplus") if row[c] is not None]
        if row["required_per_month"] is not None:
            points.append(printed(row["required_per_month"], decimals))
    grown = row["published_growth"] if row["published_growth"] is not None else row["yoy"]
    if row["required_growth"] is not None and grown is not None:
        # The difference of the two percentages as printed.
        signs = (1 if row["required_growth"] >= 0 else -1, 1 if grown >= 0 else -1)
        both = [
            printed(x * 100, 1) * sign
            for x, sign in zip((row["required_growth"], grown), signs, strict=True)
        ]
        points.append(abs(both[0] - both[1]))
    return points


def allowed_amounts(view: View, unit: str) -> list[Decimal]:
    """Return the amounts of a row, in the unit printed."""
    row, registry_unit = view.row, view.indicator["unit"]
    decimals, scale = view.indicator["decimals"], 1.0
    if unit != registry_unit:
        if unit in MONEY and registry_unit in MONEY:
            scale = MONEY[registry_unit] / MONEY[unit]
            decimals = 2 if scale < 1 else max(0, decimals - 4)
        elif unit == f"万{registry_unit}":
            scale, decimals = 1e-4, 2
        else:
            return []
    amounts = [printed(row[c] * scale, decimals) for c in AMOUNTS if row[c] is not None]
    month = row["required_per_month"]
    if month is not None:
        amounts.append(printed(month * scale, decimals))
        if decimals == 0:
            amounts.append(Decimal(f"{month:.9g}").to_integral_value("ROUND_CEILING"))
    if row["value"] is None:
        return amounts
    if row["target_kind"] in ("net", "level", "multi_year") and row["target_base"] is not None:
        amounts.append(printed((row["target_base"] - row["value"]) * scale, decimals))
    if row["target_upper"] is not None:
        amounts.append(printed((row["value"] - row["target_upper"]) * scale, decimals))
    if view.indicator["growth"] == "points" and unit == registry_unit:
        grown = [row[c] for c in ("yoy_points", "published_growth")]
        amounts += [printed(g, max(decimals, 1)) for g in grown if g is not None]
    return amounts


def equals_trimmed(shown: Decimal, among: list[Decimal]) -> bool:
    """Whether a number is among others if trailing zeros are ignored."""
    return shown.normalize() in [n.normalize() for n in among]


def sentences(text: str) -> list[str]:
    """Return the sentences of a part, without headings and separators."""
    return [s for s in re.split(r"[；。\n]|（[一二三四五六七八九十]+）", text) if s]


def sentences_by_view(brief: Brief) -> list[tuple[View, str]]:
    """Return the sentences of the three parts with their views, without the indicator's name."""
    by_name = sorted(brief.rows, key=lambda v: -len(name_stem(v)))
    pairs = []
    for part in (brief.review, brief.problems, brief.plan):
        for text in sentences(part.text):
            view = next((v for v in by_name if text.startswith(name_stem(v))), None)
            if view is not None:
                pairs.append((view, text.removeprefix(name_stem(view))))
    return pairs


def unexplained_numbers(view: View, text: str) -> list[str]:
    """Return the numbers of a sentence that are not figures of its row, or lack a unit."""
    # The unit after an interval belongs to both of its ends.
    text = re.sub(r"(\d[\d.]*)—(-?[\d.]+)([^\d，（）]+)", r"\1\3—\2\3", text)
    rest, unexplained = text, []
    for match in NUMBER.finditer(text):
        rest = rest.replace(match[0], "", 1)
        if not is_allowed(view, match["number"], match["unit"]):
            unexplained.append(match[0])
    return unexplained + [f"{rest} (no unit)"] * bool(re.search(r"\d", rest))
