"""The bundle: one small, self-contained file with all data of one page, in canonical form."""

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
from kejistats.status import expected_figures

FORMAT = 1


@dataclass(frozen=True)
class Bundle:
    """All data of one brief or overview, as plain JSON-like values.

    Parameters
    ----------
    content
        The data by key; see `make_bundles` and `make_overview`.
    """

    content: dict[str, Any]

    def text(self) -> str:
        """Return canonical JSON with one row per line: equal content gives equal bytes."""
        parts = (
            f"{_json(key)}: {_one_row_per_line(self.content[key])}" for key in sorted(self.content)
        )
        return "{\n" + ",\n".join(parts) + "\n}\n"

    @cached_property
    def digest(self) -> str:
        """The first twelve hex digits of the content's SHA-256, as printed on the page."""
        # Without the line breaks of `text`, which only people need, this is ten times as fast.
        text = json.dumps(self.content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]

    def write(self, file: Path) -> None:
        """Write the bundle to a file."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(self.text(), encoding="utf-8", newline="\n")

    @classmethod
    def read(cls, file: Path) -> Bundle:
        """Read a bundle from a file.

        Raises
        ------
        UsageError
            When the file is missing, is no bundle, or has another format version.
        """
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            version = content["format"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UsageError(
                f"{file} is not a bundle: {error}", "make it with kejistats briefs"
            ) from None
        if version != FORMAT:
            raise UsageError(
                f"{file} has bundle format {version}, this kejistats reads {FORMAT}",
                "make it again with kejistats briefs",
            )
        return cls(content)

    @property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint."""
        return Checkpoint.parse(self.content["checkpoint"])

    @cached_property
    def metrics(self) -> pl.DataFrame:
        """The Metric rows as a typed table."""
        return _frame(self.content["metrics"], Metric.dtypes())

    @cached_property
    def indicators(self) -> pl.DataFrame:
        """The Indicator rows of the metrics as a typed table."""
        return _frame(self.content["indicators"], Indicator.dtypes())

    @cached_property
    def conversions(self) -> list[dict[str, Any]]:
        """The Conversion rows of the chains shown; empty for a bundle without chains."""
        frame = _frame(self.content.get("conversions", []), Conversion.dtypes())
        return frame.to_dicts()

    @cached_property
    def districts(self) -> pl.DataFrame:
        """The District rows as a typed table."""
        return _frame(self.content["districts"], District.dtypes())


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _one_row_per_line(value: Any) -> str:
    """Print a list with one member per line; this takes a tenth of the time of ``indent``."""
    if not isinstance(value, list) or not value:
        return _json(value)
    return "[\n" + ",\n".join(map(_json, value)) + "\n]"


def _frame(rows: list[dict[str, Any]], dtypes: dict[str, pl.DataType]) -> pl.DataFrame:
    # JSON holds dates as text.
    schema = {c: pl.String if t == pl.Date else t for c, t in dtypes.items()}
    frame = pl.DataFrame([{c: row.get(c) for c in schema} for row in rows], schema=schema)
    return frame.with_columns(pl.col(c).str.to_date() for c, t in dtypes.items() if t == pl.Date)


