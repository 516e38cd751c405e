"""Convert a page's element tree block by block into a Word document."""

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

from kejistats.pages.word.inline import (
    InlineContent,
    RunFormat,
    Writer,
    classes_of,
    colour_of,
    is_hidden,
)
from kejistats.pages.word.styles import (
    HEADING,
    LANDSCAPE_IMAGE_HEIGHT,
    LANDSCAPE_TEXT_WIDTH,
    MAX_IMAGE_HEIGHT,
    TEXT_WIDTH,
    Lists,
    set_paper,
    set_up_document,
    write_header,
)
from kejistats.pages.word.word_table import make_table, needs_landscape
from kejistats.pages.word.wordml import make_element

_HEADINGS = {"h1": "Title", "h2": "Heading1", "h3": "Heading2", "h4": "Heading3",
             "h5": "Heading3", "h6": "Heading3", "summary": "Heading2"}  # fmt: skip
# Styles of paragraphs by class.
_STYLES = {
    "meta": "Subtitle", "field": "Field", "sample": "RemarkBox", "remark": "Remark",
    "made": "Remark", "label": "Remark",
}  # fmt: skip
# Justified text: Word would stretch a line that ends in a break, so each line is a paragraph.
_LINE_STYLES = {"BodyText", "ListNumber", "ListBullet"}
_PARAGRAPHS = {"p", "figcaption", "dt", "dd", "footer"} | set(_HEADINGS)
_BLOCKS = _PARAGRAPHS | {
    "ol", "ul", "li", "table", "figure", "pre", "section", "div", "header", "main", "details",
    "article", "aside", "nav", "blockquote", "dl", "hr",
}  # fmt: skip
_SKIPPED = {"script", "style", "template", "hr"}
# A fixed date in the document's properties, so that the same page gives the same bytes.
_FIXED_DATE = datetime(2000, 1, 1)  # noqa: DTZ001  # python-docx takes it as UTC
_FIXED_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


def build_docx(html: str) -> bytes:
    """Return a page as a Word document; see `kejistats.pages.word.make_docx`."""
    soup = BeautifulSoup(html, "html.parser")
    root = soup.body or soup
    document = Document()
    set_up_document(document)
    links = [str(a["href"])[1:] for a in root.select('a[href^="#"]')]
    ids = {str(tag["id"]) for tag in root.find_all(id=True)}
    targets = [name for name in dict.fromkeys(links) if name in ids]
    sample = root.select_one(".sample strong")
    if sample:
        write_header(document.sections[0], sample.get_text())
    _Converter(document, Writer(document, targets)).page(root)
    title = soup.title.get_text() if soup.title else ""
    _set_properties(document, title, str(soup.html.get("lang") if soup.html else "zh-CN"))
    return _save_reproducibly(document)


