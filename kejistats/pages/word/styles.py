"""Paper, fonts, paragraphs and numbers of an official document (GB/T 9704-2012)."""

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

from kejistats.pages.word.wordml import field, make

WESTERN = "Times New Roman"
TITLE, BODY, HEADING, SUBHEADING = "方正小标宋简体", "仿宋", "黑体", "楷体"
TEXT_WIDTH, WIDE_WIDTH = Mm(156), Mm(225)
# Of the 225 mm of a page's text, and 156 mm of one that lies, a picture leaves a line or two.
TALL, WIDE_TALL = Mm(205), Mm(136)

_INDENT = 200  # hundredths of a character
_LEFT, _CENTRE = WD_ALIGN_PARAGRAPH.LEFT, WD_ALIGN_PARAGRAPH.CENTER
_JUSTIFY, _RIGHT = WD_ALIGN_PARAGRAPH.JUSTIFY, WD_ALIGN_PARAGRAPH.RIGHT

# Name, font, size in points, exact line in points (0: as high as its content), alignment,
# first line indented. 22 is 二号, 16 三号, 14 四号, 10.5 五号, 9 小五.
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


def lay_out(document: Document) -> None:
    """Give a new document its paper, styles and lists."""
    for name, font, size, line, alignment, indented in _STYLES:
        _style(document, name, font, size, line, alignment, indented)
    for name, border in _BOXED.items():
        properties = document.styles[name].element.get_or_add_pPr()
        properties.extend(_box(border))
        _sort(properties)
    defaults = document.styles.element.find(qn("w:docDefaults")).find(f".//{qn('w:rPr')}")
    language = defaults.find(qn("w:lang"))
    for kind in ("val", "eastAsia"):
        language.set(qn(f"w:{kind}"), "zh-CN" if kind == "eastAsia" else "en-US")
    set_paper(document.sections[0], wide=False)
    document.settings.odd_and_even_pages_header_footer = True
    _page_numbers(document.sections[0])


