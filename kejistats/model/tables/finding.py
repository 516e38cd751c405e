"""The Finding table: errors and warnings of intake, cell by cell (definitions §11)."""

from __future__ import annotations

from kejistats.model.tables.base import Table, optional, required


class Finding(Table):
    """One row = one problem in one cell."""

    rule: str = required("规则", "Id of the rule.", str_matches=r"^[a-z_]+$")
    severity: str = required(
        "级别",
        "error: the row is rejected; warning: the row is accepted and marked.",
        isin=["error", "warning"],
    )
    file: str = required("文件", "Name of the file as received.")
    sheet: str = required("工作表", "Name of the sheet; empty for CSV.")
    cell: str = required("单元格", "Cell of the problem, e.g. D12.")
    row: str = required(
        "原始记录", "The row as received, as JSON; empty for a problem of the whole sheet."
    )
    wrong: str = required("问题", "What is wrong, in Chinese.", str_length={"min_value": 1})
    right: str = required("改正要求", "How to correct it, in Chinese.")
    district: str | None = optional("地区", "Code, if the row names a known district.")
    indicator: str | None = optional("指标", "Id, if the row names a known indicator.")
    level: str | None = optional("级别", "Programme level of the row; null for a target.")
    year: int | None = optional("年", "Year of the row's checkpoint or target.")
    month: int | None = optional("月", "Month of the row's checkpoint; null for a target.")
    intake_id: str | None = optional("入库批次", "Receipt id; null if the file was only checked.")
