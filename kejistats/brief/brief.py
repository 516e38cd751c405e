"""The brief of one district at one checkpoint: parts of the page, tables and charts."""

from __future__ import annotations

from typing import Any

from kejistats.brief import charts
from kejistats.brief.bundle import Bundle
from kejistats.brief.fragments import Fragment, render
from kejistats.brief.notes import notes
from kejistats.brief.select import WORST, best, conclusion, problems
from kejistats.brief.sentences import pace, required, sentence, stem, title
from kejistats.brief.view import View, headline, views
from kejistats.numbers import percent
from kejistats.schema.observation import GRADES


class Brief:
    """One district's brief; every part shows itself in JupyterLab.

    Parameters
    ----------
    bundle
        All the data it shows.

    Examples
    --------
    ``b = kj.open("data/demo-city").brief("900101", "2025H1")`` then ``b.review``,
    ``b.problems``, ``b.plan``, ``b.table()``, ``b.chart_attainment()``.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.rows = views(bundle)
        self.headline = headline(bundle, self.rows)
        self.district: dict[str, Any] = bundle.content["districts"][0]
        self.settings: dict[str, Any] = bundle.content["settings"]
        self.checkpoint = bundle.checkpoint

    @property
    def title(self) -> str:
        """Title of the page."""
        return f"{self.district['name']}{self.checkpoint.label}科技指标简报"

    @property
    def conclusion(self) -> str:
        """The tally in one sentence."""
        return conclusion(self.headline)

    @property
    def head(self) -> Fragment:
        """The first screen: title, date and grade of the data, conclusion, worst and best."""
        words = self.bundle.content["words"]["progress"]
        worst = [
            {
                "name": v.short,
                "code": v["progress"] if v.not_reached else "slow",
                "mark": words[_trouble(v)][0],
                "status": words[_trouble(v)][1],
                "gap": _attention(v),
                "section": v.section,
            }
            for v in problems(self.headline)[:WORST]
        ]
        good = [sentence(v) for v in best(self.headline)]
        html = render(
            "head.html",
            title=self.title,
            meta=f"{self.settings['title']}　数据截至{self.checkpoint.cut_off}　{self._grade()}",
            sample=self.settings["sample"],
            conclusion=self.conclusion,
            worst=worst,
            best=good,
        )
        page = {"title": self.title, "sample": self.settings["sample"]}
        return Fragment(html, f"{self.title}\n{self.conclusion}", {"kejistats": page})

    def _grade(self) -> str:
        words = self.bundle.content["words"]["grade"]
        grades = [v["grade"] for v in self.rows if v.reported and v["grade"]]
        # Of grades equally frequent the weaker is named.
        most = max(GRADES, key=lambda grade: (grades.count(grade), -GRADES.index(grade)))
        return str(words[most]) if grades else ""

    def table(self) -> Fragment:
        """Return the key table: main indicators, then all others by domain."""
        main = {v.id for v in self.headline}
        numbers = {v.id: n for n, v in enumerate(self._ordered(), 1)}
        groups = {"": [_cells(v, numbers[v.id]) for v in self.headline]}
        for view in self.rows:
            if view.id not in main:
                cells = _cells(view, numbers[view.id])
                groups.setdefault(view.indicator["domain_name"], []).append(cells)
        html = render(
            "table.html",
            caption=f"{self.district['name']}{self.checkpoint.label}主要指标（{self.checkpoint.months}累计）",
            groups=[{"name": name, "rows": rows} for name, rows in groups.items() if rows],
            targets=any(v["target"] is not None for v in self.rows),
            ranks=any(v.ranks for v in self.rows),
            sections=any(v.section for v in self.rows),
        )
        lines = [
            f"{v.short} {v.figure()} {v.growth_number()} {v.mark}{v.status}" for v in self.rows
        ]
        return Fragment(html, "\n".join(lines))

    def _ordered(self) -> list[View]:
        main = {v.id for v in self.headline}
        return [*self.headline, *(v for v in self.rows if v.id not in main)]

    @property
    def review(self) -> Fragment:
        """一、主要指标进展: the main indicators' figures."""
        texts = [f"{sentence(v)}。" for v in self.headline]
        field = "【工作举措由科室补充】"
        return self._part("一、主要指标进展", [("", texts, True)], field)

    @property
    def problems(self) -> Fragment:
        """二、存在问题: main indicators off pace, fallen, or in the last third; worst first."""
        found = problems(self.headline)
        texts = [f"{sentence(v)}。" for v in found]
        if not texts:
            texts = ["纳入评价的主要指标未发现低于进度、同比趋弱或位次靠后的情况。"]
        return self._part("二、存在问题", [("", texts, bool(found))])

    @property
    def plan(self) -> Fragment:
        """三、下半年安排: what the figures require of the rest of the year."""
        texts = [f"{stem(v)}{text}。" for v in self.headline if (text := required(v))]
        if not texts:
            texts = ["本期没有由目标推算的任务量。"]
        heading = f"三、{self.checkpoint.rest}安排"
        return self._part(heading, [("", texts, len(texts) > 1)], "【具体措施由科室补充】")

    def _part(
        self, heading: str, groups: list[tuple[str, list[str], bool]], field: str = ""
    ) -> Fragment:
        shown = [{"name": n, "texts": texts, "numbered": num} for n, texts, num in groups]
        text = "\n".join([heading, *(t for _, texts, _ in groups for t in texts)])
        return Fragment(render("part.html", heading=heading, groups=shown, field=field), text)

    def chart_attainment(self) -> charts.Chart | None:
        """Return rates of completion against the pace; None without targets."""
        rows = self.headline + [v for v in self._ordered() if v.assessed and v not in self.headline]
        return charts.attainment(rows)

    def chart_growth(self) -> charts.Chart | None:
        """Return year-on-year growth of the main indicators; None without any."""
        return charts.growth(self.headline)

    def chart_position(self) -> charts.Chart | None:
        """Return the place among peers; None without ranks."""
        peers = self.bundle.content["peers"]
        return charts.position(self.headline, peers, self.settings["scope"])

    @property
    def notes(self) -> Fragment:
        """数据说明: notes on data, then the source cell of every figure."""
        rows = self._ordered()
        found = notes(self.bundle, rows)
        sources = [
            {
                "number": n,
                "name": v.name,
                "source": v["source"] or "—",
                "base": v["base_source"] or "—",
                "target": v["target_source"] or "—",
                "received": v["received"] or "—",
            }
            for n, v in enumerate(rows, 1)
        ]
        html = render("notes.html", notes=found, sources=sources, made=self._made())
        return Fragment(html, "\n".join(found))

    def _made(self) -> str:
        return f"kejistats {self.bundle.content['kejistats']}　数据校验值 {self.bundle.digest}"

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        parts = [self.head, self.table(), self.review, self.problems, self.plan, self.notes]
        return {
            "text/html": "\n".join(part.html for part in parts),
            "text/plain": "\n\n".join(part.text for part in parts),
        }, {}


def _trouble(view: View) -> str:
    """Return the key of the word for what makes an indicator a problem."""
    if view.not_reached:
        return view.status_key
    return "fell" if view.worsened else "low_rank"


def _attention(view: View) -> str:
    """Say the gap and what is required, in one line of the first screen."""
    if view.not_reached:
        # In December the gap is the whole story, and pace has told it.
        parts = [pace(view), "" if view.final else required(view, gap_said=True)]
    else:
        parts = [f"{title(view)}{view.figure()}", view.growth()]
        if not view.worsened or view.in_last_third:
            parts.append(view.standing())
    return "；".join(part for part in parts if part)


def _cells(view: View, number: int) -> dict[str, Any]:
    """Return the cells of one table row."""
    rank = f"{view['rank']}/{view['ranked']}" if view.ranks else "—"
    return {
        "number": number,
        "short": view.short,
        "figure": view.figure(trim=False),
        "growth": view.growth_number(),
        "target": view.target(),
        "attainment": view.attainment() or "—",
        "pace": view.pace_number(),
        "rank": rank,
        "share": percent(view["share"]) if view["share"] is not None else "—",
        "code": view["progress"],
        "mark": view.mark,
        "status": view.status,
        "section": view.section,
    }
