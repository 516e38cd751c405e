"""Pages as a reader sees them: on a phone and a screen, light and dark, and on paper."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from pylopdf_fonts_zh_cn import sans_path

from kejistats.brief import Brief, make_bundles
from kejistats.dataset import Dataset
from tests.browser.odd_briefs import ODD, odd
from tests.pages.factory import LATE, MASKED, MODEL, NAMES, ZONE, Made, first, page_of

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
CHROMIUM = next((found for name in PROGRAMS if (found := shutil.which(name))), None)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason=f"none of {', '.join(PROGRAMS)} was found"),
]

ARGUMENTS = [
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
SIZES = {"phone": (390, 844), "screen": (1280, 900)}
# Each size and each scheme; the other pairs take long.
LOOKS = [
    ("phone", "light"),
    ("screen", "dark"),
    pytest.param("phone", "dark", marks=pytest.mark.long),
    pytest.param("screen", "light", marks=pytest.mark.long),
]
BRIEFS = [name for name in NAMES if re.search(r"/\d{6}$", name)]

# The model, one with a domain masked, one whose figures are late, and the zone; then the rest.
FEW = [MODEL, MASKED, LATE, ZONE]
OTHERS = sorted({f"9001{n:02d}" for n in range(1, 13)} - {*FEW})

# Cells whose text is wider than they are.
OVERFLOWING = """
selector => [...document.querySelectorAll(selector)]
  .filter(e => e.getClientRects().length && e.scrollWidth > e.clientWidth + 1)
  .map(e => e.textContent.trim())
"""


@dataclass
class Visit:
    """A page opened in the browser, with all it asked for and complained of."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


