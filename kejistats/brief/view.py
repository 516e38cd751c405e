"""A Metric row with its indicator, and the texts that print its figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from kejistats.brief.bundle import Bundle
from kejistats.model.numbers import (
    count_up,
    format_amount,
    format_interval,
    format_number,
    format_percent,
    format_signed,
    prints_as_zero,
    round_half_up,
)
from kejistats.model.period import Checkpoint
from kejistats.model.tables.indicator import FREQUENCIES
from kejistats.model.tables.metric import NOT_REACHED, REACHED
from kejistats.model.units import COUNT_UNITS

Words = dict[str, dict[str, Any]]
_COUNT_UNITS = COUNT_UNITS | {"人年"}
# Columns on the parent's total that a view adds to the Metric row; see
# `kejistats.metrics.share_changes`.
PARENT_COLUMNS = ["whole", "whole_source", "whole_base", "whole_base_source", "share_change"]


@dataclass(frozen=True)
class View:
    """One Metric row, printed.

    Parameters
    ----------
    row
        The Metric row with `PARENT_COLUMNS`; its columns are read by ``view["column"]``.
    indicator
        Its Indicator row.
    words
        The words table.
    settings
        The data set's settings.
    checkpoint
        The checkpoint.
    is_total
        Whether the district is of kind ``total``: it sums other districts.
    """

    row: dict[str, Any]
    indicator: dict[str, Any]
    words: Words
    settings: dict[str, Any]
    checkpoint: Checkpoint
    is_total: bool = False

    def __getitem__(self, column: str) -> Any:
        return self.row[column]

    @property
    def id(self) -> str:
        """Id of the indicator, and its programme level if any: ``proj_applied@国家``."""
        level = self["level"]
        return f"{self.indicator['id']}@{level}" if level else str(self.indicator["id"])

    @property
    def name(self) -> str:
        """Name of the indicator, and its programme level if any."""
        return f"{self.indicator['name']}{self._level}"

    @property
    def short(self) -> str:
        """Short name of the indicator, and its programme level if any."""
        return f"{self.indicator['short']}{self._level}"

    @property
    def _level(self) -> str:
        return f"（{self['level']}级）" if self["level"] else ""

    @property
    def section(self) -> str:
        """The responsible section of the bureau: the indicator's own, else its domain's."""
        responsible = self.settings["responsible"]
        return str(responsible.get(self.id) or responsible.get(self.indicator["domain"]) or "")

    @property
    def reported(self) -> bool:
        """Whether a figure was reported."""
        return bool(self["status"] == "reported")

    @property
    def is_rate_of_growth(self) -> bool:
        """Whether the indicator is itself a rate of growth, which is worded 加快 and 回落."""
        return self.name.endswith("增速")

    @property
    def no_total(self) -> bool:
        """Whether a total has no figure, since its districts could not be summed."""
        return self.is_total and bool(self["status"] == "missing") and not self.not_expected

    @property
    def is_count(self) -> bool:
        """Whether the indicator counts whole things."""
        return self.indicator["unit"] in _COUNT_UNITS

    def amount(self, value: float, *, trim: bool = True) -> str:
        """Print an amount with the indicator's unit and decimals."""
        return format_amount(value, self.indicator["unit"], self.indicator["decimals"], trim=trim)

    def distance(self, value: float) -> str:
        """Print the absolute difference of two amounts; of percentages in 个百分点."""
        if self.indicator["unit"] == "%":
            return f"{format_number(abs(value), self.indicator['decimals'])}个百分点"
        return self.amount(abs(value))

    def figure(self, *, trim: bool = True, linked: bool = False) -> str:
        """Print the figure, or the word for why there is none; `linked` puts 为 before it."""
        if self.not_expected:
            return "—"
        if self.no_total:
            return str(self.words["status"]["no_total"])
        if not self.reported:
            return str(self.words["status"][self["status"]])
        amount = self.amount(self["value"], trim=trim)
        if self["value_upper"] is not None:
            text = format_interval(amount, self.amount(self["value_upper"], trim=trim))
        else:
            text = str(self.words["bound"][self["bound"]].format(A=amount))
        link = "为" if linked else ""
        return (
            self.say("grade", "expected", A=link + text)
            if self["grade"] == "forecast"
            else link + text
        )

    def say(self, section: str, key: str, **parts: object) -> str:
        """Fill in a text from a section of the words table."""
        return str(self.words[section][key].format(**parts))

    # ---- growth -------------------------------------------------------------------------

    @property
    def growth_value(self) -> float | None:
        """The growth shown, published before computed: a fraction, or points (`in_points`)."""
        for column in ("published_growth", "yoy", "yoy_points"):
            if self[column] is not None:
                return float(self[column])
        return None

    @property
    def in_points(self) -> bool:
        """Whether growth is a difference in points, not a rate."""
        return bool(self.indicator["growth"] == "points")

    def _growth_printed(self, value: float) -> tuple[float, int]:
        """Return growth in percent or points, and the decimals it is printed with."""
        if self.in_points:
            return value, max(self.indicator["decimals"], 1)
        return value * 100, 1

    def growth_number(self) -> str:
        """Print growth with its sign for tables: +12.7%, −0.3点."""
        value = self.growth_value
        if value is None:
            return "—"
        shown = format_signed(*self._growth_printed(value))
        unit = "%" if not self.in_points else "点" if self.indicator["unit"] == "%" else ""
        return f"{self._growth_prefix()}{shown}{unit}"

    def _growth_prefix(self) -> str:
        published = self["published_growth"] is not None
        marks = {"about": "约", "at_least": "≥", "at_most": "≤"}
        return "" if published else marks.get(self["yoy_bound"], "")

    def growth_clause(self) -> str:
        """Say how the figure grew, or why there is no rate of growth; empty without a figure."""
        if not self.reported:
            return ""
        value = self.growth_value
        if value is None:
            return self._growth_reason()
        basis = self["growth_basis"] if self["published_growth"] is not None else None
        tail = self.say("growth", "basis", basis=basis) if basis else ""
        shown = round_half_up(*self._growth_printed(value))
        if shown == 0:
            # A published 0.0% may be rounded; only the figures can show that they are equal.
            equal = value == 0 and (self["published_growth"] is None or self["change"] == 0)
            return self.say("growth", "flat" if equal else "nearly_flat") + tail
        direction = "up" if shown > 0 else "down"
        if self.in_points:
            kind = "rate" if self.is_rate_of_growth else "points"
            unit = "个百分点" if self.indicator["unit"] == "%" else self.indicator["unit"]
            return self.say("growth", f"{kind}_{direction}", p=f"{abs(shown):f}{unit}") + tail
        bound = "exact" if self["published_growth"] is not None else self["yoy_bound"]
        key = direction if bound == "exact" else f"{bound}_{direction}"
        return self.say("growth", key, y=f"{abs(shown):f}%") + tail

    def _growth_reason(self) -> str:
        reason, value, base = self["yoy_reason"], self["value"], self["base"]
        if reason == "base_zero":
            key = "both_zero" if value == 0 else "first_time" if self["first_time"] else "base_zero"
            return self.say("growth", key, A=self.amount(value))
        if reason == "sign_change":
            key = "turned_positive" if base < 0 else "turned_negative"
            return self.say("growth", key, A=self.amount(value), B=self.amount(base))
        if reason == "both_negative":
            key = "less_negative" if value > base else "more_negative"
            difference = self.amount(abs(value - base))
            return self.say("growth", key, B=self.amount(base), d=difference)
        return self.say("growth", reason)

    # ---- target and pace ----------------------------------------------------------------

    @property
    def reached(self) -> bool:
        """Whether the pace of the target is reached (definitions §6)."""
        return self["progress"] in REACHED

    @property
    def not_reached(self) -> bool:
        """Whether the pace of the target is not reached (definitions §6)."""
        return self["progress"] in NOT_REACHED

    @property
    def target_period_over(self) -> bool:
        """Whether the time of the target ends here: its December, of several years the last."""
        ends = self["target_kind"] != "multi_year" or self["share_due"] == 1
        return self.checkpoint.month == 12 and bool(ends)

    @property
    def may_lapse(self) -> bool:
        """Whether a target reached now may be missed by the year's end: it is not of a flow."""
        return not self.target_period_over and self.indicator["measure"] != "flow"

    @property
    def assessed(self) -> bool:
        """Whether the row is judged against a pace, and so counts in tallies."""
        return self.reached or self.not_reached

    @property
    def status_key(self) -> str:
        """Key of the status in the section ``progress`` of the words table."""
        code, kind = self["progress"], self["target_kind"]
        if self["status"] == "not_applicable":
            return "not_applicable"
        if self.not_expected:
            return "not_expected"
        if self.no_total:
            return "no_total"
        if code == "done" and self.may_lapse:
            return "reached_level"
        if self.target_period_over and code in ("slow", "behind"):
            return f"december_{code}"
        specific = f"{kind}_{code}"
        return specific if specific in self.words["progress"] else str(code)

    @property
    def mark(self) -> str:
        """Mark of the status, such as ▲."""
        return str(self.words["progress"][self.status_key][0])

    @property
    def status(self) -> str:
        """Word of the status, such as 快于序时进度."""
        word = str(self.words["progress"][self.status_key][1])
        return word.format(frequency=self.words["frequency"][self.indicator["frequency"]])

    def attainment(self) -> str:
        """Print the rate of completion with its bound; empty where there is none."""
        if self["attainment"] is None:
            return ""
        text = format_percent(self["attainment"], below=1)
        if prints_as_zero(self["attainment"]) and self["bound"] in ("exact", "about"):
            return self.say("pace", "lower_than", c="0.1%")
        key = {"at_least": "higher_than", "more_than": "higher_than", "about": "about",
               "at_most": "lower_than", "less_than": "lower_than"}.get(self["bound"])  # fmt: skip
        return self.say("pace", key, c=text) if key else text

    def pace_number(self) -> str:
        """Print the distance to the pace for tables: in points, of ratios in their unit."""
        if self["progress"] in ("not_due", "masked", "missing", "no_target"):
            return "—"
        points, gap = self["pace_gap_points"], self["pace_gap"]
        if points is not None:
            return f"{format_signed(points, 1)}点"
        if gap is not None and self.indicator["measure"] == "ratio":
            return format_signed(gap, self.indicator["decimals"])
        return "—"

    def target(self) -> str:
        """Print the target; — without one."""
        if self["target"] is None:
            return "—"
        if self["target_kind"] == "growth":
            unit = "个百分点" if self.in_points else "%"
            return f"{format_signed(self['target'], 1)}{unit}"
        text = self.amount(self["target"])
        if self["target_kind"] == "net":
            return f"净增{text}"
        if self["target_kind"] == "ceiling":
            return f"≤{text}"
        if self["target_upper"] is not None:
            return format_interval(text, self.amount(self["target_upper"]))
        return text

    @property
    def not_expected(self) -> bool:
        """Whether no figure is due at this checkpoint, such as of a yearly indicator in June."""
        off_schedule = self.checkpoint.month % FREQUENCIES[self.indicator["frequency"]] != 0
        return bool(off_schedule and self["status"] == "missing")

    def monthly_requirement(self) -> str:
        """Print what each remaining month needs to reach the target; counts are rounded up."""
        value = self["required_per_month"]
        if self.is_count:
            return f"{count_up(value)}{self.indicator['unit']}"
        return self.distance(value)

    # ---- rank and share -----------------------------------------------------------------------

    @property
    def shows_rank(self) -> bool:
        """Whether the rank may be shown."""
        return bool(self.settings["ranks"] and self["rank"] is not None and self["rank_shown"])

    @property
    def in_last_third(self) -> bool:
        """Whether the rank is in the last third of at least six: rank > ⌈⅔·ranked⌉."""
        if not self.shows_rank or self["ranked"] < 6:
            return False
        return bool(self["rank"] > -(-2 * self["ranked"] // 3))

    def rank_clause(self) -> str:
        """Return the clause with the rank and the number of ranked peers; empty if none is shown."""
        if not self.shows_rank:
            return ""
        unit = self.settings["peer_unit"]
        all_ranked = self["ranked"] == self["peers"]
        among = self.say("standing", "all_ranked" if all_ranked else "some_ranked",
                         N=self["peers"], n=self["ranked"], unit=unit)  # fmt: skip
        if self.indicator["direction"] == "down":
            among += self.words["standing"]["ascending"]
        text = self.say("standing", "rank_tied" if self["tied"] else "rank",
                        scope=self.settings["scope"], r=self["rank"], n=among)  # fmt: skip
        change = self["rank_change"]
        if change:
            text += self.say("standing", "risen" if change > 0 else "fallen", k=abs(change))
        return text

    def share(self) -> str:
        """Print the share of the parent's total, if above zero never as 0.0%; empty without one."""
        share = self["share"]
        if share is None:
            return ""
        if prints_as_zero(share):
            return str(self.words["bound"]["less_than"].format(A="0.1%"))
        return format_percent(share)

    def _movement(self) -> int:
        """Return +1 if the growth as printed is in the indicator's direction, −1 if against, else 0."""
        value, direction = self.growth_value, self.indicator["direction"]
        if value is None or direction == "none" or not self.reported:
            return 0
        shown = round_half_up(*self._growth_printed(value))
        sign = (shown > 0) - (shown < 0)
        return sign if direction == "up" else -sign

    @property
    def worsened(self) -> bool:
        """Whether the figure moved against the indicator's direction."""
        return self._movement() < 0

    @property
    def improved(self) -> bool:
        """Whether the figure moved in the indicator's direction."""
        return self._movement() > 0


def views(bundle: Bundle, district: str | None = None) -> list[View]:
    """Return the Metric rows of a bundle as views, in the order of the registry.

    Rows of programme levels are left out where the district has a row of their total.

    Parameters
    ----------
    bundle
        The page's bundle.
    district
        Only the rows of this district code.
    """
    total_codes = bundle.districts.filter(pl.col("kind") == "total")["code"].to_list()
    indicators = {row["id"]: row for row in bundle.indicators.iter_rows(named=True)}
    rows = bundle.metrics.to_dicts()
    without_level = {(row["district"], row["indicator"]) for row in rows if not row["level"]}
    share_changes = {
        (row["indicator"], row["level"]): row for row in bundle.content.get("share_changes", [])
    }
    selected = []
    for row in rows:
        part_of_total = row["level"] and (row["district"], row["indicator"]) in without_level
        if part_of_total or (district is not None and row["district"] != district):
            continue
        change = share_changes.get((row["indicator"], row["level"]), {})
        selected.append(
            View(
                row | _parent_values(change),
                indicators[row["indicator"]],
                bundle.content["words"],
                bundle.content["settings"],
                bundle.checkpoint,
                row["district"] in total_codes,
            )
        )
    return sorted(selected, key=lambda view: view.indicator["order"])


def _parent_values(change: dict[str, Any]) -> dict[str, Any]:
    """Return the columns on the parent's total, None where unknown."""
    return {column: change.get(column) for column in PARENT_COLUMNS}


def headline(bundle: Bundle, rows: list[View]) -> list[View]:
    """Return the main indicators among `rows`, in the data set's order."""
    by_id: dict[str, list[View]] = {}
    for view in rows:
        by_id.setdefault(view.indicator["id"], []).append(view)
    return [view for i in bundle.content["headline"] for view in by_id.get(i, [])]
