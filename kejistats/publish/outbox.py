"""The outbox: one ``.eml`` per recipient, an HTML preview of each, and an index page."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kejistats.model.atomic import write_text
from kejistats.model.errors import KejistatsError
from kejistats.publish.body import render
from kejistats.publish.message import Message

# Most servers refuse larger messages; base64 adds a third to the size of the attachments.
MAX_BYTES = 20_000_000
STATES = {
    "": "待发",
    "planned": "未发出",
    "handed": "已交付服务器，未收到答复",
    "accepted": "已发送",
    "refused": "被拒收",
    "deferred": "暂缓，可再次发送",
    "uncertain": "不确定，未经确认不再发送",
    "changed": "已发送，其后有更正",
    "sent": "此前已发送",
    "failed": "未生成",
}


@dataclass(frozen=True)
class RecipientStatus:
    """One recipient in the index and in the report of a run.

    Parameters
    ----------
    address, name
        The recipient.
    state
        Key of `STATES`; empty for a message waiting in the outbox.
    subject, file
        Subject and file name of the message; empty if there is none.
    what
        Its contents: keys of pages, or the day of a reminder.
    size
        Size of the message in bytes.
    answer
        The server's reply, or why there is no message.
    """

    address: str
    name: str
    state: str
    subject: str = ""
    file: str = ""
    what: str = ""
    size: int = 0
    answer: str = ""

    @property
    def label(self) -> str:
        """The Chinese label of the state."""
        return STATES[self.state]


def clear_outbox(folder: Path) -> None:
    """Create the outbox folder and delete the messages of earlier runs.

    The outbox contains only what the present run would send.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.iterdir():
        if file.suffix in (".eml", ".html") and file.is_file():
            file.unlink()


def write_message(folder: Path, message: Message, stem: str) -> Path:
    """Write a message and a preview of its HTML part; return the path of the ``.eml``.

    Raises
    ------
    KejistatsError
        When it is larger than mail servers accept.
    """
    if len(message.raw) > MAX_BYTES:
        raise KejistatsError(
            f"the message to {message.letter.address} has {len(message.raw)} bytes, more than mail "
            "servers accept",
            "set the recipient's form to body, or list fewer districts",
        )
    file = folder / f"{stem}.eml"
    file.write_bytes(message.raw)
    if message.letter.html:
        preview = message.letter.html
        for picture in message.letter.pictures:
            data = f"data:image/png;base64,{b64encode(picture.png).decode()}"
            preview = preview.replace(f"cid:{picture.cid}", data)
        file.with_suffix(".html").write_text(preview, encoding="utf-8", newline="\n")
    return file


def write_index(
    folder: Path,
    title: str,
    statuses: Sequence[RecipientStatus],
    notes: Iterable[str] = (),
    *,
    sample: bool,
) -> Path:
    """Write ``index.html`` of the outbox.

    Parameters
    ----------
    folder
        The outbox.
    title
        Title of the page.
    statuses
        Status of every recipient.
    notes
        Sentences above the table, such as districts without a recipient.
    sample
        Whether the data are generated sample data.
    """
    file = folder / "index.html"
    rows = [
        {"recipient": status, "preview": name if (folder / name).is_file() else ""}
        for status in statuses
        for name in [f"{status.file.removesuffix('.eml')}.html" if status.file else ""]
    ]
    html = render("outbox.html.j2", title=title, rows=rows, notes=list(notes), sample=sample,
                  tally=tally(statuses))  # fmt: skip
    write_text(file, html)
    return file


def tally(statuses: Iterable[RecipientStatus]) -> str:
    """Return a Chinese sentence with the number of recipients in each state."""
    states = [status.state for status in statuses]
    parts = [f"{label}{n}人" for state, label in STATES.items() if (n := states.count(state))]
    return f"收件人{len(states)}人：{'，'.join(parts)}。" if states else "没有收件人。"
