"""Clauses on a figure's share of the parent's total, its contribution, and its outlook."""

from __future__ import annotations

from kejistats.brief.view import View
from kejistats.model.numbers import format_interval, format_percent, prints_as_zero, round_half_up


def share_clause(view: View) -> str:
    """Say the share and how it changed; empty without an exact share."""
    if view["share"] is None or view["share_bound"] != "exact":
        return ""
    text = view.say("standing", "share", scope=view.settings["scope"], s=view.share())
    change = round_half_up(view["share_change"] or 0, 1)
    if not change or prints_as_zero(view["share"]):
        return text
    key = "share_risen" if change > 0 else "share_fallen"
    return text + view.say("standing", key, p=f"{abs(change):f}")


def contribution_clause(view: View) -> str:
    """Say how far its change moved the parent's total; empty where unknown or not notable."""
    points, rate = view["contribution"], view["contribution_rate"]
    shown = round_half_up(points or 0, 1)
    if not shown or not view.reported or not _moves_parent(view, rate):
        return ""
    key, scope = "pulled_up" if shown > 0 else "pulled_down", view.settings["scope"]
    text = view.say("standing", key, scope=scope, p=f"{abs(shown):f}")
    # If the total fell, or moved the other way, the rate would read as its opposite.
    if rate is not None and shown > 0 and rate > 0:
        text += view.say("standing", "pulled_rate", w=format_percent(rate))
    return text


def _moves_parent(view: View, rate: float | None) -> bool:
    """Whether it moved the parent's total by more than its weight, or downwards."""
    limits, parent_base = view.settings["thresholds"], view["whole_base"]
    # From a small base of counts, one more or less would look like a large contribution.
    if parent_base is None or (view.is_count and view["base"] < limits["growth_base"]):
        return False
    if view["contribution"] < 0:
        return True
    weight = view["base"] / parent_base
    return rate is not None and bool(rate >= limits["contribution_times"] * weight)


def outlook_clause(view: View) -> str:
    """Say the band in which the year would end by its seasonal pace; empty where none is said.

    Only for flows with a seasonal pace; the notes name its years, lowest and highest share. For
    zero, small counts and ends that print alike it is left out, since it would look like a
    forecast.
    """
    limits, years = view.settings["thresholds"], view["pace_years"]
    paced = view["outlook_rule"] == view["pace_rule"] == "seasonal"
    if not paced or view.target_period_over or view.indicator["measure"] != "flow" or not years:
        return ""
    if view["value"] <= 0 or (view.is_count and view["value"] < limits["small_count"]):
        return ""
    low, high = (
        "" if view[end] is None else view.amount(view[end], trim=False)
        for end in ("outlook_low", "outlook_high")
    )
    if low == high:
        return ""
    if low and high:
        band = format_interval(low, high)
    else:
        key = "outlook_at_least" if low else "outlook_at_most"
        band = view.say("required", key, A=low or high)
    # pace_years of an inherited profile read 上级2022、2023、2024.
    inherited = "" if years[:1].isdigit() else view.words["pace"]["parent"]
    return view.say("required", "outlook_seasonal", band=band, parent=inherited)
