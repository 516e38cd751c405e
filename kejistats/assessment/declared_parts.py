"""The parts of an ``assessment.toml``: items, bonuses and red lines, each read and checked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kejistats.assessment.declaration import (
    BREACHES,
    FIGURES,
    FRACTIONS,
    PEERS,
    RANKED,
    TIES,
    Item,
    RedLine,
)
from kejistats.assessment.scoring_rules import Completion, Each, Interval, Places, Rule, Steps
from kejistats.assessment.toml_table import Located, nearest
from kejistats.model.tables.observation import LEVELS

_RULES = ["completion", "interval", "steps", "rank"]
# A threshold beyond this is no fraction: somebody wrote 60 for 60 %.
_LARGEST_FRACTION = 5.0
_LARGEST_CAP = 2.0


class Parts:
    """Reads the parts of one assessment; remembers what stands there already.

    Parameters
    ----------
    known
        Rows of the Indicator table by id.
    names
        Ids by everything an indicator is called, for remedies.
    """

    def __init__(self, known: dict[str, dict[str, Any]], names: dict[str, str]) -> None:
        self.known = known
        self.names = names
        self.seen: dict[tuple[str, ...], Located] = {}

    def item(self, table: Located) -> Item:
        """Read one ``[[item]]``."""
        kind = table.choice("rule", _RULES)
        weight = table.above_zero("weight")
        usual = "attainment" if kind == "completion" else "value"
        row, level, figure = self._judged(table, usual, RANKED if kind == "rank" else FIGURES)
        rule: Rule
        if kind == "completion":
            rule = self._completion(table, weight, figure)
        elif kind == "interval":
            rule = self._interval(table, weight, row, figure)
        elif kind == "steps":
            rule = self._steps(table, weight, row, figure)
        else:
            rule = self._places(table, weight, row)
        return self._named(table, row, level, figure, rule, f"rule {kind}")

    def bonus(self, table: Located) -> Item:
        """Read one ``[[bonus]]``."""
        row, level, figure = self._judged(table)
        self._upward(table, row, figure, "a bonus counts upwards")
        over = self._threshold(table, "over", figure, 0)
        rule = Each(table.above_zero("each"), table.above_zero("cap"), over)
        return self._named(table, row, level, figure, rule, "a bonus")

    def red_line(self, table: Located, most: float) -> RedLine:
        """Read one ``[[red_line]]``; `most` is the highest total there can be."""
        judged_by_figure = table.given("below") or table.given("above")
        if table.given("figure") and not judged_by_figure:
            right = "leave it out, or write below or above"
            table.refuse("figure counts only with below or above", right, "figure")
        row, level, figure = self._judged(table)
        triggers = ["progress", "below", "above", "unreported"]
        given = [key for key in triggers if table.given(key)]
        if len(given) != 1:
            table.refuse(
                f"a red line has exactly one of {', '.join(triggers)}, here are: "
                f"{', '.join(given) or 'none'}",
                'say when it is crossed, such as progress = "behind" or below = 0.6',
                given[-1] if given else "",
            )
        [when] = given
        progress, threshold = "", None
        if when == "progress":
            progress = table.choice("progress", BREACHES)
        elif when == "unreported":
            if not table.flag("unreported"):
                table.refuse("unreported = false is never crossed", "write unreported = true")
        else:
            threshold = self._threshold(table, when, figure)
            self._side(table, row, figure, falling=when == "above", key=when)
        if table.given("cap") == table.given("fail"):
            table.refuse(
                "a red line has either cap or fail", "write cap = 60, or fail = true", "fail"
            )
        fail = table.flag("fail")
        cap = 0.0
        if table.given("cap"):
            cap = table.number("cap", least=0.0)
            if cap >= most:
                wrong = f"cap is {cap:g}, but no total is above {most:g}"
                table.refuse(wrong, "a cap below it means something", "cap")
        elif not fail:
            table.refuse("fail = false has no effect", "write fail = true, or a cap", "fail")
        named = self._named(table, row, level, figure, Each(1, 1), "a red line", when)
        return RedLine(
            named.name, row["id"], level, figure, cap, fail, progress,
            below=threshold if when == "below" else None,
            above=threshold if when == "above" else None,
            unreported=when == "unreported",
        )  # fmt: skip

    def _judged(
        self, table: Located, usual: str = "value", figures: Iterable[str] = FIGURES
    ) -> tuple[dict[str, Any], str, str]:
        """Read what is judged: indicator, level and figure."""
        name = table.text_of("indicator")
        row = self.known.get(name)
        if row is None:
            meant = self.names.get(name)
            right = f"did you mean {meant!r}?" if meant else nearest(name, [*self.names])
            if right.startswith("one of"):
                right = "use an id of schemas/indicators/"
            table.refuse(f"unknown indicator {name!r}", right, "indicator")
        level = table.text_of("level", "")
        if level and level not in LEVELS:
            right = f"levels are: {', '.join(LEVELS[1:])}"
            table.refuse(f"unknown level {level!r}", right, "level")
        if level and row["levels"] and level not in row["levels"]:
            right = f"it has: {', '.join(row['levels'])}"
            table.refuse(f"{name} is not broken down to {level!r}", right, "level")
        figure = table.choice("figure", figures, usual)
        lacking = {
            "attainment": row["measure"] == "ratio" and "a ratio has no rate of completion",
            "share": row["aggregate"] != "sum" and "what is not summed has no share of a total",
        }
        if why := lacking.get(figure):
            right = "judge it by value, growth or pace_ratio"
            table.refuse(f"{name} has no {figure}: {why}", right, "figure")
        return row, level, figure

    def _named(
        self, table: Located, row: dict[str, Any], level: str, figure: str, rule: Rule,
        what: str, when: str = "",
    ) -> Item:  # fmt: skip
        """Finish a part: nothing is left of its table, and it does not stand there twice."""
        name = table.text_of("name", f"{level}{row['short']}").strip() or str(row["short"])
        table.done(what)
        judged = f"{row['id']} by {when or figure}"
        for key, told, spot in (
            (("judged", table.name, row["id"], level, figure, when), judged, "indicator"),
            (("name", name), f"the name {name!r}", "name"),
        ):
            first = self.seen.setdefault(key, table)
            if first is not table:
                right = "leave one out" if key[0] == "judged" else 'write another name = "…"'
                line = first.line(spot)
                table.refuse(f"{told} stands already in line {line}", right, spot)
        return Item(name, row["id"], level, figure, rule)

    def _completion(self, table: Located, weight: float, figure: str) -> Completion:
        if figure not in ("attainment", "pace_ratio"):
            right = "completion takes attainment or pace_ratio; use interval for others"
            table.refuse(f"{figure} is no rate of completion", right, "figure")
        cap = table.number("cap", 1.0)
        if not 1 <= cap <= _LARGEST_CAP:
            right = f"it is a fraction from 1 to {_LARGEST_CAP:g}: write 1.1 for 110 %"
            table.refuse(f"cap is {cap:g}", right, "cap")
        return Completion(weight, cap)

    def _interval(
        self, table: Located, weight: float, row: dict[str, Any], figure: str
    ) -> Interval:
        floor, full = (self._threshold(table, key, figure) for key in ("floor", "full"))
        if floor == full:
            right = "floor gives no points, full gives all: they must differ"
            table.refuse(f"floor and full are both {floor:g}", right, "full")
        self._side(table, row, figure, falling=full < floor, key="full")
        return Interval(weight, floor, full)

    def _steps(self, table: Located, weight: float, row: dict[str, Any], figure: str) -> Steps:
        steps = table.pairs("steps")
        for threshold, _ in steps:
            self._fraction(table, "steps", figure, threshold)
        thresholds, points = [s[0] for s in steps], [s[1] for s in steps]
        ordered = sorted(set(thresholds))
        if thresholds not in (ordered, ordered[::-1]):
            right = f"put them in order: {', '.join(f'{t:g}' for t in ordered)}"
            table.refuse(f"the thresholds of steps are out of order: {_shown(thresholds)}", right, "steps")  # fmt: skip
        if points != sorted(set(points)) or points[0] < 0:
            right = "each step gives more points than the one before"
            table.refuse(f"the points of steps do not rise: {_shown(points)}", right, "steps")
        if points[-1] != weight:
            right = f"the last step gives the weight, {weight:g}"
            table.refuse(f"the last of steps gives {points[-1]:g} points", right, "steps")
        rule = Steps(weight, steps)
        if len(steps) > 1:
            self._side(table, row, figure, falling=rule.falling, key="steps")
        else:
            self._upward(table, row, figure, "a single step is reached from below")
        return rule

    @staticmethod
    def _places(table: Located, weight: float, row: dict[str, Any]) -> Places:
        if row["direction"] == "none":
            right = "the registry gives it no direction: use another rule"
            table.refuse(f"{row['id']} has no rank", right, "indicator")
        if table.given("points") == table.given("step"):
            table.refuse(
                "rule rank takes either points or step",
                "write points = [10, 9, 8] for each place, or step = 0.5 for each place down",
                "rule",
            )
        least = table.number("least", 0.0, least=0.0)
        ties, peers = table.choice("ties", TIES, "best"), table.choice("peers", PEERS, "all")
        if table.given("step"):
            step = table.above_zero("step")
            if least >= weight:
                right = f"it must be below the weight, {weight:g}"
                table.refuse(f"least is {least:g}", right, "least")
            return Places(weight, (), step, least, ties, peers)
        points = table.numbers("points")
        if points[0] != weight:
            right = f"the first place gets the weight, {weight:g}"
            table.refuse(f"the first of points is {points[0]:g}", right, "points")
        if list(points) != sorted(points, reverse=True):
            right = "no place gets more than the one before"
            table.refuse(f"points rise from place to place: {_shown(points)}", right, "points")
        if least > points[-1]:
            right = f"places beyond the list get least, {points[-1]:g} or less"
            table.refuse(f"least is {least:g}", right, "least")
        return Places(weight, points, 0.0, least, ties, peers)

    def _threshold(
        self, table: Located, key: str, figure: str, default: float | None = None
    ) -> float:
        value = table.number(key, default)
        self._fraction(table, key, figure, value)
        return value

    @staticmethod
    def _fraction(table: Located, key: str, figure: str, value: float) -> None:
        if figure in FRACTIONS and abs(value) > _LARGEST_FRACTION:
            right = f"{figure} is a fraction: write {value / 100:g} for {value:g} %"
            table.refuse(f"{key} has {value:g}", right, key)

    def _upward(self, table: Located, row: dict[str, Any], figure: str, why: str) -> None:
        if self._direction(row, figure) == "down":
            table.refuse(f"less of {row['id']} is better", why, "indicator")

    def _side(
        self, table: Located, row: dict[str, Any], figure: str, *, falling: bool, key: str
    ) -> None:
        """Refuse thresholds that would give a better figure less."""
        direction = self._direction(row, figure)
        if (direction == "down" and not falling) or (direction == "up" and falling):
            better = "less" if direction == "down" else "more"
            wrong = f"{key} goes against {row['id']}, of which {better} is better"
            table.refuse(wrong, "turn the thresholds round", key)

    @staticmethod
    def _direction(row: dict[str, Any], figure: str) -> str:
        """Return which way a figure gets better; one held against a target always up."""
        return "up" if FIGURES[figure] else str(row["direction"])


def _shown(values: Any) -> str:
    return ", ".join(f"{value:g}" for value in values)
