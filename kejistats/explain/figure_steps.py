"""The row's own figure: where it stands, or how it was derived, or why there is none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kejistats.explain.printed_values import Printed
from kejistats.explain.row_context import RowContext
from kejistats.explain.step import Input, Step
from kejistats.explain.texts import FIGURE, NOTES, STATUS
from kejistats.model.period import in_words
from kejistats.model.tables.indicator import FREQUENCIES


def figure_steps(about: RowContext) -> Iterator[Step]:
    """Yield the steps of the row's own figure."""
    title = FIGURE[about.measure]
    if about["value"] is None:
        yield replace(_status(about), title=title)
        return
    notes = [about.tables.words["grade"][about["grade"]]]
    if about["as_of"] is not None:
        notes.append(NOTES["as_of"].format(date=in_words(about["as_of"])))
    of = about.derivation(title, about.own) if about.own else None
    if of is None:
        step = about.given("value", "；".join(notes), about.row)
    else:
        text = about.printed.column("value", about["value"], about["bound"])
        note = "；".join([of.note, *notes])
        step = replace(of, column="value", value=about["value"], text=text, note=note)
    yield replace(step, title=title)
    if about.has("value_upper"):
        yield about.given("value_upper", place=about.row)


def _status(about: RowContext) -> Step:
    """Return the step of a row without a figure."""
    key = about["status"]
    if key == "missing" and not_expected(about):
        key = "not_expected"
    elif key == "missing" and about.tables.units[about["district"]]["kind"] == "total":
        key = "no_total"
    text = STATUS[key].format(frequency=frequency(about))
    inputs = [] if key == "no_total" else list(sides(about))
    if not inputs and about.own and about.own["reported"]:
        own = about.own
        inputs = [Input("x", "原文", None, own["reported"], "", own["source"], own["intake_id"])]
    return about.words("status", text, inputs)


def sides(about: RowContext) -> Iterator[Input]:
    """Yield numerator and denominator of a ratio that could not be computed."""
    for key, column in (("N", "numerator"), ("D", "denominator")):
        id_ = about.indicator[column]
        side = id_ and about.facts.figure(about["district"], about.at, about["level"], id_)
        if not side:
            continue
        over = about.tables.registry[id_]
        name = str(over["name"])
        if side["value"] is None:
            text = str(about.tables.words["status"][side["status"]])
            yield Input(key, name, None, text, "", side["source"] or "", side["intake_id"] or "")
        else:
            text = Printed(over).amount(side["value"], side["bound"])
            yield Input(
                key, name, side["value"], text, over["unit"], side["source"], side["intake_id"],
                side["bound"],
            )  # fmt: skip


def not_expected(about: RowContext) -> bool:
    """Tell whether no figure is due at this checkpoint: the indicator is yearly, say."""
    return about.at.month % FREQUENCIES[about.indicator["frequency"]] != 0


def frequency(about: RowContext) -> str:
    """Return the word for how often a figure exists."""
    return str(about.tables.words["frequency"][about.indicator["frequency"]])
