"""Pages in Chromium: on a phone and a screen, light and dark, and printed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from kejistats.brief import Brief, make_bundles
from kejistats.dataset import Dataset
from tests.browser.factory import CHROMIUM_TESTS, LOOKS, OVERFLOWING, SIZES, browser
from tests.browser.odd_briefs import ODD, odd
from tests.pages.factory import LATE, MASKED, MODEL, NAMES, ZONE, Made, limited_to, page_of

__all__ = ["browser"]

pytestmark = CHROMIUM_TESTS
BRIEFS = [name for name in NAMES if re.search(r"/\d{6}$", name)]

# The model brief, one with a domain masked, one with late figures, and the zone; then the rest.
FEW = [MODEL, MASKED, LATE, ZONE]
OTHERS = sorted({f"9001{n:02d}" for n in range(1, 13)} - {*FEW})


@dataclass
class Visit:
    """A page opened in the browser, with its requests, console messages and errors."""

    page: Page
    requests: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)


Open = Callable[..., AbstractContextManager[Visit]]


@pytest.fixture(scope="module")
def visit(browser: Browser, made: Made) -> Open:
    """Open one of the pages, at a screen size and in a colour scheme."""

    @contextmanager
    def opened(name: str, size: str = "phone", scheme: str = "light") -> Iterator[Visit]:
        width, height = SIZES[size]
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme
        )
        page = context.new_page()
        visited = Visit(page)
        page.on("request", lambda request: visited.requests.append(request.url))
        page.on(
            "console",
            lambda m: visited.messages.append(m.text) if m.type in ("error", "warning") else None,
        )
        page.on("pageerror", lambda error: visited.messages.append(str(error)))
        page.goto(made.pages[name].as_uri())
        yield visited
        context.close()

    return opened


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
@pytest.mark.parametrize("name", NAMES)
def test_a_page_fits_shows_its_images_and_requests_nothing(
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
        assert seen.messages == []


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


def test_the_first_screen_of_a_phone_has_the_conclusion_and_the_worst(visit: Open) -> None:
    with visit(f"demo-city/{MODEL}") as seen:
        boxes = {
            selector: seen.page.locator(selector).first.bounding_box()
            for selector in ("h1", ".conclusion", ".worst li")
        }

    for box in boxes.values():
        assert box is not None
        assert box["y"] + box["height"] <= SIZES["phone"][1]


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
@pytest.mark.parametrize(
    "name", [f"demo-city/{MODEL}", "demo-city/overview", "demo-city/index", "provinces/110000"],
)  # fmt: skip
def test_axe_finds_nothing(visit: Open, name: str, size: str, scheme: str) -> None:
    with visit(name, size, scheme) as seen:
        # Folded parts are checked as well.
        seen.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        violations = Axe().run(seen.page).response["violations"]
        background = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")

    assert [(v["id"], [n["html"][:80] for n in v["nodes"]][:3]) for v in violations] == []
    assert (sum(map(int, re.findall(r"\d+", background)[:3])) < 128) == (scheme == "dark")


def test_colour_is_never_the_only_sign(visit: Open) -> None:
    with visit(f"demo-city/{MODEL}", "screen") as seen:
        statuses = seen.page.locator("td.status").all_inner_texts()

    assert len(statuses) > 10
    assert all(re.fullmatch(r"[✔▲●◐▼■○]\s+\S+", text) for text in statuses)


@pytest.mark.parametrize("name", [f"demo-city/{MODEL}", "demo-city/overview", "provinces/overview"])
def test_a_page_prints_with_headers_on_every_sheet(visit: Open, name: str) -> None:
    with visit(name, "screen", "dark") as seen:
        sheets = seen.page.pdf(format="A4", prefer_css_page_size=True)
        seen.page.emulate_media(media="print")
        headers = seen.page.eval_on_selector_all(
            "thead", "heads => heads.map(h => getComputedStyle(h).display)"
        )
        background = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
        hidden = seen.page.eval_on_selector_all(
            "main > .table > table.key .wide",
            "cells => cells.filter(c => getComputedStyle(c).display === 'none').length",
        )

    assert sheets.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", sheets)) >= 1
    assert headers
    assert set(headers) == {"table-header-group"}
    assert background == "rgb(255, 255, 255)"
    assert hidden == 0


def count_sheets(page: Page) -> int:
    """Count the A4 sheets that a page takes without 数据说明."""
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
    file.write_text(page_of(limited_to(brief, 30)), encoding="utf-8")
    page = browser.new_page()
    page.goto(file.as_uri())

    count = count_sheets(page)
    page.close()

    assert count <= 2


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
