"""How a figure moved: against the year before, the last December and the stretch before."""

from __future__ import annotations

from collections.abc import Iterator

from kejistats.explain.facts import Row, require
from kejistats.explain.row_context import RowContext
from kejistats.explain.step import Input, Step
from kejistats.explain.texts import FIGURE, FORMULAS, GROWTH, NAMES, NOTES
from kejistats.model.period import LENGTHS, Checkpoint


def growth_steps(about: RowContext) -> Iterator[Step]:
    """Yield the steps of the row's growth."""
    if about.has("base"):
        yield about.step("base", [base(about, "x")])
    if about.has("change"):
        yield about.step("change", [about.a(), base(about)])
    for column in ("yoy", "yoy_points"):
        if about.has(column):
            yield about.step(column, [about.a(), base(about)])
    if about.has("yoy_reason"):
        yield _reason(about)
    if about.has("published_growth"):
        yield _published(about)
    if about.has("since_year_end"):
        yield about.step("since_year_end", [about.a(), year_end(about)])
    yield from _stretches(about)
    if about.has("two_year_average"):
        case = "two_year_average:points" if about.points else "two_year_average"
        yield about.step(case, [_first(about), _second(about)])


def base(about: RowContext, key: str = "B") -> Input:
    """Return the figure of a year before."""
    then = about.at.previous_year
    figure = require(about.facts.comparable(about.own, about["district"], then, about["level"]))
    place: Row = {"source": about["base_source"], "intake_id": figure["intake_id"]}
    of = about.derivation(NAMES["B"], figure)
    return about.cell(key, NAMES["B"], about["base"], about["base_bound"], place, of)


def year_end(about: RowContext, key: str = "Y") -> Input:
    """Return last December's figure."""
    return about.then(key, Checkpoint(about.at.year - 1, 12))


def _reason(about: RowContext) -> Step:
    """Say why there is no rate of growth, with the figures that it follows from."""
    reason = about["yoy_reason"]
    text = GROWTH[reason]
    if reason == "base_zero" and about["first_time"]:
        text += f"；{GROWTH['first_time']}"
    inputs = [about.a()] if about.has("value") else []
    if about.has("base"):
        inputs.append(base(about))
    return about.words("yoy_reason", text, inputs if len(inputs) == 2 else ())


def _published(about: RowContext) -> Step:
    """Return the growth that the source printed, with the computed one beside it."""
    computed = "yoy" if about.has("yoy") else "yoy_points"
    known = about["growth_basis"]
    basis = NOTES["published_basis"].format(basis=known) if known else NOTES["no_basis"]
    note = NOTES["growth_only"]
    if about.has(computed):
        told = about.printed.column(computed, about[computed], about["yoy_bound"])
        note = NOTES["growth_first"].format(computed=told)
    return about.given("published_growth", f"{basis}；{note}", about.row)


def _stretches(about: RowContext) -> Iterator[Step]:
    """Yield what the stretch named by the checkpoint brought, and the one before it."""
    length = LENGTHS[about.at.length]
    before = about.at.earlier(length)
    flow = about.measure == "flow"
    if about.has("increment"):
        if about.at.month == length:
            yield about.step("increment", [about.cell("x", FIGURE["flow"], about["value"],
                                                      about["bound"], about.row)])  # fmt: skip
        else:
            yield about.step("increment:later", [about.a(), about.then("E", before, own=False)])
    if not about.has("previous"):
        return
    if flow and before.month != length:
        earlier = before.earlier(length)
        inputs = [about.then("E", before, own=False), about.then("F", earlier, own=False)]
        yield about.step("previous:later", inputs)
    else:
        yield about.step("previous", [about.then("x", before, own=False)])
    if about.has("period_on_period"):
        now = about.column("A", "本期数", "increment") if flow else about.a()
        case = "period_on_period:points" if about.points else "period_on_period"
        inputs = [now, about.column("E", "上期数", "previous")]
        yield about.step(case, inputs, NOTES["not_adjusted"])


def _first(about: RowContext) -> Input:
    """Return the growth of this year that an average takes: published first."""
    for column, name in (("published_growth", "公布增速"), ("yoy", "同比"), ("yoy_points", "同比")):
        if about.has(column):
            return about.column("g1", name, column)
    raise AssertionError("an average of two years has the growth of this one")


def _second(about: RowContext) -> Input:
    """Return the growth of the year before: published first, else of the figures."""
    then, where = about.at.previous_year, about["district"]
    last = require(about.facts.comparable(about.own, where, then, about["level"]))
    name = "上年同期同比"
    if last["published_growth"] is not None:
        value = last["published_growth"] / (1 if about.points else 100)
        text = about.printed.growth(value)
        return Input("g2", "上年同期公布增速", value, text, "", last["source"], last["intake_id"])
    b, c = about.then("A", then), about.then("B", then.previous_year)
    formula = FORMULAS["yoy_points" if about.points else "yoy"]
    step = Step("", name, 0.0, "", formula, (b, c))
    value = float(step.recomputed() or 0.0)
    text = about.printed.growth(value)
    of = Step("", name, value, text, formula, (b, c))
    return Input("g2", name, value, text, of=of)
