"""The Receipt table: ingested files and withdrawals, in order."""

from __future__ import annotations

from kejistats.model.tables.base import Table, optional, required

ACTIONS = ["intake", "withdraw"]
RECEIPT_ID_PATTERN = r"^\d{6}-[0-9a-f]{8}$"


class Receipt(Table):
    """One row = one ingested file, or the withdrawal of an earlier receipt."""

    id: str = required(
        "批次",
        "Sequence number and content hash; the vintage of its rows.",
        str_matches=RECEIPT_ID_PATTERN,
    )
    action: str = required("操作", "intake, or withdraw of an earlier receipt.", isin=ACTIONS)
    withdraws: str | None = optional(
        "撤回批次", "Id of the withdrawn receipt.", str_matches=RECEIPT_ID_PATTERN
    )
    file: str = required("文件", "Name of the file as received.")
    form: str | None = optional(
        "表样",
        "Identity by which a later file is recognised as a new version of this one: district and "
        "checkpoint of a fill-in workbook, whatever its name; district and name of a file with "
        "one district; else null.",
    )
    supersedes: bool = required(
        "替代前件",
        "Whether it is a new version of an earlier file: it repeats at least half of the keys of "
        "that file. Its findings then replace the earlier ones.",
    )
    sha256: str = required("校验和", "SHA-256 of the file's bytes.")
    table: str = required("表", "observations or targets.", isin=["observations", "targets"])
    rows: int = required("行数", "Rows read.", ge=0)
    accepted: int = required("入库", "Rows stored.", ge=0)
    unchanged: int = required(
        "未变", "Rows that an earlier version of the file already contained.", ge=0
    )
    errors: int = required("错误", "Findings that rejected a row.", ge=0)
    warnings: int = required("提示", "Findings whose row was accepted.", ge=0)
    who: str = required("经手", "User who ran the intake; never shown on pages.")
    created_at: str = required("时间", "UTC time of the intake, ISO 8601; never shown on pages.")

    class Config:
        """One row per id."""

        unique = ["id"]
