"""Formulas of a table row's numbers, written out with their figures."""

from __future__ import annotations

from kejistats.brief.contribution import contribution_clause, share_clause
from kejistats.brief.view import View
from kejistats.model.numbers import format_number, format_percent

# Kinds of targets whose completion and pace are of the increase over the base (definitions §5).
_INCREASES = {"level", "net", "multi_year"}


def formulas(view: View) -> list[str]:
    """Return the formulas of growth, completion, pace and share with their figures.

    Figures are in the registry's unit and rounded for print; the results on the page are computed
    from unrounded figures (definitions §6, §7, §10).

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
        return view.say(
            "formula", "due_increase", p=format_percent(view["share_due"]), T=target, S=base
        )
    return view.say("formula", "due", p=format_percent(view["share_due"]), T=target)


def _share(view: View) -> list[str]:
    """Return the formulas of the share, of last year's share and of the contribution."""
    scope, texts = view.settings["scope"], []
    if share_clause(view) and view["whole"] is not None:
        total = {"W": _number(view, "whole"), "scope": scope, "source": view["whole_source"]}
        texts.append(view.say("formula", "share", A=_number(view, "value"), **total))
    if view["whole_base"] is None or not (
        view["share_change"] is not None or contribution_clause(view)
    ):
        return texts
    base = {"B": _number(view, "base"), "W0": _number(view, "whole_base")}
    source = view["whole_base_source"]
    texts.append(view.say("formula", "share_before", **base, scope=scope, source=source))
    if contribution_clause(view):
        texts.append(view.say("formula", "pulled", A=_number(view, "value"), **base))
    return texts


def _number(view: View, column: str) -> str:
    # A computed ratio may differ from last year's by less than its printed decimals show.
    computed_ratio = view.indicator["measure"] == "ratio" and " ÷ " in (view["source"] or "")
    text = format_number(view[column], view.indicator["decimals"] + (1 if computed_ratio else 0))
    return f"（{text}）" if text.startswith("-") else text
