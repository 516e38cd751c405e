"""Look up the inputs of explanations: figures of all checkpoints, peers, targets, profiles."""

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
_PEER_KINDS = ["district", "zone"]
_FIGURE_KEY = ["district", "level", "year", "month"]


def require(row: Row | None) -> Row:
    """Return a row that a Metric row was computed from.

    Raises
    ------
    KejistatsError
        When the row is missing: the tables are not those the metrics were computed from.
    """
    if row is None:
        raise KejistatsError(
            "the observations are not those that the metrics were computed from",
            "open the data set again, so that both are reread",
        )
    return row


@dataclass(frozen=True, eq=False)
class Tables:
    """A Metric table and the tables it was computed from.

    Parameters
    ----------
    observations, targets
        Tables with all vintages, as used for the metrics; observations may be a lazy frame.
    districts, indicators
        District and Indicator tables.
    metrics
        The Metric table of the checkpoint.
    checkpoint
        The checkpoint.
    settings
        The settings of the data set.
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
        """Return the look-ups of an indicator; made once and cached."""
        if indicator not in self._facts:
            self._facts[indicator] = Facts(self, indicator)
        return self._facts[indicator]

    @cached_property
    def district_rows(self) -> dict[str, Row]:
        """Rows of the District table by code."""
        return {row["code"]: row for row in self.districts.iter_rows(named=True)}

    @cached_property
    def indicator_rows(self) -> dict[str, Row]:
        """Rows of the Indicator table by id."""
        return {row["id"]: row for row in self.indicators.iter_rows(named=True)}

    def valid_districts(self, day: date) -> list[Row]:
        """Return the District rows that are valid on a day; cached."""
        if day not in self._valid:
            rows = self.districts.filter(valid_at(pl.lit(day)))
            self._valid[day] = list(rows.iter_rows(named=True))
        return self._valid[day]


class Facts:
    """Look-ups of one indicator beyond its rows of the Metric table.

    Parameters
    ----------
    tables
        The tables.
    indicator
        Id of the indicator.
    """

    def __init__(self, tables: Tables, indicator: str) -> None:
        self.tables = tables
        self.indicator = tables.indicator_rows[indicator]
        self.id = indicator
        self.at = tables.checkpoint

    @cached_property
    def _needed_indicators(self) -> pl.DataFrame:
        """Indicator rows of this one and, for a ratio, of its numerator and denominator."""
        ids, pending = set(), [self.id]
        while pending:
            id_ = pending.pop()
            if id_ not in ids:
                ids.add(id_)
                row = self.tables.indicator_rows[id_]
                pending += [row[c] for c in ("numerator", "denominator") if row[c]]
        return self.tables.indicators.filter(pl.col("id").is_in(sorted(ids)))

    @cached_property
    def _observations(self) -> pl.DataFrame:
        ids = self._needed_indicators["id"].implode()
        return self.tables.observations.lazy().filter(pl.col("indicator").is_in(ids)).collect()

    @cached_property
    def figures(self) -> pl.DataFrame:
        """Current figures at all checkpoints, including derived totals and ratios."""
        return history(self._observations, self.tables.districts, self._needed_indicators).collect()

    @cached_property
    def _current(self) -> dict[tuple[Any, ...], Row]:
        rows = self.figures.iter_rows(named=True)
        return {(row["indicator"], *(row[c] for c in _FIGURE_KEY)): row for row in rows}

    @cached_property
    def _other_definitions(self) -> dict[tuple[Any, ...], Row]:
        rows = on_other_definitions(self._observations.lazy()).collect().iter_rows(named=True)
        return {
            (row["indicator"], *(row[c] for c in _FIGURE_KEY), row["break_id"]): row for row in rows
        }

    def figure(
        self, district: str, at: Checkpoint, level: str = "", indicator: str = ""
    ) -> Row | None:
        """Return the current figure at a checkpoint, None if there is none."""
        return self._current.get((indicator or self.id, district, level, at.year, at.month))

    def comparable(
        self, figure: Row | None, district: str, at: Checkpoint, level: str
    ) -> Row | None:
        """Return a figure on the statistical definition of another one, else the current figure.

        Parameters
        ----------
        figure
            The figure it will be compared with.
        district, at, level
            Which figure to return.
        """
        key = (self.id, district, level, at.year, at.month)
        return self._other_definitions.get(
            (*key, figure["break_id"] if figure else None)
        ) or self._current.get(key)

    def metric_row(self, district: str, level: str) -> Row | None:
        """Return a district's row of the Metric table."""
        return self._metric_rows.get((district, level))

    @cached_property
    def _metric_rows(self) -> dict[tuple[str, str], Row]:
        rows = self.tables.metrics.filter(pl.col("indicator") == self.id)
        return {(row["district"], row["level"]): row for row in rows.iter_rows(named=True)}

    def parent(self, district: str) -> str | None:
        """Return the code of the parent of a district, None if it has none."""
        parent = self.tables.district_rows[district]["parent"]
        return None if parent is None else str(parent)

    def parent_name(self, district: str) -> str:
        """Return the printed name of the parent of a district."""
        parent, settings = self.parent(district), self.tables.settings
        if parent is None or parent == settings.parent:
            return settings.scope
        return str(self.tables.district_rows[parent]["name"])

    def peers(self, district: str) -> list[str]:
        """Return the codes of a district and its peers; empty for kinds that are not ranked."""
        district_row = self.tables.district_rows[district]
        if district_row["kind"] not in _PEER_KINDS or district_row["parent"] is None:
            return []
        group = ("parent", "kind", "group")
        return [
            other["code"]
            for other in self.tables.valid_districts(self.at.end)
            if all(other[c] == district_row[c] for c in group)
        ]

    def exact_peers(self, row: Row) -> list[Row]:
        """Return the Metric rows of a row's peers and itself with exact figures of its grade."""
        rows = [self.metric_row(code, row["level"]) for code in self.peers(row["district"])]
        return [
            peer
            for peer in rows
            if peer is not None
            and (peer["status"], peer["bound"]) == ("reported", "exact")
            and peer["grade"] == row["grade"]
        ]

    def members(self, district: str, at: Checkpoint) -> list[str]:
        """Return the codes of the districts whose figures add up to the total of `district`."""
        return [
            row["code"]
            for row in self.tables.valid_districts(at.end)
            if row["parent"] == district and row["kind"] in ("district", "residual", "total")
        ]

    @cached_property
    def _profiles(self) -> dict[tuple[str, str], Row]:
        figures = self.figures.filter(pl.col("indicator") == self.id)
        rows = self.tables.metrics.filter(pl.col("indicator") == self.id).select(
            "district", "indicator", "level", "year", "month"
        )
        definitions = figures.select(*rows.columns, "break_id")
        rows = rows.join(definitions, on=rows.columns, how="left", maintain_order="left")
        profiles = seasonal_profile(
            rows.lazy(),
            figures.lazy(),
            self.tables.districts,
            self.tables.indicators,
            self.tables.settings.thresholds,
        ).collect()
        return {(row["district"], row["level"]): row for row in profiles.iter_rows(named=True)}

    def profile(self, row: Row) -> tuple[str, list[int]]:
        """Return the district whose past years a row's seasonal profile pools, and the years."""
        years = str(self._profiles[row["district"], row["level"]]["profile_years"] or "")
        inherited = years.startswith("上级")
        district = self.parent(row["district"]) if inherited else row["district"]
        return str(district), [int(y) for y in years.removeprefix("上级").split("、") if y]

    @cached_property
    def _ranks_year_earlier(self) -> dict[tuple[str, str], int]:
        at = self.at.previous_year
        year_earlier = self.figures.filter(
            pl.col("indicator") == self.id, pl.col("year") == at.year, pl.col("month") == at.month
        )
        ranked = rank(year_earlier.lazy(), self.tables.districts, self.tables.indicators).collect()
        rows = ranked.select("district", "level", "rank").iter_rows()
        return {(district, level): rank_ for district, level, rank_ in rows}

    def rank_year_earlier(self, row: Row) -> int:
        """Return the rank a year earlier."""
        return self._ranks_year_earlier[row["district"], row["level"]]

    @cached_property
    def _target_rows(self) -> list[Row]:
        rows = self.tables.targets.filter(pl.col("indicator") == self.id)
        return list(rows.sort("valid_from", "intake_id", nulls_last=False).iter_rows(named=True))

    def target_row(self, row: Row, value: str = "target") -> Row | None:
        """Return the Target row that a Metric row is judged by, or its original before revision.

        Parameters
        ----------
        row
            The Metric row.
        value
            The column to match: target, or target_original.
        """
        key = {
            "district": row["district"], "indicator": self.id, "year": row["target_year"],
            "kind": row["target_kind"], "strength": row["target_strength"],
        }  # fmt: skip
        matches = [
            target
            for target in self._target_rows
            if all(target[c] == key[c] for c in TARGET_KEY) and target["value"] == row[value]
        ]
        if value == "target":
            matches = [target for target in matches if target["source"] == row["target_source"]]
            return matches[-1] if matches else None
        return matches[0] if matches else None
