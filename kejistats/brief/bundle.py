"""The bundle: one small file with all that one brief needs, canonical and self-contained."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

import kejistats
from kejistats.assessment import plain_rules
from kejistats.dataset import Dataset
from kejistats.errors import UsageError
from kejistats.final import OVERVIEW, Record, read_record
from kejistats.metrics.history import history
from kejistats.period import Checkpoint
from kejistats.registry import read_words
from kejistats.schema import Conversion, District, Indicator, Metric
from kejistats.schema.observation import KEY

FORMAT = 1


@dataclass(frozen=True)
class Bundle:
    """All that one brief or overview shows, as plain data.

    Parameters
    ----------
    content
        JSON-like data; see `make_bundles`.
    """

    content: dict[str, Any]

    def text(self) -> str:
        """Return the canonical form: the same content gives the same bytes."""
        return json.dumps(self.content, ensure_ascii=False, sort_keys=True, indent=1) + "\n"

    @cached_property
    def digest(self) -> str:
        """The first twelve digits of the content's hash, printed on the page."""
        return hashlib.sha256(self.text().encode("utf-8")).hexdigest()[:12]

    def write(self, file: Path) -> None:
        """Write the bundle to a file."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(self.text(), encoding="utf-8", newline="\n")

    @classmethod
    def read(cls, file: Path) -> Bundle:
        """Read a bundle.

        Raises
        ------
        UsageError
            When the file is missing, no bundle, or of another format.
        """
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            found = content["format"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UsageError(
                f"{file} is no bundle: {error}", "make it with kejistats briefs"
            ) from None
        if found != FORMAT:
            raise UsageError(
                f"{file} has bundle format {found}, this kejistats reads {FORMAT}",
                "make it anew with kejistats briefs",
            )
        return cls(content)

    @property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint."""
        return Checkpoint.parse(self.content["checkpoint"])

    @cached_property
    def metrics(self) -> pl.DataFrame:
        """The Metric rows, typed."""
        return _frame(self.content["metrics"], Metric.dtypes())

    @cached_property
    def indicators(self) -> pl.DataFrame:
        """The registry rows that the metrics need, typed."""
        return _frame(self.content["indicators"], Indicator.dtypes())

    @cached_property
    def conversions(self) -> list[dict[str, Any]]:
        """The Conversion rows of the chains shown; none in a bundle that was made without them."""
        frame = _frame(self.content.get("conversions", []), Conversion.dtypes())
        return frame.to_dicts()

    @cached_property
    def districts(self) -> pl.DataFrame:
        """The District rows shown, typed."""
        return _frame(self.content["districts"], District.dtypes())


def _frame(rows: list[dict[str, Any]], dtypes: dict[str, pl.DataType]) -> pl.DataFrame:
    # Dates stand as text in JSON.
    held = {c: pl.String if t == pl.Date else t for c, t in dtypes.items()}
    frame = pl.DataFrame([{c: row.get(c) for c in held} for row in rows], schema=held)
    return frame.with_columns(pl.col(c).str.to_date() for c, t in dtypes.items() if t == pl.Date)


