"""Counts of reached and moved indicators, for the index of all pages."""

from __future__ import annotations

from kejistats.brief.view import View


def outcome_counts(rows: list[View]) -> dict[str, int]:
    """Count the main indicators that are reached, missed, improved and worsened.

    Parameters
    ----------
    rows
        The main indicators, of one district or of several.

    Returns
    -------
    dict of str to int
        reached, missed, improved, worsened.
    """
    moved = [v for v in rows if v.reported]
    return {
        "reached": sum(v.reached for v in rows),
        "missed": sum(v.not_reached for v in rows),
        "improved": sum(v.improved for v in moved),
        "worsened": sum(v.worsened for v in moved),
    }
