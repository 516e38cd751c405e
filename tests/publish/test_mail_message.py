"""Messages: their content, structure and bytes, and the HTML that mail clients support."""

from __future__ import annotations

import csv
import re
from base64 import b64decode
from dataclasses import replace
from functools import cache
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kejistats.brief import Brief, Overview
from kejistats.dataset import Dataset
from kejistats.model.errors import KejistatsError
from kejistats.publish.body import MAX_BYTES, MAX_SECTIONS, html_body, split_sections, text_body
from kejistats.publish.documents import NOTEBOOK, PageFiles
from kejistats.publish.due import allowed_pages
from kejistats.publish.letters import Page, as_rehearsal, make_letter, page_reader
from kejistats.publish.mail_settings import Sender
from kejistats.publish.message import Letter, Message, compose, subject_of
from kejistats.release import OVERVIEW, read_record
from kejistats.run.planning import output_folder
from tests.factory import FIXTURES, ROOT
from tests.pages.factory import parse, words_of
from tests.publish.factory import AT, WHEN, read_message

SENDER = Sender("tongji@example.org", "示例市科技统计（示例）", "wen@example.org")
ROW = {"address": "a@example.org", "name": "示例：联络员", "role": "district", "districts": "900101",
       "what": "brief", "form": "both"}  # fmt: skip
SETS = {
    "brief": ["900101"],
    "masked": ["900107"],
    "late": ["900112"],
    "overview": [OVERVIEW],
    "three": [OVERVIEW, "900101", "900102"],
    "many": [OVERVIEW, *(f"9001{n:02d}" for n in range(1, 13))],
    "districts": [f"9001{n:02d}" for n in range(1, 13)],
}


