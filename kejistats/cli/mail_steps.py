"""What ``mail`` and ``remind`` share: whom to write to, carrying it out, and telling what became of it."""

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


def carry_out(
    ds: Dataset,
    at: Checkpoint,
    ledger: Ledger,
    folder: Path,
    title: str,
    notes: list[str],
    planned: Sequence[tuple[Mapping[str, str], Due]],
    make: Callable[[Mapping[str, str], Due], Letter],
    entries: Mapping[str, list[Entry]],
    sender: Sender,
    how: MailSettings,
    *,
    to_me: str,
    send: bool,
    as_json: bool,
) -> None:
    """Fill the outbox, send if asked to, and report."""
    from kejistats.publish.delivery import all_well, deliver, fill
    from kejistats.publish.mail_settings import password
    from kejistats.publish.outbox import write_index
    from kejistats.publish.server import Server

    # Without its password a run would end when all the messages have been made.
    secret = password(how) if send else ""
    with progress(len(planned), "messages", quiet=as_json or not planned) as tick:
        box = fill(
            folder, planned, make, [e for some in entries.values() for e in some], sender, to_me,
            tick,
        )  # fmt: skip
    stopped: KejistatsError | None = None
    if send and box.letters:
        with progress(len(box.letters), "sent", quiet=as_json) as tick:
            try:
                deliver(box, ledger, str(at), Server(how, secret), sender, how, tick)
            except KejistatsError as error:
                stopped = error
    index = write_index(folder, title, box.lines, notes, sample=ds.settings.sample)
    _report(box, index, notes, stopped, sent=send, as_json=as_json)
    bad = {"failed"} if not send else set()
    if stopped or (send and not all_well(box.lines)) or any(x.state in bad for x in box.lines):
        raise typer.Exit(1)


def _report(
    box: Outbox,
    index: Path,
    notes: Sequence[str],
    stopped: KejistatsError | None,
    *,
    sent: bool,
    as_json: bool,
) -> None:
    """Print how it stands with every recipient."""
    from dataclasses import asdict

    states: dict[str, int] = {}
    for line in box.lines:
        states[line.state or "waiting"] = states.get(line.state or "waiting", 0) + 1
    if as_json:
        shown = {
            "open": str(index), "sent": sent, "states": states, "notes": list(notes),
            "error": str(stopped or ""), "recipients": [asdict(line) for line in box.lines],
        }  # fmt: skip
        typer.echo(json.dumps(shown, ensure_ascii=False))
        return
    for line in box.lines:
        if line.state not in ("", "accepted", "sent"):
            typer.echo(f"{line.state}: {line.address}: {line.answer or line.words}", err=True)
    for note in notes:
        typer.echo(f"warning: {note}", err=True)
    if stopped:
        typer.echo(f"error: {stopped}", err=True)
    told = ", ".join(f"{n} {state}" for state, n in states.items()) or "nobody to write to"
    typer.echo(f"{told}; {'' if sent else 'nothing was sent; '}open {index}")


def settings(ds: Dataset, *, to_me: str, send: bool) -> tuple[Sender, MailSettings]:
    """Return who mails come from and how they go out, checked as far as the call needs them."""
    import re

    from kejistats.model.tables.recipient import ADDRESS
    from kejistats.publish.mail_settings import read_mail, read_sender, ready_to_send
    from kejistats.publish.recipients import allowed

    file = ds.path / "dataset.toml"
    sender, how = read_sender(ds.settings, file), read_mail(ds.settings, file)
    if send:
        ready_to_send(how, file)
    if to_me and not (re.fullmatch(ADDRESS, to_me) and allowed(to_me, how.domains)):
        raise UsageError(
            f"--to-me {to_me} is no address in the allowed domains",
            f"allowed: {', '.join(how.domains) or 'any'}",
        )
    return sender, how


def recipients(ds: Dataset, domains: Sequence[str]) -> pl.DataFrame:
    """Return the recipients; a faulty list is refused whole, with every fault told."""
    import polars as pl

    from kejistats.cli.intake_commands import show_findings
    from kejistats.publish.recipients import FILE, read_recipients

    units = ds.districts.filter(pl.col("kind") != "total")["code"].to_list()
    people, findings = read_recipients(ds.path / FILE, units, domains)
    if findings.height:
        show_findings(findings)
        raise UsageError(
            f"{ds.path / FILE} has {findings.height} faults; nothing was written or sent",
            "mend them and run again",
        )
    return people


def chosen(people: pl.DataFrame, only: Sequence[str]) -> list[dict[str, Any]]:
    """Return the recipients asked for, or all."""
    rows = people.to_dicts()
    if not only:
        return rows
    known = {row["address"].casefold(): row for row in rows}
    if unknown := [one for one in only if one.casefold() not in known]:
        from difflib import get_close_matches

        close = get_close_matches(unknown[0].casefold(), known, n=3)
        raise UsageError(
            f"{unknown[0]} is not in recipients.csv",
            f"did you mean {' or '.join(close)}?"
            if close
            else "write the address as it stands there",
        )
    wanted = {one.casefold() for one in only}
    return [row for key, row in known.items() if key in wanted]


def in_order(ds: Dataset, record: ReleaseRecord) -> list[str]:
    """Return the final pages as messages show them: the overview, then districts as listed."""
    from kejistats.release import OVERVIEW

    order = [OVERVIEW, *ds.districts["code"]]
    return [key for key in order if key in record.outputs]


def settled(ledger: Ledger, at: Checkpoint, kind: str) -> dict[str, list[Entry]]:
    """Settle what an interrupted run left; return the messages of a kind by recipient."""
    for entry in ledger.recover():
        typer.echo(
            f"warning: it is uncertain whether {entry.recipient} has got “{entry.subject}”; "
            "ask, then --resend if not",
            err=True,
        )
    found: dict[str, list[Entry]] = {}
    for entry in ledger.entries(str(at)):
        if entry.kind == kind:
            found.setdefault(entry.recipient, []).append(entry)
    return found


def uncovered(ds: Dataset, people: pl.DataFrame, keys: Sequence[str]) -> list[str]:
    """Return a note on final pages that nobody gets."""
    from kejistats.publish.due import allowed_pages

    reached = {key for row in people.iter_rows(named=True) for key in allowed_pages(row, keys)}
    names = dict(ds.districts.select("code", "name").iter_rows())
    lost = [names.get(key, "总览") for key in keys if key not in reached]
    return [f"没有收件人的简报：{'、'.join(lost)}。"] if lost else []


def ask_twice(address: str, entries: Sequence[Entry]) -> None:
    """Make sure that a message shall really go out again."""
    for entry in entries:
        typer.echo(f"{entry.changed} {entry.state}: {entry.subject} {entry.answer}", err=True)
    typer.confirm(f"Send to {address} again, whatever it has got already?", abort=True, err=True)
    again = typer.prompt("Type the address once more to send", err=True)
    if again.strip().casefold() != address.casefold():
        raise UsageError("the address typed is another one", "nothing was sent")
