"""What a figure is of the whole, what it did for it, and where its year would end."""

from __future__ import annotations

from kejistats.brief.view import View
from kejistats.model.numbers import between, percent, rounded, vanishes


def share_clause(view: View) -> str:
    """Say the share and how it changed; empty where there is none that is exact."""
    if view["share"] is None or view["share_bound"] != "exact":
        return ""
    text = view.say("standing", "share", scope=view.settings["scope"], s=view.share())
    change = rounded(view["share_change"] or 0, 1)
    if not change or vanishes(view["share"]):
        return text
    key = "share_risen" if change > 0 else "share_fallen"
    return text + view.say("standing", key, p=f"{abs(change):f}")


def contribution_clause(view: View) -> str:
    """Say what its change did for the growth of the whole; empty where that is unknown."""
    points, rate = view["contribution"], view["contribution_rate"]
    shown = rounded(points or 0, 1)
    if not shown or not view.reported or not _pulls(view, rate):
        return ""
    key, scope = "pulled_up" if shown > 0 else "pulled_down", view.settings["scope"]
    text = view.say("standing", key, scope=scope, p=f"{abs(shown):f}")
    # Of a whole that fell, or against which it moved, a rate would read as its opposite.
    if rate is not None and shown > 0 and rate > 0:
        text += view.say("standing", "pulled_rate", w=percent(rate))
    return text


def _pulls(view: View, rate: float | None) -> bool:
    """Whether it moved the whole by more than its weight, or against its growth."""
    limits, whole = view.settings["thresholds"], view["whole_base"]
    # Of a few, one more or less would move the whole by much.
    if whole is None or (view.counted and view["base"] < limits["growth_base"]):
        return False
    if view["contribution"] < 0:
        return True
    weight = view["base"] / whole
    return rate is not None and bool(rate >= limits["contribution_times"] * weight)


def outlook(view: View) -> str:
    """Say where the year would end mechanically; empty where no honest band follows.

    Of flows with a seasonal pace only: its years, lowest and highest, are in the notes. Of
    nothing, of a few, or with both ends printed alike it would look like a forecast.
    """
    limits, years = view.settings["thresholds"], view["pace_years"]
    paced = view["outlook_rule"] == view["pace_rule"] == "seasonal"
    if not paced or view.final or view.indicator["measure"] != "flow" or not years:
        return ""
    if view["value"] <= 0 or (view.counted and view["value"] < limits["small_count"]):
        return ""
    low, high = (
        "" if view[end] is None else view.amount(view[end], trim=False)
        for end in ("outlook_low", "outlook_high")
    )
    if low == high:
        return ""
    if low and high:
        band = between(low, high)
    else:
        key = "outlook_at_least" if low else "outlook_at_most"
        band = view.say("required", key, A=low or high)
    # The parent's profile reads 上级2022、2023、2024.
    above = "" if years[:1].isdigit() else view.words["pace"]["parent"]
    return view.say("required", "outlook_seasonal", band=band, parent=above)
