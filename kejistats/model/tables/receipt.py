"""The Receipt table: what was taken in, file by file, and what was taken back."""

from __future__ import annotations

from kejistats.model.tables.base import Table, optional, text

ACTIONS = ["intake", "withdraw"]
RECEIPT = r"^\d{6}-[0-9a-f]{8}$"


class Receipt(Table):
    """One row = one file taken in, or one earlier receipt taken back."""

    id: str = text(
        "批次", "Sequence number and content hash; the vintage of its rows.", str_matches=RECEIPT
    )
    action: str = text("操作", "intake, or withdraw of an earlier receipt.", isin=ACTIONS)
    withdraws: str | None = optional(
        "撤回批次", "Id of the receipt that is taken back.", str_matches=RECEIPT
    )
    file: str = text("文件", "Name of the file as received.")
    form: str | None = optional(
        "表样",
        "What tells that a later file is the same one again: of a fill-in workbook district and "
        "checkpoint, whatever its name; of a file of one district that and its name; else null.",
    )
    supersedes: bool = text(
        "替代前件",
        "Whether it is a later state of the same file: of what that spoke of, at least half is "
        "here again. Its findings then count instead of the earlier ones.",
    )
    sha256: str = text("校验和", "Hash of the file's bytes.")
    table: str = text("表", "observations or targets.", isin=["observations", "targets"])
    rows: int = text("行数", "Rows read.", ge=0)
    accepted: int = text("入库", "Rows stored.", ge=0)
    unchanged: int = text("未变", "Rows that the same file had brought before.", ge=0)
    errors: int = text("错误", "Findings that kept a row out.", ge=0)
    warnings: int = text("提示", "Findings that let their row in.", ge=0)
    who: str = text("经手", "User of the intake; never reaches a page of a brief.")
    created_at: str = text(
        "时间", "UTC time of the intake, ISO 8601; never reaches a page of a brief."
    )

    class Config:
        """One row per id."""

        unique = ["id"]
