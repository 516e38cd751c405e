"""Compare stages of a chain with the stages before, where one cannot exceed the other."""

from __future__ import annotations

from typing import Any

import polars as pl

from kejistats.intake.comparisons.figures import (
    SERIES_STEP,
    Figures,
    finding_rows,
    format_figure,
    month_label,
)
from kejistats.intake.comparisons.sums import pair_with_total, with_rounding_halves
from kejistats.model.intervals import EPS
from kejistats.model.tables.observation import LEVELS


def stage_over_before(figures: Figures, chains: pl.DataFrame | None) -> pl.DataFrame:
    """Find stages whose figure is larger than that of an earlier stage, of which they are a part.

    A stage is compared with the nearest earlier stage that has an exact figure of the same month,
    level, grade and definition, as long as no stage in between may exceed the one before it.
    Masked, missing and inexact figures are skipped.
    """
    stages = _stages(figures, chains)
    pairs = pair_with_total(figures, stages).join(
        stages.select("key", "total_key", "chain", "far"), on=["key", "total_key"]
    )
    nearest = pl.col("far") == pl.col("far").min().over("key", "chain")
    pairs = pairs.filter(nearest).with_columns(n=pl.coalesce("n", "total_n"))
    is_over = pl.col("v") > pl.col("total")
    pairs = with_rounding_halves(figures, pairs.filter(is_over, pl.col("n").is_not_null()))
    low, high = pl.col("v") - pl.col("half"), pl.col("total") + pl.col("total_half")
    pairs = pairs.filter(low > high * (1 + EPS))

    def text(row: dict[str, Any]) -> tuple[str, str]:
        name, earlier_name = f"“{row['name']}”", f"“{figures.facts['name'][row['total_i']]}”"
        part, total = format_figure(row["v"], row["unit"]), format_figure(row["total"], row["unit"])
        return (
            f"{month_label(row['at'])}{name}{part}大于前一阶段{earlier_name}{total}",
            f"{name}是{earlier_name}中的一部分，请核对两个数",
        )

    return finding_rows("stage_over_before", pairs, text)


def _stages(figures: Figures, chains: pl.DataFrame | None) -> pl.DataFrame:
    """Pair each figure of a stage with the keys of the stages it cannot exceed, ``far`` stages back."""
    indexes = dict(figures.facts.select("id", "i").iter_rows())
    rows = []
    for number, chain in enumerate(chains.iter_rows(named=True) if chains is not None else ()):
        compared = [stage for stage in chain["stages"] if stage not in chain["beside"]]
        for position, stage in enumerate(compared):
            for far in range(1, position + 1):
                if compared[position - far + 1] not in chain["must_not_exceed"]:
                    break
                before = indexes[compared[position - far]]
                rows.append({"i": indexes[stage], "before": before, "far": far, "chain": number})
    types = {"i": pl.Int32, "before": pl.Int64, "far": pl.Int64, "chain": pl.Int64}
    key_step = (pl.col("before") - pl.col("i").cast(pl.Int64)) * len(LEVELS) * SERIES_STEP
    stages = figures.rows.join(pl.DataFrame(rows, schema=types), on="i")
    return stages.with_columns(total_key=pl.col("key") + key_step, due=pl.lit(1))
