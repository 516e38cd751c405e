"""The target of an explained row: its inputs, and which case of each formula applies."""

from __future__ import annotations

from kejistats.explain.facts import Row
from kejistats.explain.row_context import RowContext, with_bound_mark
from kejistats.explain.step import Input
from kejistats.explain.texts import TARGET_NAMES
from kejistats.model.period import Checkpoint

# Kinds whose value is a level to reach; their attainment is the increase over a base.
LEVEL_KINDS = ("level", "multi_year")


class JudgedTarget:
    """The target of a row: its inputs, and which case of each formula applies to its kind.

    Parameters
    ----------
    about
        The row.
    """

    def __init__(self, context: RowContext) -> None:
        self.context = context
        self.kind = str(context["target_kind"])
        self.row: Row | None = context.facts.target_row(context.row)
        self.counts_increase = self.kind in (*LEVEL_KINDS, "net")

    def case(self, column: str, *kinds: str) -> str:
        """Return the key of a column's formula, with the case of this kind of target if it has one.

        Parameters
        ----------
        column
            The column.
        kinds
            The cases its formula has; ``increase`` is for all kinds measured by an increase.
        """
        if self.kind in kinds:
            return f"{column}:{self.kind}"
        takes_increase = self.counts_increase if "net" not in kinds else self.kind in LEVEL_KINDS
        return f"{column}:increase" if "increase" in kinds and takes_increase else column

    def as_input(self, key: str = "T") -> Input:
        """Return the target as an input."""
        context, value = self.context, self.context["target"]
        name = TARGET_NAMES[self.kind]
        if self.kind == "multi_year":
            name = f"{context['target_year']}年{name}"
        return Input(
            key, name, value, self.value_text(value), self.unit,
            context["target_source"] or "", self.row["intake_id"] if self.row else "",
        )  # fmt: skip

    @property
    def unit(self) -> str:
        """The unit of the target value."""
        if self.kind != "growth":
            return self.context.printer.unit
        return (
            self.context.printer.unit
            if self.context.in_points and self.context.printer.unit != "%"
            else "%"
        )

    def value_text(self, value: float) -> str:
        """Print a target value; growth in % or points."""
        context = self.context
        if self.kind == "growth":
            return context.printer.growth(value if context.in_points else value / 100)
        return context.printer.amount(value)

    def base_input(self) -> Input:
        """Return the base of the increase as an input."""
        context = self.context
        year = context["year"] - 1
        if self.kind == "multi_year" and self.row:
            year = self.row["base_year"]
        base = context.input_at(
            "S", Checkpoint(year, 12), same_definition=year == context["year"] - 1
        )
        return context.amount_input(
            "S", base.name, context["target_base"], context["target_base_bound"],
            {"source": base.source, "intake_id": base.intake_id}, base.derivation,
        )  # fmt: skip

    def with_base(self, *inputs: Input) -> list[Input]:
        """Return the inputs, plus the base if the kind is measured by an increase."""
        return [*inputs, self.base_input()] if self.counts_increase else list(inputs)

    def difference_text(self) -> str:
        """Print growth minus a growth target, in points or in the unit of the growth."""
        printer, value = self.context.printer, self.context["pace_gap_points"]
        text = printer.growth(value) if self.context.in_points else printer.points(value)
        return with_bound_mark(text, self.context["pace_bound"])

    def growth_input(self) -> Input | None:
        """Return the growth to compare with a growth target, in % or points: published first."""
        context = self.context
        scale = 1.0 if context.in_points else 100.0
        for column, name, factor in (
            ("published_growth", "公布增速", scale), ("yoy", "同比", 100.0),
            ("yoy_points", "同比", 1.0),
        ):  # fmt: skip
            if context.has(column):
                bound = context.column_bound(column)
                text = context.printer.column(column, context[column], bound)
                value = context[column] * factor
                return Input("g", name, value, text, self.unit, bound=bound or "exact")
        return None
