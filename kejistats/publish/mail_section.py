"""What a message says of one page: conclusion, tally, key table, worst and best, charts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kejistats.brief import Brief, Bundle, Overview
from kejistats.brief.first_screen import attention, bright
from kejistats.brief.grades import grade_word
from kejistats.brief.view import View, headline
from kejistats.publish.documents import Document, Picture

# A reader on a phone looks at no more; the attachment has them all.
ROWS = 20


@dataclass(frozen=True)
class Section:
    """One page as a message shows it; all texts are plain, the template escapes them.

    Parameters
    ----------
    key, title, meta
        District code or ``overview``, the title, and the date of the data.
    name
        The district, or 总览.
    conclusion
        The paragraph that stands first.
    tally
        Count, word and colour of each group of judged indicators.
    heads, rows
        Column titles and rows of the key table; of a row: name, cells, colour of the last cell.
    rest
        How many further rows the attachment has.
    units
        Of the overview: each district with how many indicators it reaches, misses, are judged.
    worst, best
        The three worst (name, mark, status, code, gap, section) and the two best as sentences.
    pictures
        The first charts.
    correction
        What is corrected; empty where nothing is.
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
    """Return what a message shows of a final page."""
    shown = Overview if document.bundle.content["kind"] == "overview" else Brief
    page = shown(_main_only(document.bundle))
    views, worst, good = _main(page)
    rows = views[:ROWS]
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
        best=tuple(good),
        pictures=document.pictures,
        correction=document.fixed.correction,
    )


def _main_only(bundle: Bundle) -> Bundle:
    """Return a bundle with the main indicators alone, which is all that a message shows.

    It takes a third of the time of reading the whole; a district without any keeps what it has.
    """
    main = set(bundle.content["headline"])
    rows = [row for row in bundle.content["metrics"] if row["indicator"] in main]
    return Bundle(bundle.content | {"metrics": rows}) if rows else bundle


def _indicators(bundle: Bundle, page: Brief | Overview) -> set[str]:
    """Return the indicators that the page's own table has."""
    own = page.parent if isinstance(page, Overview) else page.district
    rows = bundle.content["metrics"]
    return {row["indicator"] for row in rows if row["district"] == own["code"]}


def _main(page: Brief | Overview) -> tuple[list[View], list[dict[str, str]], list[str]]:
    """Return the main indicators, the worst and the best of a page: the overview's are its total's."""
    if isinstance(page, Brief):
        return page.headline, page.worst, page.best
    return headline(page.bundle, page.total), attention(page.city), bright(page.city)


def _meta(bundle: Bundle, page: Brief | Overview) -> str:
    """Return the cut-off date and the grade of the data, as the page has them."""
    rows = bundle.content["metrics"]
    whole = {(row["district"], row["indicator"]) for row in rows if not row["level"]}
    grades = [
        row.get("grade")
        for row in rows
        if row["status"] == "reported"
        and not (row["level"] and (row["district"], row["indicator"]) in whole)
    ]
    grade = grade_word(grades, bundle.content["words"])
    return f"{page.settings['title']}　数据截至{page.checkpoint.cut_off}　{grade}".rstrip()


def _tally(page: Brief | Overview, views: Sequence[View]) -> tuple[tuple[int, str, str], ...]:
    """Count what is reached, missed and not judged: of a district, or of all together."""
    counts, unit, judged = page.tally, "项", len(views)
    if isinstance(page, Overview):
        unit = "项次"
        judged = sum(len(page.city.main(u["code"])) for u in page.city.counted)
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
        rank = f"{view['rank']}/{view['ranked']}" if view.ranks else "—"
        return view.short, (*first, rank), "none"
    status = f"{view.mark} {view.status}"
    cells = (*first, view.attainment() or "—", view.pace_number(), status)
    return view.short, cells, str(view["progress"])


def _units(page: Overview) -> tuple[tuple[str, int, int, int], ...]:
    """Return every district's tally, where anything is judged."""
    found = []
    for unit in page.units:
        views = page.city.main(unit["code"])
        reached, missed = sum(v.reached for v in views), sum(v.not_reached for v in views)
        found.append((unit["name"], reached, missed, reached + missed))
    return tuple(found) if any(judged for *_, judged in found) else ()
