"""A metric row with its indicator, put into words piece by piece."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from kejistats.brief.bundle import Bundle
from kejistats.model.numbers import (
    between,
    count_up,
    percent,
    plain,
    quantity,
    rounded,
    signed,
    vanishes,
)
from kejistats.model.period import Checkpoint
from kejistats.model.tables.indicator import FREQUENCIES
from kejistats.model.tables.metric import NOT_REACHED, REACHED
from kejistats.model.units import COUNT_UNITS

Words = dict[str, dict[str, Any]]
_COUNT_UNITS = COUNT_UNITS | {"人年"}
# What a view has of the whole besides the Metric row; see `kejistats.metrics.share_changes`.
OF_WHOLE = ["whole", "whole_source", "whole_base", "whole_base_source", "share_change"]


@dataclass(frozen=True)
class View:
    """One metric row in words.

    Parameters
    ----------
    row
        The Metric row.
    indicator
        Its Indicator row.
    words
        The words table.
    settings
        The data set's settings.
    checkpoint
        The checkpoint.
    total
        Whether the district is a total of others.
    """

    row: dict[str, Any]
    indicator: dict[str, Any]
    words: Words
    settings: dict[str, Any]
    checkpoint: Checkpoint
    total: bool = False

    def __getitem__(self, column: str) -> Any:
        return self.row[column]

    @property
    def id(self) -> str:
        """Id of the indicator; of a figure of one programme level with the level."""
        level = self["level"]
        return f"{self.indicator['id']}@{level}" if level else str(self.indicator["id"])

    @property
    def name(self) -> str:
        """Name of the indicator, and the programme level that the figure is of."""
        return f"{self.indicator['name']}{self._level}"

    @property
    def short(self) -> str:
        """Short name of the indicator, and the programme level that the figure is of."""
        return f"{self.indicator['short']}{self._level}"

    @property
    def _level(self) -> str:
        return f"（{self['level']}级）" if self["level"] else ""

    @property
    def section(self) -> str:
        """The responsible section: the indicator's own, else its domain's."""
        responsible = self.settings["responsible"]
        return str(responsible.get(self.id) or responsible.get(self.indicator["domain"]) or "")

    @property
    def reported(self) -> bool:
        """Whether there is a figure."""
        return bool(self["status"] == "reported")

    @property
    def is_rate_of_growth(self) -> bool:
        """Whether the indicator itself is a rate of growth: 加快, 回落."""
        return self.name.endswith("增速")

    @property
    def no_total(self) -> bool:
        """Whether a total reported none and its districts could not be summed."""
        return self.total and bool(self["status"] == "missing") and not self.not_expected

    @property
    def counted(self) -> bool:
        """Whether it counts things, of which there is no part."""
        return self.indicator["unit"] in _COUNT_UNITS

    def amount(self, value: float, *, trim: bool = True) -> str:
        """Print an amount of this indicator with its unit."""
        return quantity(value, self.indicator["unit"], self.indicator["decimals"], trim=trim)

    def distance(self, value: float) -> str:
        """Print a difference of amounts; of percentages in 个百分点."""
        if self.indicator["unit"] == "%":
            return f"{plain(abs(value), self.indicator['decimals'])}个百分点"
        return self.amount(abs(value))

    def figure(self, *, trim: bool = True, linked: bool = False) -> str:
        """Print the figure, or the word for why there is none; `linked` to its name by 为."""
        if self.not_expected:
            return "—"
        if self.no_total:
            return str(self.words["status"]["no_total"])
        if not self.reported:
            return str(self.words["status"][self["status"]])
        amount = self.amount(self["value"], trim=trim)
        if self["value_upper"] is not None:
            text = between(amount, self.amount(self["value_upper"], trim=trim))
        else:
            text = str(self.words["bound"][self["bound"]].format(A=amount))
        link = "为" if linked else ""
        return (
            self.say("grade", "expected", A=link + text)
            if self["grade"] == "forecast"
            else link + text
        )

    def say(self, section: str, key: str, **parts: object) -> str:
        """Fill in one text of the words table."""
        return str(self.words[section][key].format(**parts))

    # ---- growth -------------------------------------------------------------------------

    @property
    def growth_value(self) -> float | None:
        """The growth shown: published first; a fraction, or points."""
        for column in ("published_growth", "yoy", "yoy_points"):
            if self[column] is not None:
                return float(self[column])
        return None

    @property
    def in_points(self) -> bool:
        """Whether growth is in points."""
        return bool(self.indicator["growth"] == "points")

    def _growth_printed(self, value: float) -> tuple[float, int]:
        """Return growth as the number that is printed, percent or points, and its decimals."""
        if self.in_points:
            return value, max(self.indicator["decimals"], 1)
        return value * 100, 1

    def growth_number(self) -> str:
        """Print the growth with its sign for tables: +12.7%, −0.3点."""
        value = self.growth_value
        if value is None:
            return "—"
        shown = signed(*self._growth_printed(value))
        unit = "%" if not self.in_points else "点" if self.indicator["unit"] == "%" else ""
        return f"{self._growth_prefix()}{shown}{unit}"

    def _growth_prefix(self) -> str:
        published = self["published_growth"] is not None
        marks = {"about": "约", "at_least": "≥", "at_most": "≤"}
        return "" if published else marks.get(self["yoy_bound"], "")

    def growth(self) -> str:
        """Say how the figure grew, or why no rate stands; empty where there is no figure."""
        if not self.reported:
            return ""
        value = self.growth_value
        if value is None:
            return self._growth_reason()
        basis = self["growth_basis"] if self["published_growth"] is not None else None
        tail = self.say("growth", "basis", basis=basis) if basis else ""
        shown = rounded(*self._growth_printed(value))
        if shown == 0:
            # A published 0.0% is rounded: that the figures are equal only they can tell.
            level = value == 0 and (self["published_growth"] is None or self["change"] == 0)
            return self.say("growth", "flat" if level else "nearly_flat") + tail
        way = "up" if shown > 0 else "down"
        if self.in_points:
            kind = "rate" if self.is_rate_of_growth else "points"
            unit = "个百分点" if self.indicator["unit"] == "%" else self.indicator["unit"]
            return self.say("growth", f"{kind}_{way}", p=f"{abs(shown):f}{unit}") + tail
        bound = "exact" if self["published_growth"] is not None else self["yoy_bound"]
        key = way if bound == "exact" else f"{bound}_{way}"
        return self.say("growth", key, y=f"{abs(shown):f}%") + tail

    def _growth_reason(self) -> str:
        reason, a, b = self["yoy_reason"], self["value"], self["base"]
        if reason == "base_zero":
            key = "both_zero" if a == 0 else "first_time" if self["first_time"] else "base_zero"
            return self.say("growth", key, A=self.amount(a))
        if reason == "sign_change":
            key = "turned_positive" if b < 0 else "turned_negative"
            return self.say("growth", key, A=self.amount(a), B=self.amount(b))
        if reason == "both_negative":
            key = "less_negative" if a > b else "more_negative"
            return self.say("growth", key, B=self.amount(b), d=self.amount(abs(a - b)))
        return self.say("growth", reason)

    # ---- target and pace ----------------------------------------------------------------

    @property
    def reached(self) -> bool:
        """Whether the target's pace is reached."""
        return self["progress"] in REACHED

    @property
    def not_reached(self) -> bool:
        """Whether the target's pace is not reached."""
        return self["progress"] in NOT_REACHED

    @property
    def final(self) -> bool:
        """Whether the target's own year ends here, so that it is reached or not."""
        ends = self["target_kind"] != "multi_year" or self["share_due"] == 1
        return self.checkpoint.month == 12 and bool(ends)

    @property
    def may_lapse(self) -> bool:
        """Whether a level reached now may be lost again before the year ends."""
        return not self.final and self.indicator["measure"] != "flow"

    @property
    def assessed(self) -> bool:
        """Whether the row counts in the tally."""
        return self.reached or self.not_reached

    @property
    def status_key(self) -> str:
        """Key of the words table for the status."""
        code, kind = self["progress"], self["target_kind"]
        if self["status"] == "not_applicable":
            return "not_applicable"
        if self.not_expected:
            return "not_expected"
        if self.no_total:
            return "no_total"
        if code == "done" and self.may_lapse:
            return "reached_level"
        if self.final and code in ("slow", "behind"):
            return f"december_{code}"
        specific = f"{kind}_{code}"
        return specific if specific in self.words["progress"] else str(code)

    @property
    def mark(self) -> str:
        """Mark of the status."""
        return str(self.words["progress"][self.status_key][0])

    @property
    def status(self) -> str:
        """Word of the status."""
        word = str(self.words["progress"][self.status_key][1])
        return word.format(frequency=self.words["frequency"][self.indicator["frequency"]])

    def attainment(self) -> str:
        """Print the rate of completion, with its bound; empty where there is none."""
        if self["attainment"] is None:
            return ""
        text = percent(self["attainment"], below=1)
        if vanishes(self["attainment"]) and self["bound"] in ("exact", "about"):
            return self.say("pace", "lower_than", c="0.1%")
        key = {"at_least": "higher_than", "more_than": "higher_than", "about": "about",
               "at_most": "lower_than", "less_than": "lower_than"}.get(self["bound"])  # fmt: skip
        return self.say("pace", key, c=text) if key else text

    def pace_number(self) -> str:
        """Print the distance to the pace for tables: in points, or in units for a ratio."""
        if self["progress"] in ("not_due", "masked", "missing", "no_target"):
            return "—"
        points, gap = self["pace_gap_points"], self["pace_gap"]
        if points is not None:
            return f"{signed(points, 1)}点"
        if gap is not None and self.indicator["measure"] == "ratio":
            return signed(gap, self.indicator["decimals"])
        return "—"

    def target(self) -> str:
        """Print the target."""
        if self["target"] is None:
            return "—"
        if self["target_kind"] == "growth":
            unit = "个百分点" if self.in_points else "%"
            return f"{signed(self['target'], 1)}{unit}"
        text = self.amount(self["target"])
        if self["target_kind"] == "net":
            return f"净增{text}"
        if self["target_kind"] == "ceiling":
            return f"≤{text}"
        if self["target_upper"] is not None:
            return between(text, self.amount(self["target_upper"]))
        return text

    @property
    def not_expected(self) -> bool:
        """Whether no figure can exist at this checkpoint: the indicator is yearly, say."""
        off = self.checkpoint.month % FREQUENCIES[self.indicator["frequency"]] != 0
        return bool(off and self["status"] == "missing")

    def required(self) -> str:
        """Print what each remaining month must bring, counts rounded up."""
        value = self["required_per_month"]
        if self.counted:
            return f"{count_up(value)}{self.indicator['unit']}"
        return self.distance(value)

    # ---- standing -----------------------------------------------------------------------

    @property
    def ranks(self) -> bool:
        """Whether the rank is shown."""
        return bool(self.settings["ranks"] and self["rank"] is not None and self["rank_shown"])

    @property
    def in_last_third(self) -> bool:
        """Whether it ranks in the last third of at least six: rank > ⌈⅔·ranked⌉."""
        if not self.ranks or self["ranked"] < 6:
            return False
        return bool(self["rank"] > -(-2 * self["ranked"] // 3))

    def standing(self) -> str:
        """Say the rank with how many took part; empty where none is shown."""
        if not self.ranks:
            return ""
        unit = self.settings["peer_unit"]
        full = self["ranked"] == self["peers"]
        who = self.say("standing", "all_ranked" if full else "some_ranked",
                       N=self["peers"], n=self["ranked"], unit=unit)  # fmt: skip
        if self.indicator["direction"] == "down":
            who += self.words["standing"]["ascending"]
        text = self.say("standing", "rank_tied" if self["tied"] else "rank",
                        scope=self.settings["scope"], r=self["rank"], n=who)  # fmt: skip
        change = self["rank_change"]
        if change:
            text += self.say("standing", "risen" if change > 0 else "fallen", k=abs(change))
        return text

    def share(self) -> str:
        """Print the share of the whole, of a figure above zero never as 0.0%; empty without."""
        share = self["share"]
        if share is None:
            return ""
        if vanishes(share):
            return str(self.words["bound"]["less_than"].format(A="0.1%"))
        return percent(share)

    def _moved(self) -> int:
        """Return +1 where it moved in its direction as printed, −1 against it, else 0."""
        value, direction = self.growth_value, self.indicator["direction"]
        if value is None or direction == "none" or not self.reported:
            return 0
        shown = rounded(*self._growth_printed(value))
        way = (shown > 0) - (shown < 0)
        return way if direction == "up" else -way

    @property
    def worsened(self) -> bool:
        """Whether it moved against its direction."""
        return self._moved() < 0

    @property
    def improved(self) -> bool:
        """Whether it moved in its direction."""
        return self._moved() > 0


def views(bundle: Bundle, district: str | None = None) -> list[View]:
    """Return the rows of a bundle in words, in the order of the registry.

    Levels are the parts of a total, which speaks for them; without one each speaks for itself.
    """
    totals = bundle.districts.filter(pl.col("kind") == "total")["code"].to_list()
    indicators = {row["id"]: row for row in bundle.indicators.iter_rows(named=True)}
    rows = bundle.metrics.to_dicts()
    whole = {(row["district"], row["indicator"]) for row in rows if not row["level"]}
    wholes = {
        (row["indicator"], row["level"]): row for row in bundle.content.get("share_changes", [])
    }
    found = []
    for row in rows:
        part = row["level"] and (row["district"], row["indicator"]) in whole
        if part or (district is not None and row["district"] != district):
            continue
        found.append(
            View(
                row | _of_whole(wholes.get((row["indicator"], row["level"]), {})),
                indicators[row["indicator"]],
                bundle.content["words"],
                bundle.content["settings"],
                bundle.checkpoint,
                row["district"] in totals,
            )
        )
    return sorted(found, key=lambda view: view.indicator["order"])


def _of_whole(found: dict[str, Any]) -> dict[str, Any]:
    """Return what a row holds of the whole that it has a share in, nulls where nothing is known."""
    return {column: found.get(column) for column in OF_WHOLE}


def headline(bundle: Bundle, rows: list[View]) -> list[View]:
    """Return the main indicators among `rows`, in the data set's order."""
    found: dict[str, list[View]] = {}
    for view in rows:
        found.setdefault(view.indicator["id"], []).append(view)
    return [view for i in bundle.content["headline"] for view in found.get(i, [])]
