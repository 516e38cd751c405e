"""Where a figure stands against its target, and what the rest of the year requires."""

from __future__ import annotations

from collections.abc import Iterator

from kejistats.explain.facts import Row
from kejistats.explain.growth_steps import base, year_end
from kejistats.explain.judged_target import LEVEL_KINDS, JudgedTarget
from kejistats.explain.pace_steps import pace_steps
from kejistats.explain.row_context import RowContext
from kejistats.explain.status_steps import status_steps
from kejistats.explain.step import Input, Step
from kejistats.explain.texts import NAMES, NONE, NOTES, STRENGTH
from kejistats.model.numbers import count_up, percent, plain
from kejistats.model.period import in_words
from kejistats.model.units import COUNT_UNITS


def target_steps(about: RowContext) -> Iterator[Step]:
    """Yield the steps of the row's target, pace and outlook."""
    goal = JudgedTarget(about) if about.has("target") else None
    if goal:
        yield from _target(about, goal)
        if about.has("attainment"):
            yield about.step(
                goal.case("attainment", "increase", "net"), goal.with_base(about.a(), goal.t())
            )
        elif about.has("value") and (key := _no_rate(about, goal)):
            yield about.words("attainment", NONE[f"attainment_{key}"])
    yield from pace_steps(about, goal.row if goal else None)
    if goal:
        yield from _pace(about, goal)
    yield from status_steps(about, goal)
    if goal:
        yield from _required(about, goal)


def _no_rate(about: RowContext, goal: JudgedTarget) -> str:
    """Return why a target has no rate of completion; empty where the row's reason tells it."""
    if goal.kind in ("growth", "ceiling"):
        return goal.kind
    if about.measure == "ratio":
        return "ratio"
    if about.has("target_base"):
        if goal.kind == "net" and about["value"] < about["target_base"]:
            return "fell"
        if goal.kind in LEVEL_KINDS and about["target"] <= about["target_base"]:
            return "hold"
    return ""


def _target(about: RowContext, goal: JudgedTarget) -> Iterator[Step]:
    """Yield the target and what it is counted from."""
    row = goal.row
    notes = [goal.t().name, STRENGTH.get(about["target_strength"], "")]
    if row and row["issuer"]:
        notes.append(str(row["issuer"]))
    if row and row["issued"]:
        notes.append(in_words(row["issued"]))
    first = goal.t("x")
    yield about.step("target", [first], "，".join(n for n in notes if n), first.text)
    if about.has("target_upper"):
        yield about.given("target_upper", place=_cell(about, row))
    if about.has("target_original"):
        earlier = about.facts.target(about.row, "target_original")
        text, place = goal.printed(about["target_original"]), earlier or {}
        one = Input(
            "x", "", about["target_original"], text, goal.unit, place.get("source", ""),
            place.get("intake_id", ""),
        )  # fmt: skip
        yield about.step("target_original", [one], text=text)
    yield about.given("target_year")
    yield about.given("target_start")
    if about.has("target_base"):
        used = goal.s()
        note = "" if goal.counts_increase or goal.kind == "growth" else NOTES["base_unused"]
        one = Input("x", used.name, used.value, used.text, used.unit, used.source, used.intake_id,
                    used.bound, used.of)  # fmt: skip
        yield about.step("target_base", [one], "；".join(n for n in (used.name, note) if n))


def _cell(about: RowContext, row: Row | None) -> Row:
    return {"source": about["target_source"], "intake_id": row["intake_id"] if row else ""}


def _pace(about: RowContext, goal: JudgedTarget) -> Iterator[Step]:
    """Yield what is due, and the distance to it."""
    if about.has("due"):
        inputs = [about.column("p", NAMES["p"], "share_due"), goal.t()]
        counted = goal.kind in LEVEL_KINDS
        case = "due:increase" if counted else "due"
        yield about.step(case, [*inputs, goal.s()] if counted else inputs)
    if about.has("pace_gap"):
        due = about.column("due", NAMES["due"], "due")
        yield about.step(goal.case("pace_gap", "increase"), goal.with_base(about.a(), due))
    if about.has("pace_gap_points"):
        case = goal.case("pace_gap_points", "growth", "increase", "net")
        if goal.kind == "growth":
            inputs = [g for g in (goal.growth(), goal.t()) if g]
            yield about.step(case, inputs, text=goal.difference())
        else:
            p = about.column("p", NAMES["p"], "share_due")
            yield about.step(case, goal.with_base(about.a(), goal.t(), p))
    if about.has("pace_ratio"):
        due = about.column("due", NAMES["due"], "due")
        yield about.step(goal.case("pace_ratio", "increase"), goal.with_base(about.a(), due))


def _required(about: RowContext, goal: JudgedTarget) -> Iterator[Step]:
    """Yield the gap and what it requires."""
    for column in ("gap", "surplus"):
        if about.has(column):
            inputs = [about.a(), goal.t()]
            case = goal.case(column, "net", "ceiling")
            yield about.step(case, [*inputs, goal.s()] if goal.kind == "net" else inputs)
    month = about.at.elapsed(about["as_of"])
    left = 12 - month
    if about.has("required_per_month"):
        need, note = about["required_per_month"], ""
        if about.printed.unit in COUNT_UNITS | {"人年"} and need != count_up(need):
            note = NOTES["count_up"].format(count=about.printed.amount(count_up(need)))
        inputs = [about.column("gap", NAMES["gap"], "gap"),
                  about.number("left", left, f"{plain(left, 0 if left == int(left) else 2)}个月")]  # fmt: skip
        yield about.step("required_per_month", inputs, note)
    if about.has("required_multiple"):
        inputs = [about.column("need", NAMES["need"], "required_per_month"), about.a(),
                  about.number("m", month, f"{plain(month, 0 if month == int(month) else 2)}个月")]  # fmt: skip
        yield about.step(goal.case("required_multiple", "increase"), goal.with_base(*inputs))
    if about.has("required_growth"):
        yield about.step(goal.case("required_growth", "growth"), _rest(about, goal))
    yield from _yearly(about, goal)


def _rest(about: RowContext, goal: JudgedTarget) -> list[Input]:
    """Return the inputs of the growth that the rest of the year requires."""
    common = [about.a(), year_end(about), base(about)]
    target = goal.t()
    if goal.kind == "growth":
        text = percent(target.value / 100) if target.value is not None else ""
        share = (target.value or 0.0) / 100
        target = Input("g", target.name, share, text, "%", target.source, target.intake_id)
    return [target, *common]


def _yearly(about: RowContext, goal: JudgedTarget) -> Iterator[Step]:
    """Yield the yearly growth of a target of several years."""
    start = goal.row["base_year"] if goal.row else None
    if about.has("observed_cagr") and start is not None:
        years = about.at.year - 1 - start + about.at.elapsed(about["as_of"]) / 12
        n = Input("n", "", years, f"{plain(years, 0 if years == round(years) else 2)}年")
        yield about.step("observed_cagr", [about.a(), goal.s(), n])
    if about.has("required_cagr") and start is not None:
        term = about["target_year"] - start
        n = Input("n", "", term, f"{plain(term)}年")
        yield about.step("required_cagr", [goal.t(), goal.s(), n])
    if about.has("cagr_ratio"):
        yield about.step("cagr_ratio", [
            about.column("observed", NAMES["observed"], "observed_cagr"),
            about.column("required", NAMES["required"], "required_cagr"),
        ])  # fmt: skip
