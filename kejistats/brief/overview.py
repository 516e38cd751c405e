"""The overview of the city: the parent's totals, all districts × indicators, coverage."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from kejistats.brief import charts
from kejistats.brief.brief import Brief
from kejistats.brief.bundle import Bundle
from kejistats.brief.chain_matrix import chain_matrix
from kejistats.brief.fragments import Fragment, render
from kejistats.brief.score_table import score_table
from kejistats.brief.select import moves
from kejistats.brief.sentences import listed, sentence
from kejistats.brief.stages import chains_of, remarks
from kejistats.brief.view import View, headline, views
from kejistats.numbers import percent


class Overview:
    """All districts of a parent at one checkpoint; every part shows itself in JupyterLab.

    Parameters
    ----------
    bundle
        All the data it shows, from `make_overview`.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.settings: dict[str, Any] = bundle.content["settings"]
        self.checkpoint = bundle.checkpoint
        districts = bundle.districts
        parent = self.settings["parent"]
        self.parent = districts.row(districts["code"].to_list().index(parent), named=True)
        self.units = [d for d in districts.iter_rows(named=True) if d["code"] != parent]
        by_code: dict[str, list[View]] = {d["code"]: [] for d in districts.iter_rows(named=True)}
        for view in views(bundle):
            by_code[view["district"]].append(view)
        self.rows = by_code
        self.total = by_code[parent]
        self.headline = self._main_indicators()

    def _main_indicators(self) -> list[View]:
        """Return one view per main indicator that any district has, the parent's first."""
        found: dict[str, View] = {}
        for code in [self.parent["code"], *(u["code"] for u in self.units)]:
            for view in headline(self.bundle, self.rows[code]):
                found.setdefault(view.id, view)
        return [found[i] for i in self.bundle.content["headline"] if i in found]

    @property
    def title(self) -> str:
        """Title of the page."""
        return f"{self.parent['name']}{self.checkpoint.label}科技指标总览"

    def _view(self, code: str, indicator: str) -> View | None:
        return next((v for v in self.rows[code] if v.id == indicator), None)

    @property
    def conclusion(self) -> str:
        """How many districts reach how much, in one paragraph."""
        figures = [
            (sum(v.reached for v in some), sum(v.not_reached for v in some))
            for unit in self.units
            if (some := headline(self.bundle, self.rows[unit["code"]]))
        ]
        reached, missed = sum(r for r, _ in figures), sum(m for _, m in figures)
        words = self.bundle.content["words"]["overview"]

        def say(key: str, **parts: object) -> str:
            return str(words[key].format(**parts))

        parts = []
        if reached + missed:
            all_good = sum(r > 0 and m == 0 for r, m in figures)
            text = say("tally", period=self.checkpoint.word, d=len(figures), n=reached + missed,
                       r=reached, m=missed)  # fmt: skip
            parts.append(text + (say("all_reached", k=all_good) if all_good else ""))
        moved = [v for v in headline(self.bundle, self.total) if v.growth_value is not None]
        if moved:
            scope = self.settings["scope"]
            parts.append(say("moved", scope=scope, n=len(moved), parts=moves(moved)))
        if not parts:
            parts += self._moved_units()
        if not self.units:
            return say("no_units")
        return "；".join(parts) + "。" if parts else say("none")

    def _moved_units(self) -> list[str]:
        """Count how the districts' own figures moved, where nothing else can be said."""
        by_unit = [
            [v for v in headline(self.bundle, self.rows[u["code"]]) if v.growth_value is not None]
            for u in self.units
        ]
        moved = [v for some in by_unit for v in some if v.reported]
        if not moved:
            return []
        places = sum(any(v.reported for v in some) for some in by_unit)
        parts = {"period": self.checkpoint.word, "d": places, "n": len(moved)}
        return [moved[0].say("overview", "moved_units", **parts, parts=moves(moved))]

    @property
    def head(self) -> Fragment:
        """Title, date and conclusion."""
        html = render(
            "head.html",
            title=self.title,
            meta=f"{self.settings['title']}　数据截至{self.checkpoint.cut_off}",
            sample=self.settings["sample"],
            draft=not self.bundle.content.get("final"),
            conclusion=self.conclusion,
            worst=[],
            best=[],
        )
        page = {"title": self.title, "sample": self.settings["sample"]}
        return Fragment(html, f"{self.title}\n{self.conclusion}", {"kejistats": page})

    def totals(self) -> Fragment:
        """Return the parent's figures as sentences and the key table, or that there are none."""
        known = [f"{sentence(v)}。" for v in headline(self.bundle, self.total) if v.reported]
        texts = known or self._no_total()
        if not texts and not self.total:
            return Fragment("", "")
        part = render(
            "part.html",
            heading="一、总量与增长",
            groups=[{"name": "", "texts": texts, "numbered": bool(known)}],
            field="",
        )
        table = self._parent_brief.table().html if self.total else ""
        return Fragment(part + table, "\n".join(texts))

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
        content["metrics"] = [
            row for row in content["metrics"] if row["district"] == self.parent["code"]
        ]
        content |= {"districts": [self._plain_parent()], "peers": {}}
        return Brief(Bundle(content))

    def _plain_parent(self) -> dict[str, Any]:
        return next(d for d in self.bundle.content["districts"] if d["code"] == self.parent["code"])

    def _matrix(
        self,
        heading: str,
        caption: str,
        cell: Callable[[View], dict[str, str]],
        remarks: list[str],
        columns: list[View],
    ) -> Fragment:
        rows = []
        for unit in self.units:
            cells = []
            for column in columns:
                view = self._view(unit["code"], column.id)
                cells.append(cell(view) if view else {"text": "—", "small": "", "code": ""})
            href = f"{unit['code']}-{self.checkpoint}.html"
            rows.append({"name": unit["name"], "href": href, "cells": cells})
        html = render(
            "matrix.html",
            heading=heading,
            caption=caption,
            columns=[c.short for c in columns],
            rows=rows,
            remarks=remarks,
        )
        lines = [f"{r['name']} " + " ".join(c["text"] for c in r["cells"]) for r in rows]
        return Fragment(html, "\n".join(lines))

    def progress(self) -> Fragment:
        """Return district × main indicator by status; empty where no target is judged."""
        if not self._judged():
            return Fragment("", "")

        def cell(view: View) -> dict[str, str]:
            rate = view.attainment()
            if not view.assessed:
                return {"text": "—", "small": view.status, "code": ""}
            text = f"{view.mark} {rate or view.pace_number()}"
            return {"text": text, "small": view.status, "code": view["progress"]}

        behind = []
        for column in self.headline:
            names = [
                unit["name"]
                for unit in self.units
                if (v := self._view(unit["code"], column.id)) and v.not_reached
            ]
            if names:
                behind.append(f"{column.name}未达到进度的地区：{listed(names)}。")
        return self._matrix(
            "二、各地区进度",
            "各地区主要指标进度（完成率或较序时，及状态）",
            cell,
            behind,
            self._judged(),
        )

    def figures(self) -> Fragment:
        """Return district × main indicator: figure and growth."""

        def cell(view: View) -> dict[str, str]:
            small = view.growth_number() if view.reported else ""
            return {
                "text": view.figure(trim=False),
                "small": "" if small == "—" else small,
                "code": "",
            }

        judged = bool(self._judged())
        return self._matrix(
            f"{'三' if judged else '二'}、各地区数据",
            "各地区主要指标累计数与同比",
            cell,
            [],
            self.headline,
        )

    def _judged(self) -> list[View]:
        """Return the main indicators that are judged in at least one district."""
        return [
            c
            for c in self.headline
            if any((v := self._view(u["code"], c.id)) and v.assessed for u in self.units)
        ]

    def chart_progress(self) -> charts.Chart | None:
        """Return the heat chart of district × main indicator; None without targets."""
        columns = self._judged()
        marks = [[self._view(u["code"], c.id) for c in columns] for u in self.units]
        return charts.heat([u["name"] for u in self.units], [c.short for c in columns], marks)

    @property
    def chains(self) -> Fragment:
        """阶段转化: what reached each stage of a chain in the parent; empty without any."""
        return self._parent_brief.chains

    def chart_chains(self) -> charts.Chart | None:
        """Return the parent's chains of stages as bars; None without any."""
        return self._parent_brief.chart_chains()

    def stages(self) -> Fragment:
        """Return district × stage: what became of the stage before; empty without chains."""
        found = [
            (u["name"], f"{u['code']}-{self.checkpoint}.html",
             chains_of(self.bundle, self.rows[u["code"]], u["code"]))
            for u in self.units
        ]  # fmt: skip
        # What the parent's part says already is not said again.
        said = bool(self.chains.html)
        notes = [] if said else remarks([chain for _, _, chains in found for chain in chains])
        order = [chain["id"] for chain in self.bundle.content.get("chains", [])]
        return chain_matrix(found, order, notes)

    @property
    def assessment(self) -> Fragment:
        """综合考核: score and rank of every district, with all parts; empty without one."""
        return score_table(self.bundle)

    @property
    def coverage(self) -> Fragment:
        """Return how much of what was expected each district reported; empty without any."""
        if not self.units:
            return Fragment("", "")
        texts = []
        for unit in self.units:
            rows = [v for v in self.rows[unit["code"]] if v["progress"] != "not_due"]
            given = [v for v in rows if v["status"] != "missing"]
            late = [v.short for v in rows if v["status"] == "missing"]
            if late:
                shown = listed(late[:8]) + (f"等{len(late)}项" if len(late) > 8 else "")
                rate = percent(len(given) / len(rows), 0, below=1)
                texts.append(
                    f"{unit['name']}已报{len(given)}/{len(rows)}项（{rate}），未报送：{shown}。"
                )
        if not texts:
            texts = ["各地区应报指标均已报送。"]
        html = render(
            "part.html",
            heading="报送情况",
            groups=[{"name": "", "texts": texts, "numbered": len(texts) > 1}],
            field="",
        )
        return Fragment(html, "\n".join(texts))

    @property
    def notes(self) -> Fragment:
        """数据说明 of the parent's figures; each district's are in its own brief."""
        return self._parent_brief.notes

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        parts = [
            self.head,
            self.totals(),
            self.progress(),
            self.figures(),
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
