"""Commands of giving out: ``finalise``, ``mail`` and ``remind``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kejistats.cli.common import CheckpointOption, DatasetArgument, JsonOption, app
from kejistats.cli.mail_steps import (
    ask_twice,
    carry_out,
    chosen,
    in_order,
    recipients,
    settings,
    settled,
    uncovered,
)
from kejistats.model.errors import KejistatsError, UsageError

if TYPE_CHECKING:
    from kejistats.publish.due import Due
    from kejistats.publish.message import Letter

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
    from kejistats.api import Desk
    from kejistats.cli.page_commands import briefs
    from kejistats.publish.finalise import finalise as fix
    from kejistats.release import record_file

    opened = Desk(dataset)
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
    from kejistats.api import Desk
    from kejistats.publish.documents import FORMATS
    from kejistats.publish.due import allowed_pages, due
    from kejistats.publish.finalise import stale
    from kejistats.publish.ledger import opened as open_ledger
    from kejistats.publish.letters import letter, page_reader
    from kejistats.release import read_record
    from kejistats.run.planning import folder_of

    formats = tuple(dict.fromkeys(attach or ["html"]))
    if unknown := [form for form in formats if form not in FORMATS]:
        raise UsageError(f"unknown form {unknown[0]}", f"--attach knows: {', '.join(FORMATS)}")
    ds = Desk(dataset)
    at = ds.checkpoint(checkpoint)
    record = read_record(ds.path, at)
    if not record.outputs:
        raise UsageError(
            f"nothing of {at} is final, and drafts are not sent",
            f"look at the pages, then run: kejistats finalise {dataset} --checkpoint {at}",
        )
    sender, how = settings(ds, to_me=to_me, send=send)
    people = recipients(ds, how.domains)
    wanted = chosen(people, [*(only or []), *([resend] if resend else [])])
    # Last, for it works out all figures anew.
    if changed := stale(ds, at, record):
        raise KejistatsError(
            f"the data of final pages have changed since: {', '.join(changed)}",
            f'run: kejistats briefs and finalise {dataset} -c {at} --correction "…"',
        )
    folder = folder_of(ds, at, out.resolve() if out else None)
    read = page_reader(folder, at, record, formats)
    keys = in_order(ds, record)
    with open_ledger(ds.path) as ledger:
        entries = settled(ledger, at, "brief")
        if resend and send and not to_me:
            ask_twice(resend, entries.get(resend.casefold(), []))
        planned = []
        for row in wanted:
            own = {key: record.outputs[key].content for key in allowed_pages(row, keys)}
            had = entries.get(row["address"].casefold(), [])
            again = row["address"].casefold() == resend.casefold()
            planned.append((row, due(own, had, corrections=corrections, resend=again)))

        def make(row: Mapping[str, str], what: Due) -> Letter:
            pages = [read(key) for key in what.send]
            return letter(row, pages, ds, at, sender, correction=what.correction)

        title = f"{ds.settings.title}{at.label}科技指标简报：待发邮件"
        notes = uncovered(ds, people, keys)
        carry_out(
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
    import kejistats.publish.reminders as reminding
    from kejistats.api import Desk
    from kejistats.model.period import Checkpoint, this_day
    from kejistats.publish.due import due
    from kejistats.publish.ledger import opened as open_ledger
    from kejistats.run.planning import folder_of
    from kejistats.status import reporting_status

    ds = Desk(dataset)
    at = Checkpoint.parse(checkpoint) if checkpoint else ds.checkpoint()
    status = reporting_status(ds, at, this_day())
    late = reminding.unreported(status)
    names = dict(ds.districts.select("code", "name").iter_rows())
    sender, how = settings(ds, to_me=to_me, send=send)
    people = recipients(ds, how.domains)
    found, nobody = reminding.contacts(chosen(people, only or []), late)
    codes = {row["address"]: own for row, own in found}
    notes = (
        [f"未报送而没有联络员的地区：{'、'.join(names[c] for c in nobody)}。"]
        if nobody and not only
        else []
    )
    with open_ledger(ds.path) as ledger:
        entries = {
            address: reminding.relevant(some, status)
            for address, some in settled(ledger, at, "reminder").items()
        }
        wanted = reminding.wanted(status)
        planned = [
            (row, due(wanted, entries.get(row["address"].casefold(), []))) for row, _ in found
        ]

        def make(row: Mapping[str, str], _: Due) -> Letter:
            return reminding.reminder(
                row, codes[row["address"]], status, late, names, ds.settings.title, sender,
                sample=ds.settings.sample,
            )  # fmt: skip

        folder = folder_of(ds, at, out.resolve() if out else None) / "remind"
        title = f"{ds.settings.title}{at.label}：催报邮件"
        carry_out(
            ds, at, ledger, folder, title, notes, planned, make, entries, sender, how,
            to_me=to_me, send=send, as_json=as_json,
        )  # fmt: skip