class _Converter:
    """Appends the blocks of a page to a document.

    Parameters
    ----------
    document
        The document, empty.
    writer
        The writer of its paragraphs.
    """

    def __init__(self, document: Any, writer: Writer) -> None:
        self._document = document
        self._writer = writer
        self._lists = Lists(document)
        self._landscape = False
        self._page_break_due = False
        self._style = "BodyText"  # of paragraphs without a style of their own
        self._figures: list[Tag] = []  # waiting, to be set two in a row
        self._bookmarked: list[Tag] = []  # elements whose first paragraph is still to be written

    def page(self, root: Tag) -> None:
        """Convert the whole page."""
        self.blocks(root)
        self._write_figures()

    def blocks(self, parent: Tag) -> None:
        """Convert the content of an element."""
        inline: list[PageElement] = []
        for node in parent.children:
            if isinstance(node, PreformattedString):
                continue
            if not isinstance(node, Tag) or node.name not in _BLOCKS | _SKIPPED:
                inline.append(node)
                continue
            if is_hidden(node):
                continue
            self._text(inline)
            inline = []
            if node.name == "figure" and not node.find("figcaption"):
                self._figures.append(node)
            elif node.name not in _SKIPPED:
                self._block(node)
        self._text(inline)

    def _text(self, nodes: list[PageElement]) -> None:
        """Write inline nodes outside any paragraph as one."""
        if any(isinstance(n, Tag) or str(n).strip() for n in nodes):
            self._write_figures()
            self._paragraph(InlineContent().add(nodes), self._style)

    def _block(self, tag: Tag) -> None:
        self._write_figures()
        if tag.get("id"):
            self._bookmarked.append(tag)
        if tag.name == "section":
            self._set_orientation(any(needs_landscape(t) for t in tag.find_all("table")))
        if "notes" in classes_of(tag):
            self._page_break_due = True
        if tag.name == "table":
            self._table(tag)
        elif tag.name in ("ol", "ul"):
            self._list(tag)
        elif tag.name == "figure":
            self._figure(tag)
        elif tag.name == "pre":
            self._paragraph(
                InlineContent().add(tag.children, RunFormat(preformatted=True)), "PlainText"
            )
        elif tag.name in _PARAGRAPHS and not any(tag.find_all(_BLOCKS)):
            self._simple_paragraph(tag)
        else:
            outer, self._style = self._style, _style_of(tag) or self._style
            self.blocks(tag)
            self._style = outer

    def _set_orientation(self, landscape: bool) -> None:
        """Start a section where the orientation changes."""
        if landscape != self._landscape:
            self._landscape = landscape
            # The section break ends what was written in the other orientation.
            body = self._document.element.body
            section = (
                self._document.add_section(WD_SECTION.NEW_PAGE)
                if len(body) > 1
                else self._document.sections[-1]
            )
            set_paper(section, landscape=landscape)

    def _simple_paragraph(self, tag: Tag) -> None:
        classes = classes_of(tag)
        run_format = RunFormat(
            font=HEADING if "conclusion" in classes else "", colour=colour_of(classes)
        )
        self._paragraph(
            InlineContent().add(tag.children, run_format), _style_of(tag) or self._style, tag
        )

    def _paragraph(
        self,
        content: InlineContent,
        style: str,
        tag: Tag | None = None,
        *,
        list_: int = 0,
        images: int = 1,
    ) -> None:
        properties = make_element("pPr", make_element("pStyle", val=style))
        if self._page_break_due:
            properties.append(make_element("pageBreakBefore"))
            self._page_break_due = False
        if list_:
            properties.append(
                make_element("numPr", make_element("ilvl", val=0), make_element("numId", val=list_))
            )
        paragraph = make_element("p", properties)
        self._append(paragraph)
        first, *rest = content.split() if style in _LINE_STYLES else [content]
        width, height = (
            (LANDSCAPE_TEXT_WIDTH, LANDSCAPE_IMAGE_HEIGHT)
            if self._landscape
            else (TEXT_WIDTH, MAX_IMAGE_HEIGHT)
        )
        # One millimetre is left free, or two images would not fit beside each other.
        self._writer.write(paragraph, first, (width // images - Mm(1), height))
        inner = tag.find_all(id=True) if tag else []
        self._writer.add_bookmarks(paragraph, iter([*self._bookmarked, *inner]))
        self._bookmarked = []
        for line in rest:
            self._paragraph(line, "BodyText")

    def _append(self, element: Any) -> None:
        self._document.element.body.insert_element_before(element, "w:sectPr")

    def _list(self, tag: Tag) -> None:
        style = "ListNumber" if tag.name == "ol" else "ListBullet"
        if "sources" in classes_of(tag):
            style = "ListNote"
        start = str(tag.get("start") or "1")
        list_id = self._lists.new(style, int(start) if start.isdigit() else 1)
        for item in tag.find_all("li", recursive=False):
            inline: list[PageElement] = []
            blocks: list[Tag] = []
            for node in _item_content(item):
                if blocks or (isinstance(node, Tag) and node.name in _BLOCKS - {"p"}):
                    blocks += [node] if isinstance(node, Tag) else []
                else:
                    inline.append(node)
            if item.get("id"):
                self._bookmarked.append(item)
            self._paragraph(InlineContent().add(inline), style, item, list_=list_id)
            for block in blocks:
                self._block(block)

    def _figure(self, tag: Tag) -> None:
        caption = tag.find("figcaption")
        inner = [n for n in tag.children if n is not caption]
        self._paragraph(InlineContent().add(inner), "Figure", tag)
        if isinstance(caption, Tag):
            self._simple_paragraph(caption)

    def _write_figures(self) -> None:
        """Write the waiting figures, two in a row."""
        figures, self._figures = self._figures, []
        for row in zip(figures[::2], [*figures[1::2], None], strict=False):
            images = [n for figure in row if figure for n in figure.find_all("img")]
            self._paragraph(InlineContent().add(images), "Figure", images=min(2, len(figures)))

    def _table(self, tag: Tag) -> None:
        if not tag.find("tr"):
            return
        caption = tag.find("caption")
        if isinstance(caption, Tag) and not is_hidden(caption):
            self._paragraph(InlineContent().add(caption.children), "Caption", caption)
        self._append(make_table(tag, self._writer, landscape=self._landscape))
        # An empty paragraph keeps Word from joining adjacent tables.
        properties = make_element(
            "pPr",
            make_element("pStyle", val="Remark"),
            make_element("spacing", line=120, lineRule="exact"),
        )
        self._append(make_element("p", properties))


def _style_of(tag: Tag) -> str:
    """Return the paragraph style of an element by its name or class; empty for none."""
    if tag.name == "summary" and tag.parent and tag.parent.select_one("caption.folded"):
        return "Caption"  # it stands for the table's folded caption
    by_name = _HEADINGS.get(tag.name) or {"footer": "RemarkBox", "figcaption": "Caption"}.get(
        tag.name
    )
    return by_name or next((_STYLES[c] for c in classes_of(tag) if c in _STYLES), "")


def _item_content(item: Tag) -> Iterator[PageElement]:
    """Yield the content of a list item, its paragraphs separated by line breaks."""
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


def _set_properties(document: Any, title: str, language: str) -> None:
    """Set title and language; leave out author and date."""
    properties = document.core_properties
    properties.title, properties.language = title[:255], language
    properties.author = properties.last_modified_by = properties.comments = ""
    properties.created = properties.modified = _FIXED_DATE
    properties.revision = 1


def _save_reproducibly(document: Any) -> bytes:
    """Save a document with fixed times in the package, so that the bytes are reproducible."""
    saved, result = io.BytesIO(), io.BytesIO()
    document.save(saved)
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(result, "w") as target:
        for name in source.namelist():
            info = zipfile.ZipInfo(name, _FIXED_ZIP_DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(info, source.read(name))
    return result.getvalue()
