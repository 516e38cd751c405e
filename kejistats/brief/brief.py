"""The brief of one district at one checkpoint: parts of the page, tables and charts."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

import polars as pl

import kejistats.brief.charts as draw
from kejistats.brief.bundle import Bundle
from kejistats.brief.chain_views import ChainView, chains_of, remarks
from kejistats.brief.fragments import Fragment, render
from kejistats.brief.grades import main_grade
from kejistats.brief.highlights import WORST, best, conclusion, problems
from kejistats.brief.key_table import key_table
from kejistats.brief.notes import notes
from kejistats.brief.own_check import own_findings, told
from kejistats.brief.own_words import OwnWords, own_words
from kejistats.brief.page_part import part
from kejistats.brief.paragraphs import Paragraph, by_domain, silent
from kejistats.brief.sentences import pace, planned, required, sentence, titled
from kejistats.brief.sources import made, sources
from kejistats.brief.tally import tally
from kejistats.brief.view import View, Words, headline, views

# So many rows stand for main indicators where there are none of these.
MAIN = 12


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
        return conclusion(self.headline) or self._parts["no_main"]

    @property
    def tally(self) -> dict[str, int]:
        """Main indicators reached, missed, improved, worsened."""
        return tally(self.headline)

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
        return [sentence(v, whole=False) for v in best(self.headline)]

    @property
    def head(self) -> Fragment:
        """The first screen: title, date and grade of the data, conclusion, worst and best."""
        html = render(
            "head.html",
            title=self.title,
            meta=f"{self.settings['title']}　数据截至{self.checkpoint.cut_off}　{main_grade(self.rows)}",
            sample=self.settings["sample"],
            draft=not self.bundle.content.get("final"),
            conclusion=self.conclusion,
            worst=self.worst,
            best=self.best,
        )
        page = {"title": self.title, "sample": self.settings["sample"]}
        # For the index, and for who makes the page.
        page |= {"conclusion": self.conclusion, "counts": self.tally}
        page["warnings"] = told(self.findings)
        return Fragment(html, f"{self.title}\n{self.conclusion}", {"kejistats": page})

    def table(self) -> Fragment:
        """Return the key table: main indicators, then all others by domain."""
        caption = self._words["table"]["caption"].format(
            district=self.district["name"],
            period=self.checkpoint.label,
            months=self.checkpoint.months,
        )
        return key_table(self.headline, self._others, caption)

    @property
    def _others(self) -> list[View]:
        main = {v.id for v in self.headline}
        return [v for v in self.rows if v.id not in main]

    @property
    def review(self) -> Fragment:
        """一、主要指标进展: the main indicators' figures, joined by domain."""
        paragraphs = by_domain([v for v in self.headline if v.reported], sentence)
        paragraphs += silent(self.headline)
        texts = [] if paragraphs else [self._parts["no_main"]]
        return self._part(self._parts["review"], texts, paragraphs=paragraphs, field="taken")

    @property
    def problems(self) -> Fragment:
        """二、存在问题: main indicators off pace, fallen, or in the last third; worst first."""
        found = problems(self.headline)
        texts = [f"{sentence(v, whole=False)}。" for v in found]
        if not texts:
            texts = [self._no_problem()]
        return self._part(self._parts["problems"], texts, numbered=bool(found))

    @property
    def plan(self) -> Fragment:
        """三、下半年安排: what the figures require of the rest of the year."""
        paragraphs = by_domain(self.headline, planned)
        texts = [] if paragraphs else [self._parts["no_plan"]]
        heading = self._parts["plan"].format(rest=self.checkpoint.rest)
        return self._part(heading, texts, paragraphs=paragraphs, field="planned")

    @property
    def _words(self) -> Words:
        words: Words = self.bundle.content["words"]
        return words

    @property
    def _parts(self) -> dict[str, str]:
        return self._words["parts"]

    @cached_property
    def own_words(self) -> OwnWords:
        """What the analyst wrote in ``words/<checkpoint>/<district>.md``."""
        return own_words(self.bundle.content.get("own_words", {}), self._words)

    @property
    def findings(self) -> pl.DataFrame:
        """The Finding table of the analyst's own words: what contradicts the figures."""
        return own_findings(self.own_words, self.rows)

    def _part(
        self,
        heading: str,
        texts: list[str],
        *,
        numbered: bool = False,
        paragraphs: Iterable[Paragraph] = (),
        field: str = "",
    ) -> Fragment:
        own = self.own_words.text(field) if field else ""
        name, empty = self._words["fields"][field] if field else ("", "")
        return part(
            heading, texts, numbered=numbered, paragraphs=paragraphs, field=(name, empty), own=own
        )

    def _no_problem(self) -> str:
        """Say why no problem is told: there is none, or nothing could be looked at."""
        given = [v for v in self.headline if v.reported]
        if any(v.assessed or v.growth_value is not None or v.ranks for v in given):
            key = "nothing_found"
        elif given:
            key = "nothing_to_judge"
        else:
            key = "nothing_reported" if self.headline else "no_main"
        return self._parts[key]

    def chart_attainment(self) -> draw.Chart | None:
        """Return rates of completion against the pace; None without targets."""
        rows = self.headline + [v for v in self._others if v.assessed]
        return draw.attainment(rows)

    def chart_growth(self) -> draw.Chart | None:
        """Return year-on-year growth of the main indicators; None without any."""
        return draw.growth(self.headline)

    def chart_position(self) -> draw.Chart | None:
        """Return the place among peers; None without ranks."""
        peers = self.bundle.content["peers"]
        return draw.position(self.headline, peers, self.settings["scope"])

    def chart_trend(self) -> draw.Chart | None:
        """Return the first main indicators with those of earlier years; None without a past."""
        return draw.on_screen(draw.trend(self.headline, self._series, self.checkpoint))

    def chart_seasonality(self, indicator: str = "") -> draw.Chart | None:
        """Return completion among the years its pace is pooled from; None without such a pace.

        Parameters
        ----------
        indicator
            Id of the registry; the first main indicator with such a pace by default.
        """
        rows = [v for v in self.rows if v.id == indicator] if indicator else self.headline
        found = (draw.seasonality(view, self._series) for view in rows)
        return next((chart for chart in found if chart is not None), None)

    def chart_contribution(self) -> draw.Chart | None:
        """Return what the main indicators did for the city's growth; None without any."""
        return draw.on_screen(draw.contribution(self.headline, self.settings["scope"]))

    @property
    def _series(self) -> list[dict[str, Any]]:
        return self.bundle.content.get("series", [])  # type: ignore[no-any-return]

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
        return part(self._words["chain"]["heading"], texts, remarks=remarks(found))

    def chart_chains(self) -> draw.Chart | None:
        """Return the stages of the chains as bars; None without any."""
        return draw.on_screen(draw.stages(self._chains))

    @property
    def notes(self) -> Fragment:
        """数据说明: notes on data, then source cells, vintage and formulas of every figure."""
        rows = [*self.headline, *self._others]
        found = notes(self.bundle, rows)
        html = render(
            "notes.html",
            notes=found,
            sources=sources(rows),
            made=made(self.bundle),
            words=self._words["source"],
        )
        return Fragment(html, "\n".join(found))

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
        parts = [titled(view), view.growth()]
        if not view.worsened or view.in_last_third:
            parts.append(view.standing())
    return "；".join(part for part in parts if part)
