"""Explain the growth of a figure: on a year earlier, last December and the previous period."""

from __future__ import annotations

from collections.abc import Iterator

from kejistats.explain.facts import Row, require
from kejistats.explain.row_context import RowContext
from kejistats.explain.step import Input, Step
from kejistats.explain.texts import FIGURE_NAMES, FORMULAS, GROWTH_REASONS, INPUT_NAMES, NOTES
from kejistats.model.period import PERIOD_MONTHS, Checkpoint


def growth_steps(context: RowContext) -> Iterator[Step]:
    """Yield the steps of the row's growth."""
    if context.has("base"):
        yield context.step("base", [base_input(context, "x")])
    if context.has("change"):
        yield context.step("change", [context.value_input(), base_input(context)])
    for column in ("yoy", "yoy_points"):
        if context.has(column):
            yield context.step(column, [context.value_input(), base_input(context)])
    if context.has("yoy_reason"):
        yield _reason_step(context)
    if context.has("published_growth"):
        yield _published_step(context)
    if context.has("since_year_end"):
        yield context.step("since_year_end", [context.value_input(), year_end_input(context)])
    yield from _period_steps(context)
    if context.has("two_year_average"):
        case = "two_year_average:points" if context.in_points else "two_year_average"
        yield context.step(case, [_growth_this_year(context), _growth_last_year(context)])


def base_input(context: RowContext, key: str = "B") -> Input:
    """Return the figure of a year earlier as an input."""
    year_earlier = context.at.previous_year
    figure = require(
        context.facts.comparable(
            context.figure_row, context["district"], year_earlier, context["level"]
        )
    )
    origin: Row = {"source": context["base_source"], "intake_id": figure["intake_id"]}
    derivation = context.derivation(INPUT_NAMES["B"], figure)
    return context.amount_input(
        key, INPUT_NAMES["B"], context["base"], context["base_bound"], origin, derivation
    )


def year_end_input(context: RowContext, key: str = "Y") -> Input:
    """Return the figure of last December as an input."""
    return context.input_at(key, Checkpoint(context.at.year - 1, 12))


def _reason_step(context: RowContext) -> Step:
    """Return the step that says why there is no growth rate, with the figures involved."""
    reason = context["yoy_reason"]
    text = GROWTH_REASONS[reason]
    if reason == "base_zero" and context["first_time"]:
        text += f"；{GROWTH_REASONS['first_time']}"
    inputs = [context.value_input()] if context.has("value") else []
    if context.has("base"):
        inputs.append(base_input(context))
    return context.sentence_step("yoy_reason", text, inputs if len(inputs) == 2 else ())


def _published_step(context: RowContext) -> Step:
    """Return the step of the published growth, which also names the computed one."""
    column = "yoy" if context.has("yoy") else "yoy_points"
    price_basis = context["growth_basis"]
    basis = NOTES["published_basis"].format(basis=price_basis) if price_basis else NOTES["no_basis"]
    note = NOTES["growth_only"]
    if context.has(column):
        computed_text = context.printer.column(column, context[column], context["yoy_bound"])
        note = NOTES["growth_first"].format(computed=computed_text)
    return context.given_step("published_growth", f"{basis}；{note}", context.row)


def _period_steps(context: RowContext) -> Iterator[Step]:
    """Yield the steps of the period named by the checkpoint, and of the previous period."""
    length = PERIOD_MONTHS[context.at.length]
    previous = context.at.earlier(length)
    is_flow = context.measure == "flow"
    if context.has("increment"):
        if context.at.month == length:
            value = context.amount_input(
                "x", FIGURE_NAMES["flow"], context["value"], context["bound"], context.row
            )
            yield context.step("increment", [value])
        else:
            yield context.step(
                "increment:later",
                [context.value_input(), context.input_at("E", previous, same_definition=False)],
            )
    if not context.has("previous"):
        return
    if is_flow and previous.month != length:
        earlier = previous.earlier(length)
        inputs = [
            context.input_at("E", previous, same_definition=False),
            context.input_at("F", earlier, same_definition=False),
        ]
        yield context.step("previous:later", inputs)
    else:
        yield context.step("previous", [context.input_at("x", previous, same_definition=False)])
    if context.has("period_on_period"):
        current = (
            context.column_input("A", "本期数", "increment") if is_flow else context.value_input()
        )
        case = "period_on_period:points" if context.in_points else "period_on_period"
        inputs = [current, context.column_input("E", "上期数", "previous")]
        yield context.step(case, inputs, NOTES["not_adjusted"])


def _growth_this_year(context: RowContext) -> Input:
    """Return this year's growth for a two-year average: published, else computed."""
    for column, name in (("published_growth", "公布增速"), ("yoy", "同比"), ("yoy_points", "同比")):
        if context.has(column):
            return context.column_input("g1", name, column)
    raise AssertionError("a two-year average without this year's growth")


def _growth_last_year(context: RowContext) -> Input:
    """Return last year's growth for a two-year average: published, else computed."""
    year_earlier, district = context.at.previous_year, context["district"]
    figure = require(
        context.facts.comparable(context.figure_row, district, year_earlier, context["level"])
    )
    name = "上年同期同比"
    if figure["published_growth"] is not None:
        value = figure["published_growth"] / (1 if context.in_points else 100)
        text = context.printer.growth(value)
        return Input(
            "g2", "上年同期公布增速", value, text, "", figure["source"], figure["intake_id"]
        )
    minuend, base = (
        context.input_at("A", year_earlier),
        context.input_at("B", year_earlier.previous_year),
    )
    formula = FORMULAS["yoy_points" if context.in_points else "yoy"]
    step = Step("", name, 0.0, "", formula, (minuend, base))
    value = float(step.recompute() or 0.0)
    text = context.printer.growth(value)
    derivation = Step("", name, value, text, formula, (minuend, base))
    return Input("g2", name, value, text, derivation=derivation)
