"""The bundle: one small file with all that one brief needs, canonical and self-contained."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from kejistats.assessment import assess_dataset, declared_rules, plain_rules
from kejistats.dataset import Dataset
from kejistats.model.errors import UsageError
from kejistats.model.period import Checkpoint
from kejistats.model.registry import read_words
from kejistats.model.tables import Conversion, District, Indicator, Metric
from kejistats.model.tables.observation import KEY
from kejistats.model.version import __version__
from kejistats.release import OVERVIEW, ReleaseRecord, read_record
from kejistats.status import expected

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
        """Return the canonical form, a row a line: the same content gives the same bytes."""
        parts = (f"{_json(key)}: {_lines(self.content[key])}" for key in sorted(self.content))
        return "{\n" + ",\n".join(parts) + "\n}\n"

    @cached_property
    def digest(self) -> str:
        """The first twelve digits of the content's hash, printed on the page."""
        # Without line breaks, which only a reader of the file needs, this is ten times as fast.
        text = json.dumps(self.content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]

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


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _lines(value: Any) -> str:
    """Return a list with a line for each of its members, which takes a tenth of indenting all."""
    if not isinstance(value, list) or not value:
        return _json(value)
    return "[\n" + ",\n".join(map(_json, value)) + "\n]"


def _frame(rows: list[dict[str, Any]], dtypes: dict[str, pl.DataType]) -> pl.DataFrame:
    # Dates stand as text in JSON.
    held = {c: pl.String if t == pl.Date else t for c, t in dtypes.items()}
    frame = pl.DataFrame([{c: row.get(c) for c in held} for row in rows], schema=held)
    return frame.with_columns(pl.col(c).str.to_date() for c, t in dtypes.items() if t == pl.Date)


def plain_rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Return rows without nulls, dates as text: what JSON can hold and people can read."""
    dated = frame.with_columns(
        pl.col(c).dt.to_string("%Y-%m-%d") for c, t in frame.schema.items() if t == pl.Date
    )
    return [{k: v for k, v in row.items() if v is not None} for row in dated.iter_rows(named=True)]


def marked(record: ReleaseRecord, key: str, content: dict[str, Any]) -> Bundle:
    """Return the bundle of a page, marked final if exactly this content was finalised."""
    return Bundle(content | {"final": record.is_released(key, content)})


def make_overview(dataset: Dataset, checkpoint: Checkpoint) -> Bundle:
    """Return the bundle of the overview: the parent, all districts and all indicators."""
    table = dataset.metrics(checkpoint)
    metrics = table.filter(pl.col("level") == "")
    parent = dataset.settings.parent
    # The parent is there even where its districts could not be summed.
    known = pl.col("code").is_in(metrics["district"].unique().to_list())
    units = dataset.districts.filter(
        (pl.col("code") == parent) | ((pl.col("parent") == parent) & known)
    )
    own = metrics.filter(pl.col("district").is_in(units["code"].to_list()))
    absent = _absent(dataset, checkpoint, table).filter(
        pl.col("district").is_in(units["code"].to_list())
    )
    named = pl.concat([own["indicator"], absent["indicator"]]).unique()
    return marked(
        read_record(dataset.path, checkpoint),
        OVERVIEW,
        shared_content(dataset, checkpoint)
        | {
            "kind": "overview",
            "districts": plain_rows(units),
            "metrics": plain_rows(own),
            "absent": plain_rows(absent),
            "indicators": plain_rows(
                dataset.indicators.filter(pl.col("id").is_in(named.implode()))
            ),
            "revisions": plain_rows(
                revisions(dataset.observations, checkpoint)
                .filter(pl.col("district") == parent)
                .drop("district")
            ),
            **_stages(dataset, dataset.chains(checkpoint), units["code"].to_list()),
            **_assessment(dataset, checkpoint),
        },
    )


def _absent(dataset: Dataset, checkpoint: Checkpoint, metrics: pl.DataFrame) -> pl.DataFrame:
    """Return what districts are expected to report and have no row of, of any level."""
    tables = dataset.observations, dataset.targets, dataset.districts, dataset.form_indicators
    return (
        expected(*tables, checkpoint)
        .join(metrics, on=["district", "indicator"], how="anti", maintain_order="left")
        .select("district", "indicator")
    )


def _assessment(dataset: Dataset, checkpoint: Checkpoint) -> dict[str, Any]:
    """Return the assessment held at the checkpoint, where the data set declares one."""
    rules = declared_rules(dataset)
    if rules is None or not rules.held_at(checkpoint):
        return {}
    made = assess_dataset(dataset, checkpoint)
    used = made.scores["indicator"].unique().to_list()
    return {
        "assessment": {
            "rules": plain_rules(rules),
            "scores": plain_rows(made.scores),
            "totals": plain_rows(made.totals),
            "indicators": plain_rows(dataset.indicators.filter(pl.col("id").is_in(used))),
        }
    }


def shared_content(dataset: Dataset, checkpoint: Checkpoint) -> dict[str, Any]:
    """Return what all bundles of a checkpoint hold alike."""
    settings = asdict(dataset.settings)
    for key in ("sender", "mail"):
        settings.pop(key)
    return {
        "format": FORMAT,
        "kejistats": __version__,
        "dataset": dataset.name,
        "settings": settings,
        "headline": dataset.headline,
        "checkpoint": str(checkpoint),
        "words": read_words(dataset.path),
    }


def _stages(
    dataset: Dataset, stages: pl.DataFrame, codes: list[str]
) -> dict[str, list[dict[str, Any]]]:
    """Return the chains of which one district has figures of two stages, and all conversions."""
    stages = stages.filter(pl.col("district").is_in(codes))
    shown = shown_stages(stages)["chain"].unique().to_list()
    chains = dataset.declared_chains.filter(pl.col("id").is_in(shown))
    stages = stages.filter(pl.col("chain").is_in(shown))
    return {
        "chains": plain_rows(chains.select("id", "name", "stages", "labels")),
        "conversions": plain_rows(stages.drop("value", "status", "grade", "bound")),
    }


def shown_stages(stages: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of chains of which a district has figures of two stages."""
    counted = (pl.col("status") == "reported") & pl.col("reason").ne_missing(pl.lit("other_unit"))
    shown = stages.filter(counted.sum().over("district", "chain") > 1)
    return shown.drop("value", "status", "grade", "bound")


def revisions(observations: pl.DataFrame, checkpoint: Checkpoint) -> pl.DataFrame:
    """Return figures of the checkpoint and of its base that a later intake changed."""
    at = (pl.col("month") == checkpoint.month) & pl.col("year").is_between(
        checkpoint.year - 1, checkpoint.year
    )
    return (
        observations.filter(at, pl.col("status") == "reported", pl.col("level") == "")
        .sort("intake_id", maintain_order=True)
        .group_by(KEY, maintain_order=True)
        .agg(
            # The last version that differed: a figure corrected and put back shows both.
            pl.col("value").filter(pl.col("value") != pl.col("value").last()).last().alias("first"),
            pl.col("value").last().alias("last"),
            pl.col("note").last(),
        )
        .filter(pl.col("first").is_not_null())
        .select("district", "indicator", "year", "first", "last", "note")
        .sort("district", "indicator", "year")
    )
