"""The comparison page: one district at two checkpoints, or two districts at one checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from kejistats.brief.bundle import Bundle
from kejistats.brief.fragments import Fragment, render
from kejistats.brief.grades import main_grade
from kejistats.brief.matrices import EMPTY, Cell, cell, matrix, row
from kejistats.brief.notes import data_notes
from kejistats.brief.page_part import render_part
from kejistats.brief.pairs import Pair, make_pairs
from kejistats.brief.sentences import join_names, name_with_figure
from kejistats.brief.view import View, views
from kejistats.model.units import COUNT_UNITS

# The most differences in percent, and in points, that are listed.
MAX_RATES, MAX_POINTS = 8, 4


class Comparison:
    """A subject compared with a reference; every part renders itself in JupyterLab.

    For analysts only: the page is never released or mailed.

    Parameters
    ----------
    subject, reference
        The bundles of what is compared, and of what it is compared with, from `make_sides`.

    Examples
    --------
    ``c = kj.open("data/demo-city").compare("900101", "2025H1", other_checkpoint="2024H1")`` then
    ``c.head``, ``c.changes``, ``c.table()``, ``c.standing()``, ``c.notes``.
    """

    def __init__(self, subject: Bundle, reference: Bundle) -> None:
        self.sides = subject, reference
        self.settings: dict[str, Any] = subject.content["settings"]
        self.districts = [side.content["districts"][0] for side in self.sides]
        # Two checkpoints of one district, or two districts at one checkpoint.
        self.in_time = self.districts[0]["code"] == self.districts[1]["code"]
        self.pairs = make_pairs(subject, reference)
        self.numbers = {p.view.id: n for n, p in enumerate(self.pairs, 1)}
        headline = subject.content["headline"]
        self.main = [p for i in headline for p in self.pairs if p.view.indicator["id"] == i]

    def say(self, key: str, **parts: object) -> str:
        """Fill in a text from the section ``comparison`` of the words table."""
        return str(self.sides[0].content["words"]["comparison"][key].format(**parts))

    @property
    def labels(self) -> tuple[str, str]:
        """Labels of the two sides: their checkpoints or their districts."""
        if self.in_time:
            return self.sides[0].checkpoint.label, self.sides[1].checkpoint.label
        return str(self.districts[0]["name"]), str(self.districts[1]["name"])

    @property
    def title(self) -> str:
        """Title of the page."""
        name, label = self.districts[0]["name"], self.sides[0].checkpoint.label
        key = "title_time" if self.in_time else "title_place"
        subject, reference = self.labels
        return self.say(key, name=name, label=label, one=subject, other=reference)

    @property
    def conclusion(self) -> str:
        """How many indicators are higher, lower, equal, or cannot be compared and why."""
        compared = [p for p in self.pairs if not p.reason]
        kind = "time" if self.in_time else "place"
        counts = {
            f"up_{kind}": sum(p.sign > 0 for p in compared),
            f"down_{kind}": sum(p.sign < 0 for p in compared),
            f"even_{kind}": sum(p.sign == 0 for p in compared),
        }
        parts = [self.say(key, n=n) for key, n in counts.items() if n]
        reference = self.labels[1]
        text = self.say("compared", n=len(compared), other=reference, parts="，".join(parts))
        texts = [text if compared else self.say("none_compared", other=reference)]
        reasons = [p.reason for p in self.pairs if p.reason]
        if reasons:
            counts_by_reason = [
                self.say("counted", reason=self.say(f"reason_{key}"), n=reasons.count(key))
                for key in dict.fromkeys(reasons)
            ]
            texts.append(self.say("apart", n=len(reasons), parts=join_names(counts_by_reason)))
        return "；".join(texts) + "。"

    @property
    def head(self) -> Fragment:
        """The first screen: title, both sides with cut-off dates and grades, the conclusion."""
        facts = [
            self.say("side", label=label, date=side.checkpoint.cut_off,
                     grade=main_grade(views(side)) or self.say("no_grade"))
            for label, side in zip(self.labels, self.sides, strict=True)
        ]  # fmt: skip
        html = render(
            "head.html",
            title=self.title,
            meta="　".join([self.settings["title"], *facts]),
            draft=False,  # never released, so it needs no mark of a draft
            sample=self.settings["sample"],
            conclusion=self.conclusion,
            worst=[],
            best=[],
        )
        page = {"title": self.title, "sample": self.settings["sample"]}
        return Fragment(html, f"{self.title}\n{self.conclusion}", {"kejistats": page})

    @property
    def changes(self) -> Fragment:
        """The greatest differences as sentences; rates of counts from a small base are left out."""
        min_base = self.settings["thresholds"]["growth_base"]
        rates = [
            p
            for p in self.pairs
            if p.rate is not None and p.sign and _base_large_enough(p, min_base)
        ]
        points = [p for p in self.pairs if p.view.in_points and p.sign]
        rates = sorted(rates, key=lambda p: -abs(p.rate or 0.0))[:MAX_RATES]
        points = sorted(points, key=lambda p: -abs(p.difference or 0.0))[:MAX_POINTS]
        texts = [f"{self._sentence(p)}。" for p in [*rates, *points]]
        remark = self.say("changes", n=MAX_RATES, m=MAX_POINTS, base=f"{min_base:g}")
        lines = texts or [self.say("no_changes")]
        heading = self.say("heading_changes")
        return render_part(heading, lines, numbered=len(texts) > 1, remarks=[remark])

    def _sentence(self, pair: Pair) -> str:
        key = "points" if pair.view.in_points else "rate"
        direction = "up" if pair.sign > 0 else "down"
        kind = "time" if self.in_time else "place"
        return self.say(
            f"{key}_{direction}_{kind}",
            figure=name_with_figure(pair.view),
            other=self.labels[1],
            base=pair.reference.figure() if pair.reference else "",
            d=pair.distance,
            p=pair.percentage().lstrip("+−"),
        )

    def table(self) -> Fragment:
        """Return a table of figures and growth of both sides with the difference, or why none."""
        columns = [*self.labels, self.say("difference")]
        return self._table("table", columns, self._figures, {*self.numbers})

    def standing(self) -> Fragment:
        """Return a table of status, completion and rank of both sides; empty without any."""
        shown = {
            p.view.id
            for p in self.pairs
            if any(
                v and (v["target"] is not None or v.shows_rank) for v in (p.subject, p.reference)
            )
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
        table = matrix(self.say(key), columns, groups, kind="pair", first=self.say("indicator"))
        if not table.html:
            return table
        heading = self.say(f"heading_{key}")
        # The table is HTML from its own template, which escapes.
        body = Markup(table.html.strip())  # noqa: S704
        return Fragment(render("section.html", heading=heading, body=body), table.text)

    def _figures(self, pair: Pair) -> list[Cell]:
        cells = [_figure(v) if v else EMPTY for v in (pair.subject, pair.reference)]
        if pair.reason:
            return [*cells, cell("—", self.say(f"reason_{pair.reason}"))]
        return [*cells, cell(pair.signed_distance(), pair.percentage())]

    def _standings(self, pair: Pair) -> list[Cell]:
        sides = pair.subject, pair.reference
        return [*(_status(v) if v else EMPTY for v in sides), *(_rank(v) for v in sides)]

    @property
    def notes(self) -> Fragment:
        """数据说明 of both sides, shared notes once; then the source of every figure."""
        notes = [data_notes(side, views(side), with_methods=False) for side in self.sides]
        shared = [text for text in notes[0] if text in notes[1]]
        parts = [
            {"name": label, "texts": [text for text in texts if text not in shared]}
            for label, texts in zip(self.labels, notes, strict=True)
        ]
        parts.append({"name": self.say("both"), "texts": [*shared, self.say("limits")]})
        sources = [
            {
                "number": n,
                "name": pair.view.name,
                "cells": [_source(view) for view in (pair.subject, pair.reference)],
            }
            for n, pair in enumerate(self.pairs, 1)
        ]  # fmt: skip
        digests = join_names([side.digest for side in self.sides])
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


def _base_large_enough(pair: Pair, min_base: float) -> bool:
    """Return whether a rate says something: a count needs a large enough base."""
    is_count = pair.view.indicator["unit"] in COUNT_UNITS
    return not is_count or (pair.reference is not None and pair.reference["value"] >= min_base)


def _figure(view: View) -> Cell:
    growth = view.growth_number() if view.reported else "—"
    return cell(view.figure(trim=False), "" if growth == "—" else growth)


def _status(view: View) -> Cell:
    if view["target"] is None:
        return EMPTY
    return cell(f"{view.mark} {view.status}", view.attainment(), view["progress"])


def _source(view: View | None) -> dict[str, str]:
    origin = {"source": view["source"], "intake_id": view["intake_id"]} if view else {}
    return {"source": origin.get("source") or "—", "intake_id": origin.get("intake_id") or ""}


def _rank(view: View | None) -> Cell:
    return cell(f"{view['rank']}/{view['ranked']}") if view and view.shows_rank else EMPTY
