"""Paper, fonts, paragraph styles and lists of an official document (GB/T 9704-2012)."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from docx.document import Document
from docx.enum.section import WD_ORIENT
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml.ns import qn
from docx.section import Section
from docx.shared import Mm, Pt
from docx.styles.style import ParagraphStyle

from kejistats.pages.word.wordml import field, make_element

WESTERN = "Times New Roman"
TITLE, BODY, HEADING, SUBHEADING = "方正小标宋简体", "仿宋", "黑体", "楷体"
TEXT_WIDTH, LANDSCAPE_TEXT_WIDTH = Mm(156), Mm(225)
# The text of a portrait page is 225 mm high, of a landscape page 156 mm; an image leaves a line or
# two of it.
MAX_IMAGE_HEIGHT, LANDSCAPE_IMAGE_HEIGHT = Mm(205), Mm(136)

_INDENT = 200  # hundredths of a character
_LEFT, _CENTRE = WD_ALIGN_PARAGRAPH.LEFT, WD_ALIGN_PARAGRAPH.CENTER
_JUSTIFY, _RIGHT = WD_ALIGN_PARAGRAPH.JUSTIFY, WD_ALIGN_PARAGRAPH.RIGHT

# Name, font, size in points, exact line height in points (0: as the content needs), alignment,
# first line indented or not. 22 is 二号, 16 三号, 14 四号, 10.5 五号, 9 小五.
_STYLES: list[tuple[str, str, float, float, WD_ALIGN_PARAGRAPH, bool]] = [
    ("Normal", BODY, 16, 28, _JUSTIFY, False),
    ("Title", TITLE, 22, 36, _CENTRE, False),
    ("Subtitle", SUBHEADING, 16, 28, _CENTRE, False),
    ("Heading 1", HEADING, 16, 28, _JUSTIFY, True),
    ("Heading 2", SUBHEADING, 16, 28, _JUSTIFY, True),
    ("Heading 3", BODY, 16, 28, _JUSTIFY, True),
    ("Body Text", BODY, 16, 28, _JUSTIFY, True),
    ("List Number", BODY, 16, 28, _JUSTIFY, True),
    ("List Bullet", BODY, 16, 28, _JUSTIFY, True),
    ("List Note", BODY, 10.5, 18, _LEFT, False),
    ("Caption", HEADING, 10.5, 18, _CENTRE, False),
    ("Header", BODY, 10.5, 14, _RIGHT, False),
    ("Footer", "宋体", 14, 18, _LEFT, False),
    ("Figure", BODY, 10.5, 0, _CENTRE, False),
    ("Table Text", BODY, 9, 12, _LEFT, False),
    ("Remark", BODY, 10.5, 18, _LEFT, False),
    ("Plain Text", BODY, 10.5, 18, _LEFT, False),
    ("Remark Box", BODY, 10.5, 18, _LEFT, False),
    ("Field", SUBHEADING, 16, 28, _LEFT, False),
]
_BOXED = {"Field": "dashed", "Remark Box": "single"}


def set_up_document(document: Document) -> None:
    """Set the paper, styles, language and page numbers of a new document."""
    for name, font, size, line, alignment, indented in _STYLES:
        _define_style(document, name, font, size, line, alignment, indented)
    for name, border in _BOXED.items():
        properties = document.styles[name].element.get_or_add_pPr()
        properties.extend(_border_properties(border))
        _sort_properties(properties)
    defaults = document.styles.element.find(qn("w:docDefaults")).find(f".//{qn('w:rPr')}")
    language = defaults.find(qn("w:lang"))
    for kind in ("val", "eastAsia"):
        language.set(qn(f"w:{kind}"), "zh-CN" if kind == "eastAsia" else "en-US")
    set_paper(document.sections[0], landscape=False)
    document.settings.odd_and_even_pages_header_footer = True
    _page_numbers(document.sections[0])


def _define_style(
    document: Document,
    name: str,
    font: str,
    size: float,
    line: float,
    alignment: WD_ALIGN_PARAGRAPH,
    indented: bool,
) -> None:
    styles = document.styles
    if name not in styles:
        styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    style = cast("ParagraphStyle", styles[name])
    if name != "Normal":
        style.base_style = styles["Normal"]
    # Borders, colours, theme fonts and lists of python-docx's template belong to another layout.
    for tag in ("w:rPr", "w:pPr"):
        for inherited in style.element.findall(qn(tag)):
            style.element.remove(inherited)
    style.font.size = Pt(size)
    style.font.bold = name == "Heading 3"
    set_fonts(style.element.get_or_add_rPr(), font)
    paragraph_format = style.paragraph_format
    paragraph_format.alignment = alignment
    paragraph_format.space_before = paragraph_format.space_after = Pt(
        6 if name in ("Figure", "Remark Box") else 0
    )
    paragraph_format.keep_with_next = name.startswith(("Heading", "Caption"))
    paragraph_format.widow_control = True
    if line:
        paragraph_format.line_spacing_rule = WD_LINE_SPACING.EXACTLY
        paragraph_format.line_spacing = Pt(line)
    else:
        paragraph_format.line_spacing = 1.0
    properties = style.element.get_or_add_pPr()
    if indented:
        properties.append(
            make_element("ind", firstLineChars=_INDENT, firstLine=round(size * 20 * _INDENT / 100))
        )
    if name == "Table Text":
        # Otherwise Word puts a quarter of a character between figures and units.
        properties.extend([make_element("autoSpaceDE", val=0), make_element("autoSpaceDN", val=0)])
    if name.startswith("Heading"):
        properties.append(make_element("outlineLvl", val=int(name[-1]) - 1))
    _sort_properties(properties)


# The order of child elements that the schema of WordprocessingML requires.
_ORDER = [
    "pStyle", "keepNext", "keepLines", "pageBreakBefore", "widowControl", "numPr", "pBdr", "shd",
    "wordWrap", "autoSpaceDE", "autoSpaceDN", "spacing", "ind", "jc", "outlineLvl",
]  # fmt: skip


def _sort_properties(properties: Any) -> None:
    """Sort child elements into the order that the schema requires."""
    order = {qn(f"w:{name}"): position for position, name in enumerate(_ORDER)}
    properties[:] = sorted(properties, key=lambda child: order[child.tag])


def set_fonts(properties: Any, font: str) -> None:
    """Set the Chinese font, and the western font beside it, in run properties."""
    fonts = properties.get_or_add_rFonts()
    for kind in ("ascii", "hAnsi", "cs"):
        fonts.set(qn(f"w:{kind}"), WESTERN)
    fonts.set(qn("w:eastAsia"), font)


def _border_properties(line: str) -> list[Any]:
    sides = [make_element(s, val=line, sz=6, space=4, color="666666") for s in
             ("top", "left", "bottom", "right")]  # fmt: skip
    return [
        make_element("pBdr", *sides),
        make_element("shd", val="clear", color="auto", fill="F2F2F2"),
        make_element("ind", left=100, right=100),  # the border is drawn outside the text
    ]


def set_paper(section: Section, *, landscape: bool) -> None:
    """Set A4 portrait, or landscape with its top at the binding edge for wide tables."""
    section.orientation = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT
    paper = (Mm(297), Mm(210)) if landscape else (Mm(210), Mm(297))
    section.page_width, section.page_height = paper
    margins = (28, 37, 26, 35) if landscape else (37, 26, 35, 28)
    section.top_margin, section.right_margin, section.bottom_margin, section.left_margin = (
        Mm(margin) for margin in margins
    )
    section.header_distance = Mm(15)
    # The page number is 7 mm below the text.
    section.footer_distance = Mm(margins[2] - 13)


def _page_numbers(section: Section) -> None:
    """Write — 1 — at the outer edge: right on odd pages, left on even ones."""
    for footer, alignment in ((section.footer, _RIGHT), (section.even_page_footer, _LEFT)):
        paragraph = footer.paragraphs[0]
        paragraph.alignment = alignment
        properties = paragraph._p.get_or_add_pPr()
        properties.append(make_element("ind", leftChars=100, left=280, rightChars=100, right=280))
        _sort_properties(properties)
        paragraph.add_run("— ")
        paragraph._p.extend(field("PAGE"))
        paragraph.add_run(" —")


def write_header(section: Section, text: str) -> None:
    """Write a text into the header of every page."""
    for header in (section.header, section.even_page_header):
        header.paragraphs[0].text = text


class Lists:
    """The numbering of a document's lists; every list starts anew.

    Parameters
    ----------
    document
        The document.
    """

    # By the style of the items: number format, label before each item, and its indent.
    _KINDS: ClassVar = {
        "ListNumber": ("decimal", "%1.", {"left": 0, "firstLineChars": _INDENT, "firstLine": 640}),
        "ListBullet": ("bullet", "·", {"left": 0, "firstLineChars": _INDENT, "firstLine": 640}),
        "ListNote": ("decimal", "注%1", {"left": 0}),
    }

    def __init__(self, document: Document) -> None:
        self._numbering = document.part.numbering_part.element
        for old in list(self._numbering):
            self._numbering.remove(old)
        # Abstract definitions must come before the lists that use them.
        for number, (kind, text, indent) in enumerate(self._KINDS.values()):
            level = make_element(
                "lvl",
                make_element("start", val=1),
                make_element("numFmt", val=kind),
                make_element("suff", val="space"),
                make_element("lvlText", val=text),
                make_element("lvlJc", val="left"),
                make_element("pPr", make_element("ind", **indent)),
                ilvl=0,
            )
            parts = (make_element("multiLevelType", val="singleLevel"), level)
            self._numbering.append(make_element("abstractNum", *parts, abstractNumId=number))
        self._count = 0

    def new(self, style: str, start: int = 1) -> int:
        """Start a list and return the numId that its items carry.

        Parameters
        ----------
        style
            Style of the items: ``ListNumber``, ``ListBullet`` or ``ListNote``.
        start
            Number of the first item.
        """
        self._count += 1
        self._numbering.append(
            make_element(
                "num",
                make_element("abstractNumId", val=list(self._KINDS).index(style)),
                make_element("lvlOverride", make_element("startOverride", val=start), ilvl=0),
                numId=self._count,
            )
        )
        return self._count
