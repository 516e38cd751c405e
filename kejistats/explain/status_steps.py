"""Explain the progress status of a target: the comparison that decided it, with its limits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kejistats.explain.figure_steps import frequency_word, not_expected
from kejistats.explain.formula import evaluate, input_keys
from kejistats.explain.judged_target import JudgedTarget
from kejistats.explain.row_context import RowContext, limit_text, with_bound_mark
from kejistats.explain.step import Input, Step
from kejistats.explain.texts import INPUT_NAMES, NOTES, PROGRESS_TEXTS, STATUS_RULES, TARGET_REASONS
from kejistats.model.numbers import format_number
from kejistats.model.units import COUNT_UNITS


def status_steps(context: RowContext, target: JudgedTarget | None) -> Iterator[Step]:
    """Yield the step of the status, and of the reason why a target could not be applied."""
    yield _status_step(context, target)
    if context.has("target_reason"):
        yield context.sentence_step("target_reason", TARGET_REASONS[context["target_reason"]])


def _status_step(context: RowContext, target: JudgedTarget | None) -> Step:
    code = context["progress"]
    sentence = ""
    if code in ("masked", "missing"):
        sentence = PROGRESS_TEXTS[code]
    elif context["status"] == "not_applicable":
        sentence = PROGRESS_TEXTS["not_applicable"]
    elif code == "not_due" and context["status"] == "missing":
        not_released = not_expected(context) or context["share_due"] != 0
        sentence = PROGRESS_TEXTS["not_expected" if not_released else "not_due"]
        sentence = sentence.format(frequency=frequency_word(context))
    elif target is None:
        sentence = PROGRESS_TEXTS["no_target"]
    if sentence or target is None:
        return context.sentence_step("progress", sentence)
    rules = _applicable_rules(context, target)
    inputs = _rule_inputs(context, target, [formula for _, formula in rules])
    values = {key: operand.value for key, operand in inputs.items() if operand.value is not None}
    for rule_code, formula in rules:
        if all(key in values for key in input_keys(formula)) and evaluate(formula, values):
            return _decided_step(context, target, rule_code, formula, inputs)
    reason = context["target_reason"]
    text = (
        TARGET_REASONS[reason] if reason and reason != "bound_open" else PROGRESS_TEXTS["no_pace"]
    )
    return context.sentence_step("progress", text)


def _decided_step(
    context: RowContext,
    target: JudgedTarget,
    rule_code: str,
    formula: str,
    inputs: dict[str, Input],
) -> Step:
    """Return the step of a status decided by a comparison."""
    code = context["progress"]
    status_word = _status_word(context, target, code)
    notes = []
    if formula == STATUS_RULES["small"][0][1]:
        limit = context.tables.settings.thresholds.small_count
        notes.append(PROGRESS_TEXTS["small"].format(small=format_number(limit)))
    if rule_code == "not_due":
        notes.append(PROGRESS_TEXTS["not_due"])
    if code != rule_code:
        notes.append(PROGRESS_TEXTS["weaker"].format(word=_status_word(context, target, rule_code)))
    limits = _limits(context, target)
    if limits and {"k", "d"} & set(input_keys(formula)):
        notes.append(NOTES["limits"].format(limits="、".join(map(limit_text, limits.values()))))
    operands = tuple(inputs[key] for key in input_keys(formula))
    step = context.sentence_step("progress", status_word, operands, "；".join(notes))
    return step if rule_code == "not_due" else replace(step, formula=formula)


def _status_word(context: RowContext, target: JudgedTarget, code: str) -> str:
    """Return the Chinese word for a status code, as in briefs."""
    words = context.tables.words["progress"]
    is_final = _is_final(context)
    if code == "done" and not is_final and context.measure != "flow":
        key = "reached_level"
    elif is_final and code in ("slow", "behind"):
        key = f"december_{code}"
    else:
        key = f"{target.kind}_{code}" if f"{target.kind}_{code}" in words else code
    return str(words[key][1])


def _is_final(context: RowContext) -> bool:
    """Return whether the checkpoint is the end of the target year."""
    return bool(context["target_year"] == context.at.year and context.at.month == 12)


def _applicable_rules(context: RowContext, target: JudgedTarget) -> list[tuple[str, str]]:
    """Return the rules for a target, code and comparison, in the order they are tried."""
    is_final, kind = _is_final(context), target.kind
    must_exceed = bool(
        target.row and target.row["comparison"] == ">" and context["bound"] != "more_than"
    )
    strict = "_strict" if must_exceed else ""
    if kind == "growth":
        # Whether growth must exceed the target matters only at the end of the year.
        strict_growth = "_strict" if target.row and target.row["comparison"] == ">" else ""
        return STATUS_RULES[f"growth_final{strict_growth}"] if is_final else STATUS_RULES["growth"]
    if kind == "ceiling":
        paced = context.measure == "flow" and context.has("share_due")
        return STATUS_RULES[
            "ceiling_final" if is_final else "ceiling_paced" if paced else "ceiling"
        ]
    reached = STATUS_RULES[f"reached{'_range' if kind == 'range' else ''}{strict}"]
    if is_final:
        return [*reached, *STATUS_RULES[f"final{strict}"], *STATUS_RULES["above"]]
    hold = STATUS_RULES[f"hold{strict}"] if kind == "level" else []
    rules = [*reached, *hold, *STATUS_RULES["above"]]
    if not context.has("share_due") or (target.counts_increase and not context.has("target_base")):
        return rules
    rules += STATUS_RULES["not_due"]
    if context.has("pace_ratio"):
        small = STATUS_RULES["small"] if _is_small_count(context, target) else []
        rules += [*STATUS_RULES["paced"], *small, *STATUS_RULES["short"]]
    return rules


def _is_small_count(context: RowContext, target: JudgedTarget) -> bool:
    """Return whether the target is a count too small for fractions to matter."""
    amount = context["target"]
    if target.kind in ("level", "multi_year"):
        amount -= context["target_base"]
    limit = context.tables.settings.thresholds.small_count
    return context.printer.unit in COUNT_UNITS and bool(amount < limit)


def _rule_inputs(
    context: RowContext, target: JudgedTarget, formulas: list[str]
) -> dict[str, Input]:
    """Return the available inputs of the comparisons, by key."""
    needed = {key for formula in formulas for key in input_keys(formula)}
    inputs = {"A": context.value_input(), "T": target.as_input()}
    if context.has("share_due"):
        inputs["p"] = context.column_input("p", INPUT_NAMES["p"], "share_due")
    if context.has("due"):
        inputs["due"] = context.column_input("due", INPUT_NAMES["due"], "due")
    if target.counts_increase and context.has("target_base"):
        inputs["S"] = target.base_input()
        inputs["counted"] = _increase_input(context, target)
    else:
        inputs["counted"] = replace(context.value_input(), key="counted")
    if target.kind != "net":
        inputs["J"] = replace(context.value_input(), key="J")
    elif "S" in inputs:
        inputs["J"] = replace(inputs["counted"], key="J")
    if context.has("target_upper"):
        inputs["U"] = context.column_input("U", INPUT_NAMES["U"], "target_upper")
    limits = _limits(context, target)
    if context.has("pace_ratio"):
        ratio, bound = context["pace_ratio"], context.column_bound("pace_ratio")
        text = with_bound_mark(context.printer.number(ratio, tuple(limits.values())), bound)
        inputs["k"] = Input("k", INPUT_NAMES["k"], ratio, text, bound=bound or "exact")
    if target.kind == "growth" and context.has("pace_gap_points"):
        value, text = context["pace_gap_points"], target.difference_text()
        inputs["d"] = Input(
            "d", INPUT_NAMES["d"], value, text, bound=context["pace_bound"] or "exact"
        )
    for key, value in limits.items():
        inputs[key] = context.number_input(key, value, limit_text(value))
    return {key: operand for key, operand in inputs.items() if key in needed}


def _increase_input(context: RowContext, target: JudgedTarget) -> Input:
    """Return the increase over the base as an input."""
    base = target.base_input()
    inputs = (context.value_input(), replace(base, key="S"))
    step = Step("", INPUT_NAMES["counted"], 0.0, "", "{A} − {S}", inputs)
    value = float(step.recompute() or 0.0)
    step = replace(step, value=value, text=context.printer.difference(value))
    return Input(
        "counted", INPUT_NAMES["counted"], value, step.text, context.printer.unit, derivation=step
    )


def _limits(context: RowContext, target: JudgedTarget) -> dict[str, float]:
    """Return the limits that the row was judged by, by name."""
    if not context.has("thresholds"):
        return {}
    names = ("ahead", "on_pace", "near") + (() if target.kind == "growth" else ("slow",))
    return dict(zip(names, map(float, context["thresholds"].split(";")), strict=True))
