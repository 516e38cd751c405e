"""Sentences over metric rows: one indicator's clauses, and lists of several."""

from __future__ import annotations

import re

from kejistats.brief.contribution import contribution_clause, outlook, share_clause
from kejistats.brief.view import View
from kejistats.model.numbers import percent, plain, rounded, vanishes
from kejistats.model.tables.metric import NOT_REACHED

_TENTHS = "零一二三四五六七八九"


def titled(view: View) -> str:
    """Return the name with its figure: 高企申报数 + 40家 → 高企申报40家, of a ratio linked by 为."""
    ratio = view.indicator["measure"] == "ratio"
    return f"{view.name if ratio else stem(view)}{view.figure(linked=ratio)}"


def stem(view: View) -> str:
    """Return the name without the 数 that its figure makes needless."""
    return re.sub(r"(?<![总人次])数$", "", view.name)


def share_word(share: float) -> str:
    """Print a limit such as 0.6 as 六成, others as a percentage.

    Examples
    --------
    >>> share_word(0.6), share_word(0.65)
    ('六成', '65%')
    """
    tenths = rounded(share * 10, 6)
    if tenths == int(tenths) and 0 < tenths < 10:
        return f"{_TENTHS[int(tenths)]}成"
    return percent(share, 0)


def pace(view: View) -> str:
    """Say how the figure stands against its target; empty where nothing can be said."""
    if view["target"] is None or not view.reported:
        return ""
    text = _pace(view)
    if text and view["bound"] == "about" and view["progress"] == "done":
        text = view.say("pace", "by_report", text=text)
    if text and view["target_strength"] == "implied":
        text += view.words["pace"]["implied"]
    return text


def _pace(view: View) -> str:
    say, progress = view.say, view["progress"]
    if view["target_reason"] == "bound_open":
        open_ = say("pace", "bound_open", status=view.status)
        return "，".join(part for part in (_reach(view), open_) if part)
    if progress == "not_due":
        return say("pace", "not_due_node")
    match view["target_kind"]:
        case "growth":
            return _growth_pace(view)
        case "ceiling":
            return _ceiling(view)
    if progress == "done":
        return _done(view)
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
    if view["target_kind"] == "level" and _held(view):
        return say("pace", "hold", T=view.amount(view["target"]), g=gap)
    if (view["attainment"] or 0) < 0 and view["target_kind"] not in ("level", "multi_year"):
        # A share of the target that is below zero is none.
        return say("pace", "short_level", g=gap)
    if (view["attainment"] or 0) < 0:
        fallen = view.distance(view["target_base"] - view["value"])
        if view["target_kind"] == "multi_year":
            return say("pace", "multi_year_negative", n=fallen, g=gap, year=view["target_year"])
        return say("pace", "level_negative", n=fallen, g=gap)
    reach = _reach(view)
    # Of an inexact figure, what is missing is only what follows from the number as reported.
    unsure = "_open" if view["bound"] in ("about", "at_least", "more_than") else ""
    if view.final:
        key = f"short{unsure}" if reach else "short_level"
        return say("pace", key, reach=reach, g=gap)
    points = rounded(abs(view["pace_gap_points"] or 0), 1)
    key = progress if reach else f"level_{progress}"
    if reach and progress in NOT_REACHED:
        key += unsure
    if reach and points == 0:
        key = {"ahead": "on_pace", "near": "near_just"}.get(key, key)
    parts = {
        "reach": reach,
        "g": gap,
        "pace": _rule(view),
        "d": _derived(view, f"{points:f}个百分点"),
        "n": view.distance(view["pace_gap"]) if view["pace_gap"] is not None else "",
        "share": share_word(view.settings["thresholds"]["slow"]),
    }
    return say("pace", key, **parts)


def _ceiling(view: View) -> str:
    limit = view.amount(view["target"])
    if view["gap"] is not None:
        return view.say("pace", "ceiling_over", T=limit, h=view.distance(view["gap"]))
    left = view.distance(view["surplus"])
    if view.not_reached and view["target"] > 0:
        used = percent(view["value"] / view["target"], below=1)
        return view.say("pace", "ceiling_fast", T=limit, c=used, h=left)
    return view.say("pace", "ceiling_within", T=limit, h=left)


def _reach(view: View) -> str:
    """Say how much of the target, or of the increase to it, is done; empty without a rate."""
    if view["attainment"] is None:
        return ""
    words, bound = view.words["pace"], view["bound"]
    goal = words.get(f"goal_{view['target_kind']}", words["goal"])
    c = percent(view["attainment"], below=1)
    if vanishes(view["attainment"]) and bound in ("exact", "about"):
        bound, c = "less_than", "0.1%"
    return view.say("pace", f"reach_{bound}", goal=goal, c=c)


def _rule(view: View) -> str:
    """Name the pace that a figure is held against."""
    years = len((view["pace_years"] or "").split("、"))
    text = str(view.words["pace"].get(f"pace_{view['pace_rule']}", ""))
    return text.format(k="两" if years == 2 else "三")


def _derived(view: View, text: str) -> str:
    """Give a surplus the bound of the figure it follows from."""
    bound = "at_least" if view["bound"] == "more_than" else view["bound"]
    return view.say("bound", bound, A=text)


def _held(view: View) -> bool:
    return view["target_base"] is not None and view["target"] <= view["target_base"]


