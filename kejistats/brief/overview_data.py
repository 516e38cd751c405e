"""The districts of a parent at one checkpoint: what every part of the overview looks at."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from kejistats.brief.bundle import Bundle
from kejistats.brief.view import View, headline, views

Unit = dict[str, Any]


class OverviewData:
    """A parent, its districts and their views.

    Parameters
    ----------
    bundle
        From `make_overview`.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.settings: dict[str, Any] = bundle.content["settings"]
        self.checkpoint = bundle.checkpoint
        districts = [*bundle.districts.iter_rows(named=True)]
        parent = self.settings["parent"]
        self.parent: Unit = next(d for d in districts if d["code"] == parent)
        self.units: list[Unit] = [d for d in districts if d["code"] != parent]
        self.rows: dict[str, list[View]] = {d["code"]: [] for d in districts}
        for view in views(bundle):
            self.rows[view["district"]].append(view)
        self.total = self.rows[parent]
        self._cells = {(code, v.id): v for code, some in self.rows.items() for v in some}

    def say(self, key: str, **parts: object) -> str:
        """Fill in one text of the words of overviews."""
        return str(self.bundle.content["words"]["overview"][key].format(**parts))

    def view(self, code: str, indicator: str) -> View | None:
        """Return a district's view of an indicator; None where it has none."""
        return self._cells.get((code, indicator))

    def main(self, code: str) -> list[View]:
        """Return a district's main indicators."""
        return headline(self.bundle, self.rows[code])

    def href(self, unit: Unit) -> str:
        """Return the file of a district's brief."""
        return f"{unit['code']}-{self.checkpoint}.html"

    @cached_property
    def headline(self) -> list[View]:
        """One view per main indicator that anybody has, the parent's first."""
        found: dict[str, View] = {}
        for code in [self.parent["code"], *(u["code"] for u in self.units)]:
            for view in self.main(code):
                found.setdefault(view.id, view)
        return [found[i] for i in self.bundle.content["headline"] if i in found]

    @cached_property
    def counted(self) -> list[Unit]:
        """The districts that tallies count: a zone lies in one of them (definitions §4)."""
        return [u for u in self.units if u["kind"] == "district"] or self.units

    def column(self, indicator: str) -> list[View]:
        """Return the districts' views of an indicator, in their order."""
        return [v for u in self.units if (v := self.view(u["code"], indicator))]

    @cached_property
    def judged(self) -> list[View]:
        """The main indicators that are judged in at least one district."""
        return [c for c in self.headline if any(v.assessed for v in self.column(c.id))]

    def group(self, unit: Unit) -> tuple[str, str]:
        """Return what tells peers apart under one parent: kind and group (definitions §8)."""
        return str(unit["kind"]), str(unit["group"] or "")

    @cached_property
    def groups(self) -> dict[str, list[Unit]]:
        """The districts by group of peers, its name first; one group alone has no name."""
        found: dict[tuple[str, str], list[Unit]] = {}
        for unit in self.units:
            found.setdefault(self.group(unit), []).append(unit)
        if len(found) < 2:
            return {"": self.units} if self.units else {}
        return {group or self.say(f"kind_{kind}"): some for (kind, group), some in found.items()}
