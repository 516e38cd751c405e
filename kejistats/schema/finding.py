"""The Finding table: what is wrong with received figures, cell by cell (semantics §11)."""

from __future__ import annotations

from kejistats.schema.base import Table, optional, text


class Finding(Table):
    """One row = one fault of one cell."""

    rule: str = text("规则", "Id of the rule.", str_matches=r"^[a-z_]+$")
    severity: str = text(
        "级别", "error keeps the row out; warning lets it in marked.", isin=["error", "warning"]
    )
    file: str = text("文件", "File as received.")
    sheet: str = text("工作表", "Sheet; empty for CSV.")
    cell: str = text("单元格", "Cell of the fault, e.g. D12.")
    row: str = text("原始记录", "The row as received, as JSON.")
    wrong: str = text("问题", "What is wrong, in Chinese.", str_length={"min_value": 1})
    right: str = text("应为", "What would be right, in Chinese.")
    received: str | None = optional("入库批次", "Intake id; null when only checked.")
