"""What each recipient is still to get: never twice, never another's, never unasked again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from kejistats.model.tables.recipient import EVERY
from kejistats.publish.ledger import Entry
from kejistats.publish.recipients import listed
from kejistats.release import OVERVIEW


def allowed_pages(recipient: Mapping[str, str], keys: Iterable[str]) -> list[str]:
    """Return which of the pages there are a recipient gets: those listed for it and no other.

    Parameters
    ----------
    recipient
        A row of the Recipient table.
    keys
        District codes and ``overview``, in the order messages show them.

    Examples
    --------
    >>> row = {"districts": "900102", "what": "both"}
    >>> allowed_pages(row, ["overview", "900101", "900102"])
    ['overview', '900102']
    """
    own = set(listed(recipient["districts"]))
    what = recipient["what"]
    return [
        key for key in keys
        if (key == OVERVIEW and what in ("overview", "both"))
        or (key != OVERVIEW and what in ("brief", "both") and (EVERY in own or key in own))
    ]  # fmt: skip


@dataclass(frozen=True)
class Due:
    """What a run is to send to a recipient, and what it leaves.

    Parameters
    ----------
    send
        Keys of the pages to send now.
    correction
        Whether one of them corrects what was sent before.
    sent
        Keys that need nothing more.
    changed
        Keys that were sent and have changed since; they wait for ``--corrections``.
    blocked_reason
        Why nothing goes out: ``uncertain`` or ``refused``; empty otherwise.
    """

    send: list[str] = field(default_factory=list)
    correction: bool = False
    sent: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    blocked_reason: str = ""


def due(
    wanted: Mapping[str, str],
    entries: Iterable[Entry],
    *,
    corrections: bool = False,
    resend: bool = False,
) -> Due:
    """Return what a recipient is still to get.

    Parameters
    ----------
    wanted
        Digest of every page the recipient is to have, by key.
    entries
        The recipient's messages of this checkpoint and kind.
    corrections
        Send what has changed since it was sent, too.
    resend
        Send everything again, whatever the ledger says.
    """
    found = list(entries)
    had: dict[str, str] = {}
    for entry in found:
        if entry.state == "accepted":
            had |= entry.contents
    changed = [key for key, digest in wanted.items() if key in had and had[key] != digest]
    if resend:
        # One that may have got the earlier version is told that this is another one.
        other = any(
            entry.state == "uncertain" and entry.contents.get(key, digest) != digest
            for entry in found for key, digest in wanted.items()
        )  # fmt: skip
        return Due(send=list(wanted), correction=bool(changed) or other)
    sent = [key for key, digest in wanted.items() if had.get(key) == digest]
    open_ = [key for key in wanted if key not in had]
    for state in ("uncertain", "refused"):
        if any(not _settled(entry, found) for entry in found if entry.state == state):
            return Due(sent=sent, changed=changed, blocked_reason=state)
    if corrections:
        send = [key for key in wanted if key in open_ or key in changed]
        return Due(send, bool(changed), sent)
    return Due(open_, False, sent, changed)


def _settled(entry: Entry, entries: Collection[Entry]) -> bool:
    """Say whether a later message to the same recipient was accepted."""
    return any(e.id > entry.id and e.state == "accepted" for e in entries)
