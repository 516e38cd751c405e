"""Pages as Word documents: the same text, in the layout of official documents."""

from __future__ import annotations

import base64
import io
import os
import sys
import zipfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.enum.section import WD_ORIENT
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from PIL import Image

from kejistats.model.errors import KejistatsError, UsageError
from kejistats.pages.pdf import make_pdf
from kejistats.pages.word import make_docx
from tests.factory import ROOT
from tests.pages.factory import Made, OnDemand, page_html, parse, text_in_word, without_spaces
from tests.workspaces import call, copy_workspace

NAMES = [
    "demo-city/900101",
    *(
        pytest.param(name, marks=pytest.mark.long)
        for name in (
            "demo-city/overview",
            "demo-city/900107",
            "provinces/540000",
            "provinces/overview",
        )
    ),
]


def png(width: int = 40, height: int = 20) -> str:
    """An image as a data URI."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), "blue").save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def open_docx(content: bytes) -> Any:
    """A Word document, read back by python-docx."""
    return docx.Document(io.BytesIO(content))


def text_of(document: Any) -> str:
    """The text of a document's body."""
    body = document.element.body
    return "".join(t.text or "" for t in body.iter(qn("w:t")))


def paragraphs(body: str) -> list[tuple[str, str]]:
    """Style and text of the paragraphs outside tables, from a page with this body."""
    return [(p.style.name, p.text) for p in open_docx(make_docx(page_html(body))).paragraphs]


@pytest.fixture(scope="module")
def documents(made: Made) -> dict[str, tuple[str, Any]]:
    """Pages as HTML with the documents made from them, by name."""

    def document(name: str) -> tuple[str, Any]:
        html = made.pages[name].read_text(encoding="utf-8")
        return html, open_docx(make_docx(html))

    return OnDemand(document)


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_the_page_says(documents: dict[str, Any], name: str) -> None:
    html, document = documents[name]

    [body] = parse(html).iter("body")
    assert without_spaces(text_of(document)) == without_spaces("".join(text_in_word(body)))


@pytest.mark.parametrize("name", NAMES)
def test_tables_repeat_their_heads_and_keep_their_rows_whole(
    documents: dict[str, Any], name: str
) -> None:
    html, document = documents[name]

    rows = list(document.element.body.iter(qn("w:tr")))
    heads = [tr for thead in parse(html).iter("thead") for tr in thead.iter("tr")]
    assert len(rows) == len(list(parse(html).iter("tr")))
    assert len(heads) == sum(row.find(f".//{qn('w:tblHeader')}") is not None for row in rows)
    assert all(row.find(f".//{qn('w:cantSplit')}") is not None for row in rows)
    for table in document.element.body.iter(qn("w:tbl")):
        grid = [int(c.get(qn("w:w"))) for c in table.iter(qn("w:gridCol"))]
        width = Mm(225) if len(grid) > 10 else Mm(156)
        assert 0.95 * width < sum(grid) * 635 <= width or sum(grid) * 635 <= Mm(225)
        for row in table.iter(qn("w:tr")):
            cells = list(row.iter(qn("w:tc")))
            spans = [int(s.get(qn("w:val"))) for s in row.iter(qn("w:gridSpan"))]
            assert len(cells) + sum(spans) - len(spans) == len(grid)


@pytest.mark.parametrize("name", NAMES)
def test_images_keep_their_texts_and_fit(documents: dict[str, Any], name: str) -> None:
    html, document = documents[name]

    alt_texts = [p.get("descr") for p in document.element.body.iter(qn("wp:docPr"))]
    assert alt_texts == [
        image.get("alt")
        for figure in parse(html).iter("figure")
        if figure.get("class") != "screen"
        for image in figure
    ]
    numbers = [p.get("id") for p in document.element.body.iter(qn("wp:docPr"))]
    assert len(set(numbers)) == len(numbers)
    assert all(shape.width <= Mm(156) for shape in document.inline_shapes)


@pytest.mark.parametrize("name", NAMES)
def test_every_list_starts_anew(documents: dict[str, Any], name: str) -> None:
    html, document = documents[name]

    used = [n.get(qn("w:val")) for n in document.element.body.iter(qn("w:numId"))]
    lists = [tag for tag in parse(html).iter() if tag.tag in ("ol", "ul")]
    lengths = [used.count(number) for number in dict.fromkeys(used)]
    assert lengths == [len([i for i in tag if i.tag == "li"]) for tag in lists]
    numbering = document.part.numbering_part.element
    starts = {
        num.get(qn("w:numId")): [s.get(qn("w:val")) for s in num.iter(qn("w:startOverride"))]
        for num in numbering.iter(qn("w:num"))
    }
    assert [starts[number] for number in dict.fromkeys(used)] == [["1"]] * len(lists)


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_to_existing_bookmarks(documents: dict[str, Any], name: str) -> None:
    html, document = documents[name]
    body = document.element.body

    hrefs = [a.get("href") for a in parse(html).iter("a") if a.get("href", "").startswith("#")]
    links = [h.get(qn("w:anchor")) for h in body.iter(qn("w:hyperlink"))]
    bookmarks = [b.get(qn("w:name")) for b in body.iter(qn("w:bookmarkStart"))]
    assert len(links) == len(hrefs) > 0
    assert set(links) == set(bookmarks)
    assert len(set(bookmarks)) == len(bookmarks)
    texts = {
        e.get("id"): without_spaces("".join(text_in_word(e)))
        for e in parse(html).iter()
        if e.get("id")
    }
    paragraphs_by_bookmark = {
        b.get(qn("w:name")): b.getparent() for b in body.iter(qn("w:bookmarkStart"))
    }
    reached = [
        "".join(t.text for t in paragraphs_by_bookmark[link].iter(qn("w:t"))) for link in links
    ]
    assert [without_spaces(text) for text in reached] == [texts[href[1:]] for href in hrefs]


