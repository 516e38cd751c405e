"""Explain the share of a year that is due, by calendar, nodes or past years, and the outlook."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kejistats.explain.facts import Row
from kejistats.explain.growth_steps import year_end_input
from kejistats.explain.printed_values import months_text
from kejistats.explain.row_context import RowContext
from kejistats.explain.step import Input, Step
from kejistats.explain.texts import FORMULAS, NOTES
from kejistats.model.numbers import format_percent
from kejistats.model.period import Checkpoint


def pace_steps(context: RowContext, target_row: Row | None) -> Iterator[Step]:
    """Yield the steps of the share due and of the outlook.

    Parameters
    ----------
    about
        The row.
    target_row
        Its Target row, if it has one.
    """
    if context.has("share_due"):
        yield _share_due_step(context, target_row)
    for column, choose in (("share_due_low", min), ("share_due_high", max)):
        if context.has(column):
            _, _, inputs = choose(_profile_shares(context), key=lambda shares: shares[0])
            case = f"{column}:stock" if context.measure == "stock" else column
            yield context.step(case, inputs)
    yield from _outlook_steps(context)


def _share_due_step(context: RowContext, target_row: Row | None) -> Step:
    """Return the step of the share due, by the pace rule of the row."""
    rule, month = context["pace_rule"], context.at.month
    word = str(context.tables.words["pace_rule"][rule])
    elapsed = context.at.elapsed(context["as_of"])
    m = context.number_input("m", elapsed, months_text(elapsed))
    if rule == "elapsed" and target_row:
        base_year = target_row["base_year"]
        elapsed_total = (context.at.year - base_year - 1) * 12 + elapsed
        term = (context["target_year"] - base_year) * 12
        inputs = [
            replace(m, value=elapsed_total, text=months_text(elapsed_total)),
            context.number_input("M", term, months_text(term)),
        ]
        return context.step("share_due:elapsed", inputs, word)
    if month == 12:
        return context.step("share_due:all", [], NOTES["all"])
    if rule == "half":
        case = "half" if month >= 6 else "none"
        return context.step(f"share_due:{case}", [], NOTES["half" if month >= 6 else "half_before"])
    if rule == "nodes":
        return _node_step(context, target_row, word)
    if rule == "seasonal":
        inputs = []
        for n, (_, _, year_inputs) in enumerate(_profile_shares(context)):
            inputs += [replace(operand, key=f"{operand.key[0]}{n}") for operand in year_inputs]
        case = "seasonal_stock" if context.measure == "stock" else "seasonal"
        return context.step(f"share_due:{case}", inputs, word)
    return _linear_step(context, m, word)


def _linear_step(context: RowContext, m: Input, word: str) -> Step:
    start = context["target_start"] or 0
    if m.value is not None and m.value <= start > 0:
        return context.step("share_due:none", [], NOTES["before_start"].format(month=start))
    if start:
        inputs = [m, context.number_input("m0", start, months_text(start))]
        return context.step("share_due:start", inputs, word)
    return context.step("share_due:linear", [m], word)


def _node_step(context: RowContext, target_row: Row | None, word: str) -> Step:
    """Return the step of the last node reached."""
    own_nodes = target_row["nodes"] if target_row else None
    pairs = [node.split(":") for node in (own_nodes or context.indicator["nodes"]).split(";")]
    nodes = sorted((int(at), float(share)) for at, share in pairs)
    passed = [(share, at) for at, share in nodes if at <= context.at.month]
    if not passed:
        return context.step("share_due:none", [], NOTES["before_node"].format(month=nodes[0][0]))
    share, at = max(passed)
    source = context["target_source"] if own_nodes else ""
    intake_id = target_row["intake_id"] if own_nodes and target_row else ""
    node = Input("x", f"{at}月节点", share, format_percent(share), "%", source, intake_id)
    note = f"{word}，{'目标自带' if own_nodes else '指标库所定'}{at}月节点"
    return context.step("share_due:given", [node], note)


def _profile_shares(context: RowContext) -> list[tuple[float, int, list[Input]]]:
    """Return share, year and inputs of each year of the seasonal profile."""
    district, years = context.facts.profile(context.row)
    formula = _share_formula(context)
    shares = []
    for year in years:
        inputs = [
            context.input_at(
                "x0", Checkpoint(year, context.at.month), district, same_definition=False
            ),
            context.input_at("X0", Checkpoint(year, 12), district, same_definition=False),
        ]
        if context.measure == "stock":
            inputs.append(
                context.input_at("s0", Checkpoint(year - 1, 12), district, same_definition=False)
            )
        share = Step("", "", 0.0, "", formula, tuple(inputs)).recompute()
        shares.append((float(share or 0.0), year, inputs))
    return shares


def _share_formula(context: RowContext) -> str:
    return FORMULAS["share_due_low:stock" if context.measure == "stock" else "share_due_low"]


def _outlook_steps(context: RowContext) -> Iterator[Step]:
    """Yield the lower and upper end of the year's figure, projected from past years or linearly."""
    columns = [column for column in ("outlook_low", "outlook_high") if context.has(column)]
    if not columns:
        return
    is_stock = context.measure == "stock"
    if context["outlook_rule"] == "seasonal":
        past_shares = _profile_shares(context)
        shares = [_share_input(context, *past_share) for past_share in past_shares]
        years = "、".join(str(year) for _, year, _ in past_shares)
        note = NOTES["outlook_seasonal"].format(years=years)
    else:
        elapsed = context.at.elapsed(context["as_of"])
        formula = FORMULAS["share_due:linear"]
        derivation = Step("", "已过月数占全年的比重", elapsed / 12, format_percent(elapsed / 12), formula,
                  (context.number_input("m", elapsed, months_text(elapsed)),))  # fmt: skip
        shares = [
            Input("q", derivation.title, elapsed / 12, derivation.text, "%", derivation=derivation)
        ]
        note = NOTES["outlook_linear"]
    start = [year_end_input(context)] if is_stock else []
    for column in columns:
        case = f"{column}:stock" if is_stock else column
        ends = [context.step(case, [context.value_input(), q, *start], note) for q in shares]
        choose = min if column == "outlook_low" else max
        yield choose(ends, key=lambda step: step.recompute() or 0.0)


def _share_input(context: RowContext, share: float, year: int, inputs: list[Input]) -> Input:
    """Return a past year's share as an input, with its derivation."""
    district, _ = context.facts.profile(context.row)
    prefix = (
        "" if district == context["district"] else context.facts.parent_name(context["district"])
    )
    of_what = "占全年增量的比重" if context.measure == "stock" else "占全年比重"
    name = f"{prefix}{year}年同期{of_what}"
    text = format_percent(share)
    derivation = Step("", name, share, text, _share_formula(context), tuple(inputs))
    return Input("q", name, share, text, "%", derivation=derivation)
