"""Explain a figure against its target, and what the rest of the year requires."""

from __future__ import annotations

from collections.abc import Iterator

from kejistats.explain.facts import Row
from kejistats.explain.growth_steps import base_input, year_end_input
from kejistats.explain.judged_target import LEVEL_KINDS, JudgedTarget
from kejistats.explain.pace_steps import pace_steps
from kejistats.explain.printed_values import months_text
from kejistats.explain.row_context import RowContext
from kejistats.explain.status_steps import status_steps
from kejistats.explain.step import Input, Step
from kejistats.explain.texts import EMPTY_REASONS, INPUT_NAMES, NOTES, STRENGTH_NAMES
from kejistats.model.numbers import count_up, format_number, format_percent
from kejistats.model.period import format_date
from kejistats.model.units import COUNT_UNITS


def target_steps(context: RowContext) -> Iterator[Step]:
    """Yield the steps of the target, pace and outlook of the row."""
    target = JudgedTarget(context) if context.has("target") else None
    if target:
        yield from _target_steps(context, target)
        if context.has("attainment"):
            yield context.step(
                target.case("attainment", "increase", "net"),
                target.with_base(context.value_input(), target.as_input()),
            )
        elif context.has("value") and (key := _no_attainment_reason(context, target)):
            yield context.sentence_step("attainment", EMPTY_REASONS[f"attainment_{key}"])
    yield from pace_steps(context, target.row if target else None)
    if target:
        yield from _due_steps(context, target)
    yield from status_steps(context, target)
    if target:
        yield from _required_steps(context, target)


def _no_attainment_reason(context: RowContext, target: JudgedTarget) -> str:
    """Return why a target has no completion rate; empty if the row has a reason for it."""
    if target.kind in ("growth", "ceiling"):
        return target.kind
    if context.measure == "ratio":
        return "ratio"
    if context.has("target_base"):
        if target.kind == "net" and context["value"] < context["target_base"]:
            return "fell"
        if target.kind in LEVEL_KINDS and context["target"] <= context["target_base"]:
            return "hold"
    return ""


def _target_steps(context: RowContext, target: JudgedTarget) -> Iterator[Step]:
    """Yield the steps of the target and its base."""
    row = target.row
    notes = [target.as_input().name, STRENGTH_NAMES.get(context["target_strength"], "")]
    if row and row["issuer"]:
        notes.append(str(row["issuer"]))
    if row and row["issued"]:
        notes.append(format_date(row["issued"]))
    value_input = target.as_input("x")
    yield context.step("target", [value_input], "，".join(n for n in notes if n), value_input.text)
    if context.has("target_upper"):
        yield context.given_step("target_upper", origin=_target_origin(context, row))
    if context.has("target_original"):
        original = context.facts.target_row(context.row, "target_original")
        text, origin = target.value_text(context["target_original"]), original or {}
        operand = Input(
            "x", "", context["target_original"], text, target.unit, origin.get("source", ""),
            origin.get("intake_id", ""),
        )  # fmt: skip
        yield context.step("target_original", [operand], text=text)
    yield context.given_step("target_year")
    yield context.given_step("target_start")
    if context.has("target_base"):
        base = target.base_input()
        note = "" if target.counts_increase or target.kind == "growth" else NOTES["base_unused"]
        operand = Input(
            "x", base.name, base.value, base.text, base.unit, base.source, base.intake_id,
            base.bound, base.derivation,
        )  # fmt: skip
        yield context.step("target_base", [operand], "；".join(n for n in (base.name, note) if n))


def _target_origin(context: RowContext, row: Row | None) -> Row:
    return {"source": context["target_source"], "intake_id": row["intake_id"] if row else ""}


