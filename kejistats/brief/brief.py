"""The brief of one district at one checkpoint: texts, tables and charts of its page."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

import polars as pl

import kejistats.brief.charts as draw
from kejistats.brief.bundle import Bundle
from kejistats.brief.chain_views import ChainView, chain_remarks, chain_views
from kejistats.brief.fragments import Fragment, render
from kejistats.brief.grades import main_grade
from kejistats.brief.highlights import MAX_WORST, best, conclusion, problems
from kejistats.brief.key_table import key_table
from kejistats.brief.notes import data_notes
from kejistats.brief.own_check import check_own_words, finding_lines
from kejistats.brief.own_words import OwnWords, parse_own_words
from kejistats.brief.page_part import render_part
from kejistats.brief.paragraphs import Paragraph, join_by_domain, unreported
from kejistats.brief.sentences import (
    name_with_figure,
    pace_clause,
    plan_sentence,
    required_clause,
    sentence,
)
from kejistats.brief.sources import provenance, source_rows
from kejistats.brief.tally import outcome_counts
from kejistats.brief.view import View, Words, headline, views

# Rows that take the place of main indicators where a district has figures of none of these.
FALLBACK_ROWS = 12


class Brief:
    """The brief of one district; every part renders itself in JupyterLab.

    Parameters
    ----------
    bundle
        All data of the page, from `make_bundle`.

    Examples
    --------
    ``b = kj.open("data/demo-city").brief("900101", "2025H1")`` then ``b.review``,
    ``b.problems``, ``b.plan``, ``b.table()``, ``b.chart_attainment()``.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.rows = views(bundle)
        self.headline = headline(bundle, self.rows) or self.rows[:FALLBACK_ROWS]
        self.district: dict[str, Any] = bundle.content["districts"][0]
        self.settings: dict[str, Any] = bundle.content["settings"]
        self.checkpoint = bundle.checkpoint

    @property
    def title(self) -> str:
        """Title of the page."""
        return f"{self.district['name']}{self.checkpoint.label}科技指标简报"

    @property
    def conclusion(self) -> str:
        """How many main indicators are on pace, in one sentence."""
        return conclusion(self.headline) or self._part_words["no_main"]

    @property
    def tally(self) -> dict[str, int]:
        """Counts of main indicators: reached, missed, improved, worsened."""
        return outcome_counts(self.headline)

    @property
    def worst(self) -> list[dict[str, str]]:
        """The three worst main indicators: name, code, mark and word of status, gap, section."""
        words = self.bundle.content["words"]["progress"]
        return [
            {
                "name": v.short,
                "code": v["progress"] if v.not_reached else "slow",
                "mark": words[_trouble_code(v)][0],
                "status": words[_trouble_code(v)][1],
                "gap": _attention_text(v),
                "section": v.section,
            }
            for v in problems(self.headline)[:MAX_WORST]
        ]

    @property
    def best(self) -> list[str]:
        """The two best main indicators, a sentence each."""
        return [sentence(v, with_share=False) for v in best(self.headline)]

    @property
    def head(self) -> Fragment:
        """The first screen: title, cut-off date and grade of the data, conclusion, worst, best."""
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
        # The index shows conclusion and counts; the command prints the warnings.
        page |= {"conclusion": self.conclusion, "counts": self.tally}
        page["warnings"] = finding_lines(self.findings)
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
        """一、主要指标进展: a sentence for each main indicator, one paragraph for each domain."""
        paragraphs = join_by_domain([v for v in self.headline if v.reported], sentence)
        paragraphs += unreported(self.headline)
        texts = [] if paragraphs else [self._part_words["no_main"]]
        heading = self._part_words["review"]
        return self._render_part(heading, texts, paragraphs=paragraphs, field="taken")

    @property
    def problems(self) -> Fragment:
        """二、存在问题: main indicators below pace, worsened or ranked low; worst first."""
        rows = problems(self.headline)
        texts = [f"{sentence(v, with_share=False)}。" for v in rows]
        if not texts:
            texts = [self._no_problem()]
        return self._render_part(self._part_words["problems"], texts, numbered=bool(rows))

    @property
    def plan(self) -> Fragment:
        """三、下半年安排: what is still needed in the rest of the year to reach the targets."""
        paragraphs = join_by_domain(self.headline, plan_sentence)
        texts = [] if paragraphs else [self._part_words["no_plan"]]
        heading = self._part_words["plan"].format(rest=self.checkpoint.rest)
        return self._render_part(heading, texts, paragraphs=paragraphs, field="planned")

    @property
    def _words(self) -> Words:
        words: Words = self.bundle.content["words"]
        return words

    @property
    def _part_words(self) -> dict[str, str]:
        return self._words["parts"]

    @cached_property
    def own_words(self) -> OwnWords:
        """The analyst's text from ``words/<checkpoint>/<district>.md``."""
        return parse_own_words(self.bundle.content.get("own_words", {}), self._words)

    @property
    def findings(self) -> pl.DataFrame:
        """The Finding table of the analyst's text: statements that contradict the figures."""
        return check_own_words(self.own_words, self.rows)

    def _render_part(
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
        return render_part(
            heading, texts, numbered=numbered, paragraphs=paragraphs, field=(name, empty), own=own
        )

    def _no_problem(self) -> str:
        """Say why no problem is listed: there is none, or nothing can be judged."""
        reported = [v for v in self.headline if v.reported]
        if any(v.assessed or v.growth_value is not None or v.shows_rank for v in reported):
            key = "nothing_found"
        elif reported:
            key = "nothing_to_judge"
        else:
            key = "nothing_reported" if self.headline else "no_main"
        return self._part_words[key]

    def chart_attainment(self) -> draw.Chart | None:
        """Draw rates of completion against the pace; None without targets."""
        rows = self.headline + [v for v in self._others if v.assessed]
        return draw.attainment(rows)

    def chart_growth(self) -> draw.Chart | None:
        """Draw year-on-year growth of the main indicators; None without any."""
        return draw.growth(self.headline)

    def chart_position(self) -> draw.Chart | None:
        """Draw the district's figures among those of its peers; None without ranks."""
        peers = self.bundle.content["peers"]
        return draw.position(self.headline, peers, self.settings["scope"])

    def chart_trend(self) -> draw.Chart | None:
        """Draw the first main indicators over the years; None without earlier figures."""
        return draw.on_screen(draw.trend(self.headline, self._series, self.checkpoint))

    def chart_seasonality(self, indicator: str = "") -> draw.Chart | None:
        """Draw this year's completion beside the years of its seasonal pace; None without one.

        Parameters
        ----------
        indicator
            Indicator id; the first main indicator with a seasonal pace by default.
        """
        rows = [v for v in self.rows if v.id == indicator] if indicator else self.headline
        charts = (draw.seasonality(view, self._series) for view in rows)
        return next((chart for chart in charts if chart is not None), None)

    def chart_contribution(self) -> draw.Chart | None:
        """Draw the main indicators' contributions to the city's growth; None without any."""
        return draw.on_screen(draw.contribution(self.headline, self.settings["scope"]))

    @property
    def _series(self) -> list[dict[str, Any]]:
        return self.bundle.content.get("series", [])  # type: ignore[no-any-return]

    @property
    def _chains(self) -> list[ChainView]:
        chains = chain_views(self.bundle, self.rows, self.district["code"])
        return [chain for chain in chains if chain.shown]

    @property
    def chains(self) -> Fragment:
        """阶段转化: the stages of each chain; empty where no chain has figures of two stages."""
        chains = self._chains
        if not chains:
            return Fragment("", "")
        texts = [chain.sentence() for chain in chains]
        return render_part(self._words["chain"]["heading"], texts, remarks=chain_remarks(chains))

    def chart_chains(self) -> draw.Chart | None:
        """Draw the stages of the chains as bars; None without any."""
        return draw.on_screen(draw.chain_stages(self._chains))

    @property
    def notes(self) -> Fragment:
        """数据说明: notes on the data, then source cells, intake and formulas of every figure."""
        rows = [*self.headline, *self._others]
        texts = data_notes(self.bundle, rows)
        html = render(
            "notes.html",
            notes=texts,
            sources=source_rows(rows),
            made=provenance(self.bundle),
            words=self._words["source"],
        )
        return Fragment(html, "\n".join(texts))

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


def _trouble_code(view: View) -> str:
    """Return the key in the words table that says why an indicator is a problem."""
    if view.not_reached:
        return view.status_key
    return "fell" if view.worsened else "low_rank"


def _attention_text(view: View) -> str:
    """Say the gap and what is required, in one line of the first screen."""
    if view.not_reached:
        # Once the target's time is over only the gap is left to say, and the pace clause says it.
        over = view.target_period_over
        parts = [pace_clause(view), "" if over else required_clause(view, gap_said=True)]
    else:
        parts = [name_with_figure(view), view.growth_clause()]
        if not view.worsened or view.in_last_third:
            parts.append(view.rank_clause())
    return "；".join(part for part in parts if part)