def _style(
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
    # What the template says of borders, colours, theme fonts and lists is another's layout.
    for old in ("w:rPr", "w:pPr"):
        for found in style.element.findall(qn(old)):
            style.element.remove(found)
    style.font.size = Pt(size)
    style.font.bold = name == "Heading 3"
    set_fonts(style.element.get_or_add_rPr(), font)
    form = style.paragraph_format
    form.alignment = alignment
    form.space_before = form.space_after = Pt(6 if name in ("Figure", "Remark Box") else 0)
    form.keep_with_next = name.startswith(("Heading", "Caption"))
    form.widow_control = True
    if line:
        form.line_spacing_rule = WD_LINE_SPACING.EXACTLY
        form.line_spacing = Pt(line)
    else:
        form.line_spacing = 1.0
    properties = style.element.get_or_add_pPr()
    if indented:
        properties.append(
            make("ind", firstLineChars=_INDENT, firstLine=round(size * 20 * _INDENT / 100))
        )
    if name == "Table Text":
        # Word would set figures and units apart by a quarter of a character.
        properties.extend([make("autoSpaceDE", val=0), make("autoSpaceDN", val=0)])
    if name.startswith("Heading"):
        properties.append(make("outlineLvl", val=int(name[-1]) - 1))
    _sort(properties)


# The order that the schema of WordprocessingML asks for.
_ORDER = [
    "pStyle", "keepNext", "keepLines", "pageBreakBefore", "widowControl", "numPr", "pBdr", "shd",
    "wordWrap", "autoSpaceDE", "autoSpaceDN", "spacing", "ind", "jc", "outlineLvl",
]  # fmt: skip


def _sort(properties: Any) -> None:
    rank = {qn(f"w:{name}"): place for place, name in enumerate(_ORDER)}
    properties[:] = sorted(properties, key=lambda child: rank[child.tag])


def set_fonts(properties: Any, font: str) -> None:
    """Set the Chinese font, and the western one beside it, in run properties."""
    fonts = properties.get_or_add_rFonts()
    for kind in ("ascii", "hAnsi", "cs"):
        fonts.set(qn(f"w:{kind}"), WESTERN)
    fonts.set(qn("w:eastAsia"), font)


def _box(line: str) -> list[Any]:
    sides = [make(s, val=line, sz=6, space=4, color="666666") for s in
             ("top", "left", "bottom", "right")]  # fmt: skip
    return [
        make("pBdr", *sides),
        make("shd", val="clear", color="auto", fill="F2F2F2"),
        make("ind", left=100, right=100),  # the border stands outside
    ]


def set_paper(section: Section, *, wide: bool) -> None:
    """A4 upright, or lying with its head at the binding edge, for wide tables."""
    section.orientation = WD_ORIENT.LANDSCAPE if wide else WD_ORIENT.PORTRAIT
    paper = (Mm(297), Mm(210)) if wide else (Mm(210), Mm(297))
    section.page_width, section.page_height = paper
    margins = (28, 37, 26, 35) if wide else (37, 26, 35, 28)
    section.top_margin, section.right_margin, section.bottom_margin, section.left_margin = (
        Mm(margin) for margin in margins
    )
    section.header_distance = Mm(15)
    # The number stands 7 mm below the text.
    section.footer_distance = Mm(margins[2] - 13)


def _page_numbers(section: Section) -> None:
    """Write — 1 — outside: at the right of odd pages, at the left of even ones."""
    for footer, alignment in ((section.footer, _RIGHT), (section.even_page_footer, _LEFT)):
        paragraph = footer.paragraphs[0]
        paragraph.alignment = alignment
        properties = paragraph._p.get_or_add_pPr()
        properties.append(make("ind", leftChars=100, left=280, rightChars=100, right=280))
        _sort(properties)
        paragraph.add_run("— ")
        paragraph._p.extend(field("PAGE"))
        paragraph.add_run(" —")


def write_head(section: Section, text: str) -> None:
    """Write a text in the head of every page."""
    for header in (section.header, section.even_page_header):
        header.paragraphs[0].text = text


class Lists:
    """Numbers and bullets of lists; every list begins anew.

    Parameters
    ----------
    document
        Where they are used.
    """

    # By the style of the items: what is counted, what stands before an item, and its indent.
    _KINDS: ClassVar = {
        "ListNumber": ("decimal", "%1.", {"left": 0, "firstLineChars": _INDENT, "firstLine": 640}),
        "ListBullet": ("bullet", "·", {"left": 0, "firstLineChars": _INDENT, "firstLine": 640}),
        "ListNote": ("decimal", "注%1", {"left": 0}),
    }

    def __init__(self, document: Document) -> None:
        self._numbering = document.part.numbering_part.element
        for old in list(self._numbering):
            self._numbering.remove(old)
        # Kinds of lists come before the lists.
        for number, (kind, text, indent) in enumerate(self._KINDS.values()):
            level = make(
                "lvl",
                make("start", val=1),
                make("numFmt", val=kind),
                make("suff", val="space"),
                make("lvlText", val=text),
                make("lvlJc", val="left"),
                make("pPr", make("ind", **indent)),
                ilvl=0,
            )
            parts = (make("multiLevelType", val="singleLevel"), level)
            self._numbering.append(make("abstractNum", *parts, abstractNumId=number))
        self._count = 0

    def new(self, style: str, start: int = 1) -> int:
        """Begin a list and return the number that its items carry.

        Parameters
        ----------
        style
            Of the items: ``ListNumber``, ``ListBullet`` or ``ListNote``.
        start
            Number of the first item.
        """
        self._count += 1
        self._numbering.append(
            make(
                "num",
                make("abstractNumId", val=list(self._KINDS).index(style)),
                make("lvlOverride", make("startOverride", val=start), ilvl=0),
                numId=self._count,
            )
        )
        return self._count
