"""Sentences on one indicator, joined from clauses that its Metric row alone decides."""

from __future__ import annotations

import re

from kejistats.brief.contribution import contribution_clause, outlook_clause, share_clause
from kejistats.brief.view import View
from kejistats.model.numbers import format_number, format_percent, prints_as_zero, round_half_up
from kejistats.model.tables.metric import NOT_REACHED

_TENTHS = "零一二三四五六七八九"


def name_with_figure(view: View) -> str:
    """Join name and figure: 高企申报数 and 40家 → 高企申报40家; a ratio is linked by 为."""
    ratio = view.indicator["measure"] == "ratio"
    return f"{view.name if ratio else name_stem(view)}{view.figure(linked=ratio)}"


def name_stem(view: View) -> str:
    """Return the name without a final 数, which is needless before a figure."""
    return re.sub(r"(?<![总人次])数$", "", view.name)


def share_word(share: float) -> str:
    """Print a share as tenths (0.6 as 六成) where it is whole tenths, else as a percentage.

    Examples
    --------
    >>> share_word(0.6), share_word(0.65)
    ('六成', '65%')
    """
    tenths = round_half_up(share * 10, 6)
    if tenths == int(tenths) and 0 < tenths < 10:
        return f"{_TENTHS[int(tenths)]}成"
    return format_percent(share, 0)


def pace_clause(view: View) -> str:
    """Compare the figure with its target and pace; empty without a target or a figure."""
    if view["target"] is None or not view.reported:
        return ""
    text = _pace_text(view)
    if text and view["bound"] == "about" and view["progress"] == "done":
        text = view.say("pace", "by_report", text=text)
    if text and view["target_strength"] == "implied":
        text += view.words["pace"]["implied"]
    return text


def _pace_text(view: View) -> str:
    say, progress = view.say, view["progress"]
    if view["target_reason"] == "bound_open":
        bound_open = say("pace", "bound_open", status=view.status)
        return "，".join(part for part in (_completion_text(view), bound_open) if part)
    if progress == "not_due":
        return say("pace", "not_due_node")
    match view["target_kind"]:
        case "growth":
            return _growth_pace_text(view)
        case "ceiling":
            return _ceiling_text(view)
    if progress == "done":
        return _done_text(view)
    if (
        view["target_kind"] == "net"
        and view["attainment"] is None
        and view["target_base"] is not None
    ):
        fallen = view["target_base"] - view["value"]
        return say("pace", "net_negative", n=view.distance(fallen), T=view.amount(view["target"]))
    upper = view["target_upper"]
    if view["target_kind"] == "range" and upper is not None and view["value"] > upper:
        excess = view.distance(view["value"] - upper)
        return say("pace", "range_over", T=view.amount(upper), h=excess)
    gap = view.distance(view["gap"]) if view["gap"] is not None else ""
    if view["target_kind"] == "level" and _must_hold_level(view):
        return say("pace", "hold", T=view.amount(view["target"]), g=gap)
    if (view["attainment"] or 0) < 0 and view["target_kind"] not in ("level", "multi_year"):
        # A negative rate of completion is not printed.
        return say("pace", "short_level", g=gap)
    if (view["attainment"] or 0) < 0:
        fallen = view.distance(view["target_base"] - view["value"])
        if view["target_kind"] == "multi_year":
            return say("pace", "multi_year_negative", n=fallen, g=gap, year=view["target_year"])
        return say("pace", "level_negative", n=fallen, g=gap)
    completion = _completion_text(view)
    # For an inexact figure the gap follows only from the number as reported, and is said so.
    suffix = "_open" if view["bound"] in ("about", "at_least", "more_than") else ""
    if view.target_period_over:
        key = f"short{suffix}" if completion else "short_level"
        return say("pace", key, reach=completion, g=gap)
    points = round_half_up(abs(view["pace_gap_points"] or 0), 1)
    key = progress if completion else f"level_{progress}"
    if completion and progress in NOT_REACHED:
        key += suffix
    if completion and points == 0:
        key = {"ahead": "on_pace", "near": "near_just"}.get(key, key)
    parts = {
        "reach": completion,
        "g": gap,
        "pace": _pace_name(view),
        "d": _with_bound(view, f"{points:f}个百分点"),
        "n": view.distance(view["pace_gap"]) if view["pace_gap"] is not None else "",
        "share": share_word(view.settings["thresholds"]["slow"]),
    }
    return say("pace", key, **parts)


