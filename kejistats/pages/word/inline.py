"""Inline content of paragraphs: text, emphasis, status, images, links within the page."""

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
from kejistats.pages.word.wordml import make_element

# Colours of statuses, as in the page's print style.
_STATUS_COLOURS = {
    "done": "00497A", "ahead": "00543D", "on_pace": "00543D",
    "near": "664400", "slow": "664400", "behind": "8F3100",
}  # fmt: skip
_MUTED_COLOURS = dict.fromkeys(("not_due", "masked", "missing", "no_target", "no_pace"), "444444")
# Classes left out of a Word document, which is paper of full width: what the page prints on narrow
# paper only, what repeats a heading, and what is for the screen only.
_HIDDEN_CLASSES = {"on-paper", "folded", "screen"}
_SPACE = re.compile(r"[ \t\r\n\f]+")
_PIXELS_PER_INCH = 96  # to the inch


@dataclass(frozen=True)
class RunFormat:
    """Formatting of a run of text.

    Parameters
    ----------
    font
        Font of emphasis: 黑体, as Chinese fonts have no bold cut, or 楷体 for a heading that runs
        into its paragraph; empty for the paragraph's own.
    colour
        Six hexadecimal digits; empty for black.
    raised
        1 for superscript, -1 for subscript, else 0.
    anchor
        Id of the element in the page that the text links to; empty for no link.
    preformatted
        Whether spaces and line ends are kept.
    """

    font: str = ""
    colour: str = ""
    raised: int = 0
    anchor: str = ""
    preformatted: bool = False


@dataclass
class InlineContent:
    """The inline content of a paragraph, with spaces collapsed as in a browser.

    Parameters
    ----------
    parts
        Text, an image element, or None for a line break, each with its format.
    """

    parts: list[tuple[str | Tag | None, RunFormat]] = field(default_factory=list)

    def add(
        self, nodes: Iterable[PageElement], run_format: RunFormat = RunFormat()
    ) -> InlineContent:
        """Append the content of nodes."""
        for node in nodes:
            if isinstance(node, PreformattedString):
                continue  # comments
            if isinstance(node, NavigableString):
                self._text(str(node), run_format)
            elif isinstance(node, Tag):
                self._tag(node, run_format)
        return self

    def _tag(self, tag: Tag, run_format: RunFormat) -> None:
        if is_hidden(tag):
            return
        if tag.name == "br":
            self._trim_end()
            self.parts.append((None, run_format))
            return
        if tag.name == "img":
            self.parts.append((tag, run_format))
            return
        classes = classes_of(tag)
        if "status" in classes and tag.name == "span":
            # The page separates it from the name by a margin.
            self._text(" ", run_format)
        run_format = replace(
            run_format,
            font=font_of(tag) or run_format.font,
            colour=colour_of(classes) or run_format.colour,
            raised={"sup": 1, "sub": -1}.get(tag.name, run_format.raised),
            anchor=_anchor_of(tag) or run_format.anchor,
        )
        self.add(tag.children, run_format)

    def _text(self, text: str, run_format: RunFormat) -> None:
        if run_format.preformatted:
            for number, line in enumerate(text.split("\n")):
                if number:
                    self.parts.append((None, run_format))
                self.parts.append((line, run_format))
            return
        text = _SPACE.sub(" ", text)
        last = self.parts[-1][0] if self.parts else None
        if last is None or (isinstance(last, str) and last.endswith(" ")):
            text = text.removeprefix(" ")
        if text and isinstance(last, str) and self.parts[-1][1] == run_format:
            # Merged into one run, so that line breaks are left to Word.
            self.parts[-1] = (last + text, run_format)
        elif text:
            self.parts.append((text, run_format))

    def _trim_end(self) -> None:
        if self.parts and isinstance(self.parts[-1][0], str) and not self.parts[-1][1].preformatted:
            text, run_format = self.parts.pop()
            if text := str(text).removesuffix(" "):
                self.parts.append((text, run_format))

    def trimmed(self) -> list[tuple[str | Tag | None, RunFormat]]:
        """Return the parts without trailing spaces and line breaks."""
        self._trim_end()
        while self.parts and self.parts[-1][0] is None:
            self.parts.pop()
            self._trim_end()
        return self.parts

    def split(self) -> list[InlineContent]:
        """Split the content into lines."""
        lines = [InlineContent()]
        for part, run_format in self.trimmed():
            if part is None:
                lines.append(InlineContent())
            else:
                lines[-1].parts.append((part, run_format))
        return lines

    def lines(self) -> list[str]:
        """Return the text line by line."""
        return ["".join(p for p, _ in line.parts if isinstance(p, str)) for line in self.split()]


def classes_of(tag: Tag) -> list[str]:
    """Return the classes of an element."""
    return list(tag.get_attribute_list("class")) if tag.get("class") else []


