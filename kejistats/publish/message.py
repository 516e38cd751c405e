"""Build a mail message; the same content always gives the same bytes."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from kejistats.model.errors import KejistatsError
from kejistats.publish.documents import Picture
from kejistats.publish.mail_settings import CONTROL, Sender
from kejistats.store.vintages import CHINA

_TYPES = {
    "html": 'text/html; charset="utf-8"',
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


@dataclass(frozen=True)
class Letter:
    """The content of a message.

    Parameters
    ----------
    address, name
        The recipient.
    subject, text
        Subject and plain text.
    html, pictures
        The HTML part and its pictures; empty if the page is only attached.
    files
        Name, in ASCII, and content of each attachment.
    moment
        Time of the Date header: when its newest page was released, so that the message reviewed
        in the outbox is, byte for byte, the one that is sent.
    contents
        Digest of each page in it, by district code or ``overview``, for the ledger.
    kind
        ``brief``, ``reminder`` or ``rehearsal``.
    """

    address: str
    name: str
    subject: str
    text: str
    moment: datetime
    html: str = ""
    pictures: tuple[Picture, ...] = ()
    files: tuple[tuple[str, bytes], ...] = ()
    contents: dict[str, str] = field(default_factory=dict)
    kind: str = "brief"


@dataclass(frozen=True)
class Message:
    """A message as it is sent.

    Parameters
    ----------
    letter
        Its content.
    id
        Its Message-ID.
    raw
        Its bytes, with CR LF line ends.
    """

    letter: Letter
    id: str
    raw: bytes


def compose(letter: Letter, sender: Sender) -> Message:
    """Encode a letter as a MIME message; the same letter and sender give the same bytes.

    Its structure is ``mixed[alternative[plain, related[html, png…]], attachment…]``; a multipart
    with a single part is left out.

    Raises
    ------
    KejistatsError
        When a name or the subject contains a line break or another control character, which
        would end its header; or when the name of an attachment is not ASCII.
    """
    for header, text in {
        "subject": letter.subject,
        "name": letter.name,
        "sender": sender.name,
    }.items():
        if CONTROL.search(text):
            raise KejistatsError(
                f"the {header} of the message to {letter.address} contains a control character: "
                f"{text!r}",
                "remove it from districts.csv, recipients.csv or dataset.toml",
            )
    digest = _digest(letter, sender)
    domain = sender.address.rpartition("@")[2]
    message = EmailMessage(policy=SMTP)
    message["From"] = _mailbox(sender.name, sender.address)
    message["To"] = _mailbox(letter.name, letter.address)
    if sender.reply_to:
        message["Reply-To"] = _mailbox("", sender.reply_to)
    message["Subject"] = letter.subject
    # In UTC, a message of the early morning would show the date of the day before.
    message["Date"] = format_datetime(letter.moment.astimezone(CHINA))
    message["Message-ID"] = f"<{digest[:32]}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["MIME-Version"] = "1.0"
    head = message.as_bytes().removesuffix(b"\r\n")
    return Message(letter, message["Message-ID"], head + _body(letter, digest).raw)


@dataclass(frozen=True)
class _Part:
    """A MIME part: its headers and its content.

    The standard library can assemble parts too, but parses them line by line several times, which
    for a page with pictures takes ten times as long as everything else. All headers here are short
    ASCII written by this module, so none needs folding or encoding.
    """

    headers: dict[str, str]
    content: bytes

    @property
    def raw(self) -> bytes:
        head = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        return head.encode("ascii") + b"\r\n" + self.content


def _leaf(kind: str, content: bytes, **more: str) -> _Part:
    """Return a part in base64, in lines of 76 characters."""
    coded = b64encode(content)
    lines = b"\r\n".join(coded[n : n + 76] for n in range(0, len(coded), 76)) + b"\r\n"
    headers = {"Content-Type": kind, "Content-Transfer-Encoding": "base64"}
    return _Part(headers | {f"Content-{k}": value for k, value in more.items()}, lines)


def _multipart(kind: str, boundary: str, parts: list[_Part]) -> _Part:
    """Combine several parts into one; return a single part unchanged."""
    if len(parts) == 1:
        return parts[0]
    mark = f"--{boundary}".encode("ascii")
    inside = b"".join(mark + b"\r\n" + part.raw + b"\r\n" for part in parts)
    return _Part(
        {"Content-Type": f'multipart/{kind}; boundary="{boundary}"'}, inside + mark + b"--\r\n"
    )


def _body(letter: Letter, digest: str) -> _Part:
    """Return the body; its boundaries are derived from the content too."""
    # Safe as boundaries: no line of base64 begins with a hyphen or contains "=_".
    mixed, alternative, related = (f"=_{digest[32:56]}_{n}" for n in range(3))
    shown = [_leaf('text/plain; charset="utf-8"', _lines(letter.text))]
    if letter.html:
        page = _leaf('text/html; charset="utf-8"', _lines(letter.html))
        images = [
            _leaf("image/png", picture.png, ID=f"<{picture.cid}>",
                  Disposition=f'inline; filename="{picture.digest[:8]}.png"')
            for picture in letter.pictures
        ]  # fmt: skip
        shown.append(_multipart("related", related, [page, *images]))
    files = []
    for name, content in letter.files:
        if not name.isascii():
            raise KejistatsError(
                f"the name of the attachment {name} is not ASCII", "name it by the district code"
            )
        kind = _TYPES[name.rpartition(".")[2]]
        files.append(_leaf(kind, content, Disposition=f'attachment; filename="{name}"'))
    return _multipart("mixed", mixed, [_multipart("alternative", alternative, shown), *files])


def _lines(text: str) -> bytes:
    """Encode text for mail: UTF-8 with CR LF line ends."""
    return text.replace("\r\n", "\n").replace("\n", "\r\n").encode("utf-8")


def _mailbox(name: str, address: str) -> Address:
    user, _, domain = address.rpartition("@")
    return Address(name, user, domain)


def _digest(letter: Letter, sender: Sender) -> str:
    """Return a digest of everything in the message."""
    parts: list[bytes] = [
        text.encode("utf-8")
        for text in (
            sender.name, sender.address, sender.reply_to, letter.name, letter.address,
            letter.subject, letter.moment.isoformat(), letter.text, letter.html,
        )
    ]  # fmt: skip
    parts += [picture.digest.encode() for picture in letter.pictures]
    for name, content in letter.files:
        parts += [name.encode("utf-8"), hashlib.sha256(content).digest()]
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def subject_of(names: Sequence[str], titles: Sequence[str], what: str, *, corrected: bool) -> str:
    """Return the subject of a message about pages.

    Parameters
    ----------
    names
        The districts, or 总览.
    titles
        The titles of the pages.
    what
        Title of the data set and checkpoint, such as 示例市2025年上半年.
    corrected
        Whether it corrects an earlier message.

    Examples
    --------
    >>> subject_of(["甲区"], ["甲区2025年上半年科技指标简报"], "某市2025年上半年", corrected=True)
    '更正：甲区2025年上半年科技指标简报'
    >>> subject_of(["总览", "甲区", "乙区"], ["…"] * 3, "某市2025年上半年", corrected=False)
    '某市2025年上半年科技指标总览和2个地区简报'
    """
    if len(titles) == 1:
        text = titles[0]
    elif names[0] == "总览":
        text = f"{what}科技指标总览和{len(names) - 1}个地区简报"
    elif len(names) <= 3:
        text = f"{'、'.join(names)}：{what}科技指标简报"
    else:
        text = f"{what}科技指标简报（{names[0]}等{len(names)}个地区）"
    return f"更正：{text}" if corrected else text
