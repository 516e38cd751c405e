"""数据说明: what is masked, missing, revised or derived, and the rules and limits used."""

from __future__ import annotations

from kejistats.brief.bundle import Bundle
from kejistats.brief.contribution import contribution_clause, outlook_clause
from kejistats.brief.sentences import join_names, plan_sentence
from kejistats.brief.view import View
from kejistats.metrics.totals import DERIVED_TOTAL
from kejistats.model.numbers import format_number, format_percent, format_signed, round_half_up

_MAX_NAMES = 12


def _names(rows: list[View]) -> str:
    """List names; of a long list only the first and how many there are."""
    names = [v.name for v in rows]
    if len(names) > _MAX_NAMES:
        return f"{join_names(names[:_MAX_NAMES])}等{len(names)}项"
    return join_names(names)


def data_notes(bundle: Bundle, rows: list[View], *, with_methods: bool = True) -> list[str]:
    """Return the notes on the data of a page, in the order of the page.

    Parameters
    ----------
    bundle
        The page's bundle.
    rows
        The rows that the page shows.
    with_methods
        Whether to explain how a brief's sentences on contributions and outlook are made.
    """
    words = bundle.content["words"]["notes"]
    say = {key: text.format for key, text in words.items()}
    texts: list[str] = []

    def about(key: str, views: list[View]) -> None:
        if views:
            texts.append(str(say[key](names=_names(views))))

    about("masked", [v for v in rows if v["status"] == "masked"])
    missing = [v for v in rows if v["status"] == "missing" and not v.not_expected]
    about("missing", [v for v in missing if not v.no_total])
    about("no_total", [v for v in missing if v.no_total])
    about("not_applicable", [v for v in rows if v["status"] == "not_applicable"])
    grades = _grades(bundle, rows)
    if grades:
        texts.append(str(say["grade"](grades=grades)))
    about("bound", [v for v in rows if v.reported and v["bound"] != "exact"])
    texts += _revised(bundle, rows)
    texts += _published(rows)
    about("derived", [v for v in rows if v.reported and " ÷ " in (v["source"] or "")])
    about("total", [v for v in rows if v["source"] == DERIVED_TOTAL])
    about("no_base", [v for v in rows if v["target_reason"] == "base_missing"])
    texts += _targets(rows)
    texts += _pace(rows)
    about("no_profile", [v for v in rows if v["target_reason"] == "no_profile"])
    settings = bundle.content["settings"]
    limits = settings["thresholds"]
    if any(v.assessed for v in rows) and bundle.checkpoint.month < 12:
        texts.append(str(say["thresholds"](
            ahead=format_percent(limits["ahead"], 0), on_pace=format_percent(limits["on_pace"], 0),
            near=format_percent(limits["near"], 0), slow=format_percent(limits["slow"], 0),
            small=format_number(limits["small_count"]), g1=format_signed(limits["growth_ahead"], 1),
            g0=format_signed(limits["growth_on_pace"], 1),
            g2=format_signed(limits["growth_near"], 1),
        )))  # fmt: skip
    if any(v.shows_rank for v in rows):
        coverage = format_percent(limits["rank_coverage"], 0)
        texts.append(str(say["rank"](scope=settings["scope"], coverage=coverage)))
    main = [v for v in rows if v.indicator["id"] in bundle.content["headline"]]
    if with_methods and any(contribution_clause(v) for v in main):
        texts.append(
            str(
                say["pulled"](
                    scope=settings["scope"], times=format_number(limits["contribution_times"], 1)
                )
            )
        )
    if with_methods and any(outlook_clause(v) and plan_sentence(v) for v in main):
        texts.append(str(say["outlook"]()))
    texts.append(str(say["rounding"]()))
    return texts + list(settings["notes"])


def _grades(bundle: Bundle, rows: list[View]) -> str:
    """Say the most frequent grade, and name the indicators of other grades."""
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
    say, texts = bundle.content["words"]["notes"], []
    by_id = {v.id: v for v in rows}
    for revision in bundle.content["revisions"]:
        view = by_id.get(revision["indicator"])
        if view is None or not view.reported:
            continue
        base_used = view["published_growth"] is None and view["yoy_reason"] is None
        key = "revised_base" if base_used else "revised_base_only"
        if revision["year"] == bundle.checkpoint.year:
            key = "revised"
        old, new = view.amount(revision["first"]), view.amount(revision["last"])
        text = str(say[key].format(name=view.name, B0=old, B1=new))
        if "note" in revision:
            text = f"{text.removesuffix('。')}（{revision['note']}）。"
        texts.append(text)
    return texts


def _published(rows: list[View]) -> list[str]:
    """Say where published growth cannot be checked, or differs from that of the figures."""
    texts = []
    alone = [v for v in rows if v["published_growth"] is not None and v["base"] is None]
    if shown := [v for v in alone if v.reported]:
        texts.append(shown[0].say("notes", "published_only", names=_names(shown)))
    for view in rows:
        published, computed = view["published_growth"], view["yoy"]
        if published is None or computed is None:
            continue
        p, y = round_half_up(published * 100, 1), round_half_up(computed * 100, 1)
        if p != y:
            texts.append(view.say("notes", "published", name=view.name, p=f"{p:f}%", y=f"{y:f}%"))
    return texts


def _targets(rows: list[View]) -> list[str]:
    """Say which figures have another cut-off date, and which targets were revised or start late."""
    texts = []
    for view in rows:
        if view["as_of"] is not None and view["value"] is not None:
            date = f"{view['as_of'].month}月{view['as_of'].day}日"
            paced = view["share_due"] is not None and view["pace_rule"] != "none"
            texts.append(
                view.say("notes", "as_of" if paced else "told_through", name=view.name, date=date)
            )
        if view["target"] is None:
            continue
        if view["target_original"] is not None:
            original = View(
                view.row | {"target": view["target_original"]},
                *(view.indicator, view.words, view.settings, view.checkpoint),
            )
            texts.append(
                view.say("notes", "target", name=view.name, T0=original.target(), T1=view.target())
            )
        if view["target_start"]:
            month = view["target_start"] + 1
            texts.append(view.say("notes", "start", name=view.name, month=month))
    return texts


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
        f"{join_names([v.short for v in views])}{words['pace_rule'][rule]}"
        for rule, views in by_rule.items()
    )
    texts = [str(words["notes"]["pace"].format(rules=rules))]
    return texts + [_profile(view) for view in by_rule.get("seasonal", []) if view["pace_years"]]


def _profile(view: View) -> str:
    return view.say(
        "notes",
        "profile",
        name=view.short,
        years=view["pace_years"],
        p=format_percent(view["share_due"]),
        lo=format_percent(view["share_due_low"]),
        hi=format_percent(view["share_due_high"]),
    )
