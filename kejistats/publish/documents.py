"""What can be mailed: pages, bundles and executed notebooks of a checkpoint, found and held."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from kejistats.brief.bundle import Bundle
from kejistats.model.errors import KejistatsError
from kejistats.model.period import Checkpoint
from kejistats.release import OVERVIEW, Release

FORMATS = ("html", "pdf", "docx")
# So many charts of a page are shown in a message.
CHARTS = 2
# What a page was made from and with, which lies in a folder of its own.
BUNDLE, NOTEBOOK = "json", "ipynb"


@dataclass(frozen=True)
class Picture:
    """A chart of a brief, as its notebook drew it.

    Parameters
    ----------
    png
        The image.
    alt
        Its finding in words.
    width, height
        Size in CSS pixels.
    """

    png: bytes
    alt: str
    width: int
    height: int

    @cached_property
    def digest(self) -> str:
        """Digest of the image, by which a message refers to it."""
        return hashlib.sha256(self.png).hexdigest()[:24]

    @property
    def cid(self) -> str:
        """The id by which the HTML part of a message refers to it."""
        return f"{self.digest}@kejistats"


@dataclass(frozen=True)
class Files:
    """Where the files of one page are; the only place of mail that knows.

    Parameters
    ----------
    folder
        Folder of a checkpoint's pages.
    key
        District code or ``overview``.
    checkpoint
        The checkpoint.
    """

    folder: Path
    key: str
    checkpoint: Checkpoint

    @property
    def stem(self) -> str:
        """Name of the page without its suffix."""
        return self.key if self.key == OVERVIEW else f"{self.key}-{self.checkpoint}"

    def made(self, form: str) -> Path:
        """Return the page as ``html``, ``pdf`` or ``docx``, its bundle or executed notebook."""
        place = self.folder / "work" if form in (BUNDLE, NOTEBOOK) else self.folder
        return place / f"{self.stem}.{form}"

    @property
    def bundle(self) -> Path:
        """The bundle."""
        return self.made(BUNDLE)

    @property
    def attachment(self) -> str:
        """Name of an attachment without its suffix, in ASCII: others arrive broken."""
        return f"{self.key}-{self.checkpoint}"


@dataclass(frozen=True)
class Document:
    """One final page, ready to be mailed.

    Parameters
    ----------
    key
        District code or ``overview``.
    fixed
        What the record says of it.
    bundle
        Its data.
    pictures
        Its first charts, in their order.
    files
        Name and content of each file asked for.
    """

    key: str
    fixed: Release
    bundle: Bundle
    pictures: tuple[Picture, ...]
    files: tuple[tuple[str, bytes], ...]


def read_document(files: Files, fixed: Release, formats: tuple[str, ...] = ("html",)) -> Document:
    """Return a final page with all that a message shows of it.

    Parameters
    ----------
    files
        Where it is.
    fixed
        What the record says of it.
    formats
        Which files are attached, of `FORMATS`.

    Raises
    ------
    KejistatsError
        When a file is missing or is not the one that was finalised: nobody gets a draft.
    """
    held = {form: _final(files, fixed, form) for form in (BUNDLE, NOTEBOOK, *formats)}
    bundle = Bundle(json.loads(held.pop(BUNDLE)))
    if not bundle.content.get("final"):
        raise KejistatsError(f"{files.stem} is a draft", "run kejistats finalise")
    drawn = tuple(islice(pictures(files.made(NOTEBOOK), held.pop(NOTEBOOK)), CHARTS))
    named = tuple((f"{files.attachment}.{form}", content) for form, content in held.items())
    return Document(files.key, fixed, bundle, drawn, named)


def _final(files: Files, fixed: Release, form: str) -> bytes:
    """Return a file that is still as it was finalised."""
    page = files.made(form)
    again = f"run kejistats finalise for {files.checkpoint} again"
    if form not in fixed.files or not page.is_file():
        asked = f" with --{form}" if form in ("pdf", "docx") else ""
        raise KejistatsError(f"{files.stem}: there is no final .{form}", again + asked)
    content = page.read_bytes()
    if hashlib.sha256(content).hexdigest() != fixed.files[form]:
        raise KejistatsError(f"{page} is not the file that was finalised", again)
    return content


def pictures(notebook: Path, content: bytes) -> Iterator[Picture]:
    """Return the charts among the outputs of an executed notebook.

    Raises
    ------
    KejistatsError
        When the file is no notebook.
    """
    try:
        cells: list[dict[str, Any]] = json.loads(content)["cells"]
        for cell in cells:
            for output in cell.get("outputs", []):
                if png := output.get("data", {}).get("image/png"):
                    about = output["metadata"]["image/png"]
                    yield Picture(
                        base64.b64decode("".join(png)),
                        about["alt"],
                        about["width"],
                        about["height"],
                    )
    except (ValueError, KeyError, TypeError) as error:
        raise KejistatsError(
            f"{notebook} is no executed notebook: {error}", "make it anew"
        ) from None
