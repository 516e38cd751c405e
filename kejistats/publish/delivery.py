"""One run: what is due is written to the outbox, and sent if that is asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from kejistats.model.errors import KejistatsError
from kejistats.publish.due import Due
from kejistats.publish.ledger import Entry, Ledger
from kejistats.publish.letters import rehearsed
from kejistats.publish.mail_settings import MailSettings, Sender
from kejistats.publish.message import Letter, compose
from kejistats.publish.outbox import Line, empty, put
from kejistats.publish.sending import Outgoing, Sending
from kejistats.publish.server import Outcome, Server


@dataclass
class Outbox:
    """What a run would send, as it lies in a folder.

    Parameters
    ----------
    folder
        The folder.
    lines
        How it stands with every recipient, in their order.
    letters
        What waits in the outbox, by address: number of the line, the message's headers, file.
    """

    folder: Path
    lines: list[Line] = field(default_factory=list)
    letters: dict[int, tuple[Letter, str, Path]] = field(default_factory=dict)


def fill(
    folder: Path,
    planned: Iterable[tuple[Mapping[str, str], Due]],
    make: Callable[[Mapping[str, str], Due], Letter],
    entries: Sequence[Entry],
    sender: Sender,
    to_me: str = "",
    told: Callable[[str], None] = lambda _: None,
) -> Outbox:
    """Write the messages that are due; one that cannot be made costs the others nothing.

    Parameters
    ----------
    folder
        The outbox; emptied first.
    planned
        Each recipient with what is due.
    make
        Makes the letter.
    entries
        The ledger's messages of the same kind and checkpoint.
    sender
        From whom.
    to_me
        Address that everything goes to as a rehearsal; empty = to the recipients.
    told
        Called with each address.
    """
    empty(folder)
    box = Outbox(folder)
    latest = {entry.recipient: entry for entry in entries}
    for recipient, due in planned:
        address, name = recipient["address"], recipient["name"]
        line = Line(address, name, _state(due), answer=_answer(due, latest.get(address.casefold())))
        if due.send:
            try:
                one = make(recipient, due)
                message = compose(rehearsed(one, to_me) if to_me else one, sender)
                file = put(folder, message, stem=address.lower())
            except KejistatsError as error:
                line = replace(line, state="failed", answer=str(error))
            else:
                line = replace(
                    line, subject=message.letter.subject, file=file.name,
                    what="、".join(one.contents), size=len(message.raw),
                )  # fmt: skip
                box.letters[len(box.lines)] = (message.letter, message.id, file)
        box.lines.append(line)
        told(address)
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
    told: Callable[[str], None] = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Line]:
    """Send what lies in the outbox; return how it stands with every recipient after.

    Parameters
    ----------
    box
        From `fill`.
    ledger
        Opened for this run.
    checkpoint
        The checkpoint.
    server, sender, mail
        Where to, from whom, within which limits.
    told
        Called with a line of text for every attempt.
    sleep
        Waits; for tests.

    Raises
    ------
    ServerError
        When the server cannot be used; `box.lines` then say how far it came.
    """
    places: dict[int, int] = {}
    outgoing = []
    with ledger.at_once():
        for place, (one, message_id, file) in box.letters.items():
            number = ledger.plan(
                one.kind, checkpoint, one.address, message_id, one.subject, one.contents
            )
            places[number] = place
            outgoing.append(Outgoing(number, one.address, file))
            box.lines[place] = replace(box.lines[place], state="planned")

    def ended(one: Outgoing, outcome: Outcome) -> None:
        place = places[one.number]
        box.lines[place] = replace(box.lines[place], state=outcome.state, answer=outcome.answer)
        told(f"{box.lines[place].address} {outcome.state}: {outcome.answer}")

    Sending(server, sender.address, mail, ledger, ended, sleep).run(outgoing)
    return box.lines


def all_well(lines: Iterable[Line]) -> bool:
    """Say whether every recipient has what they are to have."""
    return all(line.state in ("accepted", "sent") for line in lines)
