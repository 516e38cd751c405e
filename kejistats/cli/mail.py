"""Commands of giving out: ``finalise``, ``mail`` and ``remind``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kejistats.cli.common import CheckpointOption, DatasetArgument, JsonOption, app, progress
from kejistats.errors import KejistatsError, UsageError

if TYPE_CHECKING:
    import polars as pl

    from kejistats.dataset import Dataset
    from kejistats.final import Record
    from kejistats.mail.ledger import Entry, Ledger
    from kejistats.mail.message import Letter
    from kejistats.mail.plan import Due
    from kejistats.mail.run import Outbox
    from kejistats.mail.settings import MailSettings, Sender
    from kejistats.period import Checkpoint

OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out", help="Folder of outputs, from where you stand; default: out in the workspace."
    ),
]
SendOption = Annotated[
    bool, typer.Option("--send", help="Send what the outbox holds; without it nothing leaves.")
]
OnlyOption = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="RECIPIENT", help="An address of the list; may be repeated."),
]
ToMeOption = Annotated[
    str,
    typer.Option(
        "--to-me", metavar="ADDRESS", help="A rehearsal: everything goes to this address instead."
    ),
]


@app.command()
def finalise(
    dataset: DatasetArgument,
    checkpoint: CheckpointOption = "",
    correction: Annotated[
        str,
        typer.Option(
            "--correction",
            metavar="TEXT",
            help="What is corrected; needed where a final page changes, and told in the mail.",
        ),
    ] = "",
    pdf: Annotated[bool, typer.Option("--pdf", help="Each page as PDF, too.")] = False,
    docx: Annotated[bool, typer.Option("--docx", help="Each page as Word document, too.")] = False,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, help="Worker processes; default: cores.")
    ] = None,
    out: OutOption = None,
) -> None:
    """Fix the briefs of a checkpoint: recorded, and made without the mark of a draft."""
    import kejistats
    from kejistats.cli.pages import briefs
    from kejistats.final import record_file
    from kejistats.mail.finalise import finalise as fix

    opened = kejistats.open(dataset)
    at = opened.checkpoint(checkpoint)
    folder = out.resolve() if out else None

    def make() -> None:
        briefs(dataset, str(at), jobs=jobs, out=folder, pdf=pdf, docx=docx)

    forms = [name for name, wanted in (("pdf", pdf), ("docx", docx)) if wanted]
    record, changed = fix(opened, at, make, folder, correction, forms)
    where = record_file(opened.path, at)
    typer.echo(f"{len(changed)} of {len(record.outputs)} pages of {at} fixed; recorded in {where}")


@app.command()
def mail(
    dataset: DatasetArgument,
    checkpoint: CheckpointOption = "",
    send: SendOption = False,
    only: OnlyOption = None,
    to_me: ToMeOption = "",
    corrections: Annotated[
        bool, typer.Option("--corrections", help="Send what has changed since it was sent, too.")
    ] = False,
    resend: Annotated[
        str,
        typer.Option(
            "--resend", metavar="RECIPIENT", help="Send again to this address; asks twice."
        ),
    ] = "",
    attach: Annotated[
        list[str] | None,
        typer.Option("--attach", metavar="html|pdf|docx", help="Form of attachments; repeatable."),
    ] = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a message per recipient to look through; with --send, send what is missing."""
    import kejistats
    from kejistats.final import read_record
    from kejistats.mail.documents import FORMATS, folder_of
    from kejistats.mail.finalise import stale
    from kejistats.mail.ledger import opened as open_ledger
    from kejistats.mail.letters import letter, page_reader
    from kejistats.mail.plan import due, entitled

    formats = tuple(dict.fromkeys(attach or ["html"]))
    if unknown := [form for form in formats if form not in FORMATS]:
        raise UsageError(f"unknown form {unknown[0]}", f"--attach knows: {', '.join(FORMATS)}")
    ds = kejistats.open(dataset)
    at = ds.checkpoint(checkpoint)
    record = read_record(ds.path, at)
    if not record.outputs:
        raise UsageError(
            f"nothing of {at} is final, and drafts are not sent",
            f"look at the pages, then run: kejistats finalise {dataset} --checkpoint {at}",
        )
    if changed := stale(ds, at, record):
        raise KejistatsError(
            f"the data of final pages have changed since: {', '.join(changed)}",
            f'run: kejistats briefs and finalise {dataset} -c {at} --correction "…"',
        )
    sender, how = _settings(ds, to_me=to_me, send=send)
    people = _recipients(ds, how.domains)
    wanted = _chosen(people, [*(only or []), *([resend] if resend else [])])
    folder = folder_of(ds.name, at, out.resolve() if out else None)
    read = page_reader(folder, at, record, formats)
    keys = _in_order(ds, record)
    with open_ledger(ds.path) as ledger:
        entries = _settled(ledger, at, "brief")
        if resend and send and not to_me:
            _ask_twice(resend, entries.get(resend.casefold(), []))
        planned = []
        for row in wanted:
            own = {key: record.outputs[key].content for key in entitled(row, keys)}
            had = entries.get(row["address"].casefold(), [])
            again = row["address"].casefold() == resend.casefold()
            planned.append((row, due(own, had, corrections=corrections, resend=again)))

        def make(row: Mapping[str, str], what: Due) -> Letter:
            pages = [read(key) for key in what.send]
            return letter(row, pages, ds, at, sender, correction=what.correction)

        title = f"{ds.settings.title}{at.label}科技指标简报：待发邮件"
        notes = _uncovered(ds, people, keys)
        _carry_out(
            ds, at, ledger, folder / "mail", title, notes, planned, make, entries, sender, how,
            to_me=to_me, send=send, as_json=as_json,
        )  # fmt: skip


