"""The brief of one district at one checkpoint: parts of the page, tables and charts."""

from __future__ import annotations

from typing import Any

from kejistats.brief import chain_chart, charts
from kejistats.brief.bundle import Bundle
from kejistats.brief.fragments import Fragment, render
from kejistats.brief.notes import notes
from kejistats.brief.select import WORST, best, conclusion, problems
from kejistats.brief.sentences import pace, required, sentence, stem, title
from kejistats.brief.stages import ChainView, chains_of, remarks
from kejistats.brief.view import View, headline, views
from kejistats.schema.observation import GRADES

# So many rows stand for main indicators where there are none of these.
MAIN = 12
_NOTHING_FOUND = "纳入评价的主要指标未发现低于进度、同比趋弱或位次靠后的情况。"
# Nothing was found because nothing could be looked at.
_NOTHING_REPORTED = "主要指标均未报送或未公布，无从评价。"
_NOTHING_TO_JUDGE = "主要指标没有可评价的目标、同比和位次，无从评价。"
_NO_MAIN = "本期没有主要指标的数据。"


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
        # Who has figures of none of the main indicators is told by those it has.
        self.headline = headline(bundle, self.rows) or self.rows[:MAIN]
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
        return conclusion(self.headline) or _NO_MAIN

    @property
    def worst(self) -> list[dict[str, str]]:
        """The three worst: name, code, mark and word of the status, gap, section."""
        words = self.bundle.content["words"]["progress"]
        return [
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

    @property
    def best(self) -> list[str]:
        """The two best as sentences."""
        return [sentence(v) for v in best(self.headline)]

    @property
    def head(self) -> Fragment:
        """The first screen: title, date and grade of the data, conclusion, worst and best."""
        html = render(
            "head.html",
            title=self.title,
            meta=f"{self.settings['title']}　数据截至{self.checkpoint.cut_off}　{self._grade()}",
            sample=self.settings["sample"],
            draft=not self.bundle.content.get("final"),
            conclusion=self.conclusion,
            worst=self.worst,
            best=self.best,
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
            shares=any(v.share() for v in self.rows),
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
            texts = [_no_problem(self.headline)]
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
    def _chains(self) -> list[ChainView]:
        found = chains_of(self.bundle, self.rows, self.district["code"])
        return [chain for chain in found if chain.shown]

    @property
    def chains(self) -> Fragment:
        """阶段转化: what reached each stage of a chain; empty without one of two stages."""
        found = self._chains
        if not found:
            return Fragment("", "")
        texts = [chain.sentence() for chain in found]
        return self._part("阶段转化", [("", texts, len(texts) > 1), ("", remarks(found), False)])

    def chart_chains(self) -> charts.Chart | None:
        """Return the stages of the chains as bars; None without any."""
        return chain_chart.stages(self._chains)

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
        parts = [
            self.head,
            self.table(),
            self.review,
            self.problems,
            self.plan,
            self.chains,
            self.notes,
        ]
        return {
            "text/html": "\n".join(part.html for part in parts),
            "text/plain": "\n\n".join(part.text for part in parts),
        }, {}


def _no_problem(rows: list[View]) -> str:
    """Say why no problem is told: there is none, or nothing could be looked at."""
    given = [v for v in rows if v.reported]
    if any(v.assessed or v.growth_value is not None or v.ranks for v in given):
        return _NOTHING_FOUND
    if given:
        return _NOTHING_TO_JUDGE
    return _NOTHING_REPORTED if rows else _NO_MAIN


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
        "share": view.share() or "—",
        "code": view["progress"],
        "mark": view.mark,
        "status": view.status,
        "section": view.section,
    }
