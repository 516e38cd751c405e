"""Sentences over metric rows: one indicator's clauses, and lists of several (brief.md)."""

from __future__ import annotations

import re

from kejistats.brief.view import View
from kejistats.numbers import percent, plain, rounded

_TENTHS = "零一二三四五六七八九"


def title(view: View) -> str:
    """Return the name as it stands before its figure: 高企申报数 + 40家 → 高企申报40家.

    A ratio is linked with 为.
    """
    return f"{view.name}为" if view.indicator["measure"] == "ratio" else stem(view)


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
    return (
        text + view.words["pace"]["implied"]
        if text and view["target_strength"] == "implied"
        else text
    )


def _pace(view: View) -> str:
    say, progress = view.say, view["progress"]
    if view["target_reason"] == "bound_open":
        return say("pace", "bound_open")
    if progress == "not_due":
        return say("pace", "not_due_node")
    match view["target_kind"]:
        case "growth":
            return _growth_pace(view)
        case "ceiling":
            over = view["gap"] is not None
            key, amount = (
                ("ceiling_over", view["gap"]) if over else ("ceiling_within", view["surplus"])
            )
            return say("pace", key, T=view.amount(view["target"]), h=view.distance(amount))
    if progress == "done":
        return _done(view)
    if (
        view["target_kind"] == "net"
        and view["attainment"] is None
        and view["target_base"] is not None
    ):
        fallen = view["target_base"] - view["value"]
        return say("pace", "net_negative", n=view.distance(fallen), T=view.amount(view["target"]))
    gap = view.distance(view["gap"]) if view["gap"] is not None else ""
    if view["target_kind"] == "level" and _held(view):
        return say("pace", "hold", T=view.amount(view["target"]), g=gap)
    c = view.attainment()
    if view.checkpoint.month == 12:
        return say("pace", "short", c=c, g=gap) if c else say("pace", "short_level", g=gap)
    prefix = "" if c else "level_"
    parts = {
        "c": c,
        "g": gap,
        "pace": view.words["pace"].get(f"pace_{view['pace_rule']}", ""),
        "d": plain(abs(view["pace_gap_points"] or 0), 1),
        "n": view.distance(view["pace_gap"]) if view["pace_gap"] is not None else "",
        "share": share_word(view.settings["thresholds"]["slow"]),
    }
    return say("pace", f"{prefix}{progress}", **parts)


def _held(view: View) -> bool:
    return view["target_base"] is not None and view["target"] <= view["target_base"]


def _growth_pace(view: View) -> str:
    points = view["pace_gap_points"]
    if points is None:
        return ""
    shown = rounded(points, 1)
    key = "growth_over" if shown > 0 else "growth_under" if shown < 0 else "growth_equal"
    return view.say("pace", key, x=f"{abs(shown):f}")


def _done(view: View) -> str:
    say = view.say
    if view.may_lapse:
        return say("pace", "level_reached", T=view.amount(view["target"]))
    done = say("pace", "done" if view.checkpoint.month == 12 else "done_early")
    if view["surplus"]:
        return say("pace", "done_over", done=done, s=view.distance(view["surplus"]))
    return done


def sentence(view: View, *, standing: bool = True) -> str:
    """Say all that the figures of one indicator say, without a full stop."""
    if view.not_expected:
        frequency = view.words["frequency"][view.indicator["frequency"]]
        return view.name + view.say("pace", "not_due_frequency", frequency=frequency)
    if not view.reported:
        return f"{view.name}{view.figure()}"
    clauses = [f"{title(view)}{view.figure()}", view.growth(), pace(view)]
    if standing:
        clauses.append(view.standing())
        if view["share"] is not None and view["share_bound"] == "exact":
            share = percent(view["share"])
            clauses.append(view.say("standing", "share", scope=view.settings["scope"], s=share))
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
    if view["target"] is None or not view.reported or view["target_reason"] == "bound_open":
        return ""
    period, rest = view.checkpoint.word, view.checkpoint.rest
    say, kind = view.say, view["target_kind"]
    if view.checkpoint.month == 12:
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
    if view["required_per_month"] is None:
        return say("required", "gap", g=gap)
    if kind in ("level", "multi_year") or view.indicator["measure"] == "ratio":
        said = "" if gap_said else say("required", "level", g=gap)
        if view["pace_rule"] in ("nodes", "none"):
            return said
        month = say("required", "level_month", k=view.checkpoint.remaining, r=view.required())
        return "，".join(part for part in (said, month) if part)
    if view["pace_rule"] in ("nodes", "seasonal", "half", "none"):
        return say("required", "gap", g=gap)
    text = say("required", "month", g=gap, k=view.checkpoint.remaining, r=view.required())
    if view["required_multiple"] is not None:
        x = plain(view["required_multiple"], 1)
        text += say("required", "multiple", m=view.checkpoint.month, x=x)
    return text


def _missed(view: View) -> str:
    if view["target_kind"] == "growth" and view.not_reached:
        x = plain(abs(view["pace_gap_points"]), 1)
        return view.say("required", "december_growth", x=x)
    if view["gap"] is None or view["target_kind"] == "ceiling":
        return ""
    return view.say("required", "missed", g=view.distance(view["gap"]))


def listed(names: list[str]) -> str:
    """Join names as a list: 甲、乙、丙."""
    return "、".join(names)