def _plain(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Return rows without nulls, dates as text: what JSON can hold and people can read."""
    dated = frame.with_columns(
        pl.col(c).dt.to_string("%Y-%m-%d") for c, t in frame.schema.items() if t == pl.Date
    )
    return [{k: v for k, v in row.items() if v is not None} for row in dated.iter_rows(named=True)]


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
        chains of stages it has figures of, the revisions of figures and bases, the registry
        subset, settings and words; and whether the page is final or a draft. A district with
        neither figures nor targets has none.
    """
    metrics = dataset.metrics(checkpoint)
    stages = dataset.chains(checkpoint)
    shared = _shared(dataset, checkpoint)
    record = read_record(dataset.path, checkpoint)
    past = history(dataset.observations, dataset.districts, dataset.indicators)
    at_or_before = pl.col("year") * 12 + pl.col("month") <= checkpoint.year * 12 + checkpoint.month
    series = (
        past.filter(at_or_before, pl.col("level") == "")
        .select("district", "indicator", "year", "month", "value", "status")
        .sort("district", "indicator", "year", "month")
        .collect()
    )
    bundles = {}
    for code in codes:
        own = metrics.filter(pl.col("district") == code)
        if own.is_empty():
            continue
        unit = dataset.districts.filter(pl.col("code") == code)
        bundles[code] = _marked(
            record,
            code,
            shared
            | {
                "kind": "brief",
                "districts": _plain(unit),
                "metrics": _plain(own),
                "indicators": _plain(_used(dataset.indicators, own)),
                "series": _plain(series.filter(pl.col("district") == code).drop("district")),
                "peers": _peer_values(metrics, dataset.districts, unit),
                **_stages(dataset, stages, [code]),
                "revisions": _plain(_revisions(dataset.observations, checkpoint, code)),
            },
        )
    return bundles


def _marked(record: Record, key: str, content: dict[str, Any]) -> Bundle:
    """Return the bundle of a page, marked final if exactly this content was finalised."""
    return Bundle(content | {"final": record.covers(key, content)})


def make_overview(dataset: Dataset, checkpoint: Checkpoint) -> Bundle:
    """Return the bundle of the overview: the parent, all districts and all indicators."""
    metrics = dataset.metrics(checkpoint).filter(pl.col("level") == "")
    parent = dataset.settings.parent
    # The parent is there even where its districts could not be summed.
    known = pl.col("code").is_in(metrics["district"].unique().to_list())
    units = dataset.districts.filter(
        (pl.col("code") == parent) | ((pl.col("parent") == parent) & known)
    )
    own = metrics.filter(pl.col("district").is_in(units["code"].to_list()))
    return _marked(
        read_record(dataset.path, checkpoint),
        OVERVIEW,
        _shared(dataset, checkpoint)
        | {
            "kind": "overview",
            "districts": _plain(units),
            "metrics": _plain(own),
            "indicators": _plain(_used(dataset.indicators, own)),
            "revisions": _plain(_revisions(dataset.observations, checkpoint, parent)),
            **_stages(dataset, dataset.chains(checkpoint), units["code"].to_list()),
            **_assessment(dataset, checkpoint),
        },
    )


def _assessment(dataset: Dataset, checkpoint: Checkpoint) -> dict[str, Any]:
    """Return the assessment held at the checkpoint, where the data set declares one."""
    rules = dataset.assessment_rules
    if rules is None or not rules.held_at(checkpoint):
        return {}
    made = dataset.assessment(checkpoint)
    used = made.scores["indicator"].unique().to_list()
    return {
        "assessment": {
            "rules": plain_rules(rules),
            "scores": _plain(made.scores),
            "totals": _plain(made.totals),
            "indicators": _plain(dataset.indicators.filter(pl.col("id").is_in(used))),
        }
    }


def _shared(dataset: Dataset, checkpoint: Checkpoint) -> dict[str, Any]:
    settings = asdict(dataset.settings)
    for key in ("sender", "mail"):
        settings.pop(key)
    return {
        "format": FORMAT,
        "kejistats": kejistats.__version__,
        "dataset": dataset.name,
        "settings": settings,
        "headline": dataset.headline,
        "checkpoint": str(checkpoint),
        "words": read_words(dataset.path),
    }


def _used(indicators: pl.DataFrame, metrics: pl.DataFrame) -> pl.DataFrame:
    return indicators.filter(pl.col("id").is_in(metrics["indicator"].unique().to_list()))


def _stages(
    dataset: Dataset, stages: pl.DataFrame, codes: list[str]
) -> dict[str, list[dict[str, Any]]]:
    """Return the chains of which one district has figures of two stages, and all conversions."""
    stages = stages.filter(pl.col("district").is_in(codes))
    counted = (pl.col("status") == "reported") & pl.col("reason").ne_missing(pl.lit("other_unit"))
    shown = stages.filter(counted.sum().over("district", "chain") > 1)["chain"].unique().to_list()
    chains = dataset.declared_chains.filter(pl.col("id").is_in(shown))
    stages = stages.filter(pl.col("chain").is_in(shown))
    return {
        "chains": _plain(chains.select("id", "name", "stages", "labels")),
        "conversions": _plain(stages.drop("value", "status", "grade", "bound")),
    }


def _peer_values(
    metrics: pl.DataFrame, districts: pl.DataFrame, unit: pl.DataFrame
) -> dict[str, list[float]]:
    """Return the peers' exact figures of the own grade by indicator, sorted, without names."""
    kind, parent, group = unit.select("kind", "parent", "group").row(0)
    peers = districts.filter(
        pl.col("kind").eq_missing(pl.lit(kind)),
        pl.col("parent").eq_missing(pl.lit(parent)),
        pl.col("group").eq_missing(pl.lit(group)),
    )["code"]
    figures = metrics.filter(
        pl.col("district").is_in(peers.to_list()),
        pl.col("rank").is_not_null(),
        pl.col("level") == "",
    )
    own = metrics.filter(pl.col("district") == unit["code"][0], pl.col("level") == "")
    figures = figures.join(own.select("indicator", "grade"), on=["indicator", "grade"])
    grouped = figures.group_by("indicator", maintain_order=True).agg(pl.col("value").sort())
    return dict(grouped.iter_rows())


def _revisions(observations: pl.DataFrame, checkpoint: Checkpoint, district: str) -> pl.DataFrame:
    """Return figures of the checkpoint and of its base that a later intake changed."""
    at = (pl.col("month") == checkpoint.month) & pl.col("year").is_between(
        checkpoint.year - 1, checkpoint.year
    )
    return (
        observations.filter(
            at,
            pl.col("district") == district,
            pl.col("status") == "reported",
            pl.col("level") == "",
        )
        .sort("received", maintain_order=True)
        .group_by(KEY, maintain_order=True)
        .agg(
            # The last version that differed: a figure corrected and put back shows both.
            pl.col("value").filter(pl.col("value") != pl.col("value").last()).last().alias("first"),
            pl.col("value").last().alias("last"),
            pl.col("note").last(),
        )
        .filter(pl.col("first").is_not_null())
        .select("indicator", "year", "first", "last", "note")
        .sort("indicator", "year")
    )
