"""Where the inputs of explanations are looked up: figures of all times, peers, targets, profiles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import polars as pl

from kejistats.metrics import history, rank, seasonal_profile
from kejistats.metrics.totals import valid_at
from kejistats.model.errors import KejistatsError
from kejistats.model.period import Checkpoint
from kejistats.model.settings import Settings
from kejistats.model.tables.target import TARGET_KEY
from kejistats.store import on_other_definitions

Row = Mapping[str, Any]
_PEERS = ["district", "zone"]
_KEY = ["district", "level", "year", "month"]


def require(row: Row | None) -> Row:
    """Return a row that a Metric row was made from.

    Raises
    ------
    KejistatsError
        When it is not there: the figures are others than those the metrics were made from.
    """
    if row is None:
        raise KejistatsError(
            "the figures are not those that the metrics were made from",
            "open the data set anew, so that both are read again",
        )
    return row


@dataclass(frozen=True, eq=False)
class Tables:
    """The tables that a Metric table was made from, and that table.

    Parameters
    ----------
    observations, targets
        Tables with all vintages, as they went into the metrics; observations may come lazily.
    districts, indicators
        District and Indicator tables.
    metrics
        The Metric table of the checkpoint.
    checkpoint
        The checkpoint.
    settings
        The data set's settings.
    words
        The words table.
    """

    observations: pl.DataFrame | pl.LazyFrame
    targets: pl.DataFrame
    districts: pl.DataFrame
    indicators: pl.DataFrame
    metrics: pl.DataFrame
    checkpoint: Checkpoint
    settings: Settings
    words: dict[str, dict[str, Any]]
    _facts: dict[str, Facts] = field(default_factory=dict)
    _valid: dict[date, list[Row]] = field(default_factory=dict)

    def facts(self, indicator: str) -> Facts:
        """Return what is known of an indicator; looked up once for all districts."""
        if indicator not in self._facts:
            self._facts[indicator] = Facts(self, indicator)
        return self._facts[indicator]

    @cached_property
    def units(self) -> dict[str, Row]:
        """District rows by code."""
        return {row["code"]: row for row in self.districts.iter_rows(named=True)}

    @cached_property
    def registry(self) -> dict[str, Row]:
        """Indicator rows by id."""
        return {row["id"]: row for row in self.indicators.iter_rows(named=True)}

    def valid(self, day: date) -> list[Row]:
        """Return the District rows of those that exist on a day; looked up once for all rows."""
        if day not in self._valid:
            found = self.districts.filter(valid_at(pl.lit(day)))
            self._valid[day] = list(found.iter_rows(named=True))
        return self._valid[day]


class Facts:
    """What is known of one indicator beside a row of the Metric table.

    Parameters
    ----------
    tables
        The tables.
    indicator
        Id of the indicator.
    """

    def __init__(self, tables: Tables, indicator: str) -> None:
        self.tables = tables
        self.indicator = tables.registry[indicator]
        self.id = indicator
        self.at = tables.checkpoint

    @cached_property
    def _involved(self) -> pl.DataFrame:
        """Indicator rows of this one and of what it is divided from."""
        found, pending = set(), [self.id]
        while pending:
            one = pending.pop()
            if one not in found:
                found.add(one)
                row = self.tables.registry[one]
                pending += [row[c] for c in ("numerator", "denominator") if row[c]]
        return self.tables.indicators.filter(pl.col("id").is_in(sorted(found)))

    @cached_property
    def _raw(self) -> pl.DataFrame:
        ids = self._involved["id"].implode()
        return self.tables.observations.lazy().filter(pl.col("indicator").is_in(ids)).collect()

    @cached_property
    def figures(self) -> pl.DataFrame:
        """All figures of it as they stand, derived totals and ratios among them."""
        return history(self._raw, self.tables.districts, self._involved).collect()

    @cached_property
    def _now(self) -> dict[tuple[Any, ...], Row]:
        rows = self.figures.iter_rows(named=True)
        return {(row["indicator"], *(row[c] for c in _KEY)): row for row in rows}

    @cached_property
    def _others(self) -> dict[tuple[Any, ...], Row]:
        rows = on_other_definitions(self._raw.lazy()).collect().iter_rows(named=True)
        return {(row["indicator"], *(row[c] for c in _KEY), row["break_id"]): row for row in rows}

    def figure(
        self, district: str, at: Checkpoint, level: str = "", indicator: str = ""
    ) -> Row | None:
        """Return a figure as it stands."""
        return self._now.get((indicator or self.id, district, level, at.year, at.month))

    def comparable(self, own: Row | None, district: str, at: Checkpoint, level: str) -> Row | None:
        """Return a figure on the definition of another one, where there is one, else as it stands.

        Parameters
        ----------
        own
            The figure it is to be compared with.
        district, at, level
            Where and when.
        """
        key = (self.id, district, level, at.year, at.month)
        return self._others.get((*key, own["break_id"] if own else None)) or self._now.get(key)

    def row(self, district: str, level: str) -> Row | None:
        """Return a district's row of the Metric table."""
        return self._rows.get((district, level))

    @cached_property
    def _rows(self) -> dict[tuple[str, str], Row]:
        rows = self.tables.metrics.filter(pl.col("indicator") == self.id)
        return {(row["district"], row["level"]): row for row in rows.iter_rows(named=True)}

    def parent(self, district: str) -> str | None:
        """Return the code of the total that a district belongs to."""
        found = self.tables.units[district]["parent"]
        return None if found is None else str(found)

    def whole(self, district: str) -> str:
        """Return what the total is called that a district belongs to."""
        parent, settings = self.parent(district), self.tables.settings
        if parent is None or parent == settings.parent:
            return settings.scope
        return str(self.tables.units[parent]["name"])

    def peers(self, district: str) -> list[str]:
        """Return the codes of a district's peers and its own; empty where it has none."""
        own = self.tables.units[district]
        if own["kind"] not in _PEERS or own["parent"] is None:
            return []
        group = ("parent", "kind", "group")
        return [
            unit["code"]
            for unit in self.tables.valid(self.at.end)
            if all(unit[c] == own[c] for c in group)
        ]

    def exact(self, row: Row) -> list[Row]:
        """Return the rows of a row's peers that have an exact figure of its grade."""
        rows = [self.row(code, row["level"]) for code in self.peers(row["district"])]
        return [
            other
            for other in rows
            if other is not None
            and (other["status"], other["bound"]) == ("reported", "exact")
            and other["grade"] == row["grade"]
        ]

    def members(self, district: str, at: Checkpoint) -> list[str]:
        """Return the codes of those whose figures add up to a total's."""
        return [
            unit["code"]
            for unit in self.tables.valid(at.end)
            if unit["parent"] == district and unit["kind"] in ("district", "residual", "total")
        ]

    @cached_property
    def _profiles(self) -> dict[tuple[str, str], Row]:
        own = self.figures.filter(pl.col("indicator") == self.id)
        rows = self.tables.metrics.filter(pl.col("indicator") == self.id).select(
            "district", "indicator", "level", "year", "month"
        )
        rows = rows.join(
            own.select(*rows.columns, "break_id"), on=rows.columns, how="left", maintain_order="left"
        )  # fmt: skip
        found = seasonal_profile(
            rows.lazy(),
            own.lazy(),
            self.tables.districts,
            self.tables.indicators,
            self.tables.settings.thresholds,
        ).collect()
        return {(row["district"], row["level"]): row for row in found.iter_rows(named=True)}

    def profile(self, row: Row) -> tuple[str, list[int]]:
        """Return whose past years a row's seasonal share is pooled from, and which."""
        found = str(self._profiles[row["district"], row["level"]]["profile_years"] or "")
        inherited = found.startswith("上级")
        whose = self.parent(row["district"]) if inherited else row["district"]
        return str(whose), [int(y) for y in found.removeprefix("上级").split("、") if y]

    @cached_property
    def _ranks_before(self) -> dict[tuple[str, str], int]:
        at = self.at.previous_year
        then = self.figures.filter(
            pl.col("indicator") == self.id, pl.col("year") == at.year, pl.col("month") == at.month
        )
        ranked = rank(then.lazy(), self.tables.districts, self.tables.indicators).collect()
        rows = ranked.select("district", "level", "rank").iter_rows()
        return {(district, level): place for district, level, place in rows}

    def rank_before(self, row: Row) -> int:
        """Return the rank a year before."""
        return self._ranks_before[row["district"], row["level"]]

    @cached_property
    def _targets(self) -> list[Row]:
        rows = self.tables.targets.filter(pl.col("indicator") == self.id)
        return list(rows.sort("valid_from", "intake_id", nulls_last=False).iter_rows(named=True))

    def target(self, row: Row, value: str = "target") -> Row | None:
        """Return the Target row that a Metric row is judged by, or the one it was revised from.

        Parameters
        ----------
        row
            The Metric row.
        value
            target, or target_original.
        """
        wanted = {
            "district": row["district"], "indicator": self.id, "year": row["target_year"],
            "kind": row["target_kind"], "strength": row["target_strength"],
        }  # fmt: skip
        found = [
            one
            for one in self._targets
            if all(one[c] == wanted[c] for c in TARGET_KEY) and one["value"] == row[value]
        ]
        if value == "target":
            found = [one for one in found if one["source"] == row["target_source"]]
            return found[-1] if found else None
        return found[0] if found else None
