"""Compose the letters that bring recipients their released pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from kejistats.dataset import Dataset
from kejistats.model.period import Checkpoint
from kejistats.publish.body import html_body, text_body
from kejistats.publish.documents import Document, PageFiles, Picture, read_document
from kejistats.publish.mail_section import Section, section_of
from kejistats.publish.mail_settings import Sender
from kejistats.publish.message import Letter, subject_of
from kejistats.release import ReleaseRecord

# Number of pages cached: a page that several recipients receive is read once.
_CACHED_PAGES = 64
Page = tuple[Document, Section]


def page_reader(
    folder: Path,
    checkpoint: Checkpoint,
    record: ReleaseRecord,
    formats: tuple[str, ...] = ("html",),
) -> Callable[[str], Page]:
    """Return a cached function that reads a released page by its key.

    Parameters
    ----------
    folder
        Folder of the checkpoint's pages.
    checkpoint, record
        The checkpoint and its release record.
    formats
        The formats to attach.
    """

    @lru_cache(maxsize=_CACHED_PAGES)
    def read(key: str) -> Page:
        document = read_document(PageFiles(folder, key, checkpoint), record.outputs[key], formats)
        return document, section_of(document)

    return read


def make_letter(
    recipient: Mapping[str, str],
    pages: Sequence[Page],
    dataset: Dataset,
    checkpoint: Checkpoint,
    sender: Sender,
    *,
    correction: bool = False,
) -> Letter:
    """Return the letter that brings a recipient some pages.

    Parameters
    ----------
    recipient
        A row of the Recipient table.
    pages
        The pages, in the order the letter shows them.
    dataset, checkpoint
        For the subject.
    sender
        The sender; its address for replies is named for questions.
    correction
        Whether it corrects a version sent before.
    """
    # A recipient who never received the earlier version needs no correction note.
    sections = [s if correction else replace(s, correction="") for _, s in pages]
    sample, reply = dataset.settings.sample, sender.reply_to or sender.address
    what = f"{dataset.settings.title}{checkpoint.label}"
    subject = subject_of(
        [s.name for s in sections], [s.title for s in sections], what, corrected=correction
    )
    subject += "（示例数据）" if sample else ""
    form = recipient["form"]
    files = tuple(f for d, _ in pages for f in d.files) if form != "body" else ()
    attached = [name for name, _ in files]
    html, pictures = "", list[Picture]()
    if form != "attachment":
        html, pictures = html_body(subject, sections, attached, sample=sample, reply=reply)
    return Letter(
        address=recipient["address"],
        name=recipient["name"],
        subject=subject,
        text=text_body(sections, attached, sample=sample, reply=reply),
        moment=max(document.release.moment for document, _ in pages),
        html=html,
        pictures=tuple(pictures),
        files=files,
        contents={document.key: document.release.content for document, _ in pages},
    )


def as_rehearsal(letter: Letter, address: str) -> Letter:
    """Return a letter redirected to `address`, with the original recipient in its subject."""
    subject = f"【演练】{letter.subject}（原收件人：{letter.name} {letter.address}）"
    return replace(letter, address=address, name="", subject=subject, contents={}, kind="rehearsal")
