"""Chains of stages put into words: what reached each stage, and what became of the one before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kejistats.brief.bundle import Bundle
from kejistats.brief.view import View
from kejistats.model.numbers import percent, vanishes

# The bounds of conversions where there is little room.
_SHORT = {
    "exact": "{c}",
    "about": "约{c}",
    "at_least": "≥{c}",
    "at_most": "≤{c}",
    "less_than": "<{c}",
}


@dataclass(frozen=True)
class Stage:
    """One stage of a chain in words.

    Parameters
    ----------
    row
        The Conversion row.
    view
        The figure's Metric row in words.
    label
        Word for the stage.
    before
        Word for the stage it is held against; empty where there is none.
    """

    row: dict[str, Any]
    view: View
    label: str
    before: str

    @property
    def counted(self) -> bool:
        """Whether it is in the unit of the chain."""
        return bool(self.row["reason"] != "other_unit")

    @property
    def reported(self) -> bool:
        """Whether there is a figure."""
        return self.view.reported

    @property
    def kind(self) -> str:
        """Name of the conversion, 转化率 or 同期比; empty where nothing stands before."""
        return self.view.say("chain", self.row["kind"], c="") if self.row["kind"] else ""

    def number(self, *, short: bool = False) -> str:
        """Print the conversion with its bound, `short` as a mark; empty where there is none."""
        share, bound = self.row["conversion"], self.row["conversion_bound"]
        if share is None:
            return ""
        text, marks = percent(share, below=1), _SHORT if short else self.view.words["chain"]
        if vanishes(share):
            # Of a lower bound that is next to nothing, nothing can be said.
            text, bound = "0.1%", "" if bound == "at_least" else "less_than"
        return str(marks[bound].format(c=text)) if bound else ""

    def rate(self, *, short: bool = False) -> str:
        """Name the conversion and print it: 同期比40.1%; empty where there is none."""
        number = self.number(short=short)
        return self.view.say("chain", self.row["kind"], c=number) if number else ""

    def clause(self) -> str:
        """Say the figure, and the conversion or why there is none although there is a figure."""
        parts = [f"{self.label}{self.view.figure()}"]
        if rate := self.rate():
            parts.append(
                self.view.say("chain", f"{self.row['kind']}_of", before=self.before, rate=rate)
            )
        elif self.reported and self.before and self.row["reason"]:
            why = self.view.say("chain", self.row["reason"], before=self.before, kind=self.kind)
            parts.append(why)
        return "，".join(parts)


@dataclass(frozen=True)
class ChainView:
    """One chain of a district in words.

    Parameters
    ----------
    id, name
        As declared.
    stages
        Those the district has a row of, first stage first.
    """

    id: str
    name: str
    stages: list[Stage]

    @property
    def shown(self) -> bool:
        """Whether at least two stages of its unit have a figure."""
        return sum(s.counted and s.reported for s in self.stages) > 1

    @property
    def kinds(self) -> list[str]:
        """Names of the conversions printed, each once."""
        return list(dict.fromkeys(s.kind for s in self.stages if s.number()))

    def sentence(self) -> str:
        """Say all stages."""
        return f"{self.name}：{'；'.join(s.clause() for s in self.stages)}。"


def chains_of(bundle: Bundle, rows: list[View], district: str) -> list[ChainView]:
    """Return a district's chains in words, as declared; `ChainView.shown` says which to show.

    Parameters
    ----------
    bundle
        With the chains and their conversions; one without them has none.
    rows
        The district's views.
    district
        Its code.
    """
    by_id = {view.id: view for view in rows}
    found = []
    for chain in bundle.content.get("chains", []):
        labels = dict(zip(chain["stages"], chain["labels"], strict=True))
        stages = [
            Stage(row, by_id[row["stage"]], labels[row["stage"]], labels.get(row["before"], ""))
            for row in bundle.conversions
            if row["chain"] == chain["id"] and row["district"] == district and row["stage"] in by_id
        ]
        found.append(ChainView(chain["id"], chain["name"], stages))
    return [chain for chain in found if chain.stages]


def remarks(chains: list[ChainView]) -> list[str]:
    """Say what the conversions printed are, each kind once."""
    stages = [s for chain in chains for s in chain.stages if s.rate()]
    return [
        stages[0].view.say("chain", f"remark_{kind}")
        for kind in dict.fromkeys(s.row["kind"] for s in stages)
    ]
