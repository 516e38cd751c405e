"""Pages as a reader sees them: on a phone and a screen, light and dark, and on paper."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pages import LATE, MODEL, NAMES, Made
from playwright.sync_api import Browser, Page, sync_playwright
from pylopdf_fonts_zh_cn import sans_path

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
SCHEMES = ["light", "dark"]
BRIEFS = [name for name in NAMES if re.search(r"/\d{6}$", name)]

# Least contrast of WCAG AA for text of usual size.
CONTRAST = 4.5
# Every element with text of its own: its colour and that of what lies behind it.
COLOURS = """
() => {
  const shown = [...document.body.querySelectorAll('*')].filter(e => {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    return own && e.getClientRects().length && getComputedStyle(e).visibility === 'visible';
  });
  const behind = e => {
    for (; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (!/, 0\\)$/.test(colour) && colour !== 'transparent') return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  return shown.map(e => ({
    text: e.textContent.trim().slice(0, 40), status: e.classList.contains('status'),
    front: getComputedStyle(e).color, back: behind(e),
  }));
}
"""
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


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("size", SIZES)
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


def channels(colour: str) -> tuple[float, ...]:
    """Red, green and blue of a computed colour, 0 to 1."""
    return tuple(int(n) / 255 for n in re.findall(r"\d+", colour)[:3])


def luminance(colour: str) -> float:
    """The relative luminance of WCAG."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_measured_as_wcag_does() -> None:
    assert contrast("rgb(0, 0, 0)", "rgb(255, 255, 255)") == pytest.approx(21)
    assert contrast("rgb(119, 119, 119)", "rgb(255, 255, 255)") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    "name", [f"demo-city/{MODEL}", f"demo-city/{LATE}", "demo-city/overview", "demo-city/index",
             "provinces/110000"],
)  # fmt: skip
def test_text_can_be_read_in_light_and_dark(visit: Open, name: str, scheme: str) -> None:
    with visit(name, "screen", scheme) as seen:
        texts: list[dict[str, Any]] = seen.page.evaluate(COLOURS)

    faint = [t for t in texts if contrast(t["front"], t["back"]) < CONTRAST]
    backs = {t["back"] for t in texts}
    assert faint == []
    assert (min(map(luminance, backs)) < 0.1) == (scheme == "dark")
    if name.startswith("demo-city/9"):
        assert sum(t["status"] for t in texts) > 10


def test_colour_is_never_the_only_sign(visit: Open) -> None:
    with visit(f"demo-city/{MODEL}", "screen") as seen:
        statuses = seen.page.locator("td.status").all_inner_texts()

    assert len(statuses) > 30
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
            "table.key .wide",
            "cells => cells.filter(c => getComputedStyle(c).display === 'none').length",
        )

    assert sheets.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", sheets)) >= 1
    assert heads
    assert set(heads) == {"table-header-group"}
    assert back == "rgb(255, 255, 255)"
    assert hidden == 0
