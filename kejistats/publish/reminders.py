"""催报: reminders to the contacts of districts that have not reported, from the reporting status."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import polars as pl

from kejistats.model.period import format_date
from kejistats.publish.ledger import Entry
from kejistats.publish.mail_settings import Sender
from kejistats.publish.message import Letter
from kejistats.publish.recipients import split_codes
from kejistats.status import Status
from kejistats.store.vintages import CHINA


def unreported(status: Status) -> dict[str, list[str]]:
    """Return the names of the indicators each district still has to report, by its code.

    Up to the due date, these are the figures due on it; after it, those overdue. A figure with a
    later due date of its own is not included before. Totals are computed by the bureau and never
    reminded of.
    """
    totals = status.districts.filter(pl.col("kind").is_in(["total", "subtotal"]))["district"]
    out = status.cells.filter(
        pl.col("state").is_in(["blank", "absent"]),
        ~pl.col("district").is_in(totals.implode()),
        (pl.col("due") < status.today) | (pl.col("due") == status.due),
    )
    grouped = out.group_by("district", maintain_order=True).agg("indicator_name")
    return dict(grouped.iter_rows())


def contacts(
    recipients: Iterable[Mapping[str, str]], late: Mapping[str, list[str]]
) -> tuple[list[tuple[Mapping[str, str], list[str]]], list[str]]:
    """Return each contact with their late districts, and the late districts without a contact.

    The contacts of a district are the recipients with the role ``district`` that list its code;
    ``*`` does not count.
    """
    reminded = []
    covered: set[str] = set()
    for row in recipients:
        codes = [c for c in split_codes(row["districts"]) if c in late]
        if row["role"] == "district" and codes:
            reminded.append((row, codes))
            covered.update(codes)
    return reminded, [code for code in late if code not in covered]


def reminder_contents(status: Status) -> dict[str, str]:
    """Return the contents of a reminder for the ledger: the day, so that one a day is sent."""
    return {status.today.isoformat(): "reminder"}


def relevant_entries(entries: Iterable[Entry], status: Status) -> list[Entry]:
    """Return the earlier reminders that matter today: today's, and those permanently refused."""
    day = status.today.isoformat()
    return [e for e in entries if e.state == "refused" or day in e.contents]


def reminder_letter(
    recipient: Mapping[str, str],
    codes: list[str],
    status: Status,
    late: Mapping[str, list[str]],
    names: Mapping[str, str],
    title: str,
    sender: Sender,
    *,
    sample: bool,
) -> Letter:
    """Return the letter that reminds a contact of the figures still to be reported.

    Parameters
    ----------
    recipient
        A row of the Recipient table.
    codes
        The contact's late districts.
    status
        From `kejistats.status.reporting_status`.
    late
        From `unreported`.
    names
        Names of districts by code.
    title
        Name of the data set.
    sender
        The sender of the reminder.
    sample
        Whether the data are generated sample data.
    """
    at = status.checkpoint
    who = "、".join(names[code] for code in codes)
    overdue = status.today > status.due
    since = f"应于{format_date(status.due)}前报送"
    lines = [
        f"{recipient['name']}：",
        f"{at.label}科技指标{since}，截至{format_date(status.today)}，以下指标{'尚未收到' if overdue else '待报送'}：",
    ]
    lines += [f"{names[code]}：{'、'.join(late[code])}（{len(late[code])}项）。" for code in codes]
    lines += [
        f"请{'尽快' if overdue else '按期'}报送；未发生的填“0”，没有此项业务的填“无”，不便公布的填“xx”。",
        f"如已报送，请忽略本邮件。有疑问请回复{sender.reply_to or sender.address}。",
        "本邮件由系统自动发送。",
    ]
    if sample:
        lines.insert(0, "示例数据：数据由程序生成，不对应任何地区。")
    subject = f"{'催报' if overdue else '报送提醒'}：{title}{at.label}科技指标（{who}）"
    return Letter(
        address=recipient["address"],
        name=recipient["name"],
        subject=subject + ("（示例数据）" if sample else ""),
        text="\n\n".join(lines) + "\n",
        moment=datetime(status.today.year, status.today.month, status.today.day, tzinfo=CHINA),
        contents=reminder_contents(status),
        kind="reminder",
    )
