"""Selection of what a brief says first: problems, best indicators, and the conclusion."""

from __future__ import annotations

from kejistats.brief.sentences import join_names
from kejistats.brief.view import View

_SEVERITY = {"behind": 0, "slow": 1, "near": 2}
_TALLY = ("done", "reached_level", "ahead", "on_pace", "not_reached", "december_not_reached")
MAX_PROBLEMS = 5
MAX_WORST = 3
MAX_BEST = 2


def severity(view: View) -> tuple[int, float]:
    """Sort key of problems, worst first: behind, slow, near, worsened, low rank; then by size."""
    if view.not_reached:
        if view["target_kind"] == "growth":
            # 10 points below a growth target count like a pace ratio of 0.9.
            ratio = 1 + view["pace_gap_points"] / 100
        else:
            ratio = view["pace_ratio"] if view["pace_ratio"] is not None else 1.0
        return _SEVERITY[view["progress"]], ratio
    if view.worsened:
        value = abs(view.growth_value or 0)
        return 3, -(value if not view.in_points else value / 100)
    return 4, -(view["rank"] / view["ranked"])


def problems(rows: list[View]) -> list[View]:
    """Return the main indicators with a problem, worst first, at most five.

    A problem is a pace not reached, a movement against the indicator's direction, or a rank in
    the last third of at least six.
    """
    return sorted(filter(is_problem, rows), key=severity)[:MAX_PROBLEMS]


def is_problem(view: View) -> bool:
    """Whether an indicator is a problem, among the worst five or not."""
    return view.reported and (view.not_reached or view.worsened or view.in_last_third)


def best(rows: list[View]) -> list[View]:
    """Return the two best main indicators: most ahead of pace, else of the best rank."""

    def order(view: View) -> tuple[int, float, float]:
        lead = view["pace_ratio"] if view["pace_ratio"] is not None else 1.0
        if view["target_kind"] == "growth":
            lead = 1 + (view["pace_gap_points"] or 0) / 100
        position = view["rank"] / view["ranked"] if view.shows_rank else 1.0
        return (0 if view.reached else 1, -lead if view.reached else 0.0, position)

    candidates = [
        v for v in rows if not is_problem(v) and (v.reached or (v.improved and not v.assessed))
    ]
    return sorted(candidates, key=order)[:MAX_BEST]


def conclusion(rows: list[View]) -> str:
    """Say how many main indicators reach their pace, and which are not judged and why."""
    if not rows:
        return ""
    say = rows[0].say
    period = rows[0].checkpoint.word
    if not any(v.reported for v in rows):
        return say("conclusion", "no_data", period=period) + "。"
    assessed = [v for v in rows if v.assessed]
    text = _tally(assessed, period) if assessed else _growth_tally(rows, period)
    not_assessed = _not_assessed(rows)
    return "；".join(part for part in (text, not_assessed) if part) + "。"


def _tally_key(view: View) -> str:
    """Return the key of the word under which a judged indicator is counted."""
    if view["progress"] == "done":
        return "reached_level" if view.may_lapse else "done"
    if view.not_reached:
        return "december_not_reached" if view.target_period_over else "not_reached"
    return str(view["progress"])


def _tally(rows: list[View], period: str) -> str:
    say, december = rows[0].say, rows[0].checkpoint.month == 12
    keys = [_tally_key(v) for v in rows]
    parts = [say("conclusion", key, n=keys.count(key)) for key in _TALLY if key in keys]
    key = "assessed_december" if december else "assessed"
    return say("conclusion", key, period=period, n=len(rows), parts="，".join(parts))


def movements(rows: list[View]) -> str:
    """Count the indicators that improved, worsened and stayed: 9项向好，1项趋弱."""
    up, down = sum(v.improved for v in rows), sum(v.worsened for v in rows)
    counts = {"moved_up": up, "moved_down": down, "moved_flat": len(rows) - up - down}
    return "，".join(rows[0].say("conclusion", key, n=n) for key, n in counts.items() if n)


def _growth_tally(rows: list[View], period: str) -> str:
    """Count changes of figures and ranks, where no target can be judged."""
    say = rows[0].say
    moved = [v for v in rows if v.reported and v.growth_value is not None]
    if not moved:
        return say("conclusion", "none_assessed", period=period)
    text = say("conclusion", "moved", period=period, n=len(moved), parts=movements(moved))
    changes = [v["rank_change"] for v in rows if v.shows_rank and v["rank_change"] is not None]
    if changes:
        risen, fallen = sum(c > 0 for c in changes), sum(c < 0 for c in changes)
        text += "；" + say(
            "conclusion", "ranks", n=risen, m=fallen, k=len(changes) - risen - fallen
        )
    return text


def _not_assessed(rows: list[View]) -> str:
    say = rows[0].say
    waiting = [v for v in rows if v["progress"] == "not_due"]
    by_frequency: dict[str, list[str]] = {}
    for view in waiting:
        if view.not_expected:
            frequency = view.words["frequency"][view.indicator["frequency"]]
            by_frequency.setdefault(frequency, []).append(view.short)
    before_node = [v.short for v in waiting if not v.not_expected]
    parts = []
    if before_node:
        parts.append(say("conclusion", "not_due_node", names=join_names(before_node)))
    parts += [
        say("conclusion", "not_due_frequency", names=join_names(names), frequency=frequency)
        for frequency, names in by_frequency.items()
    ]
    text = say("conclusion", "not_assessed", parts="，".join(parts)) if parts else ""
    unreported = []
    for status in ("masked", "missing"):
        names = [
            v.short for v in rows if v["status"] == status and v not in waiting and not v.no_total
        ]
        if names:
            unreported.append(say("conclusion", status, names=join_names(names)))
    return "；".join(part for part in (text, "，".join(unreported)) if part)
