"""Stages of a chain against the stage before, where one cannot exceed the other."""

from __future__ import annotations

from typing import Any

import polars as pl

from kejistats.intake.comparisons.figures import STEP, Figures, findings, label, shown
from kejistats.intake.comparisons.sums import paired, with_rounding
from kejistats.model.intervals import EPS
from kejistats.model.tables.observation import LEVELS


def stage_over_before(figures: Figures, chains: pl.DataFrame | None) -> pl.DataFrame:
    """Find stages whose figure is larger than that of a stage they are counted out of.

    Held against the nearest stage before that has an exact figure of the same month, level, grade
    and definition, as long as no stage on the way may exceed its own. What is masked, missing or
    inexact tells nothing.
    """
    stages = _stages(figures, chains)
    pairs = paired(figures, stages).join(
        stages.select("key", "of", "chain", "far"), on=["key", "of"]
    )
    nearest = pl.col("far") == pl.col("far").min().over("key", "chain")
    pairs = pairs.filter(nearest).with_columns(n=pl.coalesce("n", "whole_n"))
    over = pl.col("v") > pl.col("whole")
    pairs = with_rounding(figures, pairs.filter(over, pl.col("n").is_not_null()))
    low, high = pl.col("v") - pl.col("half"), pl.col("whole") + pl.col("whole_half")
    pairs = pairs.filter(low > high * (1 + EPS))

    def text(row: dict[str, Any]) -> tuple[str, str]:
        name, before = f"“{row['name']}”", f"“{figures.facts['name'][row['whole_i']]}”"
        part, whole = shown(row["v"], row["unit"]), shown(row["whole"], row["unit"])
        return (
            f"{label(row['at'])}{name}{part}大于前一阶段{before}{whole}",
            f"{name}是{before}中的一部分，请核对两个数",
        )

    return findings("stage_over_before", pairs, text)


def _stages(figures: Figures, chains: pl.DataFrame | None) -> pl.DataFrame:
    """Pair each figure of a stage with the keys of the stages it cannot exceed; far: how far off."""
    ids = dict(figures.facts.select("id", "i").iter_rows())
    rows = []
    for number, chain in enumerate(chains.iter_rows(named=True) if chains is not None else ()):
        counted = [stage for stage in chain["stages"] if stage not in chain["beside"]]
        for place, stage in enumerate(counted):
            for far in range(1, place + 1):
                if counted[place - far + 1] not in chain["must_not_exceed"]:
                    break
                before = ids[counted[place - far]]
                rows.append({"i": ids[stage], "before": before, "far": far, "chain": number})
    types = {"i": pl.Int32, "before": pl.Int64, "far": pl.Int64, "chain": pl.Int64}
    step = (pl.col("before") - pl.col("i").cast(pl.Int64)) * len(LEVELS) * STEP
    stages = figures.rows.join(pl.DataFrame(rows, schema=types), on="i")
    return stages.with_columns(of=pl.col("key") + step, due=pl.lit(1))
