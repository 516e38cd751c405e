"""The share of a year that is due, by calendar, nodes or past years, and the outlook by it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kejistats.explain.facts import Row
from kejistats.explain.growth_steps import year_end
from kejistats.explain.printed_values import months
from kejistats.explain.row_context import RowContext
from kejistats.explain.step import Input, Step
from kejistats.explain.texts import FORMULAS, NOTES
from kejistats.model.numbers import percent
from kejistats.model.period import Checkpoint


def pace_steps(about: RowContext, target: Row | None) -> Iterator[Step]:
    """Yield the steps of the share due and of the outlook.

    Parameters
    ----------
    about
        The row.
    target
        Its Target row.
    """
    if about.has("share_due"):
        yield _share(about, target)
    for column, best in (("share_due_low", min), ("share_due_high", max)):
        if about.has(column):
            _, _, inputs = best(_years(about), key=lambda found: found[0])
            case = f"{column}:stock" if about.measure == "stock" else column
            yield about.step(case, inputs)
    yield from _outlook(about)


def _share(about: RowContext, target: Row | None) -> Step:
    """Return the step of the share due, by the rule applied."""
    rule, month = about["pace_rule"], about.at.month
    word = str(about.tables.words["pace_rule"][rule])
    gone = about.at.elapsed(about["as_of"])
    m = about.number("m", gone, months(gone))
    if rule == "elapsed" and target:
        start = target["base_year"]
        since = (about.at.year - start - 1) * 12 + gone
        term = (about["target_year"] - start) * 12
        inputs = [
            replace(m, value=since, text=months(since)),
            about.number("M", term, months(term)),
        ]
        return about.step("share_due:elapsed", inputs, word)
    if month == 12:
        return about.step("share_due:all", [], NOTES["all"])
    if rule == "half":
        case = "half" if month >= 6 else "none"
        return about.step(f"share_due:{case}", [], NOTES["half" if month >= 6 else "half_before"])
    if rule == "nodes":
        return _node(about, target, word)
    if rule == "seasonal":
        inputs = []
        for n, (_, _, own) in enumerate(_years(about)):
            inputs += [replace(one, key=f"{one.key[0]}{n}") for one in own]
        case = "seasonal_stock" if about.measure == "stock" else "seasonal"
        return about.step(f"share_due:{case}", inputs, word)
    return _linear(about, m, word)


def _linear(about: RowContext, m: Input, word: str) -> Step:
    start = about["target_start"] or 0
    if m.value is not None and m.value <= start > 0:
        return about.step("share_due:none", [], NOTES["before_start"].format(month=start))
    if start:
        inputs = [m, about.number("m0", start, months(start))]
        return about.step("share_due:start", inputs, word)
    return about.step("share_due:linear", [m], word)


def _node(about: RowContext, target: Row | None, word: str) -> Step:
    """Return the step of the last node that has come."""
    own = target["nodes"] if target else None
    pairs = [step.split(":") for step in (own or about.indicator["nodes"]).split(";")]
    steps = sorted((int(at), float(share)) for at, share in pairs)
    gone = [(share, at) for at, share in steps if at <= about.at.month]
    if not gone:
        return about.step("share_due:none", [], NOTES["before_node"].format(month=steps[0][0]))
    share, at = max(gone)
    source = about["target_source"] if own else ""
    received = target["intake_id"] if own and target else ""
    one = Input("x", f"{at}月节点", share, percent(share), "%", source, received)
    note = f"{word}，{'目标自带' if own else '指标库所定'}{at}月节点"
    return about.step("share_due:given", [one], note)


def _years(about: RowContext) -> list[tuple[float, int, list[Input]]]:
    """Return for each year of the seasonal profile its share, and what that follows from."""
    whose, years = about.facts.profile(about.row)
    formula = _formula(about)
    result = []
    for year in years:
        inputs = [
            about.then("x0", Checkpoint(year, about.at.month), whose, own=False),
            about.then("X0", Checkpoint(year, 12), whose, own=False),
        ]
        if about.measure == "stock":
            inputs.append(about.then("s0", Checkpoint(year - 1, 12), whose, own=False))
        share = Step("", "", 0.0, "", formula, tuple(inputs)).recomputed()
        result.append((float(share or 0.0), year, inputs))
    return result


def _formula(about: RowContext) -> str:
    return FORMULAS["share_due_low:stock" if about.measure == "stock" else "share_due_low"]


def _outlook(about: RowContext) -> Iterator[Step]:
    """Yield the ends of the band that the year's figure would fall in, were past years to recur."""
    columns = [column for column in ("outlook_low", "outlook_high") if about.has(column)]
    if not columns:
        return
    stock = about.measure == "stock"
    if about["outlook_rule"] == "seasonal":
        found = _years(about)
        shares = [_as_input(about, *one) for one in found]
        years = "、".join(str(year) for _, year, _ in found)
        note = NOTES["outlook_seasonal"].format(years=years)
    else:
        gone = about.at.elapsed(about["as_of"])
        formula = FORMULAS["share_due:linear"]
        of = Step("", "已过月数占全年的比重", gone / 12, percent(gone / 12), formula,
                  (about.number("m", gone, months(gone)),))  # fmt: skip
        shares = [Input("q", of.title, gone / 12, of.text, "%", of=of)]
        note = NOTES["outlook_linear"]
    start = [year_end(about)] if stock else []
    for column in columns:
        case = f"{column}:stock" if stock else column
        ends = [about.step(case, [about.a(), q, *start], note) for q in shares]
        choose = min if column == "outlook_low" else max
        yield choose(ends, key=lambda step: step.recomputed() or 0.0)


def _as_input(about: RowContext, share: float, year: int, inputs: list[Input]) -> Input:
    """Return a past year's share as an input, with what it follows from."""
    whose, _ = about.facts.profile(about.row)
    scope = "" if whose == about["district"] else about.facts.whole(about["district"])
    of_what = "占全年增量的比重" if about.measure == "stock" else "占全年比重"
    name = f"{scope}{year}年同期{of_what}"
    text = percent(share)
    of = Step("", name, share, text, _formula(about), tuple(inputs))
    return Input("q", name, share, text, "%", of=of)
