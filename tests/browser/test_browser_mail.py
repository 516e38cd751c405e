"""The HTML part of messages in Chromium: narrow and wide, light and dark."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from kejistats.dataset import Dataset
from kejistats.publish.letters import make_letter, page_reader
from kejistats.publish.mail_settings import Sender
from kejistats.publish.message import compose
from kejistats.publish.outbox import RecipientStatus, write_index, write_message
from kejistats.release import OVERVIEW, read_record
from kejistats.run.planning import output_folder
from tests.browser.factory import CHROMIUM_TESTS, LOOKS, browser
from tests.publish.factory import AT

__all__ = ["browser"]

pytestmark = CHROMIUM_TESTS
PAGES = {
    "brief": ["900101"],
    "late": ["900112"],
    "overview": [OVERVIEW],
    "two": ["900106", "900151"],
    "all": [OVERVIEW, *(f"9001{n:02d}" for n in range(1, 13)), "900151"],
}
WIDTHS = {"phone": 390, "screen": 900}
SENDER = Sender("tongji@example.org", "示例市科技统计（示例）")


@pytest.fixture(scope="module")
def outbox(final_city: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The previews of the outbox, which are read before sending."""
    dataset = Dataset(final_city / "data" / "demo-city")
    record = read_record(dataset.path, AT)
    read = page_reader(output_folder(dataset, AT, final_city / "out"), AT, record)
    folder = tmp_path_factory.mktemp("outbox")
    statuses = []
    for name, keys in PAGES.items():
        row = {"address": f"{name}@example.org", "name": "示例：联络员", "form": "both"}
        message = compose(make_letter(row, [read(k) for k in keys], dataset, AT, SENDER), SENDER)
        file = write_message(folder, message, name)
        statuses.append(RecipientStatus(row["address"], row["name"], "", message.letter.subject, file.name,
                          "、".join(keys), len(message.raw)))  # fmt: skip
    write_index(folder, "示例市2025年上半年科技指标简报：待发邮件", statuses, sample=True)
    return folder


def wcag_violations(page: Page) -> list[str]:
    """Violations of WCAG that axe finds, contrast included."""
    options = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa"]}}
    violations = Axe().run(page, options=options).response["violations"]
    return [f"{v['id']}: {n['html'][:120]}" for v in violations for n in v["nodes"]]


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
@pytest.mark.parametrize("name", [*PAGES, "index"])
def test_a_mail_fits_and_can_be_read(
    browser: Browser, outbox: Path, name: str, size: str, scheme: str
) -> None:
    width = WIDTHS[size]
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto((outbox / f"{name}.html").as_uri())

    scroll = page.evaluate("document.documentElement.scrollWidth")
    images = page.evaluate(
        "[...document.images].map(i => [i.complete && i.naturalWidth > 0, i.clientWidth, "
        "i.clientHeight / i.clientWidth - i.naturalHeight / i.naturalWidth])"
    )
    violations = wcag_violations(page)
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    smallest = page.evaluate(
        "Math.min(...[...document.querySelectorAll('td, th')].filter(e => e.textContent.trim())"
        ".map(e => parseFloat(getComputedStyle(e).fontSize)))"
    )
    if shots := os.environ.get("KEJISTATS_SHOTS"):
        page.screenshot(path=f"{shots}/{name}-{width}-{scheme}.png", full_page=True)
    context.close()

    assert scroll <= width
    assert all(
        loaded and 100 < width_shown <= 420 and abs(distortion) < 0.02
        for loaded, width_shown, distortion in images
    )
    assert violations == []
    assert [url for url in requests if not url.startswith(("data:", "file:"))] == []
    if name != "index":
        assert smallest >= 12
        assert background == {"light": "rgb(255, 255, 255)", "dark": "rgb(21, 25, 30)"}[scheme]


def test_a_mail_without_its_dark_style_stays_readable(browser: Browser, outbox: Path) -> None:
    html = (outbox / "brief.html").read_text("utf-8")
    unstyled = html[: html.index("<style>")] + html[html.index("</style>") + len("</style>") :]
    context = browser.new_context(viewport={"width": 390, "height": 900}, color_scheme="dark")
    page = context.new_page()
    page.set_content(unstyled)

    violations = wcag_violations(page)
    context.close()

    assert violations == []