def _ceiling_text(view: View) -> str:
    limit = view.amount(view["target"])
    if view["gap"] is not None:
        return view.say("pace", "ceiling_over", T=limit, h=view.distance(view["gap"]))
    left = view.distance(view["surplus"])
    if view.not_reached and view["target"] > 0:
        used = format_percent(view["value"] / view["target"], below=1)
        return view.say("pace", "ceiling_fast", T=limit, c=used, h=left)
    return view.say("pace", "ceiling_within", T=limit, h=left)


def _completion_text(view: View) -> str:
    """Say how much of the target, or of the increase to it, is completed; empty without a rate."""
    if view["attainment"] is None:
        return ""
    words, bound = view.words["pace"], view["bound"]
    target = words.get(f"goal_{view['target_kind']}", words["goal"])
    c = format_percent(view["attainment"], below=1)
    if prints_as_zero(view["attainment"]) and bound in ("exact", "about"):
        bound, c = "less_than", "0.1%"
    return view.say("pace", f"reach_{bound}", goal=target, c=c)


def _pace_name(view: View) -> str:
    """Name the pace that a figure is compared with."""
    years = len((view["pace_years"] or "").split("、"))
    text = str(view.words["pace"].get(f"pace_{view['pace_rule']}", ""))
    return text.format(k="两" if years == 2 else "三")


def _with_bound(view: View, text: str) -> str:
    """Add the bound of the figure to an amount that follows from it."""
    bound = "at_least" if view["bound"] == "more_than" else view["bound"]
    return view.say("bound", bound, A=text)


def _must_hold_level(view: View) -> bool:
    """Whether a level target is not above its base, so that the level only has to be kept."""
    return view["target_base"] is not None and view["target"] <= view["target_base"]


def _growth_pace_text(view: View) -> str:
    points = view["pace_gap_points"]
    if points is None:
        return ""
    shown = round_half_up(points, 1)
    if shown == 0 and view.not_reached:
        return view.say("pace", "growth_just_under")
    key = "growth_over" if shown > 0 else "growth_under" if shown < 0 else "growth_equal"
    return view.say("pace", key, x=f"{abs(shown):f}")


def _done_text(view: View) -> str:
    say = view.say
    if view.may_lapse:
        key = "net_reached" if view["target_kind"] == "net" else "level_reached"
        return say("pace", key, T=view.amount(view["target"]))
    multi_year = view["target_kind"] == "multi_year"
    early = "done_term" if multi_year else "done_early"
    done = say("pace", "done" if view.target_period_over and not multi_year else early)
    if view["surplus"]:
        surplus = _with_bound(view, view.distance(view["surplus"]))
        return say("pace", "done_over", done=done, s=surplus)
    return done


def sentence(view: View, *, with_rank: bool = True, with_share: bool = True) -> str:
    """Return the sentence on one indicator, without a full stop.

    Parameters
    ----------
    view
        The row.
    with_rank
        Whether to say the rank.
    with_share
        Whether to say the share of the parent's total and the contribution; needs `with_rank`.
    """
    if view.not_expected:
        frequency = view.words["frequency"][view.indicator["frequency"]]
        return view.name + view.say("pace", "not_due_frequency", frequency=frequency)
    if not view.reported:
        return f"{view.name}{view.figure()}"
    clauses = [name_with_figure(view), view.growth_clause(), pace_clause(view)]
    if with_rank:
        clauses.append(view.rank_clause())
    if with_rank and with_share:
        clauses += [share_clause(view), contribution_clause(view)]
    return "，".join(clause for clause in clauses if clause)


