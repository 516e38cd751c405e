"""A Metric row to explain: looks up inputs of formulas and makes steps from them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kejistats.explain.facts import Facts, Row, Tables, require
from kejistats.explain.formula import expand_sums
from kejistats.explain.printed_values import BOUND_MARKS, Printer
from kejistats.explain.step import Input, Step
from kejistats.explain.texts import FIGURE_NAMES, FORMULAS, INPUT_NAMES, NOTES
from kejistats.metrics.totals import DERIVED_LEVELS, DERIVED_TOTAL
from kejistats.model.numbers import format_number
from kejistats.model.period import Checkpoint
from kejistats.model.tables import Metric
from kejistats.model.units import ratio_factor

_TITLES = Metric.titles()
# The column with the bound of each figure; other bounds follow from the inputs.
BOUND_COLUMNS = {
    "value": "bound", "target_base": "target_base_bound", "attainment": "attainment_bound",
    "pace_gap": "pace_bound", "pace_gap_points": "pace_bound", "pace_ratio": "pace_bound",
    "gap": "gap_bound", "surplus": "gap_bound", "required_per_month": "gap_bound",
    "base": "base_bound", "change": "change_bound",
    "yoy": "yoy_bound", "yoy_points": "yoy_bound", "since_year_end": "since_year_end_bound",
    "share": "share_bound",
}  # fmt: skip


class RowContext:
    """A Metric row with its indicator, its checkpoint and look-ups of related figures.

    Parameters
    ----------
    row
        The Metric row.
    tables
        The tables it was computed from.
    """

    def __init__(self, row: Row, tables: Tables) -> None:
        self.row, self.tables = row, tables
        self.facts: Facts = tables.facts(row["indicator"])
        self.indicator = self.facts.indicator
        self.at = Checkpoint(row["year"], row["month"])
        self.printer = Printer(self.indicator, tables.settings.peer_unit)
        self.figure_row = self.facts.figure(row["district"], self.at, row["level"])
        self.in_points = self.indicator["growth"] == "points"
        self.measure = str(self.indicator["measure"])

    def __getitem__(self, column: str) -> Any:
        return self.row[column]

    def has(self, *columns: str) -> bool:
        """Return whether the row has a value in every one of the columns."""
        return all(self.row[column] is not None for column in columns)

    # ---- inputs -------------------------------------------------------------------------

    def value_input(self) -> Input:
        """Return the figure of the row as input A."""
        return self.amount_input(
            "A", FIGURE_NAMES[self.measure], self["value"], self["bound"], self.row
        )

    def amount_input(
        self,
        key: str,
        name: str,
        value: float,
        bound: str,
        origin: Row,
        derivation: Step | None = None,
    ) -> Input:
        """Return an amount as an input, with source and vintage of the row it comes from."""
        return Input(
            key, name, value, self.printer.amount(value, bound), self.printer.unit,
            origin["source"] or "", origin["intake_id"] or "", bound, derivation,
        )  # fmt: skip

    def figure_input(self, key: str, name: str, figure: Row) -> Input:
        """Return a figure of this indicator as an input, with its derivation if not reported."""
        derivation = self.derivation(name, figure)
        return self.amount_input(key, name, figure["value"], figure["bound"], figure, derivation)

    def column_input(self, key: str, name: str, column: str) -> Input:
        """Return another column of the row, which has its own step, as an input."""
        value, bound = self[column], self.column_bound(column)
        text = self.printer.column(column, value, bound)
        return Input(key, name, value, text, bound=bound or "exact")

    def number_input(self, key: str, value: float, text: str, name: str | None = None) -> Input:
        """Return a number from the settings or the calendar as an input."""
        return Input(key, INPUT_NAMES[key] if name is None else name, value, text)

    def figure_label(self, at: Checkpoint) -> str:
        """Return the printed name of a figure by its checkpoint: 2024年上半年, a stock 2024年6月末."""
        if self.measure != "stock":
            return at.label
        return f"{at.year}年末" if at.month == 12 else f"{at.year}年{at.month}月末"

    def input_at(
        self, key: str, at: Checkpoint, district: str = "", *, same_definition: bool = True
    ) -> Input:
        """Return the figure of another checkpoint as an input.

        Parameters
        ----------
        key
            Its key in the formula.
        at
            The checkpoint.
        district
            Code of another district; empty for the one of the row.
        same_definition
            Whether to prefer a figure on the row's statistical definition to the current one.
        """
        code = district or self["district"]
        figure = (
            self.facts.comparable(self.figure_row, code, at, self["level"])
            if same_definition
            else self.facts.figure(code, at, self["level"])
        )
        name = self.figure_label(at)
        if code != self["district"]:
            name = f"{self.facts.parent_name(self['district'])}{name}"
        return self.figure_input(key, name, require(figure))

    # ---- how figures were derived -------------------------------------------------------

    def derivation(self, title: str, figure: Row) -> Step | None:
        """Return the step that derives a figure, None if it was reported."""
        if figure["value"] is None:
            return None
        at = Checkpoint(figure["year"], figure["month"])
        if figure["source"] in (DERIVED_TOTAL, DERIVED_LEVELS):
            return self._sum(title, figure, at)
        indicator = self.tables.indicator_rows[figure["indicator"]]
        if " ÷ " in (figure["source"] or "") and indicator["numerator"]:
            return self._ratio(title, figure, indicator, at)
        return None

    def _sum(self, title: str, figure: Row, at: Checkpoint) -> Step:
        facts = self.facts
        over_levels = figure["source"] == DERIVED_LEVELS
        if over_levels:
            names = list(self.tables.indicator_rows[figure["indicator"]]["levels"])
            candidates = [
                (n, facts.figure(figure["district"], at, n, figure["indicator"])) for n in names
            ]
        else:
            district_rows = self.tables.district_rows
            candidates = [
                (
                    district_rows[code]["name"],
                    facts.figure(code, at, figure["level"], figure["indicator"]),
                )
                for code in facts.members(figure["district"], at)
            ]
        printer = self._printer(figure["indicator"])
        parts = [
            Input(
                f"p{n}", name, part["value"], printer.amount(part["value"], part["bound"]),
                printer.unit, part["source"], part["intake_id"], part["bound"],
            )
            for n, (name, part) in enumerate(
                (name, part) for name, part in candidates if part and part["value"] is not None
            )
        ]  # fmt: skip
        text = printer.amount(figure["value"], figure["bound"])
        formula = expand_sums(FORMULAS["value:sum"], {"p": len(parts)})
        note = NOTES["levels" if over_levels else "sum"]
        return Step("", title, figure["value"], text, formula, tuple(parts), note)

    def _ratio(self, title: str, figure: Row, indicator: Row, at: Checkpoint) -> Step:
        inputs = []
        for key, column in (("N", "numerator"), ("D", "denominator")):
            side_id, district = indicator[column], figure["district"]
            side = require(self.facts.figure(district, at, figure["level"], side_id))
            printer, name = self._printer(side_id), str(self.tables.indicator_rows[side_id]["name"])
            text = printer.amount(side["value"], side["bound"])
            derivation = self.derivation(name, side)
            inputs.append(
                Input(key, name, side["value"], text, printer.unit, side["source"],
                      side["intake_id"], side["bound"], derivation)
            )  # fmt: skip
        numerator_unit, denominator_unit = (
            self.tables.indicator_rows[indicator[c]]["unit"] for c in ("numerator", "denominator")
        )
        factor = ratio_factor(numerator_unit, denominator_unit, indicator["unit"]) or 1.0
        case = "value:quotient"
        if abs(factor - 1) > 1e-12:
            case = "value:ratio"
            text = format_number(factor, 0 if factor >= 1 else 6) + (
                "%" if indicator["unit"] == "%" else ""
            )
            inputs.append(self.number_input("f", factor, text))
        text = self._printer(indicator["id"]).amount(figure["value"], figure["bound"])
        return Step("", title, figure["value"], text, FORMULAS[case], tuple(inputs), NOTES["ratio"])

    def _printer(self, indicator: str) -> Printer:
        return Printer(self.tables.indicator_rows[indicator], self.tables.settings.peer_unit)

    # ---- steps --------------------------------------------------------------------------

    def column_bound(self, column: str) -> str | None:
        """Return the bound of a column in the row; exact for columns without one."""
        return self[BOUND_COLUMNS[column]] if column in BOUND_COLUMNS else "exact"

    def step(
        self, case: str, inputs: Iterable[Input], note: str = "", text: str | None = None
    ) -> Step:
        """Make the step of a column.

        Parameters
        ----------
        case
            Key of the formula.
        inputs
            Its inputs; ``x0``, ``x1`` and so on for a sum.
        note
            A further remark, printed after the formula.
        text
            The printed value, if it differs from the usual format of the column.
        """
        column, _, _ = case.partition(":")
        operands = tuple(inputs)
        keys = [operand.key.rstrip("0123456789") for operand in operands]
        formula = expand_sums(FORMULAS[case], {key: keys.count(key) for key in keys})
        value = self[column]
        step = Step(column, _TITLES[column], value, text or "", formula, operands, note)
        if text is None:
            bound = self[BOUND_COLUMNS[column]] if column in BOUND_COLUMNS else step.bound
            text = self.printer.column(column, value, bound)
        return Step(column, _TITLES[column], value, text, formula, operands, note)

    def given_step(self, column: str, note: str = "", origin: Row | None = None) -> Step:
        """Make the step of a figure taken directly from its source."""
        bound = self.column_bound(column) or "exact"
        text = self.printer.column(column, self[column], bound)
        source, intake_id = (origin["source"], origin["intake_id"]) if origin else ("", "")
        operand = Input(
            "x", _TITLES[column], self[column], text, self.printer.unit, source or "",
            intake_id or "", bound,
        )  # fmt: skip
        return self.step(column, [operand], note)

    def sentence_step(
        self, column: str, text: str, inputs: Iterable[Input] = (), note: str = ""
    ) -> Step:
        """Make the step of a status or reason, explained by a sentence."""
        return Step(column, _TITLES[column], self[column], text, "", tuple(inputs), note)


def with_bound_mark(text: str, bound: str | None) -> str:
    """Return a text with the sign of its bound in front."""
    return f"{BOUND_MARKS[bound or 'exact']}{text}"


def limit_text(value: float) -> str:
    """Print a limit: 1.05, −0.50."""
    return format_number(value, 2).replace("-", "−")