Open = Callable[..., AbstractContextManager[Visit]]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium, with the packaged Chinese font and no other."""
    folder = tmp_path_factory.mktemp("fonts")
    config = folder / "fonts.conf"
    config.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        f"<dir>{Path(sans_path()).parent}</dir><cachedir>{folder / 'cache'}</cachedir>"
        "</fontconfig>",
        encoding="utf-8",
    )
    # Root may not use the sandbox.
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[*ARGUMENTS, *(["--no-sandbox"] if as_root else [])],
            env={**os.environ, "FONTCONFIG_FILE": str(config), "HOME": str(folder)},
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def visit(browser: Browser, made: Made) -> Open:
    """Open one of the pages made, on a device and in a colour scheme."""

    @contextmanager
    def opened(name: str, size: str = "phone", scheme: str = "light") -> Iterator[Visit]:
        width, height = SIZES[size]
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme
        )
        page = context.new_page()
        found = Visit(page)
        page.on("request", lambda request: found.requests.append(request.url))
        page.on(
            "console",
            lambda m: found.complaints.append(m.text) if m.type in ("error", "warning") else None,
        )
        page.on("pageerror", lambda error: found.complaints.append(str(error)))
        page.goto(made.pages[name].as_uri())
        yield found
        context.close()

    return opened


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
@pytest.mark.parametrize("name", NAMES)
def test_a_page_fits_shows_its_images_and_asks_for_nothing(
    visit: Open, made: Made, name: str, size: str, scheme: str
) -> None:
    with visit(name, size, scheme) as seen:
        width = seen.page.evaluate("document.documentElement.scrollWidth")
        images = seen.page.evaluate(
            "[...document.images].map(i => i.complete && i.naturalWidth > 0 && i.clientWidth > 0)"
        )
        requests = [url for url in seen.requests if not url.startswith("data:")]

        assert width <= SIZES[size][0]
        assert all(images)
        assert requests == [made.pages[name].as_uri()]
        assert seen.complaints == []


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", BRIEFS)
def test_numbers_of_the_key_table_are_right_aligned_and_nothing_overflows(
    visit: Open, name: str, size: str
) -> None:
    with visit(name, size) as seen:
        aligned = seen.page.eval_on_selector_all(
            "table.key .n", "cells => cells.map(c => getComputedStyle(c).textAlign)"
        )
        overflowing = seen.page.evaluate(OVERFLOWING, "table.key th, table.key td")
        hidden = seen.page.evaluate(
            "[...document.querySelectorAll('div.table')].filter(d => d.querySelector('table.key'))"
            ".map(d => d.scrollWidth - d.clientWidth)"
        )

    assert len(aligned) > 30
    assert set(aligned) == {"right"}
    assert overflowing == []
    assert max(hidden) <= 0


@pytest.mark.parametrize(
    ("size", "columns"),
    [
        ("phone", ["指标", "累计", "同比", "完成率", "较序时", "状态"]),
        ("screen", ["指标", "累计", "同比", "目标", "完成率", "较序时", "位次", "状态",
                    "责任科室", "数据来源"]),
    ],
)  # fmt: skip
def test_the_phone_shows_the_columns_that_matter(
    visit: Open, size: str, columns: list[str]
) -> None:
    with visit(f"demo-city/{MODEL}", size) as seen:
        heads = seen.page.locator("table.key thead th").filter(visible=True).all_inner_texts()

    assert heads == columns


def test_the_first_screen_of_a_phone_holds_the_conclusion_and_the_worst(visit: Open) -> None:
    with visit(f"demo-city/{MODEL}") as seen:
        places = {
            selector: seen.page.locator(selector).first.bounding_box()
            for selector in ("h1", ".conclusion", ".worst li")
        }

    for box in places.values():
        assert box is not None
        assert box["y"] + box["height"] <= SIZES["phone"][1]


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
@pytest.mark.parametrize(
    "name", [f"demo-city/{MODEL}", "demo-city/overview", "demo-city/index", "provinces/110000"],
)  # fmt: skip
def test_axe_finds_nothing(visit: Open, name: str, size: str, scheme: str) -> None:
    with visit(name, size, scheme) as seen:
        # What is folded is looked at as well.
        seen.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        violations = Axe().run(seen.page).response["violations"]
        back = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")

    assert [(v["id"], [n["html"][:80] for n in v["nodes"]][:3]) for v in violations] == []
    assert (sum(map(int, re.findall(r"\d+", back)[:3])) < 128) == (scheme == "dark")


def test_colour_is_never_the_only_sign(visit: Open) -> None:
    with visit(f"demo-city/{MODEL}", "screen") as seen:
        statuses = seen.page.locator("td.status").all_inner_texts()

    assert len(statuses) > 10
    assert all(re.fullmatch(r"[✔▲●◐▼■○]\s+\S+", text) for text in statuses)


@pytest.mark.parametrize("name", [f"demo-city/{MODEL}", "demo-city/overview", "provinces/overview"])
def test_a_page_prints_with_heads_on_every_sheet(visit: Open, name: str) -> None:
    with visit(name, "screen", "dark") as seen:
        sheets = seen.page.pdf(format="A4", prefer_css_page_size=True)
        seen.page.emulate_media(media="print")
        heads = seen.page.eval_on_selector_all(
            "thead", "heads => heads.map(h => getComputedStyle(h).display)"
        )
        back = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
        hidden = seen.page.eval_on_selector_all(
            "main > .table > table.key .wide",
            "cells => cells.filter(c => getComputedStyle(c).display === 'none').length",
        )

    assert sheets.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", sheets)) >= 1
    assert heads
    assert set(heads) == {"table-header-group"}
    assert back == "rgb(255, 255, 255)"
    assert hidden == 0


def sheets(page: Page) -> int:
    """How many sheets of A4 a page takes without 数据说明."""
    page.add_style_tag(content=".notes { display: none }")
    printed = page.pdf(format="A4", prefer_css_page_size=True)
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", printed))


@pytest.mark.parametrize(
    "code", [*FEW, *(pytest.param(code, marks=pytest.mark.long) for code in OTHERS)]
)
def test_thirty_indicators_fit_two_sheets(
    browser: Browser, demo: Dataset, code: str, tmp_path: Path
) -> None:
    brief = Brief(make_bundles(demo, demo.checkpoint("2025H1"), [code])[code])
    file = tmp_path / "thirty.html"
    file.write_text(page_of(first(brief, 30)), encoding="utf-8")
    page = browser.new_page()
    page.goto(file.as_uri())

    found = sheets(page)
    page.close()

    assert found <= 2


def test_folded_tables_are_open_on_paper(visit: Open) -> None:
    with visit(f"demo-city/{MODEL}", "screen") as seen:
        folded = seen.page.locator("details table").first
        on_screen = folded.is_visible()
        seen.page.emulate_media(media="print")
        on_paper = seen.page.eval_on_selector_all(
            "details table", "tables => tables.map(t => t.getBoundingClientRect().height)"
        )

    assert not on_screen
    assert len(on_paper) > 3
    assert min(on_paper) > 0


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("size", ["phone", pytest.param("screen", marks=pytest.mark.long)])
def test_odd_data_makes_a_page_that_fits(
    browser: Browser, tmp_path: Path, kind: str, size: str
) -> None:
    file = tmp_path / "odd.html"
    file.write_text(page_of(odd(kind)), encoding="utf-8")
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height})
    page.goto(file.as_uri())

    scrolled = page.evaluate("document.documentElement.scrollWidth")
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    overflowing = page.evaluate(OVERFLOWING, "h1, p, li, table.key th, table.key td")
    violations = Axe().run(page).response["violations"]
    page.close()

    assert scrolled <= width
    assert overflowing == []
    assert [v["id"] for v in violations] == []
