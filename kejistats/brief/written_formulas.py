"""How the numbers of a table row follow from the figures beside them, written out."""

from __future__ import annotations

from kejistats.brief.contribution import contribution_clause, share_clause
from kejistats.brief.view import View
from kejistats.model.numbers import percent, plain

# Kinds of targets whose completion and pace are those of the increase (definitions §5).
_INCREASES = {"level", "net", "multi_year"}


def formulas(view: View) -> list[str]:
    """Return the sums behind growth, completion and pace with their figures put in.

    The figures are in the registry's unit and rounded as it prints them; the results are worked
    out from unrounded ones (definitions §6, §7, §10).

    Parameters
    ----------
    view
        The row.

    Returns
    -------
    list of str
        Such as 同比（215−180）÷180; empty where nothing was computed.
    """
    if not view.reported or view["value"] is None:
        return []
    parts = (_growth(view), _attainment(view), _due(view), *_share(view))
    return [text for text in parts if text]


def _growth(view: View) -> str:
    if view["published_growth"] is not None:
        return view.say("formula", "growth_published")
    if view["yoy"] is None and view["yoy_points"] is None:
        return ""
    key = "growth" if view["yoy"] is not None else "growth_points"
    return view.say("formula", key, A=_number(view, "value"), B=_number(view, "base"))


def _attainment(view: View) -> str:
    if view["attainment"] is None:
        return ""
    parts = {"A": _number(view, "value"), "T": _number(view, "target")}
    if view["target_kind"] not in _INCREASES:
        return view.say("formula", "attainment", **parts)
    key = "attainment_net" if view["target_kind"] == "net" else "attainment_increase"
    return view.say("formula", key, **parts, S=_number(view, "target_base"))


def _due(view: View) -> str:
    if view["due"] is None or not view["share_due"]:
        return ""
    target = _number(view, "target")
    if view["target_kind"] in _INCREASES - {"net"}:
        base = _number(view, "target_base")
        return view.say("formula", "due_increase", p=percent(view["share_due"]), T=target, S=base)
    return view.say("formula", "due", p=percent(view["share_due"]), T=target)


def _share(view: View) -> list[str]:
    """Return the sums of the share, of last year's and of 拉动, with the whole's source cells."""
    scope, found = view.settings["scope"], []
    if share_clause(view) and view["whole"] is not None:
        whole = {"W": _number(view, "whole"), "scope": scope, "source": view["whole_source"]}
        found.append(view.say("formula", "share", A=_number(view, "value"), **whole))
    if view["whole_base"] is None or not (
        view["share_change"] is not None or contribution_clause(view)
    ):
        return found
    base = {"B": _number(view, "base"), "W0": _number(view, "whole_base")}
    source = view["whole_base_source"]
    found.append(view.say("formula", "share_before", **base, scope=scope, source=source))
    if contribution_clause(view):
        found.append(view.say("formula", "pulled", A=_number(view, "value"), **base))
    return found


def _number(view: View, column: str) -> str:
    # A ratio that was worked out differs from last year's by less than it is printed with.
    more = view.indicator["measure"] == "ratio" and " ÷ " in (view["source"] or "")
    text = plain(view[column], view.indicator["decimals"] + (1 if more else 0))
    return f"（{text}）" if text.startswith("-") else text
