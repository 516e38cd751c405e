"""数据说明: what is masked, late, revised or derived, and the rules and limits used."""

from __future__ import annotations

from kejistats.brief.bundle import Bundle
from kejistats.brief.contribution import contribution_clause, outlook
from kejistats.brief.sentences import listed, planned
from kejistats.brief.view import View
from kejistats.metrics.totals import DERIVED_TOTAL
from kejistats.model.numbers import percent, plain, rounded, signed

_NAMES = 12


def _names(rows: list[View]) -> str:
    """List names, cut where a list would fill the page."""
    names = [v.name for v in rows]
    if len(names) > _NAMES:
        return f"{listed(names[:_NAMES])}等{len(names)}项"
    return listed(names)


def notes(bundle: Bundle, rows: list[View], *, spoken: bool = True) -> list[str]:
    """Return the notes on data of one brief, in the order in which they are shown.

    Parameters
    ----------
    bundle
        The bundle.
    rows
        The rows that the page shows.
    spoken
        Whether the page has the sentences of a brief, whose methods are to be told.
    """
    words = bundle.content["words"]["notes"]
    say = {key: text.format for key, text in words.items()}
    found: list[str] = []

    def about(key: str, some: list[View]) -> None:
        if some:
            found.append(str(say[key](names=_names(some))))

    about("masked", [v for v in rows if v["status"] == "masked"])
    late = [v for v in rows if v["status"] == "missing" and not v.not_expected]
    about("missing", [v for v in late if not v.no_total])
    about("no_total", [v for v in late if v.no_total])
    about("not_applicable", [v for v in rows if v["status"] == "not_applicable"])
    grades = _grades(bundle, rows)
    if grades:
        found.append(str(say["grade"](grades=grades)))
    about("bound", [v for v in rows if v.reported and v["bound"] != "exact"])
    found += _revised(bundle, rows)
    found += _published(rows)
    about("derived", [v for v in rows if v.reported and " ÷ " in (v["source"] or "")])
    about("total", [v for v in rows if v["source"] == DERIVED_TOTAL])
    about("no_base", [v for v in rows if v["target_reason"] == "base_missing"])
    found += _targets(rows)
    found += _pace(rows)
    about("no_profile", [v for v in rows if v["target_reason"] == "no_profile"])
    settings = bundle.content["settings"]
    limits = settings["thresholds"]
    if any(v.assessed for v in rows) and bundle.checkpoint.month < 12:
        found.append(str(say["thresholds"](
            ahead=percent(limits["ahead"], 0), on_pace=percent(limits["on_pace"], 0),
            near=percent(limits["near"], 0), slow=percent(limits["slow"], 0),
            small=plain(limits["small_count"]), g1=signed(limits["growth_ahead"], 1),
            g0=signed(limits["growth_on_pace"], 1), g2=signed(limits["growth_near"], 1),
        )))  # fmt: skip
    if any(v.ranks for v in rows):
        coverage = percent(limits["rank_coverage"], 0)
        found.append(str(say["rank"](scope=settings["scope"], coverage=coverage)))
    main = [v for v in rows if v.indicator["id"] in bundle.content["headline"]]
    if spoken and any(contribution_clause(v) for v in main):
        found.append(
            str(
                say["pulled"](scope=settings["scope"], times=plain(limits["contribution_times"], 1))
            )
        )
    if spoken and any(outlook(v) and planned(v) for v in main):
        found.append(str(say["outlook"]()))
    found.append(str(say["rounding"]()))
    return found + list(settings["notes"])


def _grades(bundle: Bundle, rows: list[View]) -> str:
    """Return the grade of the data, with the exceptions named."""
    words = bundle.content["words"]["grade"]
    by_grade: dict[str, list[View]] = {}
    for view in rows:
        if view.reported and view["grade"]:
            by_grade.setdefault(view["grade"], []).append(view)
    if not by_grade:
        return ""
    main, *others = sorted(by_grade, key=lambda g: -len(by_grade[g]))
    text = str(words[main])
    for grade in others:
        text += f"，其中{_names(by_grade[grade])}为{words[grade]}"
    return text


def _revised(bundle: Bundle, rows: list[View]) -> list[str]:
    say, found = bundle.content["words"]["notes"], []
    by_id = {v.id: v for v in rows}
    for revision in bundle.content["revisions"]:
        view = by_id.get(revision["indicator"])
        if view is None or not view.reported:
            continue
        used = view["published_growth"] is None and view["yoy_reason"] is None
        key = "revised_base" if used else "revised_base_only"
        if revision["year"] == bundle.checkpoint.year:
            key = "revised"
        old, new = view.amount(revision["first"]), view.amount(revision["last"])
        text = str(say[key].format(name=view.name, B0=old, B1=new))
        if "note" in revision:
            text = f"{text.removesuffix('。')}（{revision['note']}）。"
        found.append(text)
    return found


def _published(rows: list[View]) -> list[str]:
    """Say where the published growth stands alone, or differs from that of the figures."""
    found = []
    alone = [v for v in rows if v["published_growth"] is not None and v["base"] is None]
    if shown := [v for v in alone if v.reported]:
        found.append(shown[0].say("notes", "published_only", names=_names(shown)))
    for view in rows:
        published, computed = view["published_growth"], view["yoy"]
        if published is None or computed is None:
            continue
        p, y = rounded(published * 100, 1), rounded(computed * 100, 1)
        if p != y:
            found.append(view.say("notes", "published", name=view.name, p=f"{p:f}%", y=f"{y:f}%"))
    return found


def _targets(rows: list[View]) -> list[str]:
    """Say what moved a target or the time it is held against."""
    found = []
    for view in rows:
        if view["as_of"] is not None and view["value"] is not None:
            date = f"{view['as_of'].month}月{view['as_of'].day}日"
            paced = view["share_due"] is not None and view["pace_rule"] != "none"
            found.append(
                view.say("notes", "as_of" if paced else "told_through", name=view.name, date=date)
            )
        if view["target"] is None:
            continue
        if view["target_original"] is not None:
            original = View(
                view.row | {"target": view["target_original"]},
                *(view.indicator, view.words, view.settings, view.checkpoint),
            )
            found.append(
                view.say("notes", "target", name=view.name, T0=original.target(), T1=view.target())
            )
        if view["target_start"]:
            month = view["target_start"] + 1
            found.append(view.say("notes", "start", name=view.name, month=month))
    return found


def _pace(rows: list[View]) -> list[str]:
    assessed = [v for v in rows if v["share_due"] is not None and v.reported]
    by_rule: dict[str, list[View]] = {}
    for view in assessed:
        if view["target_kind"] != "growth":
            by_rule.setdefault(view["pace_rule"], []).append(view)
    if not by_rule or rows[0].checkpoint.month == 12:
        return []
    words = rows[0].words
    rules = "；".join(
        f"{listed([v.short for v in some])}{words['pace_rule'][rule]}"
        for rule, some in by_rule.items()
    )
    found = [str(words["notes"]["pace"].format(rules=rules))]
    return found + [_profile(view) for view in by_rule.get("seasonal", []) if view["pace_years"]]


def _profile(view: View) -> str:
    return view.say(
        "notes",
        "profile",
        name=view.short,
        years=view["pace_years"],
        p=percent(view["share_due"]),
        lo=percent(view["share_due_low"]),
        hi=percent(view["share_due_high"]),
    )
