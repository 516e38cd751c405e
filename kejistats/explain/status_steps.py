"""The status of a target: which comparison decided it, with which limit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kejistats.explain.figure_steps import frequency, not_expected
from kejistats.explain.formula import evaluate, keys
from kejistats.explain.judged_target import JudgedTarget
from kejistats.explain.row_context import RowContext, marked, number
from kejistats.explain.step import Input, Step
from kejistats.explain.texts import NAMES, NOTES, PROGRESS, REASON, RULES
from kejistats.model.numbers import plain
from kejistats.model.units import COUNT_UNITS


def status_steps(about: RowContext, goal: JudgedTarget | None) -> Iterator[Step]:
    """Yield the step of the status, and of why a target could not be applied."""
    yield _status(about, goal)
    if about.has("target_reason"):
        yield about.words("target_reason", REASON[about["target_reason"]])


def _status(about: RowContext, goal: JudgedTarget | None) -> Step:
    code = about["progress"]
    sentence = ""
    if code in ("masked", "missing"):
        sentence = PROGRESS[code]
    elif about["status"] == "not_applicable":
        sentence = PROGRESS["not_applicable"]
    elif code == "not_due" and about["status"] == "missing":
        late = not_expected(about) or about["share_due"] != 0
        sentence = PROGRESS["not_expected" if late else "not_due"]
        sentence = sentence.format(frequency=frequency(about))
    elif goal is None:
        sentence = PROGRESS["no_target"]
    if sentence or goal is None:
        return about.words("progress", sentence)
    rules = _rules(about, goal)
    inputs = _inputs(about, goal, [formula for _, formula in rules])
    values = {key: one.value for key, one in inputs.items() if one.value is not None}
    for found, formula in rules:
        if all(key in values for key in keys(formula)) and evaluate(formula, values):
            return _decided(about, goal, found, formula, inputs)
    reason = about["target_reason"]
    text = REASON[reason] if reason and reason != "bound_open" else PROGRESS["no_pace"]
    return about.words("progress", text)


def _decided(
    about: RowContext, goal: JudgedTarget, found: str, formula: str, inputs: dict[str, Input]
) -> Step:
    """Return the step of a status that a comparison decided."""
    code = about["progress"]
    word = _word(about, goal, code)
    notes = []
    if formula == RULES["small"][0][1]:
        limit = about.tables.settings.thresholds.small_count
        notes.append(PROGRESS["small"].format(small=plain(limit)))
    if found == "not_due":
        notes.append(PROGRESS["not_due"])
    if code != found:
        notes.append(PROGRESS["weaker"].format(word=_word(about, goal, found)))
    limits = _limits(about, goal)
    if limits and {"k", "d"} & set(keys(formula)):
        notes.append(NOTES["limits"].format(limits="、".join(map(number, limits.values()))))
    given = tuple(inputs[key] for key in keys(formula))
    step = about.words("progress", word, given, "；".join(notes))
    return step if found == "not_due" else replace(step, formula=formula)


def _word(about: RowContext, goal: JudgedTarget, code: str) -> str:
    """Return the word for a code, as briefs have it."""
    words = about.tables.words["progress"]
    final = _final(about)
    if code == "done" and not final and about.measure != "flow":
        key = "reached_level"
    elif final and code in ("slow", "behind"):
        key = f"december_{code}"
    else:
        key = f"{goal.kind}_{code}" if f"{goal.kind}_{code}" in words else code
    return str(words[key][1])


def _final(about: RowContext) -> bool:
    """Tell whether the target's own year ends here."""
    return bool(about["target_year"] == about.at.year and about.at.month == 12)


