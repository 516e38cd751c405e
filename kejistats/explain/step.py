"""What an explanation consists of: steps, and the inputs each follows from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kejistats.explain.formula import bound_of, evaluate, filled, keys


@dataclass(frozen=True)
class Input:
    """A number that a formula takes.

    Parameters
    ----------
    key
        Its place in the formula.
    name
        What it is.
    value
        The number, not rounded; None for what is masked or missing.
    text
        The number as printed, with its unit and its bound.
    unit
        Its unit; empty for a number without one.
    source, intake_id
        The cell it came from and its vintage; empty for what is calculated or a setting.
    bound
        Whether it is exact.
    of
        How it is itself worked out, where no step of its own says so.
    """

    key: str
    name: str
    value: float | None
    text: str
    unit: str = ""
    source: str = ""
    intake_id: str = ""
    bound: str = "exact"
    of: Step | None = None

    def __str__(self) -> str:
        return f"{self.name} {self.text}".strip()


@dataclass(frozen=True)
class Step:
    """A figure of a Metric row and how it follows from others.

    Parameters
    ----------
    column
        The column of the Metric table; empty for what is only on the way to one.
    title
        Its Chinese title.
    value
        The row's value: a number, the code of a status or reason, or None for what is empty.
    text
        The value as printed, or the sentence that a reason stands for.
    formula
        The formula with its inputs in braces; empty where words say it all.
    inputs
        The inputs.
    note
        What else is to be known.
    """

    column: str
    title: str
    value: float | str | bool | None
    text: str
    formula: str = ""
    inputs: tuple[Input, ...] = ()
    note: str = ""

    def recomputed(self) -> float | bool | None:
        """Return what the formula gives, of the inputs as they stand here; None without one.

        Examples
        --------
        >>> inputs = Input("A", "累计", 105.0, "105件"), Input("T", "目标", 205.0, "205件")
        >>> step = Step("attainment", "完成率", 0.5122, "51.2%", "{A} ÷ {T}", inputs)
        >>> round(step.recomputed(), 4), step.line()
        (0.5122, '完成率 51.2% = 累计 105件 ÷ 目标 205件')
        """
        return evaluate(self.formula, self.values) if self.formula else None

    @property
    def values(self) -> dict[str, float]:
        """The inputs' numbers by key."""
        return {one.key: one.value for one in self.inputs if one.value is not None}

    @property
    def bound(self) -> str | None:
        """The bound that the inputs' bounds give the result."""
        bounds = {one.key: one.bound for one in self.inputs}
        return bound_of(self.formula, self.values, bounds) if self.formula else "exact"

    @property
    def given(self) -> bool:
        """Whether the value is an input as it came, and no calculation."""
        return self.formula == "{x}"

    def calculation(self, marks: dict[str, str] | None = None) -> str:
        """Return the formula with its numbers; empty for what is given.

        Parameters
        ----------
        marks
            What to set behind inputs, by key.
        """
        if self.given or not keys(self.formula):
            return ""
        behind = marks or {}
        texts = {one.key: f"{one}{behind.get(one.key, '')}" for one in self.inputs}
        return filled(self.formula, texts)

    def line(self, marks: dict[str, str] | None = None) -> str:
        """Return the step in one line."""
        head, told = f"{self.title} {self.text}", self.calculation(marks)
        if told:
            compared = isinstance(self.value, str)
            head += f"：{told}" if compared else f" = {told}"
        elif self.inputs and self.given:
            head += "".join((marks or {}).values())
        elif self.inputs:
            behind = marks or {}
            named = "，".join(f"{one}{behind.get(one.key, '')}" for one in self.inputs)
            head += f"（{named}）"
        return f"{head}；{self.note}" if self.note else head

    def inner(self) -> Iterator[Step]:
        """Yield the steps on the way to this one, those of inputs that have no step."""
        for one in self.inputs:
            if one.of is not None:
                yield one.of
                yield from one.of.inner()
