"""Chains of stages in words: the figure of each stage, and its ratio to the stage before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kejistats.brief.bundle import Bundle
from kejistats.brief.view import View
from kejistats.model.numbers import format_percent, prints_as_zero

# Marks of bounds for charts and tables, where there is little room.
_SHORT_BOUNDS = {
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
        Word for the earlier stage it is compared with; empty where there is none.
    """

    row: dict[str, Any]
    view: View
    label: str
    before: str

    @property
    def in_chain_unit(self) -> bool:
        """Whether its figure is in the unit of the chain."""
        return bool(self.row["reason"] != "other_unit")

    @property
    def reported(self) -> bool:
        """Whether there is a figure."""
        return self.view.reported

    @property
    def kind(self) -> str:
        """Name of the conversion, 转化率 or 同期比; empty for a first stage."""
        return self.view.say("chain", self.row["kind"], c="") if self.row["kind"] else ""

    def number(self, *, short: bool = False) -> str:
        """Print the conversion with its bound (a mark if `short`); empty where there is none."""
        share, bound = self.row["conversion"], self.row["conversion_bound"]
        if share is None:
            return ""
        text, marks = (
            format_percent(share, below=1),
            _SHORT_BOUNDS if short else self.view.words["chain"],
        )
        if prints_as_zero(share):
            # "At least 0.0%" says nothing, so a lower bound this small is left out.
            text, bound = "0.1%", "" if bound == "at_least" else "less_than"
        return str(marks[bound].format(c=text)) if bound else ""

    def rate(self, *, short: bool = False) -> str:
        """Print the conversion after its name: 同期比40.1%; empty where there is none."""
        number = self.number(short=short)
        return self.view.say("chain", self.row["kind"], c=number) if number else ""

    def clause(self) -> str:
        """Say the figure, then the conversion or, of a reported figure, why there is none."""
        parts = [f"{self.label}{self.view.figure()}"]
        if rate := self.rate():
            parts.append(
                self.view.say("chain", f"{self.row['kind']}_of", before=self.before, rate=rate)
            )
        elif self.reported and self.before and self.row["reason"]:
            reason = self.view.say("chain", self.row["reason"], before=self.before, kind=self.kind)
            parts.append(reason)
        return "，".join(parts)


@dataclass(frozen=True)
class ChainView:
    """One chain of a district in words.

    Parameters
    ----------
    id, name
        As declared.
    stages
        Those the district has a row of, in the order of the chain.
    """

    id: str
    name: str
    stages: list[Stage]

    @property
    def shown(self) -> bool:
        """Whether at least two stages in the unit of the chain have a figure."""
        return sum(s.in_chain_unit and s.reported for s in self.stages) > 1

    @property
    def kinds(self) -> list[str]:
        """Names of the conversions printed, each once."""
        return list(dict.fromkeys(s.kind for s in self.stages if s.number()))

    def sentence(self) -> str:
        """Say all stages in one sentence."""
        return f"{self.name}：{'；'.join(s.clause() for s in self.stages)}。"


def chain_views(bundle: Bundle, rows: list[View], district: str) -> list[ChainView]:
    """Return a district's chains in words, as declared; `ChainView.shown` says which to show.

    Parameters
    ----------
    bundle
        The page's bundle; it may lack chains.
    rows
        The district's views.
    district
        Its code.
    """
    by_id = {view.id: view for view in rows}
    chains = []
    for chain in bundle.content.get("chains", []):
        labels = dict(zip(chain["stages"], chain["labels"], strict=True))
        stages = [
            Stage(row, by_id[row["stage"]], labels[row["stage"]], labels.get(row["before"], ""))
            for row in bundle.conversions
            if row["chain"] == chain["id"] and row["district"] == district and row["stage"] in by_id
        ]
        chains.append(ChainView(chain["id"], chain["name"], stages))
    return [chain for chain in chains if chain.stages]


def chain_remarks(chains: list[ChainView]) -> list[str]:
    """Explain each kind of conversion that is printed, once."""
    stages = [s for chain in chains for s in chain.stages if s.rate()]
    return [
        stages[0].view.say("chain", f"remark_{kind}")
        for kind in dict.fromkeys(s.row["kind"] for s in stages)
    ]
