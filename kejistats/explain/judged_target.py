"""The target of a row that is being explained: its inputs, and the case of a formula it takes."""

from __future__ import annotations

from kejistats.explain.facts import Row
from kejistats.explain.row_context import RowContext, marked
from kejistats.explain.step import Input
from kejistats.explain.texts import TARGET
from kejistats.model.period import Checkpoint

# Kinds whose value is a level to be reached: what counts is the increase over a base.
LEVEL_KINDS = ("level", "multi_year")


class JudgedTarget:
    """The target of a row: its inputs, and which case of a formula its kind takes.

    Parameters
    ----------
    about
        The row.
    """

    def __init__(self, about: RowContext) -> None:
        self.about = about
        self.kind = str(about["target_kind"])
        self.row: Row | None = about.facts.target(about.row)
        self.counts_increase = self.kind in (*LEVEL_KINDS, "net")

    def case(self, column: str, *kinds: str) -> str:
        """Return the key of a column's formula: of the kind, where it has a case of its own.

        Parameters
        ----------
        column
            The column.
        kinds
            The cases it has; ``increase`` is that of all kinds that count one.
        """
        if self.kind in kinds:
            return f"{column}:{self.kind}"
        counted = self.counts_increase if "net" not in kinds else self.kind in LEVEL_KINDS
        return f"{column}:increase" if "increase" in kinds and counted else column

    def t(self, key: str = "T") -> Input:
        """The target."""
        about, value = self.about, self.about["target"]
        name = TARGET[self.kind]
        if self.kind == "multi_year":
            name = f"{about['target_year']}年{name}"
        return Input(
            key, name, value, self.printed(value), self.unit,
            about["target_source"] or "", self.row["intake_id"] if self.row else "",
        )  # fmt: skip

    @property
    def unit(self) -> str:
        """The unit of the target's value."""
        if self.kind != "growth":
            return self.about.printed.unit
        return (
            self.about.printed.unit if self.about.points and self.about.printed.unit != "%" else "%"
        )

    def printed(self, value: float) -> str:
        """Print a value of the target; of growth in % or points."""
        about = self.about
        if self.kind == "growth":
            return about.printed.growth(value if about.points else value / 100)
        return about.printed.amount(value)

    def s(self) -> Input:
        """The figure that the increase is counted from."""
        about = self.about
        year = about["year"] - 1
        if self.kind == "multi_year" and self.row:
            year = self.row["base_year"]
        found = about.then("S", Checkpoint(year, 12), own=year == about["year"] - 1)
        return about.cell(
            "S", found.name, about["target_base"], about["target_base_bound"],
            {"source": found.source, "intake_id": found.intake_id}, found.of,
        )  # fmt: skip

    def with_base(self, *inputs: Input) -> list[Input]:
        """Return inputs, and the base where the kind counts an increase."""
        return [*inputs, self.s()] if self.counts_increase else list(inputs)

    def difference(self) -> str:
        """Print growth less a growth target, in points or in the unit that growth is in."""
        printed, value = self.about.printed, self.about["pace_gap_points"]
        text = printed.growth(value) if self.about.points else printed.points(value)
        return marked(text, self.about["pace_bound"])

    def growth(self) -> Input | None:
        """The growth that a growth target is held against, in % or points: published first."""
        about = self.about
        scale = 1.0 if about.points else 100.0
        for column, name, times in (
            ("published_growth", "公布增速", scale), ("yoy", "同比", 100.0),
            ("yoy_points", "同比", 1.0),
        ):  # fmt: skip
            if about.has(column):
                bound = about.bound_of(column)
                text = about.printed.column(column, about[column], bound)
                value = about[column] * times
                return Input("g", name, value, text, self.unit, bound=bound or "exact")
        return None
