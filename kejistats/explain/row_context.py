"""A Metric row that is being explained: its inputs by name, and steps made from them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kejistats.explain.facts import Facts, Row, Tables, require
from kejistats.explain.formula import spread
from kejistats.explain.printed_values import MARKS, Printed
from kejistats.explain.step import Input, Step
from kejistats.explain.texts import FIGURE, FORMULAS, NAMES, NOTES
from kejistats.metrics.totals import DERIVED_LEVELS, DERIVED_TOTAL
from kejistats.model.numbers import plain
from kejistats.model.period import Checkpoint
from kejistats.model.tables import Metric
from kejistats.model.units import ratio_factor

_TITLES = Metric.titles()
# Which column holds the bound of which; of all others it follows from their inputs.
BOUNDS = {
    "value": "bound", "target_base": "target_base_bound", "attainment": "attainment_bound",
    "pace_gap": "pace_bound", "pace_gap_points": "pace_bound", "pace_ratio": "pace_bound",
    "gap": "gap_bound", "surplus": "gap_bound", "required_per_month": "gap_bound",
    "base": "base_bound", "change": "change_bound",
    "yoy": "yoy_bound", "yoy_points": "yoy_bound", "since_year_end": "since_year_end_bound",
    "share": "share_bound",
}  # fmt: skip


class RowContext:
    """A Metric row with all that is known around it.

    Parameters
    ----------
    row
        The Metric row.
    tables
        The tables it was made from.
    """

    def __init__(self, row: Row, tables: Tables) -> None:
        self.row, self.tables = row, tables
        self.facts: Facts = tables.facts(row["indicator"])
        self.indicator = self.facts.indicator
        self.at = Checkpoint(row["year"], row["month"])
        self.printed = Printed(self.indicator, tables.settings.peer_unit)
        self.own = self.facts.figure(row["district"], self.at, row["level"])
        self.points = self.indicator["growth"] == "points"
        self.measure = str(self.indicator["measure"])

    def __getitem__(self, column: str) -> Any:
        return self.row[column]

    def has(self, *columns: str) -> bool:
        """Tell whether the row has a value in each of some columns."""
        return all(self.row[column] is not None for column in columns)

    # ---- inputs -------------------------------------------------------------------------

    def a(self) -> Input:
        """The row's own figure."""
        return self.cell("A", FIGURE[self.measure], self["value"], self["bound"], self.row)

    def cell(
        self, key: str, name: str, value: float, bound: str, place: Row, of: Step | None = None
    ) -> Input:
        """An amount with the source and the vintage of a row that it stands in."""
        return Input(
            key, name, value, self.printed.amount(value, bound), self.printed.unit,
            place["source"] or "", place["intake_id"] or "", bound, of,
        )  # fmt: skip

    def figure(self, key: str, name: str, figure: Row) -> Input:
        """A figure of this indicator, and how it was derived where nobody reported it."""
        of = self.derivation(name, figure)
        return self.cell(key, name, figure["value"], figure["bound"], figure, of)

    def column(self, key: str, name: str, column: str) -> Input:
        """A figure of the row that a step of its own explains."""
        value, bound = self[column], self.bound_of(column)
        text = self.printed.column(column, value, bound)
        return Input(key, name, value, text, bound=bound or "exact")

    def number(self, key: str, value: float, text: str, name: str | None = None) -> Input:
        """A number that is a setting or follows from the calendar."""
        return Input(key, NAMES[key] if name is None else name, value, text)

    def moment(self, at: Checkpoint) -> str:
        """Name the figure of a checkpoint: 2024年上半年, of a stock 2024年6月末."""
        if self.measure != "stock":
            return at.label
        return f"{at.year}年末" if at.month == 12 else f"{at.year}年{at.month}月末"

    def then(self, key: str, at: Checkpoint, district: str = "", *, own: bool = True) -> Input:
        """The figure of another checkpoint.

        Parameters
        ----------
        key
            Its place in the formula.
        at
            The checkpoint.
        district
            Another district.
        own
            Whether one on the row's own definition comes before the one that stands.
        """
        where = district or self["district"]
        figure = (
            self.facts.comparable(self.own, where, at, self["level"])
            if own
            else self.facts.figure(where, at, self["level"])
        )
        name = self.moment(at)
        if where != self["district"]:
            name = f"{self.facts.whole(self['district'])}{name}"
        return self.figure(key, name, require(figure))

    # ---- how figures were derived -------------------------------------------------------

    def derivation(self, title: str, figure: Row) -> Step | None:
        """Return how a figure was derived that was not reported; None where it was."""
        if figure["value"] is None:
            return None
        at = Checkpoint(figure["year"], figure["month"])
        if figure["source"] in (DERIVED_TOTAL, DERIVED_LEVELS):
            return self._sum(title, figure, at)
        over = self.tables.registry[figure["indicator"]]
        if " ÷ " in (figure["source"] or "") and over["numerator"]:
            return self._ratio(title, figure, over, at)
        return None

    def _sum(self, title: str, figure: Row, at: Checkpoint) -> Step:
        facts = self.facts
        levels = figure["source"] == DERIVED_LEVELS
        if levels:
            names = list(self.tables.registry[figure["indicator"]]["levels"])
            found = [
                (n, facts.figure(figure["district"], at, n, figure["indicator"])) for n in names
            ]
        else:
            units = self.tables.units
            found = [
                (units[code]["name"], facts.figure(code, at, figure["level"], figure["indicator"]))
                for code in facts.members(figure["district"], at)
            ]
        printed = self._printed(figure["indicator"])
        parts = [
            Input(
                f"p{n}", name, part["value"], printed.amount(part["value"], part["bound"]),
                printed.unit, part["source"], part["intake_id"], part["bound"],
            )
            for n, (name, part) in enumerate(
                (name, part) for name, part in found if part and part["value"] is not None
            )
        ]  # fmt: skip
        text = printed.amount(figure["value"], figure["bound"])
        formula = spread(FORMULAS["value:sum"], {"p": len(parts)})
        note = NOTES["levels" if levels else "sum"]
        return Step("", title, figure["value"], text, formula, tuple(parts), note)

    def _ratio(self, title: str, figure: Row, over: Row, at: Checkpoint) -> Step:
        inputs = []
        for key, column in (("N", "numerator"), ("D", "denominator")):
            id_, where = over[column], figure["district"]
            side = require(self.facts.figure(where, at, figure["level"], id_))
            printed, name = self._printed(id_), str(self.tables.registry[id_]["name"])
            text = printed.amount(side["value"], side["bound"])
            of = self.derivation(name, side)
            inputs.append(
                Input(key, name, side["value"], text, printed.unit, side["source"],
                      side["intake_id"], side["bound"], of)
            )  # fmt: skip
        above, below = (self.tables.registry[over[c]]["unit"] for c in ("numerator", "denominator"))
        factor = ratio_factor(above, below, over["unit"]) or 1.0
        case = "value:quotient"
        if abs(factor - 1) > 1e-12:
            case = "value:ratio"
            text = plain(factor, 0 if factor >= 1 else 6) + ("%" if over["unit"] == "%" else "")
            inputs.append(self.number("f", factor, text))
        text = self._printed(over["id"]).amount(figure["value"], figure["bound"])
        return Step("", title, figure["value"], text, FORMULAS[case], tuple(inputs), NOTES["ratio"])

    def _printed(self, indicator: str) -> Printed:
        return Printed(self.tables.registry[indicator], self.tables.settings.peer_unit)

    # ---- steps --------------------------------------------------------------------------

    def bound_of(self, column: str) -> str | None:
        """Return the bound that the row gives a column; exact where it gives none."""
        return self[BOUNDS[column]] if column in BOUNDS else "exact"

    def step(
        self, case: str, inputs: Iterable[Input], note: str = "", text: str | None = None
    ) -> Step:
        """Make the step of a column.

        Parameters
        ----------
        case
            Key of the formula.
        inputs
            Its inputs; of a sum ``x0``, ``x1`` and so on.
        note
            What else is to be known.
        text
            The value as printed, where it is not printed as its column usually is.
        """
        column, _, _ = case.partition(":")
        given = tuple(inputs)
        kinds = [one.key.rstrip("0123456789") for one in given]
        formula = spread(FORMULAS[case], {kind: kinds.count(kind) for kind in kinds})
        value = self[column]
        step = Step(column, _TITLES[column], value, text or "", formula, given, note)
        if text is None:
            bound = self[BOUNDS[column]] if column in BOUNDS else step.bound
            text = self.printed.column(column, value, bound)
        return Step(column, _TITLES[column], value, text, formula, given, note)

    def given(self, column: str, note: str = "", place: Row | None = None) -> Step:
        """Make the step of a figure taken as it came."""
        bound = self.bound_of(column) or "exact"
        text = self.printed.column(column, self[column], bound)
        source, received = (place["source"], place["intake_id"]) if place else ("", "")
        one = Input(
            "x", _TITLES[column], self[column], text, self.printed.unit, source or "",
            received or "", bound,
        )  # fmt: skip
        return self.step(column, [one], note)

    def words(self, column: str, text: str, inputs: Iterable[Input] = (), note: str = "") -> Step:
        """Make the step of a status or a reason, which words explain."""
        return Step(column, _TITLES[column], self[column], text, "", tuple(inputs), note)


def marked(text: str, bound: str | None) -> str:
    """Return a text with the mark of a bound before it."""
    return f"{MARKS[bound or 'exact']}{text}"


def number(value: float) -> str:
    """Print a limit: 1.05, −0.5."""
    return plain(value, 2).replace("-", "−")
