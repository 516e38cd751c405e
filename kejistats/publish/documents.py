"""Read released pages with their bundles and charts, refusing files that have changed since."""

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
# Most charts of a page shown in a message.
MAX_CHARTS = 2
# Suffixes of the working files of a page, which are kept in the folder `work`.
BUNDLE, NOTEBOOK = "json", "ipynb"


@dataclass(frozen=True)
class Picture:
    """A chart of a brief, as its notebook drew it.

    Parameters
    ----------
    png
        The image.
    alt
        Alternative text: what the chart shows, in words.
    width, height
        Size in CSS pixels.
    """

    png: bytes
    alt: str
    width: int
    height: int

    @cached_property
    def digest(self) -> str:
        """Digest of the image, from which its content id is made."""
        return hashlib.sha256(self.png).hexdigest()[:24]

    @property
    def cid(self) -> str:
        """Content-ID by which the HTML part of a message refers to it."""
        return f"{self.digest}@kejistats"


@dataclass(frozen=True)
class PageFiles:
    """The paths of the files of one page.

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

    def path(self, suffix: str) -> Path:
        """Return the path of the page's ``html``, ``pdf``, ``docx``, `BUNDLE` or `NOTEBOOK`."""
        folder = self.folder / "work" if suffix in (BUNDLE, NOTEBOOK) else self.folder
        return folder / f"{self.stem}.{suffix}"

    @property
    def bundle(self) -> Path:
        """The path of the bundle."""
        return self.path(BUNDLE)

    @property
    def attachment(self) -> str:
        """Name of an attachment without its suffix, in ASCII because others arrive garbled."""
        return f"{self.key}-{self.checkpoint}"


@dataclass(frozen=True)
class Document:
    """One released page, ready to be mailed.

    Parameters
    ----------
    key
        District code or ``overview``.
    release
        Its entry in the release record.
    bundle
        Its data.
    pictures
        Its first charts, in their order.
    files
        Name and content of each file to attach.
    """

    key: str
    release: Release
    bundle: Bundle
    pictures: tuple[Picture, ...]
    files: tuple[tuple[str, bytes], ...]


def read_document(
    files: PageFiles, release: Release, formats: tuple[str, ...] = ("html",)
) -> Document:
    """Read a released page with everything a message shows of it.

    Parameters
    ----------
    files
        The paths of its files.
    release
        Its entry in the release record.
    formats
        The formats to attach, of `FORMATS`.

    Raises
    ------
    KejistatsError
        When a file is missing or has changed since it was finalised: drafts are never mailed.
    """
    contents = {
        suffix: _read_final(files, release, suffix) for suffix in (BUNDLE, NOTEBOOK, *formats)
    }
    bundle = Bundle(json.loads(contents.pop(BUNDLE)))
    if not bundle.content.get("final"):
        raise KejistatsError(f"{files.stem} is a draft", "run kejistats finalise")
    charts = tuple(islice(read_pictures(files.path(NOTEBOOK), contents.pop(NOTEBOOK)), MAX_CHARTS))
    attached = tuple(
        (f"{files.attachment}.{suffix}", content) for suffix, content in contents.items()
    )
    return Document(files.key, release, bundle, charts, attached)


def _read_final(files: PageFiles, release: Release, suffix: str) -> bytes:
    """Read a file; refuse it if it has changed since it was finalised."""
    path = files.path(suffix)
    remedy = f"run kejistats finalise for {files.checkpoint} again"
    if suffix not in release.files or not path.is_file():
        option = f" with --{suffix}" if suffix in ("pdf", "docx") else ""
        raise KejistatsError(f"{files.stem}: there is no final .{suffix}", remedy + option)
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != release.files[suffix]:
        raise KejistatsError(f"{path} is not the file that was finalised", remedy)
    return content


def read_pictures(notebook: Path, content: bytes) -> Iterator[Picture]:
    """Yield the charts among the outputs of an executed notebook.

    Raises
    ------
    KejistatsError
        When the file is not an executed notebook.
    """
    try:
        cells: list[dict[str, Any]] = json.loads(content)["cells"]
        for cell in cells:
            for output in cell.get("outputs", []):
                if png := output.get("data", {}).get("image/png"):
                    metadata = output["metadata"]["image/png"]
                    yield Picture(
                        base64.b64decode("".join(png)),
                        metadata["alt"],
                        metadata["width"],
                        metadata["height"],
                    )
    except (ValueError, KeyError, TypeError) as error:
        raise KejistatsError(
            f"{notebook} is not an executed notebook: {error}", "make the page again"
        ) from None
