"""Bundles of many districts: compute the tables of one checkpoint once, then select from them."""

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
    displayed_stages,
    plain_rows,
    revisions,
    shared_content,
    with_release_mark,
)
from kejistats.brief.own_words import read_own_words
from kejistats.dataset import Dataset
from kejistats.metrics.history import history
from kejistats.metrics.shares import share_changes
from kejistats.model.errors import UsageError
from kejistats.model.period import Checkpoint
from kejistats.release import read_record

_PEER_KEYS = ["kind", "parent", "group"]
Rows = list[dict[str, Any]]


def make_bundles(
    dataset: Dataset, checkpoint: Checkpoint, codes: Iterable[str]
) -> dict[str, Bundle]:
    """Return the bundles of districts, with the tables of the checkpoint computed only once.

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
        By code: the district's Metric rows, its series, the peers' figures without names, its
        chains of stages, the changes of its shares, the revisions of its figures, the indicators
        used, settings, words, the analyst's text, and whether this content is final. A district
        with neither figures nor targets has no bundle.
    """
    return BundleBuilder(dataset, checkpoint).bundles(codes)


def make_bundle(dataset: Dataset, checkpoint: Checkpoint, code: str) -> Bundle:
    """Return the bundle of one district; see `make_bundles`.

    Raises
    ------
    UsageError
        When the district has neither figures nor targets at the checkpoint.
    """
    bundles = make_bundles(dataset, checkpoint, [code])
    if code not in bundles:
        raise UsageError(
            f"{code} has neither figures nor targets for {checkpoint}",
            "check the inbox, and valid_from and valid_to in districts.csv",
        )
    return bundles[code]


class BundleBuilder:
    """Make bundles from the tables of one checkpoint, which are computed once.

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
        # By their keys in a bundle; each table has a column "district".
        self._tables = {
            "metrics": self._metrics,
            "series": series,
            "conversions": displayed_stages(dataset.chains(checkpoint)),
            "share_changes": share_changes(self._metrics, dataset.districts),
            "revisions": revisions(dataset.observations, checkpoint),
        }

    @cached_property
    def codes(self) -> set[str]:
        """Districts that have figures or targets."""
        return set(self._metrics["district"])

    def fingerprints(self, codes: Iterable[str]) -> dict[str, str]:
        """Return a fingerprint of the inputs of each district's bundle.

        Bundles with equal fingerprints are equal; different fingerprints may still give equal
        bundles. Takes a hundredth of the time of making the bundles. Comparable only within one
        version of polars and of this package.
        """
        selected = [code for code in codes if code in self.codes]
        common = [self._shared, plain_rows(self._dataset.indicators), self._chains]
        common_hash = hashlib.sha256(json.dumps(common, sort_keys=True).encode("utf-8"))
        rows = {name: _hashes(table, "district") for name, table in self._tables.items()}
        rows["districts"] = _hashes(self._dataset.districts, "code")
        peers = self._peers.select(*_PEER_KEYS, hash=self._peers.hash_rows())
        by_group: dict[tuple[Any, ...], list[int]] = defaultdict(list)
        for *group, value in peers.iter_rows():
            by_group[tuple(group)].append(value)
        groups = self._groups
        fingerprints = {}
        for code in selected:
            district_hash = common_hash.copy()
            row_hashes = [rows[name].get(code, []) for name in sorted(rows)]
            own_words = read_own_words(self._dataset.path, self._checkpoint, code)
            # Whether the page is marked as a draft follows from the released content.
            release = self._record.outputs.get(code)
            released = release.content if release else ""
            inputs = [row_hashes, by_group[groups[code]], own_words, released]
            district_hash.update(repr(inputs).encode("utf-8"))
            fingerprints[code] = district_hash.hexdigest()
        return fingerprints

    def bundles(self, codes: Iterable[str]) -> dict[str, Bundle]:
        """Return the bundles of those districts that have figures or targets."""
        selected = [code for code in dict.fromkeys(codes) if code in self.codes]
        rows = {
            name: _by_district(table, selected, keep=name in ("metrics", "conversions"))
            for name, table in self._tables.items()
        }
        units = {row["code"]: row for row in plain_rows(self._dataset.districts)}
        indicators = plain_rows(self._dataset.indicators)
        peers: dict[tuple[Any, ...], dict[tuple[str, str], list[float]]] = defaultdict(dict)
        for kind, parent, group, indicator, grade, values in self._peers.iter_rows():
            peers[kind, parent, group][indicator, grade] = values
        groups = self._groups
        bundles = {}
        for code in selected:
            district_rows = {name: rows[name].get(code, []) for name in rows}
            used = {row["indicator"] for row in district_rows["metrics"]}
            shown = {row["chain"] for row in district_rows["conversions"]}
            content = {
                "kind": "brief",
                "districts": [units[code]],
                "indicators": [row for row in indicators if row["id"] in used],
                "peers": _peer_values(district_rows["metrics"], peers[groups[code]]),
                "chains": [row for row in self._chains if row["id"] in shown],
                "own_words": read_own_words(self._dataset.path, self._checkpoint, code),
            }
            content = self._shared | content | district_rows
            bundles[code] = with_release_mark(self._record, code, content)
        return bundles

    @cached_property
    def _chains(self) -> Rows:
        return plain_rows(self._dataset.declared_chains.select("id", "name", "stages", "labels"))

    @cached_property
    def _groups(self) -> dict[str, tuple[Any, ...]]:
        """The peer group of each district, by code."""
        rows = self._dataset.districts.select("code", *_PEER_KEYS).iter_rows()
        return {code: tuple(group) for code, *group in rows}

    @cached_property
    def _peers(self) -> pl.DataFrame:
        """The ranked figures of each peer group by indicator and grade, sorted, without names."""
        figures = self._metrics.filter(pl.col("rank").is_not_null(), pl.col("level") == "")
        units = self._dataset.districts.select("code", *_PEER_KEYS)
        return (
            figures.select("district", "indicator", "grade", "value")
            .join(units, left_on="district", right_on="code")
            .group_by(*_PEER_KEYS, "indicator", "grade")
            .agg(pl.col("value").sort())
            .sort(*_PEER_KEYS, "indicator", "grade")
            .select(*_PEER_KEYS, "indicator", "grade", "value")
        )


def _peer_values(rows: Rows, peers: dict[tuple[str, str], list[float]]) -> dict[str, list[float]]:
    """Return the peers' figures that have the same grade as the district's figure."""
    keys = [(row["indicator"], row.get("grade")) for row in rows if row["level"] == ""]
    return {indicator: peers[key] for key in keys if (indicator := key[0]) and key in peers}


def _by_district(table: pl.DataFrame, codes: list[str], *, keep: bool) -> dict[str, Rows]:
    """Group plain rows by district; `keep` leaves the column "district" in them."""
    groups: dict[str, Rows] = defaultdict(list)
    for row in plain_rows(table.filter(pl.col("district").is_in(codes))):
        groups[row["district"] if keep else row.pop("district")].append(row)
    return groups


def _hashes(table: pl.DataFrame, column: str) -> dict[str, list[int]]:
    """Return the hashes of each district's rows, in the order of the table."""
    hashed = table.select(column, hash=table.hash_rows())
    return dict(hashed.group_by(column, maintain_order=True).agg("hash").iter_rows())
