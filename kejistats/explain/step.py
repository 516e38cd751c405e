"""The parts of an explanation: steps, and the inputs of their formulas."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kejistats.explain.formula import evaluate, fill, input_keys, result_bound


@dataclass(frozen=True)
class Input:
    """An input of a formula.

    Parameters
    ----------
    key
        Its key in the formula, such as ``A``.
    name
        Its printed name.
    value
        The number, not rounded; None if masked or missing.
    text
        The number as printed, with unit and bound.
    unit
        Its unit, empty if it has none.
    source, intake_id
        The cell it came from and its vintage; empty if it is computed or a setting.
    bound
        exact, about, at_least, more_than, at_most or less_than.
    derivation
        The step that computes it, if it is not a column with its own step.
    """

    key: str
    name: str
    value: float | None
    text: str
    unit: str = ""
    source: str = ""
    intake_id: str = ""
    bound: str = "exact"
    derivation: Step | None = None

    def __str__(self) -> str:
        return f"{self.name} {self.text}".strip()


@dataclass(frozen=True)
class Step:
    """A figure of a Metric row and the formula that gives it.

    Parameters
    ----------
    column
        The column of the Metric table; empty for an intermediate result.
    title
        Its Chinese title.
    value
        The value in the row: a number, the code of a status or reason, or None.
    text
        The value as printed, or the sentence for a status or reason.
    formula
        The formula with input keys in braces; empty if a sentence explains the value.
    inputs
        The inputs.
    note
        A further remark, printed after the formula.
    """

    column: str
    title: str
    value: float | str | bool | None
    text: str
    formula: str = ""
    inputs: tuple[Input, ...] = ()
    note: str = ""

    def recompute(self) -> float | bool | None:
        """Evaluate the formula on the inputs; None without a formula.

        Examples
        --------
        >>> inputs = Input("A", "累计", 105.0, "105件"), Input("T", "目标", 205.0, "205件")
        >>> step = Step("attainment", "完成率", 0.5122, "51.2%", "{A} ÷ {T}", inputs)
        >>> round(step.recompute(), 4), step.line()
        (0.5122, '完成率 51.2% = 累计 105件 ÷ 目标 205件')
        """
        return evaluate(self.formula, self.values) if self.formula else None

    @property
    def values(self) -> dict[str, float]:
        """The numbers of the inputs, by key."""
        return {operand.key: operand.value for operand in self.inputs if operand.value is not None}

    @property
    def bound(self) -> str | None:
        """The bound of the result that follows from the bounds of the inputs."""
        bounds = {operand.key: operand.bound for operand in self.inputs}
        return result_bound(self.formula, self.values, bounds) if self.formula else "exact"

    @property
    def is_given(self) -> bool:
        """Whether the value is taken directly from its source, without a calculation."""
        return self.formula == "{x}"

    def calculation(self, marks: dict[str, str] | None = None) -> str:
        """Return the formula with names and numbers filled in; empty if nothing is computed.

        Parameters
        ----------
        marks
            Footnote marks to set after the inputs, by key.
        """
        if self.is_given or not input_keys(self.formula):
            return ""
        marks_by_key = marks or {}
        texts = {
            operand.key: f"{operand}{marks_by_key.get(operand.key, '')}" for operand in self.inputs
        }
        return fill(self.formula, texts)

    def line(self, marks: dict[str, str] | None = None) -> str:
        """Return the step as one line of text."""
        head, calculation = f"{self.title} {self.text}", self.calculation(marks)
        if calculation:
            compared = isinstance(self.value, str)
            head += f"：{calculation}" if compared else f" = {calculation}"
        elif self.inputs and self.is_given:
            head += "".join((marks or {}).values())
        elif self.inputs:
            marks_by_key = marks or {}
            inputs = "，".join(
                f"{operand}{marks_by_key.get(operand.key, '')}" for operand in self.inputs
            )
            head += f"（{inputs}）"
        return f"{head}；{self.note}" if self.note else head

    def derivations(self) -> Iterator[Step]:
        """Yield the steps that compute the inputs, recursively."""
        for operand in self.inputs:
            if operand.derivation is not None:
                yield operand.derivation
                yield from operand.derivation.derivations()
