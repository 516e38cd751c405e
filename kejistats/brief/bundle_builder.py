"""Bundles cut from the tables of one checkpoint: all tables once, then a piece for each district."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from typing import Any

import polars as pl

from kejistats.brief.bundle import (
    Bundle,
    marked,
    plain_rows,
    revisions,
    shared_content,
    shown_stages,
)
from kejistats.brief.own_words import own_text
from kejistats.dataset import Dataset
from kejistats.metrics.history import history
from kejistats.metrics.shares import share_changes
from kejistats.model.errors import UsageError
from kejistats.model.period import Checkpoint
from kejistats.release import read_record

_GROUP = ["kind", "parent", "group"]
Rows = list[dict[str, Any]]


def make_bundles(
    dataset: Dataset, checkpoint: Checkpoint, codes: Iterable[str]
) -> dict[str, Bundle]:
    """Compute one checkpoint once and cut a bundle for each district.

    Parameters
    ----------
    dataset
        The data set.
    checkpoint
        The checkpoint.
    codes
        District codes.

    Returns
    -------
    dict of str to Bundle
        By code: the district's metric rows, its series, the peers' figures without names, the
        chains of stages it has figures of, the changes of its shares, the revisions of figures
        and bases, the registry subset, settings, words, what the analyst wrote, and whether it is final. A district
        with neither figures nor targets has none.
    """
    return BundleBuilder(dataset, checkpoint).bundles(codes)


def make_bundle(dataset: Dataset, checkpoint: Checkpoint, code: str) -> Bundle:
    """Return the bundle of one district.

    Raises
    ------
    UsageError
        When it has nothing to show at the checkpoint.
    """
    bundles = make_bundles(dataset, checkpoint, [code])
    if code not in bundles:
        raise UsageError(
            f"{code} has neither figures nor targets for {checkpoint}",
            "see the inbox, and valid_from and valid_to in districts.csv",
        )
    return bundles[code]


class BundleBuilder:
    """The tables of one checkpoint, from which bundles are cut.

    Parameters
    ----------
    dataset
        The data set.
    checkpoint
        The checkpoint.
    """

    def __init__(self, dataset: Dataset, checkpoint: Checkpoint) -> None:
        self._dataset, self._checkpoint = dataset, checkpoint
        self._metrics = dataset.metrics(checkpoint)
        self._shared = shared_content(dataset, checkpoint)
        self._record = read_record(dataset.path, checkpoint)
        past = history(dataset.observations, dataset.districts, dataset.indicators)
        at_or_before = (
            pl.col("year") * 12 + pl.col("month") <= checkpoint.year * 12 + checkpoint.month
        )
        series = (
            past.filter(at_or_before, pl.col("level") == "")
            .select(
                *("district", "indicator", "year", "month", "value", "status", "break_id"),
                bound=pl.when(pl.col("bound") != "exact").then("bound"),
            )
            .sort("district", "indicator", "year", "month")
            .collect()
        )
        # By the key they have in a bundle; each with a column of districts.
        self._tables = {
            "metrics": self._metrics,
            "series": series,
            "conversions": shown_stages(dataset.chains(checkpoint)),
            "share_changes": share_changes(self._metrics, dataset.districts),
            "revisions": revisions(dataset.observations, checkpoint),
        }

    @cached_property
    def codes(self) -> set[str]:
        """Districts that have something to show."""
        return set(self._metrics["district"])

    def keys(self, codes: Iterable[str]) -> dict[str, str]:
        """Return a hash of what each district's bundle is made from.

        Bundles with the same key are the same; those with different ones may be, too. It takes a
        hundredth of the time that it takes to make the bundles, and holds for one version of
        polars and of this package.
        """
        wanted = [code for code in codes if code in self.codes]
        common = [self._shared, plain_rows(self._dataset.indicators), self._chains]
        start = hashlib.sha256(json.dumps(common, sort_keys=True).encode("utf-8"))
        rows = {name: _hashes(table, "district") for name, table in self._tables.items()}
        rows["districts"] = _hashes(self._dataset.districts, "code")
        peers = self._peers.select(*_GROUP, hash=self._peers.hash_rows())
        by_group: dict[tuple[Any, ...], list[int]] = defaultdict(list)
        for *group, value in peers.iter_rows():
            by_group[tuple(group)].append(value)
        groups = self._groups
        keys = {}
        for code in wanted:
            found = start.copy()
            own = [rows[name].get(code, []) for name in sorted(rows)]
            words = own_text(self._dataset.path, self._checkpoint, code)
            # What is final bears no mark of a draft.
            fixed = self._record.outputs.get(code)
            marks = fixed.content if fixed else ""
            found.update(repr([own, by_group[groups[code]], words, marks]).encode("utf-8"))
            keys[code] = found.hexdigest()
        return keys

    def bundles(self, codes: Iterable[str]) -> dict[str, Bundle]:
        """Return the bundles of districts that have something to show."""
        wanted = [code for code in dict.fromkeys(codes) if code in self.codes]
        rows = {
            name: _by_district(table, wanted, keep=name in ("metrics", "conversions"))
            for name, table in self._tables.items()
        }
        units = {row["code"]: row for row in plain_rows(self._dataset.districts)}
        indicators = plain_rows(self._dataset.indicators)
        peers: dict[tuple[Any, ...], dict[tuple[str, str], list[float]]] = defaultdict(dict)
        for kind, parent, group, indicator, grade, values in self._peers.iter_rows():
            peers[kind, parent, group][indicator, grade] = values
        groups = self._groups
        bundles = {}
        for code in wanted:
            own = {name: rows[name].get(code, []) for name in rows}
            used = {row["indicator"] for row in own["metrics"]}
            shown = {row["chain"] for row in own["conversions"]}
            content = {
                "kind": "brief",
                "districts": [units[code]],
                "indicators": [row for row in indicators if row["id"] in used],
                "peers": _peer_values(own["metrics"], peers[groups[code]]),
                "chains": [row for row in self._chains if row["id"] in shown],
                "own_words": own_text(self._dataset.path, self._checkpoint, code),
            }
            bundles[code] = marked(self._record, code, self._shared | content | own)
        return bundles

    @cached_property
    def _chains(self) -> Rows:
        return plain_rows(self._dataset.declared_chains.select("id", "name", "stages", "labels"))

    @cached_property
    def _groups(self) -> dict[str, tuple[Any, ...]]:
        """Who is whose peer, by code."""
        rows = self._dataset.districts.select("code", *_GROUP).iter_rows()
        return {code: tuple(group) for code, *group in rows}

    @cached_property
    def _peers(self) -> pl.DataFrame:
        """The exact figures of each group by indicator and grade, sorted, without names."""
        figures = self._metrics.filter(pl.col("rank").is_not_null(), pl.col("level") == "")
        units = self._dataset.districts.select("code", *_GROUP)
        return (
            figures.select("district", "indicator", "grade", "value")
            .join(units, left_on="district", right_on="code")
            .group_by(*_GROUP, "indicator", "grade")
            .agg(pl.col("value").sort())
            .sort(*_GROUP, "indicator", "grade")
            .select(*_GROUP, "indicator", "grade", "value")
        )


def _peer_values(own: Rows, peers: dict[tuple[str, str], list[float]]) -> dict[str, list[float]]:
    """Return the peers' figures of the grade that the district's own figure has."""
    keys = [(row["indicator"], row.get("grade")) for row in own if row["level"] == ""]
    return {indicator: peers[key] for key in keys if (indicator := key[0]) and key in peers}


def _by_district(table: pl.DataFrame, codes: list[str], *, keep: bool) -> dict[str, Rows]:
    """Return plain rows by district, which stands in the rows themselves if `keep` says so."""
    found: dict[str, Rows] = defaultdict(list)
    for row in plain_rows(table.filter(pl.col("district").is_in(codes))):
        found[row["district"] if keep else row.pop("district")].append(row)
    return found


def _hashes(table: pl.DataFrame, column: str) -> dict[str, list[int]]:
    """Return the hashes of each district's rows, in their order."""
    hashed = table.select(column, hash=table.hash_rows())
    return dict(hashed.group_by(column, maintain_order=True).agg("hash").iter_rows())