def _growth_pace(view: View) -> str:
    points = view["pace_gap_points"]
    if points is None:
        return ""
    shown = rounded(points, 1)
    if shown == 0 and view.not_reached:
        return view.say("pace", "growth_just_under")
    key = "growth_over" if shown > 0 else "growth_under" if shown < 0 else "growth_equal"
    return view.say("pace", key, x=f"{abs(shown):f}")


def _done(view: View) -> str:
    say = view.say
    if view.may_lapse:
        key = "net_reached" if view["target_kind"] == "net" else "level_reached"
        return say("pace", key, T=view.amount(view["target"]))
    term = view["target_kind"] == "multi_year"
    early = "done_term" if term else "done_early"
    done = say("pace", "done" if view.final and not term else early)
    if view["surplus"]:
        return say("pace", "done_over", done=done, s=_derived(view, view.distance(view["surplus"])))
    return done


def sentence(view: View, *, standing: bool = True, whole: bool = True) -> str:
    """Say all that the figures of one indicator say, without a full stop.

    Parameters
    ----------
    view
        The row.
    standing
        Whether the rank is said.
    whole
        Whether the part in the whole and in its growth is said.
    """
    if view.not_expected:
        frequency = view.words["frequency"][view.indicator["frequency"]]
        return view.name + view.say("pace", "not_due_frequency", frequency=frequency)
    if not view.reported:
        return f"{view.name}{view.figure()}"
    clauses = [titled(view), view.growth(), pace(view)]
    if standing:
        clauses.append(view.standing())
    if standing and whole:
        clauses += [share_clause(view), contribution_clause(view)]
    return "，".join(clause for clause in clauses if clause)


def required(view: View, *, gap_said: bool = False) -> str:
    """Say what the rest of the year requires of an indicator; empty where nothing follows.

    Parameters
    ----------
    view
        The row.
    gap_said
        Whether the distance to a level target was said before and need not be repeated.
    """
    if view["target"] is None or not view.reported:
        return ""
    text = _required(view, gap_said=gap_said)
    return (
        view.say("required", "by_report", text=text) if text and view["bound"] != "exact" else text
    )


def planned(view: View) -> str:
    """Say what the rest of the year requires and where it would end; empty where nothing follows."""
    text = required(view)
    return (
        "，".join(part for part in (f"{stem(view)}{text}", outlook(view)) if part) if text else ""
    )


def _required(view: View, *, gap_said: bool) -> str:
    period, rest = view.checkpoint.word, view.checkpoint.rest
    say, kind = view.say, view["target_kind"]
    if view.final:
        return _missed(view)
    if kind == "ceiling":
        if view["gap"] is not None:
            return say("required", "over", h=view.distance(view["gap"]))
        return say("required", "within", rest=rest, h=view.distance(view["surplus"]))
    q = view["required_growth"]
    if q is not None and (kind == "growth" or view["pace_rule"] in ("seasonal", "none")):
        shown = rounded(q * 100, 1)
        way = "" if shown >= 0 else "_fall"
        parts = {
            "rest": rest,
            "q": f"{abs(shown):f}%",
            "T": f"{plain(view['target'], 1).removesuffix('.0')}%" if kind == "growth" else "",
            "g": view.distance(view["gap"]) if view["gap"] is not None else "",
        }
        text = say(
            "required", f"growth_target{way}" if kind == "growth" else f"growth{way}", **parts
        )
        now = view.growth_value
        if way == "" and now is not None and kind != "growth":
            # The difference of the two printed percentages, so that readers can follow it.
            apart = shown - rounded(now * 100, 1)
            if apart:
                key = "above" if apart > 0 else "below"
                text += say("required", key, period=period, z=f"{abs(apart):f}")
        return text
    if view["gap"] is None:
        return ""
    gap = view.distance(view["gap"])
    if kind == "multi_year":
        return say("required", "multi_year", year=view["target_year"], g=gap)
    if view["required_per_month"] is None:
        return say("required", "gap", g=gap)
    gone = view.checkpoint.elapsed(view["as_of"])
    digits = 0 if gone == int(gone) else 1
    months = {"k": plain(12 - gone, digits), "m": plain(gone, digits)}
    if kind == "level" or view.indicator["measure"] == "ratio":
        said = "" if gap_said else say("required", "level", g=gap)
        if view["pace_rule"] in ("nodes", "none"):
            return said
        month = say("required", "level_month", k=months["k"], r=view.required())
        return "，".join(part for part in (said, month) if part)
    if view["pace_rule"] in ("nodes", "seasonal", "half", "none"):
        return say("required", "gap", g=gap)
    text = say("required", "month", g=gap, k=months["k"], r=view.required())
    if view["required_multiple"] is not None:
        x = plain(view["required_multiple"], 1)
        text += say("required", "multiple", m=months["m"], x=x)
    return text


def _missed(view: View) -> str:
    if view["target_kind"] == "growth" and view.not_reached:
        x = rounded(abs(view["pace_gap_points"]), 1)
        return view.say("required", "december_growth" if x else "december_growth_just", x=f"{x:f}")
    if view["gap"] is None or view["target_kind"] == "ceiling":
        return ""
    return view.say("required", "missed", g=view.distance(view["gap"]))


def listed(names: list[str]) -> str:
    """Join names as a list: 甲、乙、丙."""
    return "、".join(names)
