"""Commands that release and send pages: ``finalise``, ``mail`` and ``remind``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kejistats.cli.common import CheckpointOption, DatasetArgument, JsonOption, app
from kejistats.cli.mail_steps import (
    confirm_resend,
    entries_by_recipient,
    ordered_pages,
    pages_without_recipient,
    select_recipients,
    sender_and_settings,
    valid_recipients,
    write_and_send,
)
from kejistats.model.errors import KejistatsError, UsageError

if TYPE_CHECKING:
    from kejistats.publish.due import Due
    from kejistats.publish.message import Letter

OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out", help="Folder of outputs, from the current folder; default: out in the workspace."
    ),
]
SendOption = Annotated[
    bool,
    typer.Option(
        "--send", help="Send the messages; without it they are only written to the outbox."
    ),
]
OnlyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--only", metavar="RECIPIENT", help="Only this address of the list; may be repeated."
    ),
]
ToMeOption = Annotated[
    str,
    typer.Option(
        "--to-me", metavar="ADDRESS", help="Rehearsal: send everything to this address instead."
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
            help="What is corrected; required when a final page changes, and quoted in the mail.",
        ),
    ] = "",
    pdf: Annotated[bool, typer.Option("--pdf", help="Also write each page as PDF.")] = False,
    docx: Annotated[
        bool, typer.Option("--docx", help="Also write each page as Word document.")
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, help="Worker processes; default: one per core."),
    ] = None,
    out: OutOption = None,
) -> None:
    """Make the briefs of a checkpoint final: record them and take off the draft mark."""
    from kejistats.api import Desk
    from kejistats.cli.page_commands import briefs
    from kejistats.publish.finalise import finalise as release_pages
    from kejistats.release import record_path

    desk = Desk(dataset)
    at = desk.checkpoint(checkpoint)
    folder = out.resolve() if out else None

    def make_pages() -> None:
        briefs(dataset, str(at), jobs=jobs, out=folder, pdf=pdf, docx=docx)

    forms = [name for name, wanted in (("pdf", pdf), ("docx", docx)) if wanted]
    record, changed = release_pages(desk, at, make_pages, folder, correction, forms)
    where = record_path(desk.path, at)
    typer.echo(
        f"{len(changed)} of {len(record.outputs)} pages of {at} made final; recorded in {where}"
    )


@app.command()
def mail(
    dataset: DatasetArgument,
    checkpoint: CheckpointOption = "",
    send: SendOption = False,
    only: OnlyOption = None,
    to_me: ToMeOption = "",
    corrections: Annotated[
        bool,
        typer.Option(
            "--corrections", help="Also send pages that have changed since they were sent."
        ),
    ] = False,
    resend: Annotated[
        str,
        typer.Option(
            "--resend", metavar="RECIPIENT", help="Send to this address again; asks twice."
        ),
    ] = "",
    attach: Annotated[
        list[str] | None,
        typer.Option(
            "--attach", metavar="html|pdf|docx", help="Format of attachments; may be repeated."
        ),
    ] = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write one message per recipient for review; --send sends what has not been sent yet."""
    from kejistats.api import Desk
    from kejistats.publish.documents import FORMATS
    from kejistats.publish.due import allowed_pages, due
    from kejistats.publish.finalise import stale_pages
    from kejistats.publish.ledger import open_ledger
    from kejistats.publish.letters import make_letter, page_reader
    from kejistats.release import read_record
    from kejistats.run.planning import output_folder

    formats = tuple(dict.fromkeys(attach or ["html"]))
    if unknown := [name for name in formats if name not in FORMATS]:
        raise UsageError(f"unknown format {unknown[0]}", f"--attach allows: {', '.join(FORMATS)}")
    ds = Desk(dataset)
    at = ds.checkpoint(checkpoint)
    record = read_record(ds.path, at)
    if not record.outputs:
        raise UsageError(
            f"no page of {at} is final, and drafts are not sent",
            f"review the pages, then run: kejistats finalise {dataset} --checkpoint {at}",
        )
    sender, mail_settings = sender_and_settings(ds, to_me=to_me, send=send)
    people = valid_recipients(ds, mail_settings.domains)
    rows = select_recipients(people, [*(only or []), *([resend] if resend else [])])
    # Last of the checks, because it computes all figures anew.
    if changed := stale_pages(ds, at, record):
        raise KejistatsError(
            f"the data of final pages have changed since they were recorded: {', '.join(changed)}",
            f"run: kejistats briefs {dataset} -c {at}; "
            f'kejistats finalise {dataset} -c {at} --correction "…"',
        )
    folder = output_folder(ds, at, out.resolve() if out else None)
    read_page = page_reader(folder, at, record, formats)
    keys = ordered_pages(ds, record)
    with open_ledger(ds.path) as ledger:
        entries = entries_by_recipient(ledger, at, "brief")
        if resend and send and not to_me:
            confirm_resend(resend, entries.get(resend.casefold(), []))
        planned = []
        for row in rows:
            contents = {key: record.outputs[key].content for key in allowed_pages(row, keys)}
            sent_entries = entries.get(row["address"].casefold(), [])
            resend_this = row["address"].casefold() == resend.casefold()
            planned.append(
                (row, due(contents, sent_entries, corrections=corrections, resend=resend_this))
            )

        def letter_for(row: Mapping[str, str], send_plan: Due) -> Letter:
            pages = [read_page(key) for key in send_plan.send]
            return make_letter(row, pages, ds, at, sender, correction=send_plan.correction)

        title = f"{ds.settings.title}{at.label}科技指标简报：待发邮件"
        notes = pages_without_recipient(ds, people, keys)
        write_and_send(
            ds, at, ledger, folder / "mail", title, notes, planned, letter_for, entries, sender,
            mail_settings,
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
    """Write reminders to contacts of districts that have not reported; --send sends them."""
    import kejistats.publish.reminders as reminding
    from kejistats.api import Desk
    from kejistats.model.period import Checkpoint, local_today
    from kejistats.publish.due import due
    from kejistats.publish.ledger import open_ledger
    from kejistats.run.planning import output_folder
    from kejistats.status import reporting_status

    ds = Desk(dataset)
    at = Checkpoint.parse(checkpoint) if checkpoint else ds.checkpoint()
    status = reporting_status(ds, at, local_today())
    late = reminding.unreported(status)
    names = dict(ds.districts.select("code", "name").iter_rows())
    sender, mail_settings = sender_and_settings(ds, to_me=to_me, send=send)
    people = valid_recipients(ds, mail_settings.domains)
    contacts, uncontacted = reminding.contacts(select_recipients(people, only or []), late)
    codes_of = {row["address"]: codes for row, codes in contacts}
    notes = (
        [f"未报送而没有联络员的地区：{'、'.join(names[c] for c in uncontacted)}。"]
        if uncontacted and not only
        else []
    )
    with open_ledger(ds.path) as ledger:
        entries = {
            address: reminding.relevant_entries(recipient_entries, status)
            for address, recipient_entries in entries_by_recipient(ledger, at, "reminder").items()
        }
        contents = reminding.reminder_contents(status)
        planned = [
            (row, due(contents, entries.get(row["address"].casefold(), []))) for row, _ in contacts
        ]

        def letter_for(row: Mapping[str, str], _: Due) -> Letter:
            return reminding.reminder_letter(
                row, codes_of[row["address"]], status, late, names, ds.settings.title, sender,
                sample=ds.settings.sample,
            )  # fmt: skip

        folder = output_folder(ds, at, out.resolve() if out else None) / "remind"
        title = f"{ds.settings.title}{at.label}：催报邮件"
        write_and_send(
            ds, at, ledger, folder, title, notes, planned, letter_for, entries, sender,
            mail_settings,
            to_me=to_me, send=send, as_json=as_json,
        )  # fmt: skip
