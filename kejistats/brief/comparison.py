"""A comparison: one district at two checkpoints, or two districts at one; an analyst's page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from kejistats.brief.bundle import Bundle
from kejistats.brief.fragments import Fragment, render
from kejistats.brief.grades import main_grade
from kejistats.brief.matrices import NONE, Cell, cell, matrix, row
from kejistats.brief.notes import notes
from kejistats.brief.page_part import part
from kejistats.brief.pairs import Pair, pairs
from kejistats.brief.sentences import listed, titled
from kejistats.brief.view import View, views
from kejistats.model.units import COUNT_UNITS

# So many of the greatest differences, in percent and in points.
LARGEST, POINTS = 8, 4


class Comparison:
    """Two sides of a comparison; every part shows itself in JupyterLab.

    Parameters
    ----------
    one, other
        What is compared, and with what, from `make_sides`.

    Examples
    --------
    ``c = kj.open("data/demo-city").compare("900101", "2025H1", other_checkpoint="2024H1")`` then
    ``c.head``, ``c.changes``, ``c.table()``, ``c.standing()``, ``c.notes``.
    """

    def __init__(self, one: Bundle, other: Bundle) -> None:
        self.sides = one, other
        self.settings: dict[str, Any] = one.content["settings"]
        self.districts = [side.content["districts"][0] for side in self.sides]
        # Two checkpoints of one district, or two districts at one checkpoint.
        self.in_time = self.districts[0]["code"] == self.districts[1]["code"]
        self.pairs = pairs(one, other)
        self.numbers = {p.view.id: n for n, p in enumerate(self.pairs, 1)}
        main = one.content["headline"]
        self.main = [p for i in main for p in self.pairs if p.view.indicator["id"] == i]

    def say(self, key: str, **parts: object) -> str:
        """Fill in one text of the words of comparisons."""
        return str(self.sides[0].content["words"]["comparison"][key].format(**parts))

    @property
    def labels(self) -> tuple[str, str]:
        """What tells the sides apart: the checkpoints or the districts."""
        if self.in_time:
            return self.sides[0].checkpoint.label, self.sides[1].checkpoint.label
        return str(self.districts[0]["name"]), str(self.districts[1]["name"])

    @property
    def title(self) -> str:
        """Title of the page."""
        name, label = self.districts[0]["name"], self.sides[0].checkpoint.label
        key = "title_time" if self.in_time else "title_place"
        one, other = self.labels
        return self.say(key, name=name, label=label, one=one, other=other)

    @property
    def conclusion(self) -> str:
        """How many indicators are higher and lower, and how many cannot be compared, and why."""
        compared = [p for p in self.pairs if not p.reason]
        kind = "time" if self.in_time else "place"
        counts = {
            f"up_{kind}": sum(p.way > 0 for p in compared),
            f"down_{kind}": sum(p.way < 0 for p in compared),
            f"even_{kind}": sum(p.way == 0 for p in compared),
        }
        parts = [self.say(key, n=n) for key, n in counts.items() if n]
        other = self.labels[1]
        text = self.say("compared", n=len(compared), other=other, parts="，".join(parts))
        texts = [text if compared else self.say("none_compared", other=other)]
        reasons = [p.reason for p in self.pairs if p.reason]
        if reasons:
            why = [
                self.say("counted", reason=self.say(f"reason_{key}"), n=reasons.count(key))
                for key in dict.fromkeys(reasons)
            ]
            texts.append(self.say("apart", n=len(reasons), parts=listed(why)))
        return "；".join(texts) + "。"

    @property
    def head(self) -> Fragment:
        """Title, what is compared with dates and grades, and the conclusion."""
        facts = [
            self.say("side", label=label, date=side.checkpoint.cut_off,
                     grade=main_grade(views(side)) or self.say("no_grade"))
            for label, side in zip(self.labels, self.sides, strict=True)
        ]  # fmt: skip
        html = render(
            "head.html",
            title=self.title,
            meta="　".join([self.settings["title"], *facts]),
            draft=False,  # an analyst's page, never sent
            sample=self.settings["sample"],
            conclusion=self.conclusion,
            worst=[],
            best=[],
        )
        page = {"title": self.title, "sample": self.settings["sample"]}
        return Fragment(html, f"{self.title}\n{self.conclusion}", {"kejistats": page})

    @property
    def changes(self) -> Fragment:
        """The greatest differences as sentences; counts from a small base are left out."""
        least = self.settings["thresholds"]["growth_base"]
        rates = [p for p in self.pairs if p.rate is not None and p.way and _large(p, least)]
        points = [p for p in self.pairs if p.view.in_points and p.way]
        rates = sorted(rates, key=lambda p: -abs(p.rate or 0.0))[:LARGEST]
        points = sorted(points, key=lambda p: -abs(p.difference or 0.0))[:POINTS]
        texts = [f"{self._sentence(p)}。" for p in [*rates, *points]]
        remark = self.say("changes", n=LARGEST, m=POINTS, base=f"{least:g}")
        said = texts or [self.say("no_changes")]
        heading = self.say("heading_changes")
        return part(heading, said, numbered=len(texts) > 1, remarks=[remark])

    def _sentence(self, pair: Pair) -> str:
        one = pair.view
        key = "points" if one.in_points else "rate"
        way = "up" if pair.way > 0 else "down"
        kind = "time" if self.in_time else "place"
        return self.say(
            f"{key}_{way}_{kind}",
            figure=titled(one),
            other=self.labels[1],
            base=pair.other.figure() if pair.other else "",
            d=pair.apart,
            p=pair.percentage().lstrip("+−"),
        )

    def table(self) -> Fragment:
        """Return figures and growth of both sides with the difference, or why there is none."""
        columns = [*self.labels, self.say("difference")]
        return self._table("table", columns, self._figures, {*self.numbers})

    def standing(self) -> Fragment:
        """Return status, rate of completion and rank of both sides; empty without any."""
        shown = {
            p.view.id
            for p in self.pairs
            if any(v and (v["target"] is not None or v.ranks) for v in (p.one, p.other))
        }
        heads = [self.say(key) for key in ("progress", "rank")]
        columns = [(label, head) for head in heads for label in self.labels]
        return self._table("standing", columns, self._standings, shown)

    def _table(
        self, key: str, columns: list[Any], cells: Callable[[Pair], list[Cell]], shown: set[str]
    ) -> Fragment:
        main = {p.view.id for p in self.main}
        groups: dict[str, list[dict[str, Any]]] = {"": []}
        for pair in [*self.main, *(p for p in self.pairs if p.view.id not in main)]:
            if pair.view.id in shown:
                name = "" if pair.view.id in main else str(pair.view.indicator["domain_name"])
                href = f"#s-{self.numbers[pair.view.id]}"
                groups.setdefault(name, []).append(row(pair.view.short, cells(pair), href))
        made = matrix(self.say(key), columns, groups, kind="pair", first=self.say("indicator"))
        if not made.html:
            return made
        heading = self.say(f"heading_{key}")
        # The table is HTML already, escaped by its own template.
        body = Markup(made.html.strip())  # noqa: S704
        return Fragment(render("section.html", heading=heading, body=body), made.text)

    def _figures(self, pair: Pair) -> list[Cell]:
        found = [_figure(v) if v else NONE for v in (pair.one, pair.other)]
        if pair.reason:
            return [*found, cell("—", self.say(f"reason_{pair.reason}"))]
        return [*found, cell(pair.number(), pair.percentage())]

    def _standings(self, pair: Pair) -> list[Cell]:
        sides = pair.one, pair.other
        return [*(_status(v) if v else NONE for v in sides), *(_rank(v) for v in sides)]

    @property
    def notes(self) -> Fragment:
        """数据说明 of both sides, what both share said once; then the source of every figure."""
        found = [notes(side, views(side), spoken=False) for side in self.sides]
        shared = [text for text in found[0] if text in found[1]]
        parts = [
            {"name": label, "texts": [text for text in some if text not in shared]}
            for label, some in zip(self.labels, found, strict=True)
        ]
        parts.append({"name": self.say("both"), "texts": [*shared, self.say("limits")]})
        sources = [
            {
                "number": n,
                "name": pair.view.name,
                "cells": [_source(view) for view in (pair.one, pair.other)],
            }
            for n, pair in enumerate(self.pairs, 1)
        ]  # fmt: skip
        digests = listed([side.digest for side in self.sides])
        made = f"kejistats {self.sides[0].content['kejistats']}　数据校验值 {digests}"
        html = render("comparison_notes.html", parts=parts, sources=sources, labels=self.labels,
                      made=made)  # fmt: skip
        return Fragment(html, "\n".join(text for part in parts for text in part["texts"]))

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        parts = [self.head, self.changes, self.table(), self.standing(), self.notes]
        return {
            "text/html": "\n".join(part.html for part in parts),
            "text/plain": "\n\n".join(part.text for part in parts),
        }, {}


def _large(pair: Pair, least: float) -> bool:
    """Return whether the base of a count is large enough for its rate to say something."""
    counted = pair.view.indicator["unit"] in COUNT_UNITS
    return not counted or (pair.other is not None and pair.other["value"] >= least)


def _figure(view: View) -> Cell:
    growth = view.growth_number() if view.reported else "—"
    return cell(view.figure(trim=False), "" if growth == "—" else growth)


def _status(view: View) -> Cell:
    if view["target"] is None:
        return NONE
    return cell(f"{view.mark} {view.status}", view.attainment(), view["progress"])


def _source(view: View | None) -> dict[str, str]:
    found = {"source": view["source"], "intake_id": view["intake_id"]} if view else {}
    return {"source": found.get("source") or "—", "intake_id": found.get("intake_id") or ""}


def _rank(view: View | None) -> Cell:
    return cell(f"{view['rank']}/{view['ranked']}") if view and view.ranks else NONE