def required_clause(view: View, *, gap_said: bool = False) -> str:
    """Say what is still needed to reach the target; empty where nothing follows.

    Parameters
    ----------
    view
        The row.
    gap_said
        Whether the gap to a level target is said already, and is left out.
    """
    if view["target"] is None or not view.reported:
        return ""
    text = _requirement_text(view, gap_said=gap_said)
    return (
        view.say("required", "by_report", text=text) if text and view["bound"] != "exact" else text
    )


def plan_sentence(view: View) -> str:
    """Say what is still needed and where the year would end; empty where nothing is needed."""
    text = required_clause(view)
    return (
        "，".join(part for part in (f"{name_stem(view)}{text}", outlook_clause(view)) if part)
        if text
        else ""
    )


def _requirement_text(view: View, *, gap_said: bool) -> str:
    period, rest = view.checkpoint.word, view.checkpoint.rest
    say, kind = view.say, view["target_kind"]
    if view.target_period_over:
        return _missed_text(view)
    if kind == "ceiling":
        if view["gap"] is not None:
            return say("required", "over", h=view.distance(view["gap"]))
        return say("required", "within", rest=rest, h=view.distance(view["surplus"]))
    q = view["required_growth"]
    if q is not None and (kind == "growth" or view["pace_rule"] in ("seasonal", "none")):
        shown = round_half_up(q * 100, 1)
        suffix = "" if shown >= 0 else "_fall"
        parts = {
            "rest": rest,
            "q": f"{abs(shown):f}%",
            "T": f"{format_number(view['target'], 1).removesuffix('.0')}%"
            if kind == "growth"
            else "",
            "g": view.distance(view["gap"]) if view["gap"] is not None else "",
        }
        text = say(
            "required", f"growth_target{suffix}" if kind == "growth" else f"growth{suffix}", **parts
        )
        growth = view.growth_value
        if suffix == "" and growth is not None and kind != "growth":
            # The difference of the two percentages as printed, so that readers can check it.
            difference = shown - round_half_up(growth * 100, 1)
            if difference:
                key = "above" if difference > 0 else "below"
                text += say("required", key, period=period, z=f"{abs(difference):f}")
        return text
    if view["gap"] is None:
        return ""
    gap = view.distance(view["gap"])
    if kind == "multi_year":
        return say("required", "multi_year", year=view["target_year"], g=gap)
    if view["required_per_month"] is None:
        return say("required", "gap", g=gap)
    elapsed = view.checkpoint.elapsed(view["as_of"])
    digits = 0 if elapsed == int(elapsed) else 1
    months = {"k": format_number(12 - elapsed, digits), "m": format_number(elapsed, digits)}
    if kind == "level" or view.indicator["measure"] == "ratio":
        gap_text = "" if gap_said else say("required", "level", g=gap)
        if view["pace_rule"] in ("nodes", "none"):
            return gap_text
        month = say("required", "level_month", k=months["k"], r=view.monthly_requirement())
        return "，".join(part for part in (gap_text, month) if part)
    if view["pace_rule"] in ("nodes", "seasonal", "half", "none"):
        return say("required", "gap", g=gap)
    text = say("required", "month", g=gap, k=months["k"], r=view.monthly_requirement())
    if view["required_multiple"] is not None:
        x = format_number(view["required_multiple"], 1)
        text += say("required", "multiple", m=months["m"], x=x)
    return text


def _missed_text(view: View) -> str:
    if view["target_kind"] == "growth" and view.not_reached:
        x = round_half_up(abs(view["pace_gap_points"]), 1)
        return view.say("required", "december_growth" if x else "december_growth_just", x=f"{x:f}")
    if view["gap"] is None or view["target_kind"] == "ceiling":
        return ""
    return view.say("required", "missed", g=view.distance(view["gap"]))


def join_names(names: list[str]) -> str:
    """Join names by 、 as in 甲、乙、丙."""
    return "、".join(names)
