"""What a brief says first: tally, best and worst, problems; by the figures alone."""

from __future__ import annotations

from kejistats.brief.sentences import listed
from kejistats.brief.view import View

_SEVERITY = {"behind": 0, "slow": 1, "near": 2}
_TALLY = ("done", "reached_level", "ahead", "on_pace", "not_reached", "december_not_reached")
PROBLEMS = 5
WORST = 3
BEST = 2


def severity(view: View) -> tuple[int, float]:
    """Order problems worst first: behind, slow, near, fell, low rank; then by how far."""
    if view.not_reached:
        if view["target_kind"] == "growth":
            # Points below a growth target and pace ratios share one scale of badness.
            distance = 1 + view["pace_gap_points"] / 100
        else:
            distance = view["pace_ratio"] if view["pace_ratio"] is not None else 1.0
        return _SEVERITY[view["progress"]], distance
    if view.worsened:
        value = abs(view.growth_value or 0)
        return 3, -(value if not view.in_points else value / 100)
    return 4, -(view["rank"] / view["ranked"])


def problems(rows: list[View]) -> list[View]:
    """Return the main indicators with a problem, worst first, at most five.

    A problem is: not reaching the pace, moved against its direction, or in the last third of
    at least six ranked.
    """
    return sorted(filter(problem_rows, rows), key=severity)[:PROBLEMS]


def problem_rows(view: View) -> bool:
    """Say whether an indicator is a problem, be it among the worst five or not."""
    return view.reported and (view.not_reached or view.worsened or view.in_last_third)


def best(rows: list[View]) -> list[View]:
    """Return the two best: reached with the most to spare, else the best ranked."""

    def order(view: View) -> tuple[int, float, float]:
        lead = view["pace_ratio"] if view["pace_ratio"] is not None else 1.0
        if view["target_kind"] == "growth":
            lead = 1 + (view["pace_gap_points"] or 0) / 100
        place = view["rank"] / view["ranked"] if view.ranks else 1.0
        return (0 if view.reached else 1, -lead if view.reached else 0.0, place)

    found = [
        v for v in rows if not problem_rows(v) and (v.reached or (v.improved and not v.assessed))
    ]
    return sorted(found, key=order)[:BEST]


def conclusion(rows: list[View]) -> str:
    """Return the sentence of the tally: how many of the main indicators reach their pace."""
    if not rows:
        return ""
    say = rows[0].say
    period = rows[0].checkpoint.word
    if not any(v.reported for v in rows):
        return say("conclusion", "no_data", period=period) + "。"
    assessed = [v for v in rows if v.assessed]
    text = _tally(assessed, period) if assessed else _movement(rows, period)
    apart = _not_assessed(rows)
    return "；".join(part for part in (text, apart) if part) + "。"


def _tally_key(view: View) -> str:
    """Return under which word a judged indicator is counted."""
    if view["progress"] == "done":
        return "reached_level" if view.may_lapse else "done"
    if view.not_reached:
        return "december_not_reached" if view.final else "not_reached"
    return str(view["progress"])


def _tally(rows: list[View], period: str) -> str:
    say, december = rows[0].say, rows[0].checkpoint.month == 12
    keys = [_tally_key(v) for v in rows]
    parts = [say("conclusion", key, n=keys.count(key)) for key in _TALLY if key in keys]
    key = "assessed_december" if december else "assessed"
    return say("conclusion", key, period=period, n=len(rows), parts="，".join(parts))


def movements(rows: list[View]) -> str:
    """Count the indicators that moved for better, for worse, or not: 9项向好，1项趋弱."""
    up, down = sum(v.improved for v in rows), sum(v.worsened for v in rows)
    counts = {"moved_up": up, "moved_down": down, "moved_flat": len(rows) - up - down}
    return "，".join(rows[0].say("conclusion", key, n=n) for key, n in counts.items() if n)


def _movement(rows: list[View], period: str) -> str:
    """Return the tally of growth and ranks, where no target can be judged."""
    say = rows[0].say
    moved = [v for v in rows if v.reported and v.growth_value is not None]
    if not moved:
        return say("conclusion", "none_assessed", period=period)
    text = say("conclusion", "moved", period=period, n=len(moved), parts=movements(moved))
    changes = [v["rank_change"] for v in rows if v.ranks and v["rank_change"] is not None]
    if changes:
        risen, fallen = sum(c > 0 for c in changes), sum(c < 0 for c in changes)
        text += "；" + say(
            "conclusion", "ranks", n=risen, m=fallen, k=len(changes) - risen - fallen
        )
    return text


def _not_assessed(rows: list[View]) -> str:
    say = rows[0].say
    waiting = [v for v in rows if v["progress"] == "not_due"]
    off: dict[str, list[str]] = {}
    for view in waiting:
        if view.not_expected:
            off.setdefault(view.words["frequency"][view.indicator["frequency"]], []).append(
                view.short
            )
    nodes = [v.short for v in waiting if not v.not_expected]
    parts = []
    if nodes:
        parts.append(say("conclusion", "not_due_node", names=listed(nodes)))
    parts += [
        say("conclusion", "not_due_frequency", names=listed(names), frequency=frequency)
        for frequency, names in off.items()
    ]
    text = say("conclusion", "not_assessed", parts="，".join(parts)) if parts else ""
    silent = []
    for status in ("masked", "missing"):
        names = [
            v.short for v in rows if v["status"] == status and v not in waiting and not v.no_total
        ]
        if names:
            silent.append(say("conclusion", status, names=listed(names)))
    return "；".join(part for part in (text, "，".join(silent)) if part)
