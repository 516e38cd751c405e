"""Read and check the parts of an ``assessment.toml``: items, bonuses and red lines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kejistats.assessment.declaration import (
    FIGURES,
    FRACTIONS,
    PEERS,
    PROGRESS_TRIGGERS,
    RANK_COLUMNS,
    TIES,
    Item,
    RedLine,
)
from kejistats.assessment.scoring_rules import (
    Completion,
    Interval,
    PerUnit,
    RankPoints,
    Rule,
    Steps,
)
from kejistats.assessment.toml_table import TomlTable, suggestion
from kejistats.model.tables.observation import LEVELS

_RULE_KINDS = ["completion", "interval", "steps", "rank"]
# A fraction beyond this is a mistake: somebody wrote 60 for 60 %.
_LARGEST_FRACTION = 5.0
_LARGEST_CAP = 2.0


class PartReader:
    """Reads the parts of one assessment and remembers them, to find duplicates.

    Parameters
    ----------
    indicators
        Rows of the Indicator table by id.
    ids_by_name
        Indicator ids by every name and alias, for remedies.
    """

    def __init__(self, indicators: dict[str, dict[str, Any]], ids_by_name: dict[str, str]) -> None:
        self.indicators = indicators
        self.ids_by_name = ids_by_name
        self.first_tables: dict[tuple[str, ...], TomlTable] = {}

    def read_item(self, table: TomlTable) -> Item:
        """Read one ``[[item]]``."""
        kind = table.choice("rule", _RULE_KINDS)
        weight = table.positive("weight")
        default_figure = "attainment" if kind == "completion" else "value"
        row, level, figure = self._read_figure(
            table, default_figure, RANK_COLUMNS if kind == "rank" else FIGURES
        )
        rule: Rule
        if kind == "completion":
            rule = self._completion(table, weight, figure)
        elif kind == "interval":
            rule = self._interval(table, weight, row, figure)
        elif kind == "steps":
            rule = self._steps(table, weight, row, figure)
        else:
            rule = self._rank_points(table, weight, row)
        return self._finish(table, row, level, figure, rule, f"rule {kind}")

    def read_bonus(self, table: TomlTable) -> Item:
        """Read one ``[[bonus]]``."""
        row, level, figure = self._read_figure(table)
        self._check_more_is_better(
            table,
            row,
            figure,
            "a bonus rewards higher figures only: use an item with rule interval or steps",
        )
        over = self._threshold(table, "over", figure, 0)
        rule = PerUnit(table.positive("each"), table.positive("cap"), over)
        return self._finish(table, row, level, figure, rule, "a bonus")

    def read_red_line(self, table: TomlTable, max_total: float) -> RedLine:
        """Read one ``[[red_line]]``; `max_total` is the highest possible total."""
        judged_by_figure = table.has("below") or table.has("above")
        if table.has("figure") and not judged_by_figure:
            remedy = "remove figure, or write below or above"
            table.refuse("figure is used only with below or above", remedy, "figure")
        row, level, figure = self._read_figure(table)
        triggers = ["progress", "below", "above", "unreported"]
        declared_triggers = [key for key in triggers if table.has(key)]
        if len(declared_triggers) != 1:
            table.refuse(
                f"a red line needs exactly one of {', '.join(triggers)}; this one has: "
                f"{', '.join(declared_triggers) or 'none'}",
                'say when it is crossed, such as progress = "behind" or below = 0.6',
                declared_triggers[-1] if declared_triggers else "",
            )
        [trigger] = declared_triggers
        progress, threshold = "", None
        if trigger == "progress":
            progress = table.choice("progress", PROGRESS_TRIGGERS)
        elif trigger == "unreported":
            if not table.flag("unreported"):
                table.refuse("unreported = false can never be crossed", "write unreported = true")
        else:
            threshold = self._threshold(table, trigger, figure)
            self._check_direction(table, row, figure, falling=trigger == "above", key=trigger)
        if table.has("cap") == table.has("fail"):
            table.refuse(
                "a red line needs either cap or fail", "write cap = 60, or fail = true", "fail"
            )
        fail = table.flag("fail")
        cap = 0.0
        if table.has("cap"):
            cap = table.number("cap", least=0.0)
            if cap >= max_total:
                message = f"cap is {cap:g}, but no total can be above {max_total:g}"
                table.refuse(message, f"write a cap below {max_total:g}", "cap")
        elif not fail:
            table.refuse("fail = false has no effect", "write fail = true, or a cap", "fail")
        part = self._finish(table, row, level, figure, PerUnit(1, 1), "a red line", trigger)
        return RedLine(
            part.name, row["id"], level, figure, cap, fail, progress,
            below=threshold if trigger == "below" else None,
            above=threshold if trigger == "above" else None,
            unreported=trigger == "unreported",
        )  # fmt: skip

    def _read_figure(
        self, table: TomlTable, default: str = "value", figures: Iterable[str] = FIGURES
    ) -> tuple[dict[str, Any], str, str]:
        """Read indicator, level and figure of a part; return Indicator row, level and figure."""
        indicator = table.string("indicator")
        row = self.indicators.get(indicator)
        if row is None:
            matching_id = self.ids_by_name.get(indicator)
            remedy = (
                f"did you mean {matching_id!r}?"
                if matching_id
                else suggestion(indicator, [*self.ids_by_name])
            )
            if remedy.startswith("one of"):
                remedy = "use an id from schemas/indicators/"
            table.refuse(f"unknown indicator {indicator!r}", remedy, "indicator")
        level = table.string("level", "")
        if level and level not in LEVELS:
            remedy = f"levels are: {', '.join(LEVELS[1:])}"
            table.refuse(f"unknown level {level!r}", remedy, "level")
        if level and row["levels"] and level not in row["levels"]:
            remedy = f"its levels are: {', '.join(row['levels'])}"
            table.refuse(f"{indicator} has no figures of level {level!r}", remedy, "level")
        figure = table.choice("figure", figures, default)
        unavailable = {
            "attainment": row["measure"] == "ratio" and "a ratio has no completion rate",
            "share": row["aggregate"] != "sum" and "it is not additive over districts",
        }
        if reason := unavailable.get(figure):
            remedy = "use value, growth or pace_ratio"
            table.refuse(f"{indicator} has no {figure}: {reason}", remedy, "figure")
        return row, level, figure

    def _finish(
        self, table: TomlTable, row: dict[str, Any], level: str, figure: str, rule: Rule,
        kind: str, trigger: str = "",
    ) -> Item:  # fmt: skip
        """Name the part; refuse unknown keys, and a part or name declared twice."""
        name = table.string("name", f"{level}{row['short']}").strip() or str(row["short"])
        table.refuse_unknown_keys(kind)
        scored = f"{row['id']} by {trigger or figure}"
        for key, description, line_key in (
            (("judged", table.name, row["id"], level, figure, trigger), scored, "indicator"),
            (("name", name), f"the name {name!r}", "name"),
        ):
            earlier = self.first_tables.setdefault(key, table)
            if earlier is not table:
                remedy = "remove one of them" if key[0] == "judged" else 'write another name = "…"'
                line = earlier.line(line_key)
                table.refuse(f"{description} is already declared in line {line}", remedy, line_key)
        return Item(name, row["id"], level, figure, rule)

    def _completion(self, table: TomlTable, weight: float, figure: str) -> Completion:
        if figure not in ("attainment", "pace_ratio"):
            remedy = "rule completion takes attainment or pace_ratio; use rule interval for others"
            table.refuse(f"{figure} is not a completion rate", remedy, "figure")
        cap = table.number("cap", 1.0)
        if not 1 <= cap <= _LARGEST_CAP:
            remedy = f"it must be a fraction from 1 to {_LARGEST_CAP:g}: write 1.1 for 110 %"
            table.refuse(f"cap is {cap:g}", remedy, "cap")
        return Completion(weight, cap)

    def _interval(
        self, table: TomlTable, weight: float, row: dict[str, Any], figure: str
    ) -> Interval:
        floor, full = (self._threshold(table, key, figure) for key in ("floor", "full"))
        if floor == full:
            remedy = "floor gives no points, full gives all: they must differ"
            table.refuse(f"floor and full are both {floor:g}", remedy, "full")
        self._check_direction(table, row, figure, falling=full < floor, key="full")
        return Interval(weight, floor, full)

    def _steps(self, table: TomlTable, weight: float, row: dict[str, Any], figure: str) -> Steps:
        steps = table.pairs("steps")
        for threshold, _ in steps:
            self._check_fraction(table, "steps", figure, threshold)
        thresholds, points = [s[0] for s in steps], [s[1] for s in steps]
        in_order = sorted(set(thresholds))
        if thresholds not in (in_order, in_order[::-1]):
            remedy = f"put them in order: {', '.join(f'{t:g}' for t in in_order)}"
            message = f"the thresholds of steps are out of order: {_listed(thresholds)}"
            table.refuse(message, remedy, "steps")
        if points != sorted(set(points)) or points[0] < 0:
            remedy = "each step must give more points than the one before"
            table.refuse(f"the points of steps do not rise: {_listed(points)}", remedy, "steps")
        if points[-1] != weight:
            remedy = f"it must give the weight, {weight:g}"
            table.refuse(f"the last of the steps gives {points[-1]:g} points", remedy, "steps")
        rule = Steps(weight, steps)
        if len(steps) > 1:
            self._check_direction(table, row, figure, falling=rule.falling, key="steps")
        else:
            self._check_more_is_better(
                table, row, figure, "a single step is reached from below: write two or more steps"
            )
        return rule

    @staticmethod
    def _rank_points(table: TomlTable, weight: float, row: dict[str, Any]) -> RankPoints:
        if row["direction"] == "none":
            remedy = "the registry gives it no direction: use another rule"
            table.refuse(f"{row['id']} has no rank", remedy, "indicator")
        if table.has("points") == table.has("step"):
            table.refuse(
                "rule rank takes either points or step",
                "write points = [10, 9, 8], one for each rank, or step = 0.5 for each rank down",
                "rule",
            )
        least = table.number("least", 0.0, least=0.0)
        ties, peers = table.choice("ties", TIES, "best"), table.choice("peers", PEERS, "all")
        if table.has("step"):
            step = table.positive("step")
            if least >= weight:
                remedy = f"it must be below the weight, {weight:g}"
                table.refuse(f"least is {least:g}", remedy, "least")
            return RankPoints(weight, (), step, least, ties, peers)
        points = table.numbers("points")
        if points[0] != weight:
            remedy = f"rank 1 must get the weight, {weight:g}"
            table.refuse(f"the first of the points is {points[0]:g}", remedy, "points")
        if list(points) != sorted(points, reverse=True):
            remedy = "no rank may get more than the one before"
            table.refuse(f"points rise from rank to rank: {_listed(points)}", remedy, "points")
        if least > points[-1]:
            remedy = f"ranks beyond the list get least: it must be {points[-1]:g} or less"
            table.refuse(f"least is {least:g}", remedy, "least")
        return RankPoints(weight, points, 0.0, least, ties, peers)

    def _threshold(
        self, table: TomlTable, key: str, figure: str, default: float | None = None
    ) -> float:
        value = table.number(key, default)
        self._check_fraction(table, key, figure, value)
        return value

    @staticmethod
    def _check_fraction(table: TomlTable, key: str, figure: str, value: float) -> None:
        if figure in FRACTIONS and abs(value) > _LARGEST_FRACTION:
            remedy = f"{figure} is a fraction: write {value / 100:g} for {value:g} %"
            table.refuse(f"{value:g} is too large for {key}", remedy, key)

    def _check_more_is_better(
        self, table: TomlTable, row: dict[str, Any], figure: str, remedy: str
    ) -> None:
        if self._direction(row, figure) == "down":
            table.refuse(f"{row['id']} is better the lower it is", remedy, "indicator")

    def _check_direction(
        self, table: TomlTable, row: dict[str, Any], figure: str, *, falling: bool, key: str
    ) -> None:
        """Refuse thresholds that would give a better figure fewer points."""
        direction = self._direction(row, figure)
        if (direction == "down" and not falling) or (direction == "up" and falling):
            better = "lower" if direction == "down" else "higher"
            message = f"{key} goes the wrong way: {row['id']} is better the {better} it is"
            table.refuse(message, "reverse the thresholds", key)

    @staticmethod
    def _direction(row: dict[str, Any], figure: str) -> str:
        """Return whether up or down is better; against a target, up is always better."""
        return "up" if FIGURES[figure] else str(row["direction"])


def _listed(values: Any) -> str:
    return ", ".join(f"{value:g}" for value in values)