def is_hidden(tag: Tag) -> bool:
    """Tell whether an element is left out of Word documents."""
    return not _HIDDEN_CLASSES.isdisjoint(classes_of(tag))


def colour_of(classes: list[str]) -> str:
    """Return the colour of the status named by a class; empty for none."""
    return next(
        (colour for c in classes if (colour := (_STATUS_COLOURS | _MUTED_COLOURS).get(c))), ""
    )


def font_of(tag: Tag) -> str:
    """Return the font of bold text, run-in headings and judged statuses; empty for other elements."""
    classes = classes_of(tag)
    if "run" in classes:
        return SUBHEADING
    judged = "status" in classes and not _MUTED_COLOURS.keys() & classes
    return HEADING if judged or tag.name in ("strong", "b") else ""


def _anchor_of(tag: Tag) -> str:
    """Return the id that a link within the page leads to; empty for other elements."""
    href = str(tag.get("href") or "")
    return href[1:] if tag.name == "a" and href.startswith("#") else ""


class Writer:
    """Writes inline content into paragraphs of a document, with its images and bookmarks.

    Parameters
    ----------
    document
        The document.
    targets
        Ids that links of the page lead to.
    """

    def __init__(self, document: Document, targets: list[str]) -> None:
        self._document = document
        # Word limits a bookmark's name to 40 letters and digits, so they are numbered.
        self._names = {name: f"k{number}" for number, name in enumerate(targets, 1)}
        self._images = 0

    def write(
        self, paragraph: Any, content: InlineContent, max_size: tuple[int, int], size: int = 0
    ) -> None:
        """Write inline content into a paragraph element.

        Parameters
        ----------
        paragraph
            The paragraph element.
        content
            What to write.
        max_size
            Largest width and height of an image, in EMU.
        size
            Font size in half points; 0 for that of the paragraph's style.
        """
        for part, run_format in content.trimmed():
            run = make_element("r")
            if run_format.anchor in self._names:
                paragraph.append(
                    make_element("hyperlink", run, anchor=self._names[run_format.anchor], history=1)
                )
            else:
                paragraph.append(run)
            docx_run = Run(run, Paragraph(paragraph, self._document))
            if isinstance(part, Tag):
                self._image(docx_run, part, max_size)
                continue
            if part is None:
                docx_run.add_break()
            else:
                docx_run.text = part
            if size:
                docx_run.font.size = Pt(size / 2)
            if run_format.font:
                set_fonts(run.get_or_add_rPr(), run_format.font)
            if run_format.colour:
                docx_run.font.color.rgb = RGBColor.from_string(run_format.colour)
            if run_format.raised:
                docx_run.font.superscript, docx_run.font.subscript = (
                    run_format.raised > 0,
                    run_format.raised < 0,
                )

    def add_bookmarks(self, paragraph: Any, tags: Iterator[Tag]) -> None:
        """Insert bookmarks at a paragraph's start for those elements that links lead to."""
        for tag in tags:
            name = self._names.get(str(tag.get("id") or ""))
            if name:
                number = int(name[1:])
                position = 1 if paragraph.pPr is not None else 0
                paragraph.insert(position, make_element("bookmarkEnd", id=number))
                paragraph.insert(position, make_element("bookmarkStart", id=number, name=name))

    def _image(self, run: Run, tag: Tag, max_size: tuple[int, int]) -> None:
        head, _, data = str(tag.get("src") or "").partition(",")
        alt = str(tag.get("alt") or "")
        if not head.startswith("data:") or not head.endswith(";base64"):
            raise KejistatsError(
                f"an image is not embedded in the page: {str(tag.get('src'))[:60]}",
                "embed images in the page as data: URIs",
            )
        if "svg" in head:
            raise KejistatsError(f"an image of the page is SVG: {alt}", "output it as PNG")
        shape = run.add_picture(io.BytesIO(base64.b64decode(data)))
        width = str(tag.get("width") or "")
        natural_width = (
            int(Inches(int(width) / _PIXELS_PER_INCH)) if width.isdigit() else int(shape.width)
        )
        scale = min(min(natural_width, max_size[0]) / shape.width, max_size[1] / shape.height)
        shape.width, shape.height = round(shape.width * scale), round(shape.height * scale)
        for side in "TBLR":
            # Without it LibreOffice assumes an eighth of an inch.
            shape._inline.set(f"dist{side}", "0")
        self._images += 1
        properties = run._r.find(f".//{qn('wp:docPr')}")
        picture = run._r.find(f".//{qn('pic:cNvPr')}")
        properties.set("id", str(self._images))
        for part in (properties, picture):
            part.set("name", f"image{self._images}")
            part.set("descr", alt)
