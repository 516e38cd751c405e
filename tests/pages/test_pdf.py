"""Pages as PDF: the same text, packaged fonts, nothing loaded from elsewhere."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from pypdf import PdfReader

from kejistats.model.errors import KejistatsError, UsageError
from kejistats.pages.pdf import make_pdf
from tests.pages.factory import Made, OnDemand, page_html, parse, without_spaces

NAMES = ["demo-city/900101", pytest.param("demo-city/overview", marks=pytest.mark.long)]
# On each page, list markers are extracted last, before the page number.
_FOOT = re.compile(r"(?:\d{1,2}\.|•)*第\d+页共\d+页")


def text_of(reader: PdfReader) -> str:
    """The text of a PDF without spaces and page numbers."""
    return "".join(_FOOT.sub("", without_spaces(p.extract_text())) for p in reader.pages)


def leaves(element: Element, *, narrow: bool = False) -> Iterator[str]:
    """The printed texts of cells, items and paragraphs, in the order of the page.

    `narrow` tables share a sheet and leave out some columns.
    """
    classes = set((element.get("class") or "").split())
    narrow = narrow or "domain" in classes
    if {"folded", "screen"} & classes or (narrow and "wide" in classes):
        return
    if element.tag in ("td", "th", "li", "p", "h1", "h2", "h3", "caption"):
        yield without_spaces("".join(on_paper(element)))
        return
    for child in element:
        if child.tag != "summary":
            yield from leaves(child, narrow=narrow)


def on_paper(element: Element) -> Iterator[str]:
    """The texts of an element without those for the screen only."""
    if element.get("class") != "on-screen":
        yield element.text or ""
        for child in element:
            yield from on_paper(child)
            yield child.tail or ""


@pytest.fixture(scope="module")
def printed(made: Made) -> dict[str, tuple[str, PdfReader]]:
    """Pages as HTML with the PDFs made from them, by name."""

    def document(name: str) -> tuple[str, PdfReader]:
        html = made.pages[name].read_text(encoding="utf-8")
        return html, PdfReader(io.BytesIO(make_pdf(html)))

    return OnDemand(document)


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_the_page_says_in_its_order(printed: dict[str, Any], name: str) -> None:
    html, reader = printed[name]
    text = text_of(reader)

    [body] = parse(html).iter("body")
    position = 0
    for leaf in leaves(body):
        start = text.find(leaf, position)
        assert start >= 0, f"{leaf} after {text[max(0, position - 40) : position]}"
        position = start + len(leaf)


@pytest.mark.parametrize("name", NAMES)
def test_only_packaged_fonts_are_used(printed: dict[str, Any], name: str) -> None:
    _, reader = printed[name]

    fonts = {
        str(font.get_object()["/BaseFont"]).partition("+")[2]
        for sheet in reader.pages
        for font in sheet["/Resources"]["/Font"].values()
    }
    assert {"text", "text-Bold"} <= fonts <= {"text", "text-Bold", "marks"}


@pytest.mark.parametrize("name", NAMES)
def test_every_page_is_a4_and_has_its_number(printed: dict[str, Any], name: str) -> None:
    _, reader = printed[name]

    count = len(reader.pages)
    for number, sheet in enumerate(reader.pages, 1):
        assert f"第{number}页共{count}页" in without_spaces(sheet.extract_text())
        assert [round(float(side)) for side in sheet.mediabox[2:]] == [595, 842]


def test_it_is_named_in_its_language_without_dates(printed: dict[str, Any]) -> None:
    _, reader = printed["demo-city/900101"]

    assert reader.metadata.title == "朝岚区2025年上半年科技指标简报（示例数据）"
    assert not [key for key in reader.metadata if "Date" in key or "Author" in key]
    root = reader.trailer["/Root"]
    assert root["/Lang"] == "zh-CN"
    assert root["/MarkInfo"]["/Marked"]


def test_links_lead_within_the_page(printed: dict[str, Any]) -> None:
    html, reader = printed["demo-city/900101"]

    ids = {f"#{e.get('id')}" for e in parse(html).iter() if e.get("id")}
    hrefs = {a.get("href") for a in parse(html).iter("a")}
    links = {
        str(note.get_object()["/Dest"])
        for sheet in reader.pages
        for note in sheet.get("/Annots", [])
    }
    assert {f"#{link}" for link in links} == hrefs <= ids
    assert links <= set(reader.named_destinations)


def test_a_table_header_is_repeated_on_each_page() -> None:
    rows = "".join(f"<tr><td>第{n}行</td></tr>" for n in range(200))
    body = f"<table><thead><tr><th>表头</th></tr></thead><tbody>{rows}</tbody></table>"

    sheets = [
        without_spaces(p.extract_text())
        for p in PdfReader(io.BytesIO(make_pdf(page_html(body)))).pages
    ]

    assert len(sheets) > 2
    assert [sheet.count("表头") for sheet in sheets] == [1] * len(sheets)


def test_names_with_marks_and_folded_parts_are_printed() -> None:
    body = "<h1>&lt;b&gt;区 &amp; 市</h1><details><summary>更多</summary><p>折起的话</p></details>"

    text = text_of(PdfReader(io.BytesIO(make_pdf(page_html(body)))))

    assert text == "<b>区&市更多折起的话"


def test_the_same_page_gives_the_same_bytes() -> None:
    assert make_pdf(page_html("<h1>甲</h1><p>乙</p>")) == make_pdf(
        page_html("<h1>甲</h1><p>乙</p>")
    )


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("", '<img alt="图" src="https://example.org/a.png">'),
        ("", '<img alt="图" src="http://127.0.0.1:9/a.png">'),
        ("", '<p style="background: url(https://example.org/a.png)">甲</p>'),
        ('<link rel="stylesheet" href="https://example.org/a.css">', "<p>甲</p>"),
        ("<style>@import 'https://example.org/a.css';</style>", "<p>甲</p>"),
        ("<style>@font-face { font-family: x; src: url(file:///x.otf) }</style>", "<p>甲</p>"),
    ],
)
def test_nothing_is_loaded_from_elsewhere(head: str, body: str) -> None:
    with pytest.raises(KejistatsError, match=r"would load (https?|file)://"):
        make_pdf(page_html(body, head))


@pytest.mark.parametrize(
    ("module", "message"),
    [
        ("raise ImportError", r"pip install kejistats\[pdf\]"),
        ("raise OSError('cannot load library libpango-1.0-0')", "library Pango.*libpango-1.0-0"),
    ],
)
def test_a_missing_package_or_library_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, module: str, message: str
) -> None:
    (tmp_path / "weasyprint.py").write_text(module, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "weasyprint", raising=False)

    with pytest.raises(UsageError, match=message):
        make_pdf(page_html(""))
