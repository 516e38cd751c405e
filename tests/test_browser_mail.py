"""The HTML part of a mail as a browser shows it: narrow and wide, light and dark."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from mailing import AT
from playwright.sync_api import Browser, sync_playwright
from pylopdf_fonts_zh_cn import sans_path
from test_browser import ARGUMENTS, CHROMIUM, COLOURS, CONTRAST, contrast

from kejistats.dataset import Dataset
from kejistats.final import OVERVIEW, read_record
from kejistats.mail.documents import folder_of
from kejistats.mail.letters import letter, page_reader
from kejistats.mail.message import compose
from kejistats.mail.outbox import Line, put, write_index
from kejistats.mail.settings import Sender

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium was found"),
]
PAGES = {
    "brief": ["900101"],
    "late": ["900112"],
    "overview": [OVERVIEW],
    "two": ["900106", "900151"],
    "all": [OVERVIEW, *(f"9001{n:02d}" for n in range(1, 13)), "900151"],
}
SENDER = Sender("tongji@example.org", "示例市科技统计（示例）")


@pytest.fixture(scope="module")
def outbox(final_city: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The previews of the outbox, as someone looks them through before sending."""
    dataset = Dataset(final_city / "data" / "demo-city")
    record = read_record(dataset.path, AT)
    read = page_reader(folder_of(dataset.name, AT, final_city / "out"), AT, record)
    folder = tmp_path_factory.mktemp("outbox")
    lines = []
    for name, keys in PAGES.items():
        row = {"address": f"{name}@example.org", "name": "示例：联络员", "form": "both"}
        made = compose(letter(row, [read(k) for k in keys], dataset, AT, SENDER), SENDER)
        file = put(folder, made, name)
        lines.append(Line(row["address"], row["name"], "", made.letter.subject, file.name,
                          "、".join(keys), len(made.raw)))  # fmt: skip
    write_index(folder, "示例市2025年上半年科技指标简报：待发邮件", lines, sample=True)
    return folder


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium, with the packaged Chinese font and no other."""
    folder = tmp_path_factory.mktemp("fonts")
    config = folder / "fonts.conf"
    config.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        f"<dir>{Path(sans_path()).parent}</dir><cachedir>{folder / 'cache'}</cachedir>"
        "</fontconfig>",
        encoding="utf-8",
    )
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[*ARGUMENTS, *(["--no-sandbox"] if as_root else [])],
            env={**os.environ, "FONTCONFIG_FILE": str(config), "HOME": str(folder)},
        )
        yield browser
        browser.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 900])
@pytest.mark.parametrize("name", [*PAGES, "index"])
def test_a_mail_fits_and_can_be_read(
    chromium: Browser, outbox: Path, name: str, width: int, scheme: str
) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto((outbox / f"{name}.html").as_uri())

    scroll = page.evaluate("document.documentElement.scrollWidth")
    images = page.evaluate(
        "[...document.images].map(i => [i.complete && i.naturalWidth > 0, i.clientWidth, "
        "i.clientHeight / i.clientWidth - i.naturalHeight / i.naturalWidth])"
    )
    texts = page.evaluate(COLOURS)
    smallest = page.evaluate(
        "Math.min(...[...document.querySelectorAll('td, th')].filter(e => e.textContent.trim())"
        ".map(e => parseFloat(getComputedStyle(e).fontSize)))"
    )
    if shots := os.environ.get("KEJISTATS_SHOTS"):
        page.screenshot(path=f"{shots}/{name}-{width}-{scheme}.png", full_page=True)
    context.close()

    assert scroll <= width
    assert all(loaded and 100 < wide <= 420 and abs(off) < 0.02 for loaded, wide, off in images)
    assert [t for t in texts if contrast(t["front"], t["back"]) < CONTRAST] == []
    assert [url for url in requests if not url.startswith(("data:", "file:"))] == []
    if name != "index":
        assert smallest >= 12
        dark = {t["back"] for t in texts} & {"rgb(21, 25, 30)"}
        assert bool(dark) == (scheme == "dark")


def test_without_the_dark_scheme_s_style_a_mail_stays_readable(
    chromium: Browser, outbox: Path
) -> None:
    html = (outbox / "brief.html").read_text("utf-8")
    bare = html[: html.index("<style>")] + html[html.index("</style>") + len("</style>") :]
    context = chromium.new_context(viewport={"width": 390, "height": 900}, color_scheme="dark")
    page = context.new_page()
    page.set_content(bare)

    texts = page.evaluate(COLOURS)
    context.close()

    assert [t for t in texts if contrast(t["front"], t["back"]) < CONTRAST] == []
