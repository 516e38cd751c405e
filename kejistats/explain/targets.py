"""Where a figure stands against its target, and what the rest of the year requires."""

from __future__ import annotations

from collections.abc import Iterator

from kejistats.explain.facts import Row
from kejistats.explain.growing import base, year_end
from kejistats.explain.judged import judged
from kejistats.explain.model import Input, Step
from kejistats.explain.pacing import pacing
from kejistats.explain.subject import Subject, marked
from kejistats.explain.texts import NAMES, NONE, NOTES, STRENGTH, TARGET
from kejistats.numbers import count_up, percent, plain
from kejistats.period import Checkpoint, in_words
from kejistats.units import WHOLE

_INCREASE = ("level", "multi_year")


class Goal:
    """The target of a row: its inputs, and which case of a formula its kind takes.

    Parameters
    ----------
    about
        The row.
    """

    def __init__(self, about: Subject) -> None:
        self.about = about
        self.kind = str(about["target_kind"])
        self.row: Row | None = about.facts.target(about.row)
        self.counts_increase = self.kind in (*_INCREASE, "net")

    def case(self, column: str, *kinds: str) -> str:
        """Return the key of a column's formula: of the kind, where it has a case of its own.

        Parameters
        ----------
        column
            The column.
        kinds
            The cases it has; ``increase`` is that of all kinds that count one.
        """
        if self.kind in kinds:
            return f"{column}:{self.kind}"
        counted = self.counts_increase if "net" not in kinds else self.kind in _INCREASE
        return f"{column}:increase" if "increase" in kinds and counted else column

    def t(self, key: str = "T") -> Input:
        """The target."""
        about, value = self.about, self.about["target"]
        name = TARGET[self.kind]
        if self.kind == "multi_year":
            name = f"{about['target_year']}年{name}"
        return Input(
            key, name, value, self.printed(value), self.unit,
            about["target_source"] or "", self.row["received"] if self.row else "",
        )  # fmt: skip

    @property
    def unit(self) -> str:
        """The unit of the target's value."""
        if self.kind != "growth":
            return self.about.printed.unit
        return (
            self.about.printed.unit if self.about.points and self.about.printed.unit != "%" else "%"
        )

    def printed(self, value: float) -> str:
        """Print a value of the target; of growth in % or points."""
        about = self.about
        if self.kind == "growth":
            return about.printed.growth(value if about.points else value / 100)
        return about.printed.amount(value)

    def s(self) -> Input:
        """The figure that the increase is counted from."""
        about = self.about
        year = about["year"] - 1
        if self.kind == "multi_year" and self.row:
            year = self.row["base_year"]
        found = about.then("S", Checkpoint(year, 12), own=year == about["year"] - 1)
        return about.cell(
            "S", found.name, about["target_base"], about["target_base_bound"],
            {"source": found.source, "received": found.received}, found.of,
        )  # fmt: skip

    def with_base(self, *inputs: Input) -> list[Input]:
        """Return inputs, and the base where the kind counts an increase."""
        return [*inputs, self.s()] if self.counts_increase else list(inputs)

    def difference(self) -> str:
        """Print growth less a growth target, in points or in the unit that growth is in."""
        printed, value = self.about.printed, self.about["pace_gap_points"]
        text = printed.growth(value) if self.about.points else printed.points(value)
        return marked(text, self.about["pace_bound"])

    def growth(self) -> Input | None:
        """The growth that a growth target is held against, in % or points: published first."""
        about = self.about
        scale = 1.0 if about.points else 100.0
        for column, name, times in (
            ("published_growth", "公布增速", scale), ("yoy", "同比", 100.0),
            ("yoy_points", "同比", 1.0),
        ):  # fmt: skip
            if about.has(column):
                bound = about.bound_of(column)
                text = about.printed.column(column, about[column], bound)
                value = about[column] * times
                return Input("g", name, value, text, self.unit, bound=bound or "exact")
        return None


def targets(about: Subject) -> Iterator[Step]:
    """Yield the steps of the row's target, pace and outlook."""
    goal = Goal(about) if about.has("target") else None
    if goal:
        yield from _target(about, goal)
        if about.has("attainment"):
            yield about.step(
                goal.case("attainment", "increase", "net"), goal.with_base(about.a(), goal.t())
            )
        elif about.has("value") and (key := _no_rate(about, goal)):
            yield about.words("attainment", NONE[f"attainment_{key}"])
    yield from pacing(about, goal.row if goal else None)
    if goal:
        yield from _pace(about, goal)
    yield from judged(about, goal)
    if goal:
        yield from _required(about, goal)


def _no_rate(about: Subject, goal: Goal) -> str:
    """Return why a target has no rate of completion; empty where the row's reason tells it."""
    if goal.kind in ("growth", "ceiling"):
        return goal.kind
    if about.measure == "ratio":
        return "ratio"
    if about.has("target_base"):
        if goal.kind == "net" and about["value"] < about["target_base"]:
            return "fell"
        if goal.kind in _INCREASE and about["target"] <= about["target_base"]:
            return "hold"
    return ""


def _target(about: Subject, goal: Goal) -> Iterator[Step]:
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
            place.get("received", ""),
        )  # fmt: skip
        yield about.step("target_original", [one], text=text)
    yield about.given("target_year")
    yield about.given("target_start")
    if about.has("target_base"):
        used = goal.s()
        note = "" if goal.counts_increase or goal.kind == "growth" else NOTES["base_unused"]
        one = Input("x", used.name, used.value, used.text, used.unit, used.source, used.received,
                    used.bound, used.of)  # fmt: skip
        yield about.step("target_base", [one], "；".join(n for n in (used.name, note) if n))


def _cell(about: Subject, row: Row | None) -> Row:
    return {"source": about["target_source"], "received": row["received"] if row else ""}


def _pace(about: Subject, goal: Goal) -> Iterator[Step]:
    """Yield what is due, and the distance to it."""
    if about.has("due"):
        inputs = [about.column("p", NAMES["p"], "share_due"), goal.t()]
        counted = goal.kind in _INCREASE
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


def _required(about: Subject, goal: Goal) -> Iterator[Step]:
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
        if about.printed.unit in WHOLE | {"人年"} and need != count_up(need):
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


def _rest(about: Subject, goal: Goal) -> list[Input]:
    """Return the inputs of the growth that the rest of the year requires."""
    common = [about.a(), year_end(about), base(about)]
    target = goal.t()
    if goal.kind == "growth":
        text = percent(target.value / 100) if target.value is not None else ""
        share = (target.value or 0.0) / 100
        target = Input("g", target.name, share, text, "%", target.source, target.received)
    return [target, *common]


def _yearly(about: Subject, goal: Goal) -> Iterator[Step]:
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
