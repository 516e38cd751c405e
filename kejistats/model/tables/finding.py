"""The Finding table: what is wrong with received figures, cell by cell (definitions §11)."""

from __future__ import annotations

from kejistats.model.tables.base import Table, optional, text


class Finding(Table):
    """One row = one fault of one cell."""

    rule: str = text("规则", "Id of the rule.", str_matches=r"^[a-z_]+$")
    severity: str = text(
        "级别", "error keeps the row out; warning lets it in marked.", isin=["error", "warning"]
    )
    file: str = text("文件", "File as received.")
    sheet: str = text("工作表", "Sheet; empty for CSV.")
    cell: str = text("单元格", "Cell of the fault, e.g. D12.")
    row: str = text(
        "原始记录", "The row as received, as JSON; empty for a fault of the whole sheet."
    )
    wrong: str = text("问题", "What is wrong, in Chinese.", str_length={"min_value": 1})
    right: str = text("改正要求", "What would be right, in Chinese.")
    district: str | None = optional("地区", "Code, where the row names a known district.")
    indicator: str | None = optional("指标", "Id, where the row names a known indicator.")
    level: str | None = optional("级别", "Programme level of the row; null for a target.")
    year: int | None = optional("年", "Year of the row's checkpoint or target.")
    month: int | None = optional("月", "Month of the row's checkpoint; null for a target.")
    intake_id: str | None = optional("入库批次", "Receipt id; null when only checked.")