def test_paper_and_fonts_are_those_of_official_documents(documents: dict[str, Any]) -> None:
    _, document = documents["demo-city/900101"]

    [section] = document.sections
    margins = (section.top_margin, section.right_margin, section.bottom_margin, section.left_margin)
    assert [round(m.mm) for m in margins] == [37, 26, 35, 28]
    assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)
    fonts = {
        s.name: s.element.rPr.rFonts.get(qn("w:eastAsia"))
        for s in document.styles
        if s.element.rPr is not None and s.element.rPr.rFonts is not None
    }
    assert [fonts[n] for n in ("Title", "Body Text", "Heading 1", "Heading 2", "Heading 3")] == [
        "方正小标宋简体", "仿宋", "黑体", "楷体", "仿宋",
    ]  # fmt: skip
    body = document.styles["Body Text"]
    assert (body.font.size, body.paragraph_format.line_spacing) == (Pt(16), Pt(28))
    assert body.element.find(f".//{qn('w:ind')}").get(qn("w:firstLineChars")) == "200"
    for paragraph in document.paragraphs:
        # A theme font would override the one that is named.
        fonts_of = paragraph.style.element.rPr.rFonts
        assert not [name for name in fonts_of.attrib if "Theme" in name]
    for footer in (section.footer, section.even_page_footer):
        [paragraph] = footer.paragraphs
        assert [c.text for c in paragraph._p.iter(qn("w:instrText"))] == [" PAGE "]
        assert paragraph.text == "— 1 —"


def test_a_wide_table_is_in_landscape_and_what_follows_in_portrait(
    documents: dict[str, Any],
) -> None:
    _, document = documents["demo-city/overview"]

    orientations = [s.orientation for s in document.sections]
    assert orientations[0] == orientations[-1] == WD_ORIENT.PORTRAIT
    assert WD_ORIENT.LANDSCAPE in orientations
    assert all(a != b for a, b in pairwise(orientations))
    [landscape] = {(s.page_width, s.page_height) for s in document.sections if s.orientation}
    assert landscape[0] > landscape[1]


def test_sample_data_are_marked_on_every_page(documents: dict[str, Any]) -> None:
    heads = {
        name: [document.sections[0].header.paragraphs[0].text,
               document.sections[0].even_page_header.paragraphs[0].text]
        for name in ("demo-city/900101", "provinces/540000")
        for _, document in (documents[name],)
    }  # fmt: skip

    assert heads["demo-city/900101"] == ["示例数据"] * 2
    assert heads["provinces/540000"] == ["", ""]


def test_notes_begin_a_page_and_a_status_keeps_its_colour(documents: dict[str, Any]) -> None:
    _, document = documents["demo-city/900101"]

    breaks = [p.text for p in document.paragraphs if p.paragraph_format.page_break_before]
    assert breaks == ["数据说明"]
    colours = {
        cell.text: str(cell.paragraphs[0].runs[0].font.color.rgb)
        for row in document.tables[0].rows
        for cell in row.cells
        if cell.text.startswith(("▲", "■", "○"))
    }
    assert colours["▲ 快于序时进度"] == "00543D"
    assert colours["■ 明显滞后"] == "8F3100"
    assert colours["○ 无目标"] == "444444"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<h1>&lt;b&gt;区 &amp; 市</h1>", [("Title", "<b>区 & 市")]),
        ("<p>甲<strong>乙</strong>\n 丙</p>", [("Body Text", "甲乙 丙")]),
        ("<p>甲<br>乙</p>", [("Body Text", "甲"), ("Body Text", "乙")]),
        ("甲<p>乙</p>丙", [("Body Text", "甲"), ("Body Text", "乙"), ("Body Text", "丙")]),
        ("<details><summary>更多</summary><p>甲</p></details>", [
            ("Heading 2", "更多"), ("Body Text", "甲")]),
        ('<p>见<a href="900101.html">甲区</a></p>', [("Body Text", "见甲区")]),
        ('<p class="field">【补充】</p>', [("Field", "【补充】")]),
        ('<div class="field"><p>甲</p><p>乙</p></div>', [("Field", "甲"), ("Field", "乙")]),
        ("<ol><li>甲<ul><li>乙</li></ul></li><li><p>丙</p></li></ol>", [
            ("List Number", "甲"), ("List Bullet", "乙"), ("List Number", "丙")]),
        ("<pre>甲\n  乙</pre>", [("Plain Text", "甲\n  乙")]),
        ("<blockquote><p>甲</p></blockquote><hr><!-- 注 -->", [("Body Text", "甲")]),
        (f'<figure><img alt="图" src="{png()}"><figcaption>图一</figcaption></figure>', [
            ("Figure", ""), ("Caption", "图一")]),
    ],
)  # fmt: skip
def test_every_block_has_its_style(body: str, expected: list[tuple[str, str]]) -> None:
    assert paragraphs(body) == expected


