"""Explain the figure of a row: its source cell, how it was derived, or why it is absent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kejistats.explain.printed_values import Printer
from kejistats.explain.row_context import RowContext
from kejistats.explain.step import Input, Step
from kejistats.explain.texts import FIGURE_NAMES, NOTES, STATUS_TEXTS
from kejistats.model.period import format_date
from kejistats.model.tables.indicator import FREQUENCIES


def figure_steps(context: RowContext) -> Iterator[Step]:
    """Yield the steps of the row's figure."""
    title = FIGURE_NAMES[context.measure]
    if context["value"] is None:
        yield replace(_status_step(context), title=title)
        return
    notes = [context.tables.words["grade"][context["grade"]]]
    if context["as_of"] is not None:
        notes.append(NOTES["as_of"].format(date=format_date(context["as_of"])))
    derivation = context.derivation(title, context.figure_row) if context.figure_row else None
    if derivation is None:
        step = context.given_step("value", "；".join(notes), context.row)
    else:
        text = context.printer.column("value", context["value"], context["bound"])
        note = "；".join([derivation.note, *notes])
        step = replace(derivation, column="value", value=context["value"], text=text, note=note)
    yield replace(step, title=title)
    if context.has("value_upper"):
        yield context.given_step("value_upper", origin=context.row)


def _status_step(context: RowContext) -> Step:
    """Return the step that says why a row has no figure."""
    key = context["status"]
    if key == "missing" and not_expected(context):
        key = "not_expected"
    elif key == "missing" and context.tables.district_rows[context["district"]]["kind"] == "total":
        key = "no_total"
    text = STATUS_TEXTS[key].format(frequency=frequency_word(context))
    inputs = [] if key == "no_total" else list(ratio_sides(context))
    if not inputs and context.figure_row and context.figure_row["reported"]:
        figure = context.figure_row
        inputs = [
            Input("x", "原文", None, figure["reported"], "", figure["source"], figure["intake_id"])
        ]
    return context.sentence_step("status", text, inputs)


def ratio_sides(context: RowContext) -> Iterator[Input]:
    """Yield numerator and denominator of a ratio that could not be computed."""
    for key, column in (("N", "numerator"), ("D", "denominator")):
        id_ = context.indicator[column]
        side = id_ and context.facts.figure(context["district"], context.at, context["level"], id_)
        if not side:
            continue
        indicator = context.tables.indicator_rows[id_]
        name = str(indicator["name"])
        if side["value"] is None:
            text = str(context.tables.words["status"][side["status"]])
            yield Input(key, name, None, text, "", side["source"] or "", side["intake_id"] or "")
        else:
            text = Printer(indicator).amount(side["value"], side["bound"])
            yield Input(
                key, name, side["value"], text, indicator["unit"], side["source"],
                side["intake_id"], side["bound"],
            )  # fmt: skip


def not_expected(context: RowContext) -> bool:
    """Return whether the indicator has no figure at this checkpoint, as a yearly one in June."""
    return context.at.month % FREQUENCIES[context.indicator["frequency"]] != 0


def frequency_word(context: RowContext) -> str:
    """Return the Chinese word for the frequency of the indicator."""
    return str(context.tables.words["frequency"][context.indicator["frequency"]])