def _rules(about: RowContext, goal: JudgedTarget) -> list[tuple[str, str]]:
    """Return what is asked of a target, in turn."""
    final, kind = _final(about), goal.kind
    more = bool(goal.row and goal.row["comparison"] == ">" and about["bound"] != "more_than")
    strict = "_strict" if more else ""
    if kind == "growth":
        # Only at the year's end it matters whether growth must exceed the target.
        strict_growth = "_strict" if goal.row and goal.row["comparison"] == ">" else ""
        return RULES[f"growth_final{strict_growth}"] if final else RULES["growth"]
    if kind == "ceiling":
        paced = about.measure == "flow" and about.has("share_due")
        return RULES["ceiling_final" if final else "ceiling_paced" if paced else "ceiling"]
    reached = RULES[f"reached{'_range' if kind == 'range' else ''}{strict}"]
    if final:
        return [*reached, *RULES[f"final{strict}"], *RULES["above"]]
    hold = RULES[f"hold{strict}"] if kind == "level" else []
    asked = [*reached, *hold, *RULES["above"]]
    if not about.has("share_due") or (goal.counts_increase and not about.has("target_base")):
        return asked
    asked += RULES["not_due"]
    if about.has("pace_ratio"):
        small = RULES["small"] if _small(about, goal) else []
        asked += [*RULES["paced"], *small, *RULES["short"]]
    return asked


def _small(about: RowContext, goal: JudgedTarget) -> bool:
    """Tell whether a count's target is so small that parts of one do not matter."""
    size = about["target"]
    if goal.kind in ("level", "multi_year"):
        size -= about["target_base"]
    limit = about.tables.settings.thresholds.small_count
    return about.printed.unit in COUNT_UNITS and bool(size < limit)


def _inputs(about: RowContext, goal: JudgedTarget, formulas: list[str]) -> dict[str, Input]:
    """Return what the comparisons take, as far as it is known."""
    wanted = {key for formula in formulas for key in keys(formula)}
    found = {"A": about.a(), "T": goal.t()}
    if about.has("share_due"):
        found["p"] = about.column("p", NAMES["p"], "share_due")
    if about.has("due"):
        found["due"] = about.column("due", NAMES["due"], "due")
    if goal.counts_increase and about.has("target_base"):
        found["S"] = goal.s()
        found["own"] = _increase(about, goal)
    else:
        found["own"] = replace(about.a(), key="own")
    if goal.kind != "net":
        found["J"] = replace(about.a(), key="J")
    elif "S" in found:
        found["J"] = replace(found["own"], key="J")
    if about.has("target_upper"):
        found["U"] = about.column("U", NAMES["U"], "target_upper")
    limits = _limits(about, goal)
    if about.has("pace_ratio"):
        ratio, bound = about["pace_ratio"], about.bound_of("pace_ratio")
        text = marked(about.printed.number(ratio, tuple(limits.values())), bound)
        found["k"] = Input("k", NAMES["k"], ratio, text, bound=bound or "exact")
    if goal.kind == "growth" and about.has("pace_gap_points"):
        value, text = about["pace_gap_points"], goal.difference()
        found["d"] = Input("d", NAMES["d"], value, text, bound=about["pace_bound"] or "exact")
    for key, value in limits.items():
        found[key] = about.number(key, value, number(value))
    return {key: one for key, one in found.items() if key in wanted}


def _increase(about: RowContext, goal: JudgedTarget) -> Input:
    """Return what came on top of the base."""
    base = goal.s()
    inputs = (about.a(), replace(base, key="S"))
    step = Step("", NAMES["own"], 0.0, "", "{A} − {S}", inputs)
    value = float(step.recomputed() or 0.0)
    step = replace(step, value=value, text=about.printed.difference(value))
    return Input("own", NAMES["own"], value, step.text, about.printed.unit, of=step)


def _limits(about: RowContext, goal: JudgedTarget) -> dict[str, float]:
    """Return the limits that the row was judged by."""
    if not about.has("thresholds"):
        return {}
    names = ("ahead", "on_pace", "near") + (() if goal.kind == "growth" else ("slow",))
    return dict(zip(names, map(float, about["thresholds"].split(";")), strict=True))
