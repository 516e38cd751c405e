"""The data of an overview: a parent and its districts at one checkpoint."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from kejistats.brief.bundle import Bundle
from kejistats.brief.view import View, headline, views

Unit = dict[str, Any]


class OverviewData:
    """A parent, its districts (`units`), and their rows as views by district code.

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
        self.parent_rows = self.rows[parent]
        self._cells = {(code, v.id): v for code, rows in self.rows.items() for v in rows}

    def say(self, key: str, **parts: object) -> str:
        """Fill in a text from the section ``overview`` of the words table."""
        return str(self.bundle.content["words"]["overview"][key].format(**parts))

    def view(self, code: str, indicator: str) -> View | None:
        """Return a district's view of an indicator; None where it has none."""
        return self._cells.get((code, indicator))

    def main_indicators(self, code: str) -> list[View]:
        """Return a district's main indicators."""
        return headline(self.bundle, self.rows[code])

    def href(self, unit: Unit) -> str:
        """Return the link to a district's brief."""
        return f"{unit['code']}-{self.checkpoint}.html"

    @cached_property
    def headline(self) -> list[View]:
        """One view per main indicator: the parent's, else that of the first district with one."""
        by_id: dict[str, View] = {}
        for code in [self.parent["code"], *(u["code"] for u in self.units)]:
            for view in self.main_indicators(code):
                by_id.setdefault(view.id, view)
        return [by_id[i] for i in self.bundle.content["headline"] if i in by_id]

    @cached_property
    def tallied_units(self) -> list[Unit]:
        """The districts that tallies count; not zones, which lie in a district (definitions §4)."""
        return [u for u in self.units if u["kind"] == "district"] or self.units

    def column(self, indicator: str) -> list[View]:
        """Return the districts' views of an indicator, in the order of the districts."""
        return [v for u in self.units if (v := self.view(u["code"], indicator))]

    @cached_property
    def judged_indicators(self) -> list[View]:
        """The main indicators that are judged in at least one district."""
        return [c for c in self.headline if any(v.assessed for v in self.column(c.id))]

    def peer_group(self, unit: Unit) -> tuple[str, str]:
        """Return kind and group of a district; peers share both (definitions §8)."""
        return str(unit["kind"]), str(unit["group"] or "")

    @cached_property
    def peer_groups(self) -> dict[str, list[Unit]]:
        """The districts by name of their peer group; the name is empty if there is only one."""
        groups: dict[tuple[str, str], list[Unit]] = {}
        for unit in self.units:
            groups.setdefault(self.peer_group(unit), []).append(unit)
        if len(groups) < 2:
            return {"": self.units} if self.units else {}
        return {group or self.say(f"kind_{kind}"): units for (kind, group), units in groups.items()}
