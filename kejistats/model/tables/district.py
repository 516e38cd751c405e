"""The District table: reporting units, totals and peer groups (definitions §4)."""

from __future__ import annotations

import pandera.polars as pa
import polars as pl
from pandera.polars import PolarsData

from kejistats.model.tables.base import Table, optional, required

KINDS = ["district", "total", "subtotal", "residual", "zone"]


class District(Table):
    """One row = one reporting unit, or the total of several."""

    code: str = required(
        "代码",
        "GB/T 2260 six-digit code, or a code defined by the data set.",
        str_matches=r"^[0-9A-Za-z_-]{1,32}$",
    )
    name: str = required("名称", "Name as printed in briefs.", str_length={"min_value": 1})
    parent: str | None = optional("上级", "Code of the total this unit belongs to.")
    group: str | None = optional("分组", "Peer group, where not all siblings are peers.")
    kind: str = required(
        "类别",
        "district, total (not a peer), subtotal, residual, or zone (a 其中 line, with peers of its own).",
        isin=KINDS,
    )
    contained_in: str | None = optional("所在地区", "Code of the district that contains the zone.")
    valid_from: pl.Date | None = optional(
        "启用日期", "First day of the unit's existence; empty = always."
    )
    valid_to: pl.Date | None = optional(
        "停用日期", "Last day of the unit's existence; empty = still exists."
    )
    successor: str | None = optional("后继", "Code of the unit it was merged into.")

    class Config:
        """One row per code."""

        unique = ["code"]

    @pa.dataframe_check(error="parent, contained_in and successor must be codes of this table")
    @classmethod
    def references_exist(cls, data: PolarsData) -> pl.LazyFrame:
        """Check that every reference names an existing row."""
        codes = data.lazyframe.select("code").collect()["code"].to_list()
        return data.lazyframe.select(
            pl.all_horizontal(
                pl.col(c).is_null() | pl.col(c).is_in(codes)
                for c in ("parent", "contained_in", "successor")
            )
        )
