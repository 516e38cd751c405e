"""Decide what is still due to each recipient: only pages listed for them, and none twice."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from kejistats.model.tables.recipient import ALL_DISTRICTS
from kejistats.publish.ledger import Entry
from kejistats.publish.recipients import split_codes
from kejistats.release import OVERVIEW


def allowed_pages(recipient: Mapping[str, str], keys: Iterable[str]) -> list[str]:
    """Return the pages a recipient is allowed to receive, in the order of `keys`.

    Parameters
    ----------
    recipient
        A row of the Recipient table.
    keys
        The pages that exist: district codes and ``overview``, in the order messages show them.

    Examples
    --------
    >>> row = {"districts": "900102", "what": "both"}
    >>> allowed_pages(row, ["overview", "900101", "900102"])
    ['overview', '900102']
    """
    listed = set(split_codes(recipient["districts"]))
    what = recipient["what"]
    return [
        key for key in keys
        if (key == OVERVIEW and what in ("overview", "both"))
        or (key != OVERVIEW and what in ("brief", "both")
            and (ALL_DISTRICTS in listed or key in listed))
    ]  # fmt: skip


@dataclass(frozen=True)
class Due:
    """What is due to a recipient in this run.

    Parameters
    ----------
    send
        Keys of the pages to send now.
    correction
        Whether one of them corrects a version sent before.
    sent
        Keys of pages already sent in their present version.
    changed
        Keys of pages sent in an earlier version, which wait for ``--corrections``.
    blocked_reason
        State of an earlier message that blocks sending: ``uncertain`` or ``refused``; empty if
        none does.
    """

    send: list[str] = field(default_factory=list)
    correction: bool = False
    sent: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    blocked_reason: str = ""


def due(
    pages: Mapping[str, str],
    entries: Iterable[Entry],
    *,
    corrections: bool = False,
    resend: bool = False,
) -> Due:
    """Return what is still due to a recipient.

    Parameters
    ----------
    pages
        Digest by key of every page the recipient should have.
    entries
        The recipient's messages of this checkpoint and kind.
    corrections
        Also send pages that have changed since they were sent.
    resend
        Send everything again, whatever the ledger says.
    """
    history = list(entries)
    accepted: dict[str, str] = {}
    for entry in history:
        if entry.state == "accepted":
            accepted |= entry.contents
    changed = [key for key, digest in pages.items() if key in accepted and accepted[key] != digest]
    if resend:
        # A recipient who may have an earlier version must learn that this one replaces it.
        maybe_changed = any(
            entry.state == "uncertain" and entry.contents.get(key, digest) != digest
            for entry in history for key, digest in pages.items()
        )  # fmt: skip
        return Due(send=list(pages), correction=bool(changed) or maybe_changed)
    sent = [key for key, digest in pages.items() if accepted.get(key) == digest]
    unsent = [key for key in pages if key not in accepted]
    for state in ("uncertain", "refused"):
        if any(not _superseded(entry, history) for entry in history if entry.state == state):
            return Due(sent=sent, changed=changed, blocked_reason=state)
    if corrections:
        send = [key for key in pages if key in unsent or key in changed]
        return Due(send, bool(changed), sent)
    return Due(unsent, False, sent, changed)


def _superseded(entry: Entry, entries: Collection[Entry]) -> bool:
    """Say whether a later message to the same recipient was accepted."""
    return any(e.id > entry.id and e.state == "accepted" for e in entries)