def test_cells_may_span_several_columns_and_rows() -> None:
    table = (
        "<table><caption>表</caption><thead><tr><th rowspan=2>甲</th><th colspan=2>乙</th></tr>"
        "<tr><th>丙</th><th class=n>丁</th></tr></thead><tbody>"
        "<tr><th scope=rowgroup colspan=12>组</th></tr>"
        "<tr><td>一</td><td>二<br>三</td><td class=n>4.5</td></tr></tbody></table>"
    )

    document = open_docx(make_docx(page_html(table)))

    [word_table] = document.tables
    assert [[c.text for c in row.cells] for row in word_table.rows] == [
        ["甲", "乙", "乙"], ["甲", "丙", "丁"], ["组"] * 3, ["一", "二\n三", "4.5"],
    ]  # fmt: skip
    right_cell = word_table.rows[3].cells[2].paragraphs[0]
    assert str(right_cell.paragraph_format.alignment).startswith("RIGHT")
    assert document.paragraphs[0].style.name == "Caption"


def test_an_image_is_never_larger_than_the_text() -> None:
    body = f'<figure><img alt="" src="{png(3000, 500)}"></figure><p>甲</p>'
    tall = f'<figure><img alt="" width="420" src="{png(420, 4000)}"></figure><p>甲</p>'

    [wide] = open_docx(make_docx(page_html(body))).inline_shapes
    [high] = open_docx(make_docx(page_html(tall))).inline_shapes

    assert wide.width <= Mm(156)
    assert wide.height / wide.width == pytest.approx(500 / 3000, rel=0.01)
    assert high.height <= Mm(205)


def test_an_image_from_elsewhere_is_refused() -> None:
    with pytest.raises(KejistatsError, match="not embedded in the page: https://example"):
        make_docx(page_html('<p><img alt="图" src="https://example.org/a.png"></p>'))


def test_no_clock_and_no_person_is_in_the_file() -> None:
    content = make_docx(page_html("<h1>甲</h1>"))

    with zipfile.ZipFile(io.BytesIO(content)) as package:
        assert {info.date_time for info in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    properties = open_docx(content).core_properties
    assert (properties.title, properties.language, properties.author) == ("甲区", "zh-CN", "")
    assert properties.created == properties.modified
    assert content == make_docx(page_html("<h1>甲</h1>"))


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "docx", None)

    with pytest.raises(UsageError, match=r"pip install kejistats\[docx\]"):
        make_docx(page_html(""))


@pytest.mark.parametrize("suffix", ["docx", "pdf"])
def test_a_missing_package_stops_the_command_before_any_work(
    workspace: Path, tmp_path: Path, suffix: str
) -> None:
    (tmp_path / "shadow").mkdir()
    module = {"docx": "docx", "pdf": "weasyprint"}[suffix]
    (tmp_path / "shadow" / f"{module}.py").write_text("raise ImportError", encoding="utf-8")

    ran = call(
        *(sys.executable, "-m", "kejistats"),
        *("briefs", "data/demo-city", f"--{suffix}", "--out", tmp_path / "out"),
        cwd=workspace,
        home=tmp_path / "home",
        PYTHONPATH=os.pathsep.join([str(tmp_path / "shadow"), str(ROOT)]),
    )

    assert ran.returncode == 2
    assert f"pip install kejistats[{suffix}]" in ran.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.long
def test_the_command_makes_both_beside_the_page(workspace: Path, tmp_path: Path) -> None:
    copy_workspace(workspace, tmp_path, "demo-city")

    ran = call(
        *(sys.executable, "-m", "kejistats", "briefs", "data/demo-city"),
        *("--checkpoint", "2025H1", "-d", "900101", "--pdf", "--docx"),
        cwd=tmp_path,
        home=tmp_path / "home",
        PYTHONPATH=str(ROOT),
        PYTHONHASHSEED="7",
    )

    assert ran.returncode == 0, ran.stderr
    folder = tmp_path / "out" / "demo-city" / "2025H1"
    files = {file.name: file for file in folder.iterdir() if file.is_file()}
    assert set(files) == {f"900101-2025H1.{suffix}" for suffix in ("docx", "html", "pdf")}
    # Another process, with another hash seed, makes the same bytes.
    html = files["900101-2025H1.html"].read_text(encoding="utf-8")
    assert files["900101-2025H1.docx"].read_bytes() == make_docx(html)
    assert files["900101-2025H1.pdf"].read_bytes() == make_pdf(html)
