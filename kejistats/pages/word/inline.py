"""What runs along in a line: text, emphasis, status, images, links within the page."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from bs4.element import NavigableString, PageElement, PreformattedString, Tag
from docx.document import Document
from docx.oxml.ns import qn
from docx.shared import Inches, Pt, RGBColor
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from kejistats.model.errors import KejistatsError
from kejistats.pages.word.styles import HEADING, SUBHEADING, set_fonts
from kejistats.pages.word.wordml import make

# The page's colours in print.
_COLOURS = {
    "done": "00497A", "ahead": "00543D", "on_pace": "00543D",
    "near": "664400", "slow": "664400", "behind": "8F3100",
}  # fmt: skip
_SOFT = dict.fromkeys(("not_due", "masked", "missing", "no_target", "no_pace"), "444444")
# What the page shows on half a sheet only, hides beside a heading that says the same, or leaves to
# the screen: a Word document is paper of full width.
_HIDDEN = {"on-paper", "folded", "screen"}
_SPACE = re.compile(r"[ \t\r\n\f]+")
_PIXELS = 96  # to the inch


@dataclass(frozen=True)
class Look:
    """How a piece of text looks.

    Parameters
    ----------
    font
        Of emphasis: 黑体, for Chinese has no bold cut, or 楷体 of a heading that runs into its
        paragraph; empty for the paragraph's own.
    colour
        Six hexadecimal digits; empty for black.
    raised
        1 above, -1 below the line.
    to
        The id in the page that it leads to.
    exact
        Spaces and line ends count.
    """

    font: str = ""
    colour: str = ""
    raised: int = 0
    to: str = ""
    exact: bool = False


@dataclass
class Pieces:
    """The pieces of a paragraph, spaces collapsed as a browser does.

    Parameters
    ----------
    parts
        Text, an image's element, or None for a new line; each with its look.
    """

    parts: list[tuple[str | Tag | None, Look]] = field(default_factory=list)

    def add(self, nodes: Iterable[PageElement], look: Look = Look()) -> Pieces:
        """Add what stands in nodes."""
        for node in nodes:
            if isinstance(node, PreformattedString):
                continue  # comments
            if isinstance(node, NavigableString):
                self._text(str(node), look)
            elif isinstance(node, Tag):
                self._tag(node, look)
        return self

    def _tag(self, tag: Tag, look: Look) -> None:
        if is_hidden(tag):
            return
        if tag.name == "br":
            self._end()
            self.parts.append((None, look))
            return
        if tag.name == "img":
            self.parts.append((tag, look))
            return
        classes = classes_of(tag)
        if "status" in classes and tag.name == "span":
            # The page parts it from the name by a margin.
            self._text(" ", look)
        look = replace(
            look,
            font=font_of(tag) or look.font,
            colour=colour_of(classes) or look.colour,
            raised={"sup": 1, "sub": -1}.get(tag.name, look.raised),
            to=_target(tag) or look.to,
        )
        self.add(tag.children, look)

    def _text(self, text: str, look: Look) -> None:
        if look.exact:
            for number, line in enumerate(text.split("\n")):
                if number:
                    self.parts.append((None, look))
                self.parts.append((line, look))
            return
        text = _SPACE.sub(" ", text)
        last = self.parts[-1][0] if self.parts else None
        if last is None or (isinstance(last, str) and last.endswith(" ")):
            text = text.removeprefix(" ")
        if text and isinstance(last, str) and self.parts[-1][1] == look:
            # Where a cell may be broken is left to Word.
            self.parts[-1] = (last + text, look)
        elif text:
            self.parts.append((text, look))

    def _end(self) -> None:
        if self.parts and isinstance(self.parts[-1][0], str) and not self.parts[-1][1].exact:
            text, look = self.parts.pop()
            if text := str(text).removesuffix(" "):
                self.parts.append((text, look))

    def done(self) -> list[tuple[str | Tag | None, Look]]:
        """Return the pieces without space or line ends at either end."""
        self._end()
        while self.parts and self.parts[-1][0] is None:
            self.parts.pop()
            self._end()
        return self.parts

    def split(self) -> list[Pieces]:
        """Return one for each line."""
        lines = [Pieces()]
        for part, look in self.done():
            if part is None:
                lines.append(Pieces())
            else:
                lines[-1].parts.append((part, look))
        return lines

    def lines(self) -> list[str]:
        """Return the text line by line."""
        return ["".join(p for p, _ in line.parts if isinstance(p, str)) for line in self.split()]


def classes_of(tag: Tag) -> list[str]:
    """Return the classes of an element."""
    return list(tag.get_attribute_list("class")) if tag.get("class") else []


def is_hidden(tag: Tag) -> bool:
    """Say whether an element is not for a Word document."""
    return not _HIDDEN.isdisjoint(classes_of(tag))


def colour_of(classes: list[str]) -> str:
    """Return the colour of a status among classes; empty without one."""
    return next((colour for c in classes if (colour := (_COLOURS | _SOFT).get(c))), "")


def font_of(tag: Tag) -> str:
    """Return the font of emphasis: of bold text, of a status that is judged; empty for none."""
    classes = classes_of(tag)
    if "run" in classes:
        return SUBHEADING
    judged = "status" in classes and not _SOFT.keys() & classes
    return HEADING if judged or tag.name in ("strong", "b") else ""


def _target(tag: Tag) -> str:
    href = str(tag.get("href") or "")
    return href[1:] if tag.name == "a" and href.startswith("#") else ""


class Writer:
    """Writes pieces into paragraphs of one document, with its images and bookmarks.

    Parameters
    ----------
    document
        The document.
    targets
        Ids that links of the page lead to.
    """

    def __init__(self, document: Document, targets: list[str]) -> None:
        self._document = document
        # A bookmark's name has at most 40 letters and digits: they are numbered.
        self._names = {name: f"k{number}" for number, name in enumerate(targets, 1)}
        self._images = 0

    def write(self, paragraph: Any, pieces: Pieces, room: tuple[int, int], size: int = 0) -> None:
        """Write pieces into a paragraph's element.

        Parameters
        ----------
        paragraph
            The element.
        pieces
            What to write.
        room
            Width and height that an image may take, in EMU.
        size
            Size of the type in half points; 0 for that of the paragraph's style.
        """
        for part, look in pieces.done():
            run = make("r")
            if look.to in self._names:
                paragraph.append(make("hyperlink", run, anchor=self._names[look.to], history=1))
            else:
                paragraph.append(run)
            shown = Run(run, Paragraph(paragraph, self._document))
            if isinstance(part, Tag):
                self._image(shown, part, room)
                continue
            if part is None:
                shown.add_break()
            else:
                shown.text = part
            if size:
                shown.font.size = Pt(size / 2)
            if look.font:
                set_fonts(run.get_or_add_rPr(), look.font)
            if look.colour:
                shown.font.color.rgb = RGBColor.from_string(look.colour)
            if look.raised:
                shown.font.superscript, shown.font.subscript = look.raised > 0, look.raised < 0

    def mark(self, paragraph: Any, tags: Iterator[Tag]) -> None:
        """Put bookmarks at a paragraph's start for elements that links lead to."""
        for tag in tags:
            name = self._names.get(str(tag.get("id") or ""))
            if name:
                number = int(name[1:])
                place = 1 if paragraph.pPr is not None else 0
                paragraph.insert(place, make("bookmarkEnd", id=number))
                paragraph.insert(place, make("bookmarkStart", id=number, name=name))

    def _image(self, run: Run, tag: Tag, room: tuple[int, int]) -> None:
        head, _, data = str(tag.get("src") or "").partition(",")
        alt = str(tag.get("alt") or "")
        if not head.startswith("data:") or not head.endswith(";base64"):
            raise KejistatsError(
                f"an image is not in the page: {str(tag.get('src'))[:60]}",
                "put images into the page as data: URIs",
            )
        if "svg" in head:
            raise KejistatsError(f"an image of the page is SVG: {alt}", "show it as PNG")
        shape = run.add_picture(io.BytesIO(base64.b64decode(data)))
        width = str(tag.get("width") or "")
        wanted = int(Inches(int(width) / _PIXELS)) if width.isdigit() else int(shape.width)
        scale = min(min(wanted, room[0]) / shape.width, room[1] / shape.height)
        shape.width, shape.height = round(shape.width * scale), round(shape.height * scale)
        for side in "TBLR":
            # LibreOffice takes what is not said for an eighth of an inch.
            shape._inline.set(f"dist{side}", "0")
        self._images += 1
        properties = run._r.find(f".//{qn('wp:docPr')}")
        picture = run._r.find(f".//{qn('pic:cNvPr')}")
        properties.set("id", str(self._images))
        for part in (properties, picture):
            part.set("name", f"image{self._images}")
            part.set("descr", alt)
