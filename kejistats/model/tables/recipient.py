"""The Recipient table: who gets which briefs by mail, and how."""

from __future__ import annotations

from kejistats.model.tables.base import Table, text

ROLES = {"leader": "领导", "analyst": "业务科室", "district": "联络员"}
WHAT = {"brief": "简报", "overview": "总览", "both": "简报和总览"}
FORMS = {"body": "正文", "attachment": "附件", "both": "正文和附件"}
EVERY = "*"
# Addresses that every mail server takes: no quoted local part, no domain that is not ASCII.
ADDRESS = r"^[A-Za-z0-9_%+-]+(\.[A-Za-z0-9_%+-]+)*@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,63}$"


class Recipient(Table):
    """One row = one address."""

    address: str = text(
        "地址", "Mail address, in ASCII; whichever case, it stands once.", str_matches=ADDRESS
    )
    name: str = text("姓名或单位", "Name the message is addressed to.")
    role: str = text(
        "身份",
        "leader, analyst, or district: who reports for a district and is reminded of it.",
        isin=list(ROLES),
    )
    districts: str = text(
        "地区", "Codes separated by a semicolon, * for all; empty where only the overview goes out."
    )
    what: str = text("内容", "Which pages: brief, overview or both.", isin=list(WHAT))
    form: str = text(
        "形式", "body: readable in the mail; attachment: the page as a file; both.",
        isin=list(FORMS),
    )  # fmt: skip

    class Config:
        """One row per address."""

        unique = ["address"]
