"""The District table: who reports, and who is whose peer (definitions §4)."""

from __future__ import annotations

import pandera.polars as pa
import polars as pl
from pandera.polars import PolarsData

from kejistats.model.tables.base import Table, optional, text

KINDS = ["district", "total", "subtotal", "residual", "zone"]


class District(Table):
    """One row = one reporting unit, or a total of several."""

    code: str = text(
        "代码",
        "GB/T 2260 six-digit code, or a code of the data set's own.",
        str_matches=r"^[0-9A-Za-z_-]{1,32}$",
    )
    name: str = text("名称", "Name as briefs print it.", str_length={"min_value": 1})
    parent: str | None = optional("上级", "Code of the total this unit belongs to.")
    group: str | None = optional("分组", "Peer group where peers are fewer than all siblings.")
    kind: str = text(
        "类别",
        "district, total (no peer), subtotal, residual, or zone (a 其中 line with its own peers).",
        isin=KINDS,
    )
    contained_in: str | None = optional("所在地区", "Code of the district that holds a zone.")
    valid_from: pl.Date | None = optional("启用日期", "First day the unit exists; empty = always.")
    valid_to: pl.Date | None = optional("停用日期", "Last day the unit exists; empty = still.")
    successor: str | None = optional("后继", "Code of the unit it was merged into.")

    class Config:
        """One row per code."""

        unique = ["code"]

    @pa.dataframe_check(error="parent, contained_in and successor name a code of this table")
    @classmethod
    def references_exist(cls, data: PolarsData) -> pl.LazyFrame:
        """Every reference between rows leads somewhere."""
        codes = data.lazyframe.select("code").collect()["code"].to_list()
        return data.lazyframe.select(
            pl.all_horizontal(
                pl.col(c).is_null() | pl.col(c).is_in(codes)
                for c in ("parent", "contained_in", "successor")
            )
        )