def plain_rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Return rows as JSON can hold them: without nulls, dates as text."""
    dated = frame.with_columns(
        pl.col(c).dt.to_string("%Y-%m-%d") for c, t in frame.schema.items() if t == pl.Date
    )
    return [{k: v for k, v in row.items() if v is not None} for row in dated.iter_rows(named=True)]


def with_release_mark(record: ReleaseRecord, key: str, content: dict[str, Any]) -> Bundle:
    """Return the bundle of a page, marked final if exactly this content was released."""
    return Bundle(content | {"final": record.is_released(key, content)})


def make_overview(dataset: Dataset, checkpoint: Checkpoint) -> Bundle:
    """Return the bundle of the overview: the parent and its districts with all their figures."""
    table = dataset.metrics(checkpoint)
    metrics = table.filter(pl.col("level") == "")
    parent = dataset.settings.parent
    # The parent is shown even where its districts could not be summed.
    has_metrics = pl.col("code").is_in(metrics["district"].unique().to_list())
    units = dataset.districts.filter(
        (pl.col("code") == parent) | ((pl.col("parent") == parent) & has_metrics)
    )
    shown = metrics.filter(pl.col("district").is_in(units["code"].to_list()))
    absent = _absent(dataset, checkpoint, table).filter(
        pl.col("district").is_in(units["code"].to_list())
    )
    used = pl.concat([shown["indicator"], absent["indicator"]]).unique()
    return with_release_mark(
        read_record(dataset.path, checkpoint),
        OVERVIEW,
        shared_content(dataset, checkpoint)
        | {
            "kind": "overview",
            "districts": plain_rows(units),
            "metrics": plain_rows(shown),
            "absent": plain_rows(absent),
            "indicators": plain_rows(dataset.indicators.filter(pl.col("id").is_in(used.implode()))),
            "revisions": plain_rows(
                revisions(dataset.observations, checkpoint)
                .filter(pl.col("district") == parent)
                .drop("district")
            ),
            **_chain_content(dataset, dataset.chains(checkpoint), units["code"].to_list()),
            **_assessment(dataset, checkpoint),
        },
    )


def _absent(dataset: Dataset, checkpoint: Checkpoint, metrics: pl.DataFrame) -> pl.DataFrame:
    """Return indicators that districts should report but have no Metric row of, at any level."""
    tables = dataset.observations, dataset.targets, dataset.districts, dataset.form_indicators
    return (
        expected_figures(*tables, checkpoint)
        .join(metrics, on=["district", "indicator"], how="anti", maintain_order="left")
        .select("district", "indicator")
    )


def _assessment(dataset: Dataset, checkpoint: Checkpoint) -> dict[str, Any]:
    """Return the assessment of the checkpoint; empty where the data set declares none."""
    rules = declared_rules(dataset)
    if rules is None or not rules.applies_at(checkpoint):
        return {}
    assessment = assess_dataset(dataset, checkpoint)
    used = assessment.scores["indicator"].unique().to_list()
    return {
        "assessment": {
            "rules": plain_rules(rules),
            "scores": plain_rows(assessment.scores),
            "totals": plain_rows(assessment.totals),
            "indicators": plain_rows(dataset.indicators.filter(pl.col("id").is_in(used))),
        }
    }


def shared_content(dataset: Dataset, checkpoint: Checkpoint) -> dict[str, Any]:
    """Return the content that all bundles of a checkpoint share."""
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


def _chain_content(
    dataset: Dataset, stages: pl.DataFrame, codes: list[str]
) -> dict[str, list[dict[str, Any]]]:
    """Return the chains that some district can show, with the conversions of all districts."""
    stages = stages.filter(pl.col("district").is_in(codes))
    shown = displayed_stages(stages)["chain"].unique().to_list()
    chains = dataset.declared_chains.filter(pl.col("id").is_in(shown))
    stages = stages.filter(pl.col("chain").is_in(shown))
    return {
        "chains": plain_rows(chains.select("id", "name", "stages", "labels")),
        "conversions": plain_rows(stages.drop("value", "status", "grade", "bound")),
    }


def displayed_stages(stages: pl.DataFrame) -> pl.DataFrame:
    """Keep the chains of a district that have figures of at least two stages in their unit."""
    counted = (pl.col("status") == "reported") & pl.col("reason").ne_missing(pl.lit("other_unit"))
    shown = stages.filter(counted.sum().over("district", "chain") > 1)
    return shown.drop("value", "status", "grade", "bound")


def revisions(observations: pl.DataFrame, checkpoint: Checkpoint) -> pl.DataFrame:
    """Return figures of the checkpoint and of a year earlier that a later intake changed.

    Columns: district, indicator, year, the value before (first) and now (last), note.
    """
    at = (pl.col("month") == checkpoint.month) & pl.col("year").is_between(
        checkpoint.year - 1, checkpoint.year
    )
    return (
        observations.filter(at, pl.col("status") == "reported", pl.col("level") == "")
        .sort("intake_id", maintain_order=True)
        .group_by(KEY, maintain_order=True)
        .agg(
            # The latest value that differs: a figure corrected and corrected back shows both.
            pl.col("value").filter(pl.col("value") != pl.col("value").last()).last().alias("first"),
            pl.col("value").last().alias("last"),
            pl.col("note").last(),
        )
        .filter(pl.col("first").is_not_null())
        .select("district", "indicator", "year", "first", "last", "note")
        .sort("district", "indicator", "year")
    )
