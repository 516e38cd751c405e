"""The Recipient table: who receives which pages by mail, and in which form."""

from __future__ import annotations

from kejistats.model.tables.base import Table, required

ROLES = {"leader": "领导", "analyst": "业务科室", "district": "联络员"}
CONTENTS = {"brief": "简报", "overview": "总览", "both": "简报和总览"}
DELIVERIES = {"body": "正文", "attachment": "附件", "both": "正文和附件"}
ALL_DISTRICTS = "*"
# Addresses accepted by every mail server: no quoted local part, no non-ASCII domain.
ADDRESS = r"^[A-Za-z0-9_%+-]+(\.[A-Za-z0-9_%+-]+)*@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,63}$"


class Recipient(Table):
    """One row = one address."""

    address: str = required(
        "地址", "Mail address, in ASCII; unique regardless of case.", str_matches=ADDRESS
    )
    name: str = required("姓名或单位", "Name by which the message addresses the recipient.")
    role: str = required(
        "身份",
        "leader, analyst, or district: who reports for a district and receives reminders.",
        isin=list(ROLES),
    )
    districts: str = required(
        "地区", "Codes separated by semicolons, * for all; empty if only the overview is sent."
    )
    what: str = required("内容", "Which pages: brief, overview or both.", isin=list(CONTENTS))
    form: str = required(
        "形式", "body: in the message itself; attachment: the page as a file; both.",
        isin=list(DELIVERIES),
    )  # fmt: skip

    class Config:
        """One row per address."""

        unique = ["address"]
