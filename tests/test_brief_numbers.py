"""Every number of every brief is a figure of its own metric row, as printed."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

from pages import MODEL, parse_fragment, words_of

from kejistats.brief import Brief
from kejistats.brief.sentences import stem
from kejistats.brief.view import View

_MONEY = {"元": 1.0, "万元": 1e4, "亿元": 1e8}
_NUMBER = re.compile(
    r"(?P<number>-?\d+(?:\.\d+)?)(?P<unit>个百分点|%|件/万人|个月|倍|位|"
    r"万?(?:家|件|项|场|人次|人年|人|名|平方米|个)|万元/人年|亿元|万元|元)"
)
_AMOUNTS = ("value", "base", "target", "gap", "surplus", "pace_gap", "change", "target_upper")
_RATES = ("attainment", "yoy", "share", "required_growth", "published_growth")


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
    if unit == "位":
        return int(number) in (row["rank"], abs(row["rank_change"] or 0))
    if unit == "倍":
        return shown == printed(row["required_multiple"], 1)
    if unit == view.settings["peer_unit"] and number in (str(row["peers"]), str(row["ranked"])):
        return True
    if unit == "%":
        rates = [printed(row[c] * 100, 1) for c in _RATES if row[c] is not None]
        if row["attainment"] is not None and row["attainment"] < 1:
            rates.append(min(printed(row["attainment"] * 100, 1), Decimal("99.9")))
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
    if row["yoy_points"] is not None:
        found.append(printed(row["yoy_points"], decimals))
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
        if unit in _MONEY and own in _MONEY:
            scale = _MONEY[own] / _MONEY[unit]
            decimals = 2 if scale < 1 else max(0, decimals - 4)
        elif unit == f"万{own}":
            scale, decimals = 1e-4, 2
        else:
            return []
    found = [printed(row[c] * scale, decimals) for c in _AMOUNTS if row[c] is not None]
    month = row["required_per_month"]
    if month is not None:
        found.append(printed(month * scale, decimals))
        if decimals == 0:
            found.append(Decimal(f"{month:.9g}").to_integral_value("ROUND_CEILING"))
    if row["target_kind"] == "net" and row["target_base"] is not None:
        found.append(printed(row["target_base"] - row["value"], decimals))
    return found


def trimmed(shown: Decimal, among: list[Decimal]) -> bool:
    """Whether a number stands among others once their trailing zeros are dropped."""
    return shown.normalize() in [n.normalize() for n in among]


def lines_by_view(brief: Brief) -> list[tuple[View, str]]:
    """Every sentence of the three parts with the indicator it speaks of."""
    by_name = sorted(brief.rows, key=lambda v: -len(stem(v)))
    text = "\n".join(part.text for part in (brief.review, brief.problems, brief.plan))
    found = []
    for line in text.splitlines():
        view = next((v for v in by_name if line.startswith(stem(v))), None)
        if view is not None:
            found.append((view, line.removeprefix(stem(view))))
    return found


def test_every_number_of_every_sentence_is_a_figure_of_its_row(
    all_briefs: dict[tuple[str, str], Brief],
) -> None:
    checked, strange = 0, []
    for key, brief in all_briefs.items():
        for view, text in lines_by_view(brief):
            rest = text
            for match in _NUMBER.finditer(text):
                checked += 1
                rest = rest.replace(match[0], "", 1)
                if not allowed(view, match["number"], match["unit"]):
                    strange.append((key, view.id, match[0], text))
            if re.search(r"\d", rest):
                strange.append((key, view.id, "a number without a unit", rest))

    assert strange == []
    assert checked > 3000


def test_a_number_that_is_no_figure_of_its_row_is_found(
    all_briefs: dict[tuple[str, str], Brief],
) -> None:
    view = next(v for v in all_briefs[MODEL, "2025H1"].rows if v.id == "contracts_value")

    right = [("18.6", "亿元"), ("12.7", "%"), ("46.5", "%"), ("4.5", "个百分点"), ("3", "位")]
    wrong = [("18.7", "亿元"), ("12.8", "%"), ("46.6", "%"), ("4.6", "个百分点"), ("4", "位")]

    assert [allowed(view, *number) for number in right] == [True] * 5
    assert [allowed(view, *number) for number in wrong] == [False] * 5


def test_every_number_of_the_first_screen_stands_in_the_parts_below(
    all_briefs: dict[tuple[str, str], Brief],
) -> None:
    strange = []
    for key, brief in all_briefs.items():
        head = parse_fragment(brief.head.html)
        below = " ".join(text for _, text in lines_by_view(brief))
        for item in head.findall(".//li"):
            found = [match[0] for match in _NUMBER.finditer(words_of(item))]
            strange += [(key, number) for number in found if number not in below]

    assert strange == []


def test_the_tally_counts_the_rows_of_the_table(
    all_briefs: dict[tuple[str, str], Brief],
) -> None:
    for brief in all_briefs.values():
        judged = [v for v in brief.headline if v.reached or v.not_reached]
        numbers = [int(n) for n in re.findall(r"(\d+)项", brief.conclusion.partition("；")[0])]

        if judged:
            assert numbers[0] == len(judged) == sum(numbers[1:])


def test_every_cell_of_the_key_table_is_a_figure_of_its_row(
    all_briefs: dict[tuple[str, str], Brief],
) -> None:
    strange = []
    for key, brief in all_briefs.items():
        views = {v.short: v for v in brief.rows}
        for tr in parse_fragment(brief.table().html).findall(".//tbody/tr"):
            cells = [words_of(td) for td in tr.findall("td")]
            if not cells:
                continue
            view = views[words_of(tr.find("th"))]
            figure = _NUMBER.search(cells[0])
            if view.reported != bool(figure):
                strange.append((key, view.id, cells))
            found = _NUMBER.finditer(" ".join(cells[:-2]).replace("点", "个百分点"))
            strange += [
                (key, view.id, m[0]) for m in found if not allowed(view, m["number"], m["unit"])
            ]

    assert strange == []
