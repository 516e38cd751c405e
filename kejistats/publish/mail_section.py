"""The section of a message on one page: conclusion, tally, key table, best and worst, charts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kejistats.brief import Brief, Bundle, Overview
from kejistats.brief.first_screen import best_sentences, most_missed
from kejistats.brief.grades import grade_word
from kejistats.brief.view import View, headline
from kejistats.publish.documents import Document, Picture

# Most rows of the key table, for readers on a phone; the attachment has all of them.
MAX_ROWS = 20


@dataclass(frozen=True)
class Section:
    """One page as shown in a message; all texts are plain, the template escapes them.

    Parameters
    ----------
    key, title, meta
        District code or ``overview``, the title, and the date of the data.
    name
        The district, or 总览.
    conclusion
        The opening paragraph.
    tally
        Count, label and colour class of each group of judged indicators.
    heads, rows
        Column titles and rows of the key table; a row is name, cells, colour class of the last.
    rest
        Number of further rows in the attachment.
    units
        On the overview, for each district: name, targets reached, missed, judged.
    worst, best
        The three worst indicators (name, mark, status, code, gap, section) and the two best, as
        sentences.
    pictures
        The first charts.
    correction
        What is corrected; empty if nothing is.
    """

    key: str
    title: str
    meta: str
    name: str
    conclusion: str
    tally: tuple[tuple[int, str, str], ...]
    heads: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...], str], ...]
    rest: int
    units: tuple[tuple[str, int, int, int], ...]
    worst: tuple[dict[str, str], ...]
    best: tuple[str, ...]
    pictures: tuple[Picture, ...]
    correction: str


def section_of(document: Document) -> Section:
    """Build the section of a released page."""
    kind = Overview if document.bundle.content["kind"] == "overview" else Brief
    page = kind(_headline_only(document.bundle))
    views, worst, best = _highlights(page)
    rows = views[:MAX_ROWS]
    targets = any(v["target"] is not None for v in rows)
    return Section(
        key=document.key,
        title=page.title,
        meta=_meta(document.bundle, page),
        name="总览" if isinstance(page, Overview) else page.district["name"],
        conclusion=page.conclusion,
        tally=_tally(page, views),
        heads=("指标", "累计", "同比", *(("完成率", "较序时", "状态") if targets else ("位次",))),
        rows=tuple(_row(v, targets=targets) for v in rows),
        rest=len(_indicators(document.bundle, page) - {v.id for v in rows}),
        units=_units(page) if isinstance(page, Overview) else (),
        worst=tuple(worst),
        best=tuple(best),
        pictures=document.pictures,
        correction=document.release.correction,
    )


def _headline_only(bundle: Bundle) -> Bundle:
    """Return a bundle with only the headline indicators, all that a message shows.

    A page of them takes a third of the time. A district without any keeps all its rows.
    """
    headline_ids = set(bundle.content["headline"])
    rows = [row for row in bundle.content["metrics"] if row["indicator"] in headline_ids]
    return Bundle(bundle.content | {"metrics": rows}) if rows else bundle


def _indicators(bundle: Bundle, page: Brief | Overview) -> set[str]:
    """Return the indicators of the page's district; the overview's district is the total."""
    district = page.parent if isinstance(page, Overview) else page.district
    rows = bundle.content["metrics"]
    return {row["indicator"] for row in rows if row["district"] == district["code"]}


def _highlights(page: Brief | Overview) -> tuple[list[View], list[dict[str, str]], list[str]]:
    """Return the headline indicators, the worst and the best; the overview's are its total's."""
    if isinstance(page, Brief):
        return page.headline, page.worst, page.best
    rows = headline(page.bundle, page.parent_rows)
    return rows, most_missed(page.data), best_sentences(page.data)


def _meta(bundle: Bundle, page: Brief | Overview) -> str:
    """Return the cut-off date and the grade of the data, as the page has them."""
    rows = bundle.content["metrics"]
    with_total = {(row["district"], row["indicator"]) for row in rows if not row["level"]}
    grades = [
        row.get("grade")
        for row in rows
        if row["status"] == "reported"
        and not (row["level"] and (row["district"], row["indicator"]) in with_total)
    ]
    grade = grade_word(grades, bundle.content["words"])
    return f"{page.settings['title']}　数据截至{page.checkpoint.cut_off}　{grade}".rstrip()


def _tally(page: Brief | Overview, views: Sequence[View]) -> tuple[tuple[int, str, str], ...]:
    """Count indicators reached, missed and not judged, of a district or of all districts."""
    counts, unit, judged = page.tally, "项", len(views)
    if isinstance(page, Overview):
        unit = "项次"
        judged = sum(len(page.data.main_indicators(u["code"])) for u in page.data.tallied_units)
    reached, missed = counts["reached"], counts["missed"]
    if not reached + missed:
        return ()
    return (
        (reached, f"{unit}达到", "on_pace"),
        (missed, f"{unit}未达到", "behind" if missed else "none"),
        (judged - reached - missed, f"{unit}不评价", "none"),
    )


def _row(view: View, *, targets: bool) -> tuple[str, tuple[str, ...], str]:
    first = (view.figure(trim=False), view.growth_number())
    if not targets:
        rank = f"{view['rank']}/{view['ranked']}" if view.shows_rank else "—"
        return view.short, (*first, rank), "none"
    status = f"{view.mark} {view.status}"
    cells = (*first, view.attainment() or "—", view.pace_number(), status)
    return view.short, cells, str(view["progress"])


def _units(page: Overview) -> tuple[tuple[str, int, int, int], ...]:
    """Return the tally of every district; nothing if no indicator of any is judged."""
    tallies = []
    for unit in page.units:
        views = page.data.main_indicators(unit["code"])
        reached, missed = sum(v.reached for v in views), sum(v.not_reached for v in views)
        tallies.append((unit["name"], reached, missed, reached + missed))
    return tuple(tallies) if any(judged for *_, judged in tallies) else ()