@app.command()
def remind(
    dataset: DatasetArgument,
    checkpoint: CheckpointOption = "",
    send: SendOption = False,
    only: OnlyOption = None,
    to_me: ToMeOption = "",
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write reminders to those whose districts have not reported; with --send, send them."""
    import kejistats
    from kejistats.mail import remind as reminders
    from kejistats.mail.documents import folder_of
    from kejistats.mail.ledger import opened as open_ledger
    from kejistats.mail.plan import due
    from kejistats.period import Checkpoint, this_day
    from kejistats.status import reporting_status

    ds = kejistats.open(dataset)
    at = Checkpoint.parse(checkpoint) if checkpoint else ds.checkpoint()
    status = reporting_status(ds, at, this_day())
    late = reminders.unreported(status)
    names = dict(ds.districts.select("code", "name").iter_rows())
    sender, how = _settings(ds, to_me=to_me, send=send)
    people = _recipients(ds, how.domains)
    found, nobody = reminders.contacts(_chosen(people, only or []), late)
    codes = {row["address"]: own for row, own in found}
    notes = (
        [f"未报送而没有联络员的地区：{'、'.join(names[c] for c in nobody)}。"]
        if nobody and not only
        else []
    )
    with open_ledger(ds.path) as ledger:
        entries = {
            address: reminders.relevant(some, status)
            for address, some in _settled(ledger, at, "reminder").items()
        }
        wanted = reminders.wanted(status)
        planned = [
            (row, due(wanted, entries.get(row["address"].casefold(), []))) for row, _ in found
        ]

        def make(row: Mapping[str, str], _: Due) -> Letter:
            return reminders.reminder(
                row, codes[row["address"]], status, late, names, ds.settings.title, sender,
                sample=ds.settings.sample,
            )  # fmt: skip

        folder = folder_of(ds.name, at, out.resolve() if out else None) / "remind"
        title = f"{ds.settings.title}{at.label}：催报邮件"
        _carry_out(
            ds, at, ledger, folder, title, notes, planned, make, entries, sender, how,
            to_me=to_me, send=send, as_json=as_json,
        )  # fmt: skip


def _carry_out(
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
    from kejistats.mail.outbox import write_index
    from kejistats.mail.run import all_well, deliver, fill
    from kejistats.mail.server import Server
    from kejistats.mail.settings import password

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


def _settings(ds: Dataset, *, to_me: str, send: bool) -> tuple[Sender, MailSettings]:
    import re

    from kejistats.mail.recipients import allowed
    from kejistats.mail.settings import read_mail, read_sender, ready_to_send
    from kejistats.schema.recipient import ADDRESS

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


def _recipients(ds: Dataset, domains: Sequence[str]) -> pl.DataFrame:
    """Return the recipients; a faulty list is refused whole, with every fault told."""
    import polars as pl

    from kejistats.cli.received import show_findings
    from kejistats.mail.recipients import FILE, read_recipients

    units = ds.districts.filter(pl.col("kind") != "total")["code"].to_list()
    people, findings = read_recipients(ds.path / FILE, units, domains)
    if findings.height:
        show_findings(findings)
        raise UsageError(
            f"{ds.path / FILE} has {findings.height} faults; nothing was written or sent",
            "mend them and run again",
        )
    return people


def _chosen(people: pl.DataFrame, only: Sequence[str]) -> list[dict[str, Any]]:
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


def _in_order(ds: Dataset, record: Record) -> list[str]:
    """Return the final pages as messages show them: the overview, then districts as listed."""
    from kejistats.final import OVERVIEW

    order = [OVERVIEW, *ds.districts["code"]]
    return [key for key in order if key in record.outputs]


def _settled(ledger: Ledger, at: Checkpoint, kind: str) -> dict[str, list[Entry]]:
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


def _uncovered(ds: Dataset, people: pl.DataFrame, keys: Sequence[str]) -> list[str]:
    """Return a note on final pages that nobody gets."""
    from kejistats.mail.plan import entitled

    reached = {key for row in people.iter_rows(named=True) for key in entitled(row, keys)}
    names = dict(ds.districts.select("code", "name").iter_rows())
    lost = [names.get(key, "总览") for key in keys if key not in reached]
    return [f"没有收件人的简报：{'、'.join(lost)}。"] if lost else []


def _ask_twice(address: str, entries: Sequence[Entry]) -> None:
    """Make sure that a message shall really go out again."""
    for entry in entries:
        typer.echo(f"{entry.changed} {entry.state}: {entry.subject} {entry.answer}", err=True)
    typer.confirm(f"Send to {address} again, whatever it has got already?", abort=True, err=True)
    again = typer.prompt("Type the address once more to send", err=True)
    if again.strip().casefold() != address.casefold():
        raise UsageError("the address typed is another one", "nothing was sent")
