"""The outbox: one ``.eml`` per recipient, its HTML part to look at, and an index of them all."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kejistats.model.atomic import write_text
from kejistats.model.errors import KejistatsError
from kejistats.publish.body import render
from kejistats.publish.message import Message

# More than most servers take; base64 adds a third to what is attached.
LARGEST = 20_000_000
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
class Line:
    """One recipient in the index and in the report.

    Parameters
    ----------
    address, name
        The recipient.
    state
        Key of `STATES`; empty for a message that waits in the outbox.
    subject, file
        Of the message, if there is one.
    what
        What it brings: keys of pages, or 催报.
    size
        Bytes of the message.
    answer
        What the server said, or why there is no message.
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
    def words(self) -> str:
        """The state in words."""
        return STATES[self.state]


def empty(folder: Path) -> None:
    """Make the folder of the outbox, without what an earlier run left there.

    What lies there is what this run would send, and nothing else.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.iterdir():
        if file.suffix in (".eml", ".html") and file.is_file():
            file.unlink()


def put(folder: Path, message: Message, stem: str) -> Path:
    """Write a message and its HTML part; return the ``.eml``.

    Raises
    ------
    KejistatsError
        When it is larger than servers take.
    """
    if len(message.raw) > LARGEST:
        raise KejistatsError(
            f"the message to {message.letter.address} has {len(message.raw)} bytes",
            "give the recipient form body, or fewer districts",
        )
    file = folder / f"{stem}.eml"
    file.write_bytes(message.raw)
    if message.letter.html:
        shown = message.letter.html
        for picture in message.letter.pictures:
            data = f"data:image/png;base64,{b64encode(picture.png).decode()}"
            shown = shown.replace(f"cid:{picture.cid}", data)
        file.with_suffix(".html").write_text(shown, encoding="utf-8", newline="\n")
    return file


def write_index(
    folder: Path, title: str, lines: Sequence[Line], notes: Iterable[str] = (), *, sample: bool
) -> Path:
    """Write ``index.html`` of the outbox.

    Parameters
    ----------
    folder
        The outbox.
    title
        Title of the page.
    lines
        All recipients, with how it stands with each.
    notes
        Sentences above the table, such as districts without a recipient.
    sample
        Whether the data are made.
    """
    file = folder / "index.html"
    shown = [
        {"line": line, "preview": name if (folder / name).is_file() else ""}
        for line in lines
        for name in [f"{line.file.removesuffix('.eml')}.html" if line.file else ""]
    ]
    html = render("outbox.html.j2", title=title, lines=shown, notes=list(notes), sample=sample,
                  tally=tally(lines))  # fmt: skip
    write_text(file, html)
    return file


def tally(lines: Iterable[Line]) -> str:
    """Return how many recipients stand where, in one sentence."""
    states = [line.state for line in lines]
    parts = [f"{word}{n}人" for state, word in STATES.items() if (n := states.count(state))]
    return f"收件人{len(states)}人：{'，'.join(parts)}。" if states else "没有收件人。"
