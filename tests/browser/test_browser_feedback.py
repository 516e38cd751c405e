"""The pages of findings and of reporting status in Chromium."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from kejistats.forms.feedback import FileReport, findings_fragment, findings_page, status_page
from tests.browser.factory import CHROMIUM_TESTS, OVERFLOWING, browser
from tests.forms.factory import finding_table, make_finding, two_district_status

__all__ = ["browser"]

pytestmark = CHROMIUM_TESTS
PAGES = ["findings", "status"]
WIDTHS = [360, 390, 1280]
Open = Callable[..., AbstractContextManager[Page]]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Both pages with long and varied texts, and a fragment in a dark notebook."""
    findings = finding_table(
        make_finding("D3"),
        make_finding("AB1048576", wrong=f"“{'9' * 150}”超出数值范围"),
        make_finding("D7", "warning", wrong="累计数低于上期", right="应为不低于上期的数" * 9),
        make_finding("D9", file=f"{'很长的文件名' * 12}.csv", sheet="", row=""),
    )
    files = [
        FileReport(name, 120, 118, part)
        for (name,), part in findings.partition_by(
            "file", as_dict=True, maintain_order=True
        ).items()
    ]
    notebook = (
        '<!DOCTYPE html><html lang="zh-CN"><head><meta charset="utf-8"><title>x</title></head>'
        f'<body style="background:#111111;color:#eeeeee">{findings_fragment(findings)}</body></html>'
    )
    html_by_name = {
        "findings": findings_page("某市数据校核", files, sample=True),
        "status": status_page("某市", two_district_status(findings), sample=True),
        "fragment": notebook,
    }
    folder = tmp_path_factory.mktemp("feedback")
    for name, html in html_by_name.items():
        (folder / f"{name}.html").write_text(html, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in html_by_name}


@pytest.fixture(scope="module")
def visit(browser: Browser, pages: dict[str, Path]) -> Open:
    """Open a page at a width and in a colour scheme."""

    @contextmanager
    def opened(name: str, width: int = 360, scheme: str = "light") -> Iterator[Page]:
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        page = context.new_page()
        page.goto(pages[name].as_uri())
        yield page
        context.close()

    return opened


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_never_scrolls_sideways(visit: Open, name: str, width: int) -> None:
    with visit(name, width) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(OVERFLOWING, "table.lines tbody > tr > *, table.units th") == []


@pytest.mark.parametrize("width", WIDTHS)
def test_every_part_of_a_finding_is_visible_at_any_width(visit: Open, width: int) -> None:
    with visit("findings", width) as page:
        seen = page.locator("table.lines tbody tr").nth(0).inner_text()

    for part in ("D3", "错误", "第1区 专利授权量", "许多", "“许多”不是数值", "请填数值"):
        assert part in seen


def test_a_phone_shows_labels_instead_of_the_hidden_headers(visit: Open) -> None:
    label = "cells => cells.map(c => getComputedStyle(c, '::before').content)"
    with visit("findings") as phone:
        narrow = phone.eval_on_selector_all("table.lines tr:first-child .right", label)
    with visit("findings", 1280) as screen:
        broad = screen.eval_on_selector_all("table.lines tr:first-child .right", label)

    assert set(narrow) == {'"改正要求："'} or set(narrow) == {"attr(data-label)"}
    assert set(broad) == {"none"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(visit: Open, name: str, scheme: str) -> None:
    with visit(name, 1280, scheme) as page:
        violations = Axe().run(page).response["violations"]

    assert [(v["id"], [n["html"][:80] for n in v["nodes"]][:3]) for v in violations] == []


def test_a_fragment_takes_the_colours_of_its_notebook(visit: Open) -> None:
    with visit("fragment", 1280) as page:
        colours = page.evaluate(
            "[...document.body.querySelectorAll('*')].filter(e => [...e.childNodes].some("
            "n => n.nodeType === 3 && n.textContent.trim()) && e.getClientRects().length)"
            ".map(e => getComputedStyle(e).color)"
        )

    assert set(colours) == {"rgb(238, 238, 238)"}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_prints_as_a_table_on_white(visit: Open, name: str) -> None:
    with visit(name, 360, "dark") as page:
        sheets = page.pdf(format="A4", prefer_css_page_size=True)
        page.emulate_media(media="print")
        headers = page.eval_on_selector_all(
            "thead", "heads => heads.map(h => getComputedStyle(h).display)"
        )
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")

    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", sheets)) >= 1
    assert set(headers) == {"table-header-group"}
    assert background == "rgb(255, 255, 255)"
