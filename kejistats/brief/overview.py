"""The overview of the city: the parent's totals, all districts × indicators, coverage."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from markupsafe import Markup

import kejistats.brief.charts as draw
from kejistats.brief.behind import behind
from kejistats.brief.brief import Brief
from kejistats.brief.bundle import Bundle
from kejistats.brief.chain_matrix import chain_matrix
from kejistats.brief.chain_views import chains_of, remarks
from kejistats.brief.coverage import coverage
from kejistats.brief.first_screen import attention, bright, conclusion
from kejistats.brief.fragments import Fragment, render
from kejistats.brief.grades import main_grade
from kejistats.brief.matrices import figures, heat
from kejistats.brief.movers import movers
from kejistats.brief.overview_data import OverviewData
from kejistats.brief.ranking import ranks, tally
from kejistats.brief.score_table import score_table
from kejistats.brief.sentences import listed, sentence
from kejistats.brief.tally import tally as main_tally
from kejistats.brief.view import headline
from kejistats.metrics import contributions

_NUMERALS = "一二三四五六七八九"


class Overview:
    """All districts of a parent at one checkpoint; every part shows itself in JupyterLab.

    Parameters
    ----------
    bundle
        All the data it shows, from `make_overview`.

    Examples
    --------
    ``o = kj.open_overview("data/demo-city", "2025H1")`` then ``o.head``, ``o.totals()``,
    ``o.progress()``, ``o.behind()``, ``o.figures()``, ``o.ranking()``, ``o.movers()``.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.city = OverviewData(bundle)
        self.settings: dict[str, Any] = self.city.settings
        self.checkpoint = bundle.checkpoint
        self.parent, self.units = self.city.parent, self.city.units
        self.rows, self.total = self.city.rows, self.city.total
        self.headline = self.city.headline

    @property
    def title(self) -> str:
        """Title of the page."""
        return f"{self.parent['name']}{self.checkpoint.label}科技指标总览"

    @property
    def conclusion(self) -> str:
        """How many districts reach how much, in one paragraph."""
        return conclusion(self.city)

    @property
    def tally(self) -> dict[str, int]:
        """Main indicators reached, missed, improved, worsened, of all districts together."""
        return main_tally([v for unit in self.city.counted for v in self.city.main(unit["code"])])

    @property
    def head(self) -> Fragment:
        """The first screen: title, date and grade, conclusion, what most do not reach, the best."""
        grade = main_grade([v for some in self.rows.values() for v in some])
        html = render(
            "head.html",
            title=self.title,
            meta=f"{self.settings['title']}　数据截至{self.checkpoint.cut_off}　{grade}".rstrip(),
            sample=self.settings["sample"],
            draft=not self.bundle.content.get("final"),
            conclusion=self.conclusion,
            worst=attention(self.city),
            best=bright(self.city),
        )
        page = {"title": self.title, "sample": self.settings["sample"]}
        page |= {"conclusion": self.conclusion, "counts": self.tally}  # for the index
        return Fragment(html, f"{self.title}\n{self.conclusion}", {"kejistats": page})

    # ---- the numbered parts -------------------------------------------------------------

    @cached_property
    def _parts(self) -> dict[str, Fragment]:
        """The parts that have something to show, numbered in the order of the page."""
        made = {
            "totals": self._totals(),
            "progress": _joined(heat(self.city), tally(self.city)),
            "behind": behind(self.city),
            "figures": figures(self.city),
            "ranking": ranks(self.city),
            "movers": movers(self.city),
        }
        shown = {key: part for key, part in made.items() if part.html}
        return {
            key: self._section(f"{number}、{self.city.say(f'heading_{key}')}", part)
            for number, (key, part) in zip(_NUMERALS, shown.items(), strict=False)
        }

    def _section(self, heading: str, part: Fragment) -> Fragment:
        if not part.html:
            return part
        # The part is HTML already, escaped by its own template.
        body = Markup(part.html.strip())  # noqa: S704
        return Fragment(render("section.html", heading=heading, body=body), part.text)

    def _part(self, key: str) -> Fragment:
        return self._parts.get(key, Fragment(""))

    def totals(self) -> Fragment:
        """Return the parent's figures as sentences and the key table, or that there are none."""
        return self._part("totals")

    def progress(self) -> Fragment:
        """Return district × main indicator by status, and how many targets each reaches."""
        return self._part("progress")

    def behind(self) -> Fragment:
        """Return who does not reach what, by district, with what is missing."""
        return self._part("behind")

    def figures(self) -> Fragment:
        """Return district × main indicator: figure and growth."""
        return self._part("figures")

    def ranking(self) -> Fragment:
        """Return district × main indicator: rank of the figure and of the rate of completion."""
        return self._part("ranking")

    def movers(self) -> Fragment:
        """Return the greatest changes of rank, and who grew most and least."""
        return self._part("movers")

    def _totals(self) -> Fragment:
        known = [f"{sentence(v)}。" for v in headline(self.bundle, self.total) if v.reported]
        texts = known or self._no_total()
        if not texts and not self.total:
            return Fragment("")
        lines = Fragment(render("lines.html", texts=texts, numbered=bool(known)), "\n".join(texts))
        if not self.total:
            return lines
        return Fragment(f"{lines.html}\n{self._parent_brief.table().html}", lines.text)

    def _no_total(self) -> list[str]:
        """Say which main indicators could have been summed, had all districts a figure."""
        own = {v.id for v in self.total if not v.no_total}
        names = [
            v.name for v in self.headline if v.indicator["aggregate"] == "sum" and v.id not in own
        ]
        words = self.bundle.content["words"]["notes"]
        return [str(words["no_total"].format(names=listed(names)))] if names else []

    @cached_property
    def _parent_brief(self) -> Brief:
        content = dict(self.bundle.content)
        code = self.parent["code"]
        content["metrics"] = [row for row in content["metrics"] if row["district"] == code]
        plain = next(d for d in content["districts"] if d["code"] == code)
        return Brief(Bundle(content | {"districts": [plain], "peers": {}}))

    # ---- what has no number -------------------------------------------------------------

    def chart_contribution(self, indicator: str = "") -> draw.Chart | None:
        """Return what each district did for the parent's growth; None where it is not known.

        Parameters
        ----------
        indicator
            Id of the registry; the first main indicator of which it is known by default.
        """
        names = {unit["code"]: unit["name"] for unit in self.units}
        for view in [v for v in self.total if v.id == indicator] if indicator else self.headline:
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
        """阶段转化: what reached each stage of a chain in the parent; empty without any."""
        return self._parent_brief.chains

    def chart_chains(self) -> draw.Chart | None:
        """Return the parent's chains of stages as bars; None without any."""
        return self._parent_brief.chart_chains()

    def stages(self) -> Fragment:
        """Return district × stage: what became of the stage before; empty without chains."""
        found = [
            (u["name"], self.city.href(u), chains_of(self.bundle, self.rows[u["code"]], u["code"]))
            for u in self.units
        ]
        # What the parent's part says already is not said again.
        said = bool(self.chains.html)
        notes = [] if said else remarks([chain for _, _, chains in found for chain in chains])
        order = [chain["id"] for chain in self.bundle.content.get("chains", [])]
        return self._section(self.city.say("heading_stages"), chain_matrix(found, order, notes))

    @property
    def assessment(self) -> Fragment:
        """综合考核: score and rank of every district, with all parts; empty without one."""
        return score_table(self.bundle)

    @property
    def coverage(self) -> Fragment:
        """报送情况: what was to be reported and what is in, by district; empty without any."""
        return self._section(self.city.say("heading_coverage"), coverage(self.city))

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


def _joined(*parts: Fragment) -> Fragment:
    shown = [part for part in parts if part.html]
    return Fragment(
        "\n".join(part.html for part in shown), "\n\n".join(part.text for part in shown)
    )
