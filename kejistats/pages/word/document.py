"""A page's tree, walked block by block into a Word document."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PageElement, PreformattedString, Tag
from docx import Document
from docx.enum.section import WD_SECTION
from docx.shared import Mm

from kejistats.pages.word.inline import Look, Pieces, Writer, classes_of, colour_of, is_hidden
from kejistats.pages.word.styles import (
    HEADING,
    TALL,
    TEXT_WIDTH,
    WIDE_TALL,
    WIDE_WIDTH,
    Lists,
    lay_out,
    set_paper,
    write_head,
)
from kejistats.pages.word.word_table import is_wide, table
from kejistats.pages.word.wordml import make

_HEADINGS = {"h1": "Title", "h2": "Heading1", "h3": "Heading2", "h4": "Heading3",
             "h5": "Heading3", "h6": "Heading3", "summary": "Heading2"}  # fmt: skip
# Paragraphs of these classes have their own style.
_STYLES = {
    "meta": "Subtitle", "field": "Field", "sample": "RemarkBox", "remark": "Remark",
    "made": "Remark", "label": "Remark",
}  # fmt: skip
# A line that ends early in these would be drawn apart: each line is a paragraph.
_LINES = {"BodyText", "ListNumber", "ListBullet"}
_PARAGRAPHS = {"p", "figcaption", "dt", "dd", "footer"} | set(_HEADINGS)
_BLOCKS = _PARAGRAPHS | {
    "ol", "ul", "li", "table", "figure", "pre", "section", "div", "header", "main", "details",
    "article", "aside", "nav", "blockquote", "dl", "hr",
}  # fmt: skip
_NEVER = {"script", "style", "template", "hr"}
# Word shows a date; the same page gives the same bytes, so it is always this one.
_DAY = datetime(2000, 1, 1)  # noqa: DTZ001  # python-docx takes it for UTC
_ZIP_DAY = (1980, 1, 1, 0, 0, 0)


def make_word(html: str) -> bytes:
    """Return a page as a Word document; see `kejistats.pages.word.word`."""
    soup = BeautifulSoup(html, "html.parser")
    root = soup.body or soup
    document = Document()
    lay_out(document)
    links = [str(a["href"])[1:] for a in root.select('a[href^="#"]')]
    ids = {str(tag["id"]) for tag in root.find_all(id=True)}
    targets = [name for name in dict.fromkeys(links) if name in ids]
    sample = root.select_one(".sample strong")
    if sample:
        write_head(document.sections[0], sample.get_text())
    _Walk(document, Writer(document, targets)).page(root)
    title = soup.title.get_text() if soup.title else ""
    _describe(document, title, str(soup.html.get("lang") if soup.html else "zh-CN"))
    return _same_bytes(document)


class _Walk:
    """Writes blocks at the end of a document.

    Parameters
    ----------
    document, writer
        The document and what writes into its paragraphs.
    """

    def __init__(self, document: Any, writer: Writer) -> None:
        self._document = document
        self._writer = writer
        self._lists = Lists(document)
        self._wide = False
        self._break = False
        self._style = "BodyText"  # of paragraphs that have none of their own
        self._figures: list[Tag] = []  # still to be drawn
        self._marks: list[Tag] = []  # elements whose first paragraph is still to come

    def page(self, root: Tag) -> None:
        """Write the whole page."""
        self.blocks(root)
        self._draw()

    def blocks(self, parent: Tag) -> None:
        """Write what an element contains."""
        run: list[PageElement] = []
        for node in parent.children:
            if isinstance(node, PreformattedString):
                continue
            if not isinstance(node, Tag) or node.name not in _BLOCKS | _NEVER:
                run.append(node)
                continue
            if is_hidden(node):
                continue
            self._text(run)
            run = []
            if node.name == "figure" and not node.find("figcaption"):
                self._figures.append(node)
            elif node.name not in _NEVER:
                self._block(node)
        self._text(run)

    def _text(self, nodes: list[PageElement]) -> None:
        if any(isinstance(n, Tag) or str(n).strip() for n in nodes):
            self._draw()
            self._paragraph(Pieces().add(nodes), self._style)

    def _block(self, tag: Tag) -> None:
        self._draw()
        if tag.get("id"):
            self._marks.append(tag)
        if tag.name == "section":
            self._turn(any(is_wide(t) for t in tag.find_all("table")))
        if "notes" in classes_of(tag):
            self._break = True
        if tag.name == "table":
            self._table(tag)
        elif tag.name in ("ol", "ul"):
            self._list(tag)
        elif tag.name == "figure":
            self._figure(tag)
        elif tag.name == "pre":
            self._paragraph(Pieces().add(tag.children, Look(exact=True)), "PlainText")
        elif tag.name in _PARAGRAPHS and not any(tag.find_all(_BLOCKS)):
            self._simple(tag)
        else:
            outer, self._style = self._style, _own_style(tag) or self._style
            self.blocks(tag)
            self._style = outer

    def _turn(self, wide: bool) -> None:
        if wide != self._wide:
            self._wide = wide
            # What began on the old paper ends there.
            body = self._document.element.body
            section = (
                self._document.add_section(WD_SECTION.NEW_PAGE)
                if len(body) > 1
                else self._document.sections[-1]
            )
            set_paper(section, wide=wide)

    def _simple(self, tag: Tag) -> None:
        classes = classes_of(tag)
        look = Look(font=HEADING if "conclusion" in classes else "", colour=colour_of(classes))
        self._paragraph(Pieces().add(tag.children, look), _own_style(tag) or self._style, tag)

    def _paragraph(
        self, pieces: Pieces, style: str, tag: Tag | None = None, *, list_: int = 0, images: int = 1
    ) -> None:
        form = make("pPr", make("pStyle", val=style))
        if self._break:
            form.append(make("pageBreakBefore"))
            self._break = False
        if list_:
            form.append(make("numPr", make("ilvl", val=0), make("numId", val=list_)))
        paragraph = make("p", form)
        self._append(paragraph)
        first, *rest = pieces.split() if style in _LINES else [pieces]
        width, height = (WIDE_WIDTH, WIDE_TALL) if self._wide else (TEXT_WIDTH, TALL)
        # A hair's breadth is left, or the second image of a row would not fit beside the first.
        self._writer.write(paragraph, first, (width // images - Mm(1), height))
        inner = tag.find_all(id=True) if tag else []
        self._writer.mark(paragraph, iter([*self._marks, *inner]))
        self._marks = []
        for line in rest:
            self._paragraph(line, "BodyText")

    def _append(self, element: Any) -> None:
        self._document.element.body.insert_element_before(element, "w:sectPr")

    def _list(self, tag: Tag) -> None:
        style = "ListNumber" if tag.name == "ol" else "ListBullet"
        if "sources" in classes_of(tag):
            style = "ListNote"
        start = str(tag.get("start") or "1")
        number = self._lists.new(style, int(start) if start.isdigit() else 1)
        for item in tag.find_all("li", recursive=False):
            own: list[PageElement] = []
            later: list[Tag] = []
            for node in _flat(item):
                if later or (isinstance(node, Tag) and node.name in _BLOCKS - {"p"}):
                    later += [node] if isinstance(node, Tag) else []
                else:
                    own.append(node)
            if item.get("id"):
                self._marks.append(item)
            self._paragraph(Pieces().add(own), style, item, list_=number)
            for block in later:
                self._block(block)

    def _figure(self, tag: Tag) -> None:
        caption = tag.find("figcaption")
        inner = [n for n in tag.children if n is not caption]
        self._paragraph(Pieces().add(inner), "Figure", tag)
        if isinstance(caption, Tag):
            self._simple(caption)

    def _draw(self) -> None:
        """Write the figures that follow each other, two in a row."""
        figures, self._figures = self._figures, []
        for some in zip(figures[::2], [*figures[1::2], None], strict=False):
            images = [n for figure in some if figure for n in figure.find_all("img")]
            self._paragraph(Pieces().add(images), "Figure", images=min(2, len(figures)))

    def _table(self, tag: Tag) -> None:
        if not tag.find("tr"):
            return
        caption = tag.find("caption")
        if isinstance(caption, Tag) and not is_hidden(caption):
            self._paragraph(Pieces().add(caption.children), "Caption", caption)
        self._append(table(tag, self._writer, wide=self._wide))
        # Word joins tables that touch.
        form = make(
            "pPr", make("pStyle", val="Remark"), make("spacing", line=120, lineRule="exact")
        )
        self._append(make("p", form))


def _own_style(tag: Tag) -> str:
    """Return the style that an element asks for by name or class; empty for none."""
    if tag.name == "summary" and tag.parent and tag.parent.select_one("caption.folded"):
        return "Caption"  # it is the table's
    named = _HEADINGS.get(tag.name) or {"footer": "RemarkBox", "figcaption": "Caption"}.get(
        tag.name
    )
    return named or next((_STYLES[c] for c in classes_of(tag) if c in _STYLES), "")


def _flat(item: Tag) -> Iterator[PageElement]:
    """Yield what stands in a list's item; paragraphs in it become lines."""
    first = True
    for node in item.children:
        if isinstance(node, Tag) and node.name == "p":
            if not first:
                yield Tag(name="br")
            yield from node.children
            first = False
        else:
            if not isinstance(node, NavigableString) or node.strip():
                first = False
            yield node


def _describe(document: Any, title: str, language: str) -> None:
    properties = document.core_properties
    properties.title, properties.language = title[:255], language
    properties.author = properties.last_modified_by = properties.comments = ""
    properties.created = properties.modified = _DAY
    properties.revision = 1


def _same_bytes(document: Any) -> bytes:
    """Save without the clock in the package."""
    saved, made = io.BytesIO(), io.BytesIO()
    document.save(saved)
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            info = zipfile.ZipInfo(name, _ZIP_DAY)
            info.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(info, old.read(name))
    return made.getvalue()