class ReleasedCity:
    """The finalised demo city; each page and message is read or composed once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.dataset = Dataset(root / "data" / "demo-city")
        self.record = read_record(self.dataset.path, AT)
        self.folder = output_folder(self.dataset, AT, root / "out")
        self.read = page_reader(self.folder, AT, self.record)

    def pages(self, *keys: str) -> list[Page]:
        return [self.read(key) for key in keys]

    @cache  # noqa: B019 - one city a module
    def message(self, name: str, form: str = "both", correction: bool = False) -> Message:
        """Compose the message with one of the sets of pages."""
        letter = make_letter(ROW | {"form": form}, self.pages(*SETS[name]), self.dataset, AT,
                             SENDER, correction=correction)  # fmt: skip
        return compose(letter, SENDER)


@pytest.fixture(scope="module")
def city(final_city: Path) -> ReleasedCity:
    return ReleasedCity(final_city)


def structure(part: object) -> object:
    """Return the content types of a message, nested like its parts."""
    kind = part.get_content_type()  # type: ignore[attr-defined]
    parts = [structure(p) for p in part.iter_parts()] if part.is_multipart() else []  # type: ignore[attr-defined]
    return (kind, *parts) if parts else kind


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("both", ("multipart/mixed",
                  ("multipart/alternative", "text/plain",
                   ("multipart/related", "text/html", "image/png", "image/png")), "text/html")),
        ("body", ("multipart/alternative", "text/plain",
                  ("multipart/related", "text/html", "image/png", "image/png"))),
        ("attachment", ("multipart/mixed", "text/plain", "text/html")),
    ],
)  # fmt: skip
def test_a_message_has_only_the_parts_it_needs(
    city: ReleasedCity, form: str, expected: object
) -> None:
    assert structure(read_message(city.message("brief", form).raw)) == expected


def test_the_headers_are_right_for_chinese_names_and_subjects(city: ReleasedCity) -> None:
    made = city.message("brief")

    message = read_message(made.raw)

    assert message["Subject"] == "朝岚区2025年上半年科技指标简报（示例数据）"
    assert message["From"].addresses[0].display_name == SENDER.name
    assert message["To"].addresses[0].display_name == ROW["name"]
    assert message["To"].addresses[0].addr_spec == ROW["address"]
    assert message["Reply-To"] == SENDER.reply_to
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime == WHEN
    assert re.fullmatch(r"<[0-9a-f]{32}@example\.org>", message["Message-ID"])
    head = made.raw.partition(b"\r\n\r\n")[0].decode("ascii")
    assert all(len(line) <= 78 for line in head.splitlines())
    assert all(f"<{address}>" in head for address in (SENDER.address, ROW["address"]))
    for word in re.findall(r"=\?utf-8\?b\?([^?]*)\?=", head):
        b64decode(word).decode("utf-8")  # decodes by itself: no character is split between two


def test_attachments_have_ascii_names_and_contain_the_page(city: ReleasedCity) -> None:
    message = read_message(city.message("three").raw)

    attached = {part.get_filename(): part.get_content() for part in message.iter_attachments()}

    assert list(attached) == ["overview-2025H1.html", "900101-2025H1.html", "900102-2025H1.html"]
    page = PageFiles(city.folder, "900101", AT).path("html").read_text("utf-8")
    assert attached["900101-2025H1.html"].replace("\r\n", "\n") == page
    assert b"filename*" not in city.message("three").raw
    assert "初稿" not in page


def test_the_pictures_are_the_charts_of_the_notebook(city: ReleasedCity) -> None:
    made = city.message("brief")
    notebook = PageFiles(city.folder, "900101", AT).path(NOTEBOOK).read_text("utf-8")

    message = read_message(made.raw)
    images = {p["Content-ID"].strip("<>"): p for p in message.walk()
              if p.get_content_type() == "image/png"}  # fmt: skip
    html = message.get_body(("html",)).get_content()

    tags = re.findall(r'<img[^>]*src="cid:([^"]+)"[^>]*alt="([^"]+)"', html) or [
        (re.search(r"cid:([^\"]+)", tag)[1], re.search(r'alt="([^"]+)"', tag)[1])  # type: ignore[index]
        for tag in re.findall(r"<img[^>]*>", html)
    ]
    assert [cid for cid, _ in tags] == list(images)
    assert len(images) == 2
    for part in images.values():
        coded = "".join(part.get_payload().split())
        assert coded in notebook
    assert all(len(alt) > 10 for _, alt in tags)


@pytest.mark.parametrize("name", SETS)
def test_the_same_pages_give_the_same_bytes_and_parse_to_the_same_texts(
    city: ReleasedCity, name: str
) -> None:
    made = city.message(name)
    again = ReleasedCity(city.root)

    assert again.message(name).raw == made.raw
    message = read_message(made.raw)
    html = message.get_body(("html",)).get_content().replace("\r\n", "\n")
    text = message.get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert (html, text) == (made.letter.html, made.letter.text)
    assert max(len(line) for line in made.raw.split(b"\r\n")) <= 998
    assert b"\n" not in made.raw.replace(b"\r\n", b"")


@pytest.mark.parametrize("name", SETS)
def test_the_html_part_is_small_and_says_what_the_page_says(city: ReleasedCity, name: str) -> None:
    made = city.message(name)
    pages = [section for _, section in city.pages(*SETS[name])]

    assert len(made.letter.html.encode()) <= MAX_BYTES
    visible = re.sub(r"\s+", "", words_of(parse(made.letter.html)))
    for section in pages:
        assert re.sub(r"\s+", "", section.conclusion) in visible
        assert section.conclusion in made.letter.text
    full, _ = split_sections(pages, MAX_SECTIONS)
    for section in full:
        assert section.title in made.letter.text
        for item in section.worst:
            assert item["name"] in made.letter.text
            assert re.sub(r"\s+", "", item["gap"]) in visible
        for text in section.best:
            assert f"{text}。" in made.letter.text
            assert re.sub(r"\s+", "", text) in visible
        assert len(section.worst) <= 3
        assert len(section.best) <= 2
        for row in section.rows:
            assert row[0] in visible


def test_a_section_says_the_same_as_the_page(city: ReleasedCity) -> None:
    for key in city.record.outputs:
        document, section = city.read(key)
        page = (Overview if key == OVERVIEW else Brief)(document.bundle)

        assert (section.title, section.conclusion) == (page.title, page.conclusion)
        assert f'<p class="meta">{section.meta}</p>' in page.head.html
        if isinstance(page, Brief):
            assert list(section.worst) == page.worst
            assert list(section.best) == page.best
            views = page.headline[:20]
            assert [row[0] for row in section.rows] == [v.short for v in views]
            assert section.rest == len({v.id for v in page.rows} - {v.id for v in views})


def test_of_a_page_too_large_for_a_mail_only_the_conclusion_is_shown(city: ReleasedCity) -> None:
    _, section = city.pages("900101")[0]
    long = replace(section, best=tuple("很长的一句" * 800 for _ in range(2)))

    html, pictures = html_body("简报", [long, long, section], [], sample=True, reply="")

    assert len(html.encode()) <= MAX_BYTES
    assert section.conclusion in html
    assert pictures == []
    endless = replace(section, conclusion="很长的一句" * 10_000)
    with pytest.raises(KejistatsError, match="mail clients cut it"):
        html_body("简报", [endless], [], sample=True, reply="")


def test_a_correction_is_marked_in_subject_and_body(city: ReleasedCity) -> None:
    document, section = city.pages("900101")[0]
    section = replace(section, correction="技术合同成交额由18.6亿元更正为18.8亿元。")
    pages = [(document, section)]

    corrected = make_letter(ROW, pages, city.dataset, AT, SENDER, correction=True)
    first = make_letter(ROW, pages, city.dataset, AT, SENDER)

    assert corrected.subject.startswith("更正：")
    assert "更正为18.8亿元" in corrected.html
    assert "更正为18.8亿元" in corrected.text
    assert "更正" not in first.subject
    assert "更正为18.8亿元" not in first.html + first.text


def test_a_rehearsal_goes_to_the_given_address_and_names_the_recipient(city: ReleasedCity) -> None:
    letter = city.message("brief").letter

    made = compose(as_rehearsal(letter, "me@example.org"), SENDER)

    message = read_message(made.raw)
    assert message["To"] == "me@example.org"
    assert message["Subject"].startswith("【演练】")
    assert ROW["address"] in message["Subject"]
    assert made.letter.contents == {}
    assert made.letter.kind == "rehearsal"


@settings(max_examples=25)
@given(
    codes=st.sets(st.sampled_from([f"9001{n:02d}" for n in range(1, 13)]), min_size=1, max_size=5),
    form=st.sampled_from(["body", "attachment", "both"]),
)
def test_a_message_contains_no_district_that_is_not_listed(
    city: ReleasedCity, codes: set[str], form: str
) -> None:
    row = ROW | {"districts": ";".join(sorted(codes)), "form": form}
    keys = allowed_pages(row, city.record.outputs)

    message = read_message(
        compose(make_letter(row, city.pages(*keys), city.dataset, AT, SENDER), SENDER).raw
    )

    attached = {str(part.get_filename()) for part in message.iter_attachments()}
    assert attached == ({f"{c}-2025H1.html" for c in codes} if form != "body" else set())
    parts = [p.get_content() for p in message.walk() if p.get_content_maintype() == "text"]
    texts = "".join([message["Subject"], *parts])
    units = city.dataset.districts.filter(kind="district").select("code", "name").iter_rows()
    for code, name in units:
        assert (name in texts) == (code in codes)


# ---- injection --------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["甲\r\nBcc: x@example.org", "甲\nX: y", "甲\x00", "甲\u2028乙"])
@pytest.mark.parametrize("field", ["name", "subject", "sender"])
def test_a_line_break_in_a_header_is_refused(field: str, text: str) -> None:
    letter = Letter("a@example.org", "甲", "简报", "正文\n", WHEN)
    letter = letter if field == "sender" else replace(letter, **{field: text})
    sender = replace(SENDER, name=text) if field == "sender" else SENDER

    with pytest.raises(KejistatsError, match="contains a control character"):
        compose(letter, sender)


@given(
    name=st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=80),
    subject=st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=200),
    text=st.text(max_size=200),
)
@example(name='"a" <b@example.org>', subject="=?utf-8?q?a?= ,;:<>@", text=".\r\n..\n")
@example(name="李,王;张@示例", subject="很长的主题" * 40, text="")
def test_any_text_in_a_header_stays_within_its_header(name: str, subject: str, text: str) -> None:
    made = compose(Letter("a@example.org", name, subject, text, WHEN), SENDER)

    head = made.raw.partition(b"\r\n\r\n")[0].decode("ascii")
    fields = [line.partition(":")[0] for line in head.split("\r\n") if not line.startswith(" ")]
    assert sorted(fields) == sorted(["From", "To", "Reply-To", "Subject", "Date", "Message-ID", "Auto-Submitted",
                      "Content-Type", "Content-Transfer-Encoding", "MIME-Version"])  # fmt: skip
    assert head.count("<a@example.org>") + head.count("To: a@example.org\r") == 1


def test_markup_in_names_and_texts_is_escaped(city: ReleasedCity) -> None:
    _, section = city.pages("900101")[0]
    hostile = '<script>alert(1)</script><img src="http://example.org/x.png">'
    section = replace(section, title=hostile, name=hostile, conclusion=hostile, best=(hostile,),
                      correction=hostile, rows=((hostile, (hostile,) * 5, "done"),))  # fmt: skip

    html, _ = html_body(hostile, [section], [hostile], sample=True, reply=hostile)

    root = parse(html)
    assert [e for e in root.iter() if e.tag == "script"] == []
    assert all(e.get("src", "").startswith("cid:") for e in root.iter("img"))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["甲区"], "更正：甲区简报"),
        (["总览"], "更正：甲区简报"),
        (["甲区", "乙区"], "更正：甲区、乙区：某市上半年科技指标简报"),
        (["甲区", "乙区", "丙区", "丁区"], "更正：某市上半年科技指标简报（甲区等4个地区）"),
        (["总览", "甲区"], "更正：某市上半年科技指标总览和1个地区简报"),
    ],
)
def test_subjects(names: list[str], expected: str) -> None:
    titles = ["甲区简报"] * len(names)

    assert subject_of(names, titles, "某市上半年", corrected=True) == expected


# ---- what mail clients support --------------------------------------------------------------

RULES = {
    row["property"]: row["rule"]
    for row in csv.DictReader(
        line
        for line in (FIXTURES / "mail_features.csv").read_text("utf-8").splitlines()
        if not line.startswith("#")
    )
}
ELEMENTS = {"html", "head", "meta", "title", "style", "body", "table", "tbody", "tr", "td", "th",
            "strong", "span", "br", "img"}  # fmt: skip
ATTRIBUTES = {"lang", "charset", "name", "content", "role", "width", "cellpadding", "cellspacing",
              "border", "nowrap", "class", "style", "align", "valign", "scope", "src", "alt"}  # fmt: skip
_PIXELS = re.compile(r"(\d+)px")


def supported(element: str, name: str, value: str) -> bool:
    """Say whether limited mail clients support a declaration."""
    return {
        "any": True,
        "at most 8px": all(int(n) <= 8 for n in _PIXELS.findall(value)),
        "pixels": re.fullmatch(r"\d+px", value) is not None,
        "normal or bold": value in ("normal", "bold"),
        "auto on img": (element, value) == ("img", "auto"),
        "no unit": re.fullmatch(r"[\d.]+", value) is not None,
        "zero on body": (element, value) == ("body", "0"),
        "table or img": element in ("table", "img"),
        "cells or body": element in ("td", "th", "body"),
    }.get(RULES.get(name, ""), False)


def declarations(style: str) -> list[tuple[str, str]]:
    """Return the properties and values of a style attribute."""
    parts = [part.partition(":") for part in style.split(";") if part.strip()]
    return [(name.strip(), value.strip()) for name, _, value in parts]


@pytest.mark.parametrize("name", SETS)
def test_the_html_part_uses_only_what_mail_clients_support(city: ReleasedCity, name: str) -> None:
    html = city.message(name).letter.html
    root = parse(html)

    assert {str(e.tag) for e in root.iter()} <= ELEMENTS
    assert {a for e in root.iter() for a in e.attrib} <= ATTRIBUTES
    unsupported = {
        (e.tag, *d)
        for e in root.iter()
        for d in declarations(e.get("style", ""))
        if not supported(str(e.tag), *d)
    }
    assert unsupported == set()
    assert "http" not in html
    assert "data:" not in html
    head = _single(root, "head")
    assert [str(e.tag) for e in head][:1] == ["meta"]  # the charset before any style


def _single(root: Element, tag: str) -> Element:
    [element] = list(root.iter(tag))
    return element


def test_only_the_dark_scheme_is_not_inlined(city: ReleasedCity) -> None:
    root = parse(city.message("three").letter.html)
    [style] = list(root.iter("style"))
    css = style.text or ""

    outside = re.sub(r"@media[^{]*\{(?:[^{}]*\{[^{}]*\})*\s*\}", "", css)
    inside = re.findall(r"([a-z-]+)\s*:\s*([^;{}]+);?", css.partition("{")[2])

    assert outside.strip() == ""
    assert "prefers-color-scheme" in css
    assert len(inside) > 10
    assert all(value.strip().endswith(" !important") for _, value in inside)
    assert {name for name, _ in inside} <= set(RULES)
    classes = {c for e in root.iter() for c in e.get("class", "").split()}
    assert {"back", "conclusion", "on_pace"} <= classes


def test_every_text_colour_of_the_light_scheme_has_a_dark_counterpart() -> None:
    folder = ROOT / "kejistats" / "publish" / "templates"
    light, dark = ((folder / name).read_text("utf-8") for name in ("body.css", "dark.css"))

    def coloured(css: str) -> set[str]:
        rules = re.findall(r"([^{}]+)\{([^}]*color:[^}]*)\}", css)
        return {s.strip() for selectors, body in rules for s in selectors.split(",")
                if re.search(r"(?<![-\w])color:", body)}  # fmt: skip

    assert coloured(light) <= coloured(dark.partition("{")[2])


def test_the_plain_text_names_the_attachments_and_the_reply_address(city: ReleasedCity) -> None:
    sections = [section for _, section in city.pages("900101")]

    text = text_body(sections, ["900101-2025H1.html"], sample=False, reply="wen@example.org")

    assert "示例数据" not in text
    assert "全文见附件：900101-2025H1.html。" in text
    assert text.endswith("本邮件由系统自动发送，有疑问请回复wen@example.org。\n")