def _due_steps(context: RowContext, target: JudgedTarget) -> Iterator[Step]:
    """Yield the steps of what is due and the distance to it."""
    if context.has("due"):
        inputs = [context.column_input("p", INPUT_NAMES["p"], "share_due"), target.as_input()]
        takes_increase = target.kind in LEVEL_KINDS
        case = "due:increase" if takes_increase else "due"
        yield context.step(case, [*inputs, target.base_input()] if takes_increase else inputs)
    if context.has("pace_gap"):
        due = context.column_input("due", INPUT_NAMES["due"], "due")
        yield context.step(
            target.case("pace_gap", "increase"), target.with_base(context.value_input(), due)
        )
    if context.has("pace_gap_points"):
        case = target.case("pace_gap_points", "growth", "increase", "net")
        if target.kind == "growth":
            inputs = [g for g in (target.growth_input(), target.as_input()) if g]
            yield context.step(case, inputs, text=target.difference_text())
        else:
            p = context.column_input("p", INPUT_NAMES["p"], "share_due")
            yield context.step(case, target.with_base(context.value_input(), target.as_input(), p))
    if context.has("pace_ratio"):
        due = context.column_input("due", INPUT_NAMES["due"], "due")
        yield context.step(
            target.case("pace_ratio", "increase"), target.with_base(context.value_input(), due)
        )


def _required_steps(context: RowContext, target: JudgedTarget) -> Iterator[Step]:
    """Yield the steps of the gap and of what closing it requires."""
    for column in ("gap", "surplus"):
        if context.has(column):
            inputs = [context.value_input(), target.as_input()]
            case = target.case(column, "net", "ceiling")
            yield context.step(
                case, [*inputs, target.base_input()] if target.kind == "net" else inputs
            )
    elapsed = context.at.elapsed(context["as_of"])
    remaining = 12 - elapsed
    if context.has("required_per_month"):
        per_month, note = context["required_per_month"], ""
        if context.printer.unit in COUNT_UNITS | {"人年"} and per_month != count_up(per_month):
            note = NOTES["count_up"].format(count=context.printer.amount(count_up(per_month)))
        inputs = [
            context.column_input("gap", INPUT_NAMES["gap"], "gap"),
            context.number_input("left", remaining, months_text(remaining)),
        ]
        yield context.step("required_per_month", inputs, note)
    if context.has("required_multiple"):
        inputs = [
            context.column_input("need", INPUT_NAMES["need"], "required_per_month"),
            context.value_input(),
            context.number_input("m", elapsed, months_text(elapsed)),
        ]
        yield context.step(target.case("required_multiple", "increase"), target.with_base(*inputs))
    if context.has("required_growth"):
        yield context.step(
            target.case("required_growth", "growth"), _required_growth_inputs(context, target)
        )
    yield from _cagr_steps(context, target)


def _required_growth_inputs(context: RowContext, target: JudgedTarget) -> list[Input]:
    """Return the inputs of the growth required in the rest of the year."""
    common = [context.value_input(), year_end_input(context), base_input(context)]
    target_input = target.as_input()
    if target.kind == "growth":
        value, source = target_input.value, target_input.source
        text = format_percent(value / 100) if value is not None else ""
        target_input = Input(
            "g", target_input.name, (value or 0.0) / 100, text, "%", source, target_input.intake_id
        )
    return [target_input, *common]


def _cagr_steps(context: RowContext, target: JudgedTarget) -> Iterator[Step]:
    """Yield the steps of the annual growth of a multi-year target."""
    start = target.row["base_year"] if target.row else None
    if context.has("observed_cagr") and start is not None:
        years = context.at.year - 1 - start + context.at.elapsed(context["as_of"]) / 12
        n = Input("n", "", years, f"{format_number(years, 0 if years == round(years) else 2)}年")
        yield context.step("observed_cagr", [context.value_input(), target.base_input(), n])
    if context.has("required_cagr") and start is not None:
        years = context["target_year"] - start
        n = Input("n", "", years, f"{format_number(years)}年")
        yield context.step("required_cagr", [target.as_input(), target.base_input(), n])
    if context.has("cagr_ratio"):
        yield context.step("cagr_ratio", [
            context.column_input("observed", INPUT_NAMES["observed"], "observed_cagr"),
            context.column_input("required", INPUT_NAMES["required"], "required_cagr"),
        ])  # fmt: skip
