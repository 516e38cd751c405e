"""The overview page: the parent's totals, tables of all its districts, and coverage."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from markupsafe import Markup

import kejistats.brief.charts as draw
from kejistats.brief.behind import behind_table
from kejistats.brief.brief import Brief
from kejistats.brief.bundle import Bundle
from kejistats.brief.chain_matrix import chain_matrix
from kejistats.brief.chain_views import chain_remarks, chain_views
from kejistats.brief.coverage import coverage_table
from kejistats.brief.first_screen import best_sentences, conclusion, most_missed
from kejistats.brief.fragments import Fragment, render
from kejistats.brief.grades import main_grade
from kejistats.brief.matrices import figure_table, heat_table
from kejistats.brief.movers import movers
from kejistats.brief.overview_data import OverviewData
from kejistats.brief.ranking import rank_tables, target_tally
from kejistats.brief.score_table import score_table
from kejistats.brief.sentences import join_names, sentence
from kejistats.brief.tally import outcome_counts
from kejistats.brief.view import headline
from kejistats.metrics import contributions

_NUMERALS = "一二三四五六七八九"


class Overview:
    """All districts of a parent at one checkpoint; every part renders itself in JupyterLab.

    Parameters
    ----------
    bundle
        All data of the page, from `make_overview`.

    Examples
    --------
    ``o = kj.open_overview("data/demo-city", "2025H1")`` then ``o.head``, ``o.totals()``,
    ``o.progress()``, ``o.behind()``, ``o.figures()``, ``o.ranking()``, ``o.movers()``.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.data = OverviewData(bundle)
        self.settings: dict[str, Any] = self.data.settings
        self.checkpoint = bundle.checkpoint
        self.parent, self.units = self.data.parent, self.data.units
        self.rows, self.parent_rows = self.data.rows, self.data.parent_rows
        self.headline = self.data.headline

    @property
    def title(self) -> str:
        """Title of the page."""
        return f"{self.parent['name']}{self.checkpoint.label}科技指标总览"

    @property
    def conclusion(self) -> str:
        """How many targets the districts reach, in one paragraph."""
        return conclusion(self.data)

    @property
    def tally(self) -> dict[str, int]:
        """Counts of main indicators over all districts: reached, missed, improved, worsened."""
        data = self.data
        return outcome_counts(
            [v for unit in data.tallied_units for v in data.main_indicators(unit["code"])]
        )

    @property
    def head(self) -> Fragment:
        """The first screen: title, cut-off date and grade, conclusion, most missed, best."""
        grade = main_grade([v for rows in self.rows.values() for v in rows])
        html = render(
            "head.html",
            title=self.title,
            meta=f"{self.settings['title']}　数据截至{self.checkpoint.cut_off}　{grade}".rstrip(),
            sample=self.settings["sample"],
            draft=not self.bundle.content.get("final"),
            conclusion=self.conclusion,
            worst=most_missed(self.data),
            best=best_sentences(self.data),
        )
        page = {"title": self.title, "sample": self.settings["sample"]}
        page |= {"conclusion": self.conclusion, "counts": self.tally}  # for the index
        return Fragment(html, f"{self.title}\n{self.conclusion}", {"kejistats": page})

    # ---- the numbered parts -------------------------------------------------------------

    @cached_property
    def _parts(self) -> dict[str, Fragment]:
        """The parts that are not empty, numbered in the order of the page."""
        fragments = {
            "totals": self._totals(),
            "progress": _join(heat_table(self.data), target_tally(self.data)),
            "behind": behind_table(self.data),
            "figures": figure_table(self.data),
            "ranking": rank_tables(self.data),
            "movers": movers(self.data),
        }
        shown = {key: part for key, part in fragments.items() if part.html}
        return {
            key: self._section(f"{number}、{self.data.say(f'heading_{key}')}", part)
            for number, (key, part) in zip(_NUMERALS, shown.items(), strict=False)
        }

    def _section(self, heading: str, part: Fragment) -> Fragment:
        if not part.html:
            return part
        # The part is HTML from its own template, which escapes.
        body = Markup(part.html.strip())  # noqa: S704
        return Fragment(render("section.html", heading=heading, body=body), part.text)

    def _part(self, key: str) -> Fragment:
        return self._parts.get(key, Fragment(""))

    def totals(self) -> Fragment:
        """Return the parent's figures as sentences and key table, or say that there are none."""
        return self._part("totals")

    def progress(self) -> Fragment:
        """Return the heat table of statuses, and how many targets each district reaches."""
        return self._part("progress")

    def behind(self) -> Fragment:
        """Return the main indicators that each district misses, with the gap."""
        return self._part("behind")

    def figures(self) -> Fragment:
        """Return a table of each main indicator's figure and growth in each district."""
        return self._part("figures")

    def ranking(self) -> Fragment:
        """Return tables of the ranks of figures and of rates of completion."""
        return self._part("ranking")

    def movers(self) -> Fragment:
        """Return the greatest changes of rank, and the highest and lowest growth."""
        return self._part("movers")

    def _totals(self) -> Fragment:
        sentences = [
            f"{sentence(v)}。" for v in headline(self.bundle, self.parent_rows) if v.reported
        ]
        texts = sentences or self._no_total()
        if not texts and not self.parent_rows:
            return Fragment("")
        lines = Fragment(
            render("lines.html", texts=texts, numbered=bool(sentences)), "\n".join(texts)
        )
        if not self.parent_rows:
            return lines
        return Fragment(f"{lines.html}\n{self._parent_brief.table().html}", lines.text)

    def _no_total(self) -> list[str]:
        """Name the main indicators that could not be summed for want of some district's figure."""
        summed = {v.id for v in self.parent_rows if not v.no_total}
        names = [
            v.name
            for v in self.headline
            if v.indicator["aggregate"] == "sum" and v.id not in summed
        ]
        words = self.bundle.content["words"]["notes"]
        return [str(words["no_total"].format(names=join_names(names)))] if names else []

    @cached_property
    def _parent_brief(self) -> Brief:
        content = dict(self.bundle.content)
        code = self.parent["code"]
        content["metrics"] = [row for row in content["metrics"] if row["district"] == code]
        district = next(d for d in content["districts"] if d["code"] == code)
        return Brief(Bundle(content | {"districts": [district], "peers": {}}))

    # ---- unnumbered parts ----------------------------------------------------------------

    def chart_contribution(self, indicator: str = "") -> draw.Chart | None:
        """Draw each district's contribution to the parent's growth; None where it is not known.

        Parameters
        ----------
        indicator
            Indicator id; the first main indicator with known contributions by default.
        """
        names = {unit["code"]: unit["name"] for unit in self.units}
        for view in (
            [v for v in self.parent_rows if v.id == indicator] if indicator else self.headline
        ):
            table = contributions(
                self.bundle.metrics, self.bundle.districts, view.id, self.parent["code"]
            )
            points = dict(table.select("district", "contribution").iter_rows())
            rows = [(names[code], value) for code, value in points.items() if code in names]
            if rows:
                scope = self.settings["scope"]
                return draw.contribution_of_districts(view, rows, points[None], scope)
        return None

    @property
    def chains(self) -> Fragment:
        """阶段转化: the stages of each chain in the parent; empty without any."""
        return self._parent_brief.chains

    def chart_chains(self) -> draw.Chart | None:
        """Draw the parent's chains of stages as bars; None without any."""
        return self._parent_brief.chart_chains()

    def stages(self) -> Fragment:
        """Return a table of each district's conversions between stages; empty without chains."""
        rows = [
            (
                u["name"],
                self.data.href(u),
                chain_views(self.bundle, self.rows[u["code"]], u["code"]),
            )
            for u in self.units
        ]
        # The parent's part on chains has the same remarks.
        explained = bool(self.chains.html)
        all_chains = [chain for _, _, chains in rows for chain in chains]
        notes = [] if explained else chain_remarks(all_chains)
        order = [chain["id"] for chain in self.bundle.content.get("chains", [])]
        return self._section(self.data.say("heading_stages"), chain_matrix(rows, order, notes))

    @property
    def assessment(self) -> Fragment:
        """综合考核: scores and ranks of the districts with every part; empty without an assessment."""
        return score_table(self.bundle)

    @property
    def coverage(self) -> Fragment:
        """报送情况: what each district reported of what is expected; empty without districts."""
        return self._section(self.data.say("heading_coverage"), coverage_table(self.data))

    @property
    def notes(self) -> Fragment:
        """数据说明 of the parent's figures; each district's are in its own brief."""
        return self._parent_brief.notes

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        parts = [
            self.head,
            *self._parts.values(),
            self.chains,
            self.stages(),
            self.assessment,
            self.coverage,
            self.notes,
        ]
        return {
            "text/html": "\n".join(part.html for part in parts),
            "text/plain": "\n\n".join(part.text for part in parts),
        }, {}


def _join(*parts: Fragment) -> Fragment:
    """Join the parts that are not empty."""
    shown = [part for part in parts if part.html]
    return Fragment(
        "\n".join(part.html for part in shown), "\n\n".join(part.text for part in shown)
    )
