"""One mail run: write the messages that are due to the outbox, and send them if requested."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from kejistats.model.errors import KejistatsError
from kejistats.publish.due import Due
from kejistats.publish.ledger import Entry, Ledger
from kejistats.publish.letters import as_rehearsal
from kejistats.publish.mail_settings import MailSettings, Sender
from kejistats.publish.message import Letter, compose
from kejistats.publish.outbox import RecipientStatus, clear_outbox, write_message
from kejistats.publish.sending import Outgoing, Sending
from kejistats.publish.server import Outcome, Server


@dataclass
class Outbox:
    """The messages of a run and the status of every recipient.

    Parameters
    ----------
    folder
        The folder of the messages.
    statuses
        Status of every recipient, in their order.
    letters
        The messages waiting to be sent, by index in `statuses`: letter, Message-ID and file.
    """

    folder: Path
    statuses: list[RecipientStatus] = field(default_factory=list)
    letters: dict[int, tuple[Letter, str, Path]] = field(default_factory=dict)


def fill_outbox(
    folder: Path,
    planned: Iterable[tuple[Mapping[str, str], Due]],
    make: Callable[[Mapping[str, str], Due], Letter],
    entries: Sequence[Entry],
    sender: Sender,
    to_me: str = "",
    progress: Callable[[str], None] = lambda _: None,
) -> Outbox:
    """Write the messages that are due; one that cannot be made does not stop the others.

    Parameters
    ----------
    folder
        The outbox; cleared first.
    planned
        Each recipient with what is due.
    make
        Makes the letter to a recipient.
    entries
        The ledger's messages of the same kind and checkpoint.
    sender
        Sender of the messages.
    to_me
        Address that receives everything as a rehearsal; empty = send to the recipients.
    progress
        Called with each address once it is done.
    """
    clear_outbox(folder)
    box = Outbox(folder)
    latest = {entry.recipient: entry for entry in entries}
    for recipient, due in planned:
        address, name = recipient["address"], recipient["name"]
        answer = _answer(due, latest.get(address.casefold()))
        status = RecipientStatus(address, name, _state(due), answer=answer)
        if due.send:
            try:
                letter = make(recipient, due)
                message = compose(as_rehearsal(letter, to_me) if to_me else letter, sender)
                file = write_message(folder, message, stem=address.lower())
            except KejistatsError as error:
                status = replace(status, state="failed", answer=str(error))
            else:
                status = replace(
                    status, subject=message.letter.subject, file=file.name,
                    what="、".join(letter.contents), size=len(message.raw),
                )  # fmt: skip
                box.letters[len(box.statuses)] = (message.letter, message.id, file)
        box.statuses.append(status)
        progress(address)
    return box


def _state(due: Due) -> str:
    if due.blocked_reason:
        return due.blocked_reason
    if due.send:
        return ""
    return "changed" if due.changed else "sent"


def _answer(due: Due, entry: Entry | None) -> str:
    if due.blocked_reason and entry is not None:
        return f"{entry.changed} {entry.answer}"
    if due.changed:
        return f"{'、'.join(due.changed)}在发送后有变动，加 --corrections 发送更正"
    return entry.answer if entry is not None and entry.state == "deferred" else ""


def deliver(
    box: Outbox,
    ledger: Ledger,
    checkpoint: str,
    server: Server,
    sender: Sender,
    mail: MailSettings,
    progress: Callable[[str], None] = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
) -> list[RecipientStatus]:
    """Send the messages in the outbox; return the status of every recipient afterwards.

    Parameters
    ----------
    box
        From `fill_outbox`.
    ledger
        Opened for this run.
    checkpoint
        The checkpoint.
    server, sender, mail
        The server, the sender and the limits of sending.
    progress
        Called with a line of text for every attempt.
    sleep
        Waits for some seconds; replaced in tests.

    Raises
    ------
    ServerError
        When the server cannot be used; `box.statuses` then shows which messages were sent.
    """
    indexes: dict[int, int] = {}
    outgoing = []
    with ledger.transaction():
        for index, (letter, message_id, file) in box.letters.items():
            number = ledger.plan(
                letter.kind, checkpoint, letter.address, message_id, letter.subject, letter.contents
            )
            indexes[number] = index
            outgoing.append(Outgoing(number, letter.address, file))
            box.statuses[index] = replace(box.statuses[index], state="planned")

    def record(message: Outgoing, outcome: Outcome) -> None:
        index = indexes[message.number]
        box.statuses[index] = replace(
            box.statuses[index], state=outcome.state, answer=outcome.answer
        )
        progress(f"{box.statuses[index].address} {outcome.state}: {outcome.answer}")

    Sending(server, sender.address, mail, ledger, record, sleep).run(outgoing)
    return box.statuses


def all_delivered(statuses: Iterable[RecipientStatus]) -> bool:
    """Say whether every recipient has received everything due."""
    return all(status.state in ("accepted", "sent") for status in statuses)
