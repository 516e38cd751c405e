"""Steps that ``mail`` and ``remind`` share: recipients, outbox, sending and the report."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from kejistats.cli.common import progress
from kejistats.model.errors import KejistatsError, UsageError

if TYPE_CHECKING:
    import polars as pl

    from kejistats.dataset import Dataset
    from kejistats.model.period import Checkpoint
    from kejistats.publish.delivery import Outbox
    from kejistats.publish.due import Due
    from kejistats.publish.ledger import Entry, Ledger
    from kejistats.publish.mail_settings import MailSettings, Sender
    from kejistats.publish.message import Letter
    from kejistats.release import ReleaseRecord


def write_and_send(
    ds: Dataset,
    at: Checkpoint,
    ledger: Ledger,
    folder: Path,
    title: str,
    notes: list[str],
    planned: Sequence[tuple[Mapping[str, str], Due]],
    make_letter: Callable[[Mapping[str, str], Due], Letter],
    entries: Mapping[str, list[Entry]],
    sender: Sender,
    mail_settings: MailSettings,
    *,
    to_me: str,
    send: bool,
    as_json: bool,
) -> None:
    """Fill the outbox, send the messages if `send`, and print the outcome."""
    from kejistats.publish.delivery import all_delivered, deliver, fill_outbox
    from kejistats.publish.mail_settings import read_password
    from kejistats.publish.outbox import write_index
    from kejistats.publish.server import Server

    # Fail for want of a password before all the messages are made, not after.
    smtp_password = read_password(mail_settings) if send else ""
    with progress(len(planned), "messages", quiet=as_json or not planned) as tick:
        all_entries = [entry for group in entries.values() for entry in group]
        outbox = fill_outbox(folder, planned, make_letter, all_entries, sender, to_me, tick)
    send_error: KejistatsError | None = None
    if send and outbox.letters:
        with progress(len(outbox.letters), "sent", quiet=as_json) as tick:
            try:
                deliver(
                    outbox,
                    ledger,
                    str(at),
                    Server(mail_settings, smtp_password),
                    sender,
                    mail_settings,
                    tick,
                )
            except KejistatsError as error:
                send_error = error
    index = write_index(folder, title, outbox.statuses, notes, sample=ds.settings.sample)
    _show_report(outbox, index, notes, send_error, sent=send, as_json=as_json)
    failing_states = {"failed"} if not send else set()
    if (
        send_error
        or (send and not all_delivered(outbox.statuses))
        or any(x.state in failing_states for x in outbox.statuses)
    ):
        raise typer.Exit(1)


def _show_report(
    outbox: Outbox,
    index: Path,
    notes: Sequence[str],
    send_error: KejistatsError | None,
    *,
    sent: bool,
    as_json: bool,
) -> None:
    """Print the state of every recipient."""
    from dataclasses import asdict

    counts: dict[str, int] = {}
    for line in outbox.statuses:
        counts[line.state or "waiting"] = counts.get(line.state or "waiting", 0) + 1
    if as_json:
        document = {
            "open": str(index), "sent": sent, "states": counts, "notes": list(notes),
            "error": str(send_error or ""), "recipients": [asdict(line) for line in outbox.statuses],
        }  # fmt: skip
        typer.echo(json.dumps(document, ensure_ascii=False))
        return
    for line in outbox.statuses:
        if line.state not in ("", "accepted", "sent"):
            typer.echo(f"{line.state}: {line.address}: {line.answer or line.label}", err=True)
    for note in notes:
        typer.echo(f"warning: {note}", err=True)
    if send_error:
        typer.echo(f"error: {send_error}", err=True)
    summary = ", ".join(f"{n} {state}" for state, n in counts.items()) or "nobody to write to"
    typer.echo(f"{summary}; {'' if sent else 'nothing was sent; '}open {index}")


def sender_and_settings(ds: Dataset, *, to_me: str, send: bool) -> tuple[Sender, MailSettings]:
    """Return the sender and the mail settings, checked as far as this call needs them."""
    import re

    from kejistats.model.tables.recipient import ADDRESS
    from kejistats.publish.mail_settings import check_ready_to_send, read_mail, read_sender
    from kejistats.publish.recipients import is_allowed

    file = ds.path / "dataset.toml"
    sender, mail_settings = read_sender(ds.settings, file), read_mail(ds.settings, file)
    if send:
        check_ready_to_send(mail_settings, file)
    if to_me and not (re.fullmatch(ADDRESS, to_me) and is_allowed(to_me, mail_settings.domains)):
        raise UsageError(
            f"--to-me {to_me} is not an address in the allowed domains",
            f"allowed: {', '.join(mail_settings.domains) or 'any'}",
        )
    return sender, mail_settings


def valid_recipients(ds: Dataset, domains: Sequence[str]) -> pl.DataFrame:
    """Return the Recipient table; print every fault of the file and refuse it if there is one.

    Raises
    ------
    UsageError
        When the file has faults.
    """
    import polars as pl

    from kejistats.cli.intake_commands import show_findings
    from kejistats.publish.recipients import FILE, read_recipients

    units = ds.districts.filter(pl.col("kind") != "total")["code"].to_list()
    people, findings = read_recipients(ds.path / FILE, units, domains)
    if findings.height:
        show_findings(findings)
        raise UsageError(
            f"{ds.path / FILE} has {findings.height} faults; nothing was written or sent",
            "fix them and run again",
        )
    return people


def select_recipients(people: pl.DataFrame, only: Sequence[str]) -> list[dict[str, Any]]:
    """Return the rows of the named recipients, or of all."""
    rows = people.to_dicts()
    if not only:
        return rows
    by_address = {row["address"].casefold(): row for row in rows}
    if unknown := [address for address in only if address.casefold() not in by_address]:
        from difflib import get_close_matches

        similar = get_close_matches(unknown[0].casefold(), by_address, n=3)
        raise UsageError(
            f"{unknown[0]} is not in recipients.csv",
            f"did you mean {' or '.join(similar)}?"
            if similar
            else "write the address exactly as in that file",
        )
    wanted = {address.casefold() for address in only}
    return [row for key, row in by_address.items() if key in wanted]


def ordered_pages(ds: Dataset, record: ReleaseRecord) -> list[str]:
    """Return the keys of the final pages: the overview, then the districts as listed."""
    from kejistats.release import OVERVIEW

    order = [OVERVIEW, *ds.districts["code"]]
    return [key for key in order if key in record.outputs]


def entries_by_recipient(ledger: Ledger, at: Checkpoint, kind: str) -> dict[str, list[Entry]]:
    """Close what an interrupted run left open; return a kind's ledger entries by recipient."""
    for entry in ledger.recover():
        typer.echo(
            f"warning: it is uncertain whether {entry.recipient} received “{entry.subject}”; "
            "ask, and use --resend if not",
            err=True,
        )
    entries: dict[str, list[Entry]] = {}
    for entry in ledger.entries(str(at)):
        if entry.kind == kind:
            entries.setdefault(entry.recipient, []).append(entry)
    return entries


def pages_without_recipient(ds: Dataset, people: pl.DataFrame, keys: Sequence[str]) -> list[str]:
    """Return a note that names the final pages without a recipient, if there are any."""
    from kejistats.publish.due import allowed_pages

    reached = {key for row in people.iter_rows(named=True) for key in allowed_pages(row, keys)}
    names = dict(ds.districts.select("code", "name").iter_rows())
    unread = [names.get(key, "总览") for key in keys if key not in reached]
    return [f"没有收件人的简报：{'、'.join(unread)}。"] if unread else []


def confirm_resend(address: str, entries: Sequence[Entry]) -> None:
    """Show what was sent before and ask twice before it is sent again."""
    for entry in entries:
        typer.echo(f"{entry.changed} {entry.state}: {entry.subject} {entry.answer}", err=True)
    typer.confirm(f"Send to {address} again, even if it was received before?", abort=True, err=True)
    again = typer.prompt("Type the address once more to send", err=True)
    if again.strip().casefold() != address.casefold():
        raise UsageError(
            "the address typed is a different one", "nothing was sent; run the command again"
        )
